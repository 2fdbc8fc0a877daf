"""The commands of the README do what it says."""

import re
import shlex

from tests.conftest import REPOSITORY, Insure


def test_every_command_of_the_readme_runs(insure: Insure) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- executed by tests/journeys/test_readme.py -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert block is not None, "the README has lost its block of commands"
    commands = block.group(1).splitlines()
    assert len(commands) >= 8
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "insure"
        said = insure(*arguments)
        assert said.code == 0, f"`{command}` ended with {said.code}: {said.err or said.out}"


def test_the_first_two_commands_are_make_demo_and_make_test() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```console\n(.*?)```", text, re.DOTALL)
    assert first is not None
    assert first.group(1).split("\n")[:2] == ["make demo", "make test"]
    targets = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo:", targets, re.MULTILINE)
    assert re.search(r"^test:", targets, re.MULTILINE)


def test_every_link_of_the_documents_leads_somewhere() -> None:
    pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_every_test_that_the_guarantees_name_is_there() -> None:
    text = (REPOSITORY / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/*.]+?)(?:::(\w+))?`", text))
    assert len(named) > 20
    for pattern, function in sorted(named):
        found = [path for path in REPOSITORY.glob(pattern.rstrip("/")) if path.exists()]
        assert found, f"guarantees.md names {pattern}, which is not there"
        if function:
            assert f"def {function}" in found[0].read_text(encoding="utf-8"), f"{pattern} has no {function}"

"""What documents name is there: every test, every file and every decision that they point to."""

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

DOCUMENTS = sorted([*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md"])
_TEST = re.compile(r"`(tests/[\w/]+(?:\.py|\*|/)?[\w*.]*)(?:::(\w+))?")
_LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name, function in _TEST.findall(text):
        found = list(REPOSITORY.glob(name.rstrip("/")))
        assert found, f"{document.name} names {name}, which is not there"
        if function:
            wanted = function.rstrip("_").rstrip(".")
            assert any(f"def {wanted}" in path.read_text(encoding="utf-8") for path in found), (
                f"{document.name} names {name}::{function}, which is not there"
            )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_is_there(document: Path) -> None:
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"

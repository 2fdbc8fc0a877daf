"""Scenario files: what is read, and the sentence for everything that is not."""

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.simulation.crises import Replay
from insure.simulation.scenario_file import KINDS, SCENARIO_EXAMPLE, load_scenario
from insure.simulation.scenarios import Drawn, Gap, Grind, Outage, Point, Rebound, synthetic

WORDS = 'name = "mine"\ntitle = "Mine"\nassumption = "The committee\'s."\n'


def _load(folder: Path, text: str) -> object:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return load_scenario(file)


def test_the_example_is_a_rebound_of_half(tmp_path: Path) -> None:
    assert _load(tmp_path, SCENARIO_EXAMPLE) == Rebound(0.30, 5, 20, 0.5)


def _block(start: str) -> str:
    """The commented lines of the example from the line ``start`` to the next empty line, uncommented."""
    lines = SCENARIO_EXAMPLE.split("\n")
    first = next(k for k, line in enumerate(lines) if line == start)
    last = next(k for k in range(first, len(lines)) if not lines[k])
    return "\n".join(line.removeprefix("# ") for line in lines[first:last])


def test_the_commented_replay_of_the_example_lacks_only_a_choice(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="without first and last"):
        _load(tmp_path, _block("# [replay]"))
    text = _block("# [replay]").replace("inside = ", "# inside = ")
    assert _load(tmp_path, text) == Replay("1987-10", 1.5, date(1987, 10, 13), date(1987, 11, 30))


def test_the_commented_points_of_the_example_are_a_path(tmp_path: Path) -> None:
    drawn = _load(tmp_path, _block('# name = "my-crash"'))
    assert isinstance(drawn, Drawn)
    assert drawn.name == "my-crash"
    assert drawn.points == (
        Point(0.90, 1, -0.005, 2.0, 3.0, tradable=True, filled=0.33, delay=0, cash_loss=0.0),
        Point(0.80, tradable=False),
    )


def test_the_example_names_every_kind_and_every_key() -> None:
    for shape in synthetic():
        kind = type(shape).__name__
        assert isinstance(shape, Gap) or shape.name.split(" ")[0] in KINDS, kind
    for made in (Gap(), Grind(), Rebound(), Outage()):
        for field in fields(made):
            assert field.name in SCENARIO_EXAMPLE, f"{made.kind}: {field.name} is not in the example"
    for field in (*fields(Point), *fields(Replay)):
        assert field.name in SCENARIO_EXAMPLE, field.name


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_with_its_defaults(kind: str, tmp_path: Path) -> None:
    assert _load(tmp_path, f'[shape]\nkind = "{kind}"\n') in synthetic()


def test_whole_numbers_may_stand_for_fractions_where_they_are_in_bounds(tmp_path: Path) -> None:
    assert _load(tmp_path, '[shape]\nkind = "gap"\nfall = 0\n') == Gap(0.0)


@given(st.floats(-1.0, 0.99), st.integers(0, 100), st.floats(0.01, 100.0))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, fall: float, after: int, multiple: float
) -> None:
    text = f'[shape]\nkind = "gap"\nfall = {fall!r}\nsessions_after = {after}\nvol_multiple = {multiple!r}\n'
    assert _load(tmp_path_factory.getbasetemp(), text) == Gap(fall, after, multiple)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"one of \[shape\], \[replay\] and \[\[points\]\]; this one has none of them"),
        ('[shape]\nkind = "gap"\n[replay]\ncrisis = "2022"\n', "this one has shape and replay"),
        ("fall = ", "this is not TOML"),
        ("shape = 3\n", r"\[shape\] is 3; it must be a table"),
        ('colour = 1\n[shape]\nkind = "gap"\n', "the file has the key 'colour'"),
        ("[shape]\nfall = 0.2\n", r"\[shape\] kind is None; it must be one of gap, grind"),
        ('[shape]\nkind = "gop"\n', r"\[shape\] kind is 'gop'; it must be one of gap, grind"),
        ('[shape]\nkind = "gap"\nfal = 0.2\n', r"\[shape\] has the key 'fal'; it must be one of fall, sessions_after"),
        ('[shape]\nkind = "gap"\nfall = "0.2"\n', r"\[shape\] fall is '0.2': input should be a valid number"),
        ('[shape]\nkind = "gap"\nfall = true\n', r"\[shape\] fall is True: input should be a valid number"),
        ('[shape]\nkind = "gap"\nfall = nan\n', r"\[shape\] fall is nan; it must be"),
        ('[shape]\nkind = "gap"\nfall = 20\n', r"\[shape\] fall is 20.0; it must be a finite number, -1 or more and"),
        ('[shape]\nkind = "grind"\nsessions = 3.0\n', r"\[shape\] sessions is 3.0: input should be a valid integer"),
        ('[shape]\nkind = "outage"\nwhat = "power"\n', r"\[shape\] what is 'power': input should be 'data' or 'desk'"),
        ("[replay]\nstrength = 2.0\n", r"\[replay\] lacks the key 'crisis'"),
        ('[replay]\ncrisis = "1988"\n', r"\[replay\] crisis is '1988'; it must be one of 1929, 1987-10"),
        ('[replay]\ncrisis = "1987-10"\nfirst = "1987-10-13"\n', r"\[replay\] first is '1987-10-13': input should be"),
        ('[replay]\ncrisis = "1987-10"\nfirst = 1987-10-18\n', "the nearest is 1987-10-19"),
        ('[replay]\ncrisis = "2022"\ninside = 2022-09-13\n', "known from inside on: none"),
        ("[[points]]\nlevel = 0.9\n", "name is None; a file with .* must say it in words"),
        (WORDS.replace("Mine", " ") + "[[points]]\nlevel = 0.9\n", "title is ' '"),
        (WORDS + "points = []\n", r"points is \[\]; it must be one or more tables"),
        (WORDS + "points = [1]\n", r"\[\[points\]\] number 1 is 1; it must be a table"),
        (WORDS + "[[points]]\nlevel = 0.9\n[[points]]\nlevl = 0.8\n", r"number 2 has the key 'levl'"),
        (WORDS + "[[points]]\nsessions = 1\n", r"number 1 lacks the key 'level'"),
        (WORDS + "[[points]]\nlevel = -0.9\n", r"number 1 level is -0.9; it must be a finite number above zero"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=sentence) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "own.toml"))


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_scenario(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_scenario(tmp_path / "bytes.toml")

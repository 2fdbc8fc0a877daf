"""What a person sees on a terminal: no figure is broken, however narrow it is."""

import re
import sys
from collections.abc import Callable

import pytest

from schedules.cli.answer import Answer

COLUMNS = [("fund", "left"), ("session", "left"), *((f"figure {n}", "right") for n in range(6)), ("waits", "left")]
WAITS = "for a person: the guarantee of the period that ended was missed, and the horizon has passed since"
ROWS = [
    ["guarded-90", "2009-12-31", "95,766,211", "80,913,434", "\u22121,123,456.78", "99.17%", "9.07%", "1,000", WAITS],
    ["cushion-4x", "2009-12-31", "105,766,211", "90,913,434", "14,852,777", "84.44%", "19.07%", "", ""],
]
Shown = Callable[[int], str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """The table as a terminal of so many columns shows it."""

    def at(width: int) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        Answer(as_json=False).table("Desk", COLUMNS, ROWS)
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    return at


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 240])
def test_no_figure_and_no_word_is_broken(shown: Shown, width: int) -> None:
    said = shown(width)
    longest = max(len(line.rstrip()) for line in said.splitlines())
    assert longest <= width, f"a line has {longest} letters on a terminal of {width}:\n{said}"
    for row in ROWS:
        for cell in row[:-1]:
            assert cell in said, f"{cell!r} is broken at {width} columns:\n{said}"
        for word in row[-1].split():
            assert word in said.split(), f"{word!r} is broken at {width} columns:\n{said}"


def test_a_narrow_terminal_gets_a_block_a_row_and_a_wide_one_a_table(shown: Shown) -> None:
    narrow, wide = shown(60), shown(160)
    assert "  figure 0     95,766,211" in [line.rstrip() for line in narrow.splitlines()], narrow
    assert [line.split()[0] for line in wide.splitlines() if "2009-12-31" in line] == ["guarded-90", "cushion-4x"]


def test_points_hang_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Answer(as_json=False).points([WAITS])
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("- for a person")
    assert len(rest) > 1
    assert all(line.startswith("  ") and line[2] != " " for line in rest), rest

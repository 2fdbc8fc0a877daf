"""The first thing a new user does: `insure demo`, whole, as a process of its own."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Insure


def test_the_demo_lives_two_funds_through_three_years_and_leaves_pages_to_open(
    insure_process: Insure, tmp_path: Path
) -> None:
    done = insure_process("demo", "desk", "--json")
    assert done.code == 0, done.err
    made = done.json
    assert (made["first"], made["last"], made["sessions"]) == ("2007-01-03", "2009-12-31", 756)
    funds = made["funds"]
    assert isinstance(funds, list)
    assert [fund["fund_id"] for fund in funds] == ["guarded-90", "cushion-4x"]
    for fund in funds:
        assert fund["unhedged"] == pytest.approx(1e8 * 1115.10 / 1416.60, rel=1e-9), "S&P 500 closes of the two days"
        assert 0.6e8 < fund["nav"] < 1.2e8
        assert 0.6e8 < fund["twin"] < 1.2e8
    pages = made["pages"]
    assert isinstance(pages, list)
    assert len(pages) == 4
    for name in pages:
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href|url\()\s*=?\s*["\']?https?:', page), f"{name} asks for something outside"
        figures = json.loads((tmp_path / name).with_suffix(".json").read_text(encoding="utf-8"))
        assert isinstance(figures, dict)
    status = insure_process("status", "--desk", "desk", "--json")
    assert status.code in {0, 3}
    standing = status.json["funds"]
    assert isinstance(standing, list)
    assert {fund["session"] for fund in standing} == {"2009-12-31"}
    again = insure_process("demo", "desk")
    assert again.code == 2
    assert "is a desk already; nothing was changed" in again.err

"""Falls of the index on a fund that holds options: its crash tables and its gap budget say the same."""

from pathlib import Path

import pytest

from insure.book import Book
from insure.book.record import Record
from insure.compliance.measures import gap
from insure.fund import Fund
from reports import rebalance
from reports.compliance.gap import gap as gap_section
from reports.facts import after_fall
from tests.book.market import a_fund, run
from tests.reports.lives import ANCHOR, CPPI, lived
from tests.reports.made import facts_of

_FLOORS = {"static_put": 0.9, "hybrid": 0.9, "cppi": 0.85}


def _life(folder: Path, kind: str) -> tuple[Fund, list[Record]]:
    fund = a_fund("guarded", kind=kind, floor=_FLOORS[kind])
    with Book.open(folder / "insure.db") as book:
        return fund, [done.record for done in run(book, fund, 12) if done.record is not None]


@pytest.mark.parametrize("kind", _FLOORS)
@pytest.mark.parametrize("at", [0, 5, 11])
def test_crash_days_take_a_fund_below_its_floor_exactly_where_its_gap_budget_says_so(
    tmp_path: Path, kind: str, at: int
) -> None:
    fund, records = _life(tmp_path, kind)
    history = records[: at + 1]
    last = history[-1]
    assert bool(last.option_legs) == (kind != "cppi"), "the case is not the one it is called after"
    valuation, budget = last.decision.valuation, gap(last)
    assert valuation is not None
    section = gap_section(fund, facts_of(fund, history, history[0].session, last.session))
    if not section.tables:
        assert budget is None
        return
    table, falls = section.tables
    for row in table.rows:
        fall, above = (cell.value for cell in row.cells[:2])
        assert isinstance(fall, float)
        assert isinstance(above, float)
        assert above == pytest.approx(after_fall(last, fall) - valuation.floor), row.label
        reached = budget is not None and -fall > budget
        assert (row.judgement == "alert") == reached, f"{row.label}: {above} above the floor, gap budget {budget}"
        assert (above < -1e-8 * float(last.nav)) == reached, f"{row.label}: {above} with a gap budget of {budget}"
    said = falls.rows[0].cells[0].value
    assert budget is None or said == pytest.approx(budget, rel=1e-12), f"{said} at once, a gap budget of {budget}"
    crashes = rebalance.build(fund, last, history, ANCHOR).crashes
    for crash, row in zip(crashes, table.rows, strict=True):
        assert crash.above_floor.value == row.cells[1].value, "the rebalance page counts otherwise"
        assert crash.survives == (row.judgement == "kept")


def test_a_fund_of_bought_puts_stands_on_its_floor_in_every_crash(tmp_path: Path) -> None:
    fund, records = _life(tmp_path, "static_put")
    section = gap_section(fund, facts_of(fund, records, records[0].session, records[-1].session))
    assert section.tables == () or {row.judgement for row in section.tables[0].rows} == {"kept"}
    valuation = records[-1].decision.valuation
    assert valuation is not None
    assert after_fall(records[-1], -0.2047) >= valuation.floor - 1e-8 * float(records[-1].nav)


def test_without_options_a_fall_takes_the_stock_alone() -> None:
    _, records = lived(CPPI)
    record = records[20]
    expected = float(record.nav) - 0.2 * float(record.equity)
    assert after_fall(record, -0.2) == pytest.approx(expected, rel=1e-15)

"""What a compliance report says is held: position by position, to the cent, and what the ledger's entries add up to."""

import csv
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book.record import Record
from insure.compliance import positions
from insure.decision import OptionHeld, option_account
from insure.money import money
from reports import compliance
from reports.evidence import Evidence
from reports.html import render
from reports.sections import Section
from schedules.desk import make_desk
from tests.conftest import Insure
from tests.controls.desks import SESSIONS, rows_of
from tests.journeys.test_settled_report import filled, live_desk, order_of
from tests.reports.lives import ANCHOR, CPPI, PUT, lived
from tests.reports.made import facts_of

ZERO, CENT = Decimal(0), Decimal("0.01")


def _section(strategy: str, first: int, last: int) -> Section:
    fund, records = lived(strategy)
    found = facts_of(fund, records, records[first].session, records[last].session)
    report = compliance.build(fund, found, records[: last + 1], ANCHOR, Evidence())
    return next(each for each in report.sections if each.key == "holdings")


def _values(section: Section) -> dict[str, list[object]]:
    return {row.label: [cell.value for cell in row.cells] for row in section.tables[0].rows}


def test_a_period_ends_as_the_next_one_starts() -> None:
    fund, _ = lived(CPPI)
    first, second = _values(_section(CPPI, 0, 30)), _values(_section(CPPI, 31, 60))
    for name in (fund.instrument, "Cash", "Net asset value"):
        assert first[name][3:6] == second[name][:3], f"{name} changed between two periods"


def test_both_sides_add_up_and_the_first_period_starts_with_nothing() -> None:
    fund, records = lived(PUT)
    rows = _values(_section(PUT, 0, 50))
    total = rows.pop("Net asset value")
    for column in (2, 5, 6):
        assert sum(Decimal(str(row[column])) for row in rows.values()) == total[column], (
            f"column {column} leaves a rest"
        )
    assert [row[2] for row in rows.values()] == [ZERO, ZERO]
    assert total[5] == records[50].nav
    assert rows[fund.instrument][3] == records[50].after.units
    assert rows["Cash"][5] == records[50].after.cash


def _with_options(record: Record) -> Record:
    expiry = record.session + dt.timedelta(days=200)
    held = tuple(
        OptionHeld("put", Decimal(strike), expiry, Decimal(units))
        for strike, units in (("1019.39", "3.333333"), ("1100", "-7.5"), ("905.000001", "1234.567"))
    )
    return replace(record, after=replace(record.after, options=held), option_years=(0.55, 0.55, 0.55))


def test_options_add_up_to_the_cent_of_them_all() -> None:
    """Three marks, each rounded by itself, may miss the sum by a cent; the positions of a record never do."""
    _, records = lived(PUT)
    missed = 0
    for record in map(_with_options, records[:60]):
        found = positions(record, "index unit")
        assert sum(each.value for each in found) == record.nav, f"{record.session}: positions leave a rest"
        marks = [each for each in found if each.kind == "option"]
        alone = [money(each.units * each.price) for each in marks if each.units is not None and each.price is not None]
        assert len(alone) == 3
        assert all(abs(each.value - one) <= CENT for each, one in zip(marks, alone, strict=True))
        missed += sum(alone) != record.options_money
    assert missed, "rounding never mattered: this test proves nothing"


def test_an_option_that_is_gone_at_the_end_is_told() -> None:
    fund, records = lived(PUT)
    then = _with_options(records[20])
    found = replace(facts_of(fund, records, records[21].session, records[40].session), opening=then)
    report = compliance.build(fund, found, records[:41], ANCHOR, Evidence())
    section = next(each for each in report.sections if each.key == "holdings")
    rows = _values(section)
    gone = rows[then.after.options[0].instrument]
    assert gone[3:6] == [ZERO, "", ZERO]
    assert gone[6] == -Decimal(str(gone[2]))
    assert sum(Decimal(str(row[2])) for name, row in rows.items() if name != "Net asset value") == then.nav
    assert "put 1019.39" in render(report)


def _stock_desk(insure: Insure, folder: Path) -> tuple[str, str]:
    make_desk(folder, "Desk", ("cppi",))
    fund = next((folder / "funds").glob("*.toml")).stem
    for _ in range(3):
        assert insure("rebalance", fund, "--json").code == 0
    return fund, "index"


def _option_desk(insure: Insure, folder: Path) -> tuple[str, str]:
    make_desk(folder, "Desk", ("hybrid",))
    for _ in range(3):
        assert insure("rebalance", "hybrid-90", "--json").code == 0
    return "hybrid-90", "option"


def _exported(insure: Insure, fund: str, what: str, last: str) -> list[dict[str, str]]:
    said = insure("export", fund, "--what", what, "--to", last, "--json")
    assert said.code == 0, said.err
    return list(csv.DictReader(Path(str(said.json["file"])).read_text(encoding="utf-8").splitlines()))


def _balances(entries: Sequence[Mapping[str, str]]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Money and units of each account of the ledger."""
    cash: dict[str, Decimal] = defaultdict(Decimal)
    units: dict[str, Decimal] = defaultdict(Decimal)
    for each in entries:
        cash[each["account"]] += Decimal(each["money"])
        units[each["account"]] += Decimal(each["units"])
    return cash, units


def _told(path: object) -> tuple[dict[str, list[object]], Decimal]:
    """Cells of the holdings table by position, and the net asset value that the section tells beside it."""
    figures = json.loads(Path(str(path)).read_text(encoding="utf-8"))
    [section] = [each for each in figures["sections"] if each["key"] == "holdings"]
    rows = {
        str(row["label"]): [cell["value"] for cell in rows_of(row, "cells")] for row in section["tables"][0]["rows"]
    }
    nav = Decimal(section["figures"]["nav_end"]["value"])
    assert figures["glance"]["nav"]["value"] == pytest.approx(float(nav), abs=0.005)
    return rows, nav


def _agrees(rows: dict[str, list[object]], nav: Decimal, entries: Sequence[Mapping[str, str]]) -> None:
    cash, units = _balances(entries)
    total = rows.pop("Net asset value")
    assert Decimal(str(rows["Cash"][5])) == cash["cash"], "the report's cash is not that of the ledger"
    held = {name: Decimal(str(row[3])) for name, row in rows.items() if name != "Cash"}
    index, *options = held
    assert held[index] == units["equity"] > 0, "the report's units are not those of the ledger"
    kept = {account: number for account, number in units.items() if account.startswith("option:") and number}
    assert {option_account(name): held[name] for name in options} == kept, "the report's options are not the ledger's"
    assert sum(Decimal(str(row[5])) for row in rows.values()) == Decimal(str(total[5])) == nav


@pytest.mark.parametrize("make", [_stock_desk, _option_desk])
def test_holdings_are_what_the_ledger_adds_up_to(
    insure: Insure, tmp_path: Path, make: Callable[[Insure, Path], tuple[str, str]]
) -> None:
    fund, kind = make(insure, tmp_path)
    said = insure("report", "compliance", fund, "--json")
    assert said.code in {0, 3}, said.err
    rows, nav = _told(said.json["figures"])
    entries, decided = (_exported(insure, fund, what, "2007-12-31") for what in ("entries", "decisions"))
    assert any("put" in name for name in rows) == (kind == "option")
    assert nav.quantize(CENT) == Decimal(decided[-1]["nav"]).quantize(CENT)
    _agrees(rows, nav, entries)


def test_holdings_of_a_broker_outside_are_those_that_were_filled(tmp_path: Path, insure: Insure) -> None:
    desk = live_desk(tmp_path, insure)
    desk.slot(0)
    order = order_of(desk)
    desk.evening(0)
    day = ("report", "compliance", "tested", "--date", str(SESSIONS[0]))
    rows, _ = _told(desk.json(*day)["figures"])
    assert Decimal(str(rows["index unit"][3])) == 0, "nothing was filled yet"
    filled(desk, order, "same-day")
    rows, nav = _told(desk.json(*day)["figures"])
    assert Decimal(str(rows["index unit"][3])) == Decimal(order["units"])
    assert nav.quantize(CENT) == Decimal("999997.50"), "a million, less the commission of the fill"
    export = desk.json("export", "tested", "--what", "entries", "--to", str(SESSIONS[0]))
    entries = list(csv.DictReader(Path(str(export["file"])).read_text(encoding="utf-8").splitlines()))
    _agrees(rows, nav, entries)

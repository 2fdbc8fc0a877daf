"""A fund whose broker is outside: its reports stand on what was filled, not on what was held when it was decided."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk, rows_of

HEADER = "order_key,reference,units,price,commission,at"


def live_desk(folder: Path, insure: Insure) -> Desk:
    """A live fund that hands its orders out as files, reconciled and promoted."""
    desk = Desk(folder, insure, stage="live", broker="blotter", controls="reconciliation_sessions = 400")
    with desk.book() as book:
        book.state("promotion", "tested", desk.now, {"phase": "live-100", "sentence": "to live-100"})
    desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    return desk


def order_of(desk: Desk) -> dict[str, str]:
    """The one order that was handed out last."""
    *_, path = sorted((desk.folder / "out").glob("*/tested_*.csv"))
    [order] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return order


def filled(desk: Desk, order: dict[str, str], reference: str) -> None:
    """The whole of an order, at the price that it was decided on."""
    units, price = abs(Decimal(order["units"])), order["decided_price"]
    line = f"{order['order_key']},{reference},{units},{price},2.50,{order['good_until_utc']}"
    desk.json("fills", "import", desk.file(f"{reference}.csv", HEADER, line))


def sections(desk: Desk, *asked: str) -> dict[str, dict[str, object]]:
    """The sections of a compliance report by key, with the glance among them."""
    said = desk.json("report", "compliance", "tested", *asked)
    figures = json.loads((desk.folder / str(said["figures"])).read_text(encoding="utf-8"))
    return {"glance": {"figures": figures["glance"]}, **{each["key"]: each for each in figures["sections"]}}


def figure(section: dict[str, object], key: str) -> object:
    """A value out of a section."""
    figures = section["figures"]
    assert isinstance(figures, dict)
    value: object = figures[key]["value"]
    return value


def rows(section: dict[str, object]) -> list[dict[str, object]]:
    """The rows of a section's first table."""
    tables = section["tables"]
    assert isinstance(tables, list)
    return rows_of(tables[0], "rows")


def cell(row: dict[str, object], column: str) -> object:
    """A value out of a row."""
    [value] = [each["value"] for each in rows_of(row, "cells") if each["label"] == column]
    return value


def test_what_was_filled_after_the_decision_is_held_in_the_report_of_the_day(tmp_path: Path, insure: Insure) -> None:
    desk = live_desk(tmp_path, insure)
    desk.slot(0)
    order = order_of(desk)
    desk.evening(0)
    day = ("--date", str(SESSIONS[0]))
    before = sections(desk, *day)
    assert figure(before["exposure"], "executed") == 0.0
    assert before["exposure"]["judgement"] == "alert", "an order that nobody filled is nothing to be read"
    filled(desk, order, "same-day")
    after = sections(desk, *day)
    bought = Decimal(order["units"]) * Decimal(order["decided_price"])
    share = float(bought / (1_000_000 - Decimal("2.50")))
    assert figure(after["exposure"], "executed") == pytest.approx(share, rel=1e-7), "the fill is not held"
    assert figure(after["exposure"], "backlog") == 0.0
    assert after["exposure"]["judgement"] == "kept"
    assert figure(after["glance"], "weight") == pytest.approx(share, rel=1e-7)
    assert figure(after["glance"], "nav") == pytest.approx(999_997.50, abs=0.005)
    assert isinstance(figure(after["gap"], "lowest"), float), "a fund full of stock has no gap budget"
    [change] = [row for row in rows(after["limits"]) if row["label"] == "Largest change in a slot"]
    assert cell(change, "Furthest") == pytest.approx(float(bought) / 1e6, rel=1e-7)

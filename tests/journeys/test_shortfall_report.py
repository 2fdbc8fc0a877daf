"""Orders handed out as files and filled over a period's end: each report counts what became known in its period."""

import csv
import json
from decimal import Decimal
from pathlib import Path

from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk

HEADER = "order_key,reference,units,price,commission,at"


def _section(desk: Desk, *asked: str) -> tuple[dict[str, dict[str, object]], str, bool]:
    """Cells of the table of causes by row and column, the sentence, and whether the report was new."""
    said = desk.json("report", "compliance", "tested", *asked)
    figures = json.loads((desk.folder / str(said["figures"])).read_text(encoding="utf-8"))
    [section] = [each for each in figures["sections"] if each["key"] == "executions"]
    table = section["tables"][0]
    rows = {row["label"]: {cell["label"]: cell["value"] for cell in row["cells"]} for row in table["rows"]}
    return rows, section["sentence"], bool(said["new"])


def _money(rows: dict[str, dict[str, object]], column: str) -> list[Decimal]:
    """Price, fees, opportunity and all of them; what was not computed counts as nothing."""
    cells = [row[column] for row in rows.values()]
    return [Decimal(cell) if isinstance(cell, str) else Decimal(0) for cell in cells]


def _filled(desk: Desk, order: dict[str, str], reference: str, units: int, price: str, *accepted: str) -> None:
    line = f"{order['order_key']},{reference},{units},{price},2.50,{desk.now:%Y-%m-%dT%H:%M:%SZ}"
    desk.json("fills", "import", desk.file(f"{reference}.csv", HEADER, line), *accepted)


def test_an_order_filled_over_two_days_is_counted_once_in_each_and_adds_up(tmp_path: Path, insure: Insure) -> None:
    """Decided at 1000; 100 units at 1000.30 the same day, 50 at 1000.40 the next morning, then 1004: nothing more."""
    desk = Desk(tmp_path, insure, stage="live", broker="blotter", controls="reconciliation_sessions = 400")
    with desk.book() as book:
        book.state("promotion", "tested", desk.now, {"phase": "live-100", "sentence": "to live-100"})
    desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    desk.slot(0)
    [path] = (desk.folder / "out").glob("*/tested_*.csv")
    [order] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    decided = Decimal(order["units"])
    assert (order["side"], Decimal(order["decided_price"]), decided > 200) == ("buy", Decimal(1000), True)
    _filled(desk, order, "same-day", 100, "1000.30")
    desk.evening(0)
    day = ("--date", str(SESSIONS[0]))
    first, sentence, _ = _section(desk, *day)
    assert _money(first, "All orders") == [30, Decimal("2.5"), 0, Decimal("32.5")]
    assert first["Opportunity"]["All orders"] == {"not_computed": "no later decision in the period"}
    assert "Shortfall so far 32.50 USD" in sentence
    desk.now = desk.now.replace(day=SESSIONS[1].day, hour=15)
    late = ("--accept-breach", "--by", "Ada", "--reason", "the desk worked it on after its time limit")
    _filled(desk, order, "next-day", 50, "1000.40", *late)
    desk.json("fills", "close", order["order_key"], "--by", "Ada", "--reason", "nobody sold")
    desk.slot(1)
    desk.evening(1)
    second, _, _ = _section(desk, "--date", str(SESSIONS[1]))
    missed = (decided - 150) * 4
    assert _money(second, "Decided before") == [20, Decimal("2.5"), missed, Decimal("22.5") + missed]
    whole, _, _ = _section(desk, "--from", str(SESSIONS[0]), "--to", str(SESSIONS[1]))
    assert "Decided before" not in whole["Price"]
    parts = [_money(first, "All orders"), _money(second, "Decided before"), _money(second, "All orders")]
    assert [sum(each) for each in zip(*parts, strict=True)] == _money(whole, "All orders")
    again, _, new = _section(desk, *day)
    assert (again, new) == (first, False), "the report of the first day changed when its order was filled"

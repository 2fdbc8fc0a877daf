"""Child orders through the real command line: handed out slice by slice, filled by file, what is left is shown."""

import csv
import datetime as dt
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk

MINUTE = dt.timedelta(minutes=1)


def _sliced(desk: Desk, **execution: str) -> None:
    """Three slices of five minutes from 15 minutes before the close."""
    more = "".join(f"\n{name} = {value}" for name, value in execution.items())
    text = (desk.folder / "funds" / "tested.toml").read_text(encoding="utf-8")
    lines = 'broker = "blotter"\nschedule = "twap"\nslices = 3\ntime_limit_minutes = 15\nvenues = [{ name = "A" }]'
    path = desk.folder / "funds" / "tested.toml"
    path.write_text(text.replace('broker = "paper"', f"{lines}{more}"), encoding="utf-8")


def _promoted(desk: Desk) -> None:
    """As if live had been earned, and positions reconciled once."""
    with desk.book() as book:
        book.state("promotion", "tested", desk.now, {"phase": "live-100", "sentence": "to live-100"})


def _files(desk: Desk) -> list[Path]:
    """What a trading desk was handed; a replay rehearses in a folder of its own."""
    return sorted((desk.folder / "out").glob("*/tested_*.csv"))


def _pass(desk: Desk, minutes: float) -> dict[str, object]:
    """A pass so many minutes before the close of the first session."""
    desk.now = dt.datetime(2026, 11, 2, 21, tzinfo=dt.UTC) - minutes * MINUTE
    return desk.run("run-once", "--json").json


def test_a_live_fund_hands_out_its_slices_and_shows_what_is_left(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure, stage="live", controls="reconciliation_sessions = 400")
    _sliced(desk)
    _promoted(desk)
    desk.now = dt.datetime(2026, 11, 2, 15, tzinfo=dt.UTC)
    desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    slot = _pass(desk, 15)["slots"]
    assert isinstance(slot, list)
    orders, deficit = slot[0]["orders"], slot[0]["deficit"]
    assert [order["key"] for order in orders] == [f"tested:2026-11-02:close-15min:1.{n}" for n in (1, 2, 3)]
    assert [order["not_before"][11:16] for order in orders] == ["20:45", "20:50", "20:55"]
    assert {order["venue"] for order in orders} == {"A"}
    assert (deficit["kind"], deficit["units"] < 0) == ("purchase", True)
    for minutes, handed_out in ((14.5, 1), (10, 2), (6, 2), (5, 3)):
        _pass(desk, minutes)
        assert len(_files(desk)) == handed_out, f"{minutes} minutes before the close"
    (row,) = csv.DictReader(_files(desk)[0].read_text(encoding="utf-8").splitlines())
    line = f"{row['order_key']},d1,{row['units']},{row['decided_price']},1.00,2026-11-02T20:46:00Z"
    desk.json("fills", "import", desk.file("fills.csv", "order_key,reference,units,price,commission,at", line))
    desk.now = dt.datetime(2026, 11, 2, 22, tzinfo=dt.UTC)
    for path in _files(desk)[1:]:
        (row,) = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        desk.json("fills", "close", row["order_key"], "--by", "Ada", "--reason", "nobody sold")
    alerts = desk.run("run-once", "--json").json["alerts"]
    assert isinstance(alerts, list)
    assert [alert["kind"] for alert in alerts if "outstanding" in alert["kind"]] == ["purchase outstanding"]
    funds = desk.run("status", "--json").json["funds"]
    assert isinstance(funds, list)
    assert funds[0]["deficit"]["kind"] == "purchase"
    assert "Purchase outstanding:" in desk.run("status").out
    assert desk.json("verify")["sound"] is True


def test_the_report_of_a_slot_says_what_was_not_executed_in_it(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure, stage="replay")
    _sliced(desk, widest_spread_bps="20")
    said = desk.json("rebalance", "tested")
    assert said["deficit"] is not None
    assert _files(desk) == [], "the feed tells no bid and ask: buying is paused"
    with desk.book() as book:
        (pause,) = book.statements(("pause",))
    assert "The feed tells no bid and ask" in pause.sentence
    page = Path(str(desk.json("report", "rebalance", "tested")["page"])).read_text(encoding="utf-8")
    assert "Not executed yet" in page
    assert "Purchase outstanding:" in page
    assert "2026-11-02 20:50:00 UTC" in page, "when each child may be sent"
    again = desk.run("rebalance", "tested", "--json")
    assert again.json["outcome"] == "OK", "children that were never sent hold nobody"
    assert str(SESSIONS[1]) == again.json["session"]
    later = desk.json("report", "rebalance", "tested", "--date", str(SESSIONS[0]))
    assert later["version"] == 2, "the next slot withdrew the orders: the page says so"
    assert "has decided anew" in Path(str(later["page"])).read_text(encoding="utf-8")
    assert desk.json("verify")["sound"] is True


def test_the_report_of_a_slot_shows_what_was_done_after_it(tmp_path: Path, insure: Insure) -> None:
    """A broker outside fills when the slot is over: the page ends with the last row on the orders."""
    desk = Desk(tmp_path, insure, stage="live", controls="reconciliation_sessions = 400")
    _sliced(desk)
    _promoted(desk)
    desk.now = dt.datetime(2026, 11, 2, 15, tzinfo=dt.UTC)
    desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    for minutes in (15, 10, 5):
        _pass(desk, minutes)
    first = _report(desk)
    told = json.loads(Path(str(first["figures"])).read_text(encoding="utf-8"))
    assert (first["version"], told["verdict"]["word"]) == (1, "OK, orders under way")
    assert [row["kind"] for row in told["events"]][-1] == "not executed yet"
    shutil.copy(desk.folder / "insure.db", desk.folder / "then.db")

    rows = [next(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) for path in _files(desk)]
    header = "order_key,reference,units,price,commission,at"
    lines = [
        f"{row['order_key']},d{number},{row['units']},{row['decided_price']},1.00,2026-11-02T20:5{number}:00Z"
        for number, row in enumerate(rows)
    ]
    desk.now = dt.datetime(2026, 11, 2, 21, 30, tzinfo=dt.UTC)
    desk.json("fills", "import", desk.file("fills.csv", header, *lines[:2]))
    desk.json("fills", "close", rows[2]["order_key"], "--by", "Ada", "--reason", "the desk could not")
    second = _report(desk)
    told = json.loads(Path(str(second["figures"])).read_text(encoding="utf-8"))
    assert (second["version"], told["verdict"]["word"]) == (2, "OK, not executed in full")
    units = sum(Decimal(row["units"]) for row in rows[:2])
    with desk.book() as book:
        held, last = book.standing("tested").holdings, book.head()[0]
    assert [row["reference"] for row in told["fills"]] == ["d0", "d1"]
    assert Decimal(told["ladder"][-1]["units"]["value"]) == pytest.approx(float(units), abs=1e-6)
    assert held.units == units
    assert "Bought" in told["ladder"][-1]["reason"]
    assert told["lives"][-1]["detail"] == "closed by Ada: the desk could not"
    assert told["events"][-1]["kind"] == "not executed"
    assert f"{Decimal(rows[2]['units']).normalize():,.6g} units" in told["events"][-1]["sentence"]
    assert told["head"]["anchor"]["sequence"] == last
    assert [row["state"] for row in told["orders"]] == ["filled", "filled", "cancelled"]

    desk.json("drill", "kill", "tested", "--by", "Ada")
    assert _report(desk)["new"] is False, "what came later is of something else"
    book_now = (desk.folder / "insure.db").rename(desk.folder / "now.db")
    (desk.folder / "then.db").rename(desk.folder / "insure.db")
    kept = Path(str(first["page"])).read_bytes()
    (desk.folder / "out").rename(desk.folder / "out-before")
    assert Path(str(_report(desk)["page"])).read_bytes() == kept, "the rows up to its anchor make the first again"
    book_now.replace(desk.folder / "insure.db")
    assert desk.json("verify")["sound"] is True


def _report(desk: Desk) -> dict[str, object]:
    """What the command says of the report on the first session."""
    return desk.json("report", "rebalance", "tested", "--date", str(SESSIONS[0]))

"""`insure reconcile` as a person types it, on real files."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book.tables import order_events, orders
from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk, rows_of

DAY = SESSIONS[2]


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    """A fund that has run three sessions on paper, in the evening of the third."""
    made = Desk(tmp_path, insure)
    for number in range(3):
        made.slot(number)
    assert made.outcomes() == ["OK"] * 3
    made.evening(2)
    return made


def _rows(desk: Desk) -> int:
    with desk.book() as book:
        return book.head()[0]


def test_a_report_that_agrees_is_clean(desk: Desk) -> None:
    units, cash = desk.holdings()
    files = ("--positions", desk.positions(units, 2), "--cash", desk.cash(cash, 2))
    said = desk.json("reconcile", "tested", *files)
    assert (said["clean"], said["complete"], said["new"], said["breaks"]) == (True, True, True, [])
    assert {line["kind"] for line in rows_of(said, "lines")} == {"units", "cash", "orders"}
    assert {line["verdict"] for line in rows_of(said, "lines")} == {"agrees"}
    rows = _rows(desk)
    again = desk.json("reconcile", "tested", *files)
    assert (again["new"], again["clean"], _rows(desk)) == (False, True, rows), "the same file changes nothing"
    printed = desk.run("reconcile", "tested", *files).out
    assert "(known already)" in printed
    assert "Clean." in printed
    assert desk.json("verify")["sound"] is True


def test_a_break_is_found_given_away_explained_and_cured(desk: Desk) -> None:
    units, cash = desk.holdings()
    short = desk.positions(str(Decimal(units) - 10), 2)
    said = desk.json("reconcile", "tested", "--positions", short, "--cash", desk.cash(cash, 2), code=3)
    (one,) = rows_of(said, "breaks")
    assert (one["kind"], one["difference"], one["owner"], one["sessions"]) == ("units", "-10.000000", "", 0)
    number = str(one["id"])
    status = desk.json("status")
    assert [alert["kind"] for alert in rows_of(status, "alerts")].count("reconciliation break") == 1
    assert rows_of(status, "funds")[0]["waits"] == "reconciliation breaks open: 1, belonging to nobody: 1"
    assert desk.json("reconcile", "tested", "--break", number, "--owner", "Ada")["owner"] == "Ada"
    why = "The custodian books the loan tomorrow."
    desk.json("reconcile", "tested", "--break", number, "--explain", why, "--by", "Ben")
    assert [alert["kind"] for alert in rows_of(desk.json("status"), "alerts")] == []

    desk.slot(3)
    desk.evening(3)
    units, _ = desk.holdings()
    same = desk.json("reconcile", "tested", "--positions", desk.positions(str(Decimal(units) - 10), 3))
    (one,) = rows_of(same, "breaks")
    assert (str(one["id"]), one["sessions"], one["explained_by"]) == (number, 1, "Ben"), "it ages, and stays explained"
    table = desk.run("reconcile", "tested", "--positions", desk.positions(str(Decimal(units) - 11), 3))
    assert table.code == 3, "an explanation covers the difference that it was given for"
    assert "Ada" in table.out
    cured = desk.json("reconcile", "tested", "--positions", desk.positions(units, 3))
    assert (cured["clean"], cured["breaks"]) == (True, [])
    with desk.book() as book:
        events = [one.content["event"] for one in book.statements(("break",), "tested")]
    assert events == ["opened", "owned", "explained", "changed", "cured"]
    assert desk.json("verify")["sound"] is True


def test_what_is_not_reported_is_not_flat(desk: Desk) -> None:
    nothing = desk.file("positions.csv", "fund,instrument,units,as_of", f"tested,gold,0,{DAY}")
    said = desk.json("reconcile", "tested", "--positions", nothing, code=3)
    assert (said["complete"], said["breaks"]) == (False, []), "silence is no break, and no proof"
    line = next(line for line in rows_of(said, "lines") if line["subject"] == "index unit")
    assert (line["verdict"], line["reported"]) == ("not reported", None)


def test_an_order_of_the_broker_that_nobody_decided_is_a_break(desk: Desk) -> None:
    orders = desk.file(
        "orders.csv",
        "fund,order_key,units,filled,as_of",
        f"tested,tested:{DAY}:close-15min:9,500,500,{DAY}",
    )
    positions = desk.positions(desk.holdings()[0], 2)
    said = desk.json("reconcile", "tested", "--positions", positions, "--orders", orders, code=3)
    (one,) = rows_of(said, "breaks")
    assert one["kind"] == "orders"
    assert "the book has no such order" in str(one["sentence"])


def test_an_order_that_went_out_undecided_is_a_break_whatever_a_file_says(desk: Desk) -> None:
    key = f"tested:{DAY}:close-15min:7"
    with desk.book() as book, book.engine.begin() as connection:
        (known,) = connection.execute(orders.select().where(orders.c.key == f"tested:{DAY}:close-15min:1"))
        connection.execute(orders.insert().values({**known._mapping, "key": key, "state": "acked"}))
        connection.execute(
            order_events.insert().values(order_key=key, at=desk.now, state="sending", detail="to somebody")
        )
    said = desk.json("reconcile", "tested", "--positions", desk.positions(desk.holdings()[0], 2), code=3)
    (one,) = rows_of(said, "breaks")
    assert (one["kind"], one["subject"]) == ("orders", key)
    assert "units were sent and +0" in str(one["sentence"]), "the decision on the chain knows no such order"


MEANINGLESS: list[tuple[tuple[str, ...], str]] = [
    ((), "Give --positions, --cash or --orders FILE"),
    (("--cash", "nowhere.csv"), "nowhere.csv cannot be read"),
    (("--positions", "p.csv", "--break", "1"), "Give --positions, --cash or --orders FILE"),
    (("--positions", "p.csv", "--by", "Ada"), "belong to --break ID"),
    (("--break", "1"), "--owner NAME, or --explain TEXT --by NAME"),
    (("--break", "1", "--explain", "because"), "--owner NAME, or --explain TEXT --by NAME"),
    (("--break", "1", "--owner", "Ada", "--explain", "because", "--by", "Ben"), "--owner NAME, or --explain"),
    (("--break", "77", "--owner", "Ada"), "--break is 77; breaks that are open: none"),
    (("--positions", "nowhere.csv"), "nowhere.csv cannot be read"),
]


def test_a_command_that_cannot_be_meant_is_refused(desk: Desk) -> None:
    rows = _rows(desk)
    for arguments, sentence in MEANINGLESS:
        said = desk.run("reconcile", "tested", *arguments)
        assert (said.code, _rows(desk)) == (2, rows), f"insure reconcile tested {' '.join(arguments)} was taken"
        assert sentence in said.err


def test_a_hostile_file_changes_nothing(desk: Desk) -> None:
    rows = _rows(desk)
    head = "fund,instrument,units,as_of"
    hostile = {
        "nan.csv": f"tested,index unit,NaN,{DAY}",
        "formula.csv": f'tested,"=HYPERLINK(""http://x"")",1,{DAY}',
        "stranger.csv": f"somebody-else,index unit,1,{DAY}",
        "twice.csv": f"tested,index unit,1,{DAY}\ntested,index unit,1,{DAY}",
        "tomorrow.csv": f"tested,index unit,1,{SESSIONS[4]}",
        "naive.csv": f"tested,index unit,1,{DAY}T20:00:00",
    }
    for name, line in hostile.items():
        said = desk.run("reconcile", "tested", "--positions", desk.file(name, head, line), "--json")
        assert said.code == 2, f"{name} must be refused: {said.out}{said.err}"
        assert f"{name} line " in json.loads(said.out)["error"]
    with (desk.folder / "large.csv").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert "has more than 16,777,216 bytes" in desk.run("reconcile", "tested", "--positions", "large.csv").err
    assert _rows(desk) == rows


def test_an_older_report_is_refused(desk: Desk) -> None:
    units, _ = desk.holdings()
    desk.json("reconcile", "tested", "--positions", desk.positions(units, 2))
    said = desk.run("reconcile", "tested", "--positions", desk.positions(units, 1))
    assert said.code == 2
    assert "already. Nothing was recorded." in said.err


def test_a_broker_agrees_and_the_custodians_break_stands_until_the_custodian_agrees(desk: Desk) -> None:
    units, _ = desk.holdings()
    short = desk.positions(str(Decimal(units) - 10), 2)
    desk.json("reconcile", "tested", "--positions", short, code=3)
    whole = desk.positions(units, 2)
    desk.json("reconcile", "tested", "--positions", whole, "--from", "broker", code=3)
    short = desk.positions(str(Decimal(units) - 10), 2)
    again = desk.json("reconcile", "tested", "--positions", short, code=3)
    assert again["clean"] is False, "what the custodian still reports is not clean"
    (one,) = rows_of(again, "breaks")
    assert one["source"] == "custodian"
    assert desk.json("reconcile", "tested", "--positions", desk.positions(units, 2))["clean"] is True


def test_a_bank_reports_cash_alone_and_that_is_no_reconciliation_of_positions(desk: Desk) -> None:
    _, cash = desk.holdings()
    said = desk.json("reconcile", "tested", "--cash", desk.cash(cash, 2), "--from", "bank")
    assert (said["clean"], said["complete"], said["source"]) == (True, False, "bank")
    assert {line["kind"] for line in rows_of(said, "lines")} <= {"cash", "orders"}

"""What the gate looks at, out of a real book: the session's orders as they were executed, and what stands approved."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from insure.book import Record, chain
from insure.book.tables import audit, orders
from insure.decision import Check, Circumstances
from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk

TWICE = """schedule = "at_once"
widest_spread_bps = 100.0
[lots]
lot_units = 1
"""


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    """A fund with two slots a session that buys in no market wider than 100 bps."""
    made = Desk(tmp_path, insure)
    file = made.folder / "funds" / "tested.toml"
    text = file.read_text().replace('slot = "close-15min"', 'slot = "open+60min close-60min"')
    file.write_text(
        text.replace("deadline_minutes = 15", "deadline_minutes = 30").replace("[controls]", f"{TWICE}[controls]")
    )
    return made


def quoted(desk: Desk, bid: float, ask: float, close: float = 1000.0) -> None:
    desk.file("prices.csv", "date,close,bid,ask", *(f"{day},{close},{bid},{ask}" for day in SESSIONS))


def decided(desk: Desk, hour: int) -> Record:
    """The first session's slot of that hour, a minute after."""
    desk.now = dt.datetime.combine(SESSIONS[0], dt.time(hour, 31 if hour < 18 else 1), dt.UTC)
    desk.run("run-once")
    with desk.book() as book:
        last = book.standing("tested").last
    assert last is not None
    assert last.written == desk.now, f"no slot was decided at {desk.now}"
    return last


def check(record: Record, name: str) -> Check:
    (found,) = [each for each in record.decision.checks if each.name == name]
    return found


def circumstances(record: Record) -> Circumstances:
    assert record.decision.circumstances is not None
    return record.decision.circumstances


def test_a_purchase_that_was_paused_in_the_morning_does_not_stand_in_the_way_of_the_afternoons(desk: Desk) -> None:
    quoted(desk, 980, 1020)
    morning = decided(desk, 15)
    assert morning.paused, "the market was wide, and buying was not paused"
    quoted(desk, 999.9, 1000.1)
    afternoon = decided(desk, 20)
    (before,) = circumstances(afternoon).earlier
    assert before.units == before.value == Decimal(0), "an order of which nothing was executed counts as traded"
    assert afternoon.decision.outcome == "OK", afternoon.decision.reason
    assert afternoon.after.units > 0


def test_what_was_executed_in_the_morning_counts_in_the_afternoon(desk: Desk) -> None:
    quoted(desk, 999.9, 1000.1)
    morning = decided(desk, 15)
    assert morning.decision.trade is not None
    quoted(desk, 959.9, 960.1, 960.0)
    afternoon = decided(desk, 20)
    trade, (before,) = afternoon.decision.trade, circumstances(afternoon).earlier
    assert trade is not None, afternoon.decision.reason
    assert (before.instrument, before.units) == ("index unit", morning.after.units)
    assert before.value == morning.decision.trade.value
    assert afternoon.decision.valuation is not None
    both = float(before.value + trade.value) / afternoon.decision.valuation.nav
    assert check(afternoon, "turnover of the day").value == pytest.approx(both, rel=1e-12)


def test_an_order_that_has_the_slots_reference_already_is_found(desk: Desk) -> None:
    quoted(desk, 999.9, 1000.1)
    decided(desk, 15)
    with desk.book() as book, book.engine.begin() as connection:
        others = [column for column in orders.c if column.name != "key"]
        key = sa.literal(f"tested:{SESSIONS[0]}:close-60min:1").label("key")
        names = ["key", *(column.name for column in others)]
        connection.execute(sa.insert(orders).from_select(names, sa.select(key, *others)))
    quoted(desk, 959.9, 960.1, 960.0)
    again = decided(desk, 20)
    assert circumstances(again).taken == 1
    assert again.decision.outcome == "HELD"
    assert not check(again, "duplicate reference").passed


def test_a_contract_that_nobody_approved_says_so_and_one_that_was_names_its_proposal(
    tmp_path: Path, insure: Insure
) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    assert check(newest(desk), "contract approved").sentence.endswith("came into force by itself (approval = auto).")
    desk.contract(controls='approval = "approve"')
    desk.slot(1)
    sentence = check(newest(desk), "contract approved").sentence
    assert sentence.endswith("came into force by itself (the contract before it asked nobody)."), sentence
    desk.contract(controls='approval = "approve"\nask_multiple = 9')
    desk.run("run-once")
    desk.json("approve", "--contract", "tested", "--by", "Ada")
    desk.slot(2)
    record = newest(desk)
    agreed = circumstances(record).agreed
    assert agreed is not None
    assert agreed.approved_sha256 == agreed.sha256 == record.decision.config_sha256
    assert check(record, "contract approved").sentence.endswith(f"is the one approved in proposal {agreed.proposal}.")


def test_the_check_of_the_chain_names_its_newest_row_and_fails_where_that_was_changed(
    tmp_path: Path, insure: Insure
) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    desk.slot(1)
    with desk.book() as book:
        newest_row = book.head()[0]
    assert f"row {circumstances(newest(desk)).chain_sequence}, the newest" in check(newest(desk), "chain").sentence
    assert circumstances(newest(desk)).chain_sequence < newest_row
    desk.json("override", "tested", "--no-trade", "--by", "Ada", "--reason", "a word")
    with desk.book() as book, book.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_refuses_update"))
        last = sa.select(sa.func.max(audit.c.sequence)).scalar_subquery()
        connection.execute(sa.update(audit).where(audit.c.sequence == last).values(content='{"sentence":"forged"}'))
        sequence, doubt = chain.newest(connection)
    assert doubt == f"Row {sequence}, the newest of the chain, is not as it was written."


def newest(desk: Desk) -> Record:
    with desk.book() as book:
        last = book.standing("tested").last
    assert last is not None
    return last

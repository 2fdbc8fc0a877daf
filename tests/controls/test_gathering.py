"""What the gate looks at, out of a real book: the session's orders as they were executed, and what stands approved."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from insure.book import Record, chain
from insure.book.tables import audit, orders
from insure.book.verify import replayed
from insure.decision import Check, Circumstances
from insure.fund import Fund, load_fund
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


def test_the_highest_prices_of_the_last_sessions_are_carried_from_decision_to_decision(desk: Desk) -> None:
    """Two slots of -4.9 % ask nobody one by one; a purchase after both does."""
    lines = [f"{day},{close}" for day, close in zip(SESSIONS, (1000, 951, 905, 906, 907, 908, 909), strict=False)]
    desk.file("prices.csv", "date,close", *lines)
    desk.contract(controls="largest_deposit_weight = 1.0\nmarket_halt_falls = []\nbreaker_slippage_sigmas = 0")
    for number in range(7):
        desk.slot(number)
    assert desk.outcomes() == ["OK"] * 7, desk.outcomes()
    recent = circumstances(newest(desk)).recent
    assert [day for day, _ in recent] == list(SESSIONS[1:6]), "the five sessions decided before this one"
    assert [price for _, price in recent] == [951, 905, 906, 907, 908]
    assert circumstances(newest(desk)).lunch is None


def test_orders_of_the_session_are_counted_child_by_child(desk: Desk) -> None:
    quoted(desk, 999.9, 1000.1)
    decided(desk, 15)
    quoted(desk, 959.9, 960.1, 960.0)
    afternoon = decided(desk, 20)
    assert [trade.orders for trade in circumstances(afternoon).earlier] == [1]
    assert check(afternoon, "orders of the session").value == 2.0


def test_funds_of_one_desk_share_its_limits(tmp_path: Path, insure: Insure) -> None:
    """Each of two funds is far within its own limits; together they may not trade more than the desk."""
    desk = Desk(tmp_path, insure)
    own = (desk.folder / "funds" / "tested.toml").read_text()
    (desk.folder / "funds" / "another.toml").write_text(own.replace('id = "tested"', 'id = "another"'))
    limits = "[limits]\nlargest_session_money = 900_000\nlargest_session_orders = 9\n"
    (desk.folder / "desk.toml").write_text(f'name = "Tested desk"\n{limits}')
    desk.slot(0)
    with desk.book() as book:
        first, second = (book.standing(name).last for name in ("another", "tested"))
    assert first is not None
    assert second is not None
    days = sorted((circumstances(one).desk for one in (first, second)), key=lambda day: day.orders if day else 9)
    assert [day.orders for day in days if day] == [0, 1], "the second fund does not see the order of the first"
    traded = [one.decision.trade.value for one in (first, second) if one.decision.trade]
    later = days[1]
    assert later is not None
    assert later.money in traded
    assert round(later.units * 1000, 2) == later.money, "units of the same instrument, at 1,000 each"
    assert float(sum(traded)) == pytest.approx(900_000, abs=1_500), "the second trade is cut to what the desk leaves"
    assert sum(traded) <= 900_000
    (cut,) = [one.decision.ladder for one in (first, second) if one.decision.ladder and one.decision.ladder.cut]
    assert "are left of what the desk may trade in the session" in cut["capped"].reason
    for one in (first, second):
        assert replayed(desk_fund(desk, one.fund_id), one.decision) is None


def desk_fund(desk: Desk, fund_id: str) -> Fund:
    return load_fund(desk.folder / "funds" / f"{fund_id}.toml")

"""Child orders: they add up to the trade, stay inside the session, and follow from what was decided on."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.contract import sentences
from insure.dates import calendar
from insure.decision import Holdings, decide, fund_calendar
from insure.decision.trades import Trade, child_trades, trade_between
from insure.errors import FundFileError, InvalidInput
from insure.execution import planned
from insure.fund import Fund, read_fund
from insure.market import Snapshot
from insure.orders import Order, order_for, orders_for, paid_for
from insure.slots import Slot
from tests.contracts import Toml, fund, snapshot

DAY = dt.date(2007, 1, 4)
OPENS, CLOSES = (edge(DAY) for edge in (calendar("XNYS").opens, calendar("XNYS").closes))
KINDS = ["at_once", "twap", "participation", "front_loaded", "almgren_chriss"]


def a_fund(kind: str = "twap", **execution: Toml) -> Fund:
    """A fund that trades all day long unless told otherwise."""
    return fund(
        schedule={"slot": "open"},
        lots={"lot_units": Decimal(1)},
        costs={"daily_volume_units": 1e9},
        execution={"schedule": kind, "time_limit_minutes": 1000.0, **execution},
    )


def seen(at: dt.datetime, price: str = "1000", volume: float | None = None) -> Snapshot:
    return replace(snapshot(DAY, Decimal(price)), at=at, daily_volume=volume)


moments = st.integers(0, int((CLOSES - OPENS).total_seconds()) + 3600).map(lambda s: OPENS + dt.timedelta(seconds=s))
trades = st.integers(-(10**7), 10**7).filter(bool).map(Decimal)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 30),
    st.lists(st.floats(0.01, 100.0), max_size=4),
    moments,
    trades,
    st.floats(1.0, 600.0),
    st.sampled_from([None, 1e3, 1e6, 1e9]),
)
def test_children_are_the_trade_inside_the_session(
    kind: str,
    slices: int,
    weights: list[float],
    at: dt.datetime,
    units: Decimal,
    minutes: float,
    volume: float | None,
) -> None:
    venues: list[Toml] = [{"name": f"venue {number}", "weight": weight} for number, weight in enumerate(weights)]
    of = a_fund(kind, slices=slices, venues=venues, time_limit_minutes=minutes)
    plan = planned(of, seen(at, volume=volume))
    children = plan.children(units)
    assert sum(child.units for child in children) == units, "the children are not the trade"
    assert all(child.units * units > 0 for child in children), "a child goes the other way, or nowhere"
    assert all(child.units % of.lots.lot_units == 0 for child in children), "a child is no whole lot"
    assert len(children) <= slices * max(len(weights), 1)
    limit = at + dt.timedelta(minutes=minutes)
    for child in children:
        assert child.ends <= limit, "a child outlives the time limit of its trade"
        if child.begins is not None:
            assert max(at, OPENS) <= child.begins < child.ends <= CLOSES, "a child lies outside the session"
    starts = sorted({(child.begins, child.ends) for child in children if child.begins is not None})
    assert all(early[1] <= late[0] for early, late in pairwise(starts)), "two slices overlap: their caps would add up"
    for begins in {child.begins for child in children}:
        together = sum(child.volume_cap_fraction for child in children if child.begins == begins)
        assert together <= of.execution.volume_cap_fraction * (1.0 + 1e-9), "venues together pass the volume cap"


@given(trades, st.sampled_from(["twap", "front_loaded", "almgren_chriss"]), st.integers(1, 40))
def test_no_slice_is_larger_than_the_one_before(units: Decimal, kind: str, slices: int) -> None:
    children = planned(a_fund(kind, slices=slices, volume_cap_fraction=1.0), seen(OPENS)).children(units)
    sizes = [abs(child.units) for child in children]
    assert sizes == sorted(sizes, reverse=True), f"{kind} speeds up"


def test_sales_are_front_loaded_and_purchases_even() -> None:
    plan = planned(a_fund("front_loaded", slices=3), seen(OPENS))
    assert [child.units for child in plan.children(Decimal(-700))] == [-400, -200, -100]
    assert [child.units for child in plan.children(Decimal(600))] == [200, 200, 200]


def test_caps_move_what_is_too_much_to_later_slices() -> None:
    of = a_fund("front_loaded", slices=3, volume_cap_fraction=0.1)
    plan = planned(of, seen(OPENS, volume=9000.0))  # 3,000 a slice, of which a tenth
    assert [child.units for child in plan.children(Decimal(-700))] == [-300, -300, -100]
    assert [child.units for child in plan.children(Decimal(-1000))] == [-300, -300, -400], (
        "what fits nowhere stands with the last slice, where the order's own cap leaves it unfilled"
    )


def test_participation_follows_the_volume_of_the_session() -> None:
    of = a_fund("participation", slices=4, volume_profile=[3.0, 1.0, 1.0, 3.0])
    assert [child.units for child in planned(of, seen(OPENS)).children(Decimal(800))] == [300, 100, 100, 300]


def test_the_close_leaves_no_time_and_so_one_order() -> None:
    plan = planned(a_fund("twap"), seen(CLOSES))
    assert plan.single
    (child,) = plan.children(Decimal(5))
    assert child.begins is None


def test_a_trade_is_done_before_the_next_slot_of_its_session() -> None:
    of = fund(schedule={"slot": "open+30min close-30min"}, execution={"schedule": "twap", "time_limit_minutes": 1000.0})
    first = OPENS + dt.timedelta(minutes=30)
    children = planned(of, seen(first)).children(Decimal(60))
    assert children[-1].ends == CLOSES - dt.timedelta(minutes=30), "the next slot would find open orders"


def test_nothing_is_sent_in_the_lunch_break() -> None:
    of = replace(a_fund("twap", slices=5), schedule=replace(fund().schedule, calendar="XTKS", slot="open"))
    tokyo = fund_calendar(of)
    hours = tokyo.hours(DAY)
    assert hours.lunch is not None
    children = planned(of, seen(hours.opens)).children(Decimal(500))
    assert len(children) == 5
    for child in children:
        assert child.begins is not None
        assert not hours.lunch[0] <= child.begins < hours.lunch[1], "a child begins in the lunch break"
        assert not hours.lunch[0] < child.ends <= hours.lunch[1], "a child ends in the lunch break"
    assert sum(tokyo.is_open(child.begins) for child in children if child.begins) == 5


@pytest.mark.parametrize("slot", [Slot(DAY, "open+30min", OPENS + dt.timedelta(minutes=30))])
def test_by_default_an_order_is_what_it_was(slot: Slot) -> None:
    of, at = fund(), seen(slot.at)
    trade = trade_between(of, Decimal(0), Decimal(7), at.price, planned(of, at))
    assert trade == trade_between(of, Decimal(0), Decimal(7), at.price)
    assert trade is not None
    assert orders_for(of, slot, trade, at) == ((order_for(of, slot, trade, at), trade),)


@settings(max_examples=60, deadline=None)
@given(trades, st.sampled_from(KINDS), st.integers(1, 30), st.integers(0, 3))
def test_every_child_is_a_ticket_and_their_costs_are_the_trades(
    units: Decimal, kind: str, slices: int, venues: int
) -> None:
    of = replace(
        a_fund(kind, slices=slices, venues=[{"name": f"v{number}"} for number in range(venues)]),
        costs=replace(
            fund().costs,
            commission_bps=1.0,
            half_spread_bps=2.0,
            commission_per_trade_money=Decimal("1.50"),
            commission_minimum_money=Decimal(3),
            daily_volume_units=1e9,
        ),
    )
    at = seen(OPENS + dt.timedelta(minutes=30), "123.456789")
    plan, slot = planned(of, at), Slot(DAY, "open+30min", at.at)
    held, wanted = (Decimal(0), units) if units > 0 else (-units, Decimal(0))
    trade = trade_between(of, held, wanted, at.price, plan)
    assert trade is not None
    pairs = orders_for(of, slot, trade, at)
    for name in ("units", "value", "commission", "spread"):
        assert sum(getattr(part, name) for _, part in pairs) == getattr(trade, name), f"{name} of the children"
    assert trade.commission >= 3 * len(pairs), "the least commission counts for every ticket"
    assert len({order.key for order, _ in pairs}) == len(pairs)
    assert [order.key for order, _ in pairs] == sorted(order.key for order, _ in pairs), "keys do not sort in time"
    for order, _ in pairs:
        assert order.key.count(":") >= 3
        assert order.trade_key == f"{of.id}:{DAY}:open+30min:1"


def test_the_impact_of_a_trade_is_that_of_the_whole_of_it() -> None:
    costs = replace(fund().costs, impact_coefficient=1.0, impact_daily_vol=0.02, daily_volume_units=1e6)
    of = replace(a_fund("twap", slices=4), costs=costs)
    at = seen(OPENS, "100")
    whole = trade_between(of, Decimal(0), Decimal(10_000), at.price)
    assert whole is not None
    # Y sigma sqrt(Q / V) Q P = 1 x 0.02 x sqrt(0.01) x 10,000 x 100
    assert whole.spread == Decimal("2000.00")
    spread = [part.spread for _, part in child_trades(of, Decimal(10_000), at.price, planned(of, at))]
    assert spread == [Decimal("500.00")] * 4, "the parts of one trade move the market as the whole of it does"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('schedule = "almgren_chriss"', "daily_volume_units is 0"),
        ('schedule = "never"', "execution.schedule"),
        ("slices = 0", "execution.slices"),
        ("front_load_ratio = 0", "front_load_ratio"),
        ("permanent_impact_bps = 200", "permanent_impact_bps is 200"),
        ('venues = [{ name = "A" }, { name = "A" }]', "each must be named once"),
        ('venues = [{ name = "A", weight = 0 }]', "weight"),
        ("volume_profile = [1, 0]", "volume_profile"),
    ],
)
def test_what_cannot_be_agreed_is_named(lines: str, said: str) -> None:
    text = f"""
id = "x"
name = "X"
instrument = "I"
initial_money = 100
protection = {{ start = 2007-01-03, floor_fraction = 0.9 }}
strategy = {{ kind = "cppi" }}
volatility = {{ kind = "fixed", vol = 0.2 }}
schedule = {{}}
feed = {{ kind = "sample" }}
[execution]
{lines}
"""
    with pytest.raises(FundFileError, match=said):
        read_fund(text)


def test_an_impact_without_a_volume_is_refused() -> None:
    with pytest.raises(InvalidInput, match="daily_volume_units is 0"):
        replace(fund().costs, impact_coefficient=1.0)


def test_the_contract_says_how_trades_are_spread_and_what_pauses_them() -> None:
    plain = " ".join(sentences(fund()))
    assert "child orders" not in plain
    venues: list[Toml] = [{"name": "A", "weight": 3}, {"name": "B"}]
    of = a_fund("front_loaded", venues=venues, widest_spread_bps=20.0, least_depth_units=500.0)
    costs = replace(of.costs, impact_coefficient=1.0)
    said = " ".join(sentences(replace(of, costs=costs)))
    assert "sales early (each slice 0.5 of the one before), purchases evenly, in 6 child orders at most" in said
    assert "Orders go to A 75%, B 25%." in said
    assert "Nothing is bought while bid to ask is beyond 20 bps or fewer than 500 units are quoted" in said
    assert "the root of its share of 1e+09 units a day" in said


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 12),
    st.floats(0.0, 3.0),
    st.decimals(0, 50, places=2),
    st.sampled_from(["0.000001", "1", "100"]),
    st.floats(1.0, 5000.0).map(lambda price: f"{price:.2f}"),
)
def test_a_fund_that_buys_all_it_can_pays_for_every_ticket_and_for_its_impact(
    kind: str, slices: int, coefficient: float, ticket: Decimal, lot: str, price: str
) -> None:
    base = fund(strategy={"kind": "buy_and_hold", "weight": 1.0}, lots={"lot_units": Decimal(lot)})
    costs = replace(
        base.costs,
        commission_bps=1.0,
        half_spread_bps=2.0,
        commission_per_trade_money=ticket,
        impact_coefficient=coefficient,
        daily_volume_units=100_000.0,
    )
    of = replace(a_fund(kind, slices=slices), strategy=base.strategy, lots=base.lots, costs=costs)
    at = seen(OPENS + dt.timedelta(minutes=30), price)
    decision = decide(of, Holdings(Decimal(0), Decimal(1_000_000)), None, at)
    if decision.trade is None:
        assert decision.ladder is not None
        assert decision.ladder["lots"].units == 0.0
        return
    left = decision.trade.cash_after(Decimal(1_000_000))
    assert left >= 0, "the tickets cost more than the fund has"
    parts = child_trades(of, decision.trade.units, at.price, planned(of, at))
    assert sum((part.cost for _, part in parts), Decimal(0)) == decision.trade.cost


def test_a_slot_that_starts_late_shares_what_is_left_of_its_time() -> None:
    of, late = a_fund("twap", slices=4, time_limit_minutes=60.0), OPENS + dt.timedelta(minutes=20)
    children = planned(of, seen(OPENS), late).children(Decimal(400))
    assert [child.units for child in children] == [100] * 4, "a slice that is over already would lose its share"
    assert (children[0].begins, children[-1].ends) == (late, OPENS + dt.timedelta(minutes=60))
    over = planned(of, seen(OPENS), OPENS + dt.timedelta(minutes=60))
    assert over.single, "no time is left: at once"


@given(
    units=st.integers(1, 10**6),
    price=st.decimals("0.5", "5000", places=2),
    spare=st.decimals("0", "0.2", places=4),
    away=st.decimals("0", "0.1", places=3),
    sells=st.booleans(),
)
def test_no_fill_within_the_price_limit_takes_more_cash_than_there_is(
    units: int, price: Decimal, spare: Decimal, away: Decimal, sells: bool
) -> None:
    count = Decimal(-units if sells else units)
    value = (units * price).quantize(Decimal("0.01"))
    commission = (value * Decimal("0.0005")).quantize(Decimal("0.01"))
    trade = Trade(count, price, value, commission, Decimal(0))
    limit = (price * (1 - away if sells else 1 + away)).quantize(Decimal("0.000001"))
    order = Order("f:2026-11-02:close:1", "f", "index unit", count, price, limit, CLOSES, 0.1)
    cash = value + commission + (value * spare).quantize(Decimal("0.01"))
    (sent,) = paid_for([(order, trade)], cash)
    if sells:
        assert sent == order, "a sale brings cash"
        return
    assert price <= sent.price_limit <= limit, "at the decided price every order may be filled"
    worst = units * sent.price_limit + commission * sent.price_limit / price
    assert worst <= cash + Decimal("0.01") * 2, f"filled at {sent.price_limit} it costs {worst} of {cash}"
    if spare > away * 2:
        assert sent.price_limit == limit, "where cash is enough the limit is the contract's"

"""What is larger than one slot may trade is cut, and the gate proves the cut: no limit on size wedges a fund."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from insure.decision import Approval, Circumstances, Decision, Holdings, Memory, Ordered, decide, fund_calendar
from insure.decision.circumstances import EDITION
from insure.fund import Fund
from tests.contracts import Toml, fund, snapshot

SESSIONS = fund_calendar(fund()).sessions(dt.date(2007, 1, 3), dt.date(2007, 3, 30))
NEW = Holdings(Decimal(0), Decimal(1_000_000))
CPPI: dict[str, Toml] = {"kind": "cppi", "multiplier": 5.0}


def surrounding(session: dt.date, earlier: tuple[Ordered, ...] = ()) -> Circumstances:
    opens, closes = (dt.datetime.combine(session, dt.time(hour), dt.UTC) for hour in (14, 21))
    return Circumstances(now=closes, opens=opens, closes=closes, price_sessions=0, edition=EDITION, earlier=earlier)


def ordered(value: Decimal) -> Ordered:
    return Ordered("tested:2007-01-04:open:1", "index unit", Decimal(-7), value)


def lived(of: Fund, prices: list[int], holdings: Holdings, memory: Memory | None) -> list[Decision]:
    """Decided and executed session by session."""
    found = []
    for session, price in zip(SESSIONS[1:], prices, strict=False):
        done = decide(of, holdings, memory, snapshot(session, Decimal(price)), surrounding(session))
        found.append(done)
        memory = done.memory
        if done.trade is not None:
            holdings = holdings.moved(units=done.trade.units, cash=done.trade.cash_after(holdings.cash) - holdings.cash)
    return found


def contract(**limits: Toml) -> Fund:
    return fund(strategy=CPPI, lots={"lot_units": 1}, limits=limits, controls={"ask_change_weight": 5.0})


def begun(**terms: Toml) -> Memory | None:
    return decide(fund(strategy=CPPI, **terms), NEW, None, snapshot(SESSIONS[0], Decimal(100))).memory


def test_a_fund_below_its_floor_leaves_the_stock_in_orders_of_the_largest_size() -> None:
    of = contract(largest_order_weight=0.3)
    days = lived(of, [75] * 4, Holdings(Decimal(6_000), Decimal(400_000)), begun())
    assert [day.outcome for day in days] == ["OK"] * 4, [day.reason for day in days]
    first = days[0]
    assert first.ladder is not None
    assert first.ladder["capped"].reason == (
        "A trade of 6,000 units is cut to 3,399 in this slot: one order is at most 30.00% of the fund."
    )
    (size,) = [check for check in first.checks if check.name == "order size"]
    assert size.passed
    assert size.value == pytest.approx(0.3, abs=1e-4), f"the cut leaves more than a lot of the limit: {size}"
    assert [day.trade is None for day in days] == [False, False, True, True]
    assert days[-1].holdings.units == 0, "the fund never left the stock"


@pytest.mark.parametrize("kind", ["buy_and_hold", "constant_mix", "cppi"])
def test_a_first_purchase_larger_than_one_order_is_made_in_several(kind: str) -> None:
    strategy: dict[str, Toml] = CPPI if kind == "cppi" else {"kind": kind, "weight": 0.6}
    strict, lenient = (
        fund(strategy=strategy, lots={"lot_units": 1}, limits={"largest_order_weight": most}) for most in (0.25, 1.0)
    )
    days, (at_once, *_) = (lived(of, [100] * 5, NEW, None) for of in (strict, lenient))
    assert at_once.trade is not None
    assert [day.outcome for day in days] == ["OK"] * 5, [day.reason for day in days]
    assert abs(days[-1].holdings.units - at_once.trade.units) <= 20, "the purchase never reached its size"


def test_what_the_day_has_traded_is_taken_from_what_it_may_trade() -> None:
    of = fund(strategy=CPPI, lots={"lot_units": 1}, controls={"largest_turnover_weight": 0.5, "ask_change_weight": 5.0})
    seen = surrounding(SESSIONS[1], (ordered(Decimal(255_000)),))
    done = decide(of, Holdings(Decimal(6_000), Decimal(400_000)), begun(), snapshot(SESSIONS[1], Decimal(75)), seen)
    assert done.outcome == "OK", done.reason
    assert done.ladder is not None
    assert "20.00% of the fund are left of the session's 50.00%" in done.ladder["capped"].reason
    assert done.trade is not None
    assert 0.5 - 2e-4 < float(done.trade.value + 255_000) / 850_000 <= 0.5


def test_a_sale_of_which_the_day_leaves_nothing_asks_a_person_and_a_purchase_waits() -> None:
    of = fund(strategy=CPPI, lots={"lot_units": 1}, controls={"ask_change_weight": 5.0})
    seen = surrounding(SESSIONS[1], (ordered(Decimal(1_700_000)),))
    market = snapshot(SESSIONS[1], Decimal(75))
    held = Holdings(Decimal(6_000), Decimal(400_000))
    sale = decide(of, held, begun(), market, seen)
    assert sale.outcome == "HELD"
    failed = [check for check in sale.checks if not check.passed]
    assert [(check.name, check.asks) for check in failed] == [("turnover of the day", True)], failed
    given = Approval(7, ("Ada",), Decimal(-6_000), Decimal(75))
    approved = decide(of, held, begun(), market, replace(seen, approval=given))
    assert approved.outcome == "OK", f"a person let it pass and it did not: {approved.reason}"
    assert approved.trade is not None
    assert approved.trade.units == -6_000
    purchase = decide(
        of, NEW, None, snapshot(SESSIONS[1], Decimal(100)), surrounding(SESSIONS[1], (ordered(Decimal(2_000_000)),))
    )
    assert (purchase.outcome, purchase.trade) == ("OK", None), purchase.reason


@settings(max_examples=400)
@given(
    held=st.integers(0, 10_000),
    price=st.decimals("20", "300", places=2),
    lot=st.sampled_from([Decimal("0.000001"), Decimal(1), Decimal(7), Decimal(250)]),
    order=st.sampled_from([1e-6, 0.013, 0.1, 0.333, 1.0]),
    turnover=st.sampled_from([0.05, 0.5, 2.0]),
    before=st.one_of(st.just(0), st.integers(0, 2_000_000)),
    volume=st.one_of(st.none(), st.floats(1.0, 1e6)),
    slices=st.sampled_from([1, 7]),
)
def test_a_cut_trade_passes_every_limit_of_size(
    held: int,
    price: Decimal,
    lot: Decimal,
    order: float,
    turnover: float,
    before: int,
    volume: float | None,
    slices: int,
) -> None:
    terms: dict[str, Toml] = {"lots": {"lot_units": lot}, "costs": {"commission_bps": 2.0}}
    if slices > 1:
        terms["execution"] = {"schedule": "twap", "slices": slices, "broker": "blotter"}
        terms["schedule"] = {"slot": "open+60min"}
    of = fund(
        strategy=CPPI,
        limits={"largest_order_weight": order},
        controls={"largest_turnover_weight": turnover, "ask_change_weight": 5.0, "ask_buy_after_fall": 0.0},
        **terms,
    )
    market = replace(snapshot(SESSIONS[1], price), daily_volume=volume)
    seen = surrounding(SESSIONS[1], (ordered(Decimal(before)),) if before else ())
    seen = replace(seen, now=seen.opens + dt.timedelta(hours=1))
    done = decide(of, Holdings(Decimal(held), Decimal(1_000_000 - 100 * held)), begun(**terms), market, seen)
    assert done.ladder is not None
    assert done.valuation is not None
    of_size = [c for c in done.checks if c.name in {"order size", "share of volume", "turnover of the day"}]
    failed = [check for check in of_size if not check.passed]
    lots, wanted = done.ladder["lots"].units, done.ladder["throttle"].units
    event(f"{'cut' if done.ladder.cut else 'whole'}, {'sale' if lots < held else 'no sale'}")
    if failed:
        assert lots < held, f"a purchase was refused for its size: {failed}"
        assert all(check.asks for check in failed), f"a sale was refused for its size, and nobody asked: {failed}"
        assert not done.ladder.cut, f"it was cut, and not enough: {failed}"
    assert min(wanted, held) - float(lot) - 1e-6 <= lots <= max(wanted, held) + 1e-6, "past what was wanted"
    if not done.ladder.cut:
        return
    assert abs(lots - held) < abs(wanted - held), "cut, and no smaller"

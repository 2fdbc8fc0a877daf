"""A fund along a scenario: decided as in live, executed as the scenario allows, attributed to the last cent."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book
from insure.broker import PaperBroker
from insure.decision import fund_calendar
from insure.feeds import Row
from insure.simulation.crises import NAMES, Replay
from insure.simulation.scenarios import (
    CashHaircut,
    Gap,
    Grind,
    Outage,
    PartialFill,
    Scenario,
    Shape,
    Step,
    VolatilitySpike,
    synthetic,
)
from insure.slots import slots
from insure.stress import Journey, Position, drive
from insure.stress.execution import DISCOUNT
from insure.stress.journey import CASH_LEG, Point
from insure.stress.pack import inside
from schedules.jobs import tick
from tests.contracts import ToldPrices, Toml, fund
from tests.stress.standing import TODAY, begun, october_1987, seen

FRICTIONS: dict[str, Toml] = {
    "band": {"width_weight": 0.02},
    "costs": {"commission_bps": 1.0, "half_spread_bps": 2.0},
    "lots": {"lot_units": 1},
}


def _position(kind: str) -> Position:
    if kind == "synthetic_put":
        return begun(**FRICTIONS)
    if kind == "paid out":
        return begun(seen(dividend_yield=0.02), protection={"dividends": "paid_out"})
    return begun(
        strategy={"kind": kind}, volatility={"kind": "ewma", "floor": 0.1}, twin={"vol_spread": 0.02}, **FRICTIONS
    )


def _path(position: Position, shape: Shape) -> Scenario:
    return shape.path(position.spot, rate=position.snapshot.rate, vol=position.vol)


def _at(journey: Journey, label: str) -> Point:
    return next(point for point in journey.points if point.label == label)


@pytest.mark.parametrize("kind", ["synthetic_put", "cppi", "tipp", "stop_loss", "static_put", "hybrid", "paid out"])
def test_the_causes_add_up_on_every_scenario(kind: str) -> None:
    position = _position(kind)
    names = ["1987-10", "1997-10"] if kind != "synthetic_put" else [name for name in NAMES if name != "2000-02"]
    for shape in (*synthetic(), *map(Replay, names), *inside()):
        journey = drive(position, _path(position, shape))
        assert journey.attribution is not None
        assert journey.end.slippage is not None
        short = sum(journey.attribution.values()) - journey.end.slippage
        assert abs(short) <= 1e-9 * position.nav, f"{shape.name}: the causes miss fund minus twin by {short:g}"


def test_periods_that_end_on_the_way_close_to_the_cent() -> None:
    position = begun(**FRICTIONS)
    journey = drive(position, _path(position, Replay("2000-02")))
    assert len(journey.ends) == 2, "two years and eleven months have two horizons on the way"
    assert journey.end.slippage is not None
    for end in journey.ends:
        assert end.slippage == pytest.approx(end.nav - end.twin, abs=1e-9 * position.nav)
    whole = sum(end.slippage for end in journey.ends) + journey.end.slippage
    assert journey.slippage == pytest.approx(whole, abs=1e-9 * position.nav)


@pytest.mark.parametrize("kind", ["static_put", "hybrid"])
def test_a_fund_that_rolls_sells_stock_for_its_new_puts(kind: str) -> None:
    position = begun(strategy={"kind": kind}, protection={"horizon_years": 0.25}, **FRICTIONS)
    journey = drive(position, _path(position, Replay("2020-02")))
    assert len(journey.ends) == 1, "four months have one horizon of three months on the way"
    assert journey.attribution is not None, journey.not_computed
    assert sum(journey.attribution.values()) == pytest.approx(journey.slippage, abs=1e-9 * position.nav)
    assert journey.decision.holdings.options, "the second period has puts of its own"
    assert journey.decision.holdings.cash >= 0


def test_a_journey_is_what_live_would_have_done(tmp_path: Path) -> None:
    closes = [100.0, 97.0, 98.5, 91.0, 84.0, 88.0, 90.5]
    contract = fund(protection={"start": TODAY}, **FRICTIONS)
    calendar = fund_calendar(contract)
    due = slots(contract.schedule.timing, calendar, TODAY, calendar.offset(TODAY, len(closes) - 1))
    rows = [Row(slot.session, Decimal(repr(close)), rate=0.03) for slot, close in zip(due, closes, strict=True)]
    feed, broker = ToldPrices(rows), PaperBroker()
    with Book.open(tmp_path / "insure.db") as book:
        tick(book, contract, due[0], feed, broker, due[0].at)
        standing = book.standing(contract.id)
        position = Position.recorded(contract, standing.holdings, standing.last)
        for slot in due[1:]:
            tick(book, contract, slot, feed, broker, slot.at)
        live = book.standing(contract.id)
    steps = tuple(Step(str(k), 1 / 252 if k else 0.0, close, 0.03, 0.2) for k, close in enumerate(closes))
    journey = drive(position, Scenario("told", "told", steps, "told"))
    assert live.last is not None
    assert live.last.track is not None
    assert journey.decision.holdings == live.last.decision.holdings, "the fund came to other holdings than in live"
    assert journey.decision.trade == live.last.decision.trade
    assert journey.decision.memory == live.last.decision.memory
    assert journey.slippage == pytest.approx(live.last.track.total, abs=1e-6)


@pytest.mark.parametrize(("no_cushion", "weight"), [("model", 0.0395), ("cash", 0.0)])
def test_black_monday_by_hand(no_cushion: str, weight: float) -> None:
    """A fund of 100, 95 % floor, one year, r 7 %, vol 18 %: 3.95 % in stock after the close of 19 October 1987."""
    position = begun(
        seen(rate=0.07, vol=0.18),
        initial_money=100,
        protection={"floor_fraction": 0.95},
        limits={"no_cushion": no_cushion},
    )
    journey = drive(position, october_1987())
    monday = _at(journey, "1987-10-19")
    assert monday.model_weight == pytest.approx(0.0395, abs=5e-5)
    assert monday.weight_after == pytest.approx(weight, abs=2e-4)
    assert monday.cushion is not None
    assert monday.cushion < 0.0, "a floor of 95 % does not survive Black Monday"


@pytest.mark.parametrize(("multiplier", "survives"), [(4.0, True), (5.0, False)])
def test_cppi_in_october_1987(multiplier: float, survives: bool) -> None:
    position = begun(seen(rate=0.07, vol=0.18), strategy={"kind": "cppi", "multiplier": multiplier})
    journey = drive(position, october_1987())
    assert (journey.breach is None) is survives
    if journey.breach is not None:
        assert journey.breach.label == "1987-10-19"


def test_a_broker_that_fills_a_third() -> None:
    position = begun(lots={"lot_units": 1})
    journey = drive(position, _path(position, PartialFill()))
    for point in journey.points:
        assert point.traded_units == -(abs(point.wanted_units) // 3), f"step {point.label} did not fill a third"
    assert journey.attribution is not None
    assert journey.attribution["execution"] < 0.0
    assert journey.unfilled > 0.0


def test_nothing_trades_while_the_desk_is_dark() -> None:
    position = begun()
    dark = drive(position, _path(position, Outage()))
    at_work = drive(position, _path(position, Outage(outage_hours=0.0)))
    for point in dark.points:
        assert point.tradable or point.traded_units == 0.0
    assert any(not point.tradable and point.wanted_units < 0.0 for point in dark.points)
    assert dark.end.nav_after < at_work.end.nav_after, "an outage in a straight fall costs money"


def test_an_order_that_takes_two_sessions() -> None:
    position = begun()
    late = drive(position, _path(position, PartialFill(filled=1.0, delay=2)))
    assert [point.traded_units != 0.0 for point in late.points] == [False, False, True, True]
    assert late.points[2].weight_after == pytest.approx(late.points[0].target_weight, abs=1e-7)


def test_the_cash_leg_has_its_own_cause() -> None:
    position = begun()
    haircut = CashHaircut()
    journey = drive(position, _path(position, haircut))
    before = drive(position, _path(position, replace(haircut, haircut=0.0)))
    assert journey.attribution is not None
    lost = journey.attribution[CASH_LEG]
    cash = (1.0 - before.points[0].weight_after) * before.points[0].nav_after
    assert lost == pytest.approx(-0.03 * cash, rel=2e-3), "3 % of the cash held on that session"
    assert CASH_LEG not in (before.attribution or {})


def test_sales_through_futures_at_a_discount() -> None:
    position = begun()
    steps = (
        Step("0", 0.0, 100.0, 0.03, 0.2),
        Step("1", 1 / 252, 90.0, 0.03, 0.2, basis=-0.1),
        Step("2", 1 / 252, 99.0, 0.03, 0.2, basis=-0.1),
    )
    journey = drive(position, Scenario("discount", "discount", steps, "told"))
    sold, bought = journey.points
    assert sold.traded_units < 0.0 < bought.traded_units
    assert journey.attribution is not None
    paid = -journey.attribution[DISCOUNT]
    assert paid == pytest.approx(0.1 * 90.0 * -sold.traded_units, rel=1e-3), "only the sale bears the discount"


def test_spreads_widen_what_a_trade_costs() -> None:
    plain = begun(costs={"half_spread_bps": 10.0})
    wide = drive(plain, _path(plain, VolatilitySpike(vol_multiple=1.0)))
    ordinary = drive(plain, _path(plain, VolatilitySpike(vol_multiple=1.0, spread_multiple=1.0)))
    assert wide.attribution is not None
    assert ordinary.attribution is not None
    assert wide.attribution["spread"] < 1.5 * ordinary.attribution["spread"] < 0.0


def test_a_monthly_fund_looks_once_a_month() -> None:
    daily, monthly = begun(), begun(schedule={"slot": "last session of month close"})
    scenario = _path(daily, Grind())
    often, seldom = drive(daily, scenario), drive(monthly, scenario)
    assert often.looked == 126
    assert seldom.looked == 7, "six ends of month, and the end of the scenario"
    assert seldom.attribution is not None
    assert sum(seldom.attribution.values()) == pytest.approx(seldom.end.slippage, abs=1e-9 * monthly.nav)


def test_a_gap_takes_no_time_and_finds_no_trade_before() -> None:
    position = begun()
    journey = drive(position, _path(position, Gap(0.2)))
    (after,) = journey.points
    assert after.nav == pytest.approx(position.nav - 0.2 * position.equity, abs=0.01)
    assert journey.decision.snapshot.session == TODAY


def test_a_fund_without_decision_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="run `insure rebalance tested` first"):
        Position.recorded(fund(), Position.begun(fund(), seen(session=dt.date(2007, 1, 3))).holdings, None)

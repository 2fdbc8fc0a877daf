"""decide() is pure and total: any contract, holdings, memory and snapshot that pass validation give a decision."""

import datetime as dt
import math
from dataclasses import asdict, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.accrual import settled
from insure.decision import Approval, Circumstances, Decision, Holdings, Memory, Phase, Rollout, decide, fund_calendar
from insure.decision.circumstances import EDITION
from insure.decision.ladder import Stage
from insure.errors import InvalidInput
from insure.fund import Fund
from tests.contracts import Toml, fund, snapshot

SESSIONS = fund_calendar(fund()).sessions(dt.date(2007, 1, 3), dt.date(2009, 12, 31))

STRATEGIES: list[dict[str, Toml]] = [
    {"kind": "synthetic_put"},
    {"kind": "synthetic_put", "tracking": "units"},
    {"kind": "synthetic_put", "tracking": "resolve"},
    {"kind": "synthetic_put", "leland_cost_bps": 20.0},
    {"kind": "cppi", "multiplier": 4.0},
    {"kind": "cppi", "multiplier": 8.0, "gap_sigmas": 5.0},
    {"kind": "cppi", "floor_rule": "fixed"},
    {"kind": "cppi", "floor_rule": "stepped", "step_fractions": [[0.0, 0.8], [0.5, 0.85]]},
    {"kind": "tipp", "multiplier": 3.0},
    {"kind": "stop_loss"},
    {"kind": "constant_mix", "weight": 0.5},
    {"kind": "buy_and_hold"},
    {"kind": "static_put"},
    {"kind": "hybrid"},
    {"kind": "hybrid", "bought_fraction": 1.0, "gap_fraction": 0.8, "put_years": 0.3, "strike_step": 5.0},
    {"kind": "hybrid", "tracking": "units", "contract_units": 100.0},
    {
        "kind": "delta_neutral",
        "options": [
            {"kind": "put", "strike_fraction": 1.0, "units_fraction": 1.0},
            {"kind": "call", "strike_fraction": 1.2, "units_fraction": 0.5, "years": 0.2},
        ],
    },
]

BANDS: list[dict[str, Toml]] = [
    {"width_weight": 0.0},
    {"width_weight": 0.02},
    {"width_weight": 0.3},
    {"kind": "whalley_wilmott", "risk_aversion": 10.0, "cost_bps": 5.0},
    {"kind": "drift", "width_weight": 0.005, "widening_sigmas": 0.5},
]

contracts = st.builds(
    lambda strategy, floor, roll, dividends, highest, band, to, change, lot, ticket, bps, minimum, count: fund(
        strategy=strategy,
        # TIPP protects a fraction of the highest value: never more than all of it.
        protection={
            "floor_fraction": min(floor, 1.0) if strategy["kind"] == "tipp" else floor,
            "roll": roll,
            "dividends": dividends,
        },
        limits={"highest_weight": highest, "largest_change_weight": change},
        band={**band, "to": to},
        lots={"lot_units": lot, "smallest_ticket_money": ticket},
        costs={
            "commission_bps": bps,
            "half_spread_bps": bps,
            "commission_minimum_money": minimum,
            "commission_per_trade_money": minimum / 5,
            "commission_per_unit_money": minimum / 1000,
        },
        schedule={"day_count": count},
    ),
    st.sampled_from(STRATEGIES),
    st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0, 1.2]),
    st.sampled_from(["at_horizon", "none"]),
    st.sampled_from(["reinvested", "paid_out"]),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from(BANDS),
    st.sampled_from(["target", "edge"]),
    st.sampled_from([0.1, 1.0, 5.0]),
    st.sampled_from([Decimal("0.000001"), Decimal(1), Decimal(250)]),
    st.sampled_from([Decimal(0), Decimal(5000)]),
    st.sampled_from([0.0, 1.0, 50.0]),
    st.sampled_from([Decimal(0), Decimal(25)]),
    st.sampled_from(["bus/252", "act/365"]),
)

markets = st.tuples(
    st.decimals(min_value="0.01", max_value="1e6", places=6, allow_nan=False, allow_infinity=False),
    st.floats(-0.1, 0.2),
    st.sampled_from([0.0, 1e-12, 0.1, 0.2, 0.8, 3.0]),
    st.sampled_from([0.0, 0.03]),
)


def carried_out(decision: Decision) -> Holdings:
    """Holdings after fills at the decided prices."""
    trade, held = decision.trade, decision.holdings
    cash = held.cash if trade is None else trade.cash_after(held.cash)
    return held.moved(
        units=Decimal(0) if trade is None else trade.units,
        cash=sum((each.cash for each in decision.option_trades), cash) - held.cash,
        options=tuple(each.option for each in decision.option_trades),
    )


def assert_sound(contract: Fund, decision: Decision) -> None:
    assert decision.outcome in {"OK", "SKIPPED", "HELD"}, decision
    assert decision.reason, f"an outcome without a reason: {decision.outcome}"
    if decision.outcome != "OK":
        assert decision.trade is None, f"{decision.outcome} and yet a trade: {decision.reason}"
        assert decision.option_trades == (), f"{decision.outcome} and yet options are traded: {decision.reason}"
        return
    assert decision.ladder is not None
    assert decision.valuation is not None
    cut: list[Stage] = ["capped"] if decision.ladder.cut else []
    assert [rung.stage for rung in decision.ladder.rungs] == ["model", "limits", "band", "throttle", *cut, "lots"]
    for rung in decision.ladder.rungs:
        assert math.isfinite(rung.units), rung
        assert math.isfinite(rung.weight), rung
        assert rung.reason, rung
    after = carried_out(decision)  # refuses a short position and an overdraft
    assert all(check.passed for check in decision.checks)
    nav = decision.valuation.nav
    if decision.trade is not None:
        weight = float(after.units * decision.snapshot.price) / nav
        assert weight <= max(contract.limits.highest_weight, decision.valuation.weight) + 1e-9
    for option in after.options:
        assert option.units > 0, f"{option.instrument} is held short"
        assert decision.snapshot.session < option.expiry, f"{option.instrument} is held although it has expired"
    uninsured = decision.holdings.options == () and decision.option_trades == ()
    if decision.valuation.guarantee > 0.0 and not decision.valuation.cushion > 0.0 and uninsured:
        assert after.units == 0, f"no cushion and {after.units} units held"


@given(contract=contracts, path=st.lists(st.tuples(st.integers(0, 700), markets), min_size=1, max_size=5))
def test_any_contract_on_any_path_of_markets_is_decided(
    contract: Fund, path: list[tuple[int, tuple[Decimal, float, float, float]]]
) -> None:
    holdings, memory = Holdings(Decimal(0), contract.initial_money), None
    for days, (price, rate, vol, dividend_yield) in sorted(path, key=lambda each: each[0]):
        seen = snapshot(SESSIONS[days], price, rate, vol, dividend_yield)
        holdings = settled(contract, holdings, seen)
        decision = decide(contract, holdings, memory, seen)
        assert_sound(contract, decision)
        assert decide(contract, holdings, memory, seen) == decision, "the same inputs gave another decision"
        holdings, memory = carried_out(decision), decision.memory


@given(contract=contracts, units=st.integers(0, 10**6), cash=st.integers(1, 10**9), market=markets)
def test_any_holdings_are_decided(
    contract: Fund, units: int, cash: int, market: tuple[Decimal, float, float, float]
) -> None:
    holdings = Holdings(Decimal(units), Decimal(cash).scaleb(-2))
    assert_sound(contract, decide(contract, holdings, None, snapshot(SESSIONS[0], *market)))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: "-".join(str(part) for part in each.values()))
def test_the_horizon_ends_one_period_and_begins_the_next(strategy: dict[str, Toml]) -> None:
    contract = fund(strategy=strategy)
    first = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    assert first.memory is not None
    assert first.memory.period.end == dt.date(2008, 1, 3)
    horizon = snapshot(dt.date(2008, 1, 3), Decimal(105))
    last = decide(contract, settled(contract, carried_out(first), horizon), first.memory, horizon)
    assert last.rolled
    assert last.ended is not None
    assert last.ended.years_left == 0.0
    assert last.memory is not None
    assert last.memory.period.number == 2
    assert [event.kind for event in last.events][:2] == ["period ended", "period began"]


def test_a_contract_that_does_not_roll_ends() -> None:
    contract = fund(protection={"roll": "none"})
    first = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    on_the_day = decide(contract, carried_out(first), first.memory, snapshot(dt.date(2008, 1, 3), Decimal(105)))
    assert on_the_day.outcome == "OK"
    assert on_the_day.ended is not None
    later = decide(contract, carried_out(on_the_day), on_the_day.memory, snapshot(dt.date(2008, 1, 4), Decimal(90)))
    assert later.outcome == "SKIPPED"
    assert "does not roll" in later.reason


def test_a_floor_that_cannot_be_paid_for_is_held_and_says_what_it_costs() -> None:
    contract = fund(protection={"floor_fraction": 1.0})
    decision = decide(
        contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100), rate=-0.01)
    )
    assert decision.outcome == "HELD"
    assert "nothing is left to insure" in decision.reason


def test_a_breach_goes_to_cash_once_and_is_told_once() -> None:
    contract = fund(strategy={"kind": "cppi", "multiplier": 5.0})
    first = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    crash = decide(contract, carried_out(first), first.memory, snapshot(SESSIONS[1], Decimal(60)))
    assert [event.kind for event in crash.events if event.kind != "gap budget low"] == ["floor breached", "cash-lock"]
    after = carried_out(crash)
    assert after.units == 0
    quiet = decide(contract, after, crash.memory, snapshot(SESSIONS[2], Decimal(61)))
    assert [event.kind for event in quiet.events if event.kind != "gap budget low"] == []
    assert quiet.trade is None


def test_a_decision_before_the_start_is_refused() -> None:
    contract = fund(protection={"start": dt.date(2008, 1, 2)})
    with pytest.raises(InvalidInput, match="before the protection of tested starts"):
        decide(contract, Holdings(Decimal(0), Decimal(1)), None, snapshot(SESSIONS[0], Decimal(100)))


def test_memory_is_the_only_thing_remembered() -> None:
    contract = fund(strategy={"kind": "tipp", "multiplier": 3.0})
    first = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    high = decide(contract, carried_out(first), first.memory, snapshot(SESSIONS[50], Decimal(150)))
    low = decide(contract, carried_out(high), high.memory, snapshot(SESSIONS[51], Decimal(120)))
    assert low.valuation is not None
    assert high.valuation is not None
    assert low.valuation.floor >= 0.9 * high.valuation.nav - 1e-6, "TIPP's floor fell"
    forgetful = decide(contract, carried_out(high), first.memory, snapshot(SESSIONS[51], Decimal(120)))
    assert forgetful.valuation is not None
    assert forgetful.valuation.floor < low.valuation.floor


def test_decisions_are_values() -> None:
    contract = fund()
    decision = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    assert replace(decision) == decision
    assert asdict(decision)["outcome"] == "OK"
    assert isinstance(decision.memory, Memory)


@pytest.mark.parametrize("kind", ["buy_and_hold", "constant_mix"])
def test_a_first_purchase_that_was_held_is_still_to_come(kind: str) -> None:
    contract = fund(strategy={"kind": kind})
    halted = replace(surrounding(SESSIONS[0]), breaker="HALTED")
    held = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)), halted)
    assert held.outcome == "HELD"
    bought = decide(contract, carried_out(held), held.memory, snapshot(SESSIONS[1], Decimal(101)))
    assert bought.outcome == "OK"
    assert carried_out(bought).units > 0, "the purchase that was held was never made"


def test_a_commission_has_its_four_parts() -> None:
    terms: dict[str, Toml] = {
        "commission_bps": 2.0,
        "commission_per_trade_money": Decimal(5),
        "commission_per_unit_money": Decimal("0.01"),
        "half_spread_bps": 1.0,
    }
    contract = fund(strategy={"kind": "buy_and_hold", "weight": 0.5}, lots={"lot_units": 1}, costs=terms)
    decision = decide(contract, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    assert decision.trade is not None
    assert decision.trade.units == 5000
    assert decision.trade.commission == Decimal("155.00"), "2 bps of 500,000, 5 a ticket, 0.01 a unit for 5,000 units"
    assert decision.trade.spread == Decimal("50.00")
    least = fund(strategy={"kind": "buy_and_hold", "weight": 0.5}, costs={**terms, "commission_minimum_money": 400})
    most = decide(least, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    assert most.trade is not None
    assert most.trade.commission == Decimal("400.00")


@pytest.mark.parametrize(("phase", "fraction"), [("pilot", 0.1), ("live-25", 0.25)])
def test_a_sale_towards_the_highest_weight_is_sent_though_it_does_not_reach_it(phase: Phase, fraction: float) -> None:
    of = fund(strategy={"kind": "constant_mix", "weight": 0.5}, limits={"highest_weight": 0.5}, lots={"lot_units": 1})
    first = decide(of, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    holdings = Holdings(Decimal(6_000), Decimal(400_000))
    seen = replace(surrounding(SESSIONS[1]), rollout=Rollout(phase, fraction))
    done = decide(of, holdings, first.memory, snapshot(SESSIONS[1], Decimal(100)), seen)
    assert done.outcome == "OK", f"a sale that lowers the risk was refused: {done.reason}"
    assert done.trade is not None
    assert done.trade.units < 0
    (weight,) = [check for check in done.checks if check.name == "equity weight"]
    assert weight.limit == pytest.approx(0.6), "the limit is what was held: no further outside than it was"


def test_a_trade_to_the_edge_of_the_band_ends_inside_the_limits() -> None:
    band: Toml = {"width_weight": 0.02, "to": "edge"}
    of = fund(
        strategy={"kind": "cppi", "multiplier": 8.0}, limits={"highest_weight": 0.6}, band=band, lots={"lot_units": 1}
    )
    first = decide(of, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    holdings = Holdings(Decimal(6_000), Decimal(400_000))
    done = decide(of, holdings, first.memory, snapshot(SESSIONS[1], Decimal(118)), surrounding(SESSIONS[1]))
    assert done.outcome == "OK", done.reason
    assert done.ladder is not None
    assert done.ladder["limits"].weight == 0.6
    assert done.ladder["band"].weight == 0.6, "the edge of 62 % lies above the highest weight"
    assert done.ladder["lots"].weight <= 0.6


def test_a_target_that_fell_far_asks_behind_a_throttle_and_goes_on_asking_until_it_is_answered() -> None:
    of = fund(
        strategy={"kind": "cppi", "multiplier": 5.0}, limits={"largest_change_weight": 0.2}, lots={"lot_units": 1}
    )
    first = decide(of, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(SESSIONS[0], Decimal(100)))
    assert first.memory is not None
    holdings, memory = Holdings(Decimal(6_000), Decimal(400_000)), first.memory
    for session in SESSIONS[1:3]:
        done = decide(of, holdings, memory, snapshot(session, Decimal("80.2")), surrounding(session))
        (change,) = [check for check in done.checks if check.name == "change of target"]
        assert done.outcome == "HELD", f"the target fell from {memory.last_target:.2%} and nobody was asked: {change}"
        assert change.asks
        assert change.value > 0.55, f"what was measured is what the throttle left: {change}"
        assert done.memory is not None
        memory = done.memory
    given = Approval(7, ("Ada",), Decimal(-2_200), Decimal("80.2"))
    seen = replace(surrounding(SESSIONS[3]), approval=given)
    answered = decide(of, holdings, memory, snapshot(SESSIONS[3], Decimal("80.2")), seen)
    assert answered.outcome == "OK", answered.reason
    assert answered.memory is not None
    next_one = decide(
        of,
        carried_out(answered),
        answered.memory,
        snapshot(SESSIONS[4], Decimal("80.2")),
        surrounding(SESSIONS[4]),
    )
    assert next_one.outcome == "OK", f"the rest of what was answered is asked about again: {next_one.reason}"


def surrounding(session: dt.date) -> Circumstances:
    """An ordinary slot at the close, decided by the rules of now."""
    opens, closes = (dt.datetime.combine(session, dt.time(hour), dt.UTC) for hour in (14, 21))
    return Circumstances(now=closes, opens=opens, closes=closes, price_sessions=0, edition=EDITION)

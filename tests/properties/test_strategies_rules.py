"""Laws of the plain rules: bounded, defined for every sight, and each true to the one idea of its method."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import FloorUnaffordable, InvalidInput
from insure.strategies import (
    BuyAndHold,
    ConstantMix,
    Cppi,
    DeltaNeutral,
    Hybrid,
    Opening,
    Option,
    Sight,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)

OPENING = Opening(100.0, 50.0, 1.0, 0.03, 0.01, 0.2)
EVERY_STRATEGY: tuple[Strategy, ...] = (
    SyntheticPut(95.0),
    SyntheticPut(95.0, tracking="units"),
    SyntheticPut(95.0, tracking="resolve"),
    SyntheticPut(95.0, financing="external"),
    Cppi(90.0),
    Cppi(90.0, floor_rule="fixed", gap_sigmas=5.0),
    Cppi(90.0, floor_rule="zero_coupon", zero_rates=((0.5, 0.02), (2.0, 0.03))),
    Cppi(95.0, floor_rule="stepped", steps=((0.0, 80.0), (0.5, 90.0))),
    Tipp(),
    StopLoss(95.0),
    ConstantMix(),
    BuyAndHold(0.7),
    StaticPut(95.0),
    Hybrid(95.0),
    Hybrid(95.0, gap=0.85, bought=1.0, put_years=0.25, tracking="units"),
    DeltaNeutral((Option("call", -1.0, 50.0, 0.5), Option("put", -1.0, 45.0, 1.5)), notional=100.0),
)


def sight(nav: float, spot: float, left: float, vol: float, weight: float, floor: float) -> Sight:
    return Sight(
        nav=nav,
        spot=spot,
        log_ratio=math.log(spot / OPENING.spot),
        weight=weight,
        floor=floor,
        elapsed=OPENING.years - left,
        years_left=left,
        rate=OPENING.rate,
        dividend_yield=OPENING.dividend_yield,
        vol=vol,
    )


@pytest.mark.parametrize("strategy", EVERY_STRATEGY, ids=repr)
@given(
    nav=st.floats(1.0, 1000.0),
    spot=st.floats(1.0, 500.0),
    left=st.one_of(st.just(0.0), st.floats(0.0, 1.0)),
    vol=st.one_of(st.just(0.0), st.floats(0.0, 3.0)),
    weight=st.floats(0.0, 1.5),
)
def test_every_rule_answers_every_sight(
    strategy: Strategy, nav: float, spot: float, left: float, vol: float, weight: float
) -> None:
    start = strategy.begin(OPENING)
    floor = strategy.scheduled_floor(start, OPENING.years - left, left, OPENING.rate)
    seen = sight(nav, spot, left, vol, weight, floor)
    first, floor_now, state = strategy.rule(start.terms, start.state, seen)
    assert math.isfinite(first), f"{strategy.kind} asks for {first} at {seen}"
    assert math.isfinite(floor_now)
    assert floor_now >= floor, "a rule may lift the scheduled floor, never lower it"
    assert all(math.isfinite(figure) for figure in state)
    assert strategy.rule(start.terms, start.state, seen) == (first, floor_now, state), "a rule has no memory of its own"


@pytest.mark.parametrize("strategy", EVERY_STRATEGY, ids=repr)
def test_every_strategy_is_a_value_with_a_compilable_start(strategy: Strategy) -> None:
    start = strategy.begin(OPENING)
    assert strategy.rule.__module__.startswith("insure.strategies."), "a compiler takes module-level functions"
    assert strategy.rule.__closure__ is None, "a rule closes over nothing"
    assert start.guarantee >= 0.0
    assert all(isinstance(term, float) for term in start.terms), "terms are flat numbers"
    assert strategy.begin(OPENING) == start, "the same opening begins the same period"
    with pytest.raises((AttributeError, TypeError)):
        setattr(strategy, "kind", "another")  # noqa: B010


def test_kinds_are_the_words_of_fund_files() -> None:
    assert {strategy.kind for strategy in EVERY_STRATEGY} == {
        "synthetic_put",
        "cppi",
        "tipp",
        "stop_loss",
        "constant_mix",
        "buy_and_hold",
        "static_put",
        "hybrid",
        "delta_neutral",
    }


@given(navs=st.lists(st.floats(20.0, 400.0), min_size=1, max_size=30), protect=st.floats(0.0, 0.99))
def test_the_floor_of_tipp_never_falls(navs: Sequence[float], protect: float) -> None:
    strategy = Tipp(protect)
    start = strategy.begin(OPENING)
    state, floor, peak = start.state, start.guarantee, 100.0
    for nav in navs:
        peak = max(peak, nav)
        weight, now, state = strategy.rule(start.terms, state, sight(nav, 50.0, 0.5, 0.2, 0.5, start.guarantee))
        assert now >= floor, f"the floor fell from {floor} to {now}"
        assert state.peak == peak
        assert now == pytest.approx(protect * peak, rel=1e-12)
        assert weight == pytest.approx(max(4.0 * (nav - now), 0.0) / nav, abs=1e-12)
        floor = now


@given(navs=st.lists(st.floats(50.0, 200.0), min_size=1, max_size=30))
def test_a_stop_is_final(navs: Sequence[float]) -> None:
    strategy = StopLoss(95.0)
    start = strategy.begin(OPENING)
    floor = strategy.scheduled_floor(start, 0.5, 0.5, 0.03)
    state, touched = start.state, False
    for nav in navs:
        weight, _, state = strategy.rule(start.terms, state, sight(nav, 50.0, 0.5, 0.2, 0.5, floor))
        touched = touched or nav <= floor
        assert weight == (0.0 if touched else 1.0)


@given(nav=st.floats(50.0, 200.0), multiplier=st.floats(0.5, 20.0), cap=st.floats(0.1, 3.0))
def test_cppi_holds_its_multiple_of_the_cushion(nav: float, multiplier: float, cap: float) -> None:
    strategy = Cppi(90.0, multiplier, cap=cap)
    start = strategy.begin(OPENING)
    floor = strategy.scheduled_floor(start, 0.5, 0.5, 0.03)
    assert floor == pytest.approx(90.0 * math.exp(-0.015), rel=1e-15)
    weight, seen, _ = strategy.rule(start.terms, start.state, sight(nav, 50.0, 0.5, 0.2, 0.5, floor))
    assert weight * nav == pytest.approx(min(multiplier * max(nav - floor, 0.0), cap * nav), rel=1e-12, abs=1e-12)
    assert seen == floor


@given(nav=st.floats(80.0, 200.0), vol=st.floats(0.0, 2.0), sigmas=st.floats(0.5, 10.0))
def test_a_bounded_multiplier_survives_the_fall_it_allows_for(nav: float, vol: float, sigmas: float) -> None:
    strategy = Cppi(90.0, 10.0, floor_rule="fixed", gap_sigmas=sigmas)
    start = strategy.begin(OPENING)
    assert start.reads_vol
    weight, floor, state = strategy.rule(start.terms, start.state, sight(nav, 50.0, 0.5, vol, 0.5, 90.0))
    fall = min(sigmas * vol / math.sqrt(252.0), 1.0)
    assert nav * (1.0 - weight * fall) >= min(nav, floor) - 1e-9
    assert state.mark <= 10.0


@pytest.mark.parametrize(
    ("elapsed", "floor"), [(0.0, 80.0), (0.25, 80.0), (0.5, 90.0), (0.5 - 1e-12, 90.0), (0.75, 90.0), (1.0, 90.0)]
)
def test_a_stepped_floor_steps_on_its_dates(elapsed: float, floor: float) -> None:
    strategy = Cppi(95.0, floor_rule="stepped", steps=((0.0, 80.0), (0.5, 90.0)))
    assert strategy.scheduled_floor(strategy.begin(OPENING), elapsed, 1.0 - elapsed, 0.03) == floor


@pytest.mark.parametrize(("left", "zero"), [(0.25, 0.02), (0.5, 0.02), (1.25, 0.025), (2.0, 0.03), (3.0, 0.03)])
def test_a_zero_coupon_floor_is_discounted_on_its_curve(left: float, zero: float) -> None:
    strategy = Cppi(90.0, floor_rule="zero_coupon", zero_rates=((0.5, 0.02), (2.0, 0.03)))
    floor = strategy.scheduled_floor(strategy.begin(OPENING), 0.0, left, 0.5)
    assert floor == pytest.approx(90.0 * math.exp(-zero * left), rel=1e-14)


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        (Cppi(104.0), "no cushion to invest"),
        (Cppi(100.0, floor_rule="fixed"), "no cushion to invest"),
        (Tipp(1.0), "no cushion to invest"),
        (StopLoss(104.0), "stopped at once"),
        (StaticPut(104.0), "nothing is left to insure"),
        (Hybrid(104.0), "nothing is left to insure"),
        (SyntheticPut(104.0), "nothing is left to insure"),
    ],
)
def test_a_promise_that_cannot_be_paid_is_refused(strategy: Strategy, sentence: str) -> None:
    with pytest.raises(FloorUnaffordable, match=sentence):
        strategy.begin(OPENING)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: Tipp(protect=1.5), "protect"),
        (lambda: Tipp(multiplier=0.0), "multiplier"),
        (lambda: Tipp(cap=math.nan), "cap"),
        (lambda: StopLoss(-1.0), "floor"),
        (lambda: StopLoss(95.0, weight=0.0), "weight"),
        (lambda: ConstantMix(-0.1), "weight"),
        (lambda: BuyAndHold(math.nan), "weight"),
        (lambda: StaticPut(95.0, years=0.0), "years"),
        (lambda: StaticPut(95.0, vol=-0.1), "vol"),
        (lambda: Hybrid(95.0, bought=1.1), "bought"),
        (lambda: Hybrid(95.0, gap=0.0), "gap"),
        (lambda: Hybrid(95.0, gap=1.2), "gap"),
        (lambda: Hybrid(95.0, strike_step=-1.0), "strike_step"),
        (lambda: Cppi(90.0, cap=0.0), "cap"),
        (lambda: Cppi(90.0, floor_rule="stepped"), "steps"),
        (lambda: Cppi(90.0, steps=((0.5, 1.0), (0.5, 2.0))), r"steps\[1\]"),
        (lambda: DeltaNeutral(()), "options"),
        (lambda: DeltaNeutral((Option("put", 1.0, 0.0, 1.0),)), r"options\[0\] strike"),
        (lambda: DeltaNeutral((Option("put", math.nan, 90.0, 1.0),)), r"options\[0\] units"),
        (lambda: DeltaNeutral((Option("put", 1.0, 90.0, 1.0),), tolerance=-0.1), "tolerance"),
        (lambda: DeltaNeutral((Option("put", 0.0, 90.0, 1.0),)).begin(OPENING), "notional"),
    ],
)
def test_parameters_without_meaning_are_named(build: object, name: str) -> None:
    assert callable(build)
    with pytest.raises(InvalidInput, match=f"^{name} is "):
        build()


def test_constant_mix_and_buy_and_hold_promise_nothing() -> None:
    rng = np.random.default_rng(7)
    for strategy in (ConstantMix(0.3), BuyAndHold(0.3)):
        start = strategy.begin(OPENING)
        assert start.guarantee == 0.0
        assert strategy.scheduled_floor(start, 0.5, 0.5, float(rng.uniform())) == 0.0
        assert strategy.rule(start.terms, start.state, sight(100.0, 50.0, 1.0, 0.2, 0.0, 0.0))[0] == 0.3

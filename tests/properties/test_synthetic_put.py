"""Laws of the replicated put: it is solved exactly, defined everywhere, and its three trackings agree on the model."""

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from insure.errors import FloorUnaffordable, InvalidInput
from insure.pricing import black_scholes
from insure.slippage import Mark, Twin
from insure.strategies import Opening, Sight, SyntheticPut, synthetic_put
from insure.strategies.synthetic_put import Dividends, Financing, Solution, Tracking

values = st.floats(1.0, 1e9)
shares = st.floats(0.01, 1.3)
times = st.floats(0.01, 10.0)
rates = st.floats(-0.03, 0.15)
vols = st.floats(0.01, 1.0)
yields = st.floats(0.0, 0.06)
dividends = st.sampled_from(["reinvested", "paid_out"])
TRACKINGS: tuple[Tracking, ...] = ("weight", "units", "resolve")


def solved(
    value: float, share: float, years: float, rate: float, vol: float, dividend_yield: float, how: Dividends
) -> Solution:
    assume(share * math.exp(-rate * years) < 0.995)
    return synthetic_put.solve(value, share * value, years, rate, vol, dividend_yield, how)


def sight(opening: Opening, *, nav: float, spot: float, years_left: float, vol: float, floor: float) -> Sight:
    return Sight(
        nav=nav,
        spot=spot,
        log_ratio=math.log(spot / opening.spot),
        weight=0.5,
        floor=floor,
        elapsed=opening.years - years_left,
        years_left=years_left,
        rate=opening.rate,
        dividend_yield=opening.dividend_yield,
        vol=vol,
    )


@given(value=values, share=shares, years=times, rate=rates, vol=vols, dividend_yield=yields, how=dividends)
def test_solution_spends_exactly_the_fund(
    value: float, share: float, years: float, rate: float, vol: float, dividend_yield: float, how: Dividends
) -> None:
    """nK = F and V0 = n (A + P(K)), P from the pricing room."""
    solution = solved(value, share, years, rate, vol, dividend_yield, how)
    units, strike = solution.participation * value, solution.strike_ratio
    assert units * strike == pytest.approx(share * value, rel=1e-12), "nK is not the floor"
    stock = math.exp(-dividend_yield * years) if how == "reinvested" else 1.0
    premium = black_scholes.put(1.0, strike, years, rate, vol, dividend_yield)
    assert units * (stock + premium) == pytest.approx(value, rel=1e-12), "the structure does not cost the fund"
    assert solution.put_cost * value == pytest.approx(units * premium, rel=1e-9, abs=1e-12 * value)


@given(value=values, share=shares, years=times, rate=rates, vol=vols, dividend_yield=yields, how=dividends)
def test_the_first_weight_is_the_structures_delta(
    value: float, share: float, years: float, rate: float, vol: float, dividend_yield: float, how: Dividends
) -> None:
    solution = solved(value, share, years, rate, vol, dividend_yield, how)
    delta = black_scholes.greeks("put", 1.0, solution.strike_ratio, years, rate, vol, dividend_yield).delta
    stock = math.exp(-dividend_yield * years) if how == "reinvested" else 1.0
    assert solution.equity_weight == pytest.approx(solution.participation * (stock + delta), abs=1e-11)
    assert synthetic_put.weight(solution, 1.0, years) == pytest.approx(solution.equity_weight, abs=1e-11)
    assert -1e-12 <= solution.equity_weight <= 1.0 + 1e-12


@given(share=shares, years=times, rate=rates, vol=vols, dividend_yield=yields, how=dividends, ratio=st.floats(0.2, 5.0))
def test_the_model_weight_is_the_twins(
    share: float, years: float, rate: float, vol: float, dividend_yield: float, how: Dividends, ratio: float
) -> None:
    """At every later moment the weight is that of stock with the true put, priced beside it."""
    solution = solved(100.0, share, years, rate, vol, dividend_yield, how)
    twin = Twin.bought(100.0, share * 100.0, Mark(50.0, years, rate, dividend_yield, vol), how)
    for left in (years, 0.37 * years, 1e-6):
        value, delta = twin.value_and_delta(Mark(50.0 * ratio, left, rate, dividend_yield, vol))
        held = synthetic_put.weight(solution, ratio, left)
        assert held == pytest.approx(delta * 50.0 * ratio / value, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("how", ["reinvested", "paid_out"])
@pytest.mark.parametrize("dividend_yield", [0.0, 0.03])
def test_a_premium_from_outside_leaves_all_the_stock_insured(how: Dividends, dividend_yield: float) -> None:
    """Sold at the start: e^{-qT} N(-d1), whatever becomes of dividends; the later weight is the same formula."""
    solution = synthetic_put.solve(100.0, 95.0, 1.0, 0.05, 0.2, dividend_yield, how, "external")
    put = black_scholes.greeks("put", 100.0, 95.0, 1.0, 0.05, 0.2, dividend_yield)
    assert solution.participation == 1.0
    assert solution.equity_weight == pytest.approx(1.0 + put.delta, abs=1e-14)
    assert synthetic_put.weight(solution, 1.0, 1.0) == pytest.approx(solution.equity_weight, abs=1e-14)
    later = black_scholes.greeks("put", 90.0, 95.0, 0.5, 0.05, 0.2, dividend_yield)
    assert synthetic_put.weight(solution, 0.9, 0.5) == pytest.approx(1.0 + later.delta, abs=1e-14)


def test_the_textbook_portfolio_sells_a_third() -> None:
    """90 m protected at 87 m for half a year, r 9 %, q 3 %, vol 25 %: 32.15 % is sold (Hull, Portfolio insurance)."""
    solution = synthetic_put.solve(90e6, 87e6, 0.5, 0.09, 0.25, 0.03, financing="external")
    assert 1.0 - solution.equity_weight == pytest.approx(0.3215, abs=5e-5)


@given(years=times, vol=vols, rate=rates, dividend_yield=yields, how=dividends)
def test_the_equity_of_a_vanishing_cushion_vanishes_with_it(
    years: float, vol: float, rate: float, dividend_yield: float, how: Dividends
) -> None:
    """Down to a cushion of a few roundings of the fund, the structure solved anew never holds more than it did."""
    opening = Opening(100.0, 50.0, years, rate, dividend_yield, vol)
    strategy = SyntheticPut(1.0, years, vol, tracking="resolve", dividends=how)
    start = strategy.begin(opening)
    floor = math.exp(-rate * years)
    held = math.inf
    for cushion in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11, 1e-13, 1e-15):
        nav = floor * (1.0 + cushion)
        now = sight(opening, nav=nav, spot=50.0, years_left=years, vol=vol, floor=floor)
        asked, _, solved_anew = strategy.rule(start.terms, start.state, now)
        assert 0.0 <= asked <= held, f"a cushion of {cushion:g} of the floor holds {asked:g}, a larger one {held:g}"
        assert solved_anew.units * solved_anew.strike == pytest.approx(1.0, rel=1e-9), "nK is not the guarantee"
        held = asked


@given(
    share=st.floats(0.05, 0.98),
    years=times,
    vol=vols,
    dividend_yield=yields,
    how=dividends,
    financing=st.sampled_from(["fund", "external"]),
    ratio=st.floats(0.3, 3.0),
)
@example(share=0.6875, years=7.34, vol=0.01, dividend_yield=0.0, how="reinvested", financing="fund", ratio=0.5)
def test_on_the_model_the_three_trackings_hold_the_same(
    share: float,
    years: float,
    vol: float,
    dividend_yield: float,
    how: Dividends,
    financing: Financing,
    ratio: float,
) -> None:
    """With NAV equal to the structure's value, model weight, model units and the structure solved anew are one."""
    opening = Opening(100.0, 50.0, years, 0.03, dividend_yield, vol)
    left, spot = 0.6 * years, 50.0 * ratio
    asked: dict[str, float] = {}
    nav = 0.0
    for tracking in TRACKINGS:
        strategy = SyntheticPut(100.0 * share, years, vol, tracking=tracking, dividends=how, financing=financing)
        start = strategy.begin(opening)
        twin = Twin(start.state.units, start.state.strike, how == "reinvested" and financing == "fund")
        nav = twin.value_and_delta(Mark(spot, left, 0.03, dividend_yield, vol))[0]
        if financing == "external":
            nav = start.state.units * spot
        floor = strategy.scheduled_floor(start, years - left, left, 0.03)
        now = sight(opening, nav=nav, spot=spot, years_left=left, vol=vol, floor=floor)
        asked[tracking] = strategy.rule(start.terms, start.state, now)[0]
    assert asked["units"] == pytest.approx(asked["weight"], rel=1e-9, abs=1e-11)
    # The structure solved anew insures the guarantee F, the old one nK = F: the same strike, up to the solver's end.
    if financing == "fund":
        assert asked["resolve"] == pytest.approx(asked["weight"], rel=1e-6, abs=1e-7)
    else:
        cover = 100.0 * share / nav
        expected = 1.0 + black_scholes.greeks("put", 1.0, cover, left, 0.03, vol, dividend_yield).delta
        assert asked["resolve"] == pytest.approx(expected, abs=1e-11)


@given(nav=st.floats(50.0, 200.0), spot=st.floats(20.0, 300.0), left=st.floats(0.0, 1.0), vol=st.floats(0.0, 2.0))
def test_every_tracking_answers_every_sight(nav: float, spot: float, left: float, vol: float) -> None:
    opening = Opening(100.0, 100.0, 1.0, 0.03, 0.01, 0.2)
    for tracking in TRACKINGS:
        strategy = SyntheticPut(95.0, tracking=tracking, vol=0.2)
        start = strategy.begin(opening)
        floor = strategy.scheduled_floor(start, 1.0 - left, left, 0.03)
        now = sight(opening, nav=nav, spot=spot, years_left=left, vol=vol, floor=floor)
        weight, seen_floor, state = strategy.rule(start.terms, start.state, now)
        assert math.isfinite(weight), (tracking, now)
        assert weight >= 0.0
        assert seen_floor == floor
        assert all(math.isfinite(figure) for figure in state)
        if tracking == "weight":
            assert weight <= 1.0 + 1e-12
        if tracking == "resolve":
            again = strategy.rule(start.terms, state, now)
            assert again == (weight, seen_floor, state), "solving the same NAV twice must change nothing"
            assert weight <= 1.0 + 1e-9


def test_a_floor_that_is_no_longer_affordable_is_held_in_cash() -> None:
    strategy = SyntheticPut(95.0, tracking="resolve", vol=0.2)
    opening = Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2)
    start = strategy.begin(opening)
    floor = strategy.scheduled_floor(start, 0.5, 0.5, 0.03)
    now = sight(opening, nav=floor * (1.0 - 1e-12), spot=80.0, years_left=0.5, vol=0.2, floor=floor)
    assert strategy.rule(start.terms, start.state, now)[0] == 0.0
    above = now._replace(nav=floor * 1.001)
    assert strategy.rule(start.terms, start.state, above)[0] > 0.0


@pytest.mark.parametrize("tracking", TRACKINGS)
def test_at_the_horizon_it_is_all_stock_or_all_cash(tracking: Tracking) -> None:
    opening = Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2)
    strategy = SyntheticPut(95.0, tracking=tracking, vol=0.2)
    start = strategy.begin(opening)
    for spot, stock in ((150.0, True), (50.0, False)):
        nav = start.state.units * max(spot, start.state.strike)
        now = sight(opening, nav=nav, spot=spot, years_left=0.0, vol=0.2, floor=95.0)
        weight = strategy.rule(start.terms, start.state, now)[0]
        assert weight == pytest.approx(1.0 if stock else 0.0, abs=1e-9)


@given(cost=st.floats(0.0, 500.0), vol=st.floats(0.05, 0.8), interval=st.floats(1 / 252, 1 / 4))
def test_lelands_volatility(cost: float, vol: float, interval: float) -> None:
    """v^2 (1 + sqrt(2/pi) c / (v sqrt(dt))): the solved strike is that of the plain structure at that volatility."""
    strategy = SyntheticPut(90.0, vol=vol, leland_cost_bps=cost, leland_interval_years=interval)
    adjusted = vol * math.sqrt(1.0 + math.sqrt(2.0 / math.pi) * cost * 1e-4 / (vol * math.sqrt(interval)))
    opening = Opening(100.0, 100.0, 1.0, 0.03, 0.0, vol)
    plain = synthetic_put.solve(100.0, 90.0, 1.0, 0.03, adjusted)
    assert strategy.solve(opening).strike_ratio == pytest.approx(plain.strike_ratio, rel=1e-12)
    start = strategy.begin(opening)
    now = sight(opening, nav=95.0, spot=92.0, years_left=0.4, vol=vol, floor=0.0)
    assert strategy.rule(start.terms, start.state, now)[0] == pytest.approx(
        synthetic_put.weight(plain, 0.92, 0.4), rel=1e-10
    )


@given(value=values, rate=rates, years=times, excess=st.floats(1.0, 3.0))
def test_an_unaffordable_floor_is_refused_with_its_price(
    value: float, rate: float, years: float, excess: float
) -> None:
    floor = value * math.exp(rate * years) * excess * (1.0 + 1e-12)
    with pytest.raises(FloorUnaffordable, match="nothing is left to insure"):
        synthetic_put.solve(value, floor, years, rate, 0.2)


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6])
def test_a_floor_that_is_barely_affordable_is_solved_too(distance: float) -> None:
    floor = 100.0 * math.exp(0.05) * (1.0 - distance)
    solution = synthetic_put.solve(100.0, floor, 1.0, 0.05, 0.2)
    premium = black_scholes.put(1.0, solution.strike_ratio, 1.0, 0.05, 0.2)
    assert solution.participation * (1.0 + premium) == pytest.approx(1.0, rel=1e-10)
    assert 100.0 * solution.participation * solution.strike_ratio == pytest.approx(floor, rel=1e-10)


def test_no_floor_is_all_stock_and_no_put() -> None:
    solution = synthetic_put.solve(100.0, 0.0, 1.0, 0.05, 0.2)
    assert (solution.participation, solution.put_cost, solution.equity_weight) == (1.0, 0.0, 1.0)
    strategy = SyntheticPut(0.0)
    opening = Opening(100.0, 100.0, 1.0, 0.05, 0.0, 0.2)
    start = strategy.begin(opening)
    now = sight(opening, nav=60.0, spot=60.0, years_left=0.5, vol=0.2, floor=0.0)
    assert strategy.rule(start.terms, start.state, now)[0] == 1.0


def test_without_volatility_and_rate_above_the_floor_nothing_is_sold() -> None:
    solution = synthetic_put.solve(100.0, 95.0, 1.0, 0.05, 0.0)
    assert solution.equity_weight == 1.0
    assert solution.participation == 1.0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("value", (0.0, 95.0, 1.0, 0.05, 0.2)),
        ("floor", (100.0, -1.0, 1.0, 0.05, 0.2)),
        ("years", (100.0, 95.0, math.nan, 0.05, 0.2)),
        ("rate", (100.0, 95.0, 1.0, math.inf, 0.2)),
        ("vol", (100.0, 95.0, 1.0, 0.05, -0.2)),
    ],
)
def test_bad_input_is_named(name: str, arguments: tuple[float, float, float, float, float]) -> None:
    with pytest.raises(InvalidInput, match=f"^{name} is "):
        synthetic_put.solve(*arguments)

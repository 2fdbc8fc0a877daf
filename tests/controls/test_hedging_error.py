"""The standard deviation of a hedge at steps: against Derman and Kamal, against quadrature, against a simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from insure.controls.hedging_error import hedging_deviation, slippage_in_deviations, stepping_deviation
from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.simulation import GBM, simulate
from insure.strategies import SyntheticPut, synthetic_put
from tests.reports.lives import CPPI, contract, live, prices


def at_the_money(vol: float, years: float) -> float:
    """S0/K at which d2 is zero with no interest."""
    return math.exp(0.5 * vol * vol * years)


@given(st.floats(0.05, 0.8), st.floats(0.1, 5.0), st.integers(1, 2000))
def test_at_the_money_over_the_life_it_is_derman_and_kamal(vol: float, years: float, steps: int) -> None:
    ratio = at_the_money(vol, years)
    found = hedging_deviation(100.0, ratio, years, years, steps, 0.0, vol)
    vega = float(black_scholes.greeks("put", 100.0 * ratio, 100.0, years, 0.0, vol).vega)
    # Their vega is S sqrt(T) n(d1), and S n(d1) = K n(d2) where rates are zero: d2 = 0 here.
    assert found == pytest.approx(math.sqrt(math.pi / 4.0) * vega * vol / math.sqrt(steps), rel=1e-12)


@given(st.floats(0.7, 1.4), st.floats(0.1, 5.0), st.floats(0.01, 1.0), st.floats(-0.02, 0.08), st.floats(0.05, 0.6))
def test_the_integral_is_that_of_quadrature(
    moneyness: float, years: float, part: float, rate: float, vol: float
) -> None:
    d = (math.log(moneyness) + rate * years) / (vol * math.sqrt(years)) - 0.5 * vol * math.sqrt(years)
    wanted, _ = quad(lambda a: math.exp(-d * d / (1.0 + math.sin(a))), 0.0, math.asin(part), epsabs=0, epsrel=1e-12)
    found = hedging_deviation(1.0, moneyness, years, part * years, 252, rate, vol)
    scale = math.exp(-rate * years * (1.0 - part)) * vol * math.sqrt(years / (4.0 * math.pi * 252))
    assert found == pytest.approx(scale * math.sqrt(wanted), rel=1e-7, abs=1e-12)


def test_it_grows_with_time_and_falls_with_the_number_of_steps() -> None:
    over_time = [hedging_deviation(100.0, 1.05, 1.0, t, 252, 0.02, 0.2) for t in np.linspace(0.0, 1.0, 21)]
    assert over_time[0] == 0.0
    assert over_time == sorted(over_time)
    by_steps = [hedging_deviation(100.0, 1.05, 1.0, 1.0, n, 0.02, 0.2) for n in (12, 52, 252, 2520)]
    assert by_steps == sorted(by_steps, reverse=True)
    assert by_steps[0] / by_steps[3] == pytest.approx(math.sqrt(2520 / 12))


def test_a_simulation_slips_as_much() -> None:
    """20,000 paths of a self-financed insured fund on 252 steps: within 5 % of the formula."""
    strategy = SyntheticPut(floor=95.0, years=1.0, vol=0.2, tracking="units")
    study = simulate(strategy, GBM(0.2, 0.03), value=100.0, years=1.0, steps=252, paths=20_000, seed=7, rate=0.03)
    solved = synthetic_put.solve(100.0, 95.0, 1.0, 0.03, 0.2)
    wanted = hedging_deviation(95.0, 1.0 / solved.strike_ratio, 1.0, 1.0, 252, 0.03, 0.2)
    assert float(np.std(study.slippage)) == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("bad", [{"years": 0.0}, {"vol": math.nan}, {"moneyness": -1.0}, {"steps": 0.0}])
def test_impossible_arguments_are_refused(bad: dict[str, float]) -> None:
    arguments = {
        "strike_money": 100.0, "moneyness": 1.0, "years": 1.0, "elapsed": 0.5, "steps": 252.0, "rate": 0.02, "vol": 0.2,
    }  # fmt: skip
    with pytest.raises(InvalidInput, match=next(iter(bad))):
        hedging_deviation(**{**arguments, **bad})


@pytest.mark.parametrize(("exponent", "steps"), [(4.0, 63), (5.0, 63), (0.5, 63), (3.0, 6)])
def test_a_rule_followed_at_steps_strays_as_much_as_a_simulation(exponent: float, steps: int) -> None:
    """200,000 paths of a quarter, against the rule that is always followed on the same paths."""
    rate, vol, years, base = 0.03, 0.2, 0.25, 10.0
    dt = years / steps
    z = np.random.default_rng(11).standard_normal((200_000, steps))
    gross = np.exp((rate - 0.5 * vol * vol) * dt + vol * math.sqrt(dt) * z)
    at_steps = base * np.prod(math.exp(rate * dt) + exponent * (gross - math.exp(rate * dt)), axis=1)
    carry = math.exp((1.0 - exponent) * (rate + 0.5 * exponent * vol * vol) * years)
    always = base * np.prod(gross, axis=1) ** exponent * carry
    found = stepping_deviation(base, exponent, years, steps, rate, vol)
    assert float(np.std(at_steps - always)) == pytest.approx(found, rel=0.08)


@given(st.floats(0.05, 0.6), st.floats(0.01, 2.0), st.integers(1, 500), st.floats(-0.05, 0.1))
def test_who_holds_all_or_nothing_in_stock_strays_by_nothing(vol: float, years: float, steps: int, rate: float) -> None:
    assert stepping_deviation(100.0, 1.0, years, steps, rate, vol) == 0.0
    assert stepping_deviation(100.0, 0.0, years, steps, rate, vol) == 0.0


@pytest.mark.parametrize(
    "strategy", [CPPI, 'kind = "tipp"', 'kind = "stop_loss"', 'kind = "constant_mix"\nweight = 0.6']
)
def test_slippage_of_a_rule_that_is_no_put_is_measured_and_trips_where_execution_fails(strategy: str) -> None:
    fund = contract(strategy)
    record = live(fund, prices(20))[-1]
    usual = slippage_in_deviations(fund, record, 63)
    assert usual is not None, "every rule that follows the market is measured"
    assert abs(usual) < 6.0, f"{strategy}: {usual} deviations without any fault"
    assert record.track is not None
    lost = {**record.track.causes, "execution": -0.05 * float(record.nav)}
    late = replace(record, track=replace(record.track, causes=lost))
    found = slippage_in_deviations(fund, late, 63)
    assert found is not None
    assert found < -6.0, f"{strategy}: 5 % of the fund lost in execution is {found} deviations"


@pytest.mark.parametrize("strategy", ['kind = "buy_and_hold"\nweight = 0.6', 'kind = "static_put"'])
def test_what_is_bought_once_is_not_measured(strategy: str) -> None:
    fund = contract(strategy)
    assert slippage_in_deviations(fund, live(fund, prices(10))[-1], 63) is None

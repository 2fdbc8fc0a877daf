"""Laws of the bands: where their widths come from, and what they save."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.backtest import replay
from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.rebalancing import Band, DriftBand, FixedBand, WhalleyWilmottBand, target_gamma
from insure.slippage import Mark, Twin
from insure.strategies import ConstantMix, Cppi, Opening, Sight, SyntheticPut
from insure.strategies.synthetic_put import Tracking

VOL, RATE = 0.2, 0.03
TRACKINGS: tuple[Tracking, ...] = ("weight", "units", "resolve")


def sight(nav: float, spot: float, left: float, weight: float, floor: float = 0.0) -> Sight:
    return Sight(nav, spot, math.log(spot / 100.0), weight, floor, 1.0 - left, left, RATE, 0.0, VOL)


@given(spot=st.floats(70.0, 130.0), left=st.sampled_from([1 / 252, 0.02, 0.1, 0.5, 1.0]))
def test_the_gamma_of_a_put(spot: float, left: float) -> None:
    """On its model, the put's own gamma times the units of the structure, whatever the tracking."""
    opening = Opening(100.0, 100.0, 1.0, RATE, 0.0, VOL)
    for tracking in TRACKINGS:
        strategy = SyntheticPut(95.0, vol=VOL, tracking=tracking)
        start = strategy.begin(opening)
        twin = Twin(start.state.units, start.state.strike)
        nav, delta = twin.value_and_delta(Mark(spot, left, RATE, 0.0, VOL))
        seen = sight(nav, spot, left, delta * spot / nav)
        gamma = black_scholes.greeks("put", spot, start.state.strike, left, RATE, VOL).gamma
        expected = start.state.units * gamma
        found = target_gamma(strategy.rule, start.terms, start.state, seen)
        # Next to the peak of the last day the bump of 0.01 % is a hundredth of the day's standard deviation.
        assert found == pytest.approx(expected, rel=2e-4, abs=2e-6), tracking


@given(nav=st.floats(91.0, 150.0), spot=st.floats(50.0, 200.0), multiplier=st.floats(1.5, 8.0))
def test_the_gamma_of_a_cushion(nav: float, spot: float, multiplier: float) -> None:
    """E = m C: holding E, the units m C / S change by (m - 1) units / S a unit of price."""
    strategy = Cppi(90.0, multiplier, floor_rule="fixed")
    start = strategy.begin(Opening(100.0, 100.0, 1.0, RATE, 0.0, VOL))
    weight = multiplier * (nav - 90.0) / nav
    units = weight * nav / spot
    found = target_gamma(strategy.rule, start.terms, start.state, sight(nav, spot, 0.5, weight, 90.0))
    assert found == pytest.approx((multiplier - 1.0) * units / spot, rel=1e-5)


def test_whalley_and_wilmotts_width_counted_by_hand() -> None:
    """S 100, Gamma 0.02 of a fund of 100, c 10 bp, R 10, a quarter to go: (1.5 e^{-rt} c S G^2 V / R)^(1/3) units."""
    band = WhalleyWilmottBand(cost_bps=10.0, risk_aversion=10.0)
    width = band.rule(band.terms, sight(100.0, 100.0, 0.25, 0.5), 0.02)
    units = (1.5 * math.exp(-0.0075) * 0.001 * 100.0 * 0.0004 * 10.0) ** (1.0 / 3.0)
    assert width == pytest.approx(units, rel=1e-14)
    assert width == pytest.approx(0.0842, abs=1e-4)


@given(gamma=st.floats(1e-6, 1.0), cost=st.floats(0.1, 100.0), factor=st.floats(1.1, 10.0))
def test_whalley_and_wilmotts_width_scales_with_its_cube_roots(gamma: float, cost: float, factor: float) -> None:
    now = sight(100.0, 100.0, 0.25, 0.5)

    def width(cost_bps: float, risk_aversion: float, target: float) -> float:
        band = WhalleyWilmottBand(cost_bps, risk_aversion)
        return band.rule(band.terms, now, target)

    base = width(cost, 10.0, gamma)
    assert width(factor * cost, 10.0, gamma) == pytest.approx(base * factor ** (1 / 3), rel=1e-12)
    assert width(cost, 10.0 * factor, gamma) == pytest.approx(base / factor ** (1 / 3), rel=1e-12)
    assert width(cost, 10.0, -factor * gamma) == pytest.approx(base * factor ** (2 / 3), rel=1e-12)


def test_without_cost_or_gamma_there_is_no_band() -> None:
    now = sight(100.0, 100.0, 0.25, 0.5)
    free = WhalleyWilmottBand(0.0)
    straight = WhalleyWilmottBand(10.0)
    assert free.rule(free.terms, now, 0.02) == 0.0
    assert straight.rule(straight.terms, now, 0.0) == 0.0


def test_a_drift_band_widens_with_gamma_and_volatility() -> None:
    band = DriftBand(width=0.01, widening=2.0)
    now = sight(200.0, 100.0, 0.25, 0.5)
    day = 0.02 * 100.0**2 * VOL / math.sqrt(252.0) / 200.0
    assert band.rule(band.terms, now, 0.02) == pytest.approx(0.01 + 2.0 * day, rel=1e-14)
    assert band.rule(band.terms, now, 0.0) == 0.01
    wilder = now._replace(vol=0.4)
    assert band.rule(band.terms, wilder, 0.02) == pytest.approx(0.01 + 4.0 * day, rel=1e-14)


def path(seed: int, closes: int = 253) -> list[float]:
    rng = np.random.default_rng(seed)
    return list(100.0 * np.exp(np.concatenate([[0.0], np.cumsum(rng.normal(0.0, VOL / math.sqrt(252), closes - 1))])))


@pytest.mark.parametrize("band", [FixedBand(0.05), WhalleyWilmottBand(20.0), DriftBand(0.0, 1.0)])
def test_a_band_saves_costs_and_keeps_the_weight_near_its_target(band: Band) -> None:
    strategy = SyntheticPut(95.0, vol=VOL)
    saved = 0.0
    for seed in range(5):
        always = replay(strategy, path(seed), cost_bps=20.0)
        banded = replay(strategy, path(seed), cost_bps=20.0, band=band)
        saved += float(always.costs.to_numpy().sum() - banded.costs.to_numpy().sum())
        trades = (banded.costs.sum(axis=1) > 0.0).sum()
        assert 1 < trades < (always.costs.sum(axis=1) > 0.0).sum()
    assert saved > 0.5, "five years of trading at 20 bp should have cost noticeably less"


def test_a_fixed_band_is_the_number() -> None:
    numbers = replay(ConstantMix(0.5), path(1), band=0.03, put_vol=0.2)
    values = replay(ConstantMix(0.5), path(1), band=FixedBand(0.03), put_vol=0.2)
    assert (numbers.values == values.values).all()


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: FixedBand(-0.1), "width"),
        (lambda: WhalleyWilmottBand(-1.0), "cost_bps"),
        (lambda: WhalleyWilmottBand(1.0, 0.0), "risk_aversion"),
        (lambda: DriftBand(math.nan), "width"),
        (lambda: DriftBand(0.1, -1.0), "widening"),
        (lambda: replay(ConstantMix(), [1.0, 2.0], band="wide"), "band"),  # type: ignore[arg-type]  # refused at run time
    ],
)
def test_a_band_without_meaning_is_refused(build: object, name: str) -> None:
    assert callable(build)
    with pytest.raises(InvalidInput, match=f"^{name} is "):
        build()

"""Laws of the models beyond Black-Scholes: parity, bounds, limits, derivatives, shapes, and what they refuse."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.pricing import bates, black_scholes, heston, merton
from insure.pricing.contract import KINDS, Kind

JUMPS = {"jump_intensity": 0.6, "jump_mean": -0.12, "jump_std": 0.2}
VARIANCE = {
    "variance": 0.04,
    "mean_variance": 0.06,
    "reversion": 1.5,
    "vol_of_variance": 0.5,
    "correlation": -0.7,
}
PLAIN = {"spot": 100.0, "strike": 95.0, "years": 0.75, "rate": 0.04, "dividend_yield": 0.015}

Price = Callable[..., Any]
PUTS: dict[str, tuple[Price, dict[str, float]]] = {
    "merton": (merton.put, PLAIN | {"vol": 0.2} | JUMPS),
    "heston": (heston.put, PLAIN | VARIANCE),
    "bates": (bates.put, PLAIN | VARIANCE | JUMPS),
}
CALLS: dict[str, Price] = {"merton": merton.call, "heston": heston.call, "bates": bates.call}

spots = st.floats(20.0, 400.0)
years = st.floats(1e-3, 15.0)
rates = st.floats(-0.03, 0.15)
jumps = st.fixed_dictionaries(
    {"jump_intensity": st.floats(0.0, 5.0), "jump_mean": st.floats(-0.5, 0.2), "jump_std": st.floats(0.0, 0.5)}
)
spread_jumps = jumps.map(lambda leaps: leaps | {"jump_std": 0.01 + leaps["jump_std"]})
variances = st.fixed_dictionaries(
    {
        "variance": st.floats(0.0, 0.5),
        "mean_variance": st.floats(0.0, 0.5),
        "reversion": st.floats(0.0, 10.0),
        "vol_of_variance": st.floats(0.0, 2.0),
        "correlation": st.floats(-0.999, 0.999),
    }
)


def _check_parity(put: float, call: float, spot: float, time: float, rate: float, dividend_yield: float) -> None:
    forward, discounted = spot * math.exp(-dividend_yield * time), 100.0 * math.exp(-rate * time)
    scale = max(forward, discounted)
    gap = abs((call - put) - (forward - discounted))
    assert gap <= 1e-12 * scale, f"call {call} - put {put} misses F' - K' by {gap!r}."
    assert max(discounted - forward, 0.0) <= put + 1e-12 * scale, f"A put of {put} is below its intrinsic value."
    assert put <= discounted + 1e-12 * scale, f"A put of {put} costs more than the discounted strike {discounted}."


@given(spots, years, rates, rates, st.floats(0.0, 1.0), jumps)
def test_merton_parity_and_bounds(
    spot: float, time: float, rate: float, dividend_yield: float, vol: float, leaps: dict[str, float]
) -> None:
    terms = (spot, 100.0, time, rate, vol, dividend_yield)
    _check_parity(merton.put(*terms, **leaps), merton.call(*terms, **leaps), spot, time, rate, dividend_yield)


@settings(deadline=None, max_examples=40)
@given(spots, years, rates, rates, variances, spread_jumps)
def test_heston_and_bates_parity_and_bounds(
    spot: float,
    time: float,
    rate: float,
    dividend_yield: float,
    variance: dict[str, float],
    leaps: dict[str, float],
) -> None:
    """Also without reversion and with variances of zero, and far outside the Feller condition."""
    terms = (spot, 100.0, time, rate, dividend_yield)
    plain = heston.put(*terms, **variance), heston.call(*terms, **variance)
    _check_parity(*plain, spot, time, rate, dividend_yield)
    jumpy = bates.put(*terms, **{**variance, **leaps}), bates.call(*terms, **{**variance, **leaps})
    _check_parity(*jumpy, spot, time, rate, dividend_yield)


@settings(max_examples=40)
@given(st.floats(0.6, 1.6), st.floats(0.05, 5.0), rates, rates, st.floats(0.08, 0.8), jumps, st.sampled_from(KINDS))
def test_merton_greeks_are_the_derivatives_of_the_price(
    spot: float, time: float, rate: float, dividend_yield: float, vol: float, leaps: dict[str, float], kind: Kind
) -> None:
    function = merton.put if kind == "put" else merton.call

    def price(shift: dict[str, float]) -> float:
        terms = {"spot": spot, "years": time, "rate": rate, "vol": vol, "dividend_yield": dividend_yield}
        moved = {name: value + shift.get(name, 0.0) for name, value in terms.items()}
        return float(function(strike=1.0, **moved, **leaps))

    def slope(name: str, width: float) -> float:
        wide = (price({name: 2.0 * width}) - price({name: -2.0 * width})) / (4.0 * width)
        narrow = (price({name: width}) - price({name: -width})) / (2.0 * width)
        return (4.0 * narrow - wide) / 3.0

    found = merton.greeks(kind, spot, 1.0, time, rate, vol, dividend_yield, **leaps)
    deviation = vol * math.sqrt(time)
    expected = {
        "price": price({}),
        "delta": slope("spot", 1e-3 * min(deviation, 1.0) * spot),
        "vega": slope("vol", 1e-3 * vol),
        "theta": -slope("years", 1e-3 * time),
        "rho": slope("rate", 1e-3 / max(time, 1.0)),
    }
    allowed = 2e-8 * math.exp(0.15 * time) * (1.0 + time + 1.0 / time + 1.0 / deviation)
    for name, difference in expected.items():
        value = getattr(found, name)
        assert abs(value - difference) <= allowed, f"{name} is {value!r}; differences of the price give {difference!r}."
    width = 4e-3 * spot * min(deviation, 1.0)
    bends = [(price({"spot": w}) - 2.0 * price({}) + price({"spot": -w})) / (w * w) for w in (2.0 * width, width)]
    gamma = (4.0 * bends[1] - bends[0]) / 3.0
    assert abs(found.gamma - gamma) <= 1e-5 * math.exp(0.15 * time) * (1.0 + 1.0 / deviation**2), (
        f"gamma is {found.gamma!r}; differences of the price give {gamma!r}."
    )


def test_models_contain_each_other() -> None:
    none = {"jump_intensity": 0.0, "jump_mean": -0.1, "jump_std": 0.2}
    sizeless = {"jump_intensity": 3.0, "jump_mean": 0.0, "jump_std": 0.0}
    flat = {**VARIANCE, "variance": 0.04, "mean_variance": 0.04}
    calm = {**VARIANCE, "vol_of_variance": 0.0}
    strikes = np.array([60.0, 90.0, 100.0, 130.0])
    terms = (100.0, strikes, 0.75, 0.04)
    plain = black_scholes.put(*terms, 0.2, 0.015)
    same = {
        "merton without jumps": merton.put(*terms, 0.2, 0.015, **none),
        "merton with jumps of no size": merton.put(*terms, 0.2, 0.015, **sizeless),
        "heston with a constant variance": heston.put(*terms, 0.015, **{**flat, "vol_of_variance": 0.0}),
        "bates with a constant variance and no jumps": bates.put(
            *terms, 0.015, **{**flat, "vol_of_variance": 0.0, **none}
        ),
    }
    for name, found in same.items():
        np.testing.assert_allclose(found, plain, rtol=1e-13, atol=0.0, err_msg=name)
    np.testing.assert_allclose(
        bates.put(*terms, 0.015, **{**VARIANCE, **none}), heston.put(*terms, 0.015, **VARIANCE), rtol=1e-12
    )
    average = 0.06 + (0.04 - 0.06) * -math.expm1(-1.5 * 0.75) / (1.5 * 0.75)
    np.testing.assert_allclose(
        bates.put(*terms, 0.015, **{**calm, **JUMPS}),
        merton.put(*terms, math.sqrt(average), 0.015, **JUMPS),
        rtol=1e-12,
    )


def test_a_vanishing_vol_of_variance_is_approached() -> None:
    """Where QuantLib changes its formula (1e-6) and where this code does (0), nothing jumps."""
    strikes = np.array([80.0, 100.0, 120.0])
    terms = (100.0, strikes, 0.75, 0.04, 0.015)
    still = heston.put(*terms, **{**VARIANCE, "vol_of_variance": 0.0})
    for vol_of_variance in (1e-12, 1e-9, 0.9e-6, 1.1e-6, 1e-5, 1e-4):
        found = heston.put(*terms, **{**VARIANCE, "vol_of_variance": vol_of_variance})
        gap = np.abs(found - still).max()
        assert gap <= 1e-12 + 10.0 * vol_of_variance, f"At {vol_of_variance} the price is {gap!r} away from its limit."


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_full_correlation_is_approached(sign: float) -> None:
    strikes = np.array([80.0, 100.0, 120.0])
    terms = (100.0, strikes, 0.75, 0.04, 0.015)
    full = heston.put(*terms, **{**VARIANCE, "correlation": sign})
    for short in (1e-3, 1e-6, 1e-9):
        found = heston.put(*terms, **{**VARIANCE, "correlation": sign * (1.0 - short)})
        gap = np.abs(found - full).max()
        assert gap <= 1e-11 + 20.0 * short, f"{short} short of full correlation the price is {gap!r} away."


@pytest.mark.parametrize("model", PUTS)
def test_limits_are_exact(model: str) -> None:
    put, terms = PUTS[model]
    call = CALLS[model]
    bond, paid_out = math.exp(-0.04 * 0.75), math.exp(-0.015 * 0.75)
    cases = {
        "years 0": (put(**{**terms, "years": 0.0, "spot": 90.0}), 5.0),
        "years 0, out of the money": (put(**{**terms, "years": 0.0}), 0.0),
        "spot 0": (put(**{**terms, "spot": 0.0}), 95.0 * bond),
        "strike 0": (put(**{**terms, "strike": 0.0}), 0.0),
        "call, spot 0": (call(**{**terms, "spot": 0.0}), 0.0),
        "call, strike 0": (call(**{**terms, "strike": 0.0}), 100.0 * paid_out),
    }
    for name, (found, exact) in cases.items():
        assert found == pytest.approx(exact, rel=1e-15, abs=0.0), f"{model}, {name}: {found!r}, not {exact!r}."
    assert put(**{**terms, "years": 1e-9, "spot": 90.0}) == pytest.approx(5.0, abs=1e-6)


def test_merton_greeks_at_the_limits() -> None:
    kink = merton.greeks("put", 100.0, 100.0, 0.0, 0.04, 0.2, 0.0, **JUMPS)
    assert (kink.price, kink.delta, kink.gamma, kink.vega, kink.theta) == (0.0, -0.5, math.inf, 0.0, -math.inf)
    plain = black_scholes.greeks("call", 100.0, 95.0, 0.75, 0.04, 0.2, 0.015)
    same = merton.greeks("call", 100.0, 95.0, 0.75, 0.04, 0.2, 0.015, jump_intensity=0.0, jump_mean=0.0, jump_std=0.0)
    for name in ("price", "delta", "gamma", "vega", "theta", "rho"):
        assert getattr(same, name) == pytest.approx(getattr(plain, name), rel=1e-13)
    deterministic = merton.greeks("put", 90.0, 95.0, 0.75, 0.04, 0.0, 0.015, **JUMPS)
    for name in ("price", "delta", "gamma", "vega", "theta", "rho"):
        assert math.isfinite(getattr(deterministic, name)), f"{name} at vol 0 is {getattr(deterministic, name)}."
    grid = merton.greeks("put", np.array([0.0, 90.0, 100.0]), np.array([[0.0], [95.0]]), 0.75, 0.04, 0.2, **JUMPS)
    assert grid.theta.shape == (2, 3)
    assert np.isfinite(grid.theta).all()


@pytest.mark.parametrize("model", PUTS)
def test_numbers_give_numbers_and_arrays_broadcast(model: str) -> None:
    put, terms = PUTS[model]
    assert type(put(**terms)) is float
    spots_, strikes = np.array([[90.0], [100.0]]), np.array([80.0, 95.0, 110.0])
    times = np.array([[0.25], [0.75]])
    table = put(**{**terms, "spot": spots_, "strike": strikes, "years": times})
    assert table.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = put(**{**terms, "spot": spots_[i, 0], "strike": strikes[j], "years": times[i, 0]})
            assert one == pytest.approx(table[i, j], rel=1e-12)


def _refused() -> list[tuple[str, str, float]]:
    low = {"spot", "strike", "years", "vol", "jump_intensity", "jump_std"}
    low |= {"variance", "mean_variance", "reversion", "vol_of_variance"}
    cases = []
    for model, (_, terms) in PUTS.items():
        for name in terms:
            bad = [math.nan, math.inf, -math.inf] + ([-1.0] if name in low else [])
            bad += {"correlation": [1.5, -1.5], "jump_mean": [11.0, -11.0], "jump_std": [11.0]}.get(name, [])
            cases += [(model, name, value) for value in bad]
    return cases


@pytest.mark.parametrize(("model", "name", "bad"), _refused())
def test_bad_input_is_refused_by_name_and_value(model: str, name: str, bad: float) -> None:
    put, terms = PUTS[model]
    for function in (put, CALLS[model]):
        with pytest.raises(InvalidInput, match=rf"^{name} is {bad!r}; it must be a finite number"):
            function(**{**terms, name: bad})


def test_what_cannot_be_integrated_is_refused_and_not_priced() -> None:
    """Jumps of one size on a variance of nothing: the characteristic function never settles."""
    nothing = {"variance": 0.0, "mean_variance": 1e-9, "reversion": 1e-3, "vol_of_variance": 1.0, "correlation": 0.0}
    jump = {"jump_intensity": 2.0, "jump_mean": 0.2, "jump_std": 0.0}
    with pytest.raises(InvalidInput, match="the characteristic function cannot be integrated near u = "):
        bates.put(100.0, 95.0, 0.1, 0.04, **{**nothing, **jump})


def test_too_many_jumps_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"jump_intensity is 5000.0, or 5000 jumps expected .* 500 jumps or fewer"):
        merton.put(100.0, 95.0, 1.0, 0.04, 0.2, jump_intensity=5000.0, jump_mean=-0.01, jump_std=0.0)
    with pytest.raises(InvalidInput, match=r"jump_mean is 5.0 with jump_std 0.0; .* must not carry the price beyond"):
        merton.put(100.0, 95.0, 1.0, 0.04, 0.2, jump_intensity=1.0, jump_mean=5.0, jump_std=0.0)


def test_the_room_does_not_load_quantlib_before_a_model_needs_it() -> None:
    code = "import sys, insure.pricing, insure.pricing.merton; print('QuantLib' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "False"

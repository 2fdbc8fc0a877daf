"""Laws of the Black-Scholes room: parity, bounds, derivatives, limits, shapes, and what it refuses."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.pricing.contract import KINDS, Kind

PRICES: dict[Kind, Callable[..., Any]] = {"put": black_scholes.put, "call": black_scholes.call}

money = st.floats(1e-3, 1e6)
times = st.floats(0.0, 50.0)
rates = st.floats(-0.1, 0.3)
vols = st.floats(0.0, 4.0)


@given(money, money, times, rates, vols, rates)
def test_put_call_parity(
    spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float
) -> None:
    forward, discounted = spot * math.exp(-dividend_yield * years), strike * math.exp(-rate * years)
    put = black_scholes.put(spot, strike, years, rate, vol, dividend_yield)
    call = black_scholes.call(spot, strike, years, rate, vol, dividend_yield)
    gap = abs((call - put) - (forward - discounted))
    assert gap <= 1e-15 * 4.0 * max(forward, discounted), f"call - put misses F' - K' by {gap!r}."


@given(money, money, times, rates, vols, rates)
def test_greeks_obey_parity_and_the_equation(
    spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float
) -> None:
    assume(vol * math.sqrt(years) > 1e-4)
    put = black_scholes.greeks("put", spot, strike, years, rate, vol, dividend_yield)
    call = black_scholes.greeks("call", spot, strike, years, rate, vol, dividend_yield)
    paid_out, discount = math.exp(-dividend_yield * years), math.exp(-rate * years)
    scale = max(spot * paid_out, strike * discount)
    assert abs(call.delta - put.delta - paid_out) <= 1e-14 * paid_out
    assert call.gamma == put.gamma
    assert call.vega == put.vega
    assert abs(call.rho - put.rho - years * strike * discount) <= 1e-14 * scale * (1.0 + years)
    for found in (put, call):
        drift = (rate - dividend_yield) * spot * found.delta + 0.5 * (vol * spot) ** 2 * found.gamma
        gap = abs(found.theta + drift - rate * found.price)
        assert gap <= 1e-11 * scale * (1.0 + vol / math.sqrt(years)), f"Black and Scholes' equation fails by {gap!r}."


@given(money, money, times, rates, vols, rates)
@example(spot=1.0, strike=1.0, years=0.061840527214021224, rate=0.0625, vol=0.0, dividend_yield=0.001)
def test_prices_stay_within_arbitrage_bounds(
    spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float
) -> None:
    forward, discounted = spot * math.exp(-dividend_yield * years), strike * math.exp(-rate * years)
    for kind, low, high in (
        ("put", max(discounted - forward, 0.0), discounted),
        ("call", max(forward - discounted, 0.0), forward),
    ):
        price = PRICES[kind](spot, strike, years, rate, vol, dividend_yield)  # type: ignore[index]  # two literals
        # The lower bound is itself a difference of two rounded numbers.
        rounding = 4e-16 * (forward + discounted)
        assert low * (1.0 - 1e-14) - rounding <= price <= high * (1.0 + 1e-14), f"{low} <= {price} <= {high} is not so."


@given(st.floats(0.5, 2.0), st.floats(0.02, 10.0), rates, st.floats(0.05, 1.5), rates, st.sampled_from(KINDS))
def test_greeks_are_the_derivatives_of_the_price(
    spot: float, years: float, rate: float, vol: float, dividend_yield: float, kind: Kind
) -> None:
    def price(shift: dict[str, float]) -> float:
        terms = {"spot": spot, "years": years, "rate": rate, "vol": vol, "dividend_yield": dividend_yield}
        moved = {name: value + shift.get(name, 0.0) for name, value in terms.items()}
        return float(PRICES[kind](strike=1.0, **moved))

    def slope(name: str, width: float) -> float:
        wide = (price({name: 2.0 * width}) - price({name: -2.0 * width})) / (4.0 * width)
        narrow = (price({name: width}) - price({name: -width})) / (2.0 * width)
        return (4.0 * narrow - wide) / 3.0

    found = black_scholes.greeks(kind, spot, 1.0, years, rate, vol, dividend_yield)
    deviation = vol * math.sqrt(years)
    step = 1e-3 * min(deviation, 1.0)
    scale = math.exp(0.1 * years)
    expected = {
        "delta": slope("spot", step * spot),
        "vega": slope("vol", 1e-3 * vol),
        "theta": -slope("years", 1e-3 * years),
        "rho": slope("rate", 1e-3 / max(years, 1.0)),
    }
    for name, difference in expected.items():
        value = getattr(found, name)
        allowed = 2e-9 * scale * (1.0 + years + 1.0 / years + 1.0 / deviation)
        assert abs(value - difference) <= allowed, f"{name} is {value!r}; differences of the price give {difference!r}."
    width = 4e-3 * spot * min(deviation, 1.0)
    bends = [(price({"spot": w}) - 2.0 * price({}) + price({"spot": -w})) / (w * w) for w in (2.0 * width, width)]
    gamma = (4.0 * bends[1] - bends[0]) / 3.0
    allowed = 1e-6 * scale * (1.0 + 1.0 / deviation**2)
    assert abs(found.gamma - gamma) <= allowed, f"gamma is {found.gamma!r}; differences of the price give {gamma!r}."


@given(money, money, st.floats(0.01, 30.0), rates, st.floats(0.01, 3.0), rates, st.sampled_from(KINDS))
def test_implied_volatility_gives_the_price_back(
    spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float, kind: Kind
) -> None:
    terms = (spot, strike, years, rate)
    price = PRICES[kind](*terms, vol, dividend_yield)
    ceiling = strike * math.exp(-rate * years) if kind == "put" else spot * math.exp(-dividend_yield * years)
    assume(1e-290 < price < ceiling * (1.0 - 1e-15))
    found = black_scholes.implied_vol(kind, price, *terms, dividend_yield)
    again = PRICES[kind](*terms, found, dividend_yield)
    assert again == pytest.approx(price, rel=1e-12), f"Implied volatility {found} gives {again}, not {price}."


def test_limits_are_exact() -> None:
    bond, paid_out = math.exp(-0.05 * 2.0), math.exp(-0.02 * 2.0)
    cases = {
        "vol 0, in the money": (black_scholes.put(80.0, 100.0, 2.0, 0.05, 0.0, 0.02), 100.0 * bond - 80.0 * paid_out),
        "vol 0, out of the money": (black_scholes.put(120.0, 100.0, 2.0, 0.05, 0.0, 0.02), 0.0),
        "years 0, in the money": (black_scholes.put(80.0, 100.0, 0.0, 0.05, 0.2, 0.02), 20.0),
        "years 0, at the money": (black_scholes.put(100.0, 100.0, 0.0, 0.05, 0.2, 0.02), 0.0),
        "years 0, call": (black_scholes.call(120.0, 100.0, 0.0, 0.05, 0.2, 0.02), 20.0),
        "spot 0, put": (black_scholes.put(0.0, 100.0, 2.0, 0.05, 0.2, 0.02), 100.0 * bond),
        "spot 0, call": (black_scholes.call(0.0, 100.0, 2.0, 0.05, 0.2, 0.02), 0.0),
        "strike 0, put": (black_scholes.put(100.0, 0.0, 2.0, 0.05, 0.2, 0.02), 0.0),
        "strike 0, call": (black_scholes.call(100.0, 0.0, 2.0, 0.05, 0.2, 0.02), 100.0 * paid_out),
        "everything 0": (black_scholes.put(0.0, 0.0, 0.0, 0.0, 0.0), 0.0),
        "vol enormous, put": (black_scholes.put(100.0, 100.0, 2.0, 0.05, 1e300, 0.02), 100.0 * bond),
        "vol enormous, call": (black_scholes.call(100.0, 100.0, 2.0, 0.05, 1e300, 0.02), 100.0 * paid_out),
        "years enormous": (black_scholes.put(100.0, 100.0, 1e300, 0.05, 0.2), 0.0),
        "spot tiny": (black_scholes.put(5e-324, 100.0, 2.0, 0.05, 0.2, 0.02), 100.0 * bond),
    }
    for name, (found, exact) in cases.items():
        assert found == pytest.approx(exact, rel=4e-16, abs=0.0), f"{name}: {found!r}, not {exact!r}."


def test_greeks_at_the_limits_are_exact_and_never_nan() -> None:
    paid_out, bond = math.exp(-0.02 * 2.0), math.exp(-0.05 * 2.0)
    kink = black_scholes.greeks("put", 100.0, 100.0, 0.0, 0.05, 0.2)
    assert (kink.price, kink.delta, kink.gamma, kink.vega, kink.rho) == (0.0, -0.5, math.inf, 0.0, 0.0)
    assert kink.theta == -math.inf
    deep = black_scholes.greeks("put", 80.0, 100.0, 2.0, 0.05, 0.0, 0.02)
    assert (deep.delta, deep.gamma, deep.vega) == (-paid_out, 0.0, 0.0)
    assert deep.rho == pytest.approx(-2.0 * 100.0 * bond)
    assert deep.theta == pytest.approx(0.05 * 100.0 * bond - 0.02 * 80.0 * paid_out)
    worthless = black_scholes.greeks("put", 0.0, 100.0, 2.0, 0.05, 0.2, 0.02)
    assert (worthless.delta, worthless.gamma, worthless.vega) == (-paid_out, 0.0, 0.0)
    sure = black_scholes.greeks("call", 100.0, 0.0, 2.0, 0.05, 0.2, 0.02)
    assert (sure.price, sure.delta, sure.gamma, sure.vega, sure.rho) == (100.0 * paid_out, paid_out, 0.0, 0.0, 0.0)
    edges = (0.0, 5e-324, 1e-160, 1.0, 1e160)
    for kind in KINDS:
        for spot in edges:
            for strike in edges:
                for years in (0.0, 1e-320, 1.0, 1e3):
                    for vol in (0.0, 1e-320, 0.2, 1e200):
                        found = black_scholes.greeks(kind, spot, strike, years, 0.01, vol, 0.03)
                        for name in ("price", "delta", "gamma", "vega", "theta", "rho"):
                            value = getattr(found, name)
                            assert not math.isnan(value), (
                                f"{name} of the {kind} is NaN at spot {spot}, strike {strike}, years {years}, vol {vol}"
                            )


@given(st.floats(50.0, 150.0), st.floats(0.0, 2.0), st.floats(0.01, 1.0), st.sampled_from(KINDS))
def test_limits_are_approached(spot: float, years: float, vol: float, kind: Kind) -> None:
    """Continuity: a millionth of a volatility, a year or a spot away, the price is next to the limit's."""
    price = PRICES[kind]
    near = 1e-6
    assert abs(price(spot, 100.0, years, 0.03, near) - price(spot, 100.0, years, 0.03, 0.0)) < 1e-3
    assert abs(price(spot, 100.0, near, 0.03, vol) - price(spot, 100.0, 0.0, 0.03, vol)) < 0.05
    assert abs(price(near, 100.0, years, 0.03, vol) - price(0.0, 100.0, years, 0.03, vol)) < 2e-6
    assert abs(price(spot, near, years, 0.03, vol) - price(spot, 0.0, years, 0.03, vol)) < 2e-6


def test_numbers_give_numbers_and_arrays_broadcast() -> None:
    assert type(black_scholes.put(100.0, 95.0, 1.0, 0.05, 0.2)) is float
    assert type(black_scholes.greeks("put", 100.0, 95.0, 1.0, 0.05, 0.2).theta) is float
    assert type(black_scholes.implied_vol("put", 3.0, 100.0, 95.0, 1.0, 0.05)) is float
    spots, strikes = np.array([[90.0], [100.0]]), np.array([80.0, 95.0, 110.0])
    table = black_scholes.put(spots, strikes, 1.0, 0.05, 0.2)
    greeks = black_scholes.greeks("put", spots, strikes, 1.0, 0.05, 0.2)
    implied = black_scholes.implied_vol("put", table, spots, strikes, 1.0, 0.05)
    assert table.shape == greeks.gamma.shape == implied.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = black_scholes.greeks("put", float(spots[i, 0]), float(strikes[j]), 1.0, 0.05, 0.2)
            assert one.price == table[i, j]
            assert one.vega == greeks.vega[i, j]
    assert implied == pytest.approx(np.full((2, 3), 0.2), rel=1e-12)
    assert black_scholes.put(np.zeros(0), 95.0, 1.0, 0.05, 0.2).shape == (0,)


TERMS = {"spot": 100.0, "strike": 95.0, "years": 1.0, "rate": 0.05, "vol": 0.2, "dividend_yield": 0.02}
REFUSED = [(name, bad) for name in TERMS for bad in (math.nan, math.inf, -math.inf)] + [
    (name, -1.0) for name in ("spot", "strike", "years", "vol")
]


@pytest.mark.parametrize(("name", "bad"), REFUSED)
@pytest.mark.parametrize("as_array", [False, True])
def test_bad_input_is_refused_by_name_and_value(name: str, bad: float, as_array: bool) -> None:
    value = np.array([TERMS[name], bad]) if as_array else bad
    functions: tuple[Callable[..., object], ...] = (
        black_scholes.put,
        black_scholes.call,
        lambda **terms: black_scholes.greeks("put", **terms),
    )
    for function in functions:
        with pytest.raises(InvalidInput, match=rf"^{name} is {bad!r}; it must be a finite number"):
            function(**{**TERMS, name: value})
    if name != "vol":
        terms = {key: x for key, x in TERMS.items() if key != "vol"} | {name: value}
        with pytest.raises(InvalidInput, match=rf"^{name} is {bad!r}; it must be a finite number"):
            black_scholes.implied_vol("put", 3.0, **terms)


@pytest.mark.parametrize(
    ("kind", "price", "said"),
    [
        ("put", -0.5, "price is -0.5"),
        ("put", math.nan, "price is nan"),
        ("put", 0.9, "price is 0.9; a put without arbitrage costs"),
        ("put", 96.0, "price is 96.0; a put without arbitrage costs"),
        ("call", 100.0, "price is 100.0; a call without arbitrage costs"),
    ],
)
def test_implied_volatility_refuses_arbitrage(kind: Kind, price: float, said: str) -> None:
    spot, rate = (90.0, 0.0) if price == 0.9 else (100.0, 0.05)
    with pytest.raises(InvalidInput, match=said):
        black_scholes.implied_vol(kind, price, spot, 95.0, 1.0, rate)


@pytest.mark.parametrize("name", ["spot", "strike", "years"])
def test_implied_volatility_refuses_what_no_volatility_moves(name: str) -> None:
    terms = {"spot": 100.0, "strike": 95.0, "years": 1.0, "rate": 0.05} | {name: 0.0}
    with pytest.raises(InvalidInput, match=f"{name} is 0.0; it must be a finite number, above 0"):
        black_scholes.implied_vol("put", 3.0, **terms)


def test_implied_volatility_at_the_lower_bound_is_zero() -> None:
    assert black_scholes.implied_vol("put", 0.0, 100.0, 95.0, 1.0, 0.05) == 0.0
    assert black_scholes.implied_vol("put", 20.0 * (1.0 - 1e-15), 80.0, 100.0, 1.0, 0.0) == 0.0


def test_other_refusals_say_what_is_allowed() -> None:
    with pytest.raises(InvalidInput, match="kind is 'straddle'; it must be one of put, call"):
        black_scholes.greeks("straddle", 100.0, 95.0, 1.0, 0.05, 0.2)  # type: ignore[call-overload]  # wrong on purpose
    with pytest.raises(InvalidInput, match=r"spot \(2,\).*strike \(3,\).*must broadcast"):
        black_scholes.put(np.ones(2), np.ones(3), 1.0, 0.05, 0.2)
    with pytest.raises(InvalidInput, match=r"rate is -800\.0 over 1\.0 years; it must discount to a finite amount"):
        black_scholes.put(100.0, 95.0, 1.0, -800.0, 0.2)
    with pytest.raises(InvalidInput, match=r"dividend_yield is -800\.0 over 1\.0 years"):
        black_scholes.put(100.0, 95.0, 1.0, 0.05, 0.2, -800.0)


def test_importing_the_formula_stays_light() -> None:
    """The live decision prices on every tick: no statistics package, no QuantLib, no pandas comes along."""
    code = "import sys, insure.pricing.black_scholes; print([m for m in {names} if m in sys.modules])"
    heavy = ["QuantLib", "scipy.stats", "scipy.optimize", "pandas", "numba", "matplotlib"]
    found = subprocess.run(
        [sys.executable, "-c", code.format(names=heavy)], capture_output=True, text=True, check=True
    ).stdout
    assert found.strip() == "[]", f"Importing the formula loads {found}."

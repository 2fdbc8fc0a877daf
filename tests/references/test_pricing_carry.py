"""Curves, dividends and futures against QuantLib, printed examples and their own definitions."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.pricing import black_scholes, dividends, futures
from insure.pricing.contract import KINDS, Kind
from insure.pricing.curve import Curve, FlatCurve, ZeroCurve
from insure.pricing.dividends import Dividend

TODAY = QuantLib.Date(2, 1, 2150)
DAYS = QuantLib.Actual365Fixed()
NODES = (30, 91, 365, 730, 1826)
ZEROES = (0.031, 0.034, 0.029, -0.002, 0.04)
CURVE = ZeroCurve(tuple(days / 365.0 for days in NODES), ZEROES)


def test_curve_agrees_with_quantlibs_log_linear_discounts() -> None:
    discounts = [1.0] + [math.exp(-rate * days / 365.0) for days, rate in zip(NODES, ZEROES, strict=True)]
    theirs = QuantLib.DiscountCurve([TODAY] + [TODAY + days for days in NODES], discounts, DAYS)
    for years in (0.0, 0.01, 30.0 / 365.0, 0.2, 0.3217, 1.0, 1.7, 4.0, 1826.0 / 365.0):
        found, expected = CURVE.discount(years), theirs.discount(years)
        assert abs(found - expected) < 1e-15, f"Discount to {years} years is {found!r}; QuantLib says {expected!r}."
        if years > 0.0:
            rate = theirs.zeroRate(years, QuantLib.Continuous).rate()
            assert abs(CURVE.zero_rate(years) - rate) < 1e-13
    forward = theirs.forwardRate(0.5, 1.5, QuantLib.Continuous).rate()
    assert abs(CURVE.forward_rate(0.5, 1.5) - forward) < 1e-13
    assert CURVE.zero_rate(0.0) == 0.031


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_discounts_multiply_along_the_forwards(one: float, other: float) -> None:
    start, end = min(one, other), max(one, other)
    if end - start < 1e-6:
        return
    for curve in (CURVE, FlatCurve(0.07)):
        step = math.exp(-curve.forward_rate(start, end) * (end - start))
        assert curve.discount(start) * step == pytest.approx(curve.discount(end), rel=1e-13)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ZeroCurve((), ()), "years has 0 nodes and rates 0"),
        (lambda: ZeroCurve((1.0,), (0.01, 0.02)), "years has 1 nodes and rates 2"),
        (lambda: ZeroCurve((0.0, 1.0), (0.01, 0.02)), "years is 0.0; it must be a finite number above zero"),
        (lambda: ZeroCurve((1.0, 1.0), (0.01, 0.02)), "years has 1.0 after 1.0"),
        (lambda: ZeroCurve((1.0,), (math.nan,)), "rates is nan"),
        (lambda: FlatCurve(math.inf), "rate is inf"),
        (lambda: FlatCurve(0.01).discount(-1.0), "years is -1.0"),
        (lambda: FlatCurve(0.01).discount(math.nan), "years is nan"),
        (lambda: FlatCurve(0.01).zero_rate(math.nan), "years is nan"),
        (lambda: FlatCurve(0.01).forward_rate(1.0, 1.0), "end is 1.0; it must be after start, 1.0"),
        (lambda: CURVE.discount(5.1), "years is 5.1; it must be 0 to 5.00274, the last node of the curve"),
        (lambda: CURVE.discount(math.nan), "years is nan"),
        (lambda: CURVE.forward_rate(2.0, 1.0), "end is 1.0; it must be after start, 2.0"),
        (lambda: CURVE.forward_rate(math.nan, 1.0), "start is nan"),
    ],
)
def test_curves_refuse_by_name_and_value(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert str(refused.value).startswith(said)


PAYMENTS = (Dividend(40.0 / 365.0, 1.2), Dividend(131.0 / 365.0, 0.7), Dividend(222.0 / 365.0, 2.0), Dividend(1.5, 5.0))


@pytest.mark.parametrize("kind", KINDS)
def test_escrowed_dividends_agree_with_quantlib(kind: Kind) -> None:
    payoff_kind = QuantLib.Option.Put if kind == "put" else QuantLib.Option.Call
    for strike, days, vol in itertools.product((80.0, 100.0, 125.0), (35, 131, 300, 400), (0.12, 0.4)):
        process = QuantLib.BlackScholesProcess(
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(100.0)),
            QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, 0.04, DAYS)),
            QuantLib.BlackVolTermStructureHandle(QuantLib.BlackConstantVol(TODAY, QuantLib.NullCalendar(), vol, DAYS)),
        )
        dates = [TODAY + round(one.years * 365.0) for one in PAYMENTS[:3]]
        schedule = QuantLib.DividendVector(dates, [one.amount for one in PAYMENTS[:3]])
        option = QuantLib.VanillaOption(
            QuantLib.PlainVanillaPayoff(payoff_kind, strike), QuantLib.EuropeanExercise(TODAY + days)
        )
        option.setPricingEngine(QuantLib.AnalyticDividendEuropeanEngine(process, schedule))
        ours = dividends.greeks(kind, 100.0, strike, days / 365.0, FlatCurve(0.04), vol, PAYMENTS[:3])
        found = {"price": option.NPV(), "delta": option.delta(), "gamma": option.gamma(), "vega": option.vega()}
        for name, theirs in found.items():
            here = getattr(ours, name)
            assert abs(here - theirs) < 1e-10, f"{name} of {kind} {strike}, {days} days: {here!r} here, {theirs!r}."
        assert abs(ours.rho - option.rho()) < 1e-8, f"rho of {kind} {strike}, {days} days."


def test_hulls_call_with_two_dividends() -> None:
    """J. Hull: S 40, K 40, six months, vol 30 %, r 9 %, dividends of 0.50 in two and five months: the call is 3.67."""
    schedule = (Dividend(2.0 / 12.0, 0.5), Dividend(5.0 / 12.0, 0.5))
    curve = FlatCurve(0.09)
    assert abs(dividends.present_value(schedule, 0.5, curve) - 0.9741) < 1e-4
    assert round(dividends.call(40.0, 40.0, 0.5, curve, 0.30, schedule), 2) == 3.67


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("curve", [FlatCurve(0.05), CURVE])
def test_dividend_greeks_are_the_derivatives_of_the_price(kind: Kind, curve: Curve) -> None:
    price = dividends.put if kind == "put" else dividends.call
    schedule = PAYMENTS[:2]

    def moved(spot: float = 0.0, rate: float = 0.0, vol: float = 0.0, passed: float = 0.0) -> float:
        pinned = [*(one.years for one in schedule), 0.7]
        shifted = ZeroCurve(tuple(t - passed for t in pinned), tuple(curve.zero_rate(t) + rate for t in pinned))
        later = [Dividend(one.years - passed, one.amount) for one in schedule]
        return price(100.0 + spot, 104.0, 0.7 - passed, shifted, 0.25 + vol, later)

    found = dividends.greeks(kind, 100.0, 104.0, 0.7, curve, 0.25, schedule)
    assert found.price == pytest.approx(price(100.0, 104.0, 0.7, curve, 0.25, schedule), rel=1e-14)
    for name, difference in {
        "delta": (moved(spot=1e-3) - moved(spot=-1e-3)) / 2e-3,
        "vega": (moved(vol=1e-5) - moved(vol=-1e-5)) / 2e-5,
        "rho": (moved(rate=1e-5) - moved(rate=-1e-5)) / 2e-5,
        "theta": (moved(passed=1e-5) - moved(passed=-1e-5)) / 2e-5,
    }.items():
        assert getattr(found, name) == pytest.approx(difference, rel=1e-6), f"{name} of the {kind}"
    width = 0.05
    gamma = (moved(spot=width) - 2.0 * moved() + moved(spot=-width)) / width**2
    assert found.gamma == pytest.approx(gamma, rel=1e-4)


def test_dividends_up_to_the_horizon_and_no_others_count() -> None:
    curve = FlatCurve(0.0)
    schedule = (Dividend(0.0, 100.0), Dividend(0.5, 3.0), Dividend(0.6, 4.0))
    assert dividends.escrowed_spot(100.0, schedule, 0.5, curve) == 97.0
    assert dividends.escrowed_spot(100.0, schedule, 0.49, curve) == 100.0
    assert dividends.put(100.0, 95.0, 1.0, FlatCurve(0.04), 0.2, ()) == black_scholes.put(100.0, 95.0, 1.0, 0.04, 0.2)
    price = dividends.call(100.0, 95.0, 1.0, FlatCurve(0.04), 0.2, schedule)
    found = dividends.implied_vol("call", price, 100.0, 95.0, 1.0, FlatCurve(0.04), schedule)
    assert found == pytest.approx(0.2, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Dividend(-0.1, 1.0), "years is -0.1"),
        (lambda: Dividend(math.nan, 1.0), "years is nan"),
        (lambda: Dividend(0.1, -1.0), "amount is -1.0"),
        (lambda: Dividend(0.1, math.nan), "amount is nan"),
        (lambda: dividends.put(0.0, 95.0, 1.0, CURVE, 0.2, ()), "spot is 0.0"),
        (lambda: dividends.put(math.nan, 95.0, 1.0, CURVE, 0.2, ()), "spot is nan"),
        (lambda: dividends.put(100.0, -1.0, 1.0, CURVE, 0.2, ()), "strike is -1.0"),
        (lambda: dividends.put(100.0, 95.0, math.nan, CURVE, 0.2, ()), "years is nan"),
        (lambda: dividends.put(100.0, 95.0, 1.0, CURVE, math.nan, ()), "vol is nan"),
        (lambda: dividends.put(100.0, 95.0, 1.0, FlatCurve(0.0), 0.2, (Dividend(0.5, 100.0),)), "dividends are worth"),
    ],
)
def test_dividends_refuse_by_name_and_value(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert str(refused.value).startswith(said)


def test_hulls_portfolio_insured_with_nine_month_futures() -> None:
    """J. Hull: 90 m on an index of 900 (100,000 units), floor 87 m, six months, r 9 %, q 3 %, vol 25 %.

    With contracts of 250 times the index that mature in nine months, the book prints a delta of -0.3215 and 122.96
    (then 123) contracts to be short.
    """
    delta = black_scholes.greeks("put", 900.0, 870.0, 0.5, 0.09, 0.25, 0.03).delta
    assert round(delta, 4) == -0.3215
    found = futures.contracts_for_put(
        100_000.0, 900.0, 870.0, 0.5, 0.09, 0.25, 0.03, contract_size=250.0, futures_years=0.75
    )
    assert round(found, 2) == -122.96, f"The book shorts 122.96 contracts; found {found!r}."
    d1 = (math.log(900.0 / 870.0) + (0.09 - 0.03 + 0.25**2 / 2.0) * 0.5) / (0.25 * math.sqrt(0.5))
    normal = 0.5 * math.erfc(d1 / math.sqrt(2.0))
    printed = math.exp(0.03 * 0.25) * math.exp(-0.09 * 0.75) * normal * 100_000.0 / 250.0
    assert found == pytest.approx(-printed, rel=1e-13)
    same = futures.contracts(delta * 90e6, 900.0, 250.0, 0.75, 0.09, 0.03)
    assert same == pytest.approx(found, rel=1e-14)


@given(st.floats(-1e9, 1e9), st.floats(1.0, 1e5), st.floats(0.1, 1e3), st.floats(0.0, 3.0), st.floats(-0.05, 0.2))
def test_futures_move_like_the_exposure_they_stand_for(
    exposure: float, spot: float, size: float, years: float, rate: float
) -> None:
    """Revalued at the fair price one point higher, the contracts gain what the exposure gains."""
    count = futures.contracts(exposure, spot, size, years, rate, 0.02)
    before, after = (futures.fair_price(s, years, rate, 0.02) for s in (spot, 2.0 * spot))
    assert count * size * (after - before) == pytest.approx(exposure, rel=1e-12, abs=1e-9)
    assert futures.exposure_of(count, spot, size, years, rate, 0.02) == pytest.approx(exposure, rel=1e-12, abs=1e-9)


def _refused() -> list[tuple[str, float]]:
    terms = ("units", "spot", "strike", "years", "rate", "vol", "dividend_yield", "contract_size", "futures_years")
    low = [name for name in terms if name not in {"rate", "dividend_yield"}]
    return [(name, bad) for name in terms for bad in (math.nan, math.inf)] + [(name, -1.0) for name in low]


@pytest.mark.parametrize(("name", "bad"), _refused())
def test_futures_refuse_by_name_and_value(name: str, bad: float) -> None:
    terms = {"units": 1e5, "spot": 900.0, "strike": 870.0, "years": 0.5, "rate": 0.09, "vol": 0.25}
    terms |= {"dividend_yield": 0.03, "contract_size": 250.0, "futures_years": 0.75}
    with pytest.raises(InvalidInput, match=f"^{name} is {bad!r}; it must be a finite number"):
        futures.contracts_for_put(**{**terms, name: bad})


def test_futures_refuse_what_else_cannot_be() -> None:
    with pytest.raises(InvalidInput, match="exposure is nan"):
        futures.contracts(math.nan, 900.0, 250.0, 0.75, 0.09)
    with pytest.raises(InvalidInput, match="count is inf"):
        futures.exposure_of(math.inf, 900.0, 250.0, 0.75, 0.09)
    with pytest.raises(InvalidInput, match=r"contract_size is 0\.0"):
        futures.contracts(1e6, 900.0, 0.0, 0.75, 0.09)
    with pytest.raises(InvalidInput, match=r"rate less dividend_yield over 1000\.0 years"):
        futures.fair_price(900.0, 1000.0, 9.0)
    assert np.isfinite(futures.fair_price(900.0, 0.0, 0.09))

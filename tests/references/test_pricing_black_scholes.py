"""Black-Scholes against QuantLib, against arithmetic in 420 digits, against printed tables, and at its limits."""

import itertools
import math
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest
import QuantLib

from insure.pricing import black_scholes
from insure.pricing.contract import KINDS, Kind

PRICES: dict[Kind, Callable[..., float]] = {"put": black_scholes.put, "call": black_scholes.call}

SPOTS = (1e-3, 0.4, 0.8, 0.99, 1.0, 1.003, 1.2, 2.5, 900.0)
YEARS = (1e-6, 1.0 / 365.0, 0.02, 0.3217, 1.0, 7.5, 40.0)
RATES = (-0.02, 0.0, 0.09)
YIELDS = (-0.01, 0.0, 0.03)
VOLS = (1e-4, 0.02, 0.2, 0.9, 3.0)


@pytest.mark.parametrize("kind", KINDS)
def test_prices_and_greeks_agree_with_quantlib(kind: Kind) -> None:
    """QuantLib's BlackCalculator takes times as numbers; every quantity within 1e-12 of its natural scale."""
    payoff_kind = QuantLib.Option.Put if kind == "put" else QuantLib.Option.Call
    for spot, years, rate, dividend_yield, vol in itertools.product(SPOTS, YEARS, RATES, YIELDS, VOLS):
        theirs = QuantLib.BlackCalculator(
            QuantLib.PlainVanillaPayoff(payoff_kind, 1.0),
            spot * math.exp((rate - dividend_yield) * years),
            vol * math.sqrt(years),
            math.exp(-rate * years),
        )
        ours = black_scholes.greeks(kind, spot, 1.0, years, rate, vol, dividend_yield)
        scale = max(spot, 1.0) * math.exp(0.02 * years)
        sharpness = 1.0 / (vol * math.sqrt(years))
        # Their d1 carries the rounding of a logarithm and of the forward, which a small deviation magnifies.
        blur = 1e-12 + 4e-16 * sharpness * (1.0 + abs(rate) * years)
        pairs = {
            "price": (ours.price, theirs.value(), scale * 1e-12),
            "delta": (ours.delta, theirs.delta(spot), scale / spot * blur),
            "gamma": (ours.gamma, theirs.gamma(spot), scale / spot**2 * sharpness * blur),
            "vega": (ours.vega, theirs.vega(years), scale * math.sqrt(years) * blur),
            "theta": (ours.theta, theirs.theta(spot, years), scale * (1.0 + vol**2 * sharpness) * blur),
            "rho": (ours.rho, theirs.rho(years), scale * years * blur),
        }
        for name, (here, there, allowed) in pairs.items():
            assert abs(here - there) <= allowed, (
                f"{name} of the {kind} at spot {spot}, strike 1, {years} years, rate {rate}, yield {dividend_yield}, "
                f"vol {vol} is {here!r} here and {there!r} in QuantLib: {abs(here - there):.1e} apart, "
                f"{allowed:.1e} allowed."
            )


def test_agrees_with_quantlibs_pricing_engine_on_dates() -> None:
    """The whole chain of QuantLib, term structures included, on whole days."""
    today = QuantLib.Date(2, 1, 2150)
    days = QuantLib.Actual365Fixed()
    for count, strike, rate, dividend_yield, vol in itertools.product(
        (1, 117, 365, 1461), (60.0, 97.0, 100.0, 140.0), (-0.01, 0.05), (0.0, 0.03), (0.1, 0.35)
    ):
        process = QuantLib.BlackScholesMertonProcess(
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(100.0)),
            QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, dividend_yield, days)),
            QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, rate, days)),
            QuantLib.BlackVolTermStructureHandle(QuantLib.BlackConstantVol(today, QuantLib.NullCalendar(), vol, days)),
        )
        option = QuantLib.VanillaOption(
            QuantLib.PlainVanillaPayoff(QuantLib.Option.Put, strike), QuantLib.EuropeanExercise(today + count)
        )
        option.setPricingEngine(QuantLib.AnalyticEuropeanEngine(process))
        ours = black_scholes.greeks("put", 100.0, strike, count / 365.0, rate, vol, dividend_yield)
        found = np.array([ours.price, ours.delta, ours.gamma, ours.vega, ours.theta, ours.rho])
        theirs = np.array(
            [option.NPV(), option.delta(), option.gamma(), option.vega(), option.theta(), option.rho()], dtype=float
        )
        np.testing.assert_allclose(
            found, theirs, rtol=1e-11, atol=1e-10, err_msg=f"{count} days, strike {strike}, rate {rate}, vol {vol}"
        )


PRINTED = (
    # J. Hull, "Options, Futures, and Other Derivatives": the example of S 42, K 40, six months, r 10 %, vol 20 %.
    ("call", (42.0, 40.0, 0.5, 0.10, 0.20), 4.76),
    ("put", (42.0, 40.0, 0.5, 0.10, 0.20), 0.81),
    # The same book's call on an index: 930, K 900, two months, r 8 %, vol 20 %, q 3 %.
    ("call", (930.0, 900.0, 2.0 / 12.0, 0.08, 0.20, 0.03), 51.83),
    # E. G. Haug, "The Complete Guide to Option Pricing Formulas": S 60, K 65, three months, r 8 %, vol 30 %.
    ("call", (60.0, 65.0, 0.25, 0.08, 0.30), 2.13),
    # Haug, stock index put: S 100, K 95, six months, r 10 %, q 5 %, vol 20 %.
    ("put", (100.0, 95.0, 0.5, 0.10, 0.20, 0.05), 2.46),
)


@pytest.mark.parametrize(("kind", "arguments", "printed"), PRINTED)
def test_agrees_with_printed_examples(kind: Kind, arguments: tuple[float, ...], printed: float) -> None:
    found = PRICES[kind](*arguments)
    assert round(found, 2) == printed, f"The book prints {printed} for the {kind} of {arguments}; found {found!r}."


def test_greeks_of_hulls_hedged_call() -> None:
    """J. Hull, chapter "The Greek Letters": a call with S 49, K 50, r 5 %, vol 20 %, 20 weeks to go."""
    found = black_scholes.greeks("call", 49.0, 50.0, 20.0 / 52.0, 0.05, 0.20)
    printed = {"price": 2.40, "delta": 0.522, "gamma": 0.066, "vega": 12.1, "theta": -4.31, "rho": 8.91}
    digits = {"price": 2, "delta": 3, "gamma": 3, "vega": 1, "theta": 2, "rho": 2}
    for name, value in printed.items():
        assert round(getattr(found, name), digits[name]) == value, (
            f"The book prints {name} {value}; found {getattr(found, name)!r}."
        )


def _exact_put(moneyness: float, deviation: float) -> float:
    """K N(-d2) - F N(-d1) for F = 1 and K = e^-moneyness, in 420 decimal digits."""
    with localcontext() as context:
        context.prec = 420
        x, s = Decimal(moneyness), Decimal(deviation)
        pi = _pi()

        def below(d: Decimal) -> Decimal:
            """N(-d) by the series of its complement (all terms of one sign)."""
            term, total, k = d, d, 1
            while abs(term) > Decimal(10) ** -415:
                k += 2
                term *= d * d / k
                total += term
            return Decimal("0.5") - total * (-d * d / 2).exp() / (2 * pi).sqrt()

        d1 = x / s + s / 2
        return float((-x).exp() * below(d1 - s) - below(d1))


def _pi() -> Decimal:
    """Machin's formula, in the precision of the context."""

    def arctan_of_inverse(n: int) -> Decimal:
        power = total = Decimal(1) / n
        k = 1
        while abs(power) > Decimal(10) ** -418:
            power /= -n * n
            k += 2
            total += power / k
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))


def test_out_of_money_prices_keep_their_relative_accuracy() -> None:
    """Down to 1e-290, where the textbook's difference of two normal probabilities has no digit left."""
    worst, smallest = 0.0, 1.0
    for deviation in (1e-8, 1e-3, 0.0499, 0.0501, 0.2, 1.0, 4.0, 12.0):
        for distance in (0.0, 1e-3, 0.4, 1.0, 3.0, 8.0, 20.0, 35.0):
            x = distance * deviation
            exact = _exact_put(x, deviation)
            # A unit spot with zero rate: the strike enters through its logarithm, hence the yield in its place.
            found = black_scholes.put(1.0, 1.0, 1.0, 0.0, deviation, -x) * math.exp(-x)
            if exact > 1e-290:
                worst = max(worst, abs(found / exact - 1.0))
                smallest = min(smallest, exact)
    assert worst < 3e-13, f"An out-of-the-money put is off by {worst:.1e} of itself; the docstring says 3e-13."
    assert smallest < 1e-200, f"The grid's cheapest put costs {smallest}; it must reach below 1e-200 to prove anything."


def test_implied_volatility_comes_back() -> None:
    """Figures of the docstring: 2e-13 relative where the price determines the volatility, and the price always."""
    deviations = np.geomspace(1e-8, 12.0, 160)[:, None]
    distances = np.geomspace(1e-12, 0.9999999, 80)
    strikes = np.concatenate([1.0 - distances, [1.0], 1.0 / (1.0 - distances)])[None, :]
    for kind in KINDS:
        prices = np.asarray(PRICES[kind](1.0, strikes, 1.0, 0.0, deviations))
        gain = strikes - 1.0 if kind == "put" else 1.0 - strikes
        intrinsic = np.broadcast_to(np.maximum(gain, 0.0), prices.shape)
        ceiling = np.broadcast_to(strikes if kind == "put" else 1.0, prices.shape)
        told = (prices > 1e-290) & (prices < ceiling)
        vol, strike = np.broadcast_arrays(deviations, strikes)
        found = black_scholes.implied_vol(kind, prices[told], 1.0, strike[told], 1.0, 0.0)
        again = np.asarray(PRICES[kind](1.0, strike[told], 1.0, 0.0, found))
        missed = np.abs(again / prices[told] - 1.0).max()
        assert missed < 5e-13, f"The {kind}'s price at its implied volatility is off by {missed:.1e} of itself."

        moves = vol * black_scholes.greeks(kind, 1.0, strike, 1.0, 0.0, vol).vega
        told &= moves > 1e-3 * prices
        out = told & (intrinsic == 0.0)
        found = black_scholes.implied_vol(kind, prices[out], 1.0, strike[out], 1.0, 0.0)
        error = np.abs(found / vol[out] - 1.0).max()
        assert out.sum() > 10_000
        assert error < 2e-13, f"An out-of-the-money {kind}'s volatility comes back off by {error:.1e} of itself."

        found = black_scholes.implied_vol(kind, prices[told], 1.0, strike[told], 1.0, 0.0)
        error = np.abs(found / vol[told] - 1.0).max()
        assert error < 2e-13, f"A {kind}'s volatility comes back off by {error:.1e} of itself."


@pytest.mark.parametrize("kind", KINDS)
def test_implied_volatility_agrees_with_quantlib(kind: Kind) -> None:
    payoff_kind = QuantLib.Option.Put if kind == "put" else QuantLib.Option.Call
    for strike, years, vol in itertools.product((85.0, 95.0, 100.0, 115.0), (0.5, 1.0, 5.0), (0.15, 0.3, 0.8)):
        price = PRICES[kind](100.0, strike, years, 0.04, vol, 0.01)
        forward, discount = 100.0 * math.exp(0.03 * years), math.exp(-0.04 * years)
        theirs = QuantLib.blackFormulaImpliedStdDevLiRS(
            payoff_kind, strike, forward, price, discount, 0.0, 0.2, 1.0, 1e-14, 1000
        ) / math.sqrt(years)
        ours = black_scholes.implied_vol(kind, price, 100.0, strike, years, 0.04, 0.01)
        assert abs(ours - theirs) < 1e-9, f"{kind} {strike} {years} {vol}: {ours!r} here, {theirs!r} in QuantLib."

"""European options on an index or stock that pays known dividends: the escrowed-dividend model.

The present value of the dividends up to the horizon is set aside (in escrow), and the rest follows Black and Scholes:

    S* = S - sum_i D_i e^{-z_i t_i}  (0 < t_i <= T),    price = Black-Scholes(S*, K, T, z_T, vol)

``vol`` is therefore the volatility of S*, which is above that of S by the factor S/S*. A dividend falling on the
horizon counts as paid: the option settles on the price without it. One at time 0 is already out of the spot.

Source: J. Hull, "Options, Futures, and Other Derivatives", chapter "The Black-Scholes-Merton Model", section
"Dividends"; E. G. Haug, "The Complete Guide to Option Pricing Formulas", section 9.1.1. Agrees with QuantLib's
``AnalyticDividendEuropeanEngine`` to 1e-12 of the spot (tests/references/test_pricing_carry.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from insure.arguments import not_negative, positive
from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.pricing.black_scholes import Greeks
from insure.pricing.contract import Kind
from insure.pricing.curve import Curve


@dataclass(frozen=True, slots=True)
class Dividend:
    """A payment known today."""

    years: float
    """Time until the price goes ex, years, zero or more."""
    amount: float
    """Money per unit of the index, zero or more."""

    def __post_init__(self) -> None:
        not_negative("years", self.years)
        not_negative("amount", self.amount)


def present_value(dividends: Sequence[Dividend], years: float, curve: Curve) -> float:
    """Money today for the dividends after today and up to ``years``; an empty list is worth nothing."""
    not_negative("years", years)
    return sum(one.amount * curve.discount(one.years) for one in _paid(dividends, years))


def escrowed_spot(spot: float, dividends: Sequence[Dividend], years: float, curve: Curve) -> float:
    """S*: spot less the present value of the dividends up to ``years``, money.

    Raises:
        InvalidInput: spot is not above zero, or the dividends are worth the spot or more.
    """
    spot = positive("spot", spot)
    aside = present_value(dividends, years, curve)
    if not aside < spot:
        raise InvalidInput(
            f"dividends are worth {aside!r} today; they must be worth less than the spot they come out of, {spot!r}."
        )
    return spot - aside


def put(spot: float, strike: float, years: float, curve: Curve, vol: float, dividends: Sequence[Dividend]) -> float:
    """Price of the European put, money per unit; ``vol`` of S*, the rest as in ``black_scholes.put``.

    Raises:
        InvalidInput: as ``escrowed_spot`` and ``black_scholes.put``, or ``years`` is beyond the curve.
    """
    return black_scholes.put(escrowed_spot(spot, dividends, years, curve), strike, years, curve.zero_rate(years), vol)


def call(spot: float, strike: float, years: float, curve: Curve, vol: float, dividends: Sequence[Dividend]) -> float:
    """Price of the European call, money per unit; arguments and errors as ``put``."""
    return black_scholes.call(escrowed_spot(spot, dividends, years, curve), strike, years, curve.zero_rate(years), vol)


def greeks(
    kind: Kind, spot: float, strike: float, years: float, curve: Curve, vol: float, dividends: Sequence[Dividend]
) -> Greeks[float]:
    """Price and sensitivities per unit; arguments and errors as ``put``.

    Delta, gamma and vega are Black-Scholes' at S*. Rho is for a parallel move of the curve, which moves the escrow too;
    theta lets all times shorten together while the zero rate of each payment stays:

        rho = rho_BS + delta sum_i t_i D_i e^{-z_i t_i},    theta = theta_BS - delta sum_i z_i D_i e^{-z_i t_i}
    """
    held = escrowed_spot(spot, dividends, years, curve)
    found = black_scholes.greeks(kind, held, strike, years, curve.zero_rate(years), vol)
    worth = [(one, one.amount * curve.discount(one.years)) for one in _paid(dividends, years)]
    return replace(
        found,
        rho=found.rho + found.delta * sum(one.years * value for one, value in worth),
        theta=found.theta - found.delta * sum(curve.zero_rate(one.years) * value for one, value in worth),
    )


def implied_vol(
    kind: Kind, price: float, spot: float, strike: float, years: float, curve: Curve, dividends: Sequence[Dividend]
) -> float:
    """Volatility of S* at which ``put`` or ``call`` gives ``price``; accuracy and errors as in ``black_scholes``."""
    held = escrowed_spot(spot, dividends, years, curve)
    return black_scholes.implied_vol(kind, price, held, strike, years, curve.zero_rate(years))


def _paid(dividends: Sequence[Dividend], years: float) -> list[Dividend]:
    return [one for one in dividends if 0.0 < one.years <= years]

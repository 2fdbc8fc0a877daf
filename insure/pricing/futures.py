"""Index futures as the hedge instrument: selling the equity exposure without selling the stocks.

A futures contract on ``contract_size`` units of the index, maturing in T* years, has the fair price

    F = S e^{(r - q) T*}   per unit,   and the delta  e^{(r - q) T*} contract_size

so an equity exposure takes fewer contracts than units, by e^{-(r - q) T*}, and the futures' maturity need not be the
horizon of the protection. For A1 units of the index protected by a put to T, the contracts to be short are

    e^{q (T* - T)} e^{-r T*} N(-d1) A1 / A2

Source: J. Hull, "Options, Futures, and Other Derivatives", chapter "The Greek Letters", section "Portfolio Insurance",
"Use of Index Futures"; his example of 122.96 contracts is a test (tests/references/test_pricing_carry.py).
"""

import math

from insure.arguments import not_negative, number, positive
from insure.errors import InvalidInput
from insure.pricing import black_scholes


def fair_price(spot: float, years: float, rate: float, dividend_yield: float = 0.0) -> float:
    """Fair futures price per unit of the index, money: S e^{(r - q) T*}; ``years`` to the futures' maturity.

    Raises:
        InvalidInput: spot not above zero, years negative, or an argument not finite.
    """
    return positive("spot", spot) * _carry(years, rate, dividend_yield)


def contracts(
    exposure: float, spot: float, contract_size: float, futures_years: float, rate: float, dividend_yield: float = 0.0
) -> float:
    """Contracts that carry the equity exposure ``exposure`` (money; negative to be short), not rounded.

    Args:
        exposure: money of index that the futures are to move like; -0.3 x portfolio sells 30 % of it.
        spot: index now, above zero.
        contract_size: units of the index in a contract (its multiplier), above zero.
        futures_years: time to the futures' maturity, zero or more.
        rate: continuous, per year.
        dividend_yield: of the index, continuous, per year.

    Raises:
        InvalidInput: an argument is not finite or outside what is said above.
    """
    units = number("exposure", exposure) / positive("spot", spot)
    return units / (positive("contract_size", contract_size) * _carry(futures_years, rate, dividend_yield))


def exposure_of(
    count: float, spot: float, contract_size: float, futures_years: float, rate: float, dividend_yield: float = 0.0
) -> float:
    """The equity exposure of ``count`` contracts, money: ``contracts`` turned round, with its arguments and errors."""
    size = positive("contract_size", contract_size) * _carry(futures_years, rate, dividend_yield)
    return number("count", count) * positive("spot", spot) * size


def contracts_for_put(
    units: float,
    spot: float,
    strike: float,
    years: float,
    rate: float,
    vol: float,
    dividend_yield: float = 0.0,
    *,
    contract_size: float,
    futures_years: float,
) -> float:
    """Contracts that replicate ``units`` puts on the index; negative: they are sold. Not rounded.

    Args:
        units: puts to replicate, one to a unit of the index in the portfolio, zero or more.
        spot: index now, above zero.
        strike: of the put, in points of the index, zero or more.
        years: to the put's horizon, zero or more; it need not be the futures' maturity.
        rate: continuous, per year.
        vol: per square root of year.
        dividend_yield: of the index, continuous, per year.
        contract_size: units of the index in a contract, above zero.
        futures_years: to the futures' maturity, zero or more.

    Raises:
        InvalidInput: an argument is not finite or outside what is said above.
    """
    spot = positive("spot", spot)
    delta = black_scholes.greeks("put", spot, strike, years, rate, vol, dividend_yield).delta
    exposure = not_negative("units", units) * delta * spot
    return contracts(exposure, spot, contract_size, futures_years, rate, dividend_yield)


def _carry(years: float, rate: float, dividend_yield: float) -> float:
    years = not_negative("futures_years", years)
    log_carry = (number("rate", rate) - number("dividend_yield", dividend_yield)) * years
    if not abs(log_carry) < 700.0:
        raise InvalidInput(f"rate less dividend_yield over {years!r} years is {log_carry!r}; it must be within 700.")
    return math.exp(log_carry)

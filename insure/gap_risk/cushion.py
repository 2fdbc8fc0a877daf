"""The cushion now: what it survives, what it becomes when trading stops, and what trading takes from it."""

import math

from insure.arguments import not_negative, number, positive
from insure.errors import FloorUnaffordable, InvalidInput
from insure.pricing.elementary import exp


def initial_cushion(value: float, guarantee: float, years: float, rate: float) -> float:
    """Value less discounted guarantee at the start, ``V - G exp(-r T)``; the arguments are checked here.

    Raises:
        FloorUnaffordable: the cushion is not above zero.
    """
    value = positive("value", value)
    guarantee = not_negative("guarantee", guarantee)
    years = positive("years", years)
    rate = number("rate", rate)
    floor = guarantee * exp(-rate * years) if guarantee > 0.0 else 0.0
    if not floor < value:
        raise FloorUnaffordable(
            f"A guarantee of {guarantee:g} in {years:g} years costs {floor:.6g} today at a rate of {rate:g}, and the "
            f"value is {value:g}: there is no cushion to invest."
        )
    return value - floor


def survivable_gap(value: float, floor: float, exposure: float) -> float:
    """Largest fall of the index that still leaves the fund at its floor: ``(value - floor) / exposure``, a fraction.

    Above 1 no fall reaches the floor; negative where the fund is already below it (then its size is the rise that
    leads back); infinite without exposure and above the floor.

    Args:
        value: NAV, money.
        floor: the floor now, money.
        exposure: equity held, money, zero or more.

    Raises:
        InvalidInput: an argument is not finite or negative, or there is no exposure and no cushion (0/0).

    Formula: C/E, Black and Perold 1992, J. Economic Dynamics and Control 16. Exact in floats: a fall of this size leads
    to the floor to 1e-12 of the value (tests/properties/test_gap_risk_cushion.py).
    """
    value = positive("value", value)
    floor = not_negative("floor", floor)
    exposure = not_negative("exposure", exposure)
    cushion = value - floor
    if exposure > 0.0:
        return cushion / exposure
    if not cushion > 0.0:
        raise InvalidInput(
            f"exposure is {exposure!r} and the cushion {cushion:g}; one of them must be above zero for a gap to exist."
        )
    return math.inf


def effective_multiple(multiplier: float, fall: float) -> float:
    """Exposure over cushion after the index fell by ``fall`` and nothing was traded: ``m (1 - x) / (1 - m x)``.

    5 becomes 9 after a fall of 10 %: the next fall of 11.1 % reaches the floor.

    Args:
        multiplier: exposure over cushion before, above zero.
        fall: fraction of the index lost; negative for a rise.

    Raises:
        InvalidInput: the fall is ``1 / multiplier`` or more, so no cushion is left, or an argument is out of range.

    Exact in floats; falls in a row compose to the one fall (tests/properties/test_gap_risk_cushion.py).
    """
    m = positive("multiplier", multiplier)
    x = number("fall", fall, high=1.0)
    left = 1.0 - m * x
    if not left > 0.0:
        raise InvalidInput(
            f"fall is {fall!r}; it must be below {1.0 / m:g}: at multiple {m:g} no cushion is left there."
        )
    return m * (1.0 - x) / left


def multiplier_bound(fall: float) -> float:
    """Largest multiplier that a fall of this size between two trades does not break: ``1 / fall``.

    With ``fall`` a quantile of the falls between two trades, the floor holds at one trade with the quantile's
    probability (Bertrand and Prigent 2002, "Portfolio insurance: the extreme value approach to the CPPI method",
    Finance 23).

    Raises:
        InvalidInput: the fall is not in (0, 1].
    """
    return 1.0 / number("fall", positive("fall", fall), high=1.0, allowed="a fall above 0 and 1 or less")


def cushion_after_cost(value: float, floor: float, exposure: float, multiplier: float, cost_bps: float) -> float:
    """The cushion after trading so that the new exposure is ``multiplier`` times this cushion, the cost being paid.

    Cost is ``k`` times the money traded and comes out of the cushion, ``C' = C - k |m C' - E|``, solved for C':

        (C + k E) / (1 + k m)     where m C > E (buying)
        (C - k E) / (1 - k m)     where m C < E (selling) and C > k E
        C - k E                   else: all is sold, and C' is the shortfall where it is negative

    Args:
        value: NAV before the trade, money.
        floor: the floor now, money.
        exposure: equity held before the trade, money.
        multiplier: above zero; ``multiplier * cost`` below 1.
        cost_bps: cost in basis points of traded value.

    Source: proportional costs paid out of the cushion as in Balder, Brandl, Mahayni 2009, J. Economic Dynamics and
    Control 33, section on transaction costs. Satisfies its equation to 1e-12 of the value
    (tests/properties/test_gap_risk_cushion.py).
    """
    cushion = positive("value", value) - not_negative("floor", floor)
    exposure = not_negative("exposure", exposure)
    m = positive("multiplier", multiplier)
    k = proportional_cost(cost_bps, m)
    if m * cushion > exposure:
        return (cushion + k * exposure) / (1.0 + k * m)
    left = cushion - k * exposure
    return left / (1.0 - k * m) if left > 0.0 else left


def proportional_cost(cost_bps: float, multiplier: float) -> float:
    """Cost as a fraction of traded value; with the multiplier it must leave something of a cushion."""
    k = not_negative("cost_bps", cost_bps) / 10_000.0
    if not k * multiplier < 1.0:
        raise InvalidInput(
            f"cost_bps is {cost_bps!r}; it must be below {10_000.0 / multiplier:g}, or selling at multiple "
            f"{multiplier:g} costs more than it frees."
        )
    return k

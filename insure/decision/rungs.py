"""The rungs between a model weight and the weight traded: plain scalar rules, common to all strategies.

Like strategy rules they are arithmetic and conditional expressions only, so that the live ladder, the replay and the
compiled kernels call one text. Weights are fractions of NAV.
"""

import math


def within_limits(weight: float, lowest: float, highest: float) -> float:
    """The nearest weight inside ``[lowest, highest]``."""
    return min(max(weight, lowest), highest)


def across_band(target: float, held: float, width: float, to_edge: float, lowest: float, highest: float) -> float:
    """``held`` while the target is no further than ``width`` away; else the target, or the band's near edge.

    The band is absolute, in NAV weight, so it is defined at targets 0 and 1; ``to_edge`` is 1.0 or 0.0. Its edge is cut
    to ``[lowest, highest]``, where the target lies: a trade ends inside the limits. Applying it twice changes nothing:
    once at the target or on the edge, the target is inside the band.
    """
    distance = target - held
    edge = min(max(target - width if distance > 0.0 else target + width, lowest), highest)
    outside = to_edge * edge + (1.0 - to_edge) * target
    # A trade to the edge lands on it up to rounding; without the allowance it would be traded again for nothing.
    return held if abs(distance) <= width + 1e-12 else outside


def throttled(target: float, held: float, largest_change: float) -> float:
    """At most ``largest_change`` away from ``held``."""
    return held + min(max(target - held, -largest_change), largest_change)


def affordable_units(units: float, held_units: float, price: float, cash: float, cost_fraction: float) -> float:
    """The units a purchase can reach with ``cash``, when buying costs ``cost_fraction`` of the value traded."""
    reachable = held_units + max(cash, 0.0) / (price * (1.0 + cost_fraction))
    return min(units, max(reachable, held_units))


def worth_a_ticket(units: float, held_units: float, price: float, smallest: float) -> float:
    """``units``, or ``held_units`` where the trade between them is worth less than ``smallest``, money."""
    return units if abs(units - held_units) * price >= smallest else held_units


def whole_lots(units: float, lot: float) -> float:
    """The largest whole number of lots not above ``units``; ``units`` itself where lots are not counted (0)."""
    # 1e-9 of a lot: 3 lots that arithmetic left at 2.9999999999 are 3.
    return math.floor(units / lot + 1e-9) * lot if lot > 0.0 else units

"""The largest trade of a slot: what one order, the market's volume and the session's turnover leave room for.

What is wanted beyond is cut here, on a rung of its own, and the gate proves it after: a limit on size is no reason to
stand still, least of all below the floor.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from insure.decision.circumstances import Circumstances, of_before
from insure.decision.trades import lot_units
from insure.fund import Fund
from insure.market import Snapshot


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that one slot may trade of the index, and which limit says so."""

    units: float
    """Of the index, either way; infinite where nothing limits it."""
    because: str
    """The limit, with its figure, as a clause."""


SLACK_WEIGHT = 1e-9
"""A limit of a weight is met up to this much: whole lots cannot be rounded to less."""
UNCAPPED = Cap(math.inf, "")


def average_volume(fund: Fund, snapshot: Snapshot) -> float | None:
    """Units traded on an average day: of the feed, else of the contract; None where neither tells it."""
    if snapshot.daily_volume is not None:
        return snapshot.daily_volume
    return fund.costs.daily_volume_units if fund.costs.daily_volume_units > 0.0 else None


def traded_before(circumstances: Circumstances) -> Decimal:
    """Money of the fund's orders of the session so far."""
    return sum((order.value for order in circumstances.earlier), Decimal(0))


def cap_of(fund: Fund, snapshot: Snapshot, nav: float, circumstances: Circumstances | None) -> Cap:
    """The least of what ``largest_order_weight``, ``largest_volume_fraction`` and ``largest_turnover_weight`` leave.

    Args:
        fund: whose limits they are.
        snapshot: the price that units are counted at, and the volume.
        nav: money before the trade.
        circumstances: for what was traded in the session before. Where nothing would be sent (None) the order's own
            size alone counts, as in ``pre_trade``: a gap ladder asks what would have to be sold, and in how many days.

    Returns:
        ``UNCAPPED`` for a decision of edition 1, which held what was too large.
    """
    if of_before(circumstances):
        return UNCAPPED
    each, limits, controls = nav / float(snapshot.price), fund.limits, fund.controls
    order, most = limits.largest_order_weight, controls.largest_turnover_weight
    alone = Cap(order * each, f"one order is at most {order:.2%} of the fund")
    if circumstances is None:
        return alone
    left = most - float(traded_before(circumstances)) / nav
    caps = [
        alone,
        Cap(left * each, f"{max(left, 0.0):.2%} of the fund are left of the session's {most:.2%}"),
    ]
    volume = average_volume(fund, snapshot)
    if volume is not None and volume > 0.0:
        share = controls.largest_volume_fraction
        caps.append(Cap(share * volume, f"one order is at most {share:.2%} of the average volume of {volume:,.0f}"))
    return min([*caps, *_of_the_desk(float(snapshot.price), volume, circumstances)], key=lambda cap: cap.units)


def _of_the_desk(price: float, volume: float | None, circumstances: Circumstances) -> list[Cap]:
    """What the limits on all funds of the desk leave."""
    desk = circumstances.desk
    if desk is None:
        return []
    found, share = [], desk.limits.largest_volume_fraction
    if desk.limits.largest_session_money is not None:
        money = max(float(desk.limits.largest_session_money - desk.money), 0.0)
        found.append(Cap(money / price, f"{money:,.2f} are left of what the desk may trade in the session"))
    if share is not None and volume is not None and volume > 0.0:
        units = max(share * volume - float(desk.units), 0.0)
        found.append(Cap(units, f"{units:,.0f} units are left of the desk's {share:.2%} of the average volume"))
    return found


def capped(fund: Fund, wanted: float, held: Decimal, cap: Cap, *, allowed: float, tickets: float) -> float:
    """The units wanted; or, where the trade in whole lots is beyond the cap, as many lots as are within it.

    A sale of which the cap leaves less than two lots stays whole: the gate asks a person about it, where it would
    otherwise never end.

    Args:
        fund: for the size of a lot.
        wanted: units to be held.
        held: units that are.
        cap: of the slot.
        allowed: units by which a trade may be beyond the cap for the gate to take it all the same.
        tickets: units that the rounding of every ticket to the minor unit may be worth.
    """
    apart = abs(float(lot_units(fund, wanted, held) - held))
    if apart <= cap.units + allowed:
        return wanted
    most = max(cap.units - tickets, 0.0)
    if wanted > float(held):
        return float(held) + most
    lot = fund.lots.lot_units
    if not most >= 2.0 * float(lot):
        return wanted
    # Lots are counted downwards: a sale within the cap ends on the next one above.
    least = held - Decimal(repr(most))
    return float((least / lot).to_integral_value(rounding=ROUND_CEILING) * lot)

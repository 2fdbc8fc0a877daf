"""The ladder: a decision as a sequence of holdings, each the output of one stage, each with its reason.

    model -> limits -> band -> throttle -> lots -> executed

Where a person overrides the rule, the fund's phase lets only a part of a decision through, or the trade is larger than
one slot may make, a rung ``override``, ``rollout`` or ``capped`` stands before ``lots``: what they cost is a cause of
slippage like any other.

The manager reads it, the compliance report prints it, and slippage is attributed along it.
"""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from insure.decision.band import BandInSight
from insure.decision.caps import SLACK_WEIGHT, UNCAPPED, Cap, cap_of, capped
from insure.decision.circumstances import Circumstances, Override, Rollout, of_before
from insure.decision.holdings import Holdings
from insure.decision.rungs import across_band, affordable_units, throttled, within_limits
from insure.decision.trades import Trade, cost_fraction, lot_units, trade_between
from insure.execution import planned
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import minor_unit

Stage = Literal["model", "limits", "band", "throttle", "override", "rollout", "capped", "lots", "executed"]
_ZERO = Decimal(0)
WEIGHT_TOLERANCE = 1e-6
"""Lots and cents move a weight by less than this."""
STAGES: tuple[Stage, ...] = (
    "model", "limits", "band", "throttle", "override", "rollout", "capped", "lots", "executed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage: the equity that it leaves, as units and as a weight, and why."""

    stage: Stage
    units: float
    weight: float
    """Fraction of NAV before the trade."""
    reason: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in the order of ``STAGES``: ``executed`` is missing until the fills are known, ``override``, ``rollout``
    and ``capped`` where nothing of the kind was in force."""

    rungs: tuple[Rung, ...]

    def __getitem__(self, stage: Stage) -> Rung:
        """The rung of one stage."""
        for rung in self.rungs:
            if rung.stage == stage:
                return rung
        raise KeyError(stage)

    @property
    def cut(self) -> bool:
        """Whether the trade was cut to what one slot may trade."""
        return any(rung.stage == "capped" for rung in self.rungs)

    @property
    def last(self) -> Rung:
        """What was decided, or what was executed once that is known."""
        return self.rungs[-1]

    def executed(self, holdings: Holdings, reason: str) -> "Ladder":
        """The ladder with what is really held at the end."""
        decided = self["lots"]
        price_weight = decided.weight / decided.units if decided.units else 0.0
        units = float(holdings.units)
        rungs = tuple(rung for rung in self.rungs if rung.stage != "executed")
        return Ladder((*rungs, Rung("executed", units, units * price_weight, reason)))


def climb(
    fund: Fund,
    holdings: Holdings,
    snapshot: Snapshot,
    nav: float,
    held: float,
    model: float,
    why: str,
    *,
    band: BandInSight,
    locked: bool,
    premium: Decimal = _ZERO,
    option_costs: Decimal = _ZERO,
    whole: bool = False,
    circumstances: Circumstances | None = None,
) -> tuple[Ladder, Trade | None]:
    """From the model's weight to whole lots.

    Args:
        fund: whose limits, throttle and lots apply.
        holdings: exact holdings before the trade.
        snapshot: the price that units are counted at.
        nav: money before the trade.
        held: equity weight before the trade.
        model: the weight that the rule asks for.
        why: the model's own reason, a sentence.
        band: the band at this moment, which a fund without a cushion does not wait for.
        locked: whether the fund protects a floor and has no cushion left above it. A fund that holds or buys options
            follows its model all the same: to sell the stock under a put that pays is to bet against the index.
        premium: money that options bought in the same decision cost (below zero: bring); stock is sold for it where
            cash does not cover it.
        option_costs: what of it is gone with the trade: commission and spread.
        whole: whether options are traded in the same decision: a structure is traded whole or not at all, and its
            stock is not cut to what one slot may trade.
        circumstances: for the override and the phase in force, and what the session has traded.

    Returns:
        The ladder up to ``lots``, and the trade that leads there, None where nothing is to be traded.
    """
    price = float(snapshot.price)

    def rung(stage: Stage, weight: float, reason: str) -> Rung:
        return Rung(stage, weight * nav / price, weight, reason)

    limits = fund.limits
    to_cash = locked and limits.no_cushion == "cash" and not holdings.options and not premium
    lowest, highest = (0.0, 0.0) if to_cash else (limits.lowest_weight, limits.highest_weight)
    limited = within_limits(model, lowest, highest)
    most = 5.0 if to_cash else limits.largest_change_weight
    band = BandInSight(0.0, "") if to_cash else band
    inside = (-math.inf, math.inf) if of_before(circumstances) else (lowest, highest)
    banded = across_band(limited, held, band.width, 1.0 if fund.band.to == "edge" else 0.0, *inside)
    eased = throttled(banded, held, most)
    overridden = _overridden(circumstances.override, eased, held, lowest, highest) if circumstances else eased
    first = held - _moved(fund, circumstances) * price / nav if circumstances else held
    let = _let_through(circumstances.rollout, overridden, held, first, nav) if circumstances else overridden
    now = circumstances.now if circumstances else None
    most_held = max(limits.highest_weight, held)
    room = _Room(nav - float(option_costs), math.inf if of_before(circumstances) else most_held)
    wanted = let * nav / price
    cap = UNCAPPED if whole else cap_of(fund, snapshot, nav, circumstances)
    cut = _capped(fund, holdings, snapshot, wanted, nav, cap, now)
    decided, trade, lots_reason = _in_lots(fund, holdings, snapshot, cut, premium, room, now)
    rungs = (
        rung("model", model, why),
        rung("limits", limited, _limits_reason(fund, model, limited, to_cash=to_cash)),
        rung("band", banded, _band_reason(fund, limited, held, banded, band)),
        rung("throttle", eased, _throttle_reason(banded, held, eased, most)),
        *(
            [rung("override", overridden, _override_reason(circumstances.override, eased, overridden))]
            if circumstances and circumstances.override
            else []
        ),
        *(
            [rung("rollout", let, _rollout_reason(circumstances.rollout, overridden, let, held, first))]
            if circumstances and circumstances.rollout
            else []
        ),
        *([] if cut == wanted else [Rung("capped", cut, cut * price / nav, _cap_reason(wanted, cut, holdings, cap))]),
        Rung("lots", float(decided), float(decided) * price / nav, lots_reason),
    )
    return Ladder(rungs), trade


def _overridden(override: Override | None, eased: float, held: float, lowest: float, highest: float) -> float:
    """What a person wants instead, inside the limits: no word of one person passes these."""
    if override is None:
        return eased
    return held if override.weight is None else within_limits(override.weight, lowest, highest)


def _moved(fund: Fund, seen: Circumstances) -> float:
    """Units of the index that decisions earlier in the session have moved; what was sold for flows is none."""
    if seen.rollout is None or of_before(seen):
        return 0.0
    own = (order for order in seen.earlier if order.instrument == fund.instrument and order.key.endswith(":1"))
    return float(sum((order.filled for order in own), _ZERO))


def _let_through(rollout: Rollout | None, wanted: float, held: float, first: float, nav: float) -> float:
    """The part of a change that the phase carries out, counted from the weight that the session's trades began with.

    It lies between what is held and what is wanted: what the session did before is not undone for its own sake.
    """
    if rollout is None:
        return wanted
    part = first + rollout.fraction * (wanted - first)
    if rollout.cap_money is not None:
        part = throttled(part, first, float(rollout.cap_money) / nav)
    return part if first == held else within_limits(part, min(held, wanted), max(held, wanted))


@dataclass(frozen=True, slots=True)
class _Room:
    """How much stock may be held once a trade is paid for."""

    nav: float
    """After the costs of options, before those of the trade."""
    most: float
    """Weight."""

    def excess(self, wanted: Decimal, trade: Trade, *, tolerated: float = 0.0) -> float:
        """Money in stock above the most, costs of the trade counted; zero or less where it is within."""
        gone = trade.value + trade.cost - trade.units * trade.price
        return float(wanted * trade.price) - (self.most + tolerated) * (self.nav - float(gone))


def _capped(
    fund: Fund, holdings: Holdings, snapshot: Snapshot, wanted: float, nav: float, cap: Cap, now: dt.datetime | None
) -> float:
    price, plan = float(snapshot.price), planned(fund, snapshot, now)
    tickets = float(minor_unit(fund.currency)) * len(plan.slices) * len(plan.venues)
    return capped(fund, wanted, holdings.units, cap, allowed=SLACK_WEIGHT * nav / price, tickets=tickets / price)


def _in_lots(
    fund: Fund,
    holdings: Holdings,
    snapshot: Snapshot,
    units: float,
    premium: Decimal,
    room: _Room,
    now: dt.datetime | None,
) -> tuple[Decimal, Trade | None, str]:
    price = float(snapshot.price)
    held, cash, lot = holdings.units, holdings.cash - premium, fund.lots.lot_units
    plan = planned(fund, snapshot, now)
    reachable = affordable_units(units, float(held), price, float(cash), cost_fraction(fund.costs))
    wanted = lot_units(fund, reachable, held)
    trade = trade_between(fund, held, wanted, snapshot.price, plan)
    # A minimum commission, or rounding to the minor unit, costs a lot or two more than proportional costs do. What is
    # held already is sold only for a premium.
    least = _ZERO if premium > 0 else held
    while wanted > least and (left := _cash_after(trade, cash)) < 0:
        missing = -left / (snapshot.price * lot)
        wanted = max(least, wanted - lot * missing.to_integral_value(rounding=ROUND_CEILING))
        trade = trade_between(fund, held, wanted, snapshot.price, plan)
    # The target is a weight of NAV before costs, so a purchase up to the highest weight lies above it once it is paid
    # for. What the book's law tolerates was always traded, and is decided again as it was.
    heavy = trade is not None and wanted > held and room.excess(wanted, trade, tolerated=WEIGHT_TOLERANCE) > 0.0
    while heavy and trade is not None and wanted > held and (over := room.excess(wanted, trade)) > 0.0:
        lots = Decimal(math.ceil(over / (price * (1.0 + room.most * cost_fraction(fund.costs))) / float(lot)))
        wanted = max(held, wanted - lot * max(lots, Decimal(1)))
        trade = trade_between(fund, held, wanted, snapshot.price, plan)
    kept = f"The highest weight, {room.most:.2%}, holds after costs too."
    if trade is None:
        return held, None, f"Nothing to trade. {kept}" if heavy else "Nothing to trade."
    if trade.value < fund.lots.smallest_ticket_money and wanted > 0 and not cash < 0:
        reason = f"A ticket of {trade.value:,.2f} {fund.currency} is below the smallest of"
        return held, None, f"{reason} {fund.lots.smallest_ticket_money:,.2f}: no trade."
    reason = f"{trade.side.capitalize()} {abs(trade.units):,f} units in lots of {lot:f}."
    if heavy:
        return wanted, trade, f"{reason} {kept}"
    if float(wanted) >= units - float(lot) and reachable >= units - 1e-9:
        return wanted, trade, reason
    return wanted, trade, f"{reason} Cash after {'premium and ' if premium else ''}costs pays for no more."


def _cash_after(trade: Trade | None, cash: Decimal) -> Decimal:
    return cash if trade is None else trade.cash_after(cash)


def _limits_reason(fund: Fund, model: float, limited: float, *, to_cash: bool) -> str:
    if to_cash:
        return f"No cushion is left above the floor: the model's {model:.2%} becomes cash."
    low, high = fund.limits.lowest_weight, fund.limits.highest_weight
    if limited == model:
        return f"Inside {low:.0%} to {high:.0%}."
    if limited < model:
        return f"Cut from {model:.2%} to the highest weight, {high:.2%}."
    return f"Raised from {model:.2%} to the lowest weight, {low:.2%}."


def _band_reason(fund: Fund, target: float, held: float, banded: float, band: BandInSight) -> str:
    if band.width == 0.0 and not band.because:
        return "No band: every difference is traded."
    apart = f"Held {held:.2%}, target {target:.2%}, {abs(target - held) * 100:.2f} points apart"
    if band.because:
        done = "inside, hold" if banded == held else f"outside, trade to the {fund.band.to}"
        return f"{band.because} {apart}: {done}."
    if banded == held:
        return f"{apart}: inside the band of {band.width * 100:.2f} points, hold."
    return f"{apart}: outside the band of {band.width * 100:.2f} points, trade to the {fund.band.to}."


def _override_reason(override: Override, eased: float, overridden: float) -> str:
    wanted = "no trade" if override.weight is None else f"{override.weight:.2%}"
    inside = "" if override.weight is None or override.weight == overridden else f", {overridden:.2%} inside the limits"
    return f"{override.by} overrides {eased:.2%} with {wanted}{inside}, for this slot: {override.reason}"


def _rollout_reason(rollout: Rollout, wanted: float, let: float, held: float, first: float) -> str:
    cap = "" if rollout.cap_money is None else f", at most {rollout.cap_money:,.2f}"
    since = "" if first == held else f" It counts from {first:.2%}, held without the session's earlier trades."
    return (
        f"Phase {rollout.phase} carries out {rollout.fraction:.0%} of a change{cap}: {let:.2%} of {wanted:.2%}.{since}"
    )


def _cap_reason(wanted: float, cut: float, holdings: Holdings, cap: Cap) -> str:
    held = float(holdings.units)
    return f"A trade of {abs(wanted - held):,.0f} units is cut to {abs(cut - held):,.0f} in this slot: {cap.because}."


def _throttle_reason(banded: float, held: float, eased: float, most: float) -> str:
    if abs(eased - banded) <= 1e-12:  # held + (target - held) is the target but for rounding
        return f"A change of {abs(banded - held) * 100:.2f} points is within {most * 100:.0f} a slot."
    return f"A change of {abs(banded - held) * 100:.2f} points is cut to {most * 100:.0f} in this slot."

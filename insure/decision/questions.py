"""The gate's questions: what a person is asked about, and whether one has to approve every trade."""

import math
from collections.abc import Sequence
from decimal import Decimal

from insure.decision.checks import Check, at_most, off, required
from insure.decision.circumstances import Circumstances, of_before
from insure.decision.ladder import Ladder
from insure.decision.options import OptionTrade
from insure.decision.rungs import within_limits
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation
from insure.fund import Fund
from insure.market import Snapshot
from insure.strategy_terms import CppiTerms, TippTerms


def questions(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
    *,
    last_target: float | None,
) -> tuple[Check, ...]:
    """What a person is asked; off where the contract asks nothing. Arguments as for ``gate``."""
    controls = fund.controls
    began = last_target is None
    checks = [_change(fund, valuation, ladder, trade, seen, last_target=last_target)]
    buys = trade is not None and trade.units > 0
    limit = controls.ask_multiple if of_before(seen) else largest_multiple(fund)
    if limit > 0.0:
        checks.append(_multiple(limit, valuation, ladder, trade))
    elif not of_before(seen):
        checks.append(off("effective multiple", "the contract names neither ask_multiple nor gap_budget_alert"))
    if controls.ask_buy_after_fall > 0.0:
        checks.append(_after_fall(fund, snapshot, seen, counts=buys and not began))
    elif not of_before(seen):
        checks.append(off("buying after a fall", "ask_buy_after_fall is 0"))
    if seen.approvals_wanted and (trade is not None or options):
        checks.append(_approved(seen))
    elif not of_before(seen):
        checks.append(off("approval", "nothing is sent" if seen.approvals_wanted else "approval = auto"))
    return tuple(checks)


def _change(
    fund: Fund,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    seen: Circumstances,
    *,
    last_target: float | None,
) -> Check:
    """How far a target goes: from the one before, as the contract limits both, or from what is held."""
    name, limit = "change of target", fund.controls.ask_change_weight
    held = abs(ladder["lots"].weight - valuation.weight)
    if last_target is None or trade is None:
        held = 0.0
    sentence = "The target lies {value:.2%} of the fund from what is held; beyond {limit:.2%} a person is asked."
    if last_target is None or trade is None or of_before(seen):
        return at_most(name, held, limit, "weight", sentence, asks=True)
    before = within_limits(last_target, fund.limits.lowest_weight, fund.limits.highest_weight)
    moved = abs(ladder["limits"].weight - before)
    if moved <= held:
        return at_most(name, held, limit, "weight", sentence, asks=True)
    sentence = "The target lies {value:.2%} of the fund from the one before; beyond {limit:.2%} a person is asked."
    return at_most(name, moved, limit, "weight", sentence, asks=True)


def _fall(before: Decimal, price: Decimal) -> float:
    """Of a price since another, 0 for a rise; NaN where one of them is."""
    fall = 1.0 - float(price / before)
    return max(fall, 0.0)  # in this order NaN stays


def _after_fall(fund: Fund, snapshot: Snapshot, seen: Circumstances, *, counts: bool) -> Check:
    name, limit, last = "buying after a fall", fund.controls.ask_buy_after_fall, seen.last_price
    sentence = "The index fell {value:.2%} before this purchase; beyond {limit:.2%} a person is asked."
    fall = 0.0 if last is None or not counts else _fall(last, snapshot.price)
    recent = [_fall(price, snapshot.price) for _, price in seen.recent if counts]
    deepest = math.nan if any(math.isnan(each) for each in recent) else max(recent, default=0.0)
    if deepest > fall or math.isnan(deepest):
        sentence = (
            f"The index stands {{value:.2%}} below its highest of the last {len(recent)} sessions decided; beyond "
            "{limit:.2%} a person is asked."
        )
        fall = deepest
    return at_most(name, fall, limit, "weight", sentence, asks=True)


def largest_multiple(fund: Fund) -> float:
    """Multiple of the cushion in stock beyond which buying asks a person; 0 where the contract names no limit.

    ``ask_multiple``, where it is above 0. Else a quarter more than the rule's own multiplier, which it never buys above
    by itself: whatever does is no longer the rule. Of a strategy without one, the multiple at which an instant fall of
    ``gap_budget_alert`` reaches the floor.
    """
    strategy, alert = fund.strategy, fund.limits.gap_budget_alert
    if fund.controls.ask_multiple > 0.0:
        return fund.controls.ask_multiple
    if isinstance(strategy, CppiTerms | TippTerms):
        return 1.25 * strategy.multiplier
    return 1.0 / alert if alert > 0.0 else 0.0


def _multiple(limit: float, valuation: Valuation, ladder: Ladder, trade: Trade | None) -> Check:
    name, cushion = "effective multiple", valuation.cushion
    buys = trade is not None and trade.units > 0 and valuation.guarantee > 0.0
    if buys and not cushion > 0.0:
        return required(name, "Stock is bought without a cushion: a person is asked.", asks=True)
    sentence = "Buying leads to {value:.2f} times the cushion in stock; beyond {limit:g} a person is asked."
    multiple = ladder["lots"].weight * valuation.nav / cushion if buys else 0.0
    return at_most(name, multiple, limit, "multiple", sentence, asks=True)


def _approved(seen: Circumstances) -> Check:
    """Whether as many people as the contract wants have approved this trade; ``_answered`` has the last word."""
    wanted, given = float(seen.approvals_wanted), 0.0
    if seen.approval is not None:
        given = float(len(seen.approval.by))
    people = "one person approves" if wanted == 1 else f"{wanted:.0f} people approve"
    return Check(
        "approval", False, given, wanted, given - wanted, "count", f"Nothing is sent until {people}.", asks=True
    )

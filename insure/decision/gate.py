"""The gate: the last look before ``decided``, in the same transaction, over what surrounds the decision.

Pure, and made again from the record by ``insure verify``. A check either refuses, or asks a person; what a person may
let pass is marked ``asks``. Every check gives value, limit, head-room and a sentence, also when it passes or when
there is nothing it could apply to.

The set supports the pre-trade controls of Commission Delegated Regulation (EU) 2017/589 (RTS 6), Article 15, and of
SEC Rule 15c3-5(c); docs/guide.md says which check supports which paragraph, tests/properties/test_gate.py holds each.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from insure.decision.checks import Check, at_most, with_figures
from insure.decision.circumstances import Approval, Circumstances, of_before
from insure.decision.ladder import Ladder
from insure.decision.market_checks import market_checks
from insure.decision.options import OptionTrade
from insure.decision.questions import questions
from insure.decision.size_checks import size_checks
from insure.decision.standing_checks import standing_checks
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation
from insure.fund import Fund
from insure.market import Snapshot

APPROVAL_TOLERANCE = 0.10
"""A trade decided anew may be this much larger than the one that was approved, of its units."""


def gate(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
    alone: Sequence[Check] = (),
    *,
    last_target: float | None,
) -> tuple[Check, ...]:
    """All checks over the circumstances, in the order that a report prints them, after those of the decision alone.

    Args:
        fund: whose contract sets the limits.
        snapshot: what was seen.
        valuation: before the trade.
        ladder: up to ``lots``.
        trade: in the index; None where there is none.
        options: option trades beside it.
        seen: the circumstances.
        alone: what ``pre_trade`` found; a question among it is answered here.
        last_target: of the decision before, as its model asked; None where a protection period begins with this one, so
            that its target has none before it.
    """
    sends = trade is not None or bool(options)
    checks = (
        _finite(valuation, ladder, trade, options),
        *market_checks(fund, snapshot, seen, sends=sends),
        *size_checks(fund, snapshot, valuation, trade, options, seen),
        *standing_checks(fund, valuation, ladder, trade, options, seen, sends=sends),
        *questions(fund, snapshot, valuation, ladder, trade, options, seen, last_target=last_target),
    )
    if not of_before(seen):
        checks = tuple(with_figures(check) for check in checks)
    return tuple(_answered(check, fund, trade, options, seen) for check in (*alone, *checks))


def _finite(valuation: Valuation, ladder: Ladder, trade: Trade | None, options: Sequence[OptionTrade]) -> Check:
    figures = [valuation.nav, valuation.floor, *(rung.units for rung in ladder.rungs)]
    figures += [rung.weight for rung in ladder.rungs]
    wrong = sum(not math.isfinite(figure) for figure in figures)
    for each in (*(() if trade is None else (trade,)), *(option.trade for option in options)):
        wrong += sum(not figure.is_finite() for figure in (each.units, each.price, each.value, each.cost))
    return at_most("finite figures", float(wrong), 0.0, "count", "{value:.0f} figures are not finite.")


def _answered(
    check: Check, fund: Fund, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> Check:
    """A check as it was, or a question with its answer: of the people who approved, or that there is nobody to ask."""
    if check.passed or not check.asks:
        return check
    if not seen.persons:
        return replace(check, passed=True, sentence=f"{check.sentence} A replay has nobody to ask: it went through.")
    approval = seen.approval
    if approval is None:
        return check
    wanted = max(1, seen.approvals_wanted)
    if not len(approval.by) >= wanted:
        doubt = f"Proposal {approval.proposal} has {len(approval.by)} of {wanted} approvals."
    else:
        doubt = beyond_approval(fund, approval, trade, options)
    if doubt:
        return replace(check, sentence=f"{check.sentence} {doubt}")
    note = f" ({approval.note})" if approval.note else ""
    return replace(check, passed=True, sentence=f"{check.sentence} Approved by {' and '.join(approval.by)}{note}.")


def beyond_approval(fund: Fund, approval: Approval, trade: Trade | None, options: Sequence[OptionTrade]) -> str:
    """Why a trade is not the one that was approved; empty where it is.

    It is decided anew at the price of the moment: the same side, at most a tenth larger, and the price inside the
    fund's own price limit around the one it was proposed at.
    """
    most = Decimal(repr(1.0 + APPROVAL_TOLERANCE))
    wanted = {each.option.instrument: each.trade.units for each in options}
    approved = dict(approval.options)
    pairs = [(wanted[name], approved.get(name, Decimal(0))) for name in wanted]
    if trade is not None:
        pairs.append((trade.units, approval.units))
        moved = abs(trade.price / approval.price - 1) * 10_000
        if not moved <= Decimal(repr(fund.execution.price_limit_bps)):
            return f"The price has moved {moved:.0f} bps since proposal {approval.proposal} was made: propose anew."
    for units, allowed in pairs:
        if not (units * allowed > 0 and abs(units) <= abs(allowed) * most):
            return f"{units:,f} units are wanted now, {allowed:,f} were approved in proposal {approval.proposal}."
    return ""

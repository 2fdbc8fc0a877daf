"""A check between a decision and an order, and those that need nothing but the decision itself.

Each says its value, its limit, what is left, and a sentence, also when it passes. Every comparison is written so that
NaN fails it. What else surrounds a decision is checked in ``gate``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from insure.decision.caps import SLACK_WEIGHT
from insure.decision.circumstances import Circumstances, of_before
from insure.decision.holdings import Holdings
from insure.decision.ladder import Ladder
from insure.decision.options import OptionTrade
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation
from insure.fund import Fund

CheckUnit = Literal["money", "weight", "units", "count", "minutes", "sessions", "bps", "multiple"]
NOTHING_SENT = "Nothing is sent."
NOT_MADE = "Not computed: "
"""Begins the sentence of a check that had nothing to look at; it passes, and counts as not made."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check with what it measured; ``headroom`` is how far the value may still go."""

    name: str
    passed: bool
    value: float
    limit: float
    headroom: float
    unit: CheckUnit
    sentence: str
    asks: bool = False
    """Whether a person may let it pass; any other check that fails refuses the trade."""

    @property
    def missing(self) -> str:
        """Why it could not be made; empty where it was."""
        return self.sentence.removeprefix(NOT_MADE).rstrip(".") if self.sentence.startswith(NOT_MADE) else ""


def pre_trade(
    fund: Fund,
    holdings: Holdings,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade] = (),
    circumstances: Circumstances | None = None,
) -> tuple[Check, ...]:
    """The checks of one decision, passed or not, in the order that a report prints them.

    Cash is what is left after the stock and the options together; the largest order may be one of either.
    """
    decided = ladder["lots"]
    cash = sum((each.cash for each in options), holdings.cash)
    cash_after = float(cash if trade is None else trade.cash_after(cash))
    orders = [each.trade for each in options] if trade is None else [trade, *(each.trade for each in options)]
    sizes = [float(each.value) / valuation.nav for each in orders]
    order = math.nan if any(math.isnan(size) for size in sizes) else max(sizes, default=0.0)
    highest = most = fund.limits.highest_weight
    if trade is None or not (decided.weight <= highest + SLACK_WEIGHT or of_before(circumstances)):
        # No further outside than it was: a sale towards the limit is let through.
        most = max(highest, valuation.weight)
    checks = (
        at_least("net asset value", valuation.nav, 0.0, "money", "The fund is worth {value:,.2f}."),
        at_most("equity weight", decided.weight, most, "weight",
                "Equity would be {value:.2%} of the fund; the most allowed is {limit:.2%}."),
        at_least("no short sale", decided.units, 0.0, "units", "{value:,.6f} units would be held."),
        at_least("cash after costs", cash_after, 0.0, "money", "{value:,.2f} in cash would be left after costs."),
        at_most("order size", order, fund.limits.largest_order_weight, "weight",
                "The order is {value:.2%} of the fund; the most allowed in one is {limit:.2%}.",
                asks=reduces_risk(trade, options) and not of_before(circumstances)),
    )  # fmt: skip
    return checks if of_before(circumstances) else tuple(with_figures(check) for check in checks)


def with_figures(check: Check) -> Check:
    """A check that fails with value and limit in its sentence, where it is of those whose sentence leaves them out."""
    form = _FIGURES.get(check.unit)
    if check.passed or form is None:
        return check
    named = "Counted" if check.unit == "count" else "Found"
    bound = "most" if check.unit == "count" and not check.value < check.limit else "least"
    figures = f"{named}: {form.format(check.value)}; {bound} allowed: {form.format(check.limit)}."
    return replace(check, sentence=f"{check.sentence} {figures}")


_FIGURES: dict[str, str] = {"count": "{:g}", "money": "{:,.2f}", "units": "{:,.6f}"}
"""Units of checks whose sentences do not always name both figures, with how these are written."""


def reduces_risk(trade: Trade | None, options: Sequence[OptionTrade]) -> bool:
    """Whether all that is sent is a sale of stock: a person may let one pass that is larger than a limit of size."""
    return trade is not None and trade.units < 0 and not options


def at_most(name: str, value: float, limit: float, unit: CheckUnit, sentence: str, *, asks: bool = False) -> Check:
    """Passes up to ``limit``; the sentence may name ``{value}`` and ``{limit}``."""
    passed = value <= limit + SLACK_WEIGHT
    return Check(name, passed, value, limit, limit - value, unit, sentence.format(value=value, limit=limit), asks)


def at_least(name: str, value: float, limit: float, unit: CheckUnit, sentence: str) -> Check:
    """Passes from ``limit`` on; the sentence may name ``{value}`` and ``{limit}``."""
    passed = value >= limit
    return Check(name, passed, value, limit, value - limit, unit, sentence.format(value=value, limit=limit))


def required(name: str, sentence: str, *, passed: bool = False, asks: bool = False) -> Check:
    """A check for something that must be there, counted: none may be missing."""
    value = 0.0 if passed else 1.0
    return Check(name, passed, value, 0.0, -value, "count", sentence, asks)


def off(name: str, why: str) -> Check:
    """A check that the contract does not ask for; it stands all the same, with the reason."""
    return Check(name, True, 0.0, 0.0, 0.0, "count", f"Off: {why}.")

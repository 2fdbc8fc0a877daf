"""From what was seen to what is done: valuation, ladder, trades, checks."""

from insure.decision.decide import Decision, Event, Outcome, decide, fund_calendar
from insure.decision.holdings import Holdings, Memory, Period
from insure.decision.ladder import Ladder, Rung
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation

__all__ = [
    "Decision",
    "Event",
    "Holdings",
    "Ladder",
    "Memory",
    "Outcome",
    "Period",
    "Rung",
    "Trade",
    "Valuation",
    "decide",
    "fund_calendar",
]

"""From what was seen to what is done: valuation, ladder, trades, checks."""

from insure.decision.calendars import fund_calendar, years_between
from insure.decision.checks import Check
from insure.decision.circumstances import (
    Approval,
    Breaker,
    Circumstances,
    DeskDay,
    DeskLimits,
    Ordered,
    Override,
    Phase,
    Rollout,
)
from insure.decision.decide import Decision, Event, Outcome, decide
from insure.decision.holdings import Holdings, Memory, OptionHeld, Period, option_account
from insure.decision.ladder import Ladder, Rung
from insure.decision.options import OptionTrade
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation

__all__ = [
    "Approval",
    "Breaker",
    "Check",
    "Circumstances",
    "Decision",
    "DeskDay",
    "DeskLimits",
    "Event",
    "Holdings",
    "Ladder",
    "Memory",
    "OptionHeld",
    "OptionTrade",
    "Ordered",
    "Outcome",
    "Override",
    "Period",
    "Phase",
    "Rollout",
    "Rung",
    "Trade",
    "Valuation",
    "decide",
    "fund_calendar",
    "option_account",
    "years_between",
]

"""Facts of a period out of the book, judged against the contract in force."""

from insure.compliance.facts import Facts, Protection, SlotFact, SlotState, facts
from insure.compliance.limits import Limit
from insure.compliance.measures import Judgement, after_trade, worst

__all__ = [
    "Facts",
    "Judgement",
    "Limit",
    "Protection",
    "SlotFact",
    "SlotState",
    "after_trade",
    "facts",
    "worst",
]

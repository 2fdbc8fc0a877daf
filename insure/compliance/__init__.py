"""Facts of a period out of the book, judged against the contract in force."""

from insure.compliance.executions import Causes, Executions, OrderCost, bps
from insure.compliance.facts import Facts, Protection, SlotFact, SlotState, facts
from insure.compliance.limits import GAP_ALERT, Limit
from insure.compliance.measures import InForce, Judgement, after_trade, worst
from insure.compliance.positions import Position, positions
from insure.compliance.settled import LateFill, settled
from insure.compliance.timetable import Owed, due, owed

__all__ = [
    "GAP_ALERT",
    "Causes",
    "Executions",
    "Facts",
    "InForce",
    "Judgement",
    "LateFill",
    "Limit",
    "OrderCost",
    "Owed",
    "Position",
    "Protection",
    "SlotFact",
    "SlotState",
    "after_trade",
    "bps",
    "due",
    "facts",
    "owed",
    "positions",
    "settled",
    "worst",
]

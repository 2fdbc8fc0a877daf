"""Execution: a decided trade over time and venues, what pauses it, what is left of it, and what it cost.

Pure: child orders follow from the contract, what was seen and the units decided, and from nothing else.
"""

from insure.execution.deficit import Deficit, priced
from insure.execution.pause import Quote, wide_or_thin
from insure.execution.plan import Child, Plan, planned
from insure.execution.shortfall import Executed, Shortfall, shortfall
from insure.execution.venues import apportion

__all__ = [
    "Child",
    "Deficit",
    "Executed",
    "Plan",
    "Quote",
    "Shortfall",
    "apportion",
    "planned",
    "priced",
    "shortfall",
    "wide_or_thin",
]

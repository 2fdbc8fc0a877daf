"""What a fund holds and what it remembers: both come in with a decision and leave with it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from insure.errors import InvalidInput
from insure.strategies.rule import Start


@dataclass(frozen=True, slots=True)
class Holdings:
    """Exact quantities: units of the index and money."""

    units: Decimal
    cash: Decimal

    def __post_init__(self) -> None:
        """A protected fund is never short."""
        for name in ("units", "cash"):
            value = getattr(self, name)
            if not (value.is_finite() and value >= 0):
                raise InvalidInput(f"{name} held is {value}; a fund holds zero or more.")


@dataclass(frozen=True, slots=True)
class Period:
    """One protection period: when it began, on what, and when it ends."""

    number: int
    start: dt.date
    end: dt.date
    """The horizon: first session on or after the anniversary."""
    value: float
    """NAV at the start, money."""
    spot: float
    years: float
    vol: float
    """Hedge volatility that the structure was solved with."""


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the next decision may know of the ones before."""

    period: Period
    start: Start
    """Constants, state and guarantee of the period; the state is as the last decision left it."""
    last_target: float
    """Equity weight decided last."""
    breached: bool
    """Whether the floor was breached in this period."""
    locked: bool
    """Whether the fund was in cash-lock (no cushion) at the last decision."""

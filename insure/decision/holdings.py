"""What a fund holds and what it remembers: both come in with a decision and leave with it."""

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from insure.errors import InvalidInput
from insure.strategies.rule import Start

_ZERO = Decimal(0)
OPTION_PREFIX = "option:"
"""What the ledger's accounts of options begin with."""


@dataclass(frozen=True, slots=True)
class OptionHeld:
    """European options on one unit of the index each, exact: ``units`` of them, below zero where they were sold."""

    kind: Literal["put", "call"]
    strike: Decimal
    """In the price of the index, to the millionth."""
    expiry: dt.date
    """The session at whose price they are settled in cash."""
    units: Decimal

    @property
    def instrument(self) -> str:
        """As it stands on orders: "put 1019.39 2008-01-03"."""
        return f"{self.kind} {self.strike.normalize():f} {self.expiry}"

    @property
    def account(self) -> str:
        """The ledger's account of these options."""
        return option_account(self.instrument)

    def changed(self, units: Decimal) -> "OptionHeld":
        """So many units of the same option."""
        return replace(self, units=units)

    def payoff(self, price: Decimal) -> Decimal:
        """What the whole position pays at expiry on a price of the index; below zero where it was sold."""
        inside = price - self.strike if self.kind == "call" else self.strike - price
        return self.units * max(inside, _ZERO)


def option_account(instrument: str) -> str:
    """The ledger's account of an option, in the 16 characters that an account has: a hash of the instrument."""
    return f"{OPTION_PREFIX}{hashlib.sha256(instrument.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Exact quantities: units of the index, money, and options."""

    units: Decimal
    cash: Decimal
    options: tuple[OptionHeld, ...] = ()
    """Each instrument once, none of them zero."""

    def __post_init__(self) -> None:
        """A protected fund is never short of stock or money."""
        for name in ("units", "cash"):
            value = getattr(self, name)
            if not (value.is_finite() and value >= 0):
                raise InvalidInput(f"{name} held is {value}; a fund holds zero or more.")

    def moved(
        self, *, units: Decimal = _ZERO, cash: Decimal = _ZERO, options: tuple[OptionHeld, ...] = ()
    ) -> "Holdings":
        """After stock, money and options came in (below zero: went out).

        Raises:
            InvalidInput: less than nothing would be left of stock or money.
        """
        held = {option.instrument: option for option in self.options}
        for option in options:
            before = held.get(option.instrument)
            held[option.instrument] = option if before is None else option.changed(before.units + option.units)
        left = tuple(option for option in held.values() if option.units)
        return Holdings(self.units + units, self.cash + cash, left)

    def option_units(self) -> dict[str, Decimal]:
        """Units of each option, by its account in the ledger."""
        return {option.account: option.units for option in self.options}


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

"""What a compliance report needs besides decisions: verification, versions, controls, reconciliations."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Control:
    """Something that a person or a guard did: breaker, kill, lift, override, approval, rejection, restore."""

    at: dt.datetime
    kind: str
    by: str
    sentence: str
    cost: float | None = None
    """What it has cost against going on, money; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A position of the book against the same position of the custodian."""

    at: dt.datetime
    position: str
    book: Decimal
    custodian: Decimal

    @property
    def difference(self) -> Decimal:
        """Book minus custodian."""
        return self.book - self.custodian


@dataclass(frozen=True, slots=True)
class Evidence:
    """Handed in by whoever asks for the report; what is None was not looked at, and the report says so."""

    verified: bool | None = None
    """Whether the book, its chain and its anchors were found whole."""
    verification: str = "the book was not verified for this report"
    """What was looked at and found, a sentence without its full stop."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Version by distribution."""
    calendar_release: str = ""
    controls: tuple[Control, ...] | None = None
    reconciliations: tuple[Reconciliation, ...] | None = None
    incidents: tuple[Control, ...] | None = None
    """Drills and incidents."""

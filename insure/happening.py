"""What an event report is due for, read from rows of the chain."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from insure.book.record import Record
from insure.book.trail import Entry
from insure.compliance.controls import control_event
from insure.errors import InvalidInput

HappeningKind = Literal[
    "floor breached", "missed slot", "slot failed", "kill", "lift", "breaker", "override", "restore"
]
STATED: Mapping[str, HappeningKind] = MappingProxyType(
    {"kill": "kill", "lift": "lift", "breaker": "breaker", "override": "override", "restore": "restore"}
)
"""Kinds of rows that are events by themselves."""

_ACKNOWLEDGE = "Acknowledge the alert in a person's name (insure status names it, insure ack closes it)."
_OPEN: Mapping[HappeningKind, tuple[str, ...]] = MappingProxyType(
    {
        "floor breached": (
            _ACKNOWLEDGE,
            "Tell the holders, and agree whether the period goes on as the contract says or a new one begins.",
        ),
        "missed slot": (
            "Find out why nothing ran at the slot (insure doctor, the service's log).",
            _ACKNOWLEDGE,
        ),
        "slot failed": ("Correct what the reason names before the next slot.", _ACKNOWLEDGE),
        "kill": ("Lift it once its reason is gone (insure lift, two names).",),
        "lift": (),
        "breaker": ("Watch it until it is NORMAL again, or set it back in a person's name.",),
        "override": (),
        "restore": (
            "Hold the book against the reports that were printed after the backup (insure verify).",
            "Ask brokers and the custodian for what was executed after the backup (insure fills import).",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event: a row of the chain, and what it means."""

    entry: Entry
    kind: HappeningKind
    sentence: str
    by: str
    """Who did it; empty where nobody did."""
    money: float | None
    """What it cost, below zero a loss; None where the row does not say."""
    open_actions: tuple[str, ...]
    """What somebody still has to do when it has happened."""
    day: dt.date
    """Session of the slot; the day (UTC) of what happened between slots."""
    slot: str
    """Empty for what is no slot."""

    @property
    def good(self) -> bool:
        """Whether something is over: a kill that was lifted, a breaker that is NORMAL again."""
        return self.kind == "lift" or self.entry.content.get("state") == "NORMAL"


def happening(entry: Entry, record: Record | None) -> Happening:
    """An event out of its row.

    Args:
        entry: the row.
        record: the decision of the row; None where it is no slot, or none was reached.

    Raises:
        InvalidInput: nothing happened there that an event report is made of.
    """
    if entry.kind in STATED:
        told = control_event(entry)
        kind = STATED[entry.kind]
        over = kind == "breaker" and entry.content.get("state") == "NORMAL"
        actions = (told.open,) if told.open else () if over else _OPEN[kind]
        return Happening(entry, kind, told.sentence, told.by, told.money, actions, entry.at.date(), "")
    if entry.kind != "run":
        raise InvalidInput(f"Entry {entry.sequence} of the chain is a {entry.kind}; there is no event report on it.")
    kind, sentence = _of_slot(entry, record)
    content = entry.content
    day = dt.date.fromisoformat(content["session"])
    return Happening(entry, kind, sentence, "", None, _OPEN[kind], day, content["slot"])


def _of_slot(entry: Entry, record: Record | None) -> tuple[HappeningKind, str]:
    content = entry.content
    told = [] if record is None else [each.sentence for each in record.decision.events if each.kind == "floor breached"]
    if told:
        return "floor breached", told[0]
    if content["outcome"] == "FAILED":
        return "slot failed", content["reason"]
    if content["outcome"] == "SKIPPED" and record is None:
        return "missed slot", content["reason"]
    raise InvalidInput(
        f"Entry {entry.sequence} of the chain is a slot that ended {content['outcome']}; no event report is due for it."
    )

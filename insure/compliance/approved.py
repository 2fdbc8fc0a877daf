"""Trades that people were asked about, and let pass: a held slot and the slot in which it was carried out are one.

A slot whose trade waits for people ends HELD, and with the last approval it is run again under a key of its own
(``SLOT.approved``). Counted apart, every approval by four eyes would read as a slot that was held, a check that failed
and a run beside the timetable. One whose approval never came, came too late, or was refused is none of it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from insure.book.record import Record
from insure.controls.approvals import approved_word, asks
from insure.decision import Outcome
from insure.slots import Slot


class Ended(Protocol):
    """A slot as facts tell it."""

    @property
    def slot(self) -> Slot:
        """Which."""
        ...

    @property
    def outcome(self) -> Outcome | None:
        """How it ended."""
        ...


class Told(Protocol):
    """The part of a period's facts that is looked at."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Its decisions."""
        ...

    @property
    def slots(self) -> Collection[Ended]:
        """What was due."""
        ...

    @property
    def unscheduled(self) -> Collection[Ended]:
        """What ran beside the timetable."""
        ...


@dataclass(frozen=True, slots=True)
class Routine:
    """Approvals that went as they should, by the keys (``session:word``) of their slots."""

    carried_out: Mapping[str, str]
    """The slot that carried a trade out, by each slot that was held for it."""

    @property
    def held(self) -> frozenset[str]:
        """Slots that were held for people, and whose trade was then carried out."""
        return frozenset(self.carried_out)

    @property
    def ran(self) -> frozenset[str]:
        """Slots in which they were carried out."""
        return frozenset(self.carried_out.values())


def routine(facts: Told) -> Routine:
    """Slots that were held for an approval and nothing else, and carried out with it."""
    ended = {each.slot.key: each for each in (*facts.slots, *facts.unscheduled)}
    asked = {f"{record.session}:{record.slot}" for record in facts.records if asks(record.decision)}
    found: dict[str, str] = {}
    for key, each in ended.items():
        done = _carried_out(each, ended, asked)
        if done:
            found[key] = done
    return Routine(found)


def _carried_out(each: Ended, ended: Mapping[str, Ended], asked: Collection[str]) -> str:
    """The slot in which a held one was carried out, by way of however many that were held again; empty for none."""
    seen: list[str] = []
    now: Ended | None = each
    while now is not None and now.outcome == "HELD" and now.slot.key in asked and now.slot.key not in seen:
        seen.append(now.slot.key)
        now = _next(now.slot, ended.values())
    return now.slot.key if seen and now is not None and now.outcome == "OK" else ""


def _next(slot: Slot, ended: Iterable[Ended]) -> Ended | None:
    """The last run under the key of an approval: itself, or taken up again for its price."""
    wanted = approved_word(slot.name)
    runs = [
        each
        for each in ended
        if each.slot.session == slot.session and (each.slot.name == wanted or each.slot.name.startswith(f"{wanted}."))
    ]
    return runs[-1] if runs else None

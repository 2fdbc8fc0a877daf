"""What a fund owed: the slots of each contract while it was in force.

A contract owes its slots as the service owes them (``insure.book.duty``): it comes into force with the first slot that
is decided under it, and owes what falls after the last slot that ended under the contract before.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Protocol

from insure.book.record import Record
from insure.compliance.measures import Contracts, contract_of
from insure.decision import Outcome, fund_calendar
from insure.fund import Fund
from insure.slots import Slot, slots


class Ran(Protocol):
    """How one slot ended, as the book keeps it."""

    @property
    def session(self) -> dt.date:
        """Session of the slot."""
        ...

    @property
    def slot(self) -> str:
        """Word of the slot."""
        ...

    @property
    def due(self) -> dt.datetime:
        """When it was due."""
        ...

    @property
    def started(self) -> dt.datetime:
        """When it was started."""
        ...

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        ...

    @property
    def reason(self) -> str:
        """Why it ended so."""
        ...


@dataclass(frozen=True, slots=True)
class Owed:
    """A contract with the instants between which its timetable was owed."""

    fund: Fund
    after: dt.datetime | None
    """Slots later than this; None: from the start of its protection on."""
    until: dt.datetime | None
    """Slots up to this; None for the last contract."""


def owed(fund: Fund, contracts: Contracts, history: Sequence[Record], runs: Sequence[Ran]) -> tuple[Owed, ...]:
    """The contracts of a fund one after the other, each with what it owed.

    A slot that ended without a decision says of no contract that it was in force. Between the last decision under one
    contract and the first under the next it belongs to the old one where that one's timetable has it, else to the new.
    Of the session in which the old one's last slot ended, the new one owes what was run of it, and nothing else: nobody
    can tell whether it was agreed in time.

    Args:
        fund: the contract where nothing was decided.
        contracts: by their hash.
        history: every decision, in order.
        runs: how every slot ended, in the order they ran.
    """
    decided = {(record.session, record.slot): record for record in history}
    found: list[Owed] = []
    current = contract_of(contracts, history[0]) if history else fund
    after: dt.datetime | None = None
    last: Ran | None = None
    undecided: list[Ran] = []
    for run in runs:
        record = decided.get((run.session, run.slot))
        if record is None:
            undecided.append(run)
            continue
        new = contract_of(contracts, record)
        if new != current:
            old = list(takewhile(partial(_has, current), undecided))
            last = old[-1] if old else last
            found.append(Owed(current, after, None if last is None else last.due))
            current, after = new, None if last is None else _begins(new, last, [*undecided, run][len(old)])
        undecided.clear()
        last = run
    return (*found, Owed(current, after, None))


def due(contracts: Sequence[Owed], first: dt.date, last: dt.date, until: dt.datetime) -> list[Slot]:
    """The slots that were owed on the sessions from ``first`` to ``last``, up to the instant ``until``, in order."""
    found: list[Slot] = []
    for each in contracts:
        fund = each.fund
        begun = max(first, fund.protection.start)
        if begun > last:
            continue
        found += [
            slot
            for slot in slots(fund.schedule.timing, fund_calendar(fund), begun, last)
            if slot.at <= until
            and (each.after is None or slot.at > each.after)
            and (each.until is None or slot.at <= each.until)
        ]
    return found


def _begins(fund: Fund, last: Ran, following: Ran) -> dt.datetime:
    """The instant after which a contract owes its slots, that begins with the run ``following``."""
    if following.session == last.session:
        return last.due
    return max(last.due, fund_calendar(fund).closes(fund_calendar(fund).on_or_before(last.session)))


def _has(fund: Fund, run: Ran) -> bool:
    of_day = slots(fund.schedule.timing, fund_calendar(fund), run.session, run.session)
    return any(slot.name == run.slot for slot in of_day)

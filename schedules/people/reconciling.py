"""A reconciliation as the book goes through it: compared, stated, its breaks opened and cured, in one transaction."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from insure.book.alerts import Alert, RaisedAlert
from insure.book.duty import Duty
from insure.broker.reported import FileKind, Reported, read_file, read_reported
from insure.controls import breaks, reconciliation
from insure.controls.breaks import Break
from insure.controls.people import spoken
from insure.controls.reconciliation import Reconciliation, reconcile
from insure.decision import fund_calendar
from insure.fund import Fund

BROKEN = "reconciliation break"
INCOMPLETE = "reconciliation incomplete"
"""Kinds of the alerts."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation came to."""

    found: Reconciliation
    new: bool
    """False where the same files led to the same before: nothing was written."""
    breaks: tuple[Break, ...]
    """All that are open now, those of earlier reports too."""
    raised: tuple[RaisedAlert, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether what was handed in differs in nothing, and nothing is open, that nobody has explained.

        A file of positions must tell of all that is held; a broker's orders or a bank's cash alone need not.
        """
        explained = {(one.kind, one.subject) for one in self.breaks if one.explained}
        told = self.found.complete or "positions" not in dict(self.found.shas)
        here = all((line.kind, line.subject) in explained for line in self.found.breaks)
        return told and here and all(one.explained for one in self.breaks)


def kinds_of(files: Mapping[str, Path | None]) -> dict[FileKind, Path]:
    """Those files that were handed in."""
    kinds: tuple[FileKind, ...] = ("positions", "cash", "orders")
    return {kind: path for kind in kinds if (path := files.get(kind)) is not None}


def reported(files: Mapping[FileKind, Path], fund: Fund, desk: Collection[str], now: dt.datetime) -> Reported:
    """What files say of a fund; see ``insure.broker.reported``.

    Raises:
        InvalidInput: a file cannot be read, or a line of one cannot be right.
    """
    read = {kind: read_file(path) for kind, path in files.items()}
    return read_reported(read, fund, fund_calendar(fund), desk, now)


def reconciled(duty: Duty, fund: Fund, told: Reported, now: dt.datetime, source: str = breaks.CUSTODIAN) -> Reconciled:
    """Compare, and state what came out; the same files of a source with the same result are stated once.

    Raises:
        InvalidInput: a later report was reconciled already.
    """
    said = duty.statements(reconciliation.KINDS, fund.id)
    standing = breaks.standing(duty.statements(breaks.KINDS, fund.id))
    keys = {one.subject for one in standing if one.kind == "orders"}
    keys |= {each.key for each in told.orders or ()}
    complete = [one.content["session"] for one in said if one.content.get("complete") == "yes"]
    since = dt.date.fromisoformat(complete[-1]) if complete else None
    found = reconcile(fund, fund_calendar(fund), duty.booked(fund, since, keys), told, spoken("--from", source))
    if reconciliation.known(said, found, standing):
        return Reconciled(found, False, standing)
    files = {f"{kind}_file": file.name for kind, file in told.files.items()}
    duty.state("reconciliation", fund.id, now, {**found.content(), **files})
    for content in reconciliation.following(found, standing):
        duty.state("break", fund.id, now, content)
    after = breaks.standing(duty.statements(breaks.KINDS, fund.id))
    return Reconciled(found, True, after, tuple(_told(duty, fund, found, after, now)))


def _told(
    duty: Duty, fund: Fund, found: Reconciliation, standing: Sequence[Break], now: dt.datetime
) -> list[RaisedAlert]:
    over, raised = [], []
    waiting = [one for one in standing if not one.explained]
    if waiting:
        sentence = " ".join(f"Break {one.id}: {one.words}" for one in waiting)
        raised.append(duty.raise_alert(Alert(fund.id, "B", BROKEN, sentence), now))
    else:
        over.append(BROKEN)
    missing = [line.words for line in found.lines if line.verdict == "not reported"]
    if missing:
        raised.append(duty.raise_alert(Alert(fund.id, "B", INCOMPLETE, " ".join(missing)), now))
    else:
        over.append(INCOMPLETE)
    duty.close_over(fund.id, tuple(over), now)
    return raised


def give(duty: Duty, fund: Fund, number: int, owner: str, people: Sequence[str], now: dt.datetime) -> Break:
    """A break belongs to somebody from now on.

    Raises:
        InvalidInput: there is no such break, or nobody is named.
    """
    said = duty.statements(breaks.KINDS, fund.id)
    duty.state("break", fund.id, now, breaks.owned(said, number, owner, people))
    return _one(duty, fund, number)


def explain(
    duty: Duty, fund: Fund, number: int, explanation: str, by: str, people: Sequence[str], now: dt.datetime
) -> Break:
    """A break is explained; where it was the last that was not, its alert is over.

    Raises:
        InvalidInput: there is no such break, nobody is named, or nothing is explained.
    """
    said = duty.statements(breaks.KINDS, fund.id)
    duty.state("break", fund.id, now, breaks.explaining(said, number, explanation, by, people))
    if not breaks.unexplained(duty.statements(breaks.KINDS, fund.id)):
        duty.close_over(fund.id, (BROKEN,), now)
    return _one(duty, fund, number)


def _one(duty: Duty, fund: Fund, number: int) -> Break:
    return next(one for one in breaks.standing(duty.statements(breaks.KINDS, fund.id)) if one.id == number)

"""What a service reads and writes around a slot, in the slot's own transaction: runs, alerts and questions."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select

from insure.book import agreements, alerts, booked, conduct, questions, statements, watching
from insure.book.agreements import DecidedUnder
from insure.book.alerts import Alert, HasEngine, RaisedAlert
from insure.book.book import Batch
from insure.book.booked import Booked
from insure.book.engine import reading, writing
from insure.book.page import Standing, checked_standing
from insure.book.questions import Answer, AskedQuestion
from insure.book.record import Record
from insure.book.statements import Statement
from insure.book.tables import contracts, decisions, runs
from insure.fund import Fund
from insure.quality import Question
from insure.slots import Slot


@dataclass(frozen=True, slots=True)
class Ended:
    """Since when a fund owes its slots under the contract in force, and which of them have ended."""

    since: dt.datetime | None
    """None where the book knows of no run: owed from the start of the protection on."""
    keys: frozenset[str]


class Duty(Batch):
    """One transaction of a service: slots, alerts and questions are kept together, or not at all."""

    def __init__(self, connection: Connection) -> None:
        """Made by ``on_duty``."""
        super().__init__(connection)
        self._book = connection

    def standing(self, fund_id: str) -> Standing:
        """See ``Book.standing``."""
        return checked_standing(self._book, fund_id)

    def ended(self, fund: Fund, since: dt.datetime | None) -> Ended:
        """Keys of the slots that ended later than ``since``, or since the contract in force began where that is None.

        A contract begins with its first decision; until then, and where it replaced another one, with the last slot
        that ended before it. Slots that only another contract's timetable had are not owed.
        """
        begun = since if since is not None else _begun(self._book, fund)
        query = select(runs.c.session, runs.c.slot).where(runs.c.fund_id == fund.id)
        if begun is not None:
            query = query.where(runs.c.due > begun - dt.timedelta(days=1))
        return Ended(begun, frozenset(f"{row.session}:{row.slot}" for row in self._book.execute(query)))

    def started_last(self, fund_id: str) -> dt.datetime | None:
        """When the last run of a fund started; None before the first."""
        query = select(runs.c.started).where(runs.c.fund_id == fund_id).order_by(runs.c.id.desc()).limit(1)
        started: dt.datetime | None = self._book.execute(query).scalar()
        return started

    def slots_of(self, fund_id: str, session: dt.date) -> list[str]:
        """The words of the slots of a session that have ended, in the order they ran."""
        query = select(runs.c.slot).where(runs.c.fund_id == fund_id, runs.c.session == session).order_by(runs.c.id)
        return list(self._book.execute(query).scalars())

    def raise_alert(self, alert: Alert, at: dt.datetime) -> RaisedAlert:
        """See ``alerts.raise_alert``."""
        return alerts.raise_alert(self._book, alert, at)

    def close_over(self, fund_id: str, kinds: tuple[str, ...], at: dt.datetime) -> None:
        """See ``alerts.close_over``."""
        alerts.close_over(self._book, fund_id, kinds, at)

    def state(self, kind: str, fund_id: str, at: dt.datetime, content: Mapping[str, str]) -> Statement:
        """See ``statements.state``."""
        return statements.state(self._book, kind, fund_id, at, content)

    def chain_followed(self, after: tuple[int, str] | None) -> tuple[int, str, dt.datetime | None]:
        """See ``chain.followed``; None begins with the newest ``watching.FIRST_LOOK`` rows."""
        return watching.chain_followed(self._book, after)

    def bad_prices(self, fund_id: str, since: dt.datetime | None) -> int:
        """See ``watching.bad_prices``."""
        return watching.bad_prices(self._book, fund_id, since)

    def failures(self, fund_id: str, since: dt.datetime | None) -> int:
        """See ``watching.failures``."""
        return watching.failures(self._book, fund_id, since)

    def statements(
        self,
        kinds: Sequence[str],
        fund_id: str | None = None,
        *,
        since: int = 0,
        last: int | None = None,
        subjects: Sequence[str] = (),
        after: dt.datetime | None = None,
    ) -> list[Statement]:
        """See ``statements.statements``."""
        return statements.statements(self._book, kinds, fund_id, since=since, last=last, subjects=subjects, after=after)

    def decided_under(self, fund_id: str) -> DecidedUnder | None:
        """See ``agreements.decided_under``."""
        return agreements.decided_under(self._book, fund_id)

    def began(self, fund_id: str) -> dt.datetime | None:
        """See ``conduct.began``."""
        return conduct.began(self._book, fund_id)

    def ended_since(self, fund_id: str, since: dt.datetime) -> list[conduct.Ended]:
        """See ``conduct.ended_since``."""
        return conduct.ended_since(self._book, fund_id, since)

    def records_since(self, fund_id: str, since: dt.datetime) -> list[Record]:
        """See ``conduct.records_since``."""
        return conduct.records_since(self._book, fund_id, since)

    def booked(self, fund: Fund, since: dt.date | None, keys: Collection[str] = ()) -> Booked:
        """See ``booked.booked``."""
        return booked.booked(self._book, fund.id, fund.instrument, since, keys)

    def question(self, fund_id: str) -> AskedQuestion | None:
        """See ``questions.open_question``."""
        return questions.open_question(self._book, fund_id)

    def questions(self) -> list[AskedQuestion]:
        """All questions that are open."""
        return questions.open_questions(self._book)

    def last_outlived(self, fund_id: str) -> AskedQuestion | None:
        """See ``questions.last_outlived``."""
        return questions.last_outlived(self._book, fund_id)

    def ask(self, fund_id: str, slot: Slot, question: Question, at: dt.datetime) -> None:
        """See ``questions.ask``."""
        questions.ask(self._book, fund_id, slot, question, at)

    def settle(self, fund_id: str, at: dt.datetime, answer: Answer) -> None:
        """See ``questions.settle``."""
        questions.settle(self._book, fund_id, at, answer)


@contextmanager
def on_duty(book: HasEngine) -> Iterator[Duty]:
    """Write: everything is kept when the block ends, nothing when it raises.

    Raises:
        BookError: the database refuses; nothing was kept.
    """
    with writing(book.engine, book.where) as connection:
        yield Duty(connection)


@contextmanager
def looking(book: HasEngine) -> Iterator[Duty]:
    """Read one state of the book.

    Raises:
        BookError: the database refuses.
    """
    with reading(book.engine, book.where) as connection:
        yield Duty(connection)


def _begun(connection: Connection, fund: Fund) -> dt.datetime | None:
    mine = contracts.c.config_sha256 == fund.config_sha256
    first: dt.datetime | None = connection.execute(
        select(contracts.c.first_used).where(contracts.c.fund_id == fund.id, mine)
    ).scalar()
    newest_first = select(runs.c.due).where(runs.c.fund_id == fund.id).order_by(runs.c.id.desc()).limit(1)
    if first is None:
        before: dt.datetime | None = connection.execute(newest_first).scalar()
        return before
    other: dt.datetime | None = connection.execute(
        newest_first.join(decisions, decisions.c.run_id == runs.c.id).where(
            decisions.c.config_sha256 != fund.config_sha256
        )
    ).scalar()
    return first if other is None else max(first, other)

"""Alerts: one for each thing that is wrong, counted while it stays wrong.

Class A stays until somebody acknowledges it by name; B and C close when what they speak of is over. The table is the
index of what is open, and counts; what was raised, acknowledged or over stands on the chain (``alert_rows``).
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Column, Connection, Engine, Index, Integer, Row, String, Table, Text, insert, select, update

from insure.book import alert_rows
from insure.book.alert_rows import Grade
from insure.book.columns import Instant
from insure.book.engine import reading, writing
from insure.book.statements import Statement, state
from insure.book.tables import audit, metadata
from insure.errors import BookError

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fund_id", String(63), nullable=False),
    Column("grade", String(1), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("raised", Instant, nullable=False),
    Column("last", Instant, nullable=False),
    Column("notified", Instant, nullable=True),
    Column("closed", Instant, nullable=True),
    Column("closed_by", String(200), nullable=True),
    Index(None, "closed", "fund_id", "kind"),
)
"""One row for each alert; ``fund_id`` is empty for what concerns the whole desk."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a person must, or should, know."""

    fund_id: str
    """Empty for the whole desk."""
    grade: Grade
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """An alert as the book keeps it."""

    id: int
    alert: Alert
    """With the sentence of the last time."""
    count: int
    """How often it was raised while it was open."""
    raised: dt.datetime
    last: dt.datetime
    notified: dt.datetime | None
    closed: dt.datetime | None
    closed_by: str | None
    """Who acknowledged it; None where what it speaks of was over by itself."""


class HasEngine(Protocol):
    """What the rooms of the book ask of a book."""

    @property
    def engine(self) -> Engine:
        """The database."""
        ...

    @property
    def where(self) -> str:
        """Names it in errors."""
        ...


class AlertBook:
    """The alerts of a book; each method is a transaction of its own."""

    def __init__(self, book: HasEngine) -> None:
        """``book``: whose alerts they are."""
        self._engine = book.engine
        self._where = book.where

    def open(self) -> list[RaisedAlert]:
        """Alerts that are not closed, in the order they were raised."""
        with reading(self._engine, self._where) as connection:
            rows = connection.execute(select(alerts).where(alerts.c.closed.is_(None)).order_by(alerts.c.id))
            return [_raised(row) for row in rows]

    def all(self) -> list[RaisedAlert]:
        """Every alert ever raised, in order."""
        with reading(self._engine, self._where) as connection:
            return [_raised(row) for row in connection.execute(select(alerts).order_by(alerts.c.id))]

    def raise_alert(self, alert: Alert, at: dt.datetime) -> RaisedAlert:
        """See ``raise_alert``."""
        with writing(self._engine, self._where) as connection:
            return raise_alert(connection, alert, at)

    def acknowledge(self, number: int, by: str, at: dt.datetime) -> RaisedAlert:
        """Close an alert in a person's name.

        Raises:
            BookError: there is no such alert, or it is closed, or nobody is named.
        """
        if not by.strip() or not by.isprintable() or len(by) > 200:
            raise BookError(f"by is {by!r}; an alert is acknowledged in a person's name.")
        with writing(self._engine, self._where) as connection:
            row = connection.execute(select(alerts).where(alerts.c.id == number)).first()
            if row is None:
                raise BookError(f"There is no alert {number}; `insure status` lists those that are open.")
            if row.closed is not None:
                how = f"{row.closed_by} acknowledged it" if row.closed_by else "it was over"
                raise BookError(f"Alert {number} is closed: {how} at {row.closed:%Y-%m-%d %H:%M} UTC.")
            _take_onto_chain(connection, at)
            connection.execute(update(alerts).where(alerts.c.id == number).values(closed=at, closed_by=by.strip()))
            state(connection, alert_rows.KIND, row.fund_id, at, alert_rows.closed(row, by.strip()))
            return _raised(connection.execute(select(alerts).where(alerts.c.id == number)).one())

    def mark_notified(self, number: int, at: dt.datetime) -> None:
        """People were told."""
        with writing(self._engine, self._where) as connection:
            connection.execute(update(alerts).where(alerts.c.id == number).values(notified=at))

    def waiting(self, before: dt.datetime) -> list[RaisedAlert]:
        """Alerts raised before an instant that nobody was told of."""
        with reading(self._engine, self._where) as connection:
            rows = connection.execute(
                select(alerts)
                .where(alerts.c.notified.is_(None), alerts.c.closed.is_(None), alerts.c.raised < before)
                .order_by(alerts.c.id)
            )
            return [_raised(row) for row in rows]


def raise_alert(connection: Connection, alert: Alert, at: dt.datetime) -> RaisedAlert:
    """Raise an alert, or count it where one of its fund and kind is open; ``count`` is 1 for a new one."""
    row = connection.execute(
        select(alerts).where(alerts.c.closed.is_(None), alerts.c.fund_id == alert.fund_id, alerts.c.kind == alert.kind)
    ).first()
    told = row is None or alert.grade < row.grade
    if told:
        _take_onto_chain(connection, at)
    if row is None:
        number = connection.execute(
            insert(alerts)
            .values(
                fund_id=alert.fund_id,
                grade=alert.grade,
                kind=alert.kind,
                sentence=alert.sentence,
                times=1,
                raised=at,
                last=at,
            )
            .returning(alerts.c.id)
        ).scalar_one()
    else:
        number = row.id
        connection.execute(
            update(alerts)
            .where(alerts.c.id == number)
            .values(times=row.times + 1, last=at, sentence=alert.sentence, grade=min(row.grade, alert.grade))
        )
    kept = connection.execute(select(alerts).where(alerts.c.id == number)).one()
    if told:
        state(connection, alert_rows.KIND, alert.fund_id, at, alert_rows.raised(kept, alert.sentence))
    return _raised(kept)


def close_over(connection: Connection, fund_id: str, kinds: tuple[str, ...], at: dt.datetime) -> None:
    """Close what is over by itself; class A stays."""
    over = connection.execute(
        select(alerts)
        .where(
            alerts.c.closed.is_(None),
            alerts.c.fund_id == fund_id,
            alerts.c.kind.in_(kinds),
            alerts.c.grade != "A",
        )
        .order_by(alerts.c.id)
    ).all()
    if not over:
        return
    _take_onto_chain(connection, at)
    connection.execute(update(alerts).where(alerts.c.id.in_([row.id for row in over])).values(closed=at))
    for row in over:
        state(connection, alert_rows.KIND, fund_id, at, alert_rows.closed(row, ""))


def alert_differences(connection: Connection, told: Iterable[Statement]) -> Iterator[str]:
    """What the table says otherwise than statements of the chain, in words."""
    rows = connection.execute(select(alerts).order_by(alerts.c.id)).all()
    yield from alert_rows.differences(rows, *alert_rows.folded(told))


def _take_onto_chain(connection: Connection, at: dt.datetime) -> None:
    """State what an older version raised without a row of the chain; nothing where any alert has one."""
    if connection.execute(select(audit.c.sequence).where(audit.c.kind == alert_rows.KIND).limit(1)).first() is not None:
        return
    rows = connection.execute(select(alerts).order_by(alerts.c.id)).all()
    if not rows:
        return
    state(connection, alert_rows.KIND, "", at, alert_rows.earlier(rows))
    for row in rows:
        if row.closed is None:
            content = alert_rows.raised(row, row.sentence, carried=True)
            state(connection, alert_rows.KIND, row.fund_id, at, content)


def _raised(row: Row[*tuple[object, ...]]) -> RaisedAlert:
    return RaisedAlert(
        id=row.id,
        alert=Alert(row.fund_id, row.grade, row.kind, row.sentence),
        count=row.times,
        raised=row.raised,
        last=row.last,
        notified=row.notified,
        closed=row.closed,
        closed_by=row.closed_by,
    )

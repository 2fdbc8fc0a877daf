"""Questions about prices as rows: what was asked, since when the clock runs, and what answered it."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN
from typing import Literal

from sqlalchemy import Column, Connection, Index, Integer, Row, String, Table, Text, insert, select, update

from insure.book.columns import Instant, Quantity, Session
from insure.book.tables import metadata
from insure.money import MILLIONTH
from insure.quality import Question
from insure.slots import Slot

Answer = Literal["decided", "outlived", "replaced"]
"""decided: a decision was reached; outlived: the clock ran out and the contract holds; replaced: another question."""

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fund_id", String(63), nullable=False),
    Column("session", Session, nullable=False),
    Column("slot", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("price", Quantity, nullable=True),
    Column("asked", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("settled", Instant, nullable=True),
    Column("answer", String(16), nullable=True),
    Index(None, "fund_id", "settled"),
)
"""At most one question of a fund is open."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as the book keeps it."""

    fund_id: str
    session: dt.date
    """Of the slot that last asked it."""
    slot: str
    question: Question
    settled: dt.datetime | None
    answer: Answer | None


def open_question(connection: Connection, fund_id: str) -> AskedQuestion | None:
    """The question of a fund that is not answered; None where there is none."""
    row = connection.execute(
        select(questions).where(questions.c.fund_id == fund_id, questions.c.settled.is_(None))
    ).first()
    return None if row is None else _asked(row)


def open_questions(connection: Connection) -> list[AskedQuestion]:
    """Every question that is not answered, in the order they were asked."""
    rows = connection.execute(select(questions).where(questions.c.settled.is_(None)).order_by(questions.c.id))
    return [_asked(row) for row in rows]


def last_outlived(connection: Connection, fund_id: str) -> AskedQuestion | None:
    """The last question whose price became the reference because nothing answered it."""
    row = connection.execute(
        select(questions)
        .where(questions.c.fund_id == fund_id, questions.c.answer == "outlived")
        .order_by(questions.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _asked(row)


def ask(connection: Connection, fund_id: str, slot: Slot, question: Question, at: dt.datetime) -> None:
    """Ask, or ask again: a question with the clock of the open one is that one, seen again."""
    known = open_question(connection, fund_id)
    price = question.price.quantize(MILLIONTH, rounding=ROUND_HALF_EVEN) if question.price is not None else None
    if known is not None and known.question.kind == question.kind and known.question.asked == question.asked:
        connection.execute(
            update(questions)
            .where(questions.c.fund_id == fund_id, questions.c.settled.is_(None))
            .values(sentence=question.sentence, price=price, session=slot.session, slot=slot.name)
        )
        return
    settle(connection, fund_id, at, "replaced")
    connection.execute(
        insert(questions).values(
            fund_id=fund_id,
            session=slot.session,
            slot=slot.name,
            kind=question.kind,
            sentence=question.sentence,
            price=price,
            asked=question.asked,
            until=question.until,
        )
    )


def settle(connection: Connection, fund_id: str, at: dt.datetime, answer: Answer) -> None:
    """Close the open question of a fund; nothing where none is open."""
    connection.execute(
        update(questions)
        .where(questions.c.fund_id == fund_id, questions.c.settled.is_(None))
        .values(settled=at, answer=answer)
    )


def _asked(row: Row[*tuple[object, ...]]) -> AskedQuestion:
    question = Question(row.kind, row.sentence, row.price, row.asked, row.until)
    return AskedQuestion(row.fund_id, row.session, row.slot, question, row.settled, row.answer)

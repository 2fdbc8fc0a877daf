"""Alerts stand on the chain: what is raised, acknowledged and over has its row, and the table says nothing else."""

import datetime as dt

import pytest
import sqlalchemy as sa

from insure.book import Book, Statement, trail
from insure.book.agreed import KeptAlert, alerts_of
from insure.book.alerts import Alert, AlertBook, alerts
from insure.book.duty import on_duty
from insure.book.engine import reading, writing
from insure.book.verify import verify
from tests.book.conftest import OpenBook

NOON = dt.datetime(2026, 11, 2, 17, tzinfo=dt.UTC)
MISSED = Alert("guarded", "A", "slot missed", "One slot.")
LOW = Alert("guarded", "B", "gap budget low", "It is 7%.")


def _at(minutes: int) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


def _lived(book: Book) -> None:
    """Alert 1 is raised twice and acknowledged, 2 is over, 3 grew graver and is open, 4 is the whole desk's."""
    kept = AlertBook(book)
    kept.raise_alert(MISSED, _at(0))
    kept.raise_alert(Alert("guarded", "A", "slot missed", "Two slots."), _at(1))
    kept.raise_alert(LOW, _at(2))
    kept.raise_alert(Alert("guarded", "B", "slot held", "Held."), _at(3))
    kept.raise_alert(Alert("", "C", "clock jumped", "By a minute."), _at(4))
    kept.acknowledge(1, "Ada", _at(5))
    with on_duty(book) as duty:
        duty.close_over("guarded", ("gap budget low", "slot missed"), _at(6))
    kept.raise_alert(Alert("guarded", "A", "slot held", "Held again."), _at(7))


def _raised_and_killed(book: Book) -> None:
    with on_duty(book) as duty:
        duty.raise_alert(MISSED, NOON)
        raise RuntimeError("killed")


def _said(book: Book) -> list[Statement]:
    return list(book.statements(("alert",)))


def _findings(book: Book) -> list[tuple[str, str]]:
    return [(one.part, one.sentence) for one in verify(book).findings]


def _forced(book: Book, statement: str) -> None:
    with writing(book.engine, book.where) as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1, f"{statement} changed nothing"


def test_every_change_of_an_alert_has_its_row_and_a_repeat_has_none(open_book: OpenBook) -> None:
    with open_book() as book:
        _lived(book)
        told = [
            (one.content["number"], one.content["state"], one.content["grade"], one.by, one.at) for one in _said(book)
        ]
        assert told == [
            ("1", "raised", "A", "", _at(0)),
            ("2", "raised", "B", "", _at(2)),
            ("3", "raised", "B", "", _at(3)),
            ("4", "raised", "C", "", _at(4)),
            ("1", "acknowledged", "A", "Ada", _at(5)),
            ("2", "over", "B", "", _at(6)),
            ("3", "raised", "A", "", _at(7)),
        ]
        assert [one.fund_id for one in _said(book)][3] == ""
        assert [one.sentence for one in _said(book)][:2] == ["One slot.", "It is 7%."]
        assert _findings(book) == []
        rows = trail.before(book, "guarded", book.head()[0], 20)
        assert [row.kind for row in rows] == ["alert"] * 7, "an event's time line shows them"


def test_an_alert_and_its_row_are_one_transaction(open_book: OpenBook) -> None:
    with open_book() as book:
        with pytest.raises(RuntimeError, match="killed"):
            _raised_and_killed(book)
        assert (AlertBook(book).all(), _said(book), book.head()[0]) == ([], [], 0)


CHANGES = {
    "a grade": ("UPDATE alerts SET grade = 'C' WHERE id = 1", "The alert 1 has grade C, and the chain A."),
    "a name": ("UPDATE alerts SET closed_by = 'Eve' WHERE id = 1", "The alert 1 has closed_by Eve, and the chain Ada."),
    "who was not there": ("UPDATE alerts SET closed_by = 'Eve' WHERE id = 2", "closed_by Eve, and the chain none."),
    "an alert opened again": ("UPDATE alerts SET closed = NULL, closed_by = NULL WHERE id = 1", "has closed none, and"),
    "an alert closed in silence": ("UPDATE alerts SET closed = raised WHERE id = 3", "The alert 3 has closed 2026-"),
    "a sentence": (
        "UPDATE alerts SET sentence = 'Nothing.' WHERE id = 2",
        "has sentence Nothing., and the chain It is",
    ),
    "a kind": ("UPDATE alerts SET kind = 'slot held' WHERE id = 1", "has kind slot held, and the chain slot missed."),
    "a fund": ("UPDATE alerts SET fund_id = 'other' WHERE id = 4", "has fund other, and the chain none."),
    "a lost alert": ("DELETE FROM alerts WHERE id = 3", "The alert 3 (slot held of guarded) is missing."),
    "an alert slipped in": (
        "INSERT INTO alerts SELECT 9, '', 'C', kind, 'x', 1, raised, last, NULL, NULL, NULL FROM alerts WHERE id = 4",
        "The alert 9 (clock jumped of the desk) was never raised on the chain.",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_says_otherwise_than_the_chain_is_found(open_book: OpenBook, change: str) -> None:
    statement, sentence = CHANGES[change]
    with open_book() as book:
        _lived(book)
        _forced(book, statement)
        [(part, found)] = _findings(book)
        assert part == "alerts"
        assert sentence in found, f"{change}: {found}"


def _before_the_chain(book: Book) -> None:
    """Alerts as an older version kept them: 1 was acknowledged, 2 is open, and no row of the chain tells of either."""
    told = {"fund_id": "guarded", "grade": "A", "times": 1, "notified": None}
    with writing(book.engine, book.where) as connection:
        for number, by in ((1, "Ada"), (2, None)):
            own = {"kind": f"kind {number}", "sentence": f"The {number}.", "raised": _at(number), "last": _at(number)}
            closed = {"closed": None if by is None else _at(9), "closed_by": by}
            connection.execute(sa.insert(alerts).values({**told, **own, **closed}))


def test_alerts_of_an_older_version_are_accepted_and_taken_onto_the_chain_once(open_book: OpenBook) -> None:
    with open_book() as book:
        _before_the_chain(book)
        assert _findings(book) == [], "a book that was written before is sound"
        AlertBook(book).raise_alert(LOW, _at(20))
        AlertBook(book).acknowledge(2, "Ben", _at(21))
        states = [(one.content["number"], one.content["state"]) for one in _said(book)]
        assert states == [("2", "earlier"), ("2", "raised"), ("3", "raised"), ("2", "acknowledged")]
        assert _said(book)[0].sentence.endswith("of those up to number 2, raised before, 1 were closed and 1 open.")
        assert _findings(book) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE alerts SET closed_by = 'Eve' WHERE id = 1", "closed before alerts stood on the chain are not as they"),
        ("DELETE FROM alerts WHERE id = 1", "closed before alerts stood on the chain are not as they were"),
        ("UPDATE alerts SET closed = raised WHERE id = 2", "The alert 2 has closed 2026-"),
    ],
)
def test_what_was_taken_onto_the_chain_is_held_against_it(open_book: OpenBook, statement: str, sentence: str) -> None:
    with open_book() as book:
        _before_the_chain(book)
        AlertBook(book).raise_alert(LOW, _at(20))
        _forced(book, statement)
        [(part, found)] = _findings(book)
        assert part == "alerts"
        assert sentence in found


def test_a_report_on_a_period_before_says_the_same_when_the_chain_has_taken_its_alerts(open_book: OpenBook) -> None:
    with open_book() as book:
        _before_the_chain(book)
        before = alerts_of(book, "guarded", _at(0), _at(15))
        assert [(one.closed_by, one.sentence) for one in before] == [("Ada", "The 1."), ("", "")], (
            "the words of one that was open then are not known"
        )
        AlertBook(book).raise_alert(LOW, _at(20))
        AlertBook(book).acknowledge(2, "Ben", _at(21))
        assert alerts_of(book, "guarded", _at(0), _at(15)) == before
        assert [(one.number, one.closed_by, one.sentence) for one in alerts_of(book, "guarded", _at(16), _at(30))] == [
            (2, "Ben", "The 2."),
            (3, "", "It is 7%."),
        ]


def test_an_alert_that_grew_graver_is_told_with_both_sentences(open_book: OpenBook) -> None:
    with open_book() as book:
        _lived(book)
        found: dict[int, KeptAlert] = {one.number: one for one in alerts_of(book, "guarded", _at(0), _at(8))}
        assert (found[3].grade, found[3].sentence) == ("A", "Held. It became class A: Held again.")
        earlier = {one.number: one for one in alerts_of(book, "guarded", _at(0), _at(7))}
        assert (earlier[3].grade, earlier[3].sentence) == ("B", "Held."), "as it stood when the period was over"


def test_the_table_is_read_where_it_stands(open_book: OpenBook) -> None:
    """Repeats are counted in the table, so that a fund that stays below its budget does not fill the chain."""
    with open_book() as book:
        _lived(book)
        rows = book.head()[0]
        for minute in range(50):
            AlertBook(book).raise_alert(Alert("guarded", "B", "slot held", f"Held, {minute}."), _at(30 + minute))
        assert book.head()[0] == rows
        with reading(book.engine, book.where) as connection:
            times = connection.execute(sa.select(alerts.c.times).where(alerts.c.id == 3)).scalar_one()
        assert times == 52
        assert _findings(book) == []

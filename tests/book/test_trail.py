"""Rows of the chain as reports read them, on both databases."""

import datetime as dt
from dataclasses import replace

import pytest

from insure.book import trail
from insure.book.agreed import alerts_of, kept_contract, kept_contracts
from insure.book.alerts import Alert, AlertBook
from insure.book.chain import GENESIS
from insure.errors import BookError
from insure.happening import STATED
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, first_slots, listed, run

SLOTS = first_slots(30)
KINDS = tuple(STATED)


def midnight(session: dt.date) -> dt.datetime:
    """The end of a session's day, New York."""
    return dt.datetime.combine(session + dt.timedelta(days=1), dt.time(5), dt.UTC)


def test_the_anchor_of_a_period_is_its_last_row_whatever_came_later(open_book: OpenBook) -> None:
    with open_book() as book:
        assert trail.last_of(book, "guarded", SLOTS[0].session, midnight(SLOTS[0].session)) == (0, GENESIS)
        run(book, a_fund(), 5)
        own = trail.ended(book, "guarded", SLOTS[4].session, SLOTS[4].name)
        until = midnight(SLOTS[4].session)
        assert trail.last_of(book, "guarded", SLOTS[4].session, until) == own.anchor == book.head()
        run(book, a_fund("other"), 5)
        run(book, a_fund(), 8, first=5)
        book.state("kill", "guarded", until, {"sentence": "When the period was over."})
        assert trail.last_of(book, "guarded", SLOTS[4].session, until) == own.anchor
        book.state("kill", "other", until - dt.timedelta(hours=1), {"sentence": "Another fund's."})
        assert trail.last_of(book, "guarded", SLOTS[4].session, until) == own.anchor
        desk = book.state("restore", "", until - dt.timedelta(hours=1), {"sentence": "The whole desk's."})
        assert trail.last_of(book, "guarded", SLOTS[4].session, until)[0] == desk.sequence
        assert trail.entry(book, desk.sequence).fund_id is None


def test_a_slot_recorded_late_belongs_to_its_period(open_book: OpenBook) -> None:
    """A slot that was missed is often recorded the next day."""
    with open_book() as book:
        run(book, a_fund(), 3)
        with book.slot(a_fund(), SLOTS[3], SLOTS[5].at) as page:
            page.end("SKIPPED", "Nothing ran.", None)
        late = trail.ended(book, "guarded", SLOTS[3].session, SLOTS[3].name)
        assert trail.last_of(book, "guarded", SLOTS[3].session, midnight(SLOTS[3].session)) == late.anchor
        assert trail.last_of(book, "guarded", SLOTS[2].session, midnight(SLOTS[2].session))[0] == late.sequence - 1
        assert trail.sequences(book, "guarded", SLOTS[2].session, SLOTS[3].session) == {
            (SLOTS[2].session, SLOTS[2].name): late.sequence - 1,
            (SLOTS[3].session, SLOTS[3].name): late.sequence,
        }


def test_events_are_found_by_what_happened(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 24, feed=listed(crash=True))
        breached = [
            (record.session, record.slot)
            for record in book.records("guarded")
            if any(each.kind == "floor breached" for each in record.decision.events)
        ]
        assert breached, "the crash must breach the floor"
        for number, outcome in ((24, "FAILED"), (25, "SKIPPED"), (26, "HELD")):
            with book.slot(a_fund(), SLOTS[number], SLOTS[number].at) as page:
                page.end(outcome, 'It says "outcome":"FAILED" of itself.', None)  # type: ignore[arg-type]  # a loop
        book.state("kill", "guarded", SLOTS[26].at, {"sentence": "Stopped."})
        book.state("approval", "guarded", SLOTS[26].at, {"sentence": "Approved."})
        found = trail.happenings(book, KINDS, 0, book.head()[0])
        slots = [(each.content["session"], each.content.get("slot")) for each in found if each.kind == "run"]
        expected = [*breached, *((SLOTS[number].session, SLOTS[number].name) for number in (24, 25))]
        assert slots == [(str(session), slot) for session, slot in expected]
        assert [each.kind for each in found if each.kind != "run"] == ["kill"]
        first = found[0].sequence
        assert trail.happenings(book, KINDS, first, book.head()[0]) == found[1:]
        assert trail.happenings(book, KINDS, 0, first) == found[:1]
        assert trail.last_happening(book, "guarded", KINDS) == found[-1]
        assert trail.last_happening(book, "other", KINDS) is None
        assert trail.last_happening(book, None, KINDS) is None


def test_what_stood_when_it_happened_is_read_up_to_its_row(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 6)
        kill = book.state("kill", "guarded", SLOTS[5].at, {"sentence": "Stopped."})
        desk = book.state("restore", "", SLOTS[5].at, {"sentence": "Put back."})
        run(book, a_fund("other"), 2)
        run(book, a_fund(), 8, first=6)
        records = trail.records_up_to(book, "guarded", kill.sequence, 4)
        assert [record.session for record in records] == [slot.session for slot in SLOTS[2:6]]
        rows = trail.before(book, "guarded", desk.sequence, 3)
        assert [row.kind for row in rows] == ["run", "kill", "restore"]
        left = trail.before(book, "guarded", desk.sequence, 3, ("kill",))
        assert [row.kind for row in left] == ["run", "run", "restore"], "what is left out takes no room"
        assert [row.kind for row in trail.before(book, None, book.head()[0], 3)] == ["restore"]
        told = trail.of_kinds(book, "guarded", ("kill", "restore"), SLOTS[5].at, SLOTS[6].at, book.head()[0])
        assert [row.sequence for row in told] == [kill.sequence, desk.sequence]
        assert trail.of_kinds(book, "guarded", ("kill",), SLOTS[5].at, SLOTS[6].at, kill.sequence - 1) == []
        assert trail.of_kinds(book, "guarded", ("kill",), SLOTS[0].at, SLOTS[5].at, book.head()[0]) == []


def test_a_row_that_is_not_there_is_one_sentence(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 1)
        with pytest.raises(BookError, match="The chain has no entry 99"):
            trail.entry(book, 99)
        with pytest.raises(BookError, match="no entry of the slot 2007-01-04"):
            trail.ended(book, "guarded", dt.date(2007, 1, 4), "close")


def test_every_contract_is_kept_in_the_order_of_its_first_use(open_book: OpenBook) -> None:
    fund = a_fund()
    other = replace(fund, name="Renamed fund")
    with open_book() as book:
        run(book, fund, 2)
        run(book, other, 4, first=2)
        kept = kept_contracts(book, "guarded")
        assert [each.config_sha256 for each in kept] == [fund.config_sha256, other.config_sha256]
        assert [each.first_used for each in kept] == [SLOTS[0].at, SLOTS[2].at]
        assert kept_contract(book, "guarded", other.config_sha256[:10]).fund == other
        for unclear in ("", "ffff"):
            with pytest.raises(BookError, match="no contract of guarded"):
                kept_contract(book, "guarded", unclear)


def test_an_alert_is_shown_as_it_stood_when_the_period_was_over(open_book: OpenBook) -> None:
    """What is counted on, or acknowledged, after the period changes nothing that a report on it shows."""
    at = [SLOTS[number].at for number in range(6)]
    with open_book() as book:
        alerts = AlertBook(book)
        alerts.raise_alert(Alert("guarded", "A", "slot missed", "One slot."), at[0])
        closed = alerts.raise_alert(Alert("", "A", "clock jumped", "By an hour."), at[1])
        alerts.acknowledge(closed.id, "A. Officer", at[2])
        alerts.raise_alert(Alert("other", "A", "slot missed", "Another fund's."), at[1])
        before = alerts_of(book, "guarded", at[0], at[3])
        assert [(each.kind, each.closed_by, each.sentence) for each in before] == [
            ("slot missed", "", "One slot."),
            ("clock jumped", "A. Officer", "By an hour."),
        ]
        again = alerts.raise_alert(Alert("guarded", "A", "slot missed", "Two slots."), at[4])
        alerts.acknowledge(again.id, "B. Officer", at[5])
        assert alerts_of(book, "guarded", at[0], at[3]) == before, "the report on the period would change"
        [later] = alerts_of(book, "guarded", at[3], at[4])
        assert (later.kind, later.sentence) == ("slot missed", "One slot."), "the sentence is that of the first time"
        assert alerts_of(book, "guarded", at[0] - dt.timedelta(days=1), at[0]) == []

"""A change of contract rehearsed on a desk: recorded sessions, seen as the new contract's own terms see them."""

from insure.book import Book, Record
from insure.controls.rehearsal import SESSIONS, Rehearsal, rehearse
from insure.decision import fund_calendar
from insure.feeds import look
from insure.fund import Fund
from insure.market import Snapshot
from insure.slots import Slot
from insure.volatility import Estimate
from schedules.desk import Desk


def rehearsed(desk: Desk, book: Book, old: Fund, new: Fund) -> Rehearsal | None:
    """The last sessions of a fund under two contracts; None where nothing is recorded.

    Args:
        desk: whose feeds the new contract would see.
        book: where the sessions are recorded.
        old: the contract in force.
        new: the one proposed, of the same fund.
    """
    last = book.standing(old.id).last
    if last is None:
        return None
    back = fund_calendar(old).sessions(min(old.protection.start, last.session), last.session)[-SESSIONS:]
    records = list(book.records(old.id, first=back[0] if back else None))

    def seen(record: Record, previous: Estimate | None) -> Snapshot:
        slot = Slot(record.session, record.slot, record.due)
        return look(new, desk.feed(new), fund_calendar(new), slot, previous, None)

    return rehearse(old, new, records, seen)

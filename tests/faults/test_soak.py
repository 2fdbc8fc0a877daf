"""A soak: many funds through many years, with faults all the way; the laws of the book hold throughout.

In each session a broker may drop, delay, repeat, fill in parts and cancel, and the process may be cut off between
any two steps. Read with ``-s``: it prints its speed in fund-years an hour.
"""

import datetime as dt
import time
from pathlib import Path

import numpy as np
import pytest

from insure.book import Book
from insure.book.invariants import violations
from insure.book.verify import verify
from insure.broker import FailingBroker, Faults
from insure.fund import Fund
from schedules.jobs import tick
from schedules.orders.sending import close_order, deliver
from tests.book.market import a_fund, first_slots, listed

KINDS = ("synthetic_put", "cppi", "tipp", "stop_loss", "constant_mix")
FAULTS = Faults(drops=0.05, delays=0.05, silences=0.05, repeats=0.1, parts=0.1, cancels=0.05)


class _Cut(Exception):
    """The process ends here."""


def _a_life(path: Path, fund: Fund, sessions: int, years: int, seed: int) -> tuple[int, int]:
    """One fund through its sessions; how many cuts and how many unknown orders it met."""
    generator = np.random.default_rng(seed)
    broker = FailingBroker(FAULTS, generator.random)
    feed = listed(seed, years)
    cuts = unknown = 0
    for slot in first_slots(sessions):
        while True:
            try:
                with Book.open(path) as book:
                    if generator.random() < 0.02:
                        with book.slot(fund, slot, slot.at) as page:
                            page.standing()
                            raise _Cut  # noqa: TRY301 - as the end of a process would
                    tick(book, fund, slot, feed, broker, slot.at)
                    for step in range(3):
                        deliver(book, broker, slot.at + step * dt.timedelta(minutes=5), fund.id)
                    unknown += _settled(book, broker, fund, slot.at + dt.timedelta(minutes=20))
                break
            except _Cut:
                cuts += 1
    return cuts, unknown


def _settled(book: Book, broker: FailingBroker, fund: Fund, at: dt.datetime) -> int:
    """What a person does at the end of a session: asks by telephone, books what was executed, closes the rest."""
    waiting = book.open_orders(fund.id)
    for each in waiting:
        if each.state != "unknown":
            book.move_order(each.order.key, "unknown", at, "nobody answers")
        book.book_fills(broker.executed.get(each.order.key, []), at)
        if book.order(each.order.key).state not in {"filled", "cancelled"}:
            close_order(book, each.order.key, "Ada", "asked by telephone", at)
    return len(waiting)


def _soak(folder: Path, funds: int, sessions: int, years: int) -> str:
    path = folder / "insure.db"
    started = time.perf_counter()
    cuts = unknown = 0
    for number in range(funds):
        fund = a_fund(f"fund-{number:02d}", kind=KINDS[number % len(KINDS)], broker="blotter", band=0.02)
        more = _a_life(path, fund, sessions, years, seed=100 + number)
        cuts, unknown = cuts + more[0], unknown + more[1]
    ran = time.perf_counter() - started
    with Book.open(path) as book:
        for number in range(funds):
            fund = a_fund(f"fund-{number:02d}", kind=KINDS[number % len(KINDS)], broker="blotter", band=0.02)
            assert len(book.runs(fund.id)) == sessions, f"{fund.id} has not one run for each slot"
            for record in book.records(fund.id):
                assert list(violations(fund, record)) == []
                if record.track is not None:
                    nav = float(record.after.units * record.decision.snapshot.price + record.after.cash)
                    assert record.track.total == pytest.approx(nav - record.track.twin_value, abs=1e-8 * nav)
        checked = time.perf_counter()
        done = verify(book)
        verified = time.perf_counter() - checked
    assert done.findings == ()
    hourly = funds * sessions / 252 / ran * 3600
    return (
        f"{funds} funds x {sessions} sessions: {cuts} cuts, {unknown} orders asked for by telephone, 0 violations; "
        f"{hourly:,.0f} fund-years an hour; {done.decisions:,} decisions verified in {verified:.1f} s"
    )


def test_a_short_soak(tmp_path: Path) -> None:
    print(_soak(tmp_path, funds=5, sessions=40, years=2))  # noqa: T201


@pytest.mark.soak
def test_twenty_funds_through_ten_years(tmp_path: Path) -> None:
    print(_soak(tmp_path, funds=20, sessions=2520, years=11))  # noqa: T201

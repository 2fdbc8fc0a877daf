"""The kill switch, step by step: the flag first, then the book, then the orders; and its way back.

The flag needs neither database nor fund file, and stops every send from the moment it stands. What comes after may fail
or be killed at any point: the flag stands, and the next pass of the service, or the same command again, goes on.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from insure.book import Book, Statement, anchors
from insure.book.agreed import kept_contracts
from insure.broker import BrokerSilent, OutsideBroker
from insure.controls import breakers, kill_flag
from insure.controls.kill_flag import Flag
from insure.decision import Breaker
from insure.errors import BookError, DeskError, InsureError, InvalidInput
from schedules.desk import DESK_FILE, Desk
from schedules.orders.sending import Unconfirmed, said, withdraw
from schedules.watch.breakers import book_flag

KILL_BUSY_SECONDS = 5.0
"""How long a kill waits for a database that somebody else holds: orders are waiting to be cancelled."""


@dataclass(frozen=True, slots=True)
class Kill:
    """What a kill came to."""

    flag: Flag
    booked: bool
    """Whether the book has its row."""
    withdrawn: tuple[str, ...]
    """Orders that are at their end now."""
    unconfirmed: tuple[Unconfirmed, ...]
    """Orders that may still be executed, as far as is known."""
    troubles: tuple[str, ...]
    """What could not be done, and why."""

    @property
    def confirmed(self) -> bool:
        """Whether all is done: the flag, the book, and every open order at its end."""
        return self.booked and not self.unconfirmed and not self.troubles


@dataclass(frozen=True, slots=True)
class Lift:
    """A breaker that was moved back."""

    fund_id: str
    """Empty for the desk."""
    before: Breaker
    after: Breaker
    sentence: str
    flag_down: bool
    """Whether no kill flag of it stands any more."""
    stands: Breaker
    """What stands for the fund now, with the desk's own breaker."""


def kill(
    desk: Desk,
    fund_id: str,
    by: str,
    reason: str,
    opened: Callable[[], Book] | None = None,
) -> Kill:
    """Stop a fund, or (empty) the whole desk; nobody needs to approve it.

    Args:
        desk: whose.
        fund_id: of one of its funds; empty for all.
        by: who; empty where nobody is named.
        reason: why, in words.
        opened: opens the book; the desk's own, with little patience, where None.

    Raises:
        DeskError: there is no such fund; nothing was stopped.
        Killed: the flag could not be set.
    """
    known = desk.fund_ids()
    if fund_id and fund_id not in known:
        raise DeskError(
            f"{desk.folder} has no fund {fund_id!r}; it has {', '.join(known) or 'none'} (files in funds/)."
        )
    flag = kill_flag.throw(desk.folder, fund_id, by.strip(), reason.strip(), desk.clock())
    troubles: list[str] = []
    booked = False
    withdrawn: list[str] = []
    left: list[Unconfirmed] = []
    try:
        with _opened(desk) if opened is None else opened() as book:
            try:
                book_flag(desk, book, flag, desk.clock())
                booked = True
            except BookError as refusal:
                troubles.append(f"The book has no row of it yet: {refusal} The next pass writes it.")
            # Orders may be left of a fund whose file is gone: the book knows them.
            everybody = dict.fromkeys([*known, *(waiting.order.fund_id for waiting in book.open_orders())])
            for each in [fund_id] if fund_id else everybody:
                withdrawn_here, left_here, trouble = _withdrawn(desk, book, each, flag)
                withdrawn += withdrawn_here
                left += left_here
                troubles += trouble
            troubles += anchor_doubts(desk, book)
    except BookError as refusal:
        troubles.append(
            f"The book cannot be opened: {refusal} Which orders are open is not known here: call the broker. The next "
            "pass that finds the book writes its row and cancels what is open."
        )
        asked, silent = _cancelled_blindly(desk, fund_id)
        left += asked
        troubles += silent
    return Kill(flag, booked, tuple(withdrawn), tuple(left), tuple(troubles))


def kill_blindly(folder: Path, fund_id: str, by: str, reason: str, at: dt.datetime, why: str) -> Kill:
    """Set the flag of a desk whose own file cannot be read: nothing else can be done there.

    Args:
        folder: of the desk.
        fund_id: of one of its funds; empty for all.
        by: who; empty where nobody is named.
        reason: why, in words.
        at: now.
        why: what is wrong with the desk's file.

    Raises:
        DeskError: it is no desk, or has no such fund; nothing was stopped.
    """
    if not (folder / DESK_FILE).exists() or (fund_id and not (folder / "funds" / f"{fund_id}.toml").is_file()):
        raise DeskError(why)
    flag = kill_flag.throw(folder, fund_id, by.strip(), reason.strip(), at)
    return Kill(flag, False, (), (), (f"{why} Which orders are open is not known here: call the broker.",))


def halt(desk: Desk, book: Book, fund_id: str, by: str, reason: str, to: Breaker, now: dt.datetime) -> Statement:
    """Move a breaker downwards in a person's name, short of a kill; the next pass withdraws what it keeps back.

    Args:
        desk: whose people may speak.
        book: of the desk.
        fund_id: whose breaker; empty for the desk's own.
        by: who.
        reason: why, in words.
        to: REDUCE_ONLY or HALTED.
        now: the clock.

    Raises:
        InvalidInput: as ``insure.controls.breakers.halting`` says; nothing was changed.
    """
    own = breakers.latched(said(book, fund_id), fund_id)
    return book.state("breaker", fund_id, now, breakers.halting(own, to, by, reason, desk.terms.people))


def lift(
    desk: Desk, book: Book, fund_id: str, people: Sequence[str], reason: str, to: Breaker, now: dt.datetime
) -> Lift:
    """Move a breaker back, in people's names: the book first, then the flag.

    Args:
        desk: whose people may speak.
        book: of the desk.
        fund_id: whose breaker; empty for the desk's own.
        people: who: two different ones to leave KILLED, one else.
        reason: why, in words.
        to: where it shall stand.
        now: the clock.

    Raises:
        InvalidInput, NothingDue: as ``insure.controls.breakers.lifting`` says; nothing was changed.
        BookError: the book refuses: a kill flag stays where it is.
    """
    flag = next((one for one in kill_flag.all_standing(desk.folder) if one.fund_id == fund_id), None)
    if flag is not None:
        if not flag.legible:
            raise InvalidInput(f"{flag.reason} Make it readable, or remove it by hand, then lift the breaker.")
        book_flag(desk, book, flag, now)
        flag = next((one for one in kill_flag.all_standing(desk.folder) if one.fund_id == fund_id), None)
    own = breakers.latched(said(book, fund_id), fund_id)
    wanted = breakers.lifting(own, to, people, reason, desk.terms.people, "" if flag is None else flag.mark)
    written = book.state(wanted.kind, fund_id, now, wanted.content)
    down = True
    if flag is not None:
        down = kill_flag.take_down(desk.folder, flag)
    stands = breakers.standing(said(book, fund_id), fund_id)
    return Lift(fund_id, own.state, to, written.sentence, down, stands.state)


def _opened(desk: Desk) -> Book:
    path = desk.database_file
    if path is not None and not path.exists():
        raise BookError(f"{path} is not there.")  # a kill never begins a new book in the place of one that is gone
    return desk.book(KILL_BUSY_SECONDS, anchored=False)  # a doubt about the book is no reason to leave its orders open


def _cancelled_blindly(desk: Desk, fund_id: str) -> tuple[list[Unconfirmed], list[str]]:
    """Ask brokers outside to cancel what they may still have, where the book cannot say what that is."""
    left: list[Unconfirmed] = []
    troubles: list[str] = []
    for broker in desk.brokers_outside():
        try:
            asked = broker.cancel_all(fund_id, desk.clock())
        except BrokerSilent as silence:
            troubles.append(f"{broker.name} was not asked to cancel anything: {silence}")
            continue
        left += [
            Unconfirmed(key, f"{broker.name} was asked to cancel it without the book; what was executed is not known.")
            for key in asked
        ]
    return left, troubles


def _broker_of(desk: Desk, book: Book, fund_id: str) -> OutsideBroker | None:
    """The broker that has a fund's open orders: that of the newest contract in the book that names one outside.

    The fund file says what is wished today, and may be broken; the orders went out under a contract that the book kept.
    """
    contracts = sorted(kept_contracts(book, fund_id), key=lambda each: each.first_used)
    for fund in (each.fund for each in reversed(contracts)):
        broker = desk.broker(fund)
        if isinstance(broker, OutsideBroker):
            return broker
    return None


def anchor_doubts(desk: Desk, book: Book) -> list[str]:
    """What the anchors beside the reports say against the book; nothing where they agree."""
    try:
        anchors.check_last(book, desk.out, book.where)
    except BookError as doubt:
        return [f"The book is doubtful: {doubt}"]
    return []


def _withdrawn(desk: Desk, book: Book, fund_id: str, flag: Flag) -> tuple[list[str], list[Unconfirmed], list[str]]:
    """End the open orders of one fund: those that are at their end, those that may not be, and what went wrong."""
    try:
        before = [waiting.order.key for waiting in book.open_orders(fund_id)]
        if not before:
            return [], [], []
        broker = _broker_of(desk, book, fund_id)
        if broker is None:
            return [], [], [f"{fund_id} has {len(before)} open orders, and no contract of it names a broker for them."]
        left = withdraw(book, broker, desk.clock(), fund_id, flag.sentence)
    except InsureError as refusal:
        return [], [], [f"The orders of {fund_id} are not confirmed: {refusal}"]
    doubtful = {one.key for one in left}
    return [key for key in before if key not in doubtful], left, []

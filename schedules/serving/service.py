"""The pass over what is due: the same for `insure run`, which makes one at every wake, and `insure run-once`.

The book decides what is owed; the pass only looks. Whatever it does for a slot - the run, its alerts, the question it
asks - is one transaction, so that a stop at any moment leaves the slot whole or not there, and another service on the
same book finds either.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from insure.book import Book
from insure.book.alerts import Alert, AlertBook, RaisedAlert
from insure.book.duty import Duty, looking, on_duty
from insure.book.questions import AskedQuestion
from insure.broker import Broker, OutsideBroker, PaperBroker
from insure.controls.waiting import Waiting
from insure.dates import BeyondHorizon
from insure.decision import fund_calendar
from insure.errors import BookError, ChainBroken, InsureError, NothingDue
from insure.feeds import PriceFeed
from insure.fund import Fund
from insure.slots import Slot, next_slot, slots_between
from schedules.desk import Desk
from schedules.jobs import Refused, Tick, tick, tick_many
from schedules.notifiers import Notifier
from schedules.orders.pausing import market_of
from schedules.people.approving import doubt_of, slot_of
from schedules.people.hearing import Hearing
from schedules.people.promoting import followed, stopped
from schedules.publishing.events import report_events
from schedules.serving.between_slots import BLIND, event, look_again
from schedules.serving.held import AGAIN, again_at, may_start
from schedules.serving.running import concluded, ended_without, run_slot
from schedules.timetable import Agenda, Plan, agenda, plan_of
from schedules.watch.alerts import LOG, alerts_of, line, tell, tell_waiting
from schedules.watch.breakers import Watch
from schedules.watch.delivering import delivered, next_look
from schedules.watch.gate import DataGate, PriceDoubted

_UNREADABLE = "fund file unreadable"
_NOT_RUN = "fund not run"
_UNREAD = "row unreadable"
_NOT_WITHDRAWN = "order not withdrawn"
_MOMENT = dt.timedelta(microseconds=1)

Choice = Callable[[Duty, dt.datetime], Slot | None]
"""Which slot to run, chosen inside its own transaction; None where there is none any more."""


def never() -> bool:
    """Nobody asks for a stop."""
    return False


@dataclass(slots=True)
class Pass:
    """What one pass did."""

    ticks: list[Tick] = field(default_factory=list)
    raised: list[RaisedAlert] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    """What could not even be recorded: the book refused."""


class Service:
    """Passes over the funds of a desk; it may be thrown away and made anew at any moment, the book knows the rest."""

    def __init__(
        self, desk: Desk, book: Book, notifiers: Sequence[Notifier] = (), stopping: Callable[[], bool] = never
    ) -> None:
        """``stopping``: asked between slots; where it says so the pass ends after the slot it is in."""
        self._desk = desk
        self._book = book
        self._notifiers = tuple(notifiers)
        self._stopping = stopping
        self._contracts: dict[str, Fund] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._settled: dict[str, dt.datetime] = {}
        self._questions: list[AskedQuestion] = []
        self._hearing = Hearing(desk, book)
        self._orders: dict[str, dt.datetime | None] = {}
        """When the orders of a fund are to be looked at next."""
        self._refusing = False
        self._blind: set[str] = set()
        self._watch = Watch(desk, book)

    def once(self) -> Pass:
        """All that is owed at this moment: slots missed, due, held and taken up again; events; orders; alerts."""
        done = Pass()
        self._read_contracts(done)
        try:
            self._agree(done)
            with looking(self._book) as duty:
                self._questions = duty.questions()
                over = self._hearing.listen(duty, self._contracts, self._desk.clock())
            done.raised += self._hearing.lapse(over, self._contracts, self._desk.clock())
            for fund_id, doubt in self._hearing.doubts.items():
                self._raise(done, Alert(fund_id, "A", _UNREAD, f"{doubt} Until it can be read {fund_id} is held."))
            done.raised += self._watch.begin(self._contracts.values(), self._desk.clock())
        except BookError as refusal:
            self._refused(done, "", refusal)
        else:
            self._go_round(done)
            self._wait(done)
        self._refusing = bool(done.troubles)
        self._tell(done)
        return done

    def _wait(self, done: Pass) -> None:
        if self._stopping():
            return
        try:
            done.raised += self._watch.end(self._contracts.values(), self._desk.clock())
        except BookError as refusal:
            self._refused(done, "", refusal)

    def clock_jumped(self, seconds: float) -> None:
        """The clock of the machine was set, or the machine slept: the watch judges it at the next pass."""
        self._watch.clock_jumped(seconds)

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What standing still costs now, of every fund whose breaker is not NORMAL."""
        return self._watch.waiting

    def _go_round(self, done: Pass) -> None:
        steps = (self._owed, self._taken_up_again, self._approved, self._events, self._delivered)
        for fund in list(self._contracts.values()):
            for step in steps:
                if self._stopping():
                    return
                try:
                    step(fund, done)
                except BookError as refusal:
                    self._refused(done, fund.id, refusal)
                    break
                except Exception as error:  # noqa: BLE001 - whatever a contract leads to: the other funds must run
                    said = _said(error, f"{fund.id} was not run")
                    self._raise(done, Alert(fund.id, "A", _NOT_RUN, f"{said} The next pass tries again."))
                    break

    def asked(self, fund: Fund, slot: Slot) -> Tick:
        """One slot that a person asks for: gated as any other, with its alerts and its question.

        Raises:
            InsureError: it cannot be run, as ``schedules.jobs.tick`` says; nothing was kept.
        """
        done = Pass()
        done.raised += self._watch.begin([fund], self._desk.clock())
        try:
            with on_duty(self._book) as duty:
                now = self._desk.clock()
                one = self._gated(done, duty, fund, slot, self._desk.feed(fund), self._desk.broker(fund), now)
        except ChainBroken as doubt:
            done.raised += self._watch.doubted(str(doubt), self._desk.clock())
            self._tell(done)
            raise
        self._delivered(fund, done)
        self._tell(done)
        return one

    def asked_together(
        self, due: Sequence[tuple[Fund, Slot]], feed_of: Callable[[Fund], PriceFeed]
    ) -> list[Tick | Refused]:
        """Slots of many funds that a person asks for, in batches, each gated; their brokers execute at once.

        Raises:
            BookError: the database refuses; batches before are kept.
        """
        done, now = Pass(), self._desk.clock()
        done.raised += self._watch.begin([fund for fund, _ in due], now)
        ticking = partial(self._gated, done)
        ended = list(tick_many(self._book, due, feed_of, PaperBroker(), lambda *_: now, ticking=ticking))
        for one in ended:
            if isinstance(one, Refused) and isinstance(one.error, ChainBroken):
                done.raised += self._watch.doubted(str(one.error), now)
        self._tell(done)
        return ended

    def _gated(
        self, done: Pass, duty: Duty, fund: Fund, slot: Slot, feed: PriceFeed, broker: Broker, now: dt.datetime
    ) -> Tick:
        doubt = doubt_of(duty, fund.id, now)
        if doubt:
            raise BookError(doubt)
        gate = DataGate(duty, fund, slot, feed, self._desk.folder, now)
        before = duty.decided_under(fund.id)
        one = tick(duty, fund, slot, feed, broker, now, gate=gate, outside=self._desk.outside)
        done.raised.extend(concluded(duty, fund, one, gate, now, before))
        done.raised.extend(self._watch.after(duty, fund, one, now))
        return one

    def next_wake(self, after: dt.datetime) -> dt.datetime | None:
        """The earliest slot after an instant, or the end of a question's clock, or an order's time; None for none."""
        found = [asked.question.until for asked in self._questions if asked.question.until > after]
        found += [one.expires + _MOMENT for one in self._hearing.proposals.values() if one.expires >= after]
        found += [moment for moment in self._orders.values() if moment is not None and moment > after]
        for timing, calendar in {(plan.timing, plan.calendar) for plan in self._plans()}:
            try:
                found.append(next_slot(timing, calendar, after).at)
            except (NothingDue, BeyondHorizon):
                continue  # what ends, and whether a person is needed, is the agenda's to say
        return min(found, default=None)

    def watched(self, now: dt.datetime) -> bool:
        """Whether anything but the timetable can happen now: an event on an open exchange, or an answer of a person."""
        return bool(self._questions or self._hearing.proposals) or any(
            fund.triggers.watches and plan_of(fund).calendar.is_open(now) for fund in self._contracts.values()
        )

    @property
    def funds(self) -> int:
        """How many funds it runs; replays run themselves."""
        return len(self._contracts)

    def _plans(self) -> list[Plan]:
        return [plan_of(fund) for fund in self._contracts.values()]

    def _read_contracts(self, done: Pass) -> None:
        """Read the fund files that changed; a contract that cannot be read stays as it was, with an alert."""
        known = self._desk.fund_ids()
        for gone in set(self._contracts) - set(known):
            del self._contracts[gone], self._stamps[gone]
            self._hearing.forget(gone)
            self._settled.pop(gone, None)
        for fund_id in known:
            path = self._desk.folder / "funds" / f"{fund_id}.toml"
            try:
                stamp = _stamp(path)
                if self._stamps.get(fund_id) == stamp:
                    continue
                fund = self._desk.fund(fund_id)
                plan_of(fund)
            except Exception as error:  # noqa: BLE001 - whatever a file holds: the other funds must run
                kept = "the contract as last read stays in force" if fund_id in self._contracts else "it does not run"
                said = _said(error, f"{fund_id} was not read")
                self._raise(done, Alert(fund_id, "A", _UNREADABLE, f"{said} Until it is corrected {kept}."))
                continue
            self._stamps[fund_id] = stamp
            self._hearing.read(fund)

    def _agree(self, done: Pass) -> None:
        """Which contract is in force of every fund whose file is new, or waits for people."""
        agreed = self._hearing.agree()
        for fund_id, doubt in agreed.doubts.items():
            self._raise(done, Alert(fund_id, "A", _UNREADABLE, f"{doubt} Until then {fund_id} stays as it is."))
        for one in agreed.found:
            fund_id, fund = one.file.id, one.runs
            if fund_id in self._settled and self._contracts.get(fund_id) != fund:
                self._settled[fund_id] = _owed_since(fund, self._settled[fund_id])
            self._contracts.pop(fund_id, None)
            if fund.stage != "replay":
                self._contracts[fund_id] = fund
        done.raised.extend(agreed.raised)

    def _owed(self, fund: Fund, done: Pass) -> None:
        now = self._desk.clock()
        since = self._settled.get(fund.id)
        if since is not None:
            plan = plan_of(fund, since)
            if not slots_between(plan.timing, plan.calendar, plan.since, now):
                self._settled[fund.id] = max(since, now)
                return
        try:
            with looking(self._book) as duty:
                owed = self._agenda(duty, fund, since, now)
        except BeyondHorizon as error:
            self._raise(done, Alert(fund.id, "A", "calendar ended", str(error)))
            return
        if owed.missed:
            self._skip_missed(fund, since, done)
        if owed.due is not None and not self._stopping():
            self._run(fund, lambda duty, at: self._agenda(duty, fund, since, at).due, done)
        with looking(self._book) as duty:
            left = self._agenda(duty, fund, since, now)
        if not left.missed and left.due is None:
            self._settled[fund.id] = now
        if left.next is None and not _dates_over(fund, now):
            self._raise(done, Alert(fund.id, "A", "calendar ends", left.ends))

    @staticmethod
    def _agenda(duty: Duty, fund: Fund, since: dt.datetime | None, now: dt.datetime) -> Agenda:
        ended = duty.ended(fund, since)
        return agenda(plan_of(fund, ended.since), ended.keys, now)

    def _skip_missed(self, fund: Fund, since: dt.datetime | None, done: Pass) -> None:
        with on_duty(self._book) as duty:
            now = self._desk.clock()
            ticks: list[Tick] = []
            raised: list[RaisedAlert] = []
            for missed in self._agenda(duty, fund, since, now).missed:
                one = ended_without(duty, fund, missed.slot, "SKIPPED", missed.reason, now)
                if one is not None:
                    ticks.append(one)
                    raised.extend(duty.raise_alert(alert, now) for alert in alerts_of(one))
                    raised.extend(followed(duty, fund, one, now))
        done.ticks.extend(ticks)
        done.raised.extend(raised)

    def _run(self, fund: Fund, choose: Choice, done: Pass) -> None:
        """One slot in one transaction: chosen, gated, decided, executed, recorded, with its alerts and question."""
        with on_duty(self._book) as duty:
            now = self._desk.clock()
            slot = choose(duty, now)
            if slot is None:
                return
            before = duty.decided_under(fund.id)
            ran = run_slot(self._desk, duty, fund, slot, now)
            if ran is None:
                return
            one = ran.tick
            raised = concluded(duty, fund, one, ran.gate, now, before)
            raised += self._watch.after(duty, fund, one, now, ran.chain_doubt)
            self._questions = duty.questions()
        LOG.info("%s %s: %s: %s", fund.id, one.slot.key, one.outcome, one.reason, extra={"about": {"fund": fund.id}})
        done.ticks.append(one)
        done.raised.extend(raised)

    def _taken_up_again(self, fund: Fund, done: Pass) -> None:
        """A slot that was held for its price: run it once more when the doubt is gone, or its clock has run out."""
        asked = next((one for one in self._questions if one.fund_id == fund.id), None)
        if asked is None or asked.slot.endswith(AGAIN):
            return
        now = self._desk.clock()
        plan = plan_of(fund)
        again = Slot(asked.session, f"{asked.slot}{AGAIN}", now, f"{asked.slot} was held; taken up again.")
        if not may_start(plan, asked, now):
            return
        with looking(self._book) as duty:
            standing = duty.standing(fund.id)
            if again.name in duty.slots_of(fund.id, asked.session):
                return
            feed = self._desk.feed(fund)
            gate = DataGate(duty, fund, again, feed, self._desk.folder, now)
            held = False
            try:
                gate(lambda: look_again(self._desk, fund, again, standing.last), standing.last)
            except PriceDoubted:
                held = gate.held is not None and not gate.held.outlived
        if not held:
            self._run(fund, lambda duty, at: again_at(duty, fund, plan, asked, at), done)
        elif gate.held is not None and gate.held.question != asked.question:
            slot = Slot(asked.session, asked.slot, now)
            with on_duty(self._book) as duty:
                duty.ask(fund.id, slot, gate.held.question, now)
                self._questions = duty.questions()

    def _approved(self, fund: Fund, done: Pass) -> None:
        """A slot that people have approved: decided anew, at the price of the moment."""
        for one in self._hearing.approved(fund.id, self._desk.clock()):
            self._carry_out(fund, one.number, done)

    def _carry_out(self, fund: Fund, number: int, done: Pass) -> str:
        """Run the slot of an approved proposal; why it was not run, or nothing."""
        with looking(self._book) as duty:
            slot = slot_of(duty, fund, number, self._desk.clock())
        if isinstance(slot, str):
            return slot

        def chosen(duty: Duty, at: dt.datetime) -> Slot | None:
            found = slot_of(duty, fund, number, at)
            return found if isinstance(found, Slot) else None

        self._run(fund, chosen, done)
        return ""

    def approved(self, fund: Fund, number: int) -> tuple[Pass, str]:
        """Carry out one approved proposal at once, and what keeps it from that where anything does.

        Raises:
            BookError: the book refuses; what was approved stands, and the next pass carries it out.
        """
        done = Pass()
        why = self._carry_out(fund, number, done)
        self._delivered(fund, done)
        self._tell(done)
        return done, why

    def _events(self, fund: Fund, done: Pass) -> None:
        """What happened between the slots."""
        calendar = plan_of(fund).calendar
        now = self._desk.clock()
        if not fund.triggers.watches or not calendar.is_open(now):
            return
        if any(asked.fund_id == fund.id for asked in self._questions):
            return  # it is the question's turn
        with looking(self._book) as duty:
            refused = event(self._desk, duty, fund, now)
        if isinstance(refused, Alert):
            self._raise(done, refused)
            if refused.kind == BLIND:
                self._blind.add(fund.id)
            return
        if fund.id in self._blind:
            with on_duty(self._book) as duty:
                duty.close_over(fund.id, (BLIND,), now)
            self._blind.discard(fund.id)
        if isinstance(refused, Slot):

            def chosen(duty: Duty, at: dt.datetime) -> Slot | None:
                found = event(self._desk, duty, fund, at)
                return found if isinstance(found, Slot) else None

            self._run(fund, chosen, done)

    def _delivered(self, fund: Fund, done: Pass) -> None:
        broker = self._desk.broker(fund)
        if not isinstance(broker, OutsideBroker):
            return
        now = self._desk.clock()
        market = market_of(fund, lambda: self._desk.feed(fund), now)
        left, alerts = delivered(self._book, broker, fund, now, stopped(self._book, fund, self._desk.killed), market)
        for one in left:
            alerts.append(Alert(fund.id, "A", _NOT_WITHDRAWN, f"{one.key}: {one.sentence}"))
        for alert in alerts:
            self._raise(done, alert)
        self._orders[fund.id] = next_look(self._book, fund.id, now)

    def _raise(self, done: Pass, alert: Alert) -> None:
        try:
            raised = AlertBook(self._book).raise_alert(alert, self._desk.clock())
        except BookError as refusal:
            self._refused(done, alert.fund_id, refusal)
            return
        done.raised.append(raised)

    def _tell(self, done: Pass) -> None:
        """People are told once all slots are through: a slow mail server delays no fund."""
        now = self._desk.clock()
        for one in done.raised:
            if one.count == 1:
                line(one)
        try:
            tell(self._book, done.raised, self._notifiers, now)
            tell_waiting(self._book, self._notifiers, now)
        except BookError as refusal:
            self._refused(done, "", refusal)
        report_events(self._desk, self._book)

    def _refused(self, done: Pass, fund_id: str, refusal: BookError) -> None:
        """The book cannot be written: it is said where it can be said, and tried again at the next wake."""
        if not done.troubles and not self._refusing:
            now = self._desk.clock()
            unbooked = RaisedAlert(0, Alert(fund_id, "A", "book refuses", str(refusal)), 1, now, now, None, None, None)
            line(unbooked)
            for notifier in self._notifiers:
                try:
                    notifier.tell(unbooked)
                except InsureError as failure:
                    LOG.warning("not told by %s: %s", notifier.name, failure)
        done.troubles.append(str(refusal))


def _owed_since(fund: Fund, settled: dt.datetime) -> dt.datetime:
    """From when on a contract that was read anew owes its slots: the last pass, or the open of a session under way.

    A close announced at noon may move a slot to before noon: it is then missed, and not forgotten.
    """
    calendar = fund_calendar(fund)
    session = calendar.current_or_previous(settled)
    if session is None or settled >= calendar.opens(session) + calendar.usual_hours(session).length:
        return settled
    return calendar.opens(session) - dt.timedelta(microseconds=1)


def _dates_over(fund: Fund, now: dt.datetime) -> bool:
    dates = fund.schedule.timing.dates
    return bool(dates) and dates[-1] <= now.date()


def _said(error: Exception, what: str) -> str:
    """An error in words; of one that nobody foresaw the log keeps the trace."""
    if isinstance(error, (InsureError, OSError)):
        return str(error)
    LOG.error("%s", what, exc_info=error)
    return f"Unforeseen {type(error).__name__}: {error}."


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size

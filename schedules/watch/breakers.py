"""The watch over breakers: what is observed around slots and passes, and what follows from it in the book.

What trips is judged by ``insure.controls.trips``, whether it moves a breaker by ``insure.controls.breakers``. Here it
is looked at, and written: each move in the transaction that saw what stood before it.
"""

import datetime as dt
from collections.abc import Collection, Iterable

from insure.accrual import settled
from insure.book import Book, Statement
from insure.book.alerts import Alert, RaisedAlert
from insure.book.duty import Duty, looking, on_duty
from insure.controls import breakers, breaks, kill_flag, trips
from insure.controls.breakers import BreakerStanding
from insure.controls.kill_flag import Flag
from insure.controls.trips import Observations, Trip
from insure.controls.waiting import KINDS as WAITING
from insure.controls.waiting import Waiting, waiting
from insure.dates import Calendar
from insure.decision import Decision, decide, fund_calendar
from insure.errors import ChainBroken, InsureError, MarketDataError
from insure.fund import Controls, Feed, Fund
from insure.slots import Slot
from schedules.desk import Desk
from schedules.jobs import Tick
from schedules.watch.alerts import LOG
from schedules.watch.gate import DataGate
from schedules.watch.observing import filled_since, index_fall, minutes_to_close, observed, seen_now, session_of

MOVED, KILLED, STANDS = "breaker moved", "killed", "breaker stands"
"""Kinds of alerts; the third with how often its time has passed."""
STRAY = "kill flag of no fund"
HEARTBEAT = dt.timedelta(seconds=25)
"""The cost of waiting is written once in this time: at every heartbeat of 30 seconds, not at every look between."""
_READ = (*breakers.KINDS, *breaks.KINDS)


class Watch:
    """Over the breakers of a desk; the book knows what it did, so that it may be thrown away at any moment."""

    def __init__(self, desk: Desk, book: Book) -> None:
        """``book``: of the desk."""
        self._desk = desk
        self._book = book
        self._said: dict[str, list[Statement]] = {}
        self._read_to = 0
        self._chained: tuple[int, str] | None = None
        self._jumped = 0.0
        self._waiting: dict[str, Waiting] = {}
        self._reckoned: dict[str, dt.datetime] = {}
        """When the cost of waiting was last computed."""
        self._wrote: dict[str, Statement] = {}
        self._halts_seen: set[str] = set()
        self._fell: dict[str, dt.datetime] = {}
        """Since when an index is seen below the first level of a market-wide halt."""

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What standing still costs, of every fund whose breaker is not NORMAL."""
        return tuple(self._waiting.values())

    def stands(self, fund_id: str) -> BreakerStanding:
        """The breaker of a fund, or (empty) the desk's, as the last pass read it."""
        return breakers.standing([*self._said.get(fund_id, ()), *self._said.get("", ())], fund_id)

    def clock_jumped(self, seconds: float) -> None:
        """The clock of the machine was set, or the machine slept: judged at the next pass."""
        self._jumped = max(self._jumped, seconds, key=abs)

    def begin(self, funds: Collection[Fund], now: dt.datetime) -> list[RaisedAlert]:
        """What is looked at before any slot of a pass: flags, chain, clock, reconciliation.

        Raises:
            BookError: the book refuses.
        """
        raised = self._flags(now)
        raised += self._desk_wide(funds, now)
        for fund in funds:
            own = self._said.get(fund.id, [])
            left = breaks.unexplained([one for one in own if one.kind in breaks.KINDS])
            seen = Observations(
                breaks=len(left),
                reconciliation=", ".join(f"break {one.id}" for one in left),
            )
            raised += self._judged(fund, seen, now)
            if fund.execution.broker != "paper":
                raised += self._judged(fund, self._filled(fund), now)
        return raised

    def _filled(self, fund: Fund) -> Observations:
        try:
            with looking(self._book) as duty:
                return filled_since(duty.standing(fund.id))
        except ChainBroken:
            return Observations()  # the fund's own slot finds it, and says so

    def after(self, duty: Duty, fund: Fund, one: Tick, now: dt.datetime, chain: str = "") -> list[RaisedAlert]:
        """What follows for the breakers from how a slot ended, in the slot's own transaction.

        Args:
            duty: that transaction.
            fund: whose slot.
            one: how it ended.
            now: the clock.
            chain: what the book said of itself where it was doubtful; empty where it was not.
        """
        found = trips.tripped(fund.controls, observed(duty, fund, one, now))
        raised = _move(duty, fund.id, found, now)
        if chain:
            raised += _move(duty, "", trips.tripped(fund.controls, Observations(chain=chain)), now)
        return raised

    def doubted(self, chain: str, now: dt.datetime) -> list[RaisedAlert]:
        """The book said of itself that it is doubtful, in a transaction of which nothing was kept.

        Raises:
            BookError: the book refuses.
        """
        with on_duty(self._book) as duty:
            return _move(duty, "", trips.tripped(Controls(), Observations(chain=chain)), now)

    def end(self, funds: Collection[Fund], now: dt.datetime) -> list[RaisedAlert]:
        """What is looked at after the slots of a pass: market-wide halts, and what standing still costs.

        The price is asked for after the slots, so that no slot waits for it; one that is due sees the fall by itself.

        Raises:
            BookError: the book refuses.
        """
        raised: list[RaisedAlert] = []
        for fund, fall in self._falls(funds, now):
            session, minutes = session_of(fund, now), minutes_to_close(fund, now)
            seen = Observations(index_fall=fall, minutes_to_close=minutes, session=session)
            raised += self._judged(fund, seen, now)
        self._read()
        return raised + self._wait(funds, now)

    def _wait(self, funds: Iterable[Fund], now: dt.datetime) -> list[RaisedAlert]:
        """Write what standing still costs, of every fund that does not stand at NORMAL; tell again what stands long."""
        raised: list[RaisedAlert] = []
        stand = {fund.id: (fund, self.stands(fund.id)) for fund in funds}
        self._waiting = {each: kept for each, kept in self._waiting.items() if _waits(stand, each)}
        for fund, breaker in stand.values():
            if breaker.state == "NORMAL":
                self._wrote.pop(fund.id, None)
                continue
            before = self._last_written(fund.id)
            due = _due(fund, breaker, before, now)
            if not due and self._reckoned_lately(fund.id, now):
                continue
            found = waiting(fund, breaker, self._wanted(fund, now), before.content if before else None, now)
            self._waiting[fund.id], self._reckoned[fund.id] = found, now
            if not due:
                # The clock of the wait goes on in the heartbeat's file; rows are for hours in which one can trade.
                continue
            with on_duty(self._book) as duty:
                self._wrote[fund.id] = duty.state("waiting", fund.id, now, found.content())
                if _tells(found.escalations, before, breaker):
                    kind = f"{STANDS} ({found.escalations})"
                    raised.append(duty.raise_alert(Alert(fund.id, "A", kind, found.sentence), now))
        return raised

    def _reckoned_lately(self, fund_id: str, now: dt.datetime) -> bool:
        before = self._reckoned.get(fund_id) if fund_id in self._waiting else None
        return before is not None and now - before < HEARTBEAT

    def _flags(self, now: dt.datetime) -> list[RaisedAlert]:
        """Flags that have no row yet get it; one that two people have lifted is taken down."""
        flags = kill_flag.all_standing(self._desk.folder)
        self._read()
        raised: list[RaisedAlert] = []
        known = frozenset(self._desk.fund_ids()) if flags else frozenset()
        for flag in flags:
            if flag.fund_id and flag.fund_id not in known:
                stray = (
                    f"kill/{flag.fund_id} stops nothing: the desk has no such fund. It has {', '.join(sorted(known))}."
                )
                with on_duty(self._book) as duty:
                    raised.append(duty.raise_alert(Alert("", "A", STRAY, stray), now))
                continue
            raised += book_flag(self._desk, self._book, flag, now)
        if flags:
            self._read()
        return raised

    def _desk_wide(self, funds: Collection[Fund], now: dt.datetime) -> list[RaisedAlert]:
        limit = min((fund.controls.breaker_clock_seconds for fund in funds), default=Controls().breaker_clock_seconds)
        drift, self._jumped, doubt = self._jumped, 0.0, ""
        try:
            with looking(self._book) as duty:
                sequence, sha256, newest = duty.chain_followed(self._chained)
            self._chained = (sequence, sha256)
            if newest is not None and (behind := (now - newest).total_seconds()) < 0.0:
                drift = max(drift, behind, key=abs)
        except ChainBroken as broken:
            doubt = str(broken)
        seen = Observations(clock_seconds=drift, session=now.date().isoformat(), chain=doubt)
        found = trips.tripped(Controls(breaker_clock_seconds=limit), seen)
        if not breakers.moving(self._said.get("", []), "", found, now):
            return []
        with on_duty(self._book) as duty:
            return _move(duty, "", found, now)

    def _judged(self, fund: Fund, seen: Observations, now: dt.datetime) -> list[RaisedAlert]:
        found = trips.tripped(fund.controls, seen)
        if not found or not breakers.moving(self._said.get(fund.id, []), fund.id, found, now):
            return []
        with on_duty(self._book) as duty:
            return _move(duty, fund.id, found, now)

    def _falls(self, funds: Iterable[Fund], now: dt.datetime) -> list[tuple[Fund, float]]:
        """How far the index of each fund stands below its previous close, while its exchange is open."""
        seen: dict[Feed, float | None] = {}
        found: list[tuple[Fund, float]] = []
        for fund in funds:
            calendar = fund_calendar(fund)
            if not fund.controls.market_halt_falls or not calendar.is_open(now):
                continue
            if fund.feed not in seen:
                seen[fund.feed] = self._fall(fund, calendar, now)
            fall = seen[fund.feed]
            if fall is None or fall < fund.controls.market_halt_falls[0]:
                self._fell.pop(fund.id, None)
            elif self._believed(fund, calendar, now):
                found.append((fund, fall))
        return found

    def _believed(self, fund: Fund, calendar: Calendar, now: dt.datetime) -> bool:
        """Whether a fall is no bad tick: the data gate takes its price, or it stood as long as that would wait."""
        since = self._fell.setdefault(fund.id, now)
        if now - since >= dt.timedelta(minutes=fund.quality.corroboration_minutes):
            return True
        session = calendar.current_or_previous(now)
        if session is None:
            return False
        slot = Slot(session, "halt", now)
        with looking(self._book) as duty:
            last = duty.standing(fund.id).last
            feed = self._desk.feed(fund)
            gate = DataGate(duty, fund, slot, feed, self._desk.folder, now)
            try:
                gate(lambda: seen_now(fund, feed, slot, last), last)
            except MarketDataError:
                return False
        return True

    def _fall(self, fund: Fund, calendar: Calendar, now: dt.datetime) -> float | None:
        session = calendar.current_or_previous(now)
        if session is None:
            return None
        try:
            return index_fall(self._desk.feed(fund), calendar, session)
        except InsureError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a feed with a defect of its own must not keep the pass from its slots
            why = f"unforeseen {type(error).__name__}: {error}"
        if fund.id not in self._halts_seen:
            self._halts_seen.add(fund.id)
            LOG.warning("market-wide halts are not watched for %s: %s", fund.id, why)
        return None

    def _wanted(self, fund: Fund, now: dt.datetime) -> Decision | str:
        """What the rule would decide at this moment if nothing kept it back; or why that cannot be said."""
        try:
            with looking(self._book) as duty:
                standing, asked = duty.standing(fund.id), duty.question(fund.id)
            if asked is not None:
                return asked.question.sentence  # nobody may trade on this price, breaker or not
            last = standing.last
            session = fund_calendar(fund).current_or_previous(now)
            if last is None or last.decision.memory is None or session is None:
                return "Nothing was decided yet."
            snapshot = seen_now(fund, self._desk.feed(fund), Slot(max(session, last.session), "waiting", now), last)
            return decide(fund, settled(fund, standing.holdings, snapshot), last.decision.memory, snapshot)
        except InsureError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - as above; it stands in the statement
            return f"Unforeseen {type(error).__name__}: {error}"

    def _last_written(self, fund_id: str) -> Statement | None:
        if fund_id not in self._wrote:
            with looking(self._book) as duty:
                found = duty.statements(WAITING, fund_id, last=1)
            if not found:
                return None
            self._wrote[fund_id] = found[0]
        return self._wrote[fund_id]

    def _read(self) -> None:
        """Statements that were made since the last look, by whomever."""
        with looking(self._book) as duty:
            new = duty.statements(_READ, since=self._read_to)
        for one in new:
            self._said.setdefault(one.fund_id, []).append(one)
            self._read_to = one.sequence


def book_flag(desk: Desk, book: Book, flag: Flag, now: dt.datetime) -> list[RaisedAlert]:
    """Give a flag its row in the book, or take it down where two people have lifted it; once, however often asked.

    Raises:
        BookError: the book refuses; the flag stands and stops all the same.
    """
    with looking(book) as duty:
        said = duty.statements(breakers.KINDS, flag.fund_id)
    if flag.legible and flag.mark in breakers.lifted_flags(said, flag.fund_id):
        kill_flag.take_down(desk.folder, flag)
        return []
    if _booked(said, flag):
        return []
    with on_duty(book) as duty:
        if _booked(duty.statements(breakers.KINDS, flag.fund_id), flag):
            return []
        duty.state("kill", flag.fund_id, now, breakers.killed_content(flag))
        return [duty.raise_alert(Alert(flag.fund_id, "A", KILLED, flag.sentence), now)]


def _move(duty: Duty, fund_id: str, found: Iterable[Trip], now: dt.datetime) -> list[RaisedAlert]:
    found = tuple(found)
    if not found:
        return []
    said = duty.statements(breakers.KINDS, fund_id)
    trip = breakers.moving(said, fund_id, found, now)
    if trip is None:
        return []
    content = breakers.tripped_content(trip, breakers.latched(said, fund_id).state)
    duty.state("breaker", fund_id, now, content)
    return [duty.raise_alert(Alert(fund_id, "A", MOVED, content["sentence"]), now)]


def _booked(said: Iterable[Statement], flag: Flag) -> bool:
    return flag.mark in breakers.booked_flags(said, flag.fund_id)


def _waits(stand: dict[str, tuple[Fund, BreakerStanding]], fund_id: str) -> bool:
    return fund_id in stand and stand[fund_id][1].state != "NORMAL"


def _due(fund: Fund, breaker: BreakerStanding, before: Statement | None, now: dt.datetime) -> bool:
    """Whether the cost of waiting is to be written: at once, then at every heartbeat while one could trade."""
    if before is None or breaker.since is None or _began(before) != breaker.since:
        return True
    passed = (now - breaker.since).total_seconds() / 60.0 // fund.controls.escalate_minutes
    if passed > float(before.content["escalations"]):
        return True
    return now - before.at >= HEARTBEAT and fund_calendar(fund).is_open(now)


def _began(before: Statement) -> dt.datetime:
    return dt.datetime.fromisoformat(before.content["since"])


def _tells(escalations: int, before: Statement | None, breaker: BreakerStanding) -> bool:
    """Whether people are told again: when the time has passed once, and each time that it has doubled since."""
    told = int(before.content["escalations"]) if before is not None and _began(before) == breaker.since else 0
    return escalations.bit_length() > told.bit_length()

"""The journeys: each touches the book once, in one transaction."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import insure
from insure import flows
from insure.accrual import NOTHING_ACCRUED, Accrual, accrued
from insure.book import Book, OpenOrder, Record, SlotPage, Slots, Standing
from insure.book.duty import Duty, on_duty
from insure.broker import Broker, GuardedBroker, ImmediateBroker, PaperBroker
from insure.carried_deficit import deficit_of, remembered
from insure.controls import phases
from insure.controls.agreement import agreement
from insure.controls.approvals import asks, trade_proposal
from insure.controls.gathering import Outside, circumstances_of
from insure.dates import Calendar, year_fraction
from insure.decision import Holdings, Outcome, decide, fund_calendar, years_between
from insure.decision.options import worth
from insure.errors import InsureError, InvalidInput, Killed, MarketDataError, NothingDue
from insure.execution import Deficit
from insure.feeds import PriceFeed, look
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import quantity
from insure.orders import after_fills
from insure.slippage import Track
from insure.slots import Slot, latest_slot, next_slot, slots
from insure.tracking import Following, execution_costs, follow
from schedules.orders.dealing import Dealing, dealt
from schedules.orders.deficits import KIND as DEFICIT
from schedules.orders.deficits import content
from schedules.orders.executing import carried_out, executed_reason
from schedules.orders.pausing import KIND as PAUSE
from schedules.orders.pausing import at_once
from schedules.timetable import last_start, plan_of, too_late

BATCH = 1000
"""Funds to a transaction."""
_MOMENT = dt.timedelta(microseconds=1)

Gate = Callable[[Callable[[], Snapshot], Record | None], Snapshot]
"""Stands between the market and the decision: sees, and refuses what may not be traded on (``MarketDataError``)."""


Look = Callable[[str], Outside]
"""What stands outside the book about a fund at this moment: asked before deciding, and again before executing."""


def alone(fund_id: str) -> Outside:  # noqa: ARG001 - the shape of a look
    """Nobody outside: no kill flag can stand, as in a replay of its own."""
    return Outside()


def ungated(see: Callable[[], Snapshot], last: Record | None) -> Snapshot:  # noqa: ARG001 - the shape of a gate
    """No gate: whatever the feed lets through is decided on."""
    return see()


@dataclass(frozen=True, slots=True)
class Tick:
    """How one slot ended."""

    fund_id: str
    slot: Slot
    outcome: Outcome
    reason: str
    record: Record | None
    """None where no decision was reached: the market could not be seen, an order is open, or the slot was missed."""
    unseen: bool = False
    """Whether the market could not be seen."""
    deficit: Deficit | None = None
    """What of the decision is not executed; None where all is."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A slot of a batch that could not be run; the others of its batch were."""

    fund_id: str
    slot: Slot
    error: InsureError


def due_slot(fund: Fund, book: Book, now: dt.datetime, asked: str | None) -> Slot:
    """The slot to decide: the one asked for, else the next of a replay, else the latest of the clock.

    Args:
        fund: whose schedule counts.
        book: to know which slots have run.
        now: the clock; a replay has none but its slots.
        asked: a session (2008-10-15) or an instant with zone (2008-10-15T20:00:00Z); None for whatever is due.

    Raises:
        InvalidInput: no slot falls there, or it lies before the start, or in the future.
        NothingDue: there is no slot yet.
    """
    calendar, timing = fund_calendar(fund), fund.schedule.timing
    if asked is not None:
        slot = _asked_slot(fund, calendar, asked)
        if fund.stage != "replay" and slot.at > now:
            raise InvalidInput(f"The slot {slot.key} of {fund.id} is due at {slot.at:%Y-%m-%d %H:%M} UTC, not yet.")
        return slot
    start = calendar.opens(fund.protection.start) - _MOMENT
    if fund.stage == "replay":
        done = book.last_run(fund.id)
        return next_slot(timing, calendar, done.due if done else start)
    latest = latest_slot(timing, calendar, now)
    if latest is None or latest.session < fund.protection.start:
        first = next_slot(timing, calendar, max(now, start))
        raise NothingDue(f"{fund.id} has no slot yet; its first is {first.key} at {first.at:%Y-%m-%d %H:%M} UTC.")
    return latest


def tick(
    book: Slots,
    fund: Fund,
    slot: Slot,
    feed: PriceFeed,
    broker: Broker,
    now: dt.datetime,
    *,
    keep: bool = True,
    gate: Gate = ungated,
    outside: Look = alone,
) -> Tick:
    """One rebalance: see, value, decide, execute, record, in one transaction.

    Args:
        book: the one record, or a batch of it.
        fund: the contract.
        slot: what is due.
        feed: the prices.
        broker: who executes; one outside gets its orders afterwards (``schedules.orders.sending``).
        now: the clock when the tick starts; a replay hands in the slot's own time.
        keep: False for a dry run: everything happens, nothing is kept.
        gate: judges the price before it is decided on.
        outside: tells the kill flag and the state of the code.

    Raises:
        Killed: the kill switch was thrown between decision and execution; nothing of the slot was kept.
        NothingDue: the slot already has its run.
        InvalidInput: the slot lies before one that has run, or before the protection starts.
        BookError: what the book holds of the fund is not as it was written.
    """
    with book.slot(fund, slot, now, keep=keep) as page:
        standing = page.standing()
        last = standing.last
        if slot.session < fund.protection.start:
            raise InvalidInput(f"The slot {slot.key} lies before the protection of {fund.id}: {fund.protection.start}.")
        if last is not None and slot.at <= last.due:
            ran = f"{last.session}:{last.slot}"
            raise InvalidInput(f"The slot {slot.key} of {fund.id} lies before {ran}, which has run.")
        late = too_late(plan_of(fund), slot, now)
        if late:
            return _without_decision(page, fund, slot, "SKIPPED", late)
        question = _contract_question(page, fund, last, outside)
        if question:
            return _without_decision(page, fund, slot, "HELD", question)
        waiting = page.open_orders()
        if not all(each.waits_for_its_time for each in waiting):
            return _without_decision(page, fund, slot, "HELD", _waiting_sentence(waiting))
        try:
            snapshot = gate(lambda: _seen(fund, slot, feed, last), last)
        except MarketDataError as error:
            return replace(_without_decision(page, fund, slot, "HELD", str(error)), unseen=True)
        record = _decided(page, fund, slot, standing, snapshot, broker, now, outside)
        if record.decision.outcome == "OK":
            page.overtake(waiting)
        deficit = deficit_of(fund, record, record.after.units, slot.at)
        if record.paused or record.went_on:
            page.state(PAUSE, at_once(record))
        if record.paused and deficit is not None:
            page.state(DEFICIT, content(record, deficit, fund.currency))
        page.end(record.decision.outcome, record.decision.reason, record)
        if asks(record.decision):
            expires = min(now + dt.timedelta(minutes=fund.controls.proposal_minutes), last_start(plan_of(fund), slot))
            page.state("proposal", trade_proposal(fund, slot, record.decision, expires))
        return Tick(fund.id, slot, record.decision.outcome, record.decision.reason, record, deficit=deficit)


Ticking = Callable[[Duty, Fund, Slot, PriceFeed, ImmediateBroker, dt.datetime], Tick]
"""One slot of a batch."""


def tick_many(
    book: Book,
    due: Sequence[tuple[Fund, Slot]],
    feed_of: Callable[[Fund], PriceFeed],
    broker: ImmediateBroker,
    now_of: Callable[[Fund, Slot], dt.datetime],
    batch: int = BATCH,
    ticking: Ticking = tick,
) -> Iterator[Tick | Refused]:
    """Many funds, ``batch`` of them to a transaction: each slot whole or not there, each batch on disk when it ends.

    A commit costs at most five fsyncs, so a full batch costs one for every 200 funds
    (tests/book/test_many_funds.py counts them).

    Args:
        book: the one record.
        due: funds with the slot that each is to decide.
        feed_of: the prices of a fund.
        broker: executes at once; funds with a broker outside are decided one by one.
        now_of: the clock for a fund and slot.
        batch: funds to a transaction.
        ticking: how one of them is done; ``tick`` itself has no gate.

    Yields:
        What became of each, in order, once its batch is on disk.

    Raises:
        BookError: the database refuses; batches before are kept, nothing of this one is.
    """
    for first in range(0, len(due), batch):
        done: list[Tick | Refused] = []
        with on_duty(book) as pages:
            for fund, slot in due[first : first + batch]:
                try:
                    done.append(ticking(pages, fund, slot, feed_of(fund), broker, now_of(fund, slot)))
                except InsureError as error:
                    done.append(Refused(fund.id, slot, error))
        yield from done


def _contract_question(page: SlotPage, fund: Fund, last: Record | None, outside: Look) -> str:
    """Why the contract may not be decided on; empty where it is in force, or takes effect by itself."""
    said = page.votes("contract")
    if not said and last is not None and last.decision.config_sha256 == fund.config_sha256:
        return ""
    return agreement(fund, page.decided_under(), said, outside(fund.id).people).question


def _without_decision(page: SlotPage, fund: Fund, slot: Slot, outcome: Outcome, reason: str) -> Tick:
    page.end(outcome, reason, None)
    return Tick(fund.id, slot, outcome, reason, None)


def _waiting_sentence(waiting: Sequence[OpenOrder]) -> str:
    first = waiting[0]
    more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    return (
        f"Not decided while {first.order.key} is {first.state}{more}: {first.filled:f} of {first.order.units:f} units "
        "are known to be executed. Import its fills (`insure fills import FILE`) or close it (`insure fills close "
        "KEY`)."
    )


def _asked_slot(fund: Fund, calendar: Calendar, asked: str) -> Slot:
    timing = fund.schedule.timing
    try:
        instant = dt.datetime.fromisoformat(asked)
    except ValueError as error:
        raise InvalidInput(f"--slot is {asked!r}; it must be a session, like 2008-10-15, or an instant.") from error
    if "T" not in asked and " " not in asked:
        session = instant.date()
        found = slots(timing, calendar, session, session) if calendar.is_session(session) else []
        if not found:
            raise InvalidInput(f"{fund.id} has no slot on {session} ({fund.schedule.slot} on {calendar.name}).")
        return found[-1]
    if instant.tzinfo is None:
        raise InvalidInput(f"--slot is {asked!r}; an instant needs its zone, like 2008-10-15T20:00:00Z.")
    latest = latest_slot(timing, calendar, instant)
    if latest is None or latest.at != instant:
        raise InvalidInput(f"{fund.id} has no slot at {asked} ({fund.schedule.slot} on {calendar.name}).")
    return latest


def _seen(fund: Fund, slot: Slot, feed: PriceFeed, last: Record | None) -> Snapshot:
    calendar = fund_calendar(fund)
    if last is None:
        return look(fund, feed, calendar, slot, None, None)
    return look(fund, feed, calendar, slot, last.decision.snapshot.volatility, last.session)


def _decided(
    page: SlotPage,
    fund: Fund,
    slot: Slot,
    standing: Standing,
    snapshot: Snapshot,
    broker: Broker,
    now: dt.datetime,
    outside: Look,
) -> Record:
    last = standing.last
    if last is None:
        shares = quantity(fund.initial_money / flows.FIRST_PRICE)
        page.subscribe(fund.initial_money, shares)
        accrual, opening = NOTHING_ACCRUED, Holdings(Decimal(0), fund.initial_money)
    else:
        shares = standing.shares
        accrual = _accrual(fund, standing.holdings, last, snapshot)
        page.accrue(accrual)
        opening = accrual.after(standing.holdings)
    circumstances = circumstances_of(page, fund, slot, snapshot, last, outside(fund.id), now)
    if not phases.sends(circumstances.phase):
        broker = PaperBroker()  # whatever the contract names: nothing leaves before pilot
    sells = circumstances.breaker in {"NORMAL", "REDUCE_ONLY"}
    if isinstance(broker, ImmediateBroker):
        broker = GuardedBroker(broker, lambda: outside(fund.id).killed)
    dealing = dealt(page, fund, slot, opening, shares, snapshot, broker, sells=sells)
    holdings = dealing.holdings
    memory = remembered(last.decision, standing.holdings.units) if last else None
    if memory is not None:
        memory = flows.promised(memory, fund.strategy.kind, dealing.flows)
    decision = decide(fund, holdings, memory, snapshot, circumstances)
    if decision.outcome == "OK" and (killed := outside(fund.id).killed) and circumstances.breaker != "KILLED":
        raise Killed(f"{killed} It was thrown while {slot.key} of {fund.id} was decided: nothing was sent.")
    carried = carried_out(fund, slot, decision, snapshot, broker, first_leg=2 + len(dealing.orders))
    sent, own = carried.orders, carried.fills
    after = after_fills(holdings, sent, own, decision.option_trades)
    following = follow(
        fund,
        _caught_up(last, standing) if last else None,
        last.ladder if last else None,
        standing.holdings if last else None,
        last.decision.snapshot if last else None,
        accrual,
        decision,
    )
    track, closed = _with_dealing(following, dealing, opening, snapshot, rolled=decision.rolled)
    if track is not None and own:
        costs = execution_costs(holdings, after, own, snapshot.price)
        gained = worth(fund, after.options, snapshot) - worth(fund, holdings.options, snapshot)
        track = track.charged({**costs, "rounding": costs["rounding"] - gained})
    return Record(
        fund_id=fund.id,
        session=slot.session,
        slot=slot.name,
        due=slot.at,
        written=now,
        code_version=insure.__version__,
        decision=decision,
        accrual=accrual,
        ladder=decision.ladder.executed(
            after,
            executed_reason(decision, (*own, *dealing.fills), (*sent, *dealing.orders), carried.paused),
        )
        if decision.ladder
        else None,
        orders=(*sent, *dealing.orders),
        fills=(*own, *dealing.fills),
        after=after,
        track=track,
        closed=closed,
        track_missing=following.missing,
        flows=dealing.flows,
        option_years=tuple(years_between(fund, slot.session, option.expiry) for option in after.options),
        paused=carried.paused,
        went_on=carried.went_on,
    )


def _caught_up(last: Record, standing: Standing) -> Track | None:
    """The track of the last decision, with what was executed after it."""
    if last.track is None or not standing.fills:
        return last.track
    return last.track.charged(
        execution_costs(last.after, standing.holdings, standing.fills, last.decision.snapshot.price, late=True)
    )


def _with_dealing(
    following: Following, dealing: Dealing, opening: Holdings, snapshot: Snapshot, *, rolled: bool
) -> tuple[Track | None, Track | None]:
    """The track in force and the one that ended, after the flows of the slot: they belong to what went before."""

    def moved(track: Track | None) -> Track | None:
        if track is None or not (dealing.flows or dealing.fills):
            return track
        track = flows.followed(track, dealing.flows)
        if not dealing.fills:
            return track
        paid = sum((flow.money for flow in dealing.flows), Decimal(0))
        after = dealing.holdings.moved(cash=-paid)
        return track.charged(execution_costs(opening, after, dealing.fills, snapshot.price))

    return (following.track, moved(following.closed)) if rolled else (moved(following.track), following.closed)


def _accrual(fund: Fund, holdings: Holdings, last: Record, snapshot: Snapshot) -> Accrual:
    years = year_fraction(fund.schedule.day_count, fund_calendar(fund), last.session, snapshot.session)
    memory = last.decision.memory
    structure = memory.start.state.units if memory else 0.0
    return accrued(fund, holdings, last.decision.snapshot, snapshot, years, structure)

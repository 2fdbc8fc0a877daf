"""The journeys: each touches the book once, in one transaction."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import insure
from insure.accrual import NOTHING_ACCRUED, Accrual, accrued
from insure.book import Book, Record
from insure.book.book import SlotPage, Standing
from insure.broker import PaperBroker
from insure.dates import Calendar, year_fraction
from insure.decision import Decision, Holdings, Outcome, decide, fund_calendar
from insure.errors import InvalidInput, MarketDataError, NothingDue
from insure.feeds import PriceFeed, look
from insure.fund import Fund
from insure.market import Snapshot
from insure.orders import Fill, Order, order_for
from insure.slots import Slot, latest_slot, next_slot, slots
from insure.tracking import follow

_MOMENT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """How one slot ended."""

    fund_id: str
    slot: Slot
    outcome: Outcome
    reason: str
    record: Record | None
    """None where no decision was reached: the market could not be seen, or the slot was missed."""


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
        done = book.runs(fund.id)
        return next_slot(timing, calendar, done[-1].due if done else start)
    latest = latest_slot(timing, calendar, now)
    if latest is None or latest.session < fund.protection.start:
        first = next_slot(timing, calendar, max(now, start))
        raise NothingDue(f"{fund.id} has no slot yet; its first is {first.key} at {first.at:%Y-%m-%d %H:%M} UTC.")
    return latest


def tick(
    book: Book, fund: Fund, slot: Slot, feed: PriceFeed, broker: PaperBroker, now: dt.datetime, *, keep: bool = True
) -> Tick:
    """One rebalance: see, value, decide, execute, record, in one transaction.

    Args:
        book: the one record.
        fund: the contract.
        slot: what is due.
        feed: the prices.
        broker: who executes.
        now: the clock when the tick starts; a replay hands in the slot's own time.
        keep: False for a dry run: everything happens, nothing is kept.

    Raises:
        NothingDue: the slot already has its run.
        InvalidInput: the slot lies before one that has run, or before the protection starts.
    """
    with book.slot(fund, slot, now, keep=keep) as page:
        standing = page.standing()
        last = standing.last
        if slot.session < fund.protection.start:
            raise InvalidInput(f"The slot {slot.key} lies before the protection of {fund.id}: {fund.protection.start}.")
        if last is not None and slot.at <= last.due:
            ran = f"{last.session}:{last.slot}"
            raise InvalidInput(f"The slot {slot.key} of {fund.id} lies before {ran}, which has run.")
        late = now - slot.at
        if late > dt.timedelta(minutes=fund.schedule.deadline_minutes):
            reason = (
                f"Missed: started {late.total_seconds() / 60:,.0f} minutes after it was due, "
                f"{fund.schedule.deadline_minutes:g} are allowed. Not traded late."
            )
            page.end("SKIPPED", reason, None)
            return Tick(fund.id, slot, "SKIPPED", reason, None)
        try:
            snapshot = _seen(fund, slot, feed, last)
        except MarketDataError as error:
            page.end("HELD", str(error), None)
            return Tick(fund.id, slot, "HELD", str(error), None)
        record = _decided(page, fund, slot, standing, snapshot, broker, now)
        page.end(record.decision.outcome, record.decision.reason, record)
        return Tick(fund.id, slot, record.decision.outcome, record.decision.reason, record)


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
    broker: PaperBroker,
    now: dt.datetime,
) -> Record:
    last = standing.last
    if last is None:
        page.subscribe(fund.initial_money)
        accrual, holdings = NOTHING_ACCRUED, Holdings(Decimal(0), fund.initial_money)
    else:
        accrual = _accrual(fund, standing.holdings, last, snapshot)
        page.accrue(accrual)
        holdings = accrual.after(standing.holdings)
    decision = decide(fund, holdings, last.decision.memory if last else None, snapshot)
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    if decision.trade is not None:
        order = order_for(fund, slot, decision.trade, snapshot)
        orders, fills = (order,), broker.execute(order, decision.trade, snapshot)
    after = Holdings(
        units=holdings.units + sum((fill.units for fill in fills), Decimal(0)),
        cash=holdings.cash + sum((fill.cash for fill in fills), Decimal(0)),
    )
    following = follow(
        fund,
        last.track if last else None,
        last.ladder if last else None,
        last.after if last else None,
        last.decision.snapshot if last else None,
        accrual,
        decision,
    )
    track = following.track
    if track is not None and fills:
        track = track.charged(_costs(holdings, after, fills, snapshot))
    return Record(
        fund_id=fund.id,
        session=slot.session,
        slot=slot.name,
        due=slot.at,
        written=now,
        code_version=insure.__version__,
        decision=decision,
        accrual=accrual,
        ladder=decision.ladder.executed(after, _executed_reason(decision, fills)) if decision.ladder else None,
        orders=orders,
        fills=fills,
        after=after,
        track=track,
        closed=following.closed,
        track_missing=following.missing,
    )


def _accrual(fund: Fund, holdings: Holdings, last: Record, snapshot: Snapshot) -> Accrual:
    years = year_fraction(fund.schedule.day_count, fund_calendar(fund), last.session, snapshot.session)
    memory = last.decision.memory
    structure = memory.start.state.units if memory else 0.0
    return accrued(fund, holdings, last.decision.snapshot, snapshot, years, structure)


def _costs(before: Holdings, after: Holdings, fills: tuple[Fill, ...], snapshot: Snapshot) -> dict[str, float]:
    commission = float(sum((fill.commission for fill in fills), Decimal(0)))
    spread = float(sum((fill.spread for fill in fills), Decimal(0)))
    lost = (before.units - after.units) * snapshot.price + before.cash - after.cash
    return {"commission": commission, "spread": spread, "rounding": float(lost) - commission - spread}


def _executed_reason(decision: Decision, fills: tuple[Fill, ...]) -> str:
    if not fills:
        return "Held: nothing was sent." if decision.outcome == "HELD" else "Nothing to execute."
    return " ".join(
        f"{'Bought' if fill.units > 0 else 'Sold'} {abs(fill.units):,f} units at {fill.price:,f}, costs "
        f"{fill.commission + fill.spread:,.2f}."
        for fill in fills
    )

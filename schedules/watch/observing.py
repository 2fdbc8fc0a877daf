"""What a watch over breakers observes: of a slot that ended, of the index since its previous close, of a period."""

import datetime as dt
import math
from dataclasses import replace
from functools import lru_cache

from insure.book import Record, Standing
from insure.book.duty import Duty
from insure.controls import breakers, trips
from insure.controls.hedging_error import slippage_in_deviations
from insure.controls.trips import Observations
from insure.dates import BeyondHorizon, Calendar
from insure.decision import fund_calendar
from insure.decision.valuation import gap_budget
from insure.errors import MarketDataError
from insure.feeds import PriceFeed, look
from insure.fund import Fund
from insure.market import Snapshot
from insure.slots import Slot, Timing, slots_between
from schedules.jobs import Tick

_MOMENT = dt.timedelta(microseconds=1)
_YEAR = dt.timedelta(days=365)


def observed(duty: Duty, fund: Fund, one: Tick, now: dt.datetime) -> Observations:
    """What the end of a slot shows. Only a slot that ended badly is looked back from: the others cost nothing."""
    record, session, failures, bad_prices = one.record, one.slot.key, 0, 0
    doubt = None if record is None else record.decision.snapshot.doubt
    failed = one.outcome == "FAILED"
    bad = (one.outcome == "HELD" and record is None) or (doubt is not None and not doubt.buys)
    if failed or bad:
        since = breakers.latched(duty.statements(breakers.KINDS, fund.id), fund.id).since
        failures = duty.failures(fund.id, since) if failed else 0
        bad_prices = duty.bad_prices(fund.id, since) if bad else 0
    if record is None:
        return Observations(failures=failures, bad_prices=bad_prices, session=session)
    decision = record.decision
    checks = {check.name: check for check in decision.checks}
    turnover, code = checks.get("turnover of the day"), checks.get("code approved")
    return Observations(
        failures=failures,
        bad_prices=bad_prices,
        session=session,
        turnover_weight=None if turnover is None else turnover.value,
        slippage_deviations=_slippage(fund, record),
        gap_budget=_gap_budget(record),
        index_fall=_session_fall(fund, record),
        minutes_to_close=minutes_to_close(fund, now),
        code="" if code is None or code.passed else code.sentence,
    )


def filled_since(standing: Standing) -> Observations:
    """What fills that came after the last decision changed: the fall that reaches the floor from what is held now."""
    last = standing.last
    if last is None or not standing.fills:
        return Observations()
    held = replace(last, after=standing.holdings)
    return Observations(session=f"{last.session}:{last.slot}", gap_budget=_gap_budget(held))


def index_fall(feed: PriceFeed, calendar: Calendar, session: dt.date) -> float | None:
    """How far the newest price of a session stands below the close of the session before; None where either is missing.

    Raises:
        MarketDataError: the feed cannot be read.
    """
    try:
        seen = feed.at(session, 1)
    except MarketDataError:
        return None  # the slot's own gate asks about a price that is not there
    before = seen.before[-1] if seen.before else None
    if seen.row.session != session or before is None or calendar.count(before.session, session) != 1:
        return None
    return 1.0 - float(seen.row.close / before.close)


def seen_now(fund: Fund, feed: PriceFeed, slot: Slot, last: Record | None) -> Snapshot:
    """What the fund sees at a moment between its slots.

    Raises:
        MarketDataError: it sees nothing.
    """
    previous, since = (None, None) if last is None else (last.decision.snapshot.volatility, last.session)
    return look(fund, feed, fund_calendar(fund), slot, previous, since)


def session_of(fund: Fund, now: dt.datetime) -> str:
    """The session under way, or the last one, as a name."""
    return str(fund_calendar(fund).current_or_previous(now))


def minutes_to_close(fund: Fund, now: dt.datetime) -> float:
    """Minutes to the close of the session under way, or of the last one: below zero then."""
    calendar = fund_calendar(fund)
    session = calendar.current_or_previous(now)
    return math.inf if session is None else trips.last_minutes(now, calendar.closes(session))


def _slippage(fund: Fund, record: Record) -> float | None:
    memory = record.decision.memory
    if memory is None or not fund.controls.breaker_slippage_sigmas > 0.0:
        return None
    period = memory.period
    return slippage_in_deviations(
        fund, record, slots_of_period(fund.schedule.timing, fund_calendar(fund), period.start, period.end)
    )


@lru_cache(maxsize=4096)
def slots_of_period(timing: Timing, calendar: Calendar, start: dt.date, end: dt.date) -> int:
    """How many slots a protection period has, counted over its first year and carried on; at least 1."""
    until = min(end, start + _YEAR, calendar.last_known)
    try:
        counted = len(
            slots_between(timing, calendar, calendar.opens(start) - _MOMENT, calendar.opens(start) + (until - start))
        )
    except BeyondHorizon:
        return 1
    days = max((until - start).days, 1)
    return max(1, round(counted * max((end - start).days, 1) / days))


def _gap_budget(record: Record) -> float | None:
    """Of what is held after the trade; with options before it, since marking them again takes longer than deciding."""
    valuation = record.decision.valuation
    if valuation is None or not valuation.guarantee > 0.0:
        return None
    if record.after.options:  # executed at once: no fill comes later
        return valuation.gap_budget
    return gap_budget(float(record.nav), valuation.floor, float(record.equity))


def _session_fall(fund: Fund, record: Record) -> float | None:
    snapshot = record.decision.snapshot
    before, day = snapshot.previous_price, snapshot.previous_session
    if before is None or day is None or fund_calendar(fund).count(day, snapshot.session) != 1:
        return None
    return 1.0 - float(snapshot.price / before)

"""What of a decision a fund does not hold, priced until its next slot: the deficit that is carried on."""

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from insure.book import Record
from insure.dates import SESSIONS_PER_YEAR, BeyondHorizon, Calendar
from insure.decision import Decision, Memory, fund_calendar
from insure.errors import NothingDue
from insure.execution import Deficit, priced
from insure.fund import Fund
from insure.slots import next_slot


def deficit_of(fund: Fund, record: Record, held: Decimal, at: dt.datetime) -> Deficit | None:
    """What a decision wanted and the fund does not hold; None where it holds what was wanted.

    Args:
        fund: whose timetable tells the next slot.
        record: the last decision; what a held one withheld counts as wanted.
        held: units that the fund holds now, later fills counted.
        at: from when on the time to the next slot counts; where no slot comes, one session is counted.
    """
    units = beyond_decided(record.decision, held)
    if not units or not record.nav > 0:
        return None
    seen = record.decision.snapshot
    years = _years_to_next(fund, max(at, record.due))
    return priced(float(units), float(seen.price), float(record.nav), years, seen.volatility.vol, seen.rate)


def beyond_decided(decision: Decision, held: Decimal) -> Decimal:
    """Units that are held beyond what was decided: above zero a sale is missing, below zero a purchase.

    Decided is what the contract lets through of the model's wish, after limits, band, throttle, override, phase and
    lots; what a held decision withheld counts as decided.
    """
    wanted = decision.trade or decision.withheld
    return held - decision.holdings.units - (wanted.units if wanted is not None else 0)


def remembered(decision: Decision, held: Decimal) -> Memory | None:
    """The memory that a decision leaves, when the fund holds ``held`` units before the next.

    What was not bought is not remembered as bought: where a purchase was not executed in full, the mark that a rule
    left with it (``buy_and_hold``: bought once) is the one of before, and the purchase is still to come.
    """
    memory, before, trade = decision.memory, decision.memory_in, decision.trade
    if memory is None or trade is None or not 0 < decision.holdings.units + trade.units - held <= trade.units:
        return memory
    mark = 0.0 if before is None or decision.rolled else before.start.state.mark
    return replace(memory, start=memory.start._replace(state=memory.start.state._replace(mark=mark)))


def _years_to_next(fund: Fund, at: dt.datetime) -> float:
    """Trading time, in sessions over 252: a weekend is none."""
    calendar = fund_calendar(fund)
    with suppress(NothingDue, BeyondHorizon):
        coming = next_slot(fund.schedule.timing, calendar, at).at
        now, then = calendar.current_or_previous(at), calendar.current_or_previous(coming)
        if now is not None and then is not None:
            sessions = calendar.count(now, then) + _elapsed(calendar, then, coming) - _elapsed(calendar, now, at)
            return max(sessions, 0.0) / SESSIONS_PER_YEAR
    return 1.0 / SESSIONS_PER_YEAR


def _elapsed(calendar: Calendar, session: dt.date, at: dt.datetime) -> float:
    """Share of a session that is over."""
    hours = calendar.hours(session)
    return min(max((at - hours.opens) / hours.length, 0.0), 1.0)

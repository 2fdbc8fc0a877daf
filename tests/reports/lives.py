"""Lives of funds on made-up prices, decided and recorded as the product does it, for reports to show."""

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from insure.accrual import NOTHING_ACCRUED, accrued
from insure.book.record import Record
from insure.broker import PaperBroker
from insure.dates import year_fraction
from insure.decision import Holdings, decide, fund_calendar
from insure.fund import Fund, read_fund
from insure.market import Lineage, Snapshot
from insure.orders import Fill, Order, order_for
from insure.slots import Slot
from insure.tracking import follow
from insure.volatility import Estimate

ANCHOR = (1512, "5e" * 32)
VERSION = "1.2.3"

PUT = 'kind = "synthetic_put"'
CPPI = 'kind = "cppi"\nmultiplier = 4.0'
HOLD = 'kind = "buy_and_hold"\nweight = 0.6'


def contract(
    strategy: str = PUT, *, years: float = 0.25, dividends: str = "reinvested", roll: str = "at_horizon"
) -> Fund:
    """A fund of 100 million with a 90 % floor, from 2008-09-02."""
    return read_fund(
        f"""
        id = "guarded"
        name = "Guarded Fund"
        instrument = "S&P 500 index unit"
        initial_money = 100000000
        [protection]
        start = 2008-09-02
        floor_fraction = 0.9
        horizon_years = {years}
        dividends = "{dividends}"
        roll = "{roll}"
        [strategy]
        {strategy}
        [volatility]
        kind = "fixed"
        vol = 0.2
        [schedule]
        slot = "close"
        [feed]
        kind = "sample"
        [band]
        width_weight = 0.01
        [costs]
        commission_bps = 0.5
        half_spread_bps = 1.0
        [lots]
        lot_units = 1
        [twin]
        vol_spread = 0.01
        """
    )


def prices(count: int, *, crash_at: int | None = None) -> list[Decimal]:
    """Waves around a slow fall; with a crash of 20 % into the session ``crash_at``."""
    found = []
    for i in range(count):
        level = 1200.0 * math.exp(0.05 * math.sin(i / 4.0) - 0.001 * i)
        if crash_at is not None and i >= crash_at:
            level *= 0.8
        found.append(Decimal(repr(round(level, 2))))
    return found


def live(fund: Fund, closes: Sequence[Decimal], *, dividend_every: int = 0) -> list[Record]:
    """The records of a fund that decides at each close, from the start of its protection.

    Args:
        fund: the contract.
        closes: one a session.
        dividend_every: where above 0, the index pays 5.00 a unit every so many sessions.
    """
    calendar = fund_calendar(fund)
    session = calendar.on_or_after(fund.protection.start)
    records: list[Record] = []
    for i, close in enumerate(closes):
        last = records[-1] if records else None
        pays = dividend_every > 0 and i > 0 and i % dividend_every == 0
        records.append(_decided(fund, session, close, Decimal(5) if pays else Decimal(0), last))
        session = calendar.next(session)
    return records


def _decided(fund: Fund, session: dt.date, close: Decimal, dividend: Decimal, last: Record | None) -> Record:
    slot = Slot(session, "close", fund_calendar(fund).closes(session))
    snapshot = Snapshot(
        at=slot.at,
        session=session,
        price=close,
        rate=0.02,
        volatility=Estimate(0.2, "fixed", 0, None, ""),
        put_vol=0.21,
        put_vol_source="hedge volatility +1.0 points",
        dividend_yield=0.0,
        dividend=dividend,
        previous_price=last.decision.snapshot.price if last else None,
        previous_session=last.session if last else None,
        lineage=(Lineage("price", "prices.csv, line 2", session, "c5" * 32),),
    )
    if last is None:
        accrual, holdings = NOTHING_ACCRUED, Holdings(Decimal(0), fund.initial_money)
    else:
        years = year_fraction(fund.schedule.day_count, fund_calendar(fund), last.session, session)
        memory = last.decision.memory
        structure = memory.start.state.units if memory else 0.0
        accrual = accrued(fund, last.after, last.decision.snapshot, snapshot, years, structure)
        holdings = accrual.after(last.after)
    decision = decide(fund, holdings, last.decision.memory if last else None, snapshot)
    fills: tuple[Fill, ...] = ()
    orders: tuple[Order, ...] = ()
    if decision.trade is not None:
        order = order_for(fund, slot, decision.trade, snapshot)
        orders, fills = (order,), PaperBroker().execute(order, decision.trade, snapshot)
    after = Holdings(
        holdings.units + sum((fill.units for fill in fills), Decimal(0)),
        holdings.cash + sum((fill.cash for fill in fills), Decimal(0)),
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
        track = track.charged({"commission": float(fills[0].commission), "spread": float(fills[0].spread)})
    return Record(
        fund_id=fund.id,
        session=session,
        slot=slot.name,
        due=slot.at,
        written=slot.at,
        code_version=VERSION,
        decision=decision,
        accrual=accrual,
        ladder=decision.ladder.executed(after, "As filled." if fills else "Nothing to execute.")
        if decision.ladder
        else None,
        orders=orders,
        fills=fills,
        after=after,
        track=track,
        closed=following.closed,
        track_missing=following.missing,
    )


@lru_cache(maxsize=8)
def lived(strategy: str = PUT, sessions: int = 90, crash_at: int | None = 40) -> tuple[Fund, tuple[Record, ...]]:
    """A fund with its records, made once: it rolls after a quarter and falls by a fifth in one session."""
    fund = contract(strategy)
    return fund, tuple(live(fund, prices(sessions, crash_at=crash_at), dividend_every=30))

"""A path along recorded decisions: the same markets, flows and moments, lived again under another word.

Pure. Holdings and memory are the path's own; interest, dividends and expiries are booked on what it holds, flows are
dealt as they were ordered, and what is decided is executed on paper at the contract's costs.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from insure import flows
from insure.accrual import NOTHING_ACCRUED, Accrual, accrued
from insure.book.record import Record
from insure.broker.paper import PaperBroker
from insure.carried_deficit import remembered
from insure.decision import Decision, Holdings, Ladder, Memory, Ordered
from insure.decision.options import worth
from insure.errors import FloorUnaffordable, InvalidInput
from insure.execution import Quote, wide_or_thin
from insure.flows import Dealt
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import money
from insure.orders import Fill, Order, after_fills, order_for, orders_for
from insure.slippage import Track, Twin, opened
from insure.slots import Slot
from insure.tracking import follow, mark_of

Contracts = Callable[[Record], Fund]
"""The contract that a moment is decided under."""
Deciding = Callable[[Fund, Record, Holdings, Memory | None, tuple[Ordered, ...]], Decision]
"""What a path decides at a recorded moment: contract, moment, own holdings and memory, own orders of the session."""
_BROKER = PaperBroker()


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a path, after its trade."""

    session: dt.date
    slot: str
    holdings: Holdings
    nav: Decimal
    weight: float
    """In stock, after the trade."""
    traded: Decimal
    """Money, bought and sold."""
    slippage: float | None
    """Fund minus true put since the first step; None where there is no twin, or none was asked for."""
    decision: Decision
    accrual: Accrual
    """Booked before it."""
    ordered: tuple[Ordered, ...]
    """In its session so far, its own included."""


@dataclass(frozen=True, slots=True)
class _At:
    """Where a path stands between two moments."""

    holdings: Holdings
    memory: Memory | None
    snapshot: Snapshot
    ladder: Ladder | None
    track: Track | None


def walked(
    records: Iterable[Record],
    contract: Contracts,
    deciding: Deciding,
    *,
    memory: Callable[[Memory | None], Memory | None] = lambda kept: kept,
    tracked: bool = False,
    after: Step | None = None,
) -> Iterator[Step]:
    """A path from the first of some records on.

    Args:
        records: decisions of one fund as they followed each other, none left out.
        contract: under which each moment is decided.
        deciding: what is decided there.
        memory: the memory that the path begins with, from the one recorded.
        tracked: whether slippage is followed, against a true put that is opened at the first step.
        after: the step of another path, at the moment before the first record, that this one branches off from; None
            begins with what the fund held, remembered and had ordered there.

    Raises:
        InvalidInput: the path cannot pay a flow that the fund has paid, or cannot be decided.
    """
    at = None if after is None else _branched(after)
    earlier: tuple[Ordered, ...] = () if after is None else after.ordered
    session: dt.date | None = None if after is None else after.session
    for record in records:
        fund, snapshot = contract(record), record.decision.snapshot
        if at is None:
            earlier = _ordered_before(record)
        elif record.session != session:
            earlier = ()
        session = record.session
        if at is None:
            accrual, holdings, known = NOTHING_ACCRUED, record.decision.holdings, memory(record.decision.memory_in)
            dealt, sales = tuple[Dealt, ...](), tuple[Order, ...]()
        else:
            structure = at.memory.start.state.units if at.memory else 0.0
            accrual = accrued(fund, at.holdings, at.snapshot, snapshot, record.accrual.years, structure)
            holdings, dealt, sales = _dealt(fund, record, accrual.after(at.holdings), snapshot)
            known = None if at.memory is None else flows.promised(at.memory, fund.strategy.kind, dealt)
        decision = deciding(fund, record, holdings, known, earlier)
        orders, fills = _filled(fund, record, decision, snapshot)
        held = after_fills(holdings, orders, fills, decision.option_trades)
        earlier += _ordered((*orders, *sales))
        options = worth(fund, held.options, snapshot) if held.options else 0.0
        nav = held.units * snapshot.price + held.cash + money(options)
        track = _tracked(fund, at, accrual, decision, dealt, holdings, held) if tracked else None
        ladder = None if decision.ladder is None else decision.ladder.executed(held, "On paper.")
        at = _At(held, remembered(decision, held.units), snapshot, ladder, track)
        yield Step(
            session=record.session,
            slot=record.slot,
            holdings=held,
            nav=nav,
            weight=float(held.units * snapshot.price / nav) if nav else 0.0,
            traded=sum((money(abs(each.units) * each.price) for each in sales), Decimal(0))
            + sum((fill.value for fill in fills), Decimal(0)),
            slippage=None if track is None else track.total,
            decision=decision,
            accrual=accrual,
            ordered=earlier,
        )


def _branched(step: Step) -> _At:
    """Where a path stands after a step of another; its slippage is not followed."""
    decision = step.decision
    return _At(step.holdings, remembered(decision, step.holdings.units), decision.snapshot, None, None)


def _ordered_before(record: Record) -> tuple[Ordered, ...]:
    seen = record.decision.circumstances
    return () if seen is None else seen.earlier


def _ordered(orders: tuple[Order, ...]) -> tuple[Ordered, ...]:
    """Trades as the book counts those of a session: child orders together."""
    found: dict[str, Ordered] = {}
    for each in orders:
        before = found.get(each.trade_key)
        units = each.units if before is None else before.units + each.units
        found[each.trade_key] = Ordered(each.trade_key, each.instrument, units, money(abs(units) * each.price))
    return tuple(found.values())


def _dealt(
    fund: Fund, record: Record, holdings: Holdings, snapshot: Snapshot
) -> tuple[Holdings, tuple[Dealt, ...], tuple[Order, ...]]:
    """The flows of a moment on the path's own holdings; stock is sold where cash does not cover them."""
    slot, price = Slot(record.session, record.slot, record.due), snapshot.price
    done: list[Dealt] = []
    sales: list[Order] = []
    for flow in record.flows:
        nav = float(holdings.units * price + holdings.cash)
        missing = -(holdings.cash + flow.money)
        if missing > 0:
            sale = flows.sale_for(fund, holdings, missing, price)
            if sale is None:
                raise InvalidInput(f"The {flow.kind} {flow.key} of {flow.money:,.2f} takes more than the path holds.")
            holdings = holdings.moved(units=sale.units, cash=sale.cash_after(Decimal(0)))
            sales.append(order_for(fund, slot, sale, snapshot, leg=2 + len(sales)))
        one = Dealt(flow.key, flow.kind, flow.money, flow.shares, nav)
        holdings = flows.after(holdings, one)
        done.append(one)
    return holdings, tuple(done), tuple(sales)


def _filled(
    fund: Fund, record: Record, decision: Decision, snapshot: Snapshot
) -> tuple[tuple[Order, ...], tuple[Fill, ...]]:
    slot = Slot(record.session, record.slot, record.due)
    now = None if decision.circumstances is None else decision.circumstances.now
    pairs = list(() if decision.trade is None else orders_for(fund, slot, decision.trade, snapshot, now))
    for leg, each in enumerate(decision.option_trades, start=2):
        pairs.append((order_for(fund, slot, each.trade, snapshot, leg, each.option), each.trade))
    buys = decision.trade is not None and decision.trade.units > 0 and not decision.option_trades
    quote = Quote(snapshot.bid, snapshot.ask, snapshot.depth_units)
    orders = tuple(order for order, _ in pairs)
    if buys and wide_or_thin(fund.execution, quote):
        return orders, ()  # a market too wide or too thin to buy in pauses purchases on paper as well
    return orders, tuple(fill for order, trade in pairs for fill in _BROKER.execute(order, trade, snapshot))


def _tracked(
    fund: Fund,
    at: _At | None,
    accrual: Accrual,
    decision: Decision,
    dealt: tuple[Dealt, ...],
    before: Holdings,
    after: Holdings,
) -> Track | None:
    """Slippage after this step; a new protection period goes on from where the one before ended."""
    snapshot = decision.snapshot
    if at is None:
        track = _opened(fund, decision)
    else:
        following = follow(fund, at.track, at.ladder, at.holdings, at.snapshot, accrual, decision)
        track = following.track
        if track is not None and decision.rolled and following.closed is not None:
            track = track.charged({"rounding": -flows.followed(following.closed, dealt).total})
        elif track is not None:
            track = flows.followed(track, dealt)
    if track is None:
        return None
    gained = worth(fund, after.options, snapshot) - worth(fund, before.options, snapshot)
    lost = float((before.units - after.units) * snapshot.price + before.cash - after.cash)
    return track.charged({"rounding": lost - gained})


def _opened(fund: Fund, decision: Decision) -> Track | None:
    valuation, memory = decision.valuation, decision.memory
    if valuation is None or memory is None:
        return None
    mark = mark_of(decision.snapshot, valuation.years_left)
    if memory.start.beside == "cash":
        return Track(Twin.in_cash(valuation.nav, mark), mark)
    try:
        return opened(valuation.nav, valuation.guarantee, mark, fund.protection.dividends, fund.protection.financing)
    except FloorUnaffordable:
        return None

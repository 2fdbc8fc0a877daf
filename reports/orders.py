"""What became of a decision in the market: its orders, their lives, their fills, and what is not executed of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.book.lives import Moment, states, under_way
from insure.book.record import Record
from insure.carried_deficit import deficit_of
from insure.execution.deficit import sentence
from insure.fund import Fund
from insure.orders import Fill, Order, OrderState
from reports import filters
from reports.facts import EventRow
from reports.figures import Figure, Figures


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order with its bounds, and where it stands."""

    key: str
    side: Literal["buy", "sell"]
    instrument: str
    state: OrderState
    figures: Figures


@dataclass(frozen=True, slots=True)
class LifeRow:
    """One move of one order."""

    order: str
    at: Figure
    sequence: Figure
    state: OrderState
    detail: str


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill."""

    reference: str
    order: str
    side: Literal["buy", "sell"]
    instrument: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Execution:
    """How far a decision was carried out, by the last row on its orders."""

    open: tuple[str, ...]
    """Orders that are not at their end."""
    decided: Decimal
    """Units of the trade in stock, positive."""
    done: Decimal
    """Units of it that are executed."""
    later: bool
    """Whether anything moved after the slot."""
    at: dt.datetime
    """Of the last row."""

    @property
    def word(self) -> str:
        """For the verdict; empty where all is done, or nothing was to be."""
        if self.open:
            return "orders under way"
        if self.done < self.decided:
            return "not executed in full" if self.done else "not executed"
        return ""

    @property
    def note(self) -> str:
        """In a sentence; empty where the slot itself did all."""
        if not self.later or not self.decided:
            return ""
        how = f"{filters.units(self.done)} of {filters.units(self.decided)} units are executed"
        left = f"; {len(self.open)} order{'s are' if len(self.open) > 1 else ' is'} under way" if self.open else ""
        return f"{how}{left}, as the book has it at {filters.instant(self.at)}."


def execution(record: Record, moments: Sequence[Moment]) -> Execution:
    """How far the trade of ``record`` was carried out; its fills are those known by the last of ``moments``."""
    trade = record.decision.trade
    stock = {order.key for order in record.orders if trade is not None and order.trade_key == _trade_key(record)}
    done = sum((fill.units for fill in record.fills if fill.order_key in stock), Decimal(0))
    slot = record.written
    last = max((each.at for each in moments), default=slot)
    return Execution(
        open=under_way(moments),
        decided=abs(trade.units) if trade is not None else Decimal(0),
        done=abs(done),
        later=any(each.sequence > moments[0].sequence for each in moments),
        at=last,
    )


def _trade_key(record: Record) -> str:
    """Of the trade in the fund's index: the first leg."""
    return f"{record.fund_id}:{record.session}:{record.slot}:1"


def not_executed(fund: Fund, record: Record, done: Execution) -> tuple[EventRow, ...]:
    """What of the decision is not executed by the last row on its orders, with its price; nothing where all is."""
    deficit = deficit_of(fund, record, record.after.units, max(record.due, done.at) if done.later else record.due)
    if deficit is None:
        return ()
    why = f" {record.paused}" if record.paused else ""
    kind = "not executed yet" if done.open else "not executed" if done.later else "not executed in the slot"
    return (EventRow(kind, f"{sentence(deficit, fund.currency)}{why}"),)


def order_rows(record: Record, moments: Sequence[Moment]) -> tuple[OrderRow, ...]:
    """The orders of a decision; where they are spread over time or venues, with when and where."""
    spread = any(order.not_before or order.venue for order in record.orders)
    stand = states(moments)
    return tuple(_order_row(record, order, stand[order.key], spread=spread) for order in record.orders)


def _order_row(record: Record, order: Order, state: OrderState, *, spread: bool) -> OrderRow:
    source = f"order {order.key}"
    done = sum((fill.units for fill in record.fills if fill.order_key == order.key), Decimal(0))
    figures = {
        "units": Figure("Units", abs(order.units), "units", source),
        "filled": Figure("Executed", abs(done), "units", "sum of its fills"),
        "price": Figure("Decided at", order.price, "price", source),
        "price_limit": Figure("Price limit", order.price_limit, "price", "fund file, execution.price_limit_bps"),
        "at": Figure("Decided", record.written, "instant", "record"),
        "good_until": Figure("Good until", order.good_until, "instant", "fund file, execution.time_limit_minutes"),
        "volume_cap": Figure(
            "Share of volume, at most", order.volume_cap_fraction, "weight", "fund file, execution.volume_cap_fraction"
        ),
    }
    if spread:
        begins = "at once" if order.not_before is None else f"{order.not_before:%Y-%m-%d %H:%M:%S} UTC"
        figures["not_before"] = Figure("Not before", begins, "text", "fund file, execution.schedule")
        figures["venue"] = Figure("Venue", order.venue or "any", "text", "fund file, execution.venues")
    return OrderRow(order.key, _side(order.units), order.instrument, state, figures)


def life_rows(moments: Sequence[Moment]) -> tuple[LifeRow, ...]:
    """The lives of the orders of a decision, in the order of the chain."""
    return tuple(
        LifeRow(
            each.order_key,
            Figure("At", each.at, "instant", f"chain entry {each.sequence}"),
            Figure("Entry", each.sequence, "count", "of the audit chain"),
            each.state,
            each.detail,
        )
        for each in moments
    )


def fill_rows(record: Record) -> tuple[FillRow, ...]:
    """The fills of a decision, those of its slot first."""
    instruments = {order.key: order.instrument for order in record.orders}
    return tuple(_fill_row(fill, instruments) for fill in record.fills)


def _fill_row(fill: Fill, instruments: Mapping[str, str]) -> FillRow:
    source = f"fill {fill.reference}"
    return FillRow(
        fill.reference,
        fill.order_key,
        _side(fill.units),
        instruments[fill.order_key],
        {
            "units": Figure("Units", abs(fill.units), "units", source),
            "price": Figure("Price", fill.price, "price", source),
            "value": Figure("Value", fill.value, "money", "units × price"),
            "commission": Figure("Commission", fill.commission, "money", source),
            "spread": Figure("Spread", fill.spread, "money", source),
            "at": Figure("At", fill.at, "instant", source),
        },
    )


def _side(units: Decimal) -> Literal["buy", "sell"]:
    return "buy" if units > 0 else "sell"

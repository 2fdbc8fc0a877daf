"""Decisions, orders, fills, entries, checks and slippage of a fund as tables of text, for spreadsheets and programs.

Every row begins with its sequence on the chain. Money and units are exact, floats are written to their last digit.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from insure.book.listing import ListedEntry, ListedSlot
from insure.orders import Fill, Order, OrderState

Rows = Iterator[list[str]]

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "decisions": (
            "sequence",
            "session",
            "slot",
            "due_utc",
            "started_utc",
            "outcome",
            "reason",
            "price",
            "rate",
            "volatility",
            "nav_before",
            "nav",
            "units",
            "cash",
            "floor",
            "guarantee",
            "weight_model",
            "weight_executed",
            "code_version",
            "config_sha256",
        ),
        "orders": (
            "sequence",
            "session",
            "order_key",
            "instrument",
            "units",
            "decided_price",
            "price_limit",
            "good_until_utc",
            "volume_cap_fraction",
            "state",
        ),
        "fills": (
            "sequence",
            "session",
            "order_key",
            "reference",
            "units",
            "price",
            "value",
            "commission",
            "spread",
            "at_utc",
        ),
        "entries": ("sequence", "session", "posting", "account", "money", "units"),
        "checks": ("sequence", "session", "slot", "check", "passed", "value", "limit", "headroom", "unit", "sentence"),
        "slippage": ("sequence", "session", "slot", "period", "twin", "total", "cause", "money"),
    }
)
"""The tables by name, with their columns."""


def decisions(listed: Iterable[ListedSlot]) -> Rows:
    """One row for each slot that ended; figures are empty where nothing was decided."""
    for each in listed:
        row = [str(each.sequence), str(each.session), each.slot, _instant(each.due), _instant(each.started)]
        row += [each.outcome, each.reason]
        record = each.record
        if record is None:
            yield row + [""] * (len(COLUMNS["decisions"]) - len(row))
            continue
        decision, ladder = record.decision, record.ladder
        valuation = decision.valuation
        yield [
            *row,
            _exact(decision.snapshot.price),
            _float(decision.snapshot.rate),
            _float(decision.snapshot.volatility.vol),
            _exact(record.nav_before),
            _exact(record.nav),
            _exact(record.after.units),
            _exact(record.after.cash),
            _float(None if valuation is None else valuation.floor),
            _float(None if valuation is None else valuation.guarantee),
            _float(None if ladder is None else ladder["model"].weight),
            _float(None if ladder is None else ladder.last.weight),
            record.code_version,
            decision.config_sha256,
        ]


def orders(listed: Iterable[tuple[int, dt.date, Order, OrderState]]) -> Rows:
    """One row for each order, sales below zero."""
    for sequence, session, order, state in listed:
        yield [
            str(sequence),
            str(session),
            order.key,
            order.instrument,
            _exact(order.units),
            _exact(order.price),
            _exact(order.price_limit),
            _instant(order.good_until),
            _float(order.volume_cap_fraction),
            state,
        ]


def fills(listed: Iterable[tuple[int, dt.date, Fill]]) -> Rows:
    """One row for each fill, sales below zero."""
    for sequence, session, fill in listed:
        yield [
            str(sequence),
            str(session),
            fill.order_key,
            fill.reference,
            _exact(fill.units),
            _exact(fill.price),
            _exact(fill.value),
            _exact(fill.commission),
            _exact(fill.spread),
            _instant(fill.at),
        ]


def entries(listed: Iterable[ListedEntry]) -> Rows:
    """One row for each leg of each posting; those of a posting add up to zero."""
    for each in listed:
        yield [
            str(each.sequence),
            str(each.session),
            each.posting,
            each.account,
            _exact(each.money),
            _exact(each.units),
        ]


def checks(listed: Iterable[ListedSlot]) -> Rows:
    """One row for each check before each trade."""
    for each in listed:
        for check in () if each.record is None else each.record.decision.checks:
            yield [
                str(each.sequence),
                str(each.session),
                each.slot,
                check.name,
                "yes" if check.passed else "no",
                _float(check.value),
                _float(check.limit),
                _float(check.headroom),
                check.unit,
                check.sentence,
            ]


def slippage(listed: Iterable[ListedSlot]) -> Rows:
    """One row for each cause at each decision: fund minus the true put since its period began; causes add up."""
    for each in listed:
        record = each.record
        memory = None if record is None else record.decision.memory
        if record is None or record.track is None or memory is None:
            continue
        track = record.track
        for cause, money in track.causes.items():
            yield [
                str(each.sequence),
                str(each.session),
                each.slot,
                str(memory.period.number),
                _float(track.twin_value),
                _float(track.total),
                cause,
                _float(money),
            ]


def _exact(value: Decimal) -> str:
    return f"{value:f}"


def _float(value: float | None) -> str:
    """The shortest decimal that reads back to the same float, without an exponent."""
    return "" if value is None else f"{Decimal(repr(float(value))):f}"


def _instant(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

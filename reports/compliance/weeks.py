"""Decisions of a long period folded by week, or by month: how it began and ended, its extremes, its trades."""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import groupby

from insure.book.record import Record
from insure.compliance import Facts, after_trade
from insure.compliance.measures import promising, weight
from insure.fund import Fund
from reports import filters
from reports.figures import Figure, NotComputed, Unit, Value
from reports.sections import Row, Table

_MOST_WEEKS = 62
"""More are folded by month."""
_WHICH = ("first", "last", "least", "greatest")
_SOURCE = "records of these sessions, after the trade"


def folded(fund: Fund, facts: Facts) -> Table:
    """Weight and cushion of each week: first, last, least and greatest, with the decisions and trades of it."""
    by_week = _grouped(facts.records, lambda day: day.isocalendar()[:2])
    word, groups = "week", by_week
    if len(by_week) > _MOST_WEEKS:
        word, groups = "month", _grouped(facts.records, lambda day: (day.year, day.month))
    promised = any(promising(record) is not None for record in facts.records)
    columns = ("Decisions", "Trades", *(f"Weight, {which}" for which in _WHICH))
    if promised:
        columns = (*columns, *(f"Cushion, {which}" for which in _WHICH))
    export = f"`insure export {fund.id} --what decisions --from {facts.first} --to {facts.last}`"
    return Table(
        f"The {len(facts.records)} decisions by {word}, {fund.currency}; {export} lists every one.",
        "From",
        columns,
        tuple(_row(some, promised=promised) for some in groups),
    )


def _grouped(records: Sequence[Record], key: Callable[[dt.date], tuple[int, int]]) -> list[list[Record]]:
    return [list(some) for _, some in groupby(records, lambda record: key(record.session))]


def _row(records: Sequence[Record], *, promised: bool) -> Row:
    cells = [
        Figure("Decisions", len(records), "count", "records of these sessions"),
        Figure("Trades", _trades(records), "count", "child orders counted with their trade"),
        *_ends("Weight", [weight(record) for record in records], "weight"),
    ]
    if promised:
        cells += _ends("Cushion", [cushion for each in records if (cushion := _cushion(each)) is not None], "money")
    return Row(filters.day(records[0].session), tuple(cells))


def _trades(records: Sequence[Record]) -> int:
    return sum(len({order.trade_key for order in record.orders}) for record in records)


def _ends(name: str, values: Sequence[float], unit: Unit) -> list[Figure]:
    none = NotComputed("no floor was in force")
    found: Sequence[Value] = (none,) * 4
    if values:
        found = values[0], values[-1], min(values), max(values)
    return [Figure(f"{name}, {which}", value, unit, _SOURCE) for which, value in zip(_WHICH, found, strict=True)]


def _cushion(record: Record) -> float | None:
    seen = promising(record)
    return None if seen is None else after_trade(record)[1] - seen.floor

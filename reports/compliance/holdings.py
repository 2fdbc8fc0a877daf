"""The section of a compliance report on what was held: units, cash and options at both ends of the period, exact."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import chain

from insure.book.record import Record
from insure.compliance import Facts, Position, positions
from insure.fund import Fund
from reports import filters
from reports.compliance.sections import UNDECIDED
from reports.figures import Figure, Unit
from reports.sections import Row, Section, Table

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
_SIDES = ("at the start", "at the end")
_COLUMNS = (*(f"{name} {side}" for side in _SIDES for name in ("Units", "Price", "Value")), "Change")
_BEFORE = "nothing before the first decision"


def holdings(fund: Fund, facts: Facts) -> Section:
    """Everything that the fund held at the start and at the end of the period, each with its change."""
    last, first = facts.standing, facts.opening
    if last is None:
        return Section("holdings", "Holdings", None, UNDECIDED)
    then, now = _held(fund, first), _held(fund, last)
    rows = [_row(then.get(name), now.get(name), first, last) for name in _names(then, now)]
    before = _ZERO if first is None else first.nav
    options = sum(each.kind == "option" for each in now.values())
    return Section(
        "holdings",
        "Holdings",
        None,
        _sentence(fund, last, options, before),
        {
            "start": Figure("At the start", _named(first), "text", "last decision before the period, fills up to it"),
            "end": Figure("At the end", _named(last), "text", "last decision, with the fills that came since"),
            "nav_start": Figure("Net asset value at the start", before, "money", "stock + cash + options"),
            "nav_end": Figure("Net asset value at the end", last.nav, "money", "stock + cash + options"),
            "change": Figure("Change", last.nav - before, "gain", "at the end \u2212 at the start, flows included"),
        },
        (
            Table(
                f"Positions at the start and at the end of the period, {fund.currency}; each side adds up to its net "
                "asset value.",
                "Position",
                _COLUMNS,
                (*rows, _total(before, last.nav)),
            ),
        ),
    )


def _held(fund: Fund, record: Record | None) -> Mapping[str, Position]:
    return {} if record is None else {each.instrument: each for each in positions(record, fund.instrument)}


def _names(then: Mapping[str, Position], now: Mapping[str, Position]) -> list[str]:
    """Index and cash, then the options in the order that they were bought in."""
    held = dict.fromkeys(chain(then, now))
    return sorted(held, key=lambda name: ("index", "cash", "option").index((now.get(name) or then[name]).kind))


def _sentence(fund: Fund, last: Record, options: int, before: Decimal) -> str:
    bought = f", {options} option position{'' if options == 1 else 's'}" if options else ""
    change = filters.figure(last.nav - before, "gain")
    return (
        f"At the end {filters.units(last.after.units)} units of the index{bought} and "
        f"{filters.money(last.after.cash, fund.currency)} in cash: {filters.money(last.nav, fund.currency)}, {change} "
        "since the start."
    )


def _named(record: Record | None) -> str:
    return _BEFORE if record is None else f"{filters.day(record.session)} {record.slot}"


def _row(then: Position | None, now: Position | None, first: Record | None, last: Record) -> Row:
    known = now or then
    assert known is not None  # noqa: S101 - a name is held on one side
    change = (_ZERO if now is None else now.value) - (_ZERO if then is None else then.value)
    return Row(
        known.instrument.capitalize() if known.kind == "cash" else known.instrument,
        (
            *_cells(known, then, first, "at the start"),
            *_cells(known, now, last, "at the end"),
            Figure("Change", change, "gain", "value at the end \u2212 value at the start"),
        ),
    )


def _cells(known: Position, held: Position | None, record: Record | None, when: str) -> tuple[Figure, ...]:
    """Units, price and value on one side; cash has a value alone, and what is not held has no price."""
    source = "nothing was decided before" if record is None else f"decision of {_named(record)}, settled"
    value = _ZERO if held is None else held.value
    units, price = (_ZERO, None) if held is None else (held.units, held.price)
    formula = "entries of the book" if known.kind == "cash" else "units \u00d7 price"
    if known.kind == "option":
        formula = "units \u00d7 mark, rounded to the cent with the options above it"
    priced = "mark at the volatility of the true put" if known.kind == "option" else "the index as it was seen"
    return (
        Figure(f"Units {when}", "" if known.kind == "cash" or units is None else units, "units", source),
        Figure(f"Price {when}", "" if price is None else price, price_unit(price), priced),
        Figure(f"Value {when}", value, "money", formula),
    )


def price_unit(price: Decimal | None) -> Unit:
    """A price to the cent; with four decimals where it has more than two."""
    return "price" if price is None or price == price.quantize(_CENT) else "number"


def _total(before: Decimal, after: Decimal) -> Row:
    formula = "sum of the rows above"
    cells: list[Figure] = []
    for side, value in zip(_SIDES, (before, after), strict=True):
        cells += (
            Figure(f"Units {side}", "", "units", formula),
            Figure(f"Price {side}", "", "price", formula),
            Figure(f"Value {side}", value, "money", formula),
        )
    return Row("Net asset value", (*cells, Figure("Change", after - before, "gain", formula)))

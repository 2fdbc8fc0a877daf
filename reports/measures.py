"""Measures of a fund, its twin and the index side by side; the formulas are those of ``insure.metrics``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from insure import metrics
from insure.book.record import Record
from insure.errors import InvalidInput
from reports.figures import Figure, NotComputed, Unit, Value
from reports.points import Past, traded

_TAIL = 0.95


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One measure of the three."""

    name: str
    label: str
    definition: str
    fund: Figure
    twin: Figure
    index: Figure


@dataclass(frozen=True, slots=True)
class _Path:
    """One of the three as metrics see it."""

    values: tuple[float, ...]
    per_year: float
    missing: str = ""

    @property
    def returns(self) -> list[float]:
        """Simple returns."""
        return [after / before - 1.0 for before, after in pairwise(self.values)]


_Measure = Callable[[_Path, _Path], float]
_MEASURES: tuple[tuple[str, str, str, Unit, _Measure], ...] = (
    ("total_return", "Return", "last value / first \u2212 1", "weight", lambda p, _: metrics.total_return(p.values)),
    (
        "annual_return",
        "Return a year",
        "compound growth to the length of a year",
        "weight",
        lambda p, _: metrics.annual_return(p.returns, p.per_year),
    ),
    (
        "volatility",
        "Volatility",
        "standard deviation of returns, to the length of a year",
        "weight",
        lambda p, _: metrics.volatility(p.returns, p.per_year),
    ),
    (
        "max_drawdown",
        "Largest drawdown",
        "largest loss from an earlier peak",
        "weight",
        lambda p, _: metrics.max_drawdown(p.values),
    ),
    ("worst", "Worst step", "lowest return between two decisions", "weight", lambda p, _: min(p.returns)),
    (
        "value_at_risk",
        "Value at risk, 95%",
        "loss that one step in twenty exceeded",
        "weight",
        lambda p, _: metrics.value_at_risk(p.returns, _TAIL),
    ),
    (
        "expected_shortfall",
        "Expected shortfall, 95%",
        "mean loss in the worst twentieth of steps",
        "weight",
        lambda p, _: metrics.expected_shortfall(p.returns, _TAIL),
    ),
    ("omega", "Omega", "sum of gains / sum of losses", "multiple", lambda p, _: metrics.omega(p.returns)),
    (
        "upside_capture",
        "Upside capture",
        "growth a year where the index rose, over the index's own",
        "multiple",
        lambda p, i: metrics.upside_capture(p.returns, i.returns, p.per_year),
    ),
    (
        "downside_capture",
        "Downside capture",
        "growth a year where the index fell, over the index's own",
        "multiple",
        lambda p, i: metrics.downside_capture(p.returns, i.returns, p.per_year),
    ),
    (
        "participation",
        "Participation",
        "growth factor over the index's growth factor",
        "multiple",
        lambda p, i: metrics.participation(p.values, i.values),
    ),
    (
        "cost_of_insurance",
        "Cost of insurance",
        "the index's return less this one",
        "weight",
        lambda p, i: metrics.cost_of_insurance(p.values, i.values),
    ),
)


def measures(records: Sequence[Record], past: Past) -> tuple[MetricRow, ...]:
    """The measures of fund, true put and index over a span of decisions."""
    years = sum(record.accrual.years for record in records)
    per_year = (len(records) - past.fresh) / years if years > 0.0 else 0.0
    decided = past.decided
    fund = _path([point.fund_growth for point in decided], past, per_year)
    index = _path([point.index_growth for point in decided], past, per_year)
    twin = _path([point.twin_growth for point in decided], past, per_year)
    rows = [
        MetricRow(
            name,
            label,
            definition,
            *(_measured(label, definition, unit, measure, path, index) for path in (fund, twin, index)),
        )
        for name, label, definition, unit, measure in _MEASURES
    ]
    return (*rows, *_fund_rows(records, past, years))


def _path(growths: Sequence[float | None], past: Past, per_year: float) -> _Path:
    """Values from the beginning of the span on, from growth factors.

    A roll's two points count as one step, and the first trade of a fund belongs to the step that follows it.
    """
    values = [1.0]
    value = 1.0
    for place, (growth, point) in enumerate(zip(growths, past.decided, strict=True)):
        if growth is None:
            return _Path((), per_year, past.span.missing)
        value *= growth
        if point.begins:
            values[-1] = value
        elif place or not past.fresh:
            values.append(value)
    return _Path(tuple(values), per_year)


def _measured(label: str, definition: str, unit: Unit, measure: _Measure, path: _Path, index: _Path) -> Figure:
    if path.missing:
        return Figure(label, NotComputed(path.missing), unit, definition)
    if len(path.values) < 3:
        return Figure(label, NotComputed("fewer than three decisions"), unit, definition)
    try:
        return Figure(label, float(measure(path, index)), unit, definition)
    except InvalidInput as error:
        return Figure(label, NotComputed(str(error).rstrip(".")), unit, definition)


def _fund_rows(records: Sequence[Record], past: Past, years: float) -> list[MetricRow]:
    """Measures that only the fund has."""
    navs = [point.nav for point in past.decided if point.floor is not None]
    floors = [point.floor for point in past.decided if point.floor is not None]
    orders = traded(records)
    return [
        _own_row(
            "protection_ratio",
            "At or above the floor",
            "share of decisions",
            metrics.protection_ratio(navs, floors) if floors else NotComputed("no floor is promised"),
            "weight",
        ),
        _own_row(
            "cash_lock_share",
            "Without stock",
            "share of decisions that ended with none",
            metrics.cash_lock_share([point.weight for point in past.decided]),
            "weight",
        ),
        _own_row(
            "turnover",
            "Turnover a year",
            "money bought and sold / net asset value, a year",
            metrics.turnover([money for money, _ in orders], [nav for _, nav in orders], years)
            if years > 0.0 and orders
            else NotComputed("nothing was traded" if years > 0.0 else "no time has passed"),
            "multiple",
        ),
        _own_row("trades", "Trades", "decisions with a fill", len(orders), "count"),
    ]


def _own_row(name: str, label: str, definition: str, value: Value, unit: Unit) -> MetricRow:
    other = NotComputed("of the fund only")
    return MetricRow(
        name,
        label,
        definition,
        Figure(label, value, unit, definition),
        Figure(label, other, unit, definition),
        Figure(label, other, unit, definition),
    )

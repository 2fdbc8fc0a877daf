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
    formula: str
    """The definition in full, with its source."""
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


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a measure may look at besides its own path."""

    index: _Path
    twin: _Path
    cash: _Path


@dataclass(frozen=True, slots=True)
class _Measure:
    """One measure of a path."""

    name: str
    label: str
    unit: Unit
    definition: str
    formula: str
    of: Callable[[_Path, _Beside], float]


def _tracking_error(path: _Path, beside: _Beside) -> float:
    if beside.twin.missing:
        raise InvalidInput(beside.twin.missing)
    return metrics.tracking_error(path.returns, beside.twin.returns, path.per_year)


_MEASURES = (
    _Measure(
        "total_return",
        "Return",
        "weight",
        "last value / first \u2212 1",
        "V_n / V_0 \u2212 1, flows and distributions taken out.",
        lambda p, _: metrics.total_return(p.values),
    ),
    _Measure(
        "annual_return",
        "Return a year",
        "weight",
        "compound growth to the length of a year",
        "(V_n / V_0)^(steps a year / n) \u2212 1.",
        lambda p, _: metrics.annual_return(p.returns, p.per_year),
    ),
    _Measure(
        "volatility",
        "Volatility",
        "weight",
        "standard deviation of returns, to the length of a year",
        "s(r) \u221a(steps a year), divisor n \u2212 1.",
        lambda p, _: metrics.volatility(p.returns, p.per_year),
    ),
    _Measure(
        "sharpe",
        "Sharpe ratio",
        "number",
        "mean return above cash / its standard deviation",
        "mean(r \u2212 c) / s(r \u2212 c) \u221a(steps a year), c what cash earned in the step. "
        "Sharpe (1994), J. Portfolio Management 21.",
        lambda p, b: metrics.sharpe(p.returns, b.cash.returns, p.per_year),
    ),
    _Measure(
        "sortino",
        "Sortino ratio",
        "number",
        "mean return above cash / its downside deviation",
        "mean(r \u2212 c) / \u221a(\u03a3 min(r \u2212 c, 0)\u00b2 / n) \u221a(steps a year). "
        "Sortino and Price (1994), J. Investing 3.",
        lambda p, b: metrics.sortino(p.returns, b.cash.returns, p.per_year),
    ),
    _Measure(
        "max_drawdown",
        "Largest drawdown",
        "weight",
        "largest loss from an earlier peak",
        "max over i < j of 1 \u2212 V_j / V_i.",
        lambda p, _: metrics.max_drawdown(p.values),
    ),
    _Measure(
        "calmar",
        "Calmar ratio",
        "number",
        "return a year / largest drawdown",
        "Return a year over the largest drawdown, both of this span. Young (1991), Futures 20.",
        lambda p, _: metrics.calmar(p.values, p.per_year),
    ),
    _Measure(
        "time_under_water",
        "Time under water",
        "weight",
        "share of decisions below an earlier peak",
        "Decisions at which V_j < max of V_i, i < j, over all of them.",
        lambda p, _: metrics.time_under_water(p.values),
    ),
    _Measure(
        "longest_under_water",
        "Longest under water",
        "count",
        "decisions from a peak until it is reached again",
        "The longest stay below a peak, in steps from one decision to the next; to the last where it goes on.",
        lambda p, _: metrics.longest_under_water(p.values),
    ),
    _Measure(
        "tracking_error",
        "Tracking error against the true put",
        "weight",
        "standard deviation of the return less the true put's, a year",
        "s(r \u2212 r of the true put) \u221a(steps a year). Roll (1992), J. Portfolio Management 18.",
        _tracking_error,
    ),
    _Measure(
        "worst",
        "Worst step",
        "weight",
        "lowest return between two decisions",
        "min r.",
        lambda p, _: min(p.returns),
    ),
    _Measure(
        "value_at_risk",
        "Value at risk, 95%",
        "weight",
        "loss that one step in twenty exceeded",
        "Minus the 5% quantile of the returns, between order statistics. Hyndman and Fan (1996), definition 7.",
        lambda p, _: metrics.value_at_risk(p.returns, _TAIL),
    ),
    _Measure(
        "expected_shortfall",
        "Expected shortfall, 95%",
        "weight",
        "mean loss in the worst twentieth of steps",
        "Minus the mean of the worst 5% of the returns, the last counted by its fraction. "
        "Acerbi and Tasche (2002), J. Banking and Finance 26.",
        lambda p, _: metrics.expected_shortfall(p.returns, _TAIL),
    ),
    _Measure(
        "omega",
        "Omega",
        "multiple",
        "sum of gains / sum of losses",
        "\u03a3 max(r, 0) / \u03a3 max(\u2212r, 0). Keating and Shadwick (2002), J. Performance Measurement 6.",
        lambda p, _: metrics.omega(p.returns),
    ),
    _Measure(
        "upside_capture",
        "Upside capture",
        "multiple",
        "growth a year where the index rose, over the index's own",
        "Compound growth a year over the steps in which the index rose, over the index's in the same steps.",
        lambda p, b: metrics.upside_capture(p.returns, b.index.returns, p.per_year),
    ),
    _Measure(
        "downside_capture",
        "Downside capture",
        "multiple",
        "growth a year where the index fell, over the index's own",
        "Compound growth a year over the steps in which the index fell, over the index's in the same steps.",
        lambda p, b: metrics.downside_capture(p.returns, b.index.returns, p.per_year),
    ),
    _Measure(
        "participation",
        "Participation",
        "multiple",
        "growth factor over the index's growth factor",
        "(V_n / V_0) / (I_n / I_0).",
        lambda p, b: metrics.participation(p.values, b.index.values),
    ),
    _Measure(
        "cost_of_insurance",
        "Cost of insurance",
        "weight",
        "the index's return less this one",
        "I_n / I_0 \u2212 V_n / V_0; below zero where protection has paid more than it cost.",
        lambda p, b: metrics.cost_of_insurance(p.values, b.index.values),
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
    beside = _Beside(index, twin, _path([point.cash_growth for point in decided], past, per_year))
    rows = [
        MetricRow(
            each.name,
            each.label,
            each.definition,
            each.formula,
            *(_measured(each, path, beside) for path in (fund, twin, index)),
        )
        for each in _MEASURES
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


def _measured(measure: _Measure, path: _Path, beside: _Beside) -> Figure:
    def figure(value: Value) -> Figure:
        return Figure(measure.label, value, measure.unit, measure.definition)

    if path.missing:
        return figure(NotComputed(path.missing))
    if len(path.values) < 3:
        return figure(NotComputed("fewer than three decisions"))
    try:
        return figure(measure.of(path, beside))
    except InvalidInput as error:
        return figure(NotComputed(str(error).rstrip(".")))


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
            "Decisions after which V \u2265 floor, over those at which a floor was in force; a roll counts twice.",
            metrics.protection_ratio(navs, floors) if floors else NotComputed("no floor is promised"),
            "weight",
        ),
        _own_row(
            "cash_lock_share",
            "Without stock",
            "share of decisions that ended with none",
            "Decisions after which the fund held no stock, over all of them.",
            metrics.cash_lock_share([point.weight for point in past.decided]),
            "weight",
        ),
        _own_row(
            "turnover",
            "Turnover a year",
            "money bought and sold / net asset value, a year",
            "\u03a3 |traded| / V / years; purchases and sales both count.",
            metrics.turnover([money for money, _ in orders], [nav for _, nav in orders], years)
            if years > 0.0 and orders
            else NotComputed("nothing was traded" if years > 0.0 else "no time has passed"),
            "multiple",
        ),
        _own_row(
            "trades", "Trades", "decisions with a fill", "Decisions with a fill of their own.", len(orders), "count"
        ),
    ]


def _own_row(name: str, label: str, definition: str, formula: str, value: Value, unit: Unit) -> MetricRow:
    other = NotComputed("of the fund only")
    return MetricRow(
        name,
        label,
        definition,
        formula,
        Figure(label, value, unit, definition),
        Figure(label, other, unit, definition),
        Figure(label, other, unit, definition),
    )

"""The comparison report: the fund beside the same capital with a true put, and beside the index without protection.

Every figure, chart and sentence of it has one beginning: the decision before the span, or, for a fund's first decision,
the money before its first trade. A backtest is the same page of a life that nobody lived.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from insure.book.record import Record
from insure.errors import InvalidInput
from insure.fund import Fund
from reports import filters, slippage
from reports.figures import Chart, Figure, Figures, Head, Line, NotComputed, Role, Verdict, plain
from reports.heads import head
from reports.measures import MetricRow, measures
from reports.points import Past, Point, past
from reports.slippage import GROUPS, SlippageTable

HYPOTHETICAL = "HYPOTHETICAL"
"""What stands across a backtest."""
_SCHEDULE = "fund file, [schedule]"
_GROUP_ROLES: tuple[Role, ...] = ("first", "second", "third", "fourth", "fifth")


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """What protection has cost and brought, so far."""

    head: Head
    verdict: Verdict
    glance: Figures
    charts: tuple[Chart, ...]
    slippage: SlippageTable
    metrics: tuple[MetricRow, ...]
    rules: Figures

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    fund: Fund, records: Sequence[Record], anchor: tuple[int, str] | None, opening: Record | None = None
) -> ComparisonReport:
    """The comparison over a span of decisions; pure.

    Args:
        fund: the contract in force at the last of them.
        records: the decisions of the span, in order.
        anchor: sequence and hash of the last decision's row on the chain; None for a backtest, which has no chain.
        opening: the decision before the span, whose end is its beginning; None where it begins with the fund's first.

    Raises:
        InvalidInput: there is no record, one is another fund's, or the decision before the span is missing.
    """
    if not records:
        raise InvalidInput(f"{fund.id} has no decision yet; a comparison needs one.")
    strangers = {record.fund_id for record in records} - {fund.id}
    if strangers:
        raise InvalidInput(f"records are of {', '.join(sorted(strangers))}; the fund is {fund.id!r}.")
    seen = past(fund, records, opening)
    table = slippage.over_span(seen.span, records)
    span = f"{filters.day(records[0].session)} to {filters.day(records[-1].session)}"
    rows = measures(records, seen)
    kind, title = ("backtest", "Backtest") if anchor is None else ("comparison", "Comparison with a true put")
    top = head(kind, title, span, fund, records[-1], anchor)
    return ComparisonReport(
        head=replace(top, watermark=HYPOTHETICAL) if anchor is None else top,
        verdict=_verdict(records, seen, rows),
        glance=_glance(seen, table),
        charts=_charts(fund, seen, span),
        slippage=table,
        metrics=rows,
        rules=_rules(fund, records[-1], seen),
    )


def _verdict(records: Sequence[Record], seen: Past, rows: Sequence[MetricRow]) -> Verdict:
    returned = rows[0]
    words = [f"The fund returned {_written(returned.fund)}"]
    if not isinstance(returned.twin.value, NotComputed):
        words.append(f"the same capital with a true put {_written(returned.twin)}")
    sentence = ", ".join(words) + f"; the index, unhedged, {_written(returned.index)}."
    with_floor = [point for point in seen.decided if point.floor is not None]
    if not with_floor:
        return Verdict("good", "No floor promised", sentence)
    below = [point for point in with_floor if point.floor is not None and point.nav < point.floor]
    failed = [
        record
        for record in records
        if record.decision.ended is not None and record.decision.ended.nav < record.decision.ended.guarantee
    ]
    if failed:
        ends = ", ".join(filters.day(record.session) for record in failed)
        return Verdict("bad", "Guarantee missed", sentence, (f"The guarantee was missed at the horizon of {ends}.",))
    if below:
        note = f"The fund closed below its floor of the day {len(below)} of {len(with_floor)} times, first on "
        return Verdict(
            "attention", "Below the floor on the way", sentence, (f"{note}{filters.day(below[0].session)}.",)
        )
    return Verdict(
        "good", "Floor held", sentence, (f"The fund closed at or above its floor all {len(with_floor)} times.",)
    )


def _written(figure: Figure) -> str:
    return filters.figure(figure.value, figure.unit)


def _glance(seen: Past, table: SlippageTable) -> Figures:
    first, last = seen.points[0], seen.points[-1]
    when = "before the first trade of" if seen.fresh else "after the decision of"
    none = NotComputed(seen.span.missing)
    found = {
        "begun": Figure("Fund at the beginning", first.nav, "money", f"net asset value {when} {first.session}"),
        "nav": Figure("Fund", last.nav, "money", "net asset value, after the trade"),
        "twin": Figure(
            "With true put",
            none if last.twin is None else last.twin,
            "money",
            "bought at the beginning, and again at each roll with what it was worth",
        ),
        "index": Figure("Index, unhedged", last.index, "money", "the same subscriptions, in the index"),
    }
    if last.floor is not None:
        found["floor"] = Figure("Floor today", last.floor, "money", "of the strategy")
    found["weight"] = Figure("In stock", last.weight, "weight", "equity / net asset value")
    found["slippage"] = Figure("Against the true put", table.total.value, "gain", "fund \u2212 with true put")
    return found


def _charts(fund: Fund, seen: Past, span: str) -> tuple[Chart, ...]:
    row = seen.points
    dates = tuple(point.session for point in row)
    starts = tuple(i for i, point in enumerate(row) if point.begins)
    rolls = " Dotted uprights are rolls: there a new floor begins, and the true put is bought anew." if starts else ""
    value = [Line("Fund", "fund", tuple(point.nav for point in row))]
    if any(point.twin is not None for point in row):
        value.append(Line("With true put", "twin", tuple(point.twin for point in row)))
    value.append(Line("Index", "index", tuple(point.index for point in row)))
    if any(point.floor is not None for point in row):
        value.append(Line("Floor", "floor", tuple(point.floor for point in row), restarts=True))
    found = [
        Chart(
            "value",
            "Value",
            f"Fund, the same capital with a true put, unhedged index and floor, {fund.currency}, {span}.{rolls}",
            "money",
            dates,
            tuple(value),
            starts,
        ),
        Chart(
            "weight",
            "Share of the fund in stock",
            f"Equity weight after each decision, {span}.",
            "weight",
            dates[1:],
            (Line("In stock", "fund", tuple(point.weight for point in seen.decided), steps=True),),
            tuple(start - 1 for start in starts),
            from_zero=True,
        ),
        Chart(
            "drawdown",
            "Drawdown",
            f"Loss from the highest value so far, flows and distributions taken out, {span}.",
            "weight",
            dates,
            (
                Line("Fund", "fund", _drawdown([point.fund_growth for point in row])),
                *_twin_drawdown(row),
                Line("Index", "index", _drawdown([point.index_growth for point in row])),
            ),
            from_zero=True,
        ),
    ]
    if any(point.slippage is not None for point in row):
        found.append(_slippage_chart(fund, row, span))
    return tuple(found)


def _slippage_chart(fund: Fund, row: Sequence[Point], span: str) -> Chart:
    lines = [Line("Slippage", "fund", tuple(point.slippage for point in row))]
    for (name, label), role in zip(GROUPS.items(), _GROUP_ROLES, strict=True):
        money = tuple(point.groups.get(name) if point.slippage is not None else None for point in row)
        if any(each is not None and abs(each) >= 0.005 for each in money):
            lines.append(Line(label, role, money))
    return Chart(
        "slippage",
        "Slippage so far, by cause",
        f"Fund minus the same capital with a true put, {fund.currency}, since the beginning, {span}. "
        "The causes add up to the heavy line.",
        "money",
        tuple(point.session for point in row),
        tuple(lines),
        tuple(i for i, point in enumerate(row) if point.begins),
    )


def _twin_drawdown(row: Sequence[Point]) -> tuple[Line, ...]:
    growths = [point.twin_growth for point in row]
    known = [growth for growth in growths if growth is not None]
    if len(known) < len(growths):
        return ()
    return (Line("With true put", "twin", _drawdown(known)),)


def _drawdown(growths: Sequence[float]) -> tuple[float, ...]:
    """Loss from the peak, zero or below, of the value that the growth factors multiply up to."""
    values = list(accumulate(growths, lambda value, growth: value * growth))
    peaks = accumulate(values, max)
    return tuple(value / peak - 1.0 for value, peak in zip(values, peaks, strict=True))


def _rules(fund: Fund, last: Record, seen: Past) -> Figures:
    """What a comparison must say about itself."""
    tracking = getattr(fund.strategy, "tracking", None)
    reinvested = fund.protection.dividends == "reinvested"
    costs = fund.costs
    first = seen.points[0]
    begins = "before the first trade, whose costs count" if seen.fresh else "after the decision before the span"
    return {
        "begins": Figure("Measured from", f"{filters.day(first.session)}, {begins}", "text", "docs/theory.md"),
        "strategy": Figure("Strategy", fund.strategy.kind.replace("_", " "), "text", "fund file, [strategy]"),
        "tracking": Figure(
            "When the fund drifts from its model",
            f"match {tracking}" if tracking else "the rule looks at net asset value alone",
            "text",
            "fund file, strategy.tracking",
        ),
        "trading": Figure("Trades", f"at the price that gave the signal, slot {fund.schedule.slot}", "text", _SCHEDULE),
        "day_count": Figure("Day count", fund.schedule.day_count, "text", _SCHEDULE),
        "cash": Figure(
            "Cash", "accrues at the rate of the decision before, e^(rate × years)", "text", "docs/theory.md"
        ),
        "dividends": Figure(
            "Dividends",
            "reinvested, index too" if reinvested else "paid out, index too",
            "text",
            "fund file, protection.dividends",
        ),
        "put_vol": Figure("The put is marked at", last.decision.snapshot.put_vol_source, "text", "fund file, [twin]"),
        "costs": Figure(
            "Costs",
            f"commission {costs.commission_bps:g} bps, half spread {costs.half_spread_bps:g} bps of value traded",
            "text",
            "fund file, [costs]",
        ),
        "index_costs": Figure("Twin and index", "bought without costs", "text", "docs/theory.md"),
    }

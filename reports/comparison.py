"""The comparison report: the fund beside the same capital with a true put, and beside the index without protection."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from insure.book.record import Record
from insure.errors import InvalidInput
from insure.fund import Fund
from reports import filters, slippage
from reports.figures import Chart, Figure, Figures, Head, Line, NotComputed, Role, Verdict, plain
from reports.heads import head
from reports.measures import MetricRow, measures
from reports.points import Point, points
from reports.slippage import GROUPS, SlippageTable

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


def build(fund: Fund, records: Sequence[Record], anchor: tuple[int, str]) -> ComparisonReport:
    """The comparison from a fund's first decision on; pure.

    Args:
        fund: the contract in force.
        records: all decisions, in order, from the first.
        anchor: sequence and hash of the last decision's row on the chain.

    Raises:
        InvalidInput: there is no record, or one is another fund's.
    """
    if not records:
        raise InvalidInput(f"{fund.id} has no decision yet; a comparison needs one.")
    strangers = {record.fund_id for record in records} - {fund.id}
    if strangers:
        raise InvalidInput(f"records are of {', '.join(sorted(strangers))}; the fund is {fund.id!r}.")
    row = points(fund, records)
    table = slippage.table(records)
    span = f"{filters.day(records[0].session)} to {filters.day(records[-1].session)}"
    rows = measures(records, row)
    return ComparisonReport(
        head=head("comparison", "Comparison with a true put", span, fund, records[-1], anchor),
        verdict=_verdict(records, row, rows),
        glance=_glance(row, table),
        charts=_charts(fund, row, span),
        slippage=table,
        metrics=rows,
        rules=_rules(fund, records[-1]),
    )


def _verdict(records: Sequence[Record], row: Sequence[Point], rows: Sequence[MetricRow]) -> Verdict:
    returned = rows[0]
    words = [f"The fund returned {_written(returned.fund)}"]
    if not isinstance(returned.twin.value, NotComputed):
        words.append(f"the same capital with a true put {_written(returned.twin)}")
    sentence = ", ".join(words) + f"; the index, unhedged, {_written(returned.index)}."
    with_floor = [point for point in row if point.floor is not None]
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


def _glance(row: Sequence[Point], table: SlippageTable) -> Figures:
    last = row[-1]
    no_twin = NotComputed(slippage.NO_TWIN)
    found = {
        "nav": Figure("Fund", last.nav, "money", "net asset value, after the trade"),
        "twin": Figure("With true put", no_twin if last.twin is None else last.twin, "money", "since the last roll"),
        "index": Figure("Index, unhedged", last.index, "money", "the same subscriptions, in the index"),
    }
    if last.floor is not None:
        found["floor"] = Figure("Floor today", last.floor, "money", "of the strategy")
    found["weight"] = Figure("In stock", last.weight, "weight", "equity / net asset value")
    found["slippage"] = Figure("Against the true put", table.total.value, "gain", "sum of all protection periods")
    return found


def _charts(fund: Fund, row: Sequence[Point], span: str) -> tuple[Chart, ...]:
    dates = tuple(point.session for point in row)
    starts = tuple(i for i, point in enumerate(row) if point.begins)
    rolls = " Dotted uprights are rolls: there the twin is bought anew with the fund's value." if starts else ""
    value = [Line("Fund", "fund", tuple(point.nav for point in row))]
    if any(point.twin is not None for point in row):
        value.append(Line("With true put", "twin", tuple(point.twin for point in row), restarts=True))
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
            dates,
            (Line("In stock", "fund", tuple(point.weight for point in row), steps=True),),
            starts,
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
        f"Fund minus the same capital with a true put, {fund.currency}, summed over protection periods, {span}. "
        "The causes add up to the heavy line.",
        "money",
        tuple(point.session for point in row),
        tuple(lines),
        tuple(i for i, point in enumerate(row) if point.begins),
    )


def _drawdown(growths: Sequence[float]) -> tuple[float, ...]:
    """Loss from the peak, zero or below, of the value that the growth factors multiply up to."""
    values = list(accumulate(growths, lambda value, growth: value * growth))
    peaks = accumulate(values, max)
    return tuple(value / peak - 1.0 for value, peak in zip(values, peaks, strict=True))


def _rules(fund: Fund, last: Record) -> Figures:
    """What a comparison must say about itself."""
    tracking = getattr(fund.strategy, "tracking", None)
    reinvested = fund.protection.dividends == "reinvested"
    costs = fund.costs
    return {
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

"""Charts as inline SVG: the same data gives the same bytes, in the colours of the page's style sheet.

A chart is drawn once for a wide and once for a narrow page, since letters that shrink with the picture cannot be read
on a telephone. Lines differ in colour, width and dashes and carry their names; colours come from the style sheet, so
that one picture serves light, dark and paper.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports import filters
from reports.drawing import (
    FORMATS,
    MUTED,
    PENS,
    Format,
    axis_text,
    bare,
    canvas_of,
    finished,
    name_lines,
    style,
    written,
)
from reports.figures import Chart, Line


def draw(chart: Chart) -> str:
    """The chart as SVG: one picture for wide pages and one for narrow ones, each shown by the style sheet."""
    return "\n".join(finished(_svg(chart, form), chart.key, chart.title, chart.description, form) for form in FORMATS)


def _svg(chart: Chart, form: Format) -> str:
    with style(chart.key):
        canvas, axes = canvas_of(form)
        days = [day.toordinal() for day in chart.dates]
        for line in chart.lines:
            _draw_line(axes, chart, line, days)
        _frame(axes, chart, form, days)
        name_lines(canvas, axes, chart.lines, form)
        return written(canvas)


def _draw_line(axes: Axes, chart: Chart, line: Line, days: Sequence[int]) -> None:
    pen = PENS[line.role]
    cuts = (0, *chart.starts, len(days)) if line.restarts else (0, len(days))
    for first, end in pairwise(cuts):
        shown = [(days[i], value) for i, value in enumerate(line.values[first:end], start=first) if value is not None]
        if not shown:
            continue
        axes.plot(
            [day for day, _ in shown],
            [value for _, value in shown],
            color=pen.ink,
            linewidth=pen.width,
            linestyle="none" if pen.points else (0, pen.dashes) if pen.dashes else "solid",
            drawstyle="steps-post" if line.steps else "default",
            solid_joinstyle="round",
            # A single point has no length: it is marked, or it could not be seen.
            marker="o" if pen.points or len(shown) == 1 else None,
            markersize=pen.points or 5,
            clip_on=not pen.points,
            zorder=3 if line.role == "fund" else 2,
        )


def _frame(axes: Axes, chart: Chart, form: Format, days: Sequence[int]) -> None:
    bare(axes, form)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=form.ticks - 1, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: axis_text(chart.unit, value)))
    first, last = days[0], days[-1]
    axes.set_xlim(first, last if last > first else first + 1)
    low, high = axes.get_ylim()
    if low < 0.0 and not any(value < 0.0 for line in chart.lines for value in line.values if value is not None):
        low = 0.0  # room below zero would say that something can be there
        axes.set_ylim(low, high)
    if chart.from_zero:
        axes.set_ylim(min(low, 0.0), max(high, 0.0))
    if low < 0.0 < high:
        axes.axhline(0.0, color=MUTED, linewidth=0.8, zorder=1)
    ticks = list(_day_ticks(chart.dates[0], chart.dates[-1], form))
    axes.set_xticks([day.toordinal() for day, _ in ticks], [text for _, text in ticks])
    for start in chart.starts:
        axes.axvline(days[start], color=MUTED, linewidth=0.8, linestyle=(0, (1.0, 3.0)), zorder=1)


def _day_ticks(first: dt.date, last: dt.date, form: Format) -> Iterator[tuple[dt.date, str]]:
    """First days of years, quarters or months, or the sessions themselves, whichever leaves few enough to read."""
    span = (last - first).days
    if span < 40:
        yield first, filters.day(first)
        if span > 20 or (span > 8 and form.name == "wide"):
            yield last, filters.day(last)
        return
    months = span / 30.4
    step = next((step for step in (1, 2, 3, 6, 12, 24, 60) if months / step <= form.ticks + 1), 120)
    year, month, leftmost = first.year, first.month, True
    while (day := dt.date(year, month, 1)) <= last:
        if (year * 12 + month - 1) % step == 0 and day >= first - dt.timedelta(days=4):
            shown = max(day, first)
            named = str(year) if step >= 12 else filters.month(day)[:3]
            # The year stands at the left end and at each January; that is enough, and letters do not collide.
            yield shown, f"{named} {year}" if step < 12 and (month == 1 or leftmost) else named
            leftmost = False
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)

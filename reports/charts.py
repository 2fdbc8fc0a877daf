"""Charts as inline SVG: the same data gives the same bytes, in the colours of the page's style sheet.

A chart is drawn once for a wide and once for a narrow page, since letters that shrink with the picture cannot be read
on a telephone. Lines differ in colour, width and dashes and carry their names; colours come from the style sheet, so
that one picture serves light, dark and paper.
"""

import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports import filters
from reports.figures import Chart, Line, Role

_POINTS = 72.0


@dataclass(frozen=True, slots=True)
class _Pen:
    """How a role is drawn; ``ink`` stands for a colour of the style sheet until the picture is finished."""

    ink: str
    colour: str
    width: float
    dashes: tuple[float, ...] = ()


_PENS: dict[Role, _Pen] = {
    "fund": _Pen("#0f0f01", "--fund", 2.2),
    "twin": _Pen("#0f0f02", "--twin", 1.5, (6.0, 2.0)),
    "index": _Pen("#0f0f03", "--index", 1.2),
    "floor": _Pen("#0f0f04", "--floor", 1.5, (2.0, 1.6)),
    "first": _Pen("#0f0f05", "--first", 1.4, (6.0, 2.0)),
    "second": _Pen("#0f0f06", "--second", 1.4),
    "third": _Pen("#0f0f07", "--third", 1.4, (2.0, 1.6)),
    "fourth": _Pen("#0f0f08", "--fourth", 1.4, (5.0, 1.6, 1.2, 1.6)),
    "fifth": _Pen("#0f0f09", "--fifth", 1.4, (9.0, 2.5)),
}
_INK = "#0f0f0a"
_MUTED = "#0f0f0b"
_GRID = "#0f0f0c"
_COLOURS = {pen.ink: pen.colour for pen in _PENS.values()} | {_INK: "--ink", _MUTED: "--muted", _GRID: "--grid"}


@dataclass(frozen=True, slots=True)
class _Format:
    """One width at which a chart is drawn; lengths are CSS pixels at full size."""

    name: str
    width: int
    height: int
    letters: float
    label_room: int
    ticks: int


_FORMATS = (
    _Format("wide", width=800, height=330, letters=12.0, label_room=128, ticks=6),
    _Format("narrow", width=360, height=270, letters=11.0, label_room=84, ticks=4),
)
_AXIS_ROOM = 52
_TOP = 14
_BOTTOM = 26


def draw(chart: Chart) -> str:
    """The chart as SVG: one picture for wide pages and one for narrow ones, each shown by the style sheet."""
    return "\n".join(_finished(_svg(chart, form), chart, form) for form in _FORMATS)


def _svg(chart: Chart, form: _Format) -> str:
    with mpl.rc_context({"svg.hashsalt": chart.key, "svg.fonttype": "none", "path.simplify": True}):
        canvas = Canvas(figsize=(form.width / _POINTS, form.height / _POINTS), facecolor="none")
        axes = canvas.add_axes(
            (
                _AXIS_ROOM / form.width,
                _BOTTOM / form.height,
                1 - (_AXIS_ROOM + form.label_room) / form.width,
                1 - (_TOP + _BOTTOM) / form.height,
            ),
            facecolor="none",
        )
        days = [day.toordinal() for day in chart.dates]
        for line in chart.lines:
            _draw_line(axes, chart, line, days)
        _frame(axes, chart, form, days)
        _name_lines(canvas, axes, chart, form)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return written.getvalue()


def _draw_line(axes: Axes, chart: Chart, line: Line, days: Sequence[int]) -> None:
    pen = _PENS[line.role]
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
            linestyle=(0, pen.dashes) if pen.dashes else "solid",
            drawstyle="steps-post" if line.steps else "default",
            solid_joinstyle="round",
            # A single point has no length: it is marked, or it could not be seen.
            marker="o" if len(shown) == 1 else None,
            markersize=5,
            zorder=3 if line.role == "fund" else 2,
        )


def _frame(axes: Axes, chart: Chart, form: _Format, days: Sequence[int]) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_MUTED)
    axes.spines["bottom"].set_linewidth(0.8)
    axes.tick_params(axis="both", length=0, pad=6, labelcolor=_MUTED, labelsize=form.letters)
    axes.tick_params(axis="x", length=4, color=_MUTED)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=form.ticks - 1, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _axis_text(chart, value)))
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    first, last = days[0], days[-1]
    axes.set_xlim(first, last if last > first else first + 1)
    low, high = axes.get_ylim()
    if chart.from_zero:
        axes.set_ylim(min(low, 0.0), max(high, 0.0))
    if low < 0.0 < high:
        axes.axhline(0.0, color=_MUTED, linewidth=0.8, zorder=1)
    ticks = list(_day_ticks(chart.dates[0], chart.dates[-1], form))
    axes.set_xticks([day.toordinal() for day, _ in ticks], [text for _, text in ticks])
    for start in chart.starts:
        axes.axvline(days[start], color=_MUTED, linewidth=0.8, linestyle=(0, (1.0, 3.0)), zorder=1)


def _axis_text(chart: Chart, value: float) -> str:
    if chart.unit in {"weight", "per_year"}:
        return filters.percent(round(value, 6), 0 if abs(value * 100 - round(value * 100)) < 1e-6 else 1)
    if chart.unit == "money":
        return filters.brief_money(round(value, 2))
    return filters.number(round(value, 6), 0 if abs(value - round(value)) < 1e-9 else 2)


def _day_ticks(first: dt.date, last: dt.date, form: _Format) -> Iterator[tuple[dt.date, str]]:
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


def _name_lines(canvas: Canvas, axes: Axes, chart: Chart, form: _Format) -> None:
    """Names at the right end of the lines, moved apart where they would touch."""
    ends = []
    for line in chart.lines:
        last = next((value for value in reversed(line.values) if value is not None), None)
        if last is not None:
            height = float(axes.transData.transform((0.0, last))[1]) * _POINTS / canvas.dpi
            ends.append((height, line))
    apart = form.letters * 1.25
    ends.sort(key=lambda end: end[0])
    heights = [height for height, _ in ends]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + apart)
    above = heights[-1] - (form.height - _TOP) if heights else 0.0
    if above > 0.0:
        heights[-1] -= above
        for i in range(len(heights) - 2, -1, -1):
            heights[i] = min(heights[i], heights[i + 1] - apart)
    for height, (_, line) in zip(heights, ends, strict=True):
        canvas.text(
            1 - (form.label_room - 8) / form.width,
            height / form.height,
            line.name,
            color=_PENS[line.role].ink,
            fontsize=form.letters,
            va="center",
            parse_math=False,
            weight="bold" if line.role == "fund" else "normal",
        )


_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_OPENING = re.compile(r"<svg[^>]*>")
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_STYLE = re.compile(r"\s*<style type=\"text/css\">.*?</style>", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_FAMILY = re.compile(r"font-family: [^;\"]*; ?")
_DECIMALS = re.compile(r"(\d+\.\d{2})\d+")
_BLANK = re.compile(r"\n\s+")


def _finished(svg: str, chart: Chart, form: _Format) -> str:
    """A picture that fits into a page: no rules of its own, ids that are nobody else's, words for screen readers."""
    own = f"{chart.key}-{form.name}"
    svg = _STYLE.sub("", _METADATA.sub("", _COMMENT.sub("", _PROLOG.sub("", svg))))
    svg = svg.replace('id="', f'id="{own}-').replace('href="#', f'href="#{own}-').replace("url(#", f"url(#{own}-")
    for ink, colour in _COLOURS.items():
        svg = svg.replace(ink, f"var({colour})")
    svg = _BLANK.sub("\n", _DECIMALS.sub(r"\1", _FAMILY.sub("", svg)))
    opening = (
        f'<svg class="chart {form.name}" viewBox="0 0 {form.width} {form.height}" role="img" '
        f'aria-labelledby="{own}-title {own}-desc">'
        f'<title id="{own}-title">{escape(chart.title)}</title><desc id="{own}-desc">{escape(chart.description)}</desc>'
    )
    return _OPENING.sub(lambda _: opening, svg, count=1).strip()

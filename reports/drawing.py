"""What all pictures share: pens in the colours of the style sheet, formats, names at the ends of lines, finishing.

A picture is drawn with matplotlib and made to fit into a page: the same data gives the same bytes, ids are nobody
else's, and colours come from the style sheet, so that one picture serves light, dark and paper.
"""

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from reports import filters
from reports.figures import Line, Role, Unit

POINTS = 72.0
"""Of an inch: a point of matplotlib is a CSS pixel here."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How a role is drawn; ``ink`` stands for a colour of the style sheet until the picture is finished."""

    ink: str
    colour: str
    width: float
    dashes: tuple[float, ...] = ()
    points: float = 0.0
    """Diameter of points that are not joined; 0 for a line."""


PENS: dict[Role, Pen] = {
    "fund": Pen("#0f0f01", "--fund", 2.2),
    "twin": Pen("#0f0f02", "--twin", 1.5, (6.0, 2.0)),
    "index": Pen("#0f0f03", "--index", 1.2),
    "floor": Pen("#0f0f04", "--floor", 1.5, (2.0, 1.6)),
    "first": Pen("#0f0f05", "--first", 1.4, (6.0, 2.0)),
    "second": Pen("#0f0f06", "--second", 1.4),
    "third": Pen("#0f0f07", "--third", 1.4, (2.0, 1.6)),
    "fourth": Pen("#0f0f08", "--fourth", 1.4, (5.0, 1.6, 1.2, 1.6)),
    "fifth": Pen("#0f0f09", "--fifth", 1.4, (9.0, 2.5)),
    "losses": Pen("#0f0f0e", "--fund", 0.0, points=4.0),
}
INK = "#0f0f0a"
MUTED = "#0f0f0b"
GRID = "#0f0f0c"
BAD = "#0f0f0d"
_COLOURS = {pen.ink: pen.colour for pen in PENS.values()} | {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    BAD: "--bad",
}


@dataclass(frozen=True, slots=True)
class Format:
    """One width at which a picture is drawn; lengths are CSS pixels at full size."""

    name: str
    width: int
    height: int
    letters: float
    label_room: int
    ticks: int


FORMATS = (
    Format("wide", width=800, height=330, letters=12.0, label_room=128, ticks=6),
    Format("narrow", width=360, height=270, letters=11.0, label_room=84, ticks=4),
)
AXIS_ROOM = 52
TOP = 14
BOTTOM = 26


def canvas_of(
    form: Format, *, left: int = AXIS_ROOM, right: int | None = None, top: int = TOP, bottom: int = BOTTOM
) -> tuple[Canvas, Axes]:
    """An empty canvas of a format, its axes inside margins in pixels."""
    room = form.label_room if right is None else right
    canvas = Canvas(figsize=(form.width / POINTS, form.height / POINTS), facecolor="none")
    axes = canvas.add_axes(
        (
            left / form.width,
            bottom / form.height,
            1 - (left + room) / form.width,
            1 - (top + bottom) / form.height,
        ),
        facecolor="none",
    )
    return canvas, axes


def style(key: str) -> AbstractContextManager[None]:
    """The settings under which a picture is drawn: the same key and data give the same bytes."""
    context: AbstractContextManager[None] = mpl.rc_context(
        {"svg.hashsalt": key, "svg.fonttype": "none", "path.simplify": True}
    )
    return context


def written(canvas: Canvas) -> str:
    """A canvas as SVG."""
    text = io.StringIO()
    canvas.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return text.getvalue()


def bare(axes: Axes, form: Format) -> None:
    """Axes without a box: a base line, level grid lines, small letters."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.spines["bottom"].set_linewidth(0.8)
    axes.tick_params(axis="both", length=0, pad=6, labelcolor=MUTED, labelsize=form.letters)
    axes.tick_params(axis="x", length=4, color=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def axis_text(unit: Unit, value: float) -> str:
    """A value beside an axis, with as many decimals as it has: two steps never read as one, nor as uneven."""
    if unit in {"weight", "change", "probability", "per_year"}:
        return filters.percent(round(value, 8), filters.fewest_places(round(value * 100, 6), 4))
    if unit in {"money", "gain"} and abs(value) >= 1e3:
        return filters.brief_money(round(value, 2), places=3)
    return filters.number(round(value, 8), filters.fewest_places(round(value, 8), 6))


def name_lines(canvas: Canvas, axes: Axes, lines: Sequence[Line], form: Format) -> None:
    """Names at the right end of the lines, moved apart where they would touch."""
    ends = []
    for line in lines:
        last = next((value for value in reversed(line.values) if value is not None), None)
        if last is not None:
            height = float(axes.transData.transform((0.0, last))[1]) * POINTS / canvas.dpi
            ends.append((height, line))
    apart = form.letters * 1.25
    ends.sort(key=lambda end: end[0])
    heights = [height for height, _ in ends]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + apart)
    above = heights[-1] - (form.height - TOP) if heights else 0.0
    if above > 0.0:
        heights[-1] -= above
        for i in range(len(heights) - 2, -1, -1):
            heights[i] = min(heights[i], heights[i + 1] - apart)
    for height, (_, line) in zip(heights, ends, strict=True):
        canvas.text(
            1 - (form.label_room - 8) / form.width,
            height / form.height,
            line.name,
            color=PENS[line.role].ink,
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


def finished(svg: str, key: str, title: str, description: str, form: Format) -> str:
    """A picture that fits into a page: no rules of its own, ids that are nobody else's, words for screen readers."""
    own = f"{key}-{form.name}"
    svg = _STYLE.sub("", _METADATA.sub("", _COMMENT.sub("", _PROLOG.sub("", svg))))
    svg = svg.replace('id="', f'id="{own}-').replace('href="#', f'href="#{own}-').replace("url(#", f"url(#{own}-")
    for ink, colour in _COLOURS.items():
        svg = svg.replace(ink, f"var({colour})")
    svg = _BLANK.sub("\n", _DECIMALS.sub(r"\1", _FAMILY.sub("", svg)))
    opening = (
        f'<svg class="chart {form.name}" viewBox="0 0 {form.width} {form.height}" role="img" '
        f'aria-labelledby="{own}-title {own}-desc">'
        f'<title id="{own}-title">{escape(title)}</title><desc id="{own}-desc">{escape(description)}</desc>'
    )
    return _OPENING.sub(lambda _: opening, svg, count=1).strip()

"""An efficient frontier as a picture: what each way to run a fund costs against how far it strays, with errors as bars.

The picture is drawn like all others: the same data gives the same bytes, colours are those of the style sheet, and
nothing is told by colour alone (the efficient points are joined, the best is a star, the fund's own a diamond).
"""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from reports.drawing import FORMATS, GRID, INK, MUTED, PENS, POINTS, Format, bare, canvas_of, finished, style, written

_OWN, _BEST = PENS["twin"].ink, PENS["fund"].ink


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run the fund; basis points of its value at the horizon, each with its standard error."""

    label: str
    cost: float
    cost_error: float
    tracking: float
    tracking_error: float
    """Standard error of the tracking error."""
    efficient: bool
    best: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Frontier:
    """The picture with its data."""

    key: str
    title: str
    description: str
    ways: tuple[Way, ...]


def draw(picture: Frontier) -> str:
    """The picture as SVG: one for wide pages and one for narrow ones."""
    return "\n".join(
        finished(_svg(picture, form), picture.key, picture.title, picture.description, form) for form in FORMATS
    )


def _svg(picture: Frontier, form: Format) -> str:
    with style(picture.key):
        canvas, axes = canvas_of(form, right=16, top=40, bottom=44)
        bare(axes, form)
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        for way in picture.ways:
            _mark(axes, way)
        ends = sorted((way for way in picture.ways if way.efficient), key=lambda way: way.cost)
        axes.plot([way.cost for way in ends], [way.tracking for way in ends], color=INK, linewidth=1.2, zorder=2)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=form.ticks))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=form.ticks - 1))
        axes.set_xlabel("Trading costs to the horizon, bps", color=MUTED, fontsize=form.letters, labelpad=3)
        _words(canvas, form)
        return written(canvas)


def _mark(axes: Axes, way: Way) -> None:
    """A point with a bar of one standard error to each side of both figures."""
    ink = _BEST if way.best else _OWN if way.own else INK if way.efficient else MUTED
    shape = "*" if way.best else "D" if way.own else "o"
    size = 13.0 if way.best else 7.0 if way.own else 5.0
    plain = not (way.best or way.own or way.efficient)
    axes.errorbar(
        way.cost,
        way.tracking,
        xerr=way.cost_error,
        yerr=way.tracking_error,
        fmt=shape,
        markersize=size,
        color=ink,
        markerfacecolor="none" if plain else ink,
        markeredgewidth=0.9,
        elinewidth=0.9,
        capsize=2.0,
        zorder=4 if way.best or way.own else 3 if way.efficient else 1,
    )


def _words(canvas: Canvas, form: Format) -> None:
    """The name of the upright axis, and what the marks mean, above the picture."""
    above = 1.0 - 0.9 * form.letters / form.height
    canvas.text(0.0, above, "Tracking error, bps", color=MUTED, fontsize=form.letters, va="center")
    signs = (("*", "best", _BEST), ("D", "as it is", _OWN), ("o", "efficient", INK))
    left = 1.0 - (3 * 6.3 * form.letters) / form.width
    for place, (shape, word, ink) in enumerate(signs):
        x = left + place * 6.3 * form.letters / form.width
        axes = canvas.add_axes(
            (x, above - 0.5 * form.letters / form.height, form.letters / form.width, form.letters / form.height)
        )
        axes.set_axis_off()
        axes.plot([0.5], [0.5], shape, color=ink, markersize=0.75 * form.letters / POINTS * POINTS)
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(0.0, 1.0)
        canvas.text(x + 1.3 * form.letters / form.width, above, word, color=MUTED, fontsize=form.letters, va="center")

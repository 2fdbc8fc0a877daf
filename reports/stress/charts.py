"""The stress report's pictures as inline SVG, drawn like the charts over time: twice each, panels once.

Bars carry hatches, lines dashes, ranges dots and breaches crosses: nothing is told by colour alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.drawing import (
    BAD,
    FORMATS,
    GRID,
    INK,
    MUTED,
    PENS,
    POINTS,
    Format,
    axis_text,
    bare,
    canvas_of,
    finished,
    name_lines,
    style,
    written,
)
from reports.figures import Line, Unit
from reports.pictures import Z95, Curves, Mark, Panel, Picture, Ranges, Spread, Waterfall

SMALL = Format("small", width=290, height=176, letters=10.0, label_room=40, ticks=5)
_ROW, _SCALE, _AIR, _WORDS = 27, 30, 10, 28
"""Heights in waterfalls and ranges: of one row, of the scale below, above without words and with them."""
_LONGEST = 20
"""Letters of a step's label below a panel."""
_LABELS = {"wide": 150, "narrow": 104}
"""Room for the labels of rows."""


def draw(picture: Picture) -> str:
    """The picture as SVG: one for wide pages and one for narrow ones; a panel once."""
    if isinstance(picture, Panel):
        return _drawn(picture, SMALL)
    return "\n".join(_drawn(picture, form) for form in FORMATS)


def _drawn(picture: Picture, form: Format) -> str:
    if isinstance(picture, Panel):
        svg = _panel(picture, form)
    elif isinstance(picture, Curves):
        svg = _curves(picture, form)
    elif isinstance(picture, Spread):
        svg = _spread(picture, form)
    elif isinstance(picture, Waterfall):
        form = _tall(form, len(picture.falls) + 1)
        svg = _waterfall(picture, form)
    else:
        form = _tall(form, len(picture.rows), _WORDS if picture.marks else _AIR)
        svg = _ranges(picture, form)
    return finished(svg, picture.key, picture.title, picture.description, form)


# ---- lines over a figure


def _curves(picture: Curves, form: Format) -> str:
    with style(picture.key):
        canvas, axes = canvas_of(form, right=14 if picture.bars else None, top=54 if picture.marks else 14, bottom=42)
        if picture.bars:
            _bars(axes, picture)
        else:
            for line in picture.lines:
                _line(axes, picture.xs, line, dots=picture.dots)
        if picture.shortfall:
            _shortfall(axes, picture)
        bare(axes, form)
        _values(axes, picture.unit, form)
        _across(axes, picture.across_unit, form)
        axes.set_xlabel(picture.across, color=MUTED, fontsize=form.letters, labelpad=3, parse_math=False)
        low, high = axes.get_ylim()
        if picture.from_zero:
            axes.set_ylim(min(low, 0.0), max(high, 0.0))
        if low < 0.0 < high or picture.bars:
            axes.axhline(0.0, color=MUTED, linewidth=0.8, zorder=1)
        _uprights(canvas, axes, picture.marks, form, rows=3)
        if not picture.bars:
            name_lines(canvas, axes, picture.lines, form)
        return written(canvas)


def _line(axes: Axes, xs: Sequence[float], line: Line, *, dots: bool = False, thin: float = 1.0) -> None:
    pen = PENS[line.role]
    shown = [(x, value) for x, value in zip(xs, line.values, strict=True) if value is not None]
    if not shown:
        return
    axes.plot(
        [x for x, _ in shown],
        [value for _, value in shown],
        color=pen.ink,
        linewidth=pen.width * thin,
        linestyle=(0, pen.dashes) if pen.dashes else "solid",
        drawstyle="steps-post" if line.steps else "default",
        solid_joinstyle="round",
        marker="o" if dots or len(shown) == 1 else None,
        markersize=4.5,
        zorder=3 if line.role == "fund" else 2,
    )


def _bars(axes: Axes, picture: Curves) -> None:
    """One line as bars from zero: those below it hatched."""
    line = picture.lines[0]
    shown = [(x, value) for x, value in zip(picture.xs, line.values, strict=True) if value is not None]
    steps = [after - before for before, after in zip(picture.xs, picture.xs[1:], strict=False)]
    width = 0.72 * min(steps, default=0.01)
    for x, value in shown:
        axes.bar(
            x,
            value,
            width=width,
            color=PENS["fund"].ink if value >= 0.0 else "none",
            edgecolor=PENS["fund"].ink if value >= 0.0 else BAD,
            hatch=None if value >= 0.0 else "/////",
            linewidth=0.8,
        )


def _shortfall(axes: Axes, picture: Curves) -> None:
    """Hatch what is missing to the floor."""
    lines = {line.role: line for line in picture.lines}
    if "fund" not in lines or "floor" not in lines:
        return
    rows = [
        (x, fund, floor)
        for x, fund, floor in zip(picture.xs, lines["fund"].values, lines["floor"].values, strict=True)
        if fund is not None and floor is not None
    ]
    axes.fill_between(
        [x for x, _, _ in rows],
        [fund for _, fund, _ in rows],
        [floor for _, _, floor in rows],
        where=[fund < floor for _, fund, floor in rows],
        interpolate=True,
        facecolor="none",
        edgecolor=BAD,
        hatch="////",
        linewidth=0.0,
    )


def _values(axes: Axes, unit: Unit, form: Format) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=form.ticks - 1, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: axis_text(unit, value)))


def _across(axes: Axes, unit: Unit, form: Format) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=form.ticks, steps=[1, 2, 2.5, 5, 10], integer=unit == "count"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: axis_text(unit, value)))


def _uprights(canvas: Canvas, axes: Axes, marks: Sequence[Mark], form: Format, *, rows: int = 2) -> None:
    """Uprights with their words above; a word that would touch its neighbour stands a row higher."""
    ends = [-1e9] * rows
    first, last = axes.get_position().x0 * form.width, axes.get_position().x1 * form.width
    for mark in sorted(marks, key=lambda mark: mark.at):
        axes.axvline(mark.at, color=MUTED, linewidth=0.9, linestyle=(0, (1.0, 2.0)), zorder=1)
        x = float(axes.transData.transform((mark.at, 0.0))[0]) * POINTS / canvas.dpi
        half = 0.27 * form.letters * len(mark.label)
        middle = min(max(x, first + half), max(last - half, first + half))
        row = next((k for k in range(rows) if middle - half > ends[k] + 6), rows - 1)
        ends[row] = middle + half
        canvas.text(
            middle / form.width,
            axes.get_position().y1 + (4 + row * (form.letters + 2)) / form.height,
            mark.label,
            color=MUTED,
            fontsize=form.letters - 1,
            ha="center",
            va="bottom",
            parse_math=False,
        )


# ---- panels


def _panel(picture: Panel, form: Format) -> str:
    with style(picture.key):
        canvas, axes = canvas_of(form, left=44, top=10, bottom=22)
        steps = list(range(len(picture.labels)))
        for line in picture.lines:
            _line(axes, [float(step) for step in steps], line, thin=0.8)
        bare(axes, form)
        _values(axes, picture.unit, form)
        axes.set_xlim(0, max(steps[-1], 1))
        for step in picture.shut:
            axes.axvspan(step - 0.5, step + 0.5, facecolor=GRID, edgecolor=MUTED, hatch="xxxx", linewidth=0.0, zorder=1)
        for step in picture.thin:
            axes.axvspan(
                step - 0.5, step + 0.5, facecolor="none", edgecolor=MUTED, hatch="////", linewidth=0.0, zorder=1
            )
        _cross(axes, picture)
        _ends(axes, picture)
        name_lines(canvas, axes, picture.lines, form)
        return written(canvas)


def _cross(axes: Axes, picture: Panel) -> None:
    """A cross where the fund first lies below its floor."""
    if picture.breach is None:
        return
    fund = next(line for line in picture.lines if line.role == "fund").values[picture.breach]
    if fund is not None:
        axes.plot(
            [picture.breach],
            [fund],
            marker="x",
            color=BAD,
            markersize=8,
            markeredgewidth=2.0,
            linestyle="none",
            zorder=4,
        )


def _ends(axes: Axes, picture: Panel) -> None:
    """The first and the last step, in words inside the axes."""
    last = len(picture.labels) - 1
    axes.set_xticks([0, max(last, 1)] if last > 0 else [0])
    ends = ((0, "first"), (last, "last")) if last > 0 else ((0, "first"),)
    names = [_drawable(picture.labels[i], word) for i, word in ends]
    axes.set_xticklabels(names, parse_math=False)
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right" if last > 0 else "left")


def _drawable(label: str, word: str) -> str:
    """A label that fits below a panel in any font; one of another kind stands in the table beside it only."""
    return label if label.isascii() and label.isprintable() and len(label) <= _LONGEST else word


# ---- how paths are spread


def _spread(picture: Spread, form: Format) -> str:
    with style(picture.key):
        canvas, axes = canvas_of(form, right=14, top=42 if form.name == "wide" else 54, bottom=42)
        widths = [after - before for before, after in zip(picture.edges, picture.edges[1:], strict=False)]
        axes.bar(
            picture.edges[:-1],
            picture.counts,
            width=[0.9 * width for width in widths],
            align="edge",
            color=PENS["index"].ink,
            linewidth=0.0,
        )
        bare(axes, form)
        axes.set_xlim(picture.edges[0], picture.edges[-1])
        _values(axes, "count", form)
        _across(axes, picture.unit, form)
        axes.set_xlabel(picture.across, color=MUTED, fontsize=form.letters, labelpad=3, parse_math=False)
        if picture.edges[0] < 0.0 < picture.edges[-1]:
            axes.axvline(0.0, color=INK, linewidth=1.0, zorder=3)
        _uprights(canvas, axes, picture.marks, form, rows=3)
        return written(canvas)


# ---- rows


def _tall(form: Format, count: int, top: int = _AIR) -> Format:
    """The format that so many rows need."""
    return replace(form, height=top + _SCALE + _ROW * count)


def _rows_of(form: Format, count: int, top: int = _AIR) -> tuple[Canvas, Axes]:
    """A canvas for so many rows, the first at the top."""
    canvas, axes = canvas_of(form, left=_LABELS[form.name], right=24, top=top, bottom=_SCALE)
    axes.set_ylim(count - 0.5, -0.5)
    return canvas, axes


def _label_rows(axes: Axes, labels: Sequence[str], form: Format, bold: Callable[[int], bool]) -> None:
    axes.set_yticks(range(len(labels)))
    axes.set_yticklabels(labels, parse_math=False)
    for i, label in enumerate(axes.get_yticklabels()):
        label.set_color(INK)
        label.set_fontweight("bold" if bold(i) else "normal")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=form.ticks, steps=[1, 2, 2.5, 5, 10]))


def _waterfall(picture: Waterfall, form: Format) -> str:
    falls = (*picture.falls, picture.total)
    last = len(falls) - 1
    with style(picture.key):
        canvas, axes = _rows_of(form, len(falls))
        so_far = 0.0
        for i, fall in enumerate(falls):
            start = 0.0 if i == last else so_far
            end = start + fall.value
            axes.barh(
                i,
                fall.value,
                left=start,
                height=0.56,
                color="none" if fall.value < 0.0 else PENS["fund" if i == last else "second"].ink,
                edgecolor=BAD if fall.value < 0.0 else PENS["fund" if i == last else "second"].ink,
                hatch="/////" if fall.value < 0.0 else None,
                linewidth=1.0,
            )
            if i < last:
                axes.plot([end, end], [i, i + 1], color=MUTED, linewidth=0.7, zorder=1)
            half = Z95 * fall.error
            axes.plot([end - half, end + half], [i, i], color=INK, linewidth=1.4, marker="|", markersize=7, zorder=4)
            so_far = end
        bare(axes, form)
        _label_rows(axes, [fall.label for fall in falls], form, lambda i: i == last)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: axis_text(picture.unit, value)))
        axes.axvline(0.0, color=INK, linewidth=0.9, zorder=2)
        return written(canvas)


def _ranges(picture: Ranges, form: Format) -> str:
    with style(picture.key):
        canvas, axes = _rows_of(form, len(picture.rows), _WORDS if picture.marks else _AIR)
        for i, row in enumerate(picture.rows):
            pen = PENS["fund" if row.own else "index"]
            values, middle = row.values, len(row.values) // 2
            axes.plot([values[0], values[-1]], [i, i], color=pen.ink, linewidth=1.2, marker="|", markersize=7)
            for k in range(1, middle):
                axes.plot(
                    [values[k], values[-1 - k]], [i, i], color=pen.ink, linewidth=1.2 + 3.2 * k, solid_capstyle="butt"
                )
            axes.plot(
                [values[middle]],
                [i],
                marker="D" if row.own else "o",
                markersize=7,
                color="none",
                markerfacecolor=INK,
                markeredgecolor=INK,
                zorder=4,
            )
        bare(axes, form)
        _label_rows(axes, [row.label for row in picture.rows], form, lambda i: picture.rows[i].own)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: axis_text(picture.unit, value)))
        low, high = axes.get_xlim()
        if low < 0.0 < high:
            axes.axvline(0.0, color=INK, linewidth=0.9, zorder=2)
        _uprights(canvas, axes, picture.marks, form)
        return written(canvas)

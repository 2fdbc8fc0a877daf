"""Reports as pages: one self-contained HTML file each, from the templates, without a request to anywhere.

The one place that knows Jinja2. Everything is escaped, undefined names are errors, and every figure is written by
``reports.filters`` and carries its exact value, as the JSON of the report has it, in ``<data value>``.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from insure.errors import InvalidInput
from reports import charts, filters, frontier
from reports.figures import Chart, Figure, Head, NotComputed, plain
from reports.pictures import Picture
from reports.stress import charts as stress_charts


class Report(Protocol):
    """What can be rendered."""

    @property
    def head(self) -> Head:
        """Which fund, which moment, which book."""
        ...

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        ...


def render(report: Report) -> str:
    """The page of a report; the same report gives the same bytes.

    Raises:
        InvalidInput: there is no template for its kind.
    """
    environment = _environment()
    name = f"{report.head.kind}.html.j2"
    if name not in environment.list_templates():
        raise InvalidInput(f"There is no template {name}; a report's kind names one of the folder templates.")
    return environment.get_template(name).render(report=report, head=report.head)


def template_folder() -> Path:
    """Where the templates are: beside this package in a checkout, inside it once installed.

    Raises:
        InvalidInput: they are in neither place: the installation is incomplete.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "templates", here.parent / "templates"):
        if (folder / "base.html.j2").is_file():
            return folder
    raise InvalidInput(f"The templates are neither in {here} nor beside it; install the package again.")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_spoken,
    )
    environment.filters["figure"] = _figure
    environment.filters["prose"] = _prose
    environment.filters["captioned"] = _captioned
    environment.filters["css_string"] = lambda text: Markup(filters.css_string(text))  # noqa: S704 - escaped there
    environment.filters["chart"] = _chart
    environment.filters["picture"] = _picture
    environment.filters["frontier"] = _frontier
    environment.filters["cell"] = _cell
    environment.filters["bar"] = _bar
    environment.filters["day"] = filters.day
    environment.filters["span"] = _span
    return environment


def _spoken(value: object) -> object:
    """What a template shows: sentences without the marks that a terminal has around commands."""
    return filters.spoken(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _captioned(table: Markup, label: str) -> Markup:
    """A table with its name for those who hear it; others read it above."""
    opening, bracket, rest = str(table).partition("<table")
    attributes, close, content = rest.partition(">")
    caption = Markup('<caption class="unseen">{}</caption>').format(label) if bracket else ""
    return Markup(f"{opening}{bracket}{attributes}{close}{caption}{content}")  # noqa: S704 - escaped before, or here


@pass_context
def _figure(context: Context, figure: Figure) -> Markup:
    """A figure with its exact value for programs beside the written one for people; instants in exchange time too."""
    head = context.get("head")
    written = filters.spoken(filters.figure(figure.value, figure.unit, head.zone if isinstance(head, Head) else ""))
    if isinstance(figure.value, NotComputed):
        return Markup('<span class="missing">{}</span>').format(written)
    exact = plain(figure.value)
    if isinstance(figure.value, dt.date):
        return Markup('<time datetime="{}">{}</time>').format(exact, written)
    if isinstance(figure.value, str):
        return Markup('<bdi class="{}">{}</bdi>').format(figure.unit, written)
    return Markup('<data value="{}">{}</data>').format(exact, written)


def _cell(value: float | None, unit: str) -> Markup:
    """One value of a chart's table."""
    if value is None:
        return Markup('<span class="missing">none</span>')
    return Markup('<data value="{}">{}</data>').format(value, filters.figure(value, unit))  # type: ignore[arg-type]


def _chart(chart: Chart) -> Markup:
    return Markup(charts.draw(chart))  # noqa: S704 - drawn from numbers; its words are escaped there


def _picture(picture: Picture) -> Markup:
    return Markup(stress_charts.draw(picture))  # noqa: S704 - drawn from numbers; its words are escaped there


def _frontier(picture: frontier.Frontier) -> Markup:
    return Markup(frontier.draw(picture))  # noqa: S704 - drawn from numbers; its words are escaped there


def _bar(figure: Figure, among: Sequence[Figure], full: float) -> tuple[float, float]:
    """Left end and length of a bar, per cent of the room that all bars from zero need; falls alone grow rightwards."""
    value = _size(figure)
    sizes = [_size(each) for each in among]
    low, high = min(0.0, *sizes, 0.0), max(full, *sizes, 0.0)
    room = high - low or 1.0
    left = 0.0 if high == 0.0 else (min(value, 0.0) - low) / room
    return round(left * 100.0, 2), round(abs(value) / room * 100.0, 2)


def _size(figure: Figure) -> float:
    value = figure.value
    return 0.0 if isinstance(value, NotComputed | str | dt.date) else float(value)


_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def _prose(sentences: Iterable[str]) -> Markup:
    """Sentences as a paragraph, no day broken at the end of a line.

    What people wrote, and names of instruments, keep no rule of how a sentence begins and ends.
    """
    told = (each[:1].upper() + each[1:] for each in sentences)
    text = " ".join(each if each.endswith((".", "!", "?")) else f"{each}." for each in told)
    return Markup(_DAY.sub(r"<time>\g<0></time>", str(escape(filters.spoken(text)))))  # noqa: S704 - escaped here


def _span(dates: Sequence[dt.date]) -> str:
    return f"{filters.day(dates[0])} to {filters.day(dates[-1])}"

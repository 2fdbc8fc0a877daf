"""Pages are made of the report's figures and of nothing else, whatever the names in it are."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import jsonschema
import pytest
from jinja2 import UndefinedError
from markupsafe import escape

from insure.book.agreed import KeptAlert
from insure.book.record import Record
from insure.compliance.controls import KINDS, controls_facts
from insure.errors import InvalidInput
from insure.fund import Fund, Stage
from insure.happening import happening
from insure.simulation.crises import worst_days
from reports import comparison, compliance, event, filters, index, rebalance, schemas
from reports.figures import Chart, Correction, Figure, Head, Line, NotComputed, Unit
from reports.html import _environment, render, template_folder
from reports.stress import StressReport, build
from tests.conftest import REPOSITORY
from tests.reports.colours import TOGETHER
from tests.reports.hostile import NAMES
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, VERSION, contract, live, lived, prices
from tests.reports.made import (
    compliance_report,
    desk_report,
    entry,
    event_report,
    evidence_of,
    facts_of,
    horizon_report,
    index_report,
    missed_report,
    stated_report,
)
from tests.reports.pages import Page, numbers
from tests.reports.stressed import PROGRAM, stress_report, stressed

Report: TypeAlias = (
    rebalance.RebalanceReport
    | comparison.ComparisonReport
    | compliance.ComplianceReport
    | event.EventReport
    | index.IndexReport
    | StressReport
)


def _reports() -> Iterator[tuple[str, Report]]:
    for name, strategy in (("put", PUT), ("cppi", CPPI), ("hold", HOLD)):
        fund, records = lived(strategy)
        yield f"comparison of {name}", comparison.build(fund, records, ANCHOR)
        for moment in (0, 20, 41, 64, 89):
            past = records[: moment + 1]
            yield f"rebalance of {name} at decision {moment}", rebalance.build(fund, past[-1], past, ANCHOR)
        yield f"day of {name}", compliance_report(strategy, records[40].session, records[40].session)
        yield f"quarter of {name}", compliance_report(strategy, records[0].session, records[-1].session)
        yield f"event of {name}", event_report(strategy)
    for name, strategy in (("put", PUT), ("hold", HOLD)):
        yield f"stress of {name}", stress_report(strategy)
    fund, records = lived(CPPI)
    yield "later comparison", comparison.build(fund, records[50:], ANCHOR, records[49])
    yield "backtest", comparison.build(fund, records, None)
    yield "stress after the crash", stress_report(PUT, None, 45)
    for kind in ("kill", "lift", "breaker", "override", "restore"):
        yield f"event {kind}", stated_report(kind)
    yield "event missed", missed_report()
    yield "event of the desk", desk_report()
    yield "event at the horizon", horizon_report()
    day = lived(CPPI)[1][40].session
    corrected = compliance_report(CPPI, day, day)
    correction = Correction("compliance-2008-10-28.html", "c0" * 32, "The custodian's file came late.")
    yield (
        "correction",
        dataclasses.replace(corrected, head=dataclasses.replace(corrected.head, version=2, corrects=correction)),
    )
    yield "index", index_report()


REPORTS = dict(_reports())
PAGES = {name: render(report) for name, report in REPORTS.items()}
CRISES = {
    written
    for day in worst_days()
    for value in dataclasses.astuple(day)
    if isinstance(value, Decimal | float)
    for written in numbers(filters.number(value))
}
"""What history says of the worst sessions, to the digit: constants with a source, on the page and in the figures."""


def _recorded() -> list[str]:
    """Sentences that a record holds, longest first: a page quotes them, and `insure verify` decides them again."""
    found: set[str] = set()
    for strategy in (PUT, CPPI, HOLD):
        for record in lived(strategy)[1]:
            decision = record.decision
            found |= {decision.reason, *(check.sentence for check in decision.checks)}
            found |= {happened.sentence for happened in decision.events}
            found |= {rung.reason for rung in (record.ladder.rungs if record.ladder is not None else ())}
    return sorted((sentence for sentence in found if _measures(sentence)), key=len, reverse=True)


def _measures(text: str) -> list[str]:
    """Numbers with decimals or thousands."""
    return [number for number in numbers(text) if re.fullmatch(r"[\d,]*\d(\.\d+)?", number) and not number.isdecimal()]


def _measured(report: Report) -> set[str]:
    """Every figure and chart value of a report, as its unit is written and in the roundings that sentences use."""
    found: set[str] = set()

    def look(value: object, unit: Unit | None = None) -> None:
        if isinstance(value, Figure):
            if isinstance(value.value, str):
                found.update(numbers(value.value))
            elif not isinstance(value.value, NotComputed):
                found.update(numbers(filters.figure(value.value, value.unit)))
                look(value.value, value.unit)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            for each in dataclasses.fields(value):
                look(getattr(value, each.name))
        elif isinstance(value, dict):
            look(list(value.values()))
        elif isinstance(value, list | tuple):
            for each in value:
                look(each)
        elif isinstance(value, Decimal | float | int) and not isinstance(value, bool):
            found.update(numbers(filters.brief_money(value)))
            for places in (0, 1, 2):
                if unit in {None, "weight", "change", "per_year", "probability", "points"}:
                    found.update(numbers(filters.percent(value, places)))
                found.update(numbers(filters.number(value, places)))

    look(report)
    return found


RECORDED = _recorded()
WITHOUT_FIGURE = {
    r"the index (fell|rose) by [\d.]+%": "a compliance report has no figure of the index over its period",
    r"Commission and spread came to [\d,.]+": "their sum, and the page shows each of the two by itself",
    r"the index moved \W?[\d.]+%, with [\d.]+% of the fund in stock": "the decision before is no figure of an event",
    r"[\d.]+% of the value at the start of the period": "the contract's floor fraction, a term and no measurement",
    r"red with 99\.99%": "the border of the red zone in the Basel framework, a constant with its source beside it",
    r"into a fall of [\d.]+ % in [\d.]+ hours": "the name of a scenario",
    r"A floor of [\de.+]+ in [\d.]+ years .* the fund is worth [\de.+]+:": "an error as decisions record it",
    r"[\d.]+ h\b": "a moment of a scenario's clock, as its axis is labelled",
}
"""What a sentence says that no figure has, with the reason that it may."""
each_page = pytest.mark.parametrize("name", REPORTS)


@each_page
def test_every_number_on_the_page_is_a_figure_of_the_json(name: str) -> None:
    figures = REPORTS[name].figures()
    exact = {_plain_text(value) for value in _leaves(figures)}
    page = Page(PAGES[name])
    fewest = 0 if name.startswith("event") else 8
    assert len(page.figures) > fewest, f"{name}: only {len(page.figures)} figures on the page"
    for value, written in page.figures:
        assert value in exact, f"{name}: the page shows {written!r} for {value}, which is not in its JSON"
        assert _stands_for(written, value), f"{name}: {written!r} is not {value} rounded"
    for value, written in page.instants:
        assert value in exact, f"{name}: the page shows {written!r} for {value}, which is not in its JSON"
    said = "\n".join(str(value) for value in _leaves(figures))
    printed = "\n".join(path.read_text(encoding="utf-8") for path in template_folder().glob("*.j2"))
    for words in page.words:
        for number in numbers(words):
            assert number in said or number in printed, f"{name}: {number!r} in {words!r} is not in the JSON"


@each_page
def test_every_measure_in_a_sentence_is_a_figure_of_the_report(name: str) -> None:
    """Numbers with decimals or thousands: what a sentence says was computed, and so a figure or a chart has it too.

    The sentences of the JSON prove nothing here: they are the page's own.
    """
    known = _measured(REPORTS[name]) | CRISES
    for words in Page(PAGES[name]).words:
        own = words
        for sentence in RECORDED:
            own = own.replace(sentence, "")
        for pattern in WITHOUT_FIGURE:
            own = re.sub(pattern, "", own)
        strange = [number for number in _measures(own) if number not in known]
        assert not strange, f"{name}: {strange} in {words!r} is no figure of the report, and no chart has it"


def test_a_sentence_that_doubles_a_move_is_found() -> None:
    """The mutation that the test before this one let pass."""
    report = REPORTS["rebalance of cppi at decision 41"]
    assert isinstance(report, rebalance.RebalanceReport)
    (told,) = [sentence for sentence in report.story if "below its close" in sentence]
    moved = re.findall(r"([\d.]+)% below", told)
    assert [float(moved[0])] == [1.05], told
    assert set(moved) <= _measured(report)
    assert f"{2 * float(moved[0]):.2f}" not in _measured(report)


@pytest.mark.parametrize("pattern", WITHOUT_FIGURE)
def test_every_exception_is_still_one(pattern: str) -> None:
    found = [name for name, html in PAGES.items() if any(re.search(pattern, words) for words in Page(html).words)]
    assert found, f"no page says {pattern!r} any more: the exception is to go"


@each_page
def test_every_figure_says_where_it_comes_from(name: str) -> None:
    """A formula, a record, a row of the chain, a key of the fund file; and a link leads to a row of the same page."""
    ids = set(Page(PAGES[name]).ids)
    for where, figure in _figures(REPORTS[name].figures()):
        assert figure["source"], f"{name}: {where} ({figure['label']}) does not say where it comes from"
        row = str(figure["row"])
        assert not row or row in ids, f"{name}: {where} links to {row}, which the page does not have"


def test_what_the_feed_gave_links_to_the_row_of_its_origin() -> None:
    html = PAGES["rebalance of put at decision 20"]
    assert '<a href="#source-price">one unit of the instrument</a>' in html
    assert '<tr id="source-price">' in html


@pytest.mark.parametrize("name", [each for each in PAGES if each.startswith(("day of", "quarter of"))])
def test_each_figure_at_the_top_links_to_the_section_that_computes_it(name: str) -> None:
    report = REPORTS[name]
    assert isinstance(report, compliance.ComplianceReport)
    for figure in report.glance.values():
        assert f'<a href="#{figure.row}">{escape(figure.source)}</a>' in PAGES[name], f"{name}: {figure.label}"


@each_page
def test_json_is_json(name: str) -> None:
    figures = REPORTS[name].figures()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures, f"{name}: JSON does not read back"


@each_page
def test_same_report_gives_same_bytes(name: str) -> None:
    assert render(REPORTS[name]) == PAGES[name], f"{name}: two renderings differ"


@each_page
def test_page_asks_nobody_for_anything(name: str) -> None:
    html = PAGES[name]
    page = Page(html)
    assert "default-src 'none'" in html, f"{name}: no Content-Security-Policy"
    assert page.elements["script"] == page.elements["link"] == page.elements["img"] == 0, f"{name}: {page.elements}"
    links = re.findall(r"(?:src|href)=\"(?!#)([^\"]*)", html)
    outside = [link for link in links if not (name == "index" and re.fullmatch(r"[a-z0-9/-]+\.html", link))]
    assert not outside, f"{name}: {outside} point out of the page"
    assert not re.search(r"url\((?!#)", html), f"{name}: a style points out of the page"
    assert "@import" not in html, f"{name}: a style sheet is imported"


@each_page
def test_ids_are_unique_and_size_is_modest(name: str) -> None:
    ids = Page(PAGES[name]).ids
    twice = {each for each in ids if ids.count(each) > 1}
    assert not twice, f"{name}: ids stand twice: {sorted(twice)[:5]}"
    assert len(PAGES[name].encode()) < 1_000_000, f"{name}: {len(PAGES[name].encode())} bytes"


@each_page
def test_every_chart_has_words_and_a_table(name: str) -> None:
    page = Page(PAGES[name])
    charts, panels = _charts(REPORTS[name]), _panels(REPORTS[name])
    assert PAGES[name].count('<svg class="chart wide"') == charts, f"{name}: a chart is missing"
    assert PAGES[name].count('<svg class="chart small"') == panels, f"{name}: a panel is missing"
    assert page.elements["desc"] == 2 * charts + panels, f"{name}: a picture has no description"
    glossary = PAGES[name].count('<details class="glossary">')
    assert glossary == (REPORTS[name].head.kind in {"comparison", "backtest"}), f"{name}: measures without definitions"
    assert page.elements["details"] == charts + panels + glossary, f"{name}: a chart has no table"


def test_watermark_says_that_no_money_moved() -> None:
    name = "rebalance of put at decision 20"
    assert '<div class="watermark" aria-hidden="true"><span>REPLAY</span></div>' in PAGES[name], "no watermark"
    report = REPORTS[name]
    live_head = dataclasses.replace(report.head, stage="live", watermark="")
    assert 'class="watermark"' not in render(dataclasses.replace(report, head=live_head)), "a live fund has a watermark"


@each_page
def test_every_table_has_a_caption_and_the_figures_of_a_chart_name_it(name: str) -> None:
    html = PAGES[name]
    bare = [table[:90] for table in re.findall(r"<table[^>]*>\s*(?!<caption).{60}", html, re.DOTALL)
            if not re.match(r"<table[^>]*>\s*<caption", table)]  # fmt: skip
    assert not bare, f"{name}: {bare[:3]} have no caption"
    for summary in re.findall(r"<summary>(.*?)</summary>", html):
        assert summary != "Figures of this chart", f"{name}: a summary does not say of which chart"


def test_a_version_stands_in_title_and_running_head() -> None:
    html = PAGES["correction"]
    assert re.search(r"<title>[^<]*, version 2 ·", html), "the title does not tell the versions apart"
    assert re.search(r"@top-right [^\n]*version 2", html.replace("\\00002c ", ",")), "nor does the running head"
    assert ", version" not in PAGES["day of cppi"].split("</title>")[0]


def test_instants_are_told_on_the_exchange_s_clock_too() -> None:
    html = PAGES["rebalance of put at decision 20"]
    assert "Exchange time is America/New_York." in html
    instants = [written for _, written in Page(html).instants if "UTC" in written]
    assert instants, "the page of a decision tells no instant"
    assert all(re.search(r"UTC \(.*E[DS]T\)$", written) for written in instants), instants


def test_a_desk_that_moves_no_money_says_so_across_its_front_page() -> None:
    report = REPORTS["index"]
    assert isinstance(report, index.IndexReport)
    fund, records = lived(PUT)
    stages: tuple[Stage, ...] = ("replay", "paper", "live")
    for stage, word in zip(stages, ("REPLAY", "PAPER", ""), strict=True):
        rows = [index.Standing(dataclasses.replace(fund, stage=stage), None), index.Standing(fund, records[-1])]
        made = index.build("Desk", rows[:1], (), (), ANCHOR, VERSION)
        assert (made.head.watermark, made.funds[0].stage) == (word, word)
        html = render(made)
        assert ('class="watermark"' in html) is bool(word)
        assert (f'<span class="stage">{word}</span> <span class="judged' in html) is bool(word)
    mixed = [index.Standing(dataclasses.replace(fund, stage=each), None) for each in stages[:2]]
    assert index.build("Desk", mixed, (), (), ANCHOR, VERSION).head.watermark == "NOT LIVE"


def test_a_command_in_a_sentence_has_no_marks_on_a_page() -> None:
    told = index.build("Desk `x`", (), (), ("Lift it (`insure lift tested`).",), ANCHOR, VERSION)
    html = render(told)
    assert "Lift it (insure lift tested)." in html
    assert "Desk `x`" in html, "a name is shown as it is"


def test_the_table_of_a_long_chart_has_the_ends_of_each_month_and_of_each_line() -> None:
    days = tuple(dt.date(2008, 9, 1) + dt.timedelta(days=n) for n in range(61))
    low = tuple(None if n == 3 else float(abs(n - 17)) for n in range(61))
    high = tuple(float(-abs(n - 40)) for n in range(61))
    chart = Chart("k", "t", "d", "money", days, (Line("a", "fund", low), Line("b", "floor", high)))
    assert chart.table == (0, 17, 29, 40, 60), "the least of a, the ends of months, the greatest of b, the last"


@each_page
def test_json_keeps_to_its_published_schema(name: str) -> None:
    report = REPORTS[name]
    path = REPOSITORY / "docs" / "schemas" / f"{report.head.kind}.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    faults = list(jsonschema.Draft202012Validator(published).iter_errors(report.figures()))
    assert not faults, f"{name} breaks {path.name}: {faults[0].message} at {list(faults[0].absolute_path)}"


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_published_schema_is_that_of_the_code(kind: str) -> None:
    path = REPOSITORY / "docs" / "schemas" / f"{kind}.json"
    assert path.read_text(encoding="utf-8") == schemas.text(kind), (
        f"{path} is old: python -m reports.schemas docs/schemas"
    )


@pytest.mark.parametrize("kind", ["rebalance", "comparison", "stress"])
def test_hostile_names_add_no_element(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pictures take their time, and tests/reports/test_stress_report.py draws hostile labels.
    monkeypatch.setitem(_environment().filters, "picture", lambda picture: picture.key)
    assert len(NAMES) >= 200, "fewer hostile names than promised"
    fund = contract()
    records = live(fund, prices(3))
    tame = _page_without_charts(kind, "Tame", records)
    for name in NAMES:
        page = _page_without_charts(kind, name, records)
        assert page.elements == tame.elements, f"{name!r} changed the elements: {page.elements - tame.elements}"
        assert page.attributes == tame.attributes, f"{name!r} changed the attributes"
        assert "".join(page.words).count(name) >= 2, f"{name!r} is not shown as it is"


def test_hostile_words_of_controls_alerts_and_corrections_add_no_element() -> None:
    """Whatever a person, a broker or a custodian writes into the book."""
    tame = [Page(render(report)) for report in _told("Tame")]
    for name in NAMES[::2]:
        for report, expected in zip(_told(name), tame, strict=True):
            page = Page(render(report))
            assert page.elements == expected.elements, f"{name!r} changed the elements of {report.head.kind}"
            assert page.attributes == expected.attributes, f"{name!r} changed the attributes of {report.head.kind}"
            assert name in "".join(page.words), f"{name!r} is not shown as it is on {report.head.kind}"


def _told(words: str) -> tuple[Report, Report]:
    """A compliance and an event report in which everything that somebody may write is ``words``."""
    # Long cells get room of their own: all are long, so that every page has the same attributes.
    long = f"{words} {'.' * 30}"
    fund, records = lived(CPPI)
    history = records[:3]
    told = {"sentence": long, "by": long, "open": words}
    rows = [entry(kind, told, 90 + number) for number, kind in enumerate(KINDS)]
    evidence = dataclasses.replace(
        evidence_of(fund, history),
        controls=controls_facts(rows),
        alerts=(KeptAlert(1, "A", long, rows[0].at, rows[0].at, long, long),),
        verification=words,
        libraries={"numpy": long},
    )
    period = history[0].session, history[2].session
    found = compliance.build(fund, facts_of(fund, history, *period), history, ANCHOR, evidence)
    corrects = Correction("compliance-2008-09-02.html", "c0" * 32, words)
    corrected = dataclasses.replace(found, head=dataclasses.replace(found.head, version=2, corrects=corrects))
    happened = happening(rows[0], None)
    report = event.build(happened, fund, history[:1], rows, desk=words, code_version=VERSION)
    return corrected, report


def test_style_sheet_keeps_hostile_names_inside_their_string() -> None:
    for name in NAMES:
        written = _environment().filters["css_string"](name)
        assert re.fullmatch(r'"(?:[A-Za-z0-9 ]|\\[0-9a-f]{6} )*"', written), f"{name!r} becomes {written}"


def test_unknown_name_in_a_template_is_an_error() -> None:
    template = _environment().from_string("{{ head.colour }}")
    with pytest.raises(UndefinedError):
        template.render(head=REPORTS["comparison of put"].head)


def test_everything_is_escaped_whatever_the_template_is_called() -> None:
    assert _environment().from_string("{{ name }}").render(name="<b>") == "&lt;b&gt;", "autoescape is off"


def test_kind_without_template_is_refused() -> None:
    report = REPORTS["comparison of put"]
    stranger: Head = dataclasses.replace(report.head, kind="../secrets")
    with pytest.raises(InvalidInput, match="no template"):
        render(dataclasses.replace(report, head=stranger))


def test_templates_are_found_beside_the_package() -> None:
    assert (template_folder() / "style.css").is_file(), f"{template_folder()} has no style sheet"
    assert template_folder() == Path(rebalance.__file__).parent.parent / "templates"


def _page_without_charts(kind: str, name: str, records: list[Record]) -> Page:
    fund = dataclasses.replace(contract(), name=name, instrument=name)
    if kind == "stress":
        return Page(render(_hostile_stress(fund, name)))
    if kind == "comparison":
        return Page(render(dataclasses.replace(comparison.build(fund, records, ANCHOR), charts=())))
    return Page(render(dataclasses.replace(rebalance.build(fund, records[-1], records, ANCHOR), charts=())))


def _hostile_stress(fund: Fund, name: str) -> StressReport:
    """A stress report whose scenario and its steps have the name too; pictures draw it."""
    result = stressed(PUT, None)
    journey = result.scenarios[-1].journey
    points = tuple(point._replace(label=name) for point in journey.points)
    own = dataclasses.replace(journey, scenario=name, title=name, source=name, points=points)
    scenario = dataclasses.replace(result.scenarios[-1], journey=own, comparison=())
    record = lived(PUT)[1][20]
    few = dataclasses.replace(result, scenarios=(scenario,), gaps=result.gaps[:1], herd=None, not_computed=(name,))
    report = build(fund, record, few, ANCHOR, PROGRAM)
    return dataclasses.replace(report, parts=tuple(part for part in report.parts if part.key != "formulas"))


@each_page
def test_lines_that_share_a_chart_are_held_apart_by_their_colours(name: str) -> None:
    """tests/reports/test_colours.py measures the colours of lines that stand together."""
    shared = [{line.role for line in lines} for lines in _drawn_together(REPORTS[name])]
    assert all(any(roles <= set(group) for group in TOGETHER) for roles in shared), f"{name}: {shared}"


def _drawn_together(value: object) -> Iterator[tuple[Line, ...]]:
    if isinstance(value, list | tuple):
        if value and all(isinstance(each, Line) for each in value):
            yield tuple(each for each in value if isinstance(each, Line))
        for each in value:
            yield from _drawn_together(each)
    elif isinstance(value, dict):
        yield from _drawn_together(list(value.values()))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            yield from _drawn_together(getattr(value, each.name))


def _panels(report: Report) -> int:
    return sum(len(part.panels) for part in report.parts) if isinstance(report, StressReport) else 0


def _charts(report: Report) -> int:
    if isinstance(report, StressReport):
        return sum(len(part.pictures) for part in report.parts)
    if isinstance(report, compliance.ComplianceReport):
        return sum(len(section.charts) for section in report.sections) + len(report.slippage_charts)
    return 0 if isinstance(report, index.IndexReport) else len(report.charts)


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _figures(value: object, where: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(value, dict):
        if {"label", "value", "unit", "source", "row"} == set(value):
            yield where, value
            return
        for name, each in value.items():
            yield from _figures(each, f"{where}.{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _figures(each, f"{where}[{number}]")


def _plain_text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _stands_for(written: str, value: str) -> bool:
    """Whether the written number is the exact one, scaled as its unit says, to the decimals it shows."""
    if written.startswith("under "):
        return Decimal(value) * 100 < Decimal(written.removeprefix("under ").removesuffix("%"))
    digits = re.search(r"[\d,]+(?:\.\d+)?", written)
    assert digits is not None, f"{written!r} has no number"
    shown = Decimal(digits[0].replace(",", ""))
    if "\u2212" in written:
        shown = -shown
    exact = Decimal(value) * (100 if "%" in written or "points" in written else 1)
    places = len(digits[0].partition(".")[2])
    return abs(shown - exact) <= Decimal(1).scaleb(-places) / 2

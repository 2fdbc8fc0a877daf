"""The stress report shows what the stress found, says what breaks the floor and what does not, and is sealed."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from insure.errors import InvalidInput
from insure.stress import StressResult
from insure.stress.models import ModelFigure
from reports import filters
from reports.figures import Figure, NotComputed, Unit
from reports.html import render
from reports.pictures import Curves, Panel, Ranges, Spread, Waterfall
from reports.stress import StressReport, build, intact
from reports.stress import charts as stress_charts
from reports.stress.formulas import FORMULAS
from reports.stress.parts import BROKEN, HOLDS, Entry, Listing, Part
from tests.reports.hostile import NAMES
from tests.reports.lives import ANCHOR, HOLD, PUT, lived
from tests.reports.pages import Page
from tests.reports.stressed import MOMENT, PATHS, PROGRAM, stress_report, stressed

each_strategy = pytest.mark.parametrize("strategy", [PUT, HOLD], ids=["put", "hold"])


def _part(report: StressReport, key: str) -> Part:
    return next(part for part in report.parts if part.key == key)


def _listings(report: StressReport) -> dict[str, Listing]:
    return {listing.key: listing for part in report.parts for listing in part.listings}


def _cells(listing: Listing, row: Entry) -> dict[str, Figure]:
    return {column.name: cell for column, cell in zip(listing.columns, row.cells, strict=True)}


def _money(figure: Figure) -> float:
    assert isinstance(figure.value, int | float), f"{figure.label} is {figure.value!r}"
    return float(figure.value)


def _rebuilt(result: StressResult, strategy: str = PUT) -> StressReport:
    fund, records = lived(strategy)
    return build(fund, records[MOMENT], result, ANCHOR, PROGRAM)


@each_strategy
def test_the_gap_ladder_is_that_of_the_result(strategy: str) -> None:
    report, result = stress_report(strategy), stressed(strategy)
    ladder = _listings(report)["ladder"]
    rungs = {rung.move: rung for rung in result.gaps}
    assert len(ladder.rows) == 15
    for row in ladder.rows:
        cells, rung = _cells(ladder, row), rungs[_money(row.label)]
        assert cells["Fund"].value == rung.nav
        assert cells["Trade"].value == rung.trade_money
        if rung.floor is None:
            assert "Floor" not in cells, "a fund without floor has a column for it"
        else:
            assert _money(cells["Shortfall"]) == pytest.approx(max(rung.floor - rung.nav, 0.0))
            assert cells["Floor holds"].value == (BROKEN if rung.breached else HOLDS)
            assert (row.tone == "bad") is rung.breached
    picture = _part(report, "gaps").pictures[0]
    assert isinstance(picture, Curves)
    assert len(picture.xs) == len(result.gaps), "the picture leaves moves out"
    assert list(picture.xs) == sorted(picture.xs)


@each_strategy
def test_scenario_causes_add_up_row_by_row(strategy: str) -> None:
    listings = _listings(stress_report(strategy))
    nav = stressed(strategy).nav
    for key in ("crises-causes", "shapes-causes"):
        for row in listings[key].rows:
            *causes, total = (_money(cell) for cell in row.cells)
            assert sum(causes) == pytest.approx(total, abs=1e-9 * nav), f"{row.label.value} does not add up"


@each_strategy
def test_the_waterfall_adds_up_to_the_mean_of_slippage(strategy: str) -> None:
    report, study = stress_report(strategy), stressed(strategy).model
    assert study is not None
    (picture,) = _part(report, "attribution").pictures
    assert isinstance(picture, Waterfall)
    mean = study.figures["slippage_mean"]
    assert (picture.total.value, picture.total.error) == (mean.value, mean.standard_error)
    # Causes below half a cent are left out.
    assert sum(fall.value for fall in picture.falls) == pytest.approx(picture.total.value, abs=0.05)
    assert all(fall.error >= 0.0 for fall in picture.falls)


@each_strategy
def test_the_spread_counts_every_path_and_marks_the_quantiles(strategy: str) -> None:
    report, study = stress_report(strategy), stressed(strategy).model
    assert study is not None
    part = _part(report, "distribution")
    (picture,) = part.pictures
    assert isinstance(picture, Spread)
    assert picture.below + sum(picture.counts) + picture.above == PATHS
    marks = {mark.label: mark.at for mark in picture.marks}
    for name, label in (
        ("q01", "1%"),
        ("q05", "5%"),
        ("q50", "median"),
        ("q95", "95%"),
        ("q99", "99%"),
        ("mean", "mean"),
    ):
        assert marks[label] == study.figures[f"slippage_{name}"].value
    assert (part.figures["paths"].value, part.figures["seed"].value) == (PATHS, 7)


@each_strategy
def test_strategies_stand_on_the_same_paths_with_paired_errors(strategy: str) -> None:
    report, study = stress_report(strategy), stressed(strategy).model
    assert study is not None
    assert study.paired is not None
    values, differences = _part(report, "strategies").pictures
    assert isinstance(values, Ranges)
    assert isinstance(differences, Ranges)
    assert [row.label for row in values.rows] == [pair.strategy for pair in study.paired.pairs]
    assert sum(row.own for row in values.rows) == 1
    assert len(differences.rows) == len(values.rows) - 1, "the fund's own rule has no difference to itself"
    for row in differences.rows:
        pair = next(pair for pair in study.paired.pairs if pair.strategy == row.label)
        low, middle, high = row.values
        assert middle == pair.difference.value
        assert high - low == pytest.approx(2.0 * 1.96 * pair.difference.standard_error, rel=1e-3)


def test_panels_show_halts_part_fills_and_the_breach() -> None:
    panels = {panel.title: panel for part in stress_report(PUT).parts for panel in part.panels}
    journeys = {each.journey.title: each.journey for each in stressed(PUT).scenarios}
    assert panels["October 1997"].shut, "the closed market of 27 October 1997 is not marked"
    assert panels["October 1987"].thin, "the part fills of October 1987 are not marked"
    for title, panel in panels.items():
        points = journeys[title].points
        assert panel.shut == tuple(i for i, point in enumerate(points) if not point.tradable)
        lines = {line.role: line for line in panel.lines}
        assert lines["fund"].values == tuple(point.nav for point in points)
        breach = journeys[title].breach
        assert (panel.breach is None) is (breach is None)
        if panel.breach is not None and breach is not None:
            assert points[panel.breach] == breach
            assert BROKEN in panel.notes[1]
        else:
            assert panel.notes[1].startswith(HOLDS)


def test_a_long_panel_keeps_its_breach_and_its_end_in_a_short_table() -> None:
    panel = next(each for part in stress_report(PUT).parts for each in part.panels if len(each.labels) > 60)
    long = replace(panel, breach=41)
    assert len(long.shown) <= 28
    assert {41, len(long.labels) - 1} <= set(long.shown)
    assert long.grid.note


def test_what_breaks_the_floor_stands_before_what_does_not() -> None:
    listing, result = _listings(stress_report(PUT))["breaks"], stressed(PUT)
    tones = [row.tone for row in listing.rows]
    assert tones == sorted(tones, reverse=True), "rows that break the floor are not first"
    told = {str(row.label.value): _cells(listing, row)["Floor holds"].value for row in listing.rows}
    for each in result.scenarios:
        assert told[each.journey.title] == (BROKEN if each.journey.breach else HOLDS)
    first = max(rung.move for rung in result.gaps if rung.breached)
    assert told[f"an instant fall of {-first:.0%} or more"] == BROKEN


def test_the_verdict_says_whether_the_floor_holds() -> None:
    broken = stress_report(PUT)
    assert (broken.verdict.mark, broken.verdict.word.startswith("Floor breaks in")) == ("attention", True)
    titles = [each.journey.title for each in stressed(PUT).scenarios if each.journey.breach is not None]
    assert len(titles) == len(stressed(PUT).breached)
    assert all(title in broken.verdict.notes[0] for title in titles)
    quiet = [each for each in stressed(PUT).scenarios if each.journey.breach is None]
    held = _rebuilt(replace(stressed(PUT), scenarios=tuple(quiet)))
    assert (held.verdict.mark, held.verdict.word) == ("good", "Floor holds in every scenario")
    assert stress_report(HOLD).verdict.word == "No floor to break"
    after = stress_report(PUT, None, 45)
    assert (after.verdict.mark, after.verdict.word) == ("bad", "At the floor")


@each_strategy
def test_every_simulated_figure_of_the_glance_carries_its_error_paths_and_seed(strategy: str) -> None:
    report, study = stress_report(strategy), stressed(strategy).model
    assert study is not None
    asked: tuple[tuple[str, str, Unit], ...] = (
        ("slippage_mean", "slippage_mean", "money"),
        ("slippage_q01", "slippage_q01", "money"),
        ("shortfall", "shortfall_probability", "probability"),
    )
    for key, name, unit in asked:
        figure, found = report.glance[key], study.figures[name]
        if isinstance(figure.value, NotComputed):
            continue
        assert figure.value == found.value
        assert found.standard_error is not None
        assert f"{PATHS} paths of the model gbm, seed 7" in figure.source, figure.source
        if found.standard_error > 0.0:
            written = filters.figure(found.standard_error, unit)
            assert f"standard error {written}" in figure.source, figure.source
        else:
            assert "95% interval" in figure.source, figure.source


def test_a_chance_that_no_path_had_is_told_with_what_that_proves() -> None:
    result = stressed(PUT)
    assert result.model is not None
    figures = dict(result.model.figures)
    for name in ("breach_probability", "shortfall_probability"):
        figures[name] = ModelFigure(0.0, 0.0)
    report = _rebuilt(replace(result, model=replace(result.model, figures=figures)))
    chances = _listings(report)["chances"]
    rows = {row.key: _cells(chances, row) for row in chances.rows}
    bound = 1.0 - 0.025 ** (1.0 / PATHS)
    for name in ("breach_probability", "shortfall_probability"):
        assert (_money(rows[name]["Share of paths"]), _money(rows[name]["95%: from"])) == (0.0, 0.0)
        assert _money(rows[name]["to"]) == pytest.approx(bound, rel=1e-9)
    assert filters.probability(bound) in report.glance["shortfall"].source, report.glance["shortfall"].source
    for row in chances.rows:
        cells = _cells(chances, row)
        assert _money(cells["95%: from"]) <= _money(cells["Share of paths"]) <= _money(cells["to"]), row.key


def test_a_missed_guarantee_says_by_how_much() -> None:
    report, study = stress_report(PUT), stressed(PUT).model
    assert study is not None
    assert study.paired is not None
    missed = _listings(report)["missed"]
    assert len(missed.rows) == len(study.paired.pairs)
    for row, pair in zip(missed.rows, study.paired.pairs, strict=True):
        cells = _cells(missed, row)
        assert cells["Guarantee missed"].value == pair.shortfall_probability.value
        if pair.shortfall_size is None:
            assert isinstance(cells["Missing there"].value, NotComputed)
            continue
        assert cells["Missing there"].value == pair.shortfall_size.value > 0.0
        assert pair.shortfall_size.value <= study.paired.guarantee - 0.0
    own = next(pair for pair in study.paired.pairs if pair.own)
    assert own.shortfall_size is not None
    assert filters.money(own.shortfall_size.value) in _part(report, "strategies").sentence


def test_below_the_floor_the_simulation_does_what_the_fund_would_not() -> None:
    report = stress_report(PUT)
    told = "In the simulation: at or below the floor the rule goes on; live everything would become cash."
    assert told in report.verdict.notes, "the glance's figures stand without it"
    assert told in _part(report, "distribution").paragraphs
    assert told not in stress_report(HOLD).verdict.notes, "a fund without floor"


def test_combinations_that_all_break_the_floor_are_one_sentence() -> None:
    result = stressed(PUT)
    assert result.reverse is not None
    assert result.reverse.frontier is not None
    frontier = result.reverse.frontier
    gone = replace(frontier, gaps=tuple(tuple(None for _ in row) for row in frontier.gaps))
    report = _rebuilt(replace(result, reverse=replace(result.reverse, frontier=gone)))
    assert "combinations" not in _listings(report)
    told = [said for said in _part(report, "reverse").missing if "the floor is broken without a gap" in said]
    assert len(told) == 1, _part(report, "reverse").missing
    assert frontier.assumption in told[0]
    some = replace(frontier, gaps=((0.05, *frontier.gaps[0][1:]), *frontier.gaps[1:]))
    mixed = _rebuilt(replace(result, reverse=replace(result.reverse, frontier=some)))
    assert len(_listings(mixed)["combinations"].rows) == len(frontier.delays), "one combination holds"


def test_the_page_is_marked_as_simulated() -> None:
    report = stress_report(PUT)
    assert report.head.watermark == "SIMULATED"
    assert '<div class="watermark long" aria-hidden="true"><span>SIMULATED</span></div>' in render(report)


def test_what_was_not_simulated_says_why() -> None:
    report = stress_report(PUT, None)
    assert isinstance(report.glance["slippage_mean"].value, NotComputed)
    for key in ("distribution", "attribution", "strategies"):
        assert _part(report, key).missing[0] == "not computed: no model was asked for"
    refused = _rebuilt(replace(stressed(PUT, None), not_computed=("not computed: model gbm: nothing lies ahead.",)))
    assert _part(refused, "distribution").missing == ("not computed: model gbm: nothing lies ahead",)


def test_assumptions_are_told_in_full() -> None:
    report, result = stress_report(PUT), stressed(PUT)
    assert result.model is not None
    part = _part(report, "assumptions")
    for name in ("model", "paths", "seed", "steps", "commission", "half_spread", "band", "market", "library_numpy"):
        assert name in part.figures, f"{name} is not told"
    assert part.paragraphs == result.model.assumptions
    sources = {str(row.label.value) for row in _listings(report)["sources"].rows}
    assert sources == {each.journey.title for each in result.scenarios}, "a scenario's source is missing"
    fitted = {str(row.label.value) for row in _listings(report)["calibration"].rows}
    assert {"gbm: vol", "fitted jumps: jump intensity"} <= fitted


@each_strategy
def test_every_formula_has_its_row_and_is_used(strategy: str) -> None:
    html = render(stress_report(strategy))
    ids = set(Page(html).ids)
    linked = set(re.findall(r"<a href=\"#([^\"]+)\"", html))
    assert linked <= ids, f"links lead nowhere: {linked - ids}"
    assert {formula.row for formula in FORMULAS} <= ids
    assert len([row for row in linked if row.startswith("formula-")]) > 20


def _numbers(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, (*path, key))
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from _numbers(each, (*path, i))
    elif isinstance(value, float):
        yield path


def test_the_seal_breaks_with_any_number() -> None:
    kept = json.dumps(stress_report(PUT).figures(), ensure_ascii=False)
    assert intact(json.loads(kept))
    paths = list(_numbers(json.loads(kept)))
    for path in paths[:: max(len(paths) // 12, 1)]:
        changed = json.loads(kept)
        node = changed
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] += 0.01
        assert not intact(changed), f"{path} was changed unseen"
    assert not intact({})


def test_the_seal_holds_for_a_later_version_of_the_same_figures() -> None:
    report = stress_report(PUT)
    again = replace(report, head=replace(report.head, version=2))
    assert intact(again.figures())


def test_a_result_of_another_fund_or_day_is_refused() -> None:
    fund, records = lived(PUT)
    with pytest.raises(InvalidInput, match="result is of 'guarded' on"):
        build(fund, records[MOMENT + 1], stressed(PUT), ANCHOR, PROGRAM)


def test_hostile_labels_of_steps_are_drawn_as_words() -> None:
    panel = next(panel for part in stress_report(PUT).parts for panel in part.panels)
    tame = Page(stress_charts.draw(panel))
    for name in NAMES[::7]:
        hostile = replace(panel, title=name, description=name, labels=(name,) * len(panel.labels))
        drawn = Page(stress_charts.draw(hostile))
        assert drawn.elements["text"] == tame.elements["text"], f"{name!r} changed the letters"
        assert drawn.elements["script"] == drawn.elements["img"] == 0, f"{name!r} added an element"
        assert not [name for name in drawn.attributes if name.startswith("on")], f"{name!r} added a handler"


@each_strategy
def test_pictures_are_the_same_bytes_and_stay_small(strategy: str) -> None:
    for part in stress_report(strategy).parts:
        for picture in (*part.pictures, *part.panels):
            drawn = stress_charts.draw(picture)
            assert drawn == stress_charts.draw(picture), f"{picture.key}: two drawings differ"
            assert drawn.count("<svg") == (1 if isinstance(picture, Panel) else 2)
            assert len(drawn) < 90_000, f"{picture.key} has {len(drawn)} letters"
            assert not re.search(r"#0f0f0[0-9a-f]", drawn), f"{picture.key} has an ink that no style sheet knows"

"""The page of a sweep: its picture and its table are the sweep's figures, with standard errors, marked as simulated."""

import json
import re
from functools import lru_cache

import jsonschema
import pytest

from insure.simulation.optimise import Axes, Optimum, optimise
from reports import schemas
from reports.frontier import draw
from reports.html import render
from reports.optimise import OptimiseReport, build
from tests.reports.lives import ANCHOR, CPPI, PUT, VERSION, lived
from tests.reports.stressed import history


@lru_cache(maxsize=4)
def found(strategy: str) -> Optimum:
    fund, records = lived(strategy)
    record = records[-1]
    snapshot = record.decision.snapshot
    return optimise(
        fund,
        value=1e6,
        spot=float(snapshot.price),
        vol=0.2,
        rate=0.03,
        dividend_yield=0.0,
        closes=history(),
        axes=Axes(bands=(0.0, 0.03), every=(1, 5), floors=(0.8,), cost_bps=(25.0,)),
        paths=512,
        seed=3,
        workers=1,
    )


@lru_cache(maxsize=4)
def report(strategy: str) -> OptimiseReport:
    return build(found(strategy), lived(strategy)[1][-1], ANCHOR, VERSION)


@pytest.mark.parametrize("strategy", [PUT, CPPI])
def test_the_table_is_the_sweep(strategy: str) -> None:
    sweep, made = found(strategy).sweep, report(strategy)
    basis = 1e4 / sweep.recipe.value
    assert len(made.rows) == len(sweep.studies)
    for row in made.rows:
        k = int(row.key.removeprefix("point-"))
        assert row.cost.value == basis * sweep.cost(k).value
        assert row.tracking.value == basis * sweep.tracking_error(k).value
        assert row.tracking_error.value == basis * sweep.tracking_error(k).standard_error
        assert row.every.value == sweep.recipe.trading(k).every
    assert [row.said for row in made.rows if "best" in row.said]
    assert made.verdict.sentence == found(strategy).sentence
    assert made.verdict.notes[0] == found(strategy).breaches


def test_the_picture_has_the_points_that_compare() -> None:
    result, made = found(PUT), report(PUT)
    comparable = [k for k in range(len(result.sweep.studies)) if result.sweep.comparable(k, result.current)]
    assert len(made.picture.ways) == len(comparable)
    assert sum(way.best for way in made.picture.ways) == 1
    assert sum(way.own for way in made.picture.ways) == 1
    assert sum(way.efficient for way in made.picture.ways) == len(result.frontier)
    assert all(way.tracking_error > 0.0 for way in made.picture.ways)


@pytest.mark.parametrize("strategy", [PUT, CPPI])
def test_the_page_stands_alone(strategy: str) -> None:
    page = render(report(strategy))
    assert page == render(report(strategy)), "the same report gave another page"
    assert ">SIMULATED<" in page
    assert not re.findall(r"(?:src|href)=\"(?!#)", page), "the page asks for something"
    assert "Tracking error, bps" in page
    assert "Standard error" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "an id stands twice"


def test_the_json_is_of_its_schema() -> None:
    jsonschema.validate(json.loads(json.dumps(report(CPPI).figures(), allow_nan=False)), schemas.schema("optimise"))


def test_the_same_data_gives_the_same_picture() -> None:
    assert draw(report(PUT).picture) == draw(report(PUT).picture)
    assert draw(report(PUT).picture).count("<svg") == 2

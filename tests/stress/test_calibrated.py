"""Models out of a fund's own history: every number with a word on where it comes from, and found again where it is."""

import math
from dataclasses import fields

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.simulation import Heston, Model, Recipe
from insure.simulation.engine import draw
from insure.strategies import BuyAndHold
from insure.stress.calibrated import NAMES, Calibrated, calibrated
from insure.stress.position import Position
from tests.stress.standing import begun, seen

_TRUE = Heston(0.04, 0.04, 4.0, 0.5, -0.7, 0.06)


@pytest.fixture(scope="module")
def closes() -> FloatArray:
    """Sixteen years of Heston's paths, with a jump a year on average."""
    recipe = Recipe(strategies=(BuyAndHold(1.0),), model=_TRUE, years=16.0, steps=16 * 252, paths=256, seed=3)
    spots, random = draw(recipe, 0, 1)[0], np.random.default_rng(5)
    jumps = np.where(random.uniform(size=spots.size) < 1.0 / 252.0, random.normal(-0.02, 0.08, spots.size), 0.0)
    return np.asarray(spots * np.exp(np.cumsum(jumps)))


@pytest.fixture(scope="module")
def position() -> Position:
    return begun(seen(rate=0.035, dividend_yield=0.01))


def _value(found: Calibrated, name: str) -> float:
    return next(parameter.value for parameter in found.parameters if parameter.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_every_model_says_where_it_comes_from(
    name: str, closes: FloatArray, position: Position
) -> None:
    found = calibrated(position, name, closes)
    for parameter in found.parameters:
        assert math.isfinite(parameter.value), parameter
        assert len(parameter.origin) > 20, f"{parameter.name} does not say where it comes from"
        if parameter.standard_error is None:
            assert any(word in parameter.origin for word in ("no error", "the rate of the last decision"))
        else:
            assert parameter.standard_error > 0.0
            assert "returns of the fund's own history" in parameter.origin
    assert found.model.drift == position.snapshot.rate
    assert _value(found, "drift") == position.snapshot.rate
    _same(found.model, found)


def _same(model: Model, found: Calibrated) -> None:
    """What is told is what is simulated; of regimes the probability is told, and the likelier one begins."""
    told = {parameter.name: parameter.value for parameter in found.parameters}
    for field in fields(model):  # type: ignore[arg-type]  # models are values
        if field.name in told and field.name != "wild":
            assert getattr(model, field.name) == told[field.name], field.name


def test_the_hedge_volatility_stands_in_for_a_short_history(position: Position) -> None:
    found = calibrated(position, "gbm", [100.0, 101.0])
    assert found.model.annual_vol == position.vol
    assert "too short to estimate from, 250 are needed" in found.parameters[0].origin


def test_dividends_are_part_of_the_returns(closes: FloatArray) -> None:
    """Price returns of the history with today's dividend yield are what models are fitted to."""
    for name in ("gbm", "bootstrap"):
        plain = calibrated(begun(seen(rate=0.03)), name, closes).model
        paying = calibrated(begun(seen(rate=0.03, dividend_yield=0.04)), name, closes).model
        assert plain.drift == paying.drift
        assert plain.annual_vol == pytest.approx(paying.annual_vol, rel=1e-9), "a constant yield moves no deviation"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "gbm"])
def test_a_short_history_has_no_model(name: str, position: Position) -> None:
    with pytest.raises(InvalidInput, match=r"250 or more|needs 1000"):
        calibrated(position, name, [100.0, 101.0, 99.0])


def test_an_unknown_model_lists_the_known(position: Position) -> None:
    with pytest.raises(InvalidInput, match="model is 'sabr'; it must be one of gbm, merton, kou, heston, bates, boot"):
        calibrated(position, "sabr")

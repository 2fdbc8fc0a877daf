"""One call, one object: every table there, every gap in them explained, all of it JSON."""

import datetime as dt
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.simulation.crises import NAMES
from insure.simulation.scenario_file import SCENARIO_EXAMPLE, load_scenario
from insure.simulation.scenarios import Gap, Grind
from insure.stress import Pack, StressResult, crises, fit_jumps, standard_pack, stress
from tests.stress.standing import begun, seen

_DAYS = [dt.date(2000, 1, 1) + dt.timedelta(days=k) for k in range(1500)]


def _history() -> list[float]:
    rng = np.random.default_rng(8)
    returns = rng.normal(3e-4, 0.01, 1500)
    returns[[100, 500, 900, 1300]] -= 0.07
    return list(100.0 * np.exp(np.cumsum(returns)))


@pytest.fixture(scope="module")
def standard() -> StressResult:
    """The standard pack of one fund."""
    return stress(begun(seen(volume=1e5)), closes=_history())


def test_the_standard_pack_has_every_table(standard: StressResult) -> None:
    names = [each.journey.scenario for each in standard.scenarios]
    assert len(names) == 25
    for name in NAMES:
        assert name in names
    assert "1987-10 inside 1987-10-19" in names
    assert len(standard.gaps) == 49
    assert standard.survivable is not None
    assert standard.jumps is not None
    assert standard.jumps.jumps == 4
    assert standard.herd is not None
    assert standard.reverse is not None
    assert standard.not_computed == ()
    assert all(len(each.comparison) == 7 for each in standard.scenarios)
    assert "1987-10" in standard.breached


def test_every_attribution_in_the_pack_adds_up(standard: StressResult) -> None:
    for each in standard.scenarios:
        journey = each.journey
        assert journey.attribution is not None
        open_ = 0.0 if journey.end.slippage is None else journey.end.slippage
        whole = open_ + sum(end.slippage for end in journey.ends)
        assert sum(journey.attribution.values()) == pytest.approx(whole, abs=1e-9 * standard.nav), journey.scenario
        for rival in each.comparison:
            if rival.attribution is not None:
                assert sum(rival.attribution.values()) == pytest.approx(rival.slippage, abs=1e-9 * standard.nav)


def test_an_hour_of_outage_has_a_price(standard: StressResult) -> None:
    assert [outage.hours for outage in standard.outages] == [1.0, 2.0, 3.0, 5.0]
    costs = [outage.cost for outage in standard.outages]
    assert costs == sorted(costs), "a longer outage in a straight fall costs more"
    assert costs[0] > 0.0


def test_the_object_is_json(standard: StressResult) -> None:
    text = json.dumps(replace(standard, jumps=fit_jumps(_history(), _DAYS)).figures(), allow_nan=False)
    again = json.loads(text)
    assert set(again) >= {"gaps", "survivable", "scenarios", "herd", "reverse", "outages", "not_computed", "jumps"}


def test_the_same_position_gives_the_same_figures() -> None:
    pack = Pack(shapes=(Grind(sessions=5),), reverses=False, outages=False)
    position = begun()
    assert stress(position, pack, _history()).figures() == stress(position, pack, _history()).figures()


def test_what_was_not_computed_says_why() -> None:
    told = stress(begun(), Pack(shapes=(Gap(),), reverses=True))
    assert any(sentence.startswith("not computed: days of volume") for sentence in told.not_computed)
    assert told.survivable is not None
    assert any("probability under a jump model" in sentence for sentence in told.survivable.not_computed)
    assert told.reverse is not None
    assert any("with a jump" in sentence for sentence in told.reverse.not_computed)


def test_a_fund_without_floor_has_a_ladder_and_journeys() -> None:
    told = stress(begun(strategy={"kind": "buy_and_hold"}), Pack(gaps=(-0.2,), shapes=(Gap(),)))
    assert told.floor is None
    assert told.gaps[0].floor is None
    assert not told.gaps[0].breached
    assert told.scenarios[0].journey.lowest_cushion is None
    assert told.scenarios[0].comparison != ()


def test_a_protection_that_has_ended_is_told() -> None:
    position = begun(protection={"roll": "none"})
    over = replace(position, snapshot=seen(session=dt.date(2011, 3, 1)))
    told = stress(over, Pack(shapes=(Gap(), Grind(sessions=3)), market=None), _history())
    assert told.floor is None
    assert told.survivable is not None
    assert told.survivable.sentence.startswith("No protection period is in force")
    assert any("comparison of strategies" in sentence for sentence in told.not_computed)
    assert told.reverse is not None
    assert told.reverse.paths == ()
    assert all(each.journey.end.traded_units == 0.0 for each in told.scenarios)
    json.dumps(told.figures(), allow_nan=False)


@pytest.mark.parametrize("kind", ["static_put", "hybrid"])
def test_a_fund_that_bought_its_put(kind: str) -> None:
    """A bought put has no gap; half a bought put has half of it."""
    told = stress(begun(strategy={"kind": kind}), Pack(gaps=(-0.4,), shapes=(Gap(0.4),), market=None, reverses=False))
    assert told.gaps[0].slippage == pytest.approx(0.0 if kind == "static_put" else -76_000, abs=500.0)
    assert told.survivable is not None
    assert (told.survivable.fall is None) is (kind == "static_put")
    assert told.gaps[0].breached is (kind == "hybrid")
    assert (told.scenarios[0].journey.breach is not None) is (kind == "hybrid")


def test_a_scenario_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(SCENARIO_EXAMPLE, encoding="utf-8")
    told = stress(begun(), Pack(gaps=(), shapes=(load_scenario(file),), market=None, points=True))
    assert [each.journey.scenario for each in told.scenarios] == ["rebound"]
    rows = told.figures()["scenarios"]
    assert isinstance(rows, list)
    assert len(rows[0]["points"]) == 25


def test_an_unknown_crisis_lists_the_known() -> None:
    with pytest.raises(InvalidInput, match=r"crisis is 'tulips'; it must be one of 1929, 1987-10, .*, 2022"):
        crises(["tulips"])
    with pytest.raises(InvalidInput, match="strength is 11"):
        standard_pack(11.0)


def test_strength_and_first_day() -> None:
    day = dt.date(1987, 10, 16)
    (half,) = crises(["1987-10"], 0.5, day)
    path = half.path(100.0, rate=0.03, vol=0.2)
    assert path.spots[1] / path.spots[0] == pytest.approx(math.sqrt(224.84 / 282.70))


def test_models_that_cannot_be() -> None:
    quiet = Pack(gaps=(), market=None, reverses=False, outages=False, paths=512)
    with pytest.raises(InvalidInput, match="model is 'tulips'; it must be one of gbm, merton, kou, heston, bates"):
        stress(begun(), replace(quiet, model="tulips"))
    with pytest.raises(InvalidInput, match="paths is 1"):
        stress(begun(), replace(quiet, model="gbm", paths=1))
    told = stress(begun(), replace(quiet, model="merton"))
    assert told.model is None
    assert any(sentence.startswith("not computed: model merton: returns has shape") for sentence in told.not_computed)
    over = replace(begun(protection={"roll": "none"}), snapshot=seen(session=dt.date(2011, 3, 1)))
    ended = stress(over, replace(quiet, model="gbm"))
    assert any("there is nothing to simulate" in sentence for sentence in ended.not_computed)


def test_a_fund_that_has_bled_is_simulated_as_it_is() -> None:
    """No guarantee of its own can be bought with what is left; what happens to it can be told all the same."""
    bled = replace(begun(), snapshot=seen(60.0))
    asked = Pack(gaps=(), market=None, reverses=False, outages=False, model="gbm", paths=512)
    found = stress(bled, asked).model
    assert found is not None
    assert found.figures["shortfall_probability"].value == pytest.approx(1.0, abs=0.1)
    assert found.paired is None
    assert "A floor of" in found.paired_missing

"""Strategies on identical paths: the fund's own among them, differences tighter than means."""

import math
from dataclasses import replace

import pytest

from insure.stress.models import ModelResult, simulated
from insure.stress.paired import LEVELS, Paired
from tests.contracts import Toml
from tests.stress.standing import begun, seen

_KINDS: list[dict[str, Toml]] = [
    {"kind": "synthetic_put"},
    {"kind": "cppi", "multiplier": 3.0},
    {"kind": "tipp", "multiplier": 3.0},
    {"kind": "stop_loss"},
    {"kind": "static_put"},
    {"kind": "hybrid"},
    {"kind": "buy_and_hold", "weight": 0.5},
]


def _study(strategy: dict[str, Toml]) -> ModelResult:
    return simulated(begun(strategy=strategy), "gbm", paths=2_000, seed=5, workers=1)


def _paired(study: ModelResult) -> Paired:
    assert study.paired is not None, study.paired_missing
    return study.paired


@pytest.mark.parametrize("strategy", _KINDS, ids=lambda strategy: str(strategy["kind"]))
def test_the_funds_own_rule_is_the_one_that_was_simulated(strategy: dict[str, Toml]) -> None:
    study = _study(strategy)
    found = _paired(study)
    (own,) = [pair for pair in found.pairs if pair.own]
    assert len(found.pairs) == (8 if strategy["kind"] == "buy_and_hold" else 7)
    assert own.terminal.value == study.figures["terminal_mean"].value, "its paths are not those of the study"
    assert own.terminal.standard_error == study.figures["terminal_mean"].standard_error
    assert (own.difference.value, own.difference.standard_error) == (0.0, 0.0)
    assert (found.paths, found.seed, found.levels) == (2_000, 5, LEVELS)


def test_differences_are_those_of_means() -> None:
    found = _paired(_study({"kind": "synthetic_put"}))
    (own,) = [pair for pair in found.pairs if pair.own]
    for pair in found.pairs:
        assert pair.difference.value == pytest.approx(pair.terminal.value - own.terminal.value, abs=1e-6), pair.strategy
        assert list(pair.quantiles) == sorted(pair.quantiles), f"quantiles of {pair.strategy} do not rise"


def test_pairs_are_tighter_than_means() -> None:
    """A static put ends nearly where the fund does on each path: the difference is known far better than either."""
    found = _paired(_study({"kind": "synthetic_put"}))
    pairs = {pair.strategy: pair for pair in found.pairs}
    put, own = pairs["static put"], pairs["synthetic put"]
    apart = math.hypot(put.terminal.standard_error, own.terminal.standard_error)
    assert put.difference.standard_error < 0.25 * apart, "identical paths bring nothing"


def test_a_static_put_misses_the_guarantee_by_its_costs_only() -> None:
    found = _paired(_study({"kind": "synthetic_put"}))
    pairs = {pair.strategy: pair for pair in found.pairs}
    assert pairs["no hedge"].quantiles[0] < found.guarantee < pairs["no hedge"].quantiles[-1]
    assert pairs["static put"].quantiles[0] == pytest.approx(found.guarantee, rel=1e-3)


def test_what_cannot_be_afforded_is_told_and_the_study_stands() -> None:
    """A fund without promise has a study; a guarantee that costs more than there is leaves the rivals out."""
    dear = seen(rate=-0.4)
    position = begun(dear, strategy={"kind": "buy_and_hold"})
    fund = replace(position.fund, protection=replace(position.fund.protection, floor_fraction=1.0))
    study = simulated(replace(position, fund=fund), "gbm", paths=256, seed=1, workers=1)
    assert study.paired is None
    assert study.paired_missing.startswith("not computed: comparison on the simulated paths: ")
    assert study.figures["terminal_mean"].value is not None

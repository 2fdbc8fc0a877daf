"""Every hot loop is compiled to packed instructions: losing them is silent and costs a factor of five to eight."""

import platform
import re
from collections.abc import Callable

import pytest

from insure.simulation import kernels, ladders, library
from insure.simulation.compilation import WORLD, Kernel
from insure.strategies import Cppi, Opening, StopLoss, Strategy, SyntheticPut, Tipp

pytestmark = pytest.mark.skipif(
    platform.machine().lower() not in {"x86_64", "amd64"}, reason="the instructions looked for are those of x86"
)

STRATEGIES: dict[str, Strategy] = {
    "weight": SyntheticPut(90.0),
    "units": SyntheticPut(90.0, tracking="units"),
    "cppi": Cppi(90.0),
    "tipp": Tipp(),
    "stop loss": StopLoss(90.0),
}


def is_packed(build: Callable[[], Kernel], share: float) -> None:
    """Compile anew and count: so large a share of the arithmetic works on packs of numbers."""
    assembly = build().assembly()
    packed = len(re.findall(r"\bv(?:mul|add|sub|div|fn?m(?:add|sub)\d+|sqrt)pd\b.*[yz]mm", assembly))
    single = len(re.findall(r"\bv?(?:mul|add|sub|div|fn?m(?:add|sub)\d+|sqrt)sd\b", assembly))
    assert packed > 0, f"no packed arithmetic at all, {single} scalar instructions"
    assert packed >= share * (packed + single), f"{packed} packed and {single} scalar instructions: a loop came undone"


@pytest.fixture(autouse=True)
def _compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what was compiled in this process can be read."""
    monkeypatch.setattr("insure.simulation.compilation._Shelf.load_overload", lambda *_: None)
    monkeypatch.setattr("insure.simulation.compilation._Shelf.save_overload", lambda *_: None)


@pytest.mark.parametrize("name", STRATEGIES)
def test_rules_are_packed(name: str) -> None:
    strategy = STRATEGIES[name]
    start = strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2))
    is_packed(lambda: kernels.rule_stage(strategy.rule, len(start.terms), vol_along_path=False), 0.4)


def test_twin_and_ladder_are_packed() -> None:
    is_packed(lambda: kernels.twin_stage(nights=False, control=True), 0.4)
    is_packed(ladders.plain_ladder, 0.4)
    is_packed(lambda: ladders.plain_ladder(causes=False), 0.4)


@pytest.mark.parametrize("model", sorted(library._WORLDS))  # all that there are
def test_models_are_packed(model: str) -> None:
    build = library._WORLDS[model]
    is_packed(lambda: Kernel(build(nights=False), WORLD, f"world-{model}"), 0.4)


def test_the_guard_sees_a_loop_that_came_undone() -> None:
    """A rule that iterates until it has converged cannot be packed."""
    rule = SyntheticPut(90.0, tracking="resolve").rule
    with pytest.raises(AssertionError, match="scalar"):
        is_packed(lambda: kernels.rule_stage(rule, 5, vol_along_path=False), 0.4)

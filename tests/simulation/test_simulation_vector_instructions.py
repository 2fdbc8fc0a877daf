"""Every hot loop is compiled to packed instructions: losing them is silent and costs a factor of five to eight."""

import platform
import re
from collections.abc import Callable

import pytest

from insure.simulation import kernels, ladders, library, short_ladder
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


_LABEL, _JUMP = re.compile(r"^(\.\w+):"), re.compile(r"^\s+j\w+\s+(\.\w+)")
_PACKED = re.compile(r"\bv(?:mul|add|sub|div|fn?m(?:add|sub)\d+|sqrt)pd\b.*[yz]mm")
_SINGLE = re.compile(r"\bv?(?:mul|add|sub|div|fn?m(?:add|sub)\d+|sqrt)sd\b")


def inner_loops(assembly: str) -> list[list[str]]:
    """The lines between a label and a jump back to it, where no other loop lies between them."""
    lines = assembly.splitlines()
    labels: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        if found := _LABEL.match(line):
            labels[found[1]] = number
        elif (found := _JUMP.match(line)) and found[1] in labels:
            spans.append((labels[found[1]], number))
    inner = [(a, b) for a, b in spans if not any(a <= c and d <= b and (a, b) != (c, d) for c, d in spans)]
    return [lines[a : b + 1] for a, b in inner]


def is_packed(build: Callable[[], Kernel]) -> None:
    """Compile anew and count: the largest loop works on packs of numbers.

    Beside a packed loop stands its scalar twin, for arrays that overlap; so each kind's largest loop is looked at.
    """
    loops = inner_loops(build().assembly())
    packed, single = (
        max(sum(bool(kind.search(line)) for line in loop) for loop in loops) for kind in (_PACKED, _SINGLE)
    )
    assert packed > 0, f"no packed arithmetic at all, {single} scalar instructions"
    assert packed >= 0.8 * single, f"{packed} packed and {single} scalar instructions: a loop came undone"


@pytest.fixture(autouse=True)
def _compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what was compiled in this process can be read."""
    monkeypatch.setattr("insure.simulation.compilation._Shelf.load_overload", lambda *_: None)
    monkeypatch.setattr("insure.simulation.compilation._Shelf.save_overload", lambda *_: None)


@pytest.mark.parametrize("name", STRATEGIES)
def test_rules_are_packed(name: str) -> None:
    strategy = STRATEGIES[name]
    start = strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2))
    is_packed(lambda: kernels.rule_stage(strategy.rule, len(start.terms), vol_along_path=False))


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(("causes", "frictions"), [(False, False), (False, True), (True, True)])
def test_short_ladders_are_packed(name: str, causes: bool, frictions: bool) -> None:
    strategy = STRATEGIES[name]
    count = len(strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2)).terms)
    is_packed(lambda: short_ladder.short_ladder(strategy.rule, count, causes=causes, frictions=frictions, beside=False))


def test_twin_and_ladder_are_packed() -> None:
    is_packed(lambda: kernels.twin_stage(nights=False, control=True))
    is_packed(lambda: ladders.full_ladder(proportional=True, vol_along_path=False))
    is_packed(kernels.night_stage)


@pytest.mark.parametrize("model", sorted(library._WORLDS))  # all that there are
def test_models_are_packed(model: str) -> None:
    build = library._WORLDS[model]
    is_packed(lambda: Kernel(build(nights=False), WORLD, f"world-{model}"))


def test_the_guard_sees_a_loop_that_came_undone() -> None:
    """A rule that iterates until it has converged cannot be packed."""
    rule = SyntheticPut(90.0, tracking="resolve").rule
    with pytest.raises(AssertionError, match="scalar"):
        is_packed(lambda: kernels.rule_stage(rule, 5, vol_along_path=False))

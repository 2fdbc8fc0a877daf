"""Every argument of every gap formula refuses what it cannot use, in one sentence that names it."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from insure import gap_risk
from insure.errors import InvalidInput


@dataclass(frozen=True)
class Jumps:
    jump_intensity: float = 1.0
    jump_mean: float = -0.1
    jump_std: float = 0.1


FUND = {"value": 100.0, "guarantee": 90.0, "multiplier": 4.0, "years": 1.0}
INDEX = {"rate": 0.03, "drift": 0.07, "vol": 0.2}
POSITION = {"value": 100.0, "floor": 90.0, "exposure": 40.0}
PATH = {"elapsed": 0.5, "rate": 0.03, "vol": 0.2, "spot_ratio": 1.1}
CALLS: list[tuple[Callable[..., object], dict[str, object]]] = [
    (gap_risk.discrete_cppi, {**FUND, **INDEX, "steps": 12, "cost_bps": 10.0}),
    (gap_risk.jump_cppi, {**FUND, "rate": 0.03, "drift": 0.07, "jumps": Jumps()}),
    (gap_risk.continuous_cppi, {**FUND, **INDEX}),
    (gap_risk.continuous_cppi_value, {**FUND, **PATH}),
    (gap_risk.multiplier_for_shortfall, {"probability": 0.01, "years": 1.0, "steps": 12, **INDEX}),
    (gap_risk.survivable_gap, dict(POSITION)),
    (gap_risk.effective_multiple, {"multiplier": 4.0, "fall": 0.1}),
    (gap_risk.multiplier_bound, {"fall": 0.2}),
    (gap_risk.cushion_after_cost, {**POSITION, "multiplier": 4.0, "cost_bps": 10.0}),
    (gap_risk.hedging_error, {"vega": 38.0, "vol": 0.2, "steps": 52, "d2": 0.1}),
]
NEGATIVE_ALLOWED = {"rate", "drift", "fall", "d2"}
BAD: list[object] = [math.nan, math.inf, -math.inf, "four", None]
ROWS = [
    (function, arguments, name, bad)
    for function, arguments in CALLS
    for name in arguments
    if name != "jumps"
    for bad in [*BAD, *([] if name in NEGATIVE_ALLOWED else [-1.0])]
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0].__name__)
def test_the_calls_below_are_good_and_complete(call: tuple[Callable[..., object], dict[str, object]]) -> None:
    function, arguments = call
    assert set(inspect.signature(function).parameters) == set(arguments)
    function(**arguments)


@pytest.mark.parametrize(("function", "arguments", "name", "bad"), ROWS)
def test_a_bad_argument_is_named(
    function: Callable[..., object], arguments: dict[str, object], name: str, bad: object
) -> None:
    with pytest.raises(InvalidInput) as refused:
        function(**{**arguments, name: bad})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} is {bad!r}; it must be "), sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("function", "name", "bad"),
    [
        (gap_risk.discrete_cppi, "steps", 0),
        (gap_risk.discrete_cppi, "steps", 12.5),
        (gap_risk.discrete_cppi, "years", 0.0),
        (gap_risk.discrete_cppi, "multiplier", 0.0),
        (gap_risk.discrete_cppi, "value", 0.0),
        (gap_risk.discrete_cppi, "cost_bps", 2500.0),
        (gap_risk.continuous_cppi_value, "elapsed", 1.01),
        (gap_risk.continuous_cppi_value, "spot_ratio", 0.0),
        (gap_risk.multiplier_for_shortfall, "probability", 0.0),
        (gap_risk.multiplier_for_shortfall, "probability", 1.0),
        (gap_risk.effective_multiple, "fall", 0.25),
        (gap_risk.multiplier_bound, "fall", 1.5),
        (gap_risk.multiplier_bound, "fall", -0.1),
        (gap_risk.hedging_error, "steps", 0),
        (gap_risk.hedging_error, "d2", 31.0),
    ],
)
def test_a_bound_of_its_own_is_named(function: Callable[..., object], name: str, bad: float) -> None:
    arguments = next(arguments for listed, arguments in CALLS if listed is function)
    with pytest.raises(InvalidInput, match=rf"^{name} is {bad!r}; it must be "):
        function(**{**arguments, name: bad})

"""The seven strategies on the paths that the fund's own rule was simulated on: what another rule would have left."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from insure.arguments import FloatArray
from insure.errors import FloorUnaffordable
from insure.strategies import Strategy
from insure.stress.comparison import rivals
from insure.stress.position import Position

if TYPE_CHECKING:
    from insure.simulation import Study

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Quantiles of the terminal value that are kept."""

_KINDS = {
    "synthetic_put": "synthetic put",
    "cppi": "CPPI",
    "tipp": "TIPP",
    "stop_loss": "stop-loss",
    "static_put": "static put",
    "hybrid": "hybrid",
}
"""Kinds of a fund file that stand among the seven; the fund's own terms take the place of the standard ones."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Measure:
    """One number over all paths, with its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One strategy at the horizon, all paths; money."""

    strategy: str
    own: bool
    """Whether it is the fund's own rule, which the differences are taken to."""
    terminal: Measure
    quantiles: tuple[float, ...]
    """Of the terminal value, at the levels of the comparison."""
    shortfall_probability: Measure
    """Of ending below the fund's guarantee."""
    shortfall_size: Measure | None
    """What is missing to the guarantee on the paths that end below it, money; None where fewer than two do."""
    slippage: Measure
    """Terminal value less that of the same capital in stock and the true put that protects what the strategy promises;
    on the fund's guarantee where it promises nothing."""
    difference: Measure
    """Terminal value less that of the fund's own rule, path by path."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Strategies on identical paths."""

    model: str
    paths: int
    seed: int
    guarantee: float
    """Of the fund, money at the horizon."""
    levels: tuple[float, ...]
    pairs: tuple[Pair, ...]


def paired(
    position: Position, own: Strategy, study: "Study", *, workers: int | None = None, cluster: str | None = None
) -> Paired:
    """Compare strategies on the paths of a study: same seed, costs, band and limits.

    Args:
        position: the fund whose value, guarantee and time to go the others take over, each begun fresh.
        own: the fund's rule.
        study: of the fund as it stands, whose paths are drawn once more.
        workers: threads; they change no bit.
        cluster: address of a dask.distributed scheduler; None for this process.

    Raises:
        FloorUnaffordable: today's value does not pay for the guarantee of one of them.
        InvalidInput: the protection period has ended.

    The error of a difference is that of its mean over paths, not of two means
    (tests/stress/test_paired.py::test_pairs_are_tighter_than_means).
    """
    from insure.simulation import compare  # noqa: PLC0415 - the laboratory loads when it is asked for

    begun = rivals(position)
    if begun.twin is None:
        raise FloorUnaffordable(begun.missing)
    mine = _KINDS.get(position.fund.strategy.kind, "")
    others = [(name, strategy) for name, strategy in begun.strategies if name != mine]
    recipe = replace(study.recipe, strategies=tuple(strategy for _, strategy in others))
    beside = dict(
        zip((name for name, _ in others), compare(recipe, workers=workers, cluster=cluster).studies, strict=True)
    )
    names = [name for name, _ in begun.strategies]
    if not mine:
        mine = own.kind.replace("_", " ")
        names.insert(0, mine)
    pairs = tuple(
        _pair(name, study if name == mine else beside[name], study.terminal, begun.guarantee, own=name == mine)
        for name in names
    )
    return Paired(recipe.model.kind, recipe.paths, recipe.seed, begun.guarantee, LEVELS, pairs)


def _pair(name: str, study: "Study", base: FloatArray, guarantee: float, *, own: bool) -> Pair:
    terminal = study.terminal
    short = terminal < guarantee - _ROUNDING * study.recipe.value
    return Pair(
        strategy=name,
        own=own,
        terminal=_mean(terminal),
        quantiles=tuple(float(value) for value in np.quantile(terminal, LEVELS)),
        shortfall_probability=_mean(short.astype(np.float64)),
        shortfall_size=_mean(guarantee - terminal[short]) if np.count_nonzero(short) > 1 else None,
        slippage=_mean(study.slippage),
        difference=_mean(terminal - base),
    )


def _mean(values: FloatArray) -> Measure:
    from insure.simulation.study import mean_of  # noqa: PLC0415 - with the laboratory

    figure = mean_of(values)
    return Measure(float(figure.value), float(figure.standard_error))

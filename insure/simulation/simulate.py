"""The two doors of the laboratory: one strategy, or several on the same paths."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from insure.costs import FREE, Costs
from insure.errors import InvalidInput
from insure.rebalancing import Band
from insure.simulation.engine import Arrangement, Progress, Recipe, run
from insure.simulation.market import OPEN, Market
from insure.simulation.models import Model
from insure.simulation.study import Study, frame, mean_of
from insure.strategies import Strategy

if TYPE_CHECKING:
    import pandas as pd


def simulate(
    strategy: Strategy,
    model: Model,
    value: float = 100.0,
    years: float = 1.0,
    steps: int = 252,
    paths: int = 100_000,
    seed: int = 1,
    rate: float = 0.03,
    dividend_yield: float = 0.0,
    cost_bps: float = 0.0,
    band: float | Band = 0.0,
    lag: int = 0,
    max_weight: float = 1.0,
    put_vol: float | None = None,
    workers: int | None = None,
    *,
    every: int = 1,
    min_weight: float = 0.0,
    band_to: Literal["target", "edge"] = "target",
    max_turnover: float = float("inf"),
    costs: Costs | None = None,
    lot: float = 0.0,
    min_ticket: float = 0.0,
    market: Market = OPEN,
    overnight: float = 0.0,
    spot: float = 100.0,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Study:
    """One strategy along simulated paths, beside its twin, on the clock of ``insure.backtest.replay``.

    Args:
        strategy: any strategy value.
        model: of the index; its drift is the expected growth with dividends.
        value: money at the start.
        years: to the horizon.
        steps: closes from the start to the horizon.
        paths: how many, at least 2.
        seed: 0 to 2^63 - 1; path number k of a seed is the same in every study.
        rate: continuously compounded, per year.
        dividend_yield: continuously compounded, per year.
        cost_bps: commission in basis points of the value traded; for other kinds give ``costs`` instead.
        band: half width of the no-trade band, in NAV weight, or one of the bands of ``insure.rebalancing``.
        lag: closes between a signal and its trade.
        max_weight: largest equity weight; above 1 the fund may borrow.
        put_vol: what the twin (and options of the fund's own) are bought and marked at; default the strategy's hedge
            volatility, else the model's own over the long run.
        workers: threads; None for one a processor. They change no bit.
        every: closes between two signals.
        min_weight: smallest equity weight; below 0 the fund may sell short.
        band_to: where a trade outside the band goes.
        max_turnover: largest change of weight in one trade after the first.
        costs: a price list by kind.
        lot: units of one lot; 0 where lots are not counted.
        min_ticket: smallest trade, money.
        market: halts, limit-down, volume, widening spreads, volatility estimated along the path.
        overnight: share of a step's variance that falls between a close and the next open; all jumps fall there. What
            hedging misses on that part stands under the cause ``overnight``; the closes themselves do not change.
        spot: first price of the index.
        progress: called with what is being done and the fraction of the paths that are finished.
        cluster: address of a dask.distributed scheduler that the paths are handed out to; None for this process.

    Raises:
        InvalidInput: an argument is outside its range; the sentence names it.
        FloorUnaffordable: the strategy or its twin cannot be afforded.
    """
    recipe = Recipe(
        strategies=(strategy,),
        model=model,
        value=value,
        years=years,
        steps=steps,
        paths=paths,
        seed=seed,
        rate=rate,
        dividend_yield=dividend_yield,
        costs=_price_list(cost_bps, costs),
        band=band,
        band_to=band_to,
        lag=lag,
        every=every,
        min_weight=min_weight,
        max_weight=max_weight,
        max_turnover=max_turnover,
        lot=lot,
        min_ticket=min_ticket,
        put_vol=put_vol,
        market=market,
        overnight=overnight,
        spot=spot,
    )
    return compare(recipe, workers=workers, progress=progress, cluster=cluster).studies[0]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several strategies on the same paths."""

    studies: tuple[Study, ...]

    def differences(self, to: int = 0) -> "pd.DataFrame":
        """Mean of terminal value less that of study ``to``, path by path: value and standard error by strategy."""
        base = self.studies[to].terminal
        return frame({self._name(k): mean_of(study.terminal - base) for k, study in enumerate(self.studies) if k != to})

    def summary(self) -> "pd.DataFrame":
        """Values of every study's summary, a column a strategy."""
        import pandas as pd  # noqa: PLC0415  # not with the package

        return pd.DataFrame(
            {
                self._name(k): {name: figure.value for name, figure in study.figures.items()}
                for k, study in enumerate(self.studies)
            }
        )

    def _name(self, k: int) -> str:
        return f"{k}: {self.studies[k].strategy}"


def compare(
    recipe: Recipe, *, workers: int | None = None, progress: Progress | None = None, cluster: str | None = None
) -> Comparison:
    """All strategies of a recipe, the paths drawn once; funds with the same guarantee share their twin.

    With the address of a dask.distributed scheduler as ``cluster`` the paths are handed out to its workers.
    """
    arrangement = Arrangement(recipe)
    if cluster is None:
        outcome = run(arrangement, workers=workers, lean=True, progress=progress)
    else:
        from insure.simulation.cluster import run_on  # noqa: PLC0415  # an extra

        outcome = run_on(cluster, arrangement, progress=progress)
    return Comparison(tuple(Study(arrangement, k, outcome) for k in range(len(recipe.strategies))))


def _price_list(cost_bps: float, costs: Costs | None) -> Costs:
    if costs is None:
        return FREE if cost_bps == 0.0 else Costs(commission_bps=cost_bps)
    if cost_bps != 0.0:
        raise InvalidInput(f"cost_bps is {cost_bps!r} beside a price list; commission_bps of costs already says it.")
    return costs

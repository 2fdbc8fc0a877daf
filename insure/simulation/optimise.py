"""The band and the calendar that keep one fund nearest to its true put, at its own costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insure.arguments import FloatArray, numbers
from insure.costs import Costs
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.simulation.engine import Progress, Recipe
from insure.simulation.models import GBM, Bootstrap, Model
from insure.simulation.sweep import Best, Sweep, standard_bands, sweep

LEAST_RETURNS = 500
"""Returns of its own that a fund must have seen before its paths are drawn from them."""
SESSIONS_PER_YEAR = 252
EVERY = (1, 2, 5, 10, 21)


@dataclass(frozen=True, slots=True)
class Optimum:
    """A fund's sweep, and what it says."""

    fund: Fund
    sweep: Sweep
    best: Best
    current: int
    """The point that is the fund as its file has it: its own band, every session."""
    history: int
    """Returns that the paths were drawn from; 0 where they are Brownian at the hedge volatility."""

    @property
    def gain(self) -> tuple[float, float]:
        """Root mean squared slippage of the fund as it is less that of the best point, and its standard error, money.

        The error is that of the paired difference of squares, by the delta method.
        """
        now, then = (self.sweep.studies[k].slippage for k in (self.current, self.best.position))
        one, other = float(np.sqrt(np.mean(now**2))), float(np.sqrt(np.mean(then**2)))
        if self.current == self.best.position:
            return 0.0, 0.0
        parts = now**2 / (2.0 * one) - then**2 / (2.0 * other)
        return one - other, float(parts.std(ddof=1)) / float(np.sqrt(parts.size))

    @property
    def sentence(self) -> str:
        """The answer for a person."""
        best, now = (self.sweep.recipe.trading(k) for k in (self.best.position, self.current))
        value = self.sweep.recipe.value
        if self.best.position == self.current:
            what = f"The band of {now.band:.2%} every session, as the fund has it, is the best tried"
        else:
            gain, error = (1e4 * figure / value for figure in self.gain)
            what = (
                f"A band of {best.band:.2%} every {_sessions(best.every)} is the best tried: {gain:.1f} bp of NAV "
                f"(+- {error:.1f}) nearer to the true put than {now.band:.2%} every session"
            )
        others = len(self.best.rivals) - 1
        rest = f"; {others} other point{'s' * (others != 1)} can hardly be told from it" if others else ""
        return f"{what}, with {self.best.confidence:.0%} confidence{rest}."

    def figures(self) -> dict[str, object]:
        """As JSON: money at the horizon, weights as fractions of NAV."""
        recipe = self.sweep.recipe
        table = self.sweep.table().drop(columns=["strategy"]).to_dict(orient="records")
        gain, error = self.gain
        return {
            "fund": self.fund.id,
            "criterion": "root of mean squared slippage against the twin",
            "value": recipe.value,
            "years": recipe.years,
            "steps": recipe.steps,
            "paths": recipe.paths,
            "seed": recipe.seed,
            "model": recipe.model.kind,
            "history_returns": self.history,
            "hedge_vol": recipe.model.annual_vol,
            "drift": recipe.model.drift,
            "points": [{"point": k, **row} for k, row in enumerate(table)],
            "frontier": list(self.sweep.frontier()),
            "current": self.current,
            "best": self.best.position,
            "shortfall": self.best.value,
            "shortfall_standard_error": self.best.standard_error,
            "confidence": self.best.confidence,
            "not_told_apart": list(self.best.rivals[1:]),
            "gain": gain,
            "gain_standard_error": error,
            "sentence": self.sentence,
        }


def _sessions(every: int) -> str:
    return "session" if every == 1 else f"{every} sessions"


def optimise(
    fund: Fund,
    *,
    value: float,
    spot: float,
    vol: float,
    rate: float,
    dividend_yield: float,
    closes: Sequence[float] | FloatArray,
    paths: int = 20_000,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Optimum:
    """Sweep bands and calendars for one protection period of a fund, begun fresh on today's value.

    The index grows at the rate, whatever its history did: a way to trade should not win by a view. For the same reason
    the put is hedged at the volatility that the paths have, and bought at it with the fund's own ``vol_spread``. Costs,
    limits and throttle are the fund's own; lots are not counted.

    Args:
        fund: the contract.
        value: money at the start.
        spot: today's index.
        vol: hedge volatility of today, which Brownian paths have.
        rate: per year, continuously compounded.
        dividend_yield: the same.
        closes: its feed's history up to today; from 500 returns on, paths are drawn from them in blocks, else they are
            Brownian at the hedge volatility.
        paths: of every point.
        seed: of the paths.
        workers: threads; None for one a processor.
        progress: told what is being done.
        cluster: address of a dask.distributed scheduler; None for this process.

    Raises:
        FloorUnaffordable: the contract cannot be begun today.
        InvalidInput: an argument is out of range.
    """
    history = np.diff(np.log(numbers("closes", closes, low=0.0, open_low=True)))
    years = fund.protection.horizon_years
    steps = max(1, round(years * SESSIONS_PER_YEAR))
    model: Model = GBM(vol, rate)
    used = 0
    if history.size >= LEAST_RETURNS:
        model, used = (
            Bootstrap(tuple((history + dividend_yield / SESSIONS_PER_YEAR).tolist()), None, rate),
            history.size,
        )
    known = model.annual_vol
    strategy = fund.strategy.strategy(fund.promise(value, years, known, spot))
    prices = Costs(
        commission_bps=fund.costs.commission_bps,
        half_spread_bps=fund.costs.half_spread_bps,
        commission_per_trade=float(fund.costs.commission_per_trade_money),
        commission_per_share=float(fund.costs.commission_per_unit_money),
        commission_minimum=float(fund.costs.commission_minimum_money),
    )
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
        min_weight=min(fund.limits.lowest_weight, 0.0),
        max_weight=fund.limits.highest_weight,
        max_turnover=fund.limits.largest_change_weight,
        put_vol=max(known + fund.twin.vol_spread, 0.0),
        spot=spot,
    )
    if fund.limits.lowest_weight > 0.0:
        raise InvalidInput(
            f"limits.lowest_weight of {fund.id} is {fund.limits.lowest_weight:g}; a sweep knows least weights of zero "
            "and below only."
        )
    own = fund.band.width_weight
    bands = sorted({*standard_bands(prices.fraction, years, steps, known), own})
    found = sweep(
        recipe,
        bands=bands,
        every=EVERY,
        costs=(prices,),
        band_to=fund.band.to,
        workers=workers,
        progress=progress,
        cluster=cluster,
    )
    current = [(trading.band, trading.every) for trading in found.recipe.each].index((own, 1))
    return Optimum(fund, found, found.best(), current, used)

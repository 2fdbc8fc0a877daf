"""A strategy along a history of closes, beside its twin, with every step of slippage attributed to its cause.

The replay calls the rule, the rungs, the cost functions and the attribution that the live decision calls. Its clock:

- Signals are given at closes 0, ``every``, 2 ``every`` ... on the NAV and price before any trade of that close.
- A signal of close i trades at close i + ``lag``, at the price and on the NAV of that close (weights are matched, not
  units); band and throttle compare with the weight held there, before the trade. The first purchase is made at close 0
  at once and in full: there is no band around nothing.
- Nothing trades at the last close.
- Time to go at close i is (steps - i) / steps_per_year; the strategy's own ``years`` has no say.
- Cash earns e^{rate / steps_per_year} a close. A dividend yield buys units of the index at each close; where the twin
  pays dividends out, the fund pays out the same money (a fund all in stock may owe some of it until its next trade).
- Options are bought at the first close at ``put_vol`` and settled at the first close that reaches their expiry.
- A purchase is reduced only as far as needed for cash after costs not to fall below zero (with ``max_weight`` above 1:
  below (1 - max_weight) NAV). A sale that would cost more than it brings is not made.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from insure.arguments import FloatArray, not_negative, number, numbers, one_of, positive, whole
from insure.costs import CAUSES, Costs
from insure.errors import InvalidInput
from insure.option_book import Profit
from insure.pricing.elementary import exp
from insure.rebalancing import Band, FixedBand
from insure.slippage import HEDGING, Mark
from insure.strategies import Opening, Strategy
from insure.walk import Frictions, Walk

Closes: TypeAlias = "pd.Series[float] | Sequence[float] | FloatArray"
PerClose: TypeAlias = "float | pd.Series[float]"


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the strategy, by date of close; money in the units of ``value``."""

    values: "pd.Series[float]"
    """NAV after the trades and costs of the close."""
    weights: "pd.Series[float]"
    """Equity weight (stock alone, options not counted) after the trade of the close; 0 where nothing is left."""
    twin: "pd.Series[float]"
    """The same capital in stock and the true put."""
    slippage: "pd.Series[float]"
    """Fund minus twin."""
    floors: "pd.Series[float]"
    """The floor as the rule saw it at the close."""
    rungs: pd.DataFrame
    """Units of stock by rung of the ladder, after the trade of each close but the last; the last column is held."""
    costs: pd.DataFrame
    """Money paid at each close, by cause."""
    causes: pd.DataFrame
    """What ``attribution`` returns."""
    events: pd.DataFrame
    """By date: ``event`` ("breach", "cash-lock", "ruin"), ``nav``, ``floor``, ``size`` (floor less NAV).

    An event stands at the first close of its run: a breach where NAV is below the floor, a cash-lock where a strategy
    with a floor asks for no stock before the horizon, ruin where NAV is gone.
    """
    greeks: pd.DataFrame
    """Delta (options and stock, units), gamma, vega and theta of the position after the trade of each close."""
    option_profit: pd.DataFrame
    """What the fund's own options earned in the step that ended on each date, as ``option_book.Profit`` splits it."""
    put_vol: float
    """Volatility that the twin's put was bought at."""
    put_vol_source: str
    """Where it comes from, in words."""

    def attribution(self) -> pd.DataFrame:
        """Date by cause: what each step added to slippage, carried at e^{r dt} to the last close of the replay.

        The row of a date holds the step that ended there and the costs paid there. All of it adds up to
        ``slippage.iloc[-1]`` (1e-9 relative to the fund:
        tests/properties/test_strategies_replay.py::test_the_causes_add_up_to_the_slippage).
        """
        return self.causes.copy()


def replay(
    strategy: Strategy,
    closes: Closes,
    value: float = 100.0,
    steps: int = 252,
    rate: float = 0.02,
    steps_per_year: float = 252,
    lag: int = 0,
    every: int = 1,
    cost_bps: float = 0.0,
    band: float | Band = 0.0,
    max_weight: float = 1.0,
    *,
    min_weight: float = 0.0,
    band_to: Literal["target", "edge"] = "target",
    max_turnover: float = math.inf,
    lot: float = 0.0,
    min_ticket: float = 0.0,
    costs: Costs | None = None,
    put_vol: "PerClose | None" = None,
    vols: "PerClose | None" = None,
    dividend_yield: float = 0.0,
) -> Replay:
    """Run ``strategy`` along ``closes`` on the clock that this module's first lines fix.

    Args:
        strategy: any strategy value.
        closes: prices of one unit of the index, by date (a Series) or in order (a sequence: positions are the dates).
            With fewer than ``steps + 1`` the replay ends at the last close, before the horizon; of more, only the
            first ``steps + 1`` count.
        value: money at the first close.
        steps: closes from the first to the horizon.
        rate: continuously compounded, per year.
        steps_per_year: closes in a year.
        lag: closes between a signal and its trade.
        every: closes between two signals.
        cost_bps: commission in basis points of the value traded; for other kinds give ``costs`` instead.
        band: half width of the no-trade band, in NAV weight, or one of the bands of ``insure.rebalancing``.
        max_weight: largest equity weight allowed; above 1 the fund may borrow.
        min_weight: smallest equity weight allowed; below 0 the fund may sell short.
        band_to: where a trade outside the band goes.
        max_turnover: largest change of weight in one trade after the first; the rest waits for later signals.
        lot: units of the index in one lot; positions are rounded down to whole lots. 0: any number of units.
        min_ticket: trades worth less than this are not made, money.
        costs: a price list by kind.
        put_vol: volatility that options, the twin's and the fund's, are bought and marked at: a number, or a Series by
            date that covers the replay. Default: the strategy's hedge volatility, else the realised volatility of the
            closes replayed, which nobody knew beforehand; ``put_vol_source`` says which.
        vols: hedge volatility in the rule's sight at each close. Default: the strategy's, else ``put_vol``.
        dividend_yield: continuously compounded, per year.

    Raises:
        InvalidInput: an argument is outside its range, a close is not a price, dates do not ascend, or a rule that
            reads volatility would have to read one that only the future knows.
        FloorUnaffordable: the strategy or its twin cannot be afforded.
    """
    prices = _prices(closes, whole("steps", steps, low=1))
    positive("value", value)
    number("rate", rate)
    year = positive("steps_per_year", steps_per_year)
    frictions = Frictions(
        lag=whole("lag", lag),
        every=whole("every", every, low=1),
        band=band if isinstance(band, Band) else FixedBand(not_negative("band", band)),
        to_edge=1.0 if one_of("band_to", band_to, ("target", "edge")) == "edge" else 0.0,
        lowest=number("min_weight", min_weight, high=0.0),
        highest=not_negative("max_weight", max_weight),
        max_turnover=_turnover(max_turnover),
        lot=not_negative("lot", lot),
        min_ticket=not_negative("min_ticket", min_ticket),
        costs=_price_list(cost_bps, costs),
    )
    number("dividend_yield", dividend_yield)
    marked, source = _put_vols(strategy, prices, put_vol, year)
    seen = _hedge_vols(strategy, prices, vols, marked)
    spots = prices.to_numpy(dtype=np.float64)
    marks = [
        Mark(float(spot), (steps - i) / year, rate, dividend_yield, float(vol))
        for i, (spot, vol) in enumerate(zip(spots, marked, strict=True))
    ]
    opening = Opening(value, marks[0].spot, marks[0].years_left, rate, dividend_yield, float(seen[0]), marks[0].vol)
    start = strategy.begin(opening)
    if start.reads_vol and vols is None and put_vol is None:
        raise InvalidInput(
            f"vols is None; the rule of {strategy.kind} reads volatility, and the only one at hand is that of the "
            "whole history replayed. Give vols estimated without the future, or a put_vol."
        )
    walk = Walk(strategy, start, value, marks, seen, 1.0 / year, frictions)
    for i in range(len(marks)):
        walk.close(i)
    return _told(walk, prices.index, source)


def _told(walk: Walk, dates: pd.Index, source: str) -> Replay:
    values = pd.Series(walk.navs, dates, dtype=np.float64, name="values")
    twin = pd.Series(walk.twins, dates, dtype=np.float64, name="twin")
    mark, last = walk.marks[0], len(walk.marks) - 1
    carry = [exp(mark.rate * walk.dt * (last - i)) for i in range(last + 1)]
    rungs = pd.DataFrame([{rung.cause: rung.units for rung in ladder} for ladder in walk.ladders], dates[:-1])
    charges = pd.DataFrame(walk.charges, dates, columns=list(CAUSES), dtype=np.float64).fillna(0.0)
    causes = pd.DataFrame(walk.causes, dates, dtype=np.float64).fillna(0.0).mul(carry, axis=0)
    order = [*rungs.columns, *HEDGING, "funding", "dividends", "financing", *CAUSES]
    events = pd.DataFrame(
        [event[1:] for event in walk.events],
        index=dates[[event[0] for event in walk.events]],
        columns=["event", "nav", "floor", "size"],
    )
    return Replay(
        values=values,
        weights=pd.Series(walk.weights, dates, dtype=np.float64, name="weights"),
        twin=twin,
        slippage=(values - twin).rename("slippage"),
        floors=pd.Series(walk.floors, dates, dtype=np.float64, name="floors"),
        rungs=rungs,
        costs=charges,
        causes=causes.reindex(columns=order, fill_value=0.0),
        events=events,
        greeks=pd.DataFrame(walk.greeks, dates, dtype=np.float64).drop(columns="value"),
        option_profit=pd.DataFrame(walk.profits, dates[1:], columns=Profit._fields, dtype=np.float64),
        put_vol=mark.vol,
        put_vol_source=source,
    )


def _prices(closes: Closes, steps: int) -> "pd.Series[float]":
    """The closes that count, by date, checked."""
    dates = closes.index if isinstance(closes, pd.Series) else pd.RangeIndex(len(closes))
    spots, dates = list(closes)[: steps + 1], dates[: steps + 1]
    if not len(spots) >= 2:
        raise InvalidInput(f"closes has {len(spots)} prices; a replay needs two or more.")
    if not (dates.is_monotonic_increasing and dates.is_unique):
        raise InvalidInput("closes is not in order; its dates must ascend, each of them once.")
    return pd.Series([positive("closes", spot) for spot in spots], dates, dtype=np.float64)


def _put_vols(
    strategy: Strategy, prices: "pd.Series[float]", given: "PerClose | None", year: float
) -> tuple[FloatArray, str]:
    """What the put is marked at on each close, and where that comes from."""
    if given is not None:
        words = "a series by date" if isinstance(given, pd.Series) else "a number"
        return _per_close("put_vol", given, prices.index), f"given as {words}"
    if strategy.hedge_vol is not None:
        return np.full(len(prices), strategy.hedge_vol), f"hedge volatility of {strategy.kind}"
    if len(prices) < 3:
        raise InvalidInput(f"put_vol is None; {len(prices)} closes are too few to estimate it. Give one.")
    returns = np.diff(np.log(prices.to_numpy(dtype=np.float64)))
    vol = float(returns.std(ddof=1)) * math.sqrt(year)
    return np.full(len(prices), vol), f"realised over the {len(returns)} returns replayed, known only afterwards"


def _hedge_vols(
    strategy: Strategy, prices: "pd.Series[float]", given: "PerClose | None", put_vols: FloatArray
) -> FloatArray:
    """What the rule sees on each close."""
    if given is not None:
        return _per_close("vols", given, prices.index)
    return put_vols if strategy.hedge_vol is None else np.full(len(prices), strategy.hedge_vol)


def _per_close(name: str, given: PerClose, dates: pd.Index) -> FloatArray:
    if not isinstance(given, pd.Series):
        return np.full(len(dates), not_negative(name, given))
    if not given.index.is_unique:
        raise InvalidInput(f"{name} has more than one value for a date; each close of the replay needs one.")
    missing = dates[~dates.isin(given.index)]
    if len(missing):
        raise InvalidInput(f"{name} has no value for {missing[0]}; it must cover every close of the replay.")
    return numbers(name, given.loc[dates].to_numpy(dtype=np.float64), low=0.0)


def _turnover(largest: float) -> float:
    if not largest > 0.0:
        raise InvalidInput(f"max_turnover is {largest!r}; it must be above zero (infinity for none).")
    return float(largest)


def _price_list(cost_bps: float, costs: Costs | None) -> Costs:
    not_negative("cost_bps", cost_bps)
    if costs is None:
        return Costs(commission_bps=cost_bps)
    if cost_bps:
        raise InvalidInput(f"cost_bps is {cost_bps!r} beside a price list; commission_bps of costs already says it.")
    return costs

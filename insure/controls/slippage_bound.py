"""How much slippage trading in steps makes by itself: what measured slippage is held against.

The twin's put is replicated at the fund's slots. Over one step of dt years a position of gamma G that is hedged at its
start loses or gains 1/2 G S^2 v^2 dt (z^2 - 1) with z standard normal (Boyle & Emanuel 1980, eq. 3): mean zero and
variance 1/2 (G S^2 v^2 dt)^2. Units d that the contract itself leaves beside the model (limits, band, throttle, lots)
earn d S v sqrt(dt) z, uncorrelated with it. Steps are independent, so that

    deviation^2 = sum over steps of [ 1/2 (G S^2 v^2 dt)^2 + (d S v)^2 dt ],

each step's money carried at e^{r dt}: what Derman & Kamal (1999) expect over all paths, taken along the path that came.
Costs that the contract foresees are no surprise either and are added to it.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.book import Record
from insure.decision import Ladder
from insure.pricing.elementary import exp
from insure.slippage import Mark, Track
from insure.strategies import legs
from insure.strategies.legs import Leg

TRADED = (
    "gap",
    "gamma",
    "limits",
    "band",
    "throttle",
    "capped",
    "lots",
    "execution",
    "commission",
    "spread",
    "impact",
    "rounding",
)
"""Causes that trading answers for. The others are chosen (model, override, rollout), come from outside (flows, fees,
financing, funding, dividends), or only re-mark the twin's put and are gone at the horizon (vega, rates)."""


@dataclass(frozen=True, slots=True)
class SlippageBound:
    """Slippage that was measured, beside what trading in steps makes by itself; money at the last decision."""

    steps: int
    """That could be measured: from one decision to the next, with a twin beside the fund."""
    measured: float
    """Sum of the causes of ``TRADED``; below zero a loss."""
    deviation: float
    """Standard deviation of the hedging error of those steps."""
    costs: float
    """Commission and spread that the contract foresaw for the trades decided, above zero."""

    @property
    def model(self) -> float:
        """Deviation and foreseen costs together."""
        return self.deviation + self.costs

    @property
    def multiple(self) -> float:
        """Size of the measured slippage over the model's; infinite where the model leaves room for none."""
        size = abs(self.measured)
        if self.model > 0.0:
            return size / self.model
        return 0.0 if size == 0.0 else math.inf

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"Over {self.steps} steps trading made {self.measured:+,.2f}, {self.multiple:.2f} times the "
            f"{self.model:,.2f} that steps of this length ({self.deviation:,.2f}) and the contract's costs "
            f"({self.costs:,.2f}) make by themselves."
        )


def slippage_bound(records: Sequence[Record]) -> SlippageBound:
    """Measured slippage and its bound over the steps between the decisions given.

    Args:
        records: decisions of one fund in order, without gaps; slippage up to the first is left out. Steps without a
            twin (no period in force, floor unaffordable) are left out on both sides.

    Returns:
        Money at the last decision. For a lognormal index at the twin's volatility and trades at the contract's costs,
        measured slippage net of costs has mean zero and the standard deviation ``deviation``: over 400 simulated
        funds of 60 daily steps their ratio has mean 0.05 (its own error 0.05) and standard deviation 1.00
        (tests/controls/test_slippage_bound.py). One fund in seven is beyond 1.5 deviations without any fault.
    """
    measured = costs = variance = 0.0
    late = Decimal(0)
    steps = 0
    for before, after in itertools.pairwise(records):
        due = late + _foreseen(after, filled=True)
        late = _foreseen(after, filled=False)
        ended = after.closed if after.decision.rolled else after.track
        if before is records[0]:
            due += _foreseen(before, filled=False)
        if before.track is None or ended is None:
            continue
        steps += 1
        years, mark = after.accrual.years, before.track.mark
        growth = exp(mark.rate * years)
        came = _traded(ended.causes) - growth * _traded(before.track.causes)
        if after.decision.rolled and after.track is not None:
            came += _traded(after.track.causes)
        measured = growth * measured + came
        costs = growth * costs + float(due)
        variance = growth * growth * (variance + _variance(before, before.track, years))
    return SlippageBound(steps, measured, math.sqrt(variance), costs)


def step_variance(cash_gamma: float, beside: float, vol: float, years: float) -> float:
    """Variance of one step's hedging error, money squared: 1/2 (cash_gamma v^2 dt)^2 + (beside v)^2 dt.

    Args:
        cash_gamma: G S^2 of what is replicated, money.
        beside: money in stock beyond what the model asks for, d S.
        vol: per square root of year.
        years: length of the step.
    """
    variance = vol * vol * years
    return 0.5 * (cash_gamma * variance) ** 2 + beside * beside * variance


def _variance(before: Record, track: Track, years: float) -> float:
    mark = track.mark
    put = legs.option(-1.0, mark.spot, track.twin.strike, mark.years_left, mark.rate, mark.dividend_yield, mark.vol)
    gamma = track.twin.units * put.gamma - _held_gamma(before.option_legs, mark)
    beside = 0.0 if before.ladder is None else _beside(before.ladder) * mark.spot
    return step_variance(gamma * mark.spot * mark.spot, beside, mark.vol, years)


def _held_gamma(held: tuple[Leg, ...], mark: Mark) -> float:
    return legs.book(held, mark.spot, 0.0, mark.rate, mark.dividend_yield, mark.vol).gamma if held else 0.0


def _beside(ladder: Ladder) -> float:
    """Units that the contract's own rungs leave beside the model; what people and phases did is not the model's."""
    rungs = [rung for rung in ladder.rungs if rung.stage != "executed"]
    units = 0.0
    for below, rung in itertools.pairwise(rungs):
        if rung.stage not in {"override", "rollout"}:
            units += rung.units - below.units
    return units


def _traded(causes: Mapping[str, float]) -> float:
    return sum(causes.get(cause, 0.0) for cause in TRADED)


def _foreseen(record: Record, *, filled: bool) -> Decimal:
    """Commission and spread of the decided trades whose order was filled at once, or (``filled`` False) was not."""
    done = {fill.order_key for fill in record.fills}
    own = [] if record.decision.trade is None else [record.decision.trade]
    own += [each.trade for each in record.decision.option_trades]
    if bool(done) is not filled:
        return Decimal(0)
    return sum((trade.commission + trade.spread for trade in own), Decimal(0))


__all__ = ["TRADED", "SlippageBound", "slippage_bound", "step_variance"]

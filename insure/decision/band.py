"""The no-trade band as a decision sees it: how wide it is at its moment, and why.

The width is ``band.rule(terms, sight, gamma)``, the very function that ``insure.walk`` and the compiled kernels call,
with the gamma of the rule's own target (``insure.rebalancing.target_gamma``) on the memory that the decision begins
with.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from insure.decision.holdings import Memory
from insure.decision.options import legs_at
from insure.decision.periods import begun, strategy_of
from insure.decision.valuation import valued
from insure.fund import Fund
from insure.market import Snapshot
from insure.rebalancing import FixedBand, target_gamma
from insure.strategies.rule import Rule, Sight, Start

if TYPE_CHECKING:
    from insure.decision.decide import Decision


@dataclass(frozen=True, slots=True)
class BandInSight:
    """The band at one moment."""

    width: float
    """Half width, NAV weight."""
    because: str
    """A sentence on a width that follows the market; empty for a band of one width, or none."""


def band_in_sight(fund: Fund, rule: Rule, start: Start, sight: Sight, *, first: bool) -> BandInSight:
    """The band at the moment of ``sight``.

    Args:
        fund: whose band it is.
        rule: of the strategy in force.
        start: of the period in force, its state as the decision finds it.
        sight: what the rule sees.
        first: whether the period begins without any stock: there is no band around nothing. A fixed band is as wide
            there as anywhere, which for a trade to its target is the same.
    """
    band = fund.no_trade_band
    if isinstance(band, FixedBand):
        return BandInSight(band.width, "")
    if first:
        return BandInSight(0.0, "")
    gamma = target_gamma(rule, start.terms, start.state, sight) if band.reads_gamma else 0.0
    width = band.rule(band.terms, sight, gamma)
    because = fund.band.because(fund.cost_bps, sight, gamma)
    return BandInSight(width, f"The band is {width * 100:.2f} points today: {because}.")


def band_width(fund: Fund, decision: "Decision") -> float:
    """Half width of the band that a decision saw, NAV weight, found again from what it was made from.

    Args:
        fund: the contract that it was made under.
        decision: of that fund.

    Returns:
        0.0 for a width that follows the market where no period was in force.
    """
    band = fund.no_trade_band
    if isinstance(band, FixedBand):
        return band.width
    holdings, snapshot, valuation, memory = decision.holdings, decision.snapshot, decision.valuation, decision.memory_in
    if valuation is None or decision.memory is None:
        return 0.0
    if memory is None or decision.rolled:
        memory = begun(fund, holdings, snapshot, decision.memory.period.number)
    strategy, legs = strategy_of(fund, memory), legs_at(fund, holdings.options, snapshot.session)
    _, sight = valued(holdings, memory, snapshot, strategy, valuation.elapsed, valuation.years_left, legs)
    first = decision.rolled and not holdings.units
    return band_in_sight(fund, strategy.rule, memory.start, sight, first=first).width


def opening_width(fund: Fund, memory: Memory, snapshot: Snapshot) -> float:
    """Half width that the band had when the period in force began, NAV weight, with the stock of that day held.

    Args:
        fund: the contract.
        memory: of the period.
        snapshot: for rate and dividend yield, which the period does not keep of its first day.
    """
    band = fund.no_trade_band
    if isinstance(band, FixedBand):
        return band.width
    strategy, period, start = strategy_of(fund, memory), memory.period, memory.start
    floor = strategy.scheduled_floor(start, 0.0, period.years, snapshot.rate)
    sight = Sight(
        period.value,
        period.spot,
        0.0,
        0.0,
        floor,
        0.0,
        period.years,
        snapshot.rate,
        snapshot.dividend_yield,
        period.vol,
    )
    weight, _, _ = strategy.rule(start.terms, start.state, sight)
    return band_in_sight(fund, strategy.rule, start, sight._replace(weight=weight), first=False).width

"""What every strategy is made of: a rule that sees, remembers and answers with an equity weight.

A strategy is a frozen value (its parameters) that begins a protection period from an ``Opening`` and then answers each
``Sight`` through one plain scalar ``rule``. The live decision, the replay and the compiled kernels all call that same
rule. A rule

- takes ``(terms, state, sight)`` and returns ``(weight, floor, state)``: the target equity weight (a fraction of NAV,
  before any limit), the floor now (money; 0.0 where the strategy knows none) and what it remembers from here on;
- is arithmetic, comparisons, conditional expressions, and the functions of ``insure.pricing.elementary``: nothing that
  allocates, raises or branches on more than a number, so that a compiler can turn it into packed instructions;
- answers for every finite sight with NAV and spot above zero, including zero volatility and no time to go.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from insure.strategies.legs import Leg

Dividends = Literal["reinvested", "paid_out"]
Financing = Literal["fund", "external"]


def any_option(leg: Leg) -> Leg:
    """Options of any strike, number and expiry, as a replay buys them."""
    return leg


class Opening(NamedTuple):
    """What is known at the moment a protection period begins."""

    value: float
    """Money under protection at the start (NAV)."""
    spot: float
    """Price of one unit of the index."""
    years: float
    """Length of the period, years."""
    rate: float
    """Continuously compounded, per year."""
    dividend_yield: float
    """Continuously compounded, per year."""
    vol: float
    """Hedge volatility per square root of year; strategies that name their own use theirs."""
    put_vol: float | None = None
    """Volatility that options are bought and marked at; None where it is the hedge volatility."""
    listed: Callable[[Leg], Leg] = any_option
    """The option that can really be bought where the one given is wanted: its strike, number and expiry rounded."""

    @property
    def market_vol(self) -> float:
        """What an option costs today, as a volatility."""
        return self.vol if self.put_vol is None else self.put_vol


class Sight(NamedTuple):
    """What a rule sees at one decision."""

    nav: float
    """Net asset value before the trade, money; options held are marked in it."""
    spot: float
    log_ratio: float
    """ln(spot / spot at the start of the period): kernels carry it along, so that a rule needs no logarithm."""
    weight: float
    """Equity weight held now, before the trade."""
    floor: float
    """The path-independent part of the floor at this time (``Strategy.scheduled_floor``), money."""
    elapsed: float
    """Years since the start of the period."""
    years_left: float
    """Years to the horizon; 0 at the horizon."""
    rate: float
    dividend_yield: float
    vol: float
    """Hedge volatility now."""


class State(NamedTuple):
    """All that a path-dependent rule may remember between two decisions; each strategy says what it keeps here."""

    peak: float
    """Highest NAV (or ratcheted floor) so far, money."""
    strike: float
    """Strike of the replicated put, in the price of the index."""
    units: float
    """Units of the insured structure (one unit of stock with one put)."""
    mark: float
    """One number of the strategy's own: a flag, the last multiplier, the last hedge."""


Terms = tuple[float, ...]
"""A period's constants, flat, in the order that the rule unpacks them."""

Rule = Callable[[Terms, State, Sight], tuple[float, float, State]]


class Start(NamedTuple):
    """How a period begins: constants, memory, the promise, and the options bought (or sold) to be held."""

    terms: Terms
    state: State
    guarantee: float
    """Money promised at the horizon; 0.0 where the strategy promises none. The twin insures this amount."""
    legs: tuple[Leg, ...] = ()
    """Options held from the start, bought at ``Opening.market_vol``; none for pure replication."""
    matches: Literal["weight", "units"] = "weight"
    """What of a signal is kept until its trade, where the two are not the same moment: the weight, or the units."""
    reads_vol: bool = False
    """The rule reads the volatility in sight although the strategy names none: it must be an estimate of the past."""
    dividends: Dividends = "reinvested"
    """What the twin beside the fund does with its dividends."""
    financing: Financing = "fund"
    """Who pays the twin's premium."""
    beside: Literal["put", "cash"] = "put"
    """The twin: stock with a put on the guarantee (stock alone where that is zero), or the same capital in cash."""


class Strategy(Protocol):
    """The shape that all strategy values share."""

    @property
    def kind(self) -> str:
        """Name of the strategy in fund files and reports."""
        ...

    @property
    def rule(self) -> Rule:
        """The plain scalar rule; a module-level function, so that a compiler can take it."""
        ...

    @property
    def hedge_vol(self) -> float | None:
        """The strategy's own volatility, or None where its rule uses none of its own."""
        ...

    def begin(self, opening: Opening) -> Start:
        """Solve what must be solved once and hand over constants and memory.

        Raises:
            FloorUnaffordable: the guarantee cannot be paid for out of ``opening.value``.
        """
        ...

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:
        """The part of the floor that only time and the rate decide, money; called once per date, not per path."""
        ...

"""What the fund is worth and how close the floor is: the border where exact money becomes mathematics."""

import math
from dataclasses import dataclass

from insure.decision.holdings import Holdings, Memory
from insure.market import Snapshot
from insure.pricing import black_scholes
from insure.strategies.rule import Sight, Strategy


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of the put that is replicated, money: for the whole fund, not for one unit."""

    put_value: float
    delta: float
    """Change of the put for one point of the index."""
    gamma: float
    """Change of that delta for one point."""
    vega: float
    """Change of the put for a volatility higher by 1.0."""
    theta: float
    """Change of the put in a year of standing still."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """A fund at one moment, before it trades."""

    nav: float
    equity: float
    """Money in stock."""
    cash: float
    weight: float
    """Equity as a fraction of NAV."""
    floor: float
    """What must not be undercut now, money; 0 where the strategy promises none."""
    guarantee: float
    """The floor at the horizon."""
    cushion: float
    """NAV minus floor; negative after a breach."""
    effective_multiple: float | None
    """Equity over cushion; None where there is no floor, or no cushion to divide by."""
    gap_budget: float | None
    """Instant fall of the index that the fund survives, C / E; None where no fall can reach the floor."""
    elapsed: float
    years_left: float
    greeks: Greeks | None
    """None where the strategy replicates no put."""


def valued(
    holdings: Holdings,
    memory: Memory,
    snapshot: Snapshot,
    strategy: Strategy,
    elapsed: float,
    years_left: float,
) -> tuple[Valuation, Sight]:
    """Value the fund, and gather what its rule may see.

    Args:
        holdings: exact units and cash before the trade.
        memory: of the period that the snapshot falls into.
        snapshot: what was seen.
        strategy: the value of this period.
        elapsed: years since the period began.
        years_left: years to its horizon, zero or more.
    """
    spot = float(snapshot.price)
    equity = float(holdings.units * snapshot.price)
    cash = float(holdings.cash)
    nav = equity + cash
    scheduled = strategy.scheduled_floor(memory.start, elapsed, years_left, snapshot.rate)
    sight = Sight(
        nav=nav,
        spot=spot,
        log_ratio=math.log(spot / memory.period.spot),
        weight=equity / nav,
        floor=scheduled,
        elapsed=elapsed,
        years_left=years_left,
        rate=snapshot.rate,
        dividend_yield=snapshot.dividend_yield,
        vol=snapshot.volatility.vol,
    )
    _, floor, _ = strategy.rule(memory.start.terms, memory.start.state, sight)
    cushion = nav - floor
    protects = memory.start.guarantee > 0.0
    valuation = Valuation(
        nav=nav,
        equity=equity,
        cash=cash,
        weight=equity / nav,
        floor=floor,
        guarantee=memory.start.guarantee,
        cushion=cushion,
        effective_multiple=equity / cushion if protects and cushion > 0.0 else None,
        gap_budget=gap_budget(nav, floor, equity) if protects else None,
        elapsed=elapsed,
        years_left=years_left,
        greeks=_greeks(memory, snapshot, years_left),
    )
    return valuation, sight


def gap_budget(nav: float, floor: float, equity: float) -> float | None:
    """C / E: the instant fall that takes NAV to the floor; 0 once it is there, None where no fall to zero does."""
    if not equity > 0.0:
        return None if nav > floor else 0.0
    fall = max(nav - floor, 0.0) / equity
    return fall if fall <= 1.0 else None


def _greeks(memory: Memory, snapshot: Snapshot, years_left: float) -> Greeks | None:
    state = memory.start.state
    if not (state.strike > 0.0 and state.units > 0.0):
        return None
    put = black_scholes.greeks(
        "put",
        float(snapshot.price),
        state.strike,
        years_left,
        snapshot.rate,
        snapshot.volatility.vol,
        snapshot.dividend_yield,
    )
    units = state.units
    return Greeks(
        put_value=units * float(put.price),
        delta=units * float(put.delta),
        gamma=units * float(put.gamma),
        vega=units * float(put.vega),
        theta=units * float(put.theta),
    )

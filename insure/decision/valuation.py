"""What the fund is worth and how close the floor is: the border where exact money becomes mathematics."""

import math
from dataclasses import dataclass

from insure.decision.holdings import Holdings, Memory
from insure.decision.options import marked
from insure.market import Snapshot
from insure.pricing import black_scholes
from insure.strategies.legs import Leg
from insure.strategies.rule import Sight, Strategy

_FALLS = 200
"""Falls that are tried, evenly, before the one that reaches the floor is narrowed down."""
_TOTAL_FALL = 1.0 - 1e-9
_BISECTIONS = 60
ROUNDING = 1e-8
"""Of NAV: how far below a floor that bought puts stand on their rounded premiums may leave a fund."""


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
class OptionBook:
    """The options that the fund itself holds, at ``put_vol``: value and sensitivities of all together."""

    value: float
    """Money; below zero where options were sold."""
    delta: float
    """Units of the index that they move like."""
    gamma: float
    """Change of that delta for one point of the index."""
    vega: float
    """Change of the value for a volatility higher by 1.0."""
    theta: float
    """Change of the value in a year of standing still."""


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
    """Instant fall of the index that the fund survives, C / E; with options held, the smallest fall at which the fund,
    its options marked again, is at the floor. None where no fall can reach the floor."""
    elapsed: float
    years_left: float
    greeks: Greeks | None
    """None where the strategy has no put."""
    option_book: OptionBook | None = None
    """None where no options are held; their value is part of NAV beside equity and cash."""


def valued(
    holdings: Holdings,
    memory: Memory,
    snapshot: Snapshot,
    strategy: Strategy,
    elapsed: float,
    years_left: float,
    legs: tuple[Leg, ...] = (),
) -> tuple[Valuation, Sight]:
    """Value the fund, and gather what its rule may see.

    Args:
        holdings: exact units and cash before the trade.
        memory: of the period that the snapshot falls into.
        snapshot: what was seen.
        strategy: the value of this period.
        elapsed: years since the period began.
        years_left: years to its horizon, zero or more.
        legs: the options held, as ``legs_at`` gives them for the snapshot's session.
    """
    spot = float(snapshot.price)
    equity = float(holdings.units * snapshot.price)
    cash = float(holdings.cash)
    options = OptionBook(*marked(legs, snapshot)) if legs else None
    nav = equity + cash + (options.value if options else 0.0)
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
        gap_budget=gap_budget(nav, floor, equity, legs, snapshot) if protects else None,
        elapsed=elapsed,
        years_left=years_left,
        greeks=_greeks(memory, snapshot, years_left),
        option_book=options,
    )
    return valuation, sight


def gap_budget(
    nav: float, floor: float, equity: float, legs: tuple[Leg, ...] = (), snapshot: Snapshot | None = None
) -> float | None:
    """The smallest instant fall that takes NAV to the floor; 0 once it is there, None where no fall to zero does.

    Args:
        nav: money, options included.
        floor: money.
        equity: money in stock.
        legs: options held, as ``legs_at`` gives them; they are marked again at every fall. None held: C / E.
        snapshot: the market that the options are marked in; needed with ``legs``.

    With options the falls are tried in steps of half a per cent and the first that reaches the floor is bisected to
    1e-9; a stretch below the floor that is narrower than a step is not seen, nor is a touch: what lies within 1e-8 of
    NAV below the floor is rounding of the premiums.
    """
    if legs and snapshot is not None:
        return _gap_with_options(nav, floor, equity, legs, snapshot)
    if not equity > 0.0:
        return None if nav > floor else 0.0
    fall = max(nav - floor, 0.0) / equity
    return fall if fall <= 1.0 else None


def _gap_with_options(
    nav: float, floor: float, equity: float, legs: tuple[Leg, ...], snapshot: Snapshot
) -> float | None:
    spot = float(snapshot.price)
    unmoved = nav - marked(legs, snapshot).value
    # A floor that bought puts stand on is touched to the cent; what premiums lost to rounding is no breach.
    floor -= ROUNDING * nav

    def above(fall: float) -> bool:
        return unmoved - equity * fall + marked(legs, snapshot, spot * (1.0 - fall)).value > floor

    if not nav > floor:
        return 0.0
    low = 0.0
    for step in range(1, _FALLS + 1):
        high = min(step / _FALLS, _TOTAL_FALL)
        if above(high):
            low = high
            continue
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if above(middle) else (low, middle)
        return high
    return None


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
    if not (math.isfinite(put.gamma) and math.isfinite(put.theta)):
        return None  # at its kink, without time or volatility, a put has no sensitivities that a number could state
    units = state.units
    return Greeks(
        put_value=units * float(put.price),
        delta=units * float(put.delta),
        gamma=units * float(put.gamma),
        vega=units * float(put.vega),
        theta=units * float(put.theta),
    )

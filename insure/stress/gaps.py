"""The gap ladder: instant moves before the next possible trade, the largest that is survived, and what insures it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from insure.arguments import FloatArray, number, numbers
from insure.decision.options import legs_at
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.pricing import black_scholes, merton
from insure.simulation.crises import gap_rank
from insure.simulation.scenarios.falls import Gap
from insure.simulation.scenarios.path import SESSION
from insure.stress.journey import ROUNDING, below, drive
from insure.stress.jumps import FittedJumps
from insure.stress.position import Position, Sessions

LADDER = (*(-n / 100.0 for n in range(1, 41)), *(n / 100.0 for n in (1, 2, 3, 4, 5, 7, 10, 15, 20)))
"""The standard moves: falls of 1 to 40 %, rises of 1 to 20 %; fractions, below zero is down."""

MATURITIES = ((1, "one session"), (21, "one month"))
"""How long a gap put is priced for, in sessions; and to the horizon."""

SPREAD_TO = 0.4
"""The put spread pays down to this fall."""


@dataclass(frozen=True, slots=True)
class GapRung:
    """One instant move from the holdings as they are; money before the trade that answers it."""

    move: float
    """Fraction; below zero is a fall."""
    nav: float
    twin: float | None
    slippage: float | None
    """That the move itself adds: fund less twin after it, less what it was before."""
    floor: float | None
    """None where no protection period is in force."""
    cushion: float | None
    """NAV less floor; below zero is a breach."""
    breached: bool
    target_weight: float | None
    """Equity weight that the decision after it goes to."""
    trade_units: float
    """Signed."""
    trade_money: float
    """Signed, at the price after the move."""
    volume_days: float | None
    """Days that the trade takes at the fund's largest share of the market's volume; None where volume is not known."""
    outcome: str
    """OK, or HELD where a check would stop the trade for a person."""
    rank: int | None
    """Place of such a fall among real days of the S&P 500, 1 for one deeper than all; None for less than 5 %."""

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def gap_ladder(
    position: Position, moves: Sequence[float] = LADDER, ahead: Sessions | None = None
) -> tuple[GapRung, ...]:
    """The fund after each of these instant moves, before anything could be traded.

    Raises:
        InvalidInput: a move that leaves nothing of the index or more than doubles it.
    """
    sessions = Sessions(position) if ahead is None else ahead
    return tuple(_rung(position, number("move", move, low=-0.99, high=1.0), sessions) for move in moves)


def _rung(position: Position, move: float, ahead: Sessions) -> GapRung:
    snapshot = position.snapshot
    scenario = Gap(-move).path(position.spot, rate=snapshot.rate, vol=position.vol)
    journey = drive(position, scenario, ahead)
    after, decision = journey.end, journey.decision
    trade = decision.trade
    units = 0.0 if trade is None else float(trade.units)
    days = None
    if snapshot.daily_volume:
        days = abs(units) / (snapshot.daily_volume * position.fund.execution.volume_cap_fraction)
    costs = after.nav - after.nav_after
    slippage = None if journey.added is None else journey.added + costs
    floor = after.floor or None
    return GapRung(
        move=move,
        nav=after.nav,
        twin=after.twin,
        slippage=slippage,
        floor=floor,
        cushion=None if floor is None else after.nav - floor,
        breached=below(after.nav, floor),
        target_weight=after.target_weight,
        trade_units=units,
        trade_money=units * after.spot,
        volume_days=days,
        outcome=decision.outcome,
        rank=gap_rank(-move).rank if move < 0.0 else None,
    )


def largest_gap(position: Position, floor: float) -> float | None:
    """The instant fall that takes the fund to its floor; None where none does."""
    snapshot = position.snapshot
    legs = legs_at(position.fund, position.holdings.options, snapshot.session)
    if not legs:
        return gap_budget(position.nav, floor, position.equity)
    return gap_budget(position.nav, floor - ROUNDING * position.nav, position.equity, legs, snapshot)


@dataclass(frozen=True, slots=True)
class MissingPiece:
    """What insures the fall beyond the largest that is survived, on the stock held today."""

    years: float
    label: str
    strike: float
    """Of the gap put, in the price of the index: what is survived unaided ends there."""
    gap_put: float
    """Money for puts on all units held, Black-Scholes at ``vol``."""
    gap_put_jumps: float | None
    """The same under the fitted jump model, its drift replaced by the rate."""
    sold_strike: float | None
    """Lower strike of the put spread; None where the fund survives more than the spread pays down to."""
    put_spread: float | None
    put_spread_jumps: float | None
    vol: float
    """That the puts are priced at: the twin's put volatility of today."""


@dataclass(frozen=True, slots=True)
class Survivable:
    """The largest instant fall that leaves the fund at its floor."""

    fall: float | None
    """Fraction; None where no fall reaches the floor, or no floor is promised."""
    sentence: str
    rank: int | None
    """Place among the S&P 500's days of 1950 to 2020; None for less than 5 %."""
    deeper: tuple[tuple[str, float], ...]
    """Real days that were as deep or deeper: date and return."""
    frequency: float | None
    """Share of those days; None where the rank is."""
    own_frequency: float | None
    """Share of days as deep in the fund's own history; None without a history."""
    own_returns: int
    """How many days the own history has."""
    model_probability: float | None
    """Of such a fall in one session under the fitted jump model."""
    model_probability_to_horizon: float | None
    """Of at least one such session before the horizon, the fall that is survived staying as it is."""
    missing: tuple[MissingPiece, ...]
    not_computed: tuple[str, ...]
    """What was not computed, and why."""

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def survivable(
    position: Position, closes: Sequence[float] | FloatArray = (), jumps: FittedJumps | None = None, why: str = ""
) -> Survivable:
    """The largest survivable gap, its rank and probability, and the price of insuring what lies beyond.

    Args:
        position: as it stands.
        closes: the fund's own history, one a session; empty where there is none.
        jumps: fitted to it.
        why: the sentence for a jump model that could not be fitted.

    The fall is C / E; a gap of exactly this size leads to the floor to 1e-9 of NAV
    (tests/stress/test_gaps.py::test_the_survivable_gap_leads_to_the_floor).
    """
    missing = [f"not computed: probability under a jump model: {why}"] if jumps is None and why else []
    memory = position.memory
    if memory is None or not memory.start.guarantee > 0.0:
        sentence = "The contract promises no floor, so no gap breaks it."
        return Survivable(None, sentence, None, (), None, None, 0, None, None, (), tuple(missing))
    rung = gap_ladder(position, (0.0,))[0]
    if rung.floor is None:
        sentence = "No protection period is in force, so there is no floor that a gap could break."
        return Survivable(None, sentence, None, (), None, None, 0, None, None, (), tuple(missing))
    floor = rung.floor
    fall = largest_gap(position, floor)
    if fall is None:
        sentence = "No instant fall of the index reaches the floor: too little is in stock."
        return Survivable(None, sentence, None, (), None, None, 0, None, None, (), tuple(missing))
    rank = gap_rank(fall)
    own, count = _own_frequency(closes, fall)
    if own is None:
        missing.append("not computed: frequency in the fund's own history: no history was given")
    if not fall > 0.0:
        sentence = f"The fund is worth {position.nav:,.2f}, not above its floor of {floor:,.2f}: it survives no fall."
        return Survivable(0.0, sentence, rank.rank, (), rank.frequency, own, count, None, None, (), (*missing, _NO_PUT))
    sentence = (
        f"An instant fall of {fall:.2%} takes the fund from {position.nav:,.2f} to its floor of {floor:,.2f}; "
        + _among(rank.rank, len(rank.deeper))
    )
    _, left = position.times()
    model = to_horizon = None
    if jumps is not None and fall < 1.0:
        model = jumps.fall_probability(fall)
        to_horizon = jumps.fall_probability(fall, max(round(left / SESSION), 1))
    return Survivable(
        fall=fall,
        sentence=sentence,
        rank=rank.rank,
        deeper=tuple((worst.day.isoformat(), worst.fall) for worst in rank.deeper),
        frequency=rank.frequency,
        own_frequency=own,
        own_returns=count,
        model_probability=model,
        model_probability_to_horizon=to_horizon,
        missing=_pieces(position, fall, left, jumps) if fall < 1.0 else (),
        not_computed=tuple(missing),
    )


_NO_PUT = "not computed: price of the missing piece: the floor is already reached"


def _among(rank: int | None, deeper: int) -> str:
    if rank is None:
        return "falls of less than 5 % are too common to be ranked among real days."
    if deeper == 0:
        return "no day of the S&P 500 from 1950 to 2020 was as deep."
    days = "one day" if deeper == 1 else f"{deeper} days"
    return f"{days} of the S&P 500 from 1950 to 2020 {'was' if deeper == 1 else 'were'} as deep or deeper."


def _own_frequency(closes: Sequence[float] | FloatArray, fall: float) -> tuple[float | None, int]:
    prices = numbers("closes", closes, low=0.0, open_low=True)
    if prices.size < 2:
        return None, 0
    returns = prices[1:] / prices[:-1] - 1.0
    return float(np.mean(returns <= -fall)), int(returns.size)


def _pieces(position: Position, fall: float, left: float, jumps: FittedJumps | None) -> tuple[MissingPiece, ...]:
    terms = [(sessions * SESSION, label) for sessions, label in MATURITIES if sessions * SESSION < left]
    if left > 0.0:
        terms.append((left, "to the horizon"))
    return tuple(_piece(position, fall, years, label, jumps) for years, label in terms)


def _piece(position: Position, fall: float, years: float, label: str, jumps: FittedJumps | None) -> MissingPiece:
    snapshot, spot, units = position.snapshot, position.spot, float(position.holdings.units)
    strike = spot * (1.0 - fall)
    sold = spot * (1.0 - SPREAD_TO) if fall < SPREAD_TO else None

    def plain(at: float) -> float:
        return units * black_scholes.put(spot, at, years, snapshot.rate, snapshot.put_vol, snapshot.dividend_yield)

    def jumpy(at: float) -> float | None:
        if jumps is None:
            return None
        return units * merton.put(
            spot,
            at,
            years,
            snapshot.rate,
            jumps.vol,
            snapshot.dividend_yield,
            jump_intensity=jumps.jump_intensity,
            jump_mean=jumps.jump_mean,
            jump_std=jumps.jump_std,
        )

    bought, bought_jumps = plain(strike), jumpy(strike)
    spread = spread_jumps = None
    if sold is not None:
        spread, sold_jumps = bought - plain(sold), jumpy(sold)
        spread_jumps = None if bought_jumps is None or sold_jumps is None else bought_jumps - sold_jumps
    return MissingPiece(years, label, strike, bought, bought_jumps, sold, spread, spread_jumps, snapshot.put_vol)


def falls(percents: Sequence[float]) -> tuple[float, ...]:
    """Moves in percent, as a command line has them, as fractions.

    Raises:
        InvalidInput: one below -99 % or above 100 %.
    """
    for percent in percents:
        if not -99.0 <= percent <= 100.0:
            raise InvalidInput(f"gap is {percent:g}; it must be a move in percent from -99 to 100 (-20 is a fall).")
    return tuple(percent / 100.0 for percent in percents)

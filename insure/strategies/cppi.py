"""Constant proportion portfolio insurance: a multiple of the cushion above a floor is held in stock.

    E = min(m C, cap V),   C = max(V - F_t, 0)

Sources: Perold (1986), "Constant portfolio insurance"; Black & Jones (1987), J. Portfolio Management 14(1); Black &
Perold (1992), J. Economic Dynamics and Control 16, section 2.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Literal

from insure.arguments import not_negative, number, one_of, positive
from insure.errors import FloorUnaffordable, InvalidInput
from insure.pricing.elementary import exp, sqrt
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Terms

FloorRule = Literal["accreting", "fixed", "zero_coupon", "stepped"]


def multiple_of_cushion(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """min(m C, cap V) / V, with m at most 1 / (fall that the gap estimate allows for)."""
    multiplier, cap, fall_per_vol = terms
    cushion = max(sight.nav - sight.floor, 0.0)
    bounded = min(multiplier, 1.0 / max(fall_per_vol * sight.vol, 1e-12))
    weight = min(bounded * cushion / sight.nav, cap)
    return weight, sight.floor, State(state.peak, state.strike, state.units, bounded)


@dataclass(frozen=True, slots=True)
class Cppi:
    """CPPI on a floor that only time moves.

    Args:
        guarantee: money promised at the horizon, in the units of the value protected.
        multiplier: m; a fall larger than 1/m between two trades breaches the floor.
        years: time to the horizon from the start.
        floor_rule: "accreting" G e^{-r tau} (default); "fixed" G at all times; "zero_coupon" G e^{-z(tau) tau} on
            ``zero_rates``; "stepped": the last of ``steps`` whose time has come.
        cap: largest weight that the strategy itself asks for; the fund's limits come after it.
        gap_sigmas: where above zero, m is at most 1 / (gap_sigmas v sqrt(gap_years)), v the volatility in sight: the
            multiplier then survives a fall of that many standard deviations.
        gap_years: time between two possible trades that the gap estimate covers.
        zero_rates: (years, continuously compounded zero rate) pairs, years ascending; linear between, flat outside.
        steps: (years since the start, money) pairs, years ascending, the first at 0.
    """

    guarantee: float
    multiplier: float = 4.0
    years: float = 1.0
    floor_rule: FloorRule = "accreting"
    cap: float = math.inf
    gap_sigmas: float = 0.0
    gap_years: float = 1.0 / 252.0
    zero_rates: tuple[tuple[float, float], ...] = ()
    steps: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no floor can mean."""
        not_negative("guarantee", self.guarantee)
        positive("multiplier", self.multiplier)
        positive("years", self.years)
        one_of("floor_rule", self.floor_rule, ("accreting", "fixed", "zero_coupon", "stepped"))
        if not self.cap > 0.0:
            raise InvalidInput(f"cap is {self.cap!r}; it must be above zero (infinity for none).")
        not_negative("gap_sigmas", self.gap_sigmas)
        positive("gap_years", self.gap_years)
        _ascending("zero_rates", self.zero_rates, needed=self.floor_rule == "zero_coupon")
        _ascending("steps", self.steps, needed=self.floor_rule == "stepped")

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "cppi"

    @property
    def rule(self) -> Rule:
        """``multiple_of_cushion``."""
        return multiple_of_cushion

    @property
    def hedge_vol(self) -> float | None:
        """None: the rule needs no volatility of its own (the gap estimate takes the one in sight)."""
        return None

    def begin(self, opening: Opening) -> Start:
        """Hand over the multiplier; refuse a floor that leaves no cushion."""
        terms = (self.multiplier, self.cap, self.gap_sigmas * sqrt(self.gap_years))
        start = Start(terms, _NOTHING, self.guarantee, reads_vol=self.gap_sigmas > 0.0)
        floor = self.scheduled_floor(start, 0.0, opening.years, opening.rate)
        if not floor < opening.value:
            raise FloorUnaffordable(
                f"The floor stands at {floor:g} on the first day and the fund is worth {opening.value:g}: there is no "
                "cushion to invest. Lower the guarantee or lengthen the horizon."
            )
        return start._replace(state=State(opening.value, 0.0, 0.0, self.multiplier))

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:
        """The floor at one date, money."""
        if self.floor_rule == "accreting":
            return start.guarantee * exp(-rate * years_left)
        if self.floor_rule == "zero_coupon":
            return start.guarantee * exp(-zero_rate(self.zero_rates, years_left) * years_left)
        if self.floor_rule == "stepped":
            return step_in_force(self.steps, elapsed)[1]
        return start.guarantee


_NOTHING = State(0.0, 0.0, 0.0, 0.0)


def _ascending(name: str, pairs: tuple[tuple[float, float], ...], *, needed: bool) -> None:
    if needed and not pairs:
        raise InvalidInput(f"{name} is empty; this floor rule needs at least one (years, value) pair.")
    for position, (years, value) in enumerate(pairs):
        number(f"{name}[{position}] years", years, low=0.0)
        number(f"{name}[{position}] value", value)
        if position and not years > pairs[position - 1][0]:
            raise InvalidInput(f"{name}[{position}] is at {years:g} years; times must ascend.")


def step_in_force(steps: tuple[tuple[float, float], ...], elapsed: float) -> tuple[float, float]:
    """The highest of the steps whose time has come: (years since the start, amount); nothing before the first."""
    return max((step for step in steps if step[0] <= elapsed + 1e-9), key=lambda step: step[1], default=(0.0, 0.0))


def zero_rate(pairs: tuple[tuple[float, float], ...], years: float) -> float:
    """Rate of a curve of (years, rate) pairs at a time: linear between them, flat outside."""
    if not years > pairs[0][0]:
        return pairs[0][1]
    for (left, low), (right, high) in itertools.pairwise(pairs):
        if years <= right:
            return low + (high - low) * (years - left) / (right - left)
    return pairs[-1][1]

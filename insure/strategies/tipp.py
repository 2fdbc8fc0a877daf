"""Time-invariant portfolio protection: CPPI on a floor that follows the highest value up and never comes down.

    F = max(F, k V),   E = min(m max(V - F, 0), cap V)

Source: Estep & Kritzman (1988), "TIPP: insurance without complexity", J. Portfolio Management 14(4).
"""

import math
from dataclasses import dataclass

from insure.arguments import fraction, positive
from insure.errors import FloorUnaffordable, InvalidInput
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Terms


def ratchet(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """min(m C, cap V) / V above max(the floor so far, k times the highest NAV that a decision has seen)."""
    protect, multiplier, cap = terms
    peak = max(state.peak, sight.nav)
    floor = max(sight.floor, protect * peak)
    cushion = max(sight.nav - floor, 0.0)
    weight = min(multiplier * cushion / sight.nav, cap)
    return weight, floor, State(peak, state.strike, state.units, state.mark)


@dataclass(frozen=True, slots=True)
class Tipp:
    """TIPP: ``protect`` of the highest value at any decision is the floor from then on.

    Args:
        protect: k, the fraction of the peak that is protected, below 1.
        multiplier: m; a fall larger than 1/m between two trades breaches the floor.
        cap: largest weight that the strategy itself asks for; the fund's limits come after it.

    ``State.peak`` keeps the highest NAV.
    """

    protect: float = 0.9
    multiplier: float = 4.0
    cap: float = math.inf

    def __post_init__(self) -> None:
        """Refuse what no ratchet can mean."""
        fraction("protect", self.protect)
        positive("multiplier", self.multiplier)
        if not self.cap > 0.0:
            raise InvalidInput(f"cap is {self.cap!r}; it must be above zero (infinity for none).")

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "tipp"

    @property
    def rule(self) -> Rule:
        """``ratchet``."""
        return ratchet

    @property
    def hedge_vol(self) -> float | None:
        """None: the rule needs no volatility."""
        return None

    def begin(self, opening: Opening) -> Start:
        """The first floor is ``protect`` of the opening value, which is also the promise at the horizon."""
        if not self.protect < 1.0:
            raise FloorUnaffordable(
                f"protect is {self.protect:g}: the floor stands at the fund's whole value and leaves no cushion to "
                "invest. Protect less than all of it."
            )
        terms = (self.protect, self.multiplier, self.cap)
        return Start(terms, State(opening.value, 0.0, 0.0, 0.0), self.protect * opening.value)

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """The first floor, at all times; the ratchet lifts it from there."""
        return start.guarantee

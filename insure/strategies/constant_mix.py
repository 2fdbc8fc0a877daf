"""Constant mix: the same equity weight after every decision; it buys what fell and sells what rose.

The mirror image of insurance (concave where insurance is convex), and the usual alternative to it.

Source: Perold & Sharpe (1988), "Dynamic strategies for asset allocation", FAJ 44(1).
"""

from dataclasses import dataclass

from insure.arguments import not_negative
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Terms


def same_weight(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """The one weight."""
    (weight,) = terms
    return weight, sight.floor, state


@dataclass(frozen=True, slots=True)
class ConstantMix:
    """Hold ``weight`` of NAV in stock at every decision."""

    weight: float = 0.6

    def __post_init__(self) -> None:
        """Refuse a short position."""
        not_negative("weight", self.weight)

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "constant_mix"

    @property
    def rule(self) -> Rule:
        """``same_weight``."""
        return same_weight

    @property
    def hedge_vol(self) -> float | None:
        """None: nothing is hedged."""
        return None

    def begin(self, opening: Opening) -> Start:
        """Nothing to solve; nothing is promised."""
        return Start((self.weight,), State(opening.value, 0.0, 0.0, 0.0), 0.0)

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """No floor."""
        return 0.0

"""Buy and hold: an equity weight bought once, never touched again. The unhedged comparison."""

from dataclasses import dataclass

from insure.arguments import not_negative
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Terms


def buy_once(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """The weight asked for at the first decision, and from then on whatever it has become."""
    (weight,) = terms
    asked = weight if state.mark == 0.0 else sight.weight
    return asked, sight.floor, State(state.peak, state.strike, state.units, 1.0)


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Hold ``weight`` of the first NAV in stock, the rest in cash."""

    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a short position."""
        not_negative("weight", self.weight)

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "buy_and_hold"

    @property
    def rule(self) -> Rule:
        """``buy_once``."""
        return buy_once

    @property
    def hedge_vol(self) -> float | None:
        """None: nothing is hedged."""
        return None

    def begin(self, opening: Opening) -> Start:
        """Nothing to solve; nothing is promised."""
        return Start((self.weight,), State(opening.value, 0.0, 0.0, 0.0), 0.0, matches="units")

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """No floor."""
        return 0.0

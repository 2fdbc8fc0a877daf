"""Stop-loss: all in stock until the fund touches what the guarantee costs in cash, then cash to the horizon.

It promises the floor only where prices do not jump across it, and it never comes back: the opportunity lost after a
recovery is the comparison that it is here for.

Source: Rubinstein (1985), "Alternative paths to portfolio insurance", FAJ 41(4), "stop-loss orders".
"""

from dataclasses import dataclass

from insure.arguments import not_negative, positive
from insure.errors import FloorUnaffordable
from insure.pricing.elementary import exp
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Terms


def stop_at_floor(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """``weight`` of NAV until NAV is at or below the floor at a decision; nothing from then on."""
    (weight,) = terms
    stopped = 1.0 if state.mark > 0.0 or not sight.nav > sight.floor else 0.0
    return weight * (1.0 - stopped), sight.floor, State(state.peak, state.strike, state.units, stopped)


@dataclass(frozen=True, slots=True)
class StopLoss:
    """Hold ``weight`` in stock until the discounted floor is touched.

    Args:
        floor: money at the horizon, in the units of the value protected.
        years: time to the horizon from the start.
        weight: equity weight until the stop.

    ``State.mark`` is 1.0 once stopped.
    """

    floor: float
    years: float = 1.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no stop can mean."""
        not_negative("floor", self.floor)
        positive("years", self.years)
        positive("weight", self.weight)

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "stop_loss"

    @property
    def rule(self) -> Rule:
        """``stop_at_floor``."""
        return stop_at_floor

    @property
    def hedge_vol(self) -> float | None:
        """None: nothing is hedged."""
        return None

    def begin(self, opening: Opening) -> Start:
        """Refuse a floor that is touched on the first day."""
        start = Start((self.weight,), State(opening.value, 0.0, 0.0, 0.0), self.floor)
        floor = self.scheduled_floor(start, 0.0, opening.years, opening.rate)
        if not floor < opening.value:
            raise FloorUnaffordable(
                f"The floor stands at {floor:g} on the first day and the fund is worth {opening.value:g}: it would be "
                "stopped at once. Lower the floor or lengthen the horizon."
            )
        return start

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """F e^{-r tau}: the stop, so that cash grows to the guarantee."""
        return start.guarantee * exp(-rate * years_left)

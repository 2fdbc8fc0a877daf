"""A path of one's own, point by point."""

from dataclasses import dataclass

from insure.arguments import fraction, not_negative, number, positive, whole
from insure.simulation.scenarios.path import DEEPEST, SESSION, Scenario, Step
from insure.simulation.scenarios.shape import Now


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a drawn path, against the state at its start.

    Attributes:
        level: index level over the level at the start.
        sessions: sessions since the point before; 0 is an instant jump.
        rate_change: rate less the rate at the start.
        vol_multiple: volatility over the volatility at the start.
        spread, tradable, filled, delay, cash_loss: as in ``Step``.
    """

    level: float
    sessions: float = 1.0
    rate_change: float = 0.0
    vol_multiple: float = 1.0
    spread: float = 1.0
    tradable: bool = True
    filled: float = 1.0
    delay: int = 0
    cash_loss: float = 0.0

    def __post_init__(self) -> None:
        positive("level", self.level)
        not_negative("sessions", self.sessions)
        number("rate_change", self.rate_change, low=-0.5, high=0.5)
        positive("vol_multiple", self.vol_multiple)
        positive("spread", self.spread)
        fraction("filled", self.filled)
        whole("delay", self.delay)
        number("cash_loss", self.cash_loss, low=0.0, high=DEEPEST)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A path of one's own, point by point; the start (level 1) comes before the first point.

    Attributes:
        name, title, assumption: in one's own words; the assumption is printed under every table.
        points: one or more.
    """

    name: str
    title: str
    assumption: str
    points: tuple[Point, ...]

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """The start, then each point."""
        now = Now(spot, rate, vol, years_per_step)
        steps = [now.step(0, 1.0)]
        for k, point in enumerate(self.points, start=1):
            step = Step(
                label=str(k),
                years=point.sessions * years_per_step,
                spot=spot * point.level,
                rate=rate + point.rate_change,
                vol=vol * point.vol_multiple,
                spread=point.spread,
                tradable=point.tradable,
                filled=point.filled,
                delay=point.delay,
                cash_loss=point.cash_loss,
            )
            steps.append(step)
        return Scenario(self.name, self.title, tuple(steps), self.assumption)

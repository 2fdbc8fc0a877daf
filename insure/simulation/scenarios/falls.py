"""Synthetic shapes of the price alone: gap, slow grind, crash and rebound, whipsaw, melt-up and gap."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from insure.arguments import fraction, not_negative, number, positive
from insure.simulation.scenarios.path import DEEPEST, SESSION, Scenario
from insure.simulation.scenarios.shape import STILL, Now, Synthetic, percent, sessions, slide


@dataclass(frozen=True, slots=True)
class Gap(Synthetic):
    """An instant fall (below zero: a rise) before the next possible trade.

    Attributes:
        fall: fraction of the level lost; from -1 (a doubling) to 0.99.
        sessions_after: quiet sessions after it.
        vol_multiple: volatility after the gap over today's.
    """

    kind: ClassVar[str] = "gap"
    fall: float = 0.2
    sessions_after: int = 0
    vol_multiple: float = 1.0

    def __post_init__(self) -> None:
        number("fall", self.fall, low=-1.0, high=DEEPEST)
        sessions("sessions_after", self.sessions_after)
        positive("vol_multiple", self.vol_multiple)

    @property
    def name(self) -> str:
        """The kind and the move in percent, so that the rungs of a ladder differ."""
        return f"gap {0.0 - 100.0 * self.fall:+g} %"

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Two steps, no time and no trade between them; then the quiet sessions."""
        now = Now(spot, rate, vol, years_per_step)
        landed = [now.step(k, 1.0 - self.fall) for k in range(self.sessions_after + 1)]
        steps = [replace(now.step(0, 1.0), label="before", tradable=False)]
        steps += [replace(step, vol=vol * self.vol_multiple) for step in landed]
        steps[1] = replace(steps[1], label="after")
        title = f"Instant {'fall' if self.fall >= 0.0 else 'rise'} of {percent(abs(self.fall))}, no trade before it"
        source = (
            "Synthetic: one jump in no time, from the holdings as they are; the rate stays, "
            f"the volatility is {self.vol_multiple:g} times today's after it."
        )
        return Scenario(self.name, title, tuple(steps), source)


@dataclass(frozen=True, slots=True)
class Grind(Synthetic):
    """A slow fall in equal log returns: the case that the strategies are made for.

    Attributes:
        fall: fraction lost over the whole.
        sessions: how many.
    """

    kind: ClassVar[str] = "grind"
    fall: float = 0.3
    sessions: int = 126

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        sessions("sessions", self.sessions, low=1)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """``sessions`` + 1 steps; level after k sessions (1 - fall)^(k / sessions)."""
        now = Now(spot, rate, vol, years_per_step)
        steps = now.walk([1.0, *slide(1.0, 1.0 - self.fall, self.sessions)])
        title = f"Slow grind of {percent(self.fall)} over {self.sessions} sessions"
        return Scenario(self.name, title, steps, "Synthetic: equal log returns. " + STILL)


@dataclass(frozen=True, slots=True)
class Rebound(Synthetic):
    """Crash and rebound (V): sold on the way down, bought back on the way up.

    Attributes:
        fall: fraction lost at the bottom.
        sessions_down, sessions_up: sessions to the bottom and back.
        recovered: fraction of the loss regained; 1 ends at the start.
    """

    kind: ClassVar[str] = "rebound"
    fall: float = 0.25
    sessions_down: int = 10
    sessions_up: int = 10
    recovered: float = 1.0

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        sessions("sessions_down", self.sessions_down, low=1)
        sessions("sessions_up", self.sessions_up, low=1)
        fraction("recovered", self.recovered)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Equal log returns down to 1 - fall, then up to 1 - fall (1 - recovered)."""
        now = Now(spot, rate, vol, years_per_step)
        bottom = 1.0 - self.fall
        top = 1.0 - self.fall * (1.0 - self.recovered)
        steps = now.walk([1.0, *slide(1.0, bottom, self.sessions_down), *slide(bottom, top, self.sessions_up)])
        title = (
            f"Crash of {percent(self.fall)} in {self.sessions_down} sessions, "
            f"{percent(self.recovered)} of it regained in {self.sessions_up}"
        )
        return Scenario(self.name, title, steps, "Synthetic: equal log returns each way. " + STILL)


@dataclass(frozen=True, slots=True)
class Whipsaw(Synthetic):
    """Volatility without trend: down and back, session by session.

    Attributes:
        swing: fraction lost on every odd session and regained on the next.
        sessions: how many; an even number ends at the start.
    """

    kind: ClassVar[str] = "whipsaw"
    swing: float = 0.03
    sessions: int = 40

    def __post_init__(self) -> None:
        number("swing", self.swing, low=0.0, high=DEEPEST)
        sessions("sessions", self.sessions, low=1)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Levels 1, 1 - swing, 1, 1 - swing, ...; realised volatility -log(1 - swing) / sqrt(years_per_step)."""
        now = Now(spot, rate, vol, years_per_step)
        steps = now.walk([1.0 - self.swing * (k % 2) for k in range(self.sessions + 1)])
        realised = -np.log1p(-self.swing) / np.sqrt(years_per_step)
        title = f"Whipsaw of {percent(self.swing)} for {self.sessions} sessions"
        source = f"Synthetic: down and back in turn, realised volatility {realised:.1%}, no trend. "
        return Scenario(self.name, title, steps, source + STILL)


@dataclass(frozen=True, slots=True)
class MeltUp(Synthetic):
    """A melt-up that fills the fund with stock, then a gap.

    Attributes:
        rise: fraction gained before the gap.
        sessions: sessions of the rise.
        fall: fraction of the top lost in the one step after it.
    """

    kind: ClassVar[str] = "melt-up"
    rise: float = 0.2
    sessions: int = 63
    fall: float = 0.25

    def __post_init__(self) -> None:
        not_negative("rise", self.rise)
        sessions("sessions", self.sessions, low=1)
        number("fall", self.fall, low=0.0, high=DEEPEST)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Equal log returns to 1 + rise, then one session to (1 + rise)(1 - fall)."""
        now = Now(spot, rate, vol, years_per_step)
        top = 1.0 + self.rise
        steps = now.walk([1.0, *slide(1.0, top, self.sessions), top * (1.0 - self.fall)])
        title = f"Melt-up of {percent(self.rise)} in {self.sessions} sessions, then a gap of {percent(self.fall)}"
        return Scenario(self.name, title, steps, "Synthetic: equal log returns, then one jump overnight. " + STILL)

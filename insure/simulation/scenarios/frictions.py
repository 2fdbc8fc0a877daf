"""Synthetic shapes in which more than the price goes wrong: volatility, spreads, rates, cash, the desk, the broker."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from insure.arguments import fraction, number, one_of, whole
from insure.errors import InvalidInput
from insure.simulation.scenarios.path import DEEPEST, SESSION, Scenario
from insure.simulation.scenarios.shape import STILL, Now, Synthetic, percent, sessions, slide


@dataclass(frozen=True, slots=True)
class VolatilitySpike(Synthetic):
    """A fall with a spike of volatility and spreads, and the way back to calm.

    Attributes:
        fall: fraction lost while volatility rises.
        sessions: sessions of the rise of volatility.
        vol_multiple, spread_multiple: volatility and bid-ask spread at the peak over today's.
        sessions_after: sessions of the return to today's, at the level reached.
    """

    kind: ClassVar[str] = "spike"
    fall: float = 0.08
    sessions: int = 3
    vol_multiple: float = 3.0
    spread_multiple: float = 5.0
    sessions_after: int = 10

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        sessions("sessions", self.sessions, low=1)
        number("vol_multiple", self.vol_multiple, low=1.0)
        number("spread_multiple", self.spread_multiple, low=1.0)
        sessions("sessions_after", self.sessions_after, low=1)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Level, volatility and spread move by equal ratios up to the peak; the last two move back the same way."""
        now = Now(spot, rate, vol, years_per_step)
        levels = [1.0, *slide(1.0, 1.0 - self.fall, self.sessions)]
        levels += [levels[-1]] * self.sessions_after
        swell = [k / self.sessions for k in range(self.sessions + 1)]
        swell += [1.0 - k / self.sessions_after for k in range(1, self.sessions_after + 1)]
        steps = tuple(
            replace(now.step(k, level), vol=vol * self.vol_multiple**share, spread=self.spread_multiple**share)
            for k, (level, share) in enumerate(zip(levels, swell, strict=True))
        )
        title = (
            f"Volatility times {self.vol_multiple:g} and spreads times {self.spread_multiple:g} "
            f"with a fall of {percent(self.fall)} in {self.sessions} sessions"
        )
        source = "Synthetic: equal ratios to the peak and back. The rate stays; every step can be traded in full."
        return Scenario(self.name, title, steps, source)


@dataclass(frozen=True, slots=True)
class RatesDown(Synthetic):
    """Rates and equity both down: the floor rises while the stock falls.

    Attributes:
        fall: fraction lost over the whole.
        rate_change: change of the rate over the whole, per year; below zero is down.
        sessions: how many.
    """

    kind: ClassVar[str] = "rates-down"
    fall: float = 0.2
    rate_change: float = -0.02
    sessions: int = 60

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        number("rate_change", self.rate_change, low=-0.5, high=0.5)
        sessions("sessions", self.sessions, low=1)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Equal log returns of the index, equal differences of the rate."""
        now = Now(spot, rate, vol, years_per_step)
        steps = tuple(
            replace(now.step(k, level), rate=rate + self.rate_change * (k / self.sessions))
            for k, level in enumerate([1.0, *slide(1.0, 1.0 - self.fall, self.sessions)])
        )
        title = (
            f"Equity down {percent(self.fall)} and the rate {self.rate_change:+.2%} a year in {self.sessions} sessions"
        )
        source = (
            "Synthetic: equal log returns, the rate moves in a straight line. "
            "Volatility stays; every step can be traded in full."
        )
        return Scenario(self.name, title, steps, source)


@dataclass(frozen=True, slots=True)
class CashHaircut(Synthetic):
    """The cash leg loses value during a fall, as a money fund that breaks the buck does.

    Attributes:
        fall: fraction of the index lost over the whole.
        sessions: how many.
        haircut: fraction of the cash leg lost.
        session: the session on which it is lost, 1 to ``sessions``.
    """

    kind: ClassVar[str] = "cash-haircut"
    fall: float = 0.1
    sessions: int = 5
    haircut: float = 0.03
    session: int = 2

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        sessions("sessions", self.sessions, low=1)
        number("haircut", self.haircut, low=0.0, high=DEEPEST)
        whole("session", self.session, low=1)
        if self.session > self.sessions:
            raise InvalidInput(f"session is {self.session}; it must be 1 to sessions, which is {self.sessions}.")

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Equal log returns of the index; the cash loss arrives with the named session."""
        now = Now(spot, rate, vol, years_per_step)
        steps = tuple(
            replace(now.step(k, level), cash_loss=self.haircut if k == self.session else 0.0)
            for k, level in enumerate([1.0, *slide(1.0, 1.0 - self.fall, self.sessions)])
        )
        title = (
            f"Cash leg loses {percent(self.haircut)} on session {self.session} of a fall of {percent(self.fall)} "
            f"in {self.sessions}"
        )
        source = (
            "Synthetic; the default haircut is that of the Reserve Primary Fund, which put its share at 97 cents on "
            "16 September 2008 (its holders had 99.1 cents in the end, years later). " + STILL
        )
        return Scenario(self.name, title, steps, source)


@dataclass(frozen=True, slots=True)
class Outage(Synthetic):
    """No data, or no desk, for some hours of a fall: the price of an hour of outage is the difference of two of these.

    Attributes:
        fall: fraction lost during ``fall_hours``.
        fall_hours: length of the fall in trading hours; a whole number of ``step_hours``.
        outage_from: trading hours from now to the start of the outage.
        outage_hours: its length; 0 is the same fall with the desk at work.
        what: "data" or "desk": what is missing.
        step_hours: one look at the market every so many hours.
        session_hours: trading hours a session.
    """

    kind: ClassVar[str] = "outage"
    fall: float = 0.1
    fall_hours: float = 6.5
    outage_from: float = 0.5
    outage_hours: float = 3.0
    what: Literal["data", "desk"] = "desk"
    step_hours: float = 0.5
    session_hours: float = 6.5

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        number("step_hours", self.step_hours, low=1.0 / 60.0, high=24.0)
        number("session_hours", self.session_hours, low=1.0, high=24.0)
        number("fall_hours", self.fall_hours, low=self.step_hours, high=1000.0)
        number("outage_from", self.outage_from, low=0.0, high=1000.0)
        number("outage_hours", self.outage_hours, low=0.0, high=1000.0)
        one_of("what", self.what, ("data", "desk"))
        steps = self.fall_hours / self.step_hours
        if not abs(steps - round(steps)) <= 1e-9 * steps:
            raise InvalidInput(
                f"fall_hours is {self.fall_hours!r}; it must be a whole number of step_hours, which is "
                f"{self.step_hours!r}."
            )

    @property
    def name(self) -> str:
        """The kind and the hours, so that a row of outages differs."""
        return f"outage {self.outage_hours:g} h"

    def _look(self, hour: float) -> int:
        """The first step at this hour or later."""
        return math.ceil(hour / self.step_hours - 1e-9)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Steps of ``step_hours`` through the fall and on until the first step after the outage.

        ``years_per_step`` is still the length of a session; a step here is its share of the session's hours. Steps at
        ``outage_from`` <= hour < ``outage_from + outage_hours`` cannot be traded.
        """
        now = Now(spot, rate, vol, years_per_step * self.step_hours / self.session_hours)
        falling = round(self.fall_hours / self.step_hours)
        dark = self._look(self.outage_from)
        bright = self._look(self.outage_from + self.outage_hours)
        levels = [1.0, *slide(1.0, 1.0 - self.fall, falling)] + [1.0 - self.fall] * max(0, bright - falling)
        steps = tuple(
            replace(now.step(k, level), label=f"{k * self.step_hours:g} h", tradable=not dark <= k < bright)
            for k, level in enumerate(levels)
        )
        title = (
            f"No {self.what} for {self.outage_hours:g} hours, {self.outage_from:g} hours into a fall of "
            f"{percent(self.fall)} in {self.fall_hours:g} hours"
        )
        source = (
            "Synthetic: equal log returns by the hour. Rate and volatility stay; trading in full outside the outage."
        )
        return Scenario(self.name, title, steps, source)


@dataclass(frozen=True, slots=True)
class PartialFill(Synthetic):
    """The broker fills a part of each order during a fall, and perhaps late.

    Attributes:
        fall: fraction lost over the whole.
        sessions: how many.
        filled: fraction of each order that is executed.
        delay: sessions between an order and its execution.
    """

    kind: ClassVar[str] = "partial-fill"
    fall: float = 0.2
    sessions: int = 4
    filled: float = 1.0 / 3.0
    delay: int = 0

    def __post_init__(self) -> None:
        number("fall", self.fall, low=0.0, high=DEEPEST)
        sessions("sessions", self.sessions, low=1)
        fraction("filled", self.filled)
        whole("delay", self.delay)

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """Equal log returns; every order from the first session on is filled in part."""
        now = Now(spot, rate, vol, years_per_step)
        steps = tuple(
            replace(now.step(k, level), filled=self.filled if k else 1.0, delay=self.delay if k else 0)
            for k, level in enumerate([1.0, *slide(1.0, 1.0 - self.fall, self.sessions)])
        )
        title = f"Broker fills {self.filled:.0%} of each order in a fall of {percent(self.fall)} in {self.sessions}"
        source = (
            "Synthetic; the default third is what portfolio insurers are said to have executed of the sales their "
            "models asked for from 14 to 16 October 1987 (Presidential Task Force on Market Mechanisms, 1988). "
            "Rate and volatility stay."
        )
        return Scenario(self.name, title, steps, source)

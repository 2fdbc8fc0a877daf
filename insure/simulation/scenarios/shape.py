"""What the shapes share: their protocol, today's state that they begin at, and the slide of equal log returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from insure.arguments import not_negative, number, positive, whole
from insure.errors import InvalidInput
from insure.simulation.scenarios.path import SESSION, Scenario, Step

LONGEST = 25_200
"""The longest part of a shape, in sessions: a century."""

STILL = "Rate and volatility stay where they are today; every step can be traded in full."
"""The assumption of the shapes in which only the price moves."""


class Shape(Protocol):
    """What synthetic shapes, replays and drawn paths share."""

    @property
    def name(self) -> str:
        """Short, for tables."""
        ...

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """The scenario that begins at this spot, rate and volatility, ``years_per_step`` years a session."""
        ...


class Synthetic:
    """A shape of parameters only, named by its kind."""

    __slots__ = ()
    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """The kind, as scenario files and tables have it."""
        return self.kind


@dataclass(frozen=True, slots=True)
class Now:
    """Today's state, checked once, from which a shape makes its steps."""

    spot: float
    rate: float
    vol: float
    years: float
    """Length of a step."""

    def __post_init__(self) -> None:
        positive("spot", self.spot)
        number("rate", self.rate)
        not_negative("vol", self.vol)
        positive("years_per_step", self.years)

    def step(self, k: int, level: float) -> Step:
        """Step ``k`` at ``level`` times today's spot, in a market that is otherwise as it is today."""
        return Step(str(k), self.years if k else 0.0, self.spot * level, self.rate, self.vol)

    def walk(self, levels: Sequence[float]) -> tuple[Step, ...]:
        """One such step for each level."""
        return tuple(self.step(k, level) for k, level in enumerate(levels))


def slide(first: float, last: float, steps: int) -> list[float]:
    """``steps`` equal log returns from ``first`` (left out) to ``last`` (exact)."""
    return [first * (last / first) ** (k / steps) for k in range(1, steps)] + [last]


def sessions(name: str, value: int, *, low: int = 0) -> int:
    """A whole number of sessions from ``low`` to a century."""
    count = whole(name, value, low=low)
    if count > LONGEST:
        raise InvalidInput(f"{name} is {value!r}; it must be {LONGEST} sessions or fewer.")
    return count


def percent(x: float) -> str:
    """A fraction as the titles print it."""
    return f"{100.0 * x:g} %"

"""A path of the market, step by step, with what could be traded on the way: what every stress runs on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insure.arguments import FloatArray, fraction, not_negative, number, positive, whole
from insure.errors import InvalidInput

SESSION = 1.0 / 252.0
"""One session in years, by the day count bus/252."""

DEEPEST = 0.99
"""The deepest fall that a scenario accepts, as a fraction: levels stay above zero."""


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a scenario: the market as it stands on arrival, and what can be traded there.

    Attributes:
        label: a date, an hour, or the number of the step.
        years: time since the step before, years; 0 at the first step and at an instant jump.
        spot: index level, in the units of today's spot.
        rate: continuously compounded, per year; accrues from this step to the next.
        vol: volatility that the desk hedges with, per square root of year.
        spread: the bid-ask spread as a multiple of the ordinary one.
        tradable: whether an order can be given at this step at all.
        filled: fraction of an order given at this step that is executed.
        delay: steps between an order and its execution; 0 is at once.
        cash_loss: fraction of the cash leg lost on arriving here.
        basis: index future over index, less one, where the future is what gets sold; 0 where nothing is known.
    """

    label: str
    years: float
    spot: float
    rate: float
    vol: float
    spread: float = 1.0
    tradable: bool = True
    filled: float = 1.0
    delay: int = 0
    cash_loss: float = 0.0
    basis: float = 0.0

    def __post_init__(self) -> None:
        at = f"step {self.label}: "
        not_negative(at + "years", self.years)
        positive(at + "spot", self.spot)
        number(at + "rate", self.rate)
        not_negative(at + "vol", self.vol)
        positive(at + "spread", self.spread)
        fraction(at + "filled", self.filled)
        whole(at + "delay", self.delay)
        number(at + "cash_loss", self.cash_loss, low=0.0, high=DEEPEST)
        number(at + "basis", self.basis, low=-DEEPEST, high=1.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A path of the market with its trading conditions; the arrays have one entry a step, the start included.

    Attributes:
        name: short, for tables.
        title: one line, for reports.
        steps: two or more; the first is the state now, with ``years`` 0.
        source: the sentence that says where the path comes from and what is assumed in it.

    Raises:
        InvalidInput: fewer than two steps, or time before the first.
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    source: str

    def __post_init__(self) -> None:
        if len(self.steps) < 2:
            raise InvalidInput(f"scenario {self.name} has {len(self.steps)} steps; it must have 2 or more.")
        if self.steps[0].years != 0.0:
            raise InvalidInput(f"scenario {self.name} begins after {self.steps[0].years!r} years; it must begin at 0.")

    @property
    def spots(self) -> FloatArray:
        """Index levels."""
        return np.array([step.spot for step in self.steps])

    @property
    def years(self) -> FloatArray:
        """Years since the step before; the first is 0."""
        return np.array([step.years for step in self.steps])

    @property
    def rates(self) -> FloatArray:
        """Continuously compounded, per year, from each step on."""
        return np.array([step.rate for step in self.steps])

    @property
    def vols(self) -> FloatArray:
        """Hedge volatility at each step."""
        return np.array([step.vol for step in self.steps])

    @property
    def spreads(self) -> FloatArray:
        """Multiples of the ordinary bid-ask spread."""
        return np.array([step.spread for step in self.steps])

    @property
    def tradable(self) -> NDArray[np.bool_]:
        """Where an order can be given."""
        return np.array([step.tradable for step in self.steps])

    @property
    def executable(self) -> FloatArray:
        """Fraction of an order that is executed: ``filled`` where tradable, else 0."""
        return np.array([step.filled if step.tradable else 0.0 for step in self.steps])

    @property
    def cash_losses(self) -> FloatArray:
        """Fractions of the cash leg lost on arrival."""
        return np.array([step.cash_loss for step in self.steps])

    @property
    def years_per_step(self) -> float:
        """The step of an evenly spaced scenario, years.

        Raises:
            InvalidInput: the steps are uneven; ``years`` has them one by one.
        """
        later = self.years[1:]
        if not (later == later[0]).all():
            raise InvalidInput(f"scenario {self.name} has uneven steps: read their lengths from years.")
        return float(later[0])

    @property
    def deepest_fall(self) -> float:
        """The lowest level over the first, less one: 0 where the path never lies below its start."""
        return float(self.spots.min() / self.spots[0] - 1.0)

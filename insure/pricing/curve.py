"""What money earns until a date: one flat rate, or zero rates with log-linear discount factors between them.

Rates are per year, continuously compounded; times are years from today. A curve answers up to its last node: a horizon
beyond it is refused, not guessed.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from insure.arguments import not_negative, number, positive
from insure.errors import InvalidInput


class Curve(Protocol):
    """Anything that discounts."""

    def discount(self, years: float) -> float:
        """Money today for one unit of money in ``years``."""
        ...

    def zero_rate(self, years: float) -> float:
        """Continuous rate per year from today to ``years``."""
        ...

    def forward_rate(self, start: float, end: float) -> float:
        """Continuous rate per year, agreed today, from ``start`` to ``end`` (years)."""
        ...


@dataclass(frozen=True, slots=True)
class FlatCurve:
    """One rate for every time."""

    rate: float
    """Per year, continuously compounded, any sign."""

    def __post_init__(self) -> None:
        number("rate", self.rate)

    def discount(self, years: float) -> float:
        """e^{-r t}."""
        return float(np.exp(-self.rate * not_negative("years", years)))

    def zero_rate(self, years: float) -> float:
        """The rate."""
        not_negative("years", years)
        return self.rate

    def forward_rate(self, start: float, end: float) -> float:
        """The rate.

        Raises:
            InvalidInput: ``end`` is not after ``start``.
        """
        _check_period(start, end)
        return self.rate


@dataclass(frozen=True, slots=True)
class ZeroCurve:
    """Zero rates at nodes; between them (and from today to the first) the logarithm of the discount factor is linear.

    So forward rates are constant between nodes. Agrees with QuantLib's ``DiscountCurve`` to 1e-15
    (tests/references/test_pricing_carry.py).

    Raises:
        InvalidInput: no node, times not above zero and ascending, a rate that is not finite, or unequal lengths.
    """

    years: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if not (len(self.years) == len(self.rates) and self.years):
            raise InvalidInput(
                f"years has {len(self.years)} nodes and rates {len(self.rates)}; a curve has as many of one as of the "
                "other, and at least one."
            )
        for years, rate in zip(self.years, self.rates, strict=True):
            positive("years", years)
            number("rates", rate)
        for earlier, later in zip(self.years, self.years[1:], strict=False):
            if not earlier < later:
                raise InvalidInput(f"years has {later!r} after {earlier!r}; the nodes of a curve must ascend.")

    def discount(self, years: float) -> float:
        """e^{-z(t) t}.

        Raises:
            InvalidInput: ``years`` is negative or beyond the last node.
        """
        return float(np.exp(self._log_discount(years)))

    def zero_rate(self, years: float) -> float:
        """Rate from today to ``years``; at 0 the rate of the first node, which is its limit. Errors as ``discount``."""
        log_discount = self._log_discount(years)
        return -log_discount / years if years > 0.0 else float(self.rates[0])

    def forward_rate(self, start: float, end: float) -> float:
        """Rate from ``start`` to ``end``.

        Raises:
            InvalidInput: ``end`` is not after ``start``, or either lies outside the curve.
        """
        _check_period(start, end)
        return (self._log_discount(start) - self._log_discount(end)) / (end - start)

    def _log_discount(self, years: float) -> float:
        number(
            "years", years, low=0.0, high=self.years[-1], allowed=f"0 to {self.years[-1]:g}, the last node of the curve"
        )
        nodes = np.array((0.0, *self.years))
        logs = -nodes * np.array((0.0, *self.rates))
        return float(np.interp(years, nodes, logs))


def _check_period(start: float, end: float) -> None:
    not_negative("start", start)
    number("end", end)
    if not end > start:
        raise InvalidInput(f"end is {end!r}; it must be after start, {start!r}.")

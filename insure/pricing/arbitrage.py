"""Where a volatility surface would let someone earn money without risk: butterflies, wings, calendar spreads.

Butterfly: the risk-neutral density is negative exactly where

    g(k) = (1 - k w'/(2w))^2 - (w'^2/4)(1/w + 1/4) + w''/2

is (the prices of puts are not convex in the strike there). Wing: the density far out needs |w'| <= 2. Calendar: total
variance at the same k must not fall from one expiry to the next.

Source: J. Gatheral, A. Jacquier (2014), "Arbitrage-Free SVI Volatility Surfaces", eq. (2.1), lemmas 2.1 and 2.2; the
wings: R. Lee (2004), "The Moment Formula for Implied Volatility at Extreme Strikes".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from insure.arguments import FloatArray, positive
from insure.pricing.surface import Slice, Surface

Kind = Literal["butterfly", "wing", "calendar"]

REACH = 3.0
"""Strikes are examined from e^-3 to e^3 times the forward (5 % to 2,000 %) unless told otherwise."""

_POINTS = 4001
_BISECTIONS = 60
_STEEPEST_WING = 2.0
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Violation:
    """One interval of strikes that admits arbitrage."""

    kind: Kind
    years: tuple[float, ...]
    """The expiry; for a calendar spread the earlier and the later."""
    strikes: tuple[float, float]
    """Lowest and highest strike concerned, money; for a calendar spread at the later expiry's forward."""
    k: tuple[float, float]
    """The same as ln(strike/forward)."""
    worst: float
    """The least g; the steepest |w'| of a wing; the largest fall of total variance, as a negative number."""
    worst_k: float
    """Where."""

    def __str__(self) -> str:
        """One sentence for a report."""
        when = " to ".join(f"{years:g}" for years in self.years)
        where = f"strikes {self.strikes[0]:.6g} to {self.strikes[1]:.6g}"
        said = {
            "butterfly": f"the density is negative (g down to {self.worst:.3g})",
            "wing": f"total variance rises too steeply (slope {self.worst:.3g}, at most 2)",
            "calendar": f"total variance falls by up to {-self.worst:.3g}",
        }[self.kind]
        return f"{self.kind} arbitrage at {when} years, {where}: {said}."


def check(surface: Surface, reach: float = REACH) -> tuple[Violation, ...]:
    """All violations at the quoted expiries and between each and the next, earliest first; empty where there are none.

    Args:
        surface: to examine.
        reach: largest |ln(strike/forward)| examined, above zero.

    Raises:
        InvalidInput: ``reach`` is not above zero.
    """
    found: list[Violation] = []
    for one in surface.slices:
        found += butterfly(surface, one.years, reach)
        found += wings(one, reach)
    for earlier, later in zip(surface.slices, surface.slices[1:], strict=False):
        found += calendar(earlier, later, reach)
    return tuple(found)


def density_factor(surface: Surface, k: FloatArray, years: float) -> FloatArray:
    """g(k) at any time of the surface above zero; the density of ln(S_T/F) is g n(d2)/sqrt(w)."""
    positive("years", years)
    w, slope = surface.total_variance(k, years), surface.slope(k, years)
    bend = surface.curvature(k, years)
    return np.asarray((1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * bend)


def butterfly(surface: Surface, years: float, reach: float = REACH) -> list[Violation]:
    """Where the density is negative at ``years``, quoted expiry or not."""
    forward = float(surface.forward(years))
    return [
        Violation("butterfly", (years,), _strikes(forward, span), span, worst, at)
        for span, worst, at in _negative(
            lambda k: density_factor(surface, k, years), _grid(_centre(surface, years), reach)
        )
    ]


def wings(one: Slice, reach: float = REACH) -> list[Violation]:
    """Whether the smile's asymptotic slopes b (1 - rho), b (1 + rho) exceed 2; ``strikes`` then begin at the reach."""
    found = []
    smile = one.smile
    for side, steepness in ((-1.0, smile.b * (1.0 - smile.rho)), (1.0, smile.b * (1.0 + smile.rho))):
        if not steepness <= _STEEPEST_WING:
            span = (-np.inf, -reach) if side < 0.0 else (reach, np.inf)
            found.append(Violation("wing", (one.years,), _strikes(one.forward, span), span, steepness, side * np.inf))
    return found


def calendar(earlier: Slice, later: Slice, reach: float = REACH) -> list[Violation]:
    """Where total variance at the same k falls from one expiry to the next."""
    years = (earlier.years, later.years)
    grid = np.union1d(
        _grid((earlier.smile.m, earlier.smile.sigma), reach), _grid((later.smile.m, later.smile.sigma), reach)
    )

    def rise(k: FloatArray) -> FloatArray:
        gain = later.smile.total_variance(k) - earlier.smile.total_variance(k)
        # Equal smiles differ by rounding, which is no arbitrage.
        return np.where(np.abs(gain) <= _ROUNDING * later.smile.total_variance(k), 0.0, gain)

    return [
        Violation("calendar", years, _strikes(later.forward, span), span, worst, at)
        for span, worst, at in _negative(rise, grid)
    ]


def _centre(surface: Surface, years: float) -> tuple[float, float]:
    """Location and width of the smile next to ``years``: where it bends most."""
    nearest = min(surface.slices, key=lambda one: abs(one.years - years))
    return nearest.smile.m, nearest.smile.sigma


def _grid(centre: tuple[float, float], reach: float) -> FloatArray:
    """From -reach to reach, dense around the bend of the smile."""
    positive("reach", reach)
    m, sigma = centre
    ends = np.arcsinh((np.array([-reach, reach]) - m) / sigma)
    bent = m + sigma * np.sinh(np.linspace(ends[0], ends[1], _POINTS))
    return np.union1d(np.clip(bent, -reach, reach), np.linspace(-reach, reach, _POINTS))


def _negative(
    function: Callable[[FloatArray], FloatArray], grid: FloatArray
) -> list[tuple[tuple[float, float], float, float]]:
    """The intervals of the grid where the function is negative, edges bisected; each with its least value and where."""
    values = function(grid)
    below = ~(values >= 0.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], below, [False]]).astype(np.int8)))
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        low = _crossing(function, grid[first - 1], grid[first]) if first > 0 else float(grid[0])
        high = _crossing(function, grid[end], grid[end - 1]) if end < grid.size else float(grid[-1])
        worst = first + int(np.argmin(values[first:end]))
        found.append(((low, high), float(values[worst]), float(grid[worst])))
    return found


def _crossing(function: Callable[[FloatArray], FloatArray], good: float, bad: float) -> float:
    """Where the function becomes negative between a point where it is not and one where it is."""
    for _ in range(_BISECTIONS):
        middle = 0.5 * (good + bad)
        if function(np.array([middle]))[0] >= 0.0:
            good = middle
        else:
            bad = middle
    return float(bad)


def _strikes(forward: float, span: tuple[float, float]) -> tuple[float, float]:
    return forward * float(np.exp(span[0])), forward * float(np.exp(span[1]))

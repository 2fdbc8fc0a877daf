"""The implied volatility of every strike and time: SVI smiles at the quoted expiries, total variance between them.

With F(T) the forward and k = ln(K/F(T)), vol(K, T)^2 T = w(k, T). Between expiries w is linear in time at constant k,
and ln(F/S) linear in time; before the first expiry the first smile's volatility holds at the same k; beyond the last
the surface refuses, or continues with the last smile's volatility where it was made to (``beyond="flat"``).

Whether the surface admits arbitrage is reported by ``insure.pricing.arbitrage``, never repaired silently.

Sources: J. Gatheral, A. Jacquier (2014), "Arbitrage-Free SVI Volatility Surfaces", section 2 (total variance and
calendar spreads); J. Gatheral (2006), "The Volatility Surface", chapter 3; sticky strike and sticky delta: E. Derman
(1999), "Regimes of Volatility".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from insure.arguments import FloatArray, numbers, one_of, positive
from insure.errors import InvalidInput
from insure.pricing import black_scholes, svi
from insure.pricing.contract import Kind
from insure.pricing.curve import Curve
from insure.pricing.svi import Svi

Beyond = Literal["refuse", "flat"]
Dynamics = Literal["sticky-strike", "sticky-delta"]


@dataclass(frozen=True, slots=True)
class Quote:
    """An option's implied volatility as the market gives it."""

    years: float
    """To the expiry, above zero."""
    strike: float
    """Money, above zero."""
    vol: float
    """Per square root of year, above zero."""

    def __post_init__(self) -> None:
        positive("years", self.years)
        positive("strike", self.strike)
        positive("vol", self.vol)


@dataclass(frozen=True, slots=True)
class Slice:
    """One expiry."""

    years: float
    """Above zero."""
    forward: float
    """Forward price to this expiry, money, above zero."""
    smile: Svi

    def __post_init__(self) -> None:
        positive("years", self.years)
        positive("forward", self.forward)


@dataclass(frozen=True, slots=True)
class Surface:
    """Implied volatility as a function of strike and time.

    Raises:
        InvalidInput: no slice, or expiries that do not ascend.
    """

    spot: float
    """Money, above zero."""
    slices: tuple[Slice, ...]
    """Ascending in years."""
    beyond: Beyond = "refuse"
    """After the last expiry: refuse, or hold its volatility at the same k."""

    def __post_init__(self) -> None:
        positive("spot", self.spot)
        one_of("beyond", self.beyond, ("refuse", "flat"))
        if not self.slices:
            raise InvalidInput("slices is (); a surface has at least one expiry.")
        for earlier, later in zip(self.slices, self.slices[1:], strict=False):
            if not earlier.years < later.years:
                raise InvalidInput(f"slices has {later.years!r} years after {earlier.years!r}; expiries must ascend.")

    def forward(self, years: ArrayLike) -> FloatArray:
        """Forward price, money, of the shape of ``years`` (zero or more); beyond the last expiry its carry continues.

        Raises:
            InvalidInput: ``years`` is negative or, unless the surface holds on, beyond the last expiry.
        """
        t = self._times(years)
        nodes = np.array([0.0] + [one.years for one in self.slices])
        carry = np.log(np.array([self.spot] + [one.forward for one in self.slices]) / self.spot)
        last = carry[-1] / nodes[-1]
        return np.asarray(self.spot * np.exp(np.where(t <= nodes[-1], np.interp(t, nodes, carry), last * t)))

    def total_variance(self, k: ArrayLike, years: ArrayLike) -> FloatArray:
        """w(k, T); k = ln(strike/forward) and years broadcast. Errors as ``forward``."""
        return self._blend([one.smile.total_variance(k) for one in self.slices], years)

    def slope(self, k: ArrayLike, years: ArrayLike) -> FloatArray:
        """dw/dk at constant time. Errors as ``forward``."""
        return self._blend([one.smile.slope(k) for one in self.slices], years)

    def curvature(self, k: ArrayLike, years: ArrayLike) -> FloatArray:
        """d2w/dk2 at constant time. Errors as ``forward``."""
        return self._blend([one.smile.curvature(k) for one in self.slices], years)

    def vol(self, strike: ArrayLike, years: ArrayLike) -> FloatArray:
        """Implied volatility per square root of year; ``strike`` (money) and ``years``, both above zero, broadcast.

        Raises:
            InvalidInput: as ``forward``, or strike or years not above zero.
        """
        t = numbers("years", years, low=0.0, open_low=True)
        k = np.log(numbers("strike", strike, low=0.0, open_low=True) / self.forward(t))
        return np.asarray(np.sqrt(self.total_variance(k, t) / t))

    def moved(self, spot: float, dynamics: Dynamics) -> "Surface":
        """The surface after the spot has moved to ``spot`` at once.

        Forwards move in proportion. Under ``"sticky-strike"`` each strike keeps its volatility, under
        ``"sticky-delta"`` each ratio of strike to spot.

        Raises:
            InvalidInput: ``spot`` is not above zero or ``dynamics`` is neither word.
        """
        one_of("dynamics", dynamics, ("sticky-strike", "sticky-delta"))
        ratio = positive("spot", spot) / self.spot
        shift = -float(np.log(ratio)) if dynamics == "sticky-strike" else 0.0
        return Surface(
            spot,
            tuple(Slice(one.years, one.forward * ratio, one.smile.shifted(shift)) for one in self.slices),
            self.beyond,
        )

    def vol_by_spot(self, strike: ArrayLike, years: ArrayLike, dynamics: Dynamics) -> FloatArray:
        """What a volatility gains per unit of money that the spot gains: 0 at a sticky strike, -(dvol/dk)/S else.

        Arguments and errors as ``vol`` and ``moved``.
        """
        one_of("dynamics", dynamics, ("sticky-strike", "sticky-delta"))
        t = numbers("years", years, low=0.0, open_low=True)
        vol = self.vol(strike, t)
        if dynamics == "sticky-strike":
            return np.zeros_like(vol)
        k = np.log(np.asarray(strike, dtype=np.float64) / self.forward(t))
        return np.asarray(-self.slope(k, t) / (2.0 * vol * t * self.spot))

    def delta(self, kind: Kind, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, dynamics: Dynamics) -> FloatArray:
        """Delta that knows the smile: delta_BS + vega dvol/dS, each at the strike's own volatility.

        ``strike``, ``years`` and ``rate`` (continuous, to ``years``) broadcast; the dividend yield is what the forward
        implies. In any model where prices scale with spot and strike together, the sticky-delta figure is the model's
        delta: it equals (P - K dP/dK)/S (measured within 1e-9, and within the fit's error of Heston's delta, in
        tests/references/test_pricing_surface.py).

        Raises:
            InvalidInput: as ``vol``, ``moved`` and ``black_scholes.greeks``.
        """
        t = numbers("years", years, low=0.0, open_low=True)
        dividend_yield = numbers("rate", rate) - np.log(self.forward(t) / self.spot) / t
        found = black_scholes.greeks(kind, self.spot, strike, t, rate, self.vol(strike, t), dividend_yield)
        return np.asarray(found.delta + found.vega * self.vol_by_spot(strike, t, dynamics))

    def _times(self, years: ArrayLike) -> FloatArray:
        t = numbers("years", years, low=0.0)
        last = self.slices[-1].years
        if self.beyond == "refuse" and not (t <= last).all():
            raise InvalidInput(
                f"years is {float(t.max())!r}; it must be {last!r}, the last quoted expiry, or less (a surface with "
                "beyond='flat' goes on with the last smile)."
            )
        return t

    def _blend(self, quantities: list[FloatArray], years: ArrayLike) -> FloatArray:
        """Linear in time between the expiries' values, through zero at time zero and on beyond the last expiry."""
        t = self._times(years)
        nodes = np.array([one.years for one in self.slices])
        t, *values = np.broadcast_arrays(t, *quantities)
        stacked = np.stack(values)
        after = np.clip(np.searchsorted(nodes, t, side="left"), 0, nodes.size - 1)
        before = np.maximum(after - 1, 0)
        upper = np.take_along_axis(stacked, after[None, ...], axis=0)[0]
        lower = np.take_along_axis(stacked, before[None, ...], axis=0)[0]
        gap = nodes[after] - nodes[before]
        share = np.divide(t - nodes[before], gap, out=np.ones_like(t), where=gap > 0.0)
        inside = (t >= nodes[0]) & (t <= nodes[-1])
        return np.asarray(np.where(inside, lower + share * (upper - lower), upper * t / nodes[after]))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A surface and how well each of its expiries meets the quotes."""

    surface: Surface
    fits: tuple[svi.Fit, ...]
    """One for each slice, in the same order."""


def calibrate(
    quotes: Sequence[Quote], spot: float, curve: Curve, dividend_yield: float = 0.0, beyond: Beyond = "refuse"
) -> Calibration:
    """The surface through quotes: one SVI smile for each expiry, by ``svi.fit``.

    The forward of each expiry is spot e^{(z - q) T} with z from ``curve``; where forwards are quoted, a ``Surface`` is
    built from ``Slice``s directly.

    Args:
        quotes: in any order; at least five strikes an expiry, calls or puts alike.
        spot: money, above zero.
        curve: zero rates to each expiry.
        dividend_yield: continuous, per year.
        beyond: what the surface does after the last expiry.

    Raises:
        InvalidInput: no quotes, fewer than five strikes at an expiry, or an argument not allowed.
    """
    positive("spot", spot)
    if not quotes:
        raise InvalidInput("quotes is empty; a surface needs at least one expiry with five strikes.")
    slices, fits = [], []
    for years in sorted({one.years for one in quotes}):
        here = [one for one in quotes if one.years == years]
        forward = spot * float(np.exp((curve.zero_rate(years) - numbers("dividend_yield", dividend_yield)) * years))
        found = svi.fit([one.strike for one in here], [one.vol for one in here], forward, years)
        slices.append(Slice(years, forward, found.smile))
        fits.append(found)
    return Calibration(Surface(spot, tuple(slices), beyond), tuple(fits))

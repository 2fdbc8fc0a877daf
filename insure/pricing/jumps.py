"""Log-normal jumps: each multiplies the price by e^J, J normal; the drift compensates them, E[S_T] is the forward."""

import cmath
import math
from dataclasses import dataclass

from insure.arguments import not_negative, number
from insure.pricing.fourier import Characteristic

_DIED_OUT = 10.0
_RESOLUTION = 16.0


@dataclass(frozen=True, slots=True)
class LogNormalJumps:
    """Poisson jumps whose logarithms are N(mean, std^2)."""

    intensity: float
    """Expected jumps per year, zero or more."""
    mean: float
    """Mean of the logarithm of a jump, -10 to 10."""
    std: float
    """Standard deviation of the logarithm of a jump, 0 to 10."""

    def __post_init__(self) -> None:
        not_negative("jump_intensity", self.intensity)
        number("jump_mean", self.mean, low=-10.0, high=10.0)
        number("jump_std", self.std, low=0.0, high=10.0)

    @property
    def log_growth(self) -> float:
        """ln E[e^J] = mean + std^2/2."""
        return self.mean + 0.5 * self.std * self.std

    @property
    def compensation(self) -> float:
        """Drift per year that the jumps are worth: intensity times E[e^J] - 1."""
        return self.intensity * math.expm1(self.log_growth)

    def added_to(self, diffusion: Characteristic, years: float) -> Characteristic:
        """The characteristic function of a diffusion with these jumps, independent of it, over ``years``.

        phi_jumps(z) = exp(T (lambda (e^{iz m - z^2 s^2/2} - 1) - iz lambda k)). Its modulus is at most one on the line
        of integration, so the diffusion alone is the envelope; it revives every 2 pi/m until e^{-u^2 s^2/2} dies out.
        """

        def log(z: complex) -> complex:
            leap = cmath.exp(1j * z * self.mean - 0.5 * self.std * self.std * z * z) - 1.0
            return diffusion.log(z) + years * (self.intensity * leap - 1j * z * self.compensation)

        if self.intensity == 0.0 or self.mean == 0.0:
            return Characteristic(log, diffusion.envelope)
        narrowest = 1.0 / (abs(self.mean) * max(1.0, math.sqrt(self.intensity * years)))
        ends = _DIED_OUT / self.std if self.std > 0.0 else math.inf
        return Characteristic(log, diffusion.envelope, _RESOLUTION * narrowest, ends)

"""CPPI that trades without pause and still loses: between two instants the index jumps."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from insure.arguments import fraction, not_negative, number, positive
from insure.errors import InvalidInput
from insure.gap_risk.cushion import initial_cushion
from insure.gap_risk.lognormal import partial_moments


@runtime_checkable
class MertonJumps(Protocol):
    """Log-jumps normal, ``N(jump_mean, jump_std^2)``, at ``jump_intensity`` a year (Merton 1976)."""

    @property
    def jump_intensity(self) -> float:
        """Jumps per year."""
        ...

    @property
    def jump_mean(self) -> float:
        """Mean of the logarithm of a jump's factor."""
        ...

    @property
    def jump_std(self) -> float:
        """Standard deviation of the logarithm of a jump's factor."""
        ...


@runtime_checkable
class KouJumps(Protocol):
    """Log-jumps double exponential, up with ``up_probability``, at ``jump_intensity`` a year (Kou 2002)."""

    @property
    def jump_intensity(self) -> float:
        """Jumps per year."""
        ...

    @property
    def up_probability(self) -> float:
        """Probability that a jump goes up."""
        ...

    @property
    def up_rate(self) -> float:
        """1 / mean of an upward log-jump; above 1, or the index has no mean."""
        ...

    @property
    def down_rate(self) -> float:
        """1 / mean size of a downward log-jump."""
        ...


@dataclass(frozen=True, slots=True)
class JumpCppi:
    """What jumps do to CPPI traded without pause; V_T is its value at the horizon, G the guarantee."""

    loss_intensity: float
    """Jumps per year that are deep enough to go through the floor."""
    loss_probability: float
    """P(V_T < G): such a jump comes before the horizon."""
    expected_loss: float
    """E[(G - V_T)^+], over all outcomes, money at the horizon."""
    loss_given_loss: float
    """E[G - V_T | V_T < G], money at the horizon; 0.0 where the probability of a loss is 0.0."""


def jump_cppi(
    value: float,
    guarantee: float,
    multiplier: float,
    years: float,
    rate: float,
    drift: float,
    jumps: MertonJumps | KouJumps,
) -> JumpCppi:
    """Probability and size of the loss of CPPI traded in continuous time on an index that jumps.

    The exposure is ``m C`` at every instant, without a leverage cap. A jump of the index by a factor exp(J) turns the
    cushion C into ``C (1 + m (exp(J) - 1))``: at ``exp(J) <= (m - 1) / m`` the fund is through its floor, and stays in
    cash from there on.

    Args:
        value: NAV at the start, money.
        guarantee: money promised at the horizon.
        multiplier: above zero; up to 1 no loss can happen.
        years: length of the period.
        rate: per year, continuously compounded.
        drift: expected growth of the index per year, jumps compensated: ``E[S_T] = S_0 exp(drift T)``.
        jumps: any object with the attributes of ``MertonJumps`` or of ``KouJumps``; a drift or volatility that it has
            besides is not looked at. The volatility between jumps does not enter the result.

    Raises:
        FloorUnaffordable: the discounted guarantee is not below the value.
        InvalidInput: an argument is out of range, or ``jumps`` is neither.

    Formula, with lambda the intensity, b = (m - 1) / m, and L = lambda m E[(b - exp(J))^+]:

        loss intensity      lambda* = lambda P(exp(J) <= b)
        loss probability    1 - exp(-lambda* T)
        expected loss       exp(r T) C0 L (exp(h T) - 1) / h,   h = m (drift - r) + L

    (before the loss the discounted cushion grows at h + lambda* in the mean). Merton: P = N(d), and the expectation is
    the lognormal partial moment. Kou, eta the down rate: P = (1 - p) b^eta, expectation (1 - p) b^(eta+1) / (eta + 1).

    Source: Cont and Tankov 2009, "Constant proportion portfolio insurance in the presence of jumps in asset prices",
    Mathematical Finance 19, 379-401, section on expected loss, here undiscounted.

    Accuracy: agrees with a quadrature over jump sizes and times to 1e-10 relative, and with simulation within four
    standard errors (tests/references/test_gap_risk_jumps.py).
    """
    cushion = initial_cushion(value, guarantee, years, rate)
    m = positive("multiplier", multiplier)
    drift = number("drift", drift)
    try:
        intensity, depth = _deep_jumps(jumps, 1.0 - 1.0 / m)
        loss_rate = m * depth
        growth = m * (drift - rate) + loss_rate
        horizon = math.expm1(growth * years) / growth if growth != 0.0 else years
        expected = math.exp(rate * years) * cushion * loss_rate * horizon
    except OverflowError as error:
        raise _too_large(m, drift, years, jumps) from error
    if not math.isfinite(expected):
        raise _too_large(m, drift, years, jumps)
    total = -math.expm1(-intensity * years)
    return JumpCppi(intensity, total, expected, expected / total if total > 0.0 else 0.0)


def _too_large(m: float, drift: float, years: float, jumps: MertonJumps | KouJumps) -> InvalidInput:
    return InvalidInput(
        f"multiplier is {m:g} and drift {drift:g} over {years:g} years with {jumps!r}; the expected loss exceeds the "
        "range of floats, so one of them must be smaller."
    )


def _deep_jumps(jumps: MertonJumps | KouJumps, bar: float) -> tuple[float, float]:
    """``P(exp(J) <= bar)`` and ``E[(bar - exp(J))^+]``, both times jumps per year; the attributes are checked here."""
    if isinstance(jumps, KouJumps):
        intensity = not_negative("jump_intensity", jumps.jump_intensity)
        down = 1.0 - fraction("up_probability", jumps.up_probability)
        if not number("up_rate", jumps.up_rate) > 1.0:
            raise InvalidInput(f"up_rate is {jumps.up_rate!r}; it must be above 1, or the index has no mean.")
        eta = positive("down_rate", jumps.down_rate)
        if bar <= 0.0:
            return 0.0, 0.0
        return intensity * down * bar**eta, intensity * down * bar ** (eta + 1.0) / (eta + 1.0)
    if isinstance(jumps, MertonJumps):
        intensity = not_negative("jump_intensity", jumps.jump_intensity)
        std = not_negative("jump_std", jumps.jump_std)
        mean = number("jump_mean", jumps.jump_mean)
        partial = partial_moments(mean + 0.5 * std * std, std, bar)
        return intensity * partial.probability_below, intensity * partial.below
    raise InvalidInput(
        f"jumps is {jumps!r}; it must have jump_intensity with jump_mean and jump_std (Merton), or with "
        "up_probability, up_rate and down_rate (Kou)."
    )

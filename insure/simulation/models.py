"""Models of the index: frozen values that know their parameters and what one step of them is made of.

``drift`` is the expected growth of the index with its dividends, per year, continuously compounded: the price itself
drifts at ``drift - dividend_yield``, whatever jumps, stochastic variance or history do (jumps are compensated). With
``drift`` equal to the rate the measure is risk-neutral.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from scipy.special import gammaincc

from insure.arguments import FloatArray, not_negative, number, numbers, positive
from insure.errors import InvalidInput
from insure.simulation.layout import STEPS

_NO_TAIL = 1e-13
"""Jump counts less likely than this in one step are not told apart."""
_MOST_JUMPS = 800


class Dynamics(NamedTuple):
    """One model cut into steps, for the kernel of that name."""

    kernel: str
    terms: tuple[float, ...]
    memory: tuple[float, ...] = ()
    """What the model remembers at the start of every path, at most four numbers."""
    second_moment: float | None = None
    """E[(S1/S0)^2] of one step's price, where steps are independent and it is known."""


class Model(Protocol):
    """What the engine asks of a model."""

    @property
    def kind(self) -> str:
        """Name in records and reports."""
        ...

    @property
    def annual_vol(self) -> float:
        """Standard deviation of the log return over a year (long run), per square root of year."""
        ...

    @property
    def drift(self) -> float | None:
        """Expected growth with dividends, per year; None where it is a history's own."""
        ...

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """The model in steps of ``dt`` years."""
        ...


@dataclass(frozen=True, slots=True)
class GBM:
    """Geometric Brownian motion: ln(S1/S0) ~ N((drift - q - vol^2/2) dt, vol^2 dt), exact at any step.

    Source: Samuelson (1965), Industrial Management Review 6(2).
    """

    vol: float
    drift: float = 0.0
    kind: ClassVar[str] = "gbm"

    def __post_init__(self) -> None:
        """Refuse what is no volatility."""
        not_negative("vol", self.vol)
        number("drift", self.drift)

    @property
    def annual_vol(self) -> float:
        """The one volatility."""
        return self.vol

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Drift and deviation of one step's log."""
        variance = self.vol * self.vol * dt
        growth = (self.drift - dividend_yield) * dt
        return Dynamics("gbm", (growth - 0.5 * variance, math.sqrt(variance)), (), math.exp(2.0 * growth + variance))


@dataclass(frozen=True, slots=True)
class Merton:
    """Jump diffusion with normal log-jumps N(jump_mean, jump_std^2) at rate ``jump_intensity``, exact at any step.

    Source: Merton (1976), J. Financial Economics 3, eq. (3).
    """

    vol: float
    drift: float
    jump_intensity: float
    jump_mean: float
    jump_std: float
    kind: ClassVar[str] = "merton"

    def __post_init__(self) -> None:
        """Refuse what no jump can be."""
        not_negative("vol", self.vol)
        number("drift", self.drift)
        not_negative("jump_intensity", self.jump_intensity)
        number("jump_mean", self.jump_mean)
        not_negative("jump_std", self.jump_std)

    @property
    def annual_vol(self) -> float:
        """sqrt(vol^2 + intensity (mean^2 + std^2))."""
        return math.sqrt(self.vol**2 + self.jump_intensity * (self.jump_mean**2 + self.jump_std**2))

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Diffusion, jump size, and the distribution of counts in one step."""
        mean, spread = self.jump_mean, self.jump_std
        jump = math.exp(mean + 0.5 * spread**2) - 1.0
        twice = math.exp(2.0 * mean + 2.0 * spread**2) - 1.0
        variance = self.vol * self.vol * dt
        growth = (self.drift - dividend_yield) * dt
        drift = growth - self.jump_intensity * jump * dt - 0.5 * variance
        second = math.exp(2.0 * drift + 2.0 * variance + self.jump_intensity * dt * twice)
        counts = poisson_levels(self.jump_intensity * dt, STEPS)
        return Dynamics("merton", (drift, math.sqrt(variance), mean, spread, float(len(counts)), *counts), (), second)


@dataclass(frozen=True, slots=True)
class Kou:
    """Jump diffusion with double-exponential log-jumps: up at rate ``up_rate`` with ``up_probability``, else down.

    Mean jump up 1/up_rate, down 1/down_rate, in logs; ``up_rate`` above 1, or the index has no mean.

    Source: Kou (2002), Management Science 48(8), eq. (1).
    """

    vol: float
    drift: float
    jump_intensity: float
    up_probability: float
    up_rate: float
    down_rate: float
    kind: ClassVar[str] = "kou"

    def __post_init__(self) -> None:
        """Refuse jumps without a mean."""
        not_negative("vol", self.vol)
        number("drift", self.drift)
        not_negative("jump_intensity", self.jump_intensity)
        number("up_probability", self.up_probability, low=0.0, high=1.0)
        positive("down_rate", self.down_rate)
        if not (self.up_rate > 1.0 and math.isfinite(self.up_rate)):
            raise InvalidInput(f"up_rate is {self.up_rate!r}; it must be a finite number above 1.")

    @property
    def annual_vol(self) -> float:
        """sqrt(vol^2 + intensity E[jump^2])."""
        square = 2.0 * (self.up_probability / self.up_rate**2 + (1.0 - self.up_probability) / self.down_rate**2)
        return math.sqrt(self.vol**2 + self.jump_intensity * square)

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Diffusion, jump sizes, and the distribution of counts in one step."""
        variance = self.vol * self.vol * dt
        growth = (self.drift - dividend_yield) * dt
        drift = growth - self.jump_intensity * (self._moment(1.0) - 1.0) * dt - 0.5 * variance
        second = None
        if self.up_rate > 2.0:
            second = math.exp(2.0 * drift + 2.0 * variance + self.jump_intensity * dt * (self._moment(2.0) - 1.0))
        counts = poisson_levels(self.jump_intensity * dt, STEPS)
        sizes = (self.up_probability, 1.0 / self.up_rate, 1.0 / self.down_rate)
        return Dynamics("kou", (drift, math.sqrt(variance), *sizes, float(len(counts)), *counts), (), second)

    def _moment(self, power: float) -> float:
        """E[e^{power jump}]."""
        up = self.up_probability * self.up_rate / (self.up_rate - power)
        return up + (1.0 - self.up_probability) * self.down_rate / (self.down_rate + power)


@dataclass(frozen=True, slots=True)
class Heston:
    """Square-root variance, stepped by the quadratic-exponential scheme with the martingale correction.

    dv = reversion (mean_variance - v) dt + vol_of_variance sqrt(v) dW', correlated with the index by ``correlation``.
    The bias of the scheme is of the order of dt; E[S] is exact.

    Sources: Heston (1993), Review of Financial Studies 6(2), eqs. (1) and (4); Andersen (2008), J. Computational
    Finance 11(3), section 3.2.4 (QE) and 4.3 (martingale correction), gamma1 = gamma2 = 1/2, switch at psi = 1.5.
    """

    variance: float
    mean_variance: float
    reversion: float
    vol_of_variance: float
    correlation: float
    drift: float = 0.0
    kind: ClassVar[str] = "heston"

    def __post_init__(self) -> None:
        """Refuse what is no variance."""
        _check_heston(self)

    @property
    def annual_vol(self) -> float:
        """sqrt of the mean variance."""
        return math.sqrt(self.mean_variance)

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Constants of the scheme."""
        growth = (self.drift - dividend_yield) * dt
        return Dynamics("heston", (growth, *_heston_terms(self, dt)), (self.variance,))


@dataclass(frozen=True, slots=True)
class Bates:
    """Heston's variance with Merton's jumps.

    Source: Bates (1996), Review of Financial Studies 9(1), eq. (1).
    """

    variance: float
    mean_variance: float
    reversion: float
    vol_of_variance: float
    correlation: float
    jump_intensity: float
    jump_mean: float
    jump_std: float
    drift: float = 0.0
    kind: ClassVar[str] = "bates"

    def __post_init__(self) -> None:
        """Refuse what is no variance and no jump."""
        _check_heston(self)
        not_negative("jump_intensity", self.jump_intensity)
        number("jump_mean", self.jump_mean)
        not_negative("jump_std", self.jump_std)

    @property
    def annual_vol(self) -> float:
        """sqrt(mean variance + intensity (mean^2 + std^2))."""
        return math.sqrt(self.mean_variance + self.jump_intensity * (self.jump_mean**2 + self.jump_std**2))

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Constants of the scheme and of the jumps."""
        jump = math.exp(self.jump_mean + 0.5 * self.jump_std**2) - 1.0
        growth = (self.drift - dividend_yield - self.jump_intensity * jump) * dt
        counts = poisson_levels(self.jump_intensity * dt, STEPS)
        jumps = (self.jump_mean, self.jump_std, float(len(counts)), *counts)
        return Dynamics("bates", (growth, *_heston_terms(self, dt), *jumps), (self.variance,))


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Stationary block bootstrap of a history of log returns, one a step.

    ``drift`` None: the history's own growth, E[S1/S0] = mean of e^{return} over the history; else every return is moved
    by the same amount so that it is the drift's. Whatever the length of a step, a step is one return of the history.

    Args:
        returns: log returns with dividends, in order.
        block_length: mean length of a block; None: the optimal one for the squared returns' dependence.
        drift: expected growth with dividends, per year.
        steps_per_year: returns in a year of the history.

    Sources: Politis & Romano (1994), J. American Statistical Association 89; block length by Politis & White (2004),
    corrected by Patton, Politis & White (2009), as in ``arch.bootstrap.optimal_block_length``.
    """

    returns: Sequence[float]
    block_length: float | None = None
    drift: float | None = None
    steps_per_year: float = 252.0
    kind: ClassVar[str] = "bootstrap"

    def __post_init__(self) -> None:
        """Keep the returns as a tuple, so that a model is a value; find the block length."""
        returns = numbers("returns", np.asarray(self.returns, dtype=np.float64))
        if returns.ndim != 1 or returns.size < 2:
            raise InvalidInput(f"returns has shape {returns.shape}; it must be one row of at least two log returns.")
        object.__setattr__(self, "returns", tuple(returns.tolist()))
        positive("steps_per_year", self.steps_per_year)
        if self.drift is not None:
            number("drift", self.drift)
        length = _optimal_block(returns) if self.block_length is None else self.block_length
        object.__setattr__(self, "block_length", number("block_length", length, low=1.0))

    @property
    def annual_vol(self) -> float:
        """Standard deviation of the returns times sqrt(steps_per_year)."""
        return float(np.std(self.returns)) * math.sqrt(self.steps_per_year)

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """The returns of the price, and the probability that a block ends."""
        returns = np.asarray(self.returns)
        mean = math.log(float(np.mean(np.exp(returns))))
        growth = mean if self.drift is None else self.drift * dt
        moved = returns + (growth - mean) - dividend_yield * dt
        length = float(self.block_length or 1.0)
        return Dynamics(
            "bootstrap", (1.0 / length, float(np.std(returns)), float(returns.size), *moved.tolist()), (-1.0,)
        )


def _optimal_block(returns: FloatArray) -> float:
    from arch.bootstrap import optimal_block_length  # noqa: PLC0415  # 1.6 s to import, and only this needs it

    return max(1.0, float(optimal_block_length(returns**2)["stationary"].iloc[0]))


@dataclass(frozen=True, slots=True)
class FilteredHistory:
    """Filtered historical simulation: GARCH(1,1) variance, residuals drawn from their own history.

    Per step: variance' = omega + alpha shock^2 + beta variance, log return = mean - variance/2 + shock with
    shock = sqrt(variance) residual.
    The growth is the drift's up to the residuals' skewness: mean is the drift of a step less ln E[e^{s z}] + s^2/2 at
    the long-run deviation s.

    Source: Barone-Adesi, Giannopoulos & Vosper (1999), J. Futures Markets 19(5).
    """

    omega: float
    alpha: float
    beta: float
    residuals: Sequence[float]
    variance: float | None = None
    """Of the first step; None: the long-run one."""
    drift: float = 0.0
    steps_per_year: float = 252.0
    kind: ClassVar[str] = "filtered_history"

    def __post_init__(self) -> None:
        """Keep residuals of mean 0 and variance 1; refuse an explosive variance."""
        residuals = numbers("residuals", np.asarray(self.residuals, dtype=np.float64))
        if residuals.ndim != 1 or residuals.size < 2 or not residuals.std() > 0.0:
            raise InvalidInput("residuals must be one row of at least two different numbers.")
        scaled = (residuals - residuals.mean()) / residuals.std()
        object.__setattr__(self, "residuals", tuple(scaled.tolist()))
        positive("omega", self.omega)
        not_negative("alpha", self.alpha)
        not_negative("beta", self.beta)
        if not self.alpha + self.beta < 1.0:
            raise InvalidInput(f"alpha + beta is {self.alpha + self.beta!r}; it must be below 1.")
        if self.variance is not None:
            positive("variance", self.variance)
        number("drift", self.drift)
        positive("steps_per_year", self.steps_per_year)

    @property
    def annual_vol(self) -> float:
        """sqrt of the long-run variance of a step times the steps in a year."""
        return math.sqrt(self.omega / (1.0 - self.alpha - self.beta) * self.steps_per_year)

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Constants of the recursion and the residuals."""
        long_run = self.omega / (1.0 - self.alpha - self.beta)
        residuals = np.asarray(self.residuals)
        skewed = math.log(float(np.mean(np.exp(math.sqrt(long_run) * residuals)))) - 0.5 * long_run
        mean = (self.drift - dividend_yield) * dt - skewed
        first = long_run if self.variance is None else self.variance
        terms = (mean, self.omega, self.alpha, self.beta, float(residuals.size), *residuals.tolist())
        return Dynamics("filtered", terms, (first,))


@dataclass(frozen=True, slots=True)
class RegimeSwitching:
    """Calm and wild markets, each a geometric Brownian motion with the same drift; Markov between steps.

    Args:
        vols: of the calm and of the wild regime.
        leave: rates per year at which each is left.
        drift: expected growth with dividends, per year.
        wild: whether paths begin in the wild regime.

    Source: Hardy (2001), "A regime-switching model of long-term stock returns", North American Actuarial J. 5(2).
    """

    vols: tuple[float, float]
    leave: tuple[float, float]
    drift: float = 0.0
    wild: bool = False
    kind: ClassVar[str] = "regime_switching"

    def __post_init__(self) -> None:
        """Refuse what is no volatility and no rate."""
        for position in (0, 1):
            not_negative(f"vols[{position}]", self.vols[position])
            positive(f"leave[{position}]", self.leave[position])
        number("drift", self.drift)

    @property
    def annual_vol(self) -> float:
        """sqrt of the variance averaged over the time spent in each regime."""
        calm = self.leave[1] / (self.leave[0] + self.leave[1])
        return math.sqrt(calm * self.vols[0] ** 2 + (1.0 - calm) * self.vols[1] ** 2)

    def dynamics(self, dt: float, dividend_yield: float) -> Dynamics:
        """Drift and deviation of a step, and the exact probability of having changed after it, by regime."""
        growth = (self.drift - dividend_yield) * dt
        steps = tuple(f(vol) for vol in self.vols for f in (_drift_of(growth, dt), _deviation_of(dt)))
        both = self.leave[0] + self.leave[1]
        changed = tuple(rate / both * -math.expm1(-both * dt) for rate in self.leave)
        return Dynamics("switching", (*steps, *changed), (1.0 if self.wild else 0.0,))


def _drift_of(growth: float, dt: float) -> Callable[[float], float]:
    return lambda vol: growth - 0.5 * vol * vol * dt


def _deviation_of(dt: float) -> Callable[[float], float]:
    return lambda vol: vol * math.sqrt(dt)


def _check_heston(model: "Heston | Bates") -> None:
    not_negative("variance", model.variance)
    positive("mean_variance", model.mean_variance)
    positive("reversion", model.reversion)
    positive("vol_of_variance", model.vol_of_variance)
    number("correlation", model.correlation, low=-1.0, high=1.0)
    number("drift", model.drift)


def _heston_terms(model: "Heston | Bates", dt: float) -> tuple[float, ...]:
    """Moments of the variance over a step, and Andersen's K1 to K4 (without the part that the correction replaces)."""
    kappa, theta, xi, rho = model.reversion, model.mean_variance, model.vol_of_variance, model.correlation
    decay = math.exp(-kappa * dt)
    k1 = 0.5 * dt * (kappa * rho / xi - 0.5) - rho / xi
    k2 = 0.5 * dt * (kappa * rho / xi - 0.5) + rho / xi
    k3 = 0.5 * dt * (1.0 - rho * rho)
    k4 = k3
    pull, spread = theta * (1.0 - decay), xi * xi * decay * (1.0 - decay) / kappa
    constant = theta * xi * xi * (1.0 - decay) ** 2 / (2.0 * kappa)
    # E[e^{A v}] of the scheme exists for every variance where A times the largest scale of it stays below one.
    scale = (k2 + 0.5 * k4) * max(spread / decay, constant / pull)
    if not scale < 1.0:
        raise InvalidInput(
            f"correlation is {rho!r}; with steps of {dt:g} years the martingale correction does not exist. "
            "Take smaller steps."
        )
    return (
        decay,
        pull,
        spread,
        constant,
        k1,
        k2,
        k3,
        k4,
    )


def poisson_levels(expected: float, steps: int = 1) -> tuple[float, ...]:
    """P(count <= k), k = 0, 1, ... until the rest is below 1e-13, of the jumps in some steps that expect so many each.

    Raises:
        InvalidInput: a step expects so many jumps that it is no step.
    """
    levels: list[float] = []
    for k in range(_MOST_JUMPS):
        level = float(gammaincc(k + 1, steps * expected)) if expected > 0.0 else 1.0
        if 1.0 - level < _NO_TAIL:
            return tuple(levels)
        levels.append(level)
    raise InvalidInput(
        f"jump_intensity makes {expected:g} jumps a step; take smaller steps, so that fewer than 100 remain."
    )

"""CPPI under jumps: the closed form against a series of integrals over jump sizes and times, and against simulation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import norm

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.gap_risk import JumpCppi, jump_cppi


@dataclass(frozen=True)
class Merton:
    vol: float
    drift: float
    jump_intensity: float
    jump_mean: float
    jump_std: float

    def density(self, log_jump: float) -> float:
        return float(norm.pdf(log_jump, self.jump_mean, self.jump_std))

    def expected_factor(self) -> float:
        return math.exp(self.jump_mean + 0.5 * self.jump_std**2)

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        return rng.normal(self.jump_mean, self.jump_std, n)


@dataclass(frozen=True)
class Kou:
    vol: float
    drift: float
    jump_intensity: float
    up_probability: float
    up_rate: float
    down_rate: float

    def density(self, log_jump: float) -> float:
        if log_jump > 0.0:
            return self.up_probability * self.up_rate * math.exp(-self.up_rate * log_jump)
        return (1.0 - self.up_probability) * self.down_rate * math.exp(self.down_rate * log_jump)

    def expected_factor(self) -> float:
        up, down = self.up_rate / (self.up_rate - 1.0), self.down_rate / (self.down_rate + 1.0)
        return self.up_probability * up + (1.0 - self.up_probability) * down

    def draw(self, rng: np.random.Generator, n: int) -> FloatArray:
        size = rng.exponential(1.0, n)
        return np.where(rng.random(n) < self.up_probability, size / self.up_rate, -size / self.down_rate)


class Case(NamedTuple):
    value: float
    guarantee: float
    multiplier: float
    years: float
    rate: float
    drift: float
    jumps: Merton | Kou

    def closed_form(self) -> JumpCppi:
        return jump_cppi(*self)


CASES = [
    Case(100.0, 90.0, 4.0, 1.0, 0.03, 0.07, Merton(0.15, 0.07, 0.5, -0.15, 0.15)),
    Case(100.0, 95.0, 6.0, 3.0, 0.02, 0.06, Merton(0.1, 0.06, 2.0, -0.05, 0.10)),
    Case(1000.0, 800.0, 3.0, 2.0, 0.04, 0.04, Merton(0.2, 0.0, 0.3, -0.4, 0.2)),
    Case(100.0, 90.0, 5.0, 1.0, 0.03, 0.08, Kou(0.15, 0.08, 3.0, 0.3, 30.0, 12.0)),
    Case(100.0, 80.0, 8.0, 2.0, 0.01, 0.05, Kou(0.1, 0.05, 5.0, 0.45, 40.0, 25.0)),
    Case(100.0, 90.0, 2.0, 4.0, 0.03, 0.0, Kou(0.2, 0.08, 1.0, 0.1, 5.0, 2.0)),
]


def _integral(f: Callable[[float], float], low: float, high: float) -> float:
    """Quadrature in panels no wider than the jumps' own scale: a narrow peak cannot slip between the nodes."""
    edges = np.linspace(low, high, 41)
    return math.fsum(quad(f, a, b, epsabs=0.0, epsrel=1e-12)[0] for a, b in pairwise(edges))


@pytest.mark.parametrize("case", CASES)
def test_closed_form_agrees_with_integrals_over_sizes_and_times(case: Case) -> None:
    """Sum over the number j of the fatal jump: it comes at a gamma-distributed time, after j - 1 that were survived."""
    jumps, m, t = case.jumps, case.multiplier, case.years
    bar = math.log(1.0 - 1.0 / m)
    deepest, highest = (-3.5, 3.0) if isinstance(jumps, Merton) else (-30.0 / jumps.down_rate * 1.2 - 1.0, 0.0)

    def moment(f: Callable[[float], float], low: float, high: float) -> float:
        return _integral(lambda x: f(x) * jumps.density(x), low, high)

    def growth(x: float) -> float:
        return 1.0 + m * math.expm1(x)

    fatal = moment(lambda _: 1.0, deepest, bar)
    depth = moment(lambda x: -growth(x), deepest, bar)
    if isinstance(jumps, Merton):
        survived = moment(growth, bar, highest)
    else:
        survived = moment(growth, bar, 0.0) + moment(growth, 0.0, 45.0 / (jumps.up_rate - 1.0))
    intensity = jumps.jump_intensity
    between = m * (case.drift - case.rate - intensity * (jumps.expected_factor() - 1.0))

    probability = expected = 0.0
    for j in range(1, 90):
        log_rate = j * math.log(intensity) - float(gammaln(j))

        def at(s: float, grown: float, j: int = j, log_rate: float = log_rate) -> float:
            return math.exp(log_rate - intensity * s + grown * s) * s ** (j - 1)

        probability += fatal * (1.0 - fatal) ** (j - 1) * quad(at, 0.0, t, args=(0.0,), epsabs=1e-15, epsrel=1e-12)[0]
        expected += depth * survived ** (j - 1) * quad(at, 0.0, t, args=(between,), epsabs=1e-15, epsrel=1e-12)[0]
    cushion = case.value * math.exp(case.rate * t) - case.guarantee

    found = case.closed_form()
    assert found.loss_intensity == pytest.approx(intensity * fatal, rel=1e-10)
    assert found.loss_probability == pytest.approx(probability, rel=1e-10)
    assert found.expected_loss == pytest.approx(cushion * expected, rel=1e-10)
    assert found.loss_given_loss == pytest.approx(cushion * expected / probability, rel=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_closed_form_agrees_with_simulation(case: Case) -> None:
    """From jump to jump, each with the diffusion that lies before it, until one is fatal or the horizon is past."""
    paths, m = 300_000, case.multiplier
    jumps = case.jumps
    rng = np.random.default_rng(7)
    between = m * (case.drift - case.rate - jumps.jump_intensity * (jumps.expected_factor() - 1.0))
    growth = between - 0.5 * (m * jumps.vol) ** 2
    time, log_cushion = np.zeros(paths), np.zeros(paths)
    loss = np.zeros(paths)
    live = np.arange(paths)
    while live.size:
        wait = rng.exponential(1.0 / jumps.jump_intensity, live.size)
        time[live] += wait
        log_cushion[live] += growth * wait + m * jumps.vol * np.sqrt(wait) * rng.standard_normal(live.size)
        factor = 1.0 + m * np.expm1(jumps.draw(rng, live.size))
        inside = time[live] <= case.years
        fatal = inside & (factor <= 0.0)
        loss[live[fatal]] = -np.exp(log_cushion[live[fatal]]) * factor[fatal]
        going = inside & ~fatal
        live, factor = live[going], factor[going]
        log_cushion[live] += np.log(factor)
    loss *= case.value * math.exp(case.rate * case.years) - case.guarantee
    lost = loss > 0.0
    given = loss[lost]
    found = case.closed_form()
    for name, closed, sample in (
        ("loss_probability", found.loss_probability, lost.astype(float)),
        ("expected_loss", found.expected_loss, loss),
        ("loss_given_loss", found.loss_given_loss, given),
    ):
        error = sample.std() / math.sqrt(sample.size)
        assert abs(closed - sample.mean()) <= 4.0 * error, (
            f"{name} of {case}: closed form {closed:.8g}, simulated {sample.mean():.8g} +- {error:.2g}"
        )


def test_jumps_of_one_size_are_counted() -> None:
    """All jumps to 70 %: at multiple 4 the first one is fatal, at a loss of a fifth of the cushion."""
    jumps = Merton(0.2, 0.0, 0.25, math.log(0.7), 0.0)
    found = jump_cppi(100.0, 100.0, 4.0, 2.0, 0.05, 0.05, jumps)
    assert found.loss_probability == pytest.approx(-math.expm1(-0.5), rel=1e-14)
    # The discounted cushion grows at 4 x 0.25 x 0.3 until then: the compensation of the jumps still to come.
    cushion = 100.0 * math.expm1(0.1)
    expected = cushion * 0.25 * 0.2 * math.expm1((4 * 0.25 * 0.3 - 0.25) * 2.0) / (4 * 0.25 * 0.3 - 0.25)
    assert found.expected_loss == pytest.approx(expected, rel=1e-13)
    survivable = jump_cppi(100.0, 100.0, 3.0, 2.0, 0.05, 0.05, jumps)
    assert survivable == JumpCppi(0.0, 0.0, 0.0, 0.0), "a fall of 30 % leaves a tenth of the cushion at multiple 3"


@pytest.mark.parametrize("case", CASES)
def test_without_jumps_or_leverage_nothing_is_lost(case: Case) -> None:
    quiet = {**case.jumps.__dict__, "jump_intensity": 0.0}
    assert case._replace(jumps=type(case.jumps)(**quiet)).closed_form() == JumpCppi(0.0, 0.0, 0.0, 0.0)
    assert case._replace(multiplier=1.0).closed_form() == JumpCppi(0.0, 0.0, 0.0, 0.0)


def test_an_object_without_jumps_is_refused() -> None:
    with pytest.raises(InvalidInput, match="jumps is 'GBM'; it must have jump_intensity"):
        jump_cppi(100.0, 90.0, 4.0, 1.0, 0.03, 0.07, "GBM")  # type: ignore[arg-type]  # what the test is about


@pytest.mark.parametrize(
    ("jumps", "word"),
    [
        (Merton(0.2, 0.0, -1.0, -0.1, 0.1), "jump_intensity"),
        (Merton(0.2, 0.0, math.nan, -0.1, 0.1), "jump_intensity"),
        (Merton(0.2, 0.0, 1.0, math.nan, 0.1), "jump_mean"),
        (Merton(0.2, 0.0, 1.0, -0.1, -0.1), "jump_std"),
        (Kou(0.2, 0.0, math.inf, 0.5, 20.0, 20.0), "jump_intensity"),
        (Kou(0.2, 0.0, 1.0, 1.5, 20.0, 20.0), "up_probability"),
        (Kou(0.2, 0.0, 1.0, 0.5, 1.0, 20.0), "up_rate"),
        (Kou(0.2, 0.0, 1.0, 0.5, 20.0, 0.0), "down_rate"),
    ],
)
def test_impossible_jumps_are_named(jumps: Merton | Kou, word: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^{word} is "):
        jump_cppi(100.0, 90.0, 4.0, 1.0, 0.03, 0.07, jumps)


def test_losses_beyond_floats_are_refused() -> None:
    with pytest.raises(InvalidInput, match="exceeds the range of floats"):
        jump_cppi(100.0, 90.0, 400.0, 100.0, 0.03, 0.5, Merton(0.2, 0.0, 1.0, -0.1, 0.1))
    with pytest.raises(InvalidInput, match="exceeds the range of floats"):
        jump_cppi(100.0, 90.0, 4.0, 1.0, 0.03, 0.5, Merton(0.2, 0.0, 1.0, 1000.0, 0.1))
    with pytest.raises(InvalidInput, match="exceeds the range of floats"):
        jump_cppi(1e308, 90.0, 4.0, 10.0, 0.03, 0.5, Merton(0.2, 0.0, 1.0, -0.5, 0.1))

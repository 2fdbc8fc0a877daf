"""Discrete CPPI: the closed form against one-step quadrature, against simulation of the rule, and at its limits."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import norm

from insure.arguments import FloatArray
from insure.errors import FloorUnaffordable, InvalidInput
from insure.gap_risk import DiscreteCppi, discrete_cppi, multiplier_for_shortfall


class Case(NamedTuple):
    value: float
    guarantee: float
    multiplier: float
    years: float
    steps: int
    rate: float
    drift: float
    vol: float
    cost_bps: float

    def closed_form(self) -> DiscreteCppi:
        return discrete_cppi(*self[:8], cost_bps=self.cost_bps)


CASES = [
    Case(100.0, 90.0, 4.0, 1.0, 12, 0.03, 0.07, 0.2, 0.0),
    Case(1000.0, 800.0, 12.0, 1.0, 12, 0.05, 0.085, 0.2, 0.0),
    Case(100.0, 100.0, 6.0, 1.0, 36, 0.04, 0.02, 0.25, 0.0),
    Case(100.0, 95.0, 6.0, 0.5, 1, 0.0, 0.05, 0.25, 0.0),
    Case(100.0, 80.0, 30.0, 1.0, 4, -0.01, 0.10, 0.25, 0.0),
    Case(100.0, 90.0, 5.0, 1.0, 52, 0.03, 0.07, 0.2, 0.0),
    Case(100.0, 90.0, 6.0, 1.0, 12, 0.03, 0.07, 0.25, 50.0),
    Case(100.0, 80.0, 12.0, 1.0, 12, 0.03, 0.05, 0.2, 200.0),
    Case(100.0, 90.0, 0.7, 1.0, 12, 0.03, 0.07, 0.25, 100.0),
    Case(100.0, 90.0, 1.0, 1.0, 6, 0.03, 0.07, 0.25, 40.0),
    Case(100.0, 90.0, 6.0, 1.0, 1, 0.03, 0.07, 0.25, 50.0),
]


def _after_cost(cushion: FloatArray, exposure: FloatArray, multiplier: float, k: float) -> FloatArray:
    """The cushion C' that solves C' = C - k |m C' - E|, found by bisection; all is sold where nothing would be left."""
    if k == 0.0:
        return cushion
    low = np.minimum(cushion - 2.0 * exposure - np.abs(cushion), -1.0) * 10.0
    high = np.array(cushion)
    for _ in range(70):
        middle = 0.5 * (low + high)
        over = middle + k * np.abs(multiplier * middle - exposure) > cushion
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    solved = 0.5 * (low + high)
    sold = cushion - k * exposure
    return np.where(sold > 0.0, solved, sold)


def _by_quadrature(case: Case) -> DiscreteCppi:
    """Backward recursion of probability, loss, first and second moment, each step an integral over the normal law."""
    m, k, dt = case.multiplier, case.cost_bps / 1e4, case.years / case.steps
    s = case.vol * math.sqrt(dt)
    location = (case.drift - case.rate) * dt - 0.5 * s * s
    nodes, weights = np.polynomial.legendre.leggauss(160)

    def law(last: bool) -> tuple[FloatArray, FloatArray]:
        """Discounted cushion after a step that begins with cushion 1, and its probability weights."""
        ruin = (m - 1.0) / m if last else (m - 1.0) / (m * (1.0 - k))
        kinks = [(math.log(bar) - location) / s for bar in (ruin, 1.0) if bar > 0.0]
        edges = sorted({-13.0, 13.0, *(min(max(kink, -13.0), 13.0) for kink in kinks)})
        z = np.concatenate([0.5 * (b - a) * nodes + 0.5 * (a + b) for a, b in pairwise(edges)])
        w = np.concatenate([0.5 * (b - a) * weights for a, b in pairwise(edges)])
        grown = m * np.exp(location + s * z)
        cushion = grown - (m - 1.0)
        return cushion if last else _after_cost(cushion, grown, m, k), w * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    after, weight = law(last=True)
    alive = after > 0.0
    local = float(weight[~alive].sum())
    total, loss = local, -float((weight * after)[~alive].sum())
    mean, square = float(weight @ after), float(weight @ after**2)
    if case.steps > 1:
        after, weight = law(last=False)
        alive = after > 0.0
        local = float(weight[~alive].sum())
    for _ in range(case.steps - 1):
        total = local + (1.0 - local) * total
        loss = float(weight @ np.where(alive, after * loss, -after))
        mean = float(weight @ np.where(alive, after * mean, after))
        square = float(weight @ np.where(alive, after**2 * square, after**2))
    start = (case.value - case.guarantee * math.exp(-case.rate * case.years)) * math.exp(case.rate * case.years)
    start /= 1.0 + k * m
    return DiscreteCppi(
        case.guarantee + start * mean,
        start**2 * (square - mean**2),
        local,
        total,
        start * loss,
        start * loss / total if total > 0.0 else 0.0,
    )


@pytest.mark.parametrize("case", CASES)
def test_closed_form_agrees_with_one_step_quadrature(case: Case) -> None:
    found, expected = case.closed_form(), _by_quadrature(case)
    for name in DiscreteCppi.__dataclass_fields__:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9, abs=1e-12), (
            f"{name} of {case}: the closed form and the quadrature of the same rule differ"
        )


def _simulated(case: Case, paths: int, seed: int) -> tuple[FloatArray, int, int]:
    """Terminal values of a fund kept in two accounts, equity and cash; trading dates with a live cushion, and how
    many of them it did not survive."""
    rng = np.random.default_rng(seed)
    m, k, dt = case.multiplier, case.cost_bps / 1e4, case.years / case.steps
    s = case.vol * math.sqrt(dt)
    equity, cash = np.zeros(paths), np.full(paths, case.value)
    live = np.ones(paths, dtype=bool)
    exposed = failed = 0
    for date in range(case.steps):
        floor = case.guarantee * math.exp(-case.rate * (case.years - date * dt))
        after = _after_cost(equity + cash - floor, equity, m, k)
        died = live & ~(after > 0.0)
        if date:
            exposed, failed = exposed + int(live.sum()), failed + int(died.sum())
        live &= after > 0.0
        target = np.where(live, m * after, 0.0)
        cash -= (target - equity) + k * np.abs(target - equity)
        equity = target * np.exp((case.drift - 0.5 * case.vol**2) * dt + s * rng.standard_normal(paths))
        cash *= math.exp(case.rate * dt)
    value = equity + cash
    if case.steps == 1:
        exposed, failed = paths, int((value <= case.guarantee).sum())
    return value, exposed, failed


@pytest.mark.parametrize("case", CASES)
def test_closed_form_agrees_with_simulation_of_the_rule(case: Case) -> None:
    paths = 150_000
    value, exposed, failed = _simulated(case, paths, seed=20_261_101)
    found = case.closed_form()
    # A fund in cash ends at the guarantee less its loss: rounding must not decide which side of it a value lies on.
    loss = case.guarantee - value
    short = loss > -1e-9 * case.value if case.multiplier > 1.0 else np.zeros(paths, dtype=bool)
    central = value - value.mean()
    spread = math.sqrt(max(float(np.mean(central**4) - np.mean(central**2) ** 2), 0.0) / paths)
    rows = [
        ("mean", found.mean, value.mean(), value.std() / math.sqrt(paths)),
        ("variance", found.variance, value.var(), spread),
        ("shortfall_probability", found.shortfall_probability, short.mean(), short.std() / math.sqrt(paths)),
        (
            "expected_shortfall",
            found.expected_shortfall,
            (loss * short).mean(),
            (loss * short).std() / math.sqrt(paths),
        ),
    ]
    rate = failed / exposed
    error = math.sqrt(rate * (1.0 - rate) / exposed)
    rows.append(("local_shortfall_probability", found.local_shortfall_probability, rate, error))
    if short.sum() > 100:
        given = loss[short]
        rows.append(
            ("shortfall_given_loss", found.shortfall_given_loss, given.mean(), given.std() / math.sqrt(given.size))
        )
    for name, closed, simulated, error in rows:
        assert abs(closed - simulated) <= 4.0 * error + 1e-9, (
            f"{name} of {case}: closed form {closed:.8g}, simulated {simulated:.8g} +- {error:.2g}"
        )


def test_local_shortfall_is_the_normal_probability_of_the_paper() -> None:
    m, dt, rate, drift, vol = 4.0, 1.0 / 12.0, 0.03, 0.07, 0.2
    d2 = (math.log(m / (m - 1.0)) + (drift - rate) * dt - 0.5 * vol**2 * dt) / (vol * math.sqrt(dt))
    found = discrete_cppi(100.0, 90.0, m, 1.0, 12, rate, drift, vol)
    assert found.local_shortfall_probability == pytest.approx(norm.cdf(-d2), rel=1e-12)
    assert found.shortfall_probability == pytest.approx(1.0 - (1.0 - norm.cdf(-d2)) ** 12, rel=1e-9)


def test_one_date_is_a_leveraged_holding() -> None:
    """Traded once, the fund is m C0 of index and the rest in cash: its moments are those of the index."""
    found = discrete_cppi(100.0, 95.0, 3.0, 2.0, 1, 0.02, 0.06, 0.3)
    exposure = 3.0 * (100.0 - 95.0 * math.exp(-0.04))
    assert found.mean == pytest.approx(exposure * math.exp(0.12) + (100.0 - exposure) * math.exp(0.04), rel=1e-14)
    assert found.variance == pytest.approx(exposure**2 * math.exp(0.24) * math.expm1(0.18), rel=1e-13)


def test_without_volatility_the_fund_is_known() -> None:
    """Each step multiplies the discounted cushion by 1 + m (exp((drift - r) dt) - 1); falling far enough it is lost."""
    grown = discrete_cppi(100.0, 90.0, 4.0, 1.0, 12, 0.03, 0.06, 0.0)
    cushion = (100.0 - 90.0 * math.exp(-0.03)) * math.exp(0.03)
    assert grown.mean == pytest.approx(90.0 + cushion * (1.0 + 4.0 * math.expm1(0.03 / 12.0)) ** 12, rel=1e-14)
    assert (grown.variance, grown.shortfall_probability, grown.expected_shortfall) == (0.0, 0.0, 0.0)

    lost = discrete_cppi(100.0, 90.0, 10.0, 1.0, 2, 0.0, -0.4, 0.0)
    after = 10.0 * (1.0 + 10.0 * math.expm1(-0.2))
    assert after < 0.0
    assert lost.mean == pytest.approx(90.0 + after, rel=1e-13)
    assert lost.expected_shortfall == pytest.approx(-after, rel=1e-13)
    assert lost.shortfall_given_loss == pytest.approx(-after, rel=1e-13)
    assert (lost.local_shortfall_probability, lost.shortfall_probability) == (1.0, 1.0)
    assert lost.variance == pytest.approx(0.0, abs=1e-12)


def test_a_small_volatility_leaves_a_small_and_accurate_variance() -> None:
    """At 0.01 % volatility Var = (m C0 vol)^2 T to first order; mean^2 is 1e9 times larger and must not swallow it."""
    found = discrete_cppi(100.0, 90.0, 4.0, 1.0, 252, 0.0, 0.0, 1e-4)
    assert found.variance == pytest.approx(100.0 * math.expm1(252 * math.log1p(16 * math.expm1(1e-8 / 252))), rel=1e-10)


@pytest.mark.parametrize("multiplier", [0.2, 1.0])
def test_up_to_multiplier_one_nothing_can_be_lost(multiplier: float) -> None:
    found = discrete_cppi(100.0, 90.0, multiplier, 1.0, 12, 0.03, -0.5, 1.5)
    assert (found.local_shortfall_probability, found.shortfall_probability) == (0.0, 0.0)
    assert (found.expected_shortfall, found.shortfall_given_loss) == (0.0, 0.0)


def test_costs_lower_the_mean_and_raise_the_shortfall() -> None:
    free, dear = (discrete_cppi(100.0, 90.0, 6.0, 1.0, 52, 0.03, 0.07, 0.3, cost_bps=c) for c in (0.0, 20.0))
    assert dear.mean < free.mean
    assert dear.shortfall_probability > free.shortfall_probability


@pytest.mark.parametrize("probability", [1e-6, 0.01, 0.5, 0.9])
@pytest.mark.parametrize("steps", [1, 12, 252])
def test_multiplier_for_a_shortfall_gives_it_back(probability: float, steps: int) -> None:
    m = multiplier_for_shortfall(probability, 1.0, steps, 0.03, 0.05, 0.25)
    if not math.isfinite(m):
        assert probability >= 0.5, "only where a rise is likelier than the probability allowed may any multiplier do"
        return
    found = discrete_cppi(1e6, 0.9e6, m, 1.0, steps, 0.03, 0.05, 0.25).shortfall_probability
    assert found == pytest.approx(probability, rel=1e-9)


def test_a_guarantee_that_costs_the_fund_is_refused() -> None:
    with pytest.raises(FloorUnaffordable, match="there is no cushion"):
        discrete_cppi(100.0, 110.0, 4.0, 1.0, 12, 0.03, 0.07, 0.2)


def test_moments_beyond_floats_are_refused() -> None:
    for vol in (5.0, 200.0):
        with pytest.raises(InvalidInput, match="exceed the range of floats"):
            discrete_cppi(100.0, 90.0, 50.0, 10.0, 252, 0.03, 0.07, vol)
    with pytest.raises(InvalidInput, match="exceed the range of floats"):
        discrete_cppi(1e200, 90.0, 4.0, 1.0, 12, 0.03, 0.07, 0.2)

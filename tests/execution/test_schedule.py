"""Shares of a trade over time: they sum to one, and Almgren & Chriss is the minimum that it claims to be."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.execution import schedule

counts = st.integers(1, 100)
# Table 1 of Almgren & Chriss (2000), section 3.4: a 50 dollar stock of 5 million shares a day, 30 % a year.
ETA, GAMMA, SIGMA, LAMBDA = 2.5e-6, 2.5e-7, 0.95, 1e-6


def minimum(slices: int, eta: float, gamma: float, sigma: float, lam: float, tau: float) -> list[float]:
    """Shares that minimise E + lambda V, by the linear system of its first-order conditions: no closed form used."""
    eased = eta - 0.5 * gamma * tau
    inner = slices - 1
    system, right = np.zeros((inner, inner)), np.zeros(inner)
    for j in range(inner):
        system[j, j] = 2.0 * lam * sigma**2 * tau + 4.0 * eased / tau
        if j > 0:
            system[j, j - 1] = -2.0 * eased / tau
        if j + 1 < inner:
            system[j, j + 1] = -2.0 * eased / tau
    if inner:
        right[0] = 2.0 * eased / tau  # x_0 = 1
    held = [1.0, *np.linalg.solve(system, right), 0.0] if inner else [1.0, 0.0]
    return [held[j] - held[j + 1] for j in range(slices)]


@given(counts, st.floats(0.0, 60.0))
def test_almgren_chriss_is_the_sinh_trajectory(slices: int, step: float) -> None:
    shares = schedule.almgren_chriss(slices, step)
    assert math.isclose(math.fsum(shares), 1.0, abs_tol=1e-12)
    assert all(share >= 0.0 for share in shares)
    assert all(early >= late - 1e-15 for early, late in pairwise(shares)), "it speeds up"
    if 1e-3 < step * slices < 700.0:
        left = 1.0
        for j, share in enumerate(shares, start=1):
            left -= share
            wanted = math.sinh(step * (slices - j)) / math.sinh(step * slices)
            assert math.isclose(left, wanted, abs_tol=1e-12), f"after slice {j} of {slices}"


@pytest.mark.parametrize("lam", [0.0, 1e-9, 1e-7, 1e-6, 1e-5, 1e-3])
@pytest.mark.parametrize("slices", [1, 2, 5, 40])
@pytest.mark.parametrize("gamma", [0.0, GAMMA])
def test_almgren_chriss_minimises_cost_plus_risk(lam: float, slices: int, gamma: float) -> None:
    tau = 5.0 / slices
    kappa = schedule.urgency(lam, SIGMA, ETA, gamma, tau)
    shares = schedule.almgren_chriss(slices, kappa * tau)
    assert shares == pytest.approx(minimum(slices, ETA, gamma, SIGMA, lam, tau), abs=1e-12)


def test_the_urgency_of_the_papers_own_example() -> None:
    assert round(schedule.urgency(LAMBDA, SIGMA, ETA, GAMMA, 1.0), 2) == 0.61, "kappa a day, section 3.4"


def test_the_optimum_costs_less_than_its_limits() -> None:
    slices, tau = 10, 0.5
    kappa = schedule.urgency(LAMBDA, SIGMA, ETA, GAMMA, tau)
    eased = ETA - 0.5 * GAMMA * tau

    def objective(shares: tuple[float, ...]) -> float:
        held = 1.0 - np.cumsum(shares)
        return float(eased / tau * np.sum(np.square(shares)) + LAMBDA * SIGMA**2 * tau * np.sum(held**2))

    best = objective(schedule.almgren_chriss(slices, kappa * tau))
    assert best < objective(schedule.twap(slices))
    assert best < objective(schedule.at_once(slices))


@given(counts)
def test_without_risk_aversion_it_is_twap_and_with_much_at_once(slices: int) -> None:
    calm = schedule.urgency(0.0, SIGMA, ETA, GAMMA, 0.1)
    assert schedule.almgren_chriss(slices, calm * 0.1) == schedule.twap(slices)
    assert schedule.almgren_chriss(slices, 1e-7) == pytest.approx(schedule.twap(slices), abs=1e-12)
    urgent = schedule.urgency(1e30, SIGMA, ETA, GAMMA, 0.1)
    assert schedule.almgren_chriss(slices, urgent * 0.1) == pytest.approx(schedule.at_once(slices), abs=1e-12)


@given(st.floats(1e-12, 1e-3), st.floats(1e-12, 1e-3))
def test_more_aversion_is_more_urgency(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert schedule.urgency(low, SIGMA, ETA, GAMMA, 0.1) <= schedule.urgency(high, SIGMA, ETA, GAMMA, 0.1)


@given(counts, st.floats(0.05, 1.0))
def test_front_loading_is_geometric(slices: int, ratio: float) -> None:
    shares = schedule.front_loaded(slices, ratio)
    assert math.isclose(math.fsum(shares), 1.0, abs_tol=1e-12)
    for early, late in pairwise(shares):
        assert late == pytest.approx(early * ratio, rel=1e-12)


@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=50).filter(lambda volumes: sum(volumes) > 0.0))
def test_participation_is_the_same_share_of_every_volume(volumes: list[float]) -> None:
    shares = schedule.participation(volumes)
    total = sum(volumes)
    assert shares == pytest.approx([volume / total for volume in volumes], rel=1e-12, abs=1e-300)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.none() | st.integers(0, 10**9)), min_size=1, max_size=30))
def test_caps_are_kept_as_far_as_they_can_be_and_nothing_is_lost(pairs: list[tuple[int, int | None]]) -> None:
    units, caps = [one for one, _ in pairs], [cap for _, cap in pairs]
    kept = schedule.within_caps(units, caps)
    assert sum(kept) == sum(units), "lots were lost"
    assert all(one >= 0 for one in kept)
    known = [cap for cap in caps if cap is not None]
    room = len(known) < len(caps) or sum(known) >= sum(units)
    for place, (one, cap) in enumerate(zip(kept, caps, strict=True)):
        if cap is None or one <= cap:
            continue
        assert not room, f"slice {place} is above its cap although the others have room"
        assert place == len(caps) - 1, "what fits nowhere stands with the last slice"
    if all(cap is None or one <= cap for one, cap in zip(units, caps, strict=True)):
        assert kept == tuple(units), "a trade inside its caps was changed"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: schedule.twap(0), "slices is 0"),
        (lambda: schedule.front_loaded(3, math.nan), "ratio is nan"),
        (lambda: schedule.front_loaded(3, 1.5), "ratio is 1.5"),
        (lambda: schedule.participation([0.0, 0.0]), "volumes sum to 0"),
        (lambda: schedule.participation([1.0, math.nan]), "volumes is nan"),
        (lambda: schedule.almgren_chriss(3, math.nan), "kappa_interval is nan"),
        (lambda: schedule.urgency(1e-6, 1.0, 1.0, 3.0, 1.0), "permanent is 3.0"),
        (lambda: schedule.urgency(math.nan, 1.0, 1.0, 0.0, 1.0), "risk_aversion is nan"),
    ],
)
def test_what_is_no_schedule_is_refused(call: object, said: str) -> None:
    assert callable(call)
    with pytest.raises(InvalidInput, match=said):
        call()

"""Slippage against what trading in steps makes by itself (Boyle & Emanuel 1980; Derman & Kamal 1999)."""

import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from insure.book import Book, Record
from insure.controls.slippage_bound import TRADED, SlippageBound, slippage_bound, step_variance
from insure.gap_risk.hedging import hedging_error
from insure.slippage import Mark, Rung, Step, opened
from insure.strategies import legs
from tests.book.market import a_fund, run
from tests.contracts import fund as contract

STEPS, PATHS, YEARS, VOL, RATE = 60, 400, 1.0, 0.2, 0.03


def _paths() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    dt = YEARS / 252
    moves = np.random.default_rng(7).normal((RATE - VOL * VOL / 2) * dt, VOL * math.sqrt(dt), (PATHS, STEPS))
    closes: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.exp(
        np.cumsum(np.hstack([np.full((PATHS, 1), math.log(100.0)), moves]), axis=1)
    )
    return closes


def _ratio(path: np.ndarray[tuple[int], np.dtype[np.float64]], beside: float) -> float:
    """Slippage of a fund with ``beside`` units more than its model, over the deviation, at the last step."""
    dt = YEARS / 252
    mark = Mark(float(path[0]), YEARS, RATE, 0.0, VOL)
    track, variance = opened(1e6, 9e5, mark), 0.0
    for close in path[1:]:
        _, delta = track.twin.value_and_delta(mark)
        put = legs.option(-1.0, mark.spot, track.twin.strike, mark.years_left, RATE, 0.0, VOL)
        gamma = track.twin.units * put.gamma * mark.spot**2
        variance = math.exp(2 * RATE * dt) * (variance + step_variance(gamma, beside * mark.spot, VOL, dt))
        to = Mark(float(close), mark.years_left - dt, RATE, 0.0, VOL)
        track = track.carried(to, Step(dt), [Rung("model", delta), Rung("lots", delta + beside)])
        mark = to
    return sum(track.causes.get(cause, 0.0) for cause in TRADED) / math.sqrt(variance)


@pytest.mark.parametrize("beside", [0.0, 30.0])
def test_slippage_over_its_deviation_is_standard(beside: float) -> None:
    ratios = np.array([_ratio(path, beside) for path in _paths()])
    mean, deviation = float(ratios.mean()), float(ratios.std())
    print(f"beside {beside}: mean {mean:+.3f}, standard deviation {deviation:.3f}")  # noqa: T201 - the figure quoted
    assert abs(mean) <= 4 / math.sqrt(PATHS), f"the mean of {PATHS} ratios is {mean:.3f}; expected 0 within 4 errors"
    assert abs(deviation - 1.0) <= 0.12, f"their deviation is {deviation:.3f}; expected 1 within 12 %"


def test_the_expected_variance_is_derman_and_kamals() -> None:
    """Averaged over paths, the variance along the path is the one that they give for all paths."""
    years, steps, spot = 0.25, 63, 100.0
    dt = years / steps
    moves = np.random.default_rng(3).normal(-VOL * VOL / 2 * dt, VOL * math.sqrt(dt), (2000, steps - 1))
    spots = spot * np.exp(np.cumsum(np.hstack([np.zeros((2000, 1)), moves]), axis=1))
    strike = spot * math.exp(-VOL * VOL / 2 * years)  # d2 = 0 without a rate
    total = 0.0
    for step in range(steps):
        left = years - step * dt
        deviation = VOL * math.sqrt(left)
        d1 = np.log(spots[:, step] / strike) / deviation + deviation / 2
        gamma = np.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) / (spots[:, step] * deviation)
        cash = gamma * spots[:, step] ** 2
        total += float(np.mean([step_variance(float(one), 0.0, VOL, dt) for one in cash[:200]]))
    vega = legs.option(-1.0, spot, strike, years, 0.0, 0.0, VOL).vega
    known = hedging_error(vega, VOL, steps)
    assert math.sqrt(total) == pytest.approx(known, rel=0.06), "leading order of the same expectation"


def _records(tmp_path: Path, count: int, **terms: float) -> list[Record]:
    with Book.open(tmp_path / "insure.db") as book:
        run(book, a_fund(band=terms.get("band", 0.0)), count)
        return list(book.records("guarded"))


def test_measured_slippage_is_the_causes_of_trading(tmp_path: Path) -> None:
    records = _records(tmp_path, 25)
    found = slippage_bound(records)
    assert found.steps == 24
    last, first = records[-1].track, records[0].track
    assert last is not None
    assert first is not None
    growth = math.exp(sum(record.accrual.years for record in records[1:]) * 0.03)
    wanted = sum(last.causes.get(cause, 0.0) for cause in TRADED)
    wanted -= growth * sum(first.causes.get(cause, 0.0) for cause in TRADED)
    assert found.measured == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    trades = [record.decision.trade for record in records[1:]]
    paid = sum((trade.commission + trade.spread for trade in trades if trade), Decimal(0))
    assert found.costs == pytest.approx(float(paid), rel=2e-3), "what was foreseen is what the paper broker charges"
    assert found.multiple == abs(found.measured) / (found.deviation + found.costs)
    assert f"{found.multiple:.2f} times" in found.sentence


def test_a_period_that_rolls_is_measured_through(tmp_path: Path) -> None:
    records = _records(tmp_path, 256)
    assert sum(record.decision.rolled for record in records) == 2, "the second period begins inside"
    assert slippage_bound(records).steps == 255
    assert 0.0 < slippage_bound(records).multiple < 3.0


def test_a_step_without_a_twin_is_left_out(tmp_path: Path) -> None:
    records = _records(tmp_path, 5)
    blind = [replace(record, track=None) if number == 2 else record for number, record in enumerate(records)]
    assert slippage_bound(blind).steps == 2, "the step into it and the step out of it cannot be measured"
    assert slippage_bound(records[:1]) == SlippageBound(0, 0.0, 0.0, 0.0)
    assert slippage_bound([]).multiple == 0.0


def test_a_loss_without_room_is_beyond_every_multiple() -> None:
    assert SlippageBound(1, -0.01, 0.0, 0.0).multiple == math.inf
    assert not SlippageBound(1, math.nan, 1.0, 0.0).multiple <= 1.5, "NaN passes no comparison"


def test_the_contract_has_a_limit_for_it() -> None:
    assert contract().controls.promotion_slippage_multiple == 1.5

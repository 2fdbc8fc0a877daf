"""What must hold for every metric, whatever the numbers; and the sentences where a figure has no value."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import binom

from insure import metrics
from insure.errors import InvalidInput

some_returns = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60)
some_values = st.lists(st.floats(1.0, 1e6), min_size=2, max_size=60)
confidences = st.floats(0.01, 0.99)


@given(values=some_values)
def test_drawdowns_are_disjoint_and_the_deepest_is_the_maximum(values: list[float]) -> None:
    found = metrics.drawdowns(values)
    assert metrics.max_drawdown(values) == max((d.depth for d in found), default=0.0)
    for d in found:
        end = len(values) - 1 if d.recovery is None else d.recovery
        assert d.peak < d.trough <= end
        assert d.length == end - d.peak
        below = values[d.peak + 1 : end if d.recovery is not None else end + 1]
        assert all(v < values[d.peak] for v in below), "a value inside a drawdown is at the peak or above"
        assert values[d.trough] == min(below)
        assert d.recovery is None or values[d.recovery] >= values[d.peak]
    for before, after in pairwise(found):
        assert before.recovery is not None, "only the last drawdown may be unfinished"
        assert before.recovery <= after.peak
    covered = {i for d in found for i in range(d.peak + 1, len(values) if d.recovery is None else d.recovery)}
    peaks = np.maximum.accumulate(values)
    assert covered == {i for i, v in enumerate(values) if v < peaks[i]}, "a value below its peak is in no drawdown"


def test_a_drawdown_by_hand() -> None:
    found = metrics.drawdowns([100.0, 110.0, 99.0, 104.5, 88.0, 110.0, 120.0, 114.0])
    assert [(d.peak, d.trough, d.recovery, d.length) for d in found] == [(1, 4, 5, 4), (6, 7, None, 1)]
    assert [d.depth for d in found] == pytest.approx([0.2, 0.05], rel=1e-14)


@given(r=some_returns, confidence=confidences)
def test_expected_shortfall_lies_between_value_at_risk_and_the_worst(r: list[float], confidence: float) -> None:
    es = metrics.expected_shortfall(r, confidence)
    assert metrics.value_at_risk(r, confidence) - 1e-12 <= es <= -min(r) + 1e-12


@given(r=some_returns, one=confidences, other=confidences)
def test_more_confidence_never_lowers_the_risk(r: list[float], one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    for risk in (metrics.value_at_risk, metrics.expected_shortfall):
        assert risk(r, low) <= risk(r, high) + 1e-12


@given(first=st.lists(st.floats(-0.5, 0.5), min_size=20, max_size=20), confidence=confidences, seed=st.integers(0, 99))
def test_expected_shortfall_is_subadditive(first: list[float], confidence: float, seed: int) -> None:
    """The law that the value at risk lacks, and that the fraction in the tail is counted for (Acerbi and Tasche)."""
    a = np.array(first)
    b = np.random.default_rng(seed).permutation(a) * 0.7
    risk = metrics.expected_shortfall
    assert risk(a + b, confidence) <= risk(a, confidence) + risk(b, confidence) + 1e-12


def test_expected_shortfall_counts_a_fraction() -> None:
    """10 returns at 75 %: two and a half of them, (5 + 4 + 3 / 2) / 2.5 = 4.2 %."""
    r = [-0.05, -0.04, -0.03, *([0.01] * 7)]
    assert metrics.expected_shortfall(r, 0.75) == pytest.approx(0.042, rel=1e-14)


@given(
    r=st.lists(st.integers(-500, 500).map(lambda x: x / 1000.0), min_size=1, max_size=60),
    shift=st.integers(-100, 100).map(lambda x: x / 1000.0),
)
def test_omega_compares_the_mean_with_the_threshold(r: list[float], shift: float) -> None:
    """sum (r - t)^+ - sum (t - r)^+ = sum (r - t): Omega is above 1 exactly where the mean is above the threshold."""
    excess = np.array(r) - shift
    if not (excess < 0.0).any():
        with pytest.raises(InvalidInput, match="Omega has no value"):
            metrics.omega(r, shift)
        return
    losses = -excess[excess < 0.0].sum()
    assert (metrics.omega(r, shift) - 1.0) * losses == pytest.approx(float(excess.sum()), abs=1e-12)


@given(b=st.lists(st.floats(-0.3, 0.3).filter(lambda x: abs(x) > 1e-6), min_size=1, max_size=40))
def test_an_index_fund_captures_all_of_its_index(b: list[float]) -> None:
    for capture, there, word in (
        (metrics.upside_capture, max(b) > 0.0, "rose"),
        (metrics.downside_capture, min(b) < 0.0, "fell"),
    ):
        if there:
            assert capture(b, b, 12.0) == 1.0
            assert capture([0.0] * len(b), b, 12.0) == 0.0
        else:
            with pytest.raises(InvalidInput, match=f"never {word}"):
                capture(b, b, 12.0)


def test_captures_by_hand() -> None:
    """Benchmark +10 %, -10 %, +21 %: the fund makes +5 % and +10.25 % up, -4 % down; one observation a year."""
    fund, index = [0.05, -0.04, 0.1025], [0.10, -0.10, 0.21]
    up = (math.sqrt(1.05 * 1.1025) - 1.0) / (math.sqrt(1.1 * 1.21) - 1.0)
    assert metrics.upside_capture(fund, index, 1.0) == pytest.approx(up, rel=1e-13)
    assert metrics.downside_capture(fund, index, 1.0) == pytest.approx(0.4, rel=1e-13)


def test_a_total_loss_grows_by_minus_one() -> None:
    assert metrics.annual_return([0.1, -1.0, 0.1], 252.0) == -1.0


@given(values=some_values)
def test_returns_lead_back_to_the_values(values: list[float]) -> None:
    grown = np.cumprod(np.concatenate(([values[0]], 1.0 + metrics.returns(values))))
    assert grown == pytest.approx(np.array(values), rel=1e-9)
    assert metrics.total_return(values) == pytest.approx(values[-1] / values[0] - 1.0, rel=1e-12, abs=1e-15)


@given(values=some_values, scale=st.floats(0.1, 10.0))
def test_cost_and_participation_do_not_depend_on_units(values: list[float], scale: float) -> None:
    index = [scale * v for v in values]
    assert metrics.participation(values, index) == pytest.approx(1.0, rel=1e-12)
    assert metrics.cost_of_insurance(values, index) == pytest.approx(0.0, abs=1e-12 * max(values))


def test_an_insured_rise_by_hand() -> None:
    """90 % of the index held in units, the rest paid for the put: 0.9 of the growth factor, 12 % of capital behind."""
    assert metrics.participation([100.0, 108.0], [50.0, 60.0]) == pytest.approx(0.9, rel=1e-14)
    assert metrics.cost_of_insurance([100.0, 108.0], [50.0, 60.0]) == pytest.approx(0.12, rel=1e-13)
    assert metrics.cost_of_insurance([100.0, 95.0], [50.0, 30.0]) == pytest.approx(-0.35, rel=1e-13)


def test_shares_count_the_bound_itself() -> None:
    assert metrics.protection_ratio([95.0, 94.99, 95.01, 120.0], 95.0) == 0.75
    assert metrics.protection_ratio([[95.0, 94.0], [93.0, 92.0]], [[95.0, 95.0], [92.0, 92.0]]) == 0.75
    assert metrics.cash_lock_share([0.0, 0.3, 0.0, 0.01]) == 0.5
    assert metrics.cash_lock_share([0.0, 0.3, 0.0, 0.01], 0.01) == 0.75


def test_turnover_counts_both_sides_per_year() -> None:
    assert metrics.turnover([50.0, -20.0], [100.0, 200.0], 0.5) == pytest.approx(1.2, rel=1e-14)
    assert metrics.turnover([], [], 1.0) == 0.0


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (metrics.returns, "values"),
        (metrics.total_return, "values"),
        (metrics.max_drawdown, "values"),
        (metrics.drawdowns, "values"),
        (lambda x: metrics.annual_return(x, 252.0), "returns"),
        (lambda x: metrics.volatility(x, 252.0), "returns"),
        (metrics.value_at_risk, "returns"),
        (metrics.expected_shortfall, "returns"),
        (metrics.omega, "returns"),
        (lambda x: metrics.upside_capture(x, [0.1, 0.2], 12.0), "returns"),
        (lambda x: metrics.downside_capture([0.1, 0.2], x, 12.0), "benchmark"),
        (lambda x: metrics.participation(x, [1.0, 2.0]), "values"),
        (lambda x: metrics.cost_of_insurance([1.0, 2.0], x), "index"),
        (lambda x: metrics.protection_ratio(x, 1.0), "values"),
        (metrics.cash_lock_share, "weights"),
        (lambda x: metrics.turnover(x, [1.0, 1.0], 1.0), "traded"),
        (lambda x: metrics.turnover([1.0, 1.0], x, 1.0), "navs"),
    ],
)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "much", None])
def test_a_bad_number_is_named(call: Callable[[ArrayLike], object], name: str, bad: object) -> None:
    row: list[object] = [1.0, bad]
    with pytest.raises(InvalidInput, match=rf"^{name} is .*; it must be .*\.$"):
        call(row)  # type: ignore[arg-type]  # what the test is about


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: metrics.returns([100.0]), r"values has shape \(1,\); it must be one row of at least 2"),
        (lambda: metrics.returns([[100.0, 1.0]]), r"values has shape \(1, 2\)"),
        (lambda: metrics.returns([100.0, 0.0]), "values is 0.0; it must be a finite number, above 0"),
        (lambda: metrics.volatility([0.1], 252.0), r"returns has shape \(1,\)"),
        (lambda: metrics.volatility([0.1, 0.2], 0.0), "per_year is 0.0"),
        (lambda: metrics.annual_return([-1.1], 252.0), "returns is -1.1"),
        (lambda: metrics.annual_return([1e3], 252.0), "exceeds the range of floats"),
        (lambda: metrics.value_at_risk([], 0.95), r"returns has shape \(0,\)"),
        (lambda: metrics.value_at_risk([0.1], 1.0), "confidence is 1.0"),
        (lambda: metrics.expected_shortfall([0.1], math.nan), "confidence is nan"),
        (lambda: metrics.omega([0.1], math.nan), "threshold is nan"),
        (lambda: metrics.omega([0.1, -5e-324]), "are too small"),
        (lambda: metrics.participation([1.0, 2.0], [1.0, 2.0, 3.0]), "index has 3 numbers"),
        (lambda: metrics.protection_ratio([], 1.0), "values is empty"),
        (lambda: metrics.protection_ratio([1.0, 2.0], [1.0, 2.0, 3.0]), r"floors has shape \(3,\)"),
        (lambda: metrics.cash_lock_share([]), "weights is empty"),
        (lambda: metrics.turnover([1.0], [1.0, 2.0], 1.0), r"traded has shape \(1,\) and navs \(2,\)"),
        (lambda: metrics.turnover([1.0], [1.0], 0.0), "years is 0.0"),
    ],
)
def test_what_has_no_figure_says_why(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        call()


@given(trials=st.integers(1, 5_000), data=st.data())
def test_the_interval_of_a_probability_is_the_exact_one(trials: int, data: st.DataObject) -> None:
    """At either bound what was seen, or anything further away, has half of what the confidence leaves."""
    count = data.draw(st.integers(0, trials))
    confidence = data.draw(st.sampled_from([0.5, 0.9, 0.95, 0.99]))
    low, high = metrics.probability_interval(count, trials, confidence)
    assert 0.0 <= low <= count / trials <= high <= 1.0
    tail = 0.5 * (1.0 - confidence)
    if count > 0:
        assert binom.sf(count - 1, trials, low) == pytest.approx(tail, rel=1e-6)
    if count < trials:
        assert binom.cdf(count, trials, high) == pytest.approx(tail, rel=1e-6)


def test_what_never_came_true_is_bounded() -> None:
    low, high = metrics.probability_interval(0, 5_000)
    assert low == 0.0
    assert high == pytest.approx(1.0 - 0.025 ** (1.0 / 5_000.0), rel=1e-12)
    assert metrics.probability_interval(7, 7)[1] == 1.0
    with pytest.raises(InvalidInput, match="count is 8; of 7 trials no more can come true"):
        metrics.probability_interval(8, 7)
    with pytest.raises(InvalidInput, match="trials"):
        metrics.probability_interval(0, 0)


@given(values=some_values)
def test_time_under_water_is_the_time_inside_drawdowns(values: list[float]) -> None:
    inside = sum(d.length if d.recovery is None else d.length - 1 for d in metrics.drawdowns(values))
    assert metrics.time_under_water(values) == pytest.approx(inside / (len(values) - 1))
    assert metrics.longest_under_water(values) == max((d.length for d in metrics.drawdowns(values)), default=0)


@given(returns=st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=40), free=st.floats(-0.01, 0.01))
def test_ratios_have_the_sign_of_the_mean_excess_and_do_not_see_scale(returns: list[float], free: float) -> None:
    excess = [r - free for r in returns]
    for ratio in (metrics.sharpe, metrics.sortino):
        try:
            found = ratio(returns, free, 252.0)
        except InvalidInput:
            continue
        assert found * sum(excess) >= 0.0 or abs(sum(excess)) < 1e-12
        doubled = [2.0 * each for each in excess]
        if all(each > -1.0 for each in doubled):
            assert ratio(doubled, 0.0, 252.0) == pytest.approx(ratio(excess, 0.0, 252.0), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda: metrics.sharpe([0.01, 0.01, 0.01], 0.0, 252.0), "The Sharpe ratio has no value: it divides 0.01 by 0"),
        (lambda: metrics.sortino([0.01, 0.02], 0.0, 252.0), "The Sortino ratio has no value"),
        (lambda: metrics.calmar([1.0, 1.1, 1.2], 252.0), "The Calmar ratio has no value"),
        (lambda: metrics.sharpe([0.01, 0.02], [0.0, 0.0, 0.0], 252.0), r"risk_free has shape \(3,\)"),
    ],
    ids=["flat", "never below", "never under water", "another length"],
)
def test_ratios_without_a_divisor_say_so(ask: Callable[[], float], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        ask()

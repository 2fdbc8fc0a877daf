"""No source looks ahead: the future may be shuffled, spoilt or cut off, and the estimate keeps its bits."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.volatility import Ewma, Fixed, Garch, Index, Realised, Source, closes_needed, estimate

N = 320
DATES = [dt.date(2015, 1, 1) + dt.timedelta(days=i) for i in range(N)]
CLOSES: list[float] = (100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(2).standard_normal(N)))).tolist()
QUOTES = dict(zip(DATES, (20.0 + 10.0 * np.random.default_rng(3).random(N)).tolist(), strict=True))
SOURCES: list[Source] = [
    Fixed(0.2),
    Realised(),
    Realised(20, mean="zero", smoothing=0.5),
    Ewma(),
    Ewma(0.97, window=100, floor=0.1, cap=0.3),
    Index("VIX"),
    Garch(window=120),
    Garch("gjr", window=120, horizon=5),
]


@pytest.mark.parametrize("source", SOURCES, ids=str)
@settings(max_examples=15, deadline=None)
@given(now=st.integers(250, N - 2), seed=st.integers(0, 1000))
def test_a_shuffled_future_changes_no_bit(source: Source, now: int, seed: int) -> None:
    known = {day: QUOTES[day] for day in DATES[: now + 1]}
    expected = estimate(source, DATES[: now + 1], CLOSES[: now + 1], quotes=known, previous=0.2)

    rng = np.random.default_rng(seed)
    future = rng.permutation(CLOSES[now + 1 :]).tolist()
    levels = dict(zip(DATES[now + 1 :], rng.permutation(list(QUOTES.values())[now + 1 :]).tolist(), strict=True))
    shuffled = estimate(
        source, DATES, CLOSES[: now + 1] + future, quotes={**known, **levels}, previous=0.2, as_of=DATES[now]
    )
    assert shuffled == expected, f"{source} at {DATES[now]} saw what came after"

    spoilt = [float("nan")] * len(future)
    nothing = dict.fromkeys(levels, float("nan"))
    assert (
        estimate(source, DATES, CLOSES[: now + 1] + spoilt, quotes={**known, **nothing}, previous=0.2, as_of=DATES[now])
        == expected
    )
    assert expected.last is None or expected.last <= DATES[now]


@pytest.mark.parametrize("source", SOURCES, ids=str)
@settings(max_examples=5, deadline=None)
@given(more=st.integers(0, 100))
def test_closes_before_the_window_change_no_bit(source: Source, more: int) -> None:
    """So a live tail, a replay and a laboratory with different histories come to the same estimate."""
    needed = max(closes_needed(source), 1)
    least = estimate(source, DATES[-needed:], CLOSES[-needed:], quotes=QUOTES)
    start = N - min(needed + more, N)
    assert estimate(source, DATES[start:], np.array(CLOSES[start:]), quotes=QUOTES) == least

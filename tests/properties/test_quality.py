"""Laws of the data gate: one bad tick is never decided on, and no doubt outlives its clock."""

import datetime as dt
import math
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.feeds.sample import SamplePrices
from insure.fund import Quality
from insure.market import Doubt, Snapshot
from insure.quality import LEAST_VOL, Held, Question, Reference, SecondSource, judged, no_price
from insure.volatility import Estimate

NOW = dt.datetime(2026, 11, 25, 20, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 24)
TERMS = Quality()
BASE = Reference(Decimal(1000), DAY, 0.2)
THRESHOLD = TERMS.jump_sigmas * 0.2 / math.sqrt(252)


def seen(price: Decimal, at: dt.datetime = NOW) -> Snapshot:
    estimate = Estimate(0.2, "fixed", 0, None, "")
    return Snapshot(at, DAY + dt.timedelta(days=1), price, 0.02, estimate, 0.2, "hedge volatility")


def moved(log_return: float) -> Decimal:
    return Decimal(repr(round(1000 * math.exp(log_return), 6)))


inside = st.floats(-0.999 * THRESHOLD, 0.999 * THRESHOLD)
beyond = st.floats(1.001 * THRESHOLD, 2.0) | st.floats(-3.0, -1.001 * THRESHOLD)


@given(inside)
def test_a_move_inside_the_threshold_is_taken(move: float) -> None:
    assert judged(TERMS, seen(moved(move)), BASE, 1, None, None, NOW) is None


@given(beyond)
def test_a_move_beyond_it_is_held_with_a_question_and_a_clock(move: float) -> None:
    held = judged(TERMS, seen(moved(move)), BASE, 1, None, None, NOW)
    assert isinstance(held, Held), f"a move of {move:+.3f} beyond {THRESHOLD:.3f} was let through"
    assert held.question.until - held.question.asked == dt.timedelta(minutes=TERMS.corroboration_minutes)
    assert "Is it real?" in held.question.sentence


@given(beyond, st.integers(1, 400))
def test_the_threshold_grows_with_the_root_of_the_sessions(move: float, sessions: int) -> None:
    held = judged(TERMS, seen(moved(move)), BASE, sessions, None, None, NOW)
    log_return = abs(math.log(moved(move) / 1000))
    assert (held is not None) == (log_return > THRESHOLD * math.sqrt(sessions))


@given(beyond, st.floats(-3.0, 2.0))
def test_a_second_source_confirms_only_what_it_did_too(move: float, other: float) -> None:
    second = SecondSource("future", Decimal(500), Decimal(repr(round(500 * math.exp(other), 6))))
    verdict = judged(TERMS, seen(moved(move)), BASE, 1, second, None, NOW)
    said = math.log(second.now / second.before)
    did = math.log(moved(move) / 1000)
    confirms = said * did > 0 and abs(said) >= TERMS.agreement_fraction * abs(did)
    assert (verdict is None) == confirms


@given(st.lists(inside | beyond, min_size=1, max_size=30), st.sampled_from(["reduce_only", "hold", "trade"]))
def test_a_tick_that_stands_for_less_than_its_clock_is_never_decided_on(moves: list[float], fallback: str) -> None:
    """A tick a minute: whatever is decided on was inside the threshold, or had stood there for the whole clock."""
    terms = Quality(fallback=fallback, corroboration_minutes=5)  # type: ignore[arg-type]  # one of the three words
    waiting: Question | None = None
    for minute, move in enumerate(moves):
        now = NOW + dt.timedelta(minutes=minute)
        verdict = judged(terms, seen(moved(move), now), BASE, 1, None, waiting, now)
        doubted = abs(math.log(moved(move) / 1000)) > THRESHOLD
        if isinstance(verdict, Doubt) or (isinstance(verdict, Held) and verdict.outlived):
            stood = moves[minute - 5 : minute + 1]
            assert minute >= 5, "the fallback acted before the clock ran out"
            assert all(abs(math.log(moved(each) / 1000)) > THRESHOLD for each in stood)
            steps = [abs(after - before) for before, after in pairwise(stood)]
            assert max(steps) <= THRESHOLD + 1e-6, "a bad tick borrowed another one's clock"
            waiting = None
        elif isinstance(verdict, Held):
            assert doubted
            waiting = verdict.question
        else:
            assert not doubted
            waiting = None


@given(beyond, st.sampled_from(["reduce_only", "hold", "trade"]))
def test_a_price_that_stays_is_answered_when_its_clock_ends(move: float, fallback: str) -> None:
    terms = Quality(fallback=fallback)  # type: ignore[arg-type]  # one of the three words
    first = judged(terms, seen(moved(move)), BASE, 1, None, None, NOW)
    assert isinstance(first, Held)
    late = first.question.until
    last = judged(terms, seen(moved(move), late), BASE, 1, None, first.question, late)
    if fallback == "hold":
        assert isinstance(last, Held)
        assert last.outlived
    else:
        assert isinstance(last, Doubt)
        assert last.buys == (fallback == "trade")
        assert "Nobody confirmed it within 15 minutes." in last.sentence


def test_a_quiet_fund_counts_at_the_least_volatility() -> None:
    quiet = Reference(Decimal(1000), DAY, 0.0)
    least = TERMS.jump_sigmas * LEAST_VOL / math.sqrt(252)
    assert judged(TERMS, seen(moved(0.99 * least)), quiet, 1, None, None, NOW) is None
    assert judged(TERMS, seen(moved(1.01 * least)), quiet, 1, None, None, NOW) is not None


def test_before_the_first_decision_nothing_is_a_jump() -> None:
    assert judged(TERMS, seen(Decimal(1)), None, 1, None, None, NOW) is None


def test_sessions_of_zero_are_refused() -> None:
    with pytest.raises(InvalidInput, match="sessions is 0; it must be a finite number above zero"):
        judged(TERMS, seen(Decimal(100)), BASE, 0, None, None, NOW)


def test_a_missing_price_keeps_its_clock() -> None:
    first = no_price(TERMS, "There is none.", None, NOW)
    later = no_price(TERMS, "There is none.", first, NOW + dt.timedelta(hours=3))
    assert (later.asked, later.until) == (first.asked, first.until)
    assert later.sentence.endswith("Nothing is traded until a fresh quote comes.")


def jumps(closes: list[float], first: int) -> list[float]:
    """Moves in standard deviations of the EWMA volatility (decay 0.94) of the returns before each."""
    sizes = []
    variance = sum(math.log(after / before) ** 2 for before, after in pairwise(closes[:first])) / (first - 1)
    for before, after in pairwise(closes[first - 1 :]):
        move = math.log(after / before)
        sizes.append(abs(move) / max(math.sqrt(variance), LEAST_VOL / math.sqrt(252)))
        variance = 0.94 * variance + 0.06 * move * move
    return sizes


def test_the_default_asks_about_no_day_of_twenty_years() -> None:
    """S&P 500, 1999 to 2018: the largest close-to-close move was 8.5 standard deviations, on 2007-02-27."""
    rows = SamplePrices().rows
    sizes = jumps([float(row.close) for row in rows], 120)
    worst = max(range(len(sizes)), key=sizes.__getitem__)
    assert rows[120 + worst].session == dt.date(2007, 2, 27)
    assert sizes[worst] == pytest.approx(8.51, abs=0.02)
    assert sizes[worst] < TERMS.jump_sigmas


def test_the_default_asks_about_black_monday() -> None:
    """S&P 500 closes of 1 to 19 October 1987."""
    october = [327.33, 328.07, 328.08, 319.22, 318.54, 314.16, 311.07, 309.39, 314.52, 305.23, 298.08, 282.70, 224.84]
    assert jumps(october, 12)[-1] > TERMS.jump_sigmas

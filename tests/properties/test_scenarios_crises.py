"""Laws of the replays: what scaling and cutting keep."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.simulation.crises import Crisis, crisis

TYPED = ("1929", "1987-10", "1997-10", "1998-08", "2020-02", "2022")
names = st.sampled_from(TYPED)
strengths = st.floats(0.0, 3.0)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[Crisis, date]:
    told = crisis(draw(names))
    return told, draw(st.sampled_from(told.dates[:-1]))


@given(names, st.floats(1e-3, 1e6))
def test_strength_zero_is_flat(name: str, spot: float) -> None:
    replay = crisis(name).scenario(spot, 0.0, rate=0.03)
    np.testing.assert_allclose(replay.spots, spot, rtol=1e-15, err_msg="at strength 0 the index must not move")
    assert (replay.rates == 0.03).all()


@given(names, st.floats(1e-3, 1e6))
def test_strength_one_is_history(name: str, spot: float) -> None:
    told = crisis(name)
    np.testing.assert_allclose(told.scenario(spot).spots / spot, np.array(told.closes) / told.closes[0], rtol=1e-13)
    np.testing.assert_allclose(told.scaled(1.0).returns(), told.returns(), rtol=0.0, atol=1e-14)


@given(names, strengths)
def test_levels_stay_above_zero_and_log_returns_scale(name: str, strength: float) -> None:
    told = crisis(name)
    scaled = told.scaled(strength)
    assert min(scaled.closes) > 0.0
    np.testing.assert_allclose(
        np.diff(np.log(scaled.closes)), strength * np.diff(np.log(told.closes)), rtol=0.0, atol=1e-13
    )


@given(names, strengths, strengths)
def test_strengths_multiply(name: str, first: float, second: float) -> None:
    told = crisis(name)
    twice, once = told.scaled(first).scaled(second), told.scaled(first * second)
    np.testing.assert_allclose(twice.closes, once.closes, rtol=1e-12)
    assert twice.strength == pytest.approx(once.strength, rel=1e-12)


@given(names, strengths, strengths)
def test_a_stronger_crisis_is_deeper(name: str, first: float, second: float) -> None:
    weak, strong = sorted((first, second))
    told = crisis(name)
    assert told.scaled(strong).worst_fall() <= told.scaled(weak).worst_fall() + 1e-14


@given(cuts())
def test_from_day_keeps_the_later_returns(cut: tuple[Crisis, date]) -> None:
    told, day = cut
    later = told.from_day(day)
    k = told.dates.index(day)
    assert later.dates == told.dates[k:]
    np.testing.assert_array_equal(later.returns(), told.returns()[k:])
    assert later.path(100.0)[0] == 100.0


@given(cuts())
def test_from_day_keeps_the_volatility_path(cut: tuple[Crisis, date]) -> None:
    told, day = cut
    k = told.dates.index(day)
    np.testing.assert_allclose(told.from_day(day).realised_vols(), told.realised_vols()[k:], rtol=1e-12)


@given(cuts(), strengths)
def test_cutting_and_scaling_commute(cut: tuple[Crisis, date], strength: float) -> None:
    told, day = cut
    first_cut = told.from_day(day).scaled(strength).path(100.0)
    first_scaled = told.scaled(strength).from_day(day).path(100.0)
    np.testing.assert_allclose(first_cut, first_scaled, rtol=1e-12)


@given(cuts(), strengths)
def test_a_scenario_from_a_day_is_the_scenario_of_the_cut(cut: tuple[Crisis, date], strength: float) -> None:
    told, day = cut
    direct = told.scenario(50.0, strength, first=day)
    of_cut = told.from_day(day).scenario(50.0, strength)
    assert direct.steps == of_cut.steps


@given(cuts())
def test_until_keeps_the_earlier_closes(cut: tuple[Crisis, date]) -> None:
    told, day = cut
    k = told.dates.index(day)
    if k == 0:
        return
    earlier = told.until(day)
    assert (earlier.dates, earlier.closes) == (told.dates[: k + 1], told.closes[: k + 1])


@given(names, st.integers(1, 20))
def test_no_fall_is_deeper_than_the_drawdown(name: str, sessions: int) -> None:
    told = crisis(name)
    assert told.worst_fall(sessions) >= told.max_drawdown() - 1e-15
    assert -1.0 < told.max_drawdown() <= 0.0


@given(names)
def test_the_largest_multiple_brings_the_cushion_to_nothing(name: str) -> None:
    told = crisis(name)
    multiple = told.largest_multiple()
    assert 1.0 + multiple * told.worst_fall() == pytest.approx(0.0, abs=1e-12)


@given(names, strengths, st.floats(0.01, 1.0))
def test_spreads_follow_volatility_and_never_narrow(name: str, strength: float, vol: float) -> None:
    replay = crisis(name).scenario(100.0, strength, vol=vol)
    np.testing.assert_allclose(replay.spreads, np.maximum(1.0, replay.vols / vol), rtol=1e-12)

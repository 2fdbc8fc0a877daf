"""The synthetic shapes: cases worked by hand, and the laws that all of them obey."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.simulation.scenarios import (
    SESSION,
    CashHaircut,
    Drawn,
    Gap,
    Grind,
    MeltUp,
    Outage,
    PartialFill,
    Point,
    RatesDown,
    Rebound,
    Scenario,
    Shape,
    Step,
    VolatilitySpike,
    Whipsaw,
    synthetic,
)

falls = st.floats(0.0, 0.95)
counts = st.integers(1, 60)


def _run(shape: Shape, spot: float = 100.0) -> Scenario:
    return shape.path(spot, rate=0.03, vol=0.2)


def test_gap_by_hand() -> None:
    gap = _run(Gap(0.2, sessions_after=1, vol_multiple=3.0))
    assert list(gap.spots) == [100.0, 80.0, 80.0]
    assert list(gap.years) == [0.0, 0.0, SESSION]
    assert list(gap.tradable) == [False, True, True]
    np.testing.assert_allclose(gap.vols, [0.2, 0.6, 0.6], rtol=1e-15)
    assert gap.deepest_fall == pytest.approx(-0.2)
    assert [step.label for step in gap.steps] == ["before", "after", "1"]
    assert Gap(0.2).name == "gap -20 %"
    assert Gap(-0.05).name == "gap +5 %"
    assert Gap(0.0).name == "gap +0 %"


def test_a_rise_is_a_gap_below_zero() -> None:
    rise = _run(Gap(-0.1))
    assert list(rise.spots) == pytest.approx([100.0, 110.0])
    assert rise.deepest_fall == 0.0
    assert "rise" in rise.title


def test_grind_by_hand() -> None:
    grind = _run(Grind(fall=0.19, sessions=2))
    assert list(grind.spots) == pytest.approx([100.0, 90.0, 81.0], rel=1e-14)
    assert grind.years_per_step == SESSION
    assert grind.tradable.all()


def test_rebound_by_hand() -> None:
    rebound = _run(Rebound(fall=0.36, sessions_down=2, sessions_up=1, recovered=0.5))
    assert list(rebound.spots) == pytest.approx([100.0, 80.0, 64.0, 82.0], rel=1e-14)
    whole = _run(Rebound(fall=0.36, sessions_down=2, sessions_up=2))
    assert list(whole.spots) == pytest.approx([100.0, 80.0, 64.0, 80.0, 100.0], rel=1e-14)


def test_whipsaw_by_hand() -> None:
    whipsaw = _run(Whipsaw(swing=0.05, sessions=4))
    assert list(whipsaw.spots) == [100.0, 95.0, 100.0, 95.0, 100.0]
    assert f"{-math.log(0.95) * math.sqrt(252.0):.1%}" in whipsaw.source


def test_melt_up_by_hand() -> None:
    melt_up = _run(MeltUp(rise=0.21, sessions=2, fall=0.5))
    assert list(melt_up.spots) == pytest.approx([100.0, 110.0, 121.0, 60.5], rel=1e-14)


def test_volatility_spike_by_hand() -> None:
    spike = _run(VolatilitySpike(fall=0.19, sessions=2, vol_multiple=4.0, spread_multiple=9.0, sessions_after=2))
    assert list(spike.spots) == pytest.approx([100.0, 90.0, 81.0, 81.0, 81.0], rel=1e-14)
    assert list(spike.vols) == pytest.approx([0.2, 0.4, 0.8, 0.4, 0.2], rel=1e-14)
    assert list(spike.spreads) == pytest.approx([1.0, 3.0, 9.0, 3.0, 1.0], rel=1e-14)


def test_rates_and_equity_down_by_hand() -> None:
    down = _run(RatesDown(fall=0.19, rate_change=-0.02, sessions=2))
    assert list(down.spots) == pytest.approx([100.0, 90.0, 81.0], rel=1e-14)
    assert list(down.rates) == pytest.approx([0.03, 0.02, 0.01], rel=1e-14)


def test_cash_haircut_by_hand() -> None:
    haircut = _run(CashHaircut(fall=0.19, sessions=2, haircut=0.03, session=2))
    assert list(haircut.cash_losses) == [0.0, 0.0, 0.03]
    assert list(haircut.spots) == pytest.approx([100.0, 90.0, 81.0], rel=1e-14)


def test_outage_by_hand() -> None:
    outage = _run(Outage(fall=0.19, fall_hours=2.0, outage_from=1.0, outage_hours=2.0, step_hours=1.0))
    assert [step.label for step in outage.steps] == ["0 h", "1 h", "2 h", "3 h"]
    assert list(outage.spots) == pytest.approx([100.0, 90.0, 81.0, 81.0], rel=1e-14)
    assert list(outage.tradable) == [True, False, False, True]
    assert outage.years_per_step == pytest.approx(1.0 / 6.5 / 252.0, rel=1e-15)


def test_an_outage_of_no_hours_is_the_fall_with_the_desk_at_work() -> None:
    dark = Outage(outage_hours=3.0)
    bright = _run(replace(dark, outage_hours=0.0))
    assert bright.tradable.all()
    np.testing.assert_array_equal(bright.spots, _run(dark).spots)
    assert list(np.flatnonzero(~_run(dark).tradable)) == [1, 2, 3, 4, 5, 6]


def test_partial_fill_by_hand() -> None:
    partial = _run(PartialFill(fall=0.19, sessions=2, filled=0.25, delay=1))
    assert list(partial.executable) == [1.0, 0.25, 0.25]
    assert [step.delay for step in partial.steps] == [0, 1, 1]


def test_drawn_by_hand() -> None:
    drawn = Drawn(
        "own",
        "My crash",
        "The committee's.",
        (
            Point(0.9, sessions=0.0, vol_multiple=2.0, spread=3.0, filled=0.5),
            Point(0.8, sessions=2.0, rate_change=-0.01, tradable=False, cash_loss=0.02, delay=1),
        ),
    )
    path = _run(drawn)
    assert list(path.spots) == pytest.approx([100.0, 90.0, 80.0])
    assert list(path.years) == [0.0, 0.0, 2.0 * SESSION]
    assert list(path.rates) == pytest.approx([0.03, 0.03, 0.02])
    assert list(path.vols) == pytest.approx([0.2, 0.4, 0.2])
    assert list(path.spreads) == [1.0, 3.0, 1.0]
    assert list(path.executable) == [1.0, 0.5, 0.0]
    assert list(path.cash_losses) == [0.0, 0.0, 0.02]
    assert path.steps[2].delay == 1
    assert (path.name, path.title, path.source) == ("own", "My crash", "The committee's.")


def _any_shape() -> st.SearchStrategy[Shape]:
    return st.one_of(
        st.builds(Gap, st.floats(-1.0, 0.95), st.integers(0, 5), st.floats(0.1, 10.0)),
        st.builds(Grind, falls, counts),
        st.builds(Rebound, falls, counts, counts, st.floats(0.0, 1.0)),
        st.builds(Whipsaw, falls, counts),
        st.builds(MeltUp, st.floats(0.0, 3.0), counts, falls),
        st.builds(VolatilitySpike, falls, counts, st.floats(1.0, 10.0), st.floats(1.0, 50.0), counts),
        st.builds(RatesDown, falls, st.floats(-0.1, 0.1), counts),
        st.builds(CashHaircut, falls, st.just(5), st.floats(0.0, 0.9), st.integers(1, 5)),
        st.builds(Outage, falls, st.integers(1, 20).map(float), st.floats(0.0, 10.0), st.floats(0.0, 10.0)),
        st.builds(PartialFill, falls, counts, st.floats(0.0, 1.0), st.integers(0, 3)),
    )


@given(_any_shape(), st.floats(1e-3, 1e6), st.floats(-0.05, 0.2), st.floats(0.0, 2.0))
def test_every_shape_begins_today_and_stays_above_zero(shape: Shape, spot: float, rate: float, vol: float) -> None:
    path = shape.path(spot, rate=rate, vol=vol)
    start = path.steps[0]
    assert (start.years, start.spot, start.rate, start.vol) == (0.0, spot, rate, vol)
    assert (path.spots > 0.0).all()
    assert (path.years >= 0.0).all()
    assert (path.spreads >= 1.0).all()
    assert ((path.executable >= 0.0) & (path.executable <= 1.0)).all()
    assert path.name == shape.name
    assert path.source.startswith("Synthetic")


@given(_any_shape(), st.floats(1e-3, 1e6))
def test_shapes_scale_with_the_spot(shape: Shape, spot: float) -> None:
    np.testing.assert_allclose(_run(shape, spot).spots, spot * _run(shape, 1.0).spots, rtol=1e-13)


@given(falls, counts)
def test_the_grind_has_equal_log_returns_and_an_exact_end(fall: float, sessions: int) -> None:
    spots = _run(Grind(fall, sessions)).spots
    assert spots[-1] == 100.0 * (1.0 - fall)
    np.testing.assert_allclose(np.diff(np.log(spots)), math.log1p(-fall) / sessions, rtol=0.0, atol=1e-13)


@given(falls, counts, counts)
def test_a_full_rebound_ends_where_it_began(fall: float, down: int, up: int) -> None:
    path = _run(Rebound(fall, down, up))
    assert path.spots[-1] == 100.0
    assert path.deepest_fall == pytest.approx(-fall, abs=1e-14)


@given(st.floats(0.0, 8.0), st.floats(0.0, 8.0))
def test_an_outage_ends_and_covers_its_hours(start: float, hours: float) -> None:
    outage = Outage(outage_from=start, outage_hours=hours)
    path = _run(outage)
    dark = np.flatnonzero(~path.tradable) * outage.step_hours
    assert path.tradable[-1], "the path must go on until the desk can trade again"
    assert ((dark >= start - 1e-8) & (dark < start + hours + 1e-8)).all()
    looks = np.arange(len(path.steps)) * outage.step_hours
    inside = (looks > start + 1e-8) & (looks < start + hours - 1e-8)
    assert not path.tradable[inside].any(), "no step inside the outage may be tradable"


def test_the_standard_shapes_are_ten_and_named_apart() -> None:
    shapes = synthetic()
    assert len({shape.name for shape in shapes}) == len(shapes) == 10


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Gap(1.0), "fall is 1.0; it must be a finite number, -1 or more and 0.99 or less"),
        (lambda: Gap(math.nan), "fall is nan"),
        (lambda: Gap(0.1, vol_multiple=0.0), "vol_multiple is 0.0"),
        (lambda: Gap(0.1, sessions_after=-1), "sessions_after is -1"),
        (lambda: Grind(-0.1), "fall is -0.1"),
        (lambda: Grind(0.1, 0), "sessions is 0; it must be a whole number, 1 or more"),
        (lambda: Grind(0.1, 30_000), "it must be 25200 sessions or fewer"),
        (lambda: Rebound(recovered=1.5), "recovered is 1.5"),
        (lambda: Whipsaw(swing=1.0), "swing is 1.0"),
        (lambda: MeltUp(rise=-0.1), "rise is -0.1"),
        (lambda: VolatilitySpike(vol_multiple=0.5), "vol_multiple is 0.5"),
        (lambda: VolatilitySpike(spread_multiple=math.nan), "spread_multiple is nan"),
        (lambda: RatesDown(rate_change=-2.0), "rate_change is -2.0"),
        (lambda: CashHaircut(haircut=1.0), "haircut is 1.0"),
        (lambda: CashHaircut(sessions=5, session=6), "session is 6; it must be 1 to sessions, which is 5"),
        (lambda: Outage(fall_hours=6.4), "fall_hours is 6.4; it must be a whole number of step_hours"),
        (lambda: Outage(outage_hours=-1.0), "outage_hours is -1.0"),
        (lambda: Outage(step_hours=0.0), "step_hours is 0.0"),
        (lambda: PartialFill(filled=1.1), "filled is 1.1; it must be a fraction between 0 and 1"),
        (lambda: PartialFill(delay=-1), "delay is -1"),
        (lambda: Point(0.0), "level is 0.0"),
        (lambda: Point(0.9, sessions=-1.0), "sessions is -1.0"),
        (lambda: _run(Grind(), spot=0.0), "spot is 0.0"),
        (lambda: _run(Drawn("own", "Mine", "None.", ())), "scenario own has 1 steps"),
        (lambda: Grind().path(100.0, rate=math.nan, vol=0.2), "rate is nan"),
        (lambda: Grind().path(100.0, rate=0.0, vol=-0.2), "vol is -0.2"),
        (lambda: Grind().path(100.0, rate=0.0, vol=0.2, years_per_step=0.0), "years_per_step is 0.0"),
        (lambda: Step("3", 0.0, 100.0, 0.0, 0.2, filled=2.0), "step 3: filled is 2.0"),
        (lambda: Step("3", 0.0, math.nan, 0.0, 0.2), "step 3: spot is nan"),
        (lambda: Step("3", 0.0, 100.0, 0.0, 0.2, cash_loss=1.0), "step 3: cash_loss is 1.0"),
        (lambda: Scenario("x", "X", (Step("0", 1.0, 1.0, 0.0, 0.2),) * 2, "s"), "scenario x begins after 1.0 years"),
    ],
)
def test_bad_input_gets_a_sentence(wrong: object, sentence: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=sentence):
        wrong()

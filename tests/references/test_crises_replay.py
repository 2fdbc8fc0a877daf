"""Replays worked by hand, from the published closes of October 1987, October 1997 and 6 May 2010."""

import math
from dataclasses import replace
from datetime import date, time

import pytest

from insure.errors import InvalidInput
from insure.simulation.crises import NAMES, Crisis, FillLimit, Halt, Replay, crisis
from insure.simulation.scenarios import Scenario

MONDAY = date(1987, 10, 19)


def _at(scenario: Scenario, label: str) -> int:
    return [step.label for step in scenario.steps].index(label)


def test_black_monday_rescaled_to_today() -> None:
    replay = crisis("1987-10").scenario(6000.0)
    assert replay.steps[0].spot == 6000.0
    assert replay.steps[0].label == "1987-09-01"
    assert len(replay.steps) == 105
    assert replay.years_per_step == 1.0 / 252.0
    k = _at(replay, "1987-10-19")
    assert replay.spots[k] == pytest.approx(6000.0 * 224.84 / 323.40, rel=1e-14)
    assert replay.spots[k] / replay.spots[k - 1] == pytest.approx(224.84 / 282.70, rel=1e-14)


def test_half_and_double_strength_scale_log_returns() -> None:
    told = crisis("1987-10")
    k = told.dates.index(MONDAY)
    history = math.log(224.84 / 282.70)
    for strength in (0.5, 2.0):
        levels = told.scaled(strength).closes
        assert math.log(levels[k] / levels[k - 1]) == pytest.approx(strength * history, rel=1e-12)
    assert told.scaled(2.0).closes[k] / told.scaled(2.0).closes[k - 1] == pytest.approx(0.7953307**2, rel=1e-6)


def test_a_third_was_filled_before_black_monday() -> None:
    replay = crisis("1987-10").scenario(100.0)
    k = _at(replay, "1987-10-14")
    assert list(replay.executable[k - 1 : k + 5]) == [1.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0, 1.0]
    free = crisis("1987-10").scenario(100.0, as_it_was=False)
    assert (free.executable == 1.0).all()
    assert all(step.basis == 0.0 for step in free.steps)


def test_the_future_at_the_close_of_black_monday_lay_below_the_index() -> None:
    replay = crisis("1987-10").scenario(100.0)
    assert replay.steps[_at(replay, "1987-10-19")].basis == pytest.approx(219.00 / 225.41 - 1.0, rel=1e-12)
    settled = [gap for gap in crisis("1987-10").discounts if gap.at == time(16, 15)]
    assert settled[0].basis == pytest.approx(-0.1038, abs=5e-5)


def test_the_close_that_ended_the_session_of_1997_cannot_be_traded() -> None:
    replay = crisis("1997-10").scenario(100.0)
    shut = [step.label for step in replay.steps if not step.tradable]
    assert shut == ["1997-10-27"]
    assert replay.executable[_at(replay, "1997-10-27")] == 0.0


def test_halts_inside_a_day_leave_its_close_tradable() -> None:
    for name in ("1987-10", "2020-02", "2010-05-06", "2008-09", "1929"):
        assert crisis(name).scenario(100.0).tradable.all(), name


def test_rates_of_then_or_changes_on_those_of_today() -> None:
    told = crisis("2022")
    then = told.scenario(100.0)
    assert then.rates[0] == 0.0
    assert then.rates[-1] == pytest.approx(12.0 * math.log(1.0033), rel=1e-12)
    today = told.scenario(100.0, rate=0.03)
    assert today.rates[0] == 0.03
    assert today.rates[-1] == pytest.approx(0.03 + 12.0 * math.log(1.0033), rel=1e-12)
    half = told.scenario(100.0, 0.5, rate=0.03)
    assert half.rates[-1] == pytest.approx(0.03 + 6.0 * math.log(1.0033), rel=1e-12)


def test_volatility_is_realised_from_the_start() -> None:
    told = crisis("1987-10").from_day(date(1987, 10, 16))
    replay = told.scenario(100.0, vol=0.18)
    by_hand = math.sqrt(0.94 * 0.18**2 + 0.06 * 252.0 * math.log(224.84 / 282.70) ** 2)
    assert replay.vols[0] == 0.18
    assert replay.vols[1] == pytest.approx(by_hand, rel=1e-13)
    assert replay.spreads[1] == pytest.approx(by_hand / 0.18, rel=1e-13)
    held = told.scenario(100.0, vol=0.18, hold_vol=True)
    assert (held.vols == 0.18).all()
    assert (held.spreads == replay.spreads).all()


def test_spreads_never_narrow_below_the_ordinary() -> None:
    quiet = Crisis(
        name="calm",
        title="Calm",
        index="S&P 500",
        dates=(date(2017, 1, 3), date(2017, 1, 4), date(2017, 1, 5)),
        closes=(100.0, 100.0, 100.0),
        source="Made for this test.",
        notes=(),
        vol_before=0.2,
        bill_months=crisis("2022").bill_months,
    )
    with pytest.raises(InvalidInput, match="no bill rate"):
        quiet.scenario(100.0)
    quiet = replace(quiet, dates=(date(2022, 1, 3), date(2022, 1, 4), date(2022, 1, 5)))
    replay = quiet.scenario(100.0)
    assert replay.vols[2] == pytest.approx(0.2 * 0.94, rel=1e-14)
    assert (replay.spreads == 1.0).all()
    assert quiet.largest_multiple() == math.inf
    assert quiet.max_drawdown() == 0.0


def test_black_monday_from_inside() -> None:
    inside = crisis("1987-10").intraday_scenario(MONDAY, 100.0, rate=0.07, vol=0.18)
    assert inside.steps[0].label == "close before"
    assert len(inside.steps) == 13
    first = inside.steps[1]
    assert first.label == "10:00:00"
    assert first.spot == pytest.approx(100.0 * 273.17 / 282.70, rel=1e-14)
    assert first.years == pytest.approx(30.0 / 390.0 / 252.0, rel=1e-14)
    assert first.basis == pytest.approx(-11.67 / 273.17, abs=1e-12)
    assert inside.spots[-1] == pytest.approx(100.0 * 224.84 / 282.70, rel=1e-14)
    assert inside.years.sum() == pytest.approx(1.0 / 252.0, rel=1e-13)
    assert "secondary" in inside.source
    with pytest.raises(InvalidInput, match="uneven"):
        _ = inside.years_per_step


def test_halts_stop_trading_inside_a_day() -> None:
    asia = crisis("1997-10").intraday_scenario(date(1997, 10, 27), 100.0)
    assert [(step.label, step.tradable) for step in asia.steps] == [
        ("close before", True),
        ("14:36:00", False),
        ("15:06:00", True),
        ("15:30:00", False),
    ]
    assert asia.spots[-1] == pytest.approx(100.0 * 7161.15 / 7715.41, rel=1e-14)
    pandemic = crisis("2020-02").intraday_scenario(date(2020, 3, 9), 100.0)
    assert [step.tradable for step in pandemic.steps] == [True, True, False, True, True]
    assert pandemic.spots[2] == pytest.approx(93.0, abs=0.005)
    free = crisis("2020-02").intraday_scenario(date(2020, 3, 9), 100.0, as_it_was=False)
    assert free.tradable.all()


def test_the_flash_crash_at_twice_its_strength() -> None:
    once = crisis("2010-05-06").intraday_scenario(date(2010, 5, 6), 100.0)
    twice = crisis("2010-05-06").intraday_scenario(date(2010, 5, 6), 100.0, 2.0)
    assert once.deepest_fall == pytest.approx(1065.79 / 1165.87 - 1.0, rel=1e-12)
    assert twice.deepest_fall == pytest.approx((1065.79 / 1165.87) ** 2 - 1.0, rel=1e-12)


def test_a_day_not_known_from_inside_names_those_that_are() -> None:
    with pytest.raises(InvalidInput, match="known from inside on: 1987-10-19"):
        crisis("1987-10").intraday_scenario(date(1987, 10, 20), 100.0)
    with pytest.raises(InvalidInput, match="on: none"):
        crisis("2022").intraday_scenario(date(2022, 9, 13), 100.0)


def test_a_halt_covers_its_start_and_not_its_end() -> None:
    halt = Halt(MONDAY, time(14, 36), time(15, 6), "half an hour")
    assert [halt.covers(time(14, minute)) for minute in (35, 36)] == [False, True]
    assert [halt.covers(time(15, minute)) for minute in (5, 6)] == [True, False]
    assert Halt(MONDAY, time(15, 30), None, "for the day").covers(time(16))


def test_one_may_put_in_limits_of_ones_own() -> None:
    own = replace(crisis("1987-10"), limits=(FillLimit(MONDAY, 0.5, "our own assumption", "assumed"),))
    replay = own.scenario(100.0)
    assert replay.executable[_at(replay, "1987-10-19")] == 0.5
    assert replay.executable[_at(replay, "1987-10-16")] == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_every_crisis_replays_as_a_shape(name: str) -> None:
    scenario = Replay(name).path(5000.0, rate=0.03, vol=0.2)
    assert scenario.spots[0] == 5000.0
    assert scenario.rates[0] == 0.03
    assert scenario.vols[0] == 0.2
    assert (scenario.spots > 0.0).all()
    assert scenario.source


def test_a_replay_can_be_cut_and_named() -> None:
    cut = Replay("1987-10", 1.5, first=date(1987, 10, 13), last=date(1987, 10, 20))
    scenario = cut.path(100.0, rate=0.03, vol=0.2)
    assert [step.label for step in scenario.steps] == [
        "1987-10-13",
        "1987-10-14",
        "1987-10-15",
        "1987-10-16",
        "1987-10-19",
        "1987-10-20",
    ]
    assert cut.name == scenario.name == "1987-10 from 1987-10-13 x 1.5"
    inside = Replay("1987-10", inside=MONDAY)
    assert inside.path(100.0, rate=0.03, vol=0.2).spots[-1] == pytest.approx(79.53307, abs=1e-5)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Replay("1988"), "crisis is '1988'; it must be one of 1929"),
        (lambda: Replay("1987-10", -1.0), "strength is -1.0; it must be"),
        (lambda: Replay("1987-10", math.nan), "strength is nan"),
        (lambda: Replay("1987-10", first=MONDAY, inside=MONDAY), "without first and last"),
        (lambda: crisis("1987-10").from_day(date(1987, 10, 18)), "the nearest is 1987-10-19"),
        (lambda: crisis("1987-10").from_day(date(1988, 1, 29)), "the last session"),
        (lambda: crisis("1987-10").until(date(1987, 9, 1)), "the first session"),
        (lambda: crisis("1987-10").worst_fall(105), "fewer than the 105 closes"),
        (lambda: crisis("1987-10").worst_fall(0), "sessions is 0"),
        (lambda: crisis("1987-10").scaled(11.0), "strength is 11.0"),
        (lambda: crisis("1987-10").scenario(0.0), "spot is 0.0"),
        (lambda: crisis("1987-10").scenario(math.nan), "spot is nan"),
        (lambda: crisis("1987-10").scenario(100.0, rate=math.nan), "rate is nan"),
        (lambda: crisis("1987-10").scenario(100.0, vol=0.0), "vol is 0.0"),
        (lambda: crisis("1987-10").scenario(100.0, years_per_step=0.0), "years_per_step is 0.0"),
        (lambda: replace(crisis("1987-10"), closes=(1.0,)), "105 dates and 1 closes"),
        (lambda: replace(crisis("1987-10"), dates=(MONDAY, MONDAY), closes=(1.0, 2.0)), "its dates must rise"),
        (lambda: replace(crisis("1987-10").until(date(1987, 9, 2)), closes=(1.0, math.nan)), "close of 1987-09-02"),
        (lambda: replace(crisis("1987-10"), vol_before=0.0), "vol_before is 0.0"),
    ],
)
def test_bad_input_gets_a_sentence(wrong: object, sentence: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=sentence):
        wrong()

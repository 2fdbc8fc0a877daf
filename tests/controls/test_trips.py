"""What trips a breaker: each trigger at its limit, beyond it, below it, and on a figure that is no number."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.controls.trips import LAST_MINUTES, TRIGGERS, Observations, Trigger, tripped
from insure.errors import InvalidInput
from insure.fund import Controls

CONTROLS = Controls(
    breaker_bad_prices=3,
    largest_turnover_weight=2.0,
    breaker_slippage_sigmas=6.0,
    breaker_gap_budget=0.01,
    breaker_clock_seconds=120.0,
)
NAN = math.nan
EARLY = {"minutes_to_close": 60.0}


@pytest.mark.parametrize(
    ("trigger", "seen", "to"),
    [
        ("bad data", {"bad_prices": 2}, None),
        ("bad data", {"bad_prices": 3}, "REDUCE_ONLY"),
        ("reconciliation break", {"breaks": 0}, None),
        ("reconciliation break", {"breaks": 1, "reconciliation": "break 7"}, "REDUCE_ONLY"),
        ("two failures in a row", {"failures": 1}, None),
        ("two failures in a row", {"failures": 2}, "REDUCE_ONLY"),
        ("turnover throttle", {"turnover_weight": None}, None),
        ("turnover throttle", {"turnover_weight": 2.0}, None),
        ("turnover throttle", {"turnover_weight": 2.0000001}, "REDUCE_ONLY"),
        ("turnover throttle", {"turnover_weight": NAN}, "REDUCE_ONLY"),
        ("slippage", {"slippage_deviations": None}, None),
        ("slippage", {"slippage_deviations": 6.0}, None),
        ("slippage", {"slippage_deviations": -6.0}, None),
        ("slippage", {"slippage_deviations": 6.01}, "REDUCE_ONLY"),
        ("slippage", {"slippage_deviations": -6.01}, "REDUCE_ONLY"),
        ("slippage", {"slippage_deviations": -math.inf}, "REDUCE_ONLY"),
        ("slippage", {"slippage_deviations": NAN}, "REDUCE_ONLY"),
        ("gap budget", {"gap_budget": None}, None),
        ("gap budget", {"gap_budget": 0.01}, None),
        ("gap budget", {"gap_budget": 0.0099}, "REDUCE_ONLY"),
        ("gap budget", {"gap_budget": 0.0}, "REDUCE_ONLY"),
        ("gap budget", {"gap_budget": NAN}, "REDUCE_ONLY"),
        ("market-wide halt", {"index_fall": None}, None),
        ("market-wide halt", {"index_fall": -0.3, **EARLY}, None),
        ("market-wide halt", {"index_fall": 0.0699, **EARLY}, None),
        ("market-wide halt", {"index_fall": 0.07, **EARLY}, "REDUCE_ONLY"),
        ("market-wide halt", {"index_fall": 0.13, **EARLY}, "REDUCE_ONLY"),
        ("market-wide halt", {"index_fall": 0.1999, "minutes_to_close": LAST_MINUTES}, None),
        ("market-wide halt", {"index_fall": 0.07, "minutes_to_close": LAST_MINUTES + 0.1}, "REDUCE_ONLY"),
        ("market-wide halt", {"index_fall": 0.20, "minutes_to_close": 1.0}, "REDUCE_ONLY"),
        ("market-wide halt", {"index_fall": NAN, **EARLY}, "REDUCE_ONLY"),
        ("clock drift", {"clock_seconds": 120.0}, None),
        ("clock drift", {"clock_seconds": -120.0}, None),
        ("clock drift", {"clock_seconds": 120.5}, "REDUCE_ONLY"),
        ("clock drift", {"clock_seconds": -3600.0}, "REDUCE_ONLY"),
        ("clock drift", {"clock_seconds": NAN}, "REDUCE_ONLY"),
        ("chain failure", {"chain": ""}, None),
        ("chain failure", {"chain": "Row 7 of the chain is gone."}, "HALTED"),
        ("code mismatch", {"code": ""}, None),
        ("code mismatch", {"code": "The code in use (ab) is not the approved one (cd)."}, "REDUCE_ONLY"),
    ],
)
def test_each_trigger_at_its_limit(trigger: Trigger, seen: dict[str, float | str], to: str | None) -> None:
    found = tripped(CONTROLS, replace(Observations(session="2026-11-23:close"), **seen))  # type: ignore[arg-type]  # named above
    if to is None:
        assert found == (), f"{trigger} tripped on {seen}"
        return
    [trip] = found
    assert (trip.trigger, trip.to) == (trigger, to)
    assert trip.severity >= 1.0
    assert trip.sentence.endswith("."), trip.sentence
    assert trip.case


def test_every_trigger_is_in_the_table_above() -> None:
    assert set(TRIGGERS) == {
        "bad data", "reconciliation break", "two failures in a row", "turnover throttle", "slippage", "gap budget",
        "market-wide halt", "clock drift", "chain failure", "code mismatch",
    }  # fmt: skip
    assert tripped(CONTROLS, Observations()) == (), "nothing was looked at"


def test_a_limit_of_zero_is_off() -> None:
    off = replace(CONTROLS, breaker_slippage_sigmas=0.0, breaker_gap_budget=0.0, market_halt_falls=())
    seen = Observations(slippage_deviations=-1e9, gap_budget=0.0, index_fall=0.5, minutes_to_close=60.0)
    assert tripped(off, seen) == ()


def test_the_gravest_comes_first_and_a_sentence_names_value_and_limit() -> None:
    seen = Observations(chain="Row 9 is gone.", gap_budget=0.004, slippage_deviations=-8.0)
    first, *others = tripped(CONTROLS, seen)
    assert first.to == "HALTED"
    assert [trip.sentence for trip in others] == [
        "Slippage of the hedge is -8.0 standard deviations of the model's own; at most 6.",
        "An instant fall of 0.40% reaches the floor; 1.00% is the least.",
    ]


@pytest.mark.parametrize("falls", [(0.13, 0.07), (0.07, 0.07)])
def test_levels_of_a_halt_ascend(falls: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="must ascend"):
        Controls(market_halt_falls=falls)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_deeper_fall_trips_no_less(one: float, other: float) -> None:
    shallow, deep = sorted((one, other))
    first = tripped(CONTROLS, Observations(index_fall=shallow, minutes_to_close=60.0))
    second = tripped(CONTROLS, Observations(index_fall=deep, minutes_to_close=60.0))
    assert len(second) >= len(first)
    if first:
        assert second[0].severity >= first[0].severity

"""The gap ladder and the largest gap that a fund survives."""

import math

import pytest

from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.stress import FittedJumps, gap_ladder, survivable
from insure.stress.gaps import LADDER, falls
from tests.stress.standing import begun, seen

JUMPS = FittedJumps(vol=0.15, drift=0.06, jump_intensity=1.0, jump_mean=-0.05, jump_std=0.05, returns=1000, jumps=4)


def test_the_ladder_goes_down_with_the_index() -> None:
    position = begun()
    rungs = gap_ladder(position)
    assert [rung.move for rung in rungs] == list(LADDER)
    for rung in rungs:
        assert rung.nav == pytest.approx(position.nav + rung.move * position.equity, abs=0.01)
        assert rung.floor is not None
        assert rung.cushion == pytest.approx(rung.nav - rung.floor)
        assert rung.breached is (rung.nav < rung.floor)
    down = sorted((rung for rung in rungs if rung.move < 0.0), key=lambda rung: rung.move)
    assert [rung.nav for rung in down] == sorted(rung.nav for rung in down)
    assert all((rung.slippage or 0.0) <= 0.0 for rung in down), "replication loses to the put on every instant fall"


def test_what_is_sold_after_a_gap() -> None:
    rung = gap_ladder(begun(seen(volume=500.0)), (-0.1,))[0]
    assert rung.target_weight is not None
    assert rung.trade_units == pytest.approx(rung.target_weight * rung.nav / 90.0 - 6956.1, abs=1.0)
    assert rung.trade_money == pytest.approx(90.0 * rung.trade_units)
    assert rung.volume_days == pytest.approx(abs(rung.trade_units) / 50.0), "a tenth of 500 units a day"
    assert rung.rank == 3, "19 October 1987 and 16 March 2020 were deeper than 10 %"
    assert gap_ladder(begun(), (-0.1,))[0].volume_days is None


def test_no_move_changes_nothing() -> None:
    position = begun()
    rung = gap_ladder(position, (0.0,))[0]
    assert rung.slippage == pytest.approx(0.0, abs=1e-6)
    assert rung.trade_units == pytest.approx(0.0, abs=1e-3), "only cents may be traded"


@pytest.mark.parametrize("kind", ["synthetic_put", "cppi", "tipp"])
def test_the_survivable_gap_leads_to_the_floor(kind: str) -> None:
    position = begun(strategy={"kind": kind})
    found = survivable(position)
    assert found.fall is not None
    floor = gap_ladder(position, (0.0,))[0].floor
    assert floor is not None
    left = position.nav - found.fall * position.equity - floor
    assert abs(left) <= 1e-9 * position.nav
    shallow, deep = gap_ladder(position, (-found.fall + 1e-6, -found.fall - 1e-6))
    assert not shallow.breached
    assert deep.breached


def test_the_gap_is_ranked_and_its_insurance_priced() -> None:
    position = begun()
    found = survivable(position, [100.0, 80.0, 81.0, 82.0], JUMPS)
    assert found.fall is not None
    assert found.fall == pytest.approx(0.182, abs=1e-3)
    assert found.rank == 2
    assert [day for day, _ in found.deeper] == ["1987-10-19"]
    assert found.frequency == pytest.approx(1 / 17_864)
    assert found.own_frequency == pytest.approx(1 / 3)
    assert found.own_returns == 3
    assert found.model_probability == JUMPS.fall_probability(found.fall)
    assert found.model_probability_to_horizon == JUMPS.fall_probability(found.fall, 252)
    assert [piece.label for piece in found.missing] == ["one session", "one month", "to the horizon"]
    for piece in found.missing:
        units = float(position.holdings.units)
        assert piece.strike == pytest.approx(100.0 * (1.0 - found.fall))
        assert piece.gap_put == pytest.approx(units * black_scholes.put(100.0, piece.strike, piece.years, 0.03, 0.2))
        assert piece.put_spread is not None
        assert 0.0 <= piece.put_spread <= piece.gap_put
        assert piece.gap_put_jumps is not None
        assert piece.put_spread_jumps is not None
        assert piece.put_spread_jumps <= piece.gap_put_jumps
    overnight = found.missing[0]
    assert overnight.gap_put_jumps is not None
    assert overnight.gap_put_jumps > 1e6 * overnight.gap_put, "without jumps nobody pays for tonight"


def test_a_fund_without_floor_or_without_stock_survives_all() -> None:
    assert survivable(begun(strategy={"kind": "buy_and_hold"})).sentence.startswith("The contract promises no floor")
    safe = survivable(begun(limits={"highest_weight": 0.1}))
    assert safe.fall is None
    assert safe.sentence.startswith("No instant fall")


def test_moves_in_percent() -> None:
    assert falls([-20.0, 5.0]) == (-0.2, 0.05)
    for wrong in (-100.0, 101.0, math.nan):
        with pytest.raises(InvalidInput, match="must be a move in percent"):
            falls([wrong])

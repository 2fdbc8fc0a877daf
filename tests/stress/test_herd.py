"""A crowd that follows the same rule: the impact it has, and the size at which it breaks itself."""

import math
from dataclasses import replace

import pytest

from insure.errors import InvalidInput
from insure.simulation.scenarios import Scenario, Step
from insure.stress import Market, herd
from insure.stress.herd import OCTOBER_1987
from tests.stress.standing import begun, seen


def test_the_impact_by_hand() -> None:
    """13.75 bn sold in the market of October 1987: about 17 %."""
    size = (20.6e9 / (40e6 * 0.62)) ** (1 / 3)
    by_hand = -5e-4 * size * (0.0135 / 0.02) ** (4 / 3) * 13.75e9 / (0.01 * 20.6e9)
    assert OCTOBER_1987.impact(13.75e9) == pytest.approx(by_hand, rel=1e-12)
    assert 1.0 - math.exp(by_hand) == pytest.approx(0.17, abs=0.005)


def test_depth_shrinks_as_volatility_grows() -> None:
    market = Market("told", 1e12, 1e10, 0.01)
    assert market.impact(-market.depth()) == pytest.approx(0.01, rel=1e-12)
    assert market.depth(0.02) == pytest.approx(market.depth(0.01) / 2.0 ** (4 / 3), rel=1e-12)


def test_without_a_crowd_the_news_is_the_price() -> None:
    alone = herd(begun(), shares=(0.0,)).rows[0]
    assert alone.fall == pytest.approx(282.70 / 314.52 - 1.0, rel=1e-12)
    assert alone.own_fall == 0.0
    assert alone.worst_rounds == 0
    assert not alone.breached


def test_a_session_clears_where_price_and_sales_agree() -> None:
    """One session of news: the price is the news times the impact of what is sold at that price."""
    position = begun()
    steps = (Step("0", 0.0, 100.0, 0.03, 0.2), Step("1", 1 / 252, 95.0, 0.03, 0.2))
    row = herd(position, scenario=Scenario("one", "one", steps, "told"), shares=(0.004,), executed=1.0).rows[0]
    assert row.own_fall < 0.0
    assert row.own_fall == pytest.approx(math.expm1(OCTOBER_1987.impact(row.sold)), rel=1e-9)
    assert row.worst_rounds > 1, "selling triggers selling"


def test_a_larger_crowd_falls_deeper() -> None:
    told = herd(begun(), shares=(0.0, 0.001, 0.002, 0.004, 0.006))
    for smaller, larger in zip(told.rows, told.rows[1:], strict=False):
        assert larger.fall < smaller.fall
        assert larger.lowest_cushion < smaller.lowest_cushion
    assert (told.rows[-1].slippage or 0.0) < (told.rows[0].slippage or 0.0)


def test_the_size_at_which_the_strategy_breaks_itself() -> None:
    position = begun()
    told = herd(position, shares=())
    assert told.breaking_share is not None
    below, above = herd(position, shares=(told.breaking_share - 2e-5, told.breaking_share)).rows
    assert not below.breached
    assert above.breached
    assert told.breaking_share_steady is not None
    assert told.breaking_share_steady > told.breaking_share, "a market that keeps its depth carries a larger crowd"
    assert "breaks itself" in told.sentence


def test_a_market_that_fails_says_so() -> None:
    row = herd(begun(), shares=(0.3,)).rows[0]
    assert row.failed
    assert row.breached
    assert row.fall == pytest.approx(-0.95)


def test_sentences_where_nothing_breaks() -> None:
    assert (
        "without any crowd"
        in herd(begun(strategy={"kind": "stop_loss"}, protection={"floor_fraction": 0.98}), shares=()).sentence
    )
    assert "promises no floor" in herd(begun(strategy={"kind": "buy_and_hold"}), shares=()).sentence
    cautious = begun(limits={"highest_weight": 0.05})
    assert "No crowd up to" in herd(cautious, shares=()).sentence


def test_bad_input() -> None:
    with pytest.raises(InvalidInput, match=r"share is 0\.6"):
        herd(begun(), shares=(0.6,))
    with pytest.raises(InvalidInput, match=r"daily_vol is 0\.0"):
        replace(OCTOBER_1987, daily_vol=0.0)
    with pytest.raises(InvalidInput, match=r"executed is 2\.0"):
        herd(begun(seen()), executed=2.0)

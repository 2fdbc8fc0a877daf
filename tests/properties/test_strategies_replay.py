"""Laws of the replay, for every strategy, with every friction at once, on random histories."""
# ruff: noqa: PD011 - `values` is a field of Replay

import datetime as dt
import math
from typing import Any, Literal, TypedDict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.backtest import Replay, replay
from insure.costs import Costs
from insure.errors import InvalidInput
from insure.rebalancing import Band, DriftBand, WhalleyWilmottBand
from insure.strategies import (
    BuyAndHold,
    ConstantMix,
    Cppi,
    DeltaNeutral,
    Hybrid,
    Option,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)

BOOK = (Option("put", -0.3, 95.0, 0.05), Option("call", 0.4, 105.0, 0.5))
PROTECTED: tuple[Strategy, ...] = (
    SyntheticPut(95.0, vol=0.2),
    SyntheticPut(95.0, vol=0.2, tracking="units", dividends="paid_out"),
    SyntheticPut(95.0, vol=0.2, tracking="resolve"),
    SyntheticPut(95.0, vol=0.2, financing="external"),
    Cppi(90.0, 5.0),
    Tipp(0.9, 4.0),
    StopLoss(95.0),
    ConstantMix(0.6),
    BuyAndHold(0.8),
    StaticPut(95.0, vol=0.2),
    StaticPut(95.0, dividends="paid_out"),
    Hybrid(95.0, vol=0.2, bought=0.4, gap=0.9),
    Hybrid(95.0, vol=0.2, bought=1.0, put_years=0.06, strike_step=2.5, contract=0.05),
    DeltaNeutral(BOOK, vol=0.2),
)


def history(seed: int, closes: int = 40, wild: float = 0.02) -> "pd.Series[float]":
    """Prices with fat tails and now and then a crash, on consecutive days."""
    rng = np.random.default_rng(seed)
    returns = wild * rng.standard_t(3, closes - 1) - 0.15 * (rng.uniform(size=closes - 1) < 0.03)
    prices = 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(np.clip(returns, -0.6, 0.6))]))
    return pd.Series(prices, pd.date_range("2020-01-01", periods=closes))


BANDS: tuple[float | Band, ...] = (0.0, 0.03, WhalleyWilmottBand(20.0), DriftBand(0.01))


class How(TypedDict, total=False):
    """Keywords of ``replay``."""

    value: float
    steps: int
    rate: float
    lag: int
    every: int
    cost_bps: float
    band: float | Band
    band_to: Literal["target", "edge"]
    max_weight: float
    min_weight: float
    max_turnover: float
    lot: float
    min_ticket: float
    dividend_yield: float
    put_vol: "float | pd.Series[float] | None"
    costs: Costs


@st.composite
def frictions(draw: st.DrawFn) -> How:
    """Any combination of everything that keeps a fund from its model."""
    costs = Costs(
        commission_per_trade=draw(st.sampled_from([0.0, 0.02])),
        commission_per_share=draw(st.sampled_from([0.0, 0.01])),
        commission_bps=draw(st.sampled_from([0.0, 10.0])),
        commission_minimum=draw(st.sampled_from([0.0, 0.05])),
        half_spread_bps=draw(st.sampled_from([0.0, 20.0])),
        impact_coefficient=draw(st.sampled_from([0.0, 1.0])),
        average_daily_volume=draw(st.sampled_from([math.inf, 10.0])),
    )
    return {
        "steps": draw(st.sampled_from([20, 39, 60])),
        "rate": draw(st.sampled_from([-0.01, 0.0, 0.05])),
        "lag": draw(st.integers(0, 3)),
        "every": draw(st.integers(1, 5)),
        "band": draw(st.sampled_from(BANDS)),
        "band_to": draw(st.sampled_from(["target", "edge"])),
        "max_weight": draw(st.sampled_from([1.0, 1.0, 0.7, 2.0])),
        "min_weight": draw(st.sampled_from([0.0, -1.0])),
        "max_turnover": draw(st.sampled_from([math.inf, 0.1])),
        "lot": draw(st.sampled_from([0.0, 0.01])),
        "min_ticket": draw(st.sampled_from([0.0, 1.0])),
        "dividend_yield": draw(st.sampled_from([0.0, 0.03])),
        "put_vol": draw(st.sampled_from([None, 0.3])),
        "costs": costs,
    }


def total(replayed: Replay) -> float:
    return float(replayed.attribution().to_numpy().sum())


@settings(max_examples=150)
@given(strategy=st.sampled_from(PROTECTED), seed=st.integers(0, 2**32 - 1), how=frictions())
def test_the_causes_add_up_to_the_slippage(strategy: Strategy, seed: int, how: How) -> None:
    replayed = replay(strategy, history(seed), **how)
    last = float(replayed.slippage.iloc[-1])
    scale = float(replayed.values.abs().max())
    assert total(replayed) == pytest.approx(last, abs=1e-9 * scale), replayed.attribution().sum()
    assert np.isfinite(replayed.attribution().to_numpy()).all()
    assert (replayed.slippage == replayed.values - replayed.twin).all()


@settings(max_examples=60)
@given(strategy=st.sampled_from(PROTECTED[:-1]), seed=st.integers(0, 2**32 - 1), how=frictions())
def test_a_fund_that_may_not_borrow_never_owes(strategy: Strategy, seed: int, how: How) -> None:
    """Without leverage, and with dividends in hand, stock and options are never worth more than the fund."""
    how |= {"max_weight": 1.0, "dividend_yield": 0.0}
    replayed = replay(strategy, history(seed), **how)
    assert (replayed.weights <= 1.0 + 1e-12).all(), replayed.weights.max()


@settings(max_examples=50)
@given(strategy=st.sampled_from(PROTECTED), seed=st.integers(0, 2**32 - 1), how=frictions())
def test_the_past_does_not_know_the_future(strategy: Strategy, seed: int, how: How) -> None:
    """Another future after close 15 changes no value, weight or floor up to it, given the put's volatility."""
    how |= {"put_vol": 0.25, "steps": 60}
    one, other = history(seed), history(seed)
    other.iloc[16:] *= 0.8
    first, second = replay(strategy, one, **how), replay(strategy, other, **how)
    for name in ("values", "weights", "floors", "twin"):
        mine, theirs = getattr(first, name).iloc[:16], getattr(second, name).iloc[:16]
        assert (mine == theirs).all(), f"{name} changed with the future"


@settings(max_examples=40)
@given(strategy=st.sampled_from(PROTECTED), seed=st.integers(0, 2**32 - 1), how=frictions(), end=st.integers(3, 30))
def test_a_shorter_history_is_the_same_walk(strategy: Strategy, seed: int, how: How, end: int) -> None:
    """Closes that end early change nothing before, except that nothing is traded at the last one."""
    how |= {"put_vol": 0.25, "steps": 60}
    whole, part = replay(strategy, history(seed), **how), replay(strategy, history(seed).iloc[: end + 1], **how)
    assert (part.values.iloc[:-1] == whole.values.iloc[:end]).all()
    assert (part.weights.iloc[:-1] == whole.weights.iloc[:end]).all()
    assert part.costs.iloc[-1].sum() == 0.0, "a trade at the last close"
    assert part.values.iloc[-1] == pytest.approx(whole.values.iloc[end] + whole.costs.iloc[end].sum(), rel=1e-12)


@settings(max_examples=30)
@given(strategy=st.sampled_from(PROTECTED), seed=st.integers(0, 2**32 - 1))
def test_closes_beyond_the_horizon_do_not_count(strategy: Strategy, seed: int) -> None:
    closes = history(seed)
    longer, exact = replay(strategy, closes, steps=20), replay(strategy, closes.iloc[:21], steps=20)
    pd.testing.assert_series_equal(longer.values, exact.values)
    assert longer.put_vol == exact.put_vol, "the put's volatility looked beyond the horizon"


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), strategy=st.sampled_from(PROTECTED))
def test_money_scales(seed: int, strategy: Strategy) -> None:
    """A plain sequence of closes in another currency unit changes nothing; positions are then the dates."""
    if isinstance(strategy, DeltaNeutral | Hybrid):
        return
    closes = history(seed)
    dated, plain = replay(strategy, closes), replay(strategy, list(3.0 * closes))
    assert list(plain.values.index) == list(range(len(closes)))
    assert plain.values.to_numpy() == pytest.approx(dated.values.to_numpy(), rel=1e-10)
    assert plain.weights.to_numpy() == pytest.approx(dated.weights.to_numpy(), abs=1e-9)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), vol=st.floats(0.05, 0.8), dividend_yield=st.sampled_from([0.0, 0.04]))
def test_the_bought_put_is_its_own_twin(seed: int, vol: float, dividend_yield: float) -> None:
    for strategy in (StaticPut(95.0), StaticPut(95.0, dividends="paid_out")):
        replayed = replay(strategy, history(seed), put_vol=vol, dividend_yield=dividend_yield, lag=2, every=3, steps=60)
        assert replayed.slippage.abs().max() <= 1e-10
        assert replayed.attribution().abs().to_numpy().max() <= 1e-10, replayed.attribution().abs().max()


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), lag=st.integers(0, 3), every=st.integers(1, 4))
def test_buy_and_hold_trades_once_whatever_the_clock(seed: int, lag: int, every: int) -> None:
    closes = history(seed)
    replayed = replay(BuyAndHold(0.6), closes, lag=lag, every=every, rate=0.05, cost_bps=10.0)
    growth = np.exp(0.05 / 252 * np.arange(len(closes)))
    expected = 60.0 * closes / closes.iloc[0] + (40.0 - 0.06) * growth
    assert replayed.values.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)
    assert (replayed.costs.sum(axis=1) > 0).sum() == 1


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), lag=st.integers(1, 4))
def test_a_trade_comes_exactly_lag_closes_after_its_signal(seed: int, lag: int) -> None:
    """A stop given at the first close below the floor sells ``lag`` closes later and not one earlier."""
    closes = history(seed, wild=0.03)
    replayed = replay(StopLoss(95.0), closes, steps=60, lag=lag, put_vol=0.2)
    in_stock = 100.0 * closes / closes.iloc[0]
    touched = [i for i in range(len(closes)) if in_stock.iloc[i] <= replayed.floors.iloc[i]]
    if not touched:
        assert (replayed.weights == 1.0).all()
        return
    sold = touched[0] + lag
    assert (replayed.weights.iloc[: min(sold, len(closes))] == 1.0).all()
    assert (replayed.weights.iloc[sold : len(closes) - 1] == 0.0).all()


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), every=st.integers(1, 7))
def test_trades_happen_on_signal_closes_only(seed: int, every: int) -> None:
    replayed = replay(ConstantMix(0.5), history(seed), every=every, cost_bps=1.0)
    paid = replayed.costs.sum(axis=1).to_numpy() > 0.0
    assert not paid[[i for i in range(len(paid)) if i % every]].any()
    assert paid[0]


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    lot=st.sampled_from([0.05, 0.2]),
    strategy=st.sampled_from([Cppi(90.0), Cppi(90.0, 20.0), ConstantMix(1.0)]),
)
def test_positions_are_whole_lots(seed: int, lot: float, strategy: Strategy) -> None:
    """Also where the cash for the last lot is short of its costs."""
    replayed = replay(strategy, history(seed), lot=lot, cost_bps=50.0)
    lots = replayed.rungs["execution"].to_numpy() / lot
    assert lots == pytest.approx(np.round(lots), abs=1e-9)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), smallest=st.floats(0.1, 20.0))
def test_no_ticket_is_smaller_than_the_smallest(seed: int, smallest: float) -> None:
    closes = history(seed)
    replayed = replay(Cppi(90.0), closes, min_ticket=smallest)
    units = np.concatenate([[0.0], replayed.rungs["execution"].to_numpy()])
    traded = np.abs(np.diff(units)) * closes.to_numpy()[:-1]
    assert (traded[traded > 1e-9] >= smallest * (1.0 - 1e-9)).all()


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), largest=st.floats(0.01, 0.2))
def test_turnover_is_limited_after_the_first_purchase(seed: int, largest: float) -> None:
    closes = history(seed)
    replayed = replay(Cppi(90.0), closes, max_turnover=largest)
    units, navs = replayed.rungs["execution"].to_numpy(), replayed.values.to_numpy()[:-1]
    change = np.abs(np.diff(units)) * closes.to_numpy()[1:-1] / navs[1:]
    assert (change <= largest + 1e-12).all()


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), width=st.floats(0.0, 0.2), to=st.sampled_from(["target", "edge"]))
def test_inside_the_band_nothing_is_traded(seed: int, width: float, to: Literal["target", "edge"]) -> None:
    replayed = replay(ConstantMix(0.5), history(seed), band=width, band_to=to)
    assert (np.abs(replayed.weights.to_numpy()[:-1] - 0.5) <= width + 1e-11).all()


def test_the_first_purchase_pays_and_is_cut_to_the_cash_there_is() -> None:
    replayed = replay(BuyAndHold(1.0), [100.0, 100.0], cost_bps=100.0, steps=1, put_vol=0.2)
    assert replayed.values.tolist() == [pytest.approx(100.0 / 1.01, rel=1e-14)] * 2
    assert replayed.costs["commission"].iloc[0] == pytest.approx(1.0 / 1.01, rel=1e-12)
    assert replayed.weights.iloc[0] == 1.0


def test_a_sale_that_would_cost_more_than_it_brings_is_not_made() -> None:
    closes = [100.0, 100.1, 130.0, 130.0]
    replayed = replay(ConstantMix(0.5), closes, rate=0.0, put_vol=0.2, costs=Costs(commission_minimum=5.0))
    assert replayed.costs["commission"].tolist() == [5.0, 0.0, 5.0, 0.0]
    assert replayed.rungs["execution"].iloc[:2].tolist() == [0.5, 0.5]


def test_what_cash_did_not_reach_for_is_execution_and_not_lag() -> None:
    """All in stock at 1 % cost, with dividends: the shortfall of the first purchase never passes for lateness."""
    closes = [100.0, 103.0, 99.0, 104.0, 101.0, 98.0, 100.0]
    replayed = replay(
        BuyAndHold(1.0), closes, put_vol=0.2, lag=1, every=4, dividend_yield=0.1, costs=Costs(commission_bps=100.0)
    )
    causes = replayed.attribution()
    assert causes["lag"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert causes["execution"].iloc[1] == pytest.approx(-(1.0 - 1.0 / 1.01) * 3.0, rel=0.05)


def test_a_fund_that_may_borrow_reaches_its_leverage_and_no_more() -> None:
    replayed = replay(ConstantMix(3.0), [100.0, 101.0, 99.0], max_weight=2.0, steps=5, put_vol=0.2)
    assert replayed.weights.iloc[:2].tolist() == [pytest.approx(2.0, rel=1e-12)] * 2


def test_a_fund_that_lost_everything_is_ruined_and_left_alone() -> None:
    replayed = replay(ConstantMix(3.0), [100.0, 60.0, 90.0, 80.0], max_weight=3.0, steps=5, rate=0.0, put_vol=0.2)
    assert replayed.values.iloc[1:].tolist() == [pytest.approx(-20.0, rel=1e-12)] * 3
    assert replayed.weights.iloc[1:].tolist() == [0.0, 0.0, 0.0]
    assert replayed.events["event"].tolist() == ["ruin"]
    assert total(replayed) == pytest.approx(replayed.slippage.iloc[-1], abs=1e-10)


def test_events_stand_at_the_first_close_of_their_run() -> None:
    days = pd.date_range("2020-01-01", periods=5)
    closes = pd.Series([100.0, 99.0, 70.0, 71.0, 72.0], days)
    replayed = replay(Cppi(90.0, 5.0), closes, steps=252, rate=0.0, put_vol=0.2)
    assert replayed.events.index.tolist() == [days[2], days[2]]
    assert replayed.events["event"].tolist() == ["breach", "cash-lock"]
    breach = replayed.events.iloc[0]
    assert breach["size"] == pytest.approx(90.0 - replayed.values.iloc[2], rel=1e-12)
    assert breach["nav"] == replayed.values.iloc[2]


def test_the_put_is_marked_at_a_series_and_says_so() -> None:
    days = pd.date_range("2020-01-01", periods=40)
    vols = pd.Series(np.linspace(0.2, 0.5, 60), pd.date_range("2019-12-25", periods=60))
    replayed = replay(SyntheticPut(95.0, vol=0.2), history(3), put_vol=vols)
    assert replayed.put_vol == vols[days[0]]
    assert replayed.put_vol_source == "given as a series by date"
    assert replayed.attribution()["vega"].abs().sum() > 0.1
    assert total(replayed) == pytest.approx(replayed.slippage.iloc[-1], abs=1e-9)


@pytest.mark.parametrize(
    ("strategy", "put_vol", "source"),
    [
        (SyntheticPut(95.0, vol=0.17), None, "hedge volatility of synthetic_put"),
        (SyntheticPut(95.0, vol=0.17), 0.3, "given as a number"),
        (Cppi(90.0), None, "realised over the 39 returns replayed, known only afterwards"),
    ],
)
def test_where_the_puts_volatility_comes_from_is_said(strategy: Strategy, put_vol: float | None, source: str) -> None:
    closes = history(5)
    replayed = replay(strategy, closes, put_vol=put_vol)
    assert replayed.put_vol_source == source
    realised = float(np.diff(np.log(closes.to_numpy())).std(ddof=1)) * math.sqrt(252)
    expected = put_vol or strategy.hedge_vol or realised
    assert replayed.put_vol == pytest.approx(expected, rel=1e-12)


def test_the_rule_sees_the_volatility_it_is_given() -> None:
    closes = history(9)
    vols = pd.Series(np.where(np.arange(40) < 20, 0.1, 0.9), closes.index)
    bounded = Cppi(90.0, 8.0, gap_sigmas=4.0)
    calm = replay(bounded, closes, put_vol=0.2, vols=0.1)
    stormy = replay(bounded, closes, put_vol=0.2, vols=vols)
    assert (calm.weights.iloc[:20] == stormy.weights.iloc[:20]).all()
    assert stormy.weights.iloc[20] < calm.weights.iloc[20]


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"closes": [100.0]}, "closes has 1 prices"),
        ({"closes": [100.0, math.nan]}, "closes is nan"),
        ({"closes": [100.0, 0.0]}, "closes is 0.0"),
        ({"closes": [100.0, "n/a", 3.0]}, "closes is 'n/a'"),
        ({"closes": pd.Series([1.0, 2.0], pd.to_datetime(["2020-01-02", "2020-01-01"]))}, "dates must ascend"),
        ({"closes": pd.Series([1.0, 2.0], pd.to_datetime(["2020-01-02", "2020-01-02"]))}, "dates must ascend"),
        ({"value": 0.0}, "value is 0.0"),
        ({"steps": 0}, "steps is 0"),
        ({"rate": math.nan}, "rate is nan"),
        ({"lag": -1}, "lag is -1"),
        ({"every": 0}, "every is 0"),
        ({"cost_bps": -1.0}, "cost_bps is -1.0"),
        ({"cost_bps": 1.0, "costs": Costs()}, "beside a price list"),
        ({"band": -0.1}, "band is -0.1"),
        ({"band_to": "middle"}, "band_to is 'middle'"),
        ({"max_weight": math.nan}, "max_weight is nan"),
        ({"min_weight": 0.1}, "min_weight is 0.1"),
        ({"max_turnover": 0.0}, "max_turnover is 0.0"),
        ({"lot": -1.0}, "lot is -1.0"),
        ({"put_vol": -0.1}, "put_vol is -0.1"),
        ({"put_vol": pd.Series([0.2], [0])}, "put_vol has no value for 1"),
        ({"put_vol": pd.Series([0.2], pd.to_datetime(["2020-01-01"]))}, "put_vol has no value for 0"),
        ({"put_vol": pd.Series([0.2, 0.3], [0, 0])}, "put_vol has more than one value"),
        ({"strategy": Cppi(90.0, gap_sigmas=4.0), "put_vol": None}, "vols is None"),
        ({"closes": [100.0, 101.0], "put_vol": None}, "put_vol is None"),
        ({"strategy": DeltaNeutral((Option("call", 50.0, 100.0, 1.0),))}, "options cost"),
    ],
)
def test_bad_input_gets_one_sentence(how: dict[str, Any], sentence: str) -> None:
    # What is refused at run time is what no type allows.
    usual: dict[str, Any] = {"strategy": BuyAndHold(), "closes": [100.0, 101.0, 102.0], "put_vol": 0.2}
    with pytest.raises(InvalidInput, match=sentence) as caught:
        replay(**(usual | how))
    assert "\n" not in str(caught.value)


def test_dates_may_be_any_ascending_index() -> None:
    closes = pd.Series([100.0, 101.0, 99.0], [dt.date(2020, 1, day) for day in (2, 3, 6)])
    replayed = replay(ConstantMix(), closes, put_vol=0.2)
    assert list(replayed.attribution().index) == list(closes.index)

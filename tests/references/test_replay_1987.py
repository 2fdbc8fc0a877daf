"""The autumn of 1987, close by close: what protected funds did, and what they lost."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insure.backtest import Replay, replay
from insure.pricing import black_scholes
from insure.strategies import Cppi, StaticPut, Strategy, SyntheticPut

CLOSES = Path(__file__).parents[2].parent / "shared" / "data" / "sp500_daily_1950_2020.csv"
BLACK_MONDAY = "1987-10-19"


@pytest.fixture(scope="module")
def closes() -> "pd.Series[float]":
    """S&P 500 closes from 1987-09-01 on."""
    if not CLOSES.exists():
        pytest.skip(
            f"The S&P 500 history is not at {CLOSES}; it is third-party data that the repository does not carry."
        )
    table = pd.read_csv(CLOSES, index_col="date", parse_dates=True)
    found = table["close"].loc["1987-09-01":]
    assert found.loc[BLACK_MONDAY] == 224.84, "not the series that the figures were computed on"
    return found


def october(strategy: Strategy, closes: "pd.Series[float]") -> Replay:
    return replay(strategy, closes, value=100.0, steps=252, rate=0.07, put_vol=0.18)


def test_the_weight_after_black_monday(closes: "pd.Series[float]") -> None:
    """A 95 % floor for a year, r 7 %, vol 18 %, weight tracking: 3.95 % is left in stock after the close."""
    replayed = october(SyntheticPut(floor=95.0, years=1.0, vol=0.18), closes)
    assert float(replayed.weights.loc[BLACK_MONDAY]) == pytest.approx(0.0395, abs=5e-5)


def test_that_weight_counted_from_the_pricing_room(closes: "pd.Series[float]") -> None:
    """The same figure without strategy, rungs or replay: n S N(d1) / (n S N(d1) + n K e^{-rt} N(-d2))."""
    position = len(closes.loc[:BLACK_MONDAY]) - 1
    left, spot, first = (252 - position) / 252, float(closes.loc[BLACK_MONDAY]), float(closes.iloc[0])
    k = 0.95
    for _ in range(200):
        k = 0.95 * (1.0 + black_scholes.put(1.0, k, 1.0, 0.07, 0.18))
    strike = k * first
    put = black_scholes.greeks("put", spot, strike, left, 0.07, 0.18)
    weight = spot * (1.0 + put.delta) / (spot + put.price)
    replayed = october(SyntheticPut(floor=95.0, years=1.0, vol=0.18), closes)
    assert float(replayed.weights.loc[BLACK_MONDAY]) == pytest.approx(weight, abs=1e-12)


def test_the_week_before_it_sold_about_a_fifth(closes: "pd.Series[float]") -> None:
    """From the close of the 13th to that of the 16th of October a fund of this kind sold about a fifth of its value."""
    replayed = october(SyntheticPut(floor=95.0, years=1.0, vol=0.18), closes)
    units = replayed.rungs["execution"]
    sold = (units.loc["1987-10-13"] - units.loc["1987-10-16"]) * closes.loc["1987-10-16"]
    assert 0.15 < sold / replayed.values.loc["1987-10-16"] < 0.27  # noqa: PD011 - a field of Replay


def test_the_crash_is_booked_as_a_gap(closes: "pd.Series[float]") -> None:
    replayed = october(SyntheticPut(floor=95.0, years=1.0, vol=0.18), closes)
    causes = replayed.attribution()
    assert causes["gap"].idxmin() == pd.Timestamp(BLACK_MONDAY)
    assert causes["gap"].sum() < -5.0
    assert causes.to_numpy().sum() == pytest.approx(replayed.slippage.iloc[-1], abs=1e-9)
    assert replayed.events.loc[BLACK_MONDAY, "event"] == "breach"


def test_a_multiple_of_four_survives_and_one_of_five_does_not(closes: "pd.Series[float]") -> None:
    """The fall was 20.47 %: 1/4 is more, 1/5 is less."""
    four, five = (october(Cppi(guarantee=90.0, multiplier=m), closes) for m in (4.0, 5.0))
    assert four.events.empty
    assert four.values.iloc[-1] > 90.0  # noqa: PD011 - a field of Replay
    assert five.events["event"].tolist() == ["breach", "cash-lock"]
    assert (five.events.index == pd.Timestamp(BLACK_MONDAY)).all()
    assert five.values.iloc[-1] < 90.0  # noqa: PD011 - a field of Replay
    assert (five.weights.loc[BLACK_MONDAY:] == 0.0).all()


def test_the_bought_put_kept_its_promise(closes: "pd.Series[float]") -> None:
    replayed = october(StaticPut(floor=95.0), closes)
    assert np.abs(replayed.slippage.to_numpy()).max() < 1e-10
    assert replayed.events.empty
    assert float(replayed.values.iloc[-1]) >= 95.0 * (1.0 - 1e-12)  # noqa: PD011 - a field of Replay
    assert math.isclose(replayed.floors.iloc[-1], 95.0)

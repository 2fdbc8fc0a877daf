"""Each volatility source against its formula written out in exact arithmetic, or against the library that fits it."""

import datetime as dt
import math
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from arch import arch_model
from arch.data import sp500

from insure.arguments import FloatArray
from insure.errors import MarketDataError
from insure.volatility import Ewma, Fixed, Garch, Index, Realised, closes_needed, estimate


def _history(n: int, seed: int = 5) -> tuple[list[dt.date], FloatArray]:
    rng = np.random.default_rng(seed)
    closes = 4000.0 * np.exp(np.cumsum(0.012 * rng.standard_t(4, n)))
    return [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(n)], closes


def _exact(closes: FloatArray, kind: str, decay: float = 0.0) -> float:
    """The formula in 60 digits on the same closes."""
    with localcontext() as context:
        context.prec = 60
        logs = [Decimal(float(c)).ln() for c in closes]
        r = [b - a for a, b in pairwise(logs)]
        if kind == "sample":
            mean = sum(r, Decimal(0)) / len(r)
            variance = sum(((x - mean) ** 2 for x in r), Decimal(0)) / (len(r) - 1)
        elif kind == "zero":
            variance = sum((x**2 for x in r), Decimal(0)) / len(r)
        else:
            d = Decimal(decay)
            squares = sum((d**i * x**2 for i, x in enumerate(reversed(r))), Decimal(0))
            variance = (1 - d) * squares / (1 - d ** len(r))
        return float((variance * 252).sqrt())


@pytest.mark.parametrize("window", [2, 20, 60, 250])
@pytest.mark.parametrize("mean", ["sample", "zero"])
def test_realised_agrees_with_exact_arithmetic(window: int, mean: str) -> None:
    dates, closes = _history(300)
    source = Realised(window, mean="sample" if mean == "sample" else "zero")
    found = estimate(source, dates, closes)
    assert found.vol == pytest.approx(_exact(closes[-window - 1 :], mean), rel=1e-13)
    assert (found.window, found.last, found.note) == (window, dates[-1], "")
    assert found.method == f"realised, {mean} mean"


@pytest.mark.parametrize(
    ("decay", "window", "returns"), [(0.94, None, 112), (0.97, None, 227), (0.9, 10, 10), (0.99, 1, 1)]
)
def test_ewma_agrees_with_exact_arithmetic(decay: float, window: int | None, returns: int) -> None:
    dates, closes = _history(300)
    source = Ewma(decay, window)
    found = estimate(source, dates, closes)
    assert closes_needed(source) == returns + 1
    assert found.vol == pytest.approx(_exact(closes[-returns - 1 :], "ewma", decay), rel=1e-13)
    assert (found.window, found.last) == (returns, dates[-1])
    assert found.method == f"EWMA, decay {decay:g}"


def test_ewma_is_near_the_endless_recursion() -> None:
    """v' = d v + (1 - d) r^2 over a long history: the window leaves out a thousandth of the weight, so a few 1e-4."""
    dates, closes = _history(2000)
    variance = 0.012**2 * 2.0
    for r in np.diff(np.log(closes)):
        variance = 0.94 * variance + 0.06 * r**2
    assert estimate(Ewma(), dates, closes).vol == pytest.approx(math.sqrt(252.0 * variance), rel=2e-3)


@pytest.mark.parametrize("model", ["garch", "gjr"])
@pytest.mark.parametrize("horizon", [1, 10])
def test_garch_is_the_forecast_of_arch(model: str, horizon: int) -> None:
    """The S&P 500 to the end of 2018, fitted through arch's own front door."""
    prices = sp500.load()["Adj Close"].iloc[-751:]
    dates = [stamp.date() for stamp in prices.index]
    closes = prices.to_numpy()
    source = Garch("garch" if model == "garch" else "gjr", horizon=horizon)
    found = estimate(source, dates, closes)
    returns = 100.0 * np.diff(np.log(closes))
    unfitted = arch_model(returns, mean="Constant", vol="GARCH", p=1, o=int(model == "gjr"), q=1, rescale=False)
    fit = unfitted.fit(disp="off")
    expected = math.sqrt(252.0 * float(np.mean(fit.forecast(horizon=horizon).variance.to_numpy()[-1]))) / 100.0
    assert found.vol == pytest.approx(expected, rel=1e-12)
    assert (found.window, found.last, found.method) == (750, dates[-1], f"{model.upper()}(1,1), horizon {horizon}")
    assert 0.2 < found.vol < 0.5, "the volatility of December 2018"


def test_garch_finds_the_parameters_that_drew_the_path() -> None:
    """3,000 returns of a known GARCH(1,1): the next variance is known too, and the fit comes within 10 % of it."""
    rng = np.random.default_rng(8)
    omega, alpha, beta, h = 2e-6, 0.08, 0.90, 1e-4
    returns = np.empty(3000)
    for i in range(3000):
        returns[i] = math.sqrt(h) * rng.standard_normal()
        h = omega + alpha * returns[i] ** 2 + beta * h
    closes = 100.0 * np.exp(np.concatenate(([0.0], np.cumsum(returns))))
    dates = [dt.date(2000, 1, 1) + dt.timedelta(days=i) for i in range(3001)]
    assert estimate(Garch(window=3000), dates, closes).vol == pytest.approx(math.sqrt(252.0 * h), rel=0.1)


@pytest.mark.parametrize("size", [0.0, 1e-9])
def test_garch_refuses_what_it_cannot_fit(size: float) -> None:
    dates = _history(200)[0]
    closes = 100.0 * np.exp(size * np.random.default_rng(1).standard_normal(200))
    with pytest.raises(MarketDataError, match=r"no GARCH model can be fitted|does not fit"):
        estimate(Garch(window=150), dates, closes)


def test_an_index_in_points_is_scaled() -> None:
    dates, closes = _history(5)
    quotes = {dates[2]: 18.5, dates[3]: 21.25}
    found = estimate(Index("VIX"), dates, closes, quotes=quotes)
    assert found.vol == pytest.approx(0.2125, rel=1e-15)
    assert (found.window, found.last) == (0, dates[3])
    assert found.method == "implied, quoted by VIX"
    single = estimate(Index("put 4000 Dec", scale=1.0), [], [], quotes={dates[0]: 0.2})
    assert (single.vol, single.last) == (0.2, dates[0])


def test_fixed_is_what_was_agreed() -> None:
    found = estimate(Fixed(0.18), [], [])
    assert (found.vol, found.method, found.window, found.last, found.note) == (0.18, "fixed", 0, None, "")

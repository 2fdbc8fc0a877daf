"""The price of what was decided and not done: closed form against integration, and what must be true of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtri

from insure.execution import priced
from insure.execution.deficit import CONFIDENCE, sentence
from insure.pricing import black_scholes

PRICE, NAV, RATE = 907.84, 1_000_000.0, 0.03


def integrated(units: float, years: float, vol: float, confidence: float) -> float:
    """Mean loss against cash in the worst outcomes, by numerical integration over the normal density."""
    p, value, deviation = 1.0 - confidence, abs(units) * PRICE, vol * math.sqrt(years)
    side = 1.0 if units > 0.0 else -1.0
    edge = float(ndtri(p))

    def loss(z: float) -> float:
        moved = math.exp((RATE - 0.5 * vol**2) * years + deviation * side * z)
        density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return side * value * (math.exp(RATE * years) - moved) * density

    found, _ = quad(loss, -40.0, edge, epsabs=0.0, epsrel=1e-12, limit=500)
    return found / p


@pytest.mark.parametrize("units", [1200.0, -350.0])
@pytest.mark.parametrize("years", [1.0 / 252.0, 5.0 / 252.0, 0.5])
@pytest.mark.parametrize("vol", [0.08, 0.2, 0.8])
@pytest.mark.parametrize("confidence", [0.95, 0.975, 0.99])
def test_expected_shortfall_is_the_mean_beyond_the_quantile(
    units: float, years: float, vol: float, confidence: float
) -> None:
    found = priced(units, PRICE, NAV, years, vol, RATE, confidence=confidence).shortfall
    assert found == pytest.approx(integrated(units, years, vol, confidence), rel=1e-9)


@given(st.floats(1.0, 1e6), st.floats(1e-4, 2.0), st.floats(0.01, 1.5))
def test_the_premium_is_a_put_struck_at_the_forward(units: float, years: float, vol: float) -> None:
    found = priced(units, PRICE, NAV, years, vol, RATE)
    forward = PRICE * math.exp(RATE * years)
    assert found.premium == pytest.approx(units * float(black_scholes.put(PRICE, forward, years, RATE, vol)), rel=1e-9)
    assert found.shortfall >= found.premium, "the worst outcomes cost less than all together"


@given(st.floats(-1e6, 1e6).filter(bool), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_deficit_costs_more_the_longer_and_the_wilder_and_nothing_where_nothing_moves(
    units: float, years: float, vol: float
) -> None:
    found = priced(units, PRICE, NAV, years, vol, RATE)
    assert found.protects == (units > 0.0)
    assert found.shortfall >= 0.0
    later = priced(units, PRICE, NAV, years + 0.1, vol, RATE)
    wilder = priced(units, PRICE, NAV, years, vol + 0.1, RATE)
    assert later.shortfall >= found.shortfall * (1.0 - 1e-9)
    assert wilder.shortfall >= found.shortfall * (1.0 - 1e-9)
    assert wilder.premium >= found.premium
    if years == 0.0 or vol == 0.0:
        assert found.shortfall == pytest.approx(0.0, abs=1e-6 * found.value)


def test_a_fall_at_once_takes_its_part_of_the_missing_hedge() -> None:
    sale, purchase = priced(1000.0, 50.0, NAV, 0.01, 0.2, 0.0), priced(-1000.0, 50.0, NAV, 0.01, 0.2, 0.0)
    assert sale.losses == ((0.05, 2500.0), (0.10, 5000.0), (0.20, 10_000.0))
    assert purchase.losses == ((0.05, -2500.0), (0.10, -5000.0), (0.20, -10_000.0))
    assert sale.weight == 0.05
    assert CONFIDENCE == 0.975


def test_the_sentence_says_which_way_how_much_and_at_which_price() -> None:
    sale = sentence(priced(1000.0, 50.0, NAV, 1.0 / 252.0, 0.2, 0.0), "USD")
    assert sale.startswith("Protection deficit: 1,000 units (50,000.00 USD, 5.00% of the fund)")
    assert "2,500 at 5%, 5,000 at 10%, 10,000 at 20%" in sale
    assert sentence(priced(-1.0, 50.0, NAV, 0.1, 0.2, 0.0), "USD").startswith("Purchase outstanding: 1 units")

"""The volatility surface against QuantLib, scipy's least squares, Heston's model, and published arbitrage."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import QuantLib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.pricing import arbitrage, black_scholes, heston, svi
from insure.pricing.contract import KINDS, Kind
from insure.pricing.curve import FlatCurve
from insure.pricing.surface import Dynamics, Quote, Slice, Surface, calibrate
from insure.pricing.svi import Svi

SMILE = Svi(0.01, 0.1, -0.4, 0.02, 0.12)
LATER = Svi(0.025, 0.12, -0.45, 0.03, 0.2)
SURFACE = Surface(100.0, (Slice(0.25, 100.5, SMILE), Slice(1.0, 102.0, LATER)))
STRIKES = np.array([60.0, 80.0, 95.0, 100.0, 110.0, 140.0])

AXEL_VOGT = Svi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
"""J. Gatheral, A. Jacquier (2014), example 3.1: raw parameters whose density is negative."""


def _noisy_smiles() -> list[tuple[float, FloatArray, FloatArray]]:
    """Years, ln(strike/forward) and quoted volatilities of eight smiles with noise of 0.2 to 1 volatility points."""
    random = np.random.default_rng(5)
    smiles = []
    for years in (0.02, 0.1, 0.5, 1.0):
        for noise in (0.002, 0.01):
            level = random.uniform(0.1, 0.5)
            width = level * math.sqrt(years)
            smile = Svi(
                0.6 * width**2, random.uniform(0.05, 0.5) * width, random.uniform(-0.9, 0.2), 0.1 * width, width
            )
            k = np.sort(random.uniform(-2.5, 1.5, 12)) * width
            smiles.append((years, k, np.sqrt(smile.total_variance(k) / years) + noise * random.standard_normal(12)))
    return smiles


def test_smile_agrees_with_quantlib() -> None:
    for smile, years, forward in ((SMILE, 0.3217, 101.3), (LATER, 2.0, 95.0)):
        theirs = QuantLib.SviSmileSection(years, forward, [smile.a, smile.b, smile.sigma, smile.rho, smile.m])
        surface = Surface(100.0, (Slice(years, forward, smile),))
        for strike in STRIKES:
            found, expected = float(surface.vol(strike, years)), theirs.volatility(float(strike))
            assert abs(found - expected) < 1e-14, f"At strike {strike} {found!r} here, {expected!r} in QuantLib."


def test_density_agrees_with_quantlib() -> None:
    """g is the density up to the normal factor; QuantLib differentiates prices, so about five digits agree."""
    theirs = QuantLib.SviSmileSection(1.0, 100.0, [LATER.a, LATER.b, LATER.sigma, LATER.rho, LATER.m])
    surface = Surface(100.0, (Slice(1.0, 100.0, LATER),))
    k = np.log(STRIKES / 100.0)
    w = LATER.total_variance(k)
    d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
    ours = arbitrage.density_factor(surface, k, 1.0) * np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi * w) / STRIKES
    expected = np.array([theirs.density(float(strike), 1.0, 1e-3) for strike in STRIKES])
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-8)


@given(
    st.floats(0.01, 5.0),
    st.floats(0.08, 0.8),
    st.floats(0.05, 1.0),
    st.floats(-0.95, 0.5),
    st.floats(-0.5, 0.5),
    st.floats(0.2, 2.0),
)
@settings(max_examples=25, deadline=None)
def test_fit_finds_a_smile_that_is_svi(
    years: float, level: float, steep: float, rho: float, m: float, sigma: float
) -> None:
    """Within 1e-8 in volatility, at times that are no whole days."""
    width = level * math.sqrt(years)
    true = Svi(0.6 * width**2, steep * width, rho, m * width, sigma * width)
    k = np.linspace(-2.0, 1.5, 11) * width
    vols = np.sqrt(true.total_variance(k) / years)
    found = svi.fit(list(100.0 * np.exp(k)), list(vols), 100.0, years)
    assert found.worst_error < 1e-8, f"{true} over {years} years comes back as {found}."
    again = np.sqrt(found.smile.total_variance(k) / years)
    assert np.abs(again - vols).max() == pytest.approx(found.worst_error, abs=1e-15)


def test_fit_of_noisy_quotes_is_the_best_there_is() -> None:
    """Within 1e-6 in volatility of the best of eight starts of another least-squares solver."""
    for years, k, vols in _noisy_smiles():
        found = svi.fit(list(100.0 * np.exp(k)), list(vols), 100.0, years)
        variance = float(np.mean(vols * vols)) * years

        def miss(p: FloatArray, k: FloatArray = k, vols: FloatArray = vols, years: float = years) -> FloatArray:
            w = p[0] + p[1] * (p[3] * (k - p[4]) + np.sqrt((k - p[4]) ** 2 + p[2] ** 2))
            return np.asarray(np.sqrt(np.maximum(w, 1e-12) / years) - vols)

        width = math.sqrt(variance)
        errors = [
            float(
                np.sqrt(
                    2.0
                    * least_squares(
                        miss,
                        (0.5 * variance, 0.3 * width, sigma * width, rho, m * width),
                        bounds=([-np.inf, 0.0, 1e-9, -1.0, -np.inf], [np.inf, np.inf, np.inf, 1.0, np.inf]),
                        xtol=1e-12,
                        ftol=1e-12,
                        gtol=1e-12,
                        max_nfev=200,
                    ).cost
                    / k.size
                )
            )
            for m in (0.0, 1.0)
            for sigma in (0.1, 1.0)
            for rho in (-0.6, 0.2)
        ]
        assert found.rms_error < min(errors) + 1e-6, (
            f"At {years} years the fit misses by {found.rms_error!r}; another solver by {min(errors)!r}."
        )
        assert found.rms_error <= found.worst_error


def test_fit_depends_on_no_clock_and_leaves_quantlibs_alone() -> None:
    years, k, vols = _noisy_smiles()[6]
    settings_ = QuantLib.Settings.instance()
    with QuantLib.SavedSettings():
        found = []
        for date in (QuantLib.Date(29, 2, 2024), QuantLib.Date(5, 7, 2051)):
            settings_.evaluationDate = date
            found.append(svi.fit(list(100.0 * np.exp(k)), list(vols), 100.0, years))
            assert settings_.evaluationDate == date
        assert found[0] == found[1]


def test_total_variance_is_linear_in_time_as_in_quantlib() -> None:
    """QuantLib's variance curve along one strike, on a flat forward."""
    slices = (
        Slice(91.0 / 365.0, 100.0, SMILE),
        Slice(1.0, 100.0, LATER),
        Slice(2.0, 100.0, Svi(0.06, 0.1, -0.4, 0.0, 0.2)),
    )
    surface = Surface(100.0, slices)
    today = QuantLib.Date(2, 1, 2150)
    for strike in STRIKES:
        vols = [float(surface.vol(strike, one.years)) for one in slices]
        theirs = QuantLib.BlackVarianceCurve(
            today, [today + round(one.years * 365) for one in slices], vols, QuantLib.Actual365Fixed(), False
        )
        for years in (91.0 / 365.0, 0.3217, 0.5, 0.999, 1.0, 1.6, 2.0):
            found = float(surface.vol(strike, years))
            expected = theirs.blackVol(years, float(strike))
            assert abs(found - expected) < 1e-13, f"Strike {strike}, {years} years: {found!r} here, {expected!r} there."


def test_surface_before_between_and_beyond_its_expiries() -> None:
    assert SURFACE.forward(0.0) == 100.0
    assert float(SURFACE.forward(0.25)) == pytest.approx(100.5, rel=1e-15)
    middle = math.exp((math.log(1.005) + math.log(1.02)) / 2.0) * 100.0
    assert float(SURFACE.forward(0.625)) == pytest.approx(middle, rel=1e-14)
    k = np.array([-0.4, 0.0, 0.3])
    early = SURFACE.total_variance(k, 0.1)
    np.testing.assert_allclose(early / 0.1, SMILE.total_variance(k) / 0.25, rtol=1e-14)
    np.testing.assert_allclose(SURFACE.total_variance(k, 0.0), 0.0, atol=0.0)
    np.testing.assert_allclose(
        SURFACE.total_variance(k, 0.625), 0.5 * (SMILE.total_variance(k) + LATER.total_variance(k)), rtol=1e-14
    )
    with pytest.raises(InvalidInput, match=r"years is 1\.5; it must be 1\.0, the last quoted expiry, or less"):
        SURFACE.vol(100.0, 1.5)
    flat = Surface(SURFACE.spot, SURFACE.slices, beyond="flat")
    np.testing.assert_allclose(flat.total_variance(k, 1.5) / 1.5, LATER.total_variance(k), rtol=1e-14)
    assert float(flat.forward(2.0)) == pytest.approx(100.0 * 1.02**2, rel=1e-14)
    table = flat.vol(STRIKES, np.array([[0.1], [0.25], [0.6], [1.0], [3.0]]))
    assert table.shape == (5, 6)
    assert float(flat.vol(STRIKES[2], 0.6)) == table[2, 2]


@given(st.floats(50.0, 200.0), st.floats(0.01, 1.0), st.floats(60.0, 160.0))
def test_dynamics_keep_what_they_say(spot: float, years: float, strike: float) -> None:
    same_strike = SURFACE.moved(spot, "sticky-strike")
    assert float(same_strike.vol(strike, years)) == pytest.approx(float(SURFACE.vol(strike, years)), rel=1e-12)
    same_ratio = SURFACE.moved(spot, "sticky-delta")
    ratio = spot / 100.0
    assert float(same_ratio.vol(strike * ratio, years)) == pytest.approx(float(SURFACE.vol(strike, years)), rel=1e-12)
    for moved in (same_strike, same_ratio):
        assert float(moved.forward(years)) == pytest.approx(ratio * float(SURFACE.forward(years)), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dynamics", ["sticky-strike", "sticky-delta"])
def test_delta_is_the_derivative_along_the_moving_surface(kind: Kind, dynamics: Dynamics) -> None:
    rate, years = 0.03, 0.6
    dividend_yield = rate - math.log(float(SURFACE.forward(years)) / 100.0) / years
    price = black_scholes.put if kind == "put" else black_scholes.call

    def value(spot: float) -> FloatArray:
        vols = SURFACE.moved(spot, dynamics).vol(STRIKES, years)
        return price(spot, STRIKES, years, rate, vols, dividend_yield)

    differences = (8.0 * (value(100.1) - value(99.9)) - (value(100.2) - value(99.8))) / 1.2
    found = SURFACE.delta(kind, STRIKES, years, rate, dynamics)
    np.testing.assert_allclose(found, differences, atol=1e-9)


def test_sticky_delta_is_the_delta_of_homogeneous_prices() -> None:
    """Euler: a price that scales with spot and strike has the delta (P - K dP/dK)/S, by differences in the strike."""
    rate, years = 0.03, 0.6
    dividend_yield = rate - math.log(float(SURFACE.forward(years)) / 100.0) / years

    def value(strikes: FloatArray) -> FloatArray:
        return black_scholes.put(100.0, strikes, years, rate, SURFACE.vol(strikes, years), dividend_yield)

    h = 0.1
    by_strike = (
        8.0 * (value(STRIKES + h) - value(STRIKES - h)) - (value(STRIKES + 2 * h) - value(STRIKES - 2 * h))
    ) / (12 * h)
    euler = (value(STRIKES) - STRIKES * by_strike) / 100.0
    np.testing.assert_allclose(SURFACE.delta("put", STRIKES, years, rate, "sticky-delta"), euler, atol=1e-9)


def test_smile_of_heston_gives_hestons_delta() -> None:
    """Heston's prices scale with spot and strike; the fit of SVI to its smile leaves 2e-3 of delta."""
    terms = {"variance": 0.04, "mean_variance": 0.05, "reversion": 2.0, "vol_of_variance": 0.5, "correlation": -0.7}
    years, rate, spot = 0.5, 0.03, 100.0
    strikes = np.linspace(75.0, 125.0, 15)
    prices = heston.put(spot, strikes, years, rate, **terms)
    vols = black_scholes.implied_vol("put", prices, spot, strikes, years, rate)
    quotes = [Quote(years, float(k), float(v)) for k, v in zip(strikes, vols, strict=True)]
    calibration = calibrate(quotes, spot, FlatCurve(rate))
    assert calibration.fits[0].worst_error < 1e-3
    assert arbitrage.check(calibration.surface, reach=0.5) == ()
    h = 0.01
    exact = (
        heston.put(spot + h, strikes, years, rate, **terms) - heston.put(spot - h, strikes, years, rate, **terms)
    ) / (2.0 * h)
    knowing = calibration.surface.delta("put", strikes, years, rate, "sticky-delta")
    plain = calibration.surface.delta("put", strikes, years, rate, "sticky-strike")
    assert np.abs(knowing - exact)[1:-1].max() < 2e-3
    assert np.abs(plain - exact)[1:-1].max() > 0.05


def test_calibration_meets_its_quotes_at_every_expiry() -> None:
    expiries = (0.1, 0.3217, 1.0)
    true = Surface(
        100.0,
        tuple(
            Slice(t, 100.0 * math.exp(0.02 * t), Svi(0.02 * t, 0.2 * math.sqrt(t) * 0.5, -0.5, 0.0, 0.2 * math.sqrt(t)))
            for t in expiries
        ),
    )
    strikes = np.linspace(70.0, 130.0, 9)
    quotes = [Quote(t, float(k), float(true.vol(k, t))) for t in reversed(expiries) for k in strikes]
    calibration = calibrate(quotes, 100.0, FlatCurve(0.035), dividend_yield=0.015)
    assert [one.years for one in calibration.surface.slices] == list(expiries)
    for t in (0.05, *expiries, 0.7):
        np.testing.assert_allclose(calibration.surface.vol(strikes, t), true.vol(strikes, t), atol=1e-9)


def test_published_butterfly_is_found_where_prices_are_not_convex() -> None:
    """g is negative exactly where second differences of the put's price in the strike are."""
    surface = Surface(100.0, (Slice(1.0, 100.0, AXEL_VOGT),))
    (found,) = arbitrage.check(surface)
    assert found.kind == "butterfly"
    assert found.years == (1.0,)
    low, high = found.strikes
    assert found.k == pytest.approx((math.log(low / 100.0), math.log(high / 100.0)))

    def bend(strike: float) -> float:
        h = 0.2
        sides = [
            black_scholes.put(100.0, k, 1.0, 0.0, float(surface.vol(k, 1.0))) for k in (strike - h, strike, strike + h)
        ]
        return (sides[0] - 2.0 * sides[1] + sides[2]) / h**2

    for strike in (low + 2.0, 0.5 * (low + high), 100.0 * math.exp(found.worst_k), high - 2.0):
        assert bend(strike) < 0.0, f"Prices are convex at {strike}, where a butterfly is reported."
    for strike in (100.0, low - 2.0, high + 2.0):
        assert bend(strike) > 0.0, f"Prices are not convex at {strike}, where none is reported."
    assert str(found).startswith("butterfly arbitrage at 1 years, strikes 190.1")
    assert arbitrage.butterfly(surface, 0.5)[0].years == (0.5,)


def test_calendar_spread_is_found_exactly_where_variance_falls() -> None:
    """0.03 + 0.1 sqrt(k^2 + 0.05^2) lies below 0.04 for |k| < sqrt(0.0075), by 0.005 at the money."""
    flat = Slice(0.5, 100.0, Svi(0.04, 0.0, 0.0, 0.0, 0.1))
    dipped = Slice(1.0, 110.0, Svi(0.03, 0.1, 0.0, 0.0, 0.05))
    (found,) = arbitrage.check(Surface(100.0, (flat, dipped)))
    assert found.kind == "calendar"
    assert found.years == (0.5, 1.0)
    edge = math.sqrt(0.0075)
    assert found.k == pytest.approx((-edge, edge), abs=1e-12)
    assert found.strikes == pytest.approx((110.0 * math.exp(-edge), 110.0 * math.exp(edge)), rel=1e-12)
    assert found.worst == pytest.approx(-0.005, abs=1e-6)
    assert abs(found.worst_k) < 1e-3
    assert "total variance falls by up to 0.005" in str(found)
    assert arbitrage.calendar(flat, Slice(1.0, 110.0, flat.smile)) == []


def test_steep_wings_are_found() -> None:
    steep = Surface(100.0, (Slice(1.0, 100.0, Svi(0.1, 1.5, 0.5, 0.0, 0.2)),))
    found = [one for one in arbitrage.check(steep) if one.kind == "wing"]
    assert [one.worst for one in found] == [2.25]
    assert found[0].k == (arbitrage.REACH, math.inf)
    assert arbitrage.wings(Slice(1.0, 100.0, Svi(0.1, 1.0, 0.0, 0.0, 0.2))) == []


@given(
    st.floats(-0.9, 0.9),
    st.floats(0.05, 1.0),
    st.lists(st.floats(0.001, 0.2), min_size=1, max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_surfaces_known_to_be_free_of_arbitrage_are_not_accused(rho: float, eta: float, steps: list[float]) -> None:
    """SSVI with phi = eta / sqrt(theta (1 + theta)) and eta (1 + |rho|) <= 2 (Gatheral, Jacquier 2014, section 4)."""
    eta = min(eta, 2.0 / (1.0 + abs(rho)))
    slices = []
    for count, theta in enumerate(np.cumsum(steps)):
        phi = eta / math.sqrt(theta * (1.0 + theta))
        root = math.sqrt(1.0 - rho * rho)
        smile = Svi(0.5 * theta * root**2, 0.5 * theta * phi, rho, -rho / phi, root / phi)
        slices.append(Slice(0.25 * (count + 1), 100.0, smile))
    found = arbitrage.check(Surface(100.0, tuple(slices)))
    assert found == (), "; ".join(str(one) for one in found)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Svi(math.nan, 0.1, 0.0, 0.0, 0.1), "a is nan"),
        (lambda: Svi(0.1, -0.1, 0.0, 0.0, 0.1), "b is -0.1"),
        (lambda: Svi(0.1, 0.1, 1.1, 0.0, 0.1), "rho is 1.1"),
        (lambda: Svi(0.1, 0.1, 0.0, math.inf, 0.1), "m is inf"),
        (lambda: Svi(0.1, 0.1, 0.0, 0.0, 0.0), "sigma is 0.0"),
        (lambda: Svi(-0.1, 0.1, 0.0, 0.0, 0.1), "a is -0.1; it must leave a least total variance"),
        (lambda: SMILE.total_variance(math.nan), "k is nan"),
        (lambda: Quote(0.0, 100.0, 0.2), "years is 0.0"),
        (lambda: Quote(1.0, math.nan, 0.2), "strike is nan"),
        (lambda: Quote(1.0, 100.0, -0.2), "vol is -0.2"),
        (lambda: Slice(math.nan, 100.0, SMILE), "years is nan"),
        (lambda: Slice(1.0, 0.0, SMILE), "forward is 0.0"),
        (lambda: Surface(0.0, SURFACE.slices), "spot is 0.0"),
        (lambda: Surface(100.0, ()), "slices is ()"),
        (lambda: Surface(100.0, SURFACE.slices[::-1]), "slices has 0.25 years after 1.0"),
        (lambda: Surface(100.0, SURFACE.slices, "guess"), "beyond is 'guess'"),  # type: ignore[arg-type]  # on purpose
        (lambda: SURFACE.vol(math.nan, 0.5), "strike is nan"),
        (lambda: SURFACE.vol(0.0, 0.5), "strike is 0.0"),
        (lambda: SURFACE.vol(100.0, 0.0), "years is 0.0"),
        (lambda: SURFACE.vol(100.0, math.nan), "years is nan"),
        (lambda: SURFACE.forward(-0.5), "years is -0.5"),
        (lambda: SURFACE.moved(math.nan, "sticky-strike"), "spot is nan"),
        (lambda: SURFACE.moved(100.0, "stuck"), "dynamics is 'stuck'"),  # type: ignore[arg-type]  # on purpose
        (lambda: SURFACE.vol_by_spot(100.0, 0.5, "stuck"), "dynamics is 'stuck'"),  # type: ignore[arg-type]  # on purpose
        (lambda: SURFACE.delta("put", 100.0, 0.5, math.nan, "sticky-strike"), "rate is nan"),
        (lambda: SURFACE.delta("cap", 100.0, 0.5, 0.0, "sticky-strike"), "kind is 'cap'"),  # type: ignore[arg-type]  # on purpose
        (
            lambda: svi.fit([90.0, 100.0, 110.0], [0.2] * 3, 100.0, 1.0),
            "strikes has shape (3,) with 3 different values",
        ),
        (lambda: svi.fit([90.0] * 5, [0.2] * 5, 100.0, 1.0), "strikes has shape (5,) with 1 different values"),
        (lambda: svi.fit([80.0, 90.0, 100.0, 110.0, 120.0], [0.2] * 4, 100.0, 1.0), "strikes has shape (5,)"),
        (lambda: svi.fit([80.0, 90.0, 100.0, 110.0, math.nan], [0.2] * 5, 100.0, 1.0), "strikes is nan"),
        (lambda: svi.fit([80.0, 90.0, 100.0, 110.0, 120.0], [0.0] * 5, 100.0, 1.0), "vols is 0.0"),
        (lambda: svi.fit([80.0, 90.0, 100.0, 110.0, 120.0], [0.2] * 5, math.nan, 1.0), "forward is nan"),
        (lambda: svi.fit([80.0, 90.0, 100.0, 110.0, 120.0], [0.2] * 5, 100.0, -1.0), "years is -1.0"),
        (lambda: calibrate([], 100.0, FlatCurve(0.0)), "quotes is empty"),
        (lambda: calibrate([Quote(1.0, 100.0, 0.2)], math.nan, FlatCurve(0.0)), "spot is nan"),
        (lambda: calibrate([Quote(1.0, 100.0, 0.2)], 100.0, FlatCurve(0.0), math.nan), "dividend_yield is nan"),
        (lambda: arbitrage.check(SURFACE, 0.0), "reach is 0.0"),
        (lambda: arbitrage.check(SURFACE, math.nan), "reach is nan"),
        (lambda: arbitrage.density_factor(SURFACE, np.zeros(1), 0.0), "years is 0.0"),
    ],
)
def test_bad_input_is_refused_by_name_and_value(make: Callable[[], object], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert str(refused.value).startswith(said)


def test_a_flat_smile_is_fitted_flat() -> None:
    found = svi.fit([80.0, 90.0, 100.0, 110.0, 120.0], [0.2] * 5, 100.0, 0.5)
    assert found.worst_error < 1e-6
    assert arbitrage.check(Surface(100.0, (Slice(0.5, 100.0, found.smile),))) == ()

"""The same work done by others, for ``bench_simulation``: NumPy and SciPy, and JAX and QuantLib where installed.

Each walks the fund of ``Terms`` without twin and attribution, or prices the options of ``options``.
"""

import importlib
import importlib.util
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from insure.arguments import FloatArray
from insure.strategies import Opening, SyntheticPut

GUARANTEE, MULTIPLIER, VALUE, SPOT = 90.0, 4.0, 100.0, 100.0


class Terms(NamedTuple):
    """One fund over one year: proportional costs, a band to its target, no borrowing."""

    paths: int
    steps: int
    rate: float
    vol: float
    drift: float
    cost_bps: float
    band: float

    @property
    def structure(self) -> tuple[float, float]:
        """Strike and units of the insured structure."""
        state = SyntheticPut(GUARANTEE).begin(Opening(VALUE, SPOT, 1.0, self.rate, 0.0, self.vol)).state
        return state.strike, state.units


def installed(name: str) -> bool:
    """Whether a peer is there to be measured."""
    return importlib.util.find_spec(name) is not None


def numpy_fund(terms: Terms, *, option: bool) -> float:
    """CPPI, or the weight-tracking put, in vectorised NumPy."""
    paths, steps, rate, vol, drift, cost_bps, band = terms
    random = np.random.default_rng(1)
    dt, cost = 1.0 / steps, cost_bps * 1e-4
    spot, cash, units = np.full(paths, SPOT), np.full(paths, VALUE), np.zeros(paths)
    strike, structure = terms.structure
    for i in range(steps):
        left = 1.0 - i * dt
        nav = cash + units * spot
        held = units * spot / nav
        if option:
            deviation = vol * math.sqrt(left)
            d1 = (np.log(spot / strike) + rate * left) / deviation + 0.5 * deviation
            equity = structure * spot * ndtr(d1)
            bond = structure * strike * math.exp(-rate * left) * ndtr(deviation - d1)
            weight = equity / (equity + bond)
        else:
            weight = MULTIPLIER * np.maximum(nav - GUARANTEE * math.exp(-rate * left), 0.0) / nav
        weight = np.minimum(weight, 1.0)
        wanted = np.where(np.abs(weight - held) <= band, units, weight * nav / spot) if i else weight * nav / spot
        affordable = units + np.maximum(cash, 0.0) / (spot * (1.0 + cost))
        wanted = np.where(wanted > units, np.minimum(wanted, affordable), wanted)
        change = wanted - units
        cash = (cash - change * spot - cost * np.abs(change) * spot) * math.exp(rate * dt)
        units = wanted
        spot = spot * np.exp((drift - 0.5 * vol**2) * dt + vol * math.sqrt(dt) * random.standard_normal(paths))
    return float((cash + units * spot).mean())


def jax_fund(terms: Terms, *, option: bool) -> Callable[[], float]:
    """The same in JAX: one compiled loop over the steps in float64, its own random numbers (threefry)."""
    jax: Any = importlib.import_module("jax")
    jnp, cdf = jax.numpy, importlib.import_module("jax.scipy.special").ndtr
    jax.config.update("jax_enable_x64", True)
    paths, steps, rate, vol, drift, cost_bps, band = terms
    dt, cost = 1.0 / steps, cost_bps * 1e-4
    strike, structure = terms.structure

    def step(i: Any, carried: Any) -> Any:
        spot, cash, units, key = carried
        left = 1.0 - i * dt
        nav = cash + units * spot
        held = units * spot / nav
        if option:
            deviation = vol * jnp.sqrt(left)
            d1 = (jnp.log(spot / strike) + rate * left) / deviation + 0.5 * deviation
            equity = structure * spot * cdf(d1)
            bond = structure * strike * jnp.exp(-rate * left) * cdf(deviation - d1)
            weight = equity / (equity + bond)
        else:
            weight = MULTIPLIER * jnp.maximum(nav - GUARANTEE * jnp.exp(-rate * left), 0.0) / nav
        weight = jnp.minimum(weight, 1.0)
        inside = (jnp.abs(weight - held) <= band) & (i > 0)
        wanted = jnp.where(inside, units, weight * nav / spot)
        affordable = units + jnp.maximum(cash, 0.0) / (spot * (1.0 + cost))
        wanted = jnp.where(wanted > units, jnp.minimum(wanted, affordable), wanted)
        change = wanted - units
        cash = (cash - change * spot - cost * jnp.abs(change) * spot) * math.exp(rate * dt)
        z = jax.random.normal(jax.random.fold_in(key, i), (paths,), dtype=jnp.float64)
        spot = spot * jnp.exp((drift - 0.5 * vol**2) * dt + vol * math.sqrt(dt) * z)
        return spot, cash, wanted, key

    def fund(seed: Any) -> Any:
        start = (jnp.full(paths, SPOT), jnp.full(paths, VALUE), jnp.zeros(paths), jax.random.PRNGKey(seed))
        spot, cash, units, _ = jax.lax.fori_loop(0, steps, step, start)
        return (cash + units * spot).mean()

    compiled = jax.jit(fund)
    return lambda: float(compiled(1).block_until_ready())


def quantlib_fund(terms: Terms, paths: int) -> float:
    """CPPI along paths of QuantLib's generator, decided path by path in Python."""
    ql: Any = importlib.import_module("QuantLib")
    _, steps, rate, vol, drift, cost_bps, band = terms
    today, days = ql.Date(2, 1, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(SPOT)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, drift, days)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, days)),
    )
    uniform = ql.UniformRandomSequenceGenerator(steps, ql.UniformRandomGenerator(1))
    draws = ql.GaussianPathGenerator(process, 1.0, steps, ql.GaussianRandomSequenceGenerator(uniform), False)
    dt, cost, total = 1.0 / steps, cost_bps * 1e-4, 0.0
    for _ in range(paths):
        path = draws.next().value()
        cash, units = VALUE, 0.0
        for i in range(steps):
            spot, left = path[i], 1.0 - i * dt
            nav = cash + units * spot
            held = units * spot / nav
            weight = min(MULTIPLIER * max(nav - GUARANTEE * math.exp(-rate * left), 0.0) / nav, 1.0)
            wanted = units if i and abs(weight - held) <= band else weight * nav / spot
            if wanted > units:
                wanted = min(wanted, units + max(cash, 0.0) / (spot * (1.0 + cost)))
            change = wanted - units
            cash = (cash - change * spot - cost * abs(change) * spot) * math.exp(rate * dt)
            units = wanted
        total += cash + units * path[steps]
    return total / paths


def options(count: int) -> tuple[FloatArray, ...]:
    """Spot, strike, years, rate, vol and dividend yield of so many puts."""
    random = np.random.default_rng(1)
    ranges = ((50.0, 150.0), (50.0, 150.0), (0.01, 3.0), (-0.01, 0.06), (0.05, 0.6), (0.0, 0.04))
    return tuple(random.uniform(low, high, count) for low, high in ranges)


def scipy_six(
    spot: FloatArray, strike: FloatArray, years: FloatArray, rate: FloatArray, vol: FloatArray, paid: FloatArray
) -> tuple[FloatArray, ...]:
    """Price and five Greeks of puts, vectorised with scipy.special, every common term computed once."""
    root = np.sqrt(years)
    deviation, growth, discounted = vol * root, np.exp(-paid * years), strike * np.exp(-rate * years)
    forward = spot * growth
    d1 = (np.log(spot / strike) + (rate - paid) * years) / deviation + 0.5 * deviation
    up, down = ndtr(-d1), ndtr(deviation - d1)
    moving = forward * np.exp(-0.5 * d1 * d1) * (1.0 / math.sqrt(2.0 * math.pi))
    in_shares, in_bonds = forward * up, discounted * down
    return (
        in_bonds - in_shares,
        -growth * up,
        moving / (spot * spot * deviation),
        moving * root,
        rate * in_bonds - paid * in_shares - 0.5 * moving * vol / root,
        -years * in_bonds,
    )


def jax_six(given: tuple[FloatArray, ...]) -> Callable[[], Any]:
    """The same, compiled by JAX in float64."""
    jax: Any = importlib.import_module("jax")
    jnp, cdf = jax.numpy, importlib.import_module("jax.scipy.special").ndtr
    jax.config.update("jax_enable_x64", True)

    def six(spot: Any, strike: Any, years: Any, rate: Any, vol: Any, paid: Any) -> Any:
        root = jnp.sqrt(years)
        deviation, growth, discounted = vol * root, jnp.exp(-paid * years), strike * jnp.exp(-rate * years)
        forward = spot * growth
        d1 = (jnp.log(spot / strike) + (rate - paid) * years) / deviation + 0.5 * deviation
        up, down = cdf(-d1), cdf(deviation - d1)
        moving = forward * jnp.exp(-0.5 * d1 * d1) * (1.0 / math.sqrt(2.0 * math.pi))
        in_shares, in_bonds = forward * up, discounted * down
        return (
            in_bonds - in_shares,
            -growth * up,
            moving / (spot * spot * deviation),
            moving * root,
            rate * in_bonds - paid * in_shares - 0.5 * moving * vol / root,
            -years * in_bonds,
        )

    compiled = jax.jit(six)
    arrays = [jnp.asarray(values) for values in given]
    return lambda: jax.block_until_ready(compiled(*arrays))


def quantlib_six(given: tuple[FloatArray, ...]) -> float:
    """Price and five Greeks of puts by QuantLib's BlackCalculator, one by one; their sum."""
    ql: Any = importlib.import_module("QuantLib")
    total = 0.0
    for spot, strike, years, rate, vol, paid in zip(*(values.tolist() for values in given), strict=True):
        discount = math.exp(-rate * years)
        forward = spot * math.exp((rate - paid) * years)
        payoff = ql.PlainVanillaPayoff(ql.Option.Put, strike)
        one = ql.BlackCalculator(payoff, forward, vol * math.sqrt(years), discount)
        total += one.value() + one.delta(spot) + one.gamma(spot) + one.vega(years) + one.theta(spot, years)
        total += one.rho(years)
    return total

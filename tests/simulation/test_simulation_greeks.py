"""Greeks of very many options: the plain formulas are the oracle, limits and errors are theirs."""

import platform
import re

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.pricing.black_scholes import Greeks
from insure.pricing.contract import Kind
from insure.simulation import greeks
from insure.simulation.greeks import FEW
from insure.simulation.option_kernel import LANES, option_kernel

SIZE = 3 * FEW + LANES // 3
NAMES = ("price", "delta", "gamma", "vega", "theta", "rho")


def options(seed: int = 3, size: int = SIZE) -> list[FloatArray]:
    """Spot, strike, years, rate, vol, dividend yield: from a minute to thirty years, from 0.1 % to 300 %."""
    random = np.random.default_rng(seed)
    spot = np.exp(random.uniform(np.log(1e-3), np.log(1e6), size))
    strike = spot * np.exp(random.normal(0.0, 0.4, size) * random.integers(0, 2, size))
    years = np.exp(random.uniform(np.log(2e-6), np.log(30.0), size))
    vol = np.exp(random.uniform(np.log(1e-3), np.log(3.0), size))
    return [spot, strike, years, random.uniform(-0.02, 0.1, size), vol, random.uniform(-0.01, 0.06, size)]


def distance(found: Greeks[FloatArray], plain: Greeks[FloatArray], given: list[FloatArray]) -> dict[str, float]:
    """Largest difference in units of what is allowed: 1e-12 of the natural scale, and the rounding of d1."""
    spot, strike, years, rate, vol, paid = given
    forward, discounted = spot * np.exp(-paid * years), strike * np.exp(-rate * years)
    money, deviation = np.maximum(forward, discounted), vol * np.sqrt(years)
    blur = 1e-12 + 4e-16 / deviation
    growth = np.exp(-paid * years)
    scales = {
        "price": money * 1e-12,
        "delta": growth * blur,
        "gamma": growth / (spot * deviation) * blur,
        "vega": forward * np.sqrt(years) * blur,
        "theta": (forward * (vol / np.sqrt(years) + np.abs(paid)) + discounted * np.abs(rate)) * blur,
        "rho": years * discounted * blur,
    }
    return {name: float((np.abs(getattr(found, name) - getattr(plain, name)) / scales[name]).max()) for name in NAMES}


@pytest.mark.parametrize("kind", ["put", "call"])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_agrees_with_the_plain_formulas(kind: Kind, seed: int) -> None:
    given = options(seed)
    apart = distance(greeks(kind, *given), black_scholes.greeks(kind, *given), given)
    assert max(apart.values()) < 1.0, f"times what is allowed: {apart}"


def test_no_price_is_below_its_discounted_intrinsic_value() -> None:
    given = options()
    spot, strike, years, rate, _, paid = given
    forward, discounted = spot * np.exp(-paid * years), strike * np.exp(-rate * years)
    found = greeks("put", *given).price
    short = (np.maximum(discounted - forward, 0.0) - found) / np.maximum(forward, discounted)
    assert short.max() < 1e-15
    assert found.min() >= 0.0


def test_limits_are_those_of_the_plain_formulas() -> None:
    given = options()
    spot, strike, years, rate, vol, paid = given
    spot[:3], strike[3:6], years[6:9], vol[9:12] = 0.0, 0.0, 0.0, 0.0
    years[12:15], vol[12:15] = 200.0, 4.0
    spot[15], strike[15], spot[16], strike[16] = 1e150, 1e-150, 1e-150, 1e150
    rate[17], years[17], paid[18], years[18] = 650.0, 1.0, 650.0, 1.0
    spot[-1] = 0.0
    where = [*range(19), SIZE - 1]
    found = greeks("call", *given)
    plain = black_scholes.greeks("call", *(values[where] for values in given))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(found, name)[where], getattr(plain, name), err_msg=name)
        assert not np.isnan(getattr(found, name)).any(), f"{name} is not a number somewhere"


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_no_bit(threads: int) -> None:
    given = options()
    one, several = greeks("put", *given, workers=1), greeks("put", *given, workers=threads)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(several, name), err_msg=name)


def test_numbers_and_arrays_broadcast() -> None:
    spot, strike, years, _, vol, _ = (values[:30_000].reshape(100, 300) for values in options())
    found = greeks("put", spot, strike[:1], 0.5, 0.03, vol)
    plain = black_scholes.greeks("put", spot, strike[:1], 0.5, 0.03, vol)
    assert found.price.shape == (100, 300)
    given = [
        np.broadcast_to(np.asarray(x, dtype=np.float64), spot.shape) for x in (spot, strike[:1], 0.5, 0.03, vol, 0.0)
    ]
    assert max(distance(found, plain, given).values()) < 1.0
    strided = greeks("put", np.asfortranarray(spot), strike[:1], 0.5, 0.03, vol)
    np.testing.assert_array_equal(found.price, strided.price)
    assert years.size == found.rho.size


def test_few_options_are_the_plain_formulas() -> None:
    found, plain = (
        greeks("put", 100.0, [90.0, 95.0], 1.0, 0.03, 0.2),
        black_scholes.greeks("put", 100.0, [90.0, 95.0], 1.0, 0.03, 0.2),
    )
    np.testing.assert_array_equal(found.theta, plain.theta)
    assert greeks("call", 100.0, 90.0, 1.0, 0.03, 0.2).price.shape == ()


def test_room_of_an_earlier_call_is_written_over() -> None:
    first, second = options(3), options(4)
    fresh, room = greeks("put", *second), greeks("put", *first)
    again = greeks("put", *second, out=room)
    for name in NAMES:
        assert getattr(again, name) is getattr(room, name)
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))
    with pytest.raises(InvalidInput, match=r"out\.price is no array of an earlier call"):
        greeks("put", *options(4, SIZE + 1), out=room)


@pytest.mark.parametrize(
    ("position", "value", "sentence"),
    [
        (0, -1.0, r"spot is -1\.0"),
        (1, np.inf, "strike is inf"),
        (2, np.nan, "years is nan"),
        (3, np.nan, "rate is nan"),
        (4, -0.2, r"vol is -0\.2"),
        (5, np.inf, "dividend_yield is inf"),
    ],
)
@pytest.mark.parametrize("where", [0, SIZE // 2, SIZE - 1])
def test_one_bad_number_among_many_is_named(position: int, value: float, sentence: str, where: int) -> None:
    given = options()
    given[position][where] = value
    with pytest.raises(InvalidInput, match=sentence):
        greeks("put", *given)


def test_what_is_no_option_is_refused() -> None:
    given = options()
    with pytest.raises(InvalidInput, match="kind is 'straddle'"):
        greeks("straddle", *given)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(InvalidInput, match="must broadcast against each other"):
        greeks("put", *[*given[:5], given[5][:-1]])
    with pytest.raises(InvalidInput, match="vol is 'much'"):
        greeks("put", given[0], given[1], given[2], given[3], "much")


@pytest.mark.skipif(platform.machine().lower() not in {"x86_64", "amd64"}, reason="the instructions are those of x86")
def test_the_loop_is_packed() -> None:
    assembly = option_kernel(kept=False).assembly()
    packed = len(re.findall(r"\bv(?:mul|add|sub|div|fn?m(?:add|sub)\d+|sqrt)pd\b.*[yz]mm", assembly))
    single = len(re.findall(r"\bv?(?:mul|add|sub|div|fn?m(?:add|sub)\d+|sqrt)sd\b", assembly))
    assert packed > 100, f"{packed} packed instructions: the loops came undone"
    assert packed >= 0.4 * (packed + single), f"{packed} packed and {single} scalar instructions: a loop came undone"

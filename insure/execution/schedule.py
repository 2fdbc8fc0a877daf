"""Shares of a trade over the slices of its time: each a tuple that sums to 1, none below zero."""

import math
from collections.abc import Sequence

from insure.arguments import not_negative, number, numbers, positive, whole
from insure.errors import InvalidInput


def at_once(slices: int) -> tuple[float, ...]:
    """All in the first slice.

    Args:
        slices: how many there are, 1 or more.
    """
    return (1.0,) + (0.0,) * (whole("slices", slices, low=1) - 1)


def twap(slices: int) -> tuple[float, ...]:
    """The same in every slice: the average price over time.

    Args:
        slices: how many, 1 or more.
    """
    count = whole("slices", slices, low=1)
    return (1.0 / count,) * count


def participation(volumes: Sequence[float]) -> tuple[float, ...]:
    """A constant share of the market's volume: each slice as its expected volume is to that of all.

    Args:
        volumes: expected volume of each slice, any unit, zero or more, one of them above zero.

    Raises:
        InvalidInput: there is none, or all are zero.
    """
    found = numbers("volumes", list(volumes), low=0.0)
    total = float(found.sum())
    if not total > 0.0:
        raise InvalidInput(f"volumes sum to {total!r}; one of them must be above zero.")
    return tuple(float(volume) / total for volume in found)


def front_loaded(slices: int, ratio: float) -> tuple[float, ...]:
    """Each slice ``ratio`` times the one before: risk is reduced early; 1 is ``twap``.

    Args:
        slices: how many, 1 or more.
        ratio: above 0, up to 1.
    """
    count = whole("slices", slices, low=1)
    step = number("ratio", positive("ratio", ratio), high=1.0)
    raw = [step**k for k in range(count)]
    total = math.fsum(raw)
    return tuple(share / total for share in raw)


def urgency(risk_aversion: float, vol: float, temporary: float, permanent: float, interval: float) -> float:
    """kappa of Almgren & Chriss: how fast a trade is best done, per unit of the time in which ``interval`` is given.

    With the discrete eta~ = eta - gamma tau / 2 and kappa~^2 = lambda sigma^2 / eta~, kappa solves

        2 (cosh(kappa tau) - 1) / tau^2 = kappa~^2,    so    kappa = (2 / tau) asinh(kappa~ tau / 2).

    Args:
        risk_aversion: lambda, price of a unit of variance of the cost, per unit of money; zero or more.
        vol: sigma, of the price of one unit, money per square root of time; zero or more.
        temporary: eta, money by which the price gives way per unit traded per unit of time; above zero.
        permanent: gamma, money by which the price stays moved per unit traded; zero or more.
        interval: tau, length of one slice, time; above zero.

    Source: Almgren & Chriss (2000), "Optimal execution of portfolio transactions", Journal of Risk 3(2), section 2.2.
    With the parameters of their section 3.4 kappa is 0.61 a day, as they print it
    (tests/execution/test_schedule.py).

    Raises:
        InvalidInput: an argument is outside its range, or eta~ is not above zero.
    """
    eta, tau = positive("temporary", temporary), positive("interval", interval)
    gamma, lam, sigma = (
        not_negative("permanent", permanent),
        not_negative("risk_aversion", risk_aversion),
        not_negative("vol", vol),
    )
    eased = eta - 0.5 * gamma * tau
    if not eased > 0.0:
        raise InvalidInput(f"permanent is {gamma!r}; times interval / 2 it must be below temporary, {eta!r}.")
    # asinh instead of acosh(1 + x): no digits are lost where a trade is not urgent.
    return 2.0 / tau * math.asinh(0.5 * tau * sigma * math.sqrt(lam / eased))


def almgren_chriss(slices: int, kappa_interval: float) -> tuple[float, ...]:
    """Shares of the trajectory x_j = X sinh(kappa (T - t_j)) / sinh(kappa T), which minimises E + lambda V.

    Args:
        slices: N, with T = N tau.
        kappa_interval: kappa tau, zero or more; 0 is ``twap``, and towards infinity it becomes ``at_once``.

    Source: Almgren & Chriss (2000), section 2.2. Accuracy: 1e-12 of the trade against the minimum of E + lambda V
    found by solving its linear system (tests/execution/test_schedule.py).
    """
    count, step = whole("slices", slices, low=1), not_negative("kappa_interval", kappa_interval)
    if step * count < 1e-9:  # sinh is its argument to the last bit
        return twap(count)

    def left(j: int) -> float:
        # sinh(a (N - j)) / sinh(a N) without its overflow at large a N.
        return math.exp(-step * j) * math.expm1(-2.0 * step * (count - j)) / math.expm1(-2.0 * step * count)

    held = [left(j) for j in range(count)] + [0.0]
    return tuple(held[j] - held[j + 1] for j in range(count))


def within_caps(units: Sequence[int], caps: Sequence[int | None]) -> tuple[int, ...]:
    """The same total with no slice above its cap, as far as that can be.

    What a cap takes away is made up in the slices that follow, then in those before; what fits nowhere stands with the
    last slice, where the order's own volume cap leaves it unfilled: a deficit that is known beforehand.

    Args:
        units: lots of each slice, zero or more.
        caps: most for each slice; None where nothing is known of the volume.
    """
    kept: list[int] = []
    over = 0
    for wanted, cap in zip(units, caps, strict=True):
        most = wanted + over if cap is None else cap
        taken = min(wanted + over, most)
        over += wanted - taken
        kept.append(taken)
    for place, cap in enumerate(caps):
        room = over if cap is None else cap - kept[place]
        taken = min(over, max(room, 0))
        kept[place] += taken
        over -= taken
    kept[-1] += over
    return tuple(kept)

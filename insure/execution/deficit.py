"""The protection deficit: what was decided and is not executed, with its price until the next slot."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from insure.arguments import not_negative, number, positive

CONFIDENCE = 0.975
"""Of the expected shortfall: the level of the Basel framework for market risk (BCBS, MAR33.3)."""
FALLS = (0.05, 0.10, 0.20)
"""Instant falls that the missing hedge is held against."""


@dataclass(frozen=True, slots=True)
class Deficit:
    """Units that should have been traded and were not."""

    units: float
    """Held beyond what was decided: above zero a sale is missing, and with it protection; below zero a purchase."""
    value: float
    """Money in these units at the price, positive."""
    weight: float
    """The same, of the fund's value."""
    years: float
    """To the next slot."""
    shortfall: float
    """Expected shortfall of standing still, money: the mean loss in the worst 2.5 % of outcomes."""
    premium: float
    """What insuring the units until the next slot would cost: an option at the forward, money."""
    losses: tuple[tuple[float, float], ...]
    """(fall, money lost on the missing hedge by that fall at once); below zero is gained, where a purchase is missing.
    """

    @property
    def protects(self) -> bool:
        """Whether protection is missing: a sale was decided and is not done."""
        return self.units > 0.0


def priced(
    units: float,
    price: float,
    nav: float,
    years: float,
    vol: float,
    rate: float,
    falls: Sequence[float] = FALLS,
    confidence: float = CONFIDENCE,
) -> Deficit:
    """A deficit with the price of its risk, closed form.

    Over tau years the index moves by exp((r - sigma^2 / 2) tau + sigma sqrt(tau) Z) with Z standard normal, dividends
    reinvested; units that should be cash lose against cash what the index stays below its forward. With V = units times
    price, p = 1 - confidence and z = N^-1(p) the mean of the worst p of outcomes is

        V e^{r tau} (1 - N(z - sigma sqrt(tau)) / p)         where a sale is missing
        V e^{r tau} (N(z + sigma sqrt(tau)) / p - 1)         where a purchase is missing

    and an option at the forward costs V (2 N(sigma sqrt(tau) / 2) - 1), paid now, on either side. Drift beyond the rate
    is left out: over one slot it is far below the volatility.

    Args:
        units: held beyond what was decided; below zero where a purchase is missing.
        price: of one unit, money; above zero.
        nav: value of the fund, money; above zero.
        years: to the next slot, zero or more.
        vol: of the fund, per square root of year; zero or more.
        rate: continuously compounded, per year.
        falls: instant falls, fractions.
        confidence: of the expected shortfall, inside (0, 1).

    Sources: McNeil, Frey & Embrechts (2015), *Quantitative Risk Management*, 2nd ed., section 2.3, for the expected
    shortfall as a mean beyond the quantile; the lognormal partial mean is the one of Black & Scholes (1973). Accuracy:
    1e-9 relative against numerical integration (tests/execution/test_deficit.py).

    Raises:
        InvalidInput: an argument is outside its range.
    """
    amount = number("units", units)
    value = abs(amount) * positive("price", price)
    p = 1.0 - number("confidence", confidence, low=1e-6, high=1.0 - 1e-6)
    tau, sigma = not_negative("years", years), not_negative("vol", vol)
    deviation = sigma * math.sqrt(tau)
    z = float(ndtri(p))
    side = 1.0 if amount >= 0.0 else -1.0
    worst = side * (1.0 - float(ndtr(z - side * deviation)) / p)
    grown = math.exp(number("rate", rate) * tau)
    premium = value * (2.0 * float(ndtr(0.5 * deviation)) - 1.0)
    losses = tuple((fall, side * value * number("fall", fall, low=0.0, high=1.0)) for fall in falls)
    return Deficit(amount, value, value / positive("nav", nav), tau, value * grown * max(worst, 0.0), premium, losses)


def sentence(deficit: Deficit, currency: str) -> str:
    """The deficit in words: how much, and at which price of risk."""
    kind = "Protection deficit" if deficit.protects else "Purchase outstanding"
    falls = ", ".join(f"{loss:,.0f} at {fall:.0%}" for fall, loss in deficit.losses)
    what = "loses" if deficit.protects else "misses (below zero: saves)"
    return (
        f"{kind}: {abs(deficit.units):,.6g} units ({deficit.value:,.2f} {currency}, {deficit.weight:.2%} of the fund) "
        f"are decided and not executed. Expected shortfall until the next slot {deficit.shortfall:,.0f}, insuring it "
        f"{deficit.premium:,.0f}; a fall at once {what} {falls}."
    )

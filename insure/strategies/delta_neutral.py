"""Delta-neutral: a book of options whose delta is hedged with stock, inside a tolerance that saves trades.

Deltas are read as the desk reads them, in money per notional: net delta = (delta of the options + stock) S / notional.
While it is within the tolerance of its target nothing is traded; outside, the stock brings it back to the target. On a
notional of 1,000,000 with a tolerance of 0.05 a drift to +0.10 sells 100,000 of stock.

    tolerance now = tolerance + widening |Gamma| S^2 vol sqrt(1/252) / notional

the second part being what one standard deviation of a day adds to the net delta: a book whose delta runs away with
every move is not chased at every move.

What the book earns between two trades is its realised gamma against its theta, 1/2 Gamma (dS)^2 + Theta dt. The twin
beside the fund is the same capital in cash, so that a replay books what the options earned beyond their delta and their
carry under ``gamma`` and ``gap``, the net delta that was tolerated under ``model``, and trading under its own causes;
``Replay.option_profit`` shows gamma and theta each.

Sources: Hull, Options, Futures and Other Derivatives, "The Greek letters"; Whalley & Wilmott (1997), Mathematical
Finance 7(3), for bands that grow with gamma.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from insure.arguments import not_negative, number, one_of, positive
from insure.errors import InvalidInput
from insure.pricing.elementary import exp, log, norm_cdf, norm_pdf, sqrt
from insure.strategies.legs import EXPIRED, NO_DEVIATION, Leg, daily_drift
from insure.strategies.rule import Opening, Rule, Sight, Start, State, Terms

_OWN_TERMS = 4
_LEG_TERMS = 4


class Option(NamedTuple):
    """One position of the book; ``units`` below zero were sold."""

    kind: Literal["put", "call"]
    units: float
    strike: float
    years: float
    """To expiry, from the start of the period."""


def tolerance_now(tolerance: float, widening: float, gamma: float, spot: float, vol: float, notional: float) -> float:
    """Half width of the no-trade band, net delta per notional."""
    return tolerance + widening * daily_drift(gamma, spot, vol) / notional


def stock_to_trade(net_delta: float, notional: float, target: float, tolerance: float) -> float:
    """Money of stock to buy (to sell where negative) at a net delta per notional: nothing inside the tolerance."""
    drift = net_delta - target
    return -drift * notional if abs(drift) > tolerance else 0.0


def hedge(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """The stock held, while net delta is within tolerance; else the stock that brings it to the target."""
    target, tolerance, widening, notional = terms[0], terms[1], terms[2], terms[3]
    delta = 0.0
    gamma = 0.0
    for leg in range((len(terms) - _OWN_TERMS) // _LEG_TERMS):
        at = _OWN_TERMS + _LEG_TERMS * leg
        sign, units, log_strike, before_horizon = terms[at], terms[at + 1], terms[at + 2], terms[at + 3]
        left = sight.years_left - before_horizon
        held = units if left > EXPIRED else 0.0
        left = max(left, EXPIRED)
        deviation = max(sight.vol * sqrt(left), NO_DEVIATION)
        d1 = (sight.log_ratio - log_strike + (sight.rate - sight.dividend_yield) * left) / deviation + 0.5 * deviation
        grown = held * exp(-sight.dividend_yield * left)
        delta = delta + grown * sign * norm_cdf(sign * d1)
        gamma = gamma + (grown * norm_pdf(d1) / (sight.spot * deviation) if sight.vol > 0.0 else 0.0)
    stock = sight.weight * sight.nav
    net = (delta * sight.spot + stock) / notional
    width = tolerance_now(tolerance, widening, gamma, sight.spot, sight.vol, notional)
    traded = stock_to_trade(net, notional, target, width if state.mark > 0.0 else 0.0)
    weight = sight.weight if traded == 0.0 else (stock + traded) / sight.nav
    return weight, sight.floor, State(state.peak, state.strike, state.units, 1.0)


@dataclass(frozen=True, slots=True)
class DeltaNeutral:
    """A book of options hedged to a delta target.

    The fund pays for the options it buys (and is paid for those it sells) at the start, holds them to their expiries,
    and hedges with stock. A book that is long calls or short puts hedges by selling stock short: give the replay a
    ``min_weight`` below zero for it.

    Args:
        options: the book, with strikes in the price of the index and units of the index.
        vol: hedge volatility that deltas and gammas are computed at.
        target: net delta per notional to return to.
        tolerance: half width of the band at zero gamma, net delta per notional.
        widening: how many daily standard deviations of delta drift the band is wider by.
        notional: money that deltas are measured against; None: the options' units at the first spot, counted positive.

    ``State.mark`` is 1.0 once the first hedge stands; that one is made in full.
    """

    options: tuple[Option, ...]
    vol: float = 0.2
    target: float = 0.0
    tolerance: float = 0.05
    widening: float = 0.25
    notional: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no book can hold."""
        if not self.options:
            raise InvalidInput("options is empty; a book needs at least one option.")
        for position, one in enumerate(self.options):
            one_of(f"options[{position}] kind", one.kind, ("put", "call"))
            number(f"options[{position}] units", one.units)
            positive(f"options[{position}] strike", one.strike)
            positive(f"options[{position}] years", one.years)
        not_negative("vol", self.vol)
        number("target", self.target)
        not_negative("tolerance", self.tolerance)
        not_negative("widening", self.widening)
        if self.notional is not None:
            positive("notional", self.notional)

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "delta_neutral"

    @property
    def rule(self) -> Rule:
        """``hedge``."""
        return hedge

    @property
    def hedge_vol(self) -> float | None:
        """The volatility that deltas are computed at."""
        return self.vol

    def begin(self, opening: Opening) -> Start:
        """Lay the book out; nothing is promised."""
        legs = tuple(
            opening.listed(Leg(one.kind, one.units, one.strike, opening.years - one.years)) for one in self.options
        )
        notional = self.notional or sum(abs(one.units) for one in self.options) * opening.spot
        positive("notional", notional)
        terms = [self.target, self.tolerance, self.widening, notional]
        for leg in legs:
            terms += [leg.sign, leg.units, log(leg.strike / opening.spot), leg.before_horizon]
        return Start(
            tuple(terms),
            State(opening.value, 0.0, 0.0, 0.0),
            guarantee=0.0,
            legs=legs,
            matches="units",
            beside="cash",
        )

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """No floor."""
        return 0.0

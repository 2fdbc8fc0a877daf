"""When a market is too wide or too thin to buy in. A sale goes on in it, and is said to: a fund is never kept from
reducing its risk, and never sold out of in silence.
"""

from dataclasses import dataclass
from decimal import Decimal

from insure.execution_terms import Execution


@dataclass(frozen=True, slots=True)
class Quote:
    """What the market shows when an order would be sent."""

    bid: Decimal | None
    ask: Decimal | None
    depth_units: float | None
    """Units quoted at the best price; None where the feed tells none."""

    @property
    def spread_bps(self) -> float | None:
        """Bid to ask over their middle; None where one of them is missing."""
        if self.bid is None or self.ask is None:
            return None
        return float((self.ask - self.bid) / (self.ask + self.bid) * 20_000)


def wide_or_thin(terms: Execution, quote: Quote) -> str:
    """Why one would not buy in this market, a sentence; empty where one would, or where no limit is agreed.

    A limit that cannot be checked is not met: a market that shows no spread is too wide.
    """
    said: list[str] = []
    widest, least = terms.widest_spread_bps, terms.least_depth_units
    if widest > 0.0:
        spread = quote.spread_bps
        if spread is None:
            said.append(f"The feed tells no bid and ask; the spread must be {widest:g} bps or less.")
        elif not spread <= widest:
            said.append(f"Bid to ask is {spread:.1f} bps; the most to buy in is {widest:g}.")
    if least > 0.0:
        depth = quote.depth_units
        if depth is None:
            said.append(f"The feed tells no depth; it must be {least:,g} units or more.")
        elif not depth >= least:
            said.append(f"{depth:,g} units are quoted; the least to buy in is {least:,g}.")
    return " ".join(said)

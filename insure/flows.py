"""Money of holders and fees: what a flow does to the fund, to its promise and to its twin.

At a slot with net asset value V (accrued, before the flow) a flow of c (positive into the fund) makes the fund
f = 1 + c/V of what it was.

- *Subscriptions and redemptions* deal in units of the share class at V per unit, so the number of units also becomes f
  of what it was. The promise is one per unit: guarantee, insured units and every remembered amount are multiplied by f.
- *Fees* leave the number of units and the promise alone: the fund owes its guarantee net of them.
- The *twin* becomes f of itself in both cases (``Twin.scaled``): the same holders come and go, the same fee is paid.

A fund that holds options deals its flows once they are settled, at the latest where the next period begins: half an
option contract cannot be redeemed.

Fund minus twin therefore becomes f D, and D per unit of the share class stays what it was. The difference (f - 1) D is
no fault of the strategy: it stands as a cause of its own, ``flows`` or ``fees``, so that causes still add up.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from insure.decision import Holdings, Memory, Trade
from insure.decision.trades import cost_fraction, trade_between
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.money import MILLIONTH
from insure.slippage import Track
from insure.strategies.rule import Start

FlowKind = Literal["subscription", "redemption", "management fee", "protection cost"]
OF_HOLDERS = frozenset({"subscription", "redemption"})
"""Kinds that issue or redeem units of the share class; the others are fees."""
FIRST_PRICE = Decimal(100)
"""Money for one unit of the share class at the first subscription."""
_MONEY_TERMS = {"synthetic_put": (4,), "delta_neutral": (3,)}
"""Positions in a strategy's terms that are amounts of money (the guarantee that ``resolve`` re-solves for, the notional
that deltas are measured against)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Money ordered in or out of a fund, dealt at the first slot of ``session`` or after it."""

    key: str
    """``fund:session:flow:reference``: used once."""
    fund_id: str
    session: dt.date
    kind: FlowKind
    money: Decimal
    """Positive into the fund."""
    reverses: str | None = None
    """The key of the flow that this one takes back."""


@dataclass(frozen=True, slots=True)
class Dealt:
    """A flow as it was dealt."""

    key: str
    kind: FlowKind
    money: Decimal
    """Positive into the fund."""
    shares: Decimal
    """Units of the share class issued (positive) or redeemed; zero for a fee."""
    nav: float
    """Value of the fund before the flow, money."""

    @property
    def factor(self) -> float:
        """f = 1 + c/V."""
        return 1.0 + float(self.money) / self.nav


def deal(flow: Flow, holdings: Holdings, shares: Decimal, price: Decimal, taken_back: Dealt | None = None) -> Dealt:
    """Deal a flow at the value of the fund now.

    Args:
        flow: what was ordered.
        holdings: before it.
        shares: units of the share class outstanding before it.
        price: of one unit of the index.
        taken_back: what the flow reverses, as it was dealt: a reversal returns exactly the units that were issued.

    Raises:
        InvalidInput: the flow would leave the fund with nothing.
    """
    nav = holdings.units * price + holdings.cash
    if not nav + flow.money > 0:
        raise InvalidInput(f"The {flow.kind} of {abs(flow.money):,.2f} takes all of a fund worth {nav:,.2f}.")
    issued = Decimal(0)
    if taken_back is not None:
        issued = -taken_back.shares
    elif flow.kind in OF_HOLDERS:
        with localcontext(prec=60):
            issued = (flow.money * shares / nav).quantize(MILLIONTH, rounding=ROUND_HALF_EVEN)
    if not shares + issued > 0:
        raise InvalidInput(f"The {flow.kind} {flow.key} redeems all {shares} units of the share class.")
    return Dealt(flow.key, flow.kind, flow.money, issued, float(nav))


def after(holdings: Holdings, flow: Dealt) -> Holdings:
    """Holdings with the flow's money.

    Raises:
        InvalidInput: there is less cash than the flow takes.
    """
    return holdings.moved(cash=flow.money)


def promised(memory: Memory, kind: str, dealt: Sequence[Dealt]) -> Memory:
    """The memory of a fund whose promise grew or shrank with its holders; ``kind`` is its strategy's.

    Every amount of money and every unit of the insured structure is multiplied; strikes, ratios and flags are not.
    """
    factor = 1.0
    for flow in dealt:
        if flow.kind in OF_HOLDERS:
            factor *= flow.factor
    if factor == 1.0:
        return memory
    start = memory.start
    money = _MONEY_TERMS.get(kind, ())
    state = start.state._replace(peak=start.state.peak * factor, units=start.state.units * factor)
    grown: Start = start._replace(
        terms=tuple(term * factor if place in money else term for place, term in enumerate(start.terms)),
        state=state,
        guarantee=start.guarantee * factor,
    )
    return replace(memory, period=replace(memory.period, value=memory.period.value * factor), start=grown)


def followed(track: Track, dealt: Sequence[Dealt]) -> Track:
    """The track of fund and twin after the same flows reached both."""
    for flow in dealt:
        twin = track.twin.scaled(flow.factor)
        cause = "flows" if flow.kind in OF_HOLDERS else "fees"
        causes = dict(track.causes)
        causes[cause] = causes.get(cause, 0.0) + (flow.factor - 1.0) * track.total
        track = Track(twin, track.mark, causes)
    return track


def sale_for(fund: Fund, holdings: Holdings, needed: Decimal, price: Decimal) -> Trade | None:
    """The smallest sale in whole lots that brings ``needed`` money after its own costs; None where even all does not.

    Args:
        fund: for its lots and costs.
        holdings: before the sale.
        needed: money, above zero.
        price: of one unit.
    """
    lot = fund.lots.lot_units
    brings = price * (1 - Decimal(repr(cost_fraction(fund.costs)))) * lot
    units, missing = Decimal(0), needed
    while units < holdings.units:
        lots = (missing / brings).to_integral_value(rounding=ROUND_CEILING)
        units = min(units + max(lots, Decimal(1)) * lot, holdings.units)
        trade = trade_between(fund, holdings.units, holdings.units - units, price)
        if trade is None:
            return None
        missing = needed - trade.cash_after(Decimal(0))
        if not missing > 0:
            return trade
    return None

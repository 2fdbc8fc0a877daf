"""The twin of a recorded fund: slippage followed from one decision to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.accrual import Accrual
from insure.decision import Decision, Holdings, Ladder
from insure.decision.options import legs_at
from insure.errors import FloorUnaffordable
from insure.fund import Fund
from insure.market import Snapshot
from insure.orders import Fill
from insure.pricing.elementary import exp
from insure.slippage import Mark, Rung, Step, Track, Twin, opened
from insure.strategies.legs import book

CAUSE_OF_STAGE = {
    "model": "model",
    "limits": "limits",
    "band": "band",
    "throttle": "throttle",
    "override": "override",
    "rollout": "rollout",
    "capped": "capped",
    "lots": "lots",
    "executed": "execution",
}


@dataclass(frozen=True, slots=True)
class Following:
    """Slippage at one decision."""

    track: Track | None
    """Of the period in force, after the costs of this decision; None where there is no twin."""
    closed: Track | None
    """Of the period that ended here, at its horizon; None where none did."""
    missing: str
    """Why there is no twin; empty where there is one."""


def follow(
    fund: Fund,
    before: Track | None,
    ladder: Ladder | None,
    held: Holdings | None,
    then: Snapshot | None,
    accrual: Accrual,
    decision: Decision,
) -> Following:
    """Carry slippage from the decision before to this one.

    Args:
        fund: whose dividends and financing the twin shares.
        before: the track as the decision before left it; None where there was none.
        ladder: executed ladder of that decision; None where nothing was decided then (units as ``held``).
        held: exact holdings from then to now; None at the first decision.
        then: the snapshot of that decision.
        accrual: money booked since.
        decision: this decision, before its costs are charged.
    """
    carried = None
    if before is not None and then is not None and held is not None:
        years_left = decision.ended.years_left if decision.ended else _years_left(decision, before, accrual)
        carried = _carried(fund, before, ladder, held, then, accrual, decision.snapshot, years_left)
    if not decision.rolled:
        return Following(carried, None, "" if carried else "there is no twin: no protection period is in force")
    valuation, memory = decision.valuation, decision.memory
    if valuation is None or memory is None:
        return Following(None, carried, "no protection period could begin")
    mark = mark_of(decision.snapshot, valuation.years_left)
    protection = fund.protection
    if memory.start.beside == "cash":
        return Following(Track(Twin.in_cash(valuation.nav, mark), mark), carried, "")
    try:
        track = opened(valuation.nav, valuation.guarantee, mark, protection.dividends, protection.financing)
    except FloorUnaffordable as refusal:
        return Following(None, carried, str(refusal))
    return Following(track, carried, "")


def mark_of(snapshot: Snapshot, years_left: float) -> Mark:
    """The market that the twin's put is valued at."""
    return Mark(float(snapshot.price), years_left, snapshot.rate, snapshot.dividend_yield, snapshot.put_vol)


def execution_costs(
    before: Holdings, after: Holdings, fills: Sequence[Fill], decided: Decimal, *, late: bool = False
) -> dict[str, float]:
    """What executions cost by cause, to the cent: their sum is what the fund lost by them at the decided price.

    Args:
        before: holdings before them.
        after: holdings after them.
        fills: what was executed.
        decided: price that was decided on.
        late: whether they came after the slot, so that their own price counts against the decided one.
    """
    commission = float(sum((fill.commission for fill in fills), Decimal(0)))
    spread = float(sum((fill.spread for fill in fills), Decimal(0)))
    lost = float((before.units - after.units) * decided + before.cash - after.cash)
    costs = {"commission": commission, "spread": spread}
    if late:
        costs["execution"] = float(sum((fill.units * (fill.price - decided) for fill in fills), Decimal(0)))
    return {**costs, "rounding": lost - sum(costs.values())}


def _years_left(decision: Decision, before: Track, accrual: Accrual) -> float:
    if decision.valuation is not None:
        return decision.valuation.years_left
    return max(before.mark.years_left - accrual.years, 0.0)


def _carried(
    fund: Fund,
    before: Track,
    ladder: Ladder | None,
    held: Holdings,
    then: Snapshot,
    accrual: Accrual,
    now: Snapshot,
    years_left: float,
) -> Track:
    units, price = float(held.units), float(now.price)
    rungs = [Rung(CAUSE_OF_STAGE[rung.stage], rung.units) for rung in ladder.rungs] if ladder else []
    if not rungs or rungs[-1].units != units:
        rungs.append(Rung("execution", units))
    assumed_interest = float(held.cash) * (exp(then.rate * accrual.years) - 1.0)
    assumed_dividends = units * price * (exp(then.dividend_yield * accrual.years) - 1.0)
    step = Step(
        years=accrual.years,
        funding=float(accrual.interest) - assumed_interest,
        dividends=float(accrual.dividends) - assumed_dividends,
        payout=0.0 if before.twin.reinvested else before.twin.units * float(now.dividend),
        distributed=float(accrual.distributed),
    )
    mark, then_left = mark_of(now, years_left), before.mark.years_left
    # The twin counts time to the horizon, an option to its own expiry: the same days, by the same day count.
    owned = [
        leg._replace(before_horizon=then_left + leg.before_horizon) for leg in legs_at(fund, held.options, then.session)
    ]
    track = before.carried(mark, step, rungs, tuple(owned))
    if not accrual.expired:
        return track
    gone = tuple(leg for leg, option in zip(owned, held.options, strict=True) if option in accrual.expired)
    payoff = book(gone, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol).value
    return track.charged({"rounding": payoff - float(accrual.settled)})

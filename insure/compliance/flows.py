"""Flows of a period: what was ordered, what was dealt at which slot, and why the rest waits."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.book.record import Record
from insure.book.trail import Entry
from insure.compliance.facts import Facts
from insure.flows import FIRST_PRICE, Flow, FlowKind
from insure.money import quantity

MovedKind = Literal["subscription", "redemption", "management fee", "protection cost", "distribution"]
_ORDERED: Mapping[str, FlowKind] = {
    "subscription": "subscription",
    "redemption": "redemption",
    "management fee": "management fee",
    "protection cost": "protection cost",
}
KINDS: tuple[MovedKind, ...] = ("subscription", "redemption", "management fee", "protection cost", "distribution")


@dataclass(frozen=True, slots=True)
class OrderedFlow:
    """A flow as its row on the chain speaks of it."""

    sequence: int
    at: dt.datetime
    """When it was ordered."""
    flow: Flow


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that came in or went out at a slot of the period."""

    kind: MovedKind
    session: dt.date
    slot: str
    price: Decimal
    """Of one unit of the index at that slot."""
    money: Decimal
    """Positive into the fund."""
    shares: Decimal
    """Units of the share class issued (positive) or redeemed; zero for fees and distributions."""
    key: str
    ordered: OrderedFlow | None
    """None for the first money of the fund file, for distributions, and where no rows were handed in."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A flow that no slot had dealt at the end of the period."""

    ordered: OrderedFlow
    due: bool
    """Whether its session had come by then."""
    why: str


@dataclass(frozen=True, slots=True)
class PeriodFlows:
    """Flows of a period."""

    moved: tuple[Moved, ...]
    waiting: tuple[Waiting, ...] | None
    """None where no rows were handed in."""

    def total(self, kind: MovedKind) -> Decimal:
        """Money of one kind; one that was taken back counts with it."""
        return sum((each.money for each in self.moved if each.kind == kind), Decimal(0))

    @property
    def net(self) -> Decimal:
        """Money of all kinds."""
        return sum((each.money for each in self.moved), Decimal(0))


def ordered_flows(rows: Iterable[Entry]) -> tuple[OrderedFlow, ...]:
    """The flows that rows of the chain of kind ``flow`` speak of, in their order."""
    return tuple(
        OrderedFlow(
            each.sequence,
            each.at,
            Flow(
                each.content["key"],
                each.fund_id or "",
                dt.date.fromisoformat(each.content["session"]),
                _ORDERED[each.content["kind"]],
                Decimal(each.content["money"]),
                each.content["reverses"] or None,
            ),
        )
        for each in rows
    )


def period_flows(facts: Facts, history: Sequence[Record], ordered: Sequence[OrderedFlow] | None) -> PeriodFlows:
    """The flows of a period: the first money, distributions, and what was dealt and what waits of the flows ordered.

    Args:
        facts: of the period.
        history: all decisions up to the end of the period, in order.
        ordered: every flow ordered up to the last row of the chain that the report depends on; None: nobody looked.
    """
    by_key = {each.flow.key: each for each in ordered or ()}
    moved = []
    for place, record in enumerate(facts.records):
        if not place and facts.opening is None:
            moved.append(_first(facts, record))
        if record.accrual.distributed:
            key = f"{record.fund_id}:{record.session}:{record.slot}:distribution"
            moved.append(_moved(record, "distribution", -record.accrual.distributed, Decimal(0), key, None))
        moved.extend(
            _moved(record, each.kind, each.money, each.shares, each.key, by_key.get(each.key)) for each in record.flows
        )
    if ordered is None:
        return PeriodFlows(tuple(moved), None)
    dealt = {each.key for record in history for each in record.flows}
    last = history[-1] if history else None
    return PeriodFlows(
        tuple(moved), tuple(_waiting(each, facts, last) for each in ordered if each.flow.key not in dealt)
    )


def _first(facts: Facts, record: Record) -> Moved:
    """The money that a fund begins with; its units are those of ``insure.flows.FIRST_PRICE``."""
    money = facts.contracts[0].fund.initial_money
    key = f"{record.fund_id}:{record.session}:{record.slot}:subscription"
    return _moved(record, "subscription", money, quantity(money / FIRST_PRICE), key, None)


def _moved(
    record: Record, kind: MovedKind, money: Decimal, shares: Decimal, key: str, ordered: OrderedFlow | None
) -> Moved:
    return Moved(kind, record.session, record.slot, record.decision.snapshot.price, money, shares, key, ordered)


def _waiting(ordered: OrderedFlow, facts: Facts, last: Record | None) -> Waiting:
    flow = ordered.flow
    if flow.session > facts.last:
        return Waiting(ordered, due=False, why=f"It is for the first slot of {flow.session} or after it.")
    if last is None or last.session < flow.session or last.written < ordered.at:
        return Waiting(ordered, due=True, why="No slot has decided since it was due.")
    held = last.decision.holdings
    if held.options:
        until = max(option.expiry for option in held.options)
        return Waiting(ordered, due=True, why=f"Options are held; it waits until they expire on {until}.")
    worth, cash = last.nav_before, held.cash
    if not worth + flow.money > 0:
        why = f"It takes all of a fund that was worth {worth:,.2f} at the last slot."
    elif cash + flow.money < 0:
        why = f"Cash of {cash:,.2f} did not cover it at the last slot, and no stock could be sold for it there."
    else:
        why = "The last slot did not deal it."
    return Waiting(ordered, due=True, why=why)

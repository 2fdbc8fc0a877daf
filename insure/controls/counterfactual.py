"""What a person's word against the rule came to: the fund's rule lived on without it, beside the fund.

For an override two paths begin at its moment, on the fund's own holdings and memory. One follows the override there,
the other the rule; from then on both follow the rule, on the same markets, flows and moments, on paper at the
contract's costs. What the first is worth more than the second is what that one decision has earned to date. A later
override is judged by paths of its own, which begin where this one's end: for a fund that is executed on paper the
figures of all overrides add up to the fund less the fund that nobody ever overrode
(tests/properties/test_counterfactual.py, to the cent).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from insure.book.record import Record
from insure.controls.approvals import asks
from insure.controls.walking import Contracts, Step, walked
from insure.decision import Decision, Holdings, Memory, Ordered, Override, decide
from insure.errors import BookError
from insure.fund import Fund


@dataclass(frozen=True, slots=True)
class Judged:
    """One override, and what became of it."""

    sequence: int
    """Of its row on the chain."""
    session: dt.date
    slot: str
    """Where it first stood against the rule."""
    by: str
    reason: str
    wanted: float | None
    """Weight; None for no trade."""
    upto: dt.date
    """Session of the last decision that the figures know of."""
    earned: Decimal
    """Money to date: fund with the override less fund without; below zero a loss."""
    nav_with: Decimal
    nav_without: Decimal
    units_with: Decimal
    """Of the index, held at the end of the path."""
    units_without: Decimal

    def figures(self) -> dict[str, object]:
        """As JSON: exact money as text."""
        return {
            "sequence": self.sequence,
            "slot": f"{self.session}:{self.slot}",
            "by": self.by,
            "reason": self.reason,
            "weight": self.wanted,
            "upto": self.upto.isoformat(),
            "earned": str(self.earned),
            "nav_with": str(self.nav_with),
            "nav_without": str(self.nav_without),
            "units_with": str(self.units_with),
            "units_without": str(self.units_without),
        }


def cost_of(records: Sequence[Record], contracts: Mapping[str, Fund]) -> tuple[Judged, ...]:
    """Every override among the decisions of a fund, with the money that it earned or lost to the last of them.

    Args:
        records: decisions of one fund as they followed each other, none left out from the first override on.
        contracts: the contracts they were made under, by hash.

    Raises:
        BookError: a contract is missing.
        InvalidInput: a path cannot pay a flow that the fund has paid.
    """
    found: dict[int, int] = {}
    for place, record in enumerate(records):
        override = _override(record)
        if override is not None:
            found.setdefault(override.sequence, place)
    return tuple(_judged(records[place:], contracts, sequence) for sequence, place in found.items())


def rule_path(
    records: Sequence[Record], contracts: Mapping[str, Fund], kept: frozenset[int] = frozenset()
) -> tuple[Step, ...]:
    """The path of the rule from the first of some records on, every override left out but those that are ``kept``."""

    def deciding(
        fund: Fund, record: Record, holdings: Holdings, memory: Memory | None, earlier: tuple[Ordered, ...]
    ) -> Decision:
        return _decided(fund, record, holdings, memory, earlier, kept)

    return tuple(walked(records, _contracts(contracts), deciding))


def _judged(records: Sequence[Record], contracts: Mapping[str, Fund], sequence: int) -> Judged:
    begun = records[0]
    override = _override(begun)
    if override is None:
        raise BookError(f"The decision of {begun.session} {begun.slot} has no override.")
    with_it = rule_path(records, contracts, frozenset({sequence}))[-1]
    without = rule_path(records, contracts)[-1]
    return Judged(
        sequence=sequence,
        session=begun.session,
        slot=begun.slot,
        by=override.by,
        reason=override.reason,
        wanted=override.weight,
        upto=with_it.session,
        earned=with_it.nav - without.nav,
        nav_with=with_it.nav,
        nav_without=without.nav,
        units_with=with_it.holdings.units,
        units_without=without.holdings.units,
    )


def _override(record: Record) -> Override | None:
    seen = record.decision.circumstances
    return None if seen is None else seen.override


def _contracts(contracts: Mapping[str, Fund]) -> Contracts:
    def of(record: Record) -> Fund:
        sha = record.decision.config_sha256
        if sha not in contracts:
            raise BookError(f"The contract {sha[:12]} of {record.fund_id} is missing.")
        return contracts[sha]

    return of


def _decided(
    fund: Fund,
    record: Record,
    holdings: Holdings,
    memory: Memory | None,
    earlier: tuple[Ordered, ...],
    kept: frozenset[int],
) -> Decision:
    """A moment decided anew on other holdings.

    What people let pass or left unanswered is taken over: where the path would ask as well, it waits where the fund
    waited, and goes through where the fund went on.
    """
    snapshot, seen = record.decision.snapshot, record.decision.circumstances
    if seen is None:
        return decide(fund, holdings, memory, snapshot)
    override = seen.override if seen.override is not None and seen.override.sequence in kept else None
    own = replace(seen, override=override, approval=None, earlier=earlier, taken=0)
    found = decide(fund, holdings, memory, snapshot, own)
    if not asks(found) or record.decision.outcome == "HELD":
        return found
    return decide(fund, holdings, memory, snapshot, replace(own, persons=False))

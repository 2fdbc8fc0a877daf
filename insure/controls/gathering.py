"""The circumstances of a slot, gathered from its page in the book: what the gate will look at."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from insure.book import Record, SlotPage
from insure.controls import approvals, breakers, breaks, overrides, phases, reconciliation
from insure.controls.agreement import agreed, code_approved
from insure.decision import Approval, Circumstances, DeskLimits, fund_calendar
from insure.decision.circumstances import EDITION, RECENT_SESSIONS, Agreed
from insure.fund import Fund
from insure.market import Snapshot
from insure.slots import Slot

_REPORTS = 20
"""Reconciliations that are looked at for the last that was complete; where none of them was, none is known."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the desk knows beside the book when a slot is decided."""

    killed: str = ""
    """What the kill flag of the fund or of the desk says; empty where none stands."""
    code_sha256: str = ""
    """State of the code that decides."""
    people: tuple[str, ...] = ()
    """Who may approve at the desk; empty where anybody may."""
    limits: DeskLimits = field(default_factory=DeskLimits)
    """What all its funds may send together in one session."""


def circumstances_of(
    page: SlotPage, fund: Fund, slot: Slot, snapshot: Snapshot, last: Record | None, outside: Outside, now: dt.datetime
) -> Circumstances:
    """Everything that surrounds one decision.

    Args:
        page: of the slot, not yet ended.
        fund: the contract in force.
        slot: what is due.
        snapshot: what was seen.
        last: the decision before; None for the first.
        outside: what only the desk knows.
        now: the clock.
    """
    calendar, earlier = fund_calendar(fund), page.ordered()
    sequence, doubt = page.newest_row()
    breaker = breakers.standing(page.statements(breakers.KINDS), fund.id)
    # A slot that was held keeps its override although the next one has been given since.
    said = page.statements(overrides.KINDS, last=20)
    stands = phases.standing([] if fund.stage in {"replay", "paper"} else page.statements(phases.KINDS), fund)
    reports = page.statements(reconciliation.KINDS, last=_REPORTS) if stands.reconciles else []
    return Circumstances(
        now=now,
        opens=calendar.opens(slot.session),
        closes=calendar.closes(slot.session),
        price_sessions=calendar.count(snapshot.session, slot.session),
        earlier=earlier,
        taken=sum(order.key.startswith(f"{page.key}:") for order in earlier),
        last_price=_last_price(last),
        persons=fund.stage != "replay",
        code_sha256=outside.code_sha256,
        breaker="KILLED" if outside.killed else breaker.state,
        breaker_reason=outside.killed or breaker.reason,
        reconciled_sessions=reconciliation.reconciled_sessions(reports, calendar, slot.session),
        reconciliation_wanted=stands.reconciles,
        open_breaks=len(breaks.unexplained(page.statements(breaks.KINDS))) if stands.reconciles else 0,
        phase=stands.phase,
        rollout=phases.rollout(fund, stands.phase),
        lunch=calendar.breaks(slot.session),
        recent=_recent(last),
        desk=None if outside.limits.none else page.desk_day(outside.limits),
        agreed=_agreed(page, fund, last, outside),
        chain_sequence=sequence,
        chain_doubt=doubt,
        edition=EDITION,
        approved_code_sha256=code_approved(page.votes("code")),
        override=overrides.in_force(said, slot.key),
        approvals_wanted=approvals.voices(fund.controls, outside.people),
        approval=_approval(page, fund, slot, now),
    )


def _agreed(page: SlotPage, fund: Fund, last: Record | None, outside: Outside) -> Agreed:
    said = page.votes("contract")
    same = not said and last is not None and last.decision.config_sha256 == fund.config_sha256
    return agreed(fund, None if same else page.decided_under(), said, outside.people, same=same)


def _approval(page: SlotPage, fund: Fund, slot: Slot, now: dt.datetime) -> Approval | None:
    if approvals.APPROVED not in slot.name:
        return None
    return approvals.approval_of(page.votes("trade"), slot, fund.config_sha256, now)


def _recent(last: Record | None) -> tuple[tuple[dt.date, Decimal], ...]:
    """Highest price of each of the last sessions with a decision that was not held, carried from record to record."""
    if last is None:
        return ()
    seen, session, price = last.decision.circumstances, last.session, last.decision.snapshot.price
    before = () if seen is None else seen.recent
    if last.decision.outcome == "HELD":
        return before
    if before and before[-1][0] == session:
        before, price = before[:-1], max(price, before[-1][1])
    return (*before, (session, price))[-RECENT_SESSIONS:]


def _last_price(last: Record | None) -> Decimal | None:
    """The price of the last decision that was not held: a purchase that was asked about is asked about tomorrow too."""
    if last is None:
        return None
    seen = last.decision.circumstances
    if last.decision.outcome == "HELD" and seen is not None:
        return seen.last_price
    return last.decision.snapshot.price

"""Proposals that nobody answered in time: said once on the chain, with the alert that calls people."""

import datetime as dt

from insure.book.alert_rows import Grade
from insure.book.alerts import Alert, RaisedAlert
from insure.book.duty import Duty
from insure.controls import approvals
from insure.controls.approvals import Proposal
from insure.fund import Fund
from schedules.people.approving import LOOKED_BACK, OF_A_SLOT, OVERRIDE, WAITS, overtaken, proposal, state_left_undone

EXPIRED = "proposal expired"
"""Kind of the alert."""


def unanswered(duty: Duty, fund: Fund | None, one: Proposal, now: dt.datetime) -> str:
    """Why a proposal without enough voices can no longer be answered; empty where it can, or need not be any more.

    Args:
        duty: to read through.
        fund: the contract in force; None where none could be read.
        one: the proposal as it stands.
        now: the clock.
    """
    if one.settled or one.lapsed:
        return ""
    if one.subject in OF_A_SLOT and fund is not None and (doubt := overtaken(duty, fund, one)):
        return f"Nobody answered in time: {doubt} {one.sentence}"
    return f"Nobody answered in time: {one.sentence}" if one.state(now) == "expired" else ""


def lapse(duty: Duty, fund: Fund | None, number: int, now: dt.datetime, *, calls: bool = True) -> list[RaisedAlert]:
    """Write that a proposal lapsed, and what it leaves undone; the alerts; none where it was written before.

    Args:
        duty: the transaction that it is written in.
        fund: the contract in force; None where none could be read.
        number: of the proposal.
        now: the clock.
        calls: whether people are called; not where the contract proposed has been replaced by another.
    """
    one = proposal(duty, number)
    why = unanswered(duty, fund, one, now)
    if not why:
        return []
    duty.state("lapse", one.fund_id, now, approvals.lapse(one, why))
    if one.subject == "trade":
        duty.close_over(one.fund_id, (WAITS,), now)
    if one.subject == "override":
        duty.close_over(one.fund_id, (OVERRIDE,), now)
    if fund is not None:
        state_left_undone(duty, fund, one, now)
    if not calls:
        return []
    # Without its people an override is nothing: the rule decided, as it should.
    grade: Grade = "B" if one.subject == "override" else "A"
    return [duty.raise_alert(Alert(one.fund_id, grade, EXPIRED, why), now)]


def lapse_overtaken(duty: Duty, fund: Fund, now: dt.datetime) -> list[RaisedAlert]:
    """Write what lapsed because a fund has decided a slot, in the transaction of that slot."""
    said = duty.statements(approvals.KINDS, fund.id, subjects=("trade",), after=now - approvals.LONGEST)
    said += duty.statements(approvals.KINDS, fund.id, subjects=("override",), after=now - LOOKED_BACK)
    left = [one for one in approvals.proposals(said) if not one.settled and not one.lapsed]
    return [alert for one in left for alert in lapse(duty, fund, one.number, now)]

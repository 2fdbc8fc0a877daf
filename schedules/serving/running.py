"""One slot inside its transaction: run, whatever becomes of it, and what follows from how it ended."""

import datetime as dt
from dataclasses import dataclass

from insure.book.agreements import DecidedUnder
from insure.book.alerts import Alert, RaisedAlert
from insure.book.duty import Duty
from insure.contract_diff import changes
from insure.controls import overrides
from insure.decision import Outcome
from insure.errors import ChainBroken, InsureError, Killed, NothingDue
from insure.fund import Fund
from insure.slots import Slot
from schedules.desk import Desk
from schedules.jobs import Tick, tick
from schedules.people.approving import OVERRIDE, doubt_of
from schedules.people.lapsing import lapse_overtaken
from schedules.people.overriding import standing
from schedules.people.promoting import followed
from schedules.watch.alerts import LOG, OVER_AFTER_OK, alerts_of
from schedules.watch.gate import DataGate

_CHANGED = "contract changed"


@dataclass(frozen=True, slots=True)
class Ran:
    """A slot that ended, one way or another."""

    tick: Tick
    gate: DataGate | None = None
    """That looked at its price; None where nothing was looked at."""
    chain_doubt: str = ""
    """Why the chain cannot be trusted; empty where it can."""


def run_slot(desk: Desk, duty: Duty, fund: Fund, slot: Slot, now: dt.datetime) -> Ran | None:
    """Run one slot, whatever becomes of it; None where another service was faster."""
    gate: DataGate | None = None
    doubt = doubt_of(duty, fund.id, now)
    if doubt:
        return _without(duty, fund, slot, "HELD", doubt, now)
    try:
        feed = desk.feed(fund)
        gate = DataGate(duty, fund, slot, feed, desk.folder, now)
        return Ran(tick(duty, fund, slot, feed, desk.broker(fund), now, gate=gate, outside=desk.outside), gate)
    except NothingDue:
        return None
    except Killed as stop:
        return _without(duty, fund, slot, "HELD", str(stop), now)
    except InsureError as error:
        doubt = str(error) if isinstance(error, ChainBroken) else ""
        return _without(duty, fund, slot, "FAILED", str(error), now, doubt)
    except Exception as error:  # noqa: BLE001 - whatever it was: the slot must not vanish, and the others must run
        LOG.exception("%s %s failed", fund.id, slot.key)
        reason = f"Unforeseen {type(error).__name__}: {error}"
        return _without(duty, fund, slot, "FAILED", reason, now)


def concluded(
    duty: Duty, fund: Fund, one: Tick, gate: DataGate | None, now: dt.datetime, before: DecidedUnder | None
) -> list[RaisedAlert]:
    """What follows from how a slot ended, in its own transaction: the question it asks or answers, and its alerts.

    ``before`` is the contract that was decided under until then.
    """
    held = gate.held if gate is not None else None
    if held is not None and one.outcome == "HELD":
        duty.ask(fund.id, one.slot, held.question, now)
        if held.outlived:
            duty.settle(fund.id, now, "outlived")
    elif one.record is not None:
        duty.settle(fund.id, now, "decided")
    if one.outcome == "OK":
        duty.close_over(fund.id, OVER_AFTER_OK, now)
        duty.close_over(fund.id, (_CHANGED,), now)
        if duty.statements(overrides.KINDS, fund.id, last=1) and standing(duty, fund, now) is None:
            duty.close_over(fund.id, (OVERRIDE,), now)
    raised = [duty.raise_alert(alert, now) for alert in alerts_of(one, doubted=held is not None)]
    if one.record is not None:
        raised += lapse_overtaken(duty, fund, now)
        if before is not None and before.config_sha256 != fund.config_sha256:
            raised.append(duty.raise_alert(Alert(fund.id, "C", _CHANGED, _changed(fund, before)), now))
    return raised + followed(duty, fund, one, now)


def _changed(fund: Fund, before: DecidedUnder) -> str:
    """Which keys changed with the contract that a slot was first decided under."""
    found = changes(before.effective, fund.effective())
    return f"From {before.config_sha256[:12]} to {fund.config_sha256[:12]}: {' '.join(each.sentence for each in found)}"


def ended_without(duty: Duty, fund: Fund, slot: Slot, outcome: Outcome, reason: str, now: dt.datetime) -> Tick | None:
    """A slot that ends without a decision; None where another service ended it."""
    try:
        with duty.slot(fund, slot, now) as page:
            page.end(outcome, reason, None)
    except NothingDue:
        return None
    return Tick(fund.id, slot, outcome, reason, None)


def _without(
    duty: Duty, fund: Fund, slot: Slot, outcome: Outcome, reason: str, now: dt.datetime, chain_doubt: str = ""
) -> Ran | None:
    one = ended_without(duty, fund, slot, outcome, reason, now)
    return None if one is None else Ran(one, None, chain_doubt)

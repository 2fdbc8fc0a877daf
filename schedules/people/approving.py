"""Proposals that people answer, and contracts that wait for them: what a person says, and what follows from it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from insure.book import Book, Statement
from insure.book.alerts import Alert, RaisedAlert
from insure.book.duty import Duty, looking, on_duty
from insure.carried_deficit import deficit_of
from insure.controls import agreement as agreements
from insure.controls import approvals, overrides
from insure.controls.agreement import Agreement
from insure.controls.approvals import Proposal
from insure.controls.people import speaker, spoken
from insure.errors import BookError, InvalidInput
from insure.execution import Deficit
from insure.execution.deficit import sentence as deficit_sentence
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.desk import Desk
from schedules.orders.deficits import KIND as DEFICIT
from schedules.orders.deficits import content as deficit_content
from schedules.timetable import Plan, plan_of

CONTRACT_WAITS = "contract waits for approval"
OVERRIDE = "override"
WAITS = "waits for approval"
"""Kinds of the alerts that call people to a proposal, or to an override."""
OF_A_SLOT = frozenset({"trade", "override"})
"""Subjects of proposals that another slot can make void."""
LOOKED_BACK = dt.timedelta(days=35)
"""A proposal that lapsed while nothing ran is still found so long after it was made."""
Verdict = Literal["approve", "reject"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A person's word, as it was written."""

    proposal: Proposal
    """As it stands after it."""
    statement: Statement


def agreed(duty: Duty, file: Fund, people: Sequence[str]) -> Agreement:
    """What a fund file amounts to beside what is in force."""
    said = duty.statements(approvals.KINDS, file.id, subjects=("contract",))
    return agreements.agreement(file, duty.decided_under(file.id), said, people)


def propose(duty: Duty, found: Agreement, now: dt.datetime) -> RaisedAlert | None:
    """Propose a contract that waits, where nobody has been asked about it yet; the alert that calls people."""
    said = duty.statements(approvals.KINDS, found.file.id, subjects=("contract",))
    before = agreements.proposed(said, found.file.config_sha256)
    if before is not None and before.state(now) in {"waits", "rejected"}:
        return None
    made = duty.state("proposal", found.file.id, now, agreements.contract_proposal(found, now))
    sentence = f"Proposal {made.sequence}: {made.sentence} Until then the contract in force stays."
    return duty.raise_alert(Alert(found.file.id, "B", CONTRACT_WAITS, sentence), now)


def contract_to_run(desk: Desk, book: Book, file: Fund, *, keep: bool = True) -> Fund:
    """The contract that a fund is decided under, whatever its file says; a file that waits is proposed.

    Args:
        desk: whose people may approve.
        book: that knows what is in force.
        file: the contract as its file has it.
        keep: False to write nothing.
    """
    with looking(book) as duty:
        found = agreed(duty, file, desk.terms.people)
    if found.wanted and keep:
        with on_duty(book) as duty:
            propose(duty, found, desk.clock())
    return found.runs


def startable(plan: Plan, session: dt.date, word: str, now: dt.datetime) -> bool:
    """Whether what was held at a slot may still be carried out: while trading goes on, or inside the slot's window."""
    if plan.calendar.is_open(now) and plan.calendar.current_or_previous(now) == session:
        return True
    of_day = slots(plan.timing, plan.calendar, session, session)
    return any(slot.name == word and slot.at < now <= plan.deadline(slot) for slot in of_day)


def slot_of(duty: Duty, fund: Fund, number: int, now: dt.datetime) -> Slot | str:
    """The slot in which an approved proposal is decided anew, or why there is none.

    Args:
        duty: the transaction that the slot will be run in.
        fund: the contract in force.
        number: of the proposal.
        now: the clock.
    """
    said = duty.statements(approvals.KINDS, fund.id, since=number - 1, subjects=("trade",))
    one = next((each for each in approvals.proposals(said) if each.number == number), None)
    if one is None:
        return f"There is no proposal {number} for a trade of {fund.id}."
    if one.state(now) != "approved":
        return f"Proposal {number} is not approved: it {approvals.stands(one, now)}."
    doubt = overtaken(duty, fund, one)
    if doubt:
        return doubt
    session, word = _session(one), one.slot.partition(":")[2]
    if not startable(plan_of(fund), session, approvals.original(word), now):
        return f"{fund.schedule.calendar} does not trade at {now:%Y-%m-%d %H:%M} UTC."
    last = duty.standing(fund.id).last
    if last is None or now <= last.due:
        return f"The slot {one.slot} has only just ended."
    return Slot(session, approvals.approved_word(word), now, f"Proposal {number}: approved by {' and '.join(one.by)}.")


def overtaken(duty: Duty, fund: Fund, one: Proposal) -> str:
    """Why a proposal about a slot is void; empty while it can be carried out, under the contract it was made under.

    A trade is void once another slot was decided, an override once its own slot has ended.
    """
    if one.binds_to != fund.config_sha256:
        return (
            f"Proposal {one.number} is void: it was made under the contract {one.binds_to[:12]}, and "
            f"{fund.config_sha256[:12]} is in force."
        )
    if one.subject == "override":
        ended = one.slot.partition(":")[2] in duty.slots_of(fund.id, _session(one))
        return f"Proposal {one.number} is void: the slot {one.slot} has ended." if ended else ""
    last = duty.standing(fund.id).last
    decided = "" if last is None else f"{last.session}:{last.slot}"
    if decided != one.slot:
        return f"Proposal {one.number} is void: {fund.id} has decided at {decided} since."
    return ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What may wait for people, of every fund."""

    proposals: tuple[Proposal, ...]
    """In order, with what was said to them; also those that are over."""
    doubts: Mapping[str, str]
    """Why what was proposed or said of a fund cannot be read, by fund."""


def waiting(duty: Duty, now: dt.datetime, since: int = 0) -> Waiting:
    """Proposals young enough to wait, or to have lapsed unseen; ``since`` leaves older rows out.

    A row that cannot be read is a doubt of its own fund alone, and as long as a proposal could wait.
    """
    of_fund: dict[str, list[Statement]] = {}
    for one in duty.statements(approvals.KINDS, since=since, after=now - LOOKED_BACK):
        of_fund.setdefault(one.fund_id, []).append(one)
    found: list[Proposal] = []
    doubts: dict[str, str] = {}
    for fund_id, said in of_fund.items():
        try:
            found.extend(_readable(said, now))
        except BookError as error:
            doubts[fund_id] = str(error)
    return Waiting(tuple(sorted(found, key=lambda one: one.number)), doubts)


def _readable(said: Sequence[Statement], now: dt.datetime) -> tuple[Proposal, ...]:
    try:
        return approvals.proposals(said)
    except BookError:
        return approvals.proposals([one for one in said if one.at >= now - approvals.LONGEST])


def doubt_of(duty: Duty, fund_id: str, now: dt.datetime) -> str:
    """Why what was lately proposed or said of a fund cannot be read; empty where it can."""
    try:
        approvals.proposals(duty.statements(approvals.KINDS, fund_id, after=now - approvals.LONGEST))
    except BookError as error:
        return str(error)
    return ""


def open_proposals(duty: Duty, funds: Sequence[Fund], people: Sequence[str], now: dt.datetime) -> list[Proposal]:
    """Proposals that a person can still answer; those that are void, or that cannot be read, left out."""
    known = {fund.id: fund for fund in funds}
    found = []
    for one in waiting(duty, now).proposals:
        file = known.get(one.fund_id)
        if file is None or one.state(now) not in {"waits", "approved"} or (one.subject != "trade" and not one.missing):
            continue
        if one.subject in OF_A_SLOT and overtaken(duty, agreed(duty, file, people).runs, one):
            continue
        if one.subject == "contract" and one.binds_to != file.config_sha256:
            continue
        found.append(one)
    return found


def proposal(duty: Duty, number: int) -> Proposal:
    """A proposal by its number, with what was said to it.

    Raises:
        InvalidInput: there is none.
    """
    first = duty.statements(("proposal",), since=number - 1, last=None)
    if not first or first[0].sequence != number:
        raise InvalidInput(f"There is no proposal {number}; `insure status` lists those that wait.")
    said = duty.statements(approvals.KINDS, first[0].fund_id, since=number - 1)
    return next(each for each in approvals.proposals(said) if each.number == number)


def speak(desk: Desk, book: Book, number: int, verdict: Verdict, by: str, reason: str) -> Heard:
    """A person's yes or no to a proposal, written where it counts.

    Args:
        desk: who may speak, the fund files and the clock.
        book: where the proposal stands.
        number: of the proposal.
        verdict: "approve" or "reject".
        by: who speaks.
        reason: in words; a no needs one.

    Raises:
        InvalidInput: this person may not or has already; the proposal was settled, has expired or is void.
    """
    name = speaker(by, desk.terms.people)
    said = spoken("reason", reason, wanted=verdict == "reject")
    with on_duty(book) as duty:
        now = desk.clock()
        one = proposal(duty, number)
        if verdict == "reject":
            _check_undone(desk, duty, one)
            content = approvals.reject(one, name, said, now)
        else:
            content = approvals.approve(one, name, said, now, in_force=_binding(desk, duty, one, now))
        statement = duty.state("rejection" if verdict == "reject" else "approval", one.fund_id, now, content)
        after = proposal(duty, number)
        if after.subject == "contract" and after.settled:
            duty.close_over(after.fund_id, (CONTRACT_WAITS,), now)
        if after.subject == "override" and after.settled:
            if after.rejected_by:
                duty.close_over(after.fund_id, (OVERRIDE,), now)
            else:
                duty.state("override", after.fund_id, now, overrides.approved(after.number, after.content, after.by))
        if after.subject == "trade" and after.rejected_by:
            duty.close_over(after.fund_id, (WAITS,), now)
            state_left_undone(duty, desk.fund(after.fund_id), after, now)
    return Heard(after, statement)


def _check_undone(desk: Desk, duty: Duty, one: Proposal) -> None:
    """A no comes before the trade, not after it."""
    if one.subject != "trade" or one.rejected_by:
        return
    last = duty.standing(one.fund_id).last
    done = approvals.carried_out(one, _ran(duty, one))
    if done and last is not None and one.slot != f"{last.session}:{last.slot}":
        raise InvalidInput(f"Proposal {one.number} was carried out at {done}. Nothing was changed.")
    doubt = overtaken(duty, agreed(duty, desk.fund(one.fund_id), desk.terms.people).runs, one)
    if doubt:
        raise InvalidInput(f"{doubt} Nothing was changed.")


def _ran(duty: Duty, one: Proposal) -> list[str]:
    """Slots of the session of a proposal that have ended; none where it is about no trade."""
    if one.subject != "trade":
        return []
    return [f"{one.content['session']}:{word}" for word in duty.slots_of(one.fund_id, _session(one))]


def _session(one: Proposal) -> dt.date:
    return dt.date.fromisoformat(one.content["session"])


def how_it_stands(desk: Desk, duty: Duty, one: Proposal, now: dt.datetime) -> str:
    """What has become of a proposal, in a sentence; empty while people can answer it."""
    if one.subject in OF_A_SLOT and not one.settled and now <= one.expires:
        return overtaken(duty, agreed(duty, desk.fund(one.fund_id), desk.terms.people).runs, one)
    if one.state(now) == "waits":
        return ""
    done = approvals.carried_out(one, _ran(duty, one))
    return f"Proposal {one.number} {approvals.stands(one, now)}{f', and carried out at {done}' if done else ''}."


def left_undone(desk: Desk, book: Book, one: Proposal) -> tuple[Deficit | None, str]:
    """What a proposal for a trade that people did not let through leaves undone, with the price of its risk."""
    standing = book.standing(one.fund_id)
    if one.subject != "trade" or standing.last is None:
        return None, ""
    fund = desk.fund(one.fund_id)
    deficit = deficit_of(fund, standing.last, standing.holdings.units, desk.clock())
    return deficit, "" if deficit is None else deficit_sentence(deficit, fund.currency)


def state_left_undone(duty: Duty, fund: Fund, one: Proposal, now: dt.datetime) -> None:
    """State the protection that is missing where a sale was proposed and is not made, while it is the last decision."""
    standing = duty.standing(fund.id)
    last = standing.last
    if one.subject != "trade" or last is None or one.slot != f"{last.session}:{last.slot}":
        return
    deficit = deficit_of(fund, last, standing.holdings.units, now)
    if deficit is not None and deficit.protects:
        duty.state(DEFICIT, fund.id, now, deficit_content(last, deficit, fund.currency))


def _binding(desk: Desk, duty: Duty, one: Proposal, now: dt.datetime) -> str:
    """The hash that a proposal must still bind to."""
    if one.subject == "code":
        return desk.outside(one.fund_id).code_sha256
    file = desk.fund(one.fund_id)
    if one.subject == "contract":
        return file.config_sha256
    fund = agreed(duty, file, desk.terms.people).runs
    answerable = one.subject in OF_A_SLOT and not one.settled and now <= one.expires
    doubt = overtaken(duty, fund, one) if answerable else ""
    if doubt:
        raise InvalidInput(f"{doubt} Nothing was approved.")
    return fund.config_sha256


def ask_contract(desk: Desk, book: Book, fund_id: str) -> int:
    """The number of the proposal that waits about a fund's file; it is made where there is none.

    Raises:
        InvalidInput: people have approved the file and it is in force, or it is a replay's and nobody has to.
    """
    file = desk.fund(fund_id)
    with on_duty(book) as duty:
        now = desk.clock()
        found = agreed(duty, file, desk.terms.people)
        said = duty.statements(approvals.KINDS, fund_id, subjects=("contract",))
        if not found.wanted:
            if file.stage == "replay" or agreements.contract_approval(file, said) is not None:
                raise InvalidInput(f"The contract {file.config_sha256[:12]} of {fund_id} needs no approval.")
            found = replace(found, wanted=max(1, approvals.voices(file.controls, desk.terms.people)))
        before = agreements.proposed(said, file.config_sha256)
        if before is not None and before.state(now) == "waits":
            return before.number
        return duty.state("proposal", fund_id, now, agreements.contract_proposal(found, now)).sequence


def ask_code(desk: Desk, book: Book, fund_id: str) -> int:
    """The number of the proposal that binds a fund to the code that runs now; it is made where there is none.

    Raises:
        InvalidInput: the fund is bound to this code already.
    """
    code = desk.outside(fund_id).code_sha256
    file = desk.fund(fund_id)
    with on_duty(book) as duty:
        now = desk.clock()
        said = duty.statements(approvals.KINDS, fund_id, subjects=("code",))
        if agreements.code_approved(said) == code:
            raise InvalidInput(f"{fund_id} is bound to the code {code[:12]} already.")
        open_ones = [one for one in approvals.proposals(said) if one.state(now) == "waits" and one.binds_to == code]
        if open_ones:
            return open_ones[-1].number
        fund = agreed(duty, file, desk.terms.people).runs
        content = agreements.code_proposal(fund, code, desk.terms.people, now)
        return duty.state("proposal", fund_id, now, content).sequence


def figures(one: Proposal, now: dt.datetime) -> dict[str, object]:
    """A proposal as JSON."""
    return {
        "id": one.number,
        "fund": one.fund_id,
        "subject": one.subject,
        "state": one.state(now),
        "sentence": one.sentence,
        "expires": one.expires.isoformat(),
        "wanted": one.wanted,
        "by": list(one.by),
        "note": ", ".join(one.notes),
        "rejected_by": one.rejected_by,
        "binds_to": one.binds_to,
        "slot": one.slot,
        "units": one.content.get("units", ""),
        "price": one.content.get("price", ""),
        "value": one.content.get("value", ""),
        "cost_of_waiting": one.cost_of_waiting,
    }

"""Approvals: a proposal, the voices that were given to it, and where it stands; a fold of statements.

A proposal is about a ``trade``, a ``contract``, the ``code`` or an ``override``. It names how many people must approve
it, when it expires, and the hash that it binds to. One person has one voice; a person's no ends it.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from insure.book import Statement
from insure.book.statements import VOTES
from insure.controls.people import distinct, normalised
from insure.decision import Approval, Decision
from insure.errors import BookError, InvalidInput
from insure.fund import Controls, Fund
from insure.slots import Slot

KINDS = VOTES
Subject = Literal["trade", "contract", "code", "override"]
State = Literal["waits", "approved", "rejected", "expired"]
Became = Literal["carried out", "approved, not carried out", "rejected", "unanswered"]
"""What people did with a proposal for a trade, once it is over."""
SUBJECTS: tuple[Subject, ...] = ("trade", "contract", "code", "override")
APPROVED = ".approved"
"""Ends the word of the slot in which an approved proposal is decided anew."""
LONGEST = dt.timedelta(days=7)
"""No proposal waits for longer, those about contracts and code wait so long; an override waits for its slot."""
NO_SECOND = "no second person"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that waits for people, with the voices that were given to it."""

    number: int
    """Sequence of its row on the chain."""
    at: dt.datetime
    fund_id: str
    subject: Subject
    sentence: str
    expires: dt.datetime
    wanted: int
    """People who must approve it."""
    content: Mapping[str, str]
    by: tuple[str, ...] = ()
    """Different people who approved it in time, in order."""
    rejected_by: str = ""
    """Empty where nobody did."""
    settled: int = 0
    """Sequence of the statement that approved or rejected it; 0 while it waits."""
    notes: tuple[str, ...] = field(default=())
    """What must be said of the people."""
    said: str = ""
    """The reason that was given last; empty where none was."""
    lapsed: int = 0
    """Sequence of the statement that nobody had answered in time; 0 where there is none."""

    def state(self, now: dt.datetime) -> State:
        """Where it stands at an instant; an approved trade expires too, what is agreed of a contract or code stays."""
        if self.rejected_by:
            return "rejected"
        if self.lapsed:
            return "expired"
        if len(self.by) >= self.wanted and (self.subject != "trade" or now <= self.expires):
            return "approved"
        return "waits" if now <= self.expires else "expired"

    @property
    def slot(self) -> str:
        """``session:word`` of the slot that was held, or of the override; empty where it is about no slot."""
        return self.content.get("slot", "")

    @property
    def binds_to(self) -> str:
        """The hash that it binds to: of the contract, or of the code."""
        return self.content["code_sha256" if self.subject == "code" else "config_sha256"]

    @property
    def missing(self) -> int:
        """Approvals that are still wanted."""
        return max(0, self.wanted - len(self.by))

    @property
    def units(self) -> Decimal:
        """Of the index, signed, as proposed; zero where it is about no stock."""
        return Decimal(self.content.get("units", "0"))

    @property
    def value(self) -> Decimal:
        """Money of the stock proposed, positive."""
        return Decimal(self.content.get("value", "0"))

    @property
    def cost_of_waiting(self) -> str:
        """What it costs to wait, in words: a hedge that is not made loses with every move against it."""
        if self.subject == "override":
            return "The rule decides."
        if self.subject != "trade":
            return "The contract before stays in force." if self.subject == "contract" else "Nothing is sent."
        if not self.units:
            return "The options of the period are not held."
        move = "fall" if self.units < 0 else "rise"
        return f"Each {move} of 1 % in the index costs {self.value / 100:,.2f}."


def proposals(said: Iterable[Statement]) -> tuple[Proposal, ...]:
    """Every proposal among statements with what was said to it; the statements stand in the order of the chain.

    An approval counts while the proposal waits and has not expired, and once for each person. A rejection ends a trade
    at any time, and a contract or code that is not agreed yet.
    """
    found: dict[int, Proposal] = {}
    for one in said:
        if one.kind == "proposal":
            found[one.sequence] = _read(one)
        elif one.kind in KINDS:
            number = _whole(one, "proposal")
            if number in found:
                found[number] = _lapsed(found[number], one) if one.kind == "lapse" else _heard(found[number], one)
    return tuple(found.values())


def _read(one: Statement) -> Proposal:
    for subject in SUBJECTS:
        if one.content.get("subject") == subject:
            try:
                expires = dt.datetime.fromisoformat(one.content["expires"])
            except (KeyError, ValueError) as error:
                raise BookError(f"Row {one.sequence} of the chain is a proposal that never expires.") from error
            notes = (one.content["note"],) if one.content.get("note") else ()
            wanted = max(1, _whole(one, "wanted"))
            binds = one.content.get("code_sha256" if subject == "code" else "config_sha256")
            if expires.tzinfo is None or not binds:
                raise BookError(f"Row {one.sequence} of the chain is a proposal that binds to nothing, or never ends.")
            if subject == "trade":
                _check_trade(one)
            if subject == "override":
                _check_override(one)
            return Proposal(
                one.sequence, one.at, one.fund_id, subject, one.sentence, expires, wanted, one.content, notes=notes
            )
    raise BookError(f"Row {one.sequence} of the chain proposes {one.content.get('subject')!r}; there is no such thing.")


def _check_trade(one: Statement) -> None:
    """Everything that is read later of a proposal for a trade can be read now."""
    try:
        figures = [Decimal(one.content[name]) for name in ("units", "price", "value")]
        figures += [Decimal(units) for units in json.loads(one.content["options"]).values()]
        session, mark, word = one.content["slot"].partition(":")
        right = mark and word and dt.date.fromisoformat(session) == dt.date.fromisoformat(one.content["session"])
    except (KeyError, ValueError, AttributeError, TypeError, InvalidOperation) as error:
        raise BookError(f"Row {one.sequence} of the chain proposes a trade and cannot be read: {error!r}.") from error
    if not right or not all(figure.is_finite() for figure in figures):
        raise BookError(f"Row {one.sequence} of the chain proposes a trade of no slot, or of no finite size.")


def _check_override(one: Statement) -> None:
    try:
        weight = float(one.content["weight"] or "0")
        dt.date.fromisoformat(one.content["session"])
        right = all(one.content[name] for name in ("slot", "by", "reason"))
    except (KeyError, ValueError) as error:
        raise BookError(
            f"Row {one.sequence} of the chain proposes an override and cannot be read: {error!r}."
        ) from error
    if not right or not 0.0 <= weight < float("inf"):
        raise BookError(f"Row {one.sequence} of the chain proposes an override of no slot, by nobody or of no weight.")


def _whole(one: Statement, name: str) -> int:
    text = one.content.get(name, "")
    if not text.isdecimal():
        raise BookError(f"Row {one.sequence} of the chain ({one.kind}) has {name} {text!r}; it must be a number.")
    return int(text)


def _heard(proposal: Proposal, one: Statement) -> Proposal:
    agreed = len(proposal.by) >= proposal.wanted
    if proposal.rejected_by or proposal.lapsed or not one.by:
        return proposal
    if one.kind == "rejection":
        if agreed and proposal.subject != "trade":
            return proposal
        return replace(proposal, rejected_by=one.by, settled=one.sequence, said=one.content.get("reason", ""))
    if agreed or one.at > proposal.expires:
        return proposal
    by = distinct((*proposal.by, one.by))
    said = one.content.get("reason", "") or proposal.said
    return replace(proposal, by=by, settled=one.sequence if len(by) >= proposal.wanted else 0, said=said)


def _lapsed(proposal: Proposal, one: Statement) -> Proposal:
    return proposal if proposal.settled or proposal.lapsed else replace(proposal, lapsed=one.sequence)


def voices(controls: Controls, people: Sequence[str]) -> int:
    """People who must approve every trade, and every change of the contract.

    Args:
        controls: of the contract in force.
        people: who may approve at the desk; none listed is a desk of one.
    """
    if controls.approval == "auto":
        return 0
    if controls.approval == "approve" or alone(controls, people):
        return 1
    return 2


def alone(controls: Controls, people: Sequence[str]) -> bool:
    """Whether four eyes are wanted where there are two only, and that is to be noted rather than refused."""
    return controls.approval == "four_eyes" and controls.second_person == "noted" and len(distinct(people)) < 2


def asks(decision: Decision) -> bool:
    """Whether a held decision waits for people and for nothing else."""
    seen, failed = decision.circumstances, [check for check in decision.checks if not check.passed]
    if decision.outcome != "HELD" or seen is None or not seen.persons or not failed:
        return False
    if decision.withheld is None and not decision.withheld_options:
        return False
    if any(not check.asks for check in failed):
        return False
    # A doubted price that only allows sales refuses for a reason of its own: no person may let that pass.
    return decision.reason == " ".join(check.sentence for check in failed)


def trade_proposal(fund: Fund, slot: Slot, decision: Decision, expires: dt.datetime) -> dict[str, str]:
    """The content of a proposal for what a held decision would have done.

    Args:
        fund: whose decision it is.
        slot: that was held.
        decision: one that ``asks``.
        expires: until when it may be approved and carried out.
    """
    seen, trade = decision.circumstances, decision.withheld
    approvals_wanted = 0 if seen is None else seen.approvals_wanted
    wanted = max(1, approvals_wanted)
    failed = [check for check in decision.checks if not check.passed]
    note = NO_SECOND if fund.controls.approval == "four_eyes" and approvals_wanted == 1 else ""
    options = {each.option.instrument: f"{each.trade.units:f}" for each in decision.withheld_options}
    what = [] if trade is None else [f"{trade.side} {abs(trade.units):,f} units at {trade.price:,f}"]
    what += [f"{each.trade.side} {abs(each.trade.units):,f} {each.option.instrument}" for each in
             decision.withheld_options]  # fmt: skip
    people = "one person" if wanted == 1 else f"{wanted} people"
    return {
        "subject": "trade",
        "slot": slot.key,
        "session": slot.session.isoformat(),
        "config_sha256": decision.config_sha256,
        "units": "0" if trade is None else f"{trade.units:f}",
        "price": f"{decision.snapshot.price:f}",
        "value": "0" if trade is None else f"{trade.value:f}",
        "options": json.dumps(options, sort_keys=True),
        "asks": ", ".join(check.name for check in failed),
        "wanted": str(wanted),
        "note": note,
        "expires": expires.isoformat(),
        "sentence": (
            f"{slot.key}: {', '.join(what)} waits for {people} until {expires:%Y-%m-%d %H:%M} UTC"
            f"{f' ({note})' if note else ''}. {' '.join(check.sentence for check in failed)}"
        ),
    }


def approved_word(word: str) -> str:
    """The word of the slot in which a proposal made at ``word`` is carried out; once more approved, it counts on."""
    before, mark, count = word.rpartition(APPROVED)
    if not mark:
        return f"{word}{APPROVED}"
    if count and not count[1:].isdecimal():
        return f"{word}{APPROVED}"
    return f"{before}{APPROVED}-{int(count[1:] or 1) + 1}"


def original(word: str) -> str:
    """The word of the timetable's or the event's own slot that a slot goes back to."""
    return word.partition(".")[0]


def approval_of(said: Iterable[Statement], slot: Slot, config_sha256: str, now: dt.datetime) -> Approval | None:
    """The approval under which a slot is decided; None where it is decided under none.

    Args:
        said: proposals about trades of the fund with what was said to them.
        slot: any; only one whose word ends ``.approved`` may have an approval.
        config_sha256: of the contract in force: another one than was proposed under voids the proposal.
        now: the clock.
    """
    if APPROVED not in slot.name:
        return None
    for one in reversed(proposals(one for one in said if one.at >= now - LONGEST)):
        session, _, word = one.slot.partition(":")
        if session != slot.session.isoformat() or not _carries_out(slot.name, word):
            continue
        if one.binds_to != config_sha256 or one.state(now) != "approved":
            return None
        return Approval(
            proposal=one.number,
            by=one.by,
            units=one.units,
            price=Decimal(one.content["price"]),
            options=tuple((name, Decimal(units)) for name, units in json.loads(one.content["options"]).items()),
            note=", ".join(one.notes),
        )
    return None


def became(one: Proposal, ran: Collection[str]) -> Became:
    """What people did with a proposal for a trade.

    Args:
        one: the proposal, with what was said to it.
        ran: slots of the fund that ended OK, as ``session:word``.
    """
    if one.rejected_by:
        return "rejected"
    if carried_out(one, ran):
        return "carried out"
    return "unanswered" if one.missing else "approved, not carried out"


def carried_out(one: Proposal, ran: Iterable[str]) -> str:
    """The slot among some that ran, as ``session:word``, in which a proposal was carried out; empty where none was."""
    session, _, word = one.slot.partition(":")
    for slot in ran:
        day, _, name = slot.partition(":")
        if day == session and _carries_out(name, word):
            return slot
    return ""


def _carries_out(name: str, proposed: str) -> bool:
    """Whether a slot carries out what was proposed at another: itself, or taken up again for its price."""
    wanted = approved_word(proposed)
    return name == wanted or name.startswith(f"{wanted}.")


def approve(one: Proposal, by: str, reason: str, now: dt.datetime, *, in_force: str | None) -> dict[str, str]:
    """The content of a person's yes.

    Args:
        one: the proposal as it stands.
        by: who; as ``people.speaker`` writes it.
        reason: optional, in words.
        now: the clock.
        in_force: hash of what the proposal must still bind to: the contract in force for a trade, the fund file for a
            contract, the program that runs for code; None where there is none.

    Raises:
        InvalidInput: it was settled, has expired, binds to something else, or this person has spoken.
    """
    _check_open(one, now)
    if in_force != one.binds_to:
        what = "program" if one.subject == "code" else "contract"
        raise InvalidInput(
            f"Proposal {one.number} binds to the {what} {one.binds_to[:12]}; now it is "
            f"{(in_force or 'none')[:12]}: the proposal is void. Nothing was approved."
        )
    if normalised(by) in {normalised(name) for name in one.by}:
        raise InvalidInput(f"{by} has approved proposal {one.number} already; {one.missing} more must be someone else.")
    left = one.missing - 1
    rest = "" if not left else f"; {left} more {'is' if left == 1 else 'are'} wanted"
    note = f" ({', '.join(one.notes)})" if one.notes else ""
    return {
        "subject": one.subject,
        "proposal": str(one.number),
        "by": by,
        "reason": reason,
        "note": ", ".join(one.notes),
        "sentence": f"{by} approved proposal {one.number}{note}{rest}{f': {reason}' if reason else '.'}",
    }


def reject(one: Proposal, by: str, reason: str, now: dt.datetime) -> dict[str, str]:
    """The content of a person's no; arguments as for ``approve``.

    Raises:
        InvalidInput: it was rejected or has expired, or what was agreed is in force.
    """
    if one.state(now) != "approved" or one.subject != "trade":
        _check_open(one, now)
    return {
        "subject": one.subject,
        "proposal": str(one.number),
        "by": by,
        "reason": reason,
        "sentence": f"{by} rejected proposal {one.number}: {reason}",
    }


def lapse(one: Proposal, why: str) -> dict[str, str]:
    """The content of the statement that nobody answered a proposal in time.

    Args:
        one: without enough voices.
        why: in words.
    """
    return {"subject": one.subject, "proposal": str(one.number), "sentence": f"Proposal {one.number} lapsed. {why}"}


def stands(one: Proposal, now: dt.datetime) -> str:
    """How a proposal stands, as the end of a sentence about it."""
    state = one.state(now)
    if state == "waits":
        return f"waits for {one.missing} more"
    if state == "rejected":
        return f"was rejected by {one.rejected_by}"
    if state == "approved":
        return f"was approved by {' and '.join(one.by)}"
    if now <= one.expires:
        return "lapsed before anybody had answered it"
    same = f"{one.expires:%Y%m%d%H%M}" == f"{now:%Y%m%d%H%M}"
    form = "%Y-%m-%d %H:%M:%S" if same else "%Y-%m-%d %H:%M"
    return f"expired at {one.expires:{form}} UTC; it is {now:{form}}"


def _check_open(one: Proposal, now: dt.datetime) -> None:
    if one.state(now) != "waits":
        raise InvalidInput(f"Proposal {one.number} {stands(one, now)}. Nothing was changed.")

"""Phases of the roll-out: paper -> shadow -> pilot -> live at 25 %, 50 %, 100 %.

The stage in the fund file is what the contract wishes; the phase that its book was promoted to is what it has earned.
What stands is the lower of the two. A fund that was never promoted stands at paper, whatever its file says, and
nothing of it reaches a broker outside before pilot. A replay stands outside all this: its time is its own.

A phase rises by one, by a person, when every check of its gate passes. It falls by one with each event of class A, and
to what the contract wishes where that is less; from there it has to be earned again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.book import Statement
from insure.controls.breakers import BreakerStanding
from insure.controls.people import speaker, spoken
from insure.controls.slippage_bound import SlippageBound
from insure.decision import Check, Outcome, Phase, Rollout
from insure.decision.checks import NOT_MADE, at_most
from insure.errors import BookError, InvalidInput
from insure.fund import Fund

KINDS = ("promotion", "kill", "lift", "breaker")
"""Statements that a phase follows from."""
PHASES: tuple[Phase, ...] = ("paper", "shadow", "pilot", "live-25", "live-50", "live-100")
"""In the order in which they are earned."""
DRILLS = ("kill", "restore")
"""Exercises that a gate asks for: content ``drill`` of a statement of the kind "drill"."""
WAITING = frozenset({"contract approved", "code approved", "reconciliation", "breaker"})
"""Checks of a decision that wait for people or for a file: a slot that they hold breaks no limit."""
_LIVE: Mapping[Phase, float] = {"live-25": 0.25, "live-50": 0.5, "live-100": 1.0}


@dataclass(frozen=True, slots=True)
class PhaseStanding:
    """Where a fund stands in the roll-out."""

    phase: Phase
    """What stands: the lower of ``promoted`` and ``wished``; "replay" for a replay."""
    promoted: Phase
    """What the book was promoted to, less what events took back."""
    wished: Phase
    """What the fund file asks for."""
    since: dt.datetime | None
    """When ``promoted`` last moved; None where it never did."""
    reason: str
    """Why, in words; empty where it never moved."""

    @property
    def sends(self) -> bool:
        """Whether orders go to the contract's broker; else they are executed on paper."""
        return sends(self.phase)

    @property
    def reconciles(self) -> bool:
        """Whether there is a real fund that positions are held against."""
        return self.phase != "replay" and at_least(self.phase, "shadow")

    @property
    def next(self) -> Phase | None:
        """The phase to be earned next; None at the last one, and in a replay."""
        if self.phase == "replay" or self.phase == PHASES[-1]:
            return None
        return PHASES[PHASES.index(self.phase) + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How a fund conducted itself in the phase that stands: what the gate of the next one is judged by."""

    clean_sessions: int
    """Sessions in a row, up to the last that is over, that decided: see ``clean_sessions``."""
    broken_by: str
    """What ended the row before; empty where nothing did."""
    open_breaks: int
    """Differences with the outside that are open and not explained."""
    reconciled_sessions: int | None
    """See ``Circumstances.reconciled_sessions``."""
    slippage: SlippageBound
    drills: Mapping[str, int | None]
    """Sessions since the last drill of each kind of ``DRILLS``; None where there was none."""
    failed_drills: frozenset[str] = frozenset()
    """Kinds whose last drill failed."""
    breaker: BreakerStanding
    contract_proposal: int | None = None
    """In which people approved the contract that the fund file is; None where they did not."""
    code_proposal: int | None = None
    """In which people bound the fund to one state of the code, the newest; None where they did not."""


def at_least(phase: Phase, least: Phase) -> bool:
    """Whether a phase of the roll-out is ``least`` or above it."""
    return PHASES.index(phase) >= PHASES.index(least)


def sends(phase: Phase | None) -> bool:
    """Whether orders go to the contract's broker; a replay keeps whichever it was handed."""
    return phase is None or phase == "replay" or at_least(phase, "pilot")


def wished(fund: Fund) -> Phase:
    """The highest phase that the fund file allows: for live the lowest whose share reaches ``live_fraction``."""
    if fund.stage != "live":
        return fund.stage
    return next(phase for phase, share in _LIVE.items() if share >= fund.controls.live_fraction)


def standing(said: Sequence[Statement], fund: Fund) -> PhaseStanding:
    """What stands, out of statements of ``KINDS`` about the fund and the whole desk, in order.

    A kill takes the phase back by one with the very row that says it, once until it is lifted; so does a breaker that
    a doubtful chain has moved.

    Raises:
        BookError: a row promotes to what is no phase.
    """
    promoted, since, reason = PHASES[0], None, ""
    killed: set[str] = set()
    for one in said:
        before = promoted
        if one.fund_id not in {fund.id, ""}:
            continue
        if one.kind == "promotion":
            promoted = _named(one)
        elif one.kind == "lift":
            killed.discard(one.fund_id)
        elif _breaks_the_chain(one) or (one.kind == "kill" and one.fund_id not in killed):
            promoted = PHASES[max(PHASES.index(promoted) - 1, 0)]
            killed |= {one.fund_id} if one.kind == "kill" else set()
        if promoted != before:
            since, reason = one.at, one.sentence
    wanted = wished(fund)
    stands = wanted if wanted == "replay" else PHASES[min(PHASES.index(promoted), PHASES.index(wanted))]
    return PhaseStanding(stands, promoted, wanted, since, reason)


def _breaks_the_chain(one: Statement) -> bool:
    return one.kind == "breaker" and one.content.get("trigger") == "chain failure"


def _named(one: Statement) -> Phase:
    for phase in PHASES:
        if one.content.get("phase") == phase:
            return phase
    raise BookError(
        f"Row {one.sequence} of the chain promotes to {one.content.get('phase')!r}; there is no such phase."
    )


def rollout(fund: Fund, phase: Phase) -> Rollout | None:
    """How much of a decision the phase lets through; None where all of it."""
    controls = fund.controls
    if phase == "pilot":
        return Rollout(phase, controls.pilot_fraction, controls.pilot_cap_money)
    share = min(_LIVE.get(phase, 1.0), controls.live_fraction) if phase in _LIVE else 1.0
    return Rollout(phase, share) if share < 1.0 else None


def gate(fund: Fund, stands: PhaseStanding, conduct: Conduct) -> tuple[Check, ...]:
    """The checks of the next phase; all must pass.

    Raises:
        InvalidInput: there is no next phase: the fund is a replay, or stands at the last.
    """
    wanted = stands.next
    if wanted is None:
        why = "is a replay" if stands.phase == "replay" else f"stands at {stands.phase}, the last phase"
        raise InvalidInput(f"{fund.id} {why}; there is nothing to promote it to.")
    controls, sends = fund.controls, at_least(wanted, "pilot")
    above = PHASES.index(wanted) - PHASES.index(stands.wished)
    on_paper = sends and fund.execution.broker == "paper"
    state = conduct.breaker.state
    broken = f" {conduct.broken_by}" if conduct.broken_by else ""
    checks = [
        at_most("contract", float(max(above, 0)), 0.0, "count",
                f"{wanted} is wanted; stage and live_fraction of the fund file allow {stands.wished}."),
        at_most("broker", float(on_paper), 0.0, "count",
                f"{wanted} sends orders; the contract's broker is {fund.execution.broker}."
                if sends else "Nothing is sent in shadow."),
        *([_capped(controls.pilot_cap_money)] if wanted == "pilot" else []),
        at_most("breaker", float(state != "NORMAL"), 0.0, "count", f"The breaker stands at {state}."),
        _enough("sessions without a missed slot", conduct.clean_sessions, controls.promotion_sessions, broken),
        at_most("unexplained differences", float(conduct.open_breaks), 0.0, "count",
                "{value:.0f} differences with the outside are open and not explained; at most {limit:.0f}."),
        _slipped(conduct.slippage, controls.promotion_slippage_multiple, controls.promotion_sessions),
    ]  # fmt: skip
    if stands.reconciles:
        checks.append(
            _recent("reconciliation", conduct.reconciled_sessions, controls.reconciliation_sessions,
                    "Positions were never reconciled without an open difference.",
                    "Positions were reconciled {value:.0f} sessions ago; at most {limit:.0f}.")
        )  # fmt: skip
    if sends:
        checks += [
            _approved("contract", conduct.contract_proposal, "the contract of the fund file", fund.id),
            _approved("code", conduct.code_proposal, "a state of the code", fund.id),
        ]
    checks += [_drilled(kind, conduct, controls.drill_sessions) for kind in DRILLS]
    return tuple(checks)


def _capped(cap: Decimal | None) -> Check:
    told = (
        "pilot_cap_money of the fund file is missing." if cap is None else f"At most {cap:,.2f} a session are traded."
    )
    return at_most("pilot cap", float(cap is None), 0.0, "count", told)


def _drilled(kind: str, conduct: Conduct, limit: int) -> Check:
    name = f"drill: {kind}"
    if kind in conduct.failed_drills:
        sentence = f"The last drill of the kind {kind!r} failed; 0 may have: find out why, and exercise again."
        return Check(name, False, 1.0, 0.0, -1.0, "count", sentence)
    return _recent(name, conduct.drills.get(kind), limit,
                   f"There was no drill of the kind {kind!r}; one within {limit} sessions is asked for.",
                   f"The last drill of the kind {kind!r} was {{value:.0f}} sessions ago; at most {{limit:.0f}}."
    )  # fmt: skip


def _slipped(found: SlippageBound, limit: float, sessions: int) -> Check:
    """Slippage against the model; over too few steps it says nothing, and nothing is what it must not pass on."""
    if not found.steps >= sessions - 1:
        sentence = f"{NOT_MADE}{found.steps} steps could be measured, {sessions - 1} are asked for."
        return Check("slippage", False, float(found.steps), float(sessions - 1), float(found.steps - sessions + 1),
                     "count", sentence)  # fmt: skip
    return at_most("slippage", found.multiple, limit, "multiple",
                   f"{found.sentence} At most {{limit:g}} times are allowed.")  # fmt: skip


def _approved(subject: str, proposal: int | None, what: str, fund_id: str) -> Check:
    """Money of others is moved by nothing that took effect by itself."""
    name = f"{subject} approved"
    if proposal is not None:
        return at_most(name, 0.0, 0.0, "count", f"People approved {what} in proposal {proposal}.")
    ask = f"`insure approve --{subject} {fund_id} --by NAME`"
    return at_most(name, 1.0, 0.0, "count", f"Nobody has approved {what}: {ask}.")


def _enough(name: str, value: int, limit: int, broken: str) -> Check:
    sentence = f"{value} sessions in a row decided and ended well; {limit} are asked for.{broken}"
    return Check(name, value >= limit, float(value), float(limit), float(value - limit), "sessions", sentence)


def _recent(name: str, age: int | None, limit: int, never: str, sentence: str) -> Check:
    if age is None:
        return Check(name, False, 1.0, 0.0, -1.0, "count", never)
    return at_most(name, float(age), float(limit), "sessions", sentence)


def clean_sessions(due: Sequence[str], ended: Sequence[tuple[str, Outcome]]) -> tuple[int, str]:
    """Sessions in a row, up to the last, that decided, without a missed or failed slot; and what broke the row before.

    A session counts where one of its slots ended OK. One whose slots were all held neither counts nor breaks the row:
    a phase is earned by what was done in it, not by waiting.

    Args:
        due: keys (``session:slot``) of the slots whose time is over, in order.
        ended: keys of the slots that ended, with their outcomes; those between the timetable's slots too.
    """
    outcomes = dict(ended)
    wrong: dict[str, str] = {}
    for key in due:
        if key not in outcomes:
            wrong[key.split(":", 1)[0]] = f"The slot {key} has no run."
    for key, outcome in ended:
        if outcome in {"FAILED", "SKIPPED"}:
            wrong[key.split(":", 1)[0]] = f"The slot {key} ended {outcome}."
    decided = {key.split(":", 1)[0] for key, outcome in ended if outcome == "OK"}
    count = 0
    for session in reversed(list(dict.fromkeys(key.split(":", 1)[0] for key in due))):
        if session in wrong:
            return count, wrong[session]
        count += session in decided
    return count, ""


def promotion(fund: Fund, stands: PhaseStanding, checks: Sequence[Check], by: str, reason: str) -> dict[str, str]:
    """What is stated when a person promotes a fund by one phase.

    Raises:
        InvalidInput: nobody is named or no reason is given, a check does not pass, or there is no next phase.
    """
    wanted = stands.next
    name, why = speaker(by, ()), spoken("--reason", reason)
    failed = [check for check in checks if not check.passed]
    if wanted is None or not checks or failed:
        sentences = " ".join(check.sentence for check in failed)
        raise InvalidInput(f"{fund.id} stays at {stands.phase}. {sentences or 'There is nothing to promote it to.'}")
    return {
        "phase": wanted,
        "from": stands.phase,
        "by": name,
        "reason": why,
        "sentence": f"{name} promoted {fund.id} from {stands.phase} to {wanted}: {_ended(why)} {_effect(fund, wanted)}",
    }


def step_back(fund: Fund, stands: PhaseStanding, why: str, by: str = "") -> dict[str, str] | None:
    """What is stated when a phase falls by one; None where it stands at paper, or is a replay.

    Args:
        fund: whose.
        stands: before.
        why: the event, or a person's reason, as a sentence.
        by: who, where a person did it.
    """
    if stands.phase == "replay" or stands.phase == PHASES[0]:
        return None
    return _fallen(fund, stands, PHASES[PHASES.index(stands.phase) - 1], why, by)


def lowered(fund: Fund, stands: PhaseStanding) -> dict[str, str] | None:
    """What is stated where the contract wishes less than the fund had earned; None where it does not.

    What was given up is earned again: a contract that wishes more later does not raise the phase by itself.
    """
    if stands.wished == "replay" or not at_least(stands.promoted, stands.wished) or stands.promoted == stands.wished:
        return None
    return _fallen(fund, stands, stands.wished, f"the fund file allows {stands.wished} and no more.", "")


def _fallen(fund: Fund, stands: PhaseStanding, phase: Phase, why: str, by: str) -> dict[str, str]:
    who = f"{by} took {fund.id} back" if by else f"{fund.id} steps back"
    before = stands.promoted if phase == stands.phase else stands.phase
    return {
        "phase": phase,
        "from": before,
        "by": by,
        "reason": why,
        "sentence": f"{who} from {before} to {phase}: {_ended(why)} {_effect(fund, phase)}",
    }


def _ended(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _effect(fund: Fund, phase: Phase) -> str:
    if not at_least(phase, "pilot"):
        return "Nothing is sent to a broker; orders are executed on paper, and what is really held stands still."
    share = rollout(fund, phase)
    if share is None:
        return "Decisions are carried out whole."
    cap = "" if share.cap_money is None else f", at most {share.cap_money:,.2f} {fund.currency} a session"
    return f"{share.fraction:.0%} of each change is carried out{cap}."

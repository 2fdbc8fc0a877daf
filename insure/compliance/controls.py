"""What persons and guards did in a period, out of the rows of the chain: kills, breakers, overrides, approvals ..."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from insure.book.trail import Entry
from insure.compliance.measures import Judgement
from insure.controls.counterfactual import Judged

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "kill": "kills",
        "lift": "lifts",
        "breaker": "breakers",
        "waiting": "waits",
        "override": "overrides",
        "withdrawal": "withdrawals",
        "proposal": "proposals",
        "approval": "approvals",
        "rejection": "rejections",
        "lapse": "lapses",
        "promotion": "promotions",
        "reconciliation": "reconciliations",
        "break": "breaks",
        "restore": "restores",
        "drill": "drills",
        "pause": "pauses",
        "deficit": "deficits",
        "execution breach": "execution_breaches",
    }
)
"""Kinds of rows that are controls, with their field of ``ControlsFacts``. The content of such a row is a flat object of
text: ``sentence``, and optionally ``by``, ``money`` (what it cost, below zero a loss), ``judgement`` and ``open`` (what
somebody still has to do)."""
_JUDGEMENTS: Mapping[str, Judgement] = {"kept": "kept", "alert": "alert", "breached": "breached"}
_TO_BE_READ = frozenset({"kill", "breaker", "override", "lapse", "restore", "break", "deficit", "execution breach"})


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """One thing that was done, or that a guard did."""

    at: dt.datetime
    kind: str
    sentence: str
    money: float | None
    """What it came to against going on, below zero a loss; None where nobody has measured it."""
    by: str
    sequence: int
    """Of its row on the chain."""
    judgement: Judgement
    open: str
    """What somebody still has to do; empty for nothing."""
    fund_id: str | None
    """None for what concerned the whole desk."""
    unpriced: str = ""
    """Why there is no money, where somebody has tried to measure it."""


@dataclass(frozen=True, slots=True)
class ControlsFacts:
    """The controls of a period by kind, each in the order of the chain."""

    kills: tuple[ControlEvent, ...] = ()
    lifts: tuple[ControlEvent, ...] = ()
    breakers: tuple[ControlEvent, ...] = ()
    waits: tuple[ControlEvent, ...] = ()
    """What standing still came to in the period while a breaker was not NORMAL: the last row of each wait."""
    overrides: tuple[ControlEvent, ...] = ()
    withdrawals: tuple[ControlEvent, ...] = ()
    """Overrides taken back before their slots."""
    approvals: tuple[ControlEvent, ...] = ()
    rejections: tuple[ControlEvent, ...] = ()
    lapses: tuple[ControlEvent, ...] = ()
    """Questions that nobody answered in time."""
    proposals: tuple[ControlEvent, ...] = ()
    promotions: tuple[ControlEvent, ...] = ()
    reconciliations: tuple[ControlEvent, ...] = ()
    breaks: tuple[ControlEvent, ...] = ()
    """Differences that a reconciliation found, given to somebody, or explained."""
    restores: tuple[ControlEvent, ...] = ()
    drills: tuple[ControlEvent, ...] = ()
    pauses: tuple[ControlEvent, ...] = ()
    """Buying paused or resumed, and sales that went on, in a market too wide or too thin to buy in."""
    deficits: tuple[ControlEvent, ...] = ()
    """What was decided and not executed, with the price of its risk."""
    execution_breaches: tuple[ControlEvent, ...] = ()
    """Fills beyond their orders, accepted by a person as what was really executed."""


def control_event(entry: Entry) -> ControlEvent:
    """A row of the chain as a control."""
    content = entry.content
    usual: Judgement = "alert" if entry.kind in _TO_BE_READ else "kept"
    return ControlEvent(
        at=entry.at,
        kind=entry.kind,
        sentence=content.get("sentence") or content.get("reason") or f"A row of the kind {entry.kind}.",
        money=_money(content.get("money", "")),
        by=content.get("by", ""),
        sequence=entry.sequence,
        judgement=_JUDGEMENTS.get(content.get("judgement", ""), usual),
        open=content.get("open", ""),
        fund_id=entry.fund_id,
    )


def controls_facts(entries: Iterable[Entry], waited: Entry | None = None) -> ControlsFacts:
    """The controls among rows of the chain, in order; rows of other kinds are left out.

    What waiting costs is stated again and again, each time so far: of one wait (``since``) only the last row is a fact,
    less what stood in the last row before the period.

    Args:
        entries: rows of the period.
        waited: the last row on a wait before the period; None where there is none.
    """
    found: dict[str, list[ControlEvent]] = {kind: [] for kind in KINDS}
    waits: dict[tuple[str | None, str], ControlEvent] = {}
    before = {} if waited is None else {_wait(waited): _money(waited.content.get("money", "")) or 0.0}
    for entry in entries:
        if entry.kind == "waiting":
            event = control_event(entry)
            money = None if event.money is None else event.money - before.get(_wait(entry), 0.0)
            waits[_wait(entry)] = replace(event, money=money)
        elif entry.kind in found:
            found[entry.kind].append(control_event(entry))
    found["waiting"] = sorted(waits.values(), key=lambda event: event.sequence)
    return ControlsFacts(**{KINDS[kind]: tuple(events) for kind, events in found.items()})


def with_earnings(found: ControlsFacts, judged: Iterable[Judged]) -> ControlsFacts:
    """Overrides, and the questions that people answered against the rule, with the money that each earned or lost.

    Args:
        found: the controls of a period.
        judged: every word of people about the fund; not an override that no slot was decided under, nor a proposal
            that held back no trade of the rule.
    """
    came_to = {one.row: one for one in judged}

    def priced(event: ControlEvent) -> ControlEvent:
        one = came_to.get(event.sequence)
        if one is None:
            return event
        return replace(event, money=None if one.earned is None else float(one.earned), unpriced=one.failed)

    return replace(found, overrides=tuple(map(priced, found.overrides)), proposals=tuple(map(priced, found.proposals)))


def running(found: ControlsFacts, judged: Iterable[Judged]) -> tuple[Judged, ...]:
    """Overrides given before a period whose path still holds other units than the one without; arguments as above.

    One whose path cannot be lived is among them: nobody knows what it holds.
    """
    own = {event.sequence for event in (*found.overrides, *found.proposals)}
    return tuple(one for one in judged if one.row not in own and (one.failed or one.units_with != one.units_without))


def _wait(entry: Entry) -> tuple[str | None, str]:
    """Tells one wait from others: whose it is, and when it began."""
    return entry.fund_id, entry.content.get("since", str(entry.sequence))


def _money(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None

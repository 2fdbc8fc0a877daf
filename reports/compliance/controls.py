"""The sections of a compliance report on what people, guards and alerts did, and where controls stood."""

import datetime as dt
from collections.abc import Sequence

from insure.book.agreed import KeptAlert
from insure.compliance import Facts, Judgement, worst
from insure.compliance.controls import ControlEvent, running
from insure.compliance.standings import LeftProposal, OpenBreak, Standings, Stood
from insure.controls.breakers import BreakerStanding
from insure.controls.counterfactual import Judged
from reports import filters
from reports.evidence import Evidence
from reports.figures import Figure, Figures, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_NONE = "None in the period."
_NOT_LOOKED = "Not looked at for this report."
_AUTOMATIC = "nobody: automatic"
_STILL_OPEN = "open when the period was over"
_UNPRICED = {
    "override": "no slot was decided under it",
    "proposal": "it held back no trade of the rule",
    "withdrawal": "an override that was taken back moved nothing",
    "approval": "counted at its question",
    "rejection": "counted at its question",
    "lapse": "counted at its question",
}
_LEFT = {"waits": "waited", "approved": "approved, not carried out", "expired": "ran out unanswered"}
_OTHER_MEASURE = (
    "The figure of an override, or of an answer to a question, follows both paths on to that day, with every trade, "
    "cost and interest that came after; the cause \u201cOverride\u201d of the slippage counts the step after the slot "
    "alone, before costs."
)
"""docs/theory.md, "What an override came to"."""


def controls(facts: Facts, evidence: Evidence) -> Section:
    """Where the breakers stood, what people and guards did, and what overrides and standing still came to."""
    found, stood = evidence.controls, evidence.standings
    title = "Controls and approvals"
    if found is None:
        return Section("controls", title, None, _NOT_LOOKED)
    still = running(found, evidence.judged)
    upto = evidence.judged[-1].upto if evidence.judged else facts.last
    earned = f"Earned (+) or lost ({filters.MINUS}), to {filters.day(upto)}"
    waited = f"Earned (+) or lost ({filters.MINUS}), in the period"
    moves = (*found.kills, *found.lifts, *found.breakers)
    own = (*found.overrides, *found.withdrawals)
    voices = (*found.proposals, *found.approvals, *found.rejections, *found.lapses)
    others = (*found.pauses, *found.deficits, *found.execution_breaches)
    events = (*moves, *found.waits, *own, *voices, *found.promotions, *others)
    stated = "What it cost" if any(event.money is not None for event in moves) else ""
    judgements: list[Judgement] = [event.judgement for event in events]
    if stood is not None and (stood.stopped or stood.proposals):
        judgements.append("alert")
    tables = (
        *(() if stood is None else (_stood_table(stood),)),
        _events_table("Kills, lifts and moves of a breaker.", moves, stated),
        _events_table("What standing still came to while a breaker was not NORMAL.", found.waits, waited),
        _events_table("Overrides, and those taken back.", own, earned if found.overrides else ""),
        *((_running_table(still, earned),) if still else ()),
        _events_table(
            "Questions put to people, and what they said.", voices, earned if _priced(found.proposals) else ""
        ),
        *(() if stood is None else (_left_table(stood.proposals),)),
        _events_table("Phases of the roll-out.", found.promotions),
        _events_table("Buying paused, protection that is decided and not executed, fills beyond their orders.", others),
    )
    return Section(
        "controls",
        title,
        worst(judgements),
        _sentence(facts, evidence, bool(events)),
        _sums(evidence, earned, waited),
        tables,
        paragraphs=(_OTHER_MEASURE,) if found.overrides or _priced(found.proposals) or still else (),
    )


def _sentence(facts: Facts, evidence: Evidence, some: bool) -> str:
    found, stood = evidence.controls, evidence.standings
    assert found is not None  # noqa: S101 - asked before
    counted = (
        (len(found.kills), "kill"),
        (len(found.breakers), "move of a breaker", "moves of a breaker"),
        (len(found.overrides), "override"),
        (len(found.approvals), "approval"),
        (len(found.rejections), "rejection"),
        (len(found.lapses), "question that nobody answered", "questions that nobody answered"),
    )
    told = ", ".join(count(number, *words) for number, *words in counted if number)
    left = 0 if stood is None else len(stood.proposals)
    parts = [] if stood is None else [breaker_sentence(facts, stood)]
    if told:
        parts.append(f"{told}.")
    elif not some:
        parts.append(_NONE)
    if left:
        parts.append(f"{count(left, 'proposal')} waited at the end or ran out.")
    return " ".join(part for part in parts if part) or "No kill, breaker, override or approval."


def breaker_sentence(facts: Facts, stood: Standings) -> str:
    """Where the breaker stood from beginning to end; empty where it stood at NORMAL both times."""
    begun, ended = stood.begun, stood.ended
    if not stood.stopped:
        return ""
    refused = sum(
        any(check.name == "breaker" and not check.passed for check in record.decision.checks)
        for record in facts.records
    )
    whole = f" It refused what was wanted at {refused} of {count(len(facts.records), 'decision')}." if refused else ""
    if begun.breaker.sequence == ended.breaker.sequence and ended.breaker.since is not None:
        by = f", by {ended.breaker_by}" if ended.breaker_by else ""
        return (
            f"The breaker stood at {ended.breaker.state} from beginning to end, since "
            f"{filters.instant(ended.breaker.since)}{by}.{whole}"
        )
    return (
        f"The breaker stood at {begun.breaker.state} at the beginning and at {ended.breaker.state} at the end.{whole}"
    )


def _sums(evidence: Evidence, earned: str, waited: str) -> Figures:
    """Words and waits are measured against different paths, and are not added to each other."""
    found = evidence.controls
    assert found is not None  # noqa: S101 - asked before
    sums = (
        ("overrides", f"Overrides of the period: {_lower(earned)}", found.overrides, "sum of the overrides below"),
        (
            "answers",
            f"Answers to questions of the period: {_lower(earned)}",
            found.proposals,
            "sum of the questions below that were not let through at once",
        ),
        ("waits", f"Standing still: {_lower(waited)}", found.waits, "sum of the waits below"),
    )
    return {
        key: Figure(label, sum(told), "gain", source)
        for key, label, events, source in sums
        if (told := [event.money for event in events if event.money is not None])
    }


def _priced(events: Sequence[ControlEvent]) -> bool:
    """Whether anybody tried to measure what one of them came to."""
    return any(event.money is not None or event.unpriced for event in events)


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]


def _stood_table(stood: Standings) -> Table:
    rows = [row for when, each in (("beginning", stood.begun), ("end", stood.ended)) for row in _stood_rows(when, each)]
    return Table(
        "Where the controls stood when the period began and when it was over.",
        "What",
        ("Stood at", "Since", "By", "Why"),
        tuple(sorted(rows, key=lambda row: row.label.split(",")[0])),
    )


def _stood_rows(when: str, each: Stood) -> list[Row]:
    graver, milder = each.breaker, each.milder
    rows = [_breaker_row(f"Breaker, at the {when}", graver, each.breaker_by)]
    if milder.state != "NORMAL":
        rows.append(_breaker_row(f"Breaker, at the {when} too", milder, each.milder_by))
    phase = each.phase
    source = "rows of the chain on the phase, and the contract"
    rows.append(_standing_row(f"Phase, at the {when}", phase.phase, phase.since, each.phase_by, phase.reason, source))
    return rows


def _breaker_row(label: str, one: BreakerStanding, by: str) -> Row:
    source = f"chain entry {one.sequence}" if one.sequence else "no entry of the chain: it never moved"
    whose = "" if one.state == "NORMAL" else ", the fund\u2019s" if one.fund_id else ", the whole desk\u2019s"
    judgement: Judgement = "kept" if one.state == "NORMAL" else "alert"
    return _standing_row(label, f"{one.state}{whose}", one.since, by, one.reason, source, judgement)


def _standing_row(
    label: str, state: str, since: dt.datetime | None, by: str, why: str, source: str, judgement: Judgement = "kept"
) -> Row:
    moved = since is not None
    return Row(
        label,
        (
            Figure("Stood at", state, _TEXT, source),
            Figure("Since", "it never moved", _TEXT, source)
            if since is None
            else Figure("Since", since, "instant", source),
            Figure("By", (by or _AUTOMATIC) if moved else "nobody", _TEXT, source),
            Figure("Why", why or "it never moved", _TEXT, source),
        ),
        source,
        judgement,
    )


def _left_table(left: Sequence[LeftProposal]) -> Table:
    rows = []
    for each in left:
        one = each.proposal
        source = f"chain entry {one.number}"
        rows.append(
            Row(
                f"proposal {one.number}",
                (
                    Figure("State", _LEFT[each.state], _TEXT, source),
                    Figure("Until", one.expires, "instant", source),
                    Figure("Approved by", " and ".join(one.by) or "nobody", _TEXT, source),
                    Figure("In words", one.sentence, _TEXT, source),
                ),
                source,
                "alert",
            )
        )
    return Table(
        "Proposals that waited when the period was over, or ran out in it.",
        "Proposal",
        ("State", "Until", "Approved by", "In words"),
        tuple(rows),
        "None.",
    )


def _running_table(still: Sequence[Judged], earned: str) -> Table:
    rows = []
    for one in still:
        source = f"chain entry {one.row}"
        unknown = NotComputed(one.failed or "not stated")
        more = unknown if one.units_with is None or one.units_without is None else one.units_with - one.units_without
        came_to = unknown if one.earned is None else one.earned
        rows.append(
            Row(
                f"{filters.day(one.session)} {one.slot}",
                (
                    Figure("By", one.by or "nobody", _TEXT, source),
                    Figure("Why", one.reason or "no reason given", _TEXT, source),
                    Figure("More units held for it", more, "units", "path with \u2212 path without"),
                    Figure(earned, came_to, "gain", "path with \u2212 path without, net asset value"),
                ),
                source,
            )
        )
    return Table(
        "Overrides given earlier, whose path still differs from the one without.",
        "Slot",
        ("By", "Why", "More units held for it", earned),
        tuple(rows),
    )


def _events_table(caption: str, events: Sequence[ControlEvent], money: str = "") -> Table:
    """Rows in the order of the chain; ``money`` heads the column of what they came to, and is empty for none."""
    return Table(
        caption,
        "At",
        ("What", "By", "In words", *((money,) if money else ())),
        tuple(_event_row(event, money) for event in sorted(events, key=lambda event: event.sequence)),
        _NONE,
    )


def _event_row(event: ControlEvent, money: str) -> Row:
    source = f"chain entry {event.sequence}"
    came_to = (
        NotComputed(event.unpriced or _UNPRICED.get(event.kind, "not stated")) if event.money is None else event.money
    )
    what = event.kind if event.fund_id is not None else f"{event.kind}, whole desk"
    return Row(
        filters.instant(event.at),
        (
            Figure("What", what, _TEXT, source),
            Figure("By", event.by or _AUTOMATIC, _TEXT, source),
            Figure("In words", event.sentence, _TEXT, source),
            *((Figure(money, came_to, "gain", source),) if money else ()),
        ),
        source,
        event.judgement,
    )


def reconciliation(evidence: Evidence) -> Section:
    """The book's positions against the custodian's, as they were recorded, and every difference open at the end."""
    if evidence.controls is None:
        return Section("reconciliation", "Reconciliation", None, _NOT_LOOKED)
    made, breaks = evidence.controls.reconciliations, evidence.controls.breaks
    stood = evidence.standings
    left = () if stood is None else stood.breaks
    if not made and not breaks and not left:
        return Section("reconciliation", "Reconciliation", None, _NONE)
    bad = [event.sentence for event in (*made, *breaks) if event.judgement == "breached"]
    judgements: list[Judgement] = [event.judgement for event in (*made, *breaks)]
    if stood is not None and stood.unexplained:
        judgements.append("alert")
    told = (
        [f"{count(len(made), 'reconciliation')}, {count(len(breaks), 'row')} on differences."] if made or breaks else []
    )
    told += [open_sentence(one) for one in left]
    return Section(
        "reconciliation",
        "Reconciliation",
        worst(judgements),
        " ".join([*told, *bad]),
        tables=(
            *(() if stood is None else (_breaks_table(left),)),
            _events_table("Reconciliations.", made),
            _events_table("Differences, and who looks at them.", breaks),
        ),
    )


def open_sentence(one: OpenBreak) -> str:
    """A difference that was open when the period was over, in words."""
    found = one.found
    why = f"explained by {found.explained_by}" if found.explained else "explained by nobody"
    return (
        f"Break {found.id} was open at the end, for {filters.sessions(one.age)}, {why}; it belongs to "
        f"{found.owner or 'nobody'}."
    )


def _breaks_table(left: Sequence[OpenBreak]) -> Table:
    rows = []
    for one in left:
        found = one.found
        source = f"chain entry {found.id}"
        rows.append(
            Row(
                f"break {found.id}",
                (
                    Figure("First seen", found.session, "date", source),
                    Figure("Open for", one.age, "sessions", "sessions of the calendar, to the end of the period"),
                    Figure("Belongs to", found.owner or "nobody", _TEXT, source),
                    Figure("Explained", found.explanation or "by nobody", _TEXT, source),
                    Figure("In words", found.words, _TEXT, source),
                ),
                source,
                "kept" if found.explained else "alert",
            )
        )
    return Table(
        "Differences that were open when the period was over.",
        "Break",
        ("First seen", "Open for", "Belongs to", "Explained", "In words"),
        tuple(rows),
        "None.",
    )


def incidents(evidence: Evidence) -> Section:
    """Alerts that somebody had to act on, with who did; restores and drills."""
    title = "Incidents and drills"
    if evidence.alerts is None or evidence.controls is None:
        return Section("incidents", title, None, _NOT_LOOKED)
    grave = [alert for alert in evidence.alerts if alert.grade == "A"]
    unread = [alert for alert in grave if alert.closed is None]
    acts = (*evidence.controls.restores, *evidence.controls.drills)
    source = "alerts of the chain, as they stood when the period was over"
    return Section(
        "incidents",
        title,
        "alert" if grave or evidence.controls.restores else "kept",
        f"{count(len(grave), 'alert')} of class A, {len(unread)} of them not acknowledged; "
        f"{count(len(evidence.alerts) - len(grave), 'other')}; restores and drills: {len(acts)}."
        if evidence.alerts or acts
        else _NONE,
        {
            "grave": Figure("Alerts of class A", len(grave), "count", source),
            "unread": Figure("Not acknowledged", len(unread), "count", source),
            "other": Figure("Alerts of class B and C", len(evidence.alerts) - len(grave), "count", source),
        },
        (
            Table(
                "Alerts.",
                "Raised",
                ("Class", "In words", "Closed", "Acknowledged by"),
                tuple(_alert_row(alert) for alert in evidence.alerts),
                _NONE,
            ),
            _events_table("Restores and drills.", acts),
        ),
    )


def _alert_row(alert: KeptAlert) -> Row:
    source = f"alert {alert.number}"
    is_open, grave = alert.closed is None, alert.grade == "A"
    closed = (
        Figure("Closed", _STILL_OPEN, _TEXT, source)
        if alert.closed is None
        else Figure("Closed", alert.closed, "instant", source)
    )
    return Row(
        f"{filters.instant(alert.raised)} {alert.kind}",
        (
            Figure("Class", alert.grade, _TEXT, source),
            Figure(
                "In words",
                alert.sentence or NotComputed("it was raised before alerts stood on the chain"),
                _TEXT,
                source,
            ),
            closed,
            Figure(
                "Acknowledged by", alert.closed_by or ("nobody" if is_open else "nobody: it was over"), _TEXT, source
            ),
        ),
        source,
        "breached" if is_open and grave else "alert" if grave else "kept",
    )


def count(number: int, one: str, many: str = "") -> str:
    """``3 slots``, ``1 slot``."""
    return f"{number} {one if number == 1 else many or one + 's'}"

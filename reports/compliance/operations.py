"""The sections of a compliance report on how the fund was run: controls, data, schedule, incidents, losses."""

from collections import Counter
from collections.abc import Sequence

from insure.compliance import Facts, Judgement, SlotFact, SlotState, worst
from insure.compliance.controls import ControlEvent
from reports import filters
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_NONE = "None in the period."
_NOT_LOOKED = "Not looked at for this report."


def controls(evidence: Evidence) -> Section:
    """Breakers, kills and overrides with what they cost, and approvals."""
    found = evidence.controls
    title = "Controls and approvals"
    if found is None:
        return Section("controls", title, None, _NOT_LOOKED)
    groups = (
        ("Kills and lifts.", (*found.kills, *found.lifts), True),
        ("Breakers, and what standing still cost.", (*found.breakers, *found.waits), True),
        ("Overrides.", found.overrides, True),
        ("Proposals, approvals and rejections.", (*found.proposals, *found.approvals, *found.rejections), False),
        ("Phases of the roll-out.", found.promotions, False),
        ("Buying paused, and protection that is decided and not executed.", (*found.pauses, *found.deficits), False),
    )
    events = [event for _, group, _ in groups for event in group]
    told = [event.money for event in events if event.money is not None]
    total: float | NotComputed = sum(told) if told else NotComputed("no row says what it cost")
    return Section(
        "controls",
        title,
        worst(event.judgement for event in events),
        f"{_count(len(found.kills), 'kill')}, {_count(len(found.breakers), 'row')} of breakers, "
        f"{_count(len(found.overrides), 'override')}, {_count(len(found.approvals), 'approval')}."
        if events
        else _NONE,
        {"cost": Figure("What they cost", total, "gain", "sum of the rows that say what they cost")} if events else {},
        tuple(_events_table(caption, group, cost=cost) for caption, group, cost in groups),
    )


def _events_table(caption: str, events: Sequence[ControlEvent], *, cost: bool = False) -> Table:
    return Table(
        caption,
        "At",
        ("What", "By", "In words", *(("Cost",) if cost else ())),
        tuple(_event_row(event, cost=cost) for event in sorted(events, key=lambda event: event.sequence)),
        _NONE,
    )


def _event_row(event: ControlEvent, *, cost: bool) -> Row:
    source = f"chain entry {event.sequence}"
    money = NotComputed("not stated") if event.money is None else event.money
    what = event.kind if event.fund_id is not None else f"{event.kind}, whole desk"
    return Row(
        filters.instant(event.at),
        (
            Figure("What", what, _TEXT, source),
            Figure("By", event.by or "nobody: automatic", _TEXT, source),
            Figure("In words", event.sentence, _TEXT, source),
            *((Figure("Cost", money, "gain", source),) if cost else ()),
        ),
        source,
        event.judgement,
    )


def reconciliation(evidence: Evidence) -> Section:
    """The book's positions against the custodian's, as they were recorded."""
    if evidence.controls is None:
        return Section("reconciliation", "Reconciliation", None, _NOT_LOOKED)
    made, breaks = evidence.controls.reconciliations, evidence.controls.breaks
    if not made and not breaks:
        return Section("reconciliation", "Reconciliation", None, _NONE)
    bad = " ".join(event.sentence for event in (*made, *breaks) if event.judgement == "breached")
    return Section(
        "reconciliation",
        "Reconciliation",
        worst(event.judgement for event in (*made, *breaks)),
        f"{_count(len(made), 'reconciliation')}, {_count(len(breaks), 'row')} on differences. {bad}".rstrip(),
        tables=(_events_table("Reconciliations.", made), _events_table("Differences, and who looks at them.", breaks)),
    )


def incidents(evidence: Evidence) -> Section:
    """Alerts that somebody had to act on, with who did; restores and drills."""
    title = "Incidents and drills"
    if evidence.alerts is None or evidence.controls is None:
        return Section("incidents", title, None, _NOT_LOOKED)
    grave = [alert for alert in evidence.alerts if alert.grade == "A"]
    unread = [alert for alert in grave if alert.closed is None]
    acts = (*evidence.controls.restores, *evidence.controls.drills)
    rows = []
    for alert in evidence.alerts:
        source = f"alert {alert.number}"
        none = "open when the period was over" if alert.closed is None else "nobody: it was over"
        rows.append(
            Row(
                f"{filters.instant(alert.raised)} {alert.kind}",
                (
                    Figure("Class", alert.grade, _TEXT, source),
                    Figure("In words", alert.sentence or "see the slots of the period", _TEXT, source),
                    Figure("Closed", alert.closed or NotComputed("open"), "instant", source),
                    Figure("Acknowledged by", alert.closed_by or none, _TEXT, source),
                ),
                source,
                "breached"
                if alert.closed is None and alert.grade == "A"
                else "alert"
                if alert.grade == "A"
                else "kept",
            )
        )
    source = "alerts of the book, as they stood when the period was over"
    return Section(
        "incidents",
        title,
        "alert" if grave or evidence.controls.restores else "kept",
        f"{_count(len(grave), 'alert')} of class A, {len(unread)} of them not acknowledged; "
        f"{_count(len(evidence.alerts) - len(grave), 'other')}; restores and drills: {len(acts)}."
        if rows or acts
        else _NONE,
        {
            "grave": Figure("Alerts of class A", len(grave), "count", source),
            "unread": Figure("Not acknowledged", len(unread), "count", source),
            "other": Figure("Alerts of class B and C", len(evidence.alerts) - len(grave), "count", source),
        },
        (
            Table("Alerts.", "Raised", ("Class", "In words", "Closed", "Acknowledged by"), tuple(rows), _NONE),
            _events_table("Restores and drills.", acts),
        ),
    )


def data_quality(facts: Facts, evidence: Evidence) -> Section:
    """Slots at which the market could not be seen, and estimates that were bounded or smoothed."""
    unseen = [fact for fact in (*facts.slots, *facts.unscheduled) if fact.outcome == "HELD" and not fact.decided]
    notes = [record for record in facts.records if record.decision.snapshot.volatility.note]
    doubted = [record for record in facts.records if record.decision.snapshot.doubt is not None]
    rows = [_finding(fact.slot.key, fact.reason, chain_entry(evidence, fact)) for fact in unseen]
    rows += [
        _finding(f"{filters.day(record.session)}:{record.slot}", doubt.sentence, "record, doubt")
        for record in doubted
        if (doubt := record.decision.snapshot.doubt) is not None
    ]
    source = "slots and records of the period"
    return Section(
        "data",
        "Data quality",
        "alert" if rows else "kept",
        f"The market could not be seen at {_count(len(unseen), 'slot')}; {_count(len(doubted), 'price')} "
        f"{'was' if len(doubted) == 1 else 'were'} doubted; "
        f"{_count(len(notes), 'estimate')} of volatility {'was' if len(notes) == 1 else 'were'} bounded or smoothed.",
        {
            "unseen": Figure("Slots without a market", len(unseen), "count", "held, nothing traded"),
            "doubted": Figure("Prices doubted", len(doubted), "count", "acted on as the contract says"),
            "bounded": Figure(
                "Volatilities bounded or smoothed", len(notes), "count", f"{source}: floor, cap, smoothing"
            ),
        },
        (Table("Findings.", "Slot", ("What",), tuple(rows)),),
    )


def _finding(slot: str, sentence: str, source: str) -> Row:
    return Row(slot, (Figure("What", sentence, _TEXT, source),), source, judgement="alert")


def chain_entry(evidence: Evidence, fact: SlotFact) -> str:
    """Where a slot stands on the chain."""
    sequence = evidence.entries.get((fact.slot.session, fact.slot.name))
    return "no entry of the chain" if sequence is None else f"chain entry {sequence}"


def schedule(facts: Facts, evidence: Evidence) -> Section:
    """What was due, and what became of it; what ran beside the timetable."""
    states = Counter(fact.state for fact in facts.slots)
    late = [fact for fact in facts.slots if fact.state != "on time"]
    columns = ("Due", "State", "Late", "Reason")
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    timetable = "slots of the timetable, runs of the book"
    labels: tuple[tuple[SlotState, str], ...] = (
        ("on time", "Ran on time"),
        ("late", "Ran late: caught up"),
        ("missed", "Missed"),
        ("not run", "Not run"),
    )
    figures: dict[str, Figure] = {
        "due": Figure("Slots due", len(facts.slots), "count", "timetable of the contract"),
        **{state: Figure(label, states[state], "count", timetable) for state, label in labels},
        "unscheduled": Figure("Beside the timetable", len(facts.unscheduled), "count", "runs of no slot that was due"),
    }
    return Section(
        "schedule",
        "Schedule",
        facts.schedule_judgement,
        f"{_count(len(facts.slots), 'slot was due', 'slots were due')}: {told}; "
        f"{len(facts.unscheduled)} ran beside the timetable.",
        figures,
        (
            Table(
                "Slots that did not start on time.",
                "Slot",
                columns,
                tuple(_slot_row(fact, evidence, "alert" if fact.state == "late" else "breached") for fact in late),
            ),
            Table(
                "What ran beside the timetable: on events, or once more after a slot was held.",
                "Slot",
                columns,
                tuple(_slot_row(fact, evidence, "kept") for fact in facts.unscheduled),
            ),
        ),
    )


def _slot_row(fact: SlotFact, evidence: Evidence, judgement: Judgement) -> Row:
    source = chain_entry(evidence, fact)
    return Row(
        f"{filters.day(fact.slot.session)} {fact.slot.name}",
        (
            Figure("Due", fact.slot.at, "instant", source),
            Figure("State", fact.state, _TEXT, source),
            Figure("Late", fact.late.total_seconds() / 60.0, "minutes", "start \u2212 due"),
            Figure("Reason", fact.reason, _TEXT, source),
        ),
        source,
        judgement,
    )


def liquidity(facts: Facts) -> Section:
    """How long selling everything would take."""
    days = facts.days_to_cash
    formula = "units / (volume cap × average volume of 20 sessions)"
    if days is None:
        why = "nothing was decided" if facts.standing is None else "the feed tells no volume"
        missing = NotComputed(why)
        return Section(
            "liquidity",
            "Liquidity",
            None,
            f"{why.capitalize()}: days to cash are not computed.",
            {"days": Figure("Time to cash", missing, "sessions", formula)},
        )
    return Section(
        "liquidity",
        "Liquidity",
        "kept" if days <= 1.0 else "alert",
        f"Selling all stock takes {filters.sessions(days)} at the share of volume that orders may take.",
        {"days": Figure("Time to cash", days, "sessions", formula)},
    )


def _count(number: int, one: str, many: str = "") -> str:
    """``3 slots``, ``1 slot``."""
    return f"{number} {one if number == 1 else many or one + 's'}"

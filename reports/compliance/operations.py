"""The sections of a compliance report on how the fund was run: data, schedule, losses, liquidity."""

from collections import Counter

from insure.compliance import Facts, Judgement, SlotFact, SlotState
from insure.compliance.approved import routine
from reports import filters
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"


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
    usual = routine(facts).ran
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
        f"{_count(len(facts.slots), 'slot was due', 'slots were due')}: {told}; {_beside(facts, len(usual))}",
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


def _beside(facts: Facts, approved: int) -> str:
    others = len(facts.unscheduled) - approved
    told = f"{others} ran beside the timetable"
    return (
        f"{told}, and {_count(approved, 'approved trade')} {'was' if approved == 1 else 'were'} carried out."
        if approved
        else f"{told}."
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

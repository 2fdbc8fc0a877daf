"""Half a page for the board: what a compliance report found, in the words of somebody who does not run the fund."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from insure.book.record import Record
from insure.compliance import Facts, Limit, Protection, SlotFact, after_trade
from insure.compliance.approved import routine
from insure.compliance.controls import running
from insure.compliance.standings import OpenBreak, Standings
from insure.controls.signatures import ROLES
from insure.decision import Breaker
from insure.fund import Fund
from reports import filters
from reports.compliance import stress
from reports.compliance.controls import count
from reports.evidence import Evidence
from reports.sections import Section
from reports.slippage import SlippageTable

_STOPS: Mapping[Breaker, str] = MappingProxyType(
    {"REDUCE_ONLY": "nothing could be bought", "HALTED": "nothing could be traded", "KILLED": "all trading was stopped"}
)
"""What a breaker means for the fund."""
_TOLD = frozenset({"protection", "decisions", "schedule", "limits", "events", "incidents", "stress", "reverse"})
"""Sections whose breaches have sentences of their own here."""


def board(
    fund: Fund, facts: Facts, table: SlippageTable, sections: Sequence[Section], evidence: Evidence
) -> tuple[str, ...]:
    """What a board needs to know, a paragraph each.

    What was promised and whether it stood; what the market and the fund did; what went wrong, why, what it cost and
    what was done; who overrode the rule; what stress says; what waits for people.
    """
    found = (
        _promise(fund, facts),
        _market(fund, facts, table),
        _wrong(fund, facts, sections, evidence),
        _overrides(fund, evidence),
        _stress(fund, facts, sections, evidence),
        _waits(fund, evidence),
    )
    return tuple(paragraph for paragraph in found if paragraph)


def _promise(fund: Fund, facts: Facts) -> str:
    held = facts.protection
    if not facts.records:
        return f"Nothing was decided for {fund.name} in this period; what it is worth above a floor is not computed."
    if held is None:
        return f"{fund.name} promised no floor in this period."
    memory = facts.records[-1].decision.memory
    when = "" if memory is None else f" on {filters.long_day(memory.period.end)}"
    said = [f"{fund.name} promises {_money(held.guarantee, fund)}{when}, and keeps a floor on the way."]
    if held.missed:
        said.append(f"The promise was not kept on {_days(held.missed)}.")
    side = "above" if held.cushion >= 0.0 else "below"
    verb = "ended the period" if facts.so_far is None else f"stood on {filters.long_day(facts.so_far)}"
    end = f"{verb} {_money(abs(held.cushion), fund)} {side} it"
    if held.below:
        when = f"first on {_days(held.below[:1])}" if len(held.below) > 1 else f"on {_days(held.below)}"
        said.append(f"The floor did not hold: {count(len(held.below), 'session')} ended below it, {when}.")
        said.append(f"The fund {end}; at worst it was {_lowest(fund, held)}.")
    else:
        said.append(f"The floor held: no session ended below it, and the fund {end}.")
        if held.lowest_cushion.value != held.cushion:
            said.append(f"The least that it had left above it was {_lowest(fund, held)}.")
    return " ".join(said)


def _lowest(fund: Fund, held: Protection) -> str:
    amount = held.lowest_cushion.value
    below = "" if amount >= 0.0 else " below the floor"
    return f"{_money(abs(amount), fund)}{below}, on {filters.long_day(held.lowest_cushion.session)}"


def _market(fund: Fund, facts: Facts, table: SlippageTable) -> str:
    said = []
    path = [each for each in (facts.opening, *facts.records) if each is not None]
    if len(path) > 1 and facts.records:
        said.append(_moved(fund, path[0], facts.records))
    held = facts.exposure
    if held is None:
        return " ".join(said)
    lowest, highest, end = (filters.percent(each, 0) for each in (held.lowest.value, held.highest.value, held.executed))
    said.append(
        f"It held {lowest} of its value in stock all the time."
        if lowest == highest
        else f"It held between {lowest} and {highest} of its value in stock, and {end} at the end."
    )
    if held.locked:
        said.append(f"At {count(held.locked, 'decision')} nothing was left above the floor to invest.")
    elif facts.lowest_gap is not None and facts.lowest_gap.value > 0.0:
        said.append(
            f"At its most exposed, on {filters.long_day(facts.lowest_gap.session)}, a fall of the index of "
            f"{filters.percent(facts.lowest_gap.value, 1)} at once would have taken it to its floor."
        )
    trading = facts.trading
    if trading.fills:
        cost = _money(trading.commission + trading.spread, fund)
        traded = _money(trading.bought + trading.sold, fund)
        said.append(f"Its trades of {traded} cost {cost}.")
    total = table.total.value
    if isinstance(total, Decimal | float | int):
        amount = _money(abs(float(total)), fund)
        side = "more" if total >= 0 else "less"
        said.append(f"Since it began it has come to {amount} {side} than the same money with a true put option.")
    return " ".join(said)


def _moved(fund: Fund, first: Record, records: Sequence[Record]) -> str:
    last = records[-1]
    before, after = (float(each.decision.snapshot.price) for each in (first, last))
    move = after / before - 1.0
    how = "rose" if move >= 0.0 else "fell"
    flows = any(record.flows for record in records)
    worth = [_money(after_trade(each)[1], fund) for each in (first, last)]
    return (
        f"From {filters.day(first.session)} to {filters.day(last.session)} the index {how} by "
        f"{filters.percent(abs(move), 1)}; the fund was worth {worth[0]} before and {worth[1]} after"
        f"{', with what holders paid in and took out' if flows else ''}."
    )


def _wrong(fund: Fund, facts: Facts, sections: Sequence[Section], evidence: Evidence) -> str:
    stood = evidence.standings
    said = [
        *_slots(facts, explained=stood is not None and stood.stopped),
        *(_passed(limit) for limit in facts.limits if limit.judgement == "breached"),
        *([] if stood is None else _stopped(fund, evidence, stood)),
        *([] if stood is None else map(_differs, stood.breaks)),
        *_restored(evidence),
    ]
    said += _called(evidence)
    own = {"reconciliation"} if stood is not None and stood.breaks else set()
    said += [
        f"{section.title}: {section.sentence}"
        for section in sections
        if section.judgement == "breached" and section.key not in _TOLD | own
    ]
    told = any(section.judgement == "breached" for section in sections)
    return " ".join(said) or f"Nothing {'else ' if told else ''}went wrong that this report looks at."


def _called(evidence: Evidence) -> Iterable[str]:
    grave = [alert for alert in evidence.alerts or () if alert.grade == "A"]
    left = sum(alert.closed is None for alert in grave)
    if len(grave) == 1:
        yield f"1 alert called for a person, and {'nobody had answered it by the end' if left else 'was answered'}."
    elif grave:
        answered = "all were answered" if not left else f"{left} of them had not been answered by the end"
        yield f"{len(grave)} alerts called for a person; {answered}."


def _slots(facts: Facts, *, explained: bool) -> Iterable[str]:
    """Slots that did not end as they should; why some were held is told elsewhere where it is ``explained``."""
    usual = routine(facts)
    ran = [fact for fact in (*facts.slots, *facts.unscheduled) if fact.slot.key not in usual.held]
    groups: tuple[tuple[str, list[SlotFact], bool], ...] = (
        ("failed", [fact for fact in ran if fact.outcome == "FAILED"], True),
        ("did not run when due", [fact for fact in facts.slots if fact.state in {"missed", "not run"}], False),
        ("traded nothing and waited", [fact for fact in ran if fact.outcome == "HELD"], not explained),
        ("ran late", [fact for fact in ran if fact.state == "late" and fact.outcome not in {"FAILED", "HELD"}], False),
    )
    for how, slots, reasoned in groups:
        if slots:
            day = filters.long_day(slots[0].slot.session)
            when = f"on {day}" if len(slots) == 1 else f"the first on {day}"
            why = f" ({_why(slots[0].reason)})" if reasoned and slots[0].reason else ""
            yield f"{len(slots)} of {count(len(ran), 'slot')} {how}, {when}{why}."


def _passed(limit: Limit) -> str:
    whose = "by a trade of its own" if limit.breach == "active" else "by a move of the market"
    now = " and still is" if limit.age else ""
    return f"The limit \u201c{limit.name.lower()}\u201d was passed {whose} at {count(limit.sessions, 'decision')}{now}."


def _stopped(fund: Fund, evidence: Evidence, stood: Standings) -> Iterable[str]:
    begun, ended, found = stood.begun.breaker, stood.ended.breaker, evidence.controls
    waits = () if found is None else found.waits
    cost = sum(event.money for event in waits if event.money is not None)
    came_to = "" if abs(cost) < 0.005 else f" Standing still {_earned(cost, fund)} in the period."
    if begun.state != "NORMAL" and begun.since is not None:
        same = begun.sequence == ended.sequence
        end = "and it was so at the end" if same else f"at the end {_STOPS.get(ended.state, 'trading was free again')}"
        since = f"since {filters.long_day(begun.since.date())}"
        yield f"When the period began {_STOPS[begun.state]}, {since}, {end} (why: {_cause(begun.reason)}).{came_to}"
    elif ended.state != "NORMAL" and ended.since is not None:
        by = stood.ended.breaker_by or "a guard of the program"
        since = f"Since {filters.long_day(ended.since.date())}"
        yield f"{since} {_STOPS[ended.state]}; that was done by {by} (why: {_cause(ended.reason)}).{came_to}"
    elif found is not None and (found.kills or found.breakers):
        first = min((*found.kills, *found.breakers), key=lambda event: event.sequence)
        day = filters.long_day(first.at.date())
        yield f"Trading was restricted on {day} and was free again at the end (why: {_cause(first.sentence)}).{came_to}"


def _why(words: str) -> str:
    return words.rstrip(".")


def _cause(words: str) -> str:
    """Why a breaker moved, without the names of its states: what its sentence says behind the colon."""
    return _why(words.partition(": ")[2] or words)


def _differs(one: OpenBreak) -> str:
    found = one.found
    owner = f"{found.owner} looks after it" if found.owner else "nobody looks after it"
    why = f"{found.explained_by} has explained it" if found.explained else "nobody has explained it"
    age = filters.sessions(one.age)
    return f"The book and an outside report differ ({_why(found.words)}), for {age} by the end: {why}, and {owner}."


def _restored(evidence: Evidence) -> Iterable[str]:
    for event in () if evidence.controls is None else evidence.controls.restores:
        yield f"On {filters.long_day(event.at.date())} the book was put back from a backup."


def _overrides(fund: Fund, evidence: Evidence) -> str:
    found = evidence.controls
    if found is None:
        return ""
    people: dict[str, list[float | None]] = defaultdict(list)
    for event in found.overrides:
        people[event.by or "Nobody named"].append(event.money)
    upto = f" up to {filters.long_day(evidence.judged[-1].upto)}" if evidence.judged else ""
    said = []
    for name, earned in people.items():
        known = [money for money in earned if money is not None]
        came_to = f"; that {_earned(sum(known), fund)} against following it{upto}" if known else ""
        said.append(f"{name} overrode the rule {_times(len(earned))}{came_to}.")
    answers = [event.money for event in found.proposals if event.money is not None]
    if answers:
        which = "A question that was" if len(answers) == 1 else f"{len(answers)} questions that were"
        said.append(f"{which} not let through at once {_earned(sum(answers), fund)} against doing so{upto}.")
    still = [float(one.earned) for one in running(found, evidence.judged) if one.earned is not None]
    if still:
        which = "An override given" if len(still) == 1 else f"{len(still)} overrides given"
        whole = _earned(sum(still), fund)
        said.append(f"{which} before the period still made a difference; by now that {whole}{upto}.")
    return " ".join(said)


def _money(value: filters.Number, fund: Fund) -> str:
    """Whole money: nobody on a board reads cents."""
    return f"{filters.number(value, 0)} {fund.currency}"


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number} times"


def _earned(money: float, fund: Fund) -> str:
    return f"{'earned' if money >= 0.0 else 'cost'} {_money(abs(money), fund)}"


def _stress(fund: Fund, facts: Facts, sections: Sequence[Section], evidence: Evidence) -> str:
    """What the newest pack says: of the period, else of before it."""
    packs = evidence.stress
    if packs is None or (packs.now is None and packs.before is None):
        return ""
    if packs.now is not None:
        told = [section.sentence for section in sections if section.key == "stress"]
        return f"Stress, as last computed in the period: {told[0]}" if told else ""
    earlier = stress.sections(fund.id, facts.first, facts.last, stress.StressPacks(packs.before))
    return f"Stress, as last computed before the period: {earlier[0].sentence.partition(';')[0]}." if earlier else ""


def _waits(fund: Fund, evidence: Evidence) -> str:
    waits = []
    stood = evidence.standings
    if stood is not None:
        proposals = [each for each in stood.proposals if each.state == "waits"]
        if proposals:
            waits.append(f"{count(len(proposals), 'proposal')} to be answered")
        if stood.unexplained:
            waits.append(f"{count(len(stood.unexplained), 'difference')} to be explained")
        if stood.ended.breaker.state != "NORMAL":
            waits.append("trading to be set free again")
    left = sum(alert.closed is None and alert.grade == "A" for alert in evidence.alerts or ())
    if left:
        waits.append(f"{count(left, 'alert')} to be acknowledged")
    if fund.stage != "replay":  # a replay moves no money
        waits.append(f"this report, for {count(len(ROLES), 'signature')}")
    if not waits:
        return "Nothing waited for people when the period was over."
    return f"What waited for people when the period was over: {'; '.join(waits)}."


def _days(days: Sequence[dt.date]) -> str:
    return " and ".join(filters.long_day(day) for day in days)

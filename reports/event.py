"""The event report, made at once: a floor breached, a slot missed or failed, a kill, a breaker, an override, a restore.

It is made of rows of the chain up to the last that belongs to the event (``insure.aftermath``), so that it can be made
again at any time, byte for byte; what follows from the event later, and how it ends, makes a new version.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from insure.aftermath import Aftermath
from insure.book.record import Record
from insure.book.trail import Entry
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.happening import Happening, HappeningKind
from reports import facts, filters
from reports.effect import FundRow, Told, effect, fund_row, is_decision, weight
from reports.fall import Fall, fall
from reports.figures import Anchor, Chart, Figure, Figures, Head, Line, Verdict, plain
from reports.heads import head
from reports.horizon import Horizon, horizon

TIME_LINE = 12
"""Rows of the chain up to the event that the time line shows."""
FOLLOWED = 40
"""Rows after it that the time line shows; of more, the last."""
NAMED = 10
"""Orders that a sentence names."""
REPEATED = ("waiting",)
"""Kinds of rows that are written at every heartbeat, and would leave no room for others."""
BEFORE = 20
"""Decisions before the event that its chart shows."""

_TITLES: Mapping[HappeningKind, str] = MappingProxyType(
    {
        "floor breached": "Floor breached",
        "missed slot": "Slot missed",
        "slot failed": "Slot failed",
        "kill": "Kill switch",
        "lift": "Kill switch lifted",
        "breaker": "Breaker",
        "override": "Override by a person",
        "restore": "Book restored",
    }
)


@dataclass(frozen=True, slots=True)
class MomentRow:
    """One line of the time line: a row of the chain as the page shows it."""

    at: Figure
    sequence: Figure
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class EventReport:
    """What happened, why, what it cost, what was done, and what is still open."""

    head: Head
    event: Anchor
    """The event's own row; the head names the last that belongs to it."""
    verdict: Verdict
    cause: tuple[str, ...]
    fall: Fall | None
    """The way below the floor, where that was breached."""
    effect: Figures
    horizon: Horizon | None
    """How the protection period ended that the event closed."""
    funds: tuple[FundRow, ...]
    done: tuple[str, ...]
    ended: str
    """How it ended; empty where it is not over."""
    open_actions: tuple[str, ...]
    timeline: tuple[MomentRow, ...]
    charts: tuple[Chart, ...]

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    happening: Happening,
    fund: Fund | None,
    history: Sequence[Record],
    timeline: Sequence[Entry],
    *,
    desk: str,
    code_version: str,
    told: Told | None = None,
) -> EventReport:
    """The report on one event; pure.

    Args:
        happening: the event, as ``insure.happening`` reads it from its row.
        fund: the contract in force; None for an event of the whole desk.
        history: the fund's decisions up to the event, in order, with what was executed of them by then; where a floor
            was breached those of the whole period. None for a fund that had not decided.
        timeline: rows of the chain up to the event's own, in order.
        desk: name of the desk.
        code_version: of this program, for an event without a decision before it.
        told: what else the chain says of it, up to the last row that belongs to it; nothing where None.

    Raises:
        InvalidInput: the event is of another fund.
    """
    owner = happening.entry.fund_id
    if owner != (None if fund is None else fund.id):
        raise InvalidInput(f"The event is of {owner or 'the whole desk'}; the contract is another one's.")
    told = Told() if told is None else told
    after = told.after
    actions = () if after.ending is not None else happening.open_actions
    last = history[-1] if history else None
    closed = horizon(history) if last is not None and is_decision(happening, last) else None
    missed = closed if closed is not None and not closed.kept else None
    rows = (*timeline, *after.rows[-FOLLOWED:])
    return EventReport(
        head=_head(happening, fund, last, desk, code_version, after.anchor(happening.entry)),
        event=Anchor(*happening.entry.anchor),
        verdict=Verdict(
            "good" if happening.good else "bad" if actions else "attention",
            _TITLES[happening.kind],
            happening.sentence,
            _notes(happening, after, actions),
        ),
        cause=_cause(happening, history, told, missed),
        fall=_fall(happening, history, missed),
        effect=effect(happening, history, told, missed),
        horizon=missed,
        funds=tuple(fund_row(one) for one in told.funds) if fund is None else (),
        done=_done(happening, last, told),
        ended=after.ended,
        open_actions=actions,
        timeline=tuple(_moment(entry) for entry in rows),
        charts=() if fund is None else _charts(fund, history),
    )


def _head(
    happening: Happening, fund: Fund | None, last: Record | None, desk: str, code: str, anchor: tuple[int, str]
) -> Head:
    title, period = f"Event: {_TITLES[happening.kind].lower()}", filters.instant(happening.entry.at)
    if fund is not None and last is not None:
        return head("event", title, period, fund, last, anchor)
    if fund is None:
        return Head("event", title, "", desk, "", "", "live", "", period, code, "", Anchor(*anchor))
    return head("event", title, period, fund, None, anchor, code_version=code)


def _notes(happening: Happening, after: Aftermath, actions: Sequence[str]) -> tuple[str, ...]:
    count = len(actions)
    by = f"By {happening.by}. " if happening.by else ""
    if after.ending is not None:
        return (f"{by}It is over since {filters.instant(after.ending.at)}: {after.ended}",)
    if not count:
        return (f"{by}Nothing is left to do.",)
    return (f"{by}{count} action{'' if count == 1 else 's'} open.",)


def _cause(happening: Happening, history: Sequence[Record], told: Told, missed: Horizon | None) -> tuple[str, ...]:
    """What led to it; the event's own sentence stands above already."""
    content = happening.entry.content
    last = history[-1] if history else None
    if last is None or not is_decision(happening, last):
        sentences = []
        if content.get("trigger"):
            sentences.append(f"What tripped: {content['trigger']}, {content.get('case', '')}.")
        if content.get("reason") and happening.entry.kind != "run":
            by = f" by {happening.by}" if happening.by else ""
            sentences.append(f"The reason given{by}: {content['reason'].rstrip('.')}.")
        if told.quiet is not None:
            began, found = filters.instant(told.quiet.at), filters.instant(happening.entry.at)
            sentences.append(
                f"The chain has no row on the fund or the desk between {began} (entry {told.quiet.sequence}) and "
                f"{found}, when the slot was found: who looks for the cause looks there."
            )
        if last is not None:
            sentences.append(_standing(last))
        return tuple(sentences) or ("Its row names no cause.",)
    sentences = [] if missed is None else [missed.sentence]
    if len(history) > 1:
        before = history[-2]
        move = float(last.decision.snapshot.price / before.decision.snapshot.price) - 1.0
        span = f"From the decision of {filters.day(before.session)} to that of {filters.day(last.session)}"
        moved = f"the index moved {filters.percent(move, signed=True)}"
        sentences.insert(0, f"{span} {moved}, with {filters.percent(weight(before))} of the fund in stock.")
    others = [event.sentence for event in last.decision.events if event.sentence != happening.sentence]
    return (*sentences, *others, facts.reason(last))


def _fall(happening: Happening, history: Sequence[Record], missed: Horizon | None) -> Fall | None:
    if happening.kind != "floor breached" or not history:
        return None
    decision = history[-1].decision
    memory = decision.memory_in if missed is not None else decision.memory
    return None if memory is None else fall(history, memory.period.number)


def _standing(last: Record) -> str:
    return (
        f"The last decision before it was that of {filters.day(last.session)}: {last.decision.outcome}, with "
        f"{filters.percent(weight(last))} of the fund in stock after it."
    )


def _done(happening: Happening, last: Record | None, told: Told) -> tuple[str, ...]:
    if last is not None and is_decision(happening, last):
        first = "Nothing was traded." if last.ladder is None else last.ladder.last.reason
    elif happening.slot:
        first = "Nothing was decided at this slot and nothing was traded; the fund stayed as it was."
    else:
        by, at = f" by {happening.by}" if happening.by else "", filters.instant(happening.entry.at)
        first = f"Recorded{by} as entry {happening.entry.sequence} of the chain, {at}."
    return (first, *_orders_done(happening, told), *_also(told))


def _orders_done(happening: Happening, told: Told) -> list[str]:
    """What became of orders, each by its last row; of those that were open at a kill, also which nobody touched."""
    last: dict[str, str] = {}
    for row in told.after.rows:
        if row.kind == "order":
            last[row.content["order_key"]] = row.content["state"]
        elif row.kind == "fill":
            last[row.content["order_key"]] = "executed, in part or whole"
    said = []
    for state in sorted(Counter(last.values())):
        keys = [key for key, each in last.items() if each == state]
        more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
        said.append(f"{_are(len(keys), 'order')} {state}: {', '.join(keys[:NAMED])}{more}.")
    if happening.kind == "kill":
        left = [key for one in told.funds for key in one.open if key not in last]
        if left:
            more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
            said.append(
                f"Open at the kill, and no row says yet that it is at its end: {', '.join(left[:NAMED])}{more}."
            )
        elif not last:
            said.append("No order was open.")
    return said


def _also(told: Told) -> list[str]:
    """Phase steps, breakers and proposals that the event moved or stopped, and how it ended."""
    others = [row for row in told.after.rows if row.kind not in {"order", "fill"} and row != told.after.ending]
    said = [_told(row)[1] for row in others]
    said += [
        f"Proposal {each.sequence} was waiting for people; nothing of it is sent while the breaker stands."
        for each in told.proposals
    ]
    return [*said, *([told.after.ended] if told.after.ended else [])]


def _are(count: int, what: str) -> str:
    return f"{count} {what} is" if count == 1 else f"{count} {what}s are"


def _moment(entry: Entry) -> MomentRow:
    what, sentence = _told(entry)
    return MomentRow(
        Figure("At", entry.at, "instant", f"chain entry {entry.sequence}"),
        Figure("Entry", entry.sequence, "count", "of the audit chain"),
        what,
        sentence,
    )


def _told(entry: Entry) -> tuple[str, str]:
    """A row of the chain in words."""
    content = entry.content
    if entry.kind == "run":
        return f"slot {content['slot']}", f"{content['session']}: {content['outcome']}. {content['reason']}"
    if entry.kind == "order":
        return "order", f"{content['order_key']} is {content['state']}: {content['detail']}."
    if entry.kind == "fill":
        return "fill", f"{content['reference']} of {content['order_key']} was booked."
    if entry.kind == "flow":
        return "flow", f"{content['kind']} of {content['money']} was ordered for {content['session']}."
    if entry.kind == "contract":
        return "contract", f"The contract {content['config_sha256'][:12]} came into force."
    return entry.kind, content.get("sentence", "")


def _charts(fund: Fund, history: Sequence[Record]) -> tuple[Chart, ...]:
    shown = history[-BEFORE:]
    if len(shown) < 2:
        return ()
    days: list[dt.date] = []
    values: list[float] = []
    floors: list[float | None] = []
    starts: list[int] = []
    for record in shown:
        valuation, ended = record.decision.valuation, record.decision.ended
        if ended is not None:  # the session of a roll stands twice: where one period ends, and where the next begins
            days.append(record.session)
            values.append(ended.nav)
            floors.append(ended.guarantee if ended.guarantee > 0.0 else None)
            starts.append(len(days))
        days.append(record.session)
        values.append(float(facts.after_trade(record)[1]))
        floors.append(valuation.floor if valuation is not None and valuation.guarantee > 0.0 else None)
    lines = [Line("Fund", "fund", tuple(values))]
    if any(floor is not None for floor in floors):
        lines.append(Line("Floor", "floor", tuple(floors), restarts=True))
    span = f"{filters.day(shown[0].session)} to {filters.day(shown[-1].session)}"
    return (
        Chart(
            "value",
            "The way there",
            f"Net asset value after each decision, and the floor, {fund.currency}, {span}.",
            "money",
            tuple(days),
            tuple(lines),
            tuple(starts),
        ),
    )

"""The event report, made at once: a floor breached, a slot missed or failed, a kill, a breaker, an override, a restore.

It is made of rows of the chain up to the event's own, so that it can be made again at any time, byte for byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from insure.book.record import Record
from insure.book.trail import Entry
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.happening import Happening, HappeningKind
from reports import facts, filters, slippage
from reports.figures import Anchor, Chart, Figure, Figures, Head, Line, NotComputed, Verdict, plain
from reports.heads import head

TIME_LINE = 12
"""Rows of the chain that the time line shows."""
REPEATED = ("waiting",)
"""Kinds of rows that are written at every heartbeat, and would leave no room for others."""
BEFORE = 20
"""Decisions before the event that its chart shows."""
_ONE_PER_CENT = 0.01

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
    verdict: Verdict
    cause: tuple[str, ...]
    effect: Figures
    done: tuple[str, ...]
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
) -> EventReport:
    """The report on one event; pure.

    Args:
        happening: the event, as ``insure.happening`` reads it from its row.
        fund: the contract in force; None for an event of the whole desk.
        history: the fund's decisions up to the event, in order; none for a fund that had not decided.
        timeline: rows of the chain up to the event's own, in order.
        desk: name of the desk.
        code_version: of this program, for an event without a decision before it.

    Raises:
        InvalidInput: the event is of another fund.
    """
    owner = happening.entry.fund_id
    if owner != (None if fund is None else fund.id):
        raise InvalidInput(f"The event is of {owner or 'the whole desk'}; the contract is another one's.")
    actions = happening.open_actions
    last = history[-1] if history else None
    return EventReport(
        head=_head(happening, fund, last, desk, code_version),
        verdict=Verdict(
            "good" if happening.good else "bad" if actions else "attention",
            _TITLES[happening.kind],
            happening.sentence,
            _notes(happening),
        ),
        cause=_cause(happening, history),
        effect=_effect(happening, history),
        done=_done(happening, last),
        open_actions=actions,
        timeline=tuple(_moment(entry) for entry in timeline),
        charts=() if fund is None else _charts(fund, history),
    )


def _head(happening: Happening, fund: Fund | None, last: Record | None, desk: str, code_version: str) -> Head:
    title, period = f"Event: {_TITLES[happening.kind].lower()}", filters.instant(happening.entry.at)
    if fund is not None and last is not None:
        return head("event", title, period, fund, last, happening.entry.anchor)
    if fund is None:
        return Head(
            "event", title, "", desk, "", "", "live", "", period, code_version, "", Anchor(*happening.entry.anchor)
        )
    return head("event", title, period, fund, None, happening.entry.anchor, code_version=code_version)


def _notes(happening: Happening) -> tuple[str, ...]:
    count = len(happening.open_actions)
    by = f"By {happening.by}. " if happening.by else ""
    if not count:
        return (f"{by}Nothing is left to do.",)
    return (f"{by}{count} action{'' if count == 1 else 's'} open.",)


def _decided(happening: Happening, last: Record) -> bool:
    """Whether the event is the decision ``last`` itself."""
    return bool(happening.slot) and (last.session, last.slot) == (happening.day, happening.slot)


def _cause(happening: Happening, history: Sequence[Record]) -> tuple[str, ...]:
    sentences = [happening.sentence]
    if not history:
        return tuple(sentences)
    last = history[-1]
    if not _decided(happening, last):
        return (*sentences, _standing(last))
    if len(history) > 1:
        before = history[-2]
        move = float(last.decision.snapshot.price / before.decision.snapshot.price) - 1.0
        span = f"From the decision of {filters.day(before.session)} to that of {filters.day(last.session)}"
        moved = f"the index moved {filters.percent(move, signed=True)}"
        sentences.insert(0, f"{span} {moved}, with {filters.percent(_weight(before))} of the fund in stock.")
    others = [event.sentence for event in last.decision.events if event.sentence != happening.sentence]
    return (*sentences, *others, last.decision.reason)


def _standing(last: Record) -> str:
    return (
        f"The last decision before it was that of {filters.day(last.session)}: {last.decision.outcome}, with "
        f"{filters.percent(_weight(last))} of the fund in stock after it."
    )


def _weight(record: Record) -> float:
    equity, nav = facts.after_trade(record)
    return float(equity / nav) if nav else 0.0


def _effect(happening: Happening, history: Sequence[Record]) -> Figures:
    entry = happening.entry
    found: dict[str, Figure] = {}
    if happening.money is not None:
        found["cost"] = Figure("What it cost", happening.money, "gain", f"chain entry {entry.sequence}, money")
    if entry.kind == "restore":
        found |= _restored(entry)
    if not history:
        if not found:
            missing = NotComputed("nothing was decided before it")
            found["cost"] = Figure("What it cost", missing, "gain", f"chain entry {entry.sequence}")
        return found
    last = history[-1]
    equity, nav = facts.after_trade(last)
    valuation = last.decision.valuation
    stood = "after the decision" if _decided(happening, last) else f"after the decision of {filters.day(last.session)}"
    found["nav"] = Figure("Net asset value", nav, "money", f"stock + cash + options, {stood}")
    if len(history) > 1 and _decided(happening, last):
        before = history[-2]
        change = float(nav - facts.after_trade(before)[1])
        found["change"] = Figure("Change", change, "gain", f"net asset value, since {filters.day(before.session)}")
    if valuation is not None and valuation.guarantee > 0.0:
        found["floor"] = Figure("Floor", valuation.floor, "money", f"of the strategy, {filters.day(last.session)}")
        found["cushion"] = Figure("Cushion", float(nav) - valuation.floor, "gain", "net asset value \u2212 floor")
    found["at_stake"] = Figure(
        "A fall of one per cent costs", float(equity) * _ONE_PER_CENT, "money", f"stock held \u00d7 1%, {stood}"
    )
    found["gap_budget"] = facts.gap_after(last, valuation)
    missing = NotComputed(last.track_missing or slippage.NO_TWIN)
    found["slippage"] = Figure(
        "Against the true put", last.track.total if last.track else missing, "gain", "since the period began"
    )
    return found


def _restored(entry: Entry) -> dict[str, Figure]:
    found = {}
    for name, label in (("head_sequence", "Entries of the backup"), ("decisions", "Decisions in the backup")):
        text = entry.content.get(name, "")
        value = int(text) if text.isdecimal() else NotComputed("the row does not say")
        found[name] = Figure(label, value, "count", f"chain entry {entry.sequence}")
    return found


def _done(happening: Happening, last: Record | None) -> tuple[str, ...]:
    if last is not None and _decided(happening, last):
        return ("Nothing was traded.",) if last.ladder is None else (last.ladder.last.reason,)
    if happening.slot:
        return ("Nothing was decided at this slot and nothing was traded; the fund stayed as it was.",)
    by = f" by {happening.by}" if happening.by else ""
    return (f"Recorded{by} as entry {happening.entry.sequence} of the chain, {filters.instant(happening.entry.at)}.",)


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
    floors = tuple(
        record.decision.valuation.floor
        if record.decision.valuation is not None and record.decision.valuation.guarantee > 0.0
        else None
        for record in shown
    )
    lines = [Line("Fund", "fund", tuple(float(facts.after_trade(record)[1]) for record in shown))]
    if any(floor is not None for floor in floors):
        lines.append(Line("Floor", "floor", floors))
    span = f"{filters.day(shown[0].session)} to {filters.day(shown[-1].session)}"
    return (
        Chart(
            "value",
            "The way there",
            f"Net asset value after each decision, and the floor, {fund.currency}, {span}.",
            "money",
            tuple(record.session for record in shown),
            tuple(lines),
        ),
    )

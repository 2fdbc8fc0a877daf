"""What an event did to the funds that it met: where they stood, what it cost, or why nobody can say."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from insure.aftermath import Aftermath
from insure.book.record import Record
from insure.book.trail import Entry
from insure.controls.counterfactual import Judged
from insure.happening import Happening
from reports import facts, filters, slippage
from reports.figures import Figure, Figures, NotComputed
from reports.horizon import Horizon

_ONE_PER_CENT = 0.01


@dataclass(frozen=True, slots=True)
class Stood:
    """How a fund stood at the event: its last decision, what its orders came to by then, and what is open."""

    record: Record
    """With what was executed of it by then."""
    open: tuple[str, ...]
    """Orders that were not at their end, by key."""


@dataclass(frozen=True, slots=True)
class Told:
    """What else the chain says of an event."""

    after: Aftermath = field(default_factory=Aftermath)
    funds: tuple[Stood, ...] = ()
    """Every fund that an event of the whole desk met; the fund itself where it is one fund's."""
    waits: tuple[Entry, ...] = ()
    """The last statement of what standing still cost, of each fund that stood still until the event's end."""
    judged: Judged | None = None
    """What an override came to in its own slot."""
    proposals: tuple[Entry, ...] = ()
    """Trades that waited for people at the event."""
    quiet: Entry | None = None
    """The last row on the fund or the desk before a slot was found missed or failed."""


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund that an event of the whole desk met."""

    fund_id: str
    figures: Figures


def is_decision(happening: Happening, last: Record) -> bool:
    """Whether the event is the decision ``last`` itself."""
    return bool(happening.slot) and (last.session, last.slot) == (happening.day, happening.slot)


def weight(record: Record) -> float:
    """Share of the fund in stock after a decision."""
    equity, nav = facts.after_trade(record)
    return float(equity / nav) if nav else 0.0


def effect(happening: Happening, history: Sequence[Record], told: Told, missed: Horizon | None) -> Figures:
    """The figures to be read first: of the period that ended below its guarantee, else of the fund as it stood."""
    entry = happening.entry
    if missed is not None:
        return missed.figures
    found: dict[str, Figure] = dict(_cost(happening, history, told))
    if entry.kind == "restore":
        found |= _restored(entry)
    if not history:
        return found
    last = history[-1]
    equity, nav = facts.after_trade(last)
    valuation = last.decision.valuation
    stood = (
        "after the decision" if is_decision(happening, last) else f"after the decision of {filters.day(last.session)}"
    )
    found["nav"] = Figure("Net asset value", nav, "money", f"stock + cash + options, {stood}")
    if len(history) > 1 and is_decision(happening, last):
        before = history[-2]
        change = float(nav - facts.after_trade(before)[1])
        found["change"] = Figure("Change", change, "gain", f"net asset value, since {filters.day(before.session)}")
    if valuation is not None and valuation.guarantee > 0.0:
        found["floor"] = Figure("Floor", valuation.floor, "money", f"of the strategy, {filters.day(last.session)}")
        found["cushion"] = Figure("Cushion", float(nav) - valuation.floor, "gain", "net asset value \u2212 floor")
    found["weight"] = Figure("In stock", weight(last), "weight", f"equity / net asset value, {stood}")
    if told.funds:
        found["open_orders"] = Figure("Open orders", len(told.funds[-1].open), "count", "at the event, by the chain")
    found["at_stake"] = Figure(
        "A fall of one per cent costs", float(equity) * _ONE_PER_CENT, "money", f"stock held \u00d7 1%, {stood}"
    )
    found["gap_budget"] = facts.gap_after(last, valuation)
    missing = NotComputed(last.track_missing or slippage.NO_TWIN)
    found["slippage"] = Figure(
        "Against the true put", last.track.total if last.track else missing, "gain", "since the period began"
    )
    return found


def _cost(happening: Happening, history: Sequence[Record], told: Told) -> Figures:
    """What it cost, or why nobody can say."""
    entry, label = happening.entry, "What it cost"
    source = f"chain entry {entry.sequence}"
    if happening.money is not None:
        return {"cost": Figure(label, happening.money, "gain", f"{source}, money")}
    if happening.kind == "floor breached":
        return {}
    if happening.kind == "override":
        return _override_cost(label, source, told)
    return {"cost": _standing_cost(happening, history, told, label, source)}


def _standing_cost(happening: Happening, history: Sequence[Record], told: Told, label: str, source: str) -> Figure:
    """What standing still came to, of an event after which nothing or less was traded."""
    if happening.kind == "restore":
        return Figure(
            label, NotComputed("a restore moves no money; what came after the backup is not known"), "gain", source
        )
    if happening.kind in {"missed slot", "slot failed"}:
        why = "nothing was decided at the slot, so that there is no trade to hold the fund against"
        return Figure(label, NotComputed(why), "gain", source)
    if told.waits:
        money = sum(float(each.content["money"]) for each in told.waits)
        rows = ", ".join(str(each.sequence) for each in told.waits)
        entries = f"chain entr{'y' if len(told.waits) == 1 else 'ies'} {rows}"
        return Figure("What standing still came to", money, "gain", f"{entries}, against having traded")
    if happening.good or told.after.ending is not None or happening.kind == "lift":
        return Figure(label, NotComputed("no heartbeat wrote what waiting came to while it stood"), "gain", source)
    if not history and not told.funds:
        return Figure(label, NotComputed("nothing was decided before it"), "gain", source)
    why = "it stands; what waiting comes to is written at every heartbeat, and told here once it is over"
    return Figure(label, NotComputed(why), "gain", source)


def _override_cost(label: str, source: str, told: Told) -> Figures:
    if told.judged is None:
        why = "its slot is still to come" if told.after.ending is None else "no decision was made under it"
        return {"cost": Figure(label, NotComputed(why), "gain", source)}
    one = told.judged
    unknown = NotComputed(one.failed or "not stated")
    cost = unknown if one.earned is None else float(one.earned)
    held = unknown if one.units_with is None else one.units_with
    rules = unknown if one.units_without is None else one.units_without
    return {
        "cost": Figure("Costs of its trade against the rule's", cost, "gain", f"at its slot, {one.session}"),
        "units_with": Figure("Held by override", held, "units", "of the index, after its slot"),
        "units_without": Figure("Held by the rule", rules, "units", "of the index, had nobody spoken"),
    }


def fund_row(stood: Stood) -> FundRow:
    """A fund among those that an event of the whole desk met."""
    record = stood.record
    valuation = record.decision.valuation
    when = f"after the decision of {filters.day(record.session)}"
    missing = NotComputed(facts.no_floor(record))
    protects = valuation is not None and valuation.guarantee > 0.0
    floor = valuation.floor if valuation is not None and protects else missing
    cushion = float(record.nav) - valuation.floor if valuation is not None and protects else missing
    return FundRow(
        record.fund_id,
        {
            "nav": Figure("Value", record.nav, "money", when),
            "floor": Figure("Floor", floor, "money", f"of the strategy, {filters.day(record.session)}"),
            "cushion": Figure("Cushion", cushion, "gain", "value \u2212 floor"),
            "weight": Figure("In stock", weight(record), "weight", "equity / net asset value"),
            "open_orders": Figure("Open orders", len(stood.open), "count", "at the event, by the chain"),
        },
    )


def _restored(entry: Entry) -> dict[str, Figure]:
    found = {}
    for name, label in (("head_sequence", "Entries of the backup"), ("decisions", "Decisions in the backup")):
        text = entry.content.get(name, "")
        value = int(text) if text.isdecimal() else NotComputed("the row does not say")
        found[name] = Figure(label, value, "count", f"chain entry {entry.sequence}")
    return found

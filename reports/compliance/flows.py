"""The section of a compliance report on money that came in and went out: what was ordered, dealt and is waiting."""

from decimal import Decimal

from insure.compliance import Judgement
from insure.compliance.flows import KINDS, Moved, MovedKind, PeriodFlows, Waiting
from insure.fund import Fund
from reports import filters
from reports.figures import Figure, Figures, NotComputed, Unit, Value
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_MOST_ROWS = 62
"""Flows that a page lists one by one."""
_LARGEST = 10
"""Flows that it lists of more."""
_IN_WORDS = 6
"""Flows that the words of a chart name."""
_NONE = "None in this period."
_LABELS: dict[MovedKind, str] = {
    "subscription": "Subscriptions",
    "redemption": "Redemptions",
    "management fee": "Management fees",
    "protection cost": "Protection cost",
    "distribution": "Distributions",
}


def flows(fund: Fund, found: PeriodFlows) -> Section:
    """Subscriptions, redemptions, fees, protection cost and distributions, and what waits."""
    unseen = found.waiting is None
    if not found.moved and not found.waiting:
        looked: Judgement | None = None if unseen else "kept"
        more = " What was ordered and waits was not looked at." if unseen else ""
        return Section("flows", "Flows", looked, f"{_NONE}{more}")
    late = any(each.due for each in found.waiting or ())
    return Section(
        "flows",
        "Flows",
        "alert" if late else "kept",
        _sentence(fund, found),
        _totals(found),
        (_dealt(fund, found.moved), _waits(fund, found.waiting)),
    )


def in_words(fund: Fund, found: PeriodFlows) -> str:
    """The flows of the period for the words of a chart, the largest where there are many; empty without any."""
    if not found.moved:
        return ""
    told = sorted(_largest(found.moved, _IN_WORDS), key=found.moved.index)
    named = "; ".join(
        f"{filters.day(each.session)} {each.kind} {filters.figure(each.money, 'gain')} {fund.currency}" for each in told
    )
    rest = len(found.moved) - len(told)
    more = f"; {rest} smaller ones stand in the section Flows" if rest else ""
    return f" It moved with money that came and went: {named}{more}."


def _largest(moved: tuple[Moved, ...], most: int) -> list[Moved]:
    return sorted(moved, key=lambda each: -abs(each.money))[:most]


def _sentence(fund: Fund, found: PeriodFlows) -> str:
    told = [
        f"{_LABELS[kind].lower()} {filters.figure(found.total(kind), 'gain')} {fund.currency}"
        for kind in KINDS
        if any(each.kind == kind for each in found.moved)
    ]
    said = f"{', '.join(told)}." if told else "None was dealt in this period."
    waits = len(found.waiting or ())
    if waits:
        said += f" {waits} wait{'s' if waits == 1 else ''} at the end of it."
    return said[:1].upper() + said[1:]


def _totals(found: PeriodFlows) -> Figures:
    waiting: Value = NotComputed("what was ordered was not looked at")
    if found.waiting is not None:
        waiting = sum((each.ordered.flow.money for each in found.waiting), Decimal(0))
    return {
        **{
            kind.replace(" ", "_"): Figure(_LABELS[kind], found.total(kind), "gain", "sum of those dealt in the period")
            for kind in KINDS
        },
        "net": Figure("Net", found.net, "gain", "sum of all these"),
        "waiting": Figure("Waiting at the end", waiting, "gain", "ordered and dealt by no slot yet"),
    }


def _dealt(fund: Fund, moved: tuple[Moved, ...]) -> Table:
    caption = f"Dealt in the period, {fund.currency}; above zero into the fund."
    shown = moved
    if len(moved) > _MOST_ROWS:
        shown = tuple(sorted(_largest(moved, _LARGEST), key=moved.index))
        caption = (
            f"The {_LARGEST} largest of {len(moved)} dealt in the period, {fund.currency}; "
            f"`insure export {fund.id} --what entries` lists the entries of all."
        )
    columns = ("Kind", "Money", "Units of the share class", "A unit at", "Index", "Ordered", "For")
    return Table(caption, "Slot", columns, tuple(_moved_row(each) for each in shown))


def _moved_row(each: Moved) -> Row:
    source = f"flow {each.key}" if each.ordered is not None else f"posting {each.key}"
    if each.kind == "distribution":
        unordered = "dividends that the contract pays out"
    else:
        unordered = "fund file, initial_money" if each.key.endswith(":subscription") else "not handed in"
    ordered: Value = unordered if each.ordered is None else each.ordered.at
    row = "record of the slot" if each.ordered is None else f"chain entry {each.ordered.sequence}"
    unit: Value = abs(each.money / each.shares) if each.shares else ""
    taken_back = each.ordered is not None and each.ordered.flow.reverses is not None
    return Row(
        f"{filters.day(each.session)} {each.slot}",
        (
            Figure("Kind", f"{each.kind}{', taken back' if taken_back else ''}", _TEXT, source),
            Figure("Money", each.money, "gain", source),
            Figure("Units of the share class", each.shares or "", "units", source),
            Figure("A unit at", unit, "number", "money / units of the share class"),
            Figure("Index", each.price, "price", "record of the slot"),
            Figure("Ordered", ordered, "instant", row),
            Figure("For", each.session if each.ordered is None else each.ordered.flow.session, "date", row),
        ),
        source,
    )


def _waits(fund: Fund, waiting: tuple[Waiting, ...] | None) -> Table:
    caption = f"Ordered and waiting at the end of the period, {fund.currency}."
    if waiting is None:
        return Table(caption, "Flow", (), (), "Not looked at.")
    rows = tuple(_waiting_row(each) for each in waiting)
    return Table(caption, "Flow", ("Money", "Ordered", "For", "Why it waits"), rows, "None.")


def _waiting_row(each: Waiting) -> Row:
    flow, row = each.ordered.flow, f"chain entry {each.ordered.sequence}"
    return Row(
        f"{flow.kind.capitalize()}{'' if flow.reverses is None else ', taken back'}",
        (
            Figure("Money", flow.money, "gain", row),
            Figure("Ordered", each.ordered.at, "instant", row),
            Figure("For", flow.session, "date", row),
            Figure("Why it waits", each.why, _TEXT, "last decision of the period"),
        ),
        f"flow {flow.key}",
        "alert" if each.due else "kept",
    )

"""Half a page for the board: what a compliance report found, in sentences."""

from collections.abc import Sequence

from insure.compliance import Facts
from insure.fund import Fund
from reports import filters
from reports.compliance import sections as parts
from reports.evidence import Evidence
from reports.figures import NotComputed
from reports.sections import Section
from reports.slippage import SlippageTable


def board(
    fund: Fund, facts: Facts, table: SlippageTable, sections: Sequence[Section], evidence: Evidence
) -> tuple[str, ...]:
    """What a board needs to know, a paragraph each: the promise, the risk, the cost, the conduct, what is open."""
    found = (_promise(fund, facts), _risk(facts), _cost(fund, facts, table), _conduct(facts, evidence), _open(sections))
    return tuple(paragraph for paragraph in found if paragraph)


def _promise(fund: Fund, facts: Facts) -> str:
    held = facts.protection
    if not facts.records:
        return f"Nothing was decided for {fund.name} in this period; what it is worth above a floor is not computed."
    if held is None:
        return f"{fund.name} promised no floor in this period."
    side = "above" if held.cushion >= 0.0 else "below"
    away = filters.money(abs(held.cushion), fund.currency)
    return (
        f"{fund.name} ended the period {away} {side} its floor. "
        f"{parts.lowest_sentence(fund, held)} {parts.below_sentence(held)}"
    )


def _risk(facts: Facts) -> str:
    held = facts.exposure
    if held is None:
        return "Nothing was decided in this period." if facts.records else ""
    said = (
        f"It held between {filters.percent(held.lowest.value)} and {filters.percent(held.highest.value)} in stock, and "
        f"{filters.percent(held.executed)} at the end."
    )
    if facts.lowest_gap is not None:
        said += (
            f" The fall of the index, at once, that would have reached the floor was smallest on "
            f"{filters.day(facts.lowest_gap.session)}, at {filters.percent(facts.lowest_gap.value)}."
        )
    if held.locked:
        said += f" No cushion was left at {held.locked} decisions."
    return said


def _cost(fund: Fund, facts: Facts, table: SlippageTable) -> str:
    trading = facts.trading
    traded = filters.money(trading.bought + trading.sold, fund.currency)
    cost = filters.money(trading.commission + trading.spread, fund.currency)
    fills = f"{trading.fills} fill{'' if trading.fills == 1 else 's'}"
    said = f"It traded {traded} in {fills}, at a cost of {cost}."
    if not isinstance(table.total.value, NotComputed):
        said += (
            f" Against the same capital with a true put it stands at {filters.figure(table.total.value, 'gain')} "
            f"{fund.currency}, over all protection periods."
        )
    return said


def _conduct(facts: Facts, evidence: Evidence) -> str:
    ran = len(facts.slots)
    prompt = sum(fact.state == "on time" for fact in facts.slots)
    said = [f"Slots due: {ran}; {prompt} of them ran on time."]
    if evidence.alerts is not None:
        grave = [alert for alert in evidence.alerts if alert.grade == "A"]
        unread = sum(alert.closed is None for alert in grave)
        said.append(
            f"Alerts that called for a person: {len(grave)}; {unread} of them not acknowledged by the end."
            if grave
            else "No alert called for a person."
        )
    if evidence.controls is not None:
        done = evidence.controls
        counted = (("kills", done.kills), ("moves of a breaker", done.breakers), ("overrides", done.overrides))
        told = [f"{name} {len(rows)}" for name, rows in counted if rows]
        said.append(f"Controls: {', '.join(told)}." if told else "No kill, breaker or override was needed.")
    return " ".join(said)


def _open(sections: Sequence[Section]) -> str:
    breached = [section for section in sections if section.judgement == "breached"]
    return " ".join(f"{section.title}: {section.sentence}" for section in breached)

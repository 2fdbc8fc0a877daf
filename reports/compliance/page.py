"""The compliance report of a fund over a day, a month or any period: every fact judged, and a place to sign."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import insure
from insure.book.record import Record
from insure.compliance import Facts
from insure.compliance.flows import period_flows
from insure.controls.signatures import ROLES
from insure.fund import Fund
from reports import filters, slippage
from reports.compliance import (
    controls,
    executions,
    flows,
    gap,
    holdings,
    lineage,
    operations,
    pictures,
    stress,
    value_at_risk,
)
from reports.compliance import sections as parts
from reports.compliance.board import board
from reports.compliance.model_card import model_card
from reports.compliance.regulation import regulation
from reports.config_diff import parameter_changes
from reports.evidence import Evidence
from reports.figures import Chart, Figure, Figures, Head, NotComputed, Verdict, plain
from reports.heads import head
from reports.sections import Section
from reports.slippage import SlippageTable


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """What a compliance officer signs."""

    head: Head
    verdict: Verdict
    glance: Figures
    board: tuple[str, ...]
    """Half a page in plain words."""
    sections: tuple[Section, ...]
    slippage: SlippageTable
    slippage_charts: tuple[Chart, ...]
    signers: tuple[str, ...]

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    fund: Fund,
    facts: Facts,
    history: Sequence[Record],
    anchor: tuple[int, str],
    evidence: Evidence,
) -> ComplianceReport:
    """The report on a period; pure.

    Args:
        fund: the contract in force at the last decision of the period; the fund file where nothing was decided yet.
        facts: of the period, as ``insure.compliance.facts`` found them.
        history: all decisions up to the end of the period, in order.
        anchor: sequence and hash of the last audit row that the report depends on.
        evidence: what the book does not hold in its decisions: verification, versions, controls, alerts, contracts.
    """
    last = history[-1] if history else None
    moved = period_flows(facts, history, evidence.flows)
    sections = (
        parts.protection(fund, facts, history, moved),
        parts.exposure(fund, facts),
        holdings.holdings(fund, facts),
        flows.flows(fund, moved),
        gap.cash_lock(fund, facts),
        gap.gap(fund, facts),
        parts.decisions(fund, facts, evidence),
        executions.executions(fund, facts, evidence),
        parts.checks(facts),
        parts.limits(facts),
        parts.events(facts, evidence),
        controls.controls(facts, evidence),
        controls.incidents(evidence),
        operations.data_quality(facts, evidence),
        controls.reconciliation(evidence),
        operations.schedule(facts, evidence),
        value_at_risk.value_at_risk(facts),
        *stress.sections(fund.id, facts.first, facts.last, evidence.stress),
        operations.liquidity(facts),
        model_card(fund, facts, last),
        parameter_changes(facts, evidence.contracts),
        regulation(fund, facts, evidence),
        lineage.lineage(facts, anchor, evidence),
    )
    table = slippage.table(history, facts.first)
    return ComplianceReport(
        head=head("compliance", _title(facts), _span(facts), fund, last, anchor, code_version=insure.__version__),
        verdict=_verdict(facts, sections),
        glance={key: replace(each, row=_SECTION[key]) for key, each in _glance(facts, table).items()},
        board=board(fund, facts, table, sections, evidence),
        sections=sections,
        slippage=table,
        slippage_charts=pictures.slippage(fund, facts, history),
        signers=tuple(ROLES.values()),
    )


def _span(facts: Facts) -> str:
    if facts.first == facts.last:
        return filters.day(facts.first)
    return f"{filters.day(facts.first)} to {filters.day(facts.last)}"


def _title(facts: Facts) -> str:
    return _whole_title(facts) + ("" if facts.so_far is None else f", so far to {filters.day(facts.so_far)}")


def _whole_title(facts: Facts) -> str:
    if facts.first == facts.last:
        return "Daily compliance report"
    first, after = facts.first, facts.last + dt.timedelta(days=1)
    whole = first.day == 1 and after.day == 1
    months = (after.year - first.year) * 12 + after.month - first.month
    names: Mapping[int, str] = {1: "Monthly", 3: "Quarterly", 12: "Yearly"}
    return f"{names[months]} compliance report" if whole and months in names else "Compliance report"


def _verdict(facts: Facts, sections: Sequence[Section]) -> Verdict:
    bad = [section.title.lower() for section in sections if section.judgement == "breached"]
    unread = [section.title.lower() for section in sections if section.judgement == "alert"]
    so_far = "" if facts.so_far is None else f"So far, to {filters.day(facts.so_far)}: "
    decided = f"{so_far}{len(facts.records)} decision{'' if len(facts.records) == 1 else 's'}"
    if bad:
        return Verdict("bad", "Breached", f"{decided}; breached: {', '.join(bad)}.", _also(unread))
    if unread:
        return Verdict("attention", "Kept, to be read", f"{decided}; to be read: {', '.join(unread)}.")
    return Verdict("good", "Kept", f"{decided}; everything that was judged was kept.")


def _also(unread: Sequence[str]) -> tuple[str, ...]:
    return (f"To be read as well: {', '.join(unread)}.",) if unread else ()


_SECTION = {
    "nav": "holdings",
    "floor": "protection",
    "coverage": "protection",
    "weight": "exposure",
    "gap_budget": "gap",
    "slippage_report": "slippage",
    "slippage": "slippage",
}
"""Where each figure at the top is told with what it is computed from."""


def _glance(facts: Facts, table: SlippageTable) -> Figures:
    protection, exposure = facts.protection, facts.exposure
    undecided = NotComputed("nothing was decided")
    none = NotComputed("no floor was in force") if facts.records else undecided
    nav = undecided if facts.standing is None else parts.nav(facts.standing)
    return {
        "nav": Figure("Net asset value", nav, "money", "stock + cash + options, at the end"),
        "floor": Figure("Floor", protection.floor if protection else none, "money", "of the strategy, at the end"),
        "coverage": Figure(
            "Coverage",
            none if protection is None or protection.coverage is None else protection.coverage,
            "weight",
            "net asset value / floor",
        ),
        "weight": Figure(
            "In stock",
            exposure.executed if exposure else undecided,
            "weight",
            "stock / net asset value, at the end",
        ),
        "gap_budget": Figure(
            "Least gap budget",
            facts.lowest_gap.value
            if facts.lowest_gap
            else NotComputed("no fall could reach a floor")
            if facts.records
            else undecided,
            "weight",
            f"cushion / stock, on {filters.day(facts.lowest_gap.session)}" if facts.lowest_gap else "cushion / stock",
        ),
        "slippage_report": Figure(
            "Against the true put, this report",
            NotComputed("nothing was decided") if table.report is None else table.report.value,
            "gain",
            "by how much the sum of all protection periods has changed",
        ),
        "slippage": Figure("Against the true put, so far", table.total.value, "gain", "sum of all protection periods"),
    }

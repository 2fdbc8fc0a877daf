"""The rebalance report: what was seen, decided and done at one slot, and why, on one page."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from insure.book.lives import lives
from insure.book.record import Record, sha256
from insure.book.trail import Entry
from insure.decision import Outcome, Valuation, fund_calendar
from insure.errors import InvalidInput
from insure.executed import executed_all
from insure.fund import Fund
from insure.orders import Fill
from reports import facts, filters, slippage
from reports.figures import Chart, Figure, Figures, Head, Line, NotComputed, Verdict, plain
from reports.heads import head
from reports.horizon import Horizon, horizon
from reports.orders import (
    Execution,
    FillRow,
    LifeRow,
    OrderRow,
    execution,
    fill_rows,
    life_rows,
    not_executed,
    order_rows,
)
from reports.slippage import SlippageTable
from reports.story import question, story


@dataclass(frozen=True, slots=True)
class RebalanceReport:
    """One decision with everything that it was made from, as it stands in the book."""

    head: Head
    verdict: Verdict
    when: Figures
    question: str
    story: tuple[str, ...]
    events: tuple[facts.EventRow, ...]
    glance: Figures
    ladder: tuple[facts.RungRow, ...]
    ladder_missing: str
    """Why there is no ladder; empty where there is one."""
    market: Figures
    valuation: Figures
    greeks: Figures
    greeks_of: str
    """What the Greeks are those of."""
    net_greeks: Figures
    horizon: Horizon | None
    """How the protection period ended that this slot closed; None where it closed none."""
    checks: tuple[facts.CheckRow, ...]
    flows: tuple[facts.FlowRow, ...]
    orders: tuple[OrderRow, ...]
    lives: tuple[LifeRow, ...]
    """Every move of the orders, up to the row that the report ends with."""
    fills: tuple[FillRow, ...]
    gap_budget: Figure
    crashes: tuple[facts.CrashRow, ...]
    crashes_missing: str
    slippage: SlippageTable
    charts: tuple[Chart, ...]
    lineage: tuple[facts.SourceRow, ...]
    hashes: Figures

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    fund: Fund,
    record: Record,
    history: Sequence[Record],
    decided: tuple[int, str],
    afterwards: Sequence[Entry] = (),
    late: Sequence[Fill] = (),
) -> RebalanceReport:
    """The report on one decision; pure.

    Args:
        fund: the contract that was in force.
        record: the decision, as it was recorded.
        history: all decisions of the fund up to and including this one.
        decided: sequence and hash of the decision's own row on the chain.
        afterwards: rows on its orders after that one, in order; the report ends with the last of them.
        late: fills that came after their decision, of any decision of the history, up to the row it ends with.

    Raises:
        InvalidInput: the record is not the last of the history, or is another fund's.
    """
    if not history or history[-1] != record:
        raise InvalidInput(f"history ends before {record.session}; it must end with the decision that is reported.")
    if record.fund_id != fund.id:
        raise InvalidInput(f"record is of {record.fund_id!r}; the fund is {fund.id!r}.")
    anchor = afterwards[-1].anchor if afterwards else decided
    moments = lives(record, decided[0], afterwards, late)
    hashed = sha256(record.canonical())
    history = executed_all(history, late)
    record = history[-1]
    done = execution(record, moments)
    decision = record.decision
    valuation = decision.valuation
    before = history[-2] if len(history) > 1 else None
    table = slippage.table(history)
    gap = facts.gap_after(record, valuation)
    ended = horizon(history)
    return RebalanceReport(
        head=head(
            "rebalance", "Rebalance report", f"{filters.day(record.session)}, slot {record.slot}", fund, record, anchor
        ),
        verdict=_verdict(record, done, ended),
        when=_when(fund, record),
        question=question(record),
        story=story(fund, record, before, gap, done),
        events=(
            *(facts.EventRow(event.kind, event.sentence) for event in decision.events),
            *_said(record),
            *not_executed(fund, record, done),
        ),
        glance=_glance(record, valuation, gap),
        ladder=facts.ladder_rows(fund, record, valuation),
        ladder_missing="" if record.ladder else decision.reason,
        market=facts.market(record),
        valuation=facts.valuation_figures(record, valuation),
        greeks=facts.greeks(fund, record, valuation),
        greeks_of=facts.greeks_of(record),
        net_greeks=facts.net_greeks(record),
        horizon=ended,
        checks=tuple(facts.check_row(check) for check in decision.checks),
        flows=tuple(facts.flow_row(dealt) for dealt in record.flows),
        orders=order_rows(record, moments),
        lives=life_rows(moments),
        fills=fill_rows(record),
        gap_budget=gap,
        crashes=facts.crashes(record, valuation),
        crashes_missing=facts.crashes_missing(record, valuation),
        slippage=table,
        charts=_charts(fund, record, history),
        lineage=tuple(
            facts.SourceRow(
                source.figure,
                facts.source_row(source.figure),
                source.origin,
                Figure("As of", source.as_of, "date", source.origin),
                Figure("SHA-256", source.sha256, "hash", source.origin),
            )
            for source in decision.snapshot.lineage
        ),
        hashes={
            "decision": Figure("Decision record", hashed, "hash", "SHA-256 of the record as kept"),
            "contract": Figure("Contract", decision.config_sha256, "hash", "SHA-256 of the effective fund file"),
            "chain_sequence": Figure("Chain, entry", decided[0], "count", "of this decision on the audit chain"),
            "chain_head": Figure("Chain, hash", decided[1], "hash", "links every entry before it"),
            "last_sequence": Figure(
                "Chain, last entry shown", anchor[0], "count", "of this decision, or the last on one of its orders"
            ),
            "code_version": Figure("Program version", record.code_version, "text", "that made the decision"),
        },
    )


def _said(record: Record) -> list[facts.EventRow]:
    """What people said that this decision was made under."""
    seen = record.decision.circumstances
    if seen is None:
        return []
    found = []
    if seen.override is not None:
        one = seen.override
        wanted = "no trade" if one.weight is None else f"{filters.percent(one.weight)} in stock"
        told = f"{one.by}, entry {one.sequence} of the chain, {wanted} for this slot: {one.reason}"
        found.append(facts.EventRow("override", told))
    if seen.approval is not None:
        note = f" ({seen.approval.note})" if seen.approval.note else ""
        by = " and ".join(seen.approval.by)
        found.append(facts.EventRow("approval", f"Proposal {seen.approval.proposal} was approved by {by}{note}."))
    return found


def _verdict(record: Record, done: Execution, ended: Horizon | None) -> Verdict:
    decision = record.decision
    valuation = decision.valuation
    sentence = facts.reason(record)
    notes = (done.note,) if done.note else ()
    if ended is not None and not ended.kept:
        return Verdict("bad", _worded("Guarantee missed", decision.outcome), f"{ended.sentence} {sentence}", notes)
    below = valuation is not None and valuation.guarantee > 0.0 and valuation.cushion < 0.0
    if below or any(event.kind == "floor breached" for event in decision.events):
        return Verdict("bad", _worded("Below the floor", decision.outcome), sentence, notes)
    seen = decision.circumstances
    by_people = []
    if seen is not None and seen.override is not None:
        by_people.append("by override")
    if seen is not None and seen.approval is not None:
        by_people.append(f"approved by {' and '.join(seen.approval.by)}")
    if decision.outcome != "OK":
        return Verdict("attention", ", ".join([decision.outcome, *by_people]), sentence, notes)
    alarmed = any(event.kind in {"cash-lock", "gap budget low"} for event in decision.events)
    doubts = [done.word] if done.word else []
    doubts += ["with a warning"] if alarmed else []
    overridden = seen is not None and seen.override is not None
    mark: Literal["good", "attention"] = "attention" if doubts or overridden else "good"
    return Verdict(mark, ", ".join(["OK", *by_people, *doubts]), sentence, notes)


def _worded(gravest: str, outcome: Outcome) -> str:
    """What is wrong first; how the slot ended only where it did not end as it should."""
    return gravest if outcome == "OK" else f"{gravest}; {outcome}"


def _when(fund: Fund, record: Record) -> Figures:
    local = fund_calendar(fund).local(record.due)
    return {
        "session": Figure("Session", record.session, "date", f"sessions of {fund.schedule.calendar}"),
        "due": Figure("Due", record.due, "instant", f"slot {record.slot}"),
        "due_local": Figure("Due, exchange time", f"{local:%Y-%m-%d %H:%M %Z}", "text", fund.schedule.calendar),
        "seen": Figure("Market seen", record.decision.snapshot.at, "instant", "snapshot of the record"),
        "written": Figure("Written", record.written, "instant", "record"),
    }


def _glance(record: Record, valuation: Valuation | None, gap: Figure) -> Figures:
    equity, nav = facts.after_trade(record)
    found = {"nav": Figure("Net asset value", nav, "money", "stock + cash + options, after the trade")}
    if valuation is not None and valuation.guarantee > 0.0:
        found["floor"] = Figure("Floor today", valuation.floor, "money", "of the strategy, at this slot")
        found["cushion"] = Figure("Cushion", float(nav) - valuation.floor, "money", "net asset value \u2212 floor")
    after = "equity / net asset value, after the trade and its costs"
    found["weight"] = Figure("In stock", float(equity / nav), "weight", after)
    found["gap_budget"] = gap
    if record.track is not None:
        found["slippage"] = Figure("Against the true put", record.track.total, "gain", "since the period began")
    else:
        found["slippage"] = Figure(
            "Against the true put", NotComputed(record.track_missing or slippage.NO_TWIN), "gain"
        )
    return found


def _charts(fund: Fund, record: Record, history: Sequence[Record]) -> tuple[Chart, ...]:
    """Value and weight since the protection period in force began."""
    memory = record.decision.memory
    if memory is None or record.decision.valuation is None:
        return ()
    own = [
        each
        for each in history
        if each.session >= memory.period.start
        and each.decision.valuation is not None
        and each.decision.memory is not None
        and each.decision.memory.period.number == memory.period.number
    ]
    dates = tuple(each.session for each in own)
    navs = tuple(float(facts.after_trade(each)[1]) for each in own)
    weights = tuple(float(facts.after_trade(each)[0] / facts.after_trade(each)[1]) for each in own)
    lines = [Line("Fund", "fund", navs)]
    if any(each.track for each in own):
        lines.append(
            Line("With true put", "twin", tuple(each.track.twin_value if each.track else None for each in own))
        )
    if record.decision.valuation.guarantee > 0.0:
        floors = tuple(each.decision.valuation.floor if each.decision.valuation else None for each in own)
        lines.append(Line("Floor", "floor", floors))
    span = _span(dates)
    return (
        Chart(
            "value",
            "Value in this protection period",
            f"Net asset value, the same capital with the true put, and the floor, in {fund.currency}, {span}.",
            "money",
            dates,
            tuple(lines),
        ),
        Chart(
            "weight",
            "Share of the fund in stock",
            f"Equity weight after each decision, {span}.",
            "weight",
            dates,
            (Line("In stock", "fund", weights, steps=True),),
            from_zero=True,
        ),
    )


def _span(dates: Sequence[dt.date]) -> str:
    return f"{filters.day(dates[0])} to {filters.day(dates[-1])}"

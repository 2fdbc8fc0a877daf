"""Reports on the lives of ``tests.reports.lives``, and the books' facts that they need."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from insure.aftermath import Aftermath
from insure.book.agreed import KeptAlert, KeptContract
from insure.book.lives import order_states
from insure.book.record import Record
from insure.book.trail import Entry
from insure.compliance import Facts, facts
from insure.compliance.controls import controls_facts
from insure.compliance.standings import Standings, standings
from insure.controls.counterfactual import Judged
from insure.decision import Outcome, fund_calendar
from insure.fund import Fund
from insure.happening import happening
from insure.slots import slots
from reports import compliance, event, index
from reports.effect import Stood, Told
from reports.evidence import Evidence
from reports.figures import Verdict
from reports.index import SignedOff
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, VERSION, contract, lived

_MONDAY = dt.datetime(2008, 10, 27, 13, 5, tzinfo=dt.UTC)
STATEMENTS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("breaker", "", "The breaker is REDUCE_ONLY: the index fell by a fifth.", {}),
    ("kill", "A. Officer", "Trading is stopped: the prices are doubted.", {"money": "-31250.5"}),
    ("lift", "A. Officer", "Trading goes on.", {}),
    ("override", "A. Officer", "Sold by hand.", {"money": "-1250.5"}),
    ("approval", "B. Officer", "Approved.", {}),
    ("reconciliation", "custodian.csv", "46 units differ.", {"judgement": "breached"}),
    ("drill", "A. Officer", "The kill switch was pulled and lifted.", {}),
    ("restore", "", "The book was put back from a backup.", {"head_sequence": "1400", "decisions": "1300"}),
)
"""Kind, person, sentence and whatever else a row of a control may say."""


def entry(kind: str, content: dict[str, str], sequence: int = 83, fund_id: str | None = "guarded") -> Entry:
    """A row of the chain."""
    return Entry(sequence, "5e" * 32, _MONDAY, fund_id, kind, content)


def statements() -> list[Entry]:
    """A row of every kind of control that a report tells apart."""
    return [
        entry(kind, {"sentence": told, "by": by, **more}, 90 + i, None if kind == "restore" else "guarded")
        for i, (kind, by, told, more) in enumerate(STATEMENTS)
    ]


STOOD: tuple[tuple[str, dict[str, str]], ...] = (
    ("breaker", {"sentence": "REDUCE_ONLY after NORMAL, by a difference.", "state": "REDUCE_ONLY"}),
    (
        "break",
        {
            "sentence": "46 units differ.",
            "event": "opened",
            "kind": "units",
            "subject": "index unit",
            "booked": "100",
            "reported": "54",
            "session": "2008-08-27",
        },
    ),
    (
        "proposal",
        {
            "sentence": "sell 10 units waits for one person.",
            "subject": "trade",
            "slot": "2008-10-27:close",
            "session": "2008-10-27",
            "units": "-10",
            "price": "888.20",
            "value": "-8882.00",
            "options": "{}",
            "config_sha256": "c0" * 32,
            "wanted": "1",
            "expires": "2008-10-28T20:00:00+00:00",
        },
    ),
)
"""What stood before the period and was still there when it was over: kind, and content of a row."""


def stood(fund: Fund) -> Standings:
    """Standings of a fund whose breaker, difference and proposal nobody has looked after for two months."""
    rows = [
        replace(entry(kind, told, 70 + i), at=_MONDAY - dt.timedelta(days=60)) for i, (kind, told) in enumerate(STOOD)
    ]
    span = _MONDAY - dt.timedelta(days=1), _MONDAY + dt.timedelta(days=1)
    own = [replace(row, fund_id=fund.id) for row in rows]
    return standings(own, (fund, fund), span, _MONDAY.date(), "2008-10-27:close")


def judged(sequence: int, earned: str, units: str = "9.5") -> Judged:
    """An override as it was judged; it holds 9 units on the path of the rule."""
    day = dt.date(2008, 10, 27)
    paths = Decimal(earned), Decimal("1e6") + Decimal(earned), Decimal("1e6"), Decimal(units), Decimal(9)
    return Judged(
        "override",
        sequence,
        dt.date(2008, 9, 3),
        "close",
        "A. Officer",
        "The index will fall.",
        None,
        "",
        "no trade",
        day,
        *paths,
    )


def evidence_of(fund: Fund, records: Sequence[Record]) -> Evidence:
    """Evidence of every kind, for a fund that has lived through some records."""
    return Evidence(
        verified=True,
        verification="chain, ledger and anchors were read; nothing is wrong",
        libraries={"numpy": "2.3.4", "scipy": "1.16.2"},
        calendar_release="exchange_calendars 4.13.2",
        controls=controls_facts(statements()),
        judged=(judged(60, "-42489.08"), judged(93, "-1250.5")),
        standings=stood(fund),
        alerts=(
            KeptAlert(7, "A", "floor breached", _MONDAY, _MONDAY + dt.timedelta(hours=1), "A. Officer", "Below it."),
            KeptAlert(8, "A", "slot missed", _MONDAY, None, "", ""),
            KeptAlert(9, "B", "gap budget low", _MONDAY, _MONDAY + dt.timedelta(days=1), "", "It was 7.10%."),
        ),
        contracts=(KeptContract(fund.config_sha256, fund.effective(), records[0].written),),
        entries={(record.session, record.slot): 2 + i for i, record in enumerate(records)},
        flows=(),
        orders=order_states(records, {(each.session, each.slot): 2 + i for i, each in enumerate(records)}, (), ()),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """How a slot ended."""

    session: dt.date
    slot: str
    due: dt.datetime
    started: dt.datetime
    outcome: Outcome
    reason: str


def runs_of(records: Sequence[Record], late: dt.timedelta = dt.timedelta(0)) -> list[Run]:
    """The runs that made the records."""
    return [
        Run(each.session, each.slot, each.due, each.due + late, each.decision.outcome, each.decision.reason)
        for each in records
    ]


def facts_of(
    fund: Fund, records: Sequence[Record], first: dt.date, last: dt.date, contracts: Mapping[str, Fund] | None = None
) -> Facts:
    """The facts of a period in which every slot ran on time, judged under ``fund`` alone without ``contracts``."""
    due = slots(fund.schedule.timing, fund_calendar(fund), first, last)
    history = [record for record in records if record.session <= last]
    under = contracts or {record.decision.config_sha256: fund for record in history}
    return facts(fund.id, under, history, runs_of(records), due, first, last)


def compliance_report(strategy: str, first: dt.date, last: dt.date) -> compliance.ComplianceReport:
    """A compliance report with evidence of every kind, on a fund whose contract changes on the way."""
    fund, records = lived(strategy)
    history = [record for record in records if record.session <= last]
    evidence = evidence_of(fund, records)
    if len(history) > 30:
        before = replace(fund, limits=replace(fund.limits, highest_weight=1.5, gap_budget_alert=0.1))
        old = KeptContract(before.config_sha256, before.effective(), history[0].written)
        history = [_under(record, before) if i < 30 else record for i, record in enumerate(history)]
        new = replace(evidence.contracts[0], first_used=history[30].written)
        evidence = replace(evidence, contracts=(old, new))
    contracts = {each.config_sha256: each.fund for each in evidence.contracts}
    return compliance.build(fund, facts_of(fund, history, first, last, contracts), history, ANCHOR, evidence)


def _under(record: Record, fund: Fund) -> Record:
    """The record as if it had been decided under another contract that decides the same."""
    return replace(record, decision=replace(record.decision, config_sha256=fund.config_sha256))


def event_report(strategy: str) -> event.EventReport:
    """The report on the crash."""
    fund, records = lived(strategy)
    crash = records[40]
    content = {
        "session": str(crash.session),
        "slot": crash.slot,
        "outcome": crash.decision.outcome,
        "reason": crash.decision.reason,
        "decision_sha256": "d5" * 32,
    }
    if all(each.kind != "floor breached" for each in crash.decision.events):
        content["outcome"] = "FAILED"
    own = Entry(83, "5e" * 32, crash.due, fund.id, "run", content)
    rows = [entry("contract", {"config_sha256": fund.config_sha256}, 1), own]
    return event.build(happening(own, crash), fund, records[20:41], rows, desk="Desk of tests", code_version=VERSION)


def stated_report(kind: str) -> event.EventReport:
    """The report on a kill, a lift, a breaker, an override or a restore, three decisions after the crash."""
    fund, records = lived(PUT)
    rows = statements()
    own = next(row for row in rows if row.kind == kind)
    whose = fund if own.fund_id is not None else None
    history = records[:44] if whose is not None else ()
    told = happening(own, None)
    return event.build(told, whose, history, rows[: rows.index(own) + 1], desk="Desk of tests", code_version=VERSION)


def desk_report() -> event.EventReport:
    """The report on a kill of the whole desk that two people have lifted: two funds, one of which had an order open."""
    row = entry("kill", {"sentence": "Trading is stopped.", "by": "A. Officer", "reason": "Doubt"}, 91, None)
    moved = {"order_key": "guarded:2008-10-28:close:1", "state": "cancelled", "detail": "not sent: Doubt"}
    rows = (
        entry("order", moved, 92),
        entry("lift", {"sentence": "Trading goes on.", "state": "NORMAL"}, 95, None),
    )
    after = Aftermath(rows, rows[-1], "Set back to NORMAL: Trading goes on.")
    funds = tuple(Stood(lived(name)[1][40], ("guarded:2008-10-28:close:1",)) for name in (PUT, HOLD))
    waits = (entry("waiting", {"sentence": "KILLED for 5 minutes.", "money": "-1250.25"}, 94),)
    told = Told(after=after, funds=funds, waits=waits)
    return event.build(happening(row, None), None, (), (row,), desk="Desk of tests", code_version=VERSION, told=told)


def horizon_report() -> event.EventReport:
    """The report on a guarantee that was missed at its horizon."""
    fund, records = lived(PUT)
    place = next(i for i, record in enumerate(records) if record.closed is not None)
    last = records[place]
    content = {"session": str(last.session), "slot": last.slot, "outcome": "OK", "reason": last.decision.reason}
    own = Entry(83, "5e" * 32, last.due, fund.id, "run", {**content, "decision_sha256": "d5" * 32})
    return event.build(
        happening(own, last), fund, records[: place + 1], (own,), desk="Desk of tests", code_version=VERSION
    )


def missed_report() -> event.EventReport:
    """The report on a slot that was missed before the fund had decided anything."""
    fund = contract()
    own = entry("run", {"session": "2008-10-27", "slot": "close", "outcome": "SKIPPED", "reason": "Nothing ran."})
    return event.build(happening(own, None), fund, (), (own,), desk="Desk of tests", code_version=VERSION)


def index_report() -> index.IndexReport:
    """A desk of three funds, one of which has not decided yet."""
    kept, bad = Verdict("good", "Kept", "20 decisions."), Verdict("bad", "Kill", "Ada killed the whole desk.")
    month, span, end = "Monthly compliance report", "2008-12-01 to 2008-12-31", dt.date(2008, 12, 31)
    once, ada = "guarded/compliance-2008-12-01-to-2008-12-31", "prepared by Ada"
    made = [
        index.Made(
            f"{once}.html",
            month,
            "guarded",
            end,
            span,
            kept,
            SignedOff((ada,), ("reviewed", "approved")),
            superseded=True,
        ),
        index.Made("event-90-2008-10-27.html", "Event report", "", dt.date(2008, 10, 27), "2008-10-27", bad),
        index.Made("guarded/comparison.html", "Comparison", "guarded", dt.date(2009, 1, 9), "2009-01-09"),
        index.Made(
            f"{once}-v2.html", month, "guarded", end, span, kept, SignedOff((ada,), ("reviewed", "approved")), 2
        ),
        index.Made(
            "guarded/compliance-2008-11-28.html",
            "Daily compliance report",
            "guarded",
            dt.date(2008, 11, 28),
            "2008-11-28",
            kept,
            SignedOff((ada,), ("prepared", "reviewed", "approved"), changed=True),
        ),
        index.Made(
            "guarded/compliance-2008-11-27.html",
            "Daily compliance report",
            "guarded",
            dt.date(2008, 11, 27),
            "2008-11-27",
            kept,
            SignedOff((ada, "reviewed by Ben", "approved by Cleo"), ()),
        ),
    ]
    (put, puts), (cppi, cppis) = lived(PUT), lived(CPPI)
    due = dt.datetime(2009, 1, 12, 21, tzinfo=dt.UTC)
    funds = [
        index.Standing(put, puts[-1], phase="live-100", next_due=due, waits=("An approval.",)),
        index.Standing(cppi, cppis[-1], "HALTED", "HALTED after NORMAL, by chain failure.", "paper", due),
        index.Standing(contract(HOLD), None),
    ]
    return index.build("Desk of tests", funds, made, ("KILLED. The whole desk, by Ada.",), ANCHOR, VERSION)

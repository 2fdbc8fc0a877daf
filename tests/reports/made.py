"""Reports on the lives of ``tests.reports.lives``, and the books' facts that they need."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.book.record import Record
from insure.compliance import Facts, facts
from insure.decision import Outcome, fund_calendar
from insure.fund import Fund
from insure.slots import slots
from reports import compliance, event, index
from reports.evidence import Control, Evidence, Reconciliation
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, VERSION, contract, lived

_MONDAY = dt.datetime(2008, 10, 27, 13, 5, tzinfo=dt.UTC)
EVIDENCE = Evidence(
    verified=True,
    verification="the chain of 1,512 entries is whole and every decision comes out again",
    libraries={"numpy": "2.3.4", "scipy": "1.16.2"},
    calendar_release="exchange_calendars 4.13.2",
    controls=(
        Control(dt.datetime(2008, 10, 27, 13, 5, tzinfo=dt.UTC), "override", "A. Officer", "Sold by hand.", -1250.5),
    ),
    reconciliations=(
        Reconciliation(dt.datetime(2008, 10, 28, 6, tzinfo=dt.UTC), "S&P 500 index unit", Decimal(4146), Decimal(4100)),
    ),
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


def facts_of(fund: Fund, records: Sequence[Record], first: dt.date, last: dt.date) -> Facts:
    """The facts of a period in which every slot ran on time."""
    due = slots(fund.schedule.timing, fund_calendar(fund), first, last)
    history = [record for record in records if record.session <= last]
    return facts(fund, history, runs_of(records), due, first, last)


def compliance_report(strategy: str, first: dt.date, last: dt.date) -> compliance.ComplianceReport:
    """A compliance report with evidence of every kind."""
    fund, records = lived(strategy)
    history = [record for record in records if record.session <= last]
    return compliance.build(fund, facts_of(fund, records, first, last), history, ANCHOR, EVIDENCE)


def event_report(strategy: str) -> event.EventReport:
    """The report on the crash."""
    fund, records = lived(strategy)
    crash = records[40]
    moments = [event.Moment(crash.due, 83, "run", crash.decision.reason)]
    told = "The index fell by a fifth."
    return event.build(fund, "floor breached", told, crash.due, records[:41], moments, ANCHOR, ("Tell the board.",))


def index_report() -> index.IndexReport:
    """A desk of three funds, one of which has not decided yet."""
    made = [
        index.Made("guarded/comparison.html", "Comparison", "guarded", dt.date(2009, 1, 9)),
        index.Made(
            "guarded/compliance-2008-12.html", "Monthly compliance report", "guarded", dt.date(2008, 12, 31), False
        ),
    ]
    last = {name: lived(name) for name in (PUT, CPPI)}
    funds = [(fund, records[-1]) for fund, records in last.values()]
    return index.build("Desk of tests", [*funds, (contract(HOLD), None)], made, ("An approval.",), ANCHOR, VERSION)

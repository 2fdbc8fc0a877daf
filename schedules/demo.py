"""`insure demo`: two protected funds live through 2007 to 2009, through the same tick as live."""

import datetime as dt
from dataclasses import asdict, dataclass
from pathlib import Path

from insure.book import Book, Record
from insure.decision import fund_calendar
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.desk import Desk, make_desk, open_desk
from schedules.history import bar, live_through
from schedules.publishing.pages import publish_comparison, publish_rebalance

FIRST, LAST = dt.date(2007, 1, 3), dt.date(2009, 12, 31)
FUNDS = ("synthetic_put", "cppi")


@dataclass(frozen=True, slots=True)
class FundSummary:
    """One fund at the end of the demo."""

    fund_id: str
    name: str
    nav: float
    twin: float
    """The same capital in stock and the true put, rolled as the fund was."""
    unhedged: float
    """The same capital in the index alone."""
    slippage: float
    """Fund minus true put, summed over the protection periods, each at its own end."""
    breaches: int
    trades: int


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo made."""

    desk: Path
    first: dt.date
    last: dt.date
    sessions: int
    funds: tuple[FundSummary, ...]
    pages: tuple[Path, ...]

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return {
            "desk": str(self.desk),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "sessions": self.sessions,
            "funds": [asdict(fund) for fund in self.funds],
            "pages": [str(page) for page in self.pages],
        }


def run_demo(folder: Path, first: dt.date = FIRST, last: dt.date = LAST) -> DemoSummary:
    """Make the desk, run every scheduled slot, render the reports.

    Raises:
        DeskError: the folder is a desk already.
    """
    make_desk(folder, "Demo desk", FUNDS)
    desk = open_desk(folder)
    funds = [desk.fund(fund_id) for fund_id in ("guarded-90", "cushion-4x")]
    due = {fund.id: slots(fund.schedule.timing, fund_calendar(fund), first, last) for fund in funds}
    with desk.book() as book:
        _live_through(desk, book, funds, due)
        pages = []
        for fund in funds:
            pages.append(publish_rebalance(book, fund, desk.out, desk.clock()).page)
            pages.append(publish_comparison(book, fund, desk.out, desk.clock()).page)
        summaries = tuple(_summary(fund, list(book.records(fund.id))) for fund in funds)
    return DemoSummary(folder, first, last, len(due[funds[0].id]), summaries, tuple(pages))


def _live_through(desk: Desk, book: Book, funds: list[Fund], due: dict[str, list[Slot]]) -> None:
    with bar() as progress:
        for fund in funds:
            live_through(book, fund, desk.feed(fund), progress.track(due[fund.id], description=fund.name))


def _summary(fund: Fund, records: list[Record]) -> FundSummary:
    first, last = records[0], records[-1]
    price = last.decision.snapshot.price
    nav = float(last.nav)
    tracks = [record.closed for record in records if record.closed is not None]
    if last.track is not None:
        tracks.append(last.track)
    return FundSummary(
        fund_id=fund.id,
        name=fund.name,
        nav=nav,
        twin=_rolled_twin(records),
        unhedged=float(fund.initial_money * price / first.decision.snapshot.price),
        slippage=sum(track.total for track in tracks),
        breaches=sum(event.kind == "floor breached" for record in records for event in record.decision.events),
        trades=sum(len(record.fills) for record in records),
    )


def _rolled_twin(records: list[Record]) -> float:
    """The initial money in the twin, moved whole into the next twin at every roll."""
    value = float(records[0].decision.holdings.cash)
    opened = value
    for record in records:
        if record.closed is not None:
            value *= record.closed.twin_value / opened
        if record.decision.rolled and record.decision.valuation is not None:
            opened = record.decision.valuation.nav
    track = records[-1].track
    return value * track.twin_value / opened if track is not None else value

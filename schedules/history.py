"""A fund lived along its own history: every slot of a span through the same tick as live, at the slot's own time."""

import datetime as dt
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from insure.book import Book
from insure.broker import PaperBroker
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from insure.feeds import PriceFeed
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.desk import Desk
from schedules.jobs import tick
from schedules.publishing.pages import Published, publish_comparison


def live_through(book: Book, fund: Fund, feed: PriceFeed, due: Iterable[Slot]) -> None:
    """Run every slot of ``due`` in order; time stands at each slot while it runs."""
    broker = PaperBroker()
    for slot in due:
        tick(book, fund, slot, feed, broker, slot.at)


def bar() -> Progress:
    """A progress bar on stderr, with the time to go."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def backtest(desk: Desk, fund: Fund, first: dt.date, last: dt.date, *, paper: bool = False) -> Published:
    """The fund as if it had begun on ``first``: every slot to ``last`` in a book that is thrown away, and the page.

    ``paper``: write the PDF too.

    Raises:
        InvalidInput: the span holds no session.
        MarketDataError: the feed does not reach as far.
    """
    sessions = fund_calendar(fund).sessions(first, last)
    if not sessions:
        raise InvalidInput(f"There is no session of {fund.schedule.calendar} from {first} to {last}.")
    begun = replace(fund, stage="replay", protection=replace(fund.protection, start=sessions[0]))
    due = slots(begun.schedule.timing, fund_calendar(begun), sessions[0], sessions[-1])
    feed = desk.feed(begun)
    feed.at(sessions[0], 0)
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "backtest.db") as book:
        with bar() as progress:
            live_through(book, begun, feed, progress.track(due, description=f"{fund.name} from {sessions[0]}"))
        return publish_comparison(book, begun, desk.out, None, paper=paper)

"""The data gate as a slot meets it: gathers what the pure judgement needs, and turns a doubt into a held slot."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from insure.book import Record
from insure.book.duty import Duty
from insure.decision import fund_calendar
from insure.errors import MarketDataError
from insure.feeds import PriceFeed, feed_of
from insure.fund import CsvFeed, Fund
from insure.market import Snapshot
from insure.quality import Held, Question, Reference, SecondSource, judged, no_price
from insure.slots import Slot

LOG = logging.getLogger("insure.service")


class PriceDoubted(MarketDataError):
    """The price may not be traded on yet; the text is the question that is asked."""


class DataGate:
    """The gate of one slot; ``held`` says afterwards what it asked."""

    def __init__(self, duty: Duty, fund: Fund, slot: Slot, feed: PriceFeed, folder: Path, now: dt.datetime) -> None:
        """``folder``: of the desk, where the file of the second source is."""
        self._duty = duty
        self._fund = fund
        self._slot = slot
        self._feed = feed
        self._folder = folder
        self._now = now
        asked = duty.question(fund.id)
        self._waiting: Question | None = None if asked is None else asked.question
        self.held: Held | None = None
        """What was asked; None where the price was taken."""

    def __call__(self, see: Callable[[], Snapshot], last: Record | None) -> Snapshot:
        """The snapshot, with its doubt where the fallback acts.

        Raises:
            PriceDoubted: nothing may be traded; ``held`` has the question.
        """
        terms = self._fund.quality
        try:
            snapshot = see()
        except MarketDataError as error:
            sentence = f"{error}{self._overruled()}"
            self.held = Held(no_price(terms, sentence, self._waiting, self._now), outlived=False)
            raise PriceDoubted(self.held.question.sentence) from error
        reference = self._reference(last)
        sessions, second = 1, None
        if reference is not None:
            sessions = max(1, fund_calendar(self._fund).count(reference.session, snapshot.session))
            second = self._second(reference, snapshot)
        verdict = judged(terms, snapshot, reference, sessions, second, self._waiting, self._now)
        if isinstance(verdict, Held):
            self.held = verdict
            raise PriceDoubted(verdict.question.sentence)
        return snapshot if verdict is None else replace(snapshot, doubt=verdict)

    def _overruled(self) -> str:
        """On an open day without a quote of that day: what the calendar says, and that it is overruled."""
        session, calendar = self._slot.session, fund_calendar(self._fund)
        try:
            newest = self._feed.at(session, 0).row.session
        except MarketDataError:
            return ""
        if newest >= session:
            return ""
        return f" {calendar.name} should have traded on {session} since {calendar.opens(session):%H:%M} UTC."

    def _reference(self, last: Record | None) -> Reference | None:
        if last is None:
            return None
        seen = last.decision.snapshot
        outlived = self._duty.last_outlived(self._fund.id)
        if (
            outlived is not None
            and outlived.question.price is not None
            and outlived.settled is not None
            and outlived.settled > last.written
        ):
            return Reference(outlived.question.price, outlived.session, seen.volatility.vol)
        return Reference(seen.price, seen.session, seen.volatility.vol)

    def _second(self, reference: Reference, snapshot: Snapshot) -> SecondSource | None:
        name = self._fund.quality.second_file
        if name is None:
            return None
        other = feed_of(CsvFeed(file=name), self._folder)
        try:
            before, now = other.at(reference.session, 0).row, other.at(snapshot.session, 0).row
        except MarketDataError as error:
            LOG.warning("the second source of %s confirms nothing: %s", self._fund.id, error)
            return None
        if before.session != reference.session or now.session != snapshot.session:
            return None
        return SecondSource(name, before.close, now.close)

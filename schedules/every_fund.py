"""One slot of every fund of a desk, in batches: a commit serves hundreds of funds."""

import os
from dataclasses import dataclass
from functools import partial

from insure.book import Book
from insure.broker import ImmediateBroker, OutsideBroker, PaperBroker
from insure.errors import InsureError, NothingDue
from insure.feeds import PriceFeed
from insure.fund import Feed, Fund
from insure.slots import Slot
from schedules.desk import Desk
from schedules.jobs import Refused, Tick, due_slot, tick, tick_many
from schedules.notifiers import notifiers_of
from schedules.orders.pausing import market_of
from schedules.outcomes import exit_code
from schedules.people.approving import contract_to_run
from schedules.serving.service import Service
from schedules.watch.delivering import delivered


@dataclass(frozen=True, slots=True)
class Round:
    """What became of every fund."""

    ticks: tuple[Tick, ...]
    refused: tuple[tuple[str, InsureError], ...]
    """Funds whose slot could not be run at all, and why."""

    @property
    def exit_code(self) -> int:
        """The gravest of all: a breach, then missing market data, then a failure; 5 where nothing was due."""
        codes = {exit_code(done) for done in self.ticks} | {error.exit_code for _, error in self.refused}
        if not self.ticks and codes <= {NothingDue.exit_code}:
            return NothingDue.exit_code
        codes.discard(NothingDue.exit_code)
        return next((code for code in (3, 4, 1, 2) if code in codes), 0)


def rebalance_all(desk: Desk, book: Book, asked: str | None) -> Round:
    """Every fund's due slot; one fund that cannot be run does not keep the others from theirs."""
    now = desk.clock()
    together: list[tuple[Fund, Slot]] = []
    ticks: list[Tick] = []
    refused: list[tuple[str, InsureError]] = []
    feeds: dict[Feed, PriceFeed] = {}

    def feed_of(fund: Fund) -> PriceFeed:
        """One reader for all funds on the same prices."""
        if fund.feed not in feeds:
            feeds[fund.feed] = desk.feed(fund)
        return feeds[fund.feed]

    notifiers = notifiers_of(desk.terms.alerts, desk.folder, os.environ)
    service = Service(desk, book, notifiers)
    for fund_id in desk.fund_ids():
        try:
            fund = contract_to_run(desk, book, desk.fund(fund_id))
            slot = due_slot(fund, book, now, asked)
            broker = desk.broker(fund)
            if isinstance(broker, ImmediateBroker):
                together.append((fund, slot))
                continue
            if fund.stage != "replay":
                ticks.append(service.asked(fund, slot))
                continue
            ticks.append(tick(book, fund, slot, feed_of(fund), broker, slot.at, outside=desk.outside))
            if isinstance(broker, OutsideBroker):
                market = market_of(fund, partial(feed_of, fund), slot.at)
                delivered(book, broker, fund, slot.at, desk.killed, market)
        except InsureError as error:
            refused.append((fund_id, error))
    replays = [(fund, slot) for fund, slot in together if fund.stage == "replay"]
    live = [(fund, slot) for fund, slot in together if fund.stage != "replay"]
    ticking = partial(tick, outside=desk.outside)
    ended = list(tick_many(book, replays, feed_of, PaperBroker(), lambda _, slot: slot.at, ticking=ticking))
    for done in [*ended, *service.asked_together(live, feed_of)]:
        if isinstance(done, Refused):
            refused.append((done.fund_id, done.error))
        else:
            ticks.append(done)
    return Round(tuple(ticks), tuple(refused))

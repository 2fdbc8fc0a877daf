"""The standard pack on a fund as its book has it: what the stress report is made of."""

import datetime as dt
from dataclasses import dataclass, replace

from insure.arguments import one_of
from insure.book import Book, Record, agreed, trail
from insure.decision import Holdings
from insure.feeds import PriceFeed
from insure.fund import Fund
from insure.market import Lineage
from insure.stress import Position, StressResult, standard_pack, stress
from insure.stress.jumps import LEAST_RETURNS
from insure.stress.models import NAMES, Progress

WHOLE = 1_000_000
"""More rows than any history has."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What is asked of the simulation."""

    model: str | None = None
    """None: a bootstrap of the fund's own history where that is long enough, else lognormal."""
    paths: int = 100_000
    seed: int = 1
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Stressed:
    """One fund under the standard pack."""

    fund: Fund
    """The contract that its decision was made under."""
    record: Record
    result: StressResult
    history: Lineage
    anchor: tuple[int, str]
    """The last row of the chain that it depends on."""


def stressed(
    book: Book,
    fund_id: str,
    feed: PriceFeed,
    now: dt.datetime,
    session: dt.date | None = None,
    asked: Simulated | None = None,
    progress: Progress | None = None,
) -> Stressed:
    """Run the standard pack after the last decision of a fund, or after the last one of a session.

    Args:
        book: that has the fund.
        fund_id: whose.
        feed: its prices, for the history up to the decision.
        now: until when rows of the chain may count.
        session: None for the last.
        asked: of the simulation.
        progress: told what the simulation is doing.

    Raises:
        BookError: the book holds no such decision.
        InvalidInput: a model was named that is not known, or the fund holds nothing.
    """
    question = Simulated() if asked is None else asked
    if question.model is not None:
        one_of("model", question.model, NAMES)
    record = book.record(fund_id, session)
    fund = agreed.kept_contract(book, fund_id, record.decision.config_sha256).fund
    holdings, anchor = _standing(book, record, now)
    position = Position.recorded(fund, holdings, record)
    observed = feed.at(record.decision.snapshot.session, WHOLE)
    rows = [*observed.before, observed.row]
    closes, dates = [float(row.close) for row in rows], [row.session for row in rows]
    model = question.model or ("bootstrap" if len(closes) > LEAST_RETURNS else "gbm")
    pack = replace(
        standard_pack(),
        points=True,
        model=model,
        paths=question.paths,
        seed=question.seed,
        workers=question.workers,
    )
    result = stress(position, pack, closes, dates, progress)
    history = Lineage("history", observed.origin, dates[-1], observed.sha256)
    return Stressed(fund, record, result, history, anchor)


def _standing(book: Book, record: Record, now: dt.datetime) -> tuple[Holdings, tuple[int, str]]:
    """What the fund holds: after a decision of the past what that left, after the last what the book has by now."""
    own = trail.ended(book, record.fund_id, record.session, record.slot).anchor
    standing = book.standing(record.fund_id)
    if standing.last != record or standing.holdings == record.after:
        return record.after, own
    return standing.holdings, trail.last_of(book, record.fund_id, record.session, now)

"""Buying in a market too wide or too thin: paused, and said; what goes on there (sales, structures) is said too."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Literal

from insure.book import Book, Record
from insure.dates import Calendar
from insure.decision import fund_calendar
from insure.errors import MarketDataError
from insure.execution import Quote, wide_or_thin
from insure.feeds import PriceFeed
from insure.fund import Fund
from insure.orders import Order

KIND = "pause"
"""Of the statement on the chain."""
_RECENT = 500
"""Statements that are looked through: a trade has a hundred child orders at most, on a handful of venues."""
_REDUCES = "as what reduces risk does"
_WHOLE = "because a structure of stock and options begins whole or not at all"
What = Literal["paused", "resumed", "went on"]
Market = Callable[[Order], str]
"""Why one would not buy at this moment, for an order about to be sent; empty where one would."""


def ordinary(order: Order) -> str:  # noqa: ARG001 - the shape of a market
    """A market that nobody looks at."""
    return ""


def market_of(fund: Fund, feed: Callable[[], PriceFeed], now: dt.datetime) -> Market:
    """The market as the fund's feed, opened anew, shows it at the moment of sending.

    A feed that has no quote of the session shows nothing, and a limit that cannot be checked is not met.
    """
    calendar: Calendar = fund_calendar(fund)

    def look(order: Order) -> str:  # noqa: ARG001 - one instrument a fund is quoted
        if not fund.execution.watches:
            return ""
        try:
            session = calendar.current_or_previous(now)
            row = None if session is None else feed().at(session, 0).row
        except MarketDataError as error:
            return str(error)
        if row is None or row.session != session:
            return wide_or_thin(fund.execution, Quote(None, None, None))
        return wide_or_thin(fund.execution, Quote(row.bid, row.ask, row.depth))

    return look


def at_once(record: Record) -> Mapping[str, str]:
    """The statement on a decision that a broker at once carried out, or did not."""
    key = f"{record.fund_id}:{record.session}:{record.slot}:1"
    if record.paused:
        return _content(key, "paused", record.paused)
    why = _WHOLE if record.decision.option_trades else _REDUCES
    return _content(key, "went on", record.went_on, why)


def state_change(book: Book, order: Order, doubt: str, now: dt.datetime) -> str:
    """State that an order's buying is paused or resumed, or that its sale goes on; the sentence, or nothing.

    Said once for each order and change: a market that stays wide is not said again.
    """
    if not doubt and order.units < 0:
        return ""
    before = _last(book, order)
    if doubt:
        what: What = "paused" if order.units > 0 else "went on"
    elif before == "paused":
        what = "resumed"
    else:
        return ""
    if what == before:
        return ""
    return book.state(KIND, order.fund_id, now, _content(order.key, what, doubt)).sentence


def _last(book: Book, order: Order) -> str:
    recent = book.statements((KIND,), order.fund_id, last=_RECENT)
    said = [one for one in recent if one.content["order"] == order.key]
    return said[-1].content["what"] if said else ""


def _content(key: str, what: What, doubt: str, why: str = _REDUCES) -> Mapping[str, str]:
    words = {
        "paused": f"Buying is paused for {key}: {doubt}",
        "resumed": f"Buying is resumed for {key}: the market is inside its limits again.",
        "went on": f"{key} went on in a market too wide or too thin to buy in, {why}: {doubt}",
    }
    return {"order": key, "what": what, "reason": doubt, "sentence": words[what]}

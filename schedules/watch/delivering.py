"""Around the sending of a fund's orders: what was said of them becomes alerts, and when to look at them again."""

import datetime as dt

from insure.book import Book, Statement
from insure.book.alert_rows import Grade
from insure.book.alerts import Alert
from insure.broker import OutsideBroker
from insure.fund import Fund
from schedules.jobs import Tick
from schedules.orders import deficits, pausing
from schedules.orders.sending import KillFlag, Unconfirmed, deliver, no_flag

OVER = ("buying paused", "wide market", "protection deficit", "purchase outstanding")
"""Kinds of alerts that are over once a slot of the fund ends OK without raising them again."""


def delivered(
    book: Book,
    broker: OutsideBroker,
    fund: Fund,
    now: dt.datetime,
    killed: KillFlag = no_flag,
    market: pausing.Market = pausing.ordinary,
) -> tuple[list[Unconfirmed], list[Alert]]:
    """Deliver a fund's orders, and state what is left of a decision once nothing of it is under way.

    Returns:
        As ``deliver``; and the alerts about what was stated meanwhile.
    """
    before, _ = book.head()
    left = deliver(book, broker, now, fund.id, killed, market)
    deficits.state_deficit(book, fund, now)
    said = book.statements((pausing.KIND, deficits.KIND), fund.id, since=before)
    return left, [alert for one in said for alert in alerts_about(one)]


def alerts_about(said: Statement) -> list[Alert]:
    """The alert about a paused purchase, a sale that went on, or a deficit; none for buying that is resumed."""
    if said.kind == deficits.KIND:
        missing = float(said.content["units"]) > 0.0
        grade: Grade = "B" if missing else "C"  # class A takes a phase back, and with it more of the protection
        kind = "protection deficit" if missing else "purchase outstanding"
        return [Alert(said.fund_id, grade, kind, said.sentence)]
    kinds = {"paused": "buying paused", "went on": "wide market"}
    kind = kinds.get(said.content["what"], "")
    return [Alert(said.fund_id, "B", kind, said.sentence)] if kind else []


def alerts_of_slot(tick: Tick) -> list[Alert]:
    """The same, of a decision that a broker at once has carried out, or not."""
    record = tick.record
    if record is None or not (record.paused or record.went_on):
        return []
    sentence = pausing.at_once(record)["sentence"]
    return [Alert(tick.fund_id, "B", "buying paused" if record.paused else "wide market", sentence)]


def next_look(book: Book, fund_id: str, after: dt.datetime) -> dt.datetime | None:
    """When an open order of a fund is to be sent, or outlives its time, next; None where none does."""
    found = [moment for waiting in book.open_orders(fund_id)
             for moment in (waiting.order.not_before, waiting.order.good_until + _MOMENT)
             if moment is not None and moment > after]  # fmt: skip
    return min(found, default=None)


_MOMENT = dt.timedelta(microseconds=1)
"""At its time limit an order may still be sent; it is over just after."""

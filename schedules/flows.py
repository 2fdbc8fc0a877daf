"""Flows as people order them: which key they get, which sign, and what they may not be."""

import datetime as dt
import re
from decimal import Decimal

from insure.book import Book
from insure.errors import InvalidInput
from insure.flows import Flow, FlowKind
from insure.fund import Fund
from insure.money import minor_unit

KINDS: dict[str, FlowKind] = {
    "subscription": "subscription",
    "redemption": "redemption",
    "management fee": "management fee",
    "protection cost": "protection cost",
}
_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def ordered(book: Book, fund: Fund, kind: str, amount: Decimal, session: dt.date, reference: str) -> Flow:
    """A flow of ``amount`` (above zero) as the book takes it.

    Raises:
        InvalidInput: the reference has other signs, the amount is finer than the currency, or the flow would take all
            of the fund.
    """
    if not _REFERENCE.fullmatch(reference):
        raise InvalidInput(f"--reference is {reference!r}; expected up to 64 letters, digits, dots and hyphens.")
    if kind not in KINDS:
        raise InvalidInput(f"kind is {kind!r}; expected one of {', '.join(KINDS)}.")
    unit = minor_unit(fund.currency)
    if not (amount > 0 and amount.adjusted() < 15 and amount % unit == 0):
        raise InvalidInput(f"The {kind} is {amount}; {fund.currency} counts in steps of {unit}, from {unit} up.")
    money = amount if kind == "subscription" else -amount
    flow = Flow(f"{fund.id}:{session}:flow:{reference}", fund.id, session, KINDS[kind], money)
    last = book.standing(fund.id).last
    if last is not None:
        nav = last.nav
        if not nav + money > 0:
            raise InvalidInput(f"The {kind} of {amount:,.2f} takes all of {fund.id}, worth {nav:,.2f}.")
    return flow


def reversal(book: Book, fund: Fund, key: str, session: dt.date) -> Flow:
    """The flow that takes ``key`` back, at ``session``.

    Raises:
        BookError: the book holds no such flow.
    """
    flow = book.flow(key)
    return Flow(f"{key}:reversal", fund.id, session, flow.kind, -flow.money, key)

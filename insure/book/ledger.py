"""Double entry: postings whose legs sum to zero, and the balances that they add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, func, insert, select

from insure.accrual import Accrual
from insure.book.chain import canonical
from insure.book.record import sha256
from insure.book.tables import entries
from insure.decision import Holdings
from insure.decision.holdings import OPTION_PREFIX
from insure.errors import BookError
from insure.flows import Dealt
from insure.orders import Fill

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting."""

    account: str
    money: Decimal = _ZERO
    units: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Posting:
    """What moved at once, under a name that is used once.

    Raises:
        BookError: the legs do not sum to zero, in money or in units.
    """

    key: str
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        """Nothing comes from nowhere."""
        money, units = sum((leg.money for leg in self.legs), _ZERO), sum((leg.units for leg in self.legs), _ZERO)
        if not (money == 0 and units == 0):
            raise BookError(f"The posting {self.key} does not balance: {money} money and {units} units are left over.")


def subscribed(key: str, money: Decimal, shares: Decimal) -> Posting:
    """Holders' money against units of the share class; both negative for a redemption."""
    return Posting(
        key,
        (
            Leg("cash", money=money),
            Leg("capital", money=-money),
            Leg("holders", units=shares),
            Leg("issued", units=-shares),
        ),
    )


def dealt(flow: Dealt) -> Posting:
    """The posting of one flow."""
    if flow.shares:
        return subscribed(flow.key, flow.money, flow.shares)
    account = "capital" if flow.kind in {"subscription", "redemption"} else "fees"
    return Posting(flow.key, (Leg("cash", money=flow.money), Leg(account, money=-flow.money)))


def accrued(prefix: str, accrual: Accrual) -> list[Posting]:
    """Interest, dividends, distributions and the settlement of expired options, each a posting; none for nothing."""
    moved = (
        ("interest", accrual.interest, "interest"),
        ("dividends", accrual.dividends, "dividends"),
        ("distribution", -accrual.distributed, "capital"),
    )
    postings = [
        Posting(f"{prefix}:{name}", (Leg("cash", money=money), Leg(account, money=-money)))
        for name, money, account in moved
        if money
    ]
    if accrual.expired:
        gone = [Leg(option.account, units=-option.units) for option in accrual.expired]
        units = sum((option.units for option in accrual.expired), _ZERO)
        market = Leg("market", money=-accrual.settled, units=units)
        postings.append(Posting(f"{prefix}:settlement", (Leg("cash", money=accrual.settled), market, *gone)))
    return postings


def filled(fill: Fill, account: str = "equity") -> Posting:
    """Units of ``account`` against money, with the costs of the fill."""
    paid = fill.value if fill.units > 0 else -fill.value
    return Posting(
        f"fill:{fill.reference}",
        (
            Leg("cash", money=fill.cash),
            Leg(account, units=fill.units),
            Leg("market", money=paid, units=-fill.units),
            Leg("commission", money=fill.commission),
            Leg("spread", money=fill.spread),
        ),
    )


def write(connection: Connection, fund_id: str, run_id: int | None, postings: Iterable[Posting]) -> str:
    """Write postings; the hash of what was written, for the audit row that speaks of it."""
    posted = list(postings)
    rows = [
        {
            "run_id": run_id,
            "fund_id": fund_id,
            "posting": posting.key,
            "account": leg.account,
            "money": leg.money,
            "units": leg.units,
        }
        for posting in posted
        for leg in posting.legs
    ]
    if rows:
        connection.execute(insert(entries), rows)
    return digest(posted)


def digest(postings: Sequence[Posting]) -> str:
    """Hash of postings, whatever their order."""
    return sha256(
        canonical(
            sorted(
                [posting.key, leg.account, f"{leg.money:.2f}", f"{leg.units:.6f}"]
                for posting in postings
                for leg in posting.legs
            )
        )
    )


def balances(connection: Connection, fund_id: str) -> tuple[Holdings, Decimal]:
    """What the entries of a fund add up to: its holdings, and the units of the share class outstanding."""
    rows = connection.execute(
        select(entries.c.account, func.sum(entries.c.money).label("money"), func.sum(entries.c.units).label("units"))
        .where(entries.c.fund_id == fund_id, entries.c.account.in_(("cash", "equity", "holders")))
        .group_by(entries.c.account)
    )
    money, units = {"cash": _ZERO}, {"equity": _ZERO, "holders": _ZERO}
    for row in rows:
        money[row.account], units[row.account] = row.money, row.units
    return Holdings(units=units["equity"], cash=money["cash"]), units["holders"]


def option_units(connection: Connection, fund_id: str) -> dict[str, Decimal]:
    """Units of each option that the entries of a fund leave it with, by account."""
    total = func.sum(entries.c.units)
    rows = connection.execute(
        select(entries.c.account, total.label("units"))
        .where(entries.c.fund_id == fund_id, entries.c.account.startswith(OPTION_PREFIX))
        .group_by(entries.c.account)
        .having(total != _ZERO)
    )
    return {row.account: row.units for row in rows}

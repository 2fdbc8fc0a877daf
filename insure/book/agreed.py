"""What the book keeps of a fund beside its decisions: every contract that was in force, and its alerts."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import or_, select

from insure.book.alerts import Grade, HasEngine, alerts
from insure.book.engine import reading
from insure.book.tables import contracts
from insure.book.verify import contract_of
from insure.errors import BookError
from insure.fund import Fund


@dataclass(frozen=True, slots=True)
class KeptContract:
    """A contract with the moment of its first use."""

    config_sha256: str
    effective: str
    first_used: dt.datetime

    @property
    def fund(self) -> Fund:
        """The contract, read.

        Raises:
            BookError: it is none of this version.
        """
        return contract_of(self.effective)


def kept_contracts(book: HasEngine, fund_id: str) -> list[KeptContract]:
    """Every contract of a fund, in the order of first use."""
    query = select(contracts).where(contracts.c.fund_id == fund_id).order_by(contracts.c.first_used)
    with reading(book.engine, book.where) as connection:
        return [KeptContract(row.config_sha256, row.effective, row.first_used) for row in connection.execute(query)]


def kept_contract(book: HasEngine, fund_id: str, sha: str) -> KeptContract:
    """The contract of a fund whose hash begins with ``sha``.

    Raises:
        BookError: none does, or more than one.
    """
    found = [each for each in kept_contracts(book, fund_id) if sha and each.config_sha256.startswith(sha)]
    if len(found) != 1:
        how = "no contract" if not found else f"{len(found)} contracts"
        raise BookError(
            f"The book holds {how} of {fund_id} whose hash begins with {sha!r}; `insure fund diff` lists them."
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it stood when a period was over; what may have changed since then is left out."""

    number: int
    grade: Grade
    kind: str
    raised: dt.datetime
    closed: dt.datetime | None
    """None where it was open when the period was over."""
    closed_by: str
    """Who acknowledged it; empty where nobody had to."""
    sentence: str
    """Empty while it was open: the sentence of an open alert is that of its last time."""


def alerts_of(book: HasEngine, fund_id: str, first: dt.datetime, until: dt.datetime) -> list[KeptAlert]:
    """Alerts of a fund and of the whole desk that were open at any moment from ``first`` on and before ``until``."""
    query = (
        select(alerts)
        .where(
            or_(alerts.c.fund_id == fund_id, alerts.c.fund_id == ""),
            alerts.c.raised < until,
            or_(alerts.c.closed.is_(None), alerts.c.closed >= first),
        )
        .order_by(alerts.c.id)
    )
    found = []
    with reading(book.engine, book.where) as connection:
        for row in connection.execute(query):
            over = row.closed is not None and row.closed < until
            found.append(
                KeptAlert(
                    row.id,
                    row.grade,
                    row.kind,
                    row.raised,
                    row.closed if over else None,
                    (row.closed_by or "") if over else "",
                    row.sentence if over else "",
                )
            )
    return found

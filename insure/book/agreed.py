"""What the book keeps of a fund beside its decisions: every contract that was in force, and its alerts."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Row, or_, select

from insure.book.alert_rows import KIND, Grade, ToldAlert, folded
from insure.book.alerts import HasEngine, alerts
from insure.book.engine import reading
from insure.book.statements import statements
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
    """An alert as it stood when a period was over; what has come since then is left out."""

    number: int
    grade: Grade
    kind: str
    raised: dt.datetime
    closed: dt.datetime | None
    """None where it was open when the period was over."""
    closed_by: str
    """Who acknowledged it; empty where nobody had to."""
    sentence: str
    """Of its first time, and of the time that raised its grade. Empty where it was open and the chain did not tell of
    alerts yet: the table keeps the sentence of the last time."""


def alerts_of(book: HasEngine, fund_id: str, first: dt.datetime, until: dt.datetime) -> list[KeptAlert]:
    """Alerts of a fund and of the whole desk that were open at any moment from ``first`` on and before ``until``.

    They are read from the chain, as it was at ``until``; from the table only those that no row had told of by then.

    Raises:
        BookError: a row of the chain cannot be followed.
    """
    with reading(book.engine, book.where) as connection:
        said = [one for whose in (fund_id, "") for one in statements(connection, (KIND,), whose) if one.at < until]
        told, _ = folded(sorted(said, key=lambda one: one.sequence))
        rows = connection.execute(
            select(alerts)
            .where(or_(alerts.c.fund_id == fund_id, alerts.c.fund_id == ""), alerts.c.raised < until)
            .order_by(alerts.c.id)
        ).all()
    found = [_told(one) for one in told.values()]
    found += [_untold(row, until) for row in rows if row.id not in told]
    return sorted((one for one in found if one.closed is None or one.closed >= first), key=lambda one: one.number)


def _told(one: ToldAlert) -> KeptAlert:
    graver = f" It became class {one.grade}: {one.graver}" if one.graver else ""
    return KeptAlert(one.number, one.grade, one.kind, one.raised, one.closed, one.closed_by, f"{one.sentence}{graver}")


def _untold(row: Row[*tuple[object, ...]], until: dt.datetime) -> KeptAlert:
    over = row.closed is not None and row.closed < until
    closed, by, sentence = (row.closed, row.closed_by or "", row.sentence) if over else (None, "", "")
    return KeptAlert(row.id, row.grade, row.kind, row.raised, closed, by, sentence)

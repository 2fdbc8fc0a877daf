"""Under which contract a fund last decided: what a changed fund file is held against."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from insure.book.tables import audit, contracts, decisions


@dataclass(frozen=True, slots=True)
class DecidedUnder:
    """The contract of a fund's last decision."""

    config_sha256: str
    effective: str
    sequence: int
    """Of the decision's row on the chain."""


def decided_under(connection: Connection, fund_id: str) -> DecidedUnder | None:
    """The contract that a fund last decided under; None before its first decision."""
    last = connection.execute(
        select(decisions.c.run_id, decisions.c.config_sha256)
        .where(decisions.c.fund_id == fund_id)
        .order_by(decisions.c.run_id.desc())
        .limit(1)
    ).first()
    if last is None:
        return None
    sequence = connection.execute(
        select(audit.c.sequence)
        .where(audit.c.kind == "run", audit.c.fund_id == fund_id, audit.c.run_id == last.run_id)
        .order_by(audit.c.sequence.desc())
        .limit(1)
    ).scalar_one()
    effective = connection.execute(
        select(contracts.c.effective).where(
            contracts.c.fund_id == fund_id, contracts.c.config_sha256 == last.config_sha256
        )
    ).scalar_one()
    return DecidedUnder(last.config_sha256, effective, sequence)

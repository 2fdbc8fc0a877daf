"""How a fund conducted itself since an instant: its runs and decisions, for whoever judges whether it may go on."""

import datetime as dt

from sqlalchemy import Connection, func, select

from insure.book.record import Record
from insure.book.tables import contracts, decisions, runs
from insure.decision import Outcome

Ended = tuple[str, Outcome]
"""Key of a slot (``session:slot``), and how it ended."""


def began(connection: Connection, fund_id: str) -> dt.datetime | None:
    """When the first slot of a fund started that was decided under another stage than replay; None before it."""
    first: dt.datetime | None = connection.execute(
        select(func.min(runs.c.started))
        .join(decisions, decisions.c.run_id == runs.c.id)
        .join(
            contracts,
            (contracts.c.fund_id == decisions.c.fund_id) & (contracts.c.config_sha256 == decisions.c.config_sha256),
        )
        .where(runs.c.fund_id == fund_id, ~contracts.c.effective.contains('"stage":"replay"'))
    ).scalar()
    return first


def ended_since(connection: Connection, fund_id: str, since: dt.datetime) -> list[Ended]:
    """Slots of a fund that started at ``since`` or later, in the order they ran."""
    query = (
        select(runs.c.session, runs.c.slot, runs.c.outcome)
        .where(runs.c.fund_id == fund_id, runs.c.started >= since)
        .order_by(runs.c.id)
    )
    return [(f"{row.session}:{row.slot}", row.outcome) for row in connection.execute(query)]


def records_since(connection: Connection, fund_id: str, since: dt.datetime) -> list[Record]:
    """Decisions of a fund in slots that started at ``since`` or later, in order."""
    query = (
        select(decisions.c.record)
        .join(runs, runs.c.id == decisions.c.run_id)
        .where(decisions.c.fund_id == fund_id, runs.c.started >= since)
        .order_by(decisions.c.run_id)
    )
    return [Record.read(text) for text in connection.execute(query).scalars()]

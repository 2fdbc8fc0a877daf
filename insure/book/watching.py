"""What a watch over breakers reads: the newest rows of the chain, and how many slots in a row ended badly."""

import datetime as dt

from sqlalchemy import Connection, Row, select

from insure.book import chain
from insure.book.questions import questions
from insure.book.tables import audit, decisions, runs

FIRST_LOOK = 1000
"""Rows of the chain that are held against their hashes at a first look; `insure verify` reads all."""
_LONGEST_ROW = 100
"""Slots that are looked back at."""
_DOUBTED = '%"doubt":{%"buys":false%'


def chain_followed(connection: Connection, after: tuple[int, str] | None) -> tuple[int, str, dt.datetime | None]:
    """See ``chain.followed``; None begins with the newest ``FIRST_LOOK`` rows."""
    if after is not None:
        return chain.followed(connection, after)
    head, _ = chain.head(connection)
    first = max(head - FIRST_LOOK, 0)
    known = connection.execute(select(audit.c.sha256).where(audit.c.sequence == first)).scalar() if first else None
    return chain.followed(connection, (first, known or chain.GENESIS))


def failures(connection: Connection, fund_id: str, since: dt.datetime | None) -> int:
    """Slots of a fund in a row, up to its last, that FAILED; those that started up to ``since`` are not counted."""
    count = 0
    for row in _last_runs(connection, fund_id, since):
        if row.outcome != "FAILED":
            break
        count += 1
    return count


def bad_prices(connection: Connection, fund_id: str, since: dt.datetime | None) -> int:
    """Slots of a fund in a row, up to its last, whose price could not be trusted; those up to ``since`` are left out.

    Such a slot was held while a question about its price was open, or its doubt outlived the clock and the contract let
    it reduce only. A slot that ended without asking for a price is passed over.
    """
    asked = connection.execute(
        select(questions.c.asked, questions.c.settled).where(questions.c.fund_id == fund_id)
    ).all()
    count = 0
    for row in _last_runs(connection, fund_id, since):
        held = row.outcome == "HELD" and row.decided is None
        questioned = any(one.asked <= row.started and not (one.settled and one.settled < row.started) for one in asked)
        if (held and questioned) or row.doubted:
            count += 1
        elif row.decided is not None:
            break
    return count


def _last_runs(connection: Connection, fund_id: str, since: dt.datetime | None) -> list[Row[*tuple[object, ...]]]:
    query = (
        select(
            runs.c.started,
            runs.c.outcome,
            decisions.c.run_id.label("decided"),
            decisions.c.record.like(_DOUBTED).label("doubted"),
        )
        .outerjoin(decisions, decisions.c.run_id == runs.c.id)
        .where(runs.c.fund_id == fund_id)
        .order_by(runs.c.id.desc())
        .limit(_LONGEST_ROW)
    )
    if since is not None:
        query = query.where(runs.c.started > since)
    return list(connection.execute(query).all())

"""The hash chain: every audit row carries the hash of the row before it."""

import datetime as dt
import json
from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from insure.book.record import sha256
from insure.book.tables import audit
from insure.errors import ChainBroken

GENESIS = "0" * 64
"""The hash before the first row."""


def link(sequence: int, at: dt.datetime, fund_id: str | None, kind: str, content: str, previous: str) -> str:
    """Hash of one audit row: of everything in it and of the hash before it."""
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return sha256("\n".join((str(sequence), moment, fund_id or "", kind, content, previous)))


def head(connection: Connection) -> tuple[int, str]:
    """Sequence and hash of the last row; 0 and ``GENESIS`` of an empty book.

    Raises:
        ChainBroken: the last row has no number for its sequence: a damaged file gives whatever lies there.
    """
    row = connection.execute(
        select(audit.c.sequence, audit.c.sha256).order_by(audit.c.sequence.desc()).limit(1)
    ).first()
    if row is None:
        return 0, GENESIS
    if not isinstance(row.sequence, int):
        raise ChainBroken("The newest row of the chain has no number for its sequence; the book is damaged.")
    return row.sequence, row.sha256


def append(
    connection: Connection,
    at: dt.datetime,
    fund_id: str | None,
    run_id: int | None,
    kind: str,
    content: Mapping[str, str],
) -> None:
    """One more row on the chain; ``content`` is what it speaks of, as text that can be hashed."""
    sequence, previous = head(connection)
    text = canonical(content)
    connection.execute(
        insert(audit).values(
            sequence=sequence + 1,
            at=at,
            fund_id=fund_id,
            run_id=run_id,
            kind=kind,
            content=text,
            previous_sha256=previous,
            sha256=link(sequence + 1, at, fund_id, kind, text, previous),
        )
    )


def newest(connection: Connection) -> tuple[int, str]:
    """Sequence of the newest row, 0 for none, and in a sentence how it differs from its hash or from the row before.

    The sentence is empty for a row that is as it was written.
    """
    rows = connection.execute(select(audit).order_by(audit.c.sequence.desc()).limit(2)).all()
    if not rows:
        return 0, ""
    row, previous = rows[0], rows[1].sha256 if len(rows) == 2 else GENESIS
    if not isinstance(row.sequence, int):
        return 0, "The newest row of the chain has no number for its sequence; the book is damaged."
    linked = link(row.sequence, row.at, row.fund_id, row.kind, row.content, row.previous_sha256)
    if row.previous_sha256 != previous or linked != row.sha256:
        return row.sequence, f"Row {row.sequence}, the newest of the chain, is not as it was written."
    return row.sequence, ""


def followed(connection: Connection, after: tuple[int, str]) -> tuple[int, str, dt.datetime | None]:
    """Hold the rows after one that is known against their hashes: the new head, and the instant of its row.

    Args:
        connection: to read through.
        after: sequence and hash of the known row, which must still stand; (0, GENESIS) for all.

    Raises:
        ChainBroken: a row is missing, was changed, or does not follow the one before.
    """
    sequence, previous = after
    moment: dt.datetime | None = None
    if sequence and connection.execute(select(audit.c.sha256).where(audit.c.sequence == sequence)).scalar() != previous:
        raise ChainBroken(f"Row {sequence} of the chain is gone, or another one, since it was last looked at.")
    rows = connection.execute(select(audit).where(audit.c.sequence > sequence).order_by(audit.c.sequence))
    for row in rows:
        sequence += 1
        linked = link(row.sequence, row.at, row.fund_id, row.kind, row.content, row.previous_sha256)
        if row.sequence != sequence or row.previous_sha256 != previous or linked != row.sha256:
            raise ChainBroken(f"Row {sequence} of the chain ({row.kind} of {row.fund_id}) is not as it was written.")
        previous, moment = row.sha256, row.at
    return sequence, previous, moment


def canonical(content: object) -> str:
    """JSON with one spelling."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

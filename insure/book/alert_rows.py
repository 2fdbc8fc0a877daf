"""Alerts as rows of the chain: what is stated of each, and how it stood by these rows alone.

A new alert, a rise in its grade, an acknowledgement and a closing are statements of the kind ``alert``, written in the
transaction that changes the table. Repeats are counted in the table alone, which is the index of what is open.

A book that is older than these rows has alerts without them. The first statement about an alert takes them onto the
chain: a row that binds those closed by then to their hash, and a row for each that is open.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from insure.book import chain
from insure.book.record import sha256
from insure.book.statements import Statement
from insure.errors import BookError

KIND = "alert"
Grade = Literal["A", "B", "C"]
"""A: a person must act, and say so. B: a person should look. C: worth knowing."""
_GRADES: Mapping[str, Grade] = {"A": "A", "B": "B", "C": "C"}
_EARLIER = "earlier"


class KeptRow(Protocol):
    """An alert as the table holds it."""

    @property
    def id(self) -> int:
        """Number."""
        ...

    @property
    def fund_id(self) -> str:
        """Empty for the whole desk."""
        ...

    @property
    def grade(self) -> str:
        """By now."""
        ...

    @property
    def kind(self) -> str:
        """What it is about."""
        ...

    @property
    def sentence(self) -> str:
        """Of the last time."""
        ...

    @property
    def times(self) -> int:
        """How often it was raised."""
        ...

    @property
    def raised(self) -> dt.datetime:
        """The first time."""
        ...

    @property
    def closed(self) -> dt.datetime | None:
        """None while it is open."""
        ...

    @property
    def closed_by(self) -> str | None:
        """Who acknowledged it."""
        ...


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert as the chain tells it."""

    number: int
    fund_id: str
    """Empty for the whole desk."""
    grade: Grade
    kind: str
    sentence: str
    """Of the first time."""
    raised: dt.datetime
    graver: str = ""
    """Sentence of the time that raised its grade; empty where none did."""
    closed: dt.datetime | None = None
    closed_by: str = ""
    """Who acknowledged it; empty where what it speaks of was over by itself."""
    carried: bool = False
    """Whether it is older than its first row, so that its sentence is not the first one's."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was closed before alerts stood on the chain."""

    upto: int
    """Number of the last alert without rows of its own before."""
    digest: str


def raised(row: KeptRow, sentence: str, *, carried: bool = False) -> dict[str, str]:
    """What is stated of a new alert, or one whose grade rises."""
    told = {
        "number": str(row.id),
        "state": "raised",
        "grade": row.grade,
        "what": row.kind,
        "sentence": sentence,
        "by": "",
    }
    return {**told, "since": _instant(row.raised)} if carried else told


def closed(row: KeptRow, by: str) -> dict[str, str]:
    """What is stated of an alert that ``by`` acknowledged, or (empty) that is over by itself."""
    how = f"{by} acknowledged alert {row.id} ({row.kind})." if by else f"Alert {row.id} ({row.kind}) is over."
    return {
        "number": str(row.id),
        "state": "acknowledged" if by else "over",
        "grade": row.grade,
        "what": row.kind,
        "sentence": how,
        "by": by,
    }


def earlier(rows: Sequence[KeptRow]) -> dict[str, str]:
    """What is stated once of the alerts of a book that has no rows of them: all of the table, in order."""
    over = [row for row in rows if row.closed is not None]
    return {
        "number": str(rows[-1].id),
        "state": _EARLIER,
        "closed_sha256": digest(over),
        "sentence": (
            f"Alerts stand on the chain from here on; of those up to number {rows[-1].id}, raised before, {len(over)} "
            f"were closed and {len(rows) - len(over)} open."
        ),
        "by": "",
    }


def digest(rows: Iterable[KeptRow]) -> str:
    """Hash of alerts that are closed, all of each."""
    texts = [
        [str(row.id), row.fund_id, row.grade, row.kind, row.sentence, str(row.times), _instant(row.raised),
         _instant(row.closed), row.closed_by or ""]
        for row in rows
    ]  # fmt: skip
    return sha256(chain.canonical(texts))


def folded(said: Iterable[Statement]) -> tuple[dict[int, ToldAlert], Earlier | None]:
    """Every alert by its number, and what was closed before, out of statements of ``KIND`` in order.

    Raises:
        BookError: a row speaks of an alert that was never raised, or cannot be read.
    """
    found: dict[int, ToldAlert] = {}
    before: Earlier | None = None
    for one in said:
        try:
            number = int(one.content["number"])
            if one.content["state"] == _EARLIER:
                before = Earlier(number, one.content["closed_sha256"])
            elif one.content["state"] == "raised":
                found[number] = _raised(one, number, found.get(number))
            else:
                found[number] = replace(found[number], closed=one.at, closed_by=one.by)
        except (KeyError, ValueError) as error:
            raise BookError(f"Row {one.sequence} of the chain speaks of an alert that cannot be followed.") from error
    return found, before


def differences(rows: Iterable[KeptRow], told: Mapping[int, ToldAlert], before: Earlier | None) -> Iterator[str]:
    """What the table says otherwise than the chain, in words.

    Args:
        rows: all of the table, in order.
        told: as ``folded`` says.
        before: as ``folded`` says; where no row of the chain speaks of any alert, those of the table are older.
    """
    left = dict(told)
    old: list[KeptRow] = []
    for row in rows:
        known = left.pop(row.id, None)
        if known is not None:
            yield from _differs(row, known)
        elif before is not None and row.id <= before.upto:
            old.append(row)
        elif told:
            yield f"The alert {row.id} ({row.kind} of {row.fund_id or 'the desk'}) was never raised on the chain."
    for number, known in left.items():
        yield f"The alert {number} ({known.kind} of {known.fund_id or 'the desk'}) is missing."
    if before is not None and digest(old) != before.digest:
        yield f"The alerts up to {before.upto} that were closed before alerts stood on the chain are not as they were."


def _raised(one: Statement, number: int, known: ToldAlert | None) -> ToldAlert:
    grade = _GRADES[one.content["grade"]]
    if known is not None:
        return replace(known, grade=grade, graver=one.sentence)
    since = one.content.get("since", "")
    at = dt.datetime.fromisoformat(since) if since else one.at
    return ToldAlert(number, one.fund_id, grade, one.content["what"], one.sentence, at, carried=bool(since))


def _differs(row: KeptRow, known: ToldAlert) -> Iterator[str]:
    pairs: list[tuple[str, object, object]] = [
        ("fund", row.fund_id, known.fund_id),
        ("kind", row.kind, known.kind),
        ("grade", row.grade, known.grade),
        ("raised", row.raised, known.raised),
        ("closed", row.closed, known.closed),
        ("closed_by", row.closed_by or "", known.closed_by),
    ]
    if row.times == 1:  # the table keeps the sentence of the last time
        pairs.append(("sentence", row.sentence, known.sentence))
    for name, kept, said in pairs:
        if kept != said:
            yield f"The alert {row.id} has {name} {_shown(kept)}, and the chain {_shown(said)}."


def _shown(value: object) -> str:
    return "none" if value is None or value == "" else str(value)


def _instant(at: dt.datetime | None) -> str:
    return "" if at is None else at.astimezone(dt.UTC).isoformat(timespec="microseconds")

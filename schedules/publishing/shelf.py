"""The shelf: every report that stands in the folder of the reports, as the front page lists it."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from insure.controls import signatures
from insure.controls.signatures import ROLES, Signature
from reports.figures import Verdict
from reports.index import Made, SignedOff
from schedules.publishing.naming import DAY
from schedules.publishing.versions import version_of, versions

SIGNED = "compliance"
"""The kind of report that people sign."""
_Mark = Literal["good", "attention", "bad"]


def shelved(out: Path, fund_ids: Collection[str], given: Sequence[Signature]) -> list[Made]:
    """Every report of some funds and of the whole desk; files of other names are passed over.

    Args:
        out: folder of the reports.
        fund_ids: whose.
        given: every signature on the chain.
    """
    by_report: dict[str, list[Signature]] = {}
    for one in given:
        by_report.setdefault(one.report, []).append(one)
    return [
        each
        for page in _pages(out, fund_ids)
        if (each := _made(out, page, by_report.get(page.relative_to(out).as_posix(), []))) is not None
    ]


def _pages(out: Path, fund_ids: Collection[str]) -> Iterator[Path]:
    yield from (page for page in sorted(out.glob("*/*.html")) if page.parent.name in fund_ids)
    yield from sorted(out.glob("event-*.html"))


def _made(out: Path, page: Path, given: Sequence[Signature]) -> Made | None:
    name, version = version_of(page.stem)
    days = DAY.findall(name)
    if not days:
        return None
    path = page.relative_to(out)
    kind = name.partition("-")[0]
    read = _figures(page)
    head = read.get("head")
    told = head if isinstance(head, dict) else {}
    return Made(
        path=path.as_posix(),
        title=str(told.get("title") or kind.capitalize()),
        fund_id=path.parent.name,
        day=dt.date.fromisoformat(days[-1]),
        period=str(told.get("period") or " to ".join(days)),
        verdict=_verdict(read.get("verdict")),
        signed=_signed_off(page, given, wanted=told.get("stage") != "replay") if kind == SIGNED else None,
        version=version,
        superseded=version < versions(out, path.with_name(name).as_posix())[-1][0],
    )


def _figures(page: Path) -> dict[str, object]:
    try:
        read = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # the page says "figures missing" on the shelf
    return read if isinstance(read, dict) else {}


def _verdict(read: object) -> Verdict | None:
    if not isinstance(read, dict):
        return None
    for mark in get_args(_Mark):
        if read.get("mark") == mark:
            return Verdict(mark, str(read.get("word")), str(read.get("sentence")))
    return None


def _signed_off(page: Path, given: Sequence[Signature], *, wanted: bool) -> SignedOff | None:
    """The signatures under a page; None where nobody has signed, and nobody needs to: a replay moves no money."""
    if not given:
        return SignedOff((), tuple(ROLES)) if wanted else None
    standing = signatures.under(given, hashlib.sha256(page.read_bytes()).hexdigest())
    return SignedOff(
        given=tuple(f"{one.role} by {one.by}" for one in standing or given),
        missing=signatures.missing(standing),
        changed=len(standing) < len(given),
    )

"""Signatures under a compliance report: who prepared, reviewed and approved it; a fold of statements.

A signature binds to the bytes of one page. A correction is another page, so that it has to be signed anew, and a page
that was changed after it was signed is found by its hash. A signature changes nothing that a report shows: it stands on
the chain, on the front page of the desk, and wherever somebody asks.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from insure.book import Statement
from insure.controls.approvals import NO_SECOND
from insure.controls.people import distinct, normalised, spoken
from insure.errors import BookError, InvalidInput

KINDS = ("signature",)
Role = Literal["prepared", "reviewed", "approved"]
ROLES: Mapping[Role, str] = MappingProxyType(
    {"prepared": "Prepared by", "reviewed": "Reviewed by (risk)", "approved": "Approved by (compliance)"}
)
"""Every signature that a compliance report wants, as its last lines print them."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One person's name under one page."""

    sequence: int
    """Of its row on the chain."""
    at: dt.datetime
    fund_id: str
    report: str
    """File of the page, inside the folder of the reports."""
    sha256: str
    """Of the page."""
    role: Role
    by: str
    remark: str
    note: str
    """What must be said of the people: "no second person" where one signed what they had prepared."""

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return {
            "sequence": self.sequence,
            "at": self.at.isoformat(),
            "fund": self.fund_id,
            "report": self.report,
            "sha256": self.sha256,
            "role": self.role,
            "by": self.by,
            "remark": self.remark,
            "note": self.note,
        }


def signatures(said: Iterable[Statement]) -> tuple[Signature, ...]:
    """Every signature among statements of ``KINDS``, in the order of the chain.

    Raises:
        BookError: a row signs in a role that there is not, or signs nothing.
    """
    return tuple(_read(one) for one in said)


def under(given: Iterable[Signature], sha256: str) -> tuple[Signature, ...]:
    """Those that stand under the page with this hash."""
    return tuple(one for one in given if one.sha256 == sha256)


def missing(given: Iterable[Signature]) -> tuple[Role, ...]:
    """Roles in which nobody has signed yet."""
    done = {one.role for one in given}
    return tuple(role for role in ROLES if role not in done)


def content(
    report: str,
    sha256: str,
    anchor: tuple[int, str],
    role: Role,
    by: str,
    remark: str,
    given: Sequence[Signature],
    people: Sequence[str],
) -> dict[str, str]:
    """The content of a signature.

    Nobody reviews or approves what they prepared. At a desk of one person that is noted, not refused.

    Args:
        report: file of the page, inside the folder of the reports.
        sha256: of the page.
        anchor: sequence and hash of the last entry of the chain that the page depends on.
        role: in which it is signed.
        by: who; as ``people.speaker`` writes it.
        remark: optional, in words.
        given: signatures under this page already.
        people: who may sign at the desk; none listed is a desk of one.

    Raises:
        InvalidInput: the role is signed already, or the same person stands on both sides of it.
    """
    for one in given:
        if one.role == role:
            raise InvalidInput(f"{report} is signed already: {ROLES[role]} {one.by}, {one.at:%Y-%m-%d %H:%M} UTC.")
    own = {one.role for one in given if normalised(one.by) == normalised(by)}
    both = bool(own) and "prepared" in {role, *own}
    if both and len(distinct(people)) > 1:
        raise InvalidInput(
            f"{by} has signed {report} already, as {' and '.join(sorted(own))}; nobody reviews or approves what they "
            f"prepared. Someone else of {', '.join(people)} must sign as {role}."
        )
    note = NO_SECOND if both else ""
    said = spoken("remark", remark, wanted=False)
    return {
        "report": report,
        "page_sha256": sha256,
        "anchor": f"{anchor[0]}:{anchor[1]}",
        "role": role,
        "by": by,
        "remark": said,
        "note": note,
        "sentence": (
            f"{by} signed {report} as {role}{f' ({note})' if note else ''}{f': {said}' if said else '.'} "
            f"The page's SHA-256 is {sha256}."
        ),
    }


def _read(one: Statement) -> Signature:
    signed, report, sha = one.content.get("role"), one.content.get("report", ""), one.content.get("page_sha256", "")
    for role in ROLES:
        if signed == role and report and len(sha) == 64 and one.by:
            remark, note = one.content.get("remark", ""), one.content.get("note", "")
            return Signature(one.sequence, one.at, one.fund_id, report, sha, role, one.by, remark, note)
    raise BookError(f"Row {one.sequence} of the chain is no signature: role {signed!r}, report {report!r}.")

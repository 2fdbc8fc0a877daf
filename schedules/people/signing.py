"""Signatures under compliance reports: what a person signs is the page that the book makes, to the byte."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

from insure.book import Book
from insure.book.duty import on_duty
from insure.controls import signatures
from insure.controls.people import speaker
from insure.controls.signatures import Role, Signature
from insure.errors import InvalidInput
from insure.fund import Fund
from schedules.desk import Desk
from schedules.publishing.pages import publish_compliance


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it was written, and what the page still wants."""

    page: Path
    signature: Signature
    missing: tuple[Role, ...]


def sign(
    desk: Desk, book: Book, fund: Fund, period: tuple[dt.date, dt.date], role: Role, by: str, remark: str
) -> Signed:
    """Put a person's name under the compliance report on a period, as it stands in the folder of the reports.

    The report is made again first: where the book, the program or the file has changed since, nothing is signed, and
    the new version stands there to be read.

    Args:
        desk: who may sign, where reports stand, and the clock.
        book: where the signature is written.
        fund: whose report.
        period: first and last day of the report.
        role: in which it is signed.
        by: who signs.
        remark: optional, in words.

    Raises:
        InvalidInput: this person may not, the role is signed already, or the page was made only now.
    """
    name = speaker(by, desk.terms.people)
    published = publish_compliance(book, fund, desk.out, desk.clock(), *period)
    page = published.page
    if published.new:
        why = "stands there since this moment" if published.version == 1 else "has replaced the one before only now"
        raise InvalidInput(f"{page} {why}: read it, then sign. Nothing was signed.")
    report = page.relative_to(desk.out).as_posix()
    sha = hashlib.sha256(page.read_bytes()).hexdigest()
    with on_duty(book) as duty:
        given = signatures.under(signatures.signatures(duty.statements(signatures.KINDS, fund.id)), sha)
        content = signatures.content(report, sha, published.anchor, role, name, remark, given, desk.terms.people)
        written = duty.state("signature", fund.id, desk.clock(), content)
    (one,) = signatures.signatures((written,))
    return Signed(page, one, signatures.missing((*given, one)))

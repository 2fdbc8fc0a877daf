"""The front page of a desk as it stands now: each fund, and all that waits for a person."""

from collections.abc import Sequence

from insure.book import Book
from insure.book.alerts import AlertBook, RaisedAlert
from insure.book.duty import looking
from insure.book.questions import AskedQuestion
from insure.controls.approvals import Proposal
from insure.controls.kill_flag import Flag, all_standing
from insure.fund import Fund
from reports.index import Standing
from schedules.desk import Desk
from schedules.outcomes import FundStatus, fund_status
from schedules.people.approving import open_proposals
from schedules.publishing.pages import Published, publish_index

_CALLING = ("A", "B")
"""Classes of alerts that stand on the page while they are open."""


def front_page(desk: Desk, book: Book, *, paper: bool = False) -> Published:
    """Write the front page of a desk, and its PDF with ``paper``: it replaces the one before.

    Raises:
        InsureError: the book cannot be read.
    """
    now = desk.clock()
    funds, wrong = desk.readable_funds()
    alerts = [one for one in AlertBook(book).open() if one.alert.grade in _CALLING]
    with looking(book) as duty:
        proposals = open_proposals(duty, funds, desk.terms.people, now)
        questions = duty.questions()
    flags = all_standing(desk.folder)
    standings = []
    for fund in funds:
        status = fund_status(fund, book, now)
        waits = _waiting(status, _of(flags, fund.id), proposals, questions, alerts)
        standings.append(_standing(book, fund, status, waits))
    of_desk = _waiting(None, [flag for flag in flags if not flag.fund_id], [], [], alerts)
    of_desk += [str(error) for error in wrong.values()]
    return publish_index(book, desk.terms.name, standings, desk.out, of_desk, unread=tuple(wrong), paper=paper)


def _standing(book: Book, fund: Fund, status: FundStatus, waits: Sequence[str]) -> Standing:
    return Standing(
        fund=fund,
        last=book.standing(fund.id).last,
        breaker=status.breaker,
        breaker_reason=status.breaker_reason,
        phase=status.phase,
        next_due=status.next_due,
        waits=tuple(waits),
    )


def _of(flags: Sequence[Flag], fund_id: str) -> list[Flag]:
    return [flag for flag in flags if flag.fund_id == fund_id]


def _waiting(
    status: FundStatus | None,
    flags: Sequence[Flag],
    proposals: Sequence[Proposal],
    questions: Sequence[AskedQuestion],
    alerts: Sequence[RaisedAlert],
) -> list[str]:
    """What waits for a person, of one fund or (None) of the whole desk."""
    fund_id = "" if status is None else status.fund_id
    said = [f"KILLED. {flag.sentence}" for flag in flags]
    if status is not None:
        if status.breaker != "NORMAL":
            said.append(f"The breaker stands at {status.breaker}: lift it once its reason is gone (insure lift).")
        said += [each for each in (status.waits, status.deficit_said) if each]
    said += [
        f"Proposal {one.number} waits for {one.missing} more until {one.expires:%Y-%m-%d %H:%M} UTC. {one.sentence}"
        for one in proposals
        if one.fund_id == fund_id and one.missing
    ]
    said += [f"A price is in question: {one.question.sentence}" for one in questions if one.fund_id == fund_id]
    said += [
        f"Alert {one.id}, class {one.alert.grade}, {one.alert.kind}: {one.alert.sentence}"
        for one in alerts
        if one.alert.fund_id == fund_id
    ]
    return said

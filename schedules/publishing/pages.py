"""Reports out of the book into `out/`: the page and the JSON with the same figures, side by side.

A report is made of rows of the chain up to one, its anchor, and never overwritten: see ``publishing.versions``.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import insure
from insure.book import Book, Record, agreed, trail
from insure.book import anchors as kept_anchors
from insure.book.duty import looking
from insure.book.lives import order_states
from insure.book.verify import verify
from insure.compliance import LateFill, facts, owed
from insure.compliance.controls import KINDS, controls_facts, with_earnings
from insure.compliance.flows import ordered_flows
from insure.compliance.standings import KINDS as STANDING
from insure.compliance.standings import standings
from insure.controls import approvals, signatures
from insure.controls.counterfactual import Judged, cost_of
from insure.dates import release
from insure.decision import fund_calendar
from insure.errors import BookError
from insure.fund import Fund
from insure.orders import OrderState
from insure.simulation.optimise import Optimum
from reports import comparison, compliance, event, index, optimise, rebalance, stress
from reports.compliance import stress as compliance_stress
from reports.evidence import Evidence
from reports.figures import Correction
from reports.html import render
from reports.pdf import pdf
from reports.stress.assumptions import Program
from schedules.publishing.evented import evented
from schedules.publishing.naming import compliance_name, event_name, rebalance_name
from schedules.publishing.periods import bounds, reached
from schedules.publishing.shelf import shelved
from schedules.publishing.stated_packs import state_pack, stated_packs
from schedules.publishing.stress_pack import Stressed
from schedules.publishing.versions import figures_text, inside, keep, replace_file
from schedules.sources import LIBRARIES, installed

Report: TypeAlias = (
    rebalance.RebalanceReport
    | comparison.ComparisonReport
    | compliance.ComplianceReport
    | event.EventReport
    | index.IndexReport
    | optimise.OptimiseReport
    | stress.StressReport
)


@dataclass(frozen=True, slots=True)
class Published:
    """Where one report was written."""

    page: Path
    json: Path
    anchor: tuple[int, str]
    """Sequence and hash of the last entry of the chain that it depends on."""
    pdf: Path | None = None
    version: int = 1
    new: bool = True
    """Whether it was written just now; False where the same content stood there already."""

    def figures(self) -> dict[str, object]:
        """The files, as JSON."""
        return {
            "page": str(self.page),
            "figures": str(self.json),
            "pdf": None if self.pdf is None else str(self.pdf),
            "version": self.version,
            "new": self.new,
        }


def publish_rebalance(
    book: Book,
    fund: Fund,
    out: Path,
    at: dt.datetime,
    session: dt.date | None = None,
    *,
    paper: bool = False,
    reason: str = "",
) -> Published:
    """The report of one decision: the last, or the last of ``session``; ``at`` is now, for the anchor kept beside it.

    It ends with the last row on the decision or on one of its orders: a fill that comes later makes a new version.
    ``paper``: write the PDF too. ``reason``: why it is made again, for the page of a new version.

    Raises:
        BookError: the book holds no such decision.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    record = book.record(fund.id, session)
    history = _up_to(book, record)
    contract = _in_force(book, record)
    decided = trail.ended(book, fund.id, record.session, record.slot).anchor
    rows = trail.on_orders(book, fund.id, decided[0], {order.key for order in record.orders})
    anchor = rows[-1].anchor if rows else decided
    late = [fill for _, fill in trail.late_fills(book, fund.id, anchor[0])]
    report = rebalance.build(contract, record, history, decided, rows, late)
    return _publish(out, rebalance_name(contract, record), report, anchor, at, paper=paper, reason=reason, book=book)


def publish_comparison(
    book: Book,
    fund: Fund,
    out: Path,
    at: dt.datetime | None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    *,
    paper: bool = False,
    reason: str = "",
) -> Published:
    """Fund against the true put, the index and the floor over the sessions recorded from ``first`` to ``last``.

    ``at`` is now, for the anchor kept beside it; None for the book of a backtest, which is thrown away and needs none:
    the page is called so, and replaces the one before.

    Raises:
        BookError: the book holds no decision in that span.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    history = list(book.records(fund.id, last=last))
    records = [record for record in history if first is None or record.session >= first]
    if not records:
        raise BookError(
            f"The book holds no decision of {fund.id} in that span; run `insure rebalance {fund.id}` first."
        )
    opening = history[-len(records) - 1] if len(records) < len(history) else None
    own = trail.ended(book, fund.id, records[-1].session, records[-1].slot).anchor
    report = comparison.build(_in_force(book, records[-1]), records, None if at is None else own, opening)
    name = f"{fund.id}/{report.head.kind}-{records[0].session}-to-{records[-1].session}"
    return _publish(out, name, report, own, at, paper=paper, reason=reason, book=book)


def publish_compliance(
    book: Book,
    fund: Fund,
    out: Path,
    at: dt.datetime,
    first: dt.date,
    last: dt.date,
    *,
    paper: bool = False,
    reason: str = "",
    verified: Evidence | None = None,
) -> Published:
    """Facts of a period judged against the contract's limits, chained to the last row that they depend on.

    The book is verified for it, but for deciding every decision again (``insure verify`` does that); ``verified`` is
    what ``verification`` said, where many reports are made of one book. ``at`` is now: a period that is not over is
    reported so far, up to the last row of the chain that the report depends on.

    Raises:
        InvalidInput: the span is empty or has no session, the book has nothing of it yet, or the fund had no decision
            in it or before it.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    history = list(book.records(fund.id, last=last))
    runs = book.runs(fund.id, last=last)
    contracts = tuple(agreed.kept_contracts(book, fund.id))
    by_hash = {each.config_sha256: each.fund for each in contracts}
    contract = by_hash[history[-1].decision.config_sha256] if history else fund
    calendar = fund_calendar(contract)
    period = reached(book, fund.id, calendar, owed(contract, by_hash, history, runs), first, last, at)
    since, until = bounds(calendar, first, last)
    anchor = period.anchor
    late = [LateFill(row.sequence, fill) for row, fill in trail.late_fills(book, fund.id, anchor[0])]
    rows = trail.sequences(book, fund.id, dt.date.min, last)
    counted, _ = trail.last_of(book, fund.id, first - dt.timedelta(days=1), since)
    found = facts(fund.id, by_hash, history, runs, period.due, first, last, late, rows, counted, so_far=period.so_far)
    judged = _judged(book, history, by_hash, fund.id, anchor[0], first)
    controls = controls_facts(
        trail.of_kinds(book, fund.id, tuple(KINDS), since, until, anchor[0]),
        trail.newest(book, fund.id, "waiting", since),
    )
    before = [record for record in history if record.session < first]
    stood = standings(
        trail.of_kinds(book, fund.id, STANDING, None, until, anchor[0]),
        (_in_force(book, before[-1]) if before else contract, contract),
        (since, until if period.so_far is None else trail.entry(book, anchor[0]).at + dt.timedelta(microseconds=1)),
        period.so_far or last,
        f"{history[-1].session}:{history[-1].slot}" if history else "",
    )
    evidence = replace(
        verification(book, out) if verified is None else verified,
        standings=stood,
        controls=with_earnings(controls, judged),
        judged=judged,
        alerts=tuple(agreed.alerts_of(book, fund.id, since, until)),
        contracts=contracts,
        entries={key: row for key, row in rows.items() if key[0] >= first},
        stress=compliance_stress.packs_of(stated_packs(book, fund.id), first, last),
        orders=_order_states(book, [each for each in history if each.session >= first], rows, late, anchor[0]),
        flows=ordered_flows(row for row in trail.own(book, fund.id, ("flow",)) if row.sequence <= anchor[0]),
    )
    report = compliance.build(contract, found, history, anchor, evidence)
    one = book if verified is None else None  # whoever makes many of one book keeps its head once
    return _publish(out, compliance_name(fund, first, last), report, anchor, at, paper=paper, reason=reason, book=one)


def publish_event(
    book: Book,
    fund: Fund | None,
    out: Path,
    at: dt.datetime,
    entry: trail.Entry,
    desk: str,
    *,
    paper: bool = False,
    reason: str = "",
) -> Published:
    """The report on one event of a fund, or (None) of the whole desk, made of the chain up to the last row of it.

    Made again once more belongs to the event, or once it is over, it is a new version that says so.

    Raises:
        InvalidInput: nothing happened at that row that an event report is made of, or to another fund.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    found = evented(book, fund, entry)
    rows = trail.before(book, entry.fund_id, entry.sequence, event.TIME_LINE, event.REPEATED)
    report = event.build(
        found.happened,
        found.contract,
        found.history,
        rows,
        desk=desk,
        code_version=insure.__version__,
        told=found.told,
    )
    anchor = found.told.after.anchor(entry)
    return _publish(out, event_name(entry), report, anchor, at, paper=paper, reason=reason, book=book)


def publish_stress(
    book: Book, stressed: Stressed, out: Path, at: dt.datetime, *, paper: bool = False, reason: str = ""
) -> Published:
    """The report on a stress of the standard pack; ``schedules.publishing.stress_pack.stressed`` runs it.

    What compliance reports compare of it is stated on the chain, where it is not the last pack of its session already.

    Raises:
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    libraries = installed((*LIBRARIES, "numba", "scipy"))
    program = Program(insure.__version__, libraries)
    report = stress.build(
        stressed.fund,
        stressed.record,
        stressed.result,
        stressed.anchor,
        program,
        stressed.history,
    )
    name = f"{stressed.fund.id}/stress-{stressed.record.session}"
    published = _publish(out, name, report, stressed.anchor, at, paper=paper, reason=reason, book=book)
    page = published.page.relative_to(out).as_posix()
    state_pack(book, stressed, report, page, published.version, at)
    return published


def publish_optimise(book: Book, found: Optimum, record: Record, out: Path) -> Published:
    """The page of a sweep: a study of the day, which replaces the one before."""
    report = optimise.build(found, record, book.head(), insure.__version__)
    return _publish(out, f"{found.fund.id}/optimise-{record.session}", report, book.head(), None, paper=False)


def publish_index(
    book: Book,
    desk_name: str,
    standings: Sequence[index.Standing],
    out: Path,
    waiting: Sequence[str],
    *,
    unread: Sequence[str] = (),
    paper: bool = False,
) -> Published:
    """The front page of a desk: its funds, what waits for a person, and every report in ``out``.

    It shows the desk as it is now, so that it replaces the one before. ``unread``: funds whose files cannot be read;
    their reports stand all the same.
    """
    given = signatures.signatures(book.statements(signatures.KINDS))
    made = shelved(out, {*unread, *(each.fund.id for each in standings)}, given)
    head = book.head()
    report = index.build(desk_name, standings, made, waiting, head, insure.__version__)
    return _publish(out, "index", report, head, None, paper=paper)


def verification(book: Book, out: Path) -> Evidence:
    """What was found when the whole book was verified, and the versions of what made the report.

    Nothing in it grows with the book: the same report made later says the same.
    """
    found = verify(book, kept_anchors.kept(out), again=False)
    first = found.findings[0] if found.findings else None
    looked = "chain, ledger, orders, contracts and anchors were read when this report was made"
    return Evidence(
        verified=first is None,
        verification=f"{looked}; nothing is wrong" if first is None else f"{looked}; {first.part}: {first.sentence}",
        libraries=installed(LIBRARIES),
        calendar_release=release(),
    )


def _order_states(
    book: Book,
    records: Sequence[Record],
    decided: Mapping[tuple[dt.date, str], int],
    late: Sequence[LateFill],
    last: int,
) -> dict[str, OrderState]:
    """Where the orders of some decisions stand at a row of the chain."""
    keys = {order.key for record in records for order in record.orders}
    if not keys:
        return {}
    begins = min(decided[record.session, record.slot] for record in records)
    moved = trail.on_orders(book, records[0].fund_id, begins, keys, last)
    return order_states(records, decided, moved, [each.fill for each in late])


def _judged(
    book: Book, history: Sequence[Record], by_hash: Mapping[str, Fund], fund_id: str, last: int, first: dt.date
) -> tuple[Judged, ...]:
    """Overrides up to a row of the chain, and answers from a session on, judged up to the last of the decisions."""
    with looking(book) as duty:
        asked = duty.statements(approvals.KINDS, fund_id, subjects=("trade",))
    proposals = approvals.proposals([each for each in asked if each.sequence <= last])
    return cost_of(history, by_hash, proposals, answers_since=first)


def _up_to(book: Book, record: Record) -> list[Record]:
    """All decisions of a fund up to one: a session may have more of them."""
    history = list(book.records(record.fund_id, last=record.session))
    while history[-1] != record:
        history.pop()
    return history


def _in_force(book: Book, record: Record) -> Fund:
    """The contract that a decision was made under."""
    return agreed.kept_contract(book, record.fund_id, record.decision.config_sha256).fund


def _publish(
    out: Path,
    name: str,
    report: Report,
    head: tuple[int, str],
    at: dt.datetime | None,
    *,
    paper: bool,
    reason: str = "",
    book: Book | None = None,
) -> Published:
    """Write a report as a version that stands, with its anchor; without ``at`` it replaces what stands there.

    With ``book`` the head that the book has by now is kept too, where it is a later row than the report's own.
    """
    if at is None:
        page = inside(out, f"{name}.html")
        page.parent.mkdir(parents=True, exist_ok=True)
        replace_file(page.with_suffix(".json"), figures_text(report).encode())
        replace_file(page, render(report).encode())
        if paper:
            replace_file(page.with_suffix(".pdf"), pdf(page.read_text(encoding="utf-8")))
        return Published(page, page.with_suffix(".json"), head, page.with_suffix(".pdf") if paper else None)

    def making(version: int, corrects: Correction | None) -> Report:
        return replace(report, head=replace(report.head, version=version, corrects=corrects))

    standing = keep(out, name, making, reason)
    path = standing.page.relative_to(out).as_posix()
    known = kept_anchors.written(out, path.removesuffix(".html") + ".")
    written = {
        file.relative_to(out).as_posix(): kept_anchors.sha256_of(file) for file in (standing.page, standing.json)
    }
    if standing.new and book is not None:
        keep_head(book, out, at, path, head)
    if standing.new or any(known.get(file) != sha for file, sha in written.items()):
        kept_anchors.keep(out, head, path, at, written)
    if not paper:
        return Published(standing.page, standing.json, head, None, standing.version, standing.new)
    printed, file = standing.page.with_suffix(".pdf"), path.removesuffix(".html") + ".pdf"
    sha = _paper(standing.page, printed, known.get(file))
    if known.get(file) != sha:
        kept_anchors.keep(out, head, file, at, {file: sha})
    return Published(standing.page, standing.json, head, printed, standing.version, standing.new)


def keep_head(book: Book, out: Path, at: dt.datetime, report: str, printed: tuple[int, str] = (0, "")) -> None:
    """Keep the newest row of the chain as an anchor beside the one that a report prints, if it is newer than that."""
    head = book.head()
    if head[0] > printed[0]:
        kept_anchors.keep(out, head, f"{kept_anchors.FILE}, kept with {report}", at)


def _paper(page: Path, printed: Path, known: str | None) -> str:
    """Print a page that stands; its SHA-256. What stands under the name already must be that PDF.

    Args:
        page: that stands.
        printed: where the PDF is to be.
        known: SHA-256 of the PDF that was written there, by the anchors: another release of WeasyPrint draws the same
            page in other bytes, and what was printed then stays.

    Raises:
        BookError: another file has its name; it is left as it is.
    """
    stands = kept_anchors.sha256_of(printed) if printed.is_file() else None
    if stands is not None and stands == known:
        return stands
    drawn = pdf(page.read_text(encoding="utf-8"))
    sha = hashlib.sha256(drawn).hexdigest()
    if stands is None:
        replace_file(printed, drawn)
    elif stands != sha:
        raise BookError(
            f"{printed} is not the PDF of {page.name}: its SHA-256 is {stands[:12]}, and the page gives {sha[:12]}. It "
            "was left as it is; move it away, then ask again."
        )
    return sha

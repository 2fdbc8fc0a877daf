"""Reports out of the book into `out/`: the page and the JSON with the same figures, side by side.

A report is made of rows of the chain up to one, its anchor, and never overwritten: see ``publishing.versions``.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import insure
from insure.book import Book, Record, agreed, trail
from insure.book import anchors as kept_anchors
from insure.book.verify import verify
from insure.compliance import facts
from insure.compliance.controls import KINDS, controls_facts, with_earnings
from insure.controls import signatures
from insure.controls.counterfactual import cost_of
from insure.dates import release
from insure.decision import fund_calendar
from insure.errors import BookError
from insure.fund import Fund
from insure.happening import happening
from insure.simulation.optimise import Optimum
from insure.slots import slots
from reports import comparison, compliance, event, index, optimise, rebalance, stress
from reports.compliance import stress as compliance_stress
from reports.compliance.stress import KeptStress, StressPacks
from reports.evidence import Evidence
from reports.figures import Correction
from reports.html import render
from reports.pdf import pdf
from reports.stress.assumptions import Program
from schedules.publishing.naming import DAY, compliance_name, event_name, rebalance_name
from schedules.publishing.shelf import shelved
from schedules.publishing.stress_pack import Stressed
from schedules.publishing.versions import figures_text, keep, replace_file, versions
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

    ``paper``: write the PDF too. ``reason``: why it is made again, for the page of a new version.

    Raises:
        BookError: the book holds no such decision.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    record = book.record(fund.id, session)
    history = _up_to(book, record)
    contract = _in_force(book, record)
    anchor = trail.ended(book, fund.id, record.session, record.slot).anchor
    report = rebalance.build(contract, record, history, anchor)
    return _publish(out, rebalance_name(contract, record), report, anchor, at, paper=paper, reason=reason, book=book)


def publish_comparison(
    book: Book,
    fund: Fund,
    out: Path,
    at: dt.datetime | None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    kind: str = "comparison",
    *,
    paper: bool = False,
    reason: str = "",
) -> Published:
    """Fund against the true put, the index and the floor over the sessions recorded; ``kind`` names the file.

    ``at`` is now, for the anchor kept beside it; None for a book that is thrown away, which needs none, and whose page
    replaces the one before.

    Raises:
        BookError: the book holds no decision in that span.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    records = list(book.records(fund.id, first, last))
    if not records:
        raise BookError(
            f"The book holds no decision of {fund.id} in that span; run `insure rebalance {fund.id}` first."
        )
    anchor = trail.ended(book, fund.id, records[-1].session, records[-1].slot).anchor
    report = comparison.build(_in_force(book, records[-1]), records, anchor)
    name = f"{fund.id}/{kind}-{records[0].session}-to-{records[-1].session}"
    return _publish(out, name, report, anchor, at, paper=paper, reason=reason, book=book)


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
    what ``verification`` said, where many reports are made of one book.

    Raises:
        InvalidInput: the span is empty, or the fund had no decision in it or before it.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    history = list(book.records(fund.id, last=last))
    contract = _in_force(book, history[-1]) if history else fund
    calendar = fund_calendar(contract)
    begun = max(first, contract.protection.start)
    due = slots(contract.schedule.timing, calendar, begun, last) if begun <= last else []
    since, until = (dt.datetime.combine(day, dt.time(), calendar.zone) for day in (first, last + dt.timedelta(days=1)))
    anchor = trail.last_of(book, fund.id, last, until)
    fills = trail.late_fills(book, fund.id, anchor[0])
    counted, _ = trail.last_of(book, fund.id, first - dt.timedelta(days=1), since)
    late, known = [fill for _, fill in fills], [fill for row, fill in fills if row.sequence <= counted]
    found = facts(contract, history, book.runs(fund.id, first, last), due, first, last, late, known)
    contracts = tuple(agreed.kept_contracts(book, fund.id))
    controls = controls_facts(trail.of_kinds(book, fund.id, tuple(KINDS), since, until, anchor[0]))
    evidence = replace(
        verification(book, out) if verified is None else verified,
        controls=with_earnings(controls, _earned(history, contracts, first)) if controls.overrides else controls,
        alerts=tuple(agreed.alerts_of(book, fund.id, since, until)),
        contracts=contracts,
        entries=trail.sequences(book, fund.id, first, last),
        stress=_stress_packs(out, fund.id, first, last),
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
    """The report on one event of a fund, or (None) of the whole desk, made of the chain up to the event's own row.

    Raises:
        InvalidInput: nothing happened at that row that an event report is made of, or to another fund.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    history: list[Record] = []
    if fund is not None:
        history = trail.records_up_to(book, fund.id, entry.sequence, event.BEFORE)
    own = history[-1] if history and _is_of(entry, history[-1]) else None
    happened = happening(entry, own)
    contract = _in_force(book, history[-1]) if history else fund
    rows = trail.before(book, entry.fund_id, entry.sequence, event.TIME_LINE, event.REPEATED)
    report = event.build(happened, contract, history, rows, desk=desk, code_version=insure.__version__)
    return _publish(out, event_name(entry), report, entry.anchor, at, paper=paper, reason=reason, book=book)


def publish_stress(
    book: Book, stressed: Stressed, out: Path, at: dt.datetime, *, paper: bool = False, reason: str = ""
) -> Published:
    """The report on a stress of the standard pack; ``schedules.publishing.stress_pack.stressed`` runs it.

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
    return _publish(out, name, report, stressed.anchor, at, paper=paper, reason=reason, book=book)


def publish_optimise(book: Book, found: Optimum, record: Record, out: Path) -> Published:
    """The page of a sweep: a study of the day, which replaces the one before."""
    report = optimise.build(found, record, book.head(), insure.__version__)
    return _publish(out, f"{found.fund.id}/optimise-{record.session}", report, book.head(), None, paper=False)


def publish_index(
    book: Book, desk_name: str, standings: Sequence[index.Standing], out: Path, waiting: Sequence[str]
) -> Published:
    """The front page of a desk: its funds, what waits for a person, and every report in ``out``.

    It shows the desk as it is now, so that it replaces the one before.
    """
    given = signatures.signatures(book.statements(signatures.KINDS))
    made = shelved(out, {each.fund.id for each in standings}, given)
    head = book.head()
    report = index.build(desk_name, standings, made, waiting, head, insure.__version__)
    return _publish(out, "index", report, head, None, paper=False)


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


def _earned(history: Sequence[Record], contracts: Sequence[agreed.KeptContract], first: dt.date) -> dict[int, Decimal]:
    """Money that each override of a period earned against the rule, up to the last of its decisions, by its row."""
    by_hash = {each.config_sha256: each.fund for each in contracts}
    words = cost_of([record for record in history if record.session >= first], by_hash)
    return {one.row: one.earned for one in words if one.kind == "override" and one.earned is not None}


def _stress_packs(out: Path, fund_id: str, first: dt.date, last: dt.date) -> StressPacks:
    """The newest stress report of a period and the newest before it, each in its newest version."""
    days = {}
    for page in (out / fund_id).glob("stress-*.html"):
        day = DAY.fullmatch(page.stem.removeprefix("stress-"))
        if day is not None:
            days[dt.date.fromisoformat(day[0])] = versions(out, f"{fund_id}/{page.stem}")[-1][1].with_suffix(".json")
    within = [day for day in days if first <= day <= last]
    earlier = [day for day in days if day < first]
    now, before = (_kept(days[max(found)]) if found else None for found in (within, earlier))
    return StressPacks(now, before)


def _kept(path: Path) -> KeptStress:
    return compliance_stress.read(path.name, path.read_bytes() if path.is_file() else b"")


def _up_to(book: Book, record: Record) -> list[Record]:
    """All decisions of a fund up to one: a session may have more of them."""
    history = list(book.records(record.fund_id, last=record.session))
    while history[-1] != record:
        history.pop()
    return history


def _in_force(book: Book, record: Record) -> Fund:
    """The contract that a decision was made under."""
    return agreed.kept_contract(book, record.fund_id, record.decision.config_sha256).fund


def _is_of(entry: trail.Entry, record: Record) -> bool:
    content = entry.content
    return entry.kind == "run" and (record.session.isoformat(), record.slot) == (content["session"], content["slot"])


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
        page = out / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        replace_file(page.with_suffix(".json"), figures_text(report).encode())
        replace_file(page, render(report).encode())
        return Published(page, page.with_suffix(".json"), head, _paper(page, wanted=paper, again=True))

    def making(version: int, corrects: Correction | None) -> Report:
        return replace(report, head=replace(report.head, version=version, corrects=corrects))

    standing = keep(out, name, making, reason)
    printed = _paper(standing.page, wanted=paper, again=standing.new)
    if standing.new:
        path = standing.page.relative_to(out).as_posix()
        if book is not None:
            keep_head(book, out, at, path, head)
        kept_anchors.keep(out, head, path, at)
    return Published(standing.page, standing.json, head, printed, standing.version, standing.new)


def keep_head(book: Book, out: Path, at: dt.datetime, report: str, printed: tuple[int, str] = (0, "")) -> None:
    """Keep the newest row of the chain as an anchor beside the one that a report prints, if it is newer than that."""
    head = book.head()
    if head[0] > printed[0]:
        kept_anchors.keep(out, head, f"{kept_anchors.FILE}, kept with {report}", at)


def _paper(page: Path, *, wanted: bool, again: bool) -> Path | None:
    path = page.with_suffix(".pdf")
    if not wanted:
        return None
    if again or not path.exists():
        replace_file(path, pdf(page.read_text(encoding="utf-8")))
    return path

"""Every kind of page with a hostile name in every text that somebody can write: no element more, no file elsewhere.

Desk, fund, instrument, venue, references, reasons, checks, events, lineage, libraries, verdicts of other reports; and
pictures are drawn too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from insure.book.record import Record
from insure.compliance.controls import KINDS, controls_facts
from insure.fund import Fund
from insure.happening import happening
from insure.market import Lineage
from reports import comparison, compliance, event, index, optimise, rebalance
from reports.figures import Correction, Verdict
from reports.html import Report, render
from schedules.publishing.versions import keep
from tests.reports.hostile import NAMES
from tests.reports.lives import ANCHOR, CPPI, lived
from tests.reports.made import entry, evidence_of, facts_of
from tests.reports.pages import Page
from tests.reports.test_optimise import found

FEW = 6
TAME = "Tame name of some length, as others have it, ............"
KINDS_OF_PAGE = ("rebalance", "comparison", "compliance", "event", "of the desk", "index", "optimise")
EVERY = 5
"""A page with pictures takes its time: each kind sees every fifth name, and together they see all."""


def _poisoned(record: Record, words: str) -> Record:
    """The record with ``words`` wherever a text of it comes from outside."""
    decision = record.decision
    seen = decision.snapshot
    snapshot = replace(
        seen,
        lineage=(Lineage("price", words, record.session, "c5" * 32),),
        put_vol_source=words,
        volatility=replace(seen.volatility, method=words, note=words),
    )
    told = replace(
        decision,
        snapshot=snapshot,
        reason=words,
        checks=tuple(replace(check, sentence=words) for check in decision.checks),
        events=tuple(replace(each, sentence=words) for each in decision.events),
    )
    ladder = record.ladder
    return replace(
        record,
        decision=told,
        ladder=None if ladder is None else replace(ladder, rungs=tuple(replace(r, reason=words) for r in ladder.rungs)),
        fills=tuple(replace(fill, reference=words) for fill in record.fills),
        orders=tuple(replace(order, venue=words, instrument=words) for order in record.orders),
        code_version=words,
    )


def _report(kind: str, words: str) -> Report:
    fund, records = lived(CPPI)
    own = replace(fund, name=words, instrument=words)
    history = [_poisoned(record, words) for record in records[:FEW]]
    traded = max(number for number, record in enumerate(history) if record.fills)
    if kind == "rebalance":
        return rebalance.build(own, history[traded], history[: traded + 1], ANCHOR)
    if kind == "comparison":
        return comparison.build(own, history, ANCHOR)
    if kind == "optimise":
        optimum = found(CPPI)
        return optimise.build(replace(optimum, fund=replace(optimum.fund, name=words)), history[-1], ANCHOR, words)
    if kind == "index":
        fund_row = index.Standing(own, history[-1], "HALTED", words, words, None, (words,))
        made = index.Made("guarded/a.html", words, "guarded", records[0].session, words, Verdict("good", words, words),
                          index.SignedOff((words,), (words,), changed=True), 2, superseded=True)  # fmt: skip
        return index.build(words, [fund_row, index.Standing(own, None)], [made], (words,), ANCHOR, words)
    return _stated(kind, own, history, words)


def _stated(kind: str, own: Fund, history: Sequence[Record], words: str) -> Report:
    """Reports on what people and machines state beside decisions."""
    told = {"sentence": words, "by": words, "open": words}
    rows = [entry(each, told, 90 + number) for number, each in enumerate(KINDS)]
    if kind == "event":
        return event.build(happening(rows[0], None), own, history, rows, desk=words, code_version=words)
    if kind == "of the desk":
        return _of_the_desk(words)
    evidence = replace(
        evidence_of(own, history), controls=controls_facts(rows), verification=words, libraries={"numpy": words}
    )
    facts = facts_of(own, history, history[0].session, history[-1].session)
    made = compliance.build(own, facts, history, ANCHOR, evidence)
    corrects = Correction("compliance-2008-09-02.html", "c0" * 32, words)
    return replace(made, head=replace(made.head, version=2, corrects=corrects))


def _of_the_desk(words: str) -> event.EventReport:
    stated = entry("restore", {"sentence": words, "by": words, "open": words}, 99, None)
    return event.build(happening(stated, None), None, (), [stated], desk=words, code_version=words)


@lru_cache
def _tame(kind: str) -> Page:
    return Page(render(_report(kind, TAME)))


def _shares() -> Iterator[tuple[str, str]]:
    for place, kind in enumerate(KINDS_OF_PAGE):
        for number, name in enumerate(NAMES):
            if number % EVERY == place % EVERY:
                yield kind, name


@pytest.mark.parametrize("kind", KINDS_OF_PAGE)
def test_no_name_adds_an_element_or_an_attribute(kind: str) -> None:
    own = [name for each, name in _shares() if each == kind]
    assert len(own) * EVERY >= 200, f"{kind} sees {len(own)} names"
    for name in own:
        # Long cells get room of their own, and a page of long ones is the one to compare with.
        words = f"{name} {'.' * max(0, len(TAME) - len(name) - 1)}"
        html = render(_report(kind, words))
        page, tame = Page(html), _tame(kind)
        assert page.elements == tame.elements, (
            f"{name!r} changed the elements of {kind}: {page.elements - tame.elements}"
        )
        strange = {each for each in page.attributes if each not in tame.attributes}
        assert not strange, f"{name!r} brought {strange} to {kind}"
        assert 'href="javascript' not in html
        assert words in "".join(page.words) or words in html.replace("&#39;", "'"), f"{name!r} is not shown on {kind}"


def test_all_names_are_seen() -> None:
    assert {name for _, name in _shares()} == set(NAMES)
    assert len(NAMES) >= 200


def test_no_name_writes_a_file_outside_the_folder(tmp_path: Path) -> None:
    """A report is kept under its own name, whatever stands on it."""
    out = tmp_path / "out"
    for number, name in enumerate(NAMES[::10]):
        report = _of_the_desk(name)

        def making(version: int, corrects: Correction | None, report: event.EventReport = report) -> Report:
            return replace(report, head=replace(report.head, version=version, corrects=corrects))

        keep(out, f"tested/event-{number}-2008-10-28", making)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {out / "tested"}

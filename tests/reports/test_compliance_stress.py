"""The compliance report's stress sections say what the kept packs say, and believe only those that were written."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from insure.book.record import Record
from reports import compliance
from reports.compliance.stress import KeptStress, StressPacks, read, sections
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed
from reports.html import render
from reports.sections import Section, Table
from reports.stress import StressReport, sealed
from tests.reports.lives import ANCHOR, HOLD, PUT, lived
from tests.reports.made import facts_of
from tests.reports.stressed import stress_report, stressed

_FIRST, _LAST = dt.date(2008, 9, 1), dt.date(2008, 9, 30)


def _kept(report: StressReport, file: str) -> KeptStress:
    return read(file, json.dumps(report.figures(), ensure_ascii=False).encode())


def _packs() -> StressPacks:
    before = stress_report(PUT, None, 10)
    return StressPacks(_kept(stress_report(PUT), "stress-2008-09-30.json"), _kept(before, "stress-2008-09-16.json"))


def _made(packs: StressPacks | None) -> tuple[Section, Section]:
    stress, reverse = sections("guarded", _FIRST, _LAST, packs)
    return stress, reverse


def _rows(table: Table) -> dict[str, tuple[Figure, ...]]:
    return {row.label: row.cells for row in table.rows}


def test_the_pack_stands_beside_the_one_before() -> None:
    stress, _ = _made(_packs())
    glance, scenarios = (_rows(table) for table in stress.tables)
    now, before = stressed(PUT), stressed(PUT, None, 10)
    gap, then, change = glance["Largest gap survived"]
    assert now.survivable is not None
    assert before.survivable is not None
    assert (gap.value, then.value) == (now.survivable.fall, before.survivable.fall)
    assert isinstance(now.survivable.fall, float)
    assert isinstance(before.survivable.fall, float)
    assert change.value == now.survivable.fall - before.survivable.fall
    assert glance["Floor broken"][0].value == len(now.breached)
    mean, none, difference = glance["Slippage expected at the horizon"]
    assert now.model is not None
    assert mean.value == now.model.figures["slippage_mean"].value
    assert isinstance(none.value, NotComputed), "the pack before had no model"
    assert isinstance(difference.value, NotComputed)
    for each, old in zip(now.scenarios, before.scenarios, strict=True):
        low, old_low, _ = scenarios[each.journey.scenario]
        assert (low.value, old_low.value) == (each.journey.lowest_cushion, old.journey.lowest_cushion)


def test_the_hashes_of_both_packs_are_printed() -> None:
    packs = _packs()
    stress, _ = _made(packs)
    assert packs.now is not None
    assert packs.before is not None
    assert stress.figures["pack_sha256"].value == packs.now.sha256 == stress_report(PUT).sha256
    assert stress.figures["before_sha256"].value == packs.before.sha256


def test_reverse_stress_is_that_of_the_pack() -> None:
    _, reverse = _made(_packs())
    found = stressed(PUT).reverse
    assert found is not None
    assert reverse.figures["smallest_gap"].value == found.smallest_gap
    assert "smallest_gap_before" in reverse.figures
    paths, combinations = reverse.tables
    assert [row.cells[0].value for row in paths.rows] == [path.fall for path in found.paths]
    assert found.frontier is not None
    assert len(combinations.rows) == len(found.frontier.delays)


def test_a_scenario_that_newly_breaks_the_floor_is_to_be_read() -> None:
    packs = _packs()
    held = [each for each in stressed(PUT, None, 10).scenarios if each.journey.breach is None]
    now_broken = set(stressed(PUT).breached)
    newly = {each.journey.scenario for each in held} & now_broken
    stress, _ = _made(packs)
    assert stress.judgement == ("alert" if newly else "kept")
    assert _made(replace(packs, before=packs.now))[0].judgement == "kept", "nothing is new against itself"
    assert _made(replace(packs, before=None))[0].judgement == "alert", "broken floors without a pack before are read"


@pytest.mark.parametrize(
    ("packs", "expected"),
    [
        (None, "not computed: the folder of the reports was not looked at."),
        (
            StressPacks(),
            "not computed: no stress pack was run in the period; `insure report stress guarded` runs one.",
        ),
    ],
    ids=["not looked", "none"],
)
def test_where_there_is_none_it_says_what_to_do(packs: StressPacks | None, expected: str) -> None:
    for section in _made(packs):
        assert (section.sentence, section.judgement) == (expected, None)


def test_a_day_has_no_stress_section() -> None:
    assert sections("guarded", _FIRST, _FIRST, _packs()) == ()


def _changed(content: bytes) -> bytes:
    figures = json.loads(content)
    figures["glance"]["gap"]["value"] = 0.5
    return json.dumps(figures).encode()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_changed, "its figures are not those that its hash was made of"),
        (lambda content: content[: len(content) // 2], "it cannot be read"),
        (lambda _: b"[]", "it is no report"),
        (lambda _: b"", "it cannot be read"),
        (lambda _: b"\xff\xfe", "it cannot be read"),
    ],
    ids=["changed", "cut", "list", "empty", "bytes"],
)
def test_a_file_that_was_touched_is_not_believed(spoil: Callable[[bytes], bytes], expected: str) -> None:
    content = json.dumps(stress_report(PUT).figures(), ensure_ascii=False).encode()
    spoiled = read("stress-2008-09-30.json", spoil(content))
    assert expected in spoiled.broken
    stress, reverse = _made(StressPacks(spoiled))
    assert stress.judgement == reverse.judgement == "breached"
    assert expected in stress.sentence
    whole = _made(StressPacks(_packs().now, spoiled))[0]
    assert whole.judgement == "alert"
    assert isinstance(_rows(whole.tables[0])["Floor today"][1].value, NotComputed)


def test_a_pack_of_another_version_of_the_program_says_so() -> None:
    figures = stress_report(PUT).figures()
    del figures["parts"]
    figures["sha256"] = sealed(figures)
    stress, _ = _made(StressPacks(read("stress-2008-09-30.json", json.dumps(figures).encode())))
    assert "it was made by another version of the program" in stress.sentence


def test_a_fund_without_floor_breaks_none() -> None:
    stress, _ = _made(StressPacks(_kept(stress_report(HOLD), "stress-2008-09-30.json")))
    assert stress.sentence.startswith("The floor breaks in 0 of 7 scenarios")


def test_the_compliance_report_has_both_sections() -> None:
    fund, records = lived(PUT)
    history: list[Record] = [record for record in records if record.session <= _LAST]
    facts = facts_of(fund, history, records[0].session, _LAST)
    report = compliance.build(fund, facts, history, ANCHOR, Evidence(stress=_packs()))
    keys = [section.key for section in report.sections]
    assert keys.count("stress") == keys.count("reverse") == 1
    html = render(report)
    assert "Stress pack against the one before" in html
    assert "stress-2008-09-16.json" in html

"""The compliance report's stress sections say what the chain says of the packs, and of nothing else."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from insure.book.record import Record
from insure.errors import InvalidInput
from reports import compliance, filters
from reports.compliance.stress import StatedPack, StressPacks, packs_of, sections, stated
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed
from reports.html import render
from reports.sections import Section, Table
from reports.stress.headline import COMPARED, SIMULATED
from tests.reports.lives import ANCHOR, HOLD, PUT, lived
from tests.reports.made import facts_of
from tests.reports.stressed import PATHS, stated_pack, stress_report, stressed

_FIRST, _LAST = dt.date(2008, 9, 1), dt.date(2008, 9, 30)


def _packs() -> StressPacks:
    before = stated_pack(stress_report(PUT, None, 10), stressed(PUT, None, 10), dt.date(2008, 8, 29), 40)
    return StressPacks(stated_pack(stress_report(PUT), stressed(PUT)), before)


def _made(packs: StressPacks | None) -> tuple[Section, Section]:
    stress, reverse = sections("guarded", _FIRST, _LAST, packs)
    return stress, reverse


def _rows(table: Table) -> dict[str, tuple[Figure, ...]]:
    return {row.label: row.cells for row in table.rows}


def test_the_pack_stands_beside_the_one_before() -> None:
    stress, _ = _made(_packs())
    glance, simulated, scenarios = (_rows(table) for table in stress.tables)
    now, before = stressed(PUT), stressed(PUT, None, 10)
    gap, then, change = glance["Largest gap survived"]
    assert now.survivable is not None
    assert before.survivable is not None
    assert (gap.value, then.value) == (now.survivable.fall, before.survivable.fall)
    assert isinstance(now.survivable.fall, float)
    assert isinstance(before.survivable.fall, float)
    assert change.value == now.survivable.fall - before.survivable.fall
    assert glance["Floor broken"][0].value == len(now.breached)
    assert simulated["Slippage expected at the horizon"][2].value == NotComputed("no model was asked for")
    for each, old in zip(now.scenarios, before.scenarios, strict=True):
        low, old_low, _ = scenarios[each.journey.title]
        assert (low.value, old_low.value) == (each.journey.lowest_cushion, old.journey.lowest_cushion)


def test_every_simulated_figure_carries_its_error_and_the_table_paths_and_seed() -> None:
    stress, _ = _made(_packs())
    study = stressed(PUT).model
    assert study is not None
    table = stress.tables[1]
    assert f"{PATHS} paths of the model gbm, seed 7" in table.caption
    assert "before, nothing was simulated" in table.caption
    for row, (key, name) in zip(table.rows, SIMULATED.items(), strict=True):
        assert row.cells[0].value == stress_report(PUT).glance[key].value == study.figures[name].value
        assert row.cells[1].value == study.figures[name].standard_error, f"{row.label} has another error"
    assert table.columns.count("Standard error") == 2, "the pack before has errors of its own"
    assert not {row.label for row in table.rows} & {row.label for row in stress.tables[0].rows}, "a figure stands twice"


def test_without_a_pack_before_it_is_said_once() -> None:
    stress, reverse = _made(replace(_packs(), before=None))
    assert stress.title == "Stress pack"
    assert stress.sentence.endswith("scenarios. No pack was run before the period.")
    assert [table.columns for table in stress.tables] == [
        ("In the period",),
        ("In the period", "Standard error"),
        ("In the period", "Floor"),
    ]
    words = render(_report(replace(_packs(), before=None)))
    assert words.count("before the period") - words.count("no decision or floor before") <= 4, (
        "it is said again and again"
    )
    assert not any(
        isinstance(cell.value, NotComputed) for table in stress.tables for row in table.rows for cell in row.cells
    )
    assert not [key for key in reverse.figures if key.endswith("_before")]


def test_scenarios_have_their_titles() -> None:
    stress, _ = _made(_packs())
    labels = {row.label for row in stress.tables[2].rows}
    assert labels == {each.journey.title for each in stressed(PUT).scenarios}
    assert not labels & {each.journey.scenario for each in stressed(PUT).scenarios}, "a code stands for a scenario"


def test_the_hashes_and_entries_of_both_packs_are_printed() -> None:
    packs = _packs()
    stress, _ = _made(packs)
    assert packs.now is not None
    assert packs.before is not None
    assert stress.figures["pack_sha256"].value == packs.now.sha256 == stress_report(PUT).sha256
    assert stress.figures["before_sha256"].value == packs.before.sha256
    assert stress.figures["pack_sha256"].source == "entry 88 of the chain"
    assert stress.figures["before_sha256"].source == "entry 40 of the chain"


def test_reverse_stress_is_that_of_the_pack() -> None:
    _, reverse = _made(_packs())
    found = stressed(PUT).reverse
    assert found is not None
    assert reverse.figures["smallest_gap"].value == found.smallest_gap
    assert "smallest_gap_before" in reverse.figures
    assert [row.cells[0].value for row in reverse.tables[0].rows] == [path.fall for path in found.paths]
    part = next(part for part in stress_report(PUT).parts if part.key == "reverse")
    assert (reverse.sentence, reverse.paragraphs) == (part.sentence, part.missing)


def test_a_scenario_that_newly_breaks_the_floor_is_to_be_read() -> None:
    packs = _packs()
    held = [each for each in stressed(PUT, None, 10).scenarios if each.journey.breach is None]
    newly = {each.journey.scenario for each in held} & set(stressed(PUT).breached)
    stress, _ = _made(packs)
    assert stress.judgement == ("alert" if newly else "kept")
    assert _made(replace(packs, before=packs.now))[0].judgement == "kept", "nothing is new against itself"
    assert _made(replace(packs, before=None))[0].judgement == "alert", "broken floors without a pack before are read"


@pytest.mark.parametrize(
    ("packs", "expected"),
    [
        (None, "not computed: the chain was not asked for stress packs."),
        (
            StressPacks(),
            "not computed: no stress pack was run in the period; `insure report stress guarded` runs one.",
        ),
    ],
    ids=["not asked", "none"],
)
def test_where_there_is_none_it_is_one_sentence_that_says_what_to_do(packs: StressPacks | None, expected: str) -> None:
    (section,) = sections("guarded", _FIRST, _LAST, packs)
    assert section == Section("stress", "Stress", None, expected)


def test_a_day_has_no_stress_section() -> None:
    assert sections("guarded", _FIRST, _FIRST, _packs()) == ()


def test_of_the_newest_session_the_last_stated_counts() -> None:
    report, result = stress_report(PUT), stressed(PUT)

    def pack(day: int, month: int, entry: int) -> StatedPack:
        return stated_pack(report, result, dt.date(2008, month, day), entry)

    early, mid, again, late, old = pack(3, 9, 50), pack(25, 9, 51), pack(25, 9, 60), pack(2, 10, 52), pack(29, 8, 70)
    assert packs_of([early, mid, again, late, old], _FIRST, _LAST) == StressPacks(again, old)
    assert packs_of([late], _FIRST, _LAST) == StressPacks(None, None), "a pack of a later month"
    assert packs_of([old], _FIRST, _LAST) == StressPacks(None, old)


def test_a_row_that_is_no_pack_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Row 9 of the chain speaks of no stress report"):
        stated(9, {"sentence": "Anything."})


@pytest.mark.parametrize("figures", ["", "[]", "{}", '{"form":2}', '{"form":1}', '{"form":1,"simulated":3}'])
def test_a_pack_of_another_version_of_the_program_says_so(figures: str) -> None:
    pack = replace(stated_pack(stress_report(PUT), stressed(PUT)), figures=figures)
    (section,) = sections("guarded", _FIRST, _LAST, StressPacks(pack))
    assert "was stated by another version of the program" in section.sentence


def test_every_field_of_the_line_is_needed() -> None:
    """Whatever is taken out of the line, the section says so rather than showing a hole."""
    pack = stated_pack(stress_report(PUT), stressed(PUT))
    for key in ("form", "made", "glance", "simulated", "scenarios", "reverse"):
        told = json.loads(pack.figures)
        del told[key]
        (section,) = sections("guarded", _FIRST, _LAST, StressPacks(replace(pack, figures=json.dumps(told))))
        assert "another version" in section.sentence, key
    for key in COMPARED:
        told = json.loads(pack.figures)
        del told["glance"][key]
        (section,) = sections("guarded", _FIRST, _LAST, StressPacks(replace(pack, figures=json.dumps(told))))
        assert "another version" in section.sentence, key


def test_a_fund_without_floor_breaks_none() -> None:
    stress, _ = _made(StressPacks(stated_pack(stress_report(HOLD), stressed(HOLD))))
    assert stress.sentence.startswith("The floor breaks in 0 of 7 scenarios")


def test_the_compliance_report_has_both_sections() -> None:
    report = _report(_packs())
    keys = [section.key for section in report.sections]
    assert keys.count("stress") == keys.count("reverse") == 1
    html = render(report)
    assert "Stress pack against the one before" in html
    assert "stress-2008-08-29.html" in html
    assert filters.number(PATHS, 0) in html


def _report(packs: StressPacks) -> compliance.ComplianceReport:
    fund, records = lived(PUT)
    history: list[Record] = [record for record in records if record.session <= _LAST]
    facts = facts_of(fund, history, records[0].session, _LAST)
    return compliance.build(fund, facts, history, ANCHOR, Evidence(stress=packs))

"""Golden pages: what a reader gets, word for word. Changed on purpose? `pytest tests/golden --snapshot-update`."""

import math
import re

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.types import SerializedData

from reports import comparison, rebalance
from reports.html import render
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, VERSION, lived
from tests.reports.made import compliance_report, event_report, index_report, missed_report, stated_report
from tests.reports.stressed import stress_report

_NUMBER = re.compile(r"(?<= value=\")-?\d+\.\d+(?:e[-+]?\d+)?(?=\")")
_RELATIVE, _ABSOLUTE = 1e-6, 1e-6
"""Between machines. Root finders stop within 1e-8 of what they look for; what is left above a floor of 1e8 is zero to
1e-7; two machines with other vector units differed by 3.3e-8 in a largest gap and by 3e-8 of a cent."""


class _Pages(SingleFileSnapshotExtension):
    """One text file a page: the same words, and the same numbers but for what is the machine's."""

    _write_mode = WriteMode.TEXT
    file_extension = "html"

    def matches(self, *, serialized_data: SerializedData, snapshot_data: SerializedData) -> bool:
        new, old = str(serialized_data), str(snapshot_data)
        if _NUMBER.sub("", new) != _NUMBER.sub("", old):
            return False
        pairs = zip(_NUMBER.findall(new), _NUMBER.findall(old), strict=True)
        return all(math.isclose(float(a), float(b), rel_tol=_RELATIVE, abs_tol=_ABSOLUTE) for a, b in pairs)


def _scrubbed(html: str) -> str:
    """The page without what other versions of programs and machines may write otherwise.

    Pictures are bytes of one matplotlib; hashes cover the program's own version.
    """
    html = re.sub(r"<svg class=\"chart.*?</svg>", '<svg class="chart"/>', html, flags=re.DOTALL)
    html = re.sub(r"<style>.*?</style>", "<style/>", html, flags=re.DOTALL)
    html = re.sub(r"\b[0-9a-f]{64}\b", "(SHA-256)", html).replace(VERSION, "(version)")
    return re.sub(r"value=\"(-?\d+\.\d+(?:e-?\d+)?)\"", lambda found: f'value="{float(found[1]):.9g}"', html)


_MOMENTS = {
    "first": (PUT, 0),
    "quiet": (PUT, 20),
    "crash": (PUT, 40),
    "locked": (PUT, 50),
    "cppi": (CPPI, 40),
    "hold": (HOLD, 40),
}
_STRATEGIES = {"put": PUT, "cppi": CPPI, "hold": HOLD}


@pytest.mark.parametrize("name", _MOMENTS)
def test_rebalance_page(name: str, snapshot: SnapshotAssertion) -> None:
    strategy, moment = _MOMENTS[name]
    fund, records = lived(strategy)
    past = records[: moment + 1]
    page = _scrubbed(render(rebalance.build(fund, past[-1], past, ANCHOR)))
    assert page == snapshot(extension_class=_Pages)


@pytest.mark.parametrize("name", _STRATEGIES)
def test_comparison_page(name: str, snapshot: SnapshotAssertion) -> None:
    fund, records = lived(_STRATEGIES[name])
    page = _scrubbed(render(comparison.build(fund, records, ANCHOR)))
    assert page == snapshot(extension_class=_Pages)


@pytest.mark.parametrize("name", _STRATEGIES)
def test_compliance_page(name: str, snapshot: SnapshotAssertion) -> None:
    _, records = lived(_STRATEGIES[name])
    first, last = records[21].session, records[62].session
    page = _scrubbed(render(compliance_report(_STRATEGIES[name], first, last)))
    assert page == snapshot(extension_class=_Pages)


def test_event_page(snapshot: SnapshotAssertion) -> None:
    assert _scrubbed(render(event_report(PUT))) == snapshot(extension_class=_Pages)


@pytest.mark.parametrize("name", ["put", "hold"])
def test_stress_page(name: str, snapshot: SnapshotAssertion) -> None:
    page = _scrubbed(render(stress_report(_STRATEGIES[name])))
    assert page == snapshot(extension_class=_Pages)


@pytest.mark.parametrize("kind", ["kill", "restore"])
def test_stated_event_page(kind: str, snapshot: SnapshotAssertion) -> None:
    assert _scrubbed(render(stated_report(kind))) == snapshot(extension_class=_Pages)


def test_event_page_before_the_first_decision(snapshot: SnapshotAssertion) -> None:
    assert _scrubbed(render(missed_report())) == snapshot(extension_class=_Pages)


def test_index_page(snapshot: SnapshotAssertion) -> None:
    assert _scrubbed(render(index_report())) == snapshot(extension_class=_Pages)

"""Decisions of edition 1, kept as version 0.1.0 first wrote them: whatever the rules are now, they come out again.

``decisions_of_before.jsonl`` was written by the code before ``Circumstances`` had an edition, one decision a line with
the contract that it was made under: passed and refused ones at every limit whose rule has changed since.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import ConfigDict, TypeAdapter

from insure.book.verify import contract_of, replayed
from insure.decision import Decision
from insure.decision.circumstances import EDITION


@dataclass(frozen=True)
class Kept:
    """One line of the file."""

    __pydantic_config__ = ConfigDict(ser_json_inf_nan="strings")
    name: str
    effective: str
    decision: Decision


_FILE = Path(__file__).with_name("decisions_of_before.jsonl")
_KEPT = [TypeAdapter(Kept).validate_json(line) for line in _FILE.read_text().splitlines()]


@pytest.mark.parametrize("kept", _KEPT, ids=[one.name for one in _KEPT])
def test_a_decision_of_before_is_made_again_bit_for_bit(kept: Kept) -> None:
    assert replayed(contract_of(kept.effective), kept.decision) is None


def test_the_rules_have_changed_since() -> None:
    """Else the test above proves nothing: the same circumstances under the rules of now lead elsewhere."""
    other = []
    for kept in _KEPT:
        decision = kept.decision
        assert decision.circumstances is not None
        assert decision.circumstances.edition == 1, f"{kept.name} is no decision of before"
        now = replace(decision, circumstances=replace(decision.circumstances, edition=EDITION))
        if replayed(contract_of(kept.effective), now) is not None:
            other.append(kept.name)
    assert "sale towards the highest weight" in other, f"only {other} are decided otherwise now"

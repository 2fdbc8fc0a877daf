"""Two contracts, and every key in which they differ."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.contract_diff import Change, changes
from insure.errors import InvalidInput
from tests.book.market import a_fund

TEXT = st.text(max_size=8)
VALUE = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT, st.lists(st.integers()))
CONTRACT = st.dictionaries(TEXT, st.one_of(VALUE, st.dictionaries(TEXT, VALUE, max_size=4)), max_size=5)


def test_a_changed_key_is_named_with_its_section_and_both_values() -> None:
    fund = a_fund()
    other = replace(fund, name="Other", limits=replace(fund.limits, highest_weight=0.5))
    assert changes(fund.effective(), other.effective()) == (
        Change("fund", "name", "Guarded fund guarded", "Other"),
        Change("limits", "highest_weight", "1.0", "0.5"),
    )


def test_another_strategy_shows_what_came_and_what_went() -> None:
    found = changes(a_fund().effective(), a_fund(kind='cppi"\nmultiplier = 4.0\nfloor_rule = "fixed').effective())
    by_key = {change.key: change for change in found}
    assert {change.section for change in found} == {"strategy"}
    assert by_key["multiplier"].sentence == "strategy.multiplier is new: 4.0."
    assert by_key["tracking"].sentence == "strategy.tracking is gone; it was weight."
    assert by_key["kind"].sentence == "strategy.kind goes from synthetic_put to cppi."


@given(CONTRACT, CONTRACT)
def test_changes_are_exactly_the_keys_that_differ(before: dict[str, object], after: dict[str, object]) -> None:
    found = changes(json.dumps(before), json.dumps(after))
    back = changes(json.dumps(after), json.dumps(before))
    assert [(one.section, one.key, one.old, one.new) for one in found] == [
        (one.section, one.key, one.new, one.old) for one in back
    ], "seen from the other side, old and new change places and nothing else"
    assert all(change.old != change.new for change in found)
    assert changes(json.dumps(before), json.dumps(before)) == ()


@given(CONTRACT, TEXT, VALUE)
def test_one_more_key_is_one_change(contract: dict[str, object], key: str, value: object) -> None:
    section = {"limits": {}} | contract
    table = section["limits"]
    before = {**section, "limits": {**(table if isinstance(table, dict) else {}), key: "before"}}
    after = {**section, "limits": {**(table if isinstance(table, dict) else {}), key: [value]}}
    assert [(one.section, one.key) for one in changes(json.dumps(before), json.dumps(after))] == [("limits", key)]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="before is no effective contract"):
        changes(text, "{}")
    with pytest.raises(InvalidInput, match="after is no effective contract"):
        changes("{}", text)

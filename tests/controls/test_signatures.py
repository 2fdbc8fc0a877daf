"""Signatures: who may sign in which role, under which bytes, and what is left; whatever order people come in."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.controls import signatures
from insure.controls.signatures import ROLES, Role, Signature
from insure.errors import BookError, InvalidInput
from tests.controls.said import Told

PAGE, OTHER = "a" * 64, "b" * 64
ANCHOR = (12, "5e" * 32)


def signed(told: Told, role: Role, by: str, people: tuple[str, ...] = (), sha: str = PAGE) -> Signature:
    before = signatures.under(signatures.signatures(told.of("signature")), sha)
    content = signatures.content("tested/compliance-2026-11-02.html", sha, ANCHOR, role, by, "", before, people)
    (one,) = signatures.signatures([told.state("signature", content)])
    return one


def test_three_people_sign_and_nothing_is_left() -> None:
    told, people = Told(), ("Ada", "Ben", "Cleo")
    for left, (role, by) in zip(
        (2, 1, 0), (("prepared", "Ada"), ("approved", "Ben"), ("reviewed", "Cleo")), strict=True
    ):
        signed(told, role, by, people)  # type: ignore[arg-type]
        assert len(signatures.missing(signatures.signatures(told.said))) == left
    sentence = told.said[0].sentence
    assert "Ada signed tested/compliance-2026-11-02.html as prepared" in sentence
    assert PAGE in sentence


def test_a_role_is_signed_once_and_the_refusal_says_by_whom() -> None:
    told = Told()
    signed(told, "prepared", "Ada")
    with pytest.raises(InvalidInput, match=r"is signed already: Prepared by Ada, 2026-11-02"):
        signed(told, "prepared", "Ben")


@pytest.mark.parametrize(
    ("first", "then"), [("prepared", "approved"), ("approved", "prepared"), ("prepared", "reviewed")]
)
def test_nobody_stands_on_both_sides_however_the_name_is_typed(first: Role, then: Role) -> None:
    told = Told()
    signed(told, first, "Ada", ("Ada", "Ben"))
    with pytest.raises(InvalidInput, match="nobody reviews or approves what they prepared"):
        signed(told, then, " ADA", ("Ada", "Ben"))
    assert signed(told, then, "Ben", ("Ada", "Ben")).note == ""


@pytest.mark.parametrize("people", [(), ("Ada",)])
def test_a_desk_of_one_person_signs_all_and_it_is_noted(people: tuple[str, ...]) -> None:
    told = Told()
    assert signed(told, "prepared", "Ada", people).note == ""
    assert signed(told, "approved", "Ada", people).note == "no second person"


def test_a_signature_binds_to_the_bytes_of_one_page() -> None:
    told = Told()
    signed(told, "prepared", "Ada", ("Ada", "Ben"))
    signed(told, "prepared", "Ben", ("Ada", "Ben"), sha=OTHER)
    found = signatures.signatures(told.said)
    assert [one.by for one in signatures.under(found, PAGE)] == ["Ada"]
    assert signatures.missing(signatures.under(found, "c" * 64)) == tuple(ROLES)


@given(st.lists(st.tuples(st.sampled_from(sorted(ROLES)), st.sampled_from(["Ada", "ada ", "Ben", "Cleo"])), max_size=8))
def test_whoever_comes_in_whatever_order_nobody_checks_their_own_work(wanted: list[tuple[Role, str]]) -> None:
    told, people = Told(), ("Ada", "Ben", "Cleo")
    for role, by in wanted:
        with suppress(InvalidInput):
            signed(told, role, by, people)
    found = signatures.signatures(told.said)
    assert len({one.role for one in found}) == len(found), "a role has one signature"
    makers = {one.by.strip().casefold() for one in found if one.role == "prepared"}
    checkers = {one.by.strip().casefold() for one in found if one.role != "prepared"}
    assert not makers & checkers, f"{makers & checkers} prepared and checked: {found}"


@pytest.mark.parametrize("broken", [{"role": "boss"}, {"report": ""}, {"page_sha256": "12"}, {"by": ""}])
def test_a_row_that_signs_nothing_is_refused_and_named(broken: dict[str, str]) -> None:
    told = Told()
    signed(told, "prepared", "Ada")
    told.state("signature", {**told.said[0].content, **broken})
    with pytest.raises(BookError, match="Row 2 of the chain is no signature"):
        signatures.signatures(told.said)

"""Breaks: opened, given away, explained, changed and cured; nothing else ends one."""

import datetime as dt
from decimal import Decimal

import pytest

from insure.controls import breaks
from insure.controls.breaks import standing, unexplained
from insure.dates import calendar
from insure.errors import BookError, InvalidInput
from tests.controls.said import Told

MONDAY = dt.date(2026, 11, 16)


def _opened(told: Told, subject: str = "index unit") -> int:
    content = breaks.opening("units", subject, Decimal(100), Decimal(90), MONDAY, f"{subject}: 90 reported.")
    return told.state("break", content).sequence


def test_a_break_lives_from_its_row_to_its_cure() -> None:
    told = Told()
    number = _opened(told)
    (one,) = standing(told.said)
    assert (one.id, one.difference, one.owner, one.explained) == (number, Decimal(-10), "", False)
    assert one.age(calendar("XNYS"), dt.date(2026, 11, 20)) == 4
    told.state("break", breaks.owned(told.said, number, "  ada  lovelace ", ("Ada Lovelace",)))
    told.state("break", breaks.explaining(told.said, number, "A split that the custodian has not booked.", "Ben"))
    (one,) = standing(told.said)
    assert (one.owner, one.explained_by, one.explained) == ("Ada Lovelace", "Ben", True)
    assert unexplained(told.said) == ()
    told.state("break", breaks.curing(one, dt.date(2026, 11, 20), "90 reported, 90 booked."))
    assert standing(told.said) == ()
    assert told.said[-1].sentence == (
        f"Break {number} (units, index unit) is cured on 2026-11-20: 90 reported, 90 booked."
    )


def test_an_explanation_covers_the_difference_that_it_was_given_for() -> None:
    told = Told()
    number = _opened(told)
    told.state("break", breaks.owned(told.said, number, "Ada"))
    told.state("break", breaks.explaining(told.said, number, "Ten are on loan.", "Ada"))
    (one,) = standing(told.said)
    assert breaks.changing(one, Decimal(200), Decimal(190), MONDAY, "the same ten") is None
    changed = breaks.changing(one, Decimal(200), Decimal(180), dt.date(2026, 11, 17), "twenty now.")
    assert changed is not None
    assert changed["sentence"] == f"Break {number}: twenty now. It was -10, explained."
    told.state("break", changed)
    (one,) = unexplained(told.said)
    assert (one.id, one.difference, one.owner) == (number, Decimal(-20), "Ada"), "it is the same break, open anew"
    assert one.session == MONDAY, "its age goes on"


def test_only_an_open_break_is_given_away_or_explained() -> None:
    told = Told()
    first, second = _opened(told), _opened(told, "put 90 2027-01-04")
    told.state("break", breaks.curing(standing(told.said)[0], MONDAY, "agrees."))
    with pytest.raises(InvalidInput, match=f"--break is {first}; breaks that are open: {second}"):
        breaks.owned(told.said, first, "Ada")
    with pytest.raises(InvalidInput, match="breaks that are open: none"):
        breaks.explaining([], 1, "because", "Ada")


@pytest.mark.parametrize(
    ("text", "by"), [("", "Ada"), ("  ", "Ada"), ("because", ""), ("be\ncause", "Ada"), ("x" * 600, "Ada")]
)
def test_an_explanation_has_words_and_a_name(text: str, by: str) -> None:
    told = Told()
    number = _opened(told)
    with pytest.raises(InvalidInput, match=r"by is|--explain"):
        breaks.explaining(told.said, number, text, by)
    with pytest.raises(InvalidInput, match=r"desk\.toml lists Ada and nobody else"):
        breaks.explaining(told.said, number, "because", "Mallory", ("Ada",))


@pytest.mark.parametrize(
    "content",
    [
        {"event": "cured", "break": "99"},
        {"event": "owned", "break": "x", "owner": "Ada"},
        {"break": "1"},
        {"event": "changed", "break": "1", "kind": "units"},
        {"event": "opened", "kind": "moon", "subject": "s", "booked": "1", "reported": "2", "session": "2026-11-16"},
        {"event": "opened", "kind": "units", "subject": "s", "booked": "one", "reported": "2", "session": "2026-11-16"},
    ],
)
def test_a_row_that_cannot_be_followed_is_an_error(content: dict[str, str]) -> None:
    told = Told()
    _opened(told)
    told.state("break", {**content, "sentence": "damaged"})
    with pytest.raises(BookError, match="Row 2 of the chain speaks of a break that cannot be followed"):
        standing(told.said)

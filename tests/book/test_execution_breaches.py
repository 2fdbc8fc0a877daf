"""Fills beyond their order: what cannot be, and what a person accepts as what was really executed."""

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book.alerts import AlertBook
from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk, rows_of

HEADER = "order_key,reference,units,price,commission,at"
ACCEPTED = ("--accept-breach", "--by", "Ada", "--reason", "the desk says so")


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    """A live fund whose first order was sent at 20:46 UTC: about 670 units at 1000, limit 1050, until 21:45."""
    found = Desk(tmp_path, insure, stage="live", broker="blotter", controls="reconciliation_sessions = 400")
    with found.book() as book:
        book.state("promotion", "tested", found.now, {"phase": "live-100", "sentence": "to live-100"})
    found.json("reconcile", "tested", "--positions", found.positions("0", 0))
    found.slot(0)
    found.evening(0)
    return found


def _order(desk: Desk) -> dict[str, str]:
    [path] = (desk.folder / "out" / "blotter").glob("tested_*.csv")
    [order] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert order["good_until_utc"] == "2026-11-02T21:45:00Z"
    return order


def _line(desk: Desk, units: str = "100", price: str = "1000", at: str = "2026-11-02T20:50:00Z") -> str:
    order = _order(desk)
    units = f"{Decimal(order['units']) + 1}" if units == "one too many" else units
    return desk.file("fills.csv", HEADER, f"{order['order_key']},r1,{units},{price},1.00,{at}")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (
            "1999-01-01T00:00:00Z",
            "is of 1999-01-01 00:00:00 UTC; tested:2026-11-02:close-15min:1 was sent at 2026-11-02",
        ),
        ("2026-11-02T20:43:59Z", "was sent at 2026-11-02 20:46:00 UTC: 2 minutes are a difference of clocks"),
        ("2027-11-02T19:00:00Z", "is of 2027-11-02 19:00:00 UTC, and the clock says 2026-11-02 22:00:00 UTC"),
        ("2026-11-02T22:02:01Z", "and the clock says 2026-11-02 22:00:00 UTC: 2 minutes are a difference of clocks"),
    ],
)
@pytest.mark.parametrize("accepted", [(), ACCEPTED])
def test_a_fill_before_its_order_or_after_the_clock_is_refused_whoever_accepts_it(
    desk: Desk, at: str, said: str, accepted: tuple[str, ...]
) -> None:
    answer = desk.json("fills", "import", _line(desk, at=at), *accepted, code=1)
    assert said in str(answer["error"]), answer
    assert desk.holdings()[0] == "0", "a fill that cannot be was booked"


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"price": "1051"}, "its price 1051 lies beyond the price limit 1050"),
        ({"units": "one too many"}, ", 0 of them filled"),
        (
            {"at": "2026-11-02T21:55:00Z"},
            "it is of 2026-11-02 21:55:00 UTC, and the time limit was 2026-11-02 21:45:00",
        ),
    ],
)
def test_a_fill_beyond_its_order_is_booked_in_a_persons_name_alone(
    desk: Desk, terms: dict[str, str], said: str
) -> None:
    file = _line(desk, **terms)
    refused = desk.json("fills", "import", file, code=1)
    assert said in str(refused["error"]), refused
    assert "--accept-breach --by NAME --reason TEXT" in str(refused["error"])
    assert desk.json("fills", "import", file, "--accept-breach", "--by", "Ada", code=2)
    assert desk.json("fills", "import", file, "--accept-breach", "--reason", "so", code=2)
    assert desk.json("fills", "import", file, "--by", "Ada", "--reason", "so", code=2)
    assert desk.holdings()[0] == "0"
    answer = desk.json("fills", "import", file, *ACCEPTED)
    assert answer["new"] == 1
    with desk.book() as book:
        [stated] = book.statements(("execution breach",), "tested")
        [alert] = [one for one in AlertBook(book).open() if one.alert.kind == "execution breach"]
        assert book.statements(("break",), "tested") == [], "an accepted breach is no break of a reconciliation"
    assert said in stated.sentence
    assert (stated.by, stated.content["reason"], stated.content["judgement"]) == ("Ada", "the desk says so", "breached")
    assert answer["breaches"] == [stated.sentence]
    assert (alert.alert.grade, alert.alert.sentence) == ("A", stated.sentence)
    again = desk.json("fills", "import", file, *ACCEPTED)
    assert (again["new"], again["breaches"]) == (0, []), "the same file again is stated again"
    assert desk.json("verify")["findings"] == []


def test_what_fits_is_no_breach_whoever_would_accept_one(desk: Desk) -> None:
    answer = desk.json("fills", "import", _line(desk, at="2026-11-02T20:44:30Z"), *ACCEPTED)
    assert (answer["new"], answer["breaches"]) == (1, [])


def test_an_order_executed_beyond_its_units_is_at_its_end_and_a_break_of_its_own_equation(desk: Desk) -> None:
    key, units = _order(desk)["order_key"], Decimal(_order(desk)["units"])
    desk.json("fills", "import", _line(desk, units=f"{units}"))
    more = desk.file("more.csv", HEADER, f"{key},r2,2,1000,1.00,2026-11-02T20:51:00Z")
    desk.json("fills", "import", more, code=1)
    desk.json("fills", "import", more, *ACCEPTED)
    with desk.book() as book:
        assert (book.order(key).state, book.order(key).filled) == ("filled", units + 2)
    desk.now += dt.timedelta(minutes=5)
    held = f"{units + 2}"
    answer = desk.json("reconcile", "tested", "--positions", desk.positions(held, 0), code=3)
    [broken] = rows_of(answer, "breaks")
    assert broken["subject"] == key
    assert f"{units + 2:+,f} units were executed and {units:+,f} sent" in str(broken), broken
    desk.now = desk.now.replace(day=SESSIONS[1].day)
    assert desk.json("verify")["findings"] == []

"""Files from outside: what is read, and what is refused with file, line and what was expected."""

import datetime as dt
import hashlib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.broker.reported import MOST_BYTES, FileKind, Reported, ReportFile, read_file, read_reported
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from tests.contracts import fund as contract

FUND = contract(stage="shadow")
NOW = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)
DESK = ("other", "tested")
HEADER: dict[FileKind, str] = {
    "positions": "fund,instrument,units,as_of",
    "cash": "fund,currency,amount,as_of",
    "orders": "fund,order_key,units,filled,as_of",
}
RIGHT: dict[FileKind, str] = {
    "positions": "tested,index unit,100,2026-11-19",
    "cash": "tested,USD,1000.00,2026-11-19",
    "orders": "tested,tested:2026-11-19:close:1,10,10,2026-11-19",
}


def _read(**texts: str) -> Reported:
    files = {kind: ReportFile(f"{kind}.csv", text, "0" * 64) for kind, text in texts.items()}
    return read_reported(files, FUND, fund_calendar(FUND), DESK, NOW)  # type: ignore[arg-type]  # kinds as keywords


def _file(kind: FileKind, *lines: str, header: str = "") -> str:
    return "\n".join([header or HEADER[kind], *lines]) + "\n"


def test_what_is_reported_is_read_to_the_last_digit() -> None:
    found = _read(
        positions=_file("positions", "tested,index unit,100.000001,2026-11-19T21:00:00Z", "tested,put 90 2027-01-04,-3,"
                        "2026-11-19T16:00:00-05:00"),
        cash=_file("cash", "tested,USD,-12.34,2026-11-19,0.50,settlement",
                   header="fund,currency,amount,as_of,accrued,basis"),
        orders=_file("orders", RIGHT["orders"]),
    )  # fmt: skip
    assert [(each.instrument, each.units, each.basis) for each in found.positions] == [
        ("index unit", Decimal("100.000001"), None),
        ("put 90 2027-01-04", Decimal(-3), None),
    ]
    assert found.as_of == dt.datetime(2026, 11, 19, 21, tzinfo=dt.UTC)
    assert found.session == dt.date(2026, 11, 19)
    assert found.cash is not None
    assert found.orders is not None
    assert (found.cash[0].amount, found.cash[0].basis) == (Decimal("-11.84"), "settlement")
    assert (found.orders[0].units, found.orders[0].filled) == (Decimal(10), Decimal(10))


def test_a_session_is_the_end_of_its_day_and_never_later_than_now() -> None:
    assert _read(positions=_file("positions", RIGHT["positions"])).as_of == dt.datetime(
        2026, 11, 20, 4, 59, 59, 999999, tzinfo=dt.UTC
    )
    assert _read(positions=_file("positions", "tested,index unit,1,2026-11-20")).as_of == NOW
    assert _read(positions=_file("positions", "tested,index unit,1,2026-11-15")).session == dt.date(2026, 11, 13)


def test_rows_of_other_funds_of_the_desk_are_passed_over() -> None:
    found = _read(positions=_file("positions", "other,index unit,5,1999-01-01", RIGHT["positions"], "", " , , , "))
    assert [each.units for each in found.positions] == [Decimal(100)]
    with pytest.raises(InvalidInput, match=r"positions.csv says nothing of tested"):
        _read(positions=_file("positions", "other,index unit,5,2026-11-19"))
    assert _read(
        positions=_file("positions", RIGHT["positions"]), cash=_file("cash", "other,EUR,1,2026-11-19")
    ).cash is None, "a file that does not mention the fund reports nothing of it"  # fmt: skip


HOSTILE: list[tuple[FileKind, str, str]] = [
    ("positions", "tested,index unit,NaN,2026-11-19", "line 2: units is 'NaN'; expected a number"),
    ("positions", "tested,index unit,Infinity,2026-11-19", "expected a number"),
    ("positions", "tested,index unit,1e999999999,2026-11-19", "expected a number"),
    ("positions", "tested,index unit,1e-999999999,2026-11-19", "expected a number"),
    ("positions", "tested,index unit,1_000,2026-11-19", "expected a number"),
    ("positions", "tested,index unit,١٠,2026-11-19", "expected a number"),
    ("positions", "tested,index unit,0.0000001,2026-11-19", "in steps of 0.000001"),
    ("positions", "tested,index unit,,2026-11-19", "expected a number"),
    ('positions', 'tested,index unit,"1,000",2026-11-19', "expected a number"),
    ("positions", "stranger,index unit,1,2026-11-19", "fund is 'stranger'; the desk has other, tested"),
    ("positions", "tested,=1+1,1,2026-11-19", "a text that begins like a formula is refused"),
    ("positions", "tested,'@SUM(A1),1,2026-11-19", "begins like a formula"),
    ("positions", "tested,,1,2026-11-19", "expected up to 200 printable signs"),
    ("positions", "tested,a\x00b,1,2026-11-19", "expected up to 200 printable signs"),
    ("positions", 'tested,"two\nlines",1,2026-11-19', "expected up to 200 printable signs"),
    ("positions", f"tested,{'x' * 201},1,2026-11-19", "expected up to 200 printable signs"),
    ("positions", "tested,index unit,1,2026-11-19T21:00:00", "an instant with its zone"),
    ("positions", "tested,index unit,1,yesterday", "as_of is 'yesterday'; expected a session"),
    ("positions", "tested,index unit,1,2026-11-21", "nothing is known of later"),
    ("positions", "tested,index unit,1,2026-11-20T22:00:01Z", "nothing is known of later"),
    ("positions", "tested,index unit,1", "has 3 cells, the header 4"),
    ("positions", "tested,index unit,1,2026-11-19,x", "has 5 cells, the header 4"),
    ("positions", 'tested,"index unit,1,2026-11-19', "is not CSV"),
    ("positions", RIGHT["positions"] + "\n" + RIGHT["positions"], "line 3: index unit stands on line 2 already"),
    ("positions", RIGHT["positions"] + "\ntested,b,1,2026-11-18", "line 3: as_of is '2026-11-18'; expected the moment"),
    ("cash", "tested,usd,1,2026-11-19", "currency is 'usd'; expected three letters"),
    ("cash", "tested,USD,nan,2026-11-19", "amount is 'nan'"),
    ("cash", "tested,USD,1.001,2026-11-19", "in steps of 0.01"),
    ("cash", "tested,USD,1,2026-11-19\ntested,USD,2,2026-11-19", "USD stands on line 2 already"),
    ("orders", "tested,k,0,0,2026-11-19", "units are 0"),
    ("orders", "tested,k,10,-1,2026-11-19", "filled the same way"),
    ("orders", "tested,-k,10,1,2026-11-19", "begins like a formula"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "line", "expected"), HOSTILE)
def test_a_line_that_cannot_be_right_is_named(kind: FileKind, line: str, expected: str) -> None:
    texts = {each: _file(each, RIGHT[each]) for each in {"positions", kind}} | {kind: _file(kind, *line.split("\n"))}
    if '"two' in line:
        texts[kind] = _file(kind, line)
    with pytest.raises(InvalidInput) as refused:
        _read(**texts)
    assert f"{kind}.csv line " in str(refused.value)
    assert expected in str(refused.value)
    assert str(refused.value).endswith("Nothing was recorded.")


@pytest.mark.parametrize(
    "header",
    ["", "fund,instrument,units", "fund,instrument,units,as_of,price", "fund,fund,instrument,units,as_of", "FUND;X"],
)
def test_other_columns_are_refused(header: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"positions.csv line 1: expected the columns fund, instrument, units, as_of"
    ):
        _read(positions=_file("positions", RIGHT["positions"], header=header or ","))


def test_optional_columns_are_checked() -> None:
    header = HEADER["positions"] + ",currency,basis"
    with pytest.raises(InvalidInput, match="currency is 'EUR'; tested is kept in USD"):
        _read(positions=_file("positions", RIGHT["positions"] + ",EUR,trade", header=header))
    with pytest.raises(InvalidInput, match="basis is 'someday'; expected trade or settlement"):
        _read(positions=_file("positions", RIGHT["positions"] + ",USD,someday", header=header))


def test_every_bad_line_is_named_up_to_twenty() -> None:
    lines = [f"tested,i{number},NaN,2026-11-19" for number in range(30)]
    with pytest.raises(InvalidInput) as refused:
        _read(positions=_file("positions", *lines))
    assert len(str(refused.value).splitlines()) == 21


def test_a_file_is_read_with_its_mark_and_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    content = b"\xef\xbb\xbf" + _file("positions", RIGHT["positions"]).replace("\n", "\r\n").encode()
    path.write_bytes(content)
    found = read_file(path)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert _read(positions=found.text).positions[0].units == 100, (
        "a byte order mark and Windows' line ends are no matter"
    )


def test_what_is_no_file_of_a_report_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_file(path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_file(tmp_path)
    path.write_bytes(b"fund\xff")
    with pytest.raises(InvalidInput, match=r"is not UTF-8 text \(byte 4\)"):
        read_file(path)
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(InvalidInput, match=f"has more than {MOST_BYTES:,} bytes"):
        read_file(path)


@given(st.text(max_size=300))
def test_no_text_is_read_as_anything_but_a_report_or_refused(text: str) -> None:
    for header in ("", HEADER["positions"] + "\n"):
        with pytest.raises(InvalidInput):
            _read(positions=header + text)

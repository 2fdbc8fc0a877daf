"""Files out that a trading desk can load, files in that are right on every line or not booked at all."""

import csv
import dataclasses
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.broker.blotter import BlotterBroker, blotter, read_fills
from insure.errors import InvalidInput
from insure.orders import Order
from insure.spreadsheet import harmless

ORDER = Order(
    key="guarded:2008-10-15:close:1",
    fund_id="guarded",
    instrument='=HYPERLINK("http://x")',
    units=Decimal(-1200),
    price=Decimal("907.840000"),
    price_limit=Decimal("862.448000"),
    good_until=dt.datetime(2008, 10, 15, 21, 0, tzinfo=dt.UTC),
    volume_cap_fraction=0.1,
)
HEADER = "order_key,reference,units,price,commission,at"
LINE = "guarded:2008-10-15:close:1,d-1,-100,907.84,9.08,2008-10-15T20:01:30Z"


def _currency(fund_id: str) -> str:
    if fund_id != "guarded":
        raise InvalidInput(f"the desk has no fund {fund_id!r}")
    return "USD"


def test_every_order_goes_out_with_its_three_bounds() -> None:
    (row,) = csv.DictReader(blotter([ORDER]).splitlines())
    assert (row["side"], row["units"]) == ("sell", "1200")
    assert (row["price_limit"], row["good_until_utc"]) == ("862.448000", "2008-10-15T21:00:00Z")
    assert row["volume_cap_fraction"] == "0.1"


@given(st.text())
def test_no_text_cell_begins_like_a_formula(text: str) -> None:
    cell = harmless(text)
    assert not cell.lstrip(" \t\r\n").startswith(("=", "+", "-", "@")), f"{cell!r} is a formula to a spreadsheet"
    assert cell.replace("'", "") == text.replace("'", ""), "more than apostrophes was changed"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_spreadsheet_finds_a_formula_in_an_order(delimiter: str) -> None:
    order = dataclasses.replace(ORDER, instrument="Index;=HYPERLINK(1)|+2\t@3", venue="＝4;－5")
    cells = [cell for row in csv.reader(blotter([order]).splitlines(), delimiter=delimiter) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    wrong = [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))]
    assert not wrong, f"{wrong} are formulas where {delimiter!r} splits"


def test_an_instrument_that_looks_like_a_formula_is_harmless() -> None:
    (row,) = csv.DictReader(blotter([ORDER]).splitlines())
    assert row["instrument"].startswith("'=")


def test_handing_an_order_over_twice_leaves_one_file(tmp_path: Path) -> None:
    broker = BlotterBroker(tmp_path / "blotter")
    assert broker.look_up(ORDER.key) is None
    broker.send(ORDER)
    first = broker.path(ORDER.key).read_bytes()
    broker.send(ORDER)
    assert [path.read_bytes() for path in (tmp_path / "blotter").iterdir()] == [first]
    report = broker.look_up(ORDER.key)
    assert report is not None
    assert (report.state, report.fills) == ("acked", ())


def test_fills_are_read_exactly() -> None:
    (fill,) = read_fills(f"{HEADER},spread\n{LINE},1.50\n", "f.csv", _currency)
    assert (fill.units, fill.price, fill.value) == (Decimal(-100), Decimal("907.84"), Decimal("90784.00"))
    assert (fill.commission, fill.spread, fill.reference) == (Decimal("9.08"), Decimal("1.50"), "d-1")
    assert fill.cash == Decimal("90784.00") - Decimal("10.58")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the columns"),
        ("order_key,units\n", "line 1: expected the columns"),
        (f"{HEADER},colour\n{LINE},red\n", "line 1: expected the columns"),
        (f"{HEADER}\n{LINE},9\n", "line 2: has 7 cells, the header 6"),
        (f"{HEADER}\n{LINE}\n{LINE.replace('-100', 'many')}\n", "line 3: units is 'many'"),
        (f"{HEADER}\n{LINE.replace('-100', '0')}\n", "line 2: units are 0"),
        (f"{HEADER}\n{LINE.replace('907.84', 'nan')}\n", "line 2: price is 'nan'"),
        (f"{HEADER}\n{LINE.replace('907.84', '-907.84')}\n", "line 2: units are -100 and price is -907.84"),
        (f"{HEADER}\n{LINE.replace('907.84', '907.8400001')}\n", "steps of 0.000001"),
        (f"{HEADER}\n{LINE.replace('9.08', '9.085')}\n", "steps of 0.01"),
        (f"{HEADER}\n{LINE.replace('9.08', '-9.08')}\n", "line 2: commission is -9.08"),
        (f"{HEADER}\n{LINE.replace('30Z', '30')}\n", "needs its zone"),
        (f"{HEADER}\n{LINE.replace('2008-10-15T20:01:30Z', 'noon')}\n", "at is 'noon'"),
        (f"{HEADER}\n{LINE.replace('guarded', 'other')}\n", "the desk has no fund 'other'"),
        (f"{HEADER}\n{LINE.replace(':1,', ',')}\n", "expected fund:session:slot:leg"),
        (f"{HEADER}\n{LINE.replace('d-1', '')}\n", "reference is ''"),
        (f'{HEADER}\n"{LINE}\n', "is not CSV"),
        (f"{HEADER}\n{LINE.replace('-100', '1e400')}\n", "units is '1e400'"),
        (f"{HEADER}\n{LINE.replace('9.08', '1e-999999999')}\n", "commission is '1e-999999999'"),
        (f"{HEADER}\n{LINE.replace('-100', '-1_00')}\n", "units is '-1_00'"),
    ],
)
def test_a_line_that_cannot_be_right_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_fills(text, "f.csv", _currency)
    assert said in str(refusal.value)


def test_every_bad_line_is_named_at_once() -> None:
    text = f"{HEADER}\n{LINE.replace('-100', 'x')}\n{LINE}\n{LINE.replace('9.08', 'y')}\n"
    with pytest.raises(InvalidInput, match=r"(?s)line 2:.*line 4:.*Nothing was booked"):
        read_fills(text, "f.csv", _currency)

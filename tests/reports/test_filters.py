"""How figures are written: laws for every number, and the examples that a reader would check."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from reports import filters
from reports.drawing import axis_text
from reports.figures import Figure, NotComputed, Unit, plain

_NEW_YORK = dt.timezone(dt.timedelta(hours=-4))
_DECIMALS = st.decimals(min_value=-(10**15), max_value=10**15, places=6, allow_nan=False, allow_infinity=False)
_FLOATS = st.floats(min_value=-1e15, max_value=1e15, allow_nan=False)


@given(st.one_of(_DECIMALS, _FLOATS, st.integers(-(10**15), 10**15)), st.integers(0, 6))
def test_written_number_reads_back_within_half_of_its_last_place(value: Decimal | float, places: int) -> None:
    written = filters.number(value, places)
    back = Decimal(written.replace(",", "").replace(filters.MINUS, "-"))
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    assert abs(back - exact) <= Decimal(1).scaleb(-places) / 2, f"{value!r} is written {written}"
    assert re.fullmatch(rf"{filters.MINUS}?\d{{1,3}}(?:,\d{{3}})*(?:\.\d{{{places}}})?", written), (
        f"odd form: {written}"
    )


@given(st.floats(min_value=1e-9, max_value=1.0))
def test_no_probability_is_rounded_to_nothing(value: float) -> None:
    written = filters.probability(value)
    back = float(written.removesuffix("%")) / 100.0
    assert back > 0.0, f"{value!r} is written {written}"
    assert abs(back - value) <= max(0.06 * value, 0.00005 if value >= 0.01 else 0.0), f"{value!r} is written {written}"


@given(st.floats(min_value=-0.004, max_value=0.004))
def test_what_rounds_to_zero_has_no_sign(value: float) -> None:
    assert filters.number(value, 2, signed=True) == "0.00", f"{value!r} shows a sign"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (filters.money(Decimal("1234567.895"), "USD"), "1,234,567.90 USD"),
        (filters.money(-0.005), "0.00"),
        (filters.money(2.675), "2.68"),
        (filters.money(-1234.5, signed=True), "\u22121,234.50"),
        (filters.money(1234.5, signed=True), "+1,234.50"),
        (filters.percent(-0.2047), "\u221220.47%"),
        (filters.percent(Decimal("0.123456"), 1), "12.3%"),
        (filters.units(Decimal("4146.130711")), "4,146.130711"),
        (filters.units(Decimal("4146.000000")), "4,146"),
        (filters.units(0), "0"),
        (filters.brief_money(97_300_000, "USD"), "97.3 m USD"),
        (filters.brief_money(-1_200_000_000), "\u22121.2 bn"),
        (filters.brief_money(100_000_000), "100 m"),
        (filters.brief_money(999), "999"),
        (filters.day(dt.date(2008, 1, 5)), "2008-01-05"),
        (filters.long_day(dt.date(2008, 10, 15)), "Wednesday 15 October 2008"),
        (filters.instant(dt.datetime(2008, 10, 15, 16, tzinfo=_NEW_YORK)), "2008-10-15 20:00 UTC"),
        (filters.figure(NotComputed("no twin"), "money"), "not computed: no twin"),
        (filters.figure(0.0123, "points"), "+1.23 points"),
        (filters.figure(0.0123, "change"), "+1.23%"),
        (filters.figure(-0.2047, "change"), "\u221220.47%"),
        (filters.figure(0.2267, "probability"), "22.67%"),
        (filters.figure(0.00039, "probability"), "0.039%"),
        (filters.figure(1.7e-6, "probability"), "0.00017%"),
        (filters.figure(3e-12, "probability"), "under 0.0000001%"),
        (filters.figure(0.0, "probability"), "0.00%"),
        (filters.figure(2.5, "multiple"), "2.50\u00d7"),
        (filters.figure(1512, "count"), "1,512"),
        (filters.figure(30.0, "minutes"), "30 minutes"),
        (filters.figure(1.0, "minutes"), "1 minute"),
        (filters.figure(-2.5, "minutes"), "\u22122.5 minutes"),
        (filters.figure(1450.0, "minutes"), "24 h 10 min"),
        (filters.figure(105_180.0, "minutes"), "73 days"),
        (filters.figure(1.0, "sessions"), "1 session"),
        (filters.figure(2.5, "sessions"), "2.5 sessions"),
        (filters.figure(0.0, "sessions"), "0 sessions"),
        (filters.figure(0.0002, "sessions"), "under 0.01 sessions"),
        (filters.figure(-1.0, "bps"), "\u22121.0 bps"),
        (filters.css_string('a"b'), '"a\\000022 b"'),
    ],
)
def test_examples(written: str, expected: str) -> None:
    assert written == expected, f"written {written!r}, expected {expected!r}"


def test_unit_that_fits_no_number_is_refused() -> None:
    with pytest.raises(InvalidInput, match="unit is 'hash'"):
        filters.figure(1.0, "hash")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_figure_is_finite_or_says_why(value: float | Decimal) -> None:
    with pytest.raises(InvalidInput, match="finite"):
        Figure("Net asset value", value, "money")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("100.10"), "100.10"),
        (Decimal("1E+3"), "1000"),
        (dt.date(2008, 10, 15), "2008-10-15"),
        (dt.datetime(2008, 10, 15, 20, tzinfo=dt.UTC), "2008-10-15T20:00:00Z"),
        ((1, None, True), [1, None, True]),
        (NotComputed("why"), {"not_computed": "why"}),
    ],
)
def test_plain_forms(value: object, expected: object) -> None:
    assert plain(value) == expected, f"{value!r} becomes {plain(value)!r}"


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), {1, 2}, b"bytes"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        plain({"figure": value})


@pytest.mark.parametrize(("step", "unit"), [(250_000.0, "money"), (0.0025, "weight"), (0.025, "years"), (2.5, "money")])
def test_steps_of_an_axis_read_as_what_they_are(step: float, unit: Unit) -> None:
    start = 90e6 if unit == "money" and step > 1e3 else 0.0
    told = [axis_text(unit, start + place * step) for place in range(9)]
    scale = {"%": 0.01, "m": 1e6, "k": 1e3}
    read = [
        float(re.sub(r"[^0-9.]", "", text)) * next((factor for end, factor in scale.items() if text.endswith(end)), 1.0)
        for text in told
    ]
    assert read == pytest.approx([start + place * step for place in range(9)], rel=1e-12), told

"""Column types keep what they are given to the last digit, or refuse it: nothing in between."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from insure.book.columns import Instant, Money, Quantity, Session
from insure.book.engine import writing
from insure.errors import BookError

_metadata = sa.MetaData()
_kept = sa.Table(
    "kept",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("money", Money),
    sa.Column("quantity", Quantity),
    sa.Column("instant", Instant),
    sa.Column("session", Session),
)
_engine = sa.create_engine("sqlite://")


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    _metadata.create_all(_engine)
    yield
    _engine.dispose()


def _round_trip(column: str, value: object) -> object:
    with writing(_engine, "a table") as connection:
        key = connection.execute(sa.insert(_kept).values({column: value})).inserted_primary_key
        assert key is not None
        return connection.execute(sa.select(_kept.c[column]).where(_kept.c.id == key[0])).scalar_one()


@given(st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from([("money", 2), ("quantity", 6)]))
def test_a_decimal_comes_back_exactly_or_is_refused(value: Decimal, kind: tuple[str, int]) -> None:
    column, places = kind
    keepable = (
        value.is_finite()
        and (value == 0 or -places <= value.adjusted() < 20)
        and (value.as_integer_ratio()[0] * 10**places) % value.as_integer_ratio()[1] == 0
        and abs(value.as_integer_ratio()[0] * 10**places // value.as_integer_ratio()[1]) < 2**63
    )
    if keepable:
        assert _round_trip(column, value) == value, f"{value} changed in the column {column}"
    else:
        with pytest.raises(BookError, match="cannot be booked"):
            _round_trip(column, value)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_number_of_cents_comes_back_with_two_decimals(cents: int) -> None:
    found = _round_trip("money", Decimal((cents < 0, tuple(map(int, str(abs(cents)))), -2)))
    assert isinstance(found, Decimal)
    assert found.as_tuple().exponent == -2
    assert int("".join(map(str, found.as_tuple().digits))) == abs(cents)


@pytest.mark.parametrize("digits", [30, 60, 100, 5000])
def test_a_digit_beyond_the_precision_of_arithmetic_is_seen(digits: int) -> None:
    with pytest.raises(BookError, match="more than 2 decimals"):
        _round_trip("money", Decimal("1." + "0" * digits + "1"))


@pytest.mark.parametrize("value", [1.5, 1, "1.5", True, float("nan")])
def test_what_is_not_decimal_is_refused(value: object) -> None:
    with pytest.raises(BookError, match="only finite exact decimals"):
        _round_trip("money", value)


@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_a_moment_comes_back_in_utc_and_is_the_same_moment(naive: dt.datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    found = _round_trip("instant", moment)
    assert isinstance(found, dt.datetime)
    assert (found, found.utcoffset()) == (moment, dt.timedelta(0))


@given(st.lists(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2999, 1, 1)), min_size=2, max_size=2))  # noqa: DTZ001
def test_kept_moments_sort_by_time(naive: list[dt.datetime]) -> None:
    column = Instant()
    dialect = sa.engine.default.DefaultDialect()
    left, right = (moment.replace(tzinfo=dt.UTC) for moment in naive)
    texts = [column.process_bind_param(each, dialect) for each in (left, right)]
    assert texts[0] is not None
    assert texts[1] is not None
    assert (texts[0] < texts[1]) == (left < right)


@pytest.mark.parametrize("value", [dt.datetime(2008, 10, 15, 20, 0), "2008-10-15", 3])  # noqa: DTZ001
def test_a_moment_without_a_zone_is_refused(value: object) -> None:
    with pytest.raises(BookError, match="only moments with a time zone"):
        _round_trip("instant", value)


@given(st.dates())
def test_a_session_comes_back(day: dt.date) -> None:
    assert _round_trip("session", day) == day


@pytest.mark.parametrize("value", [dt.datetime(2008, 10, 15, tzinfo=dt.UTC), "2008-10-15", 3])
def test_only_a_date_is_a_session(value: object) -> None:
    with pytest.raises(BookError, match="only a date can"):
        _round_trip("session", value)


@pytest.mark.parametrize(
    ("column", "damage"),
    [
        ("money", "'12x'"),
        ("money", "1.5"),
        ("money", "x'00ff'"),
        ("quantity", "9e999"),
        ("instant", "'2008-10-15'"),
        ("instant", "'2008-10-99T00:00:00+00:00'"),
        ("instant", "5"),
        ("session", "'2008-13-01'"),
        ("session", "7"),
    ],
)
def test_what_a_damaged_file_holds_is_named_as_damage(column: str, damage: str) -> None:
    with _engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM kept")
        connection.execute(sa.insert(_kept).values({column: sa.literal_column(damage)}))
        with pytest.raises(BookError, match="damaged"):
            connection.execute(sa.select(_kept.c[column])).scalar_one()

"""Column types that keep what they are given, exactly, or refuse it.

SQLite's own ``NUMERIC`` and ``DATETIME`` lose digits and zones without a word. Money is an integer number of cents,
quantities are integer millionths, instants are ISO text in UTC.
"""

import datetime as dt
from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, String
from sqlalchemy.types import TypeDecorator

from insure.errors import BookError

_LARGEST = 2**63 - 1
_DIGITS = 19


class ScaledInteger(TypeDecorator[Decimal]):
    """A ``Decimal`` kept as a whole number of ``10**-places``; anything finer, infinite or not Decimal is refused."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        """``places``: decimals that are kept."""
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Decimal to integer."""
        if value is None:
            return None
        given: object = value  # a caller without a type checker may hand in anything
        if not (isinstance(given, Decimal) and given.is_finite()):
            raise BookError(f"{value!r} cannot be booked; only finite exact decimals can.")
        if value and value.adjusted() + self.places > _DIGITS:
            raise BookError(f"{value} cannot be booked; it is too large.")
        if value and value.adjusted() < -self.places:
            raise BookError(f"{value} cannot be booked; it has more than {self.places} decimals.")
        # Whole numbers, not Decimal arithmetic: that rounds to the precision of the caller's context.
        numerator, denominator = value.as_integer_ratio()
        whole, rest = divmod(numerator * 10**self.places, denominator)
        if rest:
            raise BookError(f"{value} cannot be booked; it has more than {self.places} decimals.")
        if abs(whole) > _LARGEST:
            raise BookError(f"{value} cannot be booked; it is too large.")
        return int(whole)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Integer to Decimal.

        Raises:
            BookError: the database holds something else, as a damaged one may.
        """
        if value is None:
            return None
        found: object = value  # SQLite keeps any type in any column; PostgreSQL sums integers to Decimal
        if not (isinstance(found, int | Decimal) and found == int(found)):
            raise BookError(f"The book holds {value!r} where a whole number belongs; it is damaged.")
        return Decimal((int(found < 0), tuple(map(int, str(abs(int(found))))), -self.places))


class Money(ScaledInteger):
    """Money in cents."""

    cache_ok = True

    def __init__(self) -> None:
        """Two decimals."""
        super().__init__(2)


class Quantity(ScaledInteger):
    """Units or a price in millionths."""

    cache_ok = True

    def __init__(self) -> None:
        """Six decimals."""
        super().__init__(6)


class Instant(TypeDecorator[dt.datetime]):
    """An aware moment, kept in UTC as text that sorts by time; a moment without a zone is refused."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Aware moment to text."""
        if value is None:
            return None
        given: object = value
        if not (isinstance(given, dt.datetime) and given.tzinfo is not None):
            raise BookError(f"{value!r} cannot be booked; only moments with a time zone can.")
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Text to an aware moment in UTC."""
        if value is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise BookError(f"The book holds {value!r} where a moment belongs; it is damaged.") from error
        if moment.tzinfo is None:
            raise BookError(f"The book holds {value!r}, a moment without a zone; it is damaged.")
        return moment


class Session(TypeDecorator[dt.date]):
    """A session's date as ISO text."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: dt.date | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Date to text."""
        if value is None:
            return None
        given: object = value
        if isinstance(given, dt.datetime) or not isinstance(given, dt.date):
            raise BookError(f"{value!r} cannot be booked as a session; only a date can.")
        return value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.date | None:  # noqa: ARG002
        """Text to date."""
        if value is None:
            return None
        try:
            return dt.date.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise BookError(f"The book holds {value!r} where a session belongs; it is damaged.") from error

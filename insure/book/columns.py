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
        scaled = value.scaleb(self.places)
        if scaled != scaled.to_integral_value():
            raise BookError(f"{value} cannot be booked; it has more than {self.places} decimals.")
        if abs(scaled) > _LARGEST:
            raise BookError(f"{value} cannot be booked; it is too large.")
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Integer to Decimal."""
        return None if value is None else Decimal(value).scaleb(-self.places)


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
        return None if value is None else dt.datetime.fromisoformat(value)


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
        return None if value is None else dt.date.fromisoformat(value)

"""What broker, custodian or administrator report of a fund: positions, cash and orders, as CSV, checked line by line.

| file | columns | optional |
|---|---|---|
| positions | fund, instrument, units, as_of | currency, basis |
| cash | fund, currency, amount, as_of | accrued, basis |
| orders | fund, order_key, units, filled, as_of | instrument |

``as_of`` is an instant with its zone, or a session (the end of that day on the exchange's clock), the same in every row
about one fund. ``basis`` is trade or settlement. Rows about other funds of the desk are passed over; what a file does
not mention is not reported, and never zero.
"""

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar, cast

from insure.broker.cells import exact
from insure.dates import Calendar
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.money import CENT, MILLIONTH

MOST_BYTES = 16 * 1024 * 1024
"""A larger file is no report on a desk's funds: 200,000 lines have less."""
Basis = Literal["trade", "settlement"]
FileKind = Literal["positions", "cash", "orders"]
COLUMNS: Mapping[FileKind, tuple[str, ...]] = MappingProxyType(
    {
        "positions": ("fund", "instrument", "units", "as_of"),
        "cash": ("fund", "currency", "amount", "as_of"),
        "orders": ("fund", "order_key", "units", "filled", "as_of"),
    }
)
OPTIONAL: Mapping[FileKind, tuple[str, ...]] = MappingProxyType(
    {"positions": ("currency", "basis"), "cash": ("accrued", "basis"), "orders": ("instrument",)}
)
_LONGEST = 200
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class ReportedPosition:
    """Units of one instrument."""

    instrument: str
    units: Decimal
    basis: Basis | None
    """None where the file does not say whether trades count from their day or from settlement on."""


@dataclass(frozen=True, slots=True)
class ReportedCash:
    """Money of one currency."""

    currency: str
    amount: Decimal
    """With the interest that is accrued and not yet paid, where the file tells it."""
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """One order as the broker has it; signed."""

    key: str
    units: Decimal
    filled: Decimal
    instrument: str
    """Empty where the file does not say."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """The bytes of a file that was handed in."""

    name: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported of one fund at one moment."""

    as_of: dt.datetime
    session: dt.date
    """The last session that had opened by then."""
    positions: tuple[ReportedPosition, ...]
    files: Mapping[FileKind, ReportFile]
    cash: tuple[ReportedCash, ...] | None = None
    """None where no file about cash was handed in, or it does not mention the fund."""
    cash_as_of: dt.datetime | None = None
    orders: tuple[ReportedOrder, ...] | None = None
    orders_as_of: dt.datetime | None = None


def read_file(path: Path) -> ReportFile:
    """A report as it lies there.

    Raises:
        InvalidInput: it cannot be read, is larger than ``MOST_BYTES``, or is not UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"{path} has more than {MOST_BYTES:,} bytes; a report on a desk's funds has less.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text (byte {error.start}).") from error
    return ReportFile(path.name, text, hashlib.sha256(content).hexdigest())


def read_reported(
    files: Mapping[FileKind, ReportFile], fund: Fund, calendar: Calendar, desk: Collection[str], now: dt.datetime
) -> Reported:
    """What files say of a fund.

    Args:
        files: "positions", "cash" and "orders", at least one of them; the first of these that is there says as of when.
        fund: whose report is wanted.
        calendar: the fund's.
        desk: every fund of the desk; a row about any other is refused.
        now: the clock; nothing is reported of the future.

    Raises:
        InvalidInput: a line cannot be right (the sentences name every such line, up to 20), or the first of the files
            says nothing of the fund. Nothing may be recorded then.
    """
    lines = {kind: _Lines(kind, file, fund, calendar, desk, now) for kind, file in files.items()}
    positions = lines["positions"].read(_position, lambda row: row.instrument) if "positions" in lines else []
    cash = lines["cash"].read(_cash, lambda row: row.currency) if "cash" in lines else []
    orders = lines["orders"].read(_order, lambda row: row.key) if "orders" in lines else []
    faults = [fault for each in lines.values() for fault in each.faults]
    if faults:
        raise InvalidInput("\n".join([*faults[:20], "Nothing was recorded."]))
    kinds: tuple[FileKind, ...] = ("positions", "cash", "orders")
    first = next(kind for kind in kinds if kind in files)
    as_of = lines[first].as_of
    if as_of is None:
        raise InvalidInput(f"{files[first].name} says nothing of {fund.id}: nothing was recorded.")
    session = calendar.current_or_previous(as_of)
    if session is None:
        raise InvalidInput(f"{files[first].name} is as of {as_of}, before {calendar.name} begins.")
    return Reported(
        as_of=as_of,
        session=session,
        positions=tuple(positions),
        files=MappingProxyType(dict(files)),
        cash=tuple(cash) if cash else None,
        cash_as_of=lines["cash"].as_of if cash else None,
        orders=tuple(orders) if orders else None,
        orders_as_of=lines["orders"].as_of if orders else None,
    )


class _Lines:
    """One file, line by line."""

    def __init__(
        self,
        kind: FileKind,
        file: ReportFile,
        fund: Fund,
        calendar: Calendar,
        desk: Collection[str],
        now: dt.datetime,
    ) -> None:
        self._kind = kind
        self._file = file
        self._fund = fund
        self._calendar = calendar
        self._desk = desk
        self._now = now
        self.as_of: dt.datetime | None = None
        self.faults: list[str] = []

    def read(self, row_of: Callable[[Fund, dict[str, str]], _Row], subject: Callable[[_Row], str]) -> list[_Row]:
        """Every row about the fund; what cannot be right is added to ``faults``."""
        reader = csv.reader(io.StringIO(self._file.text, newline=""), strict=True)
        found: list[_Row] = []
        seen: dict[str, int] = {}
        try:
            header = [name.strip().lower() for name in next(reader, [])]
            if not self._right_header(header):
                return []
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                try:
                    row = self._row(header, cells, row_of)
                    if row is None:
                        continue
                    _once(seen, subject(row), reader.line_num)
                    found.append(row)
                except InvalidInput as error:
                    self.faults.append(f"{self._file.name} line {reader.line_num}: {error}")
        except csv.Error as error:
            self.faults.append(f"{self._file.name} line {reader.line_num}: is not CSV ({error}).")
        return found

    def _right_header(self, header: list[str]) -> bool:
        wanted, optional = COLUMNS[self._kind], OPTIONAL[self._kind]
        right = set(wanted) <= set(header) <= {*wanted, *optional} and len(set(header)) == len(header)
        if not right:
            self.faults.append(
                f"{self._file.name} line 1: expected the columns {', '.join(wanted)} and optionally "
                f"{', '.join(optional)}, each once; found {', '.join(header)[:_LONGEST] or 'nothing'}."
            )
        return right

    def _row(self, header: list[str], cells: list[str], row_of: Callable[[Fund, dict[str, str]], _Row]) -> _Row | None:
        if len(cells) != len(header):
            raise InvalidInput(f"has {len(cells)} cells, the header {len(header)}.")
        cell = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        about = plain(cell, "fund")
        if about not in self._desk:
            raise InvalidInput(f"fund is {about!r}; the desk has {', '.join(sorted(self._desk))}.")
        if about != self._fund.id:
            return None
        at = self._moment(cell["as_of"])
        if self.as_of not in {None, at}:
            raise InvalidInput(f"as_of is {cell['as_of']!r}; expected the moment of the rows before, {self.as_of}.")
        self.as_of = at
        return row_of(self._fund, cell)

    def _moment(self, text: str) -> dt.datetime:
        expected = "expected a session, like 2026-11-20, or an instant with its zone, like 2026-11-20T21:00:00Z"
        try:
            instant = dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise InvalidInput(f"as_of is {text!r}; {expected}.") from error
        if len(text) == len("2026-11-20"):
            begin = dt.datetime.combine(instant.date(), dt.time(), self._calendar.zone)
            end = dt.datetime.combine(instant.date() + dt.timedelta(days=1), dt.time(), self._calendar.zone)
            if begin.astimezone(dt.UTC) <= self._now:
                return min((end - dt.timedelta(microseconds=1)).astimezone(dt.UTC), self._now)
        elif instant.tzinfo is None:
            raise InvalidInput(f"as_of is {text!r}; {expected}.")
        elif instant <= self._now:
            return instant.astimezone(dt.UTC)
        raise InvalidInput(f"as_of is {text!r}; it is {self._now:%Y-%m-%d %H:%M} UTC, and nothing is known of later.")


def _once(seen: dict[str, int], subject: str, line: int) -> None:
    if subject in seen:
        raise InvalidInput(f"{subject} stands on line {seen[subject]} already; expected each once.")
    seen[subject] = line


def _position(fund: Fund, cell: dict[str, str]) -> ReportedPosition:
    currency = cell.get("currency", "")
    if currency and currency != fund.currency:
        raise InvalidInput(f"currency is {currency!r}; {fund.id} is kept in {fund.currency}.")
    return ReportedPosition(plain(cell, "instrument"), exact(cell, "units", MILLIONTH), _basis(cell))


def _cash(_: Fund, cell: dict[str, str]) -> ReportedCash:
    currency = cell["currency"]
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise InvalidInput(f"currency is {currency!r}; expected three letters, like USD.")
    accrued = exact(cell, "accrued", CENT) if cell.get("accrued") else Decimal(0)
    return ReportedCash(currency, exact(cell, "amount", CENT) + accrued, _basis(cell))


def _order(_: Fund, cell: dict[str, str]) -> ReportedOrder:
    key, units, filled = plain(cell, "order_key"), exact(cell, "units", MILLIONTH), exact(cell, "filled", MILLIONTH)
    if units == 0 or filled * units < 0:
        raise InvalidInput(f"units are {units} and filled is {filled}; expected units, and filled the same way.")
    return ReportedOrder(key, units, filled, plain(cell, "instrument") if cell.get("instrument") else "")


def _basis(cell: dict[str, str]) -> Basis | None:
    text = cell.get("basis", "")
    if text not in {"", "trade", "settlement"}:
        raise InvalidInput(f"basis is {text!r}; expected trade or settlement.")
    return cast("Basis", text) if text else None


def plain(cell: dict[str, str], name: str) -> str:
    """A text that is what it looks like: printable, and no formula to a spreadsheet that it may be copied into.

    The apostrophe that our own files put before such a text is taken off where a plain text is left.

    Raises:
        InvalidInput: it is empty, too long, not printable, or would be a formula.
    """
    text = cell[name].removeprefix("'")
    if not (0 < len(text) <= _LONGEST and text.isprintable()):
        raise InvalidInput(f"{name} is {text[:_LONGEST]!r}; expected up to {_LONGEST} printable signs.")
    if text[:1] in {"=", "+", "-", "@"}:
        raise InvalidInput(f"{name} is {text!r}; a text that begins like a formula is refused.")
    return text

"""Prices out of a CSV file, checked line by line: the error names file, line and what was expected."""

import csv
import datetime as dt
import hashlib
import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from insure.errors import MarketDataError
from insure.feeds.feed import Observation, Row, newest
from insure.money import MILLIONTH

REQUIRED = ("date", "close")
OPTIONAL = ("rate", "dividend", "dividend_yield", "volume", "vol_index", "bid", "ask", "at", "depth")


class CsvPrices:
    """A price file with the columns ``date`` and ``close``, and optionally rate, dividend, dividend_yield, volume,
    vol_index, bid, ask, at and depth (units quoted at the best price). Dates are ISO (2008-10-15) and ascend; ``at`` is
    the instant of the price with its zone (2008-10-15T19:45:00Z); other columns are left alone.

    Every line is read at once; a line that cannot be right stops every session from that line on, and none before it:
    what was known then is still known.
    """

    def __init__(self, path: Path, shown: str | None = None) -> None:
        """``path`` is read when it is first asked; ``shown`` is how errors and lineage name it."""
        self._path = path
        self._shown = shown or str(path)
        self._sha256 = ""
        self._rows: list[Row] = []
        self._lines: list[int] = []
        self._fault: MarketDataError | None = None
        self._fault_session: dt.date | None = None

    @property
    def rows(self) -> Sequence[Row]:
        """All good rows, ascending.

        Raises:
            MarketDataError: the file is missing, has no header, or lacks a required column.
        """
        self._open()
        return self._rows

    def at(self, session: dt.date, tail: int) -> Observation:
        """See ``PriceFeed.at``; a bad line at or before the session is an error even when later lines are good."""
        self._open()
        if self._fault is not None and (self._fault_session is None or self._fault_session <= session):
            raise self._fault
        position = newest(self._rows, session, self._shown)
        return Observation(
            row=self._rows[position],
            before=self._rows[max(position - tail, 0) : position],
            origin=f"{self._shown} line {self._lines[position]}",
            sha256=self._sha256,
        )

    def _open(self) -> None:
        if self._sha256:
            return
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise MarketDataError(f"{self._shown}: the price file cannot be read ({error.strerror}).") from error
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise MarketDataError(f"{self._shown}: is not UTF-8 text (byte {error.start}).") from error
        self._read(text)
        self._sha256 = hashlib.sha256(content).hexdigest()

    def _read(self, text: str) -> None:
        reader = csv.reader(text.splitlines(), strict=True)
        header = [name.strip().lower() for name in next(reader, [])]
        for name in REQUIRED:
            if name not in header:
                raise MarketDataError(
                    f"{self._shown} line 1: there is no column {name!r}; expected a header with date and close, and "
                    f"optionally {', '.join(OPTIONAL)}. Found: {', '.join(header) or 'nothing'}."
                )
        columns = {name: header.index(name) for name in (*REQUIRED, *OPTIONAL) if name in header}
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    self._append(reader.line_num, cells, columns)
        except csv.Error as error:
            self._fault = MarketDataError(f"{self._shown} line {reader.line_num}: is not CSV ({error}).")
        except MarketDataError as error:
            self._fault = error

    def _append(self, line: int, cells: list[str], columns: dict[str, int]) -> None:
        where = f"{self._shown} line {line}"

        def cell(name: str) -> str:
            position = columns.get(name)
            return cells[position].strip() if position is not None and position < len(cells) else ""

        self._fault_session = None
        try:
            session = dt.date.fromisoformat(cell("date"))
        except ValueError as error:
            raise MarketDataError(
                f"{where}: date is {cell('date')!r}; expected year-month-day, like 2008-10-15."
            ) from error
        self._fault_session = session
        if self._rows and not session > self._rows[-1].session:
            raise MarketDataError(
                f"{where}: {session} does not come after {self._rows[-1].session}, the date of the line before; "
                "expected dates that ascend."
            )
        row = Row(
            session=session,
            close=_price(where, "close", cell("close")),
            rate=_figure(where, "rate", cell("rate"), low=-1.0, high=1.0),
            dividend=_dividend(where, cell("dividend")),
            dividend_yield=_figure(where, "dividend_yield", cell("dividend_yield"), low=-1.0, high=1.0),
            volume=_figure(where, "volume", cell("volume"), low=0.0, high=math.inf),
            vol_index=_figure(where, "vol_index", cell("vol_index"), low=0.0, high=math.inf),
            bid=_price(where, "bid", cell("bid")) if cell("bid") else None,
            ask=_price(where, "ask", cell("ask")) if cell("ask") else None,
            at=_instant(where, cell("at")),
            depth=_figure(where, "depth", cell("depth"), low=0.0, high=math.inf),
        )
        self._rows.append(row)
        self._lines.append(line)


def _instant(where: str, text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise MarketDataError(f"{where}: at is {text!r}; expected an instant with its zone, like 2008-10-15T19:45:00Z.")
    return at.astimezone(dt.UTC)


def _exact(where: str, name: str, text: str, expected: str) -> Decimal:
    if not text:
        raise MarketDataError(f"{where}: {name} is missing; expected {expected}.")
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise MarketDataError(f"{where}: {name} is {text!r}; expected {expected}.") from error
    if not value.is_finite():
        raise MarketDataError(f"{where}: {name} is {text!r}; expected {expected}.")
    return value


def _price(where: str, name: str, text: str) -> Decimal:
    expected = "a price above zero, like 1234.50"
    value = _exact(where, name, text, expected)
    if not Decimal(0) < value < Decimal(10) ** 9:
        raise MarketDataError(f"{where}: {name} is {text!r}; expected {expected}.")
    return value.quantize(MILLIONTH)


def _dividend(where: str, text: str) -> Decimal:
    if not text:
        return Decimal(0)
    expected = "cash per unit, zero or more"
    value = _exact(where, "dividend", text, expected)
    if not 0 <= value < Decimal(10) ** 9:
        raise MarketDataError(f"{where}: dividend is {text!r}; expected {expected}.")
    return value.quantize(MILLIONTH)


def _figure(where: str, name: str, text: str, *, low: float, high: float) -> float | None:
    if not text:
        return None
    expected = f"a number between {low:g} and {high:g}" if math.isfinite(high) else f"a number, {low:g} or more"
    value = float(_exact(where, name, text, expected))
    if not low <= value <= high:
        raise MarketDataError(f"{where}: {name} is {text!r}; expected {expected} (0.03 is 3 %).")
    return value

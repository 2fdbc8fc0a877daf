"""Orders out as files that a trading desk loads, and fills in as a file that it hands back.

One order, one file: writing it again changes nothing, so an order may be handed over any number of times.
"""

import csv
import datetime as dt
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from insure.broker.cells import exact
from insure.broker.protocol import BrokerReport, BrokerSilent
from insure.errors import InvalidInput
from insure.money import CENT, MILLIONTH, money
from insure.orders import Fill, Order
from insure.spreadsheet import harmless

ORDER_COLUMNS = (
    "order_key",
    "fund",
    "instrument",
    "side",
    "units",
    "decided_price",
    "price_limit",
    "good_until_utc",
    "volume_cap_fraction",
    "not_before_utc",
    "venue",
)
FILL_COLUMNS = ("order_key", "reference", "units", "price", "commission", "at")
OPTIONAL_FILL_COLUMNS = ("spread",)
_LONGEST_REFERENCE = 200
_AT_ITS_END = dt.timedelta(days=1)
"""After its time limit an order is no order any more; a day is left for clocks and for desks that work on."""


@dataclass(frozen=True, slots=True)
class BlotterBroker:
    """A person with a trading desk: orders are files in ``folder``, fills come back by ``insure fills import``."""

    folder: Path
    name: str = "blotter"
    refuses_duplicates: bool = True
    """The file of an order is its reference."""

    def send(self, order: Order) -> BrokerReport:
        """Write the order's file; whole or not there.

        Raises:
            BrokerSilent: the folder cannot be written.
        """
        self._put(self.path(order.key), blotter([order]))
        return BrokerReport("acked")

    def look_up(self, order_key: str) -> BrokerReport | None:
        """Handed over once its file is there; only a person knows more."""
        return BrokerReport("acked") if self.path(order_key).is_file() else None

    def cancel(self, order_key: str) -> BrokerReport | None:
        """Write the wish beside the order's file; only the trading desk knows what came of it.

        Raises:
            BrokerSilent: the folder cannot be written.
        """
        path = self.path(order_key)
        if not path.is_file():
            return None
        wish = path.with_name(f"CANCEL-{path.name}")
        if not wish.is_file():
            self._put(wish, f"cancel_order_key\n{harmless(order_key)}\n")
        return BrokerReport("acked")

    def cancel_all(self, fund_id: str, now: dt.datetime) -> tuple[str, ...]:
        """Write the wish beside every order file that may still be worked, where no book says which are open.

        Args:
            fund_id: whose; empty for every fund.
            now: orders whose time limit lay more than a day before are left alone: they are at their end.

        Returns:
            Keys of the orders that were asked for.

        Raises:
            BrokerSilent: the folder cannot be read or written.
        """
        asked: list[str] = []
        try:
            paths = sorted(path for path in self.folder.glob("*.csv") if not path.name.startswith("CANCEL-"))
            texts = [path.read_text(encoding="utf-8", errors="replace") for path in paths]
        except OSError as error:
            raise BrokerSilent(f"{self.folder} cannot be read: {error.strerror}.") from error
        for path, text in zip(paths, texts, strict=True):
            for row in csv.DictReader(text.splitlines()):
                key = str(row.get("order_key") or path.stem).removeprefix("'")
                own = not fund_id or str(row.get("fund") or fund_id).removeprefix("'") == fund_id
                if own and _may_live(str(row.get("good_until_utc") or ""), now):
                    self._put(path.with_name(f"CANCEL-{path.name}"), f"cancel_order_key\n{harmless(key)}\n")
                    asked.append(key)
        return tuple(asked)

    def path(self, order_key: str) -> Path:
        """The file of an order."""
        return self.folder / f"{''.join(c if c.isalnum() or c in '-_.' else '_' for c in order_key)}.csv"

    def _put(self, path: Path, content: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.draft")
            with draft.open("w", encoding="utf-8", newline="") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise BrokerSilent(f"{path} cannot be written: {error.strerror}.") from error


def _may_live(good_until: str, now: dt.datetime) -> bool:
    """Whether an order with this time limit may still be worked; one that cannot be read may."""
    try:
        return dt.datetime.fromisoformat(good_until) >= now - _AT_ITS_END
    except (ValueError, TypeError):
        return True


def blotter(orders: Sequence[Order]) -> str:
    """Orders as CSV with price limit, time limit and volume cap; no cell is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ORDER_COLUMNS)
    for order in orders:
        writer.writerow(
            [
                harmless(order.key),
                harmless(order.fund_id),
                harmless(order.instrument),
                "buy" if order.units > 0 else "sell",
                f"{abs(order.units):f}",
                f"{order.price:f}",
                f"{order.price_limit:f}",
                order.good_until.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                f"{order.volume_cap_fraction:g}",
                "" if order.not_before is None else order.not_before.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                harmless(order.venue),
            ]
        )
    return out.getvalue()


def read_fills(text: str, origin: str, currency_of: Callable[[str], str]) -> list[Fill]:
    """Fills out of a CSV file, checked line by line.

    Args:
        text: columns order_key, reference, units (negative for a sale), price,
            commission, at (an instant with its zone), optionally spread. Other columns are refused.
        origin: names the file in errors.
        currency_of: the currency of a fund, by its id; raises an error of its own for a fund that the desk has not.

    Raises:
        InvalidInput: a line cannot be right; the sentences name every such line. Nothing may be booked then.
    """
    reader = csv.reader(text.splitlines(), strict=True)
    faults: list[str] = []
    found: list[Fill] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in FILL_COLUMNS if name not in header]
        strange = [name for name in header if name not in {*FILL_COLUMNS, *OPTIONAL_FILL_COLUMNS}]
        if missing or strange or len(set(header)) != len(header):
            raise InvalidInput(
                f"{origin} line 1: expected the columns {', '.join(FILL_COLUMNS)} and optionally spread, each once; "
                f"found {', '.join(header) or 'nothing'}."
            )
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{origin} line {reader.line_num}"
            if len(cells) != len(header):
                faults.append(f"{where}: has {len(cells)} cells, the header {len(header)}.")
                continue
            try:
                found.append(_fill(dict(zip(header, (cell.strip() for cell in cells), strict=True)), currency_of))
            except InvalidInput as error:
                faults.append(f"{where}: {error}")
    except csv.Error as error:
        faults.append(f"{origin} line {reader.line_num}: is not CSV ({error}).")
    if faults:
        raise InvalidInput("\n".join([*faults[:20], "Nothing was booked."]))
    return found


def _fill(cell: dict[str, str], currency_of: Callable[[str], str]) -> Fill:
    key, reference = cell["order_key"].removeprefix("'"), cell["reference"]
    if key.count(":") < 3:
        raise InvalidInput(f"order_key is {key!r}; expected fund:session:slot:leg as in the blotter.")
    if not (0 < len(reference) <= _LONGEST_REFERENCE and reference.isprintable()):
        raise InvalidInput(f"reference is {reference!r}; expected the broker's own, up to {_LONGEST_REFERENCE} signs.")
    try:
        at = dt.datetime.fromisoformat(cell["at"])
    except ValueError as error:
        raise InvalidInput(f"at is {cell['at']!r}; expected an instant, like 2008-10-15T20:01:30Z.") from error
    if at.tzinfo is None:
        raise InvalidInput(f"at is {cell['at']!r}; an instant needs its zone, like 2008-10-15T20:01:30Z.")
    units, price = exact(cell, "units", MILLIONTH), exact(cell, "price", MILLIONTH)
    if units == 0 or not 0 < price < 10**9 or not abs(units) < 10**12:
        raise InvalidInput(f"units are {units} and price is {price}; expected units and a price above zero.")
    currency = currency_of(key.split(":", 1)[0])
    commission = exact(cell, "commission", CENT)
    spread = exact(cell, "spread", CENT) if cell.get("spread") else Decimal(0)
    if not (commission >= 0 and spread >= 0):
        raise InvalidInput(f"commission is {commission} and spread is {spread}; expected zero or more.")
    return Fill(key, reference, units, price, money(abs(units) * price, currency), commission, spread, at)

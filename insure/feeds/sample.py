"""Real history that comes with the installation, out of the ``arch`` package: S&P 500 closes, T-bill rates, VIX.

Closes 1999-01-04 to 2018-12-31 are a price index (no dividends); the file carries them as single-precision numbers and
they are put back to the cent, in which the index is published. Rates are the one-month Treasury bill returns of Kenneth
French's data library, per cent a month by YYYYMM, turned into continuously compounded rates per year. VIX
closes begin in 2014.
"""

import csv
import datetime as dt
import gzip
import hashlib
import importlib.util
import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from insure.errors import MarketDataError
from insure.feeds.feed import Observation, Row, newest
from insure.market import Lineage
from insure.money import CENT

_ORIGIN = "S&P 500 history of the arch package"
_RATES = "one-month Treasury bills of Kenneth French's data library, in the arch package"
_VIX = "VIX closes of the arch package"


class SamplePrices:
    """S&P 500 closes with the T-bill rate of their month."""

    @property
    def rows(self) -> Sequence[Row]:
        """All rows, ascending."""
        return _history()[0]

    def at(self, session: dt.date, tail: int) -> Observation:
        """See ``PriceFeed.at``."""
        rows, months, hashes = _history()
        position = newest(rows, session, _ORIGIN)
        row, month = rows[position], months[position]
        beside = [] if month is None else [Lineage("rate", f"{_RATES}, {month:%Y-%m}", month, hashes["frenchdata"])]
        if row.vol_index is not None:
            beside.append(Lineage("volatility index", _VIX, row.session, hashes["vix"]))
        return Observation(
            row=row,
            before=rows[max(position - tail, 0) : position],
            origin=f"{_ORIGIN}, line {position + 2}",
            sha256=hashes["sp500"],
            beside=tuple(beside),
        )


@lru_cache(maxsize=1)
def _history() -> tuple[list[Row], list[dt.date | None], dict[str, str]]:
    """All rows, the month (its first day) that the rate of each is of, and the hash of each file."""
    # Read in place: importing arch takes two seconds, and its file is all that is wanted.
    prices, rates, vix = _packaged("sp500"), _packaged("frenchdata"), _packaged("vix")
    monthly = {
        (int(line["Date"][:4]), int(line["Date"][4:])): 12.0 * math.log1p(float(line["RF"]) / 100.0)
        for line in csv.DictReader(rates.decode().splitlines())
    }
    quoted = {  # a point stands where nothing was quoted
        _day(line["Date"]): float(line["vix"])
        for line in csv.DictReader(vix.decode().splitlines())
        if line["vix"] != "."
    }
    rows: list[Row] = []
    months: list[dt.date | None] = []
    rate, month = 0.0, None
    for line in csv.DictReader(prices.decode().splitlines()):
        session = _day(line["Date"])
        # December 2018 lies beyond the published rates; the last one known stands.
        if (session.year, session.month) in monthly:
            rate, month = monthly[session.year, session.month], session.replace(day=1)
        months.append(month)
        rows.append(
            Row(
                session=session,
                close=Decimal(line["Close"]).quantize(CENT),
                rate=rate,
                volume=float(line["Volume"]),
                vol_index=quoted.get(session),
            )
        )
    read = {"sp500": prices, "frenchdata": rates, "vix": vix}
    return rows, months, {name: hashlib.sha256(content).hexdigest() for name, content in read.items()}


def _day(text: str) -> dt.date:
    month, day, year = (int(part) for part in text.split("/"))
    return dt.date(year, month, day)


def _packaged(name: str) -> bytes:
    found = importlib.util.find_spec("arch")
    if found is None or not found.submodule_search_locations:
        raise MarketDataError("The sample history comes with the package arch, which is not installed.")
    path = Path(found.submodule_search_locations[0]) / "data" / name / f"{name}.csv.gz"
    try:
        return gzip.decompress(path.read_bytes())
    except OSError as error:
        raise MarketDataError(f"The package arch has no readable {name} history ({error}).") from error

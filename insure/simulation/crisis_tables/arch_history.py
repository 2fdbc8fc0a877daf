"""What the arch package ships: S&P 500 closes 1999 to 2018 and monthly bill returns from July 1926."""

import math
from datetime import date
from functools import cache

from insure.errors import InvalidInput
from insure.simulation.crisis_tables.facts import BillMonth

BEFORE = 63
"""Sessions of realised volatility before a crisis."""


@cache
def _closes() -> tuple[tuple[date, ...], tuple[float, ...]]:
    from arch.data import sp500  # noqa: PLC0415 - two seconds of import, only for the crises that need it

    frame = sp500.load()
    days: list[date] = [stamp.date() for stamp in frame.index]
    levels: list[float] = [round(float(level), 2) for level in frame["Close"]]
    return tuple(days), tuple(levels)


@cache
def _bills() -> dict[tuple[int, int], float]:
    from arch.data import frenchdata  # noqa: PLC0415 - as above

    # The file's index is the number YYYYMM, which arch reads as so many nanoseconds after 1970.
    frame = frenchdata.load()
    months: list[int] = [int(stamp.value) for stamp in frame.index]
    percents: list[float] = [float(percent) for percent in frame["RF"]]
    return {(month // 100, month % 100): percent for month, percent in zip(months, percents, strict=True)}


def window(first: date, last: date) -> tuple[tuple[date, ...], tuple[float, ...]]:
    """Sessions and closing levels (to the cent) of the S&P 500 from one session to another, both included."""
    days, levels = _closes()
    i, j = days.index(first), days.index(last)
    return days[i : j + 1], levels[i : j + 1]


def vol_before(first: date) -> float:
    """Root mean square of the 63 log returns up to the close of ``first``, per square root of year."""
    days, levels = _closes()
    i = days.index(first)
    squares = [math.log(levels[k] / levels[k - 1]) ** 2 for k in range(i - BEFORE + 1, i + 1)]
    return math.sqrt(252.0 * sum(squares) / BEFORE)


def bill_months(first: date, last: date) -> tuple[BillMonth, ...]:
    """Bill returns of every month from that of ``first`` to that of ``last``.

    Raises:
        InvalidInput: a month outside July 1926 to November 2018.
    """
    table = _bills()
    months = []
    for count in range(12 * first.year + first.month - 1, 12 * last.year + last.month):
        key = (count // 12, count % 12 + 1)
        if key not in table:
            raise InvalidInput(f"month is {key[0]}-{key[1]:02d}; bill returns are shipped from 1926-07 to 2018-11.")
        months.append(BillMonth(*key, table[key]))
    return tuple(months)

"""How a figure is written: thousands, signs, units and dates, the same on every page and in every sentence.

Negative numbers carry a true minus sign; zero carries none, whatever its sign bit says. Each function takes a value and
gives text that is safe in any language setting: 1,234.50, 2008-10-15, 20:00 UTC.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from insure.errors import InvalidInput
from reports.figures import NotComputed, Unit, Value

MINUS = "\u2212"
Number = Decimal | float | int
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _exact(value: Number) -> Decimal:
    """The shortest decimal that reads back as ``value``."""
    if isinstance(value, Decimal | int):
        return Decimal(value)
    return Decimal(repr(float(value)))


def number(value: Number, places: int = 2, *, signed: bool = False) -> str:
    """``value`` with thousands separated and ``places`` decimals, halves to even; ``signed`` shows a plus too."""
    rounded = _exact(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,f}"


def percent(value: Number, places: int = 2, *, signed: bool = False) -> str:
    """A fraction as per cent: 0.1234 is 12.34%."""
    return number(_exact(value) * 100, places, signed=signed) + "%"


_LEAST = Decimal("1e-7")
"""Per cent; what is less likely is written as under it."""


def probability(value: Number) -> str:
    """A probability as per cent: to the hundredth, below 1% to two digits that count, and under 0.0000001% so."""
    exact = _exact(value) * 100
    if 0 < exact < _LEAST:
        return f"under {_LEAST:f}%"
    places = 2 if exact == 0 or abs(exact) >= 1 else 1 - exact.adjusted()
    return number(exact, places) + "%"


def money(value: Number, currency: str = "", *, signed: bool = False) -> str:
    """Money to the cent, with its currency behind it where one is named."""
    return number(value, 2, signed=signed) + (f" {currency}" if currency else "")


def fewest_places(value: float, most: int) -> int:
    """Decimals, ``most`` of them, that a number needs to be told to a millionth of itself."""
    exact = (places for places in range(most) if abs(round(value, places) - value) <= 1e-6 * abs(value))
    return next(exact, most)


def brief_money(value: Number, currency: str = "", places: int = 1) -> str:
    """Money for a sentence: 97.3 m, 1.2 bn, 850 k; to ``places`` decimals beside an axis, whose steps may be 0.25 m."""
    size = abs(float(value))
    for limit, letter in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if size >= limit:
            scaled = float(value) / limit
            text = number(scaled, 0 if abs(scaled) >= 999.5 else fewest_places(scaled, places)) + letter
            return text + (f" {currency}" if currency else "")
    return number(float(value), 0) + (f" {currency}" if currency else "")


def units(value: Number) -> str:
    """Units of the index: to the millionth, without zeros that say nothing."""
    return _short(value, 6)


def precise(value: Number, places: int = 12) -> str:
    """A number of a formula that somebody computes again: to ``places`` decimals, without zeros that say nothing."""
    return _short(value, places)


def day(value: dt.date) -> str:
    """2008-10-15."""
    return value.strftime("%Y-%m-%d")


def long_day(value: dt.date) -> str:
    """Wednesday 15 October 2008."""
    return f"{_WEEKDAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def span(since: dt.date | None, until: dt.date | None) -> str:
    """from 2008-10-15 to 2008-10-31; an end that is None is left out, and both leave nothing."""
    ends = (("from", since), ("to", until))
    return " ".join(f"{word} {day(end)}" for word, end in ends if end is not None)


def weekday(value: dt.date) -> str:
    """Wednesday."""
    return _WEEKDAYS[value.weekday()]


def month(value: dt.date) -> str:
    """October 2008."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def instant(value: dt.datetime, zone: str = "") -> str:
    """An aware moment as 2008-10-15 20:00 UTC; seconds only where there are any.

    With the zone of an exchange its clock stands behind: 2008-10-15 20:00 UTC (16:00 EDT), with its day where that is
    another one.
    """
    moment = value.astimezone(dt.UTC)
    clock = "%H:%M:%S" if moment.second else "%H:%M"
    written = moment.strftime(f"%Y-%m-%d {clock}") + " UTC"
    if not zone:
        return written
    there = value.astimezone(ZoneInfo(zone))
    other = "" if there.date() == moment.date() else f"{day(there.date())} "
    return f"{written} ({other}{there.strftime(clock)} {there.tzname()})"


def minutes(value: Number) -> str:
    """Minutes up to two hours, then hours and minutes, then days: 30 minutes, 24 h 10 min, 73 days."""
    exact = _exact(value)
    size = abs(exact)
    sign = MINUS if exact < 0 else ""
    if size < 120:
        return f"{_short(exact, 1)} {'minute' if size == 1 else 'minutes'}"
    if size < 2 * 24 * 60:
        hours, rest = divmod(int(size), 60)
        return f"{sign}{hours} h {rest} min"
    return f"{sign}{number(size / (24 * 60), 0)} days"


def sessions(value: Number) -> str:
    """Trading sessions, and parts of one: 1 session, 2.5 sessions, under 0.01 sessions."""
    exact = _exact(value)
    if 0 < exact < _LEAST_SESSION:
        return f"under {_LEAST_SESSION:f} sessions"
    return f"{_short(exact, 2)} {'session' if abs(exact) == 1 else 'sessions'}"


_LEAST_SESSION = Decimal("0.01")


def _short(value: Number, places: int) -> str:
    """A number without zeros at its end that say nothing."""
    text = number(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def missing(value: NotComputed) -> str:
    """The words that stand where no figure does."""
    return f"not computed: {value.not_computed}"


_NUMBERS: Mapping[Unit, Callable[[Number], str]] = {
    "money": money,
    "gain": lambda value: money(value, signed=True),
    "price": money,
    "units": units,
    "weight": percent,
    "change": lambda value: percent(value, signed=True),
    "probability": probability,
    "points": lambda value: number(_exact(value) * 100, 2, signed=True) + " points",
    "bps": lambda value: number(value, 1) + " bps",
    "per_year": percent,
    "multiple": lambda value: number(value, 2) + "\u00d7",
    "years": lambda value: number(value, 3) + " years",
    "minutes": minutes,
    "sessions": sessions,
    "number": lambda value: number(value, 4),
    "count": lambda value: number(value, 0),
}


_COMMAND = re.compile(r"`(insure [^`]*)`")


def spoken(sentence: str) -> str:
    """A sentence with its commands bare: the marks around them are for a terminal."""
    return _COMMAND.sub(r"\1", sentence)


def figure(value: Value, unit: Unit, zone: str = "") -> str:
    """A value as its unit is written; an instant with the clock of ``zone`` too.

    Raises:
        InvalidInput: the unit does not fit the value.
    """
    if isinstance(value, NotComputed):
        return missing(value)
    if isinstance(value, dt.datetime):
        return instant(value, zone)
    if isinstance(value, dt.date):
        return day(value)
    if isinstance(value, str):
        return value
    if unit not in _NUMBERS:
        raise InvalidInput(f"unit is {unit!r} for {value!r}; a number is one of {', '.join(_NUMBERS)}.")
    return _NUMBERS[unit](value)


def css_string(text: str) -> str:
    """``text`` as a string of a style sheet: everything but letters, digits and spaces is escaped."""
    escaped = (
        letter if letter.isascii() and (letter.isalnum() or letter == " ") else f"\\{ord(letter):06x} "
        for letter in text
    )
    return '"' + "".join(escaped) + '"'

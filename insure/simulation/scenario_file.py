"""The scenario file: a shape, a replayed crisis or a drawn path of one's own, in TOML, checked like a fund file."""

import tomllib
from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from typing import TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from insure.errors import InvalidInput
from insure.simulation.crises import NAMES, Replay
from insure.simulation.scenarios import (
    CashHaircut,
    Drawn,
    Gap,
    Grind,
    MeltUp,
    Outage,
    PartialFill,
    Point,
    RatesDown,
    Rebound,
    Shape,
    VolatilitySpike,
    Whipsaw,
)

SCENARIO_EXAMPLE = f"""\
# A scenario of your own. Keep one of [shape], [replay] or [[points]].
# Moves are fractions: 0.2 is 20 %. Rates and volatilities begin where they are on the day the scenario is run.

# [shape] is one of the synthetic shapes; what is left out has its default.
#   gap           fall, sessions_after, vol_multiple        an instant fall (below zero: a rise) before any trade
#   grind         fall, sessions                            a slow fall
#   rebound       fall, sessions_down, sessions_up, recovered
#   whipsaw       swing, sessions                           down and back in turn
#   melt-up       rise, sessions, fall                      a rise, then a gap
#   spike         fall, sessions, vol_multiple, spread_multiple, sessions_after
#   rates-down    fall, rate_change, sessions               rate_change per year, below zero is down
#   cash-haircut  fall, sessions, haircut, session          the cash leg loses haircut on that session
#   outage        fall, fall_hours, outage_from, outage_hours, what ("data" or "desk"), step_hours, session_hours
#   partial-fill  fall, sessions, filled, delay             the broker fills a part, perhaps sessions later
[shape]
kind = "rebound"
fall = 0.30
sessions_down = 5
sessions_up = 20
recovered = 0.5

# [replay] is a crisis of the library: {", ".join(NAMES)}
# [replay]
# crisis = "1987-10"
# strength = 1.5            # multiplies the log returns, 0 to 10
# first = 1987-10-13        # the session that today stands for
# last = 1987-11-30         # the session at which to end
# inside = 1987-10-19       # in place of first and last: that day from inside, where it is known
# hold_vol = false          # true keeps the hedge volatility where it is today
# as_it_was = true          # halts, partial fills and futures discounts as recorded

# [[points]] draw a path; the start (level 1) comes before the first. Then name, title and assumption are needed too,
# above the first table of the file.
# name = "my-crash"
# title = "Two bad days and a closed exchange"
# assumption = "Risk committee, 3 March: as in 1987, with the exchange closed on the second day."
# [[points]]
# level = 0.90              # over the level at the start
# sessions = 1              # since the point before; 0 is an instant jump
# rate_change = -0.005      # against the rate at the start, per year
# vol_multiple = 2.0        # against the volatility at the start
# spread = 3.0              # multiple of the ordinary bid-ask spread
# tradable = true
# filled = 0.33             # fraction of an order that is executed
# delay = 0                 # steps between an order and its execution
# cash_loss = 0.0           # fraction of the cash leg lost on arriving here
# [[points]]
# level = 0.80
# tradable = false
"""
"""A commented scenario file; as it stands it is a crash of 30 % of which half is regained."""

_MAKERS: dict[str, Callable[..., Shape]] = {
    maker.kind: maker
    for maker in (
        Gap,
        Grind,
        Rebound,
        Whipsaw,
        MeltUp,
        VolatilitySpike,
        RatesDown,
        CashHaircut,
        Outage,
        PartialFill,
    )
}

KINDS = tuple(_MAKERS)
"""Kinds of shape that a scenario file can name."""

_Made = TypeVar("_Made")

_STRICT = ConfigDict(strict=True)
_WORDS = ("name", "title", "assumption")


def load_scenario(path: Path) -> Shape:
    """Read a scenario file and check every key of it.

    Args:
        path: of a TOML file like ``SCENARIO_EXAMPLE``.

    Returns:
        The shape, replay or drawn path; its ``path(spot, rate=..., vol=...)`` is the scenario from today's state.

    Raises:
        InvalidInput: the file cannot be read or is not TOML, a key is unknown, missing or of the wrong type, a value
            lies outside its bounds; one sentence with the file, the key and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: the scenario file cannot be read: {error}.") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path}: this is not TOML: {error}.") from error
    try:
        shape = _scenario(table)
        # A trial on a market of 100 finds what only the whole can show, as a day that the crisis does not have.
        shape.path(100.0, rate=0.0, vol=0.2)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from error
    return shape


def _scenario(table: dict[str, object]) -> Shape:
    contents = [key for key in ("shape", "replay", "points") if key in table]
    if len(contents) != 1:
        found = " and ".join(contents) or "none of them"
        raise InvalidInput(f"a scenario file has one of [shape], [replay] and [[points]]; this one has {found}.")
    content = contents[0]
    if content == "points":
        return _drawn(table)
    _refuse_unknown("the file", table, (content,))
    body = _table(f"[{content}]", table[content])
    if content == "replay":
        return _made("[replay]", Replay, body)
    kind = body.get("kind")
    if not isinstance(kind, str) or kind not in _MAKERS:
        raise InvalidInput(f"[shape] kind is {kind!r}; it must be one of {', '.join(KINDS)}.")
    return _made("[shape]", _MAKERS[kind], {key: value for key, value in body.items() if key != "kind"})


def _drawn(table: dict[str, object]) -> Drawn:
    _refuse_unknown("the file", table, ("points", *_WORDS))
    words = {}
    for key in _WORDS:
        word = table.get(key)
        if not isinstance(word, str) or not word.strip():
            raise InvalidInput(
                f"{key} is {word!r}; a file with [[points]] must say it in words, above the first table."
            )
        words[key] = word.strip()
    rows = table["points"]
    if not isinstance(rows, list) or not rows:
        raise InvalidInput(f"points is {rows!r}; it must be one or more tables headed [[points]].")
    points = []
    for k, row in enumerate(rows, start=1):
        where = f"[[points]] number {k}"
        points.append(_made(where, Point, _table(where, row)))
    return Drawn(words["name"], words["title"], words["assumption"], tuple(points))


def _table(where: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} is {value!r}; it must be a table.")
    return value


def _refuse_unknown(where: str, table: dict[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise InvalidInput(f"{where} has the key {key!r}; it must be one of {', '.join(known)}.")


def _made(where: str, maker: Callable[..., _Made], table: dict[str, object]) -> _Made:
    """Check each key against its field's type, then make the value, which checks the bounds."""
    known = signature(maker).parameters
    _refuse_unknown(where, table, tuple(known))
    for key, field in known.items():
        if key not in table and field.default is Parameter.empty:
            raise InvalidInput(f"{where} lacks the key {key!r}.")
    types = get_type_hints(maker)
    values = {}
    for key, value in table.items():
        try:
            values[key] = TypeAdapter[object](types[key], config=_STRICT).validate_python(value)
        except ValidationError as error:
            wrong = error.errors()[0]["msg"]
            raise InvalidInput(f"{where} {key} is {value!r}: {wrong[0].lower()}{wrong[1:]}.") from error
    try:
        return maker(**values)
    except InvalidInput as error:
        raise InvalidInput(f"{where} {error}") from error

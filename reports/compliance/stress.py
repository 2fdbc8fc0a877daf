"""The compliance report's stress sections: the last pack of a period against the one before it, and reverse stress.

They are read from the kept figures of stress reports (``out/FUND/stress-DATE.json``), and only where those are the ones
that were written: their own hash is computed again.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from insure.compliance import Judgement
from insure.errors import InvalidInput
from reports import filters
from reports.figures import Figure, Figures, NotComputed, Unit, Value
from reports.sections import Row, Section, Table
from reports.stress import intact

_UNITS: Mapping[str, Unit] = {str(unit): unit for unit in get_args(Unit)}
_COMPARED = (
    "gap",
    "broken",
    "least_cushion",
    "slippage_mean",
    "slippage_q01",
    "shortfall",
    "weight",
    "nav",
    "floor",
)
"""Figures of the glance that are set side by side, in this order."""
_SIGNED: Mapping[Unit, Unit] = {"money": "gain", "weight": "points", "probability": "points"}
"""Units of a difference."""
_PARTS = (("crises", "crises-table"), ("shapes", "shapes-table"))
_LOW, _WORD = 3, 4
"""Places of the least cushion and of the word for the floor in a row of a scenario table."""
_TITLE, _REVERSE = "Stress pack against the one before", "Reverse stress"


@dataclass(frozen=True, slots=True)
class KeptStress:
    """The figures of one stress report, as they stand in the folder of the reports."""

    file: str
    """Its name."""
    figures: Mapping[str, object]
    broken: str = ""
    """Why they are not believed; empty where they are those that were written."""

    @property
    def sha256(self) -> str:
        """The hash that the report printed."""
        return str(self.figures.get("sha256", ""))


@dataclass(frozen=True, slots=True)
class StressPacks:
    """The newest stress report of a period, and the newest before it; None where none was written."""

    now: KeptStress | None = None
    before: KeptStress | None = None


def read(file: str, content: bytes) -> KeptStress:
    """Kept figures, checked against their own hash."""
    try:
        figures = json.loads(content)
    except ValueError:
        return KeptStress(file, {}, "it cannot be read")
    if not isinstance(figures, dict):
        return KeptStress(file, {}, "it is no report")
    if not intact(figures):
        return KeptStress(file, figures, "its figures are not those that its hash was made of")
    return KeptStress(file, figures)


def sections(fund_id: str, first: dt.date, last: dt.date, packs: StressPacks | None) -> tuple[Section, ...]:
    """Both sections for a period of more than a day; none for a day.

    Args:
        fund_id: whose report it is, for the command that runs a pack.
        first: of the period.
        last: of the period.
        packs: None where the folder of the reports was not looked at.
    """
    if first == last:
        return ()
    now = None if packs is None else packs.now
    if packs is None:
        return _nothing("the folder of the reports was not looked at")
    if now is None:
        return _nothing(f"no stress pack was run in the period; `insure report stress {fund_id}` runs one")
    if now.broken:
        return _nothing(f"{now.file} is not the report that was written: {now.broken}", "breached")
    before, why = packs.before, "no stress pack was run before the period"
    if before is not None and before.broken:
        why = f"{before.file} is not the report that was written: {before.broken}"
        before = None
    try:
        return (_against(now, before, why), _reverse(now, before))
    except InvalidInput as refusal:
        return _nothing(str(refusal).rstrip("."))


def _nothing(why: str, judgement: Judgement | None = None) -> tuple[Section, ...]:
    said = filters.missing(NotComputed(why)) + "."
    return (Section("stress", _TITLE, judgement, said), Section("reverse", _REVERSE, judgement, said))


# ---- the pack against the one before


def _against(now: KeptStress, before: KeptStress | None, why: str) -> Section:
    glance, then = _glance(now), None if before is None else _glance(before)
    scenarios, old = _scenarios(now), None if before is None else _scenarios(before)
    fresh = [name for name, row in scenarios.items() if row.broken and old is not None and not _was_broken(old, name)]
    broken = [name for name, row in scenarios.items() if row.broken]
    spent = isinstance(gap := glance["gap"].value, float | int) and not gap > 0.0
    judgement: Judgement = "alert" if spent or fresh or (old is None and broken) else "kept"
    return Section(
        "stress",
        _TITLE,
        judgement,
        _sentence(len(scenarios), broken, fresh, old is not None, why),
        {**_files("pack", "Stress pack", now), **({} if before is None else _files("before", "Pack before", before))},
        (
            Table(
                "The pack at a glance, in the period and before it.",
                "Figure",
                ("In the period", "Before", "Change"),
                tuple(_glance_row(glance[key], None if then is None else then.get(key), why, now) for key in _COMPARED),
            ),
            Table(
                "Least above the floor in each scenario; below zero the floor breaks.",
                "Scenario",
                ("In the period", "Before", "Floor"),
                tuple(
                    Row(
                        name,
                        (
                            row.low,
                            _missing(row.low, why) if old is None else _old_low(old, name, row),
                            Figure("Floor", row.word, "text", row.low.source),
                        ),
                        judgement="alert" if row.broken else "kept",
                    )
                    for name, row in scenarios.items()
                ),
                "The pack had no scenario.",
            ),
        ),
    )


def _sentence(count: int, broken: Sequence[str], fresh: Sequence[str], compared: bool, why: str) -> str:
    told = f"The floor breaks in {len(broken)} of {count} scenarios"
    if not compared:
        return f"{told}; {why}."
    if fresh:
        return f"{told}; new since the pack before: {', '.join(fresh)}."
    return f"{told}; in none that it did not break in before."


def _files(key: str, label: str, kept: KeptStress) -> Figures:
    return {
        key: Figure(label, kept.file, "text", "in the folder of the reports"),
        f"{key}_period": Figure(f"{label}, made", str(_at(kept.figures, "head", "period")), "text", kept.file),
        f"{key}_sha256": Figure(f"{label}, SHA-256 of its figures", kept.sha256, "hash", "computed again and equal"),
    }


def _glance_row(now: Figure, then: Figure | None, why: str, kept: KeptStress) -> Row:
    before = _missing(now, why) if then is None else then
    return Row(now.label.partition(", of ")[0], (now, before, _change(now, before)), kept.file)


def _change(now: Figure, then: Figure) -> Figure:
    source = "in the period \u2212 before"
    if isinstance(now.value, float | int) and isinstance(then.value, float | int):
        unit = _SIGNED.get(now.unit, now.unit)
        return Figure("Change", now.value - then.value, unit, source)
    return Figure("Change", NotComputed("one of them was not computed"), now.unit, source)


def _missing(like: Figure, why: str) -> Figure:
    return Figure(like.label, NotComputed(why), like.unit, "stress pack before the period")


@dataclass(frozen=True, slots=True)
class _Scenario:
    low: Figure
    word: str

    @property
    def broken(self) -> bool:
        return isinstance(self.low.value, float | int) and self.low.value < 0.0


def _scenarios(kept: KeptStress) -> dict[str, _Scenario]:
    """Least cushion of each scenario by its name."""
    found: dict[str, _Scenario] = {}
    for part, listing in _PARTS:
        for row in _rows(kept, part, listing):
            cells = _list(row, "cells")
            name = str(_at(row, "label", "value"))
            found[name] = _Scenario(_figure(cells[_LOW], kept), str(_at(cells[_WORD], "value")))
    return found


def _was_broken(old: Mapping[str, _Scenario], name: str) -> bool:
    return name in old and old[name].broken


def _old_low(old: Mapping[str, _Scenario], name: str, row: _Scenario) -> Figure:
    return old[name].low if name in old else _missing(row.low, "the pack before did not have it")


def _glance(kept: KeptStress) -> dict[str, Figure]:
    found = _at(kept.figures, "glance")
    assert isinstance(found, dict)  # noqa: S101 - checked by its hash
    return {str(key): _figure(value, kept) for key, value in found.items()}


# ---- reverse stress


def _reverse(now: KeptStress, before: KeptStress | None) -> Section:
    part = _part(now, "reverse")
    figures = {str(key): _figure(value, now) for key, value in _dict(part, "figures").items()}
    if before is not None:
        old = _dict(_part(before, "reverse"), "figures")
        figures |= {f"{key}_before": _renamed(_figure(value, before), ", before") for key, value in old.items()}
    return Section(
        "reverse",
        _REVERSE,
        None,
        str(_at(part, "sentence")),
        figures,
        tuple(_table(now, key, title) for key, title in _TABLES if _rows(now, "reverse", key)),
        paragraphs=tuple(str(said) for said in _list(part, "missing")),
    )


_TABLES = (
    ("paths", "The likeliest ways to the floor."),
    ("combinations", "The largest gap that is survived when trading is late and thin."),
)


def _table(kept: KeptStress, key: str, caption: str) -> Table:
    listing = _listing(kept, "reverse", key)
    rows = tuple(
        Row(_label(_figure(_at(row, "label"), kept)), tuple(_figure(cell, kept) for cell in _list(row, "cells")))
        for row in _list(listing, "rows")
    )
    columns = tuple(str(_at(column, "name")) for column in _list(listing, "columns"))
    return Table(caption, str(_at(listing, "first")), columns, rows)


def _label(figure: Figure) -> str:
    return filters.figure(figure.value, figure.unit)


def _renamed(figure: Figure, more: str) -> Figure:
    return Figure(figure.label + more, figure.value, figure.unit, figure.source)


# ---- reading JSON


def _figure(found: object, kept: KeptStress) -> Figure:
    """A figure of a kept report, which says so."""
    unit = _UNITS[str(_at(found, "unit"))]
    source = str(_at(found, "source"))
    return Figure(
        str(_at(found, "label")),
        _value(_at(found, "value"), unit),
        unit,
        f"{kept.file}: {source}" if source else kept.file,
    )


def _value(found: object, unit: Unit) -> Value:
    if isinstance(found, dict):
        return NotComputed(str(found["not_computed"]))
    if unit == "date" and isinstance(found, str):
        return dt.date.fromisoformat(found)
    if isinstance(found, str | int | float):
        return found
    raise InvalidInput(f"a kept figure is {found!r}; it must be a number, words, or why there is none.")


def _rows(kept: KeptStress, part: str, listing: str) -> list[object]:
    found = _listing(kept, part, listing)
    return [] if found is None else _list(found, "rows")


def _listing(kept: KeptStress, part: str, key: str) -> object:
    return next((each for each in _list(_part(kept, part), "listings") if _at(each, "key") == key), None)


def _part(kept: KeptStress, key: str) -> object:
    found = next((each for each in _list(kept.figures, "parts") if _at(each, "key") == key), None)
    if found is None:
        raise InvalidInput(f"{kept.file} has no part {key!r}; it was made by another version of the program.")
    return found


def _dict(found: object, key: str) -> dict[str, object]:
    value = _at(found, key)
    if not isinstance(value, dict):
        raise InvalidInput(f"a kept report has {key!r} of another kind; it was made by another version of the program.")
    return value


def _list(found: object, key: str) -> list[object]:
    value = _at(found, key)
    if not isinstance(value, list):
        raise InvalidInput(f"a kept report has {key!r} of another kind; it was made by another version of the program.")
    return value


def _at(found: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            raise InvalidInput(f"a kept report has no {key!r}; it was made by another version of the program.")
        found = found[key]
    return found

"""The compliance report's stress sections: the last pack of a period against the one before it, and reverse stress.

They are made of what the chain says of stress reports (``reports.stress.headline``), never of the files in the folder
of the reports: a file that is lost or changed makes no other compliance report. `insure verify` holds the files against
the chain.
"""

import datetime as dt
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from insure.compliance import Judgement
from insure.errors import InvalidInput
from reports import filters
from reports.figures import Figure, Figures, NotComputed, Unit, Value
from reports.sections import Row, Section, Table
from reports.stress.headline import COMPARED, FORM, SIMULATED
from reports.stress.parts import BROKEN, HOLDS

KIND = "stress"
"""Of the statement that a pack was run."""
_UNITS: Mapping[str, Unit] = {str(unit): unit for unit in get_args(Unit)}
_SIGNED: Mapping[Unit, Unit] = {"money": "gain", "weight": "points", "probability": "points"}
"""Units of a difference."""
_ERRORS: Mapping[Unit, Unit] = {"gain": "money"}
"""Units of a standard error, where they are not those of the figure."""
_CAPTIONS: Mapping[str, str] = {
    "paths": "The likeliest ways to the floor.",
    "combinations": "The largest gap that is survived when trading is late and thin.",
}
_TITLE, _REVERSE = "Stress pack against the one before", "Reverse stress"
_NO_PACK_BEFORE = "No pack was run before the period."


@dataclass(frozen=True, slots=True)
class StatedPack:
    """One stress report as its row of the chain speaks of it."""

    entry: int
    """Of the chain."""
    session: dt.date
    """After whose decision the fund was stressed."""
    page: str
    """File of the page, inside the folder of the reports."""
    sha256: str
    """Of the report's figures."""
    figures: str
    """What ``reports.stress.headline`` kept of them."""

    @property
    def file(self) -> str:
        """Name of the page."""
        return self.page.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class StressPacks:
    """The newest pack of a period, and the newest before it; None where none was stated."""

    now: StatedPack | None = None
    before: StatedPack | None = None


def stated(sequence: int, content: Mapping[str, str]) -> StatedPack:
    """A pack out of its row of the chain.

    Raises:
        InvalidInput: the row is none of this kind.
    """
    try:
        session = dt.date.fromisoformat(content["session"])
        return StatedPack(sequence, session, content["page"], content["sha256"], content["figures"])
    except (KeyError, ValueError) as error:
        raise InvalidInput(f"Row {sequence} of the chain speaks of no stress report.") from error


def packs_of(given: Iterable[StatedPack], first: dt.date, last: dt.date) -> StressPacks:
    """The packs of a period: of the newest session the one that was stated last, in the period and before it."""
    found = sorted(given, key=lambda pack: (pack.session, pack.entry))
    within = [pack for pack in found if first <= pack.session <= last]
    earlier = [pack for pack in found if pack.session < first]
    return StressPacks(within[-1] if within else None, earlier[-1] if earlier else None)


def sections(fund_id: str, first: dt.date, last: dt.date, packs: StressPacks | None) -> tuple[Section, ...]:
    """Both sections for a period of more than a day, one sentence where no pack was run; none for a day.

    Args:
        fund_id: whose report it is, for the command that runs a pack.
        first: of the period.
        last: of the period.
        packs: None where the chain was not asked for them.
    """
    if first == last:
        return ()
    if packs is None:
        return _nothing("the chain was not asked for stress packs")
    if packs.now is None:
        return _nothing(f"no stress pack was run in the period; `insure report stress {fund_id}` runs one")
    try:
        now = _read(packs.now)
        before = None if packs.before is None else _read(packs.before)
        return (_against(now, before), _reverse(now, before))
    except InvalidInput as refusal:
        return _nothing(str(refusal).rstrip("."))


def _nothing(why: str) -> tuple[Section, ...]:
    return (Section("stress", "Stress", None, filters.missing(NotComputed(why)) + "."),)


@dataclass(frozen=True, slots=True)
class _Scenario:
    low: float | None
    broken: bool


@dataclass(frozen=True, slots=True)
class _Pack:
    """A pack as it is compared."""

    stated: StatedPack
    made: str
    glance: Figures
    simulated: Figures
    errors: Figures
    paths: str
    """Model, paths and seed in words; empty where nothing was simulated."""
    scenarios: Mapping[str, _Scenario]
    """By title."""
    reverse: object

    @property
    def broken(self) -> list[str]:
        """Titles of the scenarios that break the floor."""
        return [title for title, each in self.scenarios.items() if each.broken]


# ---- the pack against the one before


def _against(now: _Pack, before: _Pack | None) -> Section:
    fresh = [title for title in now.broken if before is not None and title not in before.broken]
    spent = isinstance(gap := now.glance["gap"].value, float | int) and not gap > 0.0
    judgement: Judgement = "alert" if spent or fresh or (before is None and now.broken) else "kept"
    return Section(
        "stress",
        _TITLE if before is not None else "Stress pack",
        judgement,
        _sentence(now, before, fresh),
        {**_files("pack", "Stress pack", now), **({} if before is None else _files("before", "Pack before", before))},
        (_glance_table(now, before), *_simulated_table(now, before), _scenario_table(now, before)),
    )


def _sentence(now: _Pack, before: _Pack | None, fresh: Sequence[str]) -> str:
    told = f"The floor breaks in {len(now.broken)} of {len(now.scenarios)} scenarios"
    if before is None:
        return f"{told}. {_NO_PACK_BEFORE}"
    if fresh:
        return f"{told}; new since the pack before: {'; '.join(fresh)}."
    return f"{told}; in none that it did not break in before."


def _files(key: str, label: str, pack: _Pack) -> Figures:
    entry = f"entry {pack.stated.entry} of the chain"
    return {
        key: Figure(label, pack.stated.file, "text", "in the folder of the reports"),
        f"{key}_period": Figure(f"{label}, made", pack.made, "text", entry),
        f"{key}_paths": Figure(
            f"{label}, simulated", pack.paths or NotComputed("nothing was simulated"), "text", entry
        ),
        f"{key}_sha256": Figure(f"{label}, SHA-256 of its figures", pack.stated.sha256, "hash", entry),
    }


def _glance_table(now: _Pack, before: _Pack | None) -> Table:
    rows = tuple(
        Row(
            _short(now.glance[key]),
            (now.glance[key], *(() if before is None else _beside(now.glance[key], before.glance[key]))),
            now.stated.file,
        )
        for key in COMPARED
    )
    caption = "The pack at a glance."
    if before is None:
        return Table(caption, "Figure", ("In the period",), rows)
    return Table(caption, "Figure", ("In the period", "Before", "Change"), rows)


def _simulated_table(now: _Pack, before: _Pack | None) -> tuple[Table, ...]:
    if not now.paths:
        return ()
    rows = []
    for key in SIMULATED:
        figure = now.simulated[key]
        cells = [figure, now.errors[key]]
        if before is not None:
            then, change = _beside(figure, before.simulated[key])
            cells += [then, before.errors[key], change]
        rows.append(Row(_short(figure), tuple(cells), figure.source))
    caption = f"Simulated, {now.paths}"
    if before is None:
        return (Table(f"{caption}.", "Figure", ("In the period", "Standard error"), tuple(rows)),)
    old = f"before, {before.paths}" if before.paths else "before, nothing was simulated"
    names = ("In the period", "Standard error", "Before", "Standard error", "Change")
    return (Table(f"{caption}; {old}.", "Figure", names, tuple(rows)),)


def _scenario_table(now: _Pack, before: _Pack | None) -> Table:
    rows = tuple(
        Row(
            title,
            (
                _low(each.low, now.stated.file),
                *(() if before is None else (_old_low(before, title),)),
                Figure("Floor", _word(each), "text", now.stated.file),
            ),
            judgement="alert" if each.broken else "kept",
        )
        for title, each in now.scenarios.items()
    )
    names = ("In the period", "Floor") if before is None else ("In the period", "Before", "Floor")
    caption = "Least above the floor in each scenario; below zero the floor breaks."
    return Table(caption, "Scenario", names, rows, "The pack had no scenario.")


def _short(figure: Figure) -> str:
    return figure.label.partition(", of ")[0]


def _beside(now: Figure, then: Figure) -> tuple[Figure, Figure]:
    """The figure of the pack before, and the change."""
    source = "in the period \u2212 before"
    if isinstance(now.value, float | int) and isinstance(then.value, float | int):
        unit = _SIGNED.get(now.unit, now.unit)
        return then, Figure("Change", now.value - then.value, unit, source)
    return then, Figure("Change", NotComputed("one of them was not computed"), now.unit, source)


def _low(low: float | None, source: str) -> Figure:
    return Figure("Least above the floor", NotComputed("no floor") if low is None else low, "gain", source)


def _old_low(before: _Pack, title: str) -> Figure:
    if title in before.scenarios:
        return _low(before.scenarios[title].low, before.stated.file)
    none = NotComputed("the pack before did not have it")
    return Figure("Least above the floor", none, "gain", before.stated.file)


def _word(each: _Scenario) -> str:
    return "no floor" if each.low is None else BROKEN if each.broken else HOLDS


# ---- reverse stress


def _reverse(now: _Pack, before: _Pack | None) -> Section:
    figures = _figures(now, "figures")
    if before is not None:
        old = _figures(before, "figures").items()
        figures |= {f"{key}_before": _renamed(each, ", before") for key, each in old}
    return Section(
        "reverse",
        _REVERSE,
        None,
        str(_at(now.reverse, "sentence")),
        figures,
        tuple(_table(each, now) for each in _list(now.reverse, "tables")),
        paragraphs=tuple(str(said) for said in _list(now.reverse, "missing")),
    )


def _figures(pack: _Pack, key: str) -> dict[str, Figure]:
    return {name: _figure(each, pack.stated) for name, each in _dict(pack.reverse, key).items()}


def _table(found: object, pack: _Pack) -> Table:
    rows = []
    for row in _list(found, "rows"):
        if not isinstance(row, list) or not row:
            raise InvalidInput(_OTHER)
        label, *cells = (_figure(each, pack.stated) for each in row)
        rows.append(Row(filters.figure(label.value, label.unit), tuple(cells)))
    key = str(_at(found, "key"))
    columns = tuple(str(column) for column in _list(found, "columns"))
    return Table(_CAPTIONS.get(key, str(_at(found, "caption"))), str(_at(found, "first")), columns, tuple(rows))


def _renamed(figure: Figure, more: str) -> Figure:
    return Figure(figure.label + more, figure.value, figure.unit, figure.source)


# ---- reading the chain

_OTHER = "a stress pack on the chain was stated by another version of the program"


def _read(pack: StatedPack) -> _Pack:
    """A pack out of what the chain keeps of it.

    Raises:
        InvalidInput: it was stated by a version that kept something else.
    """
    try:
        found = json.loads(pack.figures)
    except ValueError as error:
        raise InvalidInput(_OTHER) from error
    if _at(found, "form") != FORM:
        raise InvalidInput(_OTHER)
    simulated = _dict(found, "simulated")
    figures = _dict(simulated, "figures")
    return _Pack(
        pack,
        str(_at(found, "made")),
        {key: _figure(_at(found, "glance", key), pack) for key in COMPARED},
        {key: _figure(_at(figures, key), pack) for key in SIMULATED},
        {key: _error(_at(figures, key), pack) for key in SIMULATED},
        _paths(simulated),
        {str(_at(each, "title")): _scenario(each) for each in _list(found, "scenarios")},
        _at(found, "reverse"),
    )


def _paths(simulated: Mapping[str, object]) -> str:
    model, paths, seed = (_at(simulated, key) for key in ("model", "paths", "seed"))
    if not isinstance(paths, int):
        return ""
    return f"{filters.number(paths, 0)} paths of the model {model}, seed {seed}"


def _scenario(found: object) -> _Scenario:
    low, broken = _at(found, "low"), _at(found, "broken")
    if not isinstance(broken, bool) or not (low is None or (isinstance(low, float | int) and math.isfinite(low))):
        raise InvalidInput(_OTHER)
    return _Scenario(None if low is None else float(low), broken)


def _error(found: object, pack: StatedPack) -> Figure:
    figure, error = _figure(found, pack), _at(found, "error")
    known = error if isinstance(error, float | int) else NotComputed("nothing was simulated")
    return Figure("Standard error", known, _ERRORS.get(figure.unit, figure.unit), figure.source)


def _figure(found: object, pack: StatedPack) -> Figure:
    """A figure of a stated pack, which says so."""
    name = str(_at(found, "unit"))
    if name not in _UNITS:
        raise InvalidInput(_OTHER)
    unit, source = _UNITS[name], str(_at(found, "source"))
    value = _value(_at(found, "value"), unit)
    return Figure(str(_at(found, "label")), value, unit, f"{pack.file}: {source}" if source else pack.file)


def _value(found: object, unit: Unit) -> Value:
    if isinstance(found, dict):
        return NotComputed(str(_at(found, "not_computed")))
    if unit == "date" and isinstance(found, str):
        return dt.date.fromisoformat(found)
    if isinstance(found, str | int | float):
        return found
    raise InvalidInput(_OTHER)


def _dict(found: object, key: str) -> dict[str, object]:
    value = _at(found, key)
    if not isinstance(value, dict):
        raise InvalidInput(_OTHER)
    return value


def _list(found: object, key: str) -> list[object]:
    value = _at(found, key)
    if not isinstance(value, list):
        raise InvalidInput(_OTHER)
    return value


def _at(found: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            raise InvalidInput(_OTHER)
        found = found[key]
    return found

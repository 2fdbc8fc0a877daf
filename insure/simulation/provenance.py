"""Studies on disk: one npz file with the arrays and the whole recipe, from which the study runs again bit for bit."""

import dataclasses
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import insure
from insure import costs, rebalancing, strategies
from insure.errors import InvalidInput
from insure.simulation import market, models
from insure.simulation.engine import Arrangement, Outcome, Recipe, Trading

FORMAT = 3
"""Of saved studies: counters, streams, lanes of a block, rows of a figure, fields of a recipe."""

_ARRAYS = ("index", "twins", "controls", "ends", "moments")
_KNOWN: dict[str, Any] = {
    name: getattr(room, name)
    for room, names in (
        (strategies, strategies.__all__),
        (models, ("GBM", "Merton", "Kou", "Heston", "Bates", "Bootstrap", "FilteredHistory", "RegimeSwitching")),
        (market, ("Market",)),
        (costs, ("Costs",)),
        (rebalancing, ("FixedBand", "WhalleyWilmottBand", "DriftBand")),
    )
    for name in names
} | {"Recipe": Recipe, "Trading": Trading}


def written(file: Path, recipe: Recipe, position: int, outcome: Outcome) -> None:
    """Write a study, whole or not at all."""
    import numba  # noqa: PLC0415  # loaded by now; not with the package

    record = {
        "format": FORMAT,
        "position": position,
        "recipe": _plain(recipe),
        "insure": insure.__version__,
        "numba": numba.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    arrays = {name: getattr(outcome, name) for name in _ARRAYS}
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as half:
        try:
            np.savez_compressed(half, record=np.array(json.dumps(record)), **arrays)
            half.flush()
            os.fsync(half.fileno())
            Path(half.name).replace(file)
        except BaseException:
            Path(half.name).unlink(missing_ok=True)
            raise


def read(file: Path) -> tuple[Arrangement, int, Outcome]:
    """A study that was written by ``written``.

    Raises:
        InvalidInput: the file is of another format, or no study.
    """
    with np.load(file, allow_pickle=False) as kept:
        if "record" not in kept:
            raise InvalidInput(f"{file} holds no study.")
        record = json.loads(str(kept["record"]))
        if record.get("format") != FORMAT:
            raise InvalidInput(f"{file} is a study of format {record.get('format')!r}; this version reads {FORMAT}.")
        arrays = {name: kept[name] for name in _ARRAYS}
    nothing = np.empty((0, 0, 0))
    outcome = Outcome(**arrays, book_details=nothing, put_details=nothing)
    return Arrangement(_restored(record["recipe"])), int(record["position"]), outcome


def _plain(value: object) -> object:
    """A value in what JSON knows, with the name of its type where it has fields."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"type": type(value).__name__, "fields": fields}
    if isinstance(value, tuple):
        names: tuple[str, ...] | None = getattr(value, "_fields", None)
        if names is not None:
            return {"type": type(value).__name__, "fields": {n: _plain(v) for n, v in zip(names, value, strict=True)}}
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InvalidInput(f"a recipe with {value!r} cannot be kept; strategies and models must be values of this package.")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restored(one) for one in value)
    if isinstance(value, dict):
        kind = _KNOWN.get(value["type"])
        if kind is None:
            raise InvalidInput(f"a study names {value['type']!r}, which this version does not know.")
        return kind(**{name: _restored(one) for name, one in value["fields"].items()})
    return value

"""What the chain keeps of a stress report: the figures that compliance reports compare, as one line of JSON.

A report's file can be lost or changed; what was stated of it on the chain cannot. The line is made of the report's own
figures, so that it says nothing that the page does not.
"""

import json
from collections.abc import Mapping

from insure.stress import StressResult
from insure.stress.models import ModelResult
from reports.figures import Figure, plain
from reports.stress.page import StressReport
from reports.stress.parts import Listing, Part

FORM = 1
"""Of the line; a later one has another number."""
COMPARED = ("gap", "broken", "least_cushion", "weight", "nav", "floor")
"""Figures of the glance that are set side by side, in this order."""
SIMULATED: Mapping[str, str] = {
    "slippage_mean": "slippage_mean",
    "slippage_q01": "slippage_q01",
    "shortfall": "shortfall_probability",
}
"""Simulated figures of the glance, and their names in the study."""
_REVERSE = ("paths", "combinations")
"""Listings of the part on reverse stress."""


def headline(report: StressReport, result: StressResult) -> str:
    """The line.

    Args:
        report: as it was built.
        result: that it was built on, for the errors of the simulated figures.
    """
    part = next(part for part in report.parts if part.key == "reverse")
    told = {
        "form": FORM,
        "made": report.head.period,
        "glance": {key: _figure(report.glance[key]) for key in COMPARED},
        "simulated": _simulated(report, result.model),
        "scenarios": [
            {
                "title": each.journey.title,
                "low": each.journey.lowest_cushion,
                "broken": each.journey.breach is not None,
            }
            for each in result.scenarios
        ],
        "reverse": _reverse(part),
    }
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sentence(report: StressReport) -> str:
    """The pack in words, for its row of the chain."""
    return f"Stress pack {report.head.period}: {report.verdict.word[:1].lower()}{report.verdict.word[1:]}."


def _figure(figure: Figure) -> dict[str, object]:
    return {"label": figure.label, "value": plain(figure.value), "unit": figure.unit, "source": figure.source}


def _simulated(report: StressReport, study: ModelResult | None) -> dict[str, object]:
    errors = {key: None if study is None else study.figures[name].standard_error for key, name in SIMULATED.items()}
    return {
        "model": None if study is None else study.model.replace("_", " "),
        "paths": None if study is None else study.paths,
        "seed": None if study is None else study.seed,
        "figures": {key: {**_figure(report.glance[key]), "error": errors[key]} for key in SIMULATED},
    }


def _reverse(part: Part) -> dict[str, object]:
    return {
        "sentence": part.sentence,
        "missing": list(part.missing),
        "figures": {key: _figure(figure) for key, figure in part.figures.items()},
        "tables": [_table(listing) for listing in part.listings if listing.key in _REVERSE and listing.rows],
    }


def _table(listing: Listing) -> dict[str, object]:
    return {
        "key": listing.key,
        "caption": listing.caption,
        "first": listing.first,
        "columns": [column.name for column in listing.columns],
        "rows": [[_figure(row.label), *(_figure(cell) for cell in row.cells)] for row in listing.rows],
    }

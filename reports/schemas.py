"""The JSON of each report as a published schema (JSON Schema 2020-12), made from the same types as the reports.

``docs/schemas`` holds one file a kind; ``python -m reports.schemas docs/schemas`` writes them anew after a change.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from reports.comparison import ComparisonReport
from reports.compliance import ComplianceReport
from reports.event import EventReport
from reports.index import IndexReport
from reports.optimise import OptimiseReport
from reports.rebalance import RebalanceReport
from reports.stress import StressReport

KINDS: Mapping[str, type] = {
    "backtest": ComparisonReport,
    "comparison": ComparisonReport,
    "compliance": ComplianceReport,
    "event": EventReport,
    "index": IndexReport,
    "optimise": OptimiseReport,
    "rebalance": RebalanceReport,
    "stress": StressReport,
}


def schema(kind: str) -> dict[str, object]:
    """The schema of one kind of report: every field is there, and no other.

    Raises:
        KeyError: there is no such kind.
    """
    found: dict[str, object] = TypeAdapter(KINDS[kind]).json_schema(mode="serialization")
    closed = _closed(found)
    assert isinstance(closed, dict)  # noqa: S101
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "Exact decimals are text, figures computed in floats are numbers, instants are in UTC.",
        **closed,
    }


def text(kind: str) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(kind), indent=1, sort_keys=True) + "\n"


def _closed(node: object) -> object:
    """The same schema with objects of named fields closed, all of those fields required, and no machine-made titles."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    named = node.get("properties")
    closed = {name: _closed(each) for name, each in node.items() if name not in {"default", "title", "properties"}}
    if isinstance(named, dict):
        # A field may be called title itself.
        closed["properties"] = {name: _closed(each) for name, each in named.items()}
        closed |= {"additionalProperties": False, "required": sorted(named)}
    return closed


def write(folder: Path) -> None:
    """Write all schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.json").write_text(text(kind), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""What changed from one contract to another, key by key."""

import json
from dataclasses import dataclass
from itertools import chain

from insure.errors import InvalidInput
from insure.fund import UNWRITTEN

WHOLE = "fund"
"""The section of keys that stand in none."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key of the contract that changed; values as ``insure fund show`` writes them."""

    section: str
    """Table of the fund file; ``fund`` for keys above the first table."""
    key: str
    """Within its section; keys of a table inside it are joined by dots."""
    old: str | None
    """None where the contract before did not have the key."""
    new: str | None
    """None where the contract after does not have it."""

    @property
    def sentence(self) -> str:
        """The change in words."""
        name = self.key if self.section == WHOLE else f"{self.section}.{self.key}"
        if self.old is None:
            return f"{name} is new: {self.new}."
        if self.new is None:
            return f"{name} is gone; it was {self.old}."
        return f"{name} goes from {self.old} to {self.new}."


def changes(before: str, after: str) -> tuple[Change, ...]:
    """Every key whose value differs between two contracts, in the order of the fund file.

    Args:
        before: an effective contract, as ``Fund.effective`` writes it.
        after: another one.

    Returns:
        The keys of whole-fund values first, then section by section; empty for equal contracts. A list is one value.

    Raises:
        InvalidInput: one of them is no effective contract.
    """
    old, new = _keys("before", before), _keys("after", after)
    names = dict.fromkeys(chain(old, new))
    found = [Change(*name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
    return tuple(sorted(found, key=lambda change: (change.section != WHOLE, change.section, change.key)))


def _keys(name: str, text: str) -> dict[tuple[str, str], str]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{name} is no effective contract: {error}.") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{name} is no effective contract: it is {type(content).__name__}, not an object.")
    found: dict[tuple[str, str], str] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            first = {place: _written(left_out) for place, left_out in UNWRITTEN.items() if place[0] == key}
            found |= first | {(key, inner): _written(each) for inner, each in _flat(value)}
        else:
            found[WHOLE, key] = _written(value)
    return found


def _flat(table: dict[str, object], above: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found.extend(_flat(value, f"{above}{key}."))
        else:
            found.append((f"{above}{key}", value))
    return found


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""What changed between two contracts, as reports and commands show it: key by key, old and new, since when."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from insure.book.agreed import KeptContract
from insure.book.record import Record
from insure.compliance import Facts
from insure.contract_diff import Change, changes
from reports import filters
from reports.figures import Figure
from reports.sections import Row, Section, Table

ABSENT = "not in the contract"
"""Stands where a contract does not have a key."""


def parameter_changes(facts: Facts, contracts: Sequence[KeptContract]) -> Section:
    """Contracts and programs in force in a period, and every key that changed.

    Args:
        facts: of the period.
        contracts: all that the book keeps of the fund.
    """
    kept = {each.config_sha256: each for each in contracts}
    records = ([facts.opening] if facts.opening is not None else []) + list(facts.records)
    keys: list[Row] = []
    switches: list[Row] = []
    for before, now in pairwise(records):
        old, new = before.decision.config_sha256, now.decision.config_sha256
        if old != new:
            switches.append(_switch(now, "contract", old, new))
            keys.extend(_key_rows(kept, now, old, new))
        if before.code_version != now.code_version:
            switches.append(_switch(now, "program", before.code_version, now.code_version))
    return Section(
        "changes",
        "Parameter changes",
        "alert" if switches else "kept",
        f"{len(switches)} changes of contract or program, {len(keys)} keys of the contract."
        if switches
        else "Contract and program stayed the same.",
        tables=(
            Table("Contracts and programs that came into force.", "Session", ("What", "From", "To"), tuple(switches)),
            Table("Keys that changed.", "Key", ("Since", "Old", "New"), tuple(keys), "No key changed."),
        ),
    )


def _switch(record: Record, what: str, before: str, after: str) -> Row:
    source = f"record of {filters.day(record.session)}, slot {record.slot}"
    cells = (
        Figure("What", what, "text", source),
        Figure("From", before, "hash", source),
        Figure("To", after, "hash", source),
    )
    return Row(filters.day(record.session), cells, source, judgement="alert")


def _key_rows(kept: Mapping[str, KeptContract], now: Record, old: str, new: str) -> list[Row]:
    if old not in kept or new not in kept:
        return []
    source = f"contract {new[:12]}, slot {filters.day(now.session)} {now.slot}"
    return [
        Row(
            f"{change.section}: {change.key}",
            (
                Figure("Since", kept[new].first_used, "instant", source),
                Figure("Old", written(change.old), "text", source),
                Figure("New", written(change.new), "text", source),
            ),
            source,
            judgement="alert",
        )
        for change in changes(kept[old].effective, kept[new].effective)
    ]


def written(value: str | None) -> str:
    """A value of a contract; empty text is shown as such."""
    return ABSENT if value is None else value or "(empty)"


def rows(found: Sequence[Change]) -> list[list[str]]:
    """Changes as rows of text: section, key, old, new."""
    return [[change.section, change.key, written(change.old), written(change.new)] for change in found]

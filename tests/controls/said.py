"""Statements for tests, told without a book."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from insure.book import Statement
from insure.book.statements import KINDS

NOON = dt.datetime(2026, 11, 2, 17, tzinfo=dt.UTC)


class Told:
    """A chain in a list: each statement gets the next sequence."""

    def __init__(self) -> None:
        self.said: list[Statement] = []

    def state(
        self, kind: str, content: Mapping[str, str], fund_id: str = "tested", at: dt.datetime | None = None
    ) -> Statement:
        assert kind in KINDS, f"no statement has the kind {kind!r}"
        assert content["sentence"].strip(), "a statement says something"
        number = len(self.said) + 1
        moment = at or NOON + dt.timedelta(minutes=number)
        one = Statement(number, moment, fund_id, kind, MappingProxyType(dict(content)))
        self.said.append(one)
        return one

    def of(self, *kinds: str) -> list[Statement]:
        return [one for one in self.said if one.kind in kinds]

"""Contracts and markets for tests: one fund file in code, changed by key, and a feed that says what it is told."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from insure.feeds.feed import Observation, Row, newest
from insure.fund import Fund, fund_adapter
from insure.market import Snapshot
from insure.volatility import Estimate

Toml: TypeAlias = "str | int | float | Decimal | dt.date | Mapping[str, Toml] | Sequence[Toml]"

BASE: dict[str, Toml] = {
    "id": "tested",
    "name": "Tested Fund",
    "instrument": "index unit",
    "initial_money": 1_000_000,
    "protection": {"start": dt.date(2007, 1, 3), "floor_fraction": 0.9},
    "strategy": {"kind": "synthetic_put"},
    "volatility": {"kind": "fixed", "vol": 0.2},
    "schedule": {"calendar": "XNYS", "slot": "close"},
    "feed": {"kind": "sample"},
}


def fund(**changes: Toml) -> Fund:
    """The base contract, its sections merged key by key; strategy, volatility and feed are replaced whole."""
    content = dict(BASE)
    for section, value in changes.items():
        before = content.get(section)
        if (
            section not in {"strategy", "volatility", "feed"}
            and isinstance(value, Mapping)
            and isinstance(before, Mapping)
        ):
            content[section] = {**before, **value}
        else:
            content[section] = value
    return fund_adapter().validate_python(content)


def snapshot(
    session: dt.date, price: Decimal, rate: float = 0.03, vol: float = 0.2, dividend_yield: float = 0.0
) -> Snapshot:
    """A market at which options cost the hedge volatility."""
    return Snapshot(
        at=dt.datetime.combine(session, dt.time(21), dt.UTC),
        session=session,
        price=price,
        rate=rate,
        volatility=Estimate(vol, "given", 0, None, ""),
        put_vol=vol,
        put_vol_source="given",
        dividend_yield=dividend_yield,
    )


class ToldPrices:
    """A feed of the rows it is given."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = list(rows)

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def at(self, session: dt.date, tail: int) -> Observation:
        position = newest(self._rows, session, "told prices")
        before = self._rows[max(position - tail, 0) : position]
        return Observation(self._rows[position], before, f"told prices row {position}", "0" * 64)

"""What every part of a compliance report is measured with: judgements, contracts, and a fund after its trade."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from insure.book.record import Record
from insure.decision import Valuation
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.fund import Fund

Judgement = Literal["kept", "alert", "breached"]
Contracts = Mapping[str, Fund]
"""Contracts of a fund by their hash."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The furthest that a figure went in the period, and when."""

    value: float
    session: dt.date


@dataclass(frozen=True, slots=True)
class InForce:
    """A contract over a stretch of decisions."""

    config_sha256: str
    fund: Fund
    since: dt.date | None
    """First session that was decided under it; None where no other contract was in force before it."""
    until: dt.date | None
    """The day before the next one came into force; None for the last."""


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The most serious of several; ``kept`` where there are none."""
    found = set(judgements)
    return "breached" if "breached" in found else "alert" if "alert" in found else "kept"


def contract_of(contracts: Contracts, record: Record) -> Fund:
    """The contract that a decision was made under.

    Raises:
        InvalidInput: it is not among those handed in.
    """
    sha = record.decision.config_sha256
    if sha not in contracts:
        raise InvalidInput(
            f"{record.fund_id} decided {record.session} {record.slot} under the contract {sha[:12]}, which is not "
            f"among the {len(contracts)} handed in; take them out of the book."
        )
    return contracts[sha]


def in_force(contracts: Contracts, records: Sequence[Record]) -> tuple[InForce, ...]:
    """The contracts that decisions were made under, one for each stretch of them."""
    changed = [
        place
        for place, record in enumerate(records)
        if not place or record.decision.config_sha256 != records[place - 1].decision.config_sha256
    ]
    return tuple(
        InForce(
            records[place].decision.config_sha256,
            contract_of(contracts, records[place]),
            records[place].session if place else None,
            None if after is None else day_before(records[after].session, records[after - 1].session),
        )
        for place, after in zip_longest(changed, changed[1:])
    )


def day_before(session: dt.date, least: dt.date) -> dt.date:
    """The day before something began in a session; ``least`` where what it follows was still there in that session."""
    return max(session - dt.timedelta(days=1), least)


def extreme(values: Iterable[tuple[dt.date, float | None]], furthest: Callable[[list[float]], float]) -> Extreme | None:
    """The furthest of the values that are known, with its first session; None where none is."""
    known = [(session, value) for session, value in values if value is not None]
    if not known:
        return None
    bound = furthest([value for _, value in known])
    return next(Extreme(value, session) for session, value in known if value == bound)


def after_trade(record: Record) -> tuple[float, float]:
    """Equity and NAV once the decision is carried out, money: of a settled record, with its late fills."""
    return float(record.equity), float(record.nav)


def weight(record: Record) -> float:
    """Share of the fund in stock once the decision is carried out; 0 for an empty fund."""
    equity, nav = after_trade(record)
    return equity / nav if nav > 0.0 else 0.0


def promising(record: Record) -> Valuation | None:
    """The valuation of a record in whose period a floor is promised; None for others."""
    valuation = record.decision.valuation
    return valuation if valuation is not None and valuation.guarantee > 0.0 else None


def gap(record: Record) -> float | None:
    """Instant fall that reaches the floor after the trade; None where none does, or no floor is promised."""
    valuation = promising(record)
    if valuation is None:
        return None
    equity, nav = after_trade(record)
    return gap_budget(nav, valuation.floor, equity, record.option_legs, record.decision.snapshot)

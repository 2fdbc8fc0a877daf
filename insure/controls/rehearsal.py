"""Two contracts lived along the same recorded sessions, side by side: what a change would have come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from insure.book.record import Record
from insure.controls.walking import Step, walked
from insure.decision import Decision, Holdings, Memory, Ordered, decide
from insure.errors import InsureError, MarketDataError
from insure.fund import Fund
from insure.market import Snapshot
from insure.volatility import Estimate

Seen = Callable[[Record, Estimate | None], Snapshot]
"""What a contract's own terms see at a recorded moment, after its own estimate of volatility before."""
SESSIONS = 60
_THROUGH = "A replay has nobody to ask"


@dataclass(frozen=True, slots=True)
class Lived:
    """One contract along the sessions."""

    config_sha256: str
    steps: tuple[Step, ...]
    failed: str
    """Why it could not be lived to the end; empty where it could."""

    @property
    def nav(self) -> Decimal | None:
        """After the last step."""
        return self.steps[-1].nav if self.steps else None

    @property
    def weight(self) -> float | None:
        """In stock after the last step."""
        return self.steps[-1].weight if self.steps else None

    @property
    def turnover(self) -> float:
        """Money traded over the whole, of the fund's mean value."""
        if not self.steps:
            return 0.0
        mean = float(sum((step.nav for step in self.steps), Decimal(0))) / len(self.steps)
        return float(sum((step.traded for step in self.steps), Decimal(0))) / mean if mean else 0.0

    @property
    def slippage(self) -> float | None:
        """Fund minus true put, bought at the first step."""
        return self.steps[-1].slippage if self.steps else None

    @property
    def trades(self) -> int:
        """Steps that traded."""
        return sum(step.traded > 0 for step in self.steps)

    @property
    def held(self) -> int:
        """Steps that a check refused."""
        return sum(step.decision.outcome == "HELD" for step in self.steps)

    @property
    def asked(self) -> int:
        """Steps at which a person would have been asked."""
        return sum(any(_THROUGH in check.sentence for check in step.decision.checks) for step in self.steps)

    @property
    def events(self) -> tuple[str, ...]:
        """What a compliance officer would have read, with its session."""
        return tuple(f"{step.session}: {each.sentence}" for step in self.steps for each in step.decision.events)

    def figures(self) -> dict[str, object]:
        """As JSON: exact money as text."""
        return {
            "config_sha256": self.config_sha256,
            "failed": self.failed,
            "nav": None if self.nav is None else str(self.nav),
            "weight": self.weight,
            "turnover": self.turnover if self.steps else None,
            "slippage": self.slippage,
            "trades": self.trades if self.steps else None,
            "held": self.held if self.steps else None,
            "asked": self.asked if self.steps else None,
            "events": list(self.events),
            "steps": [
                {
                    "session": step.session.isoformat(),
                    "slot": step.slot,
                    "nav": str(step.nav),
                    "weight": step.weight,
                    "traded": str(step.traded),
                    "slippage": step.slippage,
                    "outcome": step.decision.outcome,
                }
                for step in self.steps
            ],
        }


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The contract in force and the one proposed."""

    old: Lived
    new: Lived
    note: str
    """What the figures rest on, in words."""

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return {"note": self.note, "old": self.old.figures(), "new": self.new.figures()}


def rehearse(old: Fund, new: Fund, records: Sequence[Record], seen: Seen | None = None) -> Rehearsal | None:
    """The last sessions under two contracts: real decisions of both, on the markets that were recorded.

    Args:
        old: the contract in force.
        new: the one proposed.
        records: decisions of the fund as they followed each other; those of the last 60 sessions count.
        seen: what the new contract would have seen; asked where its terms of volatility, twin or feed are others. Its
            first estimate has none before it.

    Returns:
        Both paths, on paper at each contract's own costs; None where nothing is recorded. Where promise and strategy
        are those that the records were made under, both go on from the period recorded; else both begin one on the
        first session. Prices and quotes are those recorded. Volatility, yield, volume and, under other terms of the
        feed, the rate are what the new contract would have seen; where that cannot be seen, its path is not computed.
    """
    counted = sorted({record.session for record in records})[-SESSIONS:]
    lived = [record for record in records if counted and record.session >= counted[0]]
    while lived and lived[0].decision.memory_in is None and lived[0].decision.memory is None:
        lived.pop(0)  # a slot before the fund's first period says nothing
    if not lived:
        return None
    goes_on = lived[0].decision.memory_in is not None and _promise(old) == _promise(new)
    first = lived[0].session
    began = (
        "both contracts go on in the protection period of that session"
        if goes_on
        else "both contracts begin a protection period there"
    )
    note = (
        f"{len(counted)} sessions from {first}: {began}, with what the fund then held. Nobody is asked and no override "
        f"stands; {_EYES[_eyes(old) == _eyes(new)]}."
    )
    before = _lived(old, lived, goes_on=goes_on)
    if _eyes(old) == _eyes(new):
        return Rehearsal(before, _lived(new, lived, goes_on=goes_on), note)
    try:
        own = _as_seen(old, new, lived, seen)
    except InsureError as error:
        return Rehearsal(before, Lived(new.config_sha256, (), str(error)), note)
    return Rehearsal(before, _lived(new, own, goes_on=goes_on), note)


_EYES = {
    True: "volatilities are as recorded",
    False: "the new contract estimates volatility by its own terms, prices and quotes are as recorded",
}


def _eyes(fund: Fund) -> tuple[object, ...]:
    """The terms that say how a market is seen."""
    return fund.volatility, fund.twin, fund.feed


def _as_seen(old: Fund, new: Fund, records: Sequence[Record], seen: Seen | None) -> list[Record]:
    """The records with what the new contract would have seen in place of what was."""
    if seen is None:
        raise MarketDataError("The new contract sees the market by other terms, and no feed was asked for them.")
    found: list[Record] = []
    previous: Estimate | None = None
    for record in records:
        told, own = record.decision.snapshot, seen(record, previous)
        previous = own.volatility
        snapshot = replace(
            told,
            volatility=own.volatility,
            put_vol=own.put_vol,
            put_vol_source=own.put_vol_source,
            dividend_yield=own.dividend_yield,
            daily_volume=own.daily_volume,
            rate=told.rate if old.feed == new.feed else own.rate,
        )
        found.append(replace(record, decision=replace(record.decision, snapshot=snapshot)))
    return found


def _promise(fund: Fund) -> tuple[object, ...]:
    return fund.protection, fund.strategy, fund.currency


def _lived(fund: Fund, records: Sequence[Record], *, goes_on: bool) -> Lived:
    acting = fund
    if not goes_on:
        acting = replace(fund, protection=replace(fund.protection, start=records[0].decision.snapshot.session))
    steps: list[Step] = []
    try:
        for step in walked(
            records, lambda _: acting, _decided, memory=lambda kept: kept if goes_on else None, tracked=True
        ):
            steps.append(step)  # noqa: PERF402 - what was reached before a failure is shown
    except InsureError as error:
        return Lived(fund.config_sha256, tuple(steps), str(error))
    return Lived(fund.config_sha256, tuple(steps), "")


def _decided(
    fund: Fund, record: Record, holdings: Holdings, memory: Memory | None, earlier: tuple[Ordered, ...]
) -> Decision:
    seen = record.decision.circumstances
    if seen is not None:
        seen = replace(
            seen, override=None, approval=None, persons=False, breaker="NORMAL", breaker_reason="", earlier=earlier,
            taken=0, approved_code_sha256="", reconciliation_wanted=False,
        )  # fmt: skip
    return decide(fund, holdings, memory, record.decision.snapshot, seen)

"""The fund as it stands: what a stress begins from, and the sessions that lie ahead of it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple, Protocol

from insure.accrual import NOTHING_ACCRUED
from insure.dates import year_fraction
from insure.decision import Decision, Holdings, Ladder, Memory, decide, fund_calendar, years_between
from insure.decision.options import worth
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.market import Snapshot
from insure.slippage import Track
from insure.slots import slots
from insure.strategies import Strategy
from insure.tracking import follow

_NONE = Decimal(0)


class Recorded(Protocol):
    """What a stress reads of a decision as the book keeps it."""

    @property
    def decision(self) -> Decision:
        """With its snapshot and the memory it left."""
        ...

    @property
    def ladder(self) -> Ladder | None:
        """With the rung ``executed``."""
        ...

    @property
    def track(self) -> Track | None:
        """Slippage of the period in force."""
        ...

    @property
    def track_missing(self) -> str:
        """Why there is no track."""
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """A fund under stress: its contract, what it holds and remembers, its twin, and the market last seen."""

    fund: Fund
    holdings: Holdings
    memory: Memory | None
    """None where no protection period could begin."""
    ladder: Ladder | None
    """Of the last decision, executed."""
    track: Track | None
    """None where there is no twin."""
    track_missing: str
    """Why there is no twin; empty where there is one."""
    snapshot: Snapshot
    """The market of the last decision: where every scenario begins."""

    @classmethod
    def recorded(cls, fund: Fund, holdings: Holdings, last: Recorded | None) -> "Position":
        """The position after the last decision in the book, at today's balances.

        Raises:
            InvalidInput: the fund has no decision yet, or holds nothing.
        """
        if last is None:
            raise InvalidInput(
                f"{fund.id} has no position in the book to stress: run `insure rebalance {fund.id}` first, which books "
                "its first subscription and decides its first slot."
            )
        if not (holdings.units + holdings.cash > 0 or holdings.options):
            raise InvalidInput(f"{fund.id} holds nothing; book a subscription before it is stressed.")
        decision = last.decision
        return cls(fund, holdings, decision.memory, last.ladder, last.track, last.track_missing, decision.snapshot)

    @classmethod
    def begun(cls, fund: Fund, snapshot: Snapshot, money: Decimal | None = None) -> "Position":
        """A fund that begins at ``snapshot`` with ``money`` in cash (default: its initial money), its first trade done.

        Raises:
            InvalidInput: the snapshot lies before the start of the protection.
        """
        before = Holdings(_NONE, fund.initial_money if money is None else money)
        decision = decide(fund, before, None, snapshot)
        trade, ladder = decision.trade, decision.ladder
        after = before if trade is None else before.moved(units=trade.units, cash=trade.cash_after(_NONE))
        after, rounded = with_options(fund, after, decision, snapshot)
        following = follow(fund, None, None, None, None, NOTHING_ACCRUED, decision)
        track = following.track
        if track is not None and trade is not None:
            spent = float(-trade.units * snapshot.price - trade.cash_after(_NONE))
            commission, spread = float(trade.commission), float(trade.spread)
            track = track.charged({"commission": commission, "spread": spread, "rounding": spent - commission - spread})
        if track is not None and rounded:
            track = track.charged({"rounding": rounded})
        executed = None if ladder is None else ladder.executed(after, "Bought on the first day.")
        return cls(fund, after, decision.memory, executed, track, following.missing, snapshot)

    @property
    def spot(self) -> float:
        """Today's index level."""
        return float(self.snapshot.price)

    @property
    def nav(self) -> float:
        """Net asset value at today's price, options at their mark, money."""
        return worth_of(self.fund, self.holdings, self.snapshot)

    @property
    def equity(self) -> float:
        """Money in stock."""
        return float(self.holdings.units * self.snapshot.price)

    @property
    def vol(self) -> float:
        """Hedge volatility of the last decision."""
        return self.snapshot.volatility.vol

    @property
    def slippage_before(self) -> float:
        """Fund minus twin today; 0 where there is no twin."""
        return 0.0 if self.track is None else self.nav - self.track.twin_value

    @property
    def strategy(self) -> Strategy:
        """The strategy value of the period in force.

        Raises:
            InvalidInput: no protection period is in force.
        """
        period = self.in_force().period
        return self.fund.strategy.strategy(self.fund.promise(period.value, period.years, period.vol, period.spot))

    def times(self) -> tuple[float, float]:
        """Years since the period began, and years to its horizon (zero or more).

        Raises:
            InvalidInput: no protection period is in force.
        """
        period, session = self.in_force().period, self.snapshot.session
        elapsed = years_between(self.fund, period.start, session)
        left = max(years_between(self.fund, session, period.end), 0.0)
        return elapsed, left

    def in_force(self) -> Memory:
        """The memory of the protection period in force.

        Raises:
            InvalidInput: there is none.
        """
        if self.memory is None:
            raise InvalidInput(f"{self.fund.id} has no protection period in force: {self.track_missing}.")
        return self.memory


def worth_of(fund: Fund, holdings: Holdings, snapshot: Snapshot) -> float:
    """Net asset value of holdings at a snapshot, money."""
    return float(holdings.units * snapshot.price + holdings.cash) + worth(fund, holdings.options, snapshot)


def with_options(fund: Fund, holdings: Holdings, decision: Decision, snapshot: Snapshot) -> tuple[Holdings, float]:
    """Holdings with the options that a decision trades, at their mark, and what rounding them to money cost."""
    after = holdings
    for bought in decision.option_trades:
        after = after.moved(cash=bought.cash, options=(bought.option,))
    if not decision.option_trades:
        return after, 0.0
    gained = worth(fund, [bought.option for bought in decision.option_trades], snapshot)
    return after, float(holdings.cash - after.cash) - gained


class Moment(NamedTuple):
    """When a step of a scenario happens to the fund."""

    session: dt.date
    at: dt.datetime
    years: float
    """Since today, by the fund's day count."""
    decides: bool
    """Whether the fund has a slot there: inside a day every look is one, at a close only where the schedule has one."""


class Sessions:
    """The sessions ahead of a position, as its contract counts them; asked once for all scenarios."""

    def __init__(self, position: Position) -> None:
        """Sessions after the one of the position's snapshot."""
        self._fund = position.fund
        self._calendar = fund_calendar(position.fund)
        self._today = position.snapshot.session
        self._at = position.snapshot.at
        self._day = lru_cache(maxsize=None)(self._counted)
        self._has_slot = lru_cache(maxsize=None)(self._slotted)

    def at(self, sessions: float) -> Moment:
        """The moment so many sessions (not necessarily whole) from now.

        Inside a day the time to go is that of the day's own session, as a live decision counts it; interest accrues by
        the fraction of the day.
        """
        whole = ceil(sessions - 1e-9)
        session, at, years = self._day(whole)
        if abs(sessions - whole) > 1e-9:
            below = self._day(floor(sessions))[2]
            return Moment(session, at, below + (years - below) * (sessions - floor(sessions)), decides=True)
        return Moment(session, at, years, decides=whole == 0 or self._has_slot(session))

    def _counted(self, sessions: int) -> tuple[dt.date, dt.datetime, float]:
        if sessions == 0:
            return self._today, self._at, 0.0
        session = self._calendar.offset(self._today, sessions)
        years = year_fraction(self._fund.schedule.day_count, self._calendar, self._today, session)
        return session, self._calendar.closes(session), years

    def _slotted(self, session: dt.date) -> bool:
        return bool(slots(self._fund.schedule.timing, self._calendar, session, session))


__all__ = ["Moment", "Position", "Recorded", "Sessions", "with_options", "worth_of"]

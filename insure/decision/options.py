"""Options that a fund holds: from the legs of a strategy to exact positions, their trades, and their value.

Here a leg of a protection period (units and strike as numbers, expiry as a time before the horizon) becomes a position
that the book can keep: units and strike in millionths, expiry on a session. The other way, a position becomes a leg
again with the time to its expiry by the fund's own day count, so that the fund, its rule and its twin read one mark.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from insure.dates import SESSIONS_PER_YEAR
from insure.decision.calendars import fund_calendar, years_between
from insure.decision.holdings import OptionHeld
from insure.decision.trades import Trade
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import money, quantity
from insure.strategies.legs import Greeks, Leg, book

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OptionTrade:
    """Options to be bought (units above zero) or sold, at their mark."""

    option: OptionHeld
    """What is traded; its units are those of the trade."""
    trade: Trade

    @property
    def cash(self) -> Decimal:
        """Change of cash."""
        return self.trade.cash_after(_ZERO)


def listed(fund: Fund, start: dt.date, end: dt.date) -> Callable[[Leg], Leg]:
    """What can be bought for a period from ``start`` to ``end``: see ``Opening.listed``.

    Units and strike to the millionth. The expiry is the session that lies as long before the end as the leg asks, no
    earlier than the session after the start and no later than the end: what is left of an option at the horizon would
    have no price of its own.
    """

    def bought(leg: Leg) -> Leg:
        expiry = _expiry(fund, start, end, leg)
        return Leg(leg.kind, float(quantity(leg.units)), float(quantity(leg.strike)), years_between(fund, expiry, end))

    return bought


def held_of(fund: Fund, start: dt.date, end: dt.date, leg: Leg) -> OptionHeld:
    """The exact position of a leg that ``listed`` gave."""
    return OptionHeld(leg.kind, quantity(leg.strike), _expiry(fund, start, end, leg), quantity(leg.units))


def _expiry(fund: Fund, start: dt.date, end: dt.date, leg: Leg) -> dt.date:
    if not leg.before_horizon > 0.0:
        return end
    sessions = fund_calendar(fund)
    first = sessions.next(start)
    if fund.schedule.day_count == "bus/252":
        back = min(round(leg.before_horizon * SESSIONS_PER_YEAR), sessions.count(start, end))
        wanted = sessions.offset(end, -back)
    else:
        back = min(round(leg.before_horizon * 365.0), (end - start).days)
        wanted = sessions.on_or_after(end - dt.timedelta(days=back))
    return min(max(wanted, first), end)


def legs_at(fund: Fund, options: Sequence[OptionHeld], session: dt.date) -> tuple[Leg, ...]:
    """Positions as legs whose horizon is ``session`` itself: at zero years left each has the time to its expiry."""
    return tuple(
        Leg(option.kind, float(option.units), float(option.strike), -years_between(fund, session, option.expiry))
        for option in options
    )


def marked(legs: tuple[Leg, ...], snapshot: Snapshot, spot: float | None = None) -> Greeks:
    """Value and Greeks of legs of ``legs_at`` at the snapshot's ``put_vol``; ``spot`` in place of the snapshot's."""
    price = float(snapshot.price) if spot is None else spot
    return book(legs, price, 0.0, snapshot.rate, snapshot.dividend_yield, snapshot.put_vol)


def worth(fund: Fund, options: Sequence[OptionHeld], snapshot: Snapshot) -> float:
    """Money value of positions at the snapshot, marked at its ``put_vol``; 0.0 for none."""
    return marked(legs_at(fund, options, snapshot.session), snapshot).value if options else 0.0


def settlement(options: Sequence[OptionHeld], price: Decimal, currency: str) -> Decimal:
    """What expired options bring in cash on a price of the index, to the minor unit; below zero where it is owed."""
    with localcontext(prec=40):
        return money(sum((option.payoff(price) for option in options), _ZERO), currency)


def traded_at_mark(fund: Fund, option: OptionHeld, snapshot: Snapshot) -> OptionTrade:
    """The trade of so many options at their mark, to the millionth a piece and to the minor unit in all.

    Options bear no cost of their own: what a dealer asks beyond the hedge volatility is in ``put_vol``
    (``twin.vol_spread`` of the fund file), which is the price paid.
    """
    one = quantity(max(worth(fund, [option.changed(Decimal(1))], snapshot), 0.0))
    with localcontext(prec=40):
        value = money(abs(option.units) * one, fund.currency)
    return OptionTrade(option, Trade(option.units, one, value, _ZERO, _ZERO))


def refuse_expired(fund: Fund, options: Sequence[OptionHeld], session: dt.date) -> None:
    """A decision finds no option at or after its expiry.

    Raises:
        InvalidInput: one is there.
    """
    for option in options:
        if not session < option.expiry:
            raise InvalidInput(
                f"{fund.id} still holds {option.instrument} on {session}; settle it before the decision of that day."
            )

"""Protection periods: how one begins, and the strategy value that is in force in it."""

from insure.dates import anniversary
from insure.decision.calendars import fund_calendar, years_between
from insure.decision.holdings import Holdings, Memory, Period
from insure.decision.options import listed, worth
from insure.fund import Fund
from insure.market import Snapshot
from insure.strategies.rule import Opening, Strategy


def strategy_of(fund: Fund, memory: Memory) -> Strategy:
    """The strategy value of the period in force."""
    period = memory.period
    return fund.strategy.strategy(fund.promise(period.value, period.years, period.vol, period.spot))


def begun(fund: Fund, holdings: Holdings, snapshot: Snapshot, number: int) -> Memory:
    """The memory that a period begins with.

    Raises:
        FloorUnaffordable: the fund does not pay for its promise.
    """
    value = float(holdings.units * snapshot.price + holdings.cash) + worth(fund, holdings.options, snapshot)
    session = snapshot.session
    end = anniversary(fund_calendar(fund), session, fund.protection.horizon_years)
    years = years_between(fund, session, end)
    vol = snapshot.volatility.vol
    spot = float(snapshot.price)
    period = Period(number, session, end, value, spot, years, vol)
    strategy = fund.strategy.strategy(fund.promise(value, years, vol, spot))
    opening = Opening(
        value,
        spot,
        years,
        snapshot.rate,
        snapshot.dividend_yield,
        vol,
        snapshot.put_vol,
        listed(fund, session, end),
    )
    return Memory(period, strategy.begin(opening), last_target=0.0, breached=False, locked=False)

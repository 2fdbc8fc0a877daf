"""The fund's own time: its exchange's calendar, and years between two sessions as its contract counts them."""

import datetime as dt

from insure.dates import Calendar, calendar, year_fraction
from insure.fund import Fund


def fund_calendar(fund: Fund) -> Calendar:
    """The calendar of the fund's exchange, with the closures that its file announces."""
    return calendar(fund.schedule.calendar, fund.schedule.closures, fund.schedule.early_closes)


def years_between(fund: Fund, first: dt.date, last: dt.date) -> float:
    """Years from ``first`` to ``last`` by the fund's day count; zero where ``last`` is not later."""
    return year_fraction(fund.schedule.day_count, fund_calendar(fund), first, last) if last > first else 0.0

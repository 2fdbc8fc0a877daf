"""The crash of 1929: Dow Jones Industrial Average, six-day weeks."""

from datetime import date, time

from insure.simulation.crisis_tables.crisis import Crisis
from insure.simulation.crisis_tables.facts import Halt, bills, closes

_CLOSES = """
1929-09: 3=381.17 4=379.61 5=369.77 6=376.29 7=377.56 9=374.93 10=367.29 11=370.91 12=366.35 13=366.85 14=367.01
         16=372.39 17=368.52 18=370.90 19=369.97 20=362.05 21=361.16 23=359.00 24=352.61 25=352.57 26=355.95
         27=344.87 28=347.17 30=343.45
1929-10: 1=342.57 2=344.50 3=329.95 4=325.17 5=341.36 7=345.72 8=345.00 9=346.66 10=352.86 11=352.69 14=350.97
         15=347.24 16=336.13 17=341.86 18=333.29 19=323.87 21=320.91 22=326.51 23=305.85 24=299.47 25=301.22
         26=298.97 28=260.64 29=230.07 30=258.47 31=273.51
1929-11: 4=257.68 6=232.13 7=238.19 8=236.53 11=220.39 12=209.74 13=198.69 14=217.28 15=228.73 18=227.56
         19=234.02 20=241.23 21=248.49 22=245.74 25=243.44 26=235.35 27=238.95
1929-12: 2=241.70 3=249.61 4=254.64 5=251.51 6=260.12 7=263.46 9=259.18 10=262.20 11=258.44 12=243.14 13=249.60
         14=253.02 16=245.88 17=249.58 18=246.84 19=240.42 20=230.89 21=235.42 23=232.65 24=234.07 26=240.96
         27=240.66 28=238.43 30=241.06 31=248.48
"""

_CLERKS = "closed so that member firms could catch up on orders (New York Stock Exchange, special closings)"


def crisis() -> Crisis:
    """3 September (the high) to 31 December 1929."""
    dates, levels = closes(_CLOSES)
    shut = tuple(Halt(date(1929, 11, day), time(0), None, "Exchange " + _CLERKS) for day in (1, 2, 9, 16, 23, 29, 30))
    late = Halt(date(1929, 10, 31), time(10), time(12), "Opened at noon; the morning was " + _CLERKS)
    short = tuple(
        Halt(date(1929, 11, day), time(13), None, "Afternoon " + _CLERKS)
        for day in (6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22)
    )
    return Crisis(
        name="1929",
        title="Crash of 1929",
        index="DJIA",
        dates=dates,
        closes=levels,
        source="Dow Jones Industrial Average closing levels as published by Dow Jones.",
        notes=(
            "The exchange traded on Saturdays: the table has about 25 sessions a month.",
            "28 October -12.82 %, 29 October -11.73 %, 6 November -9.92 %.",
            (
                "The ticker ended at 7.08 p.m. on 24 October, four hours and eight minutes behind trading (New York "
                "Daily News, 25 October 1929): prices seen were hours old."
            ),
            "12.9 million shares were traded on 24 October and 16.4 million on 29 October.",
            "No index futures, no listed index options, no circuit breakers.",
        ),
        # 63 sessions to 3 September 1929, from the same series.
        vol_before=0.1597,
        bill_months=bills(1929, 9, 0.35, 0.46, 0.37, 0.37),
        halts=(late, *shut, *short),
    )

"""October 1987: the crash in which portfolio insurance sold into a market that could not buy."""

from datetime import date, time

from insure.simulation.crisis_tables.crisis import Crisis
from insure.simulation.crisis_tables.facts import (
    FillLimit,
    FuturesDiscount,
    Halt,
    IntradayDay,
    IntradayMark,
    VolMark,
    bills,
    closes,
)

_CLOSES = """
1987-09: 1=323.40 2=321.68 3=320.21 4=316.70 8=313.56 9=313.92 10=317.13 11=321.98 14=323.08 15=317.74 16=314.86
         17=314.93 18=314.86 21=310.54 22=319.50 23=321.19 24=319.72 25=320.16 28=323.20 29=321.69 30=321.83
1987-10: 1=327.33 2=328.07 5=328.08 6=319.22 7=318.54 8=314.16 9=311.07 12=309.39 13=314.52 14=305.23 15=298.08
         16=282.70 19=224.84 20=236.83 21=258.38 22=248.25 23=248.22 26=227.67 27=233.19 28=233.28 29=244.77
         30=251.79
1987-11: 2=255.75 3=250.82 4=248.96 5=254.48 6=250.41 9=243.17 10=239.00 11=241.90 12=248.52 13=245.64 16=246.76
         17=243.04 18=245.55 19=240.05 20=242.00 23=242.99 24=246.39 25=244.10 27=240.34 30=230.30
1987-12: 1=232.00 2=233.45 3=225.21 4=223.92 7=228.76 8=234.91 9=238.89 10=233.57 11=235.32 14=242.19 15=242.81
         16=248.08 17=242.98 18=249.16 21=249.54 22=249.95 23=253.16 24=252.03 28=245.57 29=244.59 30=247.86
         31=247.08
1988-01: 4=255.94 5=258.63 6=258.89 7=261.07 8=243.40 11=247.49 12=245.42 13=245.81 14=245.88 15=252.05
         18=251.88 19=249.32 20=242.63 21=243.14 22=246.50 25=252.17 26=249.57 27=249.38 28=253.29 29=257.07
"""

_BLACK_MONDAY = date(1987, 10, 19)

_HALF_HOURS = (
    # New York time, cash index, December future
    (time(10, 0), 273.17, 261.50),
    (time(10, 30), 265.77, 253.00),
    (time(11, 0), 258.38, 263.00),
    (time(11, 30), 263.85, 265.50),
    (time(12, 0), 265.28, 257.00),
    (time(13, 0), 257.17, 254.00),
    (time(13, 30), 255.70, 235.00),
    (time(14, 0), 247.00, 227.00),
    (time(14, 30), 245.00, 233.00),
    (time(15, 0), 243.93, 226.00),
    (time(15, 30), 235.78, 226.00),
    (time(16, 0), 225.41, 219.00),
)
_HALF_HOUR_SOURCE = (
    "half-hourly cash and December future as quoted second-hand from the SEC and the Federal Reserve Bank of Boston; "
    "in the morning the cash index was stale (95 of its stocks had not opened at 10:00)"
)


def _halts() -> tuple[Halt, ...]:
    backlog = "Closed early to work off the backlog of orders (New York Stock Exchange, special closings)"
    short = [(date(1987, 10, day), time(14)) for day in (23, 26, 27, 28, 29, 30)]
    short += [(date(1987, 11, day), time(14, 30)) for day in (2, 3, 4)]
    short += [(date(1987, 11, day), time(15)) for day in (5, 6)]
    short += [(date(1987, 11, day), time(15, 30)) for day in (9, 10, 11)]
    return (
        Halt(
            _BLACK_MONDAY,
            time(9, 30),
            time(10, 30),
            "Delayed opens: 95 S&P 500 stocks not trading at 10:00, 73 at 10:30, the last by 13:30 (second-hand from "
            "the SEC); 11 of the 30 Dow stocks not open at 10:30",
            market="single stocks",
            standing="secondary",
        ),
        Halt(
            date(1987, 10, 20),
            time(12, 15),
            time(13, 5),
            "Chicago Mercantile Exchange suspended S&P 500 futures, the Chicago Board Options Exchange index options "
            "from shortly before noon, each for about an hour: too many stocks were not trading",
            market="futures",
            standing="secondary",
        ),
        *(Halt(day, start, None, backlog) for day, start in short),
    )


def _inside() -> IntradayDay:
    marks = [IntradayMark(at, cash, _HALF_HOUR_SOURCE, "secondary") for at, cash, _ in _HALF_HOURS[:-1]]
    marks.append(IntradayMark(time(16), 224.84, "close", "published"))
    return IntradayDay(_BLACK_MONDAY, "S&P 500", 282.70, tuple(marks))


def crisis() -> Crisis:
    """1 September 1987 to 29 January 1988."""
    dates, levels = closes(_CLOSES)
    third = (
        "Models asked insurers for sales of about 12 bn from the 14th to the 16th (a fifth of some 60 bn insured), "
        "less than 4 bn were done (Presidential Task Force on Market Mechanisms, 1988)"
    )
    settled = FuturesDiscount(
        _BLACK_MONDAY, time(16, 15), 201.50 / 224.84 - 1.0, "December future 201.50 at its own close", "secondary"
    )
    return Crisis(
        name="1987-10",
        title="October 1987",
        index="S&P 500",
        dates=dates,
        closes=levels,
        source=(
            "S&P 500 closing levels as published by Standard & Poor's. An independent series of returns has 282.42 for "
            "16 October, which would make the 19th -20.39 %; the accepted figure is -20.47 %."
        ),
        notes=(
            (
                "Tuesday 13 October 314.52 to Friday 16 October 282.70 is -10.12 %, the 19th -20.47 %, the 20th +5.33 "
                "%, the 21st +9.10 %, the 26th -8.28 %. DJIA on the 19th -22.61 %."
            ),
            (
                "On the 19th portfolio insurers sold about 4 bn of futures and 2 bn of stock (the same report); what "
                "they had to sell is not stated, so no fill limit is recorded for that day."
            ),
            (
                "From 20 October until 3 November the exchange asked members not to send program trades through its "
                "automated order system; from 23 October S&P 500 futures could move 30 points a day at most."
            ),
            "Index opens of these years repeat the close before: there is no overnight gap to read from them.",
        ),
        vol_before=0.1218,
        bill_months=bills(1987, 9, 0.45, 0.60, 0.35, 0.39, 0.29),
        vol_marks=(
            VolMark(date(1987, 10, 15), "VXO", 27.86),
            VolMark(date(1987, 10, 16), "VXO", 36.37),
            VolMark(date(1987, 10, 19), "VXO", 150.19),
            VolMark(date(1987, 10, 20), "VXO", 140.00),
            VolMark(date(1987, 10, 21), "VXO", 73.91),
            VolMark(date(1987, 10, 22), "VXO", 102.22),
            VolMark(date(1987, 10, 23), "VXO", 98.81),
        ),
        halts=_halts(),
        limits=tuple(FillLimit(date(1987, 10, day), 1.0 / 3.0, third, "secondary") for day in (14, 15, 16)),
        discounts=(
            *(
                FuturesDiscount(_BLACK_MONDAY, at, future / cash - 1.0, _HALF_HOUR_SOURCE, "secondary")
                for at, cash, future in _HALF_HOURS
            ),
            settled,
        ),
        intraday=(_inside(),),
    )

"""February to May 2020: four halts of the whole market in ten days."""

from datetime import date, time

from insure.simulation.crisis_tables.crisis import Crisis
from insure.simulation.crisis_tables.facts import Halt, IntradayDay, IntradayMark, VolMark, bills, closes

_CLOSES = """
2020-01: 31=3225.52
2020-02: 3=3248.92 4=3297.59 5=3334.69 6=3345.78 7=3327.71 10=3352.09 11=3357.75 12=3379.45 13=3373.94
         14=3380.16 18=3370.29 19=3386.15 20=3373.23 21=3337.75 24=3225.89 25=3128.21 26=3116.39 27=2978.76
         28=2954.22
2020-03: 2=3090.23 3=3003.37 4=3130.12 5=3023.94 6=2972.37 9=2746.56 10=2882.23 11=2741.38 12=2480.64 13=2711.02
         16=2386.13 17=2529.19 18=2398.10 19=2409.39 20=2304.92 23=2237.40 24=2447.33 25=2475.56 26=2630.07
         27=2541.47 30=2626.65 31=2584.59
2020-04: 1=2470.50 2=2526.90 3=2488.65 6=2663.68 7=2659.41 8=2749.98 9=2789.82 13=2761.63 14=2846.06 15=2783.36
         16=2799.55 17=2874.56 20=2823.16 21=2736.56 22=2799.31 23=2797.80 24=2836.74 27=2878.48 28=2863.39
         29=2939.51 30=2912.43
2020-05: 1=2830.71 4=2842.74 5=2868.44 6=2848.42 7=2881.19 8=2929.80 11=2930.19 12=2870.12 13=2820.00 14=2852.50
         15=2863.70 18=2953.91 19=2922.94 20=2971.61 21=2948.51 22=2955.45 26=2991.77 27=3036.13 28=3029.73
         29=3044.31
"""

_BREAKER = "S&P 500 7 % down: level 1 of the market-wide circuit breaker, 15 minutes (Nasdaq, 2020-05-07)"


def crisis() -> Crisis:
    """31 January to 29 May 2020."""
    dates, levels = closes(_CLOSES)
    return Crisis(
        name="2020-02",
        title="February to May 2020",
        index="S&P 500",
        dates=dates,
        closes=levels,
        source="S&P 500 closing levels as published by S&P Dow Jones Indices.",
        notes=(
            (
                "19 February 3386.15 to 23 March 2237.40 is -33.92 %; 9 March -7.60 %, 12 March -9.51 %, 13 March "
                "+9.29 %, 16 March -11.98 % (DJIA -12.93 %)."
            ),
            "S&P 500 futures lay at their overnight limit of 5 % before the opens of 9, 12 and 16 March.",
            "The Federal Reserve lowered its target by 0.50 points on 3 March and by 1.00 on Sunday 15 March.",
        ),
        vol_before=0.0881,
        bill_months=bills(2020, 1, 0.13, 0.12, 0.13, 0.00, 0.01),
        vol_marks=(
            VolMark(date(2020, 1, 31), "VIX", 18.84),
            VolMark(date(2020, 2, 19), "VIX", 14.38),
            VolMark(date(2020, 3, 9), "VIX", 54.46),
            VolMark(date(2020, 3, 12), "VIX", 75.47),
            VolMark(date(2020, 3, 16), "VIX", 82.69),
            VolMark(date(2020, 3, 18), "VIX", 76.45),
        ),
        halts=(
            Halt(date(2020, 3, 9), time(9, 34), time(9, 49), _BREAKER),
            Halt(date(2020, 3, 12), time(9, 35), time(9, 50), _BREAKER),
            Halt(date(2020, 3, 16), time(9, 30), time(9, 45), _BREAKER),
            Halt(date(2020, 3, 18), time(12, 56), time(13, 11), _BREAKER),
        ),
        intraday=(
            IntradayDay(
                date(2020, 3, 9),
                "S&P 500",
                2972.37,
                (
                    IntradayMark(time(9, 30), 2863.89, "open of the index", "published"),
                    IntradayMark(time(9, 34), 2764.21, "halt, 7 % down (press of the day)", "secondary"),
                    IntradayMark(time(9, 49), 2764.21, "reopening, taken at the level of the halt", "assumed"),
                    IntradayMark(time(16), 2746.56, "close", "published"),
                ),
            ),
        ),
    )

"""August to October 1998: Russia's default and Long-Term Capital Management."""

from datetime import date, time

from insure.simulation.crisis_tables.crisis import Crisis
from insure.simulation.crisis_tables.facts import Halt, VolMark, bills, closes

_CLOSES = """
1998-07: 15=1174.81 16=1183.99 17=1186.75 20=1184.10 21=1165.07 22=1164.08 23=1139.75 24=1140.80 27=1147.27
         28=1130.24 29=1125.21 30=1142.95 31=1120.67
1998-08: 3=1112.44 4=1072.12 5=1081.43 6=1089.63 7=1089.45 10=1083.14 11=1068.98 12=1084.22 13=1074.91
         14=1062.75 17=1083.67 18=1101.20 19=1098.06 20=1091.60 21=1081.24 24=1088.14 25=1092.85 26=1084.19
         27=1042.59 28=1027.14 31=957.28
1998-09: 1=994.26 2=990.48 3=982.26 4=973.89 8=1023.46 9=1006.20 10=980.19 11=1009.06 14=1029.72 15=1037.68
         16=1045.48 17=1018.87 18=1020.09 21=1023.89 22=1029.63 23=1066.09 24=1042.72 25=1044.75 28=1048.69
         29=1049.02 30=1017.01
1998-10: 1=986.39 2=1002.60 5=988.56 6=984.59 7=970.68 8=959.44 9=984.39 12=997.71 13=994.80 14=1005.53
         15=1047.49 16=1056.42 19=1062.39 20=1063.93 21=1069.92 22=1078.48 23=1070.67 26=1072.32 27=1065.34
         28=1068.09 29=1085.93 30=1098.67
"""


def crisis() -> Crisis:
    """15 July to 30 October 1998."""
    dates, levels = closes(_CLOSES)
    return Crisis(
        name="1998-08",
        title="August 1998",
        index="S&P 500",
        dates=dates,
        closes=levels,
        source="S&P 500 closing levels as published by Standard & Poor's.",
        notes=(
            "31 August -6.80 %; 17 July to 31 August is -19.34 %.",
            (
                "The Federal Reserve lowered its target from 5.50 to 4.75 % in steps on 29 September, 15 October "
                "(between meetings) and, after the window, 17 November."
            ),
        ),
        vol_before=0.1386,
        bill_months=bills(1998, 7, 0.40, 0.43, 0.46, 0.32),
        vol_marks=(
            VolMark(date(1998, 7, 15), "VIX", 17.89),
            VolMark(date(1998, 8, 28), "VIX", 39.60),
            VolMark(date(1998, 8, 31), "VIX", 44.28),
            VolMark(date(1998, 9, 10), "VIX", 45.29),
            VolMark(date(1998, 10, 8), "VIX", 45.74),
        ),
        halts=(
            Halt(
                date(1998, 10, 26),
                time(13, 16),
                time(14, 15),
                "New York Stock Exchange stopped for 59 minutes by a computer switch",
                standing="secondary",
            ),
        ),
    )

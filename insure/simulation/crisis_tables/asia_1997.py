"""October 1997: the first use of the circuit breakers, and the only time that they ended a session."""

from datetime import date, time

from insure.simulation.crisis_tables.crisis import Crisis
from insure.simulation.crisis_tables.facts import Halt, IntradayDay, IntradayMark, VolMark, bills, closes

_CLOSES = """
1997-10: 1=955.41 2=960.46 3=965.03 6=972.69 7=983.12 8=973.84 9=970.62 10=966.98 13=968.10 14=970.28 15=965.72
         16=955.25 17=944.16 20=955.61 21=972.28 22=968.49 23=950.69 24=941.64 27=876.99 28=921.85 29=919.16
         30=903.68 31=914.62
1997-11: 3=938.99 4=940.76 5=942.76 6=938.03 7=927.51 10=921.13 11=923.78 12=905.96 13=916.66 14=928.35
         17=946.20 18=938.23 19=944.59 20=958.98 21=963.09 24=946.67 25=950.82 26=951.64 28=955.40
"""

_DAY = date(1997, 10, 27)
_SEC = "SEC, Trading Analysis of October 27 and 28, 1997 (September 1998)"


def crisis() -> Crisis:
    """1 October to 28 November 1997."""
    dates, levels = closes(_CLOSES)
    return Crisis(
        name="1997-10",
        title="October 1997",
        index="S&P 500",
        dates=dates,
        closes=levels,
        source="S&P 500 closing levels as published by Standard & Poor's.",
        notes=(
            "27 October -6.87 % (DJIA -7.18 %), 28 October +5.12 %.",
            (
                "The session of the 27th ended at 15:30 when the Dow was 550 points down: the closing price could not "
                "be traded on."
            ),
        ),
        vol_before=0.1659,
        bill_months=bills(1997, 10, 0.42, 0.39),
        vol_marks=(
            VolMark(date(1997, 10, 24), "VIX", 23.17),
            VolMark(date(1997, 10, 27), "VIX", 31.12),
            VolMark(date(1997, 10, 28), "VIX", 31.22),
            VolMark(date(1997, 10, 30), "VIX", 38.20),
        ),
        halts=(
            Halt(_DAY, time(14, 36), time(15, 6), f"Dow 350 points down, all markets stop for 30 minutes ({_SEC})"),
            Halt(
                _DAY,
                time(15, 30),
                None,
                f"Dow 550 points down, all markets closed for the day ({_SEC})",
                at_close=True,
            ),
        ),
        intraday=(
            IntradayDay(
                _DAY,
                "DJIA",
                7715.41,
                (
                    IntradayMark(
                        time(14, 36), 7361.04, "first halt, 354.37 points down (press of the day)", "secondary"
                    ),
                    IntradayMark(time(15, 6), 7361.04, "reopening, taken at the level of the halt", "assumed"),
                    IntradayMark(time(15, 30), 7161.15, f"second halt and close ({_SEC})", "published"),
                ),
            ),
        ),
    )

"""Crises of 2000 to 2018: closes and bill rates from the arch package, the other facts typed in."""

from datetime import date, time

from insure.simulation.crisis_tables.arch_history import bill_months, vol_before, window
from insure.simulation.crisis_tables.crisis import Crisis
from insure.simulation.crisis_tables.facts import Halt, IntradayDay, IntradayMark, VolMark

_SOURCE = "S&P 500 closing levels as shipped with the arch package (arch.data.sp500)."


def _crisis(
    name: str,
    title: str,
    first: date,
    last: date,
    notes: tuple[str, ...],
    *,
    vol_marks: tuple[VolMark, ...],
    halts: tuple[Halt, ...] = (),
    intraday: tuple[IntradayDay, ...] = (),
) -> Crisis:
    dates, levels = window(first, last)
    return Crisis(
        name=name,
        title=title,
        index="S&P 500",
        dates=dates,
        closes=levels,
        source=_SOURCE,
        notes=notes,
        vol_before=vol_before(first),
        bill_months=bill_months(first, last),
        vol_marks=vol_marks,
        halts=halts,
        intraday=intraday,
    )


def bear_2000() -> Crisis:
    """1 February 2000 to 31 December 2002: the end of the dot-com market and the bear market after it."""
    return _crisis(
        "2000-02",
        "Dot-com bear market 2000 to 2002",
        date(2000, 2, 1),
        date(2002, 12, 31),
        (
            "24 March 2000 1527.46 to 9 October 2002 776.76 is -49.15 %, over 637 sessions; 14 April 2000 -5.83 %.",
            "Bill rates rose from 5.2 to 6.7 % a year in October 2000 and fell to 1.3 % by the end.",
            "Longer than one-year funds: cut it with from_day and until.",
        ),
        vol_marks=(
            VolMark(date(2001, 9, 17), "VIX", 41.76),
            VolMark(date(2002, 7, 23), "VIX", 44.92),
            VolMark(date(2002, 8, 5), "VIX", 45.08),
        ),
        halts=_SEPTEMBER_2001,
    )


_SEPTEMBER_2001 = tuple(
    Halt(date(2001, 9, day), time(0), None, "United States stock markets closed after the attacks of 11 September")
    for day in (11, 12, 13, 14)
)


def closure_2001() -> Crisis:
    """31 August to 31 October 2001: four sessions without a market."""
    return _crisis(
        "2001-09",
        "September 2001",
        date(2001, 8, 31),
        date(2001, 10, 31),
        (
            "10 September 1092.54, closed from the 11th to the 14th, 17 September 1038.77: -4.92 % (DJIA -7.13 %).",
            "The Federal Reserve lowered its target by 0.50 points before the reopening.",
        ),
        vol_marks=(
            VolMark(date(2001, 9, 10), "VIX", 31.84),
            VolMark(date(2001, 9, 17), "VIX", 41.76),
            VolMark(date(2001, 9, 20), "VIX", 43.74),
        ),
        halts=_SEPTEMBER_2001,
    )


def lehman_2008() -> Crisis:
    """29 August to 31 December 2008."""
    return _crisis(
        "2008-09",
        "September to December 2008",
        date(2008, 8, 29),
        date(2008, 12, 31),
        (
            (
                "29 September -8.81 %, 9 October -7.62 %, 13 October +11.58 %, 15 October -9.03 %, 28 October +10.79 "
                "%, 20 November -6.71 %, 1 December -8.93 %."
            ),
            (
                "16 September: the Reserve Primary Fund put its share at 97 cents and held back redemptions; its "
                "holders had 99.1 cents in the end. The cash leg is not safe by nature: see the cash-haircut shape."
            ),
            "No halt of the stock market.",
        ),
        vol_marks=(
            VolMark(date(2008, 9, 15), "VIX", 31.70),
            VolMark(date(2008, 9, 29), "VIX", 46.72),
            VolMark(date(2008, 10, 15), "VIX", 69.25),
            VolMark(date(2008, 10, 27), "VIX", 80.06),
            VolMark(date(2008, 11, 20), "VIX", 80.86),
            VolMark(date(2008, 12, 1), "VIX", 68.51),
        ),
        halts=(
            Halt(
                date(2008, 10, 24),
                time(6, 55),
                time(9, 30),
                "S&P 500 futures at their overnight limit, 855.20 (6.6 % down): no sale below it until the open",
                market="futures",
                standing="secondary",
            ),
        ),
    )


_FLASH = date(2010, 5, 6)
_JOINT = "CFTC and SEC, Findings regarding the market events of May 6, 2010 (30 September 2010)"


def flash_crash_2010() -> Crisis:
    """15 April to 15 July 2010, with 6 May from inside."""
    before = 1165.87
    at_half_past_two = round(before * (1.0 - 0.0297), 2)
    inside = IntradayDay(
        _FLASH,
        "S&P 500",
        before,
        (
            IntradayMark(time(9, 30), 1164.38, "open of the index", "published"),
            IntradayMark(
                time(14, 30),
                at_half_past_two,
                "the E-mini future had lost 2.97 % on the day; its fall on the index's close before. At 14:32 a sale "
                f"of 75,000 contracts began, at 9 % of the volume of the minute before, without price or time "
                f"({_JOINT})",
                "derived",
            ),
            IntradayMark(
                time(14, 45, 28),
                round(at_half_past_two * 0.95, 2),
                f"the E-mini, 5 % lower since 14:30, is paused for 5 seconds ({_JOINT}); its fall on the level before",
                "derived",
            ),
            IntradayMark(
                time(14, 47),
                1065.79,
                "low of the index as published, at the time of the Dow's low, 998.5 points down (press of the day)",
                "secondary",
            ),
            IntradayMark(
                time(15, 8),
                at_half_past_two,
                f"the E-mini is nearly back where the fall began ({_JOINT}); taken at that level, so slightly too high",
                "assumed",
            ),
            IntradayMark(time(16), 1128.15, "close", "published"),
        ),
    )
    return _crisis(
        "2010-05-06",
        "Flash crash of 6 May 2010",
        date(2010, 4, 15),
        date(2010, 7, 15),
        (
            "6 May: low 1065.79, -8.58 % from the close before; close 1128.15, -3.24 %.",
            "The path inside the day is six known or derived levels, not ticks; each says what it stands on.",
        ),
        vol_marks=(
            VolMark(date(2010, 5, 5), "VIX", 24.91),
            VolMark(date(2010, 5, 6), "VIX", 32.80),
            VolMark(date(2010, 5, 7), "VIX", 40.95),
            VolMark(date(2010, 5, 20), "VIX", 45.79),
        ),
        halts=(
            Halt(
                _FLASH,
                time(14, 45, 28),
                time(14, 45, 33),
                f"Stop logic of the Chicago Mercantile Exchange paused the E-mini for 5 seconds ({_JOINT})",
                market="futures",
            ),
        ),
        intraday=(inside,),
    )


def downgrade_2011() -> Crisis:
    """15 July to 31 October 2011."""
    return _crisis(
        "2011-08",
        "August 2011",
        date(2011, 7, 15),
        date(2011, 10, 31),
        ("4 August -4.78 %, 8 August -6.66 %, 9 August +4.74 %, 10 August -4.42 %.", "Bill rates near zero; no halts."),
        vol_marks=(
            VolMark(date(2011, 7, 15), "VIX", 19.53),
            VolMark(date(2011, 8, 8), "VIX", 48.00),
            VolMark(date(2011, 10, 3), "VIX", 45.45),
        ),
    )


def august_2015() -> Crisis:
    """10 August to 30 September 2015, with the morning of the 24th from inside."""
    day = date(2015, 8, 24)
    note = "SEC, Research note: equity market volatility on August 24, 2015 (December 2015)"
    inside = IntradayDay(
        day,
        "S&P 500",
        1970.89,
        (
            IntradayMark(
                time(9, 35),
                1867.01,
                f"low of the index as published; the time is that by which the SPY fund had its low ({note})",
                "derived",
            ),
            IntradayMark(time(16), 1893.21, "close", "published"),
        ),
    )
    return _crisis(
        "2015-08-24",
        "24 August 2015",
        date(2015, 8, 10),
        date(2015, 9, 30),
        (
            "24 August: low -5.27 %, close -3.94 %.",
            (
                "Many stocks opened late; the SPY fund opened 5.2 % down, was 7.8 % down by 9:35, deeper than the "
                f"index, and recovered past its open by 9:40 ({note}). Almost 1,300 single-stock and fund halts on the "
                "day."
            ),
            "The published open of the index, 1965.15, is stale: most of its stocks had not opened.",
        ),
        vol_marks=(
            VolMark(date(2015, 8, 10), "VIX", 12.23),
            VolMark(date(2015, 8, 21), "VIX", 28.03),
            VolMark(day, "VIX", 40.74),
        ),
        halts=(
            Halt(
                day,
                time(9, 25),
                time(9, 30),
                f"E-mini at its limit of 5 % down, paused until the open ({note})",
                market="futures",
            ),
        ),
        intraday=(inside,),
    )


def february_2018() -> Crisis:
    """22 January to 29 March 2018."""
    return _crisis(
        "2018-02",
        "February 2018",
        date(2018, 1, 22),
        date(2018, 3, 29),
        (
            "5 February -4.10 %; 26 January to 8 February is -10.16 %. The calm before it: realised volatility 7 %.",
            "On 5 February VIX rose from 17.31 to 37.32; notes that were short of it lost nearly all after the close.",
            "No halts.",
        ),
        vol_marks=(
            VolMark(date(2018, 1, 22), "VIX", 11.03),
            VolMark(date(2018, 2, 2), "VIX", 17.31),
            VolMark(date(2018, 2, 5), "VIX", 37.32),
        ),
    )

"""The worst single sessions of the S&P 500: what a gap budget is held against."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CrashDay:
    """One session's fall, close to close, of the price index."""

    day: dt.date
    before: float
    close: float

    @property
    def fall(self) -> float:
        """Loss as a fraction of the close before; positive."""
        return 1.0 - self.close / self.before


# Closes as published; those of 1999 to 2018 are held to the packaged history in tests/reports/test_crashes.py.
CRASH_DAYS = (
    CrashDay(dt.date(1987, 10, 19), 282.70, 224.84),
    CrashDay(dt.date(2020, 3, 16), 2711.02, 2386.13),
    CrashDay(dt.date(2020, 3, 12), 2741.38, 2480.64),
    CrashDay(dt.date(2008, 10, 15), 998.01, 907.84),
    CrashDay(dt.date(2008, 12, 1), 896.24, 816.21),
    CrashDay(dt.date(2008, 9, 29), 1213.27, 1106.42),
    CrashDay(dt.date(1987, 10, 26), 248.22, 227.67),
    CrashDay(dt.date(1997, 10, 27), 941.64, 876.99),
)

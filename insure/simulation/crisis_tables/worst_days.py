"""The worst single days, as two closes each: what a gap is ranked among."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class WorstDay:
    """A one-day fall, from close to close.

    Attributes:
        day: the day of the fall.
        index: "S&P 500" or "DJIA".
        before, close: closing levels of the session before and of the day.
    """

    day: date
    index: str
    before: float
    close: float

    @property
    def fall(self) -> float:
        """The return of the day, a fraction below zero."""
        return self.close / self.before - 1.0


SP500_FIRST = date(1950, 1, 3)
SP500_LAST = date(2020, 12, 30)
SP500_RETURNS = 17_864
"""One-day returns of the S&P 500 in the period of the table."""

SP500_THRESHOLD = -0.05
"""The S&P 500 table has every fall of this size or more in its period."""

SP500_SOURCE = (
    "S&P 500 closing levels as published by Standard & Poor's, 3 January 1950 to 30 December 2020: every fall of 5 % "
    "or more in 17,864 one-day returns."
)

SP500 = (
    (date(1950, 6, 26), 19.14, 18.11),
    (date(1955, 9, 26), 45.63, 42.61),
    (date(1962, 5, 28), 59.47, 55.50),
    (date(1987, 10, 16), 298.08, 282.70),
    (date(1987, 10, 19), 282.70, 224.84),
    (date(1987, 10, 26), 248.22, 227.67),
    (date(1988, 1, 8), 261.07, 243.40),
    (date(1989, 10, 13), 355.39, 333.65),
    (date(1997, 10, 27), 941.64, 876.99),
    (date(1998, 8, 31), 1027.14, 957.28),
    (date(2000, 4, 14), 1440.51, 1356.56),
    (date(2008, 9, 29), 1213.27, 1106.42),
    (date(2008, 10, 7), 1056.89, 996.23),
    (date(2008, 10, 9), 984.94, 909.92),
    (date(2008, 10, 15), 998.01, 907.84),
    (date(2008, 10, 22), 955.05, 896.78),
    (date(2008, 11, 5), 1005.75, 952.77),
    (date(2008, 11, 6), 952.77, 904.88),
    (date(2008, 11, 12), 898.95, 852.30),
    (date(2008, 11, 19), 859.12, 806.58),
    (date(2008, 11, 20), 806.58, 752.44),
    (date(2008, 12, 1), 896.24, 816.21),
    (date(2009, 1, 20), 850.12, 805.22),
    (date(2011, 8, 8), 1199.38, 1119.46),
    (date(2020, 3, 9), 2972.37, 2746.56),
    (date(2020, 3, 12), 2741.38, 2480.64),
    (date(2020, 3, 16), 2711.02, 2386.13),
    (date(2020, 3, 18), 2529.19, 2398.10),
    (date(2020, 6, 11), 3190.14, 3002.10),
)

DJIA_SOURCE = (
    "Dow Jones Industrial Average closing levels as published by Dow Jones: the falls of 7 % or more inside the crises "
    "of this library; not complete outside them (1907 and 1931 to 1933 are missing)."
)

DJIA = (
    (date(1929, 10, 28), 298.97, 260.64),
    (date(1929, 10, 29), 260.64, 230.07),
    (date(1929, 11, 6), 257.68, 232.13),
    (date(1987, 10, 19), 2246.73, 1738.74),
    (date(1987, 10, 26), 1950.76, 1793.93),
    (date(1997, 10, 27), 7715.41, 7161.15),
    (date(2001, 9, 17), 9605.51, 8920.70),
    (date(2008, 10, 9), 9258.10, 8579.19),
    (date(2008, 10, 15), 9310.99, 8577.91),
    (date(2008, 12, 1), 8829.04, 8149.09),
    (date(2020, 3, 9), 25864.78, 23851.02),
    (date(2020, 3, 12), 23553.22, 21200.62),
    (date(2020, 3, 16), 23185.62, 20188.52),
)

"""The crisis library: what happened, so that it can be replayed on today's fund.

``library()`` has thirteen crises, ``crisis(name)`` one of them; ``worst_days()`` and ``gap_rank()`` place a fall among
real days. A crisis becomes a ``Scenario`` by ``Crisis.scenario``, or a ``Shape`` like the synthetic ones by ``Replay``.

Every close agrees to the cent with the published daily series, and the one-day returns in the notes to 0.006
percentage points (tests/references/test_crises_facts.py). Times, fills and discounts carry their own standing.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import ClassVar, Literal

from insure.arguments import number, one_of
from insure.errors import InvalidInput
from insure.simulation.crisis_tables import (
    asia_1997,
    bear_2022,
    crash_1929,
    from_arch,
    ltcm_1998,
    october_1987,
    pandemic_2020,
)
from insure.simulation.crisis_tables import worst_days as table
from insure.simulation.crisis_tables.crisis import DECAY, STRONGEST, Crisis
from insure.simulation.crisis_tables.facts import (
    BillMonth,
    FillLimit,
    FuturesDiscount,
    Halt,
    IntradayDay,
    IntradayMark,
    Standing,
    VolMark,
)
from insure.simulation.crisis_tables.worst_days import WorstDay
from insure.simulation.scenarios import SESSION, Scenario

__all__ = [
    "DECAY",
    "NAMES",
    "BillMonth",
    "Crisis",
    "FillLimit",
    "FuturesDiscount",
    "GapRank",
    "Halt",
    "IntradayDay",
    "IntradayMark",
    "Replay",
    "Standing",
    "VolMark",
    "WorstDay",
    "crisis",
    "gap_rank",
    "library",
    "worst_days",
]

_TOLD: dict[str, Callable[[], Crisis]] = {
    "1929": crash_1929.crisis,
    "1987-10": october_1987.crisis,
    "1997-10": asia_1997.crisis,
    "1998-08": ltcm_1998.crisis,
    "2000-02": from_arch.bear_2000,
    "2001-09": from_arch.closure_2001,
    "2008-09": from_arch.lehman_2008,
    "2010-05-06": from_arch.flash_crash_2010,
    "2011-08": from_arch.downgrade_2011,
    "2015-08-24": from_arch.august_2015,
    "2018-02": from_arch.february_2018,
    "2020-02": pandemic_2020.crisis,
    "2022": bear_2022.crisis,
}

NAMES = tuple(_TOLD)
"""Names of the crises, in order of time."""


@cache
def crisis(name: str) -> Crisis:
    """One crisis. Those of 2000 to 2018 are read from the arch package, which takes about two seconds the first time.

    Raises:
        InvalidInput: an unknown name; the sentence lists the known ones.
    """
    if name not in _TOLD:
        raise InvalidInput(f"crisis is {name!r}; it must be one of {', '.join(NAMES)}.")
    return _TOLD[name]()


def library() -> tuple[Crisis, ...]:
    """All crises, in order of time."""
    return tuple(crisis(name) for name in NAMES)


@dataclass(frozen=True, slots=True)
class Replay:
    """A crisis as a shape: replayed from today's spot, rate and volatility like the synthetic ones.

    Attributes:
        crisis: its name in the library.
        strength: multiplies the log returns, 0 to 10.
        first: the session that today stands for; None is the first of the crisis.
        last: the session at which to end; None is the last of the crisis.
        inside: a day to replay from inside, in place of sessions; ``first`` and ``last`` are then None.
        hold_vol, as_it_was: as in ``Crisis.scenario``.
    """

    kind: ClassVar[str] = "replay"
    crisis: str
    strength: float = 1.0
    first: date | None = None
    last: date | None = None
    inside: date | None = None
    hold_vol: bool = False
    as_it_was: bool = True

    def __post_init__(self) -> None:
        if self.crisis not in _TOLD:
            raise InvalidInput(f"crisis is {self.crisis!r}; it must be one of {', '.join(NAMES)}.")
        number("strength", self.strength, low=0.0, high=STRONGEST)
        if self.inside is not None and (self.first is not None or self.last is not None):
            raise InvalidInput(f"inside is {self.inside}; it must stand without first and last.")

    @property
    def name(self) -> str:
        """The crisis with what is done to it."""
        inside = "" if self.inside is None else f" inside {self.inside}"
        since = "" if self.first is None else f" from {self.first}"
        times = "" if self.strength == 1.0 else f" x {self.strength:g}"
        return f"{self.crisis}{since}{times}{inside}"

    def path(self, spot: float, *, rate: float, vol: float, years_per_step: float = SESSION) -> Scenario:
        """The scenario from today's state: the rate moves by the changes of then, volatility is realised from today's.

        Raises:
            InvalidInput: days that the crisis does not have.
        """
        told = crisis(self.crisis)
        if self.inside is not None:
            return told.intraday_scenario(
                self.inside,
                spot,
                self.strength,
                rate=rate,
                vol=vol,
                as_it_was=self.as_it_was,
                years_per_session=years_per_step,
            )
        cut = told if self.last is None else told.until(self.last)
        return cut.scenario(
            spot,
            self.strength,
            first=self.first,
            rate=rate,
            vol=vol,
            hold_vol=self.hold_vol,
            as_it_was=self.as_it_was,
            years_per_step=years_per_step,
        )


@cache
def worst_days(index: Literal["S&P 500", "DJIA"] = "S&P 500") -> tuple[WorstDay, ...]:
    """Real one-day falls, deepest first.

    The S&P 500 list is complete: every close-to-close fall of 5 % or more from 3 January 1950 to 30 December 2020, 29
    of 17,864 returns. The DJIA list has the falls of 7 % or more inside the crises of this library and reaches back to
    1929; it is not complete outside them.
    """
    one_of("index", index, ("S&P 500", "DJIA"))
    rows = table.SP500 if index == "S&P 500" else table.DJIA
    days = [WorstDay(day, index, before, close) for day, before, close in rows]
    return tuple(sorted(days, key=lambda worst: worst.fall))


@dataclass(frozen=True, slots=True)
class GapRank:
    """Where a fall stands among the S&P 500's days, 3 January 1950 to 30 December 2020.

    Attributes:
        fall: the fall that was ranked, a fraction of zero or more.
        rank: 1 for a fall deeper than every day; None for one of less than 5 %, below which the table does not count.
        deeper: the real days that were as deep or deeper, deepest first; empty where the rank is None.
        next_day: the deepest real day of the table that was less deep, if there is one.
        days: how many one-day returns the period has.
    """

    fall: float
    rank: int | None
    deeper: tuple[WorstDay, ...]
    next_day: WorstDay | None
    days: int

    @property
    def frequency(self) -> float | None:
        """Share of days that were as deep or deeper; None where the rank is."""
        return None if self.rank is None else len(self.deeper) / self.days


def gap_rank(fall: float) -> GapRank:
    """Rank a one-day fall among the real ones.

    Args:
        fall: fraction lost, 0 to 1 (0.2 is a fall of 20 %).
    """
    lost = number("fall", fall, low=0.0, high=1.0)
    days = worst_days()
    if not -lost <= table.SP500_THRESHOLD:
        return GapRank(fall=lost, rank=None, deeper=(), next_day=None, days=table.SP500_RETURNS)
    deeper = bisect_right([worst.fall for worst in days], -lost)
    return GapRank(
        fall=lost,
        rank=deeper + 1,
        deeper=days[:deeper],
        next_day=days[deeper] if deeper < len(days) else None,
        days=table.SP500_RETURNS,
    )

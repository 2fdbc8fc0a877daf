"""A crisis: what is known of it, and how its path is cut, scaled and replayed on today's market."""

from dataclasses import dataclass, replace
from datetime import date, time
from itertools import pairwise

import numpy as np

from insure.arguments import FloatArray, number, positive, whole
from insure.errors import InvalidInput
from insure.simulation.crisis_tables.facts import BillMonth, FillLimit, FuturesDiscount, Halt, IntradayDay, VolMark
from insure.simulation.scenarios import SESSION, Scenario, Step

DECAY = 0.94
"""Daily decay of the realised volatility along a replay (J.P. Morgan/Reuters, RiskMetrics, 4th ed. 1996, chapter 5)."""

STRONGEST = 10.0
"""The greatest strength of a replay."""

_CLOSE = time(16)
_OPEN_MINUTE = 9 * 60 + 30
_SESSION_MINUTES = 390


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """Published closing levels of an index through a crisis, with what is known beside them.

    Attributes:
        name: as the command line takes it.
        title: one line.
        index: "S&P 500" or "DJIA"; price levels, without dividends.
        dates, closes: sessions and closing levels, two or more.
        source: where the levels come from, in words.
        notes: what a reader should know: rates, halts, discounts, and what is not known.
        vol_before: realised volatility of the 63 sessions up to the first close, per square root of year (root mean
            square of log returns, 252 sessions a year).
        bill_months: bill returns of the months covered (Fama and French's RF: Ibbotson's one-month bill).
        vol_marks: single closing levels of VXO or VIX (Cboe); not a series.
        halts, limits, discounts: when and how far one could not trade, and what index futures fetched.
        intraday: days that are known from inside.
        strength: 1 for history; what ``scaled`` has multiplied the log returns by.

    Raises:
        InvalidInput: dates and closes that do not match, are fewer than two, out of order or not positive.
    """

    name: str
    title: str
    index: str
    dates: tuple[date, ...]
    closes: tuple[float, ...]
    source: str
    notes: tuple[str, ...]
    vol_before: float
    bill_months: tuple[BillMonth, ...]
    vol_marks: tuple[VolMark, ...] = ()
    halts: tuple[Halt, ...] = ()
    limits: tuple[FillLimit, ...] = ()
    discounts: tuple[FuturesDiscount, ...] = ()
    intraday: tuple[IntradayDay, ...] = ()
    strength: float = 1.0

    def __post_init__(self) -> None:
        if len(self.dates) != len(self.closes) or len(self.dates) < 2:
            raise InvalidInput(
                f"crisis {self.name} has {len(self.dates)} dates and {len(self.closes)} closes; it must have as many "
                "of one as of the other, 2 or more."
            )
        for before, after in pairwise(self.dates):
            if not before < after:
                raise InvalidInput(f"crisis {self.name} has {after} after {before}; its dates must rise.")
        for day, close in zip(self.dates, self.closes, strict=True):
            positive(f"crisis {self.name}: the close of {day}", close)
        positive(f"crisis {self.name}: vol_before", self.vol_before)

    def returns(self) -> FloatArray:
        """Simple returns from close to close, one fewer than closes."""
        levels = np.array(self.closes)
        return np.asarray(levels[1:] / levels[:-1] - 1.0)

    def path(self, spot: float) -> FloatArray:
        """The closes rescaled so that the first is today's spot."""
        return positive("spot", spot) * (np.array(self.closes) / self.closes[0])

    def scaled(self, strength: float) -> "Crisis":
        """The same days with every log return multiplied by ``strength``: 0 is flat, 1 this path, 2 its square.

        Close i becomes C_0 (C_i / C_0)^strength. Scaling log returns keeps levels above zero at any strength and makes
        strengths multiply: ``scaled(a).scaled(b)`` is ``scaled(a b)``. Volatility at the start, rates, halts, limits
        and discounts stay as they were; levels inside a day (``intraday``) are scaled when they are replayed.

        Args:
            strength: 0 to 10.
        """
        power = number("strength", strength, low=0.0, high=STRONGEST)
        first = self.closes[0]
        levels = tuple(first * (close / first) ** power for close in self.closes)
        return replace(self, closes=levels, strength=self.strength * power)

    def from_day(self, day: date) -> "Crisis":
        """The crisis from the close of this session on: later returns are kept, ``vol_before`` is brought up to it.

        Raises:
            InvalidInput: not a session of this crisis, or its last.
        """
        k = self._session(day)
        if k == len(self.dates) - 1:
            raise InvalidInput(f"day is {day}; it must be before {day}, the last session of crisis {self.name}.")
        vol = float(self.realised_vols()[k])
        return replace(self, dates=self.dates[k:], closes=self.closes[k:], vol_before=vol)

    def until(self, day: date) -> "Crisis":
        """The crisis up to the close of this session.

        Raises:
            InvalidInput: not a session of this crisis, or its first.
        """
        k = self._session(day)
        if k == 0:
            raise InvalidInput(f"day is {day}; it must be after {day}, the first session of crisis {self.name}.")
        return replace(self, dates=self.dates[: k + 1], closes=self.closes[: k + 1])

    def worst_fall(self, sessions: int = 1) -> float:
        """The deepest return over so many sessions, a fraction; above zero where the index only rose.

        Raises:
            InvalidInput: as many sessions as closes, or more.
        """
        span = whole("sessions", sessions, low=1)
        if span >= len(self.closes):
            raise InvalidInput(
                f"sessions is {sessions}; it must be fewer than the {len(self.closes)} closes of crisis {self.name}."
            )
        levels = np.array(self.closes)
        return float(np.min(levels[span:] / levels[:-span] - 1.0))

    def max_drawdown(self) -> float:
        """The deepest close below the highest close before it, a fraction, zero or less."""
        levels = np.array(self.closes)
        return float(np.min(levels / np.maximum.accumulate(levels) - 1.0))

    def largest_multiple(self) -> float:
        """The largest CPPI multiple that the worst single session leaves above the floor, 1 / |worst fall|.

        Infinite where no session fell. Black and Perold (1992): a fall x is survived while m x <= 1.
        """
        worst = self.worst_fall()
        return -1.0 / worst if worst < 0.0 else float("inf")

    def realised_vols(self, start: float | None = None) -> FloatArray:
        """Exponentially weighted realised volatility at each close, seen from that close (no look ahead).

        v_0 = start^2, v_i = 0.94 v_{i-1} + 0.06 * 252 * r_i^2 with log returns r_i; the square roots.

        Args:
            start: volatility at the first close, per square root of year; default ``vol_before``.
        """
        variance = positive("start", self.vol_before if start is None else start) ** 2
        variances = [variance]
        for log_return in np.diff(np.log(self.closes)):
            variance = DECAY * variance + (1.0 - DECAY) * 252.0 * log_return**2
            variances.append(variance)
        return np.sqrt(variances)

    def rate(self, day: date) -> float:
        """The bill rate of the month of this day, continuously compounded, per year: 12 log(1 + return of the month).

        Raises:
            InvalidInput: a month that is not in the table.
        """
        for bill in self.bill_months:
            if (bill.year, bill.month) == (day.year, day.month):
                return float(12.0 * np.log1p(bill.percent / 100.0))
        raise InvalidInput(f"day is {day}; crisis {self.name} has no bill rate for that month.")

    def scenario(
        self,
        spot: float,
        strength: float = 1.0,
        *,
        first: date | None = None,
        rate: float | None = None,
        vol: float | None = None,
        hold_vol: bool = False,
        as_it_was: bool = True,
        years_per_step: float = SESSION,
    ) -> Scenario:
        """The crisis replayed close by close on today's market; a session of then (Saturdays of 1929 too) is one now.

        Args:
            spot: today's level.
            strength: multiplies the log returns, 0 to 10.
            first: the session that today stands for; default the first.
            rate: today's rate, per year; the bill rate's changes since ``first``, times ``strength``, are added to it.
                None replays the bill rates of then.
            vol: today's volatility, from which ``realised_vols`` of the replayed path goes on. None starts at the
                realised volatility of then.
            hold_vol: True keeps the hedge volatility at its start.
            as_it_was: True carries over halts at the close, days that filled a fraction, and futures discounts; False
                trades every close in full. In both cases spreads widen as realised volatility over its start, never
                below 1 (assumed: spreads of then are not recorded here).
            years_per_step: length of a session of today's; 1/252.

        Raises:
            InvalidInput: an argument outside these bounds, or a ``first`` that is not a session of the crisis.
        """
        begun = self if first is None else self.from_day(first)
        replay = begun.scaled(strength)
        length = positive("years_per_step", years_per_step)
        levels = replay.path(spot)
        start = replay.vol_before if vol is None else positive("vol", vol)
        realised = replay.realised_vols(start)
        today = None if rate is None else number("rate", rate)
        then = begun.rate(begun.dates[0])
        steps = []
        for k, day in enumerate(replay.dates):
            accrual = begun.rate(day)
            step = Step(
                label=day.isoformat(),
                years=length if k else 0.0,
                spot=float(levels[k]),
                rate=accrual if today is None else today + replay.strength * (accrual - then),
                vol=start if hold_vol else float(realised[k]),
                spread=max(1.0, float(realised[k]) / start),
            )
            steps.append(self._as_traded(step, day) if as_it_was else step)
        name, title = self._called(strength, first)
        return Scenario(name, title, tuple(steps), self._told(rate, vol, hold_vol=hold_vol, as_it_was=as_it_was))

    def intraday_scenario(
        self,
        day: date,
        spot: float,
        strength: float = 1.0,
        *,
        rate: float | None = None,
        vol: float | None = None,
        as_it_was: bool = True,
        years_per_session: float = SESSION,
    ) -> Scenario:
        """One day from inside: the close before it, then the known levels, the last the day's close.

        The session's time runs in its 390 minutes; the night takes none. Rate and volatility stay at the start: a
        handful of levels is no measurement of volatility. With ``as_it_was`` a level during a halt of the stock market
        cannot be traded, a day's fill limit applies to every level, and a futures discount to the level at its time.

        Args:
            day: a day of ``intraday``.
            spot, strength, rate, vol, as_it_was: as in ``scenario``.
            years_per_session: length of a session; 1/252.

        Raises:
            InvalidInput: a day that is not known from inside; the sentence names those that are.
        """
        known = {inside.day: inside for inside in self.intraday}
        if day not in known:
            days = ", ".join(inside.isoformat() for inside in known) or "none"
            raise InvalidInput(f"day is {day}; crisis {self.name} is known from inside on: {days}.")
        inside = known[day]
        power = number("strength", strength, low=0.0, high=STRONGEST) * self.strength
        session = positive("years_per_session", years_per_session)
        accrual = self.rate(day) if rate is None else number("rate", rate)
        start = self.vol_before if vol is None else positive("vol", vol)
        steps = [Step("close before", 0.0, positive("spot", spot), accrual, start)]
        clock = float(_OPEN_MINUTE)
        for mark in inside.marks:
            minute = 60.0 * mark.at.hour + mark.at.minute + mark.at.second / 60.0
            step = Step(
                label=f"{mark.at:%H:%M:%S}",
                years=session * (minute - clock) / _SESSION_MINUTES,
                spot=spot * (mark.level / inside.previous_close) ** power,
                rate=accrual,
                vol=start,
            )
            steps.append(self._as_traded(step, day, mark.at) if as_it_was else step)
            clock = minute
        standings = sorted({mark.standing for mark in inside.marks})
        source = (
            f"{inside.index} levels of {day} at the times known; standing of the levels: {', '.join(standings)}. "
            "Rate and volatility stay; the night takes no time."
        )
        name, title = self._called(strength, None)
        return Scenario(f"{name} inside {day}", f"{title}: {day} from inside", tuple(steps), source)

    def _session(self, day: date) -> int:
        if day not in self.dates:
            near = min(self.dates, key=lambda session: abs((session - day).days))
            raise InvalidInput(
                f"day is {day}; it must be a session of crisis {self.name}, from {self.dates[0]} to {self.dates[-1]} "
                f"(the nearest is {near})."
            )
        return self.dates.index(day)

    def _as_traded(self, step: Step, day: date, at: time | None = None) -> Step:
        stops = [halt for halt in self.halts if halt.day == day and halt.market == "stocks"]
        stopped = any(halt.at_close for halt in stops) if at is None else any(halt.covers(at) for halt in stops)
        filled = min((limit.fraction for limit in self.limits if limit.day == day), default=1.0)
        moment = _CLOSE if at is None else at
        basis = next((gap.basis for gap in self.discounts if (gap.day, gap.at) == (day, moment)), 0.0)
        return replace(step, tradable=not stopped, filled=filled, basis=basis)

    def _called(self, strength: float, first: date | None) -> tuple[str, str]:
        power = self.strength * strength
        times = "" if power == 1.0 else f" x {power:g}"
        since = "" if first is None else f" from {first}"
        return f"{self.name}{since}{times}", f"{self.title}{since}{times}"

    def _told(self, rate: float | None, vol: float | None, *, hold_vol: bool, as_it_was: bool) -> str:
        told = [f"{self.source} Rates: bill rates of then" + ("." if rate is None else ", as changes on today's rate.")]
        begins = "the realised volatility of then" if vol is None else "today's"
        told.append(
            f"Volatility: {begins}, kept." if hold_vol else f"Volatility: from {begins}, realised (decay {DECAY:g})."
        )
        told.append("Spreads in proportion to volatility (assumed).")
        told.append(
            "Halts, fills and futures discounts as recorded." if as_it_was else "Every close traded in full (assumed)."
        )
        return " ".join(told)

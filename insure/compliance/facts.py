"""Facts of a period out of the book, judged against the contract: what a compliance officer signs.

Pure: records, runs and due slots come in, facts go out. A fact is judged ``kept``, ``alert`` (allowed, but somebody
must read it) or ``breached``. A breach of a limit is *active* where our own decision went past it and *passive* where
the market carried the fund there (the distinction of UCITS Directive 2009/65/EC, art. 57).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from insure.book.record import Record
from insure.compliance.approved import routine
from insure.compliance.executions import Executions, executions
from insure.compliance.limits import Limit, limits
from insure.compliance.measures import Extreme, Judgement, after_trade, extreme, gap, promising, weight, worst
from insure.compliance.trading import CheckTally, Trading, VarTest, checks, trading, var_test
from insure.decision import Outcome
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.orders import Fill
from insure.slots import Slot

SlotState = Literal["on time", "late", "missed", "not run"]

_PROMPT = dt.timedelta(minutes=1)
"""A run that starts within a minute of its slot is on time."""


class Ran(Protocol):
    """How one slot ended, as the book keeps it."""

    @property
    def session(self) -> dt.date:
        """Session of the slot."""
        ...

    @property
    def slot(self) -> str:
        """Word of the slot."""
        ...

    @property
    def due(self) -> dt.datetime:
        """When it was due."""
        ...

    @property
    def started(self) -> dt.datetime:
        """When it was started."""
        ...

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        ...

    @property
    def reason(self) -> str:
        """Why it ended so."""
        ...


@dataclass(frozen=True, slots=True)
class SlotFact:
    """One due slot and what became of it."""

    slot: Slot
    state: SlotState
    outcome: Outcome | None
    reason: str
    late: dt.timedelta
    """Start after the due moment; zero for a slot that has not run."""
    decided: bool
    """Whether a decision was reached; without one the slot was missed, or the market could not be seen."""


@dataclass(frozen=True, slots=True)
class Protection:
    """Value against floor, after each trade."""

    nav: float
    floor: float
    guarantee: float
    lowest_cushion: Extreme
    below: tuple[dt.date, ...]
    """Sessions that ended below the floor."""
    missed: tuple[dt.date, ...]
    """Horizons in the period at which the guarantee was not there."""

    @property
    def cushion(self) -> float:
        """NAV minus floor at the end."""
        return self.nav - self.floor

    @property
    def coverage(self) -> float | None:
        """NAV over floor at the end; None where the floor is zero."""
        return self.nav / self.floor if self.floor > 0.0 else None


@dataclass(frozen=True, slots=True)
class Exposure:
    """How much stock was wanted and held."""

    target: float
    executed: float
    highest: Extreme
    lowest: Extreme
    locked: int
    """Decisions in the period with no cushion left."""
    locked_since: dt.date | None
    """Session since which every decision was one of them; None where the last was not."""

    @property
    def backlog(self) -> float:
        """Weight that the model asks for and the fund does not hold, at the end."""
        return self.target - self.executed


@dataclass(frozen=True, slots=True)
class Facts:
    """A fund over a period."""

    fund_id: str
    first: dt.date
    last: dt.date
    records: tuple[Record, ...]
    """Decisions of the period, in order."""
    opening: Record | None
    """The last decision before the period."""
    protection: Protection | None
    """None where the strategy promises nothing, or no period was in force."""
    exposure: Exposure | None
    lowest_gap: Extreme | None
    """Least gap budget after a trade; None where no fall could ever reach the floor."""
    trading: Trading
    executions: Executions
    checks: tuple[CheckTally, ...]
    limits: tuple[Limit, ...]
    slots: tuple[SlotFact, ...]
    unscheduled: tuple[SlotFact, ...]
    """What ran beside the timetable: on an event, or once more after a slot was held."""
    var_test: VarTest
    days_to_cash: float | None
    """Sessions that selling all stock takes at the order's share of volume; None where the volume is not known."""

    @property
    def judgement(self) -> Judgement:
        """The worst of everything."""
        return worst(
            [
                *(limit.judgement for limit in self.limits),
                self.floor_judgement,
                self.schedule_judgement,
                self.decision_judgement,
            ]
        )

    @property
    def floor_judgement(self) -> Judgement:
        """Breached where a session ended below the floor or a guarantee was missed."""
        protection = self.protection
        return "breached" if protection is not None and (protection.below or protection.missed) else "kept"

    @property
    def schedule_judgement(self) -> Judgement:
        """Breached where a slot was missed or has not run, alert where one was late."""
        states = {fact.state for fact in self.slots}
        return "breached" if states & {"missed", "not run"} else "alert" if "late" in states else "kept"

    @property
    def decision_judgement(self) -> Judgement:
        """Breached where a slot failed, alert where one was held or skipped; an approval that came is neither."""
        usual = routine(self).held
        ran = [fact for fact in (*self.slots, *self.unscheduled) if fact.slot.key not in usual]
        outcomes = {fact.outcome for fact in ran if fact.state != "missed"}
        return "breached" if "FAILED" in outcomes else "alert" if outcomes & {"HELD", "SKIPPED"} else "kept"


def facts(
    fund: Fund,
    history: Sequence[Record],
    runs: Sequence[Ran],
    due: Sequence[Slot],
    first: dt.date,
    last: dt.date,
    late_fills: Sequence[Fill] = (),
    known_before: Sequence[Fill] = (),
) -> Facts:
    """The facts of a fund from session ``first`` to ``last``, both included.

    Args:
        fund: the contract in force; its limits are those that are judged.
        history: all its decisions up to ``last``, in order; those before ``first`` give the opening state.
        runs: how the slots of the period ended.
        due: the slots that were due in the period.
        first: first session.
        last: last session.
        late_fills: fills that came after their decision, those known when the period was over; in any order.
        known_before: those of them that were known when the period before was over: a report on it has counted them.

    Raises:
        InvalidInput: the span is empty, or the fund had no decision in it or before it.
    """
    if not first <= last:
        raise InvalidInput(f"first is {first}; it must be {last} (last) or before.")
    before = [record for record in history if record.session < first]
    within = tuple(record for record in history if first <= record.session <= last)
    if not before and not within:
        raise InvalidInput(f"{fund.id} has no decision up to {last}; there is nothing to judge.")
    opening = before[-1] if before else None
    runs = [run for run in runs if first <= run.session <= last]
    return Facts(
        fund_id=fund.id,
        first=first,
        last=last,
        records=within,
        opening=opening,
        protection=_protection(within),
        exposure=_exposure(within),
        lowest_gap=extreme(((record.session, gap(record)) for record in within), min),
        trading=trading(within, late_fills),
        executions=executions(fund, before, within, late_fills, known_before),
        checks=checks(within),
        limits=limits(fund, within),
        slots=_slots(due, runs, within),
        unscheduled=_unscheduled(due, runs, within),
        var_test=var_test([opening, *within] if opening is not None else list(within)),
        days_to_cash=_days_to_cash(fund, within[-1] if within else opening),
    )


def _protection(records: Sequence[Record]) -> Protection | None:
    rows = [(record, valuation) for record in records if (valuation := promising(record)) is not None]
    if not rows:
        return None
    cushions = [(record.session, after_trade(record)[1] - valuation.floor) for record, valuation in rows]
    lowest = extreme(cushions, min)
    assert lowest is not None  # noqa: S101 - there is a row
    record, valuation = rows[-1]
    missed = tuple(
        each.session
        for each in records
        if each.decision.ended is not None and each.decision.ended.nav < each.decision.ended.guarantee
    )
    return Protection(
        nav=after_trade(record)[1],
        floor=valuation.floor,
        guarantee=valuation.guarantee,
        lowest_cushion=lowest,
        below=tuple(session for session, cushion in cushions if cushion < 0.0),
        missed=missed,
    )


def _exposure(records: Sequence[Record]) -> Exposure | None:
    decided = [record for record in records if record.ladder is not None]
    highest = extreme(((record.session, weight(record)) for record in decided), max)
    lowest = extreme(((record.session, weight(record)) for record in decided), min)
    if highest is None or lowest is None:
        return None
    ladder = decided[-1].ladder
    assert ladder is not None  # noqa: S101 - filtered above
    return Exposure(
        target=ladder["model"].weight,
        executed=weight(decided[-1]),
        highest=highest,
        lowest=lowest,
        locked=sum(_locked(record) for record in decided),
        locked_since=_locked_since(decided),
    )


def _locked(record: Record) -> bool:
    return record.decision.memory is not None and record.decision.memory.locked


def _locked_since(decided: Sequence[Record]) -> dt.date | None:
    since = None
    for record in reversed(decided):
        if not _locked(record):
            break
        since = record.session
    return since


def _slots(due: Sequence[Slot], runs: Sequence[Ran], records: Sequence[Record]) -> tuple[SlotFact, ...]:
    known = {(run.session, run.slot): run for run in runs}
    decided = {(record.session, record.slot) for record in records}
    return tuple(_slot(slot, known.get(key), key in decided) for slot in due for key in [(slot.session, slot.name)])


def _unscheduled(due: Sequence[Slot], runs: Sequence[Ran], records: Sequence[Record]) -> tuple[SlotFact, ...]:
    scheduled = {(slot.session, slot.name) for slot in due}
    decided = {(record.session, record.slot) for record in records}
    return tuple(
        _slot(Slot(run.session, run.slot, run.due), run, (run.session, run.slot) in decided)
        for run in runs
        if (run.session, run.slot) not in scheduled
    )


def _slot(slot: Slot, run: Ran | None, decided: bool) -> SlotFact:
    if run is None:
        return SlotFact(slot, "not run", None, "The book holds no run of this slot.", dt.timedelta(0), decided)
    late = max(run.started - run.due, dt.timedelta(0))
    state: SlotState = "on time" if late <= _PROMPT else "late"
    if run.outcome == "SKIPPED" and not decided:
        state = "missed"
    return SlotFact(slot, state, run.outcome, run.reason, late, decided)


def _days_to_cash(fund: Fund, record: Record | None) -> float | None:
    volume = record.decision.snapshot.daily_volume if record is not None else None
    if record is None or volume is None or not volume > 0.0:
        return None
    return float(record.after.units) / (fund.execution.volume_cap_fraction * volume)

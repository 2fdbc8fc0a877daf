"""Facts of a period out of the book, judged against the contract: what a compliance officer signs.

Pure: records, runs and due slots come in, facts go out. A fact is judged ``kept``, ``alert`` (allowed, but somebody
must read it) or ``breached``. A breach of a limit is *active* where our own decision went past it and *passive* where
the market carried the fund there (the distinction of UCITS Directive 2009/65/EC, art. 57).
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType
from typing import Literal

from insure.book.record import Record
from insure.carried_deficit import beyond_decided
from insure.compliance.approved import routine
from insure.compliance.executions import Executions, executions
from insure.compliance.limits import Limit, limits
from insure.compliance.measures import (
    Contracts,
    Extreme,
    InForce,
    Judgement,
    after_trade,
    contract_of,
    extreme,
    gap,
    in_force,
    promising,
    weight,
    worst,
)
from insure.compliance.settled import LateFill, Rows, settled
from insure.compliance.timetable import Ran
from insure.compliance.trading import CheckTally, Trading, checks, trading
from insure.compliance.value_at_risk import VarTest, var_test
from insure.decision import Outcome
from insure.decision.band import band_width
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.slots import Slot

SlotState = Literal["on time", "late", "missed", "not run"]

_WEIGHT_ROUNDING = 1e-9
_PROMPT = dt.timedelta(minutes=1)
"""A run that starts within a minute of its slot is on time."""


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
    below_since: dt.date | None
    """Session since which every one ended below the floor, before the period too; None where the last did not."""
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

    model: float
    """Weight that the model asked for at the last decision, before limits, band, throttle and lots."""
    target: float
    """Weight that was decided: what the contract lets through of it."""
    executed: float
    band: float
    """Half width of the band at the last decision, weight."""
    highest: Extreme
    lowest: Extreme
    locked: int
    """Decisions in the period with no cushion left."""
    locked_since: dt.date | None
    """Session since which every decision was one of them, before the period too; None where the last was not."""

    @property
    def backlog(self) -> float:
        """Weight that was decided and the fund does not hold, at the end; below zero a sale is missing."""
        return self.target - self.executed

    @property
    def backlog_judgement(self) -> Judgement:
        """Alert where more than a band is missing: what is inside it no decision would trade."""
        return "kept" if abs(self.backlog) <= self.band + _WEIGHT_ROUNDING else "alert"


@dataclass(frozen=True, slots=True)
class Facts:
    """A fund over a period."""

    fund_id: str
    first: dt.date
    last: dt.date
    so_far: dt.date | None
    """The day up to which the period is judged; None where it was over."""
    contracts: tuple[InForce, ...]
    """Those that the period was decided under, in the order of use; that of ``standing`` where nothing was decided in
    it, none where nothing had been decided yet."""
    records: tuple[Record, ...]
    """Decisions of the period, in order, each settled: with the fills that were booked before the next."""
    opening: Record | None
    """The last decision before the period, settled as a report on the period before it knew it."""
    standing: Record | None
    """The last decision up to the end of the period, settled; None where nothing had been decided yet."""
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
    """Of the last steps up to the end of the period, before it too."""
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
    fund_id: str,
    contracts: Contracts,
    history: Sequence[Record],
    runs: Sequence[Ran],
    due: Sequence[Slot],
    first: dt.date,
    last: dt.date,
    late: Sequence[LateFill] = (),
    rows: Rows = MappingProxyType({}),
    counted: int = 0,
    so_far: dt.date | None = None,
) -> Facts:
    """The facts of a fund from session ``first`` to ``last``, both included.

    Args:
        fund_id: whose facts.
        contracts: by their hash, at least those that the decisions were made under; each is judged under its own.
        history: all its decisions up to ``last``, in order; those before ``first`` give the opening state.
        runs: how the slots of the period ended.
        due: the slots that were due in the period: see ``timetable.due``.
        first: first session.
        last: last session.
        late: fills that came after their decision, those known when the period was over; in the order of the chain.
        rows: of the slots of ``history``; needed where there are late fills.
        counted: the last row of the chain that a report on the period before has counted.
        so_far: the day up to which the period is judged, where it is not over.

    Raises:
        InvalidInput: the span is empty, or the fund had no decision and no slot in it or before it.
    """
    if not first <= last:
        raise InvalidInput(f"first is {first}; it must be {last} (last) or before.")
    before = [record for record in history if record.session < first]
    within = [record for record in history if first <= record.session <= last]
    if not before and not within and not any(run.session <= last for run in runs):
        raise InvalidInput(f"{fund_id} has no decision up to {last}, and no slot; there is nothing to judge.")
    decided = settled([*before, *within], rows, late)
    earlier, records = decided[: len(before)], decided[len(before) :]
    known = [each for each in late if each.sequence <= counted]
    standing = decided[-1] if decided else None
    opening = settled(before[-1:], rows, known)[0] if before else None
    late_fills, known_before = ([each.fill for each in some] for some in (late, known))
    runs = [run for run in runs if first <= run.session <= last]
    return Facts(
        fund_id=fund_id,
        first=first,
        last=last,
        so_far=so_far,
        contracts=in_force(contracts, records or decided[-1:]),
        records=records,
        opening=opening,
        standing=standing,
        protection=_protection(earlier, records),
        exposure=_exposure(contracts, earlier, records),
        lowest_gap=extreme(((record.session, gap(record)) for record in records), min),
        trading=trading(records),
        executions=executions(contracts, before, within, late_fills, known_before),
        checks=checks(within),
        limits=limits(contracts, earlier, records),
        slots=_slots(due, runs, within),
        unscheduled=_unscheduled(due, runs, within),
        var_test=var_test(decided, first),
        days_to_cash=None if standing is None else _days_to_cash(contract_of(contracts, standing), standing),
    )


def _protection(before: Sequence[Record], records: Sequence[Record]) -> Protection | None:
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
        below_since=_since([each for each in (*before, *records) if promising(each) is not None], _below),
        missed=missed,
    )


def _exposure(contracts: Contracts, before: Sequence[Record], records: Sequence[Record]) -> Exposure | None:
    decided = [record for record in records if record.ladder is not None]
    highest = extreme(((record.session, weight(record)) for record in decided), max)
    lowest = extreme(((record.session, weight(record)) for record in decided), min)
    if highest is None or lowest is None:
        return None
    record = decided[-1]
    assert record.ladder is not None  # noqa: S101 - filtered above
    missing = -beyond_decided(record.decision, record.after.units) * record.decision.snapshot.price
    nav = after_trade(record)[1]
    return Exposure(
        model=record.ladder["model"].weight,
        target=weight(record) + (float(missing) / nav if nav > 0.0 else 0.0),
        executed=weight(record),
        band=band_width(contract_of(contracts, record), record.decision),
        highest=highest,
        lowest=lowest,
        locked=sum(_locked(record) for record in decided),
        locked_since=_since([each for each in (*before, *records) if each.ladder is not None], _locked),
    )


def _locked(record: Record) -> bool:
    return record.decision.memory is not None and record.decision.memory.locked


def _below(record: Record) -> bool:
    valuation = promising(record)
    return valuation is not None and after_trade(record)[1] < valuation.floor


def _since(records: Sequence[Record], holds: Callable[[Record], bool]) -> dt.date | None:
    """Session since which something held of every record up to the last; None where it does not hold of the last."""
    streak = list(takewhile(holds, reversed(records)))
    return streak[-1].session if streak else None


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


def _days_to_cash(fund: Fund, record: Record) -> float | None:
    volume = record.decision.snapshot.daily_volume
    if volume is None or not volume > 0.0:
        return None
    return float(record.after.units) / (fund.execution.volume_cap_fraction * volume)

"""Facts of a period out of the book, judged against the contract: what a compliance officer signs.

Pure: records, runs and due slots come in, facts go out. A fact is judged ``kept``, ``alert`` (allowed, but somebody
must read it) or ``breached``. A breach of a limit is *active* where our own decision went past it and *passive* where
the market carried the fund there (the distinction of UCITS Directive 2009/65/EC, art. 57).
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal, Protocol

from insure.book.record import Record
from insure.decision import Outcome, Valuation
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.slots import Slot

Judgement = Literal["kept", "alert", "breached"]
SlotState = Literal["on time", "late", "missed", "not run"]

VAR_CONFIDENCE = 0.99
_VAR_DEVIATIONS = 2.3263478740408408
"""Standard deviations that a normal loss exceeds once in a hundred."""
_WEIGHT_ROUNDING = 1e-9
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
class Extreme:
    """The furthest that a figure went in the period, and when."""

    value: float
    session: dt.date


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of the contract over the period."""

    name: str
    unit: Literal["weight", "money"]
    bound: float
    worst: Extreme
    headroom: float
    """How far the worst value could still have gone; negative after a breach."""
    judgement: Judgement
    breach: Literal["", "active", "passive"]
    sessions: int
    """Decisions in the period at which it stood past its bound."""
    age: int
    """Decisions in a row, up to the last, at which it has stood past its bound."""


@dataclass(frozen=True, slots=True)
class CheckTally:
    """One pre-trade check over the period."""

    name: str
    made: int
    failed: int
    tightest: Extreme
    """Least head-room."""
    unit: str


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

    @property
    def backlog(self) -> float:
        """Weight that the model asks for and the fund does not hold, at the end."""
        return self.target - self.executed


@dataclass(frozen=True, slots=True)
class Trading:
    """Orders and fills of the period, exact money."""

    orders: int
    fills: int
    unfilled_units: Decimal
    bought: Decimal
    sold: Decimal
    commission: Decimal
    spread: Decimal


@dataclass(frozen=True, slots=True)
class VarException:
    """A step on which the fund lost more than its value at risk of the step before."""

    session: dt.date
    loss: float
    value_at_risk: float


@dataclass(frozen=True, slots=True)
class VarTest:
    """Value at risk (99 %, one step, normal at the hedge volatility) against what was really lost to the index."""

    steps: int
    exceptions: tuple[VarException, ...]

    @property
    def expected(self) -> float:
        """Exceptions that a correct model has on average."""
        return self.steps * (1.0 - VAR_CONFIDENCE)


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
    checks: tuple[CheckTally, ...]
    limits: tuple[Limit, ...]
    slots: tuple[SlotFact, ...]
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
        """Breached where a slot failed, alert where one was held or skipped."""
        outcomes = {fact.outcome for fact in self.slots if fact.state != "missed"}
        return "breached" if "FAILED" in outcomes else "alert" if outcomes & {"HELD", "SKIPPED"} else "kept"


def facts(
    fund: Fund, history: Sequence[Record], runs: Sequence[Ran], due: Sequence[Slot], first: dt.date, last: dt.date
) -> Facts:
    """The facts of a fund from session ``first`` to ``last``, both included.

    Args:
        fund: the contract in force; its limits are those that are judged.
        history: all its decisions up to ``last``, in order; those before ``first`` give the opening state.
        runs: how the slots of the period ended.
        due: the slots that were due in the period.
        first: first session.
        last: last session.

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
    return Facts(
        fund_id=fund.id,
        first=first,
        last=last,
        records=within,
        opening=opening,
        protection=_protection(within),
        exposure=_exposure(within),
        lowest_gap=_extreme(((record.session, _gap(record)) for record in within), min),
        trading=_trading(within),
        checks=_checks(within),
        limits=_limits(fund, within),
        slots=_slots(due, runs, within),
        var_test=_var_test([opening, *within] if opening is not None else list(within)),
        days_to_cash=_days_to_cash(fund, within[-1] if within else opening),
    )


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The most serious of several; ``kept`` where there are none."""
    found = set(judgements)
    return "breached" if "breached" in found else "alert" if "alert" in found else "kept"


def after_trade(record: Record) -> tuple[float, float]:
    """Equity and NAV once the decision is carried out, money."""
    return float(record.equity), float(record.nav)


def _promising(record: Record) -> Valuation | None:
    valuation = record.decision.valuation
    return valuation if valuation is not None and valuation.guarantee > 0.0 else None


def _extreme(
    values: Iterable[tuple[dt.date, float | None]], furthest: Callable[[list[float]], float]
) -> Extreme | None:
    known = [(session, value) for session, value in values if value is not None]
    if not known:
        return None
    bound = furthest([value for _, value in known])
    return next(Extreme(value, session) for session, value in known if value == bound)


def _protection(records: Sequence[Record]) -> Protection | None:
    rows = [(record, valuation) for record in records if (valuation := _promising(record)) is not None]
    if not rows:
        return None
    cushions = [(record.session, after_trade(record)[1] - valuation.floor) for record, valuation in rows]
    lowest = _extreme(cushions, min)
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


def _weight(record: Record) -> float:
    equity, nav = after_trade(record)
    return equity / nav if nav > 0.0 else 0.0


def _exposure(records: Sequence[Record]) -> Exposure | None:
    decided = [record for record in records if record.ladder is not None]
    highest = _extreme(((record.session, _weight(record)) for record in decided), max)
    lowest = _extreme(((record.session, _weight(record)) for record in decided), min)
    if highest is None or lowest is None:
        return None
    ladder = decided[-1].ladder
    assert ladder is not None  # noqa: S101 - filtered above
    return Exposure(
        target=ladder["model"].weight,
        executed=_weight(decided[-1]),
        highest=highest,
        lowest=lowest,
        locked=sum(record.decision.memory is not None and record.decision.memory.locked for record in decided),
    )


def _gap(record: Record) -> float | None:
    valuation = _promising(record)
    if valuation is None:
        return None
    equity, nav = after_trade(record)
    return gap_budget(nav, valuation.floor, equity, record.option_legs, record.decision.snapshot)


def _trading(records: Sequence[Record]) -> Trading:
    orders = [order for record in records for order in record.orders]
    fills = [fill for record in records for fill in record.fills]
    zero = Decimal(0)
    ordered = sum((abs(order.units) for order in orders), zero)
    filled = sum((abs(fill.units) for fill in fills), zero)
    return Trading(
        orders=len(orders),
        fills=len(fills),
        unfilled_units=ordered - filled,
        bought=sum((fill.value for fill in fills if fill.units > 0), zero),
        sold=sum((fill.value for fill in fills if fill.units < 0), zero),
        commission=sum((fill.commission for fill in fills), zero),
        spread=sum((fill.spread for fill in fills), zero),
    )


def _checks(records: Sequence[Record]) -> tuple[CheckTally, ...]:
    names = dict.fromkeys(check.name for record in records for check in record.decision.checks)
    tallies = []
    for name in names:
        made = [(r.session, check) for r in records for check in r.decision.checks if check.name == name]
        tightest = _extreme(((session, check.headroom) for session, check in made), min)
        assert tightest is not None  # noqa: S101 - the name comes from a check
        failed = sum(not check.passed for _, check in made)
        tallies.append(CheckTally(name, len(made), failed, tightest, made[-1][1].unit))
    return tuple(tallies)


def _limits(fund: Fund, records: Sequence[Record]) -> tuple[Limit, ...]:
    """The limits of the contract; those that nothing was measured against are left out."""
    terms = fund.limits
    decided = [record for record in records if record.ladder is not None and record.decision.valuation is not None]
    found = [
        _at_most("Highest equity weight", terms.highest_weight, [(r, _weight(r)) for r in decided], _bought),
        _at_least("Lowest equity weight", terms.lowest_weight, [(r, _weight(r)) for r in decided], _sold),
        _at_most("Largest order", terms.largest_order_weight, [(r, _ordered(r)) for r in decided], _always),
        _at_most("Largest change in a slot", terms.largest_change_weight, [(r, _changed(r)) for r in decided], _always),
    ]
    gaps = [(record, gap) for record in decided if (gap := _gap(record)) is not None]
    alert = _at_least("Gap budget alert", terms.gap_budget_alert, gaps, _always)
    if alert is not None and alert.judgement == "breached":
        alert = Limit(
            alert.name, alert.unit, alert.bound, alert.worst, alert.headroom, "alert", "", alert.sessions, alert.age
        )
    return tuple(limit for limit in (*found, alert) if limit is not None)


def _always(_: Record) -> bool:
    return True


def _bought(record: Record) -> bool:
    return any(fill.units > 0 for fill in record.fills)


def _sold(record: Record) -> bool:
    return any(fill.units < 0 for fill in record.fills)


def _ordered(record: Record) -> float:
    trade, valuation = record.decision.trade, record.decision.valuation
    if valuation is None:
        return 0.0
    values = [each.trade.value for each in record.decision.option_trades] + ([] if trade is None else [trade.value])
    return float(max(values, default=Decimal(0))) / valuation.nav


def _changed(record: Record) -> float:
    valuation = record.decision.valuation
    if valuation is None or record.ladder is None:
        return 0.0
    return abs(record.ladder.last.weight - valuation.weight)


def _at_most(
    name: str, bound: float, values: Sequence[tuple[Record, float]], own: Callable[[Record], bool]
) -> Limit | None:
    furthest = _extreme(((record.session, value) for record, value in values), max)
    if furthest is None:
        return None
    past = [(record, not (value <= bound + _WEIGHT_ROUNDING)) for record, value in values]
    return _judged(name, bound, furthest, bound - furthest.value, past, own)


def _at_least(
    name: str, bound: float, values: Sequence[tuple[Record, float]], own: Callable[[Record], bool]
) -> Limit | None:
    furthest = _extreme(((record.session, value) for record, value in values), min)
    if furthest is None:
        return None
    past = [(record, not (value >= bound - _WEIGHT_ROUNDING)) for record, value in values]
    return _judged(name, bound, furthest, furthest.value - bound, past, own)


def _judged(
    name: str,
    bound: float,
    furthest: Extreme,
    headroom: float,
    past: Sequence[tuple[Record, bool]],
    own: Callable[[Record], bool],
) -> Limit:
    breaches = [record for record, over in past if over]
    age = 0
    for _, over in reversed(past):
        if not over:
            break
        age += 1
    active = any(own(record) for record in breaches)
    return Limit(
        name=name,
        unit="weight",
        bound=bound,
        worst=furthest,
        headroom=headroom,
        judgement="breached" if breaches else "kept",
        breach="" if not breaches else "active" if active else "passive",
        sessions=len(breaches),
        age=age,
    )


def _slots(due: Sequence[Slot], runs: Sequence[Ran], records: Sequence[Record]) -> tuple[SlotFact, ...]:
    known = {(run.session, run.slot): run for run in runs}
    decided = {(record.session, record.slot) for record in records}
    return tuple(_slot(slot, known.get(key), key in decided) for slot in due for key in [(slot.session, slot.name)])


def _slot(slot: Slot, run: Ran | None, decided: bool) -> SlotFact:
    if run is None:
        return SlotFact(slot, "not run", None, "The book holds no run of this slot.", dt.timedelta(0), decided)
    late = max(run.started - run.due, dt.timedelta(0))
    state: SlotState = "on time" if late <= _PROMPT else "late"
    if run.outcome == "SKIPPED" and not decided:
        state = "missed"
    return SlotFact(slot, state, run.outcome, run.reason, late, decided)


def _var_test(records: Sequence[Record]) -> VarTest:
    """Losses of the stock held from one decision to the next, against 2.326 standard deviations of it."""
    exceptions = []
    steps = 0
    for then, now in pairwise(records):
        equity = after_trade(then)[0]
        if not equity > 0.0 or not now.accrual.years > 0.0:
            continue
        steps += 1
        deviation = then.decision.snapshot.volatility.vol * math.sqrt(now.accrual.years)
        at_risk = _VAR_DEVIATIONS * deviation * equity
        before, after = float(then.decision.snapshot.price), float(now.decision.snapshot.price)
        loss = -equity * (after / before - 1.0)
        if loss > at_risk:
            exceptions.append(VarException(now.session, loss, at_risk))
    return VarTest(steps, tuple(exceptions))


def _days_to_cash(fund: Fund, record: Record | None) -> float | None:
    volume = record.decision.snapshot.daily_volume if record is not None else None
    if record is None or volume is None or not volume > 0.0:
        return None
    return float(record.after.units) / (fund.execution.volume_cap_fraction * volume)

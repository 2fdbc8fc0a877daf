"""A fund driven along a scenario by the decisions of live: decide, execute what can be executed, accrue, follow.

Each step that the fund's schedule looks at is a synthetic snapshot; ``decide``, ``accrued`` and ``follow`` are the very
functions that a live tick calls. What the scenario forbids (a closed market, a part of an order, a delay) is the
difference between the rungs ``lots`` and ``executed``, so it stands in slippage under ``execution``.

The clock: the first step is the state as recorded, at which nothing is decided again. An order given at a step is
executed there, or ``delay`` steps later towards the weight it was given for, at the price and NAV of that step; a newer
order replaces an older one that comes due with it. The fraction ``filled`` is that of the step at which the order was
given. At a step that is not tradable nothing is executed, and the rule sees the market all the same. Options that a new
period buys are traded at their mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from insure.accrual import Accrual, accrued
from insure.decision import Decision, Holdings, Ladder, Memory, Outcome, decide
from insure.decision.trades import lot_units
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import money, quantity
from insure.pricing.elementary import exp
from insure.simulation.scenarios.path import SESSION, Scenario, Step
from insure.slippage import Track
from insure.stress.execution import Execution, execute
from insure.stress.position import Moment, Position, Sessions, with_options, worth_of
from insure.tracking import follow
from insure.volatility import Estimate, Fixed

BEFORE = "before"
"""The cause that carries the slippage with which a scenario began."""
CASH_LEG = "cash leg"
"""The cause of what the cash leg itself lost."""

ROUNDING = 1e-8
"""A NAV below its floor by less than this fraction of itself is no breach: premiums are exact to a millionth."""

_NONE = Decimal(0)


class Point(NamedTuple):
    """The fund at one step that it looked at; money and weights before the trade of the step unless said otherwise."""

    label: str
    spot: float
    nav: float
    floor: float | None
    """None where no protection period is in force."""
    weight: float
    model_weight: float | None
    """What the rule asks for."""
    target_weight: float | None
    """What was decided, after limits, band, throttle and lots."""
    weight_after: float
    """What was held in the end."""
    wanted_units: float
    """Signed units that the decision would trade."""
    traded_units: float
    """Signed units that were traded."""
    nav_after: float
    twin: float | None
    slippage: float | None
    """Fund minus twin after costs."""
    outcome: Outcome
    tradable: bool
    filled: float = 1.0
    """Fraction of an order given here that is executed where trading is open."""

    @property
    def cushion(self) -> float | None:
        """NAV less floor; below zero after a breach."""
        return None if self.floor is None else self.nav - self.floor


class PeriodEnd(NamedTuple):
    """A protection period that ended on the way, at its horizon; money."""

    label: str
    nav: float
    twin: float
    slippage: float
    """Fund minus twin; the sum of the causes up to there."""


@dataclass(frozen=True, slots=True)
class Journey:
    """A fund at the end of a scenario, with the way there."""

    scenario: str
    title: str
    source: str
    points: tuple[Point, ...]
    looked: int
    """Steps at which the fund's schedule has it look; the others pass it by."""
    steps: int
    deepest_fall: float
    """Of the index on the whole path, passed-by steps included; a fraction, zero or less."""
    breach: Point | None
    """The first step at which NAV lay below the floor."""
    attribution: Mapping[str, float] | None
    """Fund minus twin by cause at the end, money; ``before`` is what the scenario found. Sums over protection periods,
    each at its own end, where one ended on the way. None where there is no twin."""
    slippage: float | None
    """The sum of the attribution."""
    ends: tuple[PeriodEnd, ...]
    """Of the periods that ended on the way; the one in force at the end is not among them."""
    not_computed: str
    """Why there is no slippage; empty where there is one."""
    events: tuple[str, ...]
    """Sentences of breaches, locks and periods, each with its step."""
    decision: Decision
    """The last one."""

    @property
    def end(self) -> Point:
        """The last step."""
        return self.points[-1]

    @property
    def added(self) -> float | None:
        """Slippage that the scenario added, money."""
        if self.slippage is None or self.attribution is None:
            return None
        return self.slippage - self.attribution.get(BEFORE, 0.0)

    @property
    def lowest_cushion(self) -> float | None:
        """The least distance between NAV and floor at any look, money; None where no floor is promised."""
        cushions = [point.cushion for point in self.points if point.floor and point.cushion is not None]
        return min(cushions, default=None)

    @property
    def unfilled(self) -> float:
        """Money of orders that were not executed at the step that gave them, added up."""
        return sum(abs(point.wanted_units - point.traded_units) * point.spot for point in self.points)

    @property
    def held(self) -> int:
        """Looks at which a check failed, so that a person would be asked and nothing traded."""
        return sum(point.outcome == "HELD" for point in self.points)

    def figures(self, *, points: bool = False) -> dict[str, object]:
        """As JSON: a row of the table, with its path if wanted."""
        low, last = self.lowest_cushion, self.end
        row: dict[str, object] = {
            "scenario": self.scenario,
            "title": self.title,
            "source": self.source,
            "steps": self.steps,
            "looked": self.looked,
            "deepest_fall": self.deepest_fall,
            "nav": last.nav_after,
            "twin": last.twin,
            "floor": last.floor,
            "lowest_cushion": low,
            "breached": self.breach is not None,
            "breach": None if self.breach is None else {"label": self.breach.label, "cushion": self.breach.cushion},
            "weight": last.weight_after,
            "slippage": self.slippage,
            "slippage_added": self.added,
            "ends": [end._asdict() for end in self.ends],
            "attribution": None if self.attribution is None else dict(self.attribution),
            "not_computed": self.not_computed or None,
            "turnover": sum(abs(point.traded_units) * point.spot for point in self.points),
            "unfilled": self.unfilled,
            "held": self.held,
            "events": list(self.events),
        }
        if points:
            row["points"] = [point._asdict() for point in self.points]
        return row


@dataclass(slots=True)
class _Order:
    """An order that waits for its step."""

    due: int
    weight: float
    filled: float


@dataclass(slots=True)
class _Traveller:
    """The fund on its way, as each step leaves it."""

    fund: Fund
    holdings: Holdings
    memory: Memory | None
    ladder: Ladder | None
    track: Track | None
    missing: str
    snapshot: Snapshot
    years: float = 0.0
    """Since the start, at the last look."""
    kept: float = 1.0
    """Fraction of the cash leg that is left of what the steps since the last look took."""

    def look(self, step: Step, moment: Moment) -> Snapshot:
        """The snapshot of a step."""
        before, passed = self.snapshot, moment.years - self.years
        vol = _hedge_vol(self.fund, before.volatility.vol, step.vol)
        dividend = step.spot * (exp(before.dividend_yield * passed) - 1.0) if before.dividend_yield > 0.0 else 0.0
        return replace(
            before,
            at=moment.at,
            session=moment.session,
            price=quantity(step.spot),
            rate=step.rate,
            volatility=Estimate(vol, "of the scenario", 0, None, ""),
            put_vol=max(vol + self.fund.twin.vol_spread, 0.0),
            dividend=quantity(dividend),
            bid=None,
            ask=None,
            previous_price=before.price,
            previous_session=before.session,
            lineage=(),
        )

    def accrue(self, now: Snapshot, years: float) -> tuple[Accrual, Decimal]:
        """Interest and dividends since the last look, and what the cash leg lost, which is in the interest."""
        structure = self.memory.start.state.units if self.memory else 0.0
        accrual = accrued(self.fund, self.holdings, self.snapshot, now, years, structure)
        if self.kept == 1.0:
            return accrual, _NONE
        lost = money((self.holdings.cash + accrual.interest) * Decimal(repr(1.0 - self.kept)), self.fund.currency)
        return replace(accrual, interest=accrual.interest - lost), lost


def _hedge_vol(fund: Fund, today: float, of_step: float) -> float:
    """What the fund would hedge with: an agreed volatility stays, an estimate follows within its bounds."""
    source = fund.volatility
    if isinstance(source, Fixed):
        return today
    capped = of_step if source.cap is None else min(of_step, source.cap)
    return max(capped, source.floor)


def below(nav: float, floor: float | None) -> bool:
    """Whether NAV lies below the floor by more than money is rounded: 1e-8 of it."""
    return floor is not None and floor > 0.0 and not nav >= floor - ROUNDING * nav


def drive(position: Position, scenario: Scenario, ahead: Sessions | None = None) -> Journey:
    """Drive a position along a scenario.

    Args:
        position: the fund as it stands; ``scenario`` must begin at its spot.
        scenario: steps with their trading conditions; their time is in sessions of 1/252 year.
        ahead: sessions ahead of the position, handed in where many scenarios share them.

    Returns:
        The journey; slippage by cause adds up to fund minus twin to 1e-9 of the fund
        (tests/stress/test_journey.py::test_the_causes_add_up_on_every_scenario).
    """
    fund, ahead = position.fund, ahead if ahead is not None else Sessions(position)
    track = position.track
    if track is not None:
        track = replace(track, causes={BEFORE: position.slippage_before})
    moving = _Traveller(
        fund,
        position.holdings,
        position.memory,
        position.ladder,
        track,
        position.track_missing,
        position.snapshot,
    )
    points: list[Point] = []
    closed: list[Track] = []
    ends: list[PeriodEnd] = []
    events: list[str] = []
    orders: list[_Order] = []
    decision: Decision | None = None
    sessions, last = 0.0, len(scenario.steps) - 1
    for k, step in enumerate(scenario.steps[1:], start=1):
        sessions += step.years / SESSION
        moving.kept *= 1.0 - step.cash_loss
        moment = ahead.at(sessions)
        if not (moment.decides or k == last):
            continue
        decision, ended = _looked(moving, step, moment, orders, k, points)
        if ended is not None:
            closed.append(ended)
            ends.append(PeriodEnd(step.label, points[-1].nav, ended.twin_value, ended.total))
        events.extend(f"{step.label}: {event.sentence}" for event in decision.events if event.kind != "gap budget low")
    assert decision is not None  # noqa: S101 - a scenario has two steps or more, and the last is always looked at
    tracks = closed if moving.track is None else [*closed, moving.track]
    causes: dict[str, float] = {}
    for each in tracks:
        for cause, amount in each.causes.items():
            causes[cause] = causes.get(cause, 0.0) + amount
    return Journey(
        scenario=scenario.name,
        title=scenario.title,
        source=scenario.source,
        points=tuple(points),
        looked=len(points),
        steps=last,
        deepest_fall=scenario.deepest_fall,
        breach=next((point for point in points if below(point.nav, point.floor)), None),
        attribution=causes if tracks else None,
        slippage=sum(causes.values()) if tracks else None,
        ends=tuple(ends),
        not_computed="" if tracks else f"not computed: {moving.missing}",
        events=tuple(events),
        decision=decision,
    )


def _looked(
    moving: _Traveller, step: Step, moment: Moment, orders: list[_Order], k: int, points: list[Point]
) -> tuple[Decision, Track | None]:
    """One look: accrue, decide, execute, follow; the decision, and the track that ended here if one did."""
    fund, years = moving.fund, moment.years - moving.years
    snapshot = moving.look(step, moment)
    accrual, lost = moving.accrue(snapshot, years)
    held_then = moving.holdings
    holdings = accrual.after(held_then)
    decision = decide(fund, holdings, moving.memory, snapshot)
    nav = worth_of(fund, holdings, snapshot)
    premium = -sum((bought.cash for bought in decision.option_trades), _NONE)
    stock_first, rounded = premium > holdings.cash, 0.0
    if not stock_first:
        holdings, rounded = with_options(fund, holdings, decision, snapshot)
    execution, reason = _executed(fund, holdings, nav, decision, snapshot, step, orders, k)
    if stock_first:  # stock is sold for the premium
        if not execution.after.cash >= premium:
            raise InvalidInput(
                f"{step.label}: the options that a new period begins with cost {premium:,.2f}, and with what the "
                f"market took of the stock {execution.after.cash:,.2f} are there to pay for them"
            )
        paid, rounded = with_options(fund, execution.after, decision, snapshot)
        execution = replace(execution, after=paid)
    following = follow(fund, moving.track, moving.ladder, held_then, moving.snapshot, accrual, decision)
    track, ended = following.track, following.closed
    if lost:
        track, ended = _cash_leg(track, lost) if ended is None else track, _cash_leg(ended, lost)
    if track is not None and (execution.costs or rounded):
        track = track.charged(execution.costs)
        track = track.charged({"rounding": rounded}) if rounded else track
    after, spot = execution.after, float(snapshot.price)
    nav_after = worth_of(fund, after, snapshot)
    twin = None if track is None else track.twin_value
    ladder, valuation = decision.ladder, decision.valuation
    points.append(
        Point(
            label=step.label,
            spot=spot,
            nav=nav,
            floor=None if valuation is None else valuation.floor,
            weight=float(holdings.units) * spot / nav,
            model_weight=None if ladder is None else ladder["model"].weight,
            target_weight=None if ladder is None else ladder["lots"].weight,
            weight_after=float(after.units) * spot / nav_after,
            wanted_units=0.0 if decision.trade is None else float(decision.trade.units),
            traded_units=float(execution.units),
            nav_after=nav_after,
            twin=twin,
            slippage=None if twin is None else nav_after - twin,
            outcome=decision.outcome,
            tradable=step.tradable,
            filled=step.filled,
        )
    )
    moving.holdings, moving.memory, moving.snapshot = after, decision.memory, snapshot
    moving.ladder = None if ladder is None else ladder.executed(after, reason)
    moving.track, moving.years, moving.kept = track, moment.years, 1.0
    moving.missing = following.missing or moving.missing
    return decision, ended


def _executed(
    fund: Fund,
    holdings: Holdings,
    nav: float,
    decision: Decision,
    snapshot: Snapshot,
    step: Step,
    orders: list[_Order],
    k: int,
) -> tuple[Execution, str]:
    """Give the order of a decision, and carry out the newest that is due; what was done and why."""
    nothing = Execution(holdings, _NONE, {})
    if decision.trade is not None and step.tradable and decision.ladder is not None:
        if step.delay == 0:
            orders.clear()
            wanted = holdings.units + decision.trade.units
            return execute(fund, holdings, wanted, snapshot.price, step, step.filled), _words(step)
        orders.append(_Order(k + step.delay, decision.ladder["lots"].weight, step.filled))
    if not step.tradable:
        return nothing, "Nothing could be traded at this step."
    due = [order for order in orders if order.due <= k]
    if not due:
        return nothing, "Nothing to execute." if not orders else "The order is on its way."
    newest = due[-1]
    orders[:] = [order for order in orders if order.due > k]
    units = lot_units(fund, newest.weight * nav / float(snapshot.price), holdings.units)
    return execute(fund, holdings, units, snapshot.price, step, newest.filled), "An earlier order came to its trade."


def _words(step: Step) -> str:
    if step.filled < 1.0:
        return f"{step.filled:.0%} of the order was executed."
    return "Executed at the conditions of the step."


def _cash_leg(track: Track | None, lost: Decimal) -> Track | None:
    """Slippage with the loss of the cash leg told apart from funding."""
    if track is None:
        return None
    causes = dict(track.causes)
    causes["funding"] = causes.get("funding", 0.0) + float(lost)
    causes[CASH_LEG] = causes.get(CASH_LEG, 0.0) - float(lost)
    return replace(track, causes=causes)


__all__ = ["BEFORE", "CASH_LEG", "Journey", "PeriodEnd", "Point", "drive"]

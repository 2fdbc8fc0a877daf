"""A fund of floats on its way along a scenario: what comparisons, crowds and searches run thousands of times.

The rule, the rungs, the order of a step and the attribution are those of live and replay; left out of a live decision
are whole lots, tickets, the rounding of money, commissions with a minimum, and the roll into a new period: a run ends
at the horizon. Without frictions it is ``insure.backtest.replay``
(tests/stress/test_runner.py::test_a_quiet_run_is_the_replay).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from insure.decision.options import legs_at
from insure.decision.rungs import across_band, affordable_units, throttled, within_limits
from insure.fund import Fund
from insure.pricing.elementary import exp, log
from insure.rebalancing import Band, FixedBand, target_gamma
from insure.simulation.scenarios.path import Scenario, Step
from insure.slippage import Mark, Rung, Track, Twin, opened, step_causes
from insure.slippage import Step as Passage
from insure.strategies import Opening, Sight, Start, State, Strategy
from insure.strategies.legs import EXPIRED, Leg, book
from insure.stress.execution import DISCOUNT
from insure.stress.journey import CASH_LEG
from insure.stress.position import Position
from insure.volatility import Fixed

NO_BAND = FixedBand(0.0)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Rails:
    """What stands between the model weight and the trade, and what a trade costs."""

    lowest: float = 0.0
    highest: float = 1.0
    band: Band = NO_BAND
    to_edge: float = 0.0
    largest_change: float = 5.0
    locks: bool = True
    """Whether everything becomes cash at or below the floor."""
    commission: float = 0.0
    """Fraction of the value traded."""
    half_spread: float = 0.0
    """Fraction of the value traded."""

    @classmethod
    def of(cls, fund: Fund) -> "Rails":
        """Those of a fund file."""
        limits, costs = fund.limits, fund.costs
        return cls(
            limits.lowest_weight,
            limits.highest_weight,
            fund.no_trade_band,
            1.0 if fund.band.to == "edge" else 0.0,
            limits.largest_change_weight,
            limits.no_cushion == "cash",
            costs.commission_bps * 1e-4,
            costs.half_spread_bps * 1e-4,
        )

    def smooth(self) -> "Rails":
        """The same limits without band, throttle and costs: what a search for a path can be led by."""
        return replace(self, band=NO_BAND, largest_change=5.0, commission=0.0, half_spread=0.0)


class View(NamedTuple):
    """What is seen on arriving at a step, before anything is traded; nothing has changed yet."""

    mark: Mark
    years: float
    cash: float
    lost: float
    """Of the cash leg, money; already out of ``cash``."""
    payout: float
    nav: float
    floor: float
    state: State
    weights: tuple[float, float, float, float]
    """Model, limits, band, throttle."""
    wanted: float
    """Units after the throttle."""


@dataclass(slots=True)
class Runner:
    """One fund as each step leaves it."""

    strategy: Strategy
    start: Start
    rails: Rails
    period_spot: float
    state: State
    units: float
    cash: float
    mark: Mark
    elapsed: float
    twin: Twin | None
    causes: Mapping[str, float] = field(default_factory=dict)
    rungs: tuple[Rung, ...] = ()
    lowest: float = 0.0
    """Most that was ever missing: the least of NAV less floor so far, money."""

    @classmethod
    def fresh(cls, strategy: Strategy, opening: Opening, rails: Rails, twin: Twin | None) -> "Runner":
        """A fund that begins now, all in cash but for the options that the strategy buys; nothing is traded yet.

        Raises:
            FloorUnaffordable: the strategy cannot be afforded.
        """
        start = strategy.begin(opening)
        mark = Mark(opening.spot, opening.years, opening.rate, opening.dividend_yield, opening.market_vol)
        cash = opening.value - _worth(start.legs, mark)
        causes = {} if twin is None else {"before": opening.value - twin.value_and_delta(mark)[0]}
        runner = cls(strategy, start, rails, opening.spot, start.state, 0.0, cash, mark, 0.0, twin, causes)
        first = replace(runner, rails=replace(rails, band=NO_BAND, largest_change=5.0))
        view = first.look(mark, 0.0, opening.vol, 1.0)
        runner.settle(view)
        runner.trade(view, view.wanted, Step("start", 0.0, opening.spot, opening.rate, opening.vol))
        runner.lowest = view.nav - view.floor
        return runner

    @classmethod
    def standing(cls, position: Position, rails: Rails | None = None, *, attributed: bool = False) -> "Runner":
        """A fund that goes on from where a position stands, with its own memory.

        Raises:
            InvalidInput: no protection period is in force.
        """
        elapsed, left = position.times()
        strategy, memory, snapshot = position.strategy, position.in_force(), position.snapshot
        mark = Mark(position.spot, left, snapshot.rate, snapshot.dividend_yield, snapshot.put_vol)
        # Options as they are held, on the clock of the period: time to its horizon.
        held = legs_at(position.fund, position.holdings.options, snapshot.session)
        legs = tuple(leg._replace(before_horizon=left + leg.before_horizon) for leg in held)
        twin = position.track.twin if position.track is not None and attributed else None
        units = float(position.holdings.units)
        return cls(
            strategy=strategy,
            start=memory.start._replace(legs=legs),
            rails=Rails.of(position.fund) if rails is None else rails,
            period_spot=memory.period.spot,
            state=memory.start.state,
            units=units,
            cash=float(position.holdings.cash),
            mark=mark,
            elapsed=elapsed,
            twin=twin,
            causes={"before": position.slippage_before} if twin is not None else {},
            rungs=(Rung("model", units),),
            lowest=float("inf"),
        )

    @property
    def nav(self) -> float:
        """At the last mark, money."""
        return self.units * self.mark.spot + self.cash + _worth(self.start.legs, self.mark)

    @property
    def twin_value(self) -> float:
        """At the last mark, money; 0 where nothing is attributed."""
        return 0.0 if self.twin is None else self.twin.value_and_delta(self.mark)[0]

    def look(self, mark: Mark, years: float, vol: float, kept: float) -> View:
        """What the rule and the rungs answer at ``mark``, ``years`` after the last; the fund stays as it is.

        Args:
            mark: the market on arrival; its ``vol`` is the put's.
            years: since the last step.
            vol: hedge volatility in sight.
            kept: fraction of the cash leg that is left.
        """
        before = self.mark
        cash = self.cash * exp(before.rate * years)
        payout = 0.0
        if before.dividend_yield != 0.0:
            grown = exp(before.dividend_yield * years) - 1.0
            reinvested = self.twin.reinvested if self.twin is not None else self.start.dividends == "reinvested"
            payout = 0.0 if reinvested or self.twin is None else self.twin.units * mark.spot * grown
            cash += self.units * mark.spot * grown - payout
        lost = cash * (1.0 - kept)
        cash -= lost
        options = _worth(self.start.legs, mark)
        nav = self.units * mark.spot + cash + options
        elapsed = self.elapsed + years
        floor = self.strategy.scheduled_floor(self.start, elapsed, mark.years_left, mark.rate)
        if not nav > 0.0:
            return View(mark, years, cash, lost, payout, nav, floor, self.state, (0.0, 0.0, 0.0, 0.0), 0.0)
        held = self.units * mark.spot / nav
        sight = Sight(
            nav,
            mark.spot,
            log(mark.spot / self.period_spot),
            held,
            floor,
            elapsed,
            mark.years_left,
            mark.rate,
            mark.dividend_yield,
            vol,
        )
        model, seen_floor, state = self.strategy.rule(self.start.terms, self.state, sight)
        rails = self.rails
        locked = rails.locks and self.start.guarantee > 0.0 and not self.start.legs and not nav > seen_floor
        lowest, highest = (0.0, 0.0) if locked else (rails.lowest, rails.highest)
        limited = within_limits(model, lowest, highest)
        width = 0.0 if locked else self._width(sight)
        banded = across_band(limited, held, width, rails.to_edge, lowest, highest)
        eased = throttled(banded, held, 5.0 if locked else rails.largest_change)
        wanted = self.units if eased == held else eased * nav / mark.spot
        return View(mark, years, cash, lost, payout, nav, seen_floor, state, (model, limited, banded, eased), wanted)

    def _width(self, sight: Sight) -> float:
        band, rule, terms = self.rails.band, self.strategy.rule, self.start.terms
        gamma = target_gamma(rule, terms, self.state, sight) if band.reads_gamma else 0.0
        return band.rule(band.terms, sight, gamma)

    def settle(self, view: View) -> None:
        """Arrive: the books are brought to the view's mark, with slippage; the rule remembers."""
        if self.twin is not None and self.rungs:
            growth = exp(self.mark.rate * view.years)
            passage = Passage(view.years, payout=view.payout, distributed=view.payout)
            causes = {cause: amount * growth for cause, amount in self.causes.items()}
            more = step_causes(self.twin, self.mark, view.mark, passage, self.rungs, self.start.legs)
            if view.lost:
                more[CASH_LEG] = -view.lost
            for cause, amount in more.items():
                causes[cause] = causes.get(cause, 0.0) + amount
            self.causes = causes
        self.cash, self.state, self.mark = view.cash, view.state, view.mark
        alive = tuple(leg for leg in self.start.legs if leg.years(view.mark.years_left) > EXPIRED)
        if len(alive) < len(self.start.legs):
            self.cash += _worth(self.start.legs, view.mark) - _worth(alive, view.mark)
            self.start = self.start._replace(legs=alive)
        self.elapsed += view.years
        self.lowest = min(self.lowest, view.nav - view.floor)

    def trade(self, view: View, wanted: float, step: Step) -> float:
        """Go to ``wanted`` units, or as near as cash allows, at the spread and the basis of the step; units traded."""
        rails, spot = self.rails, view.mark.spot
        spread = min(rails.half_spread * step.spread, 1.0)
        fraction = rails.commission + spread
        if wanted > self.units:
            wanted = affordable_units(wanted, self.units, spot, self.cash, fraction)
        change = wanted - self.units
        if change != 0.0:
            value = abs(change) * spot
            discount = value * -min(step.basis, 0.0) if change < 0.0 else 0.0
            self.cash = max(self.cash - change * spot - value * fraction - discount, 0.0)
            self.units = wanted
            if self.twin is not None:
                causes = dict(self.causes)
                for cause, amount in (
                    ("commission", value * rails.commission),
                    ("spread", value * spread),
                    (DISCOUNT, discount),
                ):
                    if amount:
                        causes[cause] = causes.get(cause, 0.0) - amount
                self.causes = causes
        if self.twin is not None and view.nav > 0.0:
            names = ("model", "limits", "band", "throttle")
            units = [self.units if w == 0.0 and self.units == 0.0 else w * view.nav / spot for w in view.weights]
            self.rungs = (*map(Rung, names, units), Rung("execution", self.units))
        return change

    def track(self) -> Track | None:
        """Slippage so far."""
        return None if self.twin is None else Track(self.twin, self.mark, self.causes)


def _worth(legs: tuple[Leg, ...], mark: Mark) -> float:
    if not legs:
        return 0.0
    return book(legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol).value


@dataclass(frozen=True, slots=True)
class Run:
    """A runner's way along a scenario; sequences have one entry a step, the start left out."""

    labels: tuple[str, ...]
    navs: tuple[float, ...]
    """Before the trade of the step."""
    floors: tuple[float, ...]
    weights: tuple[float, ...]
    """Equity weight after the trade of the step."""
    nav: float
    """After the last trade."""
    twin: float
    causes: Mapping[str, float]
    """Fund minus twin at the end, by cause; empty where nothing is attributed."""

    @property
    def breach(self) -> int | None:
        """The first step at which NAV lay below the floor."""
        for k, (nav, floor) in enumerate(zip(self.navs, self.floors, strict=True)):
            if floor > 0.0 and not nav >= floor * (1.0 - _ROUNDING):
                return k
        return None

    @property
    def lowest_cushion(self) -> float:
        """The least of NAV less floor, money."""
        return min(nav - floor for nav, floor in zip(self.navs, self.floors, strict=True))


def hedge_vols(position: Position, scenario: Scenario) -> list[float]:
    """What the fund would hedge with at each step: an agreed volatility stays, an estimate follows in its bounds."""
    source = position.fund.volatility
    if isinstance(source, Fixed):
        return [position.vol] * len(scenario.steps)
    cap = float("inf") if source.cap is None else source.cap
    return [max(min(step.vol, cap), source.floor) for step in scenario.steps]


def run(runner: Runner, steps: Sequence[Step], vols: Sequence[float], put_spread: float) -> Run:
    """Run along the steps of a scenario, or up to the horizon where that comes first.

    Args:
        runner: changed on the way.
        steps: of the scenario, the start included.
        vols: hedge volatility at each step.
        put_spread: what the twin's put costs over it.
    """
    labels, navs, floors, weights = [], [], [], []
    orders: list[tuple[int, float, float]] = []
    kept = 1.0
    for k, step in enumerate(steps[1:], start=1):
        left = runner.mark.years_left - step.years
        if left < -_ROUNDING:
            break
        kept *= 1.0 - step.cash_loss
        put_vol = max(vols[k] + put_spread, 0.0)
        mark = Mark(step.spot, max(left, 0.0), step.rate, runner.mark.dividend_yield, put_vol)
        view = runner.look(mark, step.years, vols[k], kept)
        kept = 1.0
        runner.settle(view)
        runner.trade(view, _reachable(runner, view, step, orders, k), step)
        labels.append(step.label)
        navs.append(view.nav)
        floors.append(view.floor)
        weights.append(runner.units * mark.spot / runner.nav if runner.nav > 0.0 else 0.0)
    causes = runner.causes if runner.twin is not None else {}
    return Run(tuple(labels), tuple(navs), tuple(floors), tuple(weights), runner.nav, runner.twin_value, causes)


def _reachable(runner: Runner, view: View, step: Step, orders: list[tuple[int, float, float]], k: int) -> float:
    """The units that the step lets the fund go to: all of the order, a part, or none; orders on their way wait."""
    if not step.tradable:
        return runner.units
    if step.delay == 0 and view.wanted != runner.units:
        orders.clear()
        return runner.units + (view.wanted - runner.units) * step.filled
    if step.delay > 0 and view.wanted != runner.units:
        orders.append((k + step.delay, view.weights[3], step.filled))
    due = [order for order in orders if order[0] <= k]
    if not due or not view.nav > 0.0:
        return runner.units
    orders[:] = [order for order in orders if order[0] > k]
    _, weight, filled = due[-1]
    return runner.units + (weight * view.nav / view.mark.spot - runner.units) * filled


def put_twin(value: float, guarantee: float, opening: Opening) -> Twin:
    """The same capital in stock with the true put on ``guarantee``, beside which every rival is measured."""
    mark = Mark(opening.spot, opening.years, opening.rate, opening.dividend_yield, opening.market_vol)
    return opened(value, guarantee, mark).twin


__all__ = ["Rails", "Run", "Runner", "View", "hedge_vols", "put_twin", "run"]

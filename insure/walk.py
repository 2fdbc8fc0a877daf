"""One fund walking along marks, close by close: the loop inside a replay, free of dates and tables.

``Walk.close`` does what one close does, in this order: the position ages, the rule looks, a signal is noted, an order
that is due trades, and the books are written. ``insure.backtest`` fixes the clock in words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from insure.arguments import FloatArray
from insure.costs import Costs
from insure.decision.rungs import across_band, throttled, whole_lots, within_limits, worth_a_ticket
from insure.errors import InvalidInput
from insure.option_book import Profit, earned, greeks_of
from insure.pricing.elementary import exp, log
from insure.rebalancing import Band, target_gamma
from insure.slippage import Mark, Rung, Step, Track, Twin, opened, step_causes
from insure.strategies import Sight, Start, State, Strategy
from insure.strategies.legs import EXPIRED, Greeks, Leg, book

NO_STOCK = 1e-6
"""A strategy with a floor that asks for less than this weight is locked in cash."""

# A NAV below its floor by less than this fraction is rounding, not a breach.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Frictions:
    """Everything between the model weight and the units held."""

    lag: int
    every: int
    band: Band
    to_edge: float
    lowest: float
    highest: float
    max_turnover: float
    lot: float
    min_ticket: float
    costs: Costs

    def slowed(self, target: float, held: float) -> float:
        """The weight after the throttle."""
        return throttled(target, held, self.max_turnover) if self.max_turnover < math.inf else target

    @property
    def counts_lots(self) -> bool:
        """Whether the ladder has a rung for lots and tickets."""
        return self.lot > 0.0 or self.min_ticket > 0.0

    def in_lots(self, units: float, held: float, price: float) -> float:
        """The units after whole lots and the smallest ticket; the units held where nothing is traded."""
        return held if units == held else worth_a_ticket(whole_lots(units, self.lot), held, price, self.min_ticket)


class Event(NamedTuple):
    """Something that a reader must not miss, at the first close of its run."""

    close: int
    event: str
    nav: float
    floor: float
    size: float
    """Floor less NAV."""


class _Order(NamedTuple):
    """A signal on its way to its trade: the same target as weight and as units."""

    weight: float
    units: float


class _View(NamedTuple):
    """What is seen at one close before its trade."""

    nav: float
    held: float
    """Equity weight."""
    spot: float
    model: float
    """Equity weight that the rule asks for."""
    floor: float
    remembered: State
    width: float
    """Half width of the band."""


@dataclass(slots=True)
class Position:
    """Stock, cash and options, as they change."""

    units: float
    cash: float
    legs: tuple[Leg, ...]

    def nav(self, mark: Mark) -> float:
        """Money value at the mark."""
        return self.units * mark.spot + self.cash + _worth(self.legs, mark)

    def age(self, before: Mark, mark: Mark, dt: float, payout: float) -> None:
        """One step: cash earns, dividends buy units (or go out as ``payout``), expired options become cash."""
        self.cash *= exp(before.rate * dt)
        grown = exp(before.dividend_yield * dt)
        if payout:
            self.cash += self.units * mark.spot * (grown - 1.0) - payout
        else:
            self.units *= grown
        alive = tuple(leg for leg in self.legs if leg.years(mark.years_left) > EXPIRED)
        if len(alive) < len(self.legs):
            self.cash += _worth(self.legs, mark) - _worth(alive, mark)
            self.legs = alive

    def trade(self, wanted: float, price: float, lowest_cash: float, lot: float, costs: Costs) -> dict[str, float]:
        """Go to ``wanted`` units, or as near in whole lots as cash allows; what that cost, money by cause."""
        change = wanted - self.units
        if change > 0.0:
            affordable = costs.most_affordable(change, price, self.cash - lowest_cash)
            if affordable < change:
                wanted = max(whole_lots(self.units + affordable, lot), self.units)
                change = wanted - self.units
        elif not costs.total(change, price) <= -change * price:
            change = 0.0
        if change == 0.0:
            return {}
        charges = costs.charges(change, price)
        cash = self.cash - change * price - sum(charges.values())
        # A purchase that takes all there is leaves the lowest cash up to rounding; it must not be below.
        self.cash = max(cash, lowest_cash) if change > 0.0 else cash
        self.units = wanted
        return charges


def _worth(legs: tuple[Leg, ...], mark: Mark) -> float:
    if not legs:
        return 0.0
    return book(legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol).value


@dataclass(slots=True)
class Walk:
    """A fund on its way; the lists hold what was written at each close so far."""

    strategy: Strategy
    start: Start
    value: float
    marks: Sequence[Mark]
    vols: FloatArray
    """Hedge volatility in the rule's sight."""
    dt: float
    frictions: Frictions
    navs: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    twins: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    ladders: list[tuple[Rung, ...]] = field(default_factory=list)
    charges: list[dict[str, float]] = field(default_factory=list)
    causes: list[dict[str, float]] = field(default_factory=list)
    """Additions to fund minus twin at each close, not yet carried forward."""
    events: list[Event] = field(default_factory=list)
    greeks: list[Greeks] = field(default_factory=list)
    profits: list[Profit] = field(default_factory=list)
    """What the fund's own options earned, from the second close on."""
    twin: Twin = field(init=False)
    _position: Position = field(init=False)
    _state: State = field(init=False)
    _orders: dict[int, _Order] = field(init=False, default_factory=dict)
    _decided: float = field(init=False, default=0.0)
    """Units that the last signal would hold had it traded at its own close, in full."""
    _short: float = field(init=False, default=0.0)
    """Units that the last trade lacked the cash for."""
    _running: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        """Buy the twin and the fund's own options."""
        start, mark = self.start, self.marks[0]
        premium = _worth(start.legs, mark)
        if not premium <= self.value * (1.0 + _ROUNDING):
            raise InvalidInput(f"The options cost {premium:g} and the fund is worth {self.value:g}: buy fewer of them.")
        if start.beside == "cash":
            track = Track(Twin.in_cash(self.value, mark), mark)
        else:
            track = opened(self.value, start.guarantee, mark, start.dividends, start.financing)
        self.twin = track.twin
        self.causes.append(dict(track.causes))
        self._position = Position(0.0, self.value - premium, start.legs)
        self._state = start.state

    def close(self, i: int) -> None:
        """One close: age, look, signal, trade, write."""
        mark, position, frictions = self.marks[i], self._position, self.frictions
        if i:
            self._age(i)
        nav = position.nav(mark)
        view = self._look(i, nav)
        limited = within_limits(view.model, frictions.lowest, frictions.highest)
        banded, slowed = self._near(limited, view, first=not i)
        rungs = {"model": view.model, "limits": limited, "band": banded, "throttle": slowed}
        ladder = {cause: self._units(weight, view) for cause, weight in rungs.items()}
        ladder["lots"] = frictions.in_lots(ladder["throttle"], position.units, mark.spot)
        if i % frictions.every == 0:
            self._state, self._short, self._decided = view.remembered, 0.0, ladder["lots"]
            self._orders[i + frictions.lag if i else 0] = _Order(limited, ladder["limits"])
        last = i == len(self.marks) - 1
        charges = {} if last or i not in self._orders else self._trade(self._orders.pop(i), i, view)
        if not last:
            self.ladders.append(self._rungs(ladder))
        self._write(i, charges, view.floor, limited)

    def _age(self, i: int) -> None:
        """One step of the position, and what it added to slippage."""
        before, mark = self.marks[i - 1], self.marks[i]
        grown = exp(before.dividend_yield * self.dt)
        payout = 0.0 if self.twin.reinvested else self.twin.units * mark.spot * (grown - 1.0)
        step = Step(self.dt, payout=payout, distributed=payout)
        legs = self._position.legs
        self.profits.append(earned(legs, before, mark, self.dt))
        self.causes.append(step_causes(self.twin, before, mark, step, self.ladders[-1], legs))
        self._position.age(before, mark, self.dt, payout)
        if not payout:
            self._decided *= grown
            self._short *= grown
            self._orders = {at: _Order(order.weight, order.units * grown) for at, order in self._orders.items()}

    def _look(self, i: int, nav: float) -> _View:
        """What the rule and the band answer; a fund without NAV is asked nothing, and told to sell."""
        mark = self.marks[i]
        elapsed = i * self.dt
        floor = self.strategy.scheduled_floor(self.start, elapsed, mark.years_left, mark.rate)
        if not nav > 0.0:
            return _View(0.0, 0.0, mark.spot, 0.0, floor, self._state, 0.0)
        held = self._position.units * mark.spot / nav
        sight = Sight(
            nav=nav,
            spot=mark.spot,
            log_ratio=log(mark.spot / self.marks[0].spot),
            weight=held,
            floor=floor,
            elapsed=elapsed,
            years_left=mark.years_left,
            rate=mark.rate,
            dividend_yield=mark.dividend_yield,
            vol=float(self.vols[i]),
        )
        rule, terms, band = self.strategy.rule, self.start.terms, self.frictions.band
        model, seen_floor, remembered = rule(terms, self._state, sight)
        gamma = target_gamma(rule, terms, self._state, sight) if band.reads_gamma and i else 0.0
        return _View(nav, held, mark.spot, model, seen_floor, remembered, band.rule(band.terms, sight, gamma))

    def _near(self, target: float, view: _View, *, first: bool) -> tuple[float, float]:
        """The weights after the band and after the throttle; the first purchase has neither."""
        if first:
            return target, target
        frictions = self.frictions
        banded = across_band(target, view.held, view.width, frictions.to_edge, frictions.lowest, frictions.highest)
        return banded, frictions.slowed(banded, view.held)

    def _units(self, weight: float, view: _View) -> float:
        """A weight in units; the very units held where it is the weight held."""
        if not view.nav > 0.0:
            return 0.0
        return self._position.units if weight == view.held else weight * view.nav / view.spot

    def _trade(self, order: _Order, i: int, view: _View) -> dict[str, float]:
        """Carry out an order that is due; the charges."""
        frictions, position = self.frictions, self._position
        matched = order.weight
        if self.start.matches == "units" and view.nav > 0.0:
            matched = order.units * view.spot / view.nav
        wanted = self._units(self._near(matched, view, first=not i)[1], view)
        wanted = frictions.in_lots(wanted, position.units, view.spot)
        lowest_cash = min(0.0, (1.0 - frictions.highest) * view.nav)
        charges = position.trade(wanted, view.spot, lowest_cash, frictions.lot, frictions.costs)
        self._short = wanted - position.units
        return charges

    def _rungs(self, ladder: dict[str, float]) -> tuple[Rung, ...]:
        """The units of every rung after the trade of this close; rungs that this replay does not have are left out."""
        frictions, units = self.frictions, self._position.units
        ladder |= {"calendar": self._decided, "lag": units + self._short, "execution": units}
        absent = {
            "throttle": not frictions.max_turnover < math.inf,
            "lots": not frictions.counts_lots,
            "calendar": frictions.every == 1,
            "lag": frictions.lag == 0,
        }
        return tuple(Rung(cause, held) for cause, held in ladder.items() if not absent.get(cause, False))

    def _write(self, i: int, charges: dict[str, float], floor: float, asked: float) -> None:
        mark = self.marks[i]
        nav = self._position.nav(mark)
        self.greeks.append(greeks_of(self._position.legs, self._position.units, mark))
        for cause, money in charges.items():
            self.causes[i][cause] = self.causes[i].get(cause, 0.0) - money
        self.charges.append(charges)
        self.navs.append(nav)
        self.weights.append(self._position.units * mark.spot / nav if nav > 0.0 else 0.0)
        self.twins.append(self.twin.value_and_delta(mark)[0])
        self.floors.append(floor)
        self._note(i, "breach", nav, floor, happens=floor > 0.0 and not nav >= floor * (1.0 - _ROUNDING))
        locked = floor > 0.0 and mark.years_left > 0.0 and not asked > NO_STOCK
        self._note(i, "cash-lock", nav, floor, happens=locked)
        self._note(i, "ruin", nav, floor, happens=not nav > 0.0)

    def _note(self, i: int, event: str, nav: float, floor: float, *, happens: bool) -> None:
        """Write an event at the first close of its run."""
        if happens and event not in self._running:
            self.events.append(Event(i, event, nav, floor, floor - nav))
        (self._running.add if happens else self._running.discard)(event)

"""A recipe in the numbers that the kernels read: funds, the puts beside them, first rows, terms and schedules."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.pricing.elementary import exp, log, sqrt
from insure.simulation import layout as at
from insure.simulation.recipe import Recipe, Trading, known
from insure.slippage import GAP_SIGMAS, Mark, Track, Twin, opened
from insure.strategies import Opening, Start, Strategy
from insure.strategies.legs import book as worth_of

if TYPE_CHECKING:
    from insure.simulation.compilation import Kernel

Progress = Callable[[str, float], None]
"""Called with what is being done, and the fraction of the paths that are finished."""


@dataclass(frozen=True, slots=True)
class PutPlan:
    """One twin, with the options that its funds hold."""

    twin: Twin
    vol: float
    start: Start

    @property
    def key(self) -> tuple[object, ...]:
        """Funds with the same key share it."""
        return (self.twin, self.vol, self.start.legs)


@dataclass(frozen=True, slots=True)
class BookPlan:
    """One fund: its strategy, how it starts, and which put stands beside it."""

    strategy: Strategy
    start: Start
    put: int
    sees: float
    premium: float
    trading: Trading
    financed: float
    """Money that fund starts behind its twin."""


@dataclass(slots=True)
class Outcome:
    """What is left of the paths."""

    index: FloatArray
    """Spot at the horizon, (paths,)."""
    twins: FloatArray
    """(puts, paths)."""
    controls: FloatArray
    """Discounted gamma control, (puts, paths)."""
    ends: FloatArray
    """NAV at the horizon, (books, paths)."""
    moments: FloatArray
    """Mean and sum of squared deviations by block and figure, (blocks, figures, 2)."""
    book_details: FloatArray
    put_details: FloatArray
    lean: bool = False
    """Whether hedging errors, rungs and controls were left out; ``completed`` has them."""
    whole: "Outcome | None" = None
    """The same run with them, once it was asked for."""


@dataclass(slots=True)
class Arrangement:
    """A recipe in the numbers that the kernels read."""

    recipe: Recipe
    puts: list[PutPlan] = field(default_factory=list)
    books: list[BookPlan] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin every strategy; give funds with the same twin the same put."""
        recipe = self.recipe
        keys: dict[tuple[object, ...], int] = {}
        for position, strategy in enumerate(recipe.strategies):
            sees, vol = recipe.vols(strategy)
            mark = Mark(recipe.spot, recipe.years, recipe.rate, recipe.dividend_yield, vol)
            opening = Opening(recipe.value, recipe.spot, recipe.years, recipe.rate, recipe.dividend_yield, sees, vol)
            start = strategy.begin(opening)
            if start.beside == "cash":
                track = Track(Twin.in_cash(recipe.value, mark), mark)
            else:
                track = opened(recipe.value, start.guarantee, mark, start.dividends, start.financing)
            premium = worth_of(start.legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol).value
            if not premium <= recipe.value * (1.0 + 1e-9):
                raise InvalidInput(
                    f"The options cost {premium:g} and the fund is worth {recipe.value:g}: buy fewer of them."
                )
            plan = PutPlan(track.twin, vol, start)
            where = keys.setdefault(plan.key, len(self.puts))
            if where == len(self.puts):
                self.puts.append(plan)
            self.books.append(BookPlan(strategy, start, where, sees, premium, recipe.trading(position), track.total))

    # ---- what the kernels are

    def plain(self, plan: BookPlan) -> bool:
        """Whether the short ladder is enough."""
        r, costs = self.recipe, plan.trading.costs
        trading = plan.trading
        simple = trading.lag == 0 and trading.every == 1 and r.max_turnover == math.inf and r.market.quiet
        simple = simple and trading.follows is None
        simple = simple and r.lot == 0.0 and r.min_ticket == 0.0
        return simple and costs.proportional and costs.fraction < 1.0

    @property
    def can_be_lean(self) -> bool:
        """Whether fund and twin need no put before the last step: no options held, no dividends handed on."""
        held = any(plan.start.legs for plan in self.puts)
        return not held and all(self._reinvests(plan) for plan in self.books)

    def kernels(
        self, progress: Progress | None, *, lean: bool = False
    ) -> tuple["Kernel", "Kernel", list[list["Kernel | None"]], list[list["Kernel"]]]:
        """Driver, world, the stages of each put and of each book, compiled or out of the cache."""
        from insure.simulation.library import kernel  # noqa: PLC0415  # the compiler is loaded at first use

        told = progress if progress is not None else silent
        r = self.recipe
        nights = "nights" if r.overnight > 0.0 else "days"
        model = r.model.dynamics(r.dt, r.dividend_yield)
        world = kernel(("world", model.kernel, nights), told)
        control = "control" if model.second_moment is not None else "none"
        puts: list[list[Kernel | None]] = [
            [
                kernel(("night",), told) if r.overnight > 0.0 and not lean else None,
                None if lean else kernel(("twin", nights, control), told),
                kernel(("options",), told) if plan.start.legs else None,
            ]
            for plan in self.puts
        ]
        books = [self._stages(plan, told, lean=lean) for plan in self.books]
        return kernel(("driver",), told), world, puts, books

    def _stages(self, plan: BookPlan, told: Progress, *, lean: bool) -> list["Kernel"]:
        """Of one book: its rule with the short ladder in one, or the two after each other."""
        from insure.simulation.library import kernel  # noqa: PLC0415  # the compiler is loaded at first use

        rule, count, trading = plan.strategy.rule, str(len(plan.start.terms)), plan.trading
        if self.plain(plan):
            beside = bool(plan.start.legs) or not self._reinvests(plan)
            frictions = beside or trading.costs.fraction > 0.0 or trading.width > 0.0
            kinds = "lean" if lean else "causes", "frictions" if frictions else "free", "beside" if beside else "alone"
            return [kernel(("short", *kinds, count), told, rule)]
        estimated = "vol" if self.recipe.market.vol_half_life is not None else "flat"
        proportional = "proportional" if trading.costs.proportional else "any"
        return [
            kernel(("rule", estimated, count), told, rule, trading.follows),
            kernel(("full", proportional, estimated, "fixed" if trading.follows is None else "follows"), told),
        ]

    def _reinvests(self, plan: BookPlan) -> bool:
        """Whether no dividends leave the fund."""
        return self.puts[plan.put].twin.reinvested or self.recipe.dividend_yield == 0.0

    # ---- numbers

    def world(self) -> tuple[FloatArray, FloatArray]:
        """First rows and terms of the index."""
        r = self.recipe
        model = r.model.dynamics(r.dt, r.dividend_yield)
        first = np.zeros(at.WORLD_ROWS)
        first[at.SPOTS : at.SPOTS + 5] = r.spot
        first[at.MEMORY : at.MEMORY + len(model.memory)] = model.memory
        bridge = math.sqrt(r.overnight * (1.0 - r.overnight))
        return first, np.array([r.overnight, bridge, *model.terms])

    def put_numbers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """First rows, terms and schedule of each put."""
        r = self.recipe
        second = r.model.dynamics(r.dt, r.dividend_yield).second_moment
        grown, growth = exp(r.dividend_yield * r.dt), exp(r.rate * r.dt)
        square = 0.0
        if second is not None and r.model.drift is not None:
            mean = exp(r.model.drift * r.dt)
            square = second * grown * grown - 2.0 * growth * mean + growth * growth
        size = at.P_FIRST_LEG + 4 * max(len(plan.start.legs) for plan in self.puts)
        starts, terms = np.zeros((len(self.puts), at.PUT_ROWS)), np.zeros((len(self.puts), size))
        rows = np.zeros((len(self.puts), r.steps + 1, at.SCHEDULE_COLUMNS))
        for k, plan in enumerate(self.puts):
            twin, legs = plan.twin, plan.start.legs
            mark = Mark(r.spot, r.years, r.rate, r.dividend_yield, plan.vol)
            value, delta = twin.value_and_delta(mark)
            own = worth_of(legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol)
            log_strike = max(log(twin.strike / r.spot), -700.0)
            starts[k, at.DELTA_NEXT], starts[k, at.TWIN] = delta, value
            starts[k, at.OWN_NEXT], starts[k, at.OWN_DELTA_NEXT] = own.value, own.delta
            terms[k, : at.P_FIRST_LEG] = (
                twin.units,
                1.0 if twin.reinvested else 0.0,
                GAP_SIGMAS * plan.vol * sqrt(r.dt),
                square,
                r.rate,
                r.dividend_yield,
                plan.vol,
                len(legs),
                log_strike,
                twin.units * twin.strike,
                r.spot,
                twin.bond,
            )
            for n, leg in enumerate(legs):
                first = at.P_FIRST_LEG + 4 * n
                terms[k, first : first + 4] = (leg.sign, leg.units, leg.strike, leg.before_horizon)
            self._time(rows[k])
            left = rows[k, :, at.S_LEFT]
            deviation = np.maximum(plan.vol * np.sqrt(left), 1e-100)
            dividends = np.exp(-r.dividend_yield * left)
            rows[k, :, at.S_SLOPE] = 1.0 / deviation
            rows[k, :, at.S_SHIFT] = ((r.rate - r.dividend_yield) * left - log_strike) / deviation + 0.5 * deviation
            rows[k, :, at.S_DEVIATION] = deviation
            rows[k, :, at.S_YIELD] = dividends
            rows[k, :, at.S_BASE] = dividends if twin.reinvested else 1.0
            rows[k, :, at.S_LENT] = twin.bond * np.exp(-r.rate * left)
            rows[k, :, at.S_BOND] = twin.units * twin.strike * np.exp(-r.rate * left)
            # Half gamma times spot squared where the path begins: n e^{-qT} n(d1) S / (2 v sqrt T).
            spread = max(plan.vol * sqrt(r.years), 1e-100)
            d1 = ((r.rate - r.dividend_yield) * r.years - log_strike) / spread + 0.5 * spread
            density = math.exp(-0.5 * min(d1 * d1, 1400.0)) / math.sqrt(2.0 * math.pi)
            starts[k, at.CURVATURE] = 0.5 * twin.units * exp(-r.dividend_yield * r.years) * density * r.spot / spread
        return starts, terms, rows

    def _time(self, rows: FloatArray) -> None:
        """The columns that only the calendar decides."""
        r = self.recipe
        now = np.arange(r.steps + 1, dtype=np.float64)
        then = np.minimum(now + 1.0, r.steps)
        rows[:, at.S_GROWTH], rows[:, at.S_GROWN] = exp(r.rate * r.dt), exp(r.dividend_yield * r.dt)
        rows[:, at.S_DISCOUNT_NOW] = np.exp(-r.rate * now * r.dt)
        rows[:, at.S_DISCOUNT] = np.exp(-r.rate * then * r.dt)
        rows[:, at.S_LEFT_NOW], rows[:, at.S_LEFT] = (r.steps - now) * r.dt, (r.steps - then) * r.dt
        rows[:, at.S_ELAPSED] = now * r.dt

    @property
    def book_rows(self) -> int:
        """Rows of one book, its ring of waiting orders included: whole groups."""
        needed = at.RING + max(known(plan.trading.lag) for plan in self.books) + 1
        return -(-needed // at.GROUP) * at.GROUP

    def book_numbers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """First rows, terms and schedule of each book."""
        r, market = self.recipe, self.recipe.market
        own = [plan.start.terms + self._width_terms(plan) for plan in self.books]
        size = at.B_RULE + max(len(terms) for terms in own)
        starts, terms = np.zeros((len(self.books), self.book_rows)), np.zeros((len(self.books), size))
        rows = np.zeros((len(self.books), r.steps + 1, at.SCHEDULE_COLUMNS))
        decay = 0.0 if market.vol_half_life is None else 0.5 ** (1.0 / market.vol_half_life)
        for k, plan in enumerate(self.books):
            start, twin = plan.start, self.puts[plan.put].twin
            trading, costs = plan.trading, plan.trading.costs
            first = starts[k]
            first[at.CASH], first[at.NAV] = r.value - plan.premium, r.value
            first[[at.PEAK, at.STRIKE, at.INSURED, at.MARK]] = start.state
            first[at.VOL], first[at.DEEPEST] = plan.sees**2, -math.inf
            terms[k, : at.B_RULE] = (
                r.min_weight,
                known(trading.max_weight),
                trading.width,
                1.0 if trading.band_to == "edge" else 0.0,
                costs.fraction,
                0.0 if twin.reinvested else 1.0,
                min(r.max_turnover, 1e300),
                costs.commission_per_trade,
                costs.commission_per_share,
                costs.commission_bps,
                costs.commission_minimum,
                costs.half_spread_bps,
                costs.impact_coefficient,
                costs.daily_vol,
                costs.average_daily_volume,
                market.spread_widening,
                market.halt_fall,
                float(market.halt_closes),
                market.limit_down,
                market.volume,
                r.lot,
                decay,
                r.rate,
                r.dividend_yield,
                plan.sees,
                r.dt,
                r.min_ticket,
                1.0 if start.matches == "units" else 0.0,
            )
            terms[k, at.B_RULE : at.B_RULE + len(own[k])] = own[k]
            self._time(rows[k])
            self._orders(rows[k], trading.every, known(trading.lag), grows=twin.reinvested)
            rows[k, :, at.S_FLOOR] = [
                plan.strategy.scheduled_floor(start, i * r.dt, (r.steps - i) * r.dt, r.rate) for i in range(r.steps + 1)
            ]
        return starts, terms, rows

    @staticmethod
    def _width_terms(plan: BookPlan) -> tuple[float, ...]:
        """Constants of a band that follows the path; one number that nobody reads elsewhere."""
        return (0.0,) if plan.trading.follows is None else plan.trading.follows.terms

    def _orders(self, rows: FloatArray, every: int, lag: int, *, grows: bool) -> None:
        """Which closes decide and trade; where an order waits meanwhile, and by how much dividends let it grow."""
        r = self.recipe
        now = np.arange(r.steps + 1)
        placed = now - lag
        rows[:, at.S_SIGNAL] = now % every == 0
        rows[:, at.S_TRADE] = (now == 0) | ((placed > 0) & (placed % every == 0))
        rows[:, at.S_FIRST] = now == 0
        rows[:, at.S_LAST] = now == r.steps
        rows[:, at.S_WRITE] = now % (lag + 1)
        rows[:, at.S_READ] = np.where(now > 0, placed, 0) % (lag + 1)
        rows[:, at.S_AGED] = np.where(now > 0, exp(r.dividend_yield * r.dt * lag) if grows else 1.0, 1.0)


def silent(_what: str, _done: float) -> None:
    return

"""From a recipe to figures: arrange the numbers of a study, run its blocks on threads, put the results together.

A study is a function of its recipe alone. Blocks of ``LANES`` paths are independent, their figures are put together in
block order with exactly rounded sums, so that threads, ranges and machines never change a bit.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from insure.arguments import FloatArray, fraction, not_negative, number, one_of, positive, whole
from insure.costs import FREE, Costs
from insure.errors import InvalidInput
from insure.pricing.elementary import exp, log, sqrt
from insure.simulation import layout as at
from insure.simulation.layout import LANES
from insure.simulation.market import OPEN, Market
from insure.simulation.models import Model
from insure.slippage import GAP_SIGMAS, Mark, Track, Twin, opened
from insure.strategies import Opening, Start, Strategy
from insure.strategies.legs import book as worth_of

if TYPE_CHECKING:
    from insure.simulation.compilation import Kernel

Progress = Callable[[str, float], None]
"""Called with what is being done, and the fraction of the paths that are finished."""

_BLOCKS_PER_JOB = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """How one strategy of a recipe trades: what a sweep varies beside the strategy itself."""

    costs: Costs = FREE
    band: float = 0.0
    band_to: Literal["target", "edge"] = "target"
    every: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be traded."""
        not_negative("band", self.band)
        one_of("band_to", self.band_to, ("target", "edge"))
        whole("every", self.every, low=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a study is a function of."""

    strategies: tuple[Strategy, ...]
    model: Model
    value: float = 100.0
    years: float = 1.0
    steps: int = 252
    paths: int = 100_000
    seed: int = 1
    rate: float = 0.03
    dividend_yield: float = 0.0
    costs: Costs = FREE
    band: float = 0.0
    band_to: Literal["target", "edge"] = "target"
    lag: int = 0
    every: int = 1
    min_weight: float = 0.0
    max_weight: float = 1.0
    max_turnover: float = math.inf
    lot: float = 0.0
    min_ticket: float = 0.0
    put_vol: float | None = None
    market: Market = OPEN
    overnight: float = 0.0
    spot: float = 100.0
    seen_vol: float | None = None
    """What rules without a volatility of their own see, and their puts cost; None: the model's over the long run."""
    each: tuple[Trading, ...] = ()
    """One a strategy where they trade differently; empty where costs, band and calendar above are everybody's."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated, naming it."""
        if not self.strategies:
            raise InvalidInput("strategies is empty; name at least one.")
        positive("value", self.value)
        positive("years", self.years)
        whole("steps", self.steps, low=1)
        whole("paths", self.paths, low=2)
        number("seed", whole("seed", self.seed), high=2**63 - 1)
        number("rate", self.rate)
        number("dividend_yield", self.dividend_yield)
        Trading(costs=self.costs, band=self.band, band_to=self.band_to, every=self.every)
        if len(self.each) not in {0, len(self.strategies)}:
            raise InvalidInput(f"each has {len(self.each)} entries for {len(self.strategies)} strategies.")
        whole("lag", self.lag)
        number("min_weight", self.min_weight, high=0.0)
        not_negative("max_weight", self.max_weight)
        if not self.max_turnover > 0.0:
            raise InvalidInput(f"max_turnover is {self.max_turnover!r}; it must be above zero (infinity for none).")
        not_negative("lot", self.lot)
        not_negative("min_ticket", self.min_ticket)
        if self.put_vol is not None:
            not_negative("put_vol", self.put_vol)
        if self.seen_vol is not None:
            not_negative("seen_vol", self.seen_vol)
        fraction("overnight", self.overnight)
        positive("spot", self.spot)

    @property
    def dt(self) -> float:
        """Length of a step, years."""
        return self.years / self.steps

    def trading(self, position: int) -> Trading:
        """How the strategy at that position trades."""
        if self.each:
            return self.each[position]
        return Trading(costs=self.costs, band=self.band, band_to=self.band_to, every=self.every)

    def vols(self, strategy: Strategy) -> tuple[float, float]:
        """What the rule sees and what the put costs: the strategy's own, else the model's over the long run."""
        seen = self.model.annual_vol if self.seen_vol is None else self.seen_vol
        known = seen if strategy.hedge_vol is None else strategy.hedge_vol
        return known, known if self.put_vol is None else self.put_vol


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
        simple = r.lag == 0 and plan.trading.every == 1 and r.max_turnover == math.inf and r.market.quiet
        simple = simple and r.lot == 0.0 and r.min_ticket == 0.0
        return simple and costs.proportional and costs.fraction < 1.0

    @property
    def can_be_lean(self) -> bool:
        """Whether fund and twin need no put before the last step: no options held, no dividends handed on."""
        held = any(plan.start.legs for plan in self.puts)
        return not held and all(plan.twin.reinvested or self.recipe.dividend_yield == 0.0 for plan in self.puts)

    def kernels(
        self, progress: Progress | None, *, lean: bool = False
    ) -> tuple["Kernel", "Kernel", list[list["Kernel | None"]], list[list["Kernel"]]]:
        """Driver, world, the stages of each put and of each book, compiled or out of the cache."""
        from insure.simulation.library import kernel  # noqa: PLC0415  # the compiler is loaded at first use

        told = progress if progress is not None else _silent
        r = self.recipe
        nights = "nights" if r.overnight > 0.0 else "days"
        model = r.model.dynamics(r.dt, r.dividend_yield)
        world = kernel(("world", model.kernel, nights), told)
        control = "control" if model.second_moment is not None else "none"
        puts: list[list[Kernel | None]] = [
            [
                kernel(("night",), told) if r.overnight > 0.0 and not lean else None,
                kernel(("twin", nights, control), told),
                kernel(("options",), told) if plan.start.legs else None,
            ]
            for plan in self.puts
        ]
        estimated = "vol" if r.market.vol_half_life is not None else "flat"
        books = []
        for plan in self.books:
            rule = kernel(("rule", estimated, str(len(plan.start.terms))), told, plan.strategy.rule)
            proportional = "proportional" if plan.trading.costs.proportional else "any"
            short = ("plain", "lean" if lean else "causes")
            ladder = kernel(short if self.plain(plan) else ("full", proportional, estimated), told)
            books.append([rule, ladder])
        return kernel(("driver",), told), world, puts, books

    # ---- numbers

    def world(self) -> tuple[FloatArray, FloatArray]:
        """First rows and terms of the index."""
        r = self.recipe
        model = r.model.dynamics(r.dt, r.dividend_yield)
        first = np.zeros(at.WORLD_ROWS)
        first[at.SPOTS : at.SPOTS + 5] = r.spot
        first[at.MEMORY : at.MEMORY + len(model.memory)] = model.memory
        bridge = math.sqrt(r.overnight * (1.0 - r.overnight))
        return first, np.array([r.spot, r.overnight, bridge, *model.terms])

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
        """Rows of one book, its ring of waiting orders included."""
        return at.RING + self.recipe.lag + 1

    def book_numbers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """First rows, terms and schedule of each book."""
        r, market = self.recipe, self.recipe.market
        size = at.B_RULE + max(len(plan.start.terms) for plan in self.books)
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
                r.max_weight,
                trading.band,
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
            terms[k, at.B_RULE : at.B_RULE + len(start.terms)] = start.terms
            self._time(rows[k])
            self._orders(rows[k], trading.every, grows=twin.reinvested)
            rows[k, :, at.S_FLOOR] = [
                plan.strategy.scheduled_floor(start, i * r.dt, (r.steps - i) * r.dt, r.rate) for i in range(r.steps + 1)
            ]
        return starts, terms, rows

    def _orders(self, rows: FloatArray, every: int, *, grows: bool) -> None:
        """Which closes decide and trade; where an order waits meanwhile, and by how much dividends let it grow."""
        r = self.recipe
        for i in range(r.steps + 1):
            placed = i - r.lag
            rows[i, at.S_SIGNAL] = float(i % every == 0)
            rows[i, at.S_TRADE] = float(i == 0 or (placed > 0 and placed % every == 0))
            rows[i, at.S_FIRST] = float(i == 0)
            rows[i, at.S_WRITE] = i % (r.lag + 1)
            rows[i, at.S_READ] = (placed if i else 0) % (r.lag + 1)
            rows[i, at.S_AGED] = exp(r.dividend_yield * r.dt * r.lag) if grows and i else 1.0


def _silent(_what: str, _done: float) -> None:
    return


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    arrangement: Arrangement,
    *,
    workers: int | None = None,
    first: int = 0,
    paths: int | None = None,
    detailed: bool = False,
    lean: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """All paths of a recipe, or a range of them that begins at a whole block.

    Args:
        arrangement: of the recipe.
        workers: threads; None for one a processor.
        first: first path, a multiple of ``LANES``.
        paths: how many; None for all from ``first``.
        detailed: keep every figure of every path, not only moments.
        lean: leave out what only the causes need, where that can be; what remains is the same to the bit.
        progress: told of compilations and of every finished job.
    """
    if first % LANES:
        raise InvalidInput(f"first is {first!r}; a range begins at a whole block, a multiple of {LANES}.")
    total = arrangement.recipe.paths - first if paths is None else paths
    threads = cores() if workers is None else whole("workers", workers, low=1)
    plan = _Plan(arrangement, first, total, detailed, lean and arrangement.can_be_lean, progress)
    blocks = -(-total // LANES)
    size = max(1, min(_BLOCKS_PER_JOB, -(-blocks // (4 * threads))))
    jobs = [(start * LANES, min(size * LANES, total - start * LANES)) for start in range(0, blocks, size)]
    done = 0
    if threads == 1 or len(jobs) == 1:
        for job in jobs:
            plan.work(*job)
            done += job[1]
            plan.told("simulating", done / total)
        return plan.outcome
    with ThreadPoolExecutor(threads) as pool:
        futures: dict[Future[None], int] = {pool.submit(plan.work, *job): job[1] for job in jobs}
        try:
            for future in as_completed(futures):
                future.result()
                done += futures[future]
                plan.told("simulating", done / total)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return plan.outcome


class _Plan:
    """Arrays that every job shares, and the call that works a job off."""

    def __init__(
        self, arrangement: Arrangement, first: int, total: int, detailed: bool, lean: bool, progress: Progress | None
    ) -> None:
        self.told: Progress = progress if progress is not None else _silent
        self._driver, world, puts, books = arrangement.kernels(progress, lean=lean)
        count_puts, count_books = len(arrangement.puts), len(arrangement.books)
        self._world_numbers = arrangement.world()
        self._put_numbers = arrangement.put_numbers()
        self._book_numbers = arrangement.book_numbers()
        self._rows = arrangement.book_rows
        figures = count_books * at.BOOK_FIGURES + count_puts * at.PUT_FIGURES
        blocks = -(-total // LANES)
        kept = total if detailed else 0
        self.outcome = Outcome(
            index=np.empty(total),
            twins=np.empty((count_puts, total)),
            controls=np.empty((count_puts, total)),
            ends=np.empty((count_books, total)),
            moments=np.empty((blocks, figures, 2)),
            book_details=np.empty((count_books, at.BOOK_FIGURES, kept)),
            put_details=np.empty((count_puts, at.PUT_FIGURES, kept)),
            lean=lean,
        )
        recipe = arrangement.recipe
        self._head = [0] * at.PLAN_HEAD
        for where, what in (
            (at.G_PUTS, count_puts),
            (at.G_BOOKS, count_books),
            (at.G_STEPS, recipe.steps),
            (at.G_TOTAL, total),
            (at.G_OFFSET, first),
            (at.G_WORLD, world.address),
            (at.G_SEED, recipe.seed),
            (at.G_PUT_TERMS, self._put_numbers[1].shape[1]),
            (at.G_BOOK_TERMS, self._book_numbers[1].shape[1]),
            (at.G_BOOK_ROWS, self._rows),
            (at.G_DETAILED, int(detailed)),
            (at.G_LEAN, int(lean)),
        ):
            self._head[where] = what
        for stages in puts:
            self._head += [0 if kernel is None else kernel.address for kernel in stages]
        for plan, (rule, ladder) in zip(arrangement.books, books, strict=True):
            self._head += [plan.put, rule.address, ladder.address]

    def work(self, start: int, paths: int) -> None:
        """Whole blocks from path ``start`` of the range on; results go where no other job writes."""
        head = np.array(self._head, dtype=np.int64)
        head[at.G_FIRST], head[at.G_PATHS] = start, paths
        out = self.outcome
        scratch_world = np.empty(at.WORLD_ROWS * LANES)
        scratch_puts = np.empty(head[at.G_PUTS] * at.PUT_ROWS * LANES)
        scratch_books = np.empty(head[at.G_BOOKS] * self._rows * LANES)
        arrays: Sequence[NDArray[np.float64]] = (
            scratch_world,
            *self._world_numbers,
            scratch_puts,
            *self._put_numbers,
            scratch_books,
            *self._book_numbers,
            out.index,
            out.twins,
            out.controls,
            out.ends,
            out.moments,
            out.book_details,
            out.put_details,
        )
        addresses = np.array([array.ctypes.data for array in arrays], dtype=np.uint64)
        self._driver(head.ctypes.data, addresses.ctypes.data)


def completed(arrangement: Arrangement, outcome: Outcome) -> Outcome:
    """The outcome with what a lean run left out: run again, once, and kept beside it."""
    if not outcome.lean:
        return outcome
    if outcome.whole is None:
        outcome.whole = run(arrangement)
    return outcome.whole


def ranges(paths: int, parts: int) -> Iterator[tuple[int, int]]:
    """Cut so many paths into (first, count) at whole blocks, for several machines."""
    blocks = -(-paths // LANES)
    size = -(-blocks // max(1, parts)) * LANES
    for first in range(0, paths, size):
        yield first, min(size, paths - first)


def draw(recipe: Recipe, first: int = 0, paths: int = LANES) -> FloatArray:
    """The spots themselves, shape (paths, steps + 1), of a range that begins at a whole block: for oracles and plots.

    The same numbers that a study of the recipe walks along, bit for bit.
    """
    from insure.simulation.library import kernel  # noqa: PLC0415  # the compiler is loaded at first use

    if first % LANES:
        raise InvalidInput(f"first is {first!r}; a range begins at a whole block, a multiple of {LANES}.")
    model = recipe.model.dynamics(recipe.dt, recipe.dividend_yield)
    world = kernel(("world", model.kernel, "nights" if recipe.overnight > 0.0 else "days"), _silent)
    start, terms = Arrangement(recipe).world()
    spots = np.empty((paths, recipe.steps + 1))
    spots[:, 0] = recipe.spot
    for block in range(0, paths, LANES):
        rows = np.repeat(start, LANES)
        lanes = min(LANES, paths - block)
        for quarter in range(-(-recipe.steps // at.STEPS)):
            world(rows.ctypes.data, terms.ctypes.data, first + block, quarter, recipe.seed)
            steps = min(at.STEPS, recipe.steps - quarter * at.STEPS)
            found = rows.reshape(-1, LANES)[at.SPOTS + 1 : at.SPOTS + 1 + steps, :lanes]
            spots[block : block + lanes, quarter * at.STEPS + 1 : quarter * at.STEPS + 1 + steps] = found.T
    return spots

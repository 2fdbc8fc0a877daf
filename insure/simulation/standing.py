"""A fund on its way through a protection period, simulated from where it stands: what it holds, remembers and owes.

The kernels begin a fund in cash. A running one differs from that in numbers, not in text: its first rows hold its units
and its memory, its index begins at today's level on the clock of the period's start (rules see ln(spot / spot at the
start of the period)), its twin is the one it has had since then, and today's close, at which it has decided already,
trades nothing.
"""

import math
from copy import copy
from dataclasses import dataclass, replace

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.simulation import layout as at
from insure.simulation.engine import Arrangement, BookPlan, Progress, PutPlan, Recipe, run
from insure.simulation.study import Study
from insure.slippage import Mark, Twin
from insure.strategies import Start, Strategy
from insure.strategies.legs import book as worth_of


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a fund stands, beyond what a recipe says."""

    strategy: Strategy
    start: Start
    """The period's constants; memory and options as they are now, the options on the clock of the horizon."""
    twin: Twin
    """Beside the fund since the period began."""
    units: float
    """Of the index, held."""
    period_spot: float
    """Index when the period began."""
    elapsed: float
    """Years since then."""
    vol: float
    """Hedge volatility in the rule's sight."""
    put_vol: float
    """What the twin and options are marked at."""
    decides: tuple[bool, ...]
    """For each close after today's: whether the fund has a slot there."""
    lowest_weight: float = 0.0


class Continuation(Arrangement):
    """A recipe of one strategy in the numbers that the kernels read, begun where a fund stands.

    The recipe's ``value`` and ``spot`` are today's.
    """

    def __init__(self, recipe: Recipe, standing: Standing) -> None:
        """Arrange."""
        self.standing = standing
        super().__init__(recipe)

    def __post_init__(self) -> None:
        """The one fund with its twin; nothing is solved anew."""
        recipe, standing = self.recipe, self.standing
        if recipe.each or len(recipe.strategies) != 1:
            raise InvalidInput("A running fund goes on with its own strategy alone.")
        if len(standing.decides) != recipe.steps:
            raise InvalidInput(f"decides names {len(standing.decides)} closes; there are {recipe.steps} to go.")
        mark, legs = self._mark(), standing.start.legs
        premium = worth_of(legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol).value
        ahead = recipe.value - standing.twin.value_and_delta(mark)[0]
        self.puts = [PutPlan(standing.twin, standing.put_vol, standing.start)]
        self.books = [BookPlan(standing.strategy, standing.start, 0, standing.vol, premium, recipe.trading(0), ahead)]

    def plain(self, plan: BookPlan) -> bool:  # noqa: ARG002  # for any plan
        """Never: the short ladder trades at the first close."""
        return False

    def _mark(self) -> Mark:
        r = self.recipe
        return Mark(r.spot, r.years, r.rate, r.dividend_yield, self.standing.put_vol)

    def world(self) -> tuple[FloatArray, FloatArray]:
        """The index begins at today's level, on the clock of the period's start."""
        first, terms = super().world()
        first[at.LOGS : at.LOGS + 5] = math.log(self.recipe.spot / self.standing.period_spot)
        return first, terms

    def put_numbers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The twin of the period, its strike on the same clock as the index."""
        since = copy(self)
        since.recipe = replace(self.recipe, spot=self.standing.period_spot)
        starts, terms, rows = Arrangement.put_numbers(since)
        mark, legs = self._mark(), self.standing.start.legs
        value, delta = self.standing.twin.value_and_delta(mark)
        own = worth_of(legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol)
        starts[0, at.DELTA_NEXT], starts[0, at.TWIN] = delta, value
        starts[0, at.OWN_NEXT], starts[0, at.OWN_DELTA_NEXT] = own.value, own.delta
        return starts, terms, rows

    def book_numbers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What the fund holds; its slots; the floor since the period began."""
        r, standing, plan = self.recipe, self.standing, self.books[0]
        starts, terms, rows = super().book_numbers()
        stock = standing.units * r.spot
        starts[0, at.CASH] = r.value - plan.premium - stock
        starts[0, [at.UNITS, at.DECIDED]] = standing.units
        starts[0, at.STOCK], starts[0, at.HELD] = stock, stock / r.value
        terms[0, at.B_LOWEST] = standing.lowest_weight
        decides = [0.0, *(float(there) for there in standing.decides)]
        rows[0, :, at.S_SIGNAL], rows[0, :, at.S_TRADE], rows[0, :, at.S_FIRST] = decides, decides, 0.0
        rows[0, :, at.S_FLOOR] = [
            plan.strategy.scheduled_floor(standing.start, standing.elapsed + i * r.dt, (r.steps - i) * r.dt, r.rate)
            for i in range(r.steps + 1)
        ]
        return starts, terms, rows


def go_on(
    recipe: Recipe,
    standing: Standing,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Study:
    """Simulate a fund from where it stands to its horizon.

    Args:
        recipe: of its one strategy; ``value``, ``spot`` and ``years`` are those of today. Its ``put_vol``, ``seen_vol``
            and ``every`` are not looked at: the standing has them.
        standing: what it holds and remembers.
        workers: threads; None for one a processor. They change no bit.
        progress: told what is being done.
        cluster: address of a dask.distributed scheduler; None for this process.

    Returns:
        The study; what fund less twin is today stands under the cause ``financing``, and ``participation`` has no
        meaning.

    Raises:
        InvalidInput: the recipe has more than one strategy, or ``decides`` does not fit it.

    A fund that stands at the first close of its period goes on as one that begins (to rounding), and along the
    simulated path the live rules decide the same (tests/simulation/test_simulation_standing.py).
    """
    arrangement = Continuation(recipe, standing)
    if cluster is None:
        outcome = run(arrangement, workers=workers, lean=True, progress=progress)
    else:
        from insure.simulation.cluster import run_on  # noqa: PLC0415  # an extra

        outcome = run_on(cluster, arrangement, progress=progress)
    return Study(arrangement, 0, outcome)

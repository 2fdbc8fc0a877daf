"""The loop over blocks, compiled: draw, value the puts, decide, climb the ladder, and what is left of each path."""

import numpy as np

from insure.simulation import layout as at
from insure.simulation.compilation import FLOATS, WHOLES, Kernel, call_stage, call_world, copied, shift
from insure.simulation.compiler import Pointer, carray, types
from insure.simulation.offsets import (
    BOOK,
    BREACHED,
    CASH,
    CONTROL,
    DEEPEST,
    DEPTH,
    EVER_LOCKED,
    FLOOR,
    LOCKED,
    NAV,
    PUT,
    S0,
    STOCK,
    N,
)
from insure.simulation.vector_math import compiled


@compiled
def _moments(line: Pointer, lanes: int, found: Pointer, aside: Pointer) -> None:
    """Mean and sum of squared deviations of the first lanes; eight partial sums, added in one fixed order."""
    row, kept, sums = carray(line, (N,)), carray(found, (2,)), carray(aside, (8,))
    kept[0] = 0.0
    for power in range(2):
        mean = kept[0]
        for j in range(8):
            sums[j] = 0.0
        for i in range(lanes):
            off = row[i] - mean
            sums[i % 8] += off * off if power else off
        total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        kept[power] = total if power else total / lanes


@compiled
def _filled(rows: Pointer, initial: Pointer, count: int) -> None:
    """So many rows, each of one number."""
    lanes, numbers = carray(rows, (count * N,)), carray(initial, (count,))
    for k in range(count):
        number = numbers[k]
        for i in range(N):
            lanes[k * N + i] = number


@compiled
def _added(book: Pointer) -> None:
    """NAV, which a short ladder without causes leaves out."""
    b = carray(book, (BOOK,))
    for i in range(N):
        b[NAV + i] = b[CASH + i] + b[STOCK + i]


@compiled
def _judged(book: Pointer, first_value: float) -> None:
    """Breach and lock of every path at the horizon."""
    b = carray(book, (BOOK,))
    for i in range(N):
        below = b[FLOOR + i] - b[NAV + i]
        depth = max(b[DEEPEST + i], below)
        breached = 1.0 if depth > 1e-9 * first_value else 0.0
        b[DEEPEST + i] = depth
        b[EVER_LOCKED + i] = 1.0 if b[LOCKED + i] > 0.0 else 0.0
        b[BREACHED + i] = breached
        b[DEPTH + i] = depth * breached


@compiled
def _paid(to: Pointer, spots: Pointer, terms: Pointer, row: Pointer, count: int) -> None:
    """What the twin is worth at the horizon: stock or strike, and what was lent."""
    out, spot = carray(to, (count,)), carray(spots, (count,))
    units, bond, lent = carray(terms, (1,))[0], carray(row, (at.S_BOND + 1,))[at.S_BOND], carray(row, (at.S_LENT + 1,))
    for i in range(count):
        stock = units * spot[i]
        out[i] = (max(bond, stock)) + lent[at.S_LENT]


DRIVE = types.void(*[types.int64] * len(at.PLAN), WHOLES, *[FLOATS] * len(at.ARRAYS))
"""The loop over blocks: numbers of the plan, stages, arrays."""


def driver() -> Kernel:  # noqa: PLR0915  # one loop, read in one go
    """All steps of a range of blocks: draw, value the puts, decide, climb the ladder; then what is left of each path.

    Its arguments are those of ``insure.simulation.layout``: ``PLAN``, the stages (three a put, then put, rule and
    ladder a book), ``ARRAYS``.
    """

    def drive(  # noqa: PLR0912, PLR0915  # one loop, read in one go
        first: int,
        paths: int,
        puts: int,
        books: int,
        steps: int,
        total: int,
        offset: int,
        world_address: int,
        seed: int,
        put_size: int,
        book_size: int,
        rows: int,
        detailed: int,
        lean: int,
        slots: Pointer,
        world: Pointer,
        world_start: Pointer,
        world_terms: Pointer,
        put: Pointer,
        put_start: Pointer,
        put_terms: Pointer,
        put_rows: Pointer,
        book: Pointer,
        book_start: Pointer,
        book_terms: Pointer,
        book_rows: Pointer,
        out_index: Pointer,
        out_twin: Pointer,
        out_control: Pointer,
        out_end: Pointer,
        out_moments: Pointer,
        out_books: Pointer,
        out_puts: Pointer,
        aside: Pointer,
    ) -> None:
        # Without puts to value in step, each book takes a draw's four steps at once: it stays in the nearest cache.
        together = at.STEPS if lean else 1
        first_figure = at.COMMISSION - at.FIRST_FIGURE if lean else 0
        sums = (at.FIRST_FIGURE + first_figure) * N
        summed = (at.EXPOSURE + 1) * N - sums
        stages = carray(slots, (3 * puts + 3 * books,))
        columns = at.SCHEDULE_COLUMNS
        figures = books * at.BOOK_FIGURES + puts * at.PUT_FIGURES
        for start in range(first, first + paths, N):
            lanes = min(total - start, N)
            _filled(world, world_start, at.WORLD_ROWS)
            for k in range(puts):
                _filled(shift(put, k * PUT), shift(put_start, k * at.PUT_ROWS), at.PUT_ROWS)
            for k in range(books):
                # All rows, or those that a lean short ladder and what follows it look at.
                few = lean and stages[3 * puts + 3 * k + 2] == 0
                begins, count = (at.COMMISSION, at.FLOOR + 1 - at.COMMISSION) if few else (0, rows)
                _filled(shift(book, (k * rows + begins) * N), shift(book_start, k * rows + begins), count)
            for t in range(0, steps, together):
                if t % 4 == 0:
                    call_world(world_address, world, world_terms, offset + start, t // 4, np.uint64(seed))
                for slot in range(3 * puts):
                    k = slot // 3
                    if stages[slot] != 0:
                        row = shift(put_rows, (k * (steps + 1) + t) * columns)
                        here = shift(world, t % 4 * N)
                        call_stage(stages[slot], here, shift(put, k * PUT), book, shift(put_terms, k * put_size), row)
                for k in range(books):
                    slot = 3 * puts + 3 * k
                    mine, terms = shift(book, k * rows * N), shift(book_terms, k * book_size)
                    beside = shift(put, stages[slot] * PUT)
                    for now in range(t, min(steps, t + together)):
                        here, row = shift(world, now % 4 * N), shift(book_rows, (k * (steps + 1) + now) * columns)
                        call_stage(stages[slot + 1], here, beside, mine, terms, row)
                        if stages[slot + 2] != 0:
                            call_stage(stages[slot + 2], here, beside, mine, terms, row)
            horizon = shift(world, ((steps - 1) % 4 + 1) * N)
            for k in range(books):
                # The rule answers once more, with the floor; what a ladder adds up stays as it was.
                slot, mine = 3 * puts + 3 * k, shift(book, k * rows * N)
                if lean and stages[slot + 2] == 0:
                    _added(mine)
                copied(aside, shift(mine, NAV), N)
                copied(shift(aside, N), shift(mine, sums), summed)
                beside, terms = shift(put, stages[slot] * PUT), shift(book_terms, k * book_size)
                row = shift(book_rows, (k * (steps + 1) + steps) * columns)
                call_stage(stages[slot + 1], horizon, beside, mine, terms, row)
                copied(shift(mine, NAV), aside, N)
                copied(shift(mine, sums), shift(aside, N), summed)
                _judged(mine, carray(shift(book_start, k * rows + at.NAV), (1,))[0])
            last = shift(horizon, S0)
            moments = shift(out_moments, start // N * figures * 2)
            copied(shift(out_index, start), last, lanes)
            for k in range(books):
                mine = shift(book, k * rows * N)
                copied(shift(out_end, k * total + start), shift(mine, NAV), lanes)
                for figure in range(first_figure, at.BOOK_FIGURES):
                    line = shift(mine, (at.FIRST_FIGURE + figure) * N)
                    _moments(line, lanes, shift(moments, 2 * (k * at.BOOK_FIGURES + figure)), aside)
                    if detailed:
                        copied(shift(out_books, (k * at.BOOK_FIGURES + figure) * total + start), line, lanes)
            for k in range(puts):
                beside = shift(put, k * PUT)
                row = shift(put_rows, (k * (steps + 1) + steps) * columns)
                _paid(shift(out_twin, k * total + start), last, shift(put_terms, k * put_size), row, lanes)
                copied(shift(out_control, k * total + start), shift(beside, CONTROL), lanes)
                for figure in range(0 if lean else at.PUT_FIGURES):
                    line = shift(beside, (at.GAP + figure) * N)
                    column = books * at.BOOK_FIGURES + k * at.PUT_FIGURES + figure
                    _moments(line, lanes, shift(moments, 2 * column), aside)
                    if detailed:
                        copied(shift(out_puts, (k * at.PUT_FIGURES + figure) * total + start), line, lanes)

    return Kernel(drive, DRIVE, "driver")

"""The loop over blocks, compiled: draw, value the puts, decide, climb the ladder, and what is left of each path."""

import numpy as np

from insure.simulation import layout as at
from insure.simulation.compilation import WHOLES, Kernel, at_address, call_stage, call_world, shift, shift_wholes
from insure.simulation.compiler import Pointer, carray, types
from insure.simulation.offsets import (
    BOOK,
    BREACHED,
    CONTROL,
    DEEPEST,
    DEPTH,
    EVER_LOCKED,
    FLOOR,
    LOCKED,
    NAV,
    PUT,
    S0,
    TWIN,
    WORLD,
    N,
)
from insure.simulation.vector_math import compiled


@compiled
def _moments(row: Pointer, lanes: int) -> tuple[float, float]:
    """Mean and sum of squared deviations of the first lanes; eight partial sums, added in one fixed order."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    whole = lanes - lanes % 8
    for i in range(0, whole, 8):
        s0 += row[i]
        s1 += row[i + 1]
        s2 += row[i + 2]
        s3 += row[i + 3]
        s4 += row[i + 4]
        s5 += row[i + 5]
        s6 += row[i + 6]
        s7 += row[i + 7]
    for i in range(whole, lanes):
        s0 += row[i]
    mean = (((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))) / lanes
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for i in range(0, whole, 8):
        s0 += (row[i] - mean) ** 2
        s1 += (row[i + 1] - mean) ** 2
        s2 += (row[i + 2] - mean) ** 2
        s3 += (row[i + 3] - mean) ** 2
        s4 += (row[i + 4] - mean) ** 2
        s5 += (row[i + 5] - mean) ** 2
        s6 += (row[i + 6] - mean) ** 2
        s7 += (row[i + 7] - mean) ** 2
    for i in range(whole, lanes):
        s0 += (row[i] - mean) ** 2
    return mean, ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


DRIVE = types.void(WHOLES, types.CPointer(types.uint64))
"""The loop over blocks: (plan, addresses of arrays)."""


def _fill(rows: Pointer, initial: Pointer, count: int) -> None:
    for row in range(count):
        value = initial[row]
        for i in range(N):
            rows[row * N + i] = value


def driver() -> Kernel:  # noqa: PLR0915  # one loop, read in one go
    """All steps of a range of blocks: draw, value the puts, decide, climb the ladder; then what is left of each path.

    The plan holds the numbers of ``insure.simulation.engine.PLAN``; it and the arrays are that module's affair.
    """
    fill = compiled(_fill)

    def drive(plan: Pointer, arrays: Pointer) -> None:  # noqa: PLR0912, PLR0915  # one loop, read in one go
        g = carray(plan, (at.PLAN_HEAD,))
        puts, books, steps = g[at.G_PUTS], g[at.G_BOOKS], g[at.G_STEPS]
        first_path, paths, total = g[at.G_FIRST], g[at.G_PATHS], g[at.G_TOTAL]
        world_address, seed = g[at.G_WORLD], np.uint64(g[at.G_SEED])
        put_terms_size, book_terms_size, book_size = g[at.G_PUT_TERMS], g[at.G_BOOK_TERMS], g[at.G_BOOK_ROWS] * N
        detailed = g[at.G_DETAILED] > 0
        # Without causes nothing but the twin's last value is wanted of a put.
        first_valued = steps - 1 if g[at.G_LEAN] > 0 else 0
        stages = carray(shift_wholes(plan, at.PLAN_HEAD), (3 * puts + 3 * books,))
        a = carray(arrays, (at.ARRAYS,))
        world, world_start, world_terms = at_address(a[0]), at_address(a[1]), at_address(a[2])
        put, put_start, put_terms, put_rows = at_address(a[3]), at_address(a[4]), at_address(a[5]), at_address(a[6])
        book, book_start, book_terms, book_rows = (
            at_address(a[7]),
            at_address(a[8]),
            at_address(a[9]),
            at_address(a[10]),
        )
        out_index = carray(at_address(a[11]), (total,))
        out_twin = carray(at_address(a[12]), (puts, total))
        out_control = carray(at_address(a[13]), (puts, total))
        out_end = carray(at_address(a[14]), (books, total))
        blocks = (total + N - 1) // N
        out_moments = carray(at_address(a[15]), (blocks, books * at.BOOK_FIGURES + puts * at.PUT_FIGURES, 2))
        out_books = carray(at_address(a[16]), (books, at.BOOK_FIGURES, total if detailed else 0))
        out_puts = carray(at_address(a[17]), (puts, at.PUT_FIGURES, total if detailed else 0))
        columns = at.SCHEDULE_COLUMNS
        for start in range(first_path, first_path + paths, N):
            lanes = min(N, total - start)
            fill(carray(world, (WORLD,)), carray(world_start, (at.WORLD_ROWS,)), at.WORLD_ROWS)
            for k in range(puts):
                fill(
                    carray(shift(put, k * PUT), (PUT,)),
                    carray(shift(put_start, k * at.PUT_ROWS), (at.PUT_ROWS,)),
                    at.PUT_ROWS,
                )
            for k in range(books):
                rows = g[at.G_BOOK_ROWS]
                fill(
                    carray(shift(book, k * book_size), (book_size,)), carray(shift(book_start, k * rows), (rows,)), rows
                )
            for t in range(steps):
                q = t % 4
                if q == 0:
                    call_world(world_address, world, world_terms, g[at.G_OFFSET] + start, t // 4, seed)
                here = shift(world, q * N)
                for k in range(puts if t >= first_valued else 0):
                    row = shift(put_rows, (k * (steps + 1) + t) * columns)
                    for stage in range(3):
                        if stages[3 * k + stage] != 0:
                            call_stage(
                                stages[3 * k + stage],
                                here,
                                shift(put, k * PUT),
                                book,
                                shift(put_terms, k * put_terms_size),
                                row,
                            )
                for k in range(books):
                    mine, terms = shift(book, k * book_size), shift(book_terms, k * book_terms_size)
                    row = shift(book_rows, (k * (steps + 1) + t) * columns)
                    beside = shift(put, stages[3 * puts + 3 * k] * PUT)
                    call_stage(stages[3 * puts + 3 * k + 1], here, beside, mine, terms, row)
                    call_stage(stages[3 * puts + 3 * k + 2], here, beside, mine, terms, row)
            last = shift(world, ((steps - 1) % 4 + 1) * N)
            block = start // N
            final = carray(last, (WORLD - 4 * N,))
            for i in range(lanes):
                out_index[start + i] = final[S0 + i]
            column = 0
            for k in range(books):
                mine = shift(book, k * book_size)
                b = carray(mine, (BOOK,))
                rounding = 1e-9 * carray(book_start, (books * g[at.G_BOOK_ROWS],))[k * g[at.G_BOOK_ROWS] + at.NAV]
                row = shift(book_rows, (k * (steps + 1) + steps) * columns)
                beside = shift(put, stages[3 * puts + 3 * k] * PUT)
                call_stage(
                    stages[3 * puts + 3 * k + 1], last, beside, mine, shift(book_terms, k * book_terms_size), row
                )
                for i in range(N):
                    depth = max(b[DEEPEST + i], b[FLOOR + i] - b[NAV + i])
                    breached = depth > rounding
                    b[DEEPEST + i] = depth
                    b[EVER_LOCKED + i] = 1.0 if b[LOCKED + i] > 0.0 else 0.0
                    b[BREACHED + i] = 1.0 if breached else 0.0
                    b[DEPTH + i] = depth if breached else 0.0
                for i in range(lanes):
                    out_end[k, start + i] = b[NAV + i]
                for figure in range(at.BOOK_FIGURES):
                    line = carray(shift(mine, (at.FIRST_FIGURE + figure) * N), (N,))
                    mean, squares = _moments(line, lanes)
                    out_moments[block, column, 0] = mean
                    out_moments[block, column, 1] = squares
                    column += 1
                    if detailed:
                        for i in range(lanes):
                            out_books[k, figure, start + i] = line[i]
            for k in range(puts):
                beside = shift(put, k * PUT)
                p = carray(beside, (PUT,))
                for i in range(lanes):
                    out_twin[k, start + i] = p[TWIN + i]
                    out_control[k, start + i] = p[CONTROL + i]
                for figure in range(at.PUT_FIGURES):
                    line = carray(shift(beside, (at.GAP + figure) * N), (N,))
                    mean, squares = _moments(line, lanes)
                    out_moments[block, column, 0] = mean
                    out_moments[block, column, 1] = squares
                    column += 1
                    if detailed:
                        for i in range(lanes):
                            out_puts[k, figure, start + i] = line[i]

    return Kernel(drive, DRIVE, "driver")

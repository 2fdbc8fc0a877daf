"""One step of a fund on a ladder with few rungs, compiled with its rule: limits, band, proportional costs, cash.

Where every close signals and trades, this is all there is between the rule's weight and the fund's next value. The fund
is kept in money (stock and cash) and grows by the ratio of two spots, so that a step needs one quotient. A fund with
more frictions climbs ``insure.simulation.ladders``; on the frictions of this ladder both agree with the replay
(tests/simulation/test_simulation_against_replay.py).
"""

from insure.decision.rungs import across_band, within_limits
from insure.simulation import layout as at
from insure.simulation.compilation import STAGE, Kernel, adopt_rule, numbers_at, reads
from insure.simulation.compiler import Pointer, carray
from insure.simulation.offsets import (
    BAND,
    BOOK,
    CASH,
    COMMISSION,
    DEEPEST,
    DELTA,
    EXECUTION,
    EXPOSURE,
    INSURED,
    LIMITS,
    LOCKED,
    MARK,
    MODEL,
    NAV,
    OWN,
    OWN_DELTA,
    OWN_NEXT,
    PAYOUT,
    PEAK,
    PUT,
    RATIO,
    S0,
    SETTLED,
    STOCK,
    STRIKE,
    TURNOVER,
    WORLD,
    X0,
    N,
)
from insure.strategies import Rule, Sight, State

NO_STOCK = 1e-6
NO_NAV = 1e-300
_EVER = 1e300

for _plain in (across_band, within_limits):
    adopt_rule(_plain)


def short_ladder(rule: Rule, count: int, *, causes: bool, frictions: bool, beside: bool) -> Kernel:  # noqa: PLR0915
    """The rule, and the ladder where every close signals and trades.

    Args:
        rule: plain scalar rule, the very function that decides live.
        count: how many terms it unpacks.
        causes: whether slippage is booked by rung, and NAV written at every step; everything else is the same to the
            bit.
        frictions: whether there is a band or a cost; where not, cash always reaches for what the limits allow.
        beside: whether options are held or dividends handed on.
    """
    adopt_rule(rule)
    trades_freely = not frictions
    # CPPI leaves its last multiplier for people to read, not for itself.
    keeps_mark = reads(rule, "mark")

    def ladder(  # noqa: PLR0915  # a ladder is read in one go
        world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer
    ) -> None:
        w, p, b = carray(world, (WORLD,)), carray(put, (PUT,)), carray(book, (BOOK,))
        c, r = carray(terms, (at.B_RULE + count,)), carray(row, (at.SCHEDULE_COLUMNS,))
        own = numbers_at(terms, at.B_RULE, count)
        scheduled, elapsed, left = r[at.S_FLOOR], r[at.S_ELAPSED], r[at.S_LEFT_NOW]
        rate, dividend_yield, vol = c[at.B_RATE], c[at.B_YIELD], c[at.B_VOL]
        growth, grown, discount, paid_now = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT], r[at.S_DISCOUNT_NOW]
        lowest, highest, cost, paid_out = c[at.B_LOWEST], c[at.B_HIGHEST], c[at.B_COST], c[at.B_PAID_OUT]
        first, last = r[at.S_FIRST] > 0.0, r[at.S_LAST] > 0.0
        # There is no band around nothing, and at the horizon nothing is traded.
        width = -1.0 if first else (_EVER if last else c[at.B_BAND])
        edge = 0.0 if first else c[at.B_TO_EDGE]
        bought = 1.0 / (1.0 + cost)
        borrowed = min(0.0, 1.0 - highest)
        units_grown = grown * (1.0 - paid_out) + paid_out
        for i in range(N):
            spot, ratio, stock, cash = w[S0 + i], w[RATIO + i], b[STOCK + i], b[CASH + i]
            nav = b[NAV + i] if causes else cash + stock
            alive = nav > 0.0
            worth = max(nav, NO_NAV)
            inverse = 1.0 / worth
            held = stock * inverse if alive else 0.0
            sight = Sight(worth, spot, w[X0 + i], held, scheduled, elapsed, left, rate, dividend_yield, vol)
            before = State(b[PEAK + i], b[STRIKE + i], b[INSURED + i], b[MARK + i])
            answered, seen_floor, after = rule(own, before, sight)
            b[PEAK + i] = after.peak if alive else before.peak
            b[STRIKE + i] = after.strike if alive else before.strike
            b[INSURED + i] = after.units if alive else before.units
            if keeps_mark:
                b[MARK + i] = after.mark if alive else before.mark
            weight = answered if alive else 0.0
            floor = seen_floor if alive else scheduled
            limited = within_limits(weight, lowest, highest)
            # What waits for the quotient is short here: a processor has few places for what waits.
            if trades_freely:
                wanted = traded_to = limited * worth
                value = abs(traded_to - stock)
                cash_after = nav - traded_to
                left_over = nav
            else:
                banded = across_band(limited, held, width, edge, lowest, highest)
                wanted = stock if (alive and banded == held) or last else banded * worth
                lowest_cash = borrowed * max(nav, 0.0)
                affordable = stock + max(cash - lowest_cash, 0.0) * bought
                traded_to = min(wanted, affordable) if wanted > stock else wanted
                change = traded_to - stock
                value = abs(change)
                paid = cash - change - cost * value
                cash_after = max(paid, lowest_cash) if change > 0.0 else paid
                left_over = cash_after + traded_to
                b[COMMISSION + i] += paid_now * value
            if causes:
                model_stock = stock if alive and weight == held else weight * worth
                limited_stock = stock if alive and limited == held else limited * worth
                gain = discount * (ratio * grown - growth)
                b[MODEL + i] += (model_stock + (p[OWN_DELTA + i] - p[DELTA + i]) * spot) * gain
                b[LIMITS + i] += (limited_stock - model_stock) * gain
                b[BAND + i] += (wanted - limited_stock) * gain
                b[EXECUTION + i] += (traded_to - wanted) * gain
            if beside and frictions:
                left_over += p[OWN + i]
            b[TURNOVER + i] += value * inverse if alive else 0.0
            b[EXPOSURE + i] += (limited if trades_freely else traded_to * inverse) if alive else 0.0
            b[LOCKED + i] += 0.0 if limited > NO_STOCK else (1.0 if floor > 0.0 else 0.0)
            b[DEEPEST + i] = max(b[DEEPEST + i], floor - left_over)
            next_stock = traded_to * (units_grown * ratio)
            next_cash = cash_after * growth
            if beside:
                next_cash += paid_out * (traded_to * ratio * (grown - 1.0) - p[PAYOUT + i]) + p[SETTLED + i]
            b[STOCK + i] = next_stock
            b[CASH + i] = next_cash
            if causes:
                b[NAV + i] = next_cash + next_stock + p[OWN_NEXT + i] if beside else next_cash + next_stock

    kind = f"{'causes' if causes else 'lean'}{'' if frictions else '-free'}{'-beside' if beside else ''}"
    return Kernel(ladder, STAGE, f"short-{rule.__module__}.{rule.__qualname__}-{count}-{kind}")

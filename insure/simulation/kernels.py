"""What happens in a block over one step, compiled: the put, the rule, the ladder; and the loop over blocks.

Each stage is one or two flat loops over the lanes of a block, arithmetic and selects only, so that it compiles to packed
instructions (tests/simulation/test_vector_instructions.py looks for them). The stages are called by address, so that a
rule, a model and a set of frictions are each compiled once and combined freely.

The clock, the ladder and the causes are those of ``insure.walk``, which is the oracle
(tests/simulation/test_against_replay.py).
"""

from collections.abc import Callable
from typing import Any

from numba import carray, types
from numba.np.unsafe.ndarray import to_fixed_tuple

from insure import costs as charges
from insure.decision.rungs import across_band, throttled, whole_lots, within_limits
from insure.pricing.elementary import exp, log, norm_cdf, norm_pdf, sqrt
from insure.simulation import layout as at
from insure.simulation.compilation import (
    FLOATS,
    STAGE,
    WHOLES,
    Kernel,
    adopt_rule,
    call_stage,
    call_world,
    shift,
    shift_wholes,
)
from insure.simulation.layout import LANES
from insure.simulation.vector_math import compiled
from insure.strategies import Rule, Sight, State
from insure.strategies.legs import option

Pointer = Any
"""An address inside compiled code."""

N = LANES
_WORLD = at.WORLD_ROWS * N
_PUT = at.PUT_ROWS * N
_BOOK = (at.RING + 1) * N
_EXPIRED = 1e-9
_NO_STOCK = 1e-6
_NEVER = 1e300

for _plain in (across_band, throttled, whole_lots, within_limits, option, charges.commission, charges.half_spread, charges.impact):
    adopt_rule(_plain)

# Offsets as plain names: the compiler takes them for constants.
X0, X1 = at.LOGS * N, (at.LOGS + 1) * N
S0, S1 = at.SPOTS * N, (at.SPOTS + 1) * N
XN = at.NIGHTS * N
DELTA, DELTA_NEXT, TWIN, PAYOUT = at.DELTA * N, at.DELTA_NEXT * N, at.TWIN * N, at.PAYOUT * N
OWN_DELTA, OWN_DELTA_NEXT, OWN, OWN_NEXT, SETTLED = (
    at.OWN_DELTA * N,
    at.OWN_DELTA_NEXT * N,
    at.OWN * N,
    at.OWN_NEXT * N,
    at.SETTLED * N,
)
GAP, GAMMA, NIGHT, CURVATURE, CONTROL = at.GAP * N, at.GAMMA * N, at.NIGHT * N, at.CURVATURE * N, at.CONTROL * N
CASH, UNITS, NAV, HELD, WEIGHT, FLOOR = at.CASH * N, at.UNITS * N, at.NAV * N, at.HELD * N, at.WEIGHT * N, at.FLOOR * N
PEAK, STRIKE, INSURED, MARK, VOL, HALTED = (
    at.PEAK * N,
    at.STRIKE * N,
    at.INSURED * N,
    at.MARK * N,
    at.VOL * N,
    at.HALTED * N,
)
DECIDED, SHORT_HALT, SHORT_VOLUME, SHORT_LOTS, SHORT_CASH = (
    at.DECIDED * N,
    at.SHORT_HALT * N,
    at.SHORT_VOLUME * N,
    at.SHORT_LOTS * N,
    at.SHORT_CASH * N,
)
MODEL, LIMITS, BAND, THROTTLE, CALENDAR = at.MODEL * N, at.LIMITS * N, at.BAND * N, at.THROTTLE * N, at.CALENDAR * N
LAG, HALTS, VOLUME, LOTS, EXECUTION = at.LAG * N, at.HALTS * N, at.VOLUME * N, at.LOTS * N, at.EXECUTION * N
COMMISSION, HALF_SPREAD, IMPACT = at.COMMISSION * N, at.HALF_SPREAD * N, at.IMPACT * N
TURNOVER, LOCKED, EXPOSURE, DEEPEST, RING = (
    at.TURNOVER * N,
    at.LOCKED * N,
    at.EXPOSURE * N,
    at.DEEPEST * N,
    at.RING * N,
)


NIGHT_ERROR = at.NIGHT_ERROR * N
FALL, CHANGE = at.FALL * N, at.CHANGE * N
RUNG_MODEL, RUNG_LIMITS, RUNG_BAND, RUNG_THROTTLE = (
    at.RUNG_MODEL * N,
    at.RUNG_LIMITS * N,
    at.RUNG_BAND * N,
    at.RUNG_THROTTLE * N,
)


def twin_stage(*, nights: bool, control: bool) -> Kernel:
    """The twin over one step: value, delta, and what hedging it missed."""

    def twin(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, p = carray(world, (_WORLD,)), carray(put, (_PUT,))
        c, r = carray(terms, (at.P_FIRST_LEG,)), carray(row, (at.SCHEDULE_COLUMNS,))
        growth, grown, discount = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT]
        slope, offset, deviation = r[at.S_SLOPE], r[at.S_SHIFT], r[at.S_DEVIATION]
        paid_yield, base, bond = r[at.S_YIELD], r[at.S_BASE], r[at.S_BOND]
        units, threshold, square = c[at.P_UNITS], c[at.P_GAP], c[at.P_EXPECTED_SQUARE]
        paid_out = units * (grown - 1.0) * (1.0 - c[at.P_REINVESTED])
        curve = 0.5 * units * paid_yield / deviation
        for i in range(N):
            x0, x1, s0, s1 = w[X0 + i], w[X1 + i], w[S0 + i], w[S1 + i]
            delta, value = p[DELTA_NEXT + i], p[TWIN + i]
            d1 = slope * x1 + offset
            new_delta = units * (base - paid_yield * norm_cdf(-d1))
            new_value = new_delta * s1 + bond * norm_cdf(deviation - d1)
            payout = paid_out * s1
            error = delta * (s1 * grown - growth * s0) - (new_value + payout - growth * value)
            if nights:
                error -= growth * p[NIGHT_ERROR + i]
                x0 = w[XN + i]
            gap = abs(x1 - x0) > threshold
            p[GAP + i] += discount * error if gap else 0.0
            p[GAMMA + i] += 0.0 if gap else discount * error
            p[DELTA + i] = delta
            p[DELTA_NEXT + i] = new_delta
            p[TWIN + i] = new_value
            p[PAYOUT + i] = payout
            if control:
                excess = s1 * grown / s0 - growth
                p[CONTROL + i] += discount * p[CURVATURE + i] * (excess * excess - square)
                p[CURVATURE + i] = curve * s1 * norm_pdf(d1)

    return Kernel(twin, STAGE, f"twin{'-nights' if nights else ''}{'-control' if control else ''}")


def night_stage() -> Kernel:
    """The twin from a close to the open after it: no time passes, the index moves, nobody can trade."""

    def night(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, p = carray(world, (_WORLD,)), carray(put, (_PUT,))
        c, r = carray(terms, (at.P_FIRST_LEG,)), carray(row, (at.SCHEDULE_COLUMNS,))
        discount, left = r[at.S_DISCOUNT_NOW], r[at.S_LEFT_NOW]
        units, reinvested = c[at.P_UNITS], c[at.P_REINVESTED]
        deviation = max(c[at.P_VOL] * sqrt(left), 1e-100)
        slope = 1.0 / deviation
        offset = ((c[at.P_RATE] - c[at.P_YIELD]) * left - c[at.P_LOG_STRIKE]) * slope + 0.5 * deviation
        paid_yield = exp(-c[at.P_YIELD] * left)
        base = reinvested * paid_yield + (1.0 - reinvested)
        bond = c[at.P_BOND] * exp(-c[at.P_RATE] * left)
        first_spot = c[at.P_SPOT]
        for i in range(N):
            x = w[XN + i]
            spot = first_spot * exp(x)
            d1 = slope * x + offset
            held = units * (base - paid_yield * norm_cdf(-d1))
            value = held * spot + bond * norm_cdf(deviation - d1)
            error = p[DELTA_NEXT + i] * (spot - w[S0 + i]) - (value - p[TWIN + i])
            p[NIGHT_ERROR + i] = error
            p[NIGHT + i] += discount * error

    return Kernel(night, STAGE, "night")


def options_stage() -> Kernel:
    """The options that the fund itself holds over one step, after the twin's stage: what they miss counts against it."""

    def options(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, p = carray(world, (_WORLD,)), carray(put, (_PUT,))
        head, r = carray(terms, (at.P_FIRST_LEG,)), carray(row, (at.SCHEDULE_COLUMNS,))
        count = int(head[at.P_LEGS])
        c = carray(terms, (at.P_FIRST_LEG + 4 * count,))
        growth, grown, discount = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT]
        rate, dividend_yield, vol = head[at.P_RATE], head[at.P_YIELD], head[at.P_VOL]
        threshold = head[at.P_GAP]
        for i in range(N):
            p[OWN_DELTA + i] = p[OWN_DELTA_NEXT + i]
            p[OWN + i] = p[OWN_NEXT + i]
            p[OWN_DELTA_NEXT + i] = 0.0
            p[OWN_NEXT + i] = 0.0
            p[SETTLED + i] = 0.0
        for leg in range(count):
            first = at.P_FIRST_LEG + 4 * leg
            sign, units, strike, early = c[first], c[first + 1], c[first + 2], c[first + 3]
            before, years = r[at.S_LEFT_NOW] - early, r[at.S_LEFT] - early
            if before > _EXPIRED and years > _EXPIRED:
                for i in range(N):
                    greeks = option(sign, w[S1 + i], strike, years, rate, dividend_yield, vol)
                    p[OWN_NEXT + i] += units * greeks.value
                    p[OWN_DELTA_NEXT + i] += units * greeks.delta
            elif before > _EXPIRED:
                for i in range(N):
                    p[SETTLED + i] += units * max(sign * (w[S1 + i] - strike), 0.0)
        for i in range(N):
            x0, x1, s0, s1 = w[X0 + i], w[X1 + i], w[S0 + i], w[S1 + i]
            worth = p[OWN_NEXT + i] + p[SETTLED + i]
            error = p[OWN_DELTA + i] * (s1 * grown - growth * s0) - (worth - growth * p[OWN + i])
            gap = abs(x1 - x0) > threshold
            p[GAP + i] -= discount * error if gap else 0.0
            p[GAMMA + i] -= 0.0 if gap else discount * error

    return Kernel(options, STAGE, "options")


def rule_stage(rule: Rule, count: int, *, vol_along_path: bool) -> Kernel:
    """A strategy's rule over the lanes of a block: the very function that decides live.

    Args:
        rule: plain scalar rule.
        count: how many terms it unpacks.
        vol_along_path: whether its sight holds the volatility estimated along each path.
    """
    adopt_rule(rule)

    def decide(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, b = carray(world, (_WORLD,)), carray(book, (_BOOK,))
        c, r = carray(terms, (at.B_RULE + count,)), carray(row, (at.SCHEDULE_COLUMNS,))
        own = to_fixed_tuple(c[at.B_RULE :], count)
        floor, elapsed, left = r[at.S_FLOOR], r[at.S_ELAPSED], r[at.S_LEFT_NOW]
        rate, dividend_yield, vol = c[at.B_RATE], c[at.B_YIELD], c[at.B_VOL]
        remembers = r[at.S_SIGNAL] > 0.0
        for i in range(N):
            nav, spot = b[NAV + i], w[S0 + i]
            alive = nav > 0.0
            seen = sqrt(b[VOL + i]) if vol_along_path else vol
            sight = Sight(
                nav if alive else 1.0, spot, w[X0 + i], b[HELD + i], floor, elapsed, left, rate, dividend_yield, seen
            )
            before = State(b[PEAK + i], b[STRIKE + i], b[INSURED + i], b[MARK + i])
            weight, now, after = rule(own, before, sight)
            keep = alive and remembers
            b[WEIGHT + i] = weight if alive else 0.0
            b[FLOOR + i] = now if alive else floor
            b[PEAK + i] = after.peak if keep else before.peak
            b[STRIKE + i] = after.strike if keep else before.strike
            b[INSURED + i] = after.units if keep else before.units
            b[MARK + i] = after.mark if keep else before.mark

    name = f"rule-{rule.__module__}.{rule.__qualname__}-{count}{'-vol' if vol_along_path else ''}"
    return Kernel(decide, STAGE, name)


def plain_ladder() -> Kernel:
    """The ladder where every close signals and trades: limits, band, proportional costs, cash.

    A fund with more friction climbs ``full_ladder``; on this ladder's frictions the two agree
    (tests/simulation/test_against_replay.py).
    """

    def ladder(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:
        w, p, b = carray(world, (_WORLD,)), carray(put, (_PUT,)), carray(book, (_BOOK,))
        c, r = carray(terms, (at.B_RULE,)), carray(row, (at.SCHEDULE_COLUMNS,))
        growth, grown, discount = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT]
        paid_now, first = r[at.S_DISCOUNT_NOW], r[at.S_FIRST] > 0.0
        lowest, highest, band, to_edge = c[at.B_LOWEST], c[at.B_HIGHEST], c[at.B_BAND], c[at.B_TO_EDGE]
        cost, paid_out = c[at.B_COST], c[at.B_PAID_OUT]
        # There is no band around nothing.
        width = -1.0 if first else band
        edge = 0.0 if first else to_edge
        units_grown = grown * (1.0 - paid_out) + paid_out
        borrowed = min(0.0, 1.0 - highest)
        for i in range(N):
            s0, s1, nav, held, units, cash = (
                w[S0 + i],
                w[S1 + i],
                b[NAV + i],
                b[HELD + i],
                b[UNITS + i],
                b[CASH + i],
            )
            alive = nav > 0.0
            per = nav / s0 if alive else 0.0
            weight = b[WEIGHT + i]
            limited = within_limits(weight, lowest, highest)
            banded = across_band(limited, held, width, edge)
            still = alive and banded == held
            model_units = units if alive and weight == held else weight * per
            limited_units = units if alive and limited == held else limited * per
            wanted = units if still else banded * per
            lowest_cash = borrowed * max(nav, 0.0)
            money = max(cash - lowest_cash, 0.0)
            affordable = units + money / (s0 * (1.0 + cost))
            traded_to = min(wanted, affordable) if wanted > units else wanted
            change = traded_to - units
            value = abs(change) * s0
            left = cash - change * s0 - cost * value
            cash_after = max(left, lowest_cash) if change > 0.0 else left
            gain = discount * (s1 * grown - growth * s0)
            b[MODEL + i] += (model_units + p[OWN_DELTA + i] - p[DELTA + i]) * gain
            b[LIMITS + i] += (limited_units - model_units) * gain
            b[BAND + i] += (wanted - limited_units) * gain
            b[EXECUTION + i] += (traded_to - wanted) * gain
            b[COMMISSION + i] += paid_now * value
            b[TURNOVER + i] += value / nav if alive else 0.0
            b[LOCKED + i] += 1.0 if b[FLOOR + i] > 0.0 and not limited > _NO_STOCK else 0.0
            after = cash_after + traded_to * s0 + p[OWN + i]
            b[EXPOSURE + i] += traded_to * s0 / after if after > 0.0 else 0.0
            b[DEEPEST + i] = max(b[DEEPEST + i], b[FLOOR + i] - after)
            next_units = traded_to * units_grown
            next_cash = (
                cash_after * growth
                + paid_out * (traded_to * s1 * (grown - 1.0) - p[PAYOUT + i])
                + p[SETTLED + i]
            )
            next_nav = next_cash + next_units * s1 + p[OWN_NEXT + i]
            b[UNITS + i] = next_units
            b[CASH + i] = next_cash
            b[NAV + i] = next_nav
            b[HELD + i] = next_units * s1 / next_nav if next_nav > 0.0 else 0.0

    return Kernel(ladder, STAGE, "ladder-plain")


@compiled
def _total(c: Pointer, units: float, price: float, widening: float) -> float:
    fee = charges.commission(units, price, c[at.B_PER_TRADE], c[at.B_PER_SHARE], c[at.B_COMMISSION], c[at.B_MINIMUM])
    spread = charges.half_spread(units, price, c[at.B_SPREAD] * widening)
    return fee + spread + charges.impact(units, price, c[at.B_IMPACT], c[at.B_DAILY_VOL], c[at.B_ADV])


@compiled
def _most_affordable(c: Pointer, units: float, price: float, money: float, widening: float) -> float:
    """``Costs.most_affordable`` on the terms of a book."""
    low, high = 0.0, units
    if money <= 0.0:
        return 0.0
    if units * price + _total(c, units, price, widening) <= money:
        return units
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not (low < middle < high):
            break
        if middle * price + _total(c, middle, price, widening) <= money:
            low = middle
        else:
            high = middle
    return low


def full_ladder(*, proportional: bool, vol_along_path: bool) -> Kernel:
    """The ladder with every friction: calendar, lag, throttle, halts, limit-down, volume, lots, costs by kind.

    Args:
        proportional: whether a trade of twice the size costs exactly twice as much; a purchase that cash does not
            reach for is then cut in closed form, else by bisection as in ``Costs.most_affordable``.
        vol_along_path: whether the squared volatility in the rule's sight follows each path (EWMA).
    """

    def ladder(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:
        w, p, b = carray(world, (_WORLD,)), carray(put, (_PUT,)), carray(book, (_BOOK,))
        c, r = carray(terms, (at.B_RULE,)), carray(row, (at.SCHEDULE_COLUMNS,))
        growth, grown, discount = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT]
        paid_now, first = r[at.S_DISCOUNT_NOW], r[at.S_FIRST] > 0.0
        decides, notes, trades = r[at.S_SIGNAL] > 0.0, r[at.S_NOTE] > 0.0, r[at.S_TRADE] > 0.0
        ring = carray(shift(book, RING + int(r[at.S_WRITE]) * N), (N,))
        due = carray(shift(book, RING + int(r[at.S_READ]) * N), (N,))
        lowest, highest, paid_out = c[at.B_LOWEST], c[at.B_HIGHEST], c[at.B_PAID_OUT]
        width = -1.0 if first else c[at.B_BAND]
        edge = 0.0 if first else c[at.B_TO_EDGE]
        throttle = _NEVER if first else c[at.B_THROTTLE]
        throttles = throttle < _NEVER
        lot, volume, limit_down = c[at.B_LOT], c[at.B_VOLUME], c[at.B_LIMIT_DOWN]
        borrowed = min(0.0, 1.0 - highest)
        # The ladder as of this close.
        for i in range(N):
            nav, held, units = b[NAV + i], b[HELD + i], b[UNITS + i]
            alive = nav > 0.0
            per = nav / w[S0 + i] if alive else 0.0
            weight = b[WEIGHT + i]
            limited = within_limits(weight, lowest, highest)
            banded = across_band(limited, held, width, edge)
            slowed = throttled(banded, held, throttle) if throttles else banded
            slowed_units = units if alive and slowed == held else slowed * per
            b[RUNG_MODEL + i] = units if alive and weight == held else weight * per
            b[RUNG_LIMITS + i] = units if alive and limited == held else limited * per
            b[RUNG_BAND + i] = units if alive and banded == held else banded * per
            b[RUNG_THROTTLE + i] = slowed_units
            b[DECIDED + i] = slowed_units if decides else b[DECIDED + i]
            b[SHORT_HALT + i] = 0.0 if decides else b[SHORT_HALT + i]
            b[SHORT_VOLUME + i] = 0.0 if decides else b[SHORT_VOLUME + i]
            b[SHORT_LOTS + i] = 0.0 if decides else b[SHORT_LOTS + i]
            b[SHORT_CASH + i] = 0.0 if decides else b[SHORT_CASH + i]
            b[LOCKED + i] += 1.0 if b[FLOOR + i] > 0.0 and not limited > _NO_STOCK else 0.0
            b[WEIGHT + i] = limited
        if notes:
            for i in range(N):
                ring[i] = b[WEIGHT + i]
        if trades:
            for i in range(N):
                nav, held, units, price = b[NAV + i], b[HELD + i], b[UNITS + i], w[S0 + i]
                alive = nav > 0.0
                banded = across_band(due[i], held, width, edge)
                aim = throttled(banded, held, throttle) if throttles else banded
                sized = aim * nav / price if alive else 0.0
                wanted = units if alive and aim == held else sized
                down = b[FALL + i] >= limit_down and wanted < units
                open_to = units if b[HALTED + i] > 0.0 or down else wanted
                slow_to = units + min(max(open_to - units, -volume), volume)
                lots_to = units if slow_to == units else whole_lots(slow_to, lot)
                b[SHORT_HALT + i] = wanted - open_to
                b[SHORT_VOLUME + i] = open_to - slow_to
                b[SHORT_LOTS + i] = slow_to - lots_to
                b[CHANGE + i] = lots_to - units
            for i in range(N):
                change, price, units = b[CHANGE + i], w[S0 + i], b[UNITS + i]
                lowest_cash = borrowed * max(b[NAV + i], 0.0)
                money = b[CASH + i] - lowest_cash
                widening = 1.0 + c[at.B_WIDENING] * b[FALL + i]
                if proportional:
                    fraction = (c[at.B_COMMISSION] + c[at.B_SPREAD] * widening) * 1e-4
                    most = max(money, 0.0) / (price * (1.0 + fraction))
                    bought = min(change, most)
                else:
                    bought = _most_affordable(c, change, price, money, widening) if change > 0.0 else change
                cut = max(whole_lots(units + bought, lot) - units, 0.0) if bought < change else bought
                traded = cut if change > 0.0 else change
                fee = charges.commission(
                    traded, price, c[at.B_PER_TRADE], c[at.B_PER_SHARE], c[at.B_COMMISSION], c[at.B_MINIMUM]
                )
                spread = charges.half_spread(traded, price, c[at.B_SPREAD] * widening)
                moved = charges.impact(traded, price, c[at.B_IMPACT], c[at.B_DAILY_VOL], c[at.B_ADV])
                # A sale that would cost more than it brings is not made.
                done = 0.0 if traded < 0.0 and not fee + spread + moved <= -traded * price else 1.0
                traded, fee, spread, moved = done * traded, done * fee, done * spread, done * moved
                left = b[CASH + i] - traded * price - (fee + spread + moved)
                b[CASH + i] = max(left, lowest_cash) if traded > 0.0 else left
                b[UNITS + i] = units + traded
                b[SHORT_CASH + i] = change - traded
                b[COMMISSION + i] += paid_now * fee
                b[HALF_SPREAD + i] += paid_now * spread
                b[IMPACT + i] += paid_now * moved
                b[TURNOVER + i] += abs(traded) * price / b[NAV + i] if b[NAV + i] > 0.0 else 0.0
        # The step, with what was really held; what the trade fell short by stands rung by rung above it.
        for i in range(N):
            s0, s1, units = w[S0 + i], w[S1 + i], b[UNITS + i]
            with_cash = units + b[SHORT_CASH + i]
            with_lots = with_cash + b[SHORT_LOTS + i]
            with_volume = with_lots + b[SHORT_VOLUME + i]
            lagged = with_volume + b[SHORT_HALT + i]
            gain = discount * (s1 * grown - growth * s0)
            model, limited, banded, slowed = (
                b[RUNG_MODEL + i],
                b[RUNG_LIMITS + i],
                b[RUNG_BAND + i],
                b[RUNG_THROTTLE + i],
            )
            b[MODEL + i] += (model + p[OWN_DELTA + i] - p[DELTA + i]) * gain
            b[LIMITS + i] += (limited - model) * gain
            b[BAND + i] += (banded - limited) * gain
            b[THROTTLE + i] += (slowed - banded) * gain
            b[CALENDAR + i] += (b[DECIDED + i] - slowed) * gain
            b[LAG + i] += (lagged - b[DECIDED + i]) * gain
            b[HALTS + i] += (with_volume - lagged) * gain
            b[VOLUME + i] += (with_lots - with_volume) * gain
            b[LOTS + i] += (with_cash - with_lots) * gain
            b[EXECUTION + i] += (units - with_cash) * gain
            after = b[CASH + i] + units * s0 + p[OWN + i]
            b[EXPOSURE + i] += units * s0 / after if after > 0.0 else 0.0
            b[DEEPEST + i] = max(b[DEEPEST + i], b[FLOOR + i] - after)
        units_grown = grown * (1.0 - paid_out) + paid_out
        halt_fall, halt_closes = c[at.B_HALT_FALL], c[at.B_HALT_CLOSES]
        decay, years = c[at.B_DECAY], c[at.B_STEP_YEARS]
        for i in range(N):
            s0, s1, units = w[S0 + i], w[S1 + i], b[UNITS + i]
            dividends = paid_out * (units * s1 * (grown - 1.0) - p[PAYOUT + i])
            cash = b[CASH + i] * growth + dividends + p[SETTLED + i]
            next_units = units * units_grown
            nav = cash + next_units * s1 + p[OWN_NEXT + i]
            b[CASH + i], b[UNITS + i], b[NAV + i] = cash, next_units, nav
            b[HELD + i] = next_units * s1 / nav if nav > 0.0 else 0.0
            b[DECIDED + i] *= grown
            b[SHORT_CASH + i] *= grown
            b[SHORT_LOTS + i] *= grown
            b[SHORT_VOLUME + i] *= grown
            b[SHORT_HALT + i] *= grown
            fall = max(1.0 - s1 / s0, 0.0)
            b[FALL + i] = fall
            b[HALTED + i] = halt_closes if fall >= halt_fall else max(b[HALTED + i] - 1.0, 0.0)
            if vol_along_path:
                move = w[X1 + i] - w[X0 + i]
                b[VOL + i] = decay * b[VOL + i] + (1.0 - decay) * move * move / years

    name = f"ladder-full{'-proportional' if proportional else ''}{'-vol' if vol_along_path else ''}"
    return Kernel(ladder, STAGE, name)

"""The ladder with every friction over one step of a block, compiled: from the rule's weight to the units held, costs
and causes. It calls the rungs and costs that the live decision calls.
"""

from insure import costs as charges
from insure.decision.rungs import across_band, throttled, whole_lots, within_limits, worth_a_ticket
from insure.simulation import layout as at
from insure.simulation.compilation import STAGE, Kernel, adopt_rule, shift
from insure.simulation.compiler import Pointer, carray
from insure.simulation.offsets import (
    BAND,
    BOOK,
    CALENDAR,
    CASH,
    CHANGE,
    COMMISSION,
    DECIDED,
    DEEPEST,
    DELTA,
    EXECUTION,
    EXPOSURE,
    FALL,
    FLOOR,
    HALF_SPREAD,
    HALTED,
    HALTS,
    HELD,
    IMPACT,
    LAG,
    LIMITS,
    LOCKED,
    LOTS,
    MODEL,
    NAV,
    OWN,
    OWN_DELTA,
    OWN_NEXT,
    PAYOUT,
    PUT,
    RING,
    RUNG_BAND,
    RUNG_LIMITS,
    RUNG_LOTS,
    RUNG_MODEL,
    RUNG_THROTTLE,
    S0,
    S1,
    SETTLED,
    SHORT_CASH,
    SHORT_HALT,
    SHORT_VOLUME,
    THROTTLE,
    TURNOVER,
    UNITS,
    VOL,
    VOLUME,
    WEIGHT,
    WIDTH,
    WORLD,
    X0,
    X1,
    N,
)
from insure.simulation.short_ladder import NO_STOCK
from insure.simulation.vector_math import compiled

_NEVER = 1e300

for _plain in (
    across_band,
    throttled,
    whole_lots,
    within_limits,
    worth_a_ticket,
    charges.commission,
    charges.half_spread,
    charges.impact,
):
    adopt_rule(_plain)


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


def full_ladder(  # noqa: PLR0915  # a ladder is read in one go
    *, proportional: bool, vol_along_path: bool, band_along_path: bool = False
) -> Kernel:
    """The ladder with every friction: calendar, lag, throttle, halts, limit-down, volume, lots, costs by kind.

    Args:
        proportional: whether a trade of twice the size costs exactly twice as much; a purchase that cash does not
            reach for is then cut in closed form, else by bisection as in ``Costs.most_affordable``.
        vol_along_path: whether the squared volatility in the rule's sight follows each path (EWMA).
        band_along_path: whether the rule's stage has found the half width of the band for each path.
    """

    def ladder(  # noqa: PLR0915  # a ladder is read in one go
        world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer
    ) -> None:
        w, p, b = carray(world, (WORLD,)), carray(put, (PUT,)), carray(book, (BOOK,))
        c, r = carray(terms, (at.B_RULE,)), carray(row, (at.SCHEDULE_COLUMNS,))
        growth, grown, discount = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT]
        paid_now, first = r[at.S_DISCOUNT_NOW], r[at.S_FIRST] > 0.0
        decides, trades = r[at.S_SIGNAL] > 0.0, r[at.S_TRADE] > 0.0
        ring = carray(shift(book, RING + int(r[at.S_WRITE]) * N), (N,))
        due = carray(shift(book, RING + int(r[at.S_READ]) * N), (N,))
        lowest, highest, paid_out = c[at.B_LOWEST], c[at.B_HIGHEST], c[at.B_PAID_OUT]
        fixed = -1.0 if first else c[at.B_BAND]
        follows = band_along_path and not first
        edge = 0.0 if first else c[at.B_TO_EDGE]
        throttle = _NEVER if first else c[at.B_THROTTLE]
        throttles = throttle < _NEVER
        lot, ticket, volume, limit_down = c[at.B_LOT], c[at.B_TICKET], c[at.B_VOLUME], c[at.B_LIMIT_DOWN]
        in_units, aged = c[at.B_MATCHES_UNITS] > 0.0, r[at.S_AGED]
        borrowed = min(0.0, 1.0 - highest)
        # The ladder as of this close.
        for i in range(N):
            nav, held, units, price = b[NAV + i], b[HELD + i], b[UNITS + i], w[S0 + i]
            alive = nav > 0.0
            per = nav / price if alive else 0.0
            weight = b[WEIGHT + i]
            limited = within_limits(weight, lowest, highest)
            width = b[WIDTH + i] if follows else fixed
            banded = across_band(limited, held, width, edge, lowest, highest)
            slowed = throttled(banded, held, throttle) if throttles else banded
            slowed_units = units if alive and slowed == held else slowed * per
            b[RUNG_MODEL + i] = units if alive and weight == held else weight * per
            limited_units = units if alive and limited == held else limited * per
            lots_units = (
                units if slowed_units == units else worth_a_ticket(whole_lots(slowed_units, lot), units, price, ticket)
            )
            b[RUNG_LIMITS + i] = limited_units
            b[RUNG_BAND + i] = units if alive and banded == held else banded * per
            b[RUNG_THROTTLE + i] = slowed_units
            b[RUNG_LOTS + i] = lots_units
            b[DECIDED + i] = lots_units if decides else b[DECIDED + i]
            b[SHORT_HALT + i] = 0.0 if decides else b[SHORT_HALT + i]
            b[SHORT_VOLUME + i] = 0.0 if decides else b[SHORT_VOLUME + i]
            b[SHORT_CASH + i] = 0.0 if decides else b[SHORT_CASH + i]
            b[LOCKED + i] += 1.0 if b[FLOOR + i] > 0.0 and not limited > NO_STOCK else 0.0
            b[WEIGHT + i] = limited_units if in_units else limited
        if decides:
            for i in range(N):
                ring[i] = b[WEIGHT + i]
        if trades:
            for i in range(N):
                nav, held, units, price = b[NAV + i], b[HELD + i], b[UNITS + i], w[S0 + i]
                alive = nav > 0.0
                order = due[i]
                as_weight = order * aged * price / nav if alive else 0.0
                matched = as_weight if in_units else order
                width = b[WIDTH + i] if follows else fixed
                banded = across_band(matched, held, width, edge, lowest, highest)
                aim = throttled(banded, held, throttle) if throttles else banded
                sized = aim * nav / price if alive else 0.0
                exact = units if alive and aim == held else sized
                wanted = units if exact == units else worth_a_ticket(whole_lots(exact, lot), units, price, ticket)
                down = b[FALL + i] >= limit_down and wanted < units
                open_to = units if b[HALTED + i] > 0.0 or down else wanted
                slow_to = units + min(max(open_to - units, -volume), volume)
                lots_to = units if slow_to == units else whole_lots(slow_to, lot)
                b[SHORT_HALT + i] = wanted - open_to
                b[SHORT_VOLUME + i] = open_to - lots_to
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
            with_volume = with_cash + b[SHORT_VOLUME + i]
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
            b[LOTS + i] += (b[RUNG_LOTS + i] - slowed) * gain
            b[CALENDAR + i] += (b[DECIDED + i] - b[RUNG_LOTS + i]) * gain
            b[LAG + i] += (lagged - b[DECIDED + i]) * gain
            b[HALTS + i] += (with_volume - lagged) * gain
            b[VOLUME + i] += (with_cash - with_volume) * gain
            b[EXECUTION + i] += (units - with_cash) * gain
            after = b[CASH + i] + units * s0 + p[OWN + i]
            b[EXPOSURE + i] += units * s0 / b[NAV + i] if b[NAV + i] > 0.0 else 0.0
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
            b[DECIDED + i] *= units_grown
            b[SHORT_CASH + i] *= units_grown
            b[SHORT_VOLUME + i] *= units_grown
            b[SHORT_HALT + i] *= units_grown
            fall = max(1.0 - s1 / s0, 0.0)
            b[FALL + i] = fall
            b[HALTED + i] = halt_closes if fall >= halt_fall else max(b[HALTED + i] - 1.0, 0.0)
            if vol_along_path:
                move = w[X1 + i] - w[X0 + i]
                b[VOL + i] = decay * b[VOL + i] + (1.0 - decay) * move * move / years

    name = f"ladder-full{'-proportional' if proportional else ''}{'-vol' if vol_along_path else ''}"
    name += "-band" if band_along_path else ""
    return Kernel(ladder, STAGE, name)

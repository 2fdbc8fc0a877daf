"""What one step of a block is made of, compiled: the twin, the options held, the rule.

Each stage is one or two flat loops over the lanes of a block, arithmetic and selects only, so that it compiles to
packed instructions (tests/simulation/test_simulation_vector_instructions.py looks for them). Stages are called by
address: a rule, a model and a set of frictions are each compiled once and combined freely.

The clock, the ladder and the causes are those of ``insure.walk``, which is the oracle
(tests/simulation/test_simulation_against_replay.py).
"""

from insure.pricing.elementary import exp, norm_cdf, sqrt
from insure.rebalancing import Band, BandRule, same_width, target_gamma
from insure.simulation import layout as at
from insure.simulation.compilation import STAGE, Kernel, adopt_rule, numbers_at
from insure.simulation.compiler import Pointer, carray
from insure.simulation.offsets import (
    BOOK,
    CONTROL,
    CURVATURE,
    DELTA,
    DELTA_NEXT,
    FLOOR,
    GAMMA,
    GAP,
    HELD,
    INSURED,
    MARK,
    NAV,
    NIGHT,
    NIGHT_ERROR,
    OWN,
    OWN_DELTA,
    OWN_DELTA_NEXT,
    OWN_NEXT,
    PAYOUT,
    PEAK,
    PUT,
    RATIO,
    S0,
    S1,
    SETTLED,
    STRIKE,
    TWIN,
    VOL,
    WEIGHT,
    WIDTH,
    WORLD,
    X0,
    X1,
    XN,
    N,
)
from insure.simulation.vector_math import bell_and_tails
from insure.strategies import Rule, Sight, State
from insure.strategies.legs import EXPIRED, option

_PEAK_OF_BELL = 0.3989422804014327

adopt_rule(option)


def twin_stage(*, nights: bool, control: bool) -> Kernel:
    """The twin over one step: value, delta, and what hedging it missed."""

    def twin(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, p = carray(world, (WORLD,)), carray(put, (PUT,))
        c, r = carray(terms, (at.P_FIRST_LEG,)), carray(row, (at.SCHEDULE_COLUMNS,))
        growth, grown, discount = r[at.S_GROWTH], r[at.S_GROWN], r[at.S_DISCOUNT]
        slope, offset, deviation = r[at.S_SLOPE], r[at.S_SHIFT], r[at.S_DEVIATION]
        paid_yield, base, bond, lent = r[at.S_YIELD], r[at.S_BASE], r[at.S_BOND], r[at.S_LENT]
        units, threshold, square = c[at.P_UNITS], c[at.P_GAP], c[at.P_EXPECTED_SQUARE]
        paid_out = units * (grown - 1.0) * (1.0 - c[at.P_REINVESTED])
        curve = 0.5 * units * paid_yield / deviation
        for i in range(N):
            x0, x1, s0, s1 = w[X0 + i], w[X1 + i], w[S0 + i], w[S1 + i]
            delta, value = p[DELTA_NEXT + i], p[TWIN + i]
            d1 = slope * x1 + offset
            d2 = d1 - deviation
            # One exponential for both: n K e^{-r tau} n(d2) = n S e^{-q tau} n(d1).
            bell, left_1, left_2 = bell_and_tails(d1, d2)
            tail_1, tail_2 = bell * left_1, units * paid_yield * s1 * (bell * left_2)
            new_delta = units * (base - paid_yield * (1.0 - tail_1 if d1 < 0.0 else tail_1))
            new_value = new_delta * s1 + (bond - tail_2 if d2 < 0.0 else tail_2) + lent
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
                excess = w[RATIO + i] * grown - growth
                p[CONTROL + i] += discount * p[CURVATURE + i] * (excess * excess - square)
                p[CURVATURE + i] = curve * s1 * (_PEAK_OF_BELL * bell)

    return Kernel(twin, STAGE, f"twin{'-nights' if nights else ''}{'-control' if control else ''}")


def night_stage() -> Kernel:
    """The twin from a close to the open after it: no time passes, the index moves, nobody can trade."""

    def night(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, p = carray(world, (WORLD,)), carray(put, (PUT,))
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
        lent = c[at.P_LENT] * exp(-c[at.P_RATE] * left)
        for i in range(N):
            x = w[XN + i]
            spot = first_spot * exp(x)
            d1 = slope * x + offset
            held = units * (base - paid_yield * norm_cdf(-d1))
            value = held * spot + bond * norm_cdf(deviation - d1) + lent
            error = p[DELTA_NEXT + i] * (spot - w[S0 + i]) - (value - p[TWIN + i])
            p[NIGHT_ERROR + i] = error
            p[NIGHT + i] += discount * error

    return Kernel(night, STAGE, "night")


def options_stage() -> Kernel:
    """The options that the fund itself holds over one step, after the twin: what they miss counts against it."""

    def options(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, p = carray(world, (WORLD,)), carray(put, (PUT,))
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
            if before > EXPIRED and years > EXPIRED:
                for i in range(N):
                    greeks = option(sign, w[S1 + i], strike, years, rate, dividend_yield, vol)
                    p[OWN_NEXT + i] += units * greeks.value
                    p[OWN_DELTA_NEXT + i] += units * greeks.delta
            elif before > EXPIRED:
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


def rule_stage(rule: Rule, count: int, *, vol_along_path: bool, band: Band | None = None) -> Kernel:
    """A strategy's rule over the lanes of a block: the very function that decides live.

    Args:
        rule: plain scalar rule.
        count: how many terms it unpacks.
        vol_along_path: whether its sight holds the volatility estimated along each path.
        band: whose half width follows the path; its terms stand behind the rule's. None: of one width, or none.
    """
    adopt_rule(rule)
    follows, reads_gamma, band_count = False, False, 1
    width: BandRule = same_width
    if band is not None:
        follows, reads_gamma, width, band_count = True, band.reads_gamma, band.rule, len(band.terms)
        adopt_rule(width)
        adopt_rule(target_gamma)

    def decide(world: Pointer, put: Pointer, book: Pointer, terms: Pointer, row: Pointer) -> None:  # noqa: ARG001
        w, b = carray(world, (WORLD,)), carray(book, (BOOK,))
        c, r = carray(terms, (at.B_RULE + count + band_count,)), carray(row, (at.SCHEDULE_COLUMNS,))
        own = numbers_at(terms, at.B_RULE, count)
        bounds = numbers_at(terms, at.B_RULE + count, band_count)
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
            if follows:
                gamma = target_gamma(rule, own, before, sight) if reads_gamma else 0.0
                b[WIDTH + i] = width(bounds, sight, gamma) if alive else 0.0
            keep = alive and remembers
            b[WEIGHT + i] = weight if alive else 0.0
            b[FLOOR + i] = now if alive else floor
            b[PEAK + i] = after.peak if keep else before.peak
            b[STRIKE + i] = after.strike if keep else before.strike
            b[INSURED + i] = after.units if keep else before.units
            b[MARK + i] = after.mark if keep else before.mark

    of_band = f"-{width.__module__}.{width.__qualname__}" if follows else ""
    name = f"rule-{rule.__module__}.{rule.__qualname__}-{count}{of_band}{'-vol' if vol_along_path else ''}"
    return Kernel(decide, STAGE, name)

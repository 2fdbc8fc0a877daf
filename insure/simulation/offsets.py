"""Offsets of the rows of a block, in numbers: what ``layout`` says in rows, as constants that the compiler folds."""

from insure.simulation import layout as at
from insure.simulation.layout import LANES

N = LANES
WORLD = at.WORLD_ROWS * N
PUT = at.PUT_ROWS * N
BOOK = (at.RING + 1) * N


X0, X1 = at.LOGS * N, (at.LOGS + 1) * N
S0, S1 = at.SPOTS * N, (at.SPOTS + 1) * N
XN = at.NIGHTS * N
RATIO = at.RATIOS * N
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
DECIDED, SHORT_HALT, SHORT_VOLUME, SHORT_CASH = (
    at.DECIDED * N,
    at.SHORT_HALT * N,
    at.SHORT_VOLUME * N,
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
EVER_LOCKED, BREACHED, DEPTH = at.EVER_LOCKED * N, at.BREACHED * N, at.DEPTH * N
FALL, CHANGE, STOCK, WIDTH = at.FALL * N, at.CHANGE * N, at.STOCK * N, at.WIDTH * N
RUNG_MODEL, RUNG_LIMITS, RUNG_BAND, RUNG_THROTTLE, RUNG_LOTS = (
    at.RUNG_MODEL * N,
    at.RUNG_LIMITS * N,
    at.RUNG_BAND * N,
    at.RUNG_THROTTLE * N,
    at.RUNG_LOTS * N,
)

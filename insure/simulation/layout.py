"""Where everything lies in a block: rows of ``LANES`` numbers, one lane a path.

A block keeps its rows in one stretch of memory at offsets that the compiler knows, so that it needs no checks for
overlap before it packs a loop. ``LANES`` is the block of every reduction too, and so part of the format of saved
studies.
"""

LANES = 256
STEPS = 4
"""Steps in one draw: a counter gives four numbers."""

# A row is half a page of memory. A processor finds a line in its nearest cache by a hash of the page's address, and
# pages of one hash push each other out: the fewer pages a step touches, the less. Hence the rows that every step
# touches stand together, sixteen of the world and eight of a book. A further strategy on the same paths takes 0.8 ns a
# step where it took 1.1, in the mean over many places in memory.
GROUP = 8

# The world: the index's paths, four steps at a time, and what the model remembers.
LOGS = 0
"""Five rows, marks 4j to 4j + 4: ln(spot / first spot)."""
SPOTS = 5
"""Five rows: the spot."""
RATIOS = 10
"""Five rows: the spot at marks 4j + 1 to 4j + 4 over the one before; the last is read at a horizon, never used."""
MEMORY = 15
"""Four rows that the model carries from step to step."""
NIGHTS = 19
"""Four rows: ln(open / first spot) of the open after marks 4j to 4j + 3, where a step has an overnight part."""
DRAWS = 23
"""Twelve rows of random numbers; with jumps, their sums lie in the last four and are zero where none fell."""
JUMPS = 35
"""Four rows of uniforms, one a draw: whether a jump falls within its four steps."""
DEVIATIONS = 39
"""Four rows: of a step's log, where the variance is a path of its own and a step has an overnight part."""
WORLD_ROWS = 43

# A put: the twin and the options that the fund holds itself, with the hedging error of both.
DELTA, DELTA_NEXT = 0, 1
"""Of the twin at the step's two marks, units."""
TWIN = 2
"""Value of the twin at the step's last mark."""
OWN_DELTA, OWN_DELTA_NEXT = 3, 4
"""Of the options that the fund holds."""
OWN, OWN_NEXT = 5, 6
"""Their value at the step's two marks."""
SETTLED = 7
"""What options paid that expired at the step's last mark."""
PAYOUT = 8
"""Dividends that the twin paid out over the step."""
GAP, GAMMA, NIGHT = 9, 10, 11
"""Hedging error by cause, discounted."""
CURVATURE = 12
"""Half gamma times spot squared of the twin, at the step's last mark."""
CONTROL = 13
"""Sum of curvature times (squared excess return less its expectation), discounted: its mean is zero."""
NIGHT_ERROR = 14
"""Of the overnight part of this step, at the open."""
PUT_ROWS = 15

# A book: the fund itself.
SHORT_CASH, HELD, SHORT_HALT, SHORT_VOLUME = 0, 1, 2, 3
"""HELD: the weight. What the last trade fell short by, units, by reason."""
VOL = 4
"""Squared volatility estimated along the path."""
HALTED = 5
"""Closes for which trading still stands still."""
DECIDED, NAV = 6, 7
"""DECIDED: units that the last signal would hold."""
MODEL, LIMITS, BAND, THROTTLE, CALENDAR, LAG, HALTS, VOLUME, LOTS, EXECUTION = 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
"""Slippage by rung of the ladder, discounted."""
COMMISSION, HALF_SPREAD, IMPACT = 18, 19, 20
"""Costs paid, discounted."""
EVER_LOCKED, BREACHED, DEPTH = 21, 22, 23
"""At the horizon: whether the fund was ever locked in cash, ever below its floor, and by how much at worst."""
# From here to PEAK: one group of rows, all that the short ladder touches where it is lean.
TURNOVER = 24
"""Value traded over NAV, summed."""
LOCKED = 25
"""Closes at which the fund asked for no stock."""
EXPOSURE = 26
"""Equity weight held after the trade, of NAV before its costs, summed over closes."""
DEEPEST = 27
"""Floor less NAV at its largest."""
CASH, STOCK = 28, 29
"""STOCK is the worth of the stock held, money: what the short ladder keeps in the place of units."""
MARK, PEAK, STRIKE, INSURED = 30, 31, 32, 33
"""What the rule remembers."""
FLOOR, WEIGHT = 34, 35
"""What the rule answered."""
FALL = 36
"""By how much the index fell over the step before, a fraction, zero or more."""
RUNG_MODEL, RUNG_LIMITS, RUNG_BAND, RUNG_THROTTLE, RUNG_LOTS = 37, 38, 39, 40, 41
"""Units of the rungs at this close."""
CHANGE = 42
"""Units to buy (or sell) before cash is asked."""
WIDTH = 43
"""Half width of the band, where it follows the path, NAV weight."""
UNITS = 44
"""Of the index, held."""
RING = 45
"""Weights signalled and not yet traded: lag + 1 rows, the last ones."""

RUNGS = {
    "model": MODEL,
    "limits": LIMITS,
    "band": BAND,
    "throttle": THROTTLE,
    "lots": LOTS,
    "calendar": CALENDAR,
    "lag": LAG,
    "halts": HALTS,
    "volume": VOLUME,
    "execution": EXECUTION,
}
CHARGES = {"commission": COMMISSION, "half_spread": HALF_SPREAD, "impact": IMPACT}
HEDGING_ERRORS = {"gap": GAP, "gamma": GAMMA, "overnight": NIGHT}

# The schedule: what only time decides, one row a step.
S_GROWTH, S_GROWN, S_DISCOUNT_NOW, S_DISCOUNT = 0, 1, 2, 3
"""e^{r dt}, e^{q dt}, and e^{-r t} at the step's first and last mark."""
S_SLOPE, S_SHIFT, S_DEVIATION, S_YIELD, S_BASE, S_BOND = 4, 5, 6, 7, 8, 9
"""Of the twin at the last mark: d1 = slope x + shift, v sqrt(tau), e^{-q tau}, stock held per unit, n K e^{-r tau}."""
S_LEFT_NOW, S_LEFT = 10, 11
"""Years to the horizon at the step's first and last mark."""
S_FLOOR, S_ELAPSED = 12, 13
"""Of the step's first mark."""
S_SIGNAL, S_TRADE, S_FIRST, S_WRITE, S_READ, S_AGED = 14, 15, 16, 17, 18, 19
"""Whether the close decides, trades, is the first; rows of the ring to write and read; growth of units on the way."""
S_LENT = 20
"""Money of the twin that is lent to the horizon, at the step's last mark."""
S_LAST = 21
"""Whether this is the horizon, where nothing is traded."""
SCHEDULE_COLUMNS = 22

# Terms of a put.
(
    P_UNITS,
    P_REINVESTED,
    P_GAP,
    P_EXPECTED_SQUARE,
    P_RATE,
    P_YIELD,
    P_VOL,
    P_LEGS,
    P_LOG_STRIKE,
    P_BOND,
    P_SPOT,
    P_LENT,
) = range(12)
P_FIRST_LEG = 12
"""Four numbers a leg: sign, units, strike, years that it expires before the horizon."""

# Terms of a book: frictions first, the rule's own behind them.
(
    B_LOWEST,
    B_HIGHEST,
    B_BAND,
    B_TO_EDGE,
    B_COST,
    B_PAID_OUT,
    B_THROTTLE,
    B_PER_TRADE,
    B_PER_SHARE,
    B_COMMISSION,
    B_MINIMUM,
    B_SPREAD,
    B_IMPACT,
    B_DAILY_VOL,
    B_ADV,
    B_WIDENING,
    B_HALT_FALL,
    B_HALT_CLOSES,
    B_LIMIT_DOWN,
    B_VOLUME,
    B_LOT,
    B_DECAY,
    B_RATE,
    B_YIELD,
    B_VOL,
    B_STEP_YEARS,
    B_TICKET,
    B_MATCHES_UNITS,
) = range(28)
B_RULE = 28

# What is kept of every path or of every block: rows FIRST_FIGURE .. of a book, GAP .. of a put.
FIRST_FIGURE = MODEL
BOOK_FIGURES = DEEPEST + 1 - MODEL
SUMS = EXPOSURE + 1 - NAV
"""Rows from NAV on that a ladder changes at a close: NAV, and sums over closes."""
PUT_FIGURES = 3

# What the loop over blocks is given: whole numbers, the stages, addresses of arrays.
PLAN = (
    "first",
    "paths",
    "puts",
    "books",
    "steps",
    "total",
    "offset",
    "world",
    "seed",
    "put_terms",
    "book_terms",
    "book_rows",
    "detailed",
    "lean",
)
ARRAYS = (
    "world",
    "world_start",
    "world_terms",
    "puts",
    "put_start",
    "put_terms",
    "put_schedule",
    "books",
    "book_start",
    "book_terms",
    "book_schedule",
    "index",
    "twins",
    "controls",
    "ends",
    "moments",
    "book_details",
    "put_details",
    "aside",
)

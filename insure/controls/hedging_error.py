"""How much trading at steps slips by itself: the standard deviation that a slippage breaker is measured in.

A put of strike K is replicated at N equal steps of its life T, the index lognormal with volatility v. Every step adds
1/2 G S^2 v^2 dt (z^2 - 1), z standard normal; over all paths with the drift of money the squares add up to

    sd(t)^2 = (n K e^{-r (T - t)})^2 v^2 T / (4 pi N) * integral_0^arcsin(t/T) exp(-d^2 / (1 + sin a)) da,

d = [ln(S0/K) + (r - q - v^2/2) T] / (v sqrt(T)), money at t. Source: Bertsimas, Kogan & Lo, "When is time continuous?",
Journal of Financial Economics 55 (2000), for the mean square over a life; at the money and at T it is Derman & Kamal's
sqrt(pi/4) vega v / sqrt(N) (Goldman Sachs, January 1999). The integral is Simpson's over 64 intervals, exact to 1e-9 of
itself; tests/controls/test_hedging_error.py holds it to Derman & Kamal (1e-12), to quadrature and to a simulation.

A rule that holds p times B in stock, B being what it scales with (CPPI and TIPP: the multiplier and the cushion; a
constant mix: the weight and the fund), would at every moment follow B' = B R^p exp((1 - p) (r + p v^2 / 2) dt). At
steps it follows B' = B e^{r dt} + p B (R - e^{r dt}) instead, which is off by 1/2 p (p - 1) B v^2 dt (z^2 - 1) a
step, as a put's gamma is (Boyle & Emanuel 1980, eq. 3, with G S^2 = p (p - 1) B). With the drift of money B^2 grows
as exp((2 r + p^2 v^2) t), so that n steps of t add up to

    sd(t) = B0 e^{r t} |p (p - 1)| v^2 t / sqrt(2 n) * sqrt((e^{p^2 v^2 t} - 1) / (p^2 v^2 t)),

to first order in dt: 8 % short of a simulation of daily steps with p = 5, less below (the same test). That error
stands in the cause ``model`` of such a fund's slippage, since its true put knows nothing of it: what is measured are
the causes beside it, in units of what steps, band and lots make together.
"""

import math

from insure.arguments import not_negative, positive
from insure.book import Record
from insure.decision import Memory, Valuation
from insure.decision.band import band_width, opening_width
from insure.fund import Fund
from insure.pricing.elementary import exp, log, sqrt
from insure.strategy_terms import ConstantMixTerms, CppiTerms, StopLossTerms, SyntheticPutTerms, TippTerms

HEDGED = ("gap", "gamma", "band", "lots", "execution", "rounding")
"""Causes of slippage that the deviation speaks of. The others are agreed (limits, throttle, capped, costs, flows,
financing), chosen (model, override, rollout), or re-mark the twin alone (vega, rates)."""
HEDGED_BESIDE = ("band", "lots", "execution", "rounding")
"""The same for a rule that is no put: ``gap`` and ``gamma`` are those of its twin's put."""
_OVERSHOOT = 0.5826
"""Mean overshoot of a barrier that is looked at in steps, in deviations of a step: -zeta(1/2) / sqrt(2 pi) (Broadie,
Glasserman & Kou 1997, Mathematical Finance 7(4), theorem 1.1)."""
_INTERVALS = 64


def hedging_deviation(
    strike_money: float,
    moneyness: float,
    years: float,
    elapsed: float,
    steps: float,
    rate: float,
    vol: float,
    dividend_yield: float = 0.0,
) -> float:
    """Standard deviation of the hedging error of ``strike_money / K`` puts after ``elapsed`` years, money then.

    Args:
        strike_money: n K, money.
        moneyness: S0/K when the put was begun.
        years: its life T.
        elapsed: years since, up to T.
        steps: trades of the whole life, N.
        rate: per year, continuously compounded.
        vol: per square root of year.
        dividend_yield: per year, continuously compounded.
    """
    life, reached = positive("years", years), min(not_negative("elapsed", elapsed), years)
    deviation = not_negative("vol", vol) * sqrt(life)
    if deviation == 0.0 or reached == 0.0:
        return 0.0
    d = (log(positive("moneyness", moneyness)) + (rate - dividend_yield) * life) / deviation - 0.5 * deviation
    width = math.asin(reached / life) / _INTERVALS
    ends = math.exp(-d * d) + math.exp(-d * d / (1.0 + reached / life))
    inner = sum(
        (4.0 if number % 2 else 2.0) * math.exp(-d * d / (1.0 + math.sin(number * width)))
        for number in range(1, _INTERVALS)
    )
    integral = (ends + inner) * width / 3.0
    discount = exp(-rate * (life - reached))
    return strike_money * discount * deviation * sqrt(integral / (4.0 * math.pi * positive("steps", steps)))


def stepping_deviation(base: float, exponent: float, elapsed: float, steps: float, rate: float, vol: float) -> float:
    """Standard deviation after ``elapsed`` years by which a rule followed at steps strays from one always followed.

    Args:
        base: B0, what the rule scales with, money; its size counts.
        exponent: p, stock over base.
        elapsed: t, years.
        steps: trades within it, n.
        rate: per year, continuously compounded.
        vol: per square root of year.
    """
    reached = not_negative("elapsed", elapsed)
    if reached == 0.0:
        return 0.0
    bent = abs(exponent * (exponent - 1.0)) * not_negative("vol", vol) ** 2 * reached
    spread = (exponent * vol) ** 2 * reached
    wider = math.sqrt(math.expm1(spread) / spread) if spread > 0.0 else 1.0
    return abs(base) * exp(rate * reached) * bent * wider / math.sqrt(2.0 * positive("steps", steps))


def slippage_in_deviations(fund: Fund, record: Record, steps: int) -> float | None:
    """Slippage of the period in force in standard deviations of what steps, band and lots make by themselves.

    The band leaves a weight anywhere within its width b of the target, uniformly: a deviation of b / sqrt(3) of the
    fund in the index; lots leave l / sqrt(3) units. Both earn the index's own deviation v sqrt(t). The volatility is
    the higher of the period's first and the last the put was marked at: a market that became wilder is allowed for. So
    is b, where the band's width follows the market, the wider of the period's first and the last decision's.

    Args:
        fund: the contract.
        record: the last decision.
        steps: slots of the whole period.

    Returns:
        None where the rule follows no market (it is bought once), no period is in force, or no step is over yet.
    """
    decision, track = record.decision, record.track
    memory, valuation = decision.memory, decision.valuation
    if track is None or memory is None or valuation is None or decision.rolled or not valuation.elapsed > 0.0:
        return None
    snapshot = decision.snapshot
    vol = max(memory.period.vol, snapshot.put_vol)
    own = _own_deviation(fund, record, memory, valuation, steps, vol)
    if own is None:
        return None
    index = vol * sqrt(valuation.elapsed / 3.0)
    width = max(opening_width(fund, memory, snapshot), band_width(fund, decision))
    band = width * valuation.nav * index
    lots = float(fund.lots.lot_units * snapshot.price) * index
    causes = HEDGED if fund.strategy.kind == "synthetic_put" else HEDGED_BESIDE
    measured = sum(track.causes.get(cause, 0.0) for cause in causes)
    deviation = math.hypot(own, band, lots)
    return measured / deviation if deviation > 0.0 else (0.0 if measured == 0.0 else math.copysign(math.inf, measured))


def _own_deviation(
    fund: Fund, record: Record, memory: Memory, valuation: Valuation, steps: int, vol: float
) -> float | None:
    """What the rule strays by itself when it is followed at steps, money; None for one that follows no market."""
    period, snapshot, terms = memory.period, record.decision.snapshot, fund.strategy
    done = steps * valuation.elapsed / period.years
    cushion = max(period.value - memory.start.guarantee * exp(-snapshot.rate * period.years), valuation.cushion)
    if isinstance(terms, SyntheticPutTerms):
        twin = record.track.twin if record.track is not None else None
        if twin is None or twin.bond:
            return None
        return hedging_deviation(
            twin.units * twin.strike,
            period.spot / twin.strike,
            period.years,
            valuation.elapsed,
            steps,
            snapshot.rate,
            vol,
            snapshot.dividend_yield,
        )
    if isinstance(terms, CppiTerms | TippTerms):
        return stepping_deviation(cushion, terms.multiplier, valuation.elapsed, done, snapshot.rate, vol)
    if isinstance(terms, ConstantMixTerms):
        return stepping_deviation(period.value, terms.weight, valuation.elapsed, done, snapshot.rate, vol)
    if isinstance(terms, StopLossTerms):
        return _OVERSHOOT * vol * sqrt(valuation.elapsed / done) * valuation.nav
    return None

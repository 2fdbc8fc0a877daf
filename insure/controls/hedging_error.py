"""How much trading at steps slips by itself: the standard deviation that a slippage breaker is measured in.

A put of strike K is replicated at N equal steps of its life T, the index lognormal with volatility v. Every step adds
1/2 G S^2 v^2 dt (z^2 - 1), z standard normal; over all paths with the drift of money the squares add up to

    sd(t)^2 = (n K e^{-r (T - t)})^2 v^2 T / (4 pi N) * integral_0^arcsin(t/T) exp(-d^2 / (1 + sin a)) da,

d = [ln(S0/K) + (r - q - v^2/2) T] / (v sqrt(T)), money at t. Source: Bertsimas, Kogan & Lo, "When is time continuous?",
Journal of Financial Economics 55 (2000), for the mean square over a life; at the money and at T it is Derman & Kamal's
sqrt(pi/4) vega v / sqrt(N) (Goldman Sachs, January 1999). The integral is Simpson's over 64 intervals, exact to 1e-9 of
itself; tests/controls/test_hedging_error.py holds it to Derman & Kamal (1e-12), to quadrature and to a simulation.
"""

import math

from insure.arguments import not_negative, positive
from insure.book import Record
from insure.decision.band import band_width, opening_width
from insure.fund import Fund
from insure.pricing.elementary import exp, log, sqrt

HEDGED = ("gap", "gamma", "band", "lots", "execution", "rounding")
"""Causes of slippage that the deviation speaks of. The others are agreed (limits, throttle, capped, costs, flows,
financing), chosen (model, override, rollout), or re-mark the twin alone (vega, rates)."""
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
        None where the fund replicates no put, no period is in force, or no step is over yet.
    """
    decision, track = record.decision, record.track
    memory, valuation = decision.memory, decision.valuation
    if fund.strategy.kind != "synthetic_put" or track is None or memory is None or valuation is None:
        return None
    if decision.rolled or not valuation.elapsed > 0.0 or track.twin.bond:
        return None
    period, twin, snapshot = memory.period, track.twin, decision.snapshot
    vol = max(period.vol, snapshot.put_vol)
    put = hedging_deviation(
        twin.units * twin.strike,
        period.spot / twin.strike,
        period.years,
        valuation.elapsed,
        steps,
        snapshot.rate,
        vol,
        snapshot.dividend_yield,
    )
    index = vol * sqrt(valuation.elapsed / 3.0)
    width = max(opening_width(fund, memory, snapshot), band_width(fund, decision))
    band = width * valuation.nav * index
    lots = float(fund.lots.lot_units * snapshot.price) * index
    measured = sum(track.causes.get(cause, 0.0) for cause in HEDGED)
    deviation = math.hypot(put, band, lots)
    return measured / deviation if deviation > 0.0 else (0.0 if measured == 0.0 else math.copysign(math.inf, measured))

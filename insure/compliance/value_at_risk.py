"""Value at risk of what a fund held, back-tested: losses step by step, and whether there were too many beyond it.

A step leads from one decision to the next. Its loss is what the stock and the options that were held lost, dividends
counted and interest left aside. Its value at risk is the loss that one step in a hundred exceeds where the index moves
by a normal deviation at the hedge volatility.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.special import bdtr, chdtrc, ndtri, xlogy

from insure.arguments import FloatArray
from insure.book.record import Record
from insure.option_book import earned
from insure.pricing import black_scholes
from insure.slippage import Mark

VAR_CONFIDENCE = 0.99
STEPS = 250
"""A year of steps, which supervisors count exceptions over."""
Zone = Literal["green", "yellow", "red"]
_EXCEEDED = 1.0 - VAR_CONFIDENCE
_DEVIATIONS = 2.3263478740408408
"""Standard deviations that a normal loss exceeds once in a hundred."""
_YELLOW, _RED = 0.95, 0.9999
_POINTS = 1000
"""Moves of the index, equally likely, that options are priced at."""


@dataclass(frozen=True, slots=True)
class VarStep:
    """One step: what was lost on it, and the value at risk that it began with."""

    session: dt.date
    loss: float
    value_at_risk: float
    within: bool
    """Whether the step ended in the period of the report."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A likelihood ratio with the probability that a correct model has one as large."""

    ratio: float
    p_value: float


@dataclass(frozen=True, slots=True)
class VarTest:
    """Value at risk (99 %, one step, normal at the hedge volatility) against what was really lost."""

    first: dt.date | None
    """Session at which the first step ended; None without steps."""
    steps: int
    """The last ones up to the end of the period, ``STEPS`` at most."""
    within: int
    """Those of them that ended in the period."""
    exceptions: tuple[VarStep, ...]
    """Steps that lost more than their value at risk."""
    coverage: Likelihood | None
    """Kupiec's test of how many exceptions there were; None without steps."""
    independence: Likelihood | None
    """Christoffersen's test of whether one follows another; None where there was none, or nothing but exceptions."""
    options: bool
    """Whether options were held on one of the steps."""
    path: tuple[VarStep, ...] = ()
    """Those of the steps that ended in the period, in order."""

    @property
    def expected(self) -> float:
        """Exceptions that a correct model has on average."""
        return self.steps * _EXCEEDED

    @property
    def zone(self) -> Zone:
        """Zone of the Basel framework: see ``zone``."""
        return zone(self.steps, len(self.exceptions))


def var_test(history: Sequence[Record], first: dt.date) -> VarTest:
    """The last steps of a fund, those with stock or options held.

    Args:
        history: all its decisions up to the end of the period, settled, in order.
        first: first session of the period.
    """
    found: list[tuple[VarStep, bool, bool]] = []
    for now, then in pairwise(reversed(history)):
        if len(found) == STEPS:
            break
        if not now.accrual.years > 0.0 or not (then.after.units > 0 or then.after.options):
            continue
        loss, at_risk = lost(then, now), value_at_risk(then, now.accrual.years)
        step = VarStep(now.session, loss, at_risk, within=now.session >= first)
        found.append((step, not (loss <= at_risk), bool(then.after.options)))
    found.reverse()
    beyond = [exceeded for _, exceeded, _ in found]
    return VarTest(
        first=found[0][0].session if found else None,
        steps=len(found),
        within=sum(step.within for step, _, _ in found),
        exceptions=tuple(step for step, exceeded, _ in found if exceeded),
        coverage=kupiec(len(beyond), sum(beyond)) if beyond else None,
        independence=christoffersen(beyond),
        options=any(options for _, _, options in found),
        path=tuple(step for step, _, _ in found if step.within),
    )


def lost(then: Record, now: Record) -> float:
    """What the holdings of one decision lost up to the next, money; below zero they gained. Interest is left aside.

    Options are marked as each decision marked them; one that expired on the way is worth what it paid.
    """
    before, after = then.decision.snapshot, now.decision.snapshot
    stock = float(then.after.units * (after.price + after.dividend - before.price))
    years = now.accrual.years
    marks = (
        Mark(float(before.price), 0.0, before.rate, before.dividend_yield, before.put_vol),
        Mark(float(after.price), -years, after.rate, after.dividend_yield, after.put_vol),
    )
    return -(stock + earned(then.option_legs, *marks, years).total)


def value_at_risk(record: Record, years: float) -> float:
    """The loss that the holdings of a decision exceed once in a hundred over so many years, money.

    V = 2.326 sigma sqrt(t) times the money in stock where no options are held. With options the loss is computed at
    1000 equally likely moves of the index, options priced anew with their time gone by and at the volatility that they
    were marked at, and V is the quantile of these: the loss need not grow with the fall.

    Accuracy: with options, the share of outcomes beyond V is 1 % to 0.02 points (tests/reports/test_value_at_risk.py).
    """
    seen = record.decision.snapshot
    deviation = seen.volatility.vol * math.sqrt(years)
    if not record.after.options:
        return _DEVIATIONS * deviation * float(record.equity)
    moves = ndtri((np.arange(_POINTS) + 0.5) / _POINTS) * deviation
    losses = np.sort(-(float(record.equity) * moves + _option_gains(record, moves, years)))
    beyond = round(_POINTS * _EXCEEDED)
    return float(0.5 * (losses[-beyond] + losses[-beyond - 1]))


def _option_gains(record: Record, moves: FloatArray, years: float) -> FloatArray:
    seen = record.decision.snapshot
    spots = np.maximum(float(seen.price) * (1.0 + moves), 0.0)
    gains = np.zeros_like(moves)
    for leg in record.option_legs:
        price = black_scholes.put if leg.kind == "put" else black_scholes.call
        left = max(leg.years(0.0) - years, 0.0)
        gains += leg.units * price(spots, leg.strike, left, seen.rate, seen.put_vol, seen.dividend_yield)
    return gains - float(record.options_money)


def kupiec(steps: int, exceptions: int) -> Likelihood:
    """Kupiec's proportion-of-failures test: whether exceptions are as many as one step in a hundred.

        LR = 2 [(n - x) ln((1 - x/n) / (1 - p)) + x ln((x/n) / p)],      chi-squared with one degree of freedom

    with n steps, x exceptions and p = 1 %. It is large for too many and for too few of them.

    Args:
        steps: one or more.
        exceptions: of these steps.

    Source: Kupiec (1995), "Techniques for Verifying the Accuracy of Risk Measurement Models", Journal of Derivatives 3.
    """
    share = exceptions / steps
    quiet = xlogy(steps - exceptions, 1.0 - share) - xlogy(steps - exceptions, 1.0 - _EXCEEDED)
    failed = xlogy(exceptions, share) - xlogy(exceptions, _EXCEEDED)
    return _likelihood(2.0 * float(quiet + failed))


def christoffersen(beyond: Sequence[bool]) -> Likelihood | None:
    """Christoffersen's test of independence: whether an exception is as likely after one as after none.

        LR = 2 [ln L(p01, p11) - ln L(p)],      ln L = sum over (i, j) of n_ij ln p_ij

    is chi-squared with one degree of freedom, with n_ij steps in state j after one in state i (1: an exception), p_ij =
    n_ij / (n_i0 + n_i1), and p the share of exceptions among all steps that follow another.

    Args:
        beyond: of each step in order, whether its loss exceeded its value at risk.

    Returns:
        None where one of the two states is followed by nothing: then there is nothing to compare.

    Source: Christoffersen (1998), "Evaluating Interval Forecasts", International Economic Review 39, section 4.1.
    """
    counts = np.zeros((2, 2))
    for before, now in pairwise(beyond):
        counts[int(before), int(now)] += 1
    after = counts.sum(axis=1)
    if not after.all():
        return None
    shares = counts / after[:, None]
    same = counts.sum(axis=0) / counts.sum()
    return _likelihood(2.0 * float(xlogy(counts, shares).sum() - xlogy(counts, same).sum()))


def zone(steps: int, exceptions: int) -> Zone:
    """Zone of a back-test: yellow where so many exceptions or fewer have a probability of 95 %, red of 99.99 %.

    In 250 steps that is yellow from 5 exceptions on and red from 10 on, table 2 of the source; without an exception it
    is green however few the steps.

    Source: Basel Committee on Banking Supervision (1996), "Supervisory framework for the use of backtesting in
    conjunction with the internal models approach to market risk capital requirements".
    """
    if not exceptions:
        return "green"
    probability = float(bdtr(float(exceptions), steps, _EXCEEDED))
    return "red" if probability >= _RED else "yellow" if probability >= _YELLOW else "green"


def _likelihood(ratio: float) -> Likelihood:
    positive = max(ratio, 0.0)  # equal likelihoods differ by rounding
    return Likelihood(positive, float(chdtrc(1.0, positive)))

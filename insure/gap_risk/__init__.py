"""What a gap, a jump or a slow hand costs a protected fund: closed forms, each with its source and measured accuracy.

Money is in the units of ``value``, at the horizon where a figure says so; the floor is the guarantee discounted at the
rate, ``G exp(-r (T - t))``; ``drift`` is the expected growth of the index, dividends included, per year and
continuously compounded: ``E[S_T] = S_0 exp(drift T)``.
"""

from insure.gap_risk.continuous import ContinuousCppi, continuous_cppi, continuous_cppi_value
from insure.gap_risk.cushion import cushion_after_cost, effective_multiple, multiplier_bound, survivable_gap
from insure.gap_risk.discrete import DiscreteCppi, discrete_cppi, multiplier_for_shortfall
from insure.gap_risk.hedging import hedging_error
from insure.gap_risk.jumps import JumpCppi, KouJumps, MertonJumps, jump_cppi

__all__ = [
    "ContinuousCppi",
    "DiscreteCppi",
    "JumpCppi",
    "KouJumps",
    "MertonJumps",
    "continuous_cppi",
    "continuous_cppi_value",
    "cushion_after_cost",
    "discrete_cppi",
    "effective_multiple",
    "hedging_error",
    "jump_cppi",
    "multiplier_bound",
    "multiplier_for_shortfall",
    "survivable_gap",
]

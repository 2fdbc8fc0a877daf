"""What a fund file says about its strategy, and the strategy value that it becomes for one protection period."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Gt, Le

from insure.strategies import BuyAndHold, ConstantMix, Cppi, StopLoss, Strategy, SyntheticPut, Tipp
from insure.strategies.cppi import FloorRule
from insure.strategies.synthetic_put import Dividends, Financing, Tracking

Fraction = Annotated[float, Ge(0.0), Le(1.0)]
FORBID_UNKNOWN: dict[str, str] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Promise:
    """What one protection period is about: the figures that the fund knows and a strategy value needs."""

    guarantee: float
    """Money at the horizon."""
    value: float
    """Money under protection at the start."""
    years: float
    vol: float
    """Hedge volatility at the start."""
    dividends: Dividends
    financing: Financing


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPutTerms:
    """Replicate stock with a put on it."""

    __pydantic_config__: ClassVar[dict[str, str]] = FORBID_UNKNOWN
    kind: Literal["synthetic_put"] = "synthetic_put"
    tracking: Tracking = "weight"
    leland_cost_bps: Annotated[float, Ge(0.0)] = 0.0
    leland_interval_sessions: Annotated[float, Gt(0.0)] = 1.0

    def strategy(self, promise: Promise) -> Strategy:
        """The synthetic put of this period."""
        return SyntheticPut(
            floor=promise.guarantee,
            years=promise.years,
            vol=promise.vol,
            tracking=self.tracking,
            dividends=promise.dividends,
            financing=promise.financing,
            leland_cost_bps=self.leland_cost_bps,
            leland_interval_years=self.leland_interval_sessions / 252.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CppiTerms:
    """Hold a multiple of the cushion above the floor."""

    __pydantic_config__: ClassVar[dict[str, str]] = FORBID_UNKNOWN
    kind: Literal["cppi"] = "cppi"
    multiplier: Annotated[float, Gt(0.0)] = 4.0
    floor_rule: FloorRule = "accreting"
    gap_sigmas: Annotated[float, Ge(0.0)] = 0.0
    zero_rates: tuple[tuple[float, float], ...] = ()
    step_fractions: tuple[tuple[float, float], ...] = ()
    """(years since the start, fraction of the value protected) pairs of a stepped floor."""

    def strategy(self, promise: Promise) -> Strategy:
        """The CPPI of this period; leverage is the limits' business."""
        return Cppi(
            guarantee=promise.guarantee,
            multiplier=self.multiplier,
            years=promise.years,
            floor_rule=self.floor_rule,
            cap=math.inf,
            gap_sigmas=self.gap_sigmas,
            zero_rates=self.zero_rates,
            steps=tuple((years, fraction * promise.value) for years, fraction in self.step_fractions),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TippTerms:
    """A floor that follows the highest value up, and a multiple of the cushion above it."""

    __pydantic_config__: ClassVar[dict[str, str]] = FORBID_UNKNOWN
    kind: Literal["tipp"] = "tipp"
    multiplier: Annotated[float, Gt(0.0)] = 4.0

    def strategy(self, promise: Promise) -> Strategy:
        """The TIPP of this period; it protects the fund's floor fraction of the highest value."""
        return Tipp(protect=promise.guarantee / promise.value, multiplier=self.multiplier)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLossTerms:
    """Stock until the floor is touched, cash from then on."""

    __pydantic_config__: ClassVar[dict[str, str]] = FORBID_UNKNOWN
    kind: Literal["stop_loss"] = "stop_loss"

    def strategy(self, promise: Promise) -> Strategy:
        """The stop-loss of this period."""
        return StopLoss(floor=promise.guarantee, years=promise.years)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantMixTerms:
    """A constant equity weight."""

    __pydantic_config__: ClassVar[dict[str, str]] = FORBID_UNKNOWN
    kind: Literal["constant_mix"] = "constant_mix"
    weight: Fraction = 0.6

    def strategy(self, promise: Promise) -> Strategy:  # noqa: ARG002
        """The mix; it promises nothing."""
        return ConstantMix(weight=self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyAndHoldTerms:
    """An equity weight bought once."""

    __pydantic_config__: ClassVar[dict[str, str]] = FORBID_UNKNOWN
    kind: Literal["buy_and_hold"] = "buy_and_hold"
    weight: Fraction = 1.0

    def strategy(self, promise: Promise) -> Strategy:  # noqa: ARG002
        """Buy and hold; it promises nothing."""
        return BuyAndHold(weight=self.weight)


StrategyTerms: TypeAlias = (
    SyntheticPutTerms | CppiTerms | TippTerms | StopLossTerms | ConstantMixTerms | BuyAndHoldTerms
)
PROTECTING = frozenset({"synthetic_put", "cppi", "tipp", "stop_loss"})
"""Kinds that promise the floor; the others carry a contract without one."""

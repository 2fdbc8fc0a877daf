"""What a fund file says about its strategy, and the strategy value that it becomes for one protection period."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, Len

from insure.errors import InvalidInput
from insure.strategies import (
    BuyAndHold,
    ConstantMix,
    Cppi,
    DeltaNeutral,
    Hybrid,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)
from insure.strategies.cppi import FloorRule
from insure.strategies.delta_neutral import Option
from insure.strategies.synthetic_put import Dividends, Financing, Tracking

Fraction = Annotated[float, Ge(0.0), Le(1.0)]
FORBID_UNKNOWN: dict[str, str | bool] = {"extra": "forbid", "allow_inf_nan": False}
"""Of the parts of a contract: no key that is not known, no figure that is infinite or no number."""


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
    spot: float
    """Price of one unit of the index at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPutTerms:
    """Replicate stock with a put on it."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["synthetic_put"] = "synthetic_put"
    tracking: Tracking = "weight"
    leland_cost_bps: Annotated[float, Ge(0.0), Le(10_000.0)] = 0.0
    leland_interval_sessions: Annotated[float, Gt(0.0), Le(2_520.0)] = 1.0

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

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["cppi"] = "cppi"
    multiplier: Annotated[float, Gt(0.0), Le(1_000.0)] = 4.0
    floor_rule: FloorRule = "accreting"
    gap_sigmas: Annotated[float, Ge(0.0), Le(1_000.0)] = 0.0
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

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["tipp"] = "tipp"
    multiplier: Annotated[float, Gt(0.0), Le(1_000.0)] = 4.0

    def strategy(self, promise: Promise) -> Strategy:
        """The TIPP of this period; it protects the fund's floor fraction of the highest value."""
        return Tipp(protect=promise.guarantee / promise.value, multiplier=self.multiplier)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLossTerms:
    """Stock until the floor is touched, cash from then on."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["stop_loss"] = "stop_loss"

    def strategy(self, promise: Promise) -> Strategy:
        """The stop-loss of this period."""
        return StopLoss(floor=promise.guarantee, years=promise.years)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantMixTerms:
    """A constant equity weight."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["constant_mix"] = "constant_mix"
    weight: Fraction = 0.6

    def strategy(self, promise: Promise) -> Strategy:  # noqa: ARG002
        """The mix; it promises nothing."""
        return ConstantMix(weight=self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyAndHoldTerms:
    """An equity weight bought once."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["buy_and_hold"] = "buy_and_hold"
    weight: Fraction = 1.0

    def strategy(self, promise: Promise) -> Strategy:  # noqa: ARG002
        """Buy and hold; it promises nothing."""
        return BuyAndHold(weight=self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticPutTerms:
    """Buy stock and the real put on it, and hold both to the horizon."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["static_put"] = "static_put"

    def strategy(self, promise: Promise) -> Strategy:
        """The bought put of this period; it costs the market's volatility, that of the twin."""
        return StaticPut(floor=promise.guarantee, years=promise.years, vol=promise.vol, dividends=promise.dividends)


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridTerms:
    """Buy a part of the put and replicate the rest."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["hybrid"] = "hybrid"
    bought_fraction: Fraction = 0.5
    """Puts bought, of the units of the structure."""
    gap_fraction: Annotated[float, Gt(0.0), Le(1.0)] = 1.0
    """Strike of the puts bought, of the structure's: 1 on the floor itself, 0.85 for gap puts 15 % below it."""
    put_years: Annotated[float, Gt(0.0)] | None = None
    """Time to their expiry; None: to the horizon."""
    strike_step: Annotated[float, Ge(0.0), Le(1e9)] = 0.0
    """Distance of listed strikes, in the price of the index; 0: any strike."""
    contract_units: Annotated[float, Ge(0.0), Le(1e9)] = 0.0
    """Units of the index in one contract; 0: any number of units."""
    tracking: Literal["weight", "units"] = "weight"

    def strategy(self, promise: Promise) -> Strategy:
        """The hybrid of this period."""
        return Hybrid(
            floor=promise.guarantee,
            years=promise.years,
            vol=promise.vol,
            bought=self.bought_fraction,
            gap=self.gap_fraction,
            put_years=self.put_years,
            strike_step=self.strike_step,
            contract=self.contract_units,
            tracking=self.tracking,
            dividends=promise.dividends,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTerms:
    """Options that a delta-neutral fund buys when a period begins."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["put", "call"]
    strike_fraction: Annotated[float, Gt(0.0), Le(10.0)]
    """Of the index at the start of the period."""
    units_fraction: Annotated[float, Gt(0.0), Le(10.0)]
    """Of the units of the index that the fund's value would buy. Options are bought, never sold: what a fund might owe
    at an expiry has no bound."""
    years: Annotated[float, Gt(0.0)] | None = None
    """To expiry; None: to the horizon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaNeutralTerms:
    """Hold options and hedge their delta with stock; a fund is never short, so that only a negative delta is hedged."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = FORBID_UNKNOWN
    kind: Literal["delta_neutral"] = "delta_neutral"
    options: Annotated[tuple[OptionTerms, ...], Len(1, 20)]
    target: Annotated[float, Ge(-1.0), Le(1.0)] = 0.0
    """Net delta per notional to return to; the notional is the options' units at the index of the start."""
    tolerance: Annotated[float, Ge(0.0), Le(1.0)] = 0.05
    """Net delta per notional that is left alone."""
    widening: Annotated[float, Ge(0.0), Le(1_000.0)] = 0.25
    """Daily standard deviations of delta drift that the tolerance is wider by."""

    def __post_init__(self) -> None:
        """Each instrument once: the book keeps one position of it."""
        kinds = [(each.kind, each.strike_fraction, each.years) for each in self.options]
        if len(set(kinds)) != len(kinds):
            raise InvalidInput("options name the same option twice; add its units_fraction up.")

    def strategy(self, promise: Promise) -> Strategy:
        """The options of this period with their hedge."""
        return DeltaNeutral(
            options=tuple(
                Option(
                    each.kind,
                    each.units_fraction * promise.value / promise.spot,
                    each.strike_fraction * promise.spot,
                    promise.years if each.years is None else min(each.years, promise.years),
                )
                for each in self.options
            ),
            vol=promise.vol,
            target=self.target,
            tolerance=self.tolerance,
            widening=self.widening,
        )


StrategyTerms: TypeAlias = (
    SyntheticPutTerms
    | CppiTerms
    | TippTerms
    | StopLossTerms
    | ConstantMixTerms
    | BuyAndHoldTerms
    | StaticPutTerms
    | HybridTerms
    | DeltaNeutralTerms
)
PROTECTING = frozenset({"synthetic_put", "cppi", "tipp", "stop_loss", "static_put", "hybrid"})
"""Kinds that promise the floor; the others carry a contract without one."""
HOLDING_OPTIONS = frozenset({"static_put", "hybrid", "delta_neutral"})
"""Kinds that buy options when a period begins."""

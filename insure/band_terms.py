"""What a fund file says about its no-trade band, and the band of ``insure.rebalancing`` that it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from annotated_types import Ge, Gt, Le
from pydantic import BeforeValidator, Discriminator

from insure.rebalancing import Band, DriftBand, FixedBand, WhalleyWilmottBand
from insure.strategies.legs import daily_drift
from insure.strategies.rule import Sight

To = Literal["target", "edge"]
_FORBID_UNKNOWN: dict[str, str | bool] = {"extra": "forbid", "allow_inf_nan": False}
_ONE_PERCENT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedBandTerms:
    """One width, whatever the market does."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = _FORBID_UNKNOWN
    kind: Literal["fixed"] = "fixed"
    width_weight: Annotated[float, Ge(0.0), Le(1.0)] = 0.0
    to: To = "target"

    def band(self, cost_bps: float) -> Band:  # noqa: ARG002  # as every band's terms
        """The band."""
        return FixedBand(self.width_weight)

    def words(self, cost_bps: float) -> str:  # noqa: ARG002  # as every band's terms
        """The band in a few words."""
        return f"{self.width_weight:.2%}"

    def sentence(self, cost_bps: float) -> str:  # noqa: ARG002  # as every band's terms
        """The band as the contract reads it back."""
        if not self.width_weight > 0.0:
            return "It trades every difference from its target."
        points = f"{self.width_weight * 100:g} points"
        return f"It trades once the weight is more than {points} from its target, to the {self.to}."

    def because(self, cost_bps: float, sight: Sight, gamma: float) -> str:  # noqa: ARG002  # as every band's terms
        """Nothing: it is as wide as on any day."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhalleyWilmottBandTerms:
    """As wide as gamma, the cost of a trade and risk aversion make best."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = _FORBID_UNKNOWN
    kind: Literal["whalley_wilmott"] = "whalley_wilmott"
    risk_aversion: Annotated[float, Gt(0.0), Le(1e6)]
    """Relative to the fund's value; the width falls with its cube root."""
    cost_bps: Annotated[float, Gt(0.0), Le(10_000.0)] | None = None
    """What a trade costs, one way; None for commission_bps and half_spread_bps of the fund's own costs."""
    to: To = "target"

    def band(self, cost_bps: float) -> Band:
        """The band, at the fund's own costs where it names none."""
        return WhalleyWilmottBand(self._cost(cost_bps), self.risk_aversion)

    def words(self, cost_bps: float) -> str:
        """The band in a few words."""
        return f"Whalley and Wilmott ({self._cost(cost_bps):g} bps, risk aversion {self.risk_aversion:g})"

    def sentence(self, cost_bps: float) -> str:
        """The band as the contract reads it back."""
        return (
            f"It trades once the weight leaves the band of Whalley and Wilmott around its target, to the {self.to}; "
            f"each slot finds the band anew from gamma, a cost of {self._cost(cost_bps):g} bps and a risk aversion of "
            f"{self.risk_aversion:g}."
        )

    def because(self, cost_bps: float, sight: Sight, gamma: float) -> str:
        """Why the band is as wide as it is."""
        asked = abs(gamma) * sight.spot * sight.spot * _ONE_PERCENT / sight.nav
        return (
            f"a move of the index by 1% asks for a trade of {asked * 100:.2f} points, at {self._cost(cost_bps):g} bps "
            f"and a risk aversion of {self.risk_aversion:g}"
        )

    def _cost(self, cost_bps: float) -> float:
        return cost_bps if self.cost_bps is None else self.cost_bps


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftBandTerms:
    """A width, and more of it the further a day moves the target."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = _FORBID_UNKNOWN
    kind: Literal["drift"] = "drift"
    width_weight: Annotated[float, Ge(0.0), Le(1.0)] = 0.0
    """Half width at zero gamma."""
    widening_sigmas: Annotated[float, Gt(0.0), Le(100.0)]
    """How many daily standard deviations of the target's drift the band is wider by."""
    to: To = "target"

    def band(self, cost_bps: float) -> Band:  # noqa: ARG002  # as every band's terms
        """The band."""
        return DriftBand(self.width_weight, self.widening_sigmas)

    def words(self, cost_bps: float) -> str:  # noqa: ARG002  # as every band's terms
        """The band in a few words."""
        return f"{self.width_weight:.2%} and {self.widening_sigmas:g} daily drifts"

    def sentence(self, cost_bps: float) -> str:  # noqa: ARG002  # as every band's terms
        """The band as the contract reads it back."""
        return (
            f"It trades once the weight leaves a band around its target, to the {self.to}; each slot finds the band "
            f"anew: {self.width_weight * 100:g} points and {self.widening_sigmas:g} times what one standard deviation "
            "of a day moves the target by."
        )

    def because(self, cost_bps: float, sight: Sight, gamma: float) -> str:  # noqa: ARG002  # as every band's terms
        """Why the band is as wide as it is."""
        drift = daily_drift(gamma, sight.spot, sight.vol) / sight.nav
        return (
            f"{self.width_weight * 100:g} points and {self.widening_sigmas:g} times the {drift * 100:.2f} points that "
            "one standard deviation of a day moves the target by"
        )


def _of_a_kind(content: object) -> object:
    """Files that name no kind mean the fixed band, the only one there was."""
    return {"kind": "fixed", **content} if isinstance(content, Mapping) else content


_Kinds = Annotated[FixedBandTerms | WhalleyWilmottBandTerms | DriftBandTerms, Discriminator("kind")]
BandTerms: TypeAlias = Annotated[_Kinds, BeforeValidator(_of_a_kind)]

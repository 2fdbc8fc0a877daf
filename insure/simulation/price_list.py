"""A fund's price list as the laboratory charges it."""

from insure import fund as contract
from insure.costs import Costs


def price_list(terms: contract.Costs) -> Costs:
    """The costs of a fund file, every kind of them."""
    impact = terms.impact_coefficient > 0.0
    return Costs(
        commission_bps=terms.commission_bps,
        half_spread_bps=terms.half_spread_bps,
        commission_per_trade=float(terms.commission_per_trade_money),
        commission_per_share=float(terms.commission_per_unit_money),
        commission_minimum=float(terms.commission_minimum_money),
        impact_coefficient=terms.impact_coefficient if impact else 0.0,
        daily_vol=terms.impact_daily_vol if impact else Costs().daily_vol,
        average_daily_volume=terms.daily_volume_units if impact else Costs().average_daily_volume,
    )

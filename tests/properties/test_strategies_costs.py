"""Laws of the price list: each kind on its own, never a gift, and purchases cut to the money there is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.costs import CAUSES, FREE, Costs, commission, half_spread, impact
from insure.errors import InvalidInput

lists = st.builds(
    Costs,
    commission_per_trade=st.sampled_from([0.0, 1.0]),
    commission_per_share=st.sampled_from([0.0, 0.01]),
    commission_bps=st.floats(0.0, 100.0),
    commission_minimum=st.sampled_from([0.0, 5.0]),
    half_spread_bps=st.floats(0.0, 100.0),
    impact_coefficient=st.sampled_from([0.0, 0.7]),
    daily_vol=st.floats(0.0, 0.05),
    average_daily_volume=st.sampled_from([1e3, 1e7, math.inf]),
)
sizes = st.floats(0.0, 1e6)
prices = st.floats(0.01, 1e4)


@pytest.mark.parametrize(
    ("units", "fee"),
    [
        (0.0, 0.0),
        (10.0, 7.0),  # 1 + 10 * 0.02 + 2 bp of 1,000 = 1.4, below the minimum
        (1000.0, 41.0),  # 1 + 20 + 2 bp of 100,000 = 41
        (-1000.0, 41.0),
    ],
)
def test_a_commission_counted_by_hand(units: float, fee: float) -> None:
    assert commission(units, 100.0, per_trade=1.0, per_share=0.02, bps=2.0, minimum=7.0) == pytest.approx(fee)


def test_half_the_spread_counted_by_hand() -> None:
    assert half_spread(-1000.0, 50.0, 5.0) == pytest.approx(25.0, rel=1e-15)


def test_impact_counted_by_hand() -> None:
    """A hundredth of a day's volume at 2 % a day: 0.8 * 0.02 * 0.1 = 16 bp of 500,000."""
    assert impact(1e4, 50.0, 0.8, 0.02, 1e6) == pytest.approx(800.0, rel=1e-14)


@given(costs=lists, units=sizes, price=prices)
def test_each_cause_is_booked_and_nothing_is_a_gift(costs: Costs, units: float, price: float) -> None:
    charges = costs.charges(units, price)
    assert tuple(charges) == CAUSES
    assert all(money >= 0.0 for money in charges.values())
    assert costs.total(units, price) == pytest.approx(sum(charges.values()), rel=1e-15)
    assert costs.charges(-units, price) == charges, "buying and selling cost the same"
    assert costs.total(0.0, price) == 0.0, "no trade costs nothing"
    assert FREE.total(units, price) == 0.0


@given(costs=lists, units=sizes, price=prices)
def test_larger_trades_cost_more(costs: Costs, units: float, price: float) -> None:
    assert costs.total(2.0 * units, price) >= costs.total(units, price)


@given(units=st.floats(1.0, 1e6), price=prices)
def test_impact_grows_with_the_square_root_of_size(units: float, price: float) -> None:
    costs = Costs(impact_coefficient=1.0, average_daily_volume=1e6)
    per_value = [costs.total(n, price) / (n * price) for n in (units, 4.0 * units)]
    assert per_value[1] == pytest.approx(2.0 * per_value[0], rel=1e-12)


@given(
    costs=lists, units=st.floats(1e-3, 1e6), price=prices, share=st.one_of(st.floats(-0.5, 0.0), st.floats(1e-9, 1.5))
)
def test_a_purchase_takes_all_that_it_can_and_no_more(costs: Costs, units: float, price: float, share: float) -> None:
    money = share * units * price
    bought = costs.most_affordable(units, price, money)
    assert 0.0 <= bought <= units
    assert bought * price + costs.total(bought, price) <= max(money, 0.0) * (1.0 + 1e-12)
    if 0.0 < bought < units:
        more = bought * (1.0 + 1e-9)
        assert more * price + costs.total(more, price) >= money * (1.0 - 1e-12), "it could have bought more"


def test_money_below_the_smallest_commission_buys_nothing() -> None:
    assert Costs(commission_minimum=5.0).most_affordable(10.0, 1.0, 4.99) == 0.0


@given(costs=lists, price=prices)
def test_proportional_means_proportional(costs: Costs, price: float) -> None:
    if costs.proportional:
        assert costs.total(1e6, price) == pytest.approx(costs.fraction * 1e6 * price, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("commission_per_trade", -1.0),
        ("commission_per_share", math.nan),
        ("commission_bps", math.inf),
        ("commission_minimum", -0.01),
        ("half_spread_bps", -1.0),
        ("impact_coefficient", -1.0),
        ("daily_vol", -0.1),
        ("average_daily_volume", 0.0),
        ("average_daily_volume", math.nan),
    ],
)
def test_a_price_list_that_pays_the_fund_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=f"^{name} is "):
        Costs(**{name: value})

"""The highest weight holds once a purchase is paid for, whatever it costs and however it is spread."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.decision import Circumstances, Holdings, decide
from insure.decision.circumstances import EDITION
from insure.decision.ladder import WEIGHT_TOLERANCE
from insure.fund import Fund
from tests.contracts import fund, snapshot

DAY = dt.date(2007, 1, 3)

contracts = st.builds(
    lambda highest, lot, bps, minimum, schedule, impact: fund(
        strategy={"kind": "constant_mix", "weight": 1.0},
        limits={"highest_weight": highest},
        lots={"lot_units": lot},
        costs={
            "commission_bps": bps,
            "half_spread_bps": bps,
            "commission_minimum_money": minimum,
            "commission_per_trade_money": minimum / 5,
            "commission_per_unit_money": minimum / 1000,
            "impact_coefficient": impact,
            "daily_volume_units": 100_000.0,
        },
        schedule={"slot": "open+120min"},
        execution={"schedule": schedule, "venues": [{"name": "A", "weight": 3.0}, {"name": "B"}]},
    ),
    st.floats(0.01, 0.999),
    st.sampled_from([Decimal("0.000001"), Decimal("0.01"), Decimal(1), Decimal(10)]),
    st.sampled_from([0.0, 1.0, 25.0, 300.0]),
    st.sampled_from([Decimal(0), Decimal(5), Decimal(500)]),
    st.sampled_from(["at_once", "twap", "participation"]),
    st.sampled_from([0.0, 1.0]),
)
holdings = st.builds(
    Holdings,
    st.decimals(Decimal(0), Decimal(20_000), places=6),
    st.decimals(Decimal(1), Decimal(2_000_000), places=2),
)


def _after(of: Fund, held: Holdings, price: Decimal) -> tuple[float, float, float, float]:
    """Weight before, equity and NAV after, and what the trade costs; no trade leaves all as it was."""
    seen = replace(snapshot(DAY, price), at=dt.datetime(2007, 1, 3, 16, 30, tzinfo=dt.UTC))
    decision = decide(of, held, None, seen)
    assert decision.valuation is not None
    units, cash, cost = held.units, held.cash, Decimal(0)
    if decision.trade is not None:
        units, cash = units + decision.trade.units, decision.trade.cash_after(cash)
        cost = decision.trade.cost
    return decision.valuation.weight, float(units * price), float(units * price + cash), float(cost)


@given(contracts, holdings, st.decimals(Decimal("0.5"), Decimal(500), places=2))
def test_the_highest_weight_holds_after_costs(of: Fund, held: Holdings, price: Decimal) -> None:
    before, equity, nav, cost = _after(of, held, price)
    most = max(of.limits.highest_weight, before)
    assert equity <= (most + WEIGHT_TOLERANCE) * nav, f"{equity:,.2f} of {nav:,.2f} in stock, above {most:.4%}"
    if before < of.limits.highest_weight and equity > float(held.units * price):
        left = of.limits.highest_weight * nav - equity
        lot = float(of.lots.lot_units * price)
        assert left <= 2 * lot + 2 * cost + 1.0, f"{left:,.2f} of room are left, with costs of {cost:,.2f}"


def test_a_first_purchase_up_to_the_highest_weight_is_within_it_and_says_so() -> None:
    of = fund(
        strategy={"kind": "buy_and_hold"},
        limits={"highest_weight": 0.7},
        costs={"commission_bps": 10.0, "half_spread_bps": 5.0},
    )
    decision = decide(of, Holdings(Decimal(0), Decimal(10_000_000)), None, snapshot(DAY, Decimal(100)))
    assert decision.trade is not None
    assert decision.ladder is not None
    left = decision.trade.cash_after(Decimal(10_000_000))
    stock = decision.trade.units * 100
    assert stock <= Decimal("0.7") * (stock + left), "the purchase is not within the highest weight"
    assert decision.ladder["lots"].reason.endswith("The highest weight, 70.00%, holds after costs too.")


def test_a_decision_of_before_is_made_again_as_it_was() -> None:
    """Orders for a broker outside, and held decisions, were kept with purchases up to the weight before costs."""
    of = fund(
        strategy={"kind": "constant_mix", "weight": 0.7},
        limits={"highest_weight": 0.7},
        costs={"commission_bps": 10.0},
    )
    opens = dt.datetime(2007, 1, 3, 14, 30, tzinfo=dt.UTC)
    seen = snapshot(DAY, Decimal(100))
    before = Circumstances(now=seen.at, opens=opens, closes=seen.at, price_sessions=0)
    now = replace(before, edition=EDITION)
    found = [decide(of, Holdings(Decimal(0), Decimal(1_000_000)), None, seen, each) for each in (before, now)]
    was, is_now = [one.trade or one.withheld for one in found]
    assert was is not None
    assert is_now is not None
    assert was.units == Decimal(7000)
    assert Decimal(6994) < is_now.units < Decimal(6996)


@pytest.mark.parametrize("cost", [0.0, 0.002])
def test_what_the_law_tolerates_is_decided_as_it_was(cost: float) -> None:
    """Half a millionth above: kept by books of before, and made again from them bit for bit."""
    of = fund(
        strategy={"kind": "constant_mix", "weight": 0.7}, limits={"highest_weight": 0.7}, costs={"commission_bps": cost}
    )
    decision = decide(of, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(DAY, Decimal(100)))
    assert decision.trade is not None
    assert decision.trade.units == Decimal(7000)

"""Implementation shortfall: paper portfolio minus real one, exactly, child by child."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.execution import Executed, shortfall

prices = st.decimals(1, 10_000, places=2)
sides = st.sampled_from([Decimal(1), Decimal(-1)])
parts = st.lists(st.tuples(st.integers(1, 10_000), prices, st.decimals(0, 100, places=2)), max_size=8)


@given(sides, parts, st.integers(0, 10_000), prices, prices)
def test_it_is_what_the_paper_portfolio_gains_more(
    side: Decimal, done: list[tuple[int, Decimal, Decimal]], left: int, arrival: Decimal, last: Decimal
) -> None:
    decided = side * (sum(units for units, _, _ in done) + left + (0 if done or left else 1))
    fills = [Executed(side * units, price, fees) for units, price, fees in done]
    found = shortfall(decided, arrival, fills, last)
    paper = decided * (last - arrival)
    real = sum((fill.units * (last - fill.price) - fill.fees for fill in fills), Decimal(0))
    assert found.total == paper - real, "price, fees and opportunity are not the difference of the two portfolios"


@given(sides, st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 1000), prices), min_size=1, max_size=8), prices)
def test_children_add_up_to_their_parent(
    side: Decimal, children: list[tuple[int, int, Decimal]], last: Decimal
) -> None:
    arrival = Decimal(100)
    fills = [[Executed(side * done, price, Decimal(1))] for done, _, price in children]
    own = [
        shortfall(side * (done + left), arrival, each, last)
        for (done, left, _), each in zip(children, fills, strict=True)
    ]
    whole = shortfall(
        sum((one.decided for one in own), Decimal(0)), arrival, [fill for each in fills for fill in each], last
    )
    for cause in ("price", "fees", "opportunity", "total"):
        assert sum(getattr(one, cause) for one in own) == getattr(whole, cause), cause


def test_by_hand() -> None:
    done = [
        Executed(Decimal(-600), Decimal(99), Decimal(6)),
        Executed(Decimal(-200), Decimal(98), Decimal(2)),
    ]
    found = shortfall(Decimal(-1000), Decimal(100), done, Decimal(95))
    assert (found.price, found.fees, found.opportunity) == (Decimal(1000), Decimal(8), Decimal(1000))
    assert found.average == Decimal("98.75")
    assert found.bps == pytest.approx(200.8)
    assert shortfall(Decimal(5), Decimal(10), [], Decimal(11)).average is None


@pytest.mark.parametrize(
    ("decided", "arrival", "units", "said"),
    [
        (Decimal(0), Decimal(1), Decimal(1), "decided is 0"),
        (Decimal("NaN"), Decimal(1), Decimal(1), "decided is NaN"),
        (Decimal(5), Decimal("NaN"), Decimal(1), "arrival is NaN"),
        (Decimal(5), Decimal("-0.01"), Decimal(1), "arrival is -0.01"),
        (Decimal(5), Decimal(1), Decimal(-1), "fills are -1"),
        (Decimal(5), Decimal(1), Decimal(6), "fills are 6"),
    ],
)
def test_what_cannot_be_is_refused(decided: Decimal, arrival: Decimal, units: Decimal, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        shortfall(decided, arrival, [Executed(units, Decimal(1), Decimal(0))], Decimal(1))

"""Hull's tables of dynamic hedging: 100,000 calls sold, S 49, K 50, r 5 %, vol 20 %, 20 weeks, hedged every week.

Source: J. Hull, Options, Futures and Other Derivatives, chapter "The Greek letters", "Dynamic aspects of delta
hedging": one price path on which the option ends in the money, one on which it ends out of it.
"""

import math

import pytest

from insure.backtest import replay
from insure.pricing import black_scholes
from insure.strategies import DeltaNeutral, Option
from insure.strategies.legs import option

# fmt: off
IN_THE_MONEY = [
    (49.00, 0.522), (48.12, 0.458), (47.37, 0.400), (50.25, 0.596), (51.75, 0.693), (53.12, 0.774), (53.00, 0.771),
    (51.87, 0.706), (51.38, 0.674), (53.00, 0.787), (49.88, 0.550), (48.50, 0.413), (49.88, 0.542), (50.37, 0.591),
    (52.13, 0.768), (51.88, 0.759), (52.87, 0.865), (54.87, 0.978), (54.62, 0.990), (55.87, 1.000), (57.25, 1.000),
]
OUT_OF_THE_MONEY = [
    (49.00, 0.522), (49.75, 0.568), (52.00, 0.705), (50.00, 0.579), (48.38, 0.459), (48.25, 0.443), (48.75, 0.475),
    (49.63, 0.540), (48.25, 0.420), (48.25, 0.410), (51.12, 0.658), (51.50, 0.692), (49.88, 0.542), (49.88, 0.538),
    (48.75, 0.400), (47.50, 0.236), (48.00, 0.261), (46.25, 0.062), (48.13, 0.183), (46.63, 0.007), (48.12, 0.000),
]
# fmt: on
PATHS = [pytest.param(IN_THE_MONEY, id="in-the-money"), pytest.param(OUT_OF_THE_MONEY, id="out-of-the-money")]
STRIKE, RATE, VOL, WEEKS = 50.0, 0.05, 0.2, 20
Path = list[tuple[float, float]]


@pytest.mark.parametrize("path", PATHS)
def test_every_delta_of_the_table(path: Path) -> None:
    for week, (spot, published) in enumerate(path):
        years = (WEEKS - week) / 52.0
        scalar = option(1.0, spot, STRIKE, years, RATE, 0.0, VOL).delta
        priced = black_scholes.greeks("call", spot, STRIKE, years, RATE, VOL).delta
        assert round(scalar, 3) == published, f"week {week} at {spot}: {scalar:.5f}, the table says {published}"
        assert scalar == pytest.approx(priced, abs=1e-14)


@pytest.mark.parametrize("path", PATHS)
def test_the_hedged_book_holds_the_tables_shares(path: Path) -> None:
    """The strategy's stock after each weekly trade is the table's delta times 100,000, to the table's rounding."""
    book = DeltaNeutral((Option("call", -100_000.0, STRIKE, WEEKS / 52.0),), vol=VOL, tolerance=0.0, widening=0.0)
    replayed = replay(
        book, [spot for spot, _ in path], value=10e6, steps=WEEKS, steps_per_year=52, rate=RATE, max_weight=2.0
    )
    for held, (_, published) in zip(replayed.rungs["execution"], path, strict=False):
        assert held / 100_000.0 == pytest.approx(published, abs=5.0001e-4)


@pytest.mark.parametrize(
    ("path", "published"),
    [pytest.param(IN_THE_MONEY, 263_300.0, id="in-the-money"), pytest.param(OUT_OF_THE_MONEY, 256_600.0, id="out")],
)
def test_the_cost_of_hedging(path: Path, published: float) -> None:
    """Money spent on hedging by week 20, interest included: 5,263,300 less the strike received, and 256,600.

    The table rounds deltas to 0.001 and money to 100, and trades once more at expiry; hence within 0.05 %.
    """
    book = DeltaNeutral((Option("call", -100_000.0, STRIKE, WEEKS / 52.0),), vol=VOL, tolerance=0.0, widening=0.0)
    replayed = replay(
        book, [spot for spot, _ in path], value=10e6, steps=WEEKS, steps_per_year=52, rate=RATE, max_weight=2.0
    )
    premium = 100_000.0 * black_scholes.call(49.0, STRIKE, WEEKS / 52.0, RATE, VOL)
    assert premium == pytest.approx(240_053.0, abs=1.0)
    spent = (10e6 + premium) * math.exp(RATE * WEEKS / 52.0) - float(replayed.values.iloc[-1])
    assert spent == pytest.approx(published, rel=5e-4)

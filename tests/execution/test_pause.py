"""Too wide or too thin to buy in: a table of quotes, the boundary, and what cannot be known."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from insure.errors import MarketDataError
from insure.execution import Quote, wide_or_thin
from insure.execution_terms import Execution
from insure.feeds.csv_prices import CsvPrices

WIDE = Execution(widest_spread_bps=20.0)
THIN = Execution(least_depth_units=500.0)


def quote(bid: str | None, ask: str | None, depth: float | None = None) -> Quote:
    return Quote(None if bid is None else Decimal(bid), None if ask is None else Decimal(ask), depth)


@pytest.mark.parametrize(
    ("terms", "shown", "said"),
    [
        (Execution(), quote(None, None), ""),
        (WIDE, quote("99.95", "100.05"), ""),
        (WIDE, quote("99.90", "100.10"), ""),
        (WIDE, quote("99.89", "100.10"), "Bid to ask is 21.0 bps; the most to buy in is 20."),
        (WIDE, quote(None, "100.10"), "tells no bid and ask"),
        (THIN, quote(None, None, 500.0), ""),
        (THIN, quote(None, None, 499.0), "499 units are quoted; the least to buy in is 500."),
        (THIN, quote(None, None, float("nan")), "the least to buy in is 500."),
        (THIN, quote("99", "101"), "tells no depth"),
    ],
)
def test_a_market_is_judged_by_its_quote(terms: Execution, shown: Quote, said: str) -> None:
    found = wide_or_thin(terms, shown)
    assert (said in found) if said else found == "", found


def test_both_limits_are_told_together() -> None:
    both = Execution(widest_spread_bps=1.0, least_depth_units=10.0)
    found = wide_or_thin(both, quote("99", "101", 5.0))
    assert "Bid to ask" in found
    assert "5 units are quoted" in found


def test_the_depth_comes_from_the_price_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("date,close,bid,ask,depth\n2024-01-02,100,99.9,100.1,1500\n2024-01-03,101,,,\n", encoding="utf-8")
    first, second = CsvPrices(path).rows
    assert (first.depth, second.depth) == (1500.0, None)
    bad = tmp_path / "bad.csv"
    bad.write_text("date,close,depth\n2024-01-02,100,-1\n", encoding="utf-8")
    with pytest.raises(MarketDataError, match="depth is '-1'"):
        CsvPrices(bad).at(dt.date(2024, 1, 2), 0)

"""The feed that a contract names."""

from pathlib import Path

from insure.feeds.csv_prices import CsvPrices
from insure.feeds.feed import PriceFeed
from insure.feeds.sample import SamplePrices
from insure.fund import CsvFeed, Feed


def feed_of(terms: Feed, desk: Path) -> PriceFeed:
    """The feed that a fund file names; paths are relative to the desk folder."""
    return CsvPrices(desk / terms.file, shown=terms.file) if isinstance(terms, CsvFeed) else SamplePrices()

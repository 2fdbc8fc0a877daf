"""Where prices come from: one feed a file, all answering with the same observation."""

from insure.feeds.feed import Observation, PriceFeed, Row, look
from insure.feeds.named import feed_of

__all__ = ["Observation", "PriceFeed", "Row", "feed_of", "look"]

"""Where prices come from: one feed a file, all answering with the same observation."""

from insure.feeds.feed import Observation, PriceFeed, Row, feed_of, look

__all__ = ["Observation", "PriceFeed", "Row", "feed_of", "look"]

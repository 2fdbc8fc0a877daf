"""The one record of what is due, decided, sent and filled."""

from insure.book.book import Book, SlotPage, Standing
from insure.book.record import Record

__all__ = ["Book", "Record", "SlotPage", "Standing"]

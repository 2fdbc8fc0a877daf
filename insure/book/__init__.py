"""The one record of what is due, decided, sent and filled."""

from insure.book.book import Batch, Book, Run, Slots
from insure.book.outbox import OpenOrder
from insure.book.page import SlotPage, Standing
from insure.book.record import Record
from insure.book.statements import Statement

__all__ = ["Batch", "Book", "OpenOrder", "Record", "Run", "SlotPage", "Slots", "Standing", "Statement"]

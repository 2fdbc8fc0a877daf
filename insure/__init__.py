"""insure decides: the pure domain of protected funds, the laboratory and the book."""

__version__ = "0.1.0"

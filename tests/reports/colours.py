"""Which lines share a chart."""

from reports.figures import Role

TOGETHER: tuple[tuple[Role, ...], ...] = (
    ("fund", "twin", "index", "floor"),
    ("fund", "first", "index"),
    ("losses", "floor"),
    ("fund", "first", "second", "third", "fourth", "fifth"),
)
"""Lines that share a chart: of values, and of causes or cases; tests/reports/test_pages.py holds the reports to it."""

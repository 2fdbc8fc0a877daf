"""The stress report: what gaps, crises, models and crowds would do to a fund as it stands."""

from reports.stress.page import StressReport, build, intact, sealed

__all__ = ["StressReport", "build", "intact", "sealed"]

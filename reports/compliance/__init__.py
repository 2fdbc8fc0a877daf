"""The compliance report: a period's facts, judged, section by section."""

from reports.compliance.page import ComplianceReport, build

__all__ = ["ComplianceReport", "build"]

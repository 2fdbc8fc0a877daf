"""The head of a report: which fund, contract, moment and book it speaks of."""

from collections.abc import Mapping
from types import MappingProxyType

from insure.book.record import Record
from insure.decision import Phase, fund_calendar
from insure.fund import Fund, Stage
from reports.figures import Anchor, Head, watermark

_STAGES: Mapping[Phase, Stage] = MappingProxyType(
    {
        "replay": "replay",
        "paper": "paper",
        "shadow": "shadow",
        "pilot": "pilot",
        "live-25": "live",
        "live-50": "live",
        "live-100": "live",
    }
)


def head(
    kind: str,
    title: str,
    period: str,
    fund: Fund,
    last: Record | None,
    anchor: tuple[int, str] | None,
    *,
    code_version: str = "",
) -> Head:
    """The head of a report on ``fund`` whose last decision shown is ``last``; ``code_version`` where there is none.

    ``anchor`` is None for what depends on no chain.
    """
    stage = stands(fund, last)
    return Head(
        kind=kind,
        title=title,
        fund_id=fund.id,
        fund_name=fund.name,
        instrument=fund.instrument,
        currency=fund.currency,
        stage=stage,
        watermark=watermark(stage),
        period=period,
        code_version=code_version if last is None else last.code_version,
        config_sha256=fund.config_sha256 if last is None else last.decision.config_sha256,
        anchor=None if anchor is None else Anchor(*anchor),
        zone=fund_calendar(fund).zone.key,
    )


def stands(fund: Fund, last: Record | None) -> Stage:
    """Where the fund stood when it was decided: a file that says live moves no money before it is promoted."""
    seen = None if last is None else last.decision.circumstances
    return fund.stage if seen is None or seen.phase is None else _STAGES[seen.phase]

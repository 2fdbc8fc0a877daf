"""The head of a report: which fund, contract, moment and book it speaks of."""

from insure.book.record import Record
from insure.fund import Fund
from reports.figures import Anchor, Head, watermark


def head(kind: str, title: str, period: str, fund: Fund, last: Record, anchor: tuple[int, str]) -> Head:
    """The head of a report on ``fund`` whose last decision shown is ``last``."""
    return Head(
        kind=kind,
        title=title,
        fund_id=fund.id,
        fund_name=fund.name,
        instrument=fund.instrument,
        currency=fund.currency,
        stage=fund.stage,
        watermark=watermark(fund.stage),
        period=period,
        code_version=last.code_version,
        config_sha256=last.decision.config_sha256,
        anchor=Anchor(*anchor),
    )

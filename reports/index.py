"""The front page of a desk: its funds at a glance, what waits for a signature, and every report by date."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book.record import Record
from insure.compliance import Judgement, worst
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.fund import Fund
from reports import facts, filters, slippage
from reports.figures import Anchor, Figure, Figures, Head, NotComputed, Verdict, plain

_SAFE_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Made:
    """One report that was written."""

    path: str
    """Relative to the folder of the reports, with forward slashes."""
    title: str
    fund_id: str
    day: dt.date
    """What it is about: its session, or the last of its period."""
    signed: bool | None = None
    """None for reports that nobody signs."""
    version: int = 1
    superseded: bool = False
    """Whether a later version stands beside it."""


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund on the front page."""

    fund_id: str
    name: str
    judgement: Judgement
    sentence: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report on the front page."""

    path: str
    title: str
    fund_id: str
    """Empty for the whole desk."""
    day: Figure
    version: str
    """Empty for the only one."""
    signed: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """A desk on one page."""

    head: Head
    verdict: Verdict
    funds: tuple[FundRow, ...]
    waiting: tuple[str, ...]
    reports: tuple[ReportRow, ...]

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    desk: str,
    funds: Sequence[tuple[Fund, Record | None]],
    made: Sequence[Made],
    waiting: Sequence[str],
    anchor: tuple[int, str],
    code_version: str,
) -> IndexReport:
    """The front page; pure.

    Args:
        desk: its name.
        funds: each with its last decision, None for one that never ran.
        made: the reports written so far.
        waiting: what waits for a person, a sentence each.
        anchor: sequence and hash of the last audit row.
        code_version: of this program.

    Raises:
        InvalidInput: a report's path leaves the folder of the reports.
    """
    for each in made:
        if not all(_SAFE_PART.fullmatch(part) for part in each.path.split("/")):
            raise InvalidInput(f"path is {each.path!r}; it must stay inside the folder of the reports.")
    rows = tuple(_fund_row(fund, last) for fund, last in funds)
    unsigned = [each for each in made if each.signed is False and not each.superseded]
    judgement = worst([row.judgement for row in rows])
    latest = max((last.session for _, last in funds if last is not None), default=None)
    open_points = [
        *waiting,
        *(f"{each.title} of {each.fund_id}, {filters.day(each.day)}, is not signed." for each in unsigned),
    ]
    return IndexReport(
        head=Head(
            kind="index",
            title="Desk",
            fund_id="",
            fund_name=desk,
            instrument="",
            currency="",
            stage="live",
            watermark="",
            period=f"up to {filters.day(latest)}" if latest else "no decision yet",
            code_version=code_version,
            config_sha256="",
            anchor=Anchor(*anchor),
        ),
        verdict=_verdict(judgement, rows, open_points),
        funds=rows,
        waiting=tuple(open_points),
        reports=tuple(
            ReportRow(
                each.path,
                each.title,
                each.fund_id,
                Figure("Day", each.day, "date", "session, or the last of the period"),
                _version(each),
                _signed(each),
            )
            for each in sorted(made, key=lambda each: (-each.day.toordinal(), each.fund_id, each.title, -each.version))
        ),
    )


def _version(made: Made) -> str:
    if made.superseded:
        return f"{made.version}, superseded"
    return f"{made.version}, in force" if made.version > 1 else ""


def _signed(made: Made) -> str:
    if made.signed is None or (made.superseded and not made.signed):
        return ""
    return "signed" if made.signed else "to be signed"


def _verdict(judgement: Judgement, rows: Sequence[FundRow], waiting: Sequence[str]) -> Verdict:
    count = f"{len(rows)} fund{'' if len(rows) == 1 else 's'}"
    sentence = f"{count}; {len(waiting)} point{'' if len(waiting) == 1 else 's'} waiting for a person."
    if judgement == "breached":
        return Verdict("bad", "Below a floor", sentence)
    if judgement == "alert" or waiting:
        return Verdict("attention", "To be read", sentence)
    return Verdict("good", "In order", sentence)


def _fund_row(fund: Fund, last: Record | None) -> FundRow:
    if last is None:
        return FundRow(fund.id, fund.name, "alert", "It has not decided yet.", {})
    equity, nav = facts.after_trade(last)
    valuation = last.decision.valuation
    none = NotComputed("no floor is in force")
    floor: float | NotComputed = none
    cushion: float | NotComputed = none
    gap: float | NotComputed = none
    judgement: Judgement = "kept" if last.decision.outcome == "OK" else "alert"
    if valuation is not None and valuation.guarantee > 0.0:
        floor, cushion = valuation.floor, float(nav) - valuation.floor
        budget = gap_budget(float(nav), valuation.floor, float(equity), last.option_legs, last.decision.snapshot)
        gap = NotComputed("no fall can reach the floor") if budget is None else budget
        if cushion < 0.0:
            judgement = "breached"
        elif budget is not None and budget < fund.limits.gap_budget_alert:
            judgement = worst([judgement, "alert"])
    against: float | NotComputed = (
        last.track.total if last.track else NotComputed(last.track_missing or slippage.NO_TWIN)
    )
    return FundRow(
        fund.id,
        fund.name,
        judgement,
        f"{filters.day(last.session)}: {last.decision.reason}",
        {
            "nav": Figure("Net asset value", nav, "money", f"last decision, {fund.currency}"),
            "floor": Figure("Floor", floor, "money", "of the strategy, last decision"),
            "cushion": Figure("Cushion", cushion, "gain", "net asset value \u2212 floor"),
            "weight": Figure("In stock", float(equity / nav) if nav else 0.0, "weight", "stock / net asset value"),
            "gap_budget": Figure("Gap budget", gap, "weight", "cushion / stock"),
            "slippage": Figure("Against the true put", against, "gain", "this protection period"),
        },
    )

"""The front page of a desk: its funds at a glance, what waits for people and for signatures, every report by date."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from insure.book.record import Record
from insure.compliance import Judgement, worst
from insure.decision import Breaker, fund_calendar
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.fund import Fund
from reports import facts, filters, slippage
from reports.figures import Anchor, Figure, Figures, Head, NotComputed, Verdict, plain, watermark
from reports.heads import stands

_JUDGED: Mapping[str, Judgement] = {"good": "kept", "attention": "alert", "bad": "breached"}
_SAFE_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class SignedOff:
    """The signatures under one page."""

    given: tuple[str, ...]
    """Role and name of each, as ``prepared by Ada``."""
    missing: tuple[str, ...]
    """Roles in which nobody has signed."""
    changed: bool = False
    """Whether the page is another one than was signed."""


@dataclass(frozen=True, slots=True)
class Made:
    """One report that was written."""

    path: str
    """Relative to the folder of the reports, with forward slashes."""
    title: str
    fund_id: str
    """Empty for the whole desk."""
    day: dt.date
    """What it is about: its session, or the last of its period."""
    period: str
    """The same in words."""
    verdict: Verdict | None = None
    """What it says first; None where its figures cannot be read."""
    signed: SignedOff | None = None
    """None for reports that nobody signs."""
    version: int = 1
    superseded: bool = False
    """Whether a later version stands beside it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fund as it stands at the moment when the page is made."""

    fund: Fund
    last: Record | None
    """Its last decision; None for one that never ran."""
    breaker: Breaker = "NORMAL"
    """Its own or the desk's, whichever is graver."""
    breaker_reason: str = ""
    phase: str = ""
    """Of the roll-out, that stands."""
    next_due: dt.datetime | None = None
    """Of its next slot."""
    waits: tuple[str, ...] = ()
    """What of it waits for a person, a sentence each."""


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund on the front page."""

    fund_id: str
    name: str
    verdict: Verdict
    """In two words, and how the last decision ended."""
    state: str
    """Phase, breaker and next slot, in a line."""
    stage: str
    """What no real money moves in, as the watermark of its own reports; empty where it does."""
    figures: Figures


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report on the front page."""

    path: str
    title: str
    fund_id: str
    """Empty for the whole desk."""
    period: Figure
    verdict: Verdict | None
    version: str
    """Empty for the only one."""
    signed: str
    """Empty for reports that nobody signs."""


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
    funds: Sequence[Standing],
    made: Sequence[Made],
    waiting: Sequence[str],
    anchor: tuple[int, str],
    code_version: str,
) -> IndexReport:
    """The front page; pure.

    Args:
        desk: its name.
        funds: each as it stands.
        made: the reports written so far.
        waiting: what of the whole desk waits for a person, a sentence each.
        anchor: sequence and hash of the last audit row.
        code_version: of this program.

    Raises:
        InvalidInput: a report's path leaves the folder of the reports.
    """
    for each in made:
        if not all(_SAFE_PART.fullmatch(part) for part in each.path.split("/")):
            raise InvalidInput(f"path is {each.path!r}; it must stay inside the folder of the reports.")
    rows = tuple(_fund_row(standing) for standing in funds)
    judgement = worst([_JUDGED[row.verdict.mark] for row in rows])
    latest = max((each.last.session for each in funds if each.last is not None), default=None)
    open_points = [
        *waiting,
        *(f"{each.fund.name}: {sentence}" for each in funds for sentence in each.waits),
        *_unsigned(made),
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
            watermark=_watermark(rows),
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
                Figure("About", each.period, "text", "session or period"),
                each.verdict,
                _version(each),
                _signed(each),
            )
            for each in sorted(made, key=lambda each: (-each.day.toordinal(), each.fund_id, each.title, -each.version))
        ),
    )


def _watermark(rows: Sequence[FundRow]) -> str:
    """Across the page where no fund of the desk moves money: their stage, where they share one."""
    stages = {row.stage for row in rows}
    if not stages or "" in stages:
        return ""
    return stages.pop() if len(stages) == 1 else "NOT LIVE"


def _version(made: Made) -> str:
    if made.superseded:
        return f"{made.version}, superseded"
    return f"{made.version}, in force" if made.version > 1 else ""


def _signed(made: Made) -> str:
    signed = made.signed
    if signed is None:
        return ""
    if signed.changed:
        return f"changed since it was signed: {', '.join(signed.given)}"
    if made.superseded:
        return f"{', '.join(signed.given)}; replaced" if signed.given else ""
    if not signed.missing:
        return f"signed: {', '.join(signed.given)}"
    rest = f"to be signed as {' and '.join(signed.missing)}"
    return f"{', '.join(signed.given)}; {rest}" if signed.given else rest


def _unsigned(made: Sequence[Made]) -> list[str]:
    """What of the reports waits for a signature: a sentence a fund, and one for each page that was changed."""
    found = [
        f"{each.title} of {each.fund_id}, {each.period}: the page is another one than was signed."
        for each in made
        if each.signed is not None and each.signed.changed
    ]
    by_fund: dict[str, list[Made]] = {}
    for each in made:
        if each.signed is not None and not each.superseded and not each.signed.changed and each.signed.missing:
            by_fund.setdefault(each.fund_id, []).append(each)
    for fund_id, pages in sorted(by_fund.items()):
        oldest = min(pages, key=lambda each: each.day)
        count = "1 compliance report waits" if len(pages) == 1 else f"{len(pages)} compliance reports wait"
        since = f"of {oldest.period}" if len(pages) == 1 else f"the oldest of {oldest.period}"
        found.append(f"{fund_id}: {count} for signatures, {since} (insure sign).")
    return found


def _verdict(judgement: Judgement, rows: Sequence[FundRow], waiting: Sequence[str]) -> Verdict:
    count = f"{len(rows)} fund{'' if len(rows) == 1 else 's'}"
    left = f"{len(waiting)} point{'' if len(waiting) == 1 else 's'} waiting" if waiting else "nothing waits"
    sentence = f"{count}; {left} for a person."
    stopped = [row.name for row in rows if row.verdict.mark == "bad"]
    if stopped:
        return Verdict("bad", "Below a floor, or stopped", f"{sentence} {', '.join(stopped)}: see below.")
    if judgement == "alert" or waiting:
        return Verdict("attention", "To be read", sentence)
    return Verdict("good", "In order", sentence)


def _state(standing: Standing) -> str:
    """Phase, breaker and next slot, in a line."""
    said = [f"Phase {standing.phase}."] if standing.phase else []
    if standing.breaker != "NORMAL":
        reason = standing.breaker_reason
        said.append(reason if reason.startswith(standing.breaker) else f"{standing.breaker}: {reason}".rstrip(": "))
    if standing.next_due is not None:
        said.append(f"Next slot {filters.instant(standing.next_due, fund_calendar(standing.fund).zone.key)}.")
    return " ".join(said)


def _verdict_of(
    standing: Standing, cushion: float | NotComputed | None, sentence: str, gap: float | NotComputed | None = None
) -> Verdict:
    """Whether a fund stands above its floor and may trade, in two words."""
    last = standing.last
    if isinstance(cushion, float) and not cushion >= 0.0:
        return Verdict("bad", "Below its floor", sentence)
    if standing.breaker in {"HALTED", "KILLED"}:
        return Verdict("bad", "Stopped", sentence)
    if standing.breaker == "REDUCE_ONLY":
        return Verdict("attention", "Sales only", sentence)
    if last is None or last.decision.outcome != "OK":
        return Verdict("attention", "Not decided" if last is None else last.decision.outcome.capitalize(), sentence)
    if isinstance(gap, float) and not gap >= standing.fund.limits.gap_budget_alert:
        return Verdict("attention", "Gap budget low", sentence)
    return Verdict("good", "In order", sentence)


def _fund_row(standing: Standing) -> FundRow:
    fund, last, state = standing.fund, standing.last, _state(standing)
    stage = watermark(stands(fund, last))
    if last is None:
        return FundRow(fund.id, fund.name, _verdict_of(standing, None, "It has not decided yet."), state, stage, {})
    equity, nav = facts.after_trade(last)
    valuation = last.decision.valuation
    none = NotComputed("no floor is in force")
    floor: float | NotComputed = none
    cushion: float | NotComputed = none
    gap: float | NotComputed = none
    if valuation is not None and valuation.guarantee > 0.0:
        floor, cushion = valuation.floor, float(nav) - valuation.floor
        budget = gap_budget(float(nav), valuation.floor, float(equity), last.option_legs, last.decision.snapshot)
        gap = NotComputed("no fall can reach the floor") if budget is None else budget
    against: float | NotComputed = (
        last.track.total if last.track else NotComputed(last.track_missing or slippage.NO_TWIN)
    )
    return FundRow(
        fund.id,
        fund.name,
        _verdict_of(standing, cushion, f"{filters.day(last.session)}: {last.decision.reason}", gap),
        state,
        stage,
        {
            "nav": Figure("Net asset value", nav, "money", f"last decision, {fund.currency}"),
            "floor": Figure("Floor", floor, "money", "of the strategy, last decision"),
            "cushion": Figure("Cushion", cushion, "gain", "net asset value \u2212 floor"),
            "weight": Figure("In stock", float(equity / nav) if nav else 0.0, "weight", "stock / net asset value"),
            "gap_budget": Figure("Gap budget", gap, "weight", "cushion / stock"),
            "slippage": Figure("Against the true put", against, "gain", "this protection period"),
        },
    )

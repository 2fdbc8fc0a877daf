"""`insure report ...`: pages out of the book."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.book import Book
    from insure.fund import Fund
    from schedules.desk import Desk
    from schedules.publishing.pages import Published

report_app = typer.Typer(help="Render a report out of the book.", no_args_is_help=True)
FundArgument = Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")]
DateOption = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Session; the last if left out.")]
FromOption = Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")]
ToOption = Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")]
PdfOption = Annotated[bool, typer.Option("--pdf", help="Write the PDF too.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why it is made again, for the page of a new version.")]


@report_app.command("rebalance")
def rebalance(
    fund: FundArgument,
    date: DateOption = None,
    paper: PdfOption = False,
    reason: ReasonOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What was seen, decided and done at one slot."""
    from schedules.desk import open_desk  # noqa: PLC0415 - charts and templates load only for a report
    from schedules.publishing.pages import publish_rebalance  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        published = publish_rebalance(book, contract, place.out, place.clock(), _day(date), paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "rebalance", published)


@report_app.command("comparison")
def comparison(
    fund: FundArgument,
    first: FromOption = None,
    last: ToOption = None,
    paper: PdfOption = False,
    reason: ReasonOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Fund against the true put, the index and the floor."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing.pages import publish_comparison  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        span = _day(first), _day(last)
        published = publish_comparison(book, contract, place.out, place.clock(), *span, paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "comparison", published)


@report_app.command("compliance")
def compliance(
    fund: Annotated[str | None, typer.Argument(help="The fund: the name of its file in funds/.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every fund of the desk, one after the other.")] = False,
    date: DateOption = None,
    month: Annotated[str | None, typer.Option(help="A month: 2008-10.")] = None,
    quarter: Annotated[str | None, typer.Option(help="A quarter: 2008-Q4.")] = None,
    first: FromOption = None,
    last: ToOption = None,
    paper: PdfOption = False,
    reason: ReasonOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Facts of a day, a month, a quarter or any period, judged against the contract's limits."""
    from insure.errors import InvalidInput  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing.pages import publish_compliance  # noqa: PLC0415
    from schedules.publishing.versions import checked_reason  # noqa: PLC0415

    asked = [date is not None, month is not None, quarter is not None, first is not None or last is not None]
    if sum(asked) > 1:
        raise InvalidInput("Ask for one period: --date, --month, --quarter, or --from with --to.")
    if every == (fund is not None):
        raise InvalidInput("Name a fund, or give --all.")
    checked_reason(reason)
    asking = _Asked(_day(date), month, quarter, _day(first), _day(last))
    asking.span  # noqa: B018 - a month that is none is refused before anything is opened
    place = open_desk(desk)
    with place.book() as book:
        if fund is None:
            raise typer.Exit(_every(Answer(as_json), place, book, asking, paper=paper, reason=reason))
        contract = place.fund(fund)
        span = asking.of(contract, book)
        published = publish_compliance(book, contract, place.out, place.clock(), *span, paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "compliance", published)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The period that a compliance report is asked for."""

    date: dt.date | None
    month: str | None
    quarter: str | None
    first: dt.date | None
    last: dt.date | None

    @property
    def span(self) -> tuple[dt.date, dt.date] | None:
        """The period, where it is the same for every fund."""
        if self.month is not None:
            return _months(self.month, re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", self.month), 1)
        if self.quarter is not None:
            return _months(self.quarter, re.fullmatch(r"(\d{4})-Q([1-4])", self.quarter), 3)
        if self.date is not None:
            return self.date, self.date
        return None if self.first is None or self.last is None else (self.first, self.last)

    def of(self, contract: "Fund", book: "Book") -> tuple[dt.date, dt.date]:
        """The period of a fund: as asked, else from the start of its protection, to its last session."""
        if self.span is not None:
            book.record(contract.id)  # without a decision there is nothing to judge, and this says so best
            return self.span
        newest = book.record(contract.id).session
        if self.first is None and self.last is None:
            return newest, newest
        return self.first or contract.protection.start, self.last or newest


def _every(answer: Answer, place: "Desk", book: "Book", asking: _Asked, *, paper: bool, reason: str) -> int:
    """One report a fund, the book verified once for all; the exit code."""
    from schedules.history import bar  # noqa: PLC0415
    from schedules.publishing.events import Failed, report_all  # noqa: PLC0415
    from schedules.publishing.pages import Published, keep_head, publish_compliance, verification  # noqa: PLC0415

    verified = verification(book, place.out)

    def making(fund_id: str) -> Published:
        contract = place.fund(fund_id)
        span = asking.of(contract, book)
        return publish_compliance(
            book, contract, place.out, place.clock(), *span, paper=paper, reason=reason, verified=verified
        )

    funds = place.fund_ids()
    made = new = 0
    failed: list[Failed] = []
    with bar() as progress:
        for done in progress.track(report_all(funds, making), total=len(funds), description="Compliance reports"):
            if isinstance(done, Failed):
                failed.append(done)
            else:
                made += 1
                new += done.new
    keep_head(book, place.out, place.clock(), "compliance reports of every fund")
    code = 1 if failed else 0
    answer.give(
        {
            "report": "compliance",
            "funds": len(funds),
            "made": made,
            "new": new,
            "failed": [{"fund": each.fund_id, "error": each.sentence} for each in failed],
            "verified": verified.verified,
            "exit_code": code,
        }
    )
    answer.say(f"{made} reports of {len(funds)} funds, {new} of them new, in {place.out}.")
    for each in failed:
        answer.say(f"not made: {each.fund_id}: {each.sentence}")
    return code


@report_app.command("event")
def event(
    fund: Annotated[str | None, typer.Argument(help="The fund; left out: an event of the whole desk.")] = None,
    sequence: Annotated[int | None, typer.Option(help="Entry of the chain; the last event if left out.", min=1)] = None,
    paper: PdfOption = False,
    reason: ReasonOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """One event: a breach, a slot missed or failed, a kill, a breaker, an override, a restore."""
    from insure.book import trail  # noqa: PLC0415
    from insure.errors import InvalidInput  # noqa: PLC0415
    from insure.happening import STATED  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing.pages import publish_event  # noqa: PLC0415

    place = open_desk(desk)
    contract = None if fund is None else place.fund(fund)
    with place.book() as book:
        whose = f"of {fund}" if fund is not None else "of the whole desk"
        entry = trail.last_happening(book, fund, tuple(STATED)) if sequence is None else trail.entry(book, sequence)
        if entry is None:
            raise InvalidInput(f"The chain holds no event {whose}.")
        if entry.fund_id != fund:
            raise InvalidInput(
                f"Entry {entry.sequence} of the chain is of {entry.fund_id or 'the whole desk'}, not {whose}."
            )
        name = place.terms.name
        published = publish_event(book, contract, place.out, place.clock(), entry, name, paper=paper, reason=reason)
    _tell(Answer(as_json), fund or "", "event", published)


@report_app.command("stress")
def stress(
    fund: FundArgument,
    date: DateOption = None,
    model: Annotated[
        str | None, typer.Option(help="Simulate under this model; a bootstrap of the fund's history if left out.")
    ] = None,
    paths: Annotated[int, typer.Option(help="Paths of the simulation.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Threads; one a processor if left out.")] = None,
    paper: PdfOption = False,
    reason: ReasonOption = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What crashes, crowds and shut markets would do to a fund as it stands in the book: the standard pack."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing.pages import publish_stress  # noqa: PLC0415
    from schedules.publishing.stress_pack import Simulated, stressed  # noqa: PLC0415
    from schedules.publishing.versions import checked_reason  # noqa: PLC0415

    checked_reason(reason)
    place = open_desk(desk)
    contract = place.fund(fund)
    asked = Simulated(model, paths, seed, workers)
    with place.book() as book:
        now = place.clock()
        found = stressed(book, contract.id, place.feed(contract), now, _day(date), asked)
        published = publish_stress(book, found, place.out, now, paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "stress", published)


@report_app.command("index")
def index(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """The front page of the desk: funds at a glance, what waits for a person, every report by date."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.outcomes import fund_status  # noqa: PLC0415
    from schedules.publishing.pages import publish_index  # noqa: PLC0415

    place = open_desk(desk)
    funds = place.funds()
    with place.book() as book:
        standings = [fund_status(fund, book, place.clock()) for fund in funds]
        waiting = [f"{each.name}: {each.waits}" for each in standings if each.waits]
        published = publish_index(book, place.terms.name, funds, place.out, waiting)
    answer = Answer(as_json)
    answer.give({"report": "index", **published.figures()})
    answer.say(str(published.page))


def _day(moment: dt.datetime | None) -> dt.date | None:
    return None if moment is None else moment.date()


def _months(text: str, read: re.Match[str] | None, length: int) -> tuple[dt.date, dt.date]:
    """First and last day of the month or quarter that was asked for."""
    from insure.errors import InvalidInput  # noqa: PLC0415

    if read is None:
        like = "a month, like 2008-10" if length == 1 else "a quarter, like 2008-Q4"
        raise InvalidInput(f"{text!r} is not {like}.")
    year, last = int(read[1]), int(read[2]) * length
    return dt.date(year, last - length + 1, 1), dt.date(year, last, calendar.monthrange(year, last)[1])


def _tell(answer: Answer, fund: str, report: str, published: "Published") -> None:
    answer.give({"fund": fund, "report": report, **published.figures()})
    for path in (published.page, published.pdf):
        if path is not None:
            answer.say(str(path))
    if not published.new:
        answer.say("The same report stood there already; nothing was changed.")
    elif published.version > 1:
        answer.say(f"It is version {published.version}; the one before stays and is named on it.")

"""`insure report ...`: pages out of the book."""

from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption
from schedules.cli.periods import Asked, DateOption, FromOption, MonthOption, QuarterOption, ToOption, day, period_asked

if TYPE_CHECKING:
    from insure.book import Book
    from schedules.desk import Desk
    from schedules.publishing.pages import Published

report_app = typer.Typer(help="Render a report out of the book.", no_args_is_help=True)
FundArgument = Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")]
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
        published = publish_rebalance(book, contract, place.out, place.clock(), day(date), paper=paper, reason=reason)
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
        span = day(first), day(last)
        published = publish_comparison(book, contract, place.out, place.clock(), *span, paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "comparison", published)


@report_app.command("compliance")
def compliance(
    fund: Annotated[str | None, typer.Argument(help="The fund: the name of its file in funds/.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every fund of the desk, one after the other.")] = False,
    date: DateOption = None,
    month: MonthOption = None,
    quarter: QuarterOption = None,
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

    if every == (fund is not None):
        raise InvalidInput("Name a fund, or give --all.")
    checked_reason(reason)
    asking = period_asked(date, month, quarter, first, last)
    place = open_desk(desk)
    with place.book() as book:
        if fund is None:
            raise typer.Exit(_every(Answer(as_json), place, book, asking, paper=paper, reason=reason))
        contract = place.fund(fund)
        span = asking.of(contract, book)
        published = publish_compliance(book, contract, place.out, place.clock(), *span, paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "compliance", published)


def _every(answer: Answer, place: "Desk", book: "Book", asking: Asked, *, paper: bool, reason: str) -> int:
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
        found = stressed(book, contract.id, place.feed(contract), now, day(date), asked)
        published = publish_stress(book, found, place.out, now, paper=paper, reason=reason)
    _tell(Answer(as_json), fund, "stress", published)


@report_app.command("index")
def index(paper: PdfOption = False, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """The front page of the desk: funds at a glance, what waits for a person, every report by date."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.front_page import front_page  # noqa: PLC0415

    place = open_desk(desk)
    with place.book() as book:
        published = front_page(place, book, paper=paper)
    answer = Answer(as_json)
    answer.give({"report": "index", **published.figures()})
    for path in (published.page, published.pdf):
        if path is not None:
            answer.say(str(path))


def _tell(answer: Answer, fund: str, report: str, published: "Published") -> None:
    answer.give({"fund": fund, "report": report, **published.figures()})
    for path in (published.page, published.pdf):
        if path is not None:
            answer.say(str(path))
    if not published.new:
        answer.say("The same report stood there already; nothing was changed.")
    elif published.version > 1:
        answer.say(f"It is version {published.version}; the one before stays and is named on it.")

"""`insure report ...`: pages out of the book."""

import calendar
import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from schedules.publishing import Published

report_app = typer.Typer(help="Render a report out of the book.", no_args_is_help=True)
FundArgument = Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")]
DateOption = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Session; the last if left out.")]
FromOption = Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")]
ToOption = Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")]
PdfOption = Annotated[bool, typer.Option("--pdf", help="Write the PDF too.")]


@report_app.command("rebalance")
def rebalance(
    fund: FundArgument,
    date: DateOption = None,
    paper: PdfOption = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What was seen, decided and done at one slot."""
    from schedules.desk import open_desk  # noqa: PLC0415 - charts and templates load only for a report
    from schedules.publishing import publish_rebalance  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        published = publish_rebalance(book, contract, place.out, place.clock(), _day(date), paper=paper)
    _tell(Answer(as_json), fund, "rebalance", published)


@report_app.command("comparison")
def comparison(
    fund: FundArgument,
    first: FromOption = None,
    last: ToOption = None,
    paper: PdfOption = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Fund against the true put, the index and the floor."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing import publish_comparison  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        published = publish_comparison(book, contract, place.out, place.clock(), _day(first), _day(last), paper=paper)
    _tell(Answer(as_json), fund, "comparison", published)


@report_app.command("compliance")
def compliance(
    fund: FundArgument,
    date: DateOption = None,
    month: Annotated[str | None, typer.Option(help="A month: 2008-10.")] = None,
    quarter: Annotated[str | None, typer.Option(help="A quarter: 2008-Q4.")] = None,
    first: FromOption = None,
    last: ToOption = None,
    paper: PdfOption = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Facts of a day, a month, a quarter or any period, judged against the contract's limits."""
    from insure.errors import InvalidInput  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing import publish_compliance  # noqa: PLC0415

    asked = [date is not None, month is not None, quarter is not None, first is not None or last is not None]
    if sum(asked) > 1:
        raise InvalidInput("Ask for one period: --date, --month, --quarter, or --from with --to.")
    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        newest = book.record(contract.id).session
        if month is not None:
            span = _months(month, re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month), 1)
        elif quarter is not None:
            span = _months(quarter, re.fullmatch(r"(\d{4})-Q([1-4])", quarter), 3)
        elif first is not None or last is not None:
            span = (_day(first) or contract.protection.start, _day(last) or newest)
        else:
            day = _day(date) or newest
            span = (day, day)
        published = publish_compliance(book, contract, place.out, place.clock(), *span, paper=paper)
    _tell(Answer(as_json), fund, "compliance", published)


@report_app.command("index")
def index(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """The front page of the desk: funds at a glance, what waits for a person, every report by date."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.outcomes import fund_status  # noqa: PLC0415
    from schedules.publishing import publish_index  # noqa: PLC0415

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

"""`insure report ...`: pages out of the book."""

import datetime as dt
from typing import Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

report_app = typer.Typer(help="Render a report out of the book.", no_args_is_help=True)
FundArgument = Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")]
DateOption = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Session; the last if left out.")]


@report_app.command("rebalance")
def rebalance(
    fund: FundArgument, date: DateOption = None, desk: DeskOption = HERE, as_json: JsonOption = False
) -> None:
    """What was seen, decided and done at one slot."""
    from schedules.desk import open_desk  # noqa: PLC0415 - charts and templates load only for a report
    from schedules.publishing import publish_rebalance  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        published = publish_rebalance(book, contract, place.out, place.clock(), date.date() if date else None)
    answer = Answer(as_json)
    answer.give({"fund": fund, "report": "rebalance", "page": str(published.page), "figures": str(published.json)})
    answer.say(str(published.page))


@report_app.command("comparison")
def comparison(
    fund: FundArgument,
    first: Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")] = None,
    last: Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Fund against the true put, the index and the floor."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing import publish_comparison  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        published = publish_comparison(
            book,
            contract,
            place.out,
            place.clock(),
            first.date() if first else None,
            last.date() if last else None,
        )
    answer = Answer(as_json)
    answer.give({"fund": fund, "report": "comparison", "page": str(published.page), "figures": str(published.json)})
    answer.say(str(published.page))

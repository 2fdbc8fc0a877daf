"""`insure backtest`: the same decisions along a history."""

import datetime as dt
from typing import Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption
from schedules.cli.reporting import PdfOption


def backtest(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    first: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")],
    last: Annotated[dt.datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")],
    paper: PdfOption = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """The fund as if it had begun earlier, on its own feed; the desk's book is not touched."""
    from schedules.desk import open_desk  # noqa: PLC0415 - the domain loads when it is used, not for --help
    from schedules.history import backtest as live_again  # noqa: PLC0415

    place = open_desk(desk)
    published = live_again(place, place.fund(fund), first.date(), last.date(), paper=paper)
    answer = Answer(as_json)
    printed = {} if published.pdf is None else {"pdf": str(published.pdf)}
    figures = {"page": str(published.page), "figures": str(published.json), **printed}
    answer.give({"fund": fund, "report": "backtest", **figures})
    for path in (published.page, published.pdf):
        if path is not None:
            answer.say(str(path))

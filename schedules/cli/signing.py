"""`insure sign`: a person's name under a compliance report."""

from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption
from schedules.cli.approving import ByOption
from schedules.cli.periods import DateOption, FromOption, MonthOption, QuarterOption, ToOption, period_asked

if TYPE_CHECKING:
    from schedules.desk import Desk


def sign(
    fund: Annotated[
        str | None, typer.Argument(metavar="[FUND]", help="The fund; left out with --list: every fund.")
    ] = None,
    date: DateOption = None,
    month: MonthOption = None,
    quarter: QuarterOption = None,
    first: FromOption = None,
    last: ToOption = None,
    role: Annotated[str, typer.Option("--as", help="prepared, reviewed or approved.")] = "",
    by: ByOption = "",
    remark: Annotated[str, typer.Option(help="In words, beside the name.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Every signature, and whether its page stands.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Sign the compliance report on a period as it stands; a page that is not what the book makes is not signed."""
    from insure.controls.signatures import ROLES  # noqa: PLC0415 - the domain loads when a person signs, not for --help
    from insure.errors import InvalidInput  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    if listed:
        _list(answer, place, fund)
        return
    wanted = next((each for each in ROLES if each == role), None)
    if wanted is None:
        raise InvalidInput(f"--as is {role!r}; a report is signed as {', '.join(ROLES)}.")
    if fund is None:
        raise InvalidInput("Name the fund whose report is signed, or say --list.")
    from schedules.people.signing import sign as signed  # noqa: PLC0415 - charts and templates load only for a report

    asked = period_asked(date, month, quarter, first, last)
    contract = place.fund(fund)
    with place.book() as book:
        done = signed(place, book, contract, asked.of(contract, book), wanted, by, remark)
    answer.give({**done.signature.figures(), "page": str(done.page), "missing": list(done.missing)})
    answer.say(f"{ROLES[wanted]}: {done.signature.by}. {done.page}")
    if done.signature.note:
        answer.say("There is no second person at this desk; that stands in the record.")
    answer.say(f"Still to be signed as {' and '.join(done.missing)}." if done.missing else "Nothing is left to sign.")


def _list(answer: Answer, place: "Desk", fund: str | None) -> None:
    from schedules.people.signed_pages import looked_at  # noqa: PLC0415

    if fund is not None:
        place.fund(fund)
    with place.book() as book:
        found = looked_at(book, place.out, fund)
    broken = [one for one in found if one.state == "changed"]
    code = 1 if broken else 0
    answer.give({"signatures": [{**one.signature.figures(), "state": one.state} for one in found], "exit_code": code})
    if not found:
        answer.say("Nothing has been signed.")
        return
    answer.table(
        "Signatures, and the page that each stands under",
        [("entry", "right"), ("at (UTC)", "left"), ("report", "left"), ("as", "left"), ("by", "left"),
         ("page", "left"), ("remark", "left")],
        [
            [str(one.signature.sequence), f"{one.signature.at:%Y-%m-%d %H:%M}", one.signature.report,
             one.signature.role, one.signature.by, one.state, one.signature.remark]
            for one in found
        ],
    )  # fmt: skip
    for one in broken:
        answer.say(f"CHANGED: {one.sentence}")
    raise typer.Exit(code)

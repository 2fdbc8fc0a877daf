"""`insure kill`, `insure lift`, `insure drill kill`: stopping, going on, and exercising both."""

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.decision import Breaker
    from schedules.desk import Desk

drill_app = typer.Typer(help="Exercises of the controls, on paper.", no_args_is_help=True)


def kill(
    fund: Annotated[
        str | None, typer.Argument(help="The fund: the name of its file in funds/; else every fund.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, in words; a kill waits for none.")] = "",
    by: Annotated[str, typer.Option(help="Who; nobody needs to approve it.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Stop: nothing is sent any more, open orders are cancelled. The flag first, whatever the book says."""
    from insure.errors import DeskError  # noqa: PLC0415 - the domain loads when it is needed, not for --help
    from schedules.desk import open_desk, system_clock  # noqa: PLC0415
    from schedules.people.killing import KILL_BUSY_SECONDS, kill_blindly  # noqa: PLC0415
    from schedules.people.killing import kill as killed  # noqa: PLC0415

    answer, place = Answer(as_json), None
    try:
        place = open_desk(desk)
    except DeskError as error:
        done = kill_blindly(desk, fund or "", by, reason, system_clock(), str(error))
    else:
        done = killed(place, fund or "", by, reason)
    code = 0 if done.confirmed else 1
    answer.give(
        {
            "fund": done.flag.fund_id or None,
            "flag": {"at": done.flag.since, "by": done.flag.by, "reason": done.flag.reason},
            "booked": done.booked,
            "withdrawn": list(done.withdrawn),
            "unconfirmed": [{"order": one.key, "sentence": one.sentence} for one in done.unconfirmed],
            "troubles": list(done.troubles),
            "exit_code": code,
        }
    )
    answer.say(f"KILLED. {done.flag.sentence}")
    answer.say("Nothing is sent from now on." + (" The book has it." if done.booked else ""))
    for key in done.withdrawn:
        answer.say(f"{key}: at its end.")
    for one in done.unconfirmed:
        answer.say(f"NOT CONFIRMED {one.key}: {one.sentence}")
    for trouble in done.troubles:
        answer.say(f"! {trouble}")
    if place is not None and done.booked:
        from schedules.publishing.events import report_at_once  # noqa: PLC0415 - loads when all of the kill is done

        report_at_once(place, done.flag.fund_id, ("kill",), partial(place.book, KILL_BUSY_SECONDS))
    raise typer.Exit(code)


def halt(
    by: Annotated[str, typer.Option(help="Who says so.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    fund: Annotated[str | None, typer.Argument(help="The fund; else the breaker of the desk itself.")] = None,
    to: Annotated[str, typer.Option(help="REDUCE_ONLY: sales alone. HALTED: nothing.")] = "REDUCE_ONLY",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Move a breaker downwards in a person's name; one person's word is enough, and is enough to move it back."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.killing import halt as halted  # noqa: PLC0415
    from schedules.publishing.events import report_at_once  # noqa: PLC0415

    answer, place = Answer(as_json), open_desk(desk)
    _known(place, fund)
    with place.book() as book:
        done = halted(place, book, fund or "", by, reason, _state(to), place.clock())
    answer.give({"fund": fund, "state": done.content["state"], "sequence": done.sequence, "sentence": done.sentence})
    answer.say(done.sentence)
    report_at_once(place, fund or "", ("breaker",), place.book)


def lift(
    by: Annotated[str, typer.Option(help="Who lifts it.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    fund: Annotated[str | None, typer.Argument(help="The fund; else the breaker of the desk itself.")] = None,
    second: Annotated[str | None, typer.Option("--and", help="The second person: KILLED is lifted by two.")] = None,
    to: Annotated[str, typer.Option(help="Where it shall stand: NORMAL, REDUCE_ONLY or HALTED.")] = "NORMAL",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Move a breaker back in people's names; after a kill by two different ones, who also take the flag down."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.killing import lift as lifted  # noqa: PLC0415
    from schedules.publishing.events import report_at_once  # noqa: PLC0415

    answer, place = Answer(as_json), open_desk(desk)
    _known(place, fund)
    people = [by] if second is None else [by, second]
    with place.book() as book:
        done = lifted(place, book, fund or "", people, reason, _state(to), place.clock())
    answer.give(
        {
            "fund": done.fund_id or None,
            "before": done.before,
            "after": done.after,
            "stands": done.stands,
            "flag_down": done.flag_down,
            "sentence": done.sentence,
        }
    )
    answer.say(done.sentence)
    if done.stands != done.after:
        answer.say(f"The desk's own breaker still stands at {done.stands}: `insure lift` without a fund.")
    if not done.flag_down:
        answer.say("Another kill flag was set meanwhile: nothing is sent.")
    report_at_once(place, done.fund_id, ("lift", "breaker"), place.book)
    if not done.flag_down:
        raise typer.Exit(1)


@drill_app.command("kill")
def drill_kill(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    by: Annotated[str, typer.Option(help="Who exercises.")],
    price: Annotated[
        str, typer.Option(help="Of the index, for the paper orders; the last one decided on, else 100.")
    ] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Exercise the kill switch on paper orders, beside the fund; the book keeps how it went."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.drills import exercise_kill, state_drill  # noqa: PLC0415

    answer, place = Answer(as_json), open_desk(desk)
    contract, now = place.fund(fund), place.clock()
    with place.book() as book:
        last = book.standing(fund).last
        seen = Decimal(100) if last is None else last.decision.snapshot.price
        done = exercise_kill(place, contract, _price(price) if price else seen, now)
        written = state_drill(place, book, done, by, now)
    code = 0 if done.passed else 1
    answer.give(
        {
            "fund": fund,
            "passed": done.passed,
            "steps": [{"name": each.name, "passed": each.passed, "found": each.found} for each in done.steps],
            "sequence": written.sequence,
            "exit_code": code,
        }
    )
    answer.table(
        written.sentence,
        [("step", "left"), ("passed", "left"), ("found", "left")],
        [[each.name, "yes" if each.passed else "NO", each.found] for each in done.steps],
    )
    raise typer.Exit(code)


def _known(place: "Desk", fund: str | None) -> None:
    from insure.errors import DeskError  # noqa: PLC0415

    if fund is not None and fund not in place.fund_ids():
        raise DeskError(f"{place.folder} has no fund {fund!r}; it has {', '.join(place.fund_ids()) or 'none'}.")


def _state(text: str) -> "Breaker":
    from insure.decision.circumstances import BREAKERS  # noqa: PLC0415
    from insure.errors import InvalidInput  # noqa: PLC0415

    for known in BREAKERS:
        if text.upper().replace("-", "_") == known:
            return known
    raise InvalidInput(f"--to is {text!r}; it must be one of {', '.join(BREAKERS[:-1])}.")


def _price(text: str) -> Decimal:
    from decimal import InvalidOperation  # noqa: PLC0415

    from insure.errors import InvalidInput  # noqa: PLC0415

    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidInput(f"--price is {text!r}; it must be a number above zero.") from error
    if not (value.is_finite() and value > 0):
        raise InvalidInput(f"--price is {text!r}; it must be a number above zero.")
    return value

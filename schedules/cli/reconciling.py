"""`insure reconcile`: the book against what broker, custodian or administrator report."""

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.book import Book
    from insure.controls.breaks import Break
    from insure.controls.reconciliation import Line
    from insure.fund import Fund
    from schedules.desk import Desk
    from schedules.people.reconciling import Reconciled


def reconcile(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    positions: Annotated[Path | None, typer.Option(help="CSV: fund, instrument, units, as_of.")] = None,
    cash: Annotated[Path | None, typer.Option(help="CSV: fund, currency, amount, as_of.")] = None,
    orders: Annotated[Path | None, typer.Option(help="CSV: fund, order_key, units, filled, as_of.")] = None,
    source: Annotated[
        str, typer.Option("--from", help="Who reports: custodian, broker, administrator, or a name.")
    ] = "custodian",
    number: Annotated[int | None, typer.Option("--break", metavar="ID", help="A break that is open.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who looks after the break.")] = None,
    explain: Annotated[str | None, typer.Option(help="Why the break is there.")] = None,
    by: Annotated[str | None, typer.Option(help="Who explains it.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Compare a fund with files from outside, or give away and explain what differs."""
    from insure.errors import InvalidInput  # noqa: PLC0415 - the domain loads when a fund is compared, not for --help
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.approving import contract_to_run  # noqa: PLC0415

    told = any(each is not None for each in (positions, cash, orders))
    if told is (number is not None):
        raise InvalidInput("Give --positions, --cash or --orders FILE (together or alone), or --break ID.")
    if told and (owner is not None or explain is not None or by is not None):
        raise InvalidInput("--owner, --explain and --by belong to --break ID.")
    if number is not None and ((owner is None) is (explain is None) or (explain is None) is not (by is None)):
        raise InvalidInput("With --break ID give --owner NAME, or --explain TEXT --by NAME.")
    place, answer = open_desk(desk), Answer(as_json)
    file = place.fund(fund)
    with place.book() as book:
        contract = contract_to_run(place, book, file, keep=False)
        if number is not None:
            _said(place, book, contract, number, owner or "", explain, by or "", answer)
            return
        code = _compared(
            place, book, contract, {"positions": positions, "cash": cash, "orders": orders}, source, answer
        )
    raise typer.Exit(code)


def _compared(
    place: "Desk", book: "Book", fund: "Fund", files: dict[str, Path | None], source: str, answer: Answer
) -> int:
    from insure.book.duty import on_duty  # noqa: PLC0415
    from insure.decision import fund_calendar  # noqa: PLC0415
    from schedules.notifiers import notifiers_of  # noqa: PLC0415
    from schedules.outcomes import BREACHED  # noqa: PLC0415
    from schedules.people.reconciling import kinds_of, reconciled, reported  # noqa: PLC0415
    from schedules.watch.alerts import tell  # noqa: PLC0415

    now = place.clock()
    told = reported(kinds_of(files), fund, place.fund_ids(), now)
    with on_duty(book) as duty:
        done = reconciled(duty, fund, told, now, source)
    tell(book, done.raised, notifiers_of(place.terms.alerts, place.folder, os.environ), now)
    code = 0 if done.clean else BREACHED
    calendar = fund_calendar(fund)
    today = calendar.current_or_previous(now) or done.found.session
    ages = {one.id: one.age(calendar, today) for one in done.breaks}
    answer.give(
        {
            "fund": fund.id,
            "source": done.found.source,
            "as_of": done.found.as_of.isoformat(),
            "session": done.found.session.isoformat(),
            "new": done.new,
            "clean": done.clean,
            "complete": done.found.complete,
            "lines": [_line(line) for line in done.found.lines],
            "breaks": [{**_break(one), "sessions": ages[one.id]} for one in done.breaks],
            "exit_code": code,
        }
    )
    _table(answer, done, fund, ages)
    return code


def _table(answer: Answer, done: "Reconciled", fund: "Fund", ages: dict[int, int]) -> None:
    told = [line for line in done.found.lines if not (line.kind == "orders" and line.verdict == "agrees")]
    left = len(done.found.lines) - len(told)
    moment = f"{done.found.as_of:%Y-%m-%d %H:%M} UTC{'' if done.new else ' (known already)'}"
    answer.table(
        f"{fund.name}, {done.found.source}, as of {moment}",
        [("", "left"), ("kind", "left"), ("booked", "right"), ("reported", "right"), ("what was found", "left")],
        [
            [
                line.verdict,
                line.kind,
                f"{line.booked:,f}",
                "not reported" if line.reported is None else f"{line.reported:,f}",
                line.words,
            ]
            for line in told
        ],
    )
    if left:
        answer.say(f"{left} orders since the last report: executed is no more than sent, and sent than decided.")
    if done.breaks:
        answer.table(
            "Breaks (`insure reconcile FUND --break ID --owner NAME | --explain TEXT --by NAME`)",
            [
                ("id", "right"),
                ("sessions", "right"),
                ("difference", "right"),
                ("from", "left"),
                ("owner", "left"),
                ("what", "left"),
            ],
            [
                [
                    str(one.id),
                    str(ages[one.id]),
                    f"{one.difference:+,f}",
                    one.source,
                    one.owner or "nobody",
                    f"explained by {one.explained_by}: {one.explanation}" if one.explained else one.words,
                ]
                for one in done.breaks
            ],
        )
    answer.say("Clean." if done.clean else "Not clean: from the phase shadow on nothing is traded until it is.")


def _said(
    place: "Desk", book: "Book", fund: "Fund", number: int, owner: str, why: str | None, by: str, answer: Answer
) -> None:
    from insure.book.duty import on_duty  # noqa: PLC0415
    from schedules.people.reconciling import explain, give  # noqa: PLC0415

    now, people = place.clock(), place.terms.people
    with on_duty(book) as duty:
        if why is None:
            one = give(duty, fund, number, owner, people, now)
            answer.say(f"Break {one.id} belongs to {one.owner}.")
        else:
            one = explain(duty, fund, number, why, by, people, now)
            answer.say(f"Break {one.id} is explained by {one.explained_by}: {one.explanation}")
    answer.give({"fund": fund.id, **_break(one)})


def _line(line: "Line") -> dict[str, str | None]:
    return {
        "kind": line.kind,
        "subject": line.subject,
        "booked": str(line.booked),
        "reported": None if line.reported is None else str(line.reported),
        "verdict": line.verdict,
        "sentence": line.words,
    }


def _break(one: "Break") -> dict[str, str | int | dt.date]:
    return {
        "id": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "source": one.source,
        "difference": str(one.difference),
        "since": one.session,
        "owner": one.owner,
        "explanation": one.explanation,
        "explained_by": one.explained_by,
        "sentence": one.words,
    }

"""`insure promote` and `insure drill restore`: the gate of the next phase, the steps through it and back."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.book import Book
    from insure.decision import Check
    from insure.fund import Fund
    from schedules.desk import Desk


def promote(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    check: Annotated[bool, typer.Option("--check", help="Show the gate of the next phase; change nothing.")] = False,
    by: Annotated[str, typer.Option(help="Who promotes it.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    back: Annotated[bool, typer.Option("--back", help="One phase back; nothing is asked for.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Promote a fund by one phase where every check of the gate passes; or take it back by one."""
    from insure.controls.people import speaker  # noqa: PLC0415 - the domain loads when a fund is judged, not for --help
    from insure.errors import InvalidInput  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.approving import contract_to_run  # noqa: PLC0415

    if check and (by or reason or back):
        raise InvalidInput("--check changes nothing and is given alone.")
    if not (check or back) and not (by and reason):
        raise InvalidInput("Give --check, or --by NAME and --reason TEXT to promote, or --back.")
    place, answer = open_desk(desk), Answer(as_json)
    file = place.fund(fund)
    name = speaker(by, place.terms.people) if by else ""
    with place.book() as book:
        contract = contract_to_run(place, book, file, keep=False)
        if back:
            _back(place, book, contract, name, reason, answer)
            return
        code = _gate(place, book, contract, name, reason, answer)
    raise typer.Exit(code)


def _gate(place: "Desk", book: "Book", fund: "Fund", by: str, reason: str, answer: Answer) -> int:
    from insure.book.duty import looking, on_duty  # noqa: PLC0415
    from schedules.outcomes import BREACHED  # noqa: PLC0415
    from schedules.people.promoting import next_phase, promote  # noqa: PLC0415

    now, said = place.clock(), None
    if by:
        with on_duty(book) as duty:
            found, said = promote(duty, fund, by, reason, now)
    else:
        with looking(book) as duty:
            found = next_phase(duty, fund, now)
    code = 0 if found.open else BREACHED
    stands = found.stands
    answer.give(
        {
            "fund": fund.id,
            "phase": stands.phase,
            "wished": stands.wished,
            "next": stands.next,
            "open": found.open,
            "promoted": said is not None,
            "sentence": None if said is None else said.sentence,
            "checks": [_figures(each) for each in found.checks],
            "exit_code": code,
        }
    )
    answer.table(
        f"{fund.name}: from {stands.phase} to {stands.next}",
        [
            ("check", "left"),
            ("passes", "left"),
            ("value", "right"),
            ("limit", "right"),
            ("left", "right"),
            ("sentence", "left"),
        ],
        [
            [
                each.name,
                "yes" if each.passed else "NO",
                f"{each.value:.4g}",
                f"{each.limit:.4g}",
                f"{each.headroom:.4g}",
                each.sentence,
            ]
            for each in found.checks
        ],
    )
    if said is not None:
        answer.say(said.sentence)
    else:
        shut = f"The gate of {stands.next} is shut; {fund.id} stays at {stands.phase}."
        answer.say(f"The gate of {stands.next} is open: promote with --by NAME --reason TEXT." if found.open else shut)
    return code


def _back(place: "Desk", book: "Book", fund: "Fund", by: str, reason: str, answer: Answer) -> None:
    from insure.book.duty import on_duty  # noqa: PLC0415
    from insure.errors import NothingDue  # noqa: PLC0415
    from schedules.people.promoting import phase_of, set_back  # noqa: PLC0415

    with on_duty(book) as duty:
        said = set_back(duty, fund, by, reason, place.clock())
        stands = phase_of(duty, fund)
    if said is None:
        raise NothingDue(f"{fund.id} stands at {stands.phase}; there is nothing to go back to.")
    answer.give({"fund": fund.id, "phase": stands.phase, "sentence": said.sentence})
    answer.say(said.sentence)


def _figures(check: "Check") -> dict[str, object]:
    return {
        "name": check.name,
        "passed": check.passed,
        "value": check.value if math.isfinite(check.value) else None,
        "limit": check.limit,
        "headroom": check.headroom if math.isfinite(check.headroom) else None,
        "unit": check.unit,
        "sentence": check.sentence,
    }


def drill_restore(
    by: Annotated[str, typer.Option(help="Who exercises.")],
    copy: Annotated[str, typer.Option(help="A backup, or the URL of a restored copy; else a backup is made.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Exercise a restore beside the book, verify it whole and hold it against the book, which keeps how it went."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.restoring import exercise_restore, state_restore  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    with place.book() as book:
        done = exercise_restore(place, book, copy, place.clock())
        said = state_restore(place, book, done, by, place.clock())
    code = 1 if done.wrong else 0
    answer.give(
        {
            "passed": not done.wrong,
            "sentence": said.sentence,
            "head": {"sequence": done.head[0], "sha256": done.head[1]},
            "behind": done.behind,
            "decisions": done.decisions,
            "sequence": said.sequence,
            "exit_code": code,
        }
    )
    answer.say(said.sentence)
    raise typer.Exit(code)

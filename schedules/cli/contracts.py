"""`insure fund diff`: what changed in a contract, key by key."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.book import Book
    from insure.fund import Fund


def diff(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    against: Annotated[str | None, typer.Option(help="Hash (or its beginning) of a contract in the book.")] = None,
    file: Annotated[Path | None, typer.Option(help="Another fund file: what it would change.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Every key that differs: the fund file against the contract last decided under, another one, or a file."""
    from dataclasses import asdict  # noqa: PLC0415 - the domain loads when it is asked, not for --help

    from insure.contract_diff import changes  # noqa: PLC0415
    from insure.errors import InvalidInput  # noqa: PLC0415
    from insure.fund import load_fund  # noqa: PLC0415
    from reports.config_diff import rows  # noqa: PLC0415
    from schedules.cli.approving import show_replay  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.rehearsing import rehearsed  # noqa: PLC0415

    if against is not None and file is not None:
        raise InvalidInput("Give --against or --file, not both.")
    place, answer = open_desk(desk), Answer(as_json)
    contract = place.fund(fund)
    before, after = contract, contract
    if file is not None:
        after = load_fund(file)
    else:
        with place.book() as book:
            before = _kept(book, contract, against)
    found = changes(before.effective(), after.effective())
    rehearsal = None
    if found and before.id == after.id:
        with place.book() as book:
            rehearsal = rehearsed(place, book, before, after)
    answer.give(
        {
            "fund": fund,
            "from": before.config_sha256,
            "to": after.config_sha256,
            "changes": [asdict(change) for change in found],
            "replay": None if rehearsal is None else rehearsal.figures(),
        }
    )
    if found:
        answer.table(
            f"{contract.name}: {before.config_sha256[:12]} to {after.config_sha256[:12]}",
            [("section", "left"), ("key", "left"), ("old", "left"), ("new", "left")],
            rows(found),
        )
        show_replay(answer, rehearsal)
    answer.say(f"{len(found)} key{'' if len(found) == 1 else 's'} changed." if found else "No key changed.")


def _kept(book: "Book", contract: "Fund", against: str | None) -> "Fund":
    from insure.book.agreed import kept_contract, kept_contracts  # noqa: PLC0415
    from insure.errors import BookError  # noqa: PLC0415

    if against is not None:
        return kept_contract(book, contract.id, against).fund
    last = book.standing(contract.id).last
    if last is None:
        raise BookError(f"The book holds no contract of {contract.id} yet; compare with --file.")
    sha = last.decision.config_sha256
    return next(each.fund for each in kept_contracts(book, contract.id) if each.config_sha256 == sha)

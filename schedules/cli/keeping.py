"""Keeping the book: `insure verify`, `backup`, `restore`, `doctor`, `flow` and `fills`."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from insure.errors import DeskError, InvalidInput
from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.book import Book
    from insure.book.verify import Finding
    from schedules.people.signed_pages import Looked
    from schedules.publishing.stated_packs import HeldPack

fills_app = typer.Typer(help="Fills that come back from a trading desk.", no_args_is_help=True)


def verify(
    replay: Annotated[bool, typer.Option(help="Make every decision again from its record.")] = True,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Integrity, chain, anchors, ledger and orders, every decision made again, every page written."""
    from insure.book import Book, anchors  # noqa: PLC0415 - the domain loads when a book is opened, not for --help
    from insure.book.verify import Finding  # noqa: PLC0415
    from insure.book.verify import verify as verified  # noqa: PLC0415
    from insure.errors import BookError  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    path = place.database_file
    if path is not None and not path.exists():
        raise BookError(f"{path} is not there: there is no book to verify.")
    with Book.connect(place.terms.database) if path is None else Book.open(path) as book:
        known = anchors.kept(place.out)
        done = verified(book, known, again=replay)
        signed, doubts = _signatures(book, place.out)
        packs, lost = _packs(book, place.out)
    pages = [Finding("pages", sentence) for sentence in anchors.changed(place.out, known)]
    found = (*done.findings, *doubts, *lost, *pages)
    code = 1 if found else 0
    answer.give(
        {
            "sound": not found,
            "rows": done.rows,
            "decisions": done.decisions,
            "entries": done.entries,
            "anchors": done.anchors,
            "head": {"sequence": done.head[0], "sha256": done.head[1]},
            "signatures": {state: sum(one.state == state for one in signed) for state in ("stands", "gone", "changed")},
            "stress": {state: sum(one.state == state for one in packs) for state in ("stands", "gone", "changed")},
            "findings": [{"part": finding.part, "sentence": finding.sentence} for finding in found],
            "exit_code": code,
        }
    )
    for finding in found:
        answer.say(f"{finding.part}: {finding.sentence}")
    for one in packs:
        if one.state == "gone":
            answer.say(f"stress: {one.sentence}")
    again = "made again bit for bit" if replay else "read"
    answer.say(
        f"{'NOT SOUND' if found else 'Sound'}: {done.rows:,} rows of the chain, {done.decisions:,} decisions "
        f"{again}, {done.entries:,} entries, {done.anchors:,} anchors, {len(signed):,} signatures; "
        f"head {done.head[0]} {done.head[1]}"
    )
    raise typer.Exit(code)


def _signatures(book: "Book", out: Path) -> "tuple[tuple[Looked, ...], list[Finding]]":
    """Every signature beside its page, and what is wrong with them."""
    from insure.book.verify import Finding  # noqa: PLC0415
    from insure.errors import BookError  # noqa: PLC0415
    from schedules.people.signed_pages import looked_at  # noqa: PLC0415

    try:
        signed = looked_at(book, out)
    except BookError as error:
        return (), [Finding("signatures", str(error))]
    return signed, [Finding("signatures", one.sentence) for one in signed if one.state == "changed"]


def _packs(book: "Book", out: Path) -> "tuple[tuple[HeldPack, ...], list[Finding]]":
    """Every stress report on the chain beside its file, and what is wrong with them."""
    from insure.book.verify import Finding  # noqa: PLC0415
    from insure.errors import InsureError  # noqa: PLC0415
    from schedules.publishing.stated_packs import held_packs  # noqa: PLC0415

    try:
        packs = held_packs(book, out)
    except InsureError as error:
        return (), [Finding("stress", str(error))]
    return packs, [Finding("stress", one.sentence) for one in packs if one.state == "changed"]


def backup(
    target: Annotated[Path, typer.Argument(help="The copy; it must not exist.")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Copy the book while it may be in use, and verify the copy."""
    from insure.book import anchors  # noqa: PLC0415
    from insure.book.backup import back_up  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    place = open_desk(desk)
    done = back_up(_file(place.database_file), target, anchors.kept(place.out))
    answer = Answer(as_json)
    answer.give({"backup": str(target), "rows": done.rows, "decisions": done.decisions, "head": done.head})
    answer.say(f"{target}: {done.rows:,} rows of the chain, {done.decisions:,} decisions, verified.")


def restore(
    source: Annotated[Path, typer.Argument(help="The backup; it stays.")],
    older: Annotated[bool, typer.Option("--older", help="Even where reports speak of what came after it.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the place of a book that is gone or was moved away."""
    from insure.book.backup import restore as restored  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing.events import report_at_once  # noqa: PLC0415

    place = open_desk(desk)
    target = _file(place.database_file)
    done = restored(source, target, out=None if older else place.out, at=place.clock())
    answer = Answer(as_json)
    answer.give({"restored": str(target), "rows": done.rows, "decisions": done.decisions, "head": done.head})
    answer.say(f"{target}: {done.rows:,} rows of the chain, {done.decisions:,} decisions, verified.")
    report_at_once(place, "", ("restore",), place.book)


def doctor(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Versions, the book and what holds it, calendars, the clock, packages."""
    from schedules.desk import open_desk, system_clock  # noqa: PLC0415
    from schedules.health import exit_code, facts  # noqa: PLC0415

    answer = Answer(as_json)
    try:
        place = open_desk(desk)
        now = place.clock()
    except DeskError:
        place, now = None, system_clock()
    found = list(facts(place, now))
    code = exit_code(found)
    answer.give(
        {
            "facts": [{"subject": fact.subject, "found": fact.found, "grade": fact.grade} for fact in found],
            "exit_code": code,
        }
    )
    answer.table(
        "What was found",
        [("subject", "left"), ("", "left"), ("found", "left")],
        [[fact.subject, "" if fact.grade == "ok" else fact.grade.upper(), fact.found] for fact in found],
    )
    raise typer.Exit(code)


def flow(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    session: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="Dealt at its first slot from then on.")],
    subscribe: Annotated[str | None, typer.Option(help="Money of holders into the fund.")] = None,
    redeem: Annotated[str | None, typer.Option(help="Money to holders.")] = None,
    management_fee: Annotated[str | None, typer.Option(help="Fee out of the fund.")] = None,
    protection_cost: Annotated[str | None, typer.Option(help="Price of protection paid out of the fund.")] = None,
    reverse: Annotated[str | None, typer.Option(help="Key of a flow that is taken back.")] = None,
    reference: Annotated[str, typer.Option(help="Tells two flows of one session apart.")] = "1",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Order a subscription, a redemption or a fee, or take one back; the same order again is the same order."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.flows import ordered, reversal  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    contract = place.fund(fund)
    amounts = {
        "subscription": subscribe,
        "redemption": redeem,
        "management fee": management_fee,
        "protection cost": protection_cost,
    }
    given = [(kind, text) for kind, text in amounts.items() if text is not None]
    if len(given) + (reverse is not None) != 1:
        raise InvalidInput("Give one of --subscribe, --redeem, --management-fee, --protection-cost and --reverse.")
    with place.book() as book:
        if reverse is not None:
            wanted = reversal(book, contract, reverse, session.date())
        else:
            kind, text = given[0]
            wanted = ordered(book, contract, kind, _amount(kind, text), session.date(), reference)
        new = book.book_flow(wanted, place.clock())
    answer.give({"key": wanted.key, "kind": wanted.kind, "money": str(wanted.money), "new": new})
    answer.say(f"{wanted.key}: {wanted.kind} of {wanted.money:,.2f}{'' if new else ', ordered already'}.")


@fills_app.command("import")
def fills_import(
    file: Annotated[Path, typer.Argument(help="CSV: order_key, reference, units, price, commission, at[, spread].")],
    accept_breach: Annotated[
        bool, typer.Option("--accept-breach", help="Book fills beyond their orders: they were really executed.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who accepts them.")] = "",
    reason: Annotated[str, typer.Option(help="Why they are accepted.")] = "",
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Book what a desk executed: checked line by line, all of the file or nothing of it.

    A fill beyond the price limit, the units or the time limit of its order is booked only with --accept-breach, in a
    person's name: as a statement on the chain and an alert of class A.
    """
    from insure.book.execution_breaches import KIND, Accepted  # noqa: PLC0415
    from insure.broker import read_fills  # noqa: PLC0415
    from insure.controls.people import speaker, spoken  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    if not accept_breach and (by or reason):
        raise InvalidInput("--by and --reason say who accepts a breach, and why; give --accept-breach with them.")
    accepted = Accepted(speaker(by, place.terms.people), spoken("--reason", reason)) if accept_breach else None
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.") from error
    executed = read_fills(text, str(file), lambda fund_id: place.fund(fund_id).currency)
    with place.book() as book:
        before, _ = book.head()
        new = book.book_fills(executed, place.clock(), accepted)
        breaches = [one.sentence for one in book.statements((KIND,), since=before)]
    answer.give({"fills": len(executed), "new": new, "breaches": breaches})
    for sentence in breaches:
        answer.say(f"! {sentence}")
    answer.say(f"{len(executed)} fills, {new} of them new.")


@fills_app.command("close")
def fills_close(
    key: Annotated[str, typer.Argument(help="The order: fund:session:slot:leg.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    reason: Annotated[str, typer.Option(help="Why nothing more will be executed.")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say that nothing more will be executed of an order; the way out of `unknown`."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.orders.sending import close_order  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    with place.book() as book:
        close_order(book, key, by, reason, place.clock())
    answer.give({"order": key, "state": "cancelled", "by": by})
    answer.say(f"{key}: closed by {by}.")


def _file(path: Path | None) -> Path:
    if path is None:
        raise InvalidInput("The book lives on a server: copy it with the server's own tools (pg_dump, pg_basebackup).")
    return path


def _amount(kind: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidInput(f"The {kind} is {text!r}; it must be an amount of money, like 250000.00.") from error
    if not (value.is_finite() and value > 0):
        raise InvalidInput(f"The {kind} is {text!r}; it must be an amount above zero.")
    return value

"""`insure export`: tables out of the book, for spreadsheets and other programs."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption

if TYPE_CHECKING:
    from insure.book import Book
    from insure.book.listing import Span
    from reports.csv_tables import Rows


def export(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    what: Annotated[str, typer.Option(help="decisions, orders, fills, entries, checks or slippage.")] = "decisions",
    first: Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")] = None,
    last: Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a table as CSV into `out/`; each row begins with its entry of the chain, and no cell is a formula."""
    from insure.arguments import one_of  # noqa: PLC0415 - the domain loads when a book is read, not for --help
    from insure.book.listing import Span  # noqa: PLC0415
    from insure.errors import InvalidInput  # noqa: PLC0415
    from insure.spreadsheet import lines  # noqa: PLC0415
    from reports.csv_tables import COLUMNS  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    table = one_of("--what", what, tuple(COLUMNS))
    place, answer = open_desk(desk), Answer(as_json)
    contract = place.fund(fund)
    with place.book() as book:
        begin = contract.protection.start if first is None else first.date()
        end = book.record(fund).session if last is None else last.date()
        if not begin <= end:
            raise InvalidInput(f"--from is {begin}; it must be {end} (--to) or before.")
        path = place.out / fund / f"{table}-{begin}-to-{end}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        count = 0
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines([COLUMNS[table]]))
            for line in lines(_rows(book, table, Span(fund, begin, end))):
                file.write(line)
                count += 1
        draft.replace(path)
    answer.give({"fund": fund, "table": table, "file": str(path), "rows": count})
    answer.say(f"{path}: {count:,} rows.")


def _rows(book: "Book", table: str, span: "Span") -> "Rows":
    from insure.book.listing import listed_entries, listed_fills, listed_orders, listed_slots  # noqa: PLC0415
    from reports import csv_tables  # noqa: PLC0415

    if table == "orders":
        return csv_tables.orders(listed_orders(book, span))
    if table == "fills":
        return csv_tables.fills(listed_fills(book, span))
    if table == "entries":
        return csv_tables.entries(listed_entries(book, span))
    slots = listed_slots(book, span)
    of_slots = {"decisions": csv_tables.decisions, "checks": csv_tables.checks, "slippage": csv_tables.slippage}
    return of_slots[table](slots)

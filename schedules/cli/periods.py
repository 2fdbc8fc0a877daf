"""The period that a command is asked about: a day, a month, a quarter, or any span."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from insure.book import Book
    from insure.fund import Fund

DateOption = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Session; the last if left out.")]
FromOption = Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")]
ToOption = Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")]
MonthOption = Annotated[str | None, typer.Option(help="A month: 2008-10.")]
QuarterOption = Annotated[str | None, typer.Option(help="A quarter: 2008-Q4.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """The period that a command is asked about; an end that is None is the fund's own."""

    first: dt.date | None
    last: dt.date | None

    def of(self, contract: "Fund", book: "Book") -> tuple[dt.date, dt.date]:
        """The period of a fund: as asked, else from the start of its protection, to the session of its last slot.

        Raises:
            BookError: the book holds no slot of the fund.
        """
        run = book.last_run(contract.id)
        # Without a slot there is nothing to judge, and the book says so best.
        newest = book.record(contract.id).session if run is None else run.session
        if self.first is None and self.last is None:
            return newest, newest
        return self.first or contract.protection.start, self.last or newest


def period_asked(
    date: dt.datetime | None,
    month: str | None,
    quarter: str | None,
    first: dt.datetime | None,
    last: dt.datetime | None,
) -> Asked:
    """One period out of the options of a command.

    Raises:
        InvalidInput: more than one is asked for, or a month or quarter is none.
    """
    from insure.errors import InvalidInput  # noqa: PLC0415 - the domain loads when a command runs, not for --help

    given = [date is not None, month is not None, quarter is not None, first is not None or last is not None]
    if sum(given) > 1:
        raise InvalidInput("Ask for one period: --date, --month, --quarter, or --from with --to.")
    if month is not None:
        return _months(month, re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month), 1)
    if quarter is not None:
        return _months(quarter, re.fullmatch(r"(\d{4})-Q([1-4])", quarter), 3)
    return Asked(day(date or first), day(date or last))


def day(moment: dt.datetime | None) -> dt.date | None:
    """The day of an option."""
    return None if moment is None else moment.date()


def _months(text: str, read: re.Match[str] | None, length: int) -> Asked:
    """First and last day of the month or quarter that was asked for."""
    from insure.errors import InvalidInput  # noqa: PLC0415

    if read is None:
        like = "a month, like 2008-10" if length == 1 else "a quarter, like 2008-Q4"
        raise InvalidInput(f"{text!r} is not {like}.")
    year, last = int(read[1]), int(read[2]) * length
    return Asked(dt.date(year, last - length + 1, 1), dt.date(year, last, calendar.monthrange(year, last)[1]))

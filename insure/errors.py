"""What can go wrong, in the words of a fund.

Every error carries the exit code that the command line answers with (docs/guide.md, "Exit codes").
"""

from typing import ClassVar


class InsureError(Exception):
    """Something that the product itself found wrong; its text tells what, with the value, and what to do."""

    exit_code: ClassVar[int] = 1


class InvalidInput(InsureError, ValueError):
    """An argument lies outside what the formula or the command allows."""

    exit_code: ClassVar[int] = 2


class FundFileError(InvalidInput):
    """A fund or desk file says something that cannot be a protection contract."""


class FloorUnaffordable(InsureError):
    """The discounted guarantee costs as much as the fund, or more: there is nothing left to insure."""


class FloorBreached(InsureError):
    """A floor or limit is breached."""

    exit_code: ClassVar[int] = 3


class MarketDataError(InsureError):
    """A price is missing, stale, impossible or unreadable: nothing may be traded on it."""

    exit_code: ClassVar[int] = 4


class NothingDue(InsureError):
    """No slot is due, or the slot already has its run."""

    exit_code: ClassVar[int] = 5


class Killed(InsureError):
    """The kill switch stands: nothing is sent."""

    exit_code: ClassVar[int] = 3


class BookError(InsureError):
    """The book refuses: the entry contradicts what is already recorded, or the record itself is doubtful."""


class ChainBroken(BookError):
    """What the book holds is not what was written: nothing may be traded on it."""


class DeskError(InsureError):
    """The desk folder is not complete: the text says which file is missing and how to make it."""

    exit_code: ClassVar[int] = 2

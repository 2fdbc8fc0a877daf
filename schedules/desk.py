"""The desk: a folder with its funds, its book and its clock. Everything is put together here, and only here.

This is the one place that reads the clock.
"""

import datetime as dt
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Len, Predicate
from pydantic import TypeAdapter, ValidationError

from insure.book import Book, anchors
from insure.book.engine import BUSY_SECONDS
from insure.broker import BlotterBroker, Broker, PaperBroker
from insure.controls import kill_flag
from insure.controls.gathering import Outside
from insure.controls.people import LONGEST_NAME, distinct
from insure.decision import DeskLimits
from insure.errors import BookError, DeskError, FundFileError, InvalidInput
from insure.feeds import PriceFeed, feed_of
from insure.fund import Fund, load_fund
from schedules.notifiers import AlertTerms
from schedules.sources import code_sha256

DESK_FILE = "desk.toml"
LONGEST_DESK_NAME = 200
EXAMPLES = ("synthetic_put", "cppi", "static_put", "hybrid", "delta_neutral")
"""Strategies with a commented fund file that comes with the product."""
_DESK_TEXT = """\
# A desk: one folder with its funds (funds/*.toml), its book and its reports (out/).
name = {name}
database = "insure.db"                 # the book: a file in this folder, or postgresql+psycopg://user@host/name
# people = ["Ada", "Ben"]              # who may approve, lift and override; where nobody is listed, anybody may

# [limits]                             # on what all funds send together in one session; none by default
# largest_session_money = 50_000_000   # money decided, bought and sold, whatever its currency
# largest_session_orders = 1000        # child orders counted one by one
# largest_volume_fraction = 0.25       # of the average volume of an instrument

# [alerts]                             # who is told, beside stderr and the book
# file = "alerts.jsonl"                # one JSON object a line, in this folder
# command = ["/usr/local/bin/page"]    # gets the alert as JSON on its stdin; no shell is between
# [alerts.smtp]                        # a mail; the password of `user` comes from INSURE_SMTP_PASSWORD alone
# host = "mail.example.org"
# sender = "insure@example.org"
# to = ["desk@example.org"]
# user = "insure"
"""


def system_clock() -> dt.datetime:
    """Now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the one clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTerms:
    """What ``desk.toml`` says."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: Annotated[str, Len(1, LONGEST_DESK_NAME), Predicate(str.isprintable)]
    database: Annotated[str, Len(1)] = "insure.db"
    """A file, relative to the folder, or the URL of a PostgreSQL server: several hosts may then share one book."""
    alerts: AlertTerms = field(default_factory=AlertTerms)
    """Who is told of alerts."""
    people: tuple[Annotated[str, Len(1, LONGEST_NAME), Predicate(str.isprintable)], ...] = ()
    """Who may approve, lift and override; none listed is a desk of one, at which anybody may."""

    limits: DeskLimits = field(default_factory=DeskLimits)
    """What all funds may send together in one session."""

    def __post_init__(self) -> None:
        """Nobody stands twice."""
        if len(distinct(self.people)) != len(self.people) or any(not name.strip() for name in self.people):
            raise InvalidInput(f"people is {list(self.people)}; it must name different people.")


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk folder, read."""

    folder: Path
    terms: DeskTerms
    clock: Callable[[], dt.datetime] = system_clock

    @property
    def out(self) -> Path:
        """Where reports are written."""
        return self.folder / "out"

    def fund_ids(self) -> list[str]:
        """Funds of the desk, by the names of their files."""
        return sorted(path.stem for path in (self.folder / "funds").glob("*.toml"))

    def fund(self, fund_id: str) -> Fund:
        """One fund, read and checked.

        Raises:
            DeskError: there is no such fund; the sentence lists those there are.
            FundFileError: its file is no contract.
        """
        path = self.folder / "funds" / f"{fund_id}.toml"
        if Path(fund_id).name != fund_id or not path.is_file():
            known = self.fund_ids()
            raise DeskError(
                f"{self.folder} has no fund {fund_id!r}; it has {', '.join(known) or 'none'} (files in funds/)."
            )
        fund = load_fund(path)
        if fund.id != fund_id:
            raise FundFileError(f"funds/{fund_id}.toml: id is {fund.id!r}; it must be the file's name, {fund_id!r}.")
        return fund

    def funds(self) -> list[Fund]:
        """All funds of the desk."""
        return [self.fund(fund_id) for fund_id in self.fund_ids()]

    def readable_funds(self) -> tuple[list[Fund], dict[str, FundFileError]]:
        """All funds whose files can be read, and what is wrong with the others: one of them stops no look at a desk."""
        found: list[Fund] = []
        wrong: dict[str, FundFileError] = {}
        for fund_id in self.fund_ids():
            try:
                found.append(self.fund(fund_id))
            except FundFileError as error:
                wrong[fund_id] = error
        return found, wrong

    def feed(self, fund: Fund) -> PriceFeed:
        """The prices of a fund."""
        return feed_of(fund.feed, self.folder)

    def broker(self, fund: Fund) -> Broker:
        """Who executes for a fund, by its contract; a tick in a phase before pilot executes on paper all the same.

        A replay rehearses: its blotter is a folder of its own, which no trading desk loads.
        """
        if fund.execution.broker == "blotter":
            return BlotterBroker(self.out / ("rehearsal" if fund.stage == "replay" else "blotter"))
        return PaperBroker()

    def outside(self, fund_id: str) -> Outside:
        """What the desk knows of a fund at this moment beside the book."""
        return Outside(self.killed(fund_id), code_sha256(), self.terms.people, self.terms.limits)

    def killed(self, fund_id: str) -> str:
        """What the kill flag of a fund, or of the whole desk, says at this moment; empty where neither stands."""
        flag = kill_flag.standing(self.folder, fund_id)
        return "" if flag is None else flag.sentence

    @property
    def database_file(self) -> Path | None:
        """The book's file; None where it lives on a server."""
        return None if "://" in self.terms.database else self.folder / self.terms.database

    def brokers_outside(self) -> tuple[BlotterBroker, ...]:
        """Every broker outside that may have orders of this desk, whatever its fund files say."""
        return (BlotterBroker(self.out / "blotter"),)

    def book(self, busy_seconds: float = BUSY_SECONDS, *, anchored: bool = True) -> Book:
        """The desk's book; close it, or use it in a with statement.

        Args:
            busy_seconds: how long to wait where somebody else writes, in a book that is a file.
            anchored: False to open it without asking the anchors beside the reports.

        Raises:
            BookError: it cannot be opened, is gone although reports speak of it, or is not the one they speak of.
        """
        path = self.database_file
        if path is None:
            book = Book.connect(self.terms.database)
        else:
            if anchored and not path.exists() and anchors.kept(self.out):
                raise BookError(
                    f"{path} is gone, and {self.out / anchors.FILE} knows that it was there. Nothing was done; restore "
                    "a backup (`insure restore`)."
                )
            book = Book.open(path, busy_seconds)
        if not anchored:
            return book
        try:
            anchors.check_last(book, self.out, book.where)
        except BookError:
            book.close()
            raise
        return book


def open_desk(folder: Path, clock: Callable[[], dt.datetime] = system_clock) -> Desk:
    """Read a desk folder.

    Raises:
        DeskError: it is no desk; the sentence says how to make one.
    """
    path = folder / DESK_FILE
    if not path.is_file():
        raise DeskError(f"{folder} is no desk: {DESK_FILE} is missing. Make one with `insure init {folder}`.")
    try:
        terms = TypeAdapter(DeskTerms).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeskError(f"{path} is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "predicate_failed":
            raise DeskError(
                f"{path}: {key} is {first['input']!r}; expected one line of letters that can be printed."
            ) from error
        raise DeskError(f"{path}: {key}: {first['msg']}.") from error
    return Desk(folder, terms, clock)


def make_desk(folder: Path, name: str, examples: tuple[str, ...]) -> list[Path]:
    """A new desk with commented fund files; nothing that exists is overwritten.

    Args:
        folder: made if it does not exist.
        name: of the desk, as it stands on reports.
        examples: which of the fund files that come with the product ("synthetic_put", "cppi").

    Raises:
        DeskError: the folder is a desk already, or is a file, or the name cannot be printed.
    """
    if not (0 < len(name) <= LONGEST_DESK_NAME and name.isprintable()):
        raise DeskError(f"name is {name!r}; expected one line of at most {LONGEST_DESK_NAME} letters.")
    if (folder / DESK_FILE).exists():
        raise DeskError(f"{folder} is a desk already; nothing was changed. Choose another folder.")
    try:
        (folder / "funds").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeskError(f"{folder} cannot be made a desk: {error.strerror}.") from error
    made = [folder / DESK_FILE]
    made[0].write_text(_DESK_TEXT.format(name=json.dumps(name)), encoding="utf-8")
    for example in examples:
        text = resources.files("insure").joinpath("examples", f"{example}.toml").read_text(encoding="utf-8")
        fund_id = tomllib.loads(text)["id"]
        path = folder / "funds" / f"{fund_id}.toml"
        path.write_text(text, encoding="utf-8")
        made.append(path)
    return made

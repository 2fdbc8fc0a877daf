"""What `insure doctor` looks at: versions, the book and what holds it, calendars, the clock, packages."""

import datetime as dt
import importlib.metadata
import os
import platform
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import insure
from insure.book import Book, anchors
from insure.book.engine import schema
from insure.controls import breakers, kill_flag
from insure.decision import fund_calendar
from insure.errors import InsureError
from schedules.desk import Desk
from schedules.orders.sending import said
from schedules.sources import LIBRARIES

Grade = Literal["ok", "note", "wrong"]
WAL_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""SQLite versions from which write-ahead logs are safe: the fix, and its back-ports within 3.50 and 3.44."""
_ENOUGH = dt.timedelta(days=35)
_OLDEST_CLOCK = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was looked at."""

    subject: str
    found: str
    grade: Grade = "ok"


def facts(desk: Desk | None, now: dt.datetime) -> Iterator[Fact]:
    """Everything that was looked at, in the order of a report; ``desk`` is None outside of one."""
    yield Fact("insure", insure.__version__)
    yield Fact("Python", f"{platform.python_version()} on {platform.platform()}")
    for library in LIBRARIES:
        yield _library(library)
    yield _sqlite(sqlite3.sqlite_version_info)
    yield from packages(importlib.metadata.packages_distributions())
    yield _clock(now)
    if desk is None:
        yield Fact("desk", "this folder is no desk", "note")
        return
    yield from _kill_switch(desk)
    yield from _book(desk, now)
    yield from _calendars(desk, now)


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether a SQLite of this version is free of the write-ahead log's corruption bug (3.7.0 to 3.51.2)."""
    newest, *ports = WAL_FIXED
    return version >= newest or any(version[:2] == port[:2] and version >= port for port in ports)


def _library(name: str) -> Fact:
    try:
        return Fact(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Fact(name, "is not installed", "wrong")


def _sqlite(version: tuple[int, ...]) -> Fact:
    text = ".".join(map(str, version))
    if wal_is_safe(version):
        return Fact("SQLite", text)
    said = "its write-ahead log can corrupt a database; books use a rollback journal and are not concerned"
    return Fact("SQLite", f"{text}: {said}")


def packages(owners: Mapping[str, list[str]]) -> Iterator[Fact]:
    for name in ("insure", "reports", "schedules"):
        others = sorted({owner for owner in owners.get(name, []) if owner.lower() != "insure"})
        if others:
            said = f"{', '.join(others)} brings a package {name!r} too and may overwrite ours: use an own environment"
            yield Fact(f"package {name}", said, "wrong")
        else:
            yield Fact(f"package {name}", "is ours alone")


def _clock(now: dt.datetime) -> Fact:
    if not now > _OLDEST_CLOCK:
        return Fact("clock", f"stands at {now:%Y-%m-%d %H:%M} UTC, which is past: set it", "wrong")
    return Fact("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _book(desk: Desk, now: dt.datetime) -> Iterator[Fact]:
    path = desk.database_file
    if path is not None and not path.exists() and not anchors.kept(desk.out):
        yield Fact("book", f"{path} is not there yet; the first rebalance makes it", "note")
        return
    try:
        with desk.book() as book:
            sequence, sha = book.head()
            yield Fact("book", f"{book.where}, schema {schema(book.engine, book.where)}, {sequence} rows, head {sha}")
            yield from _newest(desk, book, now)
            yield from _breakers(desk, book)
            for name, value in book.settings():
                yield Fact(f"book: {name}", value)
    except InsureError as error:
        yield Fact("book", str(error), "wrong")
    if path is not None and path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Fact("book: file mode", f"{mode:04o}: others may read it; chmod 600", "wrong")
        else:
            yield Fact("book: file mode", f"{mode:04o}")
    yield Fact("anchors", f"{len(anchors.kept(desk.out))} in {desk.out / anchors.FILE}")


def _newest(desk: Desk, book: Book, now: dt.datetime) -> Iterator[Fact]:
    for fund_id in desk.fund_ids():
        last = book.last_run(fund_id)
        if last is not None and last.started > now + dt.timedelta(minutes=5):
            yield Fact("clock", f"{fund_id} last ran at {last.started:%Y-%m-%d %H:%M} UTC, later than now", "wrong")


def _kill_switch(desk: Desk) -> Iterator[Fact]:
    folder = desk.folder / kill_flag.FOLDER
    known = desk.fund_ids()
    for flag in kill_flag.all_standing(desk.folder):
        whose = flag.fund_id or "the whole desk"
        if flag.fund_id and flag.fund_id not in known:
            yield Fact("kill switch", f"{folder / flag.fund_id} names no fund of this desk: it stops nothing", "wrong")
        else:
            yield Fact("kill switch", f"stands for {whose}: {flag.sentence}", "note")
    place = folder if folder.exists() else desk.folder
    if not os.access(place, os.W_OK | os.X_OK):
        yield Fact("kill switch", f"{place} cannot be written: `insure kill` could not stop anything", "wrong")
    else:
        yield Fact("kill switch", f"{folder} takes a flag")


def _breakers(desk: Desk, book: Book) -> Iterator[Fact]:
    for fund_id in ("", *desk.fund_ids()):
        own = breakers.latched(said(book, fund_id), fund_id)
        if own.state != "NORMAL":
            yield Fact(f"breaker of {fund_id or 'the desk'}", f"{own.state}: {own.reason}", "note")
        for flag in kill_flag.all_standing(desk.folder):
            if flag.fund_id == fund_id and flag.mark not in breakers.booked_flags(said(book, fund_id), fund_id):
                yield Fact("kill switch", "its flag has no row in the book yet; the next pass writes it", "note")


def _calendars(desk: Desk, now: dt.datetime) -> Iterator[Fact]:
    seen = set()
    for fund in desk.funds():
        sessions = fund_calendar(fund)
        if sessions.name in seen:
            continue
        seen.add(sessions.name)
        last = sessions.last_known
        soon = fund.stage != "replay" and last < (now + _ENOUGH).date()
        yield Fact(f"calendar {sessions.name}", f"known until {last}", "wrong" if soon else "ok")


def exit_code(found: list[Fact]) -> int:
    """0 where nothing is wrong."""
    return 1 if any(fact.grade == "wrong" for fact in found) else 0

"""Every figure of a report file is the one that the book's own tables hold, added up by SQLite and by nobody else.

The desks are lived and reported by the command line. What is compared was written to disk: the JSON beside each page
against rows of ``insure.db``. Nothing of the product reads them here, so that a figure which is wrong on its way from
the book to the page is wrong against something.
"""

import csv
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk

CENT, HALF_CENT = Decimal(100), Decimal("0.005")
MILLION = Decimal(10**6)
LIVED = 18
MOVES = (2, -2, 3, -1, -3, 2, 3, -2, -3, 2, 3, -2, -3, 3, 2, -2, 3, 1)
"""Per cent, session by session: enough for a trade on most days."""
EVERY_MOVE = "[band]\nwidth_weight = 0.001"
HEADER = "order_key,reference,units,price,commission,at"


@dataclass
class Compared:
    """What was held against the book so far."""

    different: list[str] = field(default_factory=list)
    count: int = 0

    def same(self, what: str, told: object, kept: object, within: Decimal = Decimal(0)) -> None:
        """A number, as the report tells it and as the book keeps it."""
        self.count += 1
        if not abs(Decimal(str(told)) - Decimal(str(kept))) <= within:
            self.different.append(f"{what}: the report says {told}, the book {kept}")

    def equal(self, what: str, told: object, kept: object) -> None:
        """A text or a hash."""
        self.count += 1
        if told != kept:
            self.different.append(f"{what}: the report says {told!r}, the book {kept!r}")

    def verdict(self, fewest: int) -> None:
        assert not self.different, "\n".join(self.different[:20])
        assert self.count >= fewest, f"only {self.count} figures were compared; at least {fewest} were to be"
        sys.stdout.write(f"{self.count} figures of the report files are equal to the book\n")


class Ledger:
    """The book's tables, read by SQLite alone."""

    def __init__(self, desk: Desk) -> None:
        self._file = desk.folder / "insure.db"

    def rows(self, query: str, terms: dict[str, object]) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return list(connection.execute(query, terms))

    def value(self, session: str, *, at_once: bool = False) -> Decimal:
        """Net asset value after a session, out of entries and the price that was decided on.

        A fill that came after its run, as those of a blotter do, belongs to the session of its order; ``at_once``
        leaves out what had not come yet when that session was decided, as the curve of a comparison does.
        """
        (held,) = self.rows(
            """SELECT coalesce(sum(CASE WHEN account = 'cash' THEN e.money END), 0) AS cash,
                      coalesce(sum(CASE WHEN account = 'equity' THEN e.units END), 0) AS units
               FROM entries e LEFT JOIN fills f ON e.run_id IS NULL AND e.posting = 'fill:' || f.reference
               LEFT JOIN orders o ON o.key = f.order_key JOIN runs r ON r.id = coalesce(e.run_id, o.run_id)
               WHERE r.session <= :session AND NOT (:at_once AND e.run_id IS NULL AND r.session = :session)""",
            {"session": session, "at_once": at_once},
        )
        (record,) = self.rows(
            "SELECT d.record FROM decisions d JOIN runs r ON r.id = d.run_id WHERE r.session = :session",
            {"session": session},
        )
        price = Decimal(json.loads(record["record"])["decision"]["snapshot"]["price"])
        return Decimal(held["cash"]) / CENT + Decimal(held["units"]) / MILLION * price

    def orders(self, first: str, last: str) -> list[sqlite3.Row]:
        return self.rows(
            """SELECT o.* FROM orders o JOIN runs r ON r.id = o.run_id
               WHERE r.session BETWEEN :first AND :last ORDER BY r.id, o.key""",
            {"first": first, "last": last},
        )

    def fills(self, first: str, last: str) -> list[sqlite3.Row]:
        return self.rows(
            """SELECT f.* FROM fills f JOIN orders o ON o.key = f.order_key JOIN runs r ON r.id = o.run_id
               WHERE r.session BETWEEN :first AND :last
               ORDER BY r.id, f.at, f.reference""",
            {"first": first, "last": last},
        )

    def link(self, session: str) -> sqlite3.Row:
        """The row of the chain that a decision was written with, and the hash of its record."""
        (row,) = self.rows(
            """SELECT a.sequence, a.sha256, d.sha256 AS record FROM audit a JOIN runs r ON r.id = a.run_id
               JOIN decisions d ON d.run_id = r.id WHERE a.kind = 'run' AND r.session = :session""",
            {"session": session},
        )
        return row

    def end(self, session: str) -> sqlite3.Row:
        """The last row of the chain on a decision: its own, or one that speaks of its orders."""
        (row,) = self.rows(
            """SELECT sequence, sha256 FROM audit WHERE sequence = (
                   SELECT max(a.sequence) FROM audit a, runs r LEFT JOIN orders o ON o.run_id = r.id
                   WHERE r.session = :session
                   AND (a.run_id = r.id AND a.kind = 'run' OR instr(a.content, '"' || o.key || '"') > 0))""",
            {"session": session},
        )
        return row


def lived(tmp_path: Path, insure: Insure, broker: str) -> Desk:
    """Eighteen sessions through the command line, a pass each."""
    if broker == "paper":
        desk = Desk(tmp_path, insure, controls=EVERY_MOVE)
    else:
        terms = f"reconciliation_sessions = 400\n{EVERY_MOVE}"
        desk = Desk(tmp_path, insure, stage="live", broker=broker, controls=terms)
        with desk.book() as book:
            book.state("promotion", "tested", desk.now, {"phase": "live-100", "sentence": "to live-100"})
        desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    prices = [Decimal(1000)]
    for move in MOVES:
        prices.append((prices[-1] * (100 + move) / 100).quantize(Decimal("0.01")))
    lines = [f"{day},{price}" for day, price in zip(SESSIONS, prices, strict=False)]
    desk.file("prices.csv", "date,close", *lines)
    done: set[Path] = set()
    for number in range(LIVED):
        desk.slot(number)
        for path in sorted((desk.folder / "out" / "blotter").glob("tested_*.csv")):
            if path not in done:
                done.add(path)
                _executed(desk, path, len(done))
    desk.evening(LIVED - 1)
    return desk


def _executed(desk: Desk, path: Path, number: int) -> None:
    """An order in two fills, at two prices beside the one that was decided on."""
    [order] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    units, price = Decimal(order["units"]), Decimal(order["decided_price"])
    sign = 1 if order["side"] == "buy" else -1
    first = (units / 3).quantize(Decimal("0.000001"))
    lines = [
        f"{order['order_key']},F{number}-{part},{sign * size},{price + at},{part}.25,{desk.now:%Y-%m-%dT%H:%M:%SZ}"
        for part, size, at in ((1, first, Decimal("0.11")), (2, units - first, Decimal("-0.07")))
    ]
    desk.json("fills", "import", desk.file(f"fills-{number}.csv", HEADER, *lines))


def read(desk: Desk, *asked: str) -> dict[str, object]:
    """The JSON file of a report that the command line has just written."""
    said = desk.json("report", *asked)
    figures = json.loads((desk.folder / str(said["figures"])).read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    return figures


def at(value: object, *path: str | int) -> object:
    """What stands in a JSON value at a path."""
    for step in path:
        if isinstance(value, dict):
            value = value[step]
        else:
            assert isinstance(value, list), f"{path}: {value!r} has no {step!r}"
            value = value[int(step)]
    return value


def each(value: object, *path: str | int) -> list[object]:
    """The list at a path."""
    found = at(value, *path)
    assert isinstance(found, list), f"{path} is {found!r}; expected a list"
    return found


def section(report: dict[str, object], key: str) -> object:
    return next(one for one in each(report, "sections") if at(one, "key") == key)


def cells(row: object) -> dict[str, object]:
    return {str(at(one, "label")): at(one, "value") for one in each(row, "cells")}


def decision_rows(report: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Sessions with the cells of their rows in the section on decisions."""
    for table in each(section(report, "decisions"), "tables"):
        for row in each(table, "rows"):
            if "Net asset value" in cells(row):
                yield str(at(row, "label")).split()[0], cells(row)


@pytest.fixture(params=["paper", "blotter"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, insure: Insure) -> Desk:
    return lived(tmp_path, insure, str(request.param))


def test_rebalance_reports_are_the_rows_of_their_session(desk: Desk) -> None:
    ledger, found = Ledger(desk), Compared()
    for moment in SESSIONS[:LIVED]:
        day = str(moment)
        report = read(desk, "rebalance", "tested", "--date", day)
        nav, end = ledger.value(day), ledger.end(day)
        fills, orders, link = ledger.fills(day, day), ledger.orders(day, day), ledger.link(day)
        found.same(f"{day} net asset value", at(report, "glance", "nav", "value"), nav, HALF_CENT)
        found.equal(f"{day} fills", len(each(report, "fills")), len(fills))
        found.equal(f"{day} orders", len(each(report, "orders")), len(orders))
        for told, kept in zip(each(report, "fills"), fills, strict=False):
            for key, scale in (("value", CENT), ("commission", CENT), ("spread", CENT), ("price", MILLION)):
                found.same(f"{day} {key} of a fill", at(told, "figures", key, "value"), kept[key] / scale)
            found.same(f"{day} units of a fill", at(told, "figures", "units", "value"), abs(kept["units"]) / MILLION)
        for told, kept in zip(each(report, "orders"), orders, strict=False):
            limit = at(told, "figures", "price_limit", "value")
            found.same(f"{day} price limit", limit, kept["price_limit"] / MILLION)
        found.equal(f"{day} anchor", at(report, "head", "anchor", "sequence"), end["sequence"])
        found.equal(f"{day} hash", at(report, "head", "anchor", "sha256"), end["sha256"])
        found.equal(f"{day} record", at(report, "hashes", "decision", "value"), link["record"])
    whole = str(SESSIONS[0]), str(SESSIONS[LIVED - 1])
    orders, fills = ledger.orders(*whole), ledger.fills(*whole)
    assert len(orders) > 9, f"only {len(orders)} orders in {LIVED} sessions: nothing to compare"
    found.verdict(fewest=LIVED * 6 + len(orders) + len(fills) * 5)


def test_the_compliance_report_adds_up_to_the_rows_of_its_period(desk: Desk) -> None:
    ledger, found = Ledger(desk), Compared()
    first, last = str(SESSIONS[0]), str(SESSIONS[LIVED - 1])
    for since, until in ((first, last), (str(SESSIONS[4]), str(SESSIONS[11]))):
        report = read(desk, "compliance", "tested", "--from", since, "--to", until)
        fills = ledger.fills(since, until)
        told = at(section(report, "executions"), "figures")
        span = f"{since} to {until}"
        assert len(fills) > 4, f"only {len(fills)} fills in {span}: nothing to add up"
        found.same(f"{span} fills", at(told, "fills", "value"), len(fills))
        for key in ("commission", "spread"):
            found.same(f"{span} {key}", at(told, key, "value"), sum(row[key] for row in fills) / CENT)
        for key, sign in (("bought", 1), ("sold", -1)):
            kept = sum(row["value"] for row in fills if row["units"] * sign > 0) / CENT
            assert kept > 0, f"nothing was {key} in {span}"
            found.same(f"{span} {key}", at(told, key, "value"), kept)
        nav = ledger.value(until)
        found.same(f"{span} net asset value", at(report, "glance", "nav", "value"), nav, HALF_CENT)
        sequence = {"sequence": at(report, "head", "anchor", "sequence")}
        anchor = ledger.rows("SELECT sha256 FROM audit WHERE sequence = :sequence", sequence)
        found.equal(f"{span} anchor", [at(report, "head", "anchor", "sha256")], [row["sha256"] for row in anchor])
        days = dict(decision_rows(report))
        assert len(days) > 4, f"{len(days)} decisions are told of {span}"
        for day, row in days.items():
            found.same(f"{day} in a period", row["Net asset value"], ledger.value(day), HALF_CENT)
            found.same(f"{day} chain entry", row["Chain entry"], ledger.link(day)["sequence"])
    found.verdict(fewest=2 * 8 + 2 * 2 * 5)


def test_the_comparison_curve_is_the_value_of_the_ledger_day_by_day(desk: Desk) -> None:
    ledger, found = Ledger(desk), Compared()
    report = read(desk, "comparison", "tested")
    chart = next(one for one in each(report, "charts") if at(one, "key") == "value")
    line = next(one for one in each(chart, "lines") if at(one, "name") == "Fund")
    dates = [str(day) for day in each(chart, "dates")]
    assert sorted(set(dates)) == [str(day) for day in SESSIONS[:LIVED]], "sessions are missing in the curve"
    last_of = dict(zip(dates, each(line, "values"), strict=True))
    for day, told in last_of.items():
        found.same(f"{day} in the curve", told, ledger.value(day, at_once=True), Decimal("0.006"))
    found.verdict(fewest=LIVED)

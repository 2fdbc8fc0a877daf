"""What is written out as tables is what the book holds, row for row, each under its entry of the chain."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.book import Book, trail
from insure.book.listing import Span, listed_entries, listed_fills, listed_orders, listed_slots
from insure.broker import BlotterBroker
from insure.orders import Fill
from insure.spreadsheet import lines
from reports import csv_tables
from reports.csv_tables import COLUMNS
from schedules.orders.sending import deliver
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, first_slots, listed, run

SLOTS = first_slots(30)
SPAN = Span("guarded", SLOTS[0].session, SLOTS[-1].session)


def table(name: str, rows: Iterable[list[str]]) -> list[dict[str, str]]:
    """A table as a program reads it."""
    text = "".join(lines([COLUMNS[name], *rows]))
    return list(csv.DictReader(text.splitlines()))


def test_every_table_holds_what_the_book_holds_under_its_entry_of_the_chain(open_book: OpenBook) -> None:
    with open_book() as book:
        ticks = run(book, a_fund(), 30, feed=listed(crash=True))
        records = [done.record for done in ticks if done.record is not None]
        known = trail.sequences(book, "guarded", SPAN.first, SPAN.last)
        decisions = table("decisions", csv_tables.decisions(listed_slots(book, SPAN)))
        assert [int(row["sequence"]) for row in decisions] == sorted(known.values())
        assert [Decimal(row["nav"]) for row in decisions] == [record.nav for record in records]
        assert [float(row["weight_executed"]) for row in decisions] == [
            record.ladder.last.weight for record in records if record.ladder is not None
        ], "a float does not come back to the last digit"
        orders = table("orders", csv_tables.orders(listed_orders(book, SPAN)))
        assert [row["order_key"] for row in orders] == [order.key for record in records for order in record.orders]
        fills = table("fills", csv_tables.fills(listed_fills(book, SPAN)))
        kept = [fill for record in records for fill in record.fills]
        assert [(row["reference"], Decimal(row["value"])) for row in fills] == [
            (fill.reference, fill.value) for fill in kept
        ]
        for row in (*orders, *fills):
            session, slot = row["order_key"].split(":")[1:3]
            assert int(row["sequence"]) == known[next(key for key in known if str(key[0]) == session)], slot
        checks = table("checks", csv_tables.checks(listed_slots(book, SPAN)))
        assert len(checks) == sum(len(record.decision.checks) for record in records)


def test_legs_of_every_posting_add_up_to_zero_and_to_the_holdings(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 30, feed=listed(crash=True))
        rows = table("entries", csv_tables.entries(listed_entries(book, SPAN)))
        for posting, legs in groupby(rows, key=lambda row: row["posting"]):
            own = list(legs)
            assert sum(Decimal(leg["money"]) for leg in own) == 0, f"{posting} does not balance"
            assert sum(Decimal(leg["units"]) for leg in own) == 0, f"{posting} does not balance"
        holdings = book.standing("guarded").holdings
        assert sum(Decimal(row["money"]) for row in rows if row["account"] == "cash") == holdings.cash
        assert sum(Decimal(row["units"]) for row in rows if row["account"] == "equity") == holdings.units


def test_causes_of_slippage_add_up_row_by_row(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 30, feed=listed(crash=True))
        rows = table("slippage", csv_tables.slippage(listed_slots(book, SPAN)))
        assert len({row["sequence"] for row in rows}) > 20
        for sequence, causes in groupby(rows, key=lambda row: row["sequence"]):
            own = list(causes)
            total = sum(float(row["money"]) for row in own)
            assert total == pytest.approx(float(own[0]["total"]), abs=1e-3), f"entry {sequence}"


def test_a_fill_that_came_later_stands_under_its_own_entry(open_book: OpenBook, tmp_path: Path) -> None:
    fund = a_fund(broker="blotter")
    with open_book() as book:
        run(book, fund, 1, broker=BlotterBroker(tmp_path / "blotter"))
        [(decided, session, order, state)] = list(listed_orders(book, SPAN))
        assert state == "new"
        deliver(book, BlotterBroker(tmp_path / "blotter"), SLOTS[0].at)
        fill = Fill(
            order.key,
            "desk-1",
            order.units,
            order.price,
            order.units * order.price,
            Decimal(1),
            Decimal(0),
            SLOTS[0].at,
        )
        assert book.book_fills([fill], SLOTS[0].at) == 1
        late = book.head()[0]
        assert late > decided
        assert list(listed_fills(book, SPAN)) == [(late, session, fill)]
        assert {each.sequence for each in listed_entries(book, SPAN) if each.posting == "fill:desk-1"} == {late}
        assert [one for _, one in trail.late_fills(book, "guarded", late)] == [fill]
        assert trail.late_fills(book, "guarded", late - 1) == []


def test_a_span_holds_its_own_sessions_alone(tmp_path: Path) -> None:
    with Book.open(tmp_path / "insure.db") as book:
        run(book, a_fund(), 12)
        run(book, a_fund("other"), 12)
        some = Span("guarded", SLOTS[3].session, SLOTS[5].session)
        assert [each.session for each in listed_slots(book, some)] == [slot.session for slot in SLOTS[3:6]]
        whole = list(listed_entries(book, Span("guarded", SLOTS[0].session, SLOTS[11].session)))
        assert [each for each in whole if some.first <= each.session <= some.last] == list(listed_entries(book, some))


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=5))
def test_csv_reads_back_and_no_cell_but_a_number_begins_like_a_formula(rows: list[list[str]]) -> None:
    text = "".join(lines(rows))
    read = list(csv.reader(io.StringIO(text, newline="")))
    for cells in read:
        for cell in cells:
            formula = cell.lstrip(" \t\r\n")[:1] in {"=", "+", "-", "@"}
            number = cell.removeprefix("-").replace(".", "", 1).isdecimal()
            assert not formula or number, f"{cell!r} is a formula to a spreadsheet"


HOSTILE = st.text(st.sampled_from("=+-@＝＋－＠;\t|\r\n\" \u00a0',aA1(") | st.characters())


@given(st.lists(st.lists(HOSTILE, min_size=1, max_size=3), max_size=4), st.sampled_from(",;\t|"))
def test_no_language_of_a_spreadsheet_splits_a_formula_out_of_a_cell(rows: list[list[str]], delimiter: str) -> None:
    """A semicolon, a tab or a bar is the delimiter elsewhere; every row begins with its entry of the chain."""
    text = "".join(lines([["17", *row] for row in rows]))
    for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        for cell in line:
            begun = cell.lstrip().lstrip('"').lstrip()
            number = cell.removeprefix("-").partition(",")[0].replace(".", "", 1).isdecimal()
            formula = begun[:1] in set("=+-@＝＋－＠")
            assert not formula or number, f"{cell!r} is a formula where {delimiter!r} splits"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Index;=HYPERLINK(1)", "Index;'=HYPERLINK(1)"),
        ("Index;-12", "Index;'-12"),
        ("a|+1", "a|'+1"),
        ("a\t @x", "a\t' @x"),
        ("a\n=1", "a\n'=1"),
        ('a;"=1"', 'a;\'"=1"'),
        ("＝1+1", "'＝1+1"),
        ("＠SUM(1)", "'＠SUM(1)"),
        ("a = b; c - d, -3%", "a = b; c - d, -3%"),
        ("-12.50", "-12.50"),
        ("0.1", "0.1"),
        ("-", "'-"),
        ("-1+1", "'-1+1"),
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("-\u0661", "'-\u0661"),
    ],
)
def test_a_negative_amount_stays_a_number_and_everything_else_that_looks_like_a_formula_does_not(
    cell: str, expected: str
) -> None:
    [[read]] = csv.reader(io.StringIO("".join(lines([[cell]])), newline=""))
    assert read == expected

"""Flows in compliance reports: what was ordered, dealt and waits; and a floor that anybody can compute again."""

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book
from insure.broker import BlotterBroker
from insure.flows import Flow, FlowKind
from insure.fund import Fund
from insure.strategies import Cppi
from insure.strategies.rule import Opening
from schedules.publishing.pages import Published, publish_compliance
from tests.book.market import a_fund, first_slots, run
from tests.contracts import Toml
from tests.contracts import fund as contract
from tests.controls.desks import rows_of

MONTH = dt.date(2007, 1, 1), dt.date(2007, 1, 31)
AFTER = dt.datetime(2007, 3, 1, tzinfo=dt.UTC)
"""When the reports are made: the month is over."""
ORDERS: tuple[tuple[FlowKind, str, int], ...] = (
    ("subscription", "200000", 4),
    ("redemption", "-50000", 7),
    ("management fee", "-1234.56", 9),
    ("protection cost", "-99.01", 9),
)
"""Kind, money, and the slot that deals it."""


def _order(book: Book, fund: Fund, kind: FlowKind, money: str, slot: int, reference: str) -> Flow:
    session, booked = first_slots(slot + 1)[slot].session, first_slots(slot)[slot - 1].at
    flow = Flow(f"{fund.id}:{session}:flow:{reference}", fund.id, session, kind, Decimal(money))
    assert book.book_flow(flow, booked + dt.timedelta(hours=1))
    return flow


def _published(
    folder: Path, book: Book, fund: Fund, span: tuple[dt.date, dt.date] = MONTH
) -> tuple[dict[str, dict[str, object]], Published]:
    """The sections of a report by key, and where it stands."""
    made = publish_compliance(book, fund, folder / "out", AFTER, *span)
    figures = json.loads(made.json.read_text(encoding="utf-8"))
    return {str(each["key"]): each for each in rows_of(figures, "sections")}, made


def _rows(section: Mapping[str, object], number: int) -> list[dict[str, str]]:
    """The rows of a table of a section, cells by column."""
    table = rows_of(section, "tables")[number]
    return [
        {"label": str(row["label"]), **{str(cell["label"]): str(cell["value"]) for cell in rows_of(row, "cells")}}
        for row in rows_of(table, "rows")
    ]


def _figures(section: Mapping[str, object], field: str = "value") -> dict[str, object]:
    """Values, or another field, of the figures of a section."""
    found = section["figures"]
    assert isinstance(found, dict)
    return {name: each[field] for name, each in found.items()}


def test_every_flow_is_told_with_its_order_slot_price_and_units(tmp_path: Path) -> None:
    fund = a_fund()
    with Book.open(tmp_path / "insure.db") as book:
        for number, (kind, money, slot) in enumerate(ORDERS):
            run(book, fund, slot - 1, first=ORDERS[number - 1][2] - 1 if number else 0)
            _order(book, fund, kind, money, slot, str(number))
        done = run(book, fund, 19, first=8)
        standing = book.standing(fund.id)
        sections, made = _published(tmp_path, book, fund)
    flows = sections["flows"]
    first, *rest = _rows(flows, 0)
    assert (first["Kind"], first["Money"], first["Units of the share class"]) == (
        "subscription",
        "1000000",
        "10000.000000",
    )
    assert [(each["Kind"], Decimal(each["Money"])) for each in rest] == [
        (kind, Decimal(money)) for kind, money, _ in ORDERS
    ]
    slots = first_slots(19)
    for each, (_, _, slot) in zip(rest, ORDERS, strict=True):
        assert each["label"] == f"{slots[slot].session} close"
        assert each["For"] == str(slots[slot].session)
        assert dt.datetime.fromisoformat(each["Ordered"]) == slots[slot - 1].at + dt.timedelta(hours=1)
    issued = [Decimal(each["Units of the share class"] or 0) for each in (first, *rest)]
    assert sum(issued) == standing.shares, "units of the share class do not add up to those outstanding"
    figures = {name: Decimal(str(value)) for name, value in _figures(flows).items()}
    assert figures["subscription"] == 1_200_000
    assert figures["redemption"] == -50_000
    assert (figures["management_fee"], figures["protection_cost"]) == (Decimal("-1234.56"), Decimal("-99.01"))
    assert figures["net"] == sum(Decimal(each["Money"]) for each in (first, *rest))
    assert not _rows(flows, 1)
    assert figures["waiting"] == 0
    assert flows["judgement"] == "kept"
    [value] = [each for each in rows_of(sections["protection"], "charts") if each["key"] == "value"]
    words = str(value["description"])
    assert f"{slots[4].session} subscription +200,000.00 USD" in words, "the chart jumps without a word"
    assert words in made.page.read_text(encoding="utf-8")
    assert done[-1].record is not None


def test_a_flow_is_told_once_and_periods_add_up(tmp_path: Path) -> None:
    fund = a_fund()
    with Book.open(tmp_path / "insure.db") as book:
        _order(book, fund, "subscription", "200000", 5, "a")
        run(book, fund, 19)
        cut = first_slots(6)[4].session
        spans = (MONTH[0], cut), (cut + dt.timedelta(days=1), MONTH[1]), MONTH
        first, second, whole = (_rows(_published(tmp_path, book, fund, each)[0]["flows"], 0) for each in spans)
    assert first + second == whole
    assert len(whole) == 2


def test_what_was_taken_back_says_so_and_counts_with_its_kind(tmp_path: Path) -> None:
    fund = a_fund()
    with Book.open(tmp_path / "insure.db") as book:
        wrong = _order(book, fund, "subscription", "100000", 4, "a")
        run(book, fund, 6)
        session = first_slots(9)[8].session
        back = Flow(f"{wrong.key}:reversal", fund.id, session, "subscription", -wrong.money, wrong.key)
        assert book.book_flow(back, first_slots(7)[6].at)
        run(book, fund, 19, first=6)
        sections, _ = _published(tmp_path, book, fund)
    _, given, taken = _rows(sections["flows"], 0)
    assert (given["Kind"], taken["Kind"]) == ("subscription", "subscription, taken back")
    assert Decimal(given["Units of the share class"]) == -Decimal(taken["Units of the share class"])
    assert Decimal(str(_figures(sections["flows"])["subscription"])) == 1_000_000


def test_without_a_flow_the_section_says_so(tmp_path: Path) -> None:
    fund = a_fund()
    with Book.open(tmp_path / "insure.db") as book:
        run(book, fund, 19)
        day = first_slots(10)[9].session
        sections, made = _published(tmp_path, book, fund, (day, day))
    assert sections["flows"]["sentence"] == "None in this period."
    assert sections["flows"]["judgement"] == "kept"
    assert "It moved with money" not in made.page.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ["later", "no slot", "too much", "no cash", "options"])
def test_what_waits_says_why(tmp_path: Path, case: str) -> None:
    """Of a broker outside nothing is sold for a redemption; of a fund with options everything waits."""
    fund = a_fund(kind="static_put" if case == "options" else "buy_and_hold" if case == "no cash" else "cppi")
    money, slot = {
        "later": ("1000", 25),
        "no slot": ("1000", 10),
        "too much": ("-5000000", 6),
        "no cash": ("-900000", 6),
        "options": ("1000", 6),
    }[case]
    kind: FlowKind = "redemption" if money.startswith("-") else "subscription"
    with Book.open(tmp_path / "insure.db") as book:
        run(book, fund, 5)
        ordered = _order(book, fund, kind, money, slot, "w")
        run(book, fund, 10, first=5, broker=BlotterBroker(tmp_path / "blotter") if case == "no cash" else None)
        sections, _ = _published(tmp_path, book, fund, (MONTH[0], first_slots(11)[10].session))
    flows = sections["flows"]
    [waiting] = _rows(flows, 1)
    said = {
        "later": f"It is for the first slot of {ordered.session} or after it.",
        "no slot": "No slot has decided since it was due.",
        "too much": "It takes all of a fund that was worth ",
        "no cash": "Cash of ",
        "options": "Options are held; it waits until they expire on 2008-01-03.",
    }[case]
    assert waiting["Why it waits"].startswith(said), waiting
    assert waiting["Money"] == f"{Decimal(money):.2f}"
    assert flows["judgement"] == ("kept" if case == "later" else "alert"), "nobody reads what waits"


RULES: dict[str, dict[str, Toml]] = {
    "synthetic_put": {"kind": "synthetic_put"},
    "resolved": {"kind": "synthetic_put", "tracking": "resolve"},
    "accreting": {"kind": "cppi", "floor_rule": "accreting"},
    "fixed": {"kind": "cppi", "floor_rule": "fixed"},
    "zero_coupon": {
        "kind": "cppi",
        "floor_rule": "zero_coupon",
        "zero_rates": [[0.5, 0.041], [0.95, 0.05], [2.0, 0.06]],
    },
    "stepped": {"kind": "cppi", "floor_rule": "stepped", "step_fractions": [[0.0, 0.8], [0.04, 0.85], [0.5, 0.9]]},
    "tipp": {"kind": "tipp"},
    "stop_loss": {"kind": "stop_loss"},
    "static_put": {"kind": "static_put"},
    "hybrid": {"kind": "hybrid"},
}


def _computed(formula: str) -> tuple[float, float]:
    """What a pocket calculator makes of the formula on the page, and what the page says that it comes to."""
    text, _, result = formula.rpartition(" = ")
    plain = text.replace(",", "").replace("\u2212", "-").replace("\u00d7", "*").replace("e^", "math.e**")
    assert re.fullmatch(r"[\d.*() math.e-]+", plain), f"{formula!r} is no formula of numbers"
    return eval(plain, {"math": math}), float(result.replace(",", ""))  # noqa: S307 - digits and signs, see above


@pytest.mark.parametrize("with_flows", [False, True], ids=["as it began", "after flows"])
@pytest.mark.parametrize("rule", RULES)
def test_the_floor_is_computed_again_from_the_page(tmp_path: Path, rule: str, with_flows: bool) -> None:
    """To the cent: from the formula with its numbers, and from the figures beside it."""
    fund = contract(strategy=RULES[rule], lots={"lot_units": 1}, initial_money=12_345_678)
    waits = rule in {"static_put", "hybrid"}
    with Book.open(tmp_path / "insure.db") as book:
        if with_flows:
            _order(book, fund, "subscription", "2345678.90", 4, "a")
            _order(book, fund, "redemption", "-500000.01", 9, "b")
        done = run(book, fund, 19)
        sections, made = _published(tmp_path, book, fund)
    valuation = done[-1].record.decision.valuation if done[-1].record is not None else None
    assert valuation is not None
    shown = _figures(sections["protection"])
    figures = {name: value for name, value in shown.items() if isinstance(value, float)}
    formula, floor = str(shown["formula"]), figures["floor"]
    assert floor == valuation.floor
    by_hand, told = _computed(formula)
    assert by_hand == pytest.approx(floor, abs=0.005), f"{formula} is not the floor, {floor}"
    assert told == pytest.approx(floor, abs=0.005)
    kind, guarantee = rule, figures["guarantee"]
    if kind == "tipp":
        again = guarantee / figures["start_value"] * figures["peak"]
    elif kind == "fixed":
        again = guarantee
    elif kind == "stepped":
        again = figures["step"] * figures["start_value"]
        assert figures["step"] == 0.85, "the step of the tenth session is in force"
    else:
        again = guarantee * math.exp(-figures["rate"] * figures["years_left"])
    assert again == pytest.approx(floor, abs=0.005), f"{rule}: figures and floor differ"
    if kind == "zero_coupon":
        assert figures["rate"] != pytest.approx(0.03), "the rate of the market is not that of the curve"
    moved = with_flows and not waits
    assert ("flows" in figures) == moved
    label = _figures(sections["protection"], "label")["guarantee"]
    assert label == ("Guarantee, adjusted for flows" if moved else "Guarantee")
    if moved:
        assert figures["start_value_then"] == pytest.approx(12_345_678)
        assert figures["start_value"] == pytest.approx(figures["start_value_then"] * figures["flows"])
    assert figures["start_value"] * 0.9 == pytest.approx(guarantee)
    assert formula in made.page.read_text(encoding="utf-8")


def test_the_step_in_force_is_the_highest_whose_time_has_come() -> None:
    fund = Cppi(guarantee=90.0, floor_rule="stepped", steps=((0.0, 70.0), (0.5, 80.0), (0.75, 60.0)))
    start = fund.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2))
    assert [fund.scheduled_floor(start, elapsed, 1.0 - elapsed, 0.03) for elapsed in (0.0, 0.49, 0.5, 0.9)] == [
        70.0,
        70.0,
        80.0,
        80.0,
    ]

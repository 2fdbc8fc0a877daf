"""Implementation shortfall of a period: a table by hand, laws on all, and the page with the same figures."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.book.record import Record
from insure.compliance import Facts, LateFill, bps, facts
from insure.compliance.executions import Causes, Executions, executions
from insure.decision import OptionHeld
from insure.decision.options import traded_at_mark
from insure.execution import Executed, shortfall
from insure.fund import Fund
from insure.orders import Fill, Order
from insure.pricing import black_scholes
from reports import compliance
from reports.evidence import Evidence
from reports.figures import NotComputed
from reports.html import render
from reports.sections import Section
from tests.reports.lives import ANCHOR, HOLD, contract, live

ZERO = Decimal(0)
CLOSES = ("100", "98", "95", "97", "101", "99")


@dataclass(frozen=True, slots=True)
class Part:
    """A child order: what was ordered, and each fill as (units, price, commission, spread, decisions later)."""

    units: int
    fills: tuple[tuple[int, str, str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Lived:
    """Decisions with their orders, and fills that came later by the place of the decision before which they came."""

    records: tuple[Record, ...]
    late: tuple[tuple[int, Fill], ...]

    def known(self, count: int) -> list[Fill]:
        """Late fills that are known when so many decisions have been made."""
        return [fill for place, fill in self.late if place < count]

    def found(self, first: int, last: int) -> Executions:
        """Of the decisions from place ``first`` to ``last``, both included."""
        known = self.known(last + 1), self.known(first)
        return executions(_contracts(), self.records[:first], self.records[first : last + 1], *known)

    def facts(self, first: int, last: int) -> Facts:
        """The same as facts of a period."""
        span = self.records[first].session, self.records[last].session
        rows = {(record.session, record.slot): 10 * place for place, record in enumerate(self.records)}
        late = sorted((10 * place + 1, i, fill) for i, (place, fill) in enumerate(self.late) if place <= last)
        known = [LateFill(row, fill) for row, _, fill in late]
        return facts(_fund().id, _contracts(), self.records[: last + 1], [], [], *span, known, rows, 10 * first)

    def section(self, first: int, last: int) -> tuple[Section, str]:
        """Its section with the whole page."""
        report = compliance.build(_fund(), self.facts(first, last), self.records[: last + 1], ANCHOR, Evidence())
        return next(section for section in report.sections if section.key == "executions"), render(report)


@lru_cache(maxsize=1)
def _fund() -> Fund:
    return contract(HOLD)


def _contracts() -> dict[str, Fund]:
    return {_fund().config_sha256: _fund()}


@lru_cache(maxsize=1)
def _plain_records() -> tuple[Record, ...]:
    """Six decisions without orders; the third brings a dividend of 0.50 a unit."""
    found = live(_fund(), [Decimal(close) for close in CLOSES])
    return tuple(
        replace(
            record,
            orders=(),
            fills=(),
            decision=replace(
                record.decision, snapshot=replace(record.decision.snapshot, dividend=Decimal("0.5") if i == 2 else ZERO)
            ),
        )
        for i, record in enumerate(found)
    )


def lived_through(orders: Sequence[Sequence[Part]]) -> Lived:
    """The decisions with one trade each, in as many child orders as there are parts; none for no part."""
    records, late = [], []
    for place, (record, parts) in enumerate(zip(_plain_records(), orders, strict=False)):
        made, at_once = [], []
        whole = f"guarded:{record.session}:{record.slot}:1"
        for number, part in enumerate(parts, start=1):
            key = whole if len(parts) == 1 else f"{whole}.{number}"
            order = Order(
                key=key,
                fund_id="guarded",
                instrument=_fund().instrument,
                units=Decimal(part.units),
                price=record.decision.snapshot.price,
                price_limit=record.decision.snapshot.price,
                good_until=record.due + dt.timedelta(minutes=30),
                volume_cap_fraction=0.1,
                parent="" if len(parts) == 1 else whole,
            )
            made.append(order)
            for i, (units, price, commission, spread, later) in enumerate(part.fills):
                value = abs(Decimal(units)) * Decimal(price)
                reference = f"broker:{key}:{i}"
                fees = Decimal(commission), Decimal(spread)
                fill = Fill(key, reference, Decimal(units), Decimal(price), value, *fees, record.due)
                if later < 0:
                    at_once.append(fill)
                else:
                    late.append((place + later, fill))
        records.append(replace(record, orders=tuple(made), fills=tuple(at_once)))
    return Lived(tuple(records), tuple(late))


NOW, SOON, NEXT, AFTER = -1, 0, 1, 2
"""A fill with the decision; late, before the next decision; after one more; after two more."""

BY_HAND = lived_through(
    (
        (
            Part(600, ((600, "100.50", "3", "6", NOW),)),
            Part(400, ((100, "101", "1", "1", SOON),)),
        ),
        (Part(-500),),
        (Part(200, ((200, "95.10", "0.50", "2", NOW),)),),
        (Part(100),),
    )
)
"""Four orders: bought in two children of which 300 units were never filled; a sale that was cancelled without a fill;
one filled whole; one that is still open. At 100, 98, 95 and 97, with 0.50 of dividend on the third day."""


def test_a_table_by_hand() -> None:
    """By pencil.

    1,000 bought at 100: 600 × 0.50 + 100 × 1 = 400 in price, 9 + 2 in fees, 300 × (98 − 100) = −600.
    500 sold at 98, nothing filled: −500 × (95 + 0.50 − 98) = 1,250.
    200 bought at 95: 200 × 0.10 = 20 in price, 2.50 in fees.
    100 bought at 97, nothing filled, no later price.
    """
    found = BY_HAND.found(0, 3)
    assert [each.cost for each in found.orders] == [
        Causes(Decimal(400), Decimal(11), Decimal(-600)),
        Causes(opportunity=Decimal(1250)),
        Causes(Decimal(20), Decimal("2.5")),
        Causes(),
    ]
    assert [each.value for each in found.orders] == [Decimal(each) for each in (100_000, 49_000, 19_000, 9_700)]
    assert [each.open_units for each in found.orders] == [ZERO, ZERO, ZERO, Decimal(100)]
    assert (found.cost, found.cost.total) == (Causes(Decimal(420), Decimal("13.5"), Decimal(650)), Decimal("1083.5"))
    assert found.value == 177_700
    assert bps(found.cost.total, found.value) == pytest.approx(60.97355092853123, rel=1e-14)
    assert found.worst is not None
    assert (found.worst.session, found.worst.decided) == (BY_HAND.records[1].session, Decimal(-500))
    assert bps(found.worst.cost.total, found.worst.value) == pytest.approx(255.10204081632654, rel=1e-14)
    assert (found.earlier_orders, found.earlier) == (0, Causes())


def test_the_page_shows_the_table_and_the_json_says_the_same() -> None:
    section, page = BY_HAND.section(0, 3)
    start = page.index('<h2 id="executions">')
    shown = page[start : page.index("</section>", start)]
    rows = {
        label: re.findall(r"<td[^>]*>(?:<[^>]+>)?([^<]+)", cells)
        for label, cells in re.findall(r'<tr class="kept"><th[^>]*>([^<]+)</th>(.*?)</tr>', shown)
    }
    assert rows == {
        "Price": ["420.00", "23.6 bps", "0.00", "0.0 bps"],
        "Fees": ["13.50", "0.8 bps", "0.00", "0.0 bps"],
        "Opportunity": ["650.00", "36.6 bps", "1,250.00", "255.1 bps"],
        "Shortfall so far": ["1,083.50", "61.0 bps", "1,250.00", "255.1 bps"],
    }
    assert f"{BY_HAND.records[1].session} close, sell 500" in shown
    assert "177,700.00" in shown
    assert "Of 1 order, 9,700.00 USD had been neither executed nor judged when the period was over" in shown
    assert "5 orders, 3 fills; 900 units not filled. Shortfall so far 1,083.50 USD, 61.0 bps." in shown
    facts_found = BY_HAND.facts(0, 3)
    report = compliance.build(_fund(), facts_found, BY_HAND.records[:4], ANCHOR, Evidence())
    figures = json.loads(json.dumps(report.figures()))
    [kept] = [each for each in figures["sections"] if each["key"] == "executions"]
    table, orders = kept["tables"]
    cells = {row["label"]: [cell["value"] for cell in row["cells"]] for row in table["rows"]}
    assert [Decimal(cells[label][0]) for label in rows] == [420, Decimal("13.5"), 650, Decimal("1083.5")]
    assert cells["Shortfall so far"][1] == pytest.approx(60.97355092853123)
    assert Decimal(kept["figures"]["decided"]["value"]) == 177_700
    assert kept["figures"]["trades"]["value"] == 4
    assert len(section.tables) == 2
    exact = set(re.findall(r'<data value="([^"]+)"', shown[shown.index("<table>") :]))
    every = {str(cell["value"]) for each in (table, orders) for row in each["rows"] for cell in row["cells"]}
    assert exact <= every, "the page shows what the JSON has not"


def test_an_order_filled_in_the_next_period_is_counted_there() -> None:
    """Decided on the last day of a period, half filled before it was over, the rest of it in the next.

    1,000 bought at 100; 500 at 102 with 5 in fees at once, 300 at 103 with 3 after the period, 200 never; 98 next.
    """
    life = lived_through(((Part(1000, ((500, "102", "5", "0", NOW), (300, "103", "3", "0", NEXT))),), ()))
    first, second, whole = life.found(0, 0), life.found(1, 1), life.found(0, 1)
    assert (first.cost, [each.open_units for each in first.orders]) == (
        Causes(Decimal(1000), Decimal(5)),
        [Decimal(500)],
    )
    assert (second.orders, second.earlier_orders) == ((), 1)
    assert second.earlier == Causes(Decimal(900), Decimal(3), Decimal(-400))
    assert (whole.cost, whole.earlier_orders) == (Causes(Decimal(1900), Decimal(8), Decimal(-400)), 0)
    section, page = life.section(0, 0)
    opportunity = next(row for row in section.tables[0].rows if row.label == "Opportunity")
    assert all(isinstance(cell.value, NotComputed) for cell in opportunity.cells), "what nobody has judged reads as 0"
    assert "not computed: no later decision in the period" in page
    section, page = life.section(1, 1)
    assert section.sentence == "No orders in the period. Shortfall of orders decided before: 503.00 USD."
    assert [(row.label, [cell.value for cell in row.cells]) for row in section.tables[0].rows] == [
        ("Price", [900]),
        ("Fees", [3]),
        ("Opportunity", [-400]),
        ("Shortfall", [503]),
    ]
    assert "Decided before" in page


def test_a_period_without_orders_says_so() -> None:
    life = lived_through(((), (), ()))
    section, page = life.section(0, 2)
    assert section.sentence == "No orders in the period."
    assert [table.rows for table in section.tables] == [()]
    assert "Implementation shortfall: no orders in the period." in page
    for name in ("decided", "worst"):
        assert section.figures[name].value == NotComputed("no orders in the period"), f"{name} looks measured"
    found = life.found(0, 2)
    assert (found.worst, found.value, found.cost) == (None, ZERO, Causes())


prices = st.decimals(50, 200, places=2)
fees = st.decimals(0, 20, places=2)
fill_of = st.tuples(st.integers(1, 500), prices, fees, fees, st.sampled_from([NOW, SOON, NEXT, AFTER]))
child_of = st.tuples(st.lists(fill_of, max_size=3), st.integers(0, 400))
trade_of = st.tuples(st.sampled_from([1, -1]), st.lists(child_of, max_size=3))
lives_of = st.lists(trade_of, min_size=len(CLOSES), max_size=len(CLOSES)).map(
    lambda trades: lived_through(
        [
            [
                Part(
                    side * (sum(units for units, *_ in filled) + left),
                    tuple((side * units, str(p), str(c), str(s), later) for units, p, c, s, later in filled),
                )
                for filled, left in children
                if filled or left
            ]
            for side, children in trades
        ]
    )
)


@given(lives_of, st.integers(0, len(CLOSES) - 1))
def test_totals_are_those_of_the_children_and_of_the_two_portfolios(life: Lived, last: int) -> None:
    """Child by child in fractions: what paper holds at the next decision less what the fund does, and less its fees."""
    found = life.found(0, last)
    fills = [fill for record in life.records[: last + 1] for fill in record.fills] + life.known(last + 1)
    total, by_cause = Fraction(0), [ZERO, ZERO, ZERO]
    for place, record in enumerate(life.records[: last + 1]):
        arrival = Fraction(CLOSES[place])
        judged = place < last
        then = Fraction(CLOSES[place + 1]) + (Fraction(1, 2) if place == 1 else 0) if judged else arrival
        for order in record.orders:
            own = [fill for fill in fills if fill.order_key == order.key]
            paper = Fraction(order.units) * (then - arrival)
            real = sum((Fraction(fill.units) * (then - Fraction(fill.price)) for fill in own), Fraction(0))
            total += paper - real + sum((Fraction(fill.commission + fill.spread) for fill in own), Fraction(0))
            executed = [Executed(fill.units, fill.price, fill.commission + fill.spread) for fill in own]
            child = shortfall(order.units, order.price, executed, Decimal(then.numerator) / Decimal(then.denominator))
            parts = child.price, child.fees, child.opportunity
            by_cause = [before + part for before, part in zip(by_cause, parts, strict=True)]
    assert Fraction(found.cost.total) == total, "the report's total is not paper portfolio minus fund"
    assert [found.cost.price, found.cost.fees, found.cost.opportunity] == by_cause, "children do not add up"
    assert found.cost.total == found.cost.price + found.cost.fees + found.cost.opportunity
    assert found.cost.total == sum((order.cost.total for order in found.orders), ZERO)
    assert found.worst is None or found.worst.cost.total == max(order.cost.total for order in found.orders)


@given(lives_of, st.integers(0, len(CLOSES) - 2))
def test_neighbouring_periods_add_up_to_the_whole(life: Lived, last: int) -> None:
    """Whatever is filled or judged after the period stands in the next one, and nothing stands twice."""
    end = len(CLOSES) - 1
    first, second, whole = life.found(0, last), life.found(last + 1, end), life.found(0, end)
    assert first.cost.plus(second.cost).plus(second.earlier) == whole.cost
    assert first.value + second.value == whole.value
    assert [each.key for each in (*first.orders, *second.orders)] == [each.key for each in whole.orders]
    assert (first.earlier_orders, whole.earlier_orders) == (0, 0)
    assert second.earlier == Causes() or second.earlier_orders > 0


@pytest.mark.parametrize(
    ("strike", "soon", "expected"),
    [("100", False, None), ("99", True, Decimal(1)), ("90", True, ZERO), ("0.01", False, ZERO)],
    ids=["at its mark", "in the money at expiry", "worthless at expiry", "worth nothing"],
)
def test_a_rest_of_options_is_judged_at_its_mark_or_payoff(strike: str, soon: bool, expected: Decimal | None) -> None:
    """Puts that were decided on at 100 and never bought, with the index at 98 at the next decision."""
    fund, records = _fund(), _plain_records()
    seen = records[1].decision.snapshot
    expiry = records[1].session if soon else records[5].session
    option = OptionHeld("put", Decimal(strike), expiry, Decimal(10))
    bought = traded_at_mark(fund, option, records[0].decision.snapshot)
    whole = lived_through(((Part(10),),)).records[0]
    order = replace(whole.orders[0], instrument=option.instrument, price=bought.trade.price)
    decided = replace(whole, orders=(order,), decision=replace(whole.decision, option_trades=(bought,)))
    [found] = executions({fund.config_sha256: fund}, (), (decided, records[1])).orders
    years = 4 / 252
    mark = black_scholes.put(98.0, float(strike), years, seen.rate, seen.put_vol, seen.dividend_yield)
    then = float(mark) if expected is None else float(expected)
    missed = 10 * (then - float(bought.trade.price))
    assert float(found.cost.total) == pytest.approx(missed, abs=1e-5), "ten puts, each to the millionth"
    assert (found.cost.price, found.cost.fees, found.open_units) == (ZERO, ZERO, ZERO)
    [unjudged] = executions({fund.config_sha256: fund}, (), (decided,)).orders
    assert (unjudged.cost.total, unjudged.open_units) == (ZERO, Decimal(10))


def test_what_was_decided_on_at_nothing_has_no_share() -> None:
    """A put that is worth nothing to the millionth: its cost is money, and basis points of nothing are not computed."""
    life = lived_through(((Part(10),), ()))
    order = replace(life.records[0].orders[0], price=ZERO)
    found = executions(_contracts(), (), (replace(life.records[0], orders=(order,)), life.records[1]))
    assert (found.value, found.cost.total, bps(found.cost.total, found.value)) == (ZERO, Decimal(980), None)
    assert shortfall(Decimal(10), ZERO, [], Decimal(98)).bps is None
    told = replace(life, records=(replace(life.records[0], orders=(order,)), life.records[1]))
    section, _ = told.section(0, 1)
    missing = NotComputed("what was decided was worth nothing")
    assert {row.label: row.cells[1].value for row in section.tables[0].rows}["Shortfall"] == missing
    assert section.sentence.endswith("Shortfall 980.00 USD.")

"""Child orders in the book: decided together, sent each in its time, and what is left of them is said and priced."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.verify import verify
from insure.broker import BlotterBroker, read_fills
from insure.carried_deficit import deficit_of
from insure.decision.trades import trade_between
from schedules.orders.pausing import market_of
from schedules.orders.sending import deliver
from schedules.outcomes import fund_status, tick_figures
from schedules.watch.alerts import alerts_of
from schedules.watch.delivering import alerts_about, delivered, next_look
from tests.book.conftest import OpenBook, open_book, postgres, postgres_book
from tests.contracts import Toml
from tests.execution.intraday import MINUTE, Obedient, executed, intraday, sessions, ticked, told

__all__ = ["open_book", "postgres", "postgres_book"]  # fixtures

VENUES: list[Toml] = [{"name": "A", "weight": 3.0}, {"name": "B", "weight": 1.0}]


def test_paper_executes_every_child_at_once_and_they_are_the_trade(open_book: OpenBook) -> None:
    costs: Toml = {"commission_bps": 1.0, "commission_per_trade_money": Decimal("2.50"), "half_spread_bps": 1.0}
    of = intraday(broker="paper", execution={"venues": VENUES}, costs=costs)
    (slot,) = sessions(of, 1)
    with open_book() as book:
        done = ticked(book, of, slot, told(of, ["100"]))
        record = done.record
        assert record is not None
        trade = record.decision.trade
        assert trade is not None
        assert len(record.orders) == len(record.fills) == 8, "four slices at two venues"
        for name in ("units", "value", "commission", "spread"):
            assert sum(getattr(fill, name) for fill in record.fills) == getattr(trade, name), name
        alone = trade_between(of, Decimal(0), trade.units, trade.price)
        assert alone is not None
        more = trade.commission - alone.commission
        assert Decimal("17.50") <= more <= Decimal("17.58"), "seven tickets more, each rounded up to the cent"
        assert record.after.cash == trade.cash_after(record.decision.holdings.cash) >= 0
        assert record.ladder is not None
        assert record.ladder["executed"].units == record.ladder["lots"].units
        assert "units in 8 orders at 100" in record.ladder["executed"].reason
        assert (done.deficit, book.open_orders()) == (None, [])
        assert {order.venue for order in record.orders} == {"A", "B"}
        assert {order.trade_key for order in record.orders} == {f"tested:{slot.session}:open+120min:1"}
        kept = [book.order(order.key) for order in record.orders]
        assert [each.order for each in kept] == list(record.orders), "an order did not come back from the book"
        assert verify(book).findings == ()


def test_each_child_is_sent_in_its_time_and_once(open_book: OpenBook) -> None:
    of, broker = intraday(), Obedient()
    (slot,) = sessions(of, 1)
    with open_book() as book:
        done = ticked(book, of, slot, told(of, ["100"]), broker)
        assert done.deficit is not None
        assert not done.deficit.protects, "a purchase is outstanding until it is executed"
        for quarter in range(5):
            moment = slot.at + quarter * 15 * MINUTE
            delivered(book, broker, of, moment)
            delivered(book, broker, of, moment)
            wanted = [f"tested:{slot.session}:open+120min:1.{number}" for number in range(1, min(quarter + 1, 4) + 1)]
            assert list(broker.orders) == wanted, f"after {quarter * 15} minutes"
        assert book.open_orders() == []
        assert done.record is not None
        trade = done.record.decision.trade
        assert trade is not None
        assert book.standing("tested").holdings.units == trade.units
        assert book.statements(("deficit",)) == [], "nothing is missing"
        assert fund_status(of, book, slot.at).deficit is None
        assert verify(book).findings == ()


def test_what_outlives_its_time_is_a_deficit_that_is_said_once_priced_and_carried(open_book: OpenBook) -> None:
    of = intraday()
    first, second, third = sessions(of, 3)
    prices = told(of, ["100", "80", "79"])
    with open_book() as book:
        ticked(book, of, first, prices, Obedient())
        for quarter in range(4):
            delivered(book, Obedient(), of, first.at + quarter * 15 * MINUTE)
        bought = book.standing("tested").holdings.units
        sale = ticked(book, of, second, prices, Obedient())
        assert sale.record is not None
        assert sale.record.decision.trade is not None
        decided = sale.record.decision.trade.units
        assert decided < 0, sale.reason
        deaf = Obedient(executes=False)
        delivered(book, Obedient(), of, second.at)
        delivered(book, deaf, of, second.at + 15 * MINUTE)
        _, alerts = delivered(book, deaf, of, second.at + 61 * MINUTE)
        states = [book.order(order.key).state for order in sale.record.orders]
        assert states == ["filled", "cancelled", "cancelled", "cancelled"]
        left = book.standing("tested").holdings.units - (bought + decided)
        assert left == -sum(order.units for order in sale.record.orders[1:])
        (said,) = book.statements(("deficit",))
        assert (Decimal(said.content["units"]), said.content["slot"]) == (left, f"{second.session}:open+120min")
        assert said.sentence.startswith("Protection deficit: ")
        assert [(one.grade, one.kind) for one in alerts] == [("B", "protection deficit")]
        assert delivered(book, deaf, of, second.at + 90 * MINUTE)[1] == [], "it was said twice"
        status = fund_status(of, book, second.at + 61 * MINUTE)
        assert status.deficit is not None
        assert status.deficit.units == float(left)
        assert dict(status.deficit.losses)[0.10] == pytest.approx(float(left) * 80 * 0.10)
        assert status.figures()["deficit"] is not None
        assert "Protection deficit" in status.deficit_said
        next_ = ticked(book, of, third, prices, Obedient())
        assert next_.record is not None
        assert next_.record.decision.holdings.units == bought + decided + left, "the next slot starts from what is held"
        figures = tick_figures(next_)["deficit"]
        assert isinstance(figures, dict)
        assert figures["kind"] == "protection"
        assert verify(book).findings == ()


def test_the_time_to_the_next_slot_is_a_session_and_a_weekend_is_none(tmp_path: Path) -> None:
    of = intraday()
    slots_ = sessions(of, 4)
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, slots_[0], told(of, ["100"]), Obedient())
        standing = book.standing("tested")
        assert standing.last is not None
        for slot in slots_:  # 2007-01-05 is a Friday
            found = deficit_of(of, standing.last, standing.holdings.units, slot.at)
            assert found is not None
            assert found.years == pytest.approx(1.0 / 252.0), f"from {slot.key}"
        half = deficit_of(of, standing.last, standing.holdings.units, slots_[0].at + 195 * MINUTE)
        assert half is not None
        assert half.years == pytest.approx(0.5 / 252.0), "half a session later"


def test_a_wide_market_pauses_buying_until_it_is_narrow_and_says_each_once(open_book: OpenBook) -> None:
    of, broker = intraday(execution={"widest_spread_bps": 20.0}), Obedient()
    (slot,) = sessions(of, 1)
    wide = told(of, ["100"], bid=Decimal("99.5"), ask=Decimal("100.5"))
    narrow = told(of, ["100"], bid=Decimal("99.95"), ask=Decimal("100.05"))
    with open_book() as book:
        ticked(book, of, slot, wide, broker)
        raised = []
        for minutes in (0, 1, 1):
            now = slot.at + minutes * MINUTE
            raised += delivered(book, broker, of, now, market=market_of(of, lambda: wide, now))[1]
        assert broker.orders == {}, "it bought in a wide market"
        assert [(one.grade, one.kind) for one in raised] == [("B", "buying paused")]
        assert "Bid to ask is 100.0 bps; the most to buy in is 20." in raised[0].sentence
        now = slot.at + 2 * MINUTE
        _, alerts = delivered(book, broker, of, now, market=market_of(of, lambda: narrow, now))
        assert (len(broker.orders), alerts) == (1, [])
        assert [one.content["what"] for one in book.statements(("pause",))] == ["paused", "resumed"]
        now = slot.at + 50 * MINUTE
        delivered(book, broker, of, now, market=market_of(of, lambda: wide, now))
        states = [
            each.state for each in map(book.order, (f"tested:2007-01-03:open+120min:1.{n}" for n in (1, 2, 3, 4)))
        ]
        assert states == ["filled", "cancelled", "cancelled", "new"], "a paused purchase is not chased"
        assert verify(book).findings == ()


def test_a_sale_goes_on_in_a_wide_market_and_is_never_silent(tmp_path: Path) -> None:
    of, broker = intraday(execution={"widest_spread_bps": 20.0}), Obedient()
    first, second = sessions(of, 2)
    prices = told(of, ["100", "80"])
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, first, prices, broker)
        for quarter in range(4):
            delivered(book, broker, of, first.at + quarter * 15 * MINUTE)
        ticked(book, of, second, prices, broker)
        for minutes in (0, 1):
            now = second.at + minutes * MINUTE
            _, alerts = delivered(book, broker, of, now, market=market_of(of, lambda: prices, now))
            assert [one.kind for one in alerts] == (["wide market"] if minutes == 0 else [])
        assert f"tested:{second.session}:open+120min:1.1" in broker.orders
        (said,) = book.statements(("pause",))
        assert said.content["what"] == "went on"
        assert "The feed tells no bid and ask" in said.sentence


def test_a_quote_of_another_session_shows_nothing(tmp_path: Path) -> None:
    of, broker = intraday(execution={"least_depth_units": 10.0}), Obedient()
    first, second = sessions(of, 2)
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, first, told(of, ["100"]), broker)
        yesterday = told(of, ["100"], depth=1000.0)
        order = book.open_orders()[0].order
        assert market_of(of, lambda: yesterday, first.at)(order) == ""
        assert "tells no depth" in market_of(of, lambda: yesterday, second.at)(order)


def test_on_paper_a_wide_market_pauses_buying_too(open_book: OpenBook) -> None:
    of = intraday(broker="paper", execution={"widest_spread_bps": 20.0})
    first, second = sessions(of, 2)
    wide = told(of, ["100", "100"], bid=Decimal("99.5"), ask=Decimal("100.5"))
    with open_book() as book:
        done = ticked(book, of, first, wide)
        record = done.record
        assert record is not None
        assert record.fills == ()
        assert record.after.units == 0
        assert {book.order(order.key).state for order in record.orders} == {"cancelled"}
        assert record.ladder is not None
        assert record.ladder["executed"].reason.startswith("Buying is paused: Bid to ask is 100.0 bps")
        assert [one.kind for one in book.statements(("pause", "deficit"))] == ["pause", "deficit"]
        assert done.deficit is not None
        assert not done.deficit.protects
        assert [alert.kind for alert in alerts_of(done)] == ["buying paused"]
        narrow = told(of, ["100", "100"], bid=Decimal("99.95"), ask=Decimal("100.05"))
        again = ticked(book, of, second, narrow)
        assert again.record is not None
        assert again.record.after.units > 0, "the next slot buys what is still missing"
        assert verify(book).findings == ()


def test_on_paper_a_sale_goes_on_in_a_wide_market_and_is_said(tmp_path: Path) -> None:
    of = intraday(broker="paper", execution={"widest_spread_bps": 20.0})
    first, second = sessions(of, 2)
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, first, told(of, ["100"], bid=Decimal("99.95"), ask=Decimal("100.05")))
        done = ticked(book, of, second, told(of, ["100", "80"], bid=Decimal(79), ask=Decimal(81)))
        assert done.record is not None
        assert done.record.fills
        assert "wide market" in [alert.kind for alert in alerts_of(done)]
        (said,) = book.statements(("pause",))
        assert said.content["what"] == "went on"
        assert verify(book).findings == ()


def test_a_structure_begins_in_a_wide_market_and_is_not_said_to_reduce_risk(tmp_path: Path) -> None:
    """It buys nearly all of the fund in stock: that is no reduction, and waits for nothing because it is whole."""
    terms = {"widest_spread_bps": 20.0}
    of = intraday(broker="paper", strategy={"kind": "static_put"}, execution=terms)
    (slot,) = sessions(of, 1)
    with Book.open(tmp_path / "insure.db") as book:
        done = ticked(book, of, slot, told(of, ["100"], bid=Decimal("99.5"), ask=Decimal("100.5")))
        assert done.record is not None
        assert done.record.after.units > 0
        assert done.record.after.options
        (said,) = book.statements(("pause",))
        assert "because a structure of stock and options begins whole or not at all: Bid to ask is" in said.sentence
        assert "reduces risk" not in said.sentence
        assert [alert.sentence for alert in alerts_of(done) if alert.kind == "wide market"] == [said.sentence]
        assert verify(book).findings == ()


def test_a_slot_that_decides_anew_withdraws_children_that_wait_and_no_others(open_book: OpenBook) -> None:
    from insure.slots import Slot  # noqa: PLC0415

    of, broker = intraday(), Obedient()
    (slot,) = sessions(of, 1)
    with open_book() as book:
        ticked(book, of, slot, told(of, ["100"]), broker)
        delivered(book, broker, of, slot.at)
        event = Slot(slot.session, "event1", slot.at + 5 * MINUTE)
        fallen = told(of, ["80"])
        done = ticked(book, of, event, fallen, broker)
        assert done.outcome == "OK", done.reason
        states = [book.order(f"tested:{slot.session}:open+120min:1.{number}").state for number in (1, 2, 3, 4)]
        assert states == ["filled", "cancelled", "cancelled", "cancelled"], "old purchases would follow a new decision"
        assert verify(book).findings == ()


def test_a_child_that_is_under_way_holds_the_next_slot_and_the_others_go_on(tmp_path: Path) -> None:
    from insure.slots import Slot  # noqa: PLC0415

    of, deaf = intraday(), Obedient(executes=False)
    (slot,) = sessions(of, 1)
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, slot, told(of, ["100"]), deaf)
        delivered(book, deaf, of, slot.at)
        done = ticked(book, of, Slot(slot.session, "event1", slot.at + 5 * MINUTE), told(of, ["80"]), deaf)
        assert done.outcome == "HELD"
        assert ":1.1 is acked (and 3 more)" in done.reason
        assert [each.state for each in book.open_orders()] == ["acked", "new", "new", "new"]


def test_the_service_looks_when_the_next_child_is_due(tmp_path: Path) -> None:
    of, broker = intraday(), Obedient()
    (slot,) = sessions(of, 1)
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, slot, told(of, ["100"]), broker)
        deliver(book, broker, slot.at)
        assert next_look(book, "tested", slot.at) == slot.at + 15 * MINUTE
        assert next_look(book, "tested", slot.at + 61 * MINUTE) is None


def test_the_blotter_hands_out_children_in_time_and_their_fills_come_back_by_file(tmp_path: Path) -> None:
    of = intraday("front_loaded", execution={"venues": VENUES})
    first, second = sessions(of, 2)
    prices = told(of, ["100", "80"])
    broker = BlotterBroker(tmp_path / "blotter")
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, first, prices, broker)
        files: list[Path] = []
        for quarter in range(4):
            delivered(book, broker, of, first.at + quarter * 15 * MINUTE)
            files = sorted((tmp_path / "blotter").glob("tested_*.csv"))
            assert len(files) == 2 * (quarter + 1), "a child was handed out before its time, or not at all"
        wishes = {path.name for path in (tmp_path / "blotter").glob("CANCEL-*.csv")}
        assert wishes == {f"CANCEL-{path.name}" for path in files[:4]}, "what is past its time is to be cancelled"
        rows = [next(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) for path in files]
        assert {row["venue"] for row in rows} == {"A", "B"}
        assert len({row["not_before_utc"] for row in rows}) == 4
        lines = ["order_key,reference,units,price,commission,at"]
        lines += [
            f"{row['order_key']},d{n},{row['units']},100.10,1.00,{row['good_until_utc']}" for n, row in enumerate(rows)
        ]
        fills = read_fills("\n".join(lines), "fills.csv", lambda _: "USD")
        assert book.book_fills(fills, first.at + 61 * MINUTE) == 8
        assert book.open_orders() == []
        assert book.book_fills(fills, first.at + 62 * MINUTE) == 0
        sale = ticked(book, of, second, prices, broker)
        assert sale.record is not None
        track = sale.record.track
        assert track is not None
        nav = float(sale.record.decision.holdings.units * 80 + sale.record.decision.holdings.cash)
        assert track.total == pytest.approx(nav - track.twin_value, abs=1e-9 * nav), "causes do not add up"
        assert verify(book).findings == ()


def test_a_sent_order_past_its_time_is_cancelled_at_the_broker_and_what_it_did_before_is_booked(tmp_path: Path) -> None:
    of, broker = intraday("at_once"), Obedient(executes=False)
    (slot,) = sessions(of, 1)
    with Book.open(tmp_path / "insure.db") as book:
        ticked(book, of, slot, told(of, ["100"]), broker)
        delivered(book, broker, of, slot.at)
        assert [each.state for each in book.open_orders()] == ["acked"]
        _, alerts = delivered(book, broker, of, slot.at + 61 * MINUTE)
        assert book.open_orders() == []
        assert [one.kind for one in alerts] == ["purchase outstanding"]
        late = executed(next(iter(broker.orders.values())))
        assert book.book_fills([late], slot.at + 62 * MINUTE) == 1, "a fill that came late is real all the same"
        assert fund_status(of, book, slot.at).deficit is None


def test_an_alert_is_about_what_was_said(tmp_path: Path) -> None:
    with Book.open(tmp_path / "insure.db") as book:
        of = intraday()
        (slot,) = sessions(of, 1)
        said = book.state("pause", of.id, slot.at, {"order": "x", "what": "resumed", "sentence": "Again."})
        assert alerts_about(said) == [], "that buying is resumed alarms nobody"


@pytest.mark.parametrize("strategy", ["buy_and_hold", "synthetic_put"])
def test_a_first_purchase_that_was_done_in_part_is_carried_until_it_is_whole(tmp_path: Path, strategy: str) -> None:
    of, deaf = intraday(strategy={"kind": strategy}), Obedient(executes=False)
    first, second, third, fourth = sessions(of, 4)
    prices = told(of, ["100"] * 4)
    with Book.open(tmp_path / "insure.db") as book:
        begun = ticked(book, of, first, prices, Obedient())
        assert begun.record is not None
        assert begun.record.decision.trade is not None
        wanted = begun.record.decision.trade.units
        delivered(book, Obedient(), of, first.at)
        delivered(book, deaf, of, first.at + 61 * MINUTE)
        part = book.standing("tested").holdings.units
        assert 0 < part < wanted
        ticked(book, of, second, prices, deaf)
        delivered(book, deaf, of, second.at + 61 * MINUTE)
        assert book.standing("tested").holdings.units == part, "nothing of the second was executed"
        ticked(book, of, third, prices, Obedient())
        for quarter in range(4):
            delivered(book, Obedient(), of, third.at + quarter * 15 * MINUTE)
        held = book.standing("tested").holdings.units
        assert abs(held - wanted) <= 0.01 * float(wanted), f"{held} of {wanted} units were bought in the end"
        last = ticked(book, of, fourth, prices, Obedient())
        assert last.record is not None
        if strategy == "buy_and_hold":
            assert last.record.decision.trade is None, "it is bought once, and then held"
        assert verify(book).findings == ()

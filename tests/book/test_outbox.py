"""Orders on their way: whatever a broker does, the book ends with what was really executed, once."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insure.book import Book
from insure.book.outbox import MOVES
from insure.book.verify import verify
from insure.broker import BlotterBroker, FailingBroker, Faults
from insure.errors import BookError
from insure.orders import Fill, OrderState
from schedules.jobs import Tick, tick
from schedules.orders.sending import close_order, deliver, resolve
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, first_slots, listed

FUND = a_fund(broker="blotter")
LATER = dt.timedelta(minutes=5)
probabilities = st.sampled_from([0.0, 0.2, 0.6])


def _ticked(book: Book, broker: FailingBroker | BlotterBroker, number: int) -> Tick:
    slot = first_slots(number + 1)[number]
    return tick(book, FUND, slot, listed(), broker, slot.at)


def _executed(book: Book) -> dict[str, list[Fill]]:
    found: dict[str, list[Fill]] = {}
    with book.engine.connect() as connection:
        from insure.book.outbox import fill_of  # noqa: PLC0415
        from insure.book.tables import fills  # noqa: PLC0415

        for row in connection.execute(fills.select().order_by(fills.c.reference)):
            found.setdefault(row.order_key, []).append(fill_of(row))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Faults,
        drops=probabilities,
        delays=probabilities,
        silences=probabilities,
        repeats=probabilities,
        parts=probabilities,
        cancels=probabilities,
        forgets=st.sampled_from([0.0, 0.0, 0.5]),
    ),
    st.integers(0, 2**32 - 1),
)
def test_no_order_is_lost_or_doubled_by_a_failing_broker(tmp_path: Path, faults: Faults, seed: int) -> None:
    path = tmp_path / f"{seed}-{hash(faults)}.db"
    broker = FailingBroker(faults, np.random.default_rng(seed).random)
    with Book.open(path) as book:
        for number in range(6):
            done = _ticked(book, broker, number)
            for step in range(4):
                deliver(book, broker, done.slot.at + step * LATER)
            for waiting in book.open_orders():
                assert waiting.state in {"unknown", "acked", "partly", "sending"}
                # A person asks the broker by telephone, imports what it executed, and closes the order.
                if waiting.state != "unknown":
                    book.move_order(waiting.order.key, "unknown", done.slot.at + 5 * LATER, "nobody answers")
                book.book_fills(broker.executed.get(waiting.order.key, []), done.slot.at + 5 * LATER)
                if book.order(waiting.order.key).state not in {"filled", "cancelled"}:
                    close_order(book, waiting.order.key, "Ada", "asked by telephone", done.slot.at + 5 * LATER)
        truth = {key: fills for key, fills in broker.executed.items() if fills}
        assert _executed(book) == truth, "the book and the broker differ"
        assert all(count == 1 for count in broker.arrivals.values()), "an order was executed twice"
        assert verify(book).findings == ()
        assert book.open_orders() == []
    path.unlink()


def test_an_order_waits_for_its_broker_and_the_next_slot_waits_for_it(open_book: OpenBook) -> None:
    broker = FailingBroker(Faults(silences=1.0, parts=1.0), np.random.default_rng(1).random)
    with open_book() as book:
        first = _ticked(book, broker, 0)
        assert first.record is not None
        assert (first.record.fills, [each.state for each in book.open_orders()]) == ((), ["new"])
        deliver(book, broker, first.slot.at)
        assert [each.state for each in book.open_orders()] == ["partly"]
        second = _ticked(book, broker, 1)
        assert (second.outcome, second.record) == ("HELD", None)
        assert "Not decided while guarded:2007-01-03:close:1 is partly" in second.reason
        assert verify(book).findings == ()


def test_the_next_decision_starts_from_what_was_really_held(open_book: OpenBook) -> None:
    broker = FailingBroker(Faults(parts=1.0, cancels=1.0), np.random.default_rng(1).random)
    with open_book() as book:
        first = _ticked(book, broker, 0)
        deliver(book, broker, first.slot.at)
        resolve(book, broker, first.slot.at + LATER)
        (fill,) = broker.executed["guarded:2007-01-03:close:1"]
        standing = book.standing("guarded")
        assert standing.fills == (fill,)
        assert standing.holdings.units == fill.units
        second = _ticked(book, broker, 1)
        assert second.record is not None
        assert second.record.decision.holdings.units == fill.units
        track, price = second.record.track, second.record.decision.snapshot.price
        assert track is not None
        nav = float(second.record.after.units * price + second.record.after.cash)
        assert track.total == pytest.approx(nav - track.twin_value, rel=1e-9, abs=1e-9 * nav)
        assert track.causes["execution"] != 0.0, "half of the order was missing for a session"
        assert verify(book).findings == ()


def test_a_fill_at_another_price_is_slippage_of_execution(tmp_path: Path) -> None:
    broker = BlotterBroker(tmp_path / "blotter")
    with Book.open(tmp_path / "insure.db") as book:
        first = _ticked(book, broker, 0)
        deliver(book, broker, first.slot.at)
        (order,) = [each.order for each in book.open_orders()]
        paid = order.price + Decimal("0.50")
        value = (order.units * paid).quantize(Decimal("0.01"))
        fill = Fill(order.key, "desk-1", order.units, paid, value, Decimal(5), Decimal(0), first.slot.at + LATER)
        assert book.book_fills([fill], first.slot.at + LATER) == 1
        second = _ticked(book, broker, 1)
        assert second.record is not None
        track, price = second.record.track, second.record.decision.snapshot.price
        assert track is not None
        nav = float(second.record.decision.holdings.units * price + second.record.decision.holdings.cash)
        assert track.total == pytest.approx(nav - track.twin_value, abs=1e-9 * nav)
        shortfall = -0.5 * float(order.units)
        # Beside the price there is one session's gain on units that the last rung of the ladder did not have yet.
        assert track.causes["commission"] == pytest.approx(-5.0, rel=1e-3)
        assert first.record is not None
        assert first.record.ladder is not None
        gain = float(price) - float(order.price) * np.exp(0.03 / 252)
        assert track.causes["execution"] == pytest.approx(shortfall * np.exp(0.03 / 252), rel=1e-6), gain


def test_an_order_whose_time_limit_passed_is_not_sent(tmp_path: Path) -> None:
    broker = FailingBroker(Faults(), np.random.default_rng(1).random)
    with Book.open(tmp_path / "insure.db") as book:
        first = _ticked(book, broker, 0)
        deliver(book, broker, first.slot.at + dt.timedelta(hours=2))
        assert broker.executed == {}
        assert book.order("guarded:2007-01-03:close:1").state == "cancelled"


def _a_fill(book: Book, **changes: object) -> Fill:
    (order,) = [each.order for each in book.open_orders()]
    value = (order.units * order.price).quantize(Decimal("0.01"))
    fill = Fill(order.key, "r1", order.units, order.price, value, Decimal(1), Decimal(0), order.good_until)
    return replace(fill, **changes)  # type: ignore[arg-type]  # the names are those of the parametrisation below


def _sent(book: Book, folder: Path) -> None:
    first = _ticked(book, BlotterBroker(folder), 0)
    deliver(book, BlotterBroker(folder), first.slot.at)


def test_the_same_fill_is_the_same_entry_and_another_under_its_reference_an_error(
    open_book: OpenBook, tmp_path: Path
) -> None:
    with open_book() as book:
        _sent(book, tmp_path)
        fill = _a_fill(book)
        assert book.book_fills([fill, fill], fill.at) == 1
        before = book.head()
        assert book.book_fills([fill], fill.at + LATER) == 0
        assert book.head() == before
        with pytest.raises(BookError, match="r1 is booked already with other content"):
            book.book_fills([replace(fill, commission=Decimal(2))], fill.at)
        assert verify(book).findings == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"units": Decimal(10**7), "value": Decimal(10**9)}, "does not fit the order"),
        ({"units": Decimal(-1)}, "goes another way than"),
        ({"price": Decimal(1000)}, "beyond the price limit"),
        ({"value": Decimal(10**8)}, "holds"),
        ({"commission": Decimal(-1)}, "below zero"),
        ({"order_key": "guarded:2007-01-03:close:9"}, "no order"),
    ],
)
def test_a_fill_that_cannot_be_right_is_refused_and_nothing_is_kept(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with Book.open(tmp_path / "insure.db") as book:
        _sent(book, tmp_path)
        before = book.head()
        good = _a_fill(book, units=Decimal(1), value=_a_fill(book).price.quantize(Decimal("0.01")))
        bad = replace(_a_fill(book, reference="r2", units=Decimal(2), value=Decimal("200.00")), **changes)  # type: ignore[arg-type]  # names as above
        with pytest.raises(BookError, match=said):
            book.book_fills([good, bad], good.at)
        assert book.head() == before, "the good fill of a bad file was kept"
        assert book.standing("guarded").fills == ()


@pytest.mark.parametrize("start", MOVES)
@pytest.mark.parametrize("end", MOVES)
def test_an_order_moves_along_its_life_alone(tmp_path: Path, start: OrderState, end: OrderState) -> None:
    ways: dict[OrderState, tuple[OrderState, ...]] = {
        "new": (),
        "sending": ("sending",),
        "acked": ("sending", "acked"),
        "partly": ("sending", "partly"),
        "filled": ("sending", "filled"),
        "cancelled": ("cancelled",),
        "unknown": ("sending", "unknown"),
    }
    with Book.open(tmp_path / "insure.db") as book:
        slot = _ticked(book, BlotterBroker(tmp_path), 0).slot
        key = "guarded:2007-01-03:close:1"
        for state in ways[start]:
            book.move_order(key, state, slot.at, "on the way")
        if end in MOVES[start]:
            book.move_order(key, end, slot.at, "allowed")
            assert book.order(key).state == end
        else:
            with pytest.raises(BookError, match=f"is {start}; it cannot become {end}"):
                book.move_order(key, end, slot.at, "not allowed")

"""What agrees, what is timing, what is a break, and what was not reported."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.book.booked import Booked, Moved, OrderLife
from insure.broker.reported import Basis, FileKind, Reported, ReportedCash, ReportedOrder, ReportedPosition, ReportFile
from insure.controls import breaks
from insure.controls.reconciliation import Line, Reconciliation, following, known, reconcile, reconciled_sessions
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from insure.flows import Flow
from insure.orders import OrderState
from tests.contracts import fund as contract
from tests.controls.said import Told

FUND = contract(stage="shadow")
CALENDAR = fund_calendar(FUND)
INDEX, PUT = "index unit", "put 90 2027-01-04"
EARLIER = dt.datetime(2026, 11, 16, 21, tzinfo=dt.UTC)
AT = dt.datetime(2026, 11, 19, 21, tzinfo=dt.UTC)
AFTER = AT + dt.timedelta(hours=1)
KEY = "tested:2026-11-19:close:1"


def _moved(
    instrument: str,
    amount: str,
    at: dt.datetime = EARLIER,
    kind: Literal["fill", "flow", "other"] = "fill",
    key: str = "k",
) -> Moved:
    return Moved(key, at, kind, instrument, Decimal(amount))  # fmt: skip


def _order(
    units: str = "10",
    filled: str = "0",
    state: OrderState = "acked",
    *,
    decided: str = "",
    sent: str = "",
    key: str = KEY,
) -> OrderLife:
    fills = ((AT, Decimal(filled)),) if Decimal(filled) else ()
    whole = Decimal(units)
    return OrderLife(
        key, INDEX, dt.date(2026, 11, 19), Decimal(decided or whole), Decimal(sent or whole), fills, state, Decimal(50)
    )


def _booked(*moved: Moved, orders: Sequence[OrderLife] = (), waiting: Sequence[Flow] = ()) -> Booked:
    base = (_moved(INDEX, "100"), _moved("", "1000.00"))
    return Booked((*base, *moved), tuple(orders), tuple(waiting))


def _reported(
    units: str | None = "100",
    cash: str | None = None,
    orders: Sequence[ReportedOrder] | None = None,
    basis: Basis | None = None,
    others: Mapping[str, str] = MappingProxyType({}),
) -> Reported:
    told = {} if units is None else {INDEX: units}
    kinds: list[FileKind] = ["positions", *(["cash"] if cash else []), *(["orders"] if orders is not None else [])]  # type: ignore[list-item]  # words of the kinds
    return Reported(
        as_of=AT,
        session=AT.date(),
        positions=tuple(ReportedPosition(name, Decimal(each), basis) for name, each in {**told, **others}.items()),
        files=MappingProxyType({kind: ReportFile(kind, "", f"{kind:0>64}") for kind in kinds}),
        cash=(ReportedCash("USD", Decimal(cash), basis),) if cash else None,
        cash_as_of=AT if cash else None,
        orders=None if orders is None else tuple(orders),
        orders_as_of=None if orders is None else AT,
    )


def _line(booked: Booked, told: Reported, kind: str, subject: str = "") -> Line:
    found = [line for line in reconcile(FUND, CALENDAR, booked, told).lines if line.kind == kind]
    return next(line for line in found if not subject or line.subject == subject)


@pytest.mark.parametrize(
    ("units", "verdict"),
    [
        ("100", "agrees"),
        ("100.000001", "break"),
        ("99.999999", "break"),
        ("0", "break"),
        ("-100", "break"),
        (None, "not reported"),
    ],
)
def test_units_are_counted(units: str | None, verdict: str) -> None:
    found = reconcile(FUND, CALENDAR, _booked(), _reported(units, others={"x": "0"}))
    line = next(line for line in found.lines if line.subject == INDEX)
    assert (line.verdict, line.booked) == (verdict, Decimal(100))
    assert line.reported == (None if units is None else Decimal(units)), "what is not reported is never zero"
    assert found.complete is (units is not None)


def test_what_the_book_does_not_hold_is_a_break_only_above_zero() -> None:
    found = reconcile(FUND, CALENDAR, _booked(), _reported(others={"gold": "0", "silver": "5"}))
    assert {line.subject: line.verdict for line in found.lines} == {
        INDEX: "agrees",
        "gold": "agrees",
        "silver": "break",
    }


def test_options_reconcile_too() -> None:
    booked = _booked(_moved(PUT, "-30"))
    assert _line(booked, _reported(others={PUT: "-30"}), "units", PUT).verdict == "agrees"
    assert _line(booked, _reported(others={PUT: "-31"}), "units", PUT).verdict == "break"
    assert _line(booked, _reported(), "units", PUT).verdict == "not reported"


def test_the_book_is_looked_at_as_of_the_report() -> None:
    booked = _booked(_moved(INDEX, "7", AFTER), _moved("", "-350.00", AFTER))
    assert _line(booked, _reported(cash="1000.00"), "units").verdict == "agrees"
    assert _line(booked, _reported(cash="1000.00"), "cash").verdict == "agrees", "what came later is no difference"


@pytest.mark.parametrize(
    ("cash", "verdict"),
    [("1000.00", "agrees"), ("1001.00", "agrees"), ("999.00", "agrees"), ("1001.01", "break"), ("998.99", "break")],
)
def test_cash_has_its_tolerance(cash: str, verdict: str) -> None:
    assert _line(_booked(), _reported(cash=cash), "cash").verdict == verdict


def test_cash_of_another_currency_is_a_break_and_no_line_of_ours_is_missed() -> None:
    told = _reported(cash="1000.00")
    foreign = Reported(
        told.as_of, told.session, told.positions, told.files,
        (ReportedCash("EUR", Decimal("0.01"), None), ReportedCash("CHF", Decimal(0), None)), AT,
    )  # fmt: skip
    found = [line for line in reconcile(FUND, CALENDAR, _booked(), foreign).lines if line.kind == "cash"]
    assert {line.subject: line.verdict for line in found} == {"USD": "not reported", "EUR": "break", "CHF": "agrees"}
    silent = Reported(told.as_of, told.session, told.positions, told.files)
    assert _line(_booked(), silent, "cash").verdict == "not reported", "a file that does not mention the fund"
    assert all(line.kind != "cash" for line in reconcile(FUND, CALENDAR, _booked(), _reported()).lines)


@pytest.mark.parametrize(
    ("basis", "units", "cash", "verdict"),
    [
        (None, "110", "500.00", "agrees"),
        ("trade", "110", "500.00", "agrees"),
        (None, "100", "1000.00", "timing"),
        ("settlement", "100", "1000.00", "timing"),
        ("trade", "100", "1000.00", "break"),
        ("settlement", "110", "500.00", "break"),
        (None, "105", "750.00", "break"),
    ],
)
def test_trades_between_trade_and_settlement_are_timing(
    basis: Basis | None, units: str, cash: str, verdict: str
) -> None:
    booked = _booked(_moved(INDEX, "10", AT), _moved("", "-500.00", AT))
    told = _reported(units, cash=cash, basis=basis)
    assert {_line(booked, told, "units").verdict, _line(booked, told, "cash").verdict} == {verdict}


def test_what_is_settled_is_no_timing_any_more() -> None:
    booked = _booked(_moved(INDEX, "10", AT - dt.timedelta(days=1)))
    assert _line(booked, _reported("100"), "units").verdict == "break", "one session settles it"


@pytest.mark.parametrize(
    ("units", "cash", "verdicts"),
    [
        ("100", "1000.00", ("agrees", "agrees")),
        ("110", "500.00", ("timing", "timing")),
        ("104", "800.00", ("timing", "timing")),
        ("111", "450.00", ("break", "timing")),
        ("99", "1002.00", ("break", "break")),
        ("110", "400.00", ("timing", "break")),
    ],
)
def test_orders_in_flight_are_timing_up_to_what_is_left_of_them(
    units: str, cash: str, verdicts: tuple[str, str]
) -> None:
    booked, told = _booked(orders=[_order("10")]), _reported(units, cash=cash)
    assert (_line(booked, told, "units").verdict, _line(booked, told, "cash").verdict) == verdicts
    if verdicts[0] == "timing":
        assert f"timing: in flight: {KEY}" in _line(booked, told, "units").words


@pytest.mark.parametrize("state", ["filled", "cancelled"])
def test_an_order_at_its_end_explains_nothing(state: OrderState) -> None:
    assert _line(_booked(orders=[_order("10", state=state)]), _reported("104"), "units").verdict == "break"


def _flow(money: str, key: str = "f") -> Flow:
    return Flow(f"tested:2026-11-20:flow:{key}", "tested", dt.date(2026, 11, 20), "subscription", Decimal(money))


def test_flows_that_wait_or_are_not_settled_are_timing() -> None:
    booked = _booked(
        _moved("", "300.00", AT, "flow", "tested:2026-11-19:flow:a"), waiting=[_flow("70.00"), _flow("5.00", "g")]
    )
    for cash, words in {
        "1300.00": "+0.00.",
        "1000.00": "-300.00; timing: tested:2026-11-19:flow:a was dealt and is not settled.",
        "1370.00": "+70.00; timing: tested:2026-11-20:flow:f waits to be dealt.",
        "1075.00": "-225.00; timing: tested:2026-11-20:flow:f waits to be dealt, tested:2026-11-20:flow:g waits to be "
        "dealt, tested:2026-11-19:flow:a was dealt and is not settled.",
    }.items():
        assert _line(booked, _reported(cash=cash), "cash").words.endswith(words), cash
    assert _line(booked, _reported(cash="1370.00"), "cash").verdict == "timing"
    assert _line(booked, _reported(cash="1340.00"), "cash").verdict == "break"
    later = Flow("tested:2026-11-23:flow:h", "tested", dt.date(2026, 11, 23), "subscription", Decimal("40.00"))
    assert _line(_booked(waiting=[later]), _reported(cash="1040.00"), "cash").verdict == "break", "its money is not due"


def test_of_many_flows_only_all_together_explain() -> None:
    many = [_flow("10.00", str(number)) for number in range(11)]
    assert _line(_booked(waiting=many), _reported(cash="1110.00"), "cash").verdict == "timing"
    assert _line(_booked(waiting=many), _reported(cash="1010.00"), "cash").verdict == "break"


EQUATION = [
    ("10", "10", "10", None),
    ("10", "10", "0", None),
    ("10", "0", "0", None),
    ("-10", "-10", "-4", None),
    ("10", "11", "0", "+11 units were sent and +10 decided"),
    ("0", "10", "0", "+10 units were sent and +0 decided"),
    ("10", "-10", "0", "-10 units were sent and +10 decided"),
    ("10", "10", "10.000001", "+10.000001 units were executed and +10 sent"),
    ("10", "0", "5", "+5 units were executed and +0 sent"),
    ("-10", "-10", "4", "+4 units were executed and -10 sent"),
]


@pytest.mark.parametrize(("decided", "sent", "filled", "words"), EQUATION)
def test_executed_is_no_more_than_sent_and_sent_no_more_than_decided(
    decided: str, sent: str, filled: str, words: str | None
) -> None:
    order = _order(filled=filled, decided=decided, sent=sent)
    line = _line(_booked(orders=[order]), _reported(), "orders")
    assert line.verdict == ("agrees" if words is None else "break")
    assert words is None or words in line.words


@pytest.mark.parametrize(
    ("order", "told", "verdict", "words"),
    [
        (_order("10", "10", "filled"), ReportedOrder(KEY, Decimal(10), Decimal(10), INDEX), "agrees", "+10 booked."),
        (_order("10", "4", "partly"), ReportedOrder(KEY, Decimal(10), Decimal(7), ""), "timing", "are to be imported"),
        (
            _order("10", "4", "cancelled"),
            ReportedOrder(KEY, Decimal(10), Decimal(7), ""),
            "break",
            "order is cancelled",
        ),
        (_order("10", "4", "partly"), ReportedOrder(KEY, Decimal(10), Decimal(3), ""), "break", "order is partly"),
        (_order("10"), ReportedOrder(KEY, Decimal(11), Decimal(0), ""), "break", "+11 units reported, +10 sent"),
        (_order("10", sent="0", state="new"), ReportedOrder(KEY, Decimal(10), Decimal(0), ""), "break", "+0 sent"),
        (_order("10"), ReportedOrder(KEY, Decimal(10), Decimal(0), "gold"), "break", "reported in gold"),
        (_order("10"), None, "not reported", "is open and was not reported"),
    ],
)
def test_orders_against_the_brokers_report(
    order: OrderLife, told: ReportedOrder | None, verdict: str, words: str
) -> None:
    line = _line(_booked(orders=[order]), _reported(orders=[told] if told else []), "orders")
    assert line.verdict == verdict
    assert words in line.words


def test_an_order_that_the_book_does_not_know_is_a_break() -> None:
    strange = ReportedOrder("stranger:1", Decimal(5), Decimal(5), "")
    line = _line(_booked(), _reported(orders=[strange]), "orders")
    assert (line.verdict, line.booked, line.reported) == ("break", Decimal(0), Decimal(5))
    assert line.words == "Order stranger:1: +5 units reported; the book has no such order."


def _stated(told: Told, found: Reconciliation) -> None:
    standing = breaks.standing(told.of("break"))
    told.state("reconciliation", found.content())
    for content in following(found, standing):
        told.state("break", content)


def test_a_break_is_opened_once_and_cured_when_a_later_report_agrees() -> None:
    told = Told()
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported("90", cash="5.00")))
    assert {one.subject for one in breaks.standing(told.of("break"))} == {INDEX, "USD"}
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported("90")))
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported(None, others={"x": "0"})))
    assert len(told.of("break")) == 2, "the same difference, and silence, change nothing"
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported("80")))
    assert told.said[-1].content["event"] == "changed"
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported("100")))
    assert [one.subject for one in breaks.standing(told.of("break"))] == ["USD"], "cash was not reported again"


def test_the_same_files_with_the_same_result_are_known() -> None:
    told, found = Told(), reconcile(FUND, CALENDAR, _booked(), _reported("90"))
    assert not known(told.said, found)
    _stated(told, found)
    standing = breaks.standing(told.of("break"))
    assert known(told.of("reconciliation"), found, standing)
    assert not known(told.of("reconciliation"), found), "what was cured since is found anew"
    other = reconcile(FUND, CALENDAR, _booked(_moved(INDEX, "-10")), _reported("90"))
    assert not known(told.of("reconciliation"), other), "what was imported since makes it another comparison"
    earlier = Reconciliation(found.fund_id, EARLIER, EARLIER.date(), found.lines, found.shas)
    with pytest.raises(InvalidInput, match=r"with its custodian as of 2026-11-19T21:00:00\.000000\+00:00 already"):
        known(told.of("reconciliation"), earlier)


def test_only_a_whole_report_counts_as_reconciled() -> None:
    told = Told()
    assert reconciled_sessions(told.said, CALENDAR, AT.date()) is None
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported(None, others={"x": "0"})))
    assert reconciled_sessions(told.of("reconciliation"), CALENDAR, AT.date()) is None, "the index was not reported"
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported()))
    said = told.of("reconciliation")
    ages = [
        reconciled_sessions(said, CALENDAR, day) for day in (AT.date(), dt.date(2026, 11, 20), dt.date(2026, 11, 23))
    ]
    assert ages == [0, 1, 2]
    assert reconciled_sessions(said, CALENDAR, dt.date(2026, 11, 2)) == 0, "a replayed slot before it"


@given(
    held=st.integers(0, 50),
    fills=st.lists(st.integers(-9, 9).filter(bool), max_size=3),
    flight=st.integers(-9, 9),
    away=st.integers(-40, 40),
    basis=st.sampled_from([None, "trade", "settlement"]),
)
def test_a_difference_is_explained_exactly_where_the_book_knows_why(
    held: int, fills: list[int], flight: int, away: int, basis: Basis | None
) -> None:
    """Against a search over everything that may be under way."""
    moved = [
        Moved("k", EARLIER, "other", INDEX, Decimal(held)),
        *(Moved("k", AT, "fill", INDEX, Decimal(n)) for n in fills),
    ]
    orders = (_order(str(flight)),) if flight else ()
    total = held + sum(fills)
    line = _line(Booked(tuple(moved), orders, ()), _reported(str(total + away), basis=basis), "units")
    bases = {"trade": [0], "settlement": [-sum(fills)], None: [0, -sum(fills)]}[basis]
    executed = range(min(flight, 0), max(flight, 0) + 1)
    known_why = any(base + more == away for base, more in itertools.product(bases, executed))
    assert (line.verdict != "break") is known_why
    if line.verdict == "agrees":
        assert away == 0


def test_a_report_of_one_source_neither_cures_nor_overtakes_what_another_found() -> None:
    """The custodian is ten short, the broker agrees, the custodian is ten short again."""
    told = Told()
    custodian = reconcile(FUND, CALENDAR, _booked(), _reported("90"))
    broker = reconcile(FUND, CALENDAR, _booked(), _reported("100"), "broker")
    _stated(told, custodian)
    _stated(told, broker)
    (one,) = breaks.standing(told.of("break"))
    assert (one.source, one.difference) == ("custodian", Decimal(-10)), "the broker's word cures no custodian's break"
    assert known(told.of("reconciliation"), custodian, breaks.standing(told.of("break")))
    earlier = Reconciliation(FUND.id, EARLIER, EARLIER.date(), broker.lines, broker.shas, "administrator")
    assert not known(told.of("reconciliation"), earlier), "each source has its own time line"


def test_a_report_without_orders_cures_no_break_that_a_broker_found() -> None:
    told = Told()
    strange = ReportedOrder("stranger:1", Decimal(5), Decimal(5), "")
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported(orders=[strange])))
    _stated(told, reconcile(FUND, CALENDAR, _booked(), _reported()))
    assert [one.subject for one in breaks.standing(told.of("break"))] == ["stranger:1"]

"""The gate: every check of the table of cases; what is refused, what is asked, what it lets pass."""

import datetime as dt
import math
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from insure.book import Book
from insure.book.verify import replayed
from insure.broker import PaperBroker
from insure.controls.gathering import Outside
from insure.decision import (
    Approval,
    Check,
    Circumstances,
    Decision,
    Holdings,
    decide,
    fund_calendar,
)
from insure.decision.checks import pre_trade
from insure.decision.circumstances import EDITION
from insure.decision.gate import APPROVAL_TOLERANCE, beyond_approval
from insure.feeds.feed import Row
from insure.slots import slots
from schedules.jobs import tick
from tests.contracts import ToldPrices, fund, snapshot
from tests.properties.gate_cases import (
    ALONE,
    CLOSES,
    NAN,
    OPENS,
    PRICE,
    SESSION,
    TABLE,
    Case,
    Makes,
    agreed,
    ladder_weight,
    minutes,
    ordered,
    put_trade,
    sells,
    volume,
)


@pytest.mark.parametrize(("name", "where", "case", "passes"), TABLE, ids=[f"{row[0]}: {row[1]}" for row in TABLE])
def test_each_check_at_its_limit(name: str, where: str, case: Makes, passes: bool) -> None:
    check = case().checks()[name]
    assert check.passed is passes, f"{name}, {where}: {check}"


def test_every_check_is_in_the_table_and_answers_in_full() -> None:
    names = {row[0] for row in TABLE}
    whole = Case().among(approvals_wanted=1).checks()
    assert set(whole) == names, "a check that the table does not know, or the other way round"
    for row in TABLE:
        for check in row[2]().checks().values():
            assert check.sentence.strip(), f"{check.name} says nothing"
            assert check.unit, f"{check.name} has no unit"
            known = math.isfinite(check.value)
            if known and math.isfinite(check.limit):
                assert math.isclose(abs(check.headroom), abs(check.limit - check.value), abs_tol=1e-9), (
                    f"{check.name}: value {check.value}, limit {check.limit}, head-room {check.headroom}"
                )
            if not known:
                assert not check.passed, f"{check.name} lets {check.value} pass"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, "The contract that decides (cccccccccccc) is the one approved in proposal 7."),
        ({"approval": "auto", "approved_sha256": "d" * 64}, "came into force by itself (approval = auto)."),
        ({"approved_sha256": "", "proposal": None}, "came into force by itself (the contract before it asked nobody)."),
        ({"missing": 1}, "is not in force: one person has yet to approve it."),
    ],
)
def test_a_contract_says_how_it_came_into_force(other: dict[str, str | int | None], words: str) -> None:
    of = fund(stage="paper", lots={"lot_units": 1})
    sentence = replace(agreed(**other), fund=of).checks()["contract approved"].sentence
    assert words in sentence


NUMBER = re.compile(r"-?(?:nan|inf|\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)%?")


def figures(sentence: str) -> list[float]:
    """Every number of a sentence, percentages as fractions."""
    said = [each.replace(",", "") for each in NUMBER.findall(sentence)]
    return [float(each.removesuffix("%")) / (100.0 if each.endswith("%") else 1.0) for each in said]


PRINTED = {"weight": 1e-4, "multiple": 0.01, "minutes": 0.1, "bps": 1.0, "money": 0.01}
"""The last digit that a sentence prints of a figure, by unit; others are whole."""


def digit(check: Check) -> float:
    return PRINTED.get(check.unit, 1e-6)


def names(sentence: str, wanted: float, digit: float) -> bool:
    """Whether a sentence has a number, to the digits that it prints."""
    close = 0.51 * digit
    return any(
        math.isclose(said, wanted, abs_tol=close) or (math.isnan(said) and math.isnan(wanted))
        for said in figures(sentence)
    )


def refusals() -> list[tuple[str, Check]]:
    """Every check that fails in one of the tables."""
    found = [(f"{row[0]}: {row[1]}", row[2]().checks()[row[0]]) for row in TABLE if not row[3]]
    for name, where, case, cash, passes in ALONE:
        one = case()
        checks = pre_trade(one.fund, Holdings(Decimal(5_000), cash), one.valuation, one.ladder, one.trade, one.options)
        found += [(f"{name}: {where}", check) for check in checks if check.name == name and not passes]
    return found


def test_every_refusal_is_a_sentence_with_the_number_and_the_limit() -> None:
    silent = [
        f"{where}: {check.value:g} against {check.limit:g} is not in {check.sentence!r}"
        for where, check in refusals()
        if not (names(check.sentence, check.value, digit(check)) and names(check.sentence, check.limit, digit(check)))
    ]
    assert len(refusals()) > 60
    assert silent == []


def test_what_people_may_let_pass_and_what_nobody_may() -> None:
    asking = {name for name, check in Case().among(approvals_wanted=1).checks().items() if check.asks}
    assert asking == {"deposits", "change of target", "effective multiple", "buying after a fall", "approval"}


def test_a_sale_beyond_a_limit_of_size_asks_and_a_purchase_is_refused() -> None:
    sizes = {"share of volume", "turnover of the day"}
    for case, may in ((sells(), sizes), (Case(), set()), (replace(sells(), options=(put_trade(),)), set())):
        crowded = replace(case, market=volume(10.0).market).among(earlier=(ordered("1999999"),))
        failed = {name: check.asks for name, check in crowded.checks().items() if not check.passed}
        assert set(failed) == sizes
        assert {name for name, asks in failed.items() if asks} == may, f"{case.units} units"


def test_an_approval_lets_no_refusal_pass() -> None:
    given = Approval(7, ("Ada", "Ben"), Decimal(1_000), PRICE)
    case = Case().among(approval=given, taken=1, breaker="HALTED", approved_code_sha256="a" * 64)
    found = case.checks()
    assert not any(found[name].passed for name in ("duplicate reference", "breaker", "code approved"))


def test_an_approval_is_named_in_the_check_that_it_lets_pass() -> None:
    given = Approval(7, ("Ada",), Decimal(1_000), PRICE, note="no second person")
    check = ladder_weight(0.9).among(approval=given).checks()["change of target"]
    assert check.passed
    assert check.sentence.endswith("Approved by Ada (no second person).")


@pytest.mark.parametrize(
    ("units", "price", "words"),
    [
        ("1000", "100", ""),
        ("900", "100", "1,000 units are wanted now, 900 were approved"),
        ("1000", "94", "has moved 638 bps"),
        ("1000", "106", "has moved 566 bps"),
        ("0", "100", "0 were approved"),
    ],
)
def test_a_trade_beyond_what_was_approved_says_so(units: str, price: str, words: str) -> None:
    case = Case()
    doubt = beyond_approval(case.fund, Approval(7, ("Ada",), Decimal(units), Decimal(price)), case.trade, ())
    assert words in doubt
    assert bool(doubt) is bool(words)


fractions = st.floats(0.2, 0.8)


@settings(max_examples=300)
@given(
    held=fractions,
    price=st.integers(20, 500),
    multiplier=st.sampled_from([3.0, 4.0, 5.0]),
    fall=st.sampled_from([-0.3, -0.01, 0.0, 0.049, 0.051, 0.2]),
    earlier=st.one_of(st.just(0), st.integers(0, 3_000_000)),
    volume_=st.one_of(st.none(), st.integers(100, 1_000_000)),
    late=st.one_of(st.integers(-100, 30), st.integers(-600, 600)),
    age=st.sampled_from([0] * 8 + [1, 2]),
    wanted=st.sampled_from([0] * 8 + [1, 2]),
    breaker=st.sampled_from(["NORMAL"] * 8 + ["REDUCE_ONLY", "REDUCE_ONLY", "HALTED", "KILLED"]),
    code=st.sampled_from([""] * 4 + ["a"] * 4 + ["b"]),
    reconciled_=st.one_of(st.none(), st.integers(0, 1), st.integers(0, 3)),
    outside=st.booleans(),
)
def test_a_trade_that_passes_breaks_no_limit_recomputed_here(
    held: float,
    price: int,
    multiplier: float,
    fall: float,
    earlier: int,
    volume_: int | None,
    late: int,
    age: int,
    wanted: int,
    breaker: str,
    code: str,
    reconciled_: int | None,
    outside: bool,
) -> None:
    of = fund(
        controls={"ask_multiple": 4.0, "largest_turnover_weight": 1.5},
        costs={"commission_bps": 5.0},
        strategy={"kind": "cppi", "multiplier": multiplier},
    )
    market = replace(snapshot(SESSION, Decimal(price)), daily_volume=None if volume_ is None else float(volume_))
    last = Decimal(repr(price / (1.0 - fall)))
    units = Decimal(int(1_000_000 * held / price))
    holdings = Holdings(units, Decimal(1_000_000) - units * price)
    before = decide(of, holdings, None, snapshot(dt.date(2007, 2, 28), Decimal(price)))
    seen = Circumstances(
        now=CLOSES + minutes(late),
        opens=OPENS,
        closes=CLOSES,
        price_sessions=age,
        edition=EDITION,
        earlier=(ordered(str(earlier)),) if earlier else (),
        last_price=last,
        code_sha256="a",
        approved_code_sha256=code,
        reconciled_sessions=reconciled_,
        reconciliation_wanted=outside,
        breaker=breaker,  # type: ignore[arg-type] # one of four words
        approvals_wanted=wanted,
    )
    done = decide(of, holdings, before.memory, market, seen)
    trade = done.trade
    if trade is None:
        return
    nav = float(holdings.units * price + holdings.cash)
    after = float(holdings.units + trade.units) * price
    event("traded")
    assert done.outcome == "OK"
    assert breaker == "NORMAL" or (breaker == "REDUCE_ONLY" and trade.units < 0), f"{breaker}: {trade.units}"
    assert -390 <= late <= 30, "sent outside the trading hours"
    assert age == 0, "an old price was traded on"
    assert wanted == 0, "nobody has approved"
    assert code in {"", "a"}, "other code than the approved one"
    assert not outside or (reconciled_ is not None and reconciled_ <= 1), "never reconciled"
    assert (earlier + float(trade.value)) / nav <= 1.5 + 1e-9, "turnover of the day"
    if volume_ is not None:
        assert abs(float(trade.units)) / volume_ <= 0.25 + 1e-9, "share of volume"
    assert holdings.cash - trade.value * (1 if trade.units > 0 else -1) - trade.cost >= 0, "cash below zero"
    assert holdings.units + trade.units >= 0, "a short sale"
    assert after / nav <= 1.0 + 1e-9, "weight above the highest"
    assert abs(after / nav - float(holdings.units) * price / nav) <= 0.25 + 1e-9, "a change that asks"
    if trade.units > 0:
        assert 1.0 - price / float(last) <= 0.05 + 1e-9, "bought after a fall"
        assert done.valuation is not None
        assert after / (nav - done.valuation.floor) <= 4.0 + 1e-6, "effective multiple"


@pytest.mark.parametrize("people", [(), ("Ada",), ("Ada", "Ben")])
def test_a_decision_with_its_circumstances_is_made_again_bit_for_bit(tmp_path: Path, people: tuple[str, ...]) -> None:
    of = fund(stage="paper", controls={"approval": "four_eyes"})
    first = fund_calendar(of).sessions(dt.date(2007, 1, 3), dt.date(2007, 1, 12))
    rows = [Row(day, Decimal(100 + i % 3), 0.04) for i, day in enumerate(first)]
    outside = Outside(code_sha256="c" * 64, people=people)
    kept: list[Decision] = []
    with Book.open(tmp_path / "book.db") as book:
        agree = {"subject": "contract", "config_sha256": of.config_sha256, "effective": of.effective(), "wanted": "1"}
        at = dt.datetime(2007, 1, 2, tzinfo=dt.UTC)
        made = book.state("proposal", of.id, at, {**agree, "expires": (at + minutes(9)).isoformat(), "sentence": "?"})
        book.state("approval", of.id, at, {"subject": "contract", "proposal": str(made.sequence), "by": "A",
                                           "sentence": "!"})  # fmt: skip
        for slot in slots(of.schedule.timing, fund_calendar(of), first[0], first[-1]):
            done = tick(book, of, slot, ToldPrices(rows), PaperBroker(), slot.at, outside=lambda _: outside)
            assert done.record is not None, done.reason
            kept.append(done.record.decision)
    for decision in kept:
        assert decision.circumstances is not None
        assert decision.circumstances.approvals_wanted == (2 if len(people) == 2 else 1)
        assert decision.outcome == "HELD", "nothing may be sent that nobody has approved"
        assert replayed(of, decision) is None


def test_the_tolerance_of_an_approval_is_a_tenth() -> None:
    assert APPROVAL_TOLERANCE == 0.10


@pytest.mark.parametrize(
    ("name", "where", "case", "cash", "passes"), ALONE, ids=[f"{row[0]}: {row[1]}" for row in ALONE]
)
def test_each_check_of_the_decision_alone_at_its_limit(
    name: str, where: str, case: Makes, cash: Decimal, passes: bool
) -> None:
    one = case()
    found = pre_trade(one.fund, Holdings(Decimal(5_000), cash), one.valuation, one.ladder, one.trade, one.options)
    checks = {check.name: check for check in found}
    assert set(checks) == {row[0] for row in ALONE}, "a check that the table does not know, or the other way round"
    assert checks[name].passed is passes, f"{name}, {where}: {checks[name]}"
    assert all(check.sentence.strip() for check in found)
    sale = one.trade is not None and one.trade.units < 0 and not one.options
    assert {check.name for check in found if check.asks} == ({"order size"} if sale else set())


def test_checks_of_the_decision_alone_fail_on_nan() -> None:
    case = replace(Case(), nav=NAN, wanted=NAN)
    holdings = Holdings(Decimal(5_000), Decimal(500_000))
    failed = {check.name for check in pre_trade(case.fund, holdings, case.valuation, case.ladder, case.trade)
              if not check.passed}  # fmt: skip
    assert failed >= {"net asset value", "equity weight", "order size"}

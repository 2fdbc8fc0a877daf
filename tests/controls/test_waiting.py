"""The cost of waiting: what is kept back, what it came to, how long until people are told again."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.controls.breakers import BreakerStanding
from insure.controls.waiting import Waiting, waiting
from insure.decision import Decision, Holdings, decide
from insure.fund import Fund
from tests.contracts import fund, snapshot

SINCE = dt.datetime(2007, 1, 4, 15, tzinfo=dt.UTC)
BREAKER = BreakerStanding("HALTED", "a reason.", SINCE, 7, "tested")
FUND: Fund = fund(
    strategy={"kind": "cppi", "multiplier": 4.0}, controls={"escalate_minutes": 30.0}, lots={"lot_units": 1}
)
FIRST = decide(FUND, Holdings(Decimal(0), Decimal(1_000_000)), None, snapshot(dt.date(2007, 1, 3), Decimal(100)))


def wanted(price: str, units: int = 6000) -> Decision:
    """What a fund of so many units that fell or rose would do now."""
    held = Holdings(Decimal(units), Decimal(1_000_000 - units * 100))
    return decide(FUND, held, FIRST.memory, snapshot(dt.date(2007, 1, 4), Decimal(price)))


def at(minutes: float, price: str, before: Waiting | None = None, breaker: BreakerStanding = BREAKER) -> Waiting:
    now = SINCE + dt.timedelta(minutes=minutes)
    return waiting(FUND, breaker, wanted(price), before.content() if before else None, now)


def test_the_backlog_is_the_trade_that_is_kept_back() -> None:
    found, decision = at(10, "95"), wanted("95")
    assert decision.trade is not None
    assert decision.valuation is not None
    assert found.backlog_units == float(decision.trade.units) < 0.0, "after a fall a CPPI sells"
    assert found.backlog_money == pytest.approx(found.backlog_units * 95.0)
    assert found.backlog_weight == pytest.approx(found.backlog_units * 95.0 / decision.valuation.nav)
    assert found.effective_multiple == decision.valuation.effective_multiple
    assert found.gap_budget == decision.valuation.gap_budget
    assert found.to_floor == pytest.approx(decision.valuation.cushion)


def test_an_untraded_fall_raises_the_multiple_as_the_formula_says() -> None:
    before, after = at(0, "100"), at(1, "95")
    assert before.effective_multiple is not None
    m, x = before.effective_multiple, 0.05
    assert after.effective_multiple == pytest.approx(m * (1 - x) / (1 - m * x), rel=1e-6)


def test_money_is_what_the_kept_units_would_have_earned() -> None:
    first = at(0, "95")
    second = at(10, "93", first)
    third = at(20, "96", second)
    assert first.money == 0.0
    assert first.backlog_units is not None
    assert second.backlog_units is not None
    assert second.money == pytest.approx(-first.backlog_units * -2.0)
    assert second.money < 0.0, "what should have been sold fell: waiting lost"
    assert third.money == pytest.approx(second.money - second.backlog_units * 3.0)


def test_another_breaker_begins_anew() -> None:
    first = at(10, "95", at(0, "96"))
    later = replace(BREAKER, since=SINCE + dt.timedelta(hours=3))
    assert first.money != 0.0
    assert at(181, "90", first, later).money == 0.0


@pytest.mark.parametrize(
    ("minutes", "left", "times"),
    [(0.0, 30.0, 0), (29.5, 0.5, 0), (30.0, 30.0, 1), (31.0, 29.0, 1), (89.0, 1.0, 2), (-5.0, 30.0, 0)],
)
def test_the_clock_of_the_escalation(minutes: float, left: float, times: int) -> None:
    found = at(minutes, "95")
    assert found.to_escalation == pytest.approx(left)
    assert found.escalations == times


def test_without_a_price_it_says_so_and_keeps_what_is_known() -> None:
    first = at(10, "95", at(0, "96"))
    now = SINCE + dt.timedelta(minutes=11)
    found = waiting(FUND, BREAKER, "there is no price of 2007-01-04.", first.content(), now)
    assert found.backlog_units is None
    assert found.money == first.money
    assert found.sentence == (
        "HALTED for 11 minutes. Not computed: there is no price of 2007-01-04. People are told again in 19 minutes."
    )
    again = at(12, "94", found)
    assert again.money == first.money, "what cannot be measured is not guessed"


def test_it_says_all_of_it_in_words() -> None:
    found = at(31, "95", at(0, "95"))
    assert found.sentence.startswith("HALTED for 31 minutes. ")
    for part in ("units to sell are waiting", "times the cushion", "reaches the floor", "so far", "in 29 minutes."):
        assert part in found.sentence, f"{part!r} is missing in {found.sentence!r}"


@given(st.floats(0.0, 1e5), st.sampled_from(["80", "95", "100", "120"]), st.integers(0, 9000))
def test_what_is_written_reads_back_to_the_last_digit(minutes: float, price: str, units: int) -> None:
    found = waiting(FUND, BREAKER, wanted(price, units), None, SINCE + dt.timedelta(minutes=minutes))
    content = found.content()
    assert all(isinstance(text, str) for text in content.values())
    assert float(content["backlog_units"]) == found.backlog_units
    assert dt.datetime.fromisoformat(content["since"]) == SINCE
    assert content["sentence"] == found.sentence


def test_at_reduce_only_a_sale_is_not_kept_back_by_the_breaker_and_costs_it_nothing() -> None:
    """A sale that another gate holds is that gate's; it was once counted as what the breaker cost."""
    reduce_only = replace(BREAKER, state="REDUCE_ONLY")
    sells = at(10, "95", breaker=reduce_only)
    assert (sells.backlog_units, sells.backlog_money) == (0.0, 0.0), "a CPPI sells after a fall"
    assert "The breaker keeps nothing back." in sells.sentence
    assert at(20, "80", sells, reduce_only).money == 0.0
    few = wanted("100", 3000)
    assert few.trade is not None
    buys = waiting(FUND, reduce_only, few, None, SINCE)
    assert buys.backlog_units == float(few.trade.units) > 0.0
    assert at(20, "102", buys, reduce_only).money == pytest.approx(-buys.backlog_units * 2.0)


def test_a_trade_that_the_limits_refuse_is_not_kept_back_by_the_breaker() -> None:
    decision = wanted("95")
    backlog = waiting(FUND, BREAKER, decision, None, SINCE).backlog_units
    assert backlog is not None
    assert backlog < 0.0
    assert decision.trade is not None
    weight = next(check for check in decision.checks if check.name == "equity weight")
    refused = replace(
        decision,
        outcome="HELD",
        trade=None,
        withheld=decision.trade,
        checks=tuple(replace(each, passed=False) if each is weight else each for each in decision.checks),
    )
    assert waiting(FUND, BREAKER, refused, None, SINCE).backlog_units == 0.0

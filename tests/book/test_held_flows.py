"""A redemption that needs stock sold, in a slot whose decision is held: it is paid, and nothing else is sold."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk


@pytest.mark.parametrize("controls", ["ask_change_weight = 0.01", "largest_turnover_weight = 0.9"])
def test_a_redemption_is_paid_in_a_held_slot_and_the_fund_goes_on(
    tmp_path: Path, insure: Insure, controls: str
) -> None:
    """A check that asks and one that refuses: either held the fund FAILED for ever, with the redemption in it."""
    desk = Desk(tmp_path, insure)
    text = (tmp_path / "funds" / "tested.toml").read_text(encoding="utf-8")
    text = text.replace("ask_change_weight = 2.0", controls)
    text = text.replace("commission_bps = 1.0", "commission_bps = 1.0\nhalf_spread_bps = 2.0")
    (tmp_path / "funds" / "tested.toml").write_text(text, encoding="utf-8")
    desk.slot(0)
    first = desk.holdings()
    assert Decimal(first[0]) > 0, f"the first purchase begins a period and asks nobody; held is {first}"
    desk.evening(0)
    desk.json("flow", "tested", "--session", str(SESSIONS[1]), "--redeem", "600000")
    for number in (1, 2, 3):
        desk.slot(number)
    outcomes = desk.outcomes()
    assert outcomes[1] == "HELD", f"the slot of the redemption ended {outcomes}"
    assert "FAILED" not in outcomes, f"the redemption stops the fund: {outcomes}"
    with desk.book() as book:
        record = next(one for one in book.records("tested") if one.session == SESSIONS[1])
        assert book.waiting_flows("tested") == []
        left = book.standing("tested").holdings
    assert [flow.money for flow in record.flows] == [Decimal(-600_000)]
    assert record.decision.trade is None
    assert [order.key.rsplit(":", 1)[1] for order in record.orders] == ["2"]
    assert all(order.units < 0 for order in record.orders)
    assert record.ladder is not None
    said = record.ladder["executed"].reason
    assert said.startswith("Nothing of the decision was sent; what paid for flows was. Sold "), said
    assert left.cash >= 0
    desk.now += dt.timedelta(hours=1)
    assert desk.json("verify")["findings"] == []
    page = desk.json("report", "rebalance", "tested", "--date", str(SESSIONS[1]))
    assert page

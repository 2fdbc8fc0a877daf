"""Funds that hold options through the real command line: check, rebalance, status, report, verify."""

import json
from pathlib import Path

import pytest

from schedules.desk import make_desk
from tests.conftest import Insure

EXAMPLES = {"static_put": "insured-90", "hybrid": "hybrid-90", "delta_neutral": "straddle-hedged"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_fund_is_checked_lives_and_is_proved(insure: Insure, tmp_path: Path, example: str) -> None:
    fund_id = EXAMPLES[example]
    make_desk(tmp_path, "Desk", (example,))
    checked = insure("fund", "check", fund_id, "--json")
    assert checked.code == 0, checked.err
    assert any("options on it" in str(sentence) for sentence in list_of(checked.json["contract"]))
    cost = checked.json["cost"]
    if example == "delta_neutral":
        assert cost is None, "a fund without a floor told what its floor costs"
    else:
        assert isinstance(cost, dict)
        assert len(cost["options"]) == 1, cost
        assert 0.0 < cost["options_cost"] < 0.1, cost

    first = insure("rebalance", fund_id, "--json").json
    assert first["outcome"] == "OK", first["reason"]
    holdings = first["holdings"]
    assert isinstance(holdings, dict)
    assert holdings["options"], "no options were bought"
    instruments = [order["instrument"] for order in list_of(first["orders"])]
    assert instruments[1:] == [option["instrument"] for option in holdings["options"]]
    second = insure("rebalance", fund_id, "--json").json
    assert second["outcome"] == "OK", second["reason"]

    ordered = insure("flow", fund_id, "--subscribe", "1000", "--session", "2007-01-05", "--json")
    assert ordered.code == 0, ordered.err
    assert insure("rebalance", fund_id, "--json").json["outcome"] == "OK"
    (standing,) = list_of(insure("status", "--json").json["funds"])
    assert "until options expire" in standing["waits"]
    nav = float(standing["nav"])
    assert 0.95e8 < nav < 1.05e8, f"the options are missing from a value of {nav:,.2f}"

    page = insure("report", "rebalance", fund_id, "--json")
    assert page.code == 0, page.err
    told = json.loads(Path(str(page.json["figures"])).read_text(encoding="utf-8"))
    net, held = told["net_greeks"], told["greeks"]
    assert told["greeks_of"] == "The options held", "bought options are no put that stock replaces"
    assert set(net) == {"delta", "gamma", "vega", "theta", "rho"}
    units = float(told["ladder"][-1]["units"]["value"])
    assert net["delta"]["value"] == pytest.approx(units + held["delta"]["value"])
    assert net["rho"]["value"] != 0.0, "options depend on the rate"
    proved = insure("verify", "--json")
    assert proved.code == 0, proved.out


def test_a_fund_with_options_and_a_broker_outside_is_refused(insure: Insure, tmp_path: Path) -> None:
    make_desk(tmp_path, "Desk", ("static_put",))
    path = tmp_path / "funds" / "insured-90.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('broker = "paper"', 'broker = "blotter"'), "utf-8")
    refused = insure("fund", "check", "insured-90")
    assert refused.code == 2, refused.err
    assert "they are executed on paper only" in refused.err


def test_an_option_that_outlives_its_period_is_refused(insure: Insure, tmp_path: Path) -> None:
    make_desk(tmp_path, "Desk", ("delta_neutral",))
    path = tmp_path / "funds" / "straddle-hedged.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("years = 0.5", "years = 1.5"), "utf-8")
    refused = insure("fund", "check", "straddle-hedged")
    assert "an option of 1.5 years outlives the protection period of 1" in refused.err


def list_of(value: object) -> list[dict[str, str]]:
    assert isinstance(value, list), value
    return value

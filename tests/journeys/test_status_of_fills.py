"""`insure status` and the breakers see what was filled after the decision, not what was held before it."""

import csv
from pathlib import Path

import pytest

from insure.controls import breakers
from tests.conftest import Insure
from tests.controls.desks import Desk, rows_of

HEADER = "order_key,reference,units,price,commission,at"


@pytest.mark.parametrize(("least", "stands"), [(0.01, "NORMAL"), (0.5, "REDUCE_ONLY")])
def test_a_fill_that_came_later_is_held(tmp_path: Path, insure: Insure, least: float, stands: str) -> None:
    controls = f"reconciliation_sessions = 400\nbreaker_gap_budget = {least}"
    desk = Desk(tmp_path, insure, stage="live", broker="blotter", controls=controls)
    with desk.book() as book:
        book.state("promotion", "tested", desk.now, {"phase": "live-100", "sentence": "to live-100"})
    desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    desk.slot(0)
    [before] = rows_of(desk.json("status", code=desk.run("status", "--json").code), "funds")
    assert before["weight"] == 0.0
    [path] = (desk.folder / "out" / "blotter").glob("tested_*.csv")
    [order] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    line = f"{order['order_key']},r1,{order['units']},1000.00,66.90,2026-11-02T20:46:00Z"
    desk.json("fills", "import", desk.file("fills.csv", HEADER, line))
    desk.run("run-once")
    [after] = rows_of(desk.json("status", code=desk.run("status", "--json").code), "funds")
    units = float(order["units"])
    nav = 1_000_000 - 66.90
    assert after["nav"] == pytest.approx(nav, abs=0.01)
    assert after["weight"] == pytest.approx(units * 1000 / nav, rel=1e-7), "the fill is not in the weight"
    assert isinstance(after["floor"], float)
    assert after["gap_budget"] == pytest.approx((nav - after["floor"]) / (units * 1000), rel=1e-7)
    with desk.book() as book:
        said = [*book.statements(breakers.KINDS, "tested"), *book.statements(breakers.KINDS, "")]
        assert breakers.standing(said, "tested").state == stands, "the breaker looks at what was held before the fill"

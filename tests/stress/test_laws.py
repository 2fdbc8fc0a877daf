"""Laws that hold on any path with any trading conditions."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insure.rebalancing import FixedBand
from insure.simulation.scenarios import Scenario, Step
from insure.stress import drive
from insure.stress.comparison import compare, rivals
from insure.stress.runner import Rails
from tests.contracts import Toml
from tests.stress.standing import begun, seen

_step: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    years=st.sampled_from([0.0, 1 / 504, 1 / 252, 3 / 252]),
    move=st.floats(-0.3, 0.3),
    rate=st.floats(-0.02, 0.08),
    vol=st.floats(0.05, 0.8),
    spread=st.floats(1.0, 20.0),
    tradable=st.booleans(),
    filled=st.floats(0.0, 1.0),
    delay=st.integers(0, 3),
    cash_loss=st.floats(0.0, 0.2),
    basis=st.floats(-0.2, 0.1),
)


@st.composite
def _scenarios(draw: st.DrawFn) -> Scenario:
    spot, steps = 100.0, [Step("0", 0.0, 100.0, 0.03, 0.2)]
    for k, drawn in enumerate(draw(st.lists(_step, min_size=1, max_size=8)), start=1):
        spot *= 1.0 + drawn.pop("move")
        steps.append(Step(str(k), spot=spot, **drawn))
    return Scenario("drawn", "drawn", tuple(steps), "drawn")


@settings(max_examples=60)
@given(
    scenario=_scenarios(),
    kind=st.sampled_from(["synthetic_put", "cppi", "tipp", "stop_loss", "static_put", "hybrid", "delta_neutral"]),
    band=st.sampled_from([0.0, 0.05]),
    lot=st.sampled_from([1, 100]),
)
def test_on_any_path_the_fund_is_whole_and_its_causes_add_up(
    scenario: Scenario, kind: str, band: float, lot: int
) -> None:
    terms: dict[str, Toml] = {"kind": kind}
    if kind == "delta_neutral":
        terms["options"] = [{"kind": "put", "strike_fraction": 1.0, "units_fraction": 0.5}]
    position = begun(
        seen(dividend_yield=0.01),
        strategy=terms,
        volatility={"kind": "ewma", "floor": 0.1, "cap": 0.6},
        band={"width_weight": band},
        lots={"lot_units": lot},
        costs={"commission_bps": 1.0, "half_spread_bps": 5.0},
    )
    journey = drive(position, scenario)
    assert journey.attribution is not None
    assert journey.end.slippage is not None
    short = sum(journey.attribution.values()) - journey.end.slippage
    assert abs(short) <= 1e-9 * position.nav, f"the causes miss fund minus twin by {short:g}"
    for point, step in zip(journey.points, scenario.steps[1:], strict=True):
        assert point.weight_after >= 0.0, "a fund is never short"
        assert step.tradable or point.traded_units == 0.0, "traded where nothing could be traded"
        if point.wanted_units and step.delay == 0:
            most = abs(point.wanted_units) * step.filled + 1e-6
            assert abs(point.traded_units) <= most, "more was traded than the step filled"


@settings(max_examples=30)
@given(scenario=_scenarios(), band=st.sampled_from([0.0, 0.05]))
def test_on_any_path_the_rivals_causes_add_up(scenario: Scenario, band: float) -> None:
    position = begun(band={"width_weight": band}, costs={"commission_bps": 1.0, "half_spread_bps": 5.0})
    for rival in compare(position, scenario, rivals(position)):
        assert rival.attribution is not None
        assert rival.slippage is not None
        short = sum(rival.attribution.values()) - rival.slippage
        assert abs(short) <= 1e-9 * position.nav, f"{rival.strategy}: off by {short:g}"


def test_smooth_rails_keep_the_limits() -> None:
    rails = Rails.of(begun(limits={"highest_weight": 0.7}, band={"width_weight": 0.1}).fund)
    assert (rails.smooth().highest, rails.smooth().band) == (0.7, FixedBand(0.0))

"""Reverse stress: the paths that break the floor, and what is likelier than they."""

import math

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.simulation.scenarios import Scenario, Step
from insure.stress import FittedJumps, Position, drive, reverse_stress, survivable
from insure.stress.reverse import frontier, likeliest_jump, likeliest_path
from insure.stress.runner import Rails, Runner, run
from tests.stress.standing import begun, seen

SESSION = 1 / 252
JUMPS = FittedJumps(vol=0.12, drift=0.05, jump_intensity=3.0, jump_mean=-0.12, jump_std=0.06, returns=1000, jumps=12)


def _cushions(position: Position, paths: FloatArray) -> FloatArray:
    """NAV less floor at the end of each path of log returns."""
    rails = Rails.of(position.fund).smooth()
    left = []
    for path in paths:
        levels = position.spot * np.exp(np.concatenate(([0.0], np.cumsum(path))))
        steps = [Step(str(k), SESSION if k else 0.0, float(x), 0.03, position.vol) for k, x in enumerate(levels)]
        done = run(Runner.standing(position, rails), steps, [position.vol] * len(steps), 0.0)
        left.append(done.navs[-1] - done.floors[-1])
    return np.array(left)


def test_in_one_session_it_is_the_smallest_gap() -> None:
    """With the session's interest: (1 + r) NAV-cash against the floor a session later, by hand."""
    position = begun()
    path = likeliest_path(position, 1)
    assert path is not None
    floor = 0.9e6 * math.exp(-0.03 * 251 / 252)
    cash = float(position.holdings.cash) * math.exp(0.03 / 252)
    level = (floor - cash) / float(position.holdings.units)
    assert path.returns[0] == pytest.approx(level / 100.0 - 1.0, abs=1e-7)
    z = (math.log(level / 100.0) - (0.03 - 0.02) / 252) / (0.2 * math.sqrt(SESSION))
    assert path.distance == pytest.approx(-z, rel=1e-6)


@pytest.mark.parametrize("kind", ["synthetic_put", "cppi", "stop_loss"])
def test_the_path_breaks_the_floor_when_driven(kind: str) -> None:
    position = begun(strategy={"kind": kind})
    path = likeliest_path(position, 3)
    assert path is not None
    assert abs(path.cushion) <= 1e-5 * position.nav
    deeper = np.cumprod([1.0, *(1.0 + 1.002 * r if r < 0 else 1.0 + r for r in path.returns)])
    steps = tuple(Step(str(k), SESSION if k else 0.0, float(100.0 * x), 0.03, 0.2) for k, x in enumerate(deeper))
    assert drive(position, Scenario("likeliest", "likeliest", steps, "told")).breach is not None


def test_no_simulated_breach_is_likelier() -> None:
    position = begun(seen(vol=0.2), protection={"floor_fraction": 0.95})
    path = likeliest_path(position, 3)
    assert path is not None
    assert path.distance is not None
    level, scale = (0.03 - 0.02) * SESSION, 0.2 * math.sqrt(SESSION)
    centre = (np.log1p(np.array(path.returns)) - level) / scale
    assert float(np.sqrt(centre @ centre)) == pytest.approx(path.distance, rel=1e-9)
    z = centre + 2.0 * np.random.default_rng(1).standard_normal((20_000, 3))
    near = z[np.sqrt((z * z).sum(axis=1)) < 0.99 * path.distance]
    assert near.shape[0] > 1_000, "too few paths are nearer to say anything"
    assert (_cushions(position, level + scale * near) > 0.0).all(), "a likelier path breaks the floor too"


def test_the_jump_path_against_simulation() -> None:
    """Jumps on the quiet path, drawn: as many reach the floor on a single day as the formula says."""
    position = begun()
    path = likeliest_jump(position, JUMPS)
    assert path is not None
    quiet = path.returns[0] if path.sessions > 1 else None
    rng, paths = np.random.default_rng(2), 40_000
    counts = rng.poisson(JUMPS.jump_intensity * SESSION, (paths, 251))
    runner, budgets = Runner.standing(position), []
    jump = math.expm1(JUMPS.jump_mean + 0.5 * JUMPS.jump_std**2)
    drift = (JUMPS.drift - JUMPS.jump_intensity * jump - 0.5 * JUMPS.vol**2) * SESSION
    assert quiet is None or quiet == pytest.approx(math.expm1(drift))
    for k in range(251):
        floor = 0.9e6 * math.exp(-0.03 * (252 - k) / 252)
        budgets.append((runner.nav - floor) / (runner.units * runner.mark.spot))
        mark = runner.mark._replace(spot=100.0 * math.exp(drift * (k + 1)), years_left=runner.mark.years_left - SESSION)
        view = runner.look(mark, SESSION, 0.2, 1.0)
        runner.settle(view)
        runner.trade(view, view.wanted, Step("", SESSION, mark.spot, 0.03, 0.2))
    sizes = np.where(counts > 0, JUMPS.jump_mean + JUMPS.jump_std * rng.standard_normal(counts.shape), 0.0)
    hit = (np.expm1(sizes) <= -np.array(budgets)).any(axis=1).mean()
    error = math.sqrt(path.probability * (1 - path.probability) / paths)
    assert abs(hit - path.probability) < 4 * error + 3e-3 * path.probability, (
        f"{hit:.4f} simulated, {path.probability:.4f} said"
    )


def test_the_quiet_path_of_a_price_history_pays_its_dividends_once() -> None:
    path = likeliest_jump(begun(seen(dividend_yield=0.04)), JUMPS)
    assert path is not None
    jump = math.expm1(JUMPS.jump_mean + 0.5 * JUMPS.jump_std**2)
    drift = (JUMPS.drift - JUMPS.jump_intensity * jump - 0.5 * JUMPS.vol**2) * SESSION
    quiet = [move for move in path.returns if move > -0.05]
    assert quiet == pytest.approx([math.expm1(drift)] * len(quiet)), "closes are prices: their drift is after dividends"


def test_the_frontier_shrinks_with_delay_and_with_less_liquidity() -> None:
    found = frontier(begun(strategy={"kind": "cppi"}))
    grid = [[-1.0 if gap is None else gap for gap in row] for row in found.gaps]
    for row in grid:
        assert row == sorted(row, reverse=True), "less is filled and a deeper gap is survived"
    for column in zip(*grid, strict=True):
        assert list(column) == sorted(column, reverse=True), "trading resumes later and a deeper gap is survived"
    assert grid[0][0] == pytest.approx(0.25, abs=2e-4), "traded at once and in full, a multiple of 4 survives a quarter"


def test_all_of_it_in_one_object() -> None:
    position = begun()
    told = reverse_stress(position, JUMPS)
    assert told.smallest_gap == survivable(position).fall
    assert [(path.model, path.sessions) for path in told.paths][:5] == [("lognormal", n) for n in (1, 2, 3, 5, 10)]
    assert told.paths[-1].model == "jump"
    assert told.frontier is not None
    distances = [path.distance for path in told.paths[:5]]
    assert distances == sorted(distances, key=lambda d: -(d or 0.0)), "with more time less is needed a session"
    without = reverse_stress(position, None, "the history has 3 closes")
    assert "not computed: likeliest path with a jump: the history has 3 closes" in without.not_computed
    assert reverse_stress(begun(strategy={"kind": "buy_and_hold"})).frontier is None

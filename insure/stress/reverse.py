"""Reverse stress: what it takes to break the floor, told as paths instead of probabilities.

The most likely path that breaks the floor under a lognormal index is the design point of structural reliability: among
the standard normal shocks that lead to the floor, those nearest to zero (Hasofer and Lind 1974, J. Engineering
Mechanics 100; found by the iteration of Rackwitz and Fiessler 1978, Computers and Structures 9). Under a jump model it
is a quiet path with one jump just deep enough, on the day on which that is likeliest.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtr

from insure.arguments import FloatArray, number, positive, whole
from insure.decision.valuation import gap_budget
from insure.simulation.scenarios.path import SESSION, Step
from insure.stress.gaps import largest_gap
from insure.stress.jumps import FittedJumps
from insure.stress.position import Position
from insure.stress.runner import Rails, Runner, run

SPANS = (1, 2, 3, 5, 10)
"""Sessions within which a path may break the floor, in the standard pack."""
DELAYS = (0, 1, 2, 3, 5)
"""Sessions without trading after a gap, on the frontier."""
FILLS = (1.0, 0.5, 1.0 / 3.0, 0.1)
"""Fractions of an order executed in a session, on the frontier."""
SLIDE = 0.03
"""What the index goes on losing in each session after the gap, on the frontier."""
SLIDES = 5
"""For so many sessions after trading resumes."""

_ITERATIONS = 60
_BUMP = 1e-4
_AT_FLOOR = 1e-7


@dataclass(frozen=True, slots=True)
class LikelyPath:
    """The likeliest way to the floor within so many sessions."""

    model: str
    sessions: int
    returns: tuple[float, ...]
    """Simple returns, session by session."""
    fall: float
    """Of the whole path, a fraction; below zero is down."""
    distance: float | None
    """Length of the shocks in standard deviations (reliability index); None under a jump model."""
    probability: float
    """Lognormal: N(-distance), first-order. Jumps: of one deep enough within the sessions, on a quiet path."""
    cushion: float
    """What the path leaves between NAV and floor, money: on a lognormal path zero but for rounding, after a jump what
    the last session earned."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Frontier:
    """The largest gap that is survived when trading resumes late and thin, the index sliding on meanwhile."""

    delays: tuple[int, ...]
    fills: tuple[float, ...]
    gaps: tuple[tuple[float | None, ...], ...]
    """One row a delay, one column a fill; fractions; None where even a gap of nothing is not survived, 0.99 at most."""
    assumption: str


@dataclass(frozen=True, slots=True)
class Reverse:
    """All that reverse stress found for one fund."""

    smallest_gap: float | None
    """The instant fall that reaches the floor; None where none does."""
    paths: tuple[LikelyPath, ...]
    frontier: Frontier | None
    not_computed: tuple[str, ...]

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def reverse_stress(
    position: Position,
    jumps: FittedJumps | None = None,
    why: str = "",
    spans: tuple[int, ...] = SPANS,
) -> Reverse:
    """The smallest gap, the likeliest paths and the frontier of a position.

    Args:
        position: as it stands.
        jumps: fitted to its history; its jump path is left out without.
        why: the sentence for a jump model that could not be fitted.
        spans: sessions within which a lognormal path may break the floor.
    """
    missing: list[str] = []
    memory = position.memory
    if memory is None or not memory.start.guarantee > 0.0:
        return Reverse(None, (), None, ("not computed: reverse stress: the contract promises no floor",))
    _, left = position.times()
    if not left > 1.5 * SESSION:
        return Reverse(
            _smallest(position),
            (),
            None,
            ("not computed: likeliest paths: the protection period ends within a session",),
        )
    paths = []
    for sessions in spans:
        if sessions * SESSION > left:
            missing.append(f"not computed: likeliest path in {sessions} sessions: the horizon comes before")
            continue
        found = likeliest_path(position, sessions)
        if found is None:
            missing.append(f"not computed: likeliest path in {sessions} sessions: no path to the floor was found")
        else:
            paths.append(found)
    if jumps is None:
        missing.append(f"not computed: likeliest path with a jump: {why or 'no jump model was fitted'}")
    else:
        jumped = likeliest_jump(position, jumps)
        if jumped is None:
            missing.append("not computed: likeliest path with a jump: no single fall reaches the floor")
        else:
            paths.append(jumped)
    return Reverse(_smallest(position), tuple(paths), frontier(position), tuple(missing))


def _smallest(position: Position) -> float | None:
    runner = Runner.standing(position)
    view = runner.look(runner.mark, 0.0, position.vol, 1.0)
    return largest_gap(position, view.floor)


def _cushion(position: Position, returns: FloatArray, rails: Rails) -> float:
    """NAV less floor at the end of a path of log returns, one a session, money."""
    snapshot, spot = position.snapshot, position.spot
    levels = spot * np.exp(np.concatenate(([0.0], np.cumsum(returns))))
    steps = [
        Step(str(k), SESSION if k else 0.0, float(level), snapshot.rate, position.vol) for k, level in enumerate(levels)
    ]
    done = run(Runner.standing(position, rails), steps, [position.vol] * len(steps), 0.0)
    return done.navs[-1] - done.floors[-1]


def likeliest_path(position: Position, sessions: int, drift: float | None = None) -> LikelyPath | None:
    """The likeliest lognormal path that has the fund at its floor after so many sessions.

    Minimises |z|^2 over shocks z with NAV = floor at the end; log returns are (drift - q - vol^2/2) dt + vol sqrt(dt) z
    at the hedge volatility. The fund trades at every close, without band, throttle and costs, which would make the
    search stumble. Several starts (all in one session, evenly, accelerating) guard against a local answer.

    Args:
        position: with a floor.
        sessions: one or more.
        drift: of the index with dividends, per year; default the rate.

    Returns:
        None where no path to the floor was found.

    No path out of 20,000 simulated around it that breaks the floor is likelier, to 1 % of its distance
    (tests/stress/test_reverse.py::test_no_simulated_breach_is_likelier).
    """
    count, snapshot = whole("sessions", sessions, low=1), position.snapshot
    vol = positive("volatility", position.vol)
    rails = Rails.of(position.fund).smooth()
    growth = number("drift", snapshot.rate if drift is None else drift)
    level = (growth - snapshot.dividend_yield - 0.5 * vol * vol) * SESSION
    scale = vol * math.sqrt(SESSION)
    nav = position.nav

    def left(z: FloatArray) -> float:
        return _cushion(position, level + scale * z, rails) / nav

    best: FloatArray | None = None
    for start in _starts(count, scale):
        found = _design_point(left, start)
        if found is not None and (best is None or found @ found < best @ best):
            best = found
    if best is None:
        return None
    returns = level + scale * best
    distance = float(np.sqrt(best @ best))
    simple = np.expm1(returns)
    fall = float(np.expm1(returns.sum()))
    days = "one session" if count == 1 else f"{count} sessions"
    sentence = (
        f"Under a lognormal index the likeliest way to the floor in {days} is {fall:+.2%} in all, the worst session "
        f"{float(simple.min()):+.2%}: {distance:.1f} standard deviations away."
    )
    return LikelyPath(
        model="lognormal",
        sessions=count,
        returns=tuple(float(x) for x in simple),
        fall=fall,
        distance=distance,
        probability=float(ndtr(-distance)),
        cushion=left(best) * nav,
        sentence=sentence,
    )


def _starts(count: int, scale: float) -> list[FloatArray]:
    """Where searches begin: a fall of a fifth in the last session, evenly spread, and accelerating."""
    deep = math.log(0.8) / scale
    last = np.zeros(count)
    last[-1] = deep
    if count == 1:
        return [last]
    ramp = np.arange(1.0, count + 1.0)
    return [last, np.full(count, deep / count), deep * ramp / ramp.sum()]


def _design_point(left: Callable[[FloatArray], float], start: FloatArray) -> FloatArray | None:
    """The nearest z to zero with ``left(z) = 0``: Rackwitz and Fiessler's steps, halved until they make progress."""
    z = start
    value, slope = left(z), _slope(left, z)
    for _ in range(_ITERATIONS):
        square = float(slope @ slope)
        if not square > 1e-30:
            return None
        aim = ((slope @ z - value) / square) * slope
        # Zhang and Der Kiureghian's merit: distance, and a penalty on being off the floor that outweighs it.
        weight = 2.0 * (math.sqrt(float(z @ z)) + 1.0) / math.sqrt(square) + 10.0
        merit = 0.5 * float(z @ z) + weight * abs(value)
        trial = _nearer(left, z, aim, weight, merit)
        if trial is None:
            break
        moved = float(np.abs(trial - z).max())
        z, value = trial, left(trial)
        if moved < 1e-6 and abs(value) < _AT_FLOOR:
            break
        slope = _slope(left, z)
    return z if abs(value) < 1e-5 else None


def _nearer(
    left: Callable[[FloatArray], float], z: FloatArray, aim: FloatArray, weight: float, merit: float
) -> FloatArray | None:
    """The longest step towards ``aim``, halved as often as needed, that lowers the merit; None where none does."""
    step = 1.0
    while step > 1e-4:
        trial = z + step * (aim - z)
        if 0.5 * float(trial @ trial) + weight * abs(left(trial)) < merit - 1e-12:
            return trial
        step *= 0.5
    return None


def _slope(left: Callable[[FloatArray], float], z: FloatArray) -> FloatArray:
    slope = np.empty_like(z)
    for k in range(z.size):
        up, down = z.copy(), z.copy()
        up[k] += _BUMP
        down[k] -= _BUMP
        slope[k] = (left(up) - left(down)) / (2.0 * _BUMP)
    return slope


def likeliest_jump(position: Position, jumps: FittedJumps) -> LikelyPath | None:
    """A quiet path with one jump just deep enough, on the session up to the horizon on which that is likeliest.

    On the quiet path the index moves as the diffusion's mean does, dividends already out of it; the fall that is
    survived in session k is C/E of the fund there, l_k its logarithm. The density of a jump of at least that depth is
    highest at min(l_k, mean of the jumps); its probability in session k is lambda dt N((l_k - mean) / std), which adds
    up over the sessions.

    Returns:
        None where no single fall reaches the floor.

    The probability agrees with simulated jumps on the quiet path within four standard errors
    (tests/stress/test_reverse.py::test_the_jump_path_against_simulation).
    """
    _, years = position.times()
    count = max(round(years / SESSION) - 1, 1)
    snapshot = position.snapshot
    jump = math.expm1(jumps.jump_mean + 0.5 * jumps.jump_std**2)
    quiet = (jumps.drift - jumps.jump_intensity * jump - 0.5 * jumps.vol**2) * SESSION
    runner = Runner.standing(position)
    rate, bars = jumps.jump_intensity * SESSION, []
    levels = position.spot * np.exp(quiet * np.arange(1, count + 1))
    for k, spot in enumerate(levels):
        budget = _budget(runner, position.vol)
        bars.append(-math.inf if budget is None or not budget < 1.0 else math.log1p(-budget))
        step = Step(str(k), SESSION, float(spot), snapshot.rate, position.vol)
        mark = runner.mark._replace(spot=step.spot, years_left=max(runner.mark.years_left - SESSION, 0.0))
        arrived = runner.look(mark, SESSION, position.vol, 1.0)
        runner.settle(arrived)
        runner.trade(arrived, arrived.wanted, step)
    barriers = np.array(bars)
    if not np.isfinite(barriers).any():
        return None
    std = max(jumps.jump_std, 1e-12)
    deviations = np.minimum(barriers - jumps.jump_mean, 0.0) / std
    best = int(np.argmax(deviations))
    size = min(float(barriers[best]), jumps.jump_mean)
    chances = rate * ndtr((barriers - jumps.jump_mean) / std)
    probability = float(-np.expm1(-chances.sum()))
    returns = np.full(best + 1, quiet)
    returns[best] += size
    sentence = (
        f"Under the fitted jumps the likeliest way to the floor is {best} quiet sessions and one jump of "
        f"{math.expm1(size):+.2%}; a jump deep enough comes before the horizon with probability {probability:.2%}."
    )
    return LikelyPath(
        model="jump",
        sessions=best + 1,
        returns=tuple(float(x) for x in np.expm1(returns)),
        fall=float(np.expm1(returns.sum())),
        distance=None,
        probability=probability,
        cushion=_cushion(position, returns, Rails.of(position.fund)),
        sentence=sentence,
    )


def _budget(runner: Runner, vol: float) -> float | None:
    """The instant fall that takes a runner to its floor; with options of its own found by bisection."""
    view = runner.look(runner.mark, 0.0, vol, 1.0)
    if not runner.start.legs:
        return gap_budget(view.nav, view.floor, runner.units * runner.mark.spot)

    def left(fall: float) -> float:
        fallen = runner.look(runner.mark._replace(spot=runner.mark.spot * (1.0 - fall)), 0.0, vol, 1.0)
        return fallen.nav - fallen.floor

    low, high = 0.0, 0.99
    if not left(low) > 0.0:
        return 0.0
    if left(high) > 0.0:
        return None
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if left(middle) > 0.0 else (low, middle)
    return low


def frontier(
    position: Position,
    delays: tuple[int, ...] = DELAYS,
    fills: tuple[float, ...] = FILLS,
    slide: float = SLIDE,
    slides: int = SLIDES,
) -> Frontier:
    """The largest gap that is survived, by how long nothing can be traded after it and how much of an order is filled.

    After the gap the index goes on losing ``slide`` a session; trading resumes after ``delay`` sessions and fills a
    fraction of each order from then on, for ``slides`` sessions. With no slide nothing but the gap itself would matter.

    Raises:
        InvalidInput: a delay or fill out of range.
    """
    for fill in fills:
        number("fill", fill, low=0.0, high=1.0)
    lost = number("slide", slide, low=0.0, high=0.5)
    gaps = tuple(
        tuple(_largest(position, whole("delay", delay), fill, lost, slides) for fill in fills) for delay in delays
    )
    assumption = (
        f"After the gap the index loses {lost:.0%} a session for {slides} sessions from when trading resumes, and as "
        "much in each session before; rate and volatility stay; the fund's own limits, band and costs hold."
    )
    return Frontier(delays, fills, gaps, assumption)


def _largest(position: Position, delay: int, fill: float, slide: float, slides: int) -> float | None:
    def survives(gap: float) -> bool:
        snapshot, spot, level = position.snapshot, position.spot, 1.0 - gap
        steps = [Step("0", 0.0, spot, snapshot.rate, position.vol)]
        steps.append(Step("gap", 0.0, spot * level, snapshot.rate, position.vol, tradable=delay == 0, filled=fill))
        for k in range(1, delay + slides + 1):
            level *= 1.0 - slide
            open_ = k >= delay
            steps.append(Step(str(k), SESSION, spot * level, snapshot.rate, position.vol, tradable=open_, filled=fill))
        done = run(Runner.standing(position), steps, [position.vol] * len(steps), 0.0)
        return done.breach is None

    if not survives(0.0):
        return None
    low, high = 0.0, 0.99
    if survives(high):
        return high
    while high - low > 1e-4:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if survives(middle) else (low, middle)
    return low

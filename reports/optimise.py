"""The report on a sweep, simulated: which ways to trade keep a fund nearest to its true put, and what each costs."""

from dataclasses import dataclass, replace

from insure.book.record import Record
from insure.simulation.optimise import Optimum
from reports import filters
from reports.figures import Figure, Figures, Head, NotComputed, Verdict, plain
from reports.frontier import Frontier, Way
from reports.heads import head

WATERMARK = "SIMULATED"
_TOLD = (
    (
        "Cost and tracking error (the standard deviation of fund less true put) are of the horizon, in basis points of "
        "the fund's value today. Bars are one standard error; differences between points, whose paths are the same, "
        "are known much better than the points themselves."
    ),
    (
        "Every point begins fresh on today's value; the index grows at the rate; the fund's own costs, limits and "
        "throttle hold, lots are not counted. Confidence is the share of resampled studies in which the same point is "
        "the best."
    ),
)
_SOURCE = "insure.simulation.optimise"


@dataclass(frozen=True, slots=True)
class Row:
    """One point of the sweep."""

    key: str
    strategy: Figure
    band: Figure
    every: Figure
    charged: Figure
    """Proportional costs of a trade."""
    cost: Figure
    cost_error: Figure
    tracking: Figure
    tracking_error: Figure
    mean: Figure
    mean_error: Figure
    breach: Figure
    breach_error: Figure
    said: str
    """best, as it is, efficient."""


@dataclass(frozen=True, slots=True)
class OptimiseReport:
    """One sweep of one fund."""

    head: Head
    verdict: Verdict
    glance: Figures
    notes: tuple[str, ...]
    picture: Frontier
    """Points that pay the fund's own costs for its own floor."""
    rows: tuple[Row, ...]
    """All points, from the cheapest to the dearest of each guarantee and price list."""

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(found: Optimum, record: Record, anchor: tuple[int, str], code_version: str) -> OptimiseReport:
    """The report on one sweep; pure.

    Args:
        found: of ``insure.simulation.optimise``.
        record: the decision after which the fund stands as it was swept.
        anchor: sequence and hash of the last audit row when the report is made.
        code_version: of this program.
    """
    about = head(
        "optimise", "Optimal band and calendar", f"as of {filters.day(record.session)}", found.fund, record, anchor
    )
    settled = found.best.position == found.current or found.current in found.best.rivals
    return OptimiseReport(
        head=replace(about, watermark=WATERMARK, code_version=code_version, config_sha256=found.fund.config_sha256),
        verdict=Verdict(
            "good" if settled else "attention",
            "As good as any" if settled else "A nearer way",
            found.sentence,
            tuple(note for note in (found.breaches, f"Simulated: {_paths(found)}.") if note),
        ),
        glance=_glance(found),
        notes=_TOLD,
        picture=_picture(found),
        rows=tuple(_row(found, k) for k in _order(found)),
    )


def _paths(found: Optimum) -> str:
    recipe = found.sweep.recipe
    source = f"the fund's own {found.history:,} returns in blocks" if found.history else "Brownian motion"
    return (
        f"{recipe.paths:,} paths of {recipe.years:g} years in {recipe.steps:,} sessions, seed {recipe.seed}, from "
        f"{source}; index growth {recipe.model.drift or 0.0:.2%}, hedged at {recipe.model.annual_vol:.2%}"
    )


def _glance(found: Optimum) -> Figures:
    recipe, best = found.sweep.recipe, found.best
    trading, now = recipe.trading(best.position), recipe.trading(found.current)
    gain, error = found.gain
    basis = 1e4 / recipe.value
    return {
        "strategy": Figure("Best strategy", found.strategy(best.position), "text", _SOURCE),
        "band": _band(found, best.position, "Best band", f"now {found.band_words(found.current)}"),
        "every": Figure("Best calendar, sessions", trading.every, "count", f"now {now.every}"),
        "gain": Figure("Nearer to the true put", basis * gain, "bps", "root of mean squared slippage"),
        "gain_error": Figure("Standard error", basis * error, "bps", "paired, by path"),
        "confidence": Figure("Confidence", best.confidence, "weight", "share of resampled studies"),
        "paths": Figure("Paths", recipe.paths, "count", _SOURCE),
        "seed": Figure("Seed", recipe.seed, "count", _SOURCE),
    }


def _band(found: Optimum, position: int, label: str, source: str = "") -> Figure:
    width = found.band(position)
    if width is None:
        return Figure(label, found.band_words(position), "text", source)
    return Figure(label, width, "weight", source)


def _order(found: Optimum) -> list[int]:
    sweep = found.sweep
    return sorted(
        range(len(sweep.studies)),
        key=lambda k: (
            not sweep.comparable(k, found.current),
            -sweep.guarantee(k),
            sweep.recipe.trading(k).costs.fraction,
            sweep.cost(k).value,
        ),
    )


def _picture(found: Optimum) -> Frontier:
    sweep, efficient = found.sweep, set(found.frontier)
    basis = 1e4 / sweep.recipe.value
    ways = tuple(
        Way(
            found.name(k),
            basis * sweep.cost(k).value,
            basis * sweep.cost(k).standard_error,
            basis * sweep.tracking_error(k).value,
            basis * sweep.tracking_error(k).standard_error,
            k in efficient,
            k == found.best.position,
            k == found.current,
        )
        for k in _order(found)
        if sweep.comparable(k, found.current)
    )
    cheapest, closest = found.frontier[0], found.frontier[-1]
    return Frontier(
        "frontier",
        "Cost against tracking error",
        f"{len(ways)} ways to run the fund at its own costs on its own floor; {len(efficient)} of them are efficient, "
        f"from the cheapest ({basis * sweep.cost(cheapest).value:.1f} bps of cost, tracking error "
        f"{basis * sweep.tracking_error(cheapest).value:.1f} bps) to the closest "
        f"({basis * sweep.cost(closest).value:.1f} and {basis * sweep.tracking_error(closest).value:.1f}).",
        ways,
    )


def _row(found: Optimum, k: int) -> Row:
    sweep = found.sweep
    trading, basis = sweep.recipe.trading(k), 1e4 / sweep.recipe.value
    cost, error, figures = sweep.cost(k), sweep.tracking_error(k), sweep.studies[k].figures
    mean, breach = figures["slippage_mean"], figures["breach_probability"]
    marks = [("best", k == found.best.position), ("as it is", k == found.current), ("efficient", k in found.frontier)]
    none = NotComputed("the fund promises no floor")
    floor = sweep.guarantee(k) > 0.0
    return Row(
        key=f"point-{k}",
        strategy=Figure("Strategy", found.strategy(k), "text"),
        band=_band(found, k, "Band"),
        every=Figure("Every, sessions", trading.every, "count"),
        charged=Figure("Charged", trading.costs.fraction * 1e4, "bps"),
        cost=Figure("Cost", basis * cost.value, "bps"),
        cost_error=Figure("Standard error", basis * cost.standard_error, "bps"),
        tracking=Figure("Tracking error", basis * error.value, "bps"),
        tracking_error=Figure("Standard error", basis * error.standard_error, "bps"),
        mean=Figure("Mean slippage", basis * mean.value, "bps"),
        mean_error=Figure("Standard error", basis * mean.standard_error, "bps"),
        breach=Figure("Breach", breach.value if floor else none, "probability"),
        breach_error=Figure("Standard error", breach.standard_error if floor else none, "probability"),
        said=", ".join(word for word, holds in marks if holds),
    )

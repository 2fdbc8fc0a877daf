"""The stress report: what crashes, crowds and shut markets would do to the fund as it stands, and what breaks it.

A pure view over what ``insure.stress`` computed. ``sealed`` and ``intact`` are how the kept JSON is proved to be the
one that was written.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from insure.book.record import Record
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.market import Lineage
from insure.stress import StressResult
from insure.stress.models import ModelResult
from reports import filters
from reports.figures import Figure, Figures, Head, NotComputed, Unit, Verdict, plain
from reports.heads import head
from reports.stress import assumptions, breaking, gaps, replays, simulation
from reports.stress import formulas as of
from reports.stress.assumptions import Program
from reports.stress.parts import Part

_UNASKED = "no model was asked for"
WATERMARK = "SIMULATED"


@dataclass(frozen=True, slots=True)
class StressReport:
    """One fund under stress."""

    head: Head
    verdict: Verdict
    glance: Figures
    parts: tuple[Part, ...]
    sha256: str
    """Of all the other figures, in their canonical form."""

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    fund: Fund,
    record: Record,
    result: StressResult,
    anchor: tuple[int, str],
    program: Program,
    history: Lineage | None = None,
) -> StressReport:
    """The report on one stress; pure.

    Args:
        fund: the contract that was stressed.
        record: the decision after which the fund stands as it was stressed.
        result: of ``insure.stress.stress``.
        anchor: sequence and hash of the last audit row when the report is made.
        program: versions of what computed it.
        history: where the fund's own history was read; None where none was.

    Raises:
        InvalidInput: the result is of another fund or session than the record.
    """
    if (result.fund, result.session) != (record.fund_id, record.session):
        raise InvalidInput(
            f"result is of {result.fund!r} on {result.session}; "
            f"the record is of {record.fund_id!r} on {record.session}."
        )
    why = next((said for said in result.not_computed if said.startswith("not computed: model ")), _UNASKED)
    study = result.model
    report = StressReport(
        head=replace(
            head(
                "stress",
                "Stress report",
                f"as of {filters.day(result.session)}, slot {record.slot}",
                fund,
                record,
                anchor,
            ),
            watermark=WATERMARK,
            code_version=program.version,
            config_sha256=fund.config_sha256,
        ),
        verdict=_verdict(fund, result),
        glance=_glance(result, why),
        parts=(
            gaps.gaps(fund, result),
            replays.crises(fund, result),
            replays.shapes(fund, result),
            simulation.distribution(fund, study, why),
            simulation.attribution(fund, study, why),
            simulation.strategies(fund, result, study, why),
            breaking.herd(fund, result),
            breaking.reverse(fund, result),
            assumptions.assumptions(fund, record, result, program, history),
            assumptions.formulas(),
            assumptions.evidence(fund, record, anchor, program),
        ),
        sha256="",
    )
    return replace(report, sha256=sealed(report.figures()))


def sealed(figures: Mapping[str, object]) -> str:
    """SHA-256 of a report's figures in canonical form: keys in order, no blanks, letters as they are.

    Left out are the hash itself and what a later version says of itself (``version`` and ``corrects`` of the head).
    """
    others = {name: value for name, value in figures.items() if name not in {"sha256", "head"}}
    told = figures.get("head")
    if isinstance(told, Mapping):
        others["head"] = {name: value for name, value in told.items() if name not in {"version", "corrects"}}
    text = json.dumps(others, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def intact(figures: Mapping[str, object]) -> bool:
    """Whether kept figures are those that were written."""
    return figures.get("sha256") == sealed(figures)


def _verdict(fund: Fund, result: StressResult) -> Verdict:
    worth = f"{fund.name} at {filters.money(result.nav, fund.currency)}"
    notes = _notes(result)
    if result.floor is None or result.survivable is None or not _promises(result):
        return Verdict("good", "No floor to break", f"{worth} stands without a floor in force.", notes)
    floor = filters.money(result.floor, fund.currency)
    if not result.nav > result.floor:
        return Verdict("bad", "At the floor", f"{worth} is not above its floor of {floor}: it survives no fall.", notes)
    count = len(result.scenarios)
    if result.survivable.fall is None:
        reach = f"{worth} is above its floor of {floor} whatever the index does at once"
    else:
        reach = f"An instant fall of {filters.percent(result.survivable.fall)} takes {worth} to its floor of {floor}"
    broken = len(result.breached)
    if broken:
        word = f"Floor breaks in {broken} of {count} scenarios"
        return Verdict("attention", word, f"{reach}.", (f"Broken in: {_broken(result)}.", *notes))
    word = "Floor holds in every scenario" if count else "Gap ladder only"
    return Verdict("good", word, f"{reach}; {count} scenarios do not break it.", notes)


def _broken(result: StressResult) -> str:
    return "; ".join(each.journey.title for each in result.scenarios if each.journey.breach is not None)


def _promises(result: StressResult) -> bool:
    return any(rung.floor for rung in result.gaps) or bool(result.floor)


def _notes(result: StressResult) -> tuple[str, ...]:
    """What the first reader must know besides."""
    beyond = simulation.goes_on(result.model)
    missing = len(result.not_computed)
    if not missing:
        return beyond
    return (
        *beyond,
        f"Not computed: {missing} {'table' if missing == 1 else 'tables'}; the reasons stand under Assumptions.",
    )


def _glance(result: StressResult, why: str) -> Figures:
    study, none = result.model, simulation.none_simulated(why)
    no_floor = NotComputed("no floor is in force")
    fall = None if result.survivable is None else result.survivable.fall
    lows = [low for each in result.scenarios if (low := each.journey.lowest_cushion) is not None]

    def simulated(formula: of.Formula, label: str, name: str, unit: Unit) -> Figure:
        figure = None if study is None else study.figures[name]
        if study is None or figure is None:
            return formula.figure(label, none, unit)
        if figure.value is None or figure.standard_error is None:
            return formula.figure(label, NotComputed("nothing of the kind happened"), unit)
        return replace(formula.figure(label, figure.value, unit), source=_source(formula, study, figure.value, name))

    return {
        "nav": of.NAV.figure("Net asset value", result.nav, "money"),
        "floor": of.FLOOR.figure("Floor today", no_floor if result.floor is None else result.floor, "money"),
        "weight": of.WEIGHT.figure("In stock", result.weight, "weight"),
        "gap": of.GAP.figure(
            "Largest gap survived", NotComputed("no fall reaches a floor") if fall is None else fall, "weight"
        ),
        "broken": of.DRIVEN.figure(
            f"Floor broken, of {len(result.scenarios)} scenarios", len(result.breached), "count"
        ),
        "least_cushion": of.CUSHION.figure(
            "Least above the floor, all scenarios", min(lows) if lows else no_floor, "gain"
        ),
        "slippage_mean": simulated(of.MEAN, "Slippage expected at the horizon", "slippage_mean", "gain"),
        "slippage_q01": simulated(of.QUANTILE, "Slippage, worst path in a hundred", "slippage_q01", "gain"),
        "shortfall": simulated(of.PROBABILITY, "Guarantee missed, simulated", "shortfall_probability", "probability"),
    }


def _source(formula: of.Formula, study: ModelResult, value: float, name: str) -> str:
    """Where a simulated figure comes from, with its error; where none or all paths did, with what that proves."""
    error = study.figures[name].standard_error or 0.0
    if error > 0.0:
        unit: Unit = "probability" if formula is of.PROBABILITY else "money"
        proof = f"standard error {filters.figure(error, unit)}"
    elif formula is of.PROBABILITY:
        low, high = simulation.bounds(value, study.paths)
        proof = f"95% interval {filters.probability(low)} to {filters.probability(high)}"
    else:
        proof = f"standard error {filters.money(0.0)}"
    return f"{formula.words}; {proof}, {simulation.recipe(study)}"

"""The stress report's small print: where it began, what trading cost, models, calibration, sources, versions."""

from collections.abc import Mapping
from dataclasses import dataclass

from insure.band_terms import FixedBandTerms
from insure.book.record import Record, sha256
from insure.fund import Fund
from insure.market import Lineage
from insure.stress import FittedJumps, StressResult
from insure.stress.models import ModelResult
from reports import filters
from reports.figures import Figure, Figures, NotComputed, Unit
from reports.stress import formulas as of
from reports.stress.formulas import FORMULAS
from reports.stress.parts import Entry, Listing, Part, columns, listing, text

_UNITS: Mapping[str, Unit] = {"vol": "per_year", "drift": "per_year", "returns": "count"}
"""Of a model's parameters, where they are not plain numbers."""


@dataclass(frozen=True, slots=True)
class Program:
    """What computed the stress."""

    version: str
    libraries: Mapping[str, str]
    """Version by distribution."""


def assumptions(fund: Fund, record: Record, result: StressResult, program: Program, history: Lineage | None) -> Part:
    """Everything that the figures rest on."""
    figures = {
        **_position(fund, record, result),
        **_trading(fund),
        **_model(result.model),
        **_history(history),
        **_jumps(result.jumps),
        **_crowd(result),
        "version": of.INSTALLED.figure("Program", program.version, "text"),
        **{
            f"library_{name}": of.INSTALLED.figure(name, version, "text")
            for name, version in sorted(program.libraries.items())
        },
    }
    return Part(
        "assumptions",
        "Assumptions",
        "What every figure above rests on; change one, and they change.",
        () if result.model is None else result.model.assumptions,
        figures,
        listings=(_calibration(result), _sources(result)),
        missing=result.not_computed,
    )


def _position(fund: Fund, record: Record, result: StressResult) -> Figures:
    seen, memory = record.decision.snapshot, record.decision.memory
    return {
        "session": of.RECORD.figure("Begun at the close of", result.session, "date"),
        "seen": of.RECORD.figure("Market seen", seen.at, "instant"),
        "price": of.RECORD.figure("Price of the index", result.spot, "price"),
        "rate": of.RECORD.figure("Rate", seen.rate, "per_year"),
        "dividend_yield": of.RECORD.figure("Dividend yield", seen.dividend_yield, "per_year"),
        "hedge_vol": of.RECORD.figure("Hedge volatility", seen.volatility.vol, "per_year"),
        "put_vol": of.RECORD.figure("Volatility of the true put", seen.put_vol, "per_year"),
        "guarantee": of.RECORD.figure(
            "Guarantee at the horizon",
            NotComputed("no protection period is in force") if memory is None else memory.start.guarantee,
            "money",
        ),
        "horizon": of.RECORD.figure(
            "Horizon", NotComputed("no protection period is in force") if memory is None else memory.period.end, "date"
        ),
        "strategy": of.CONTRACT.figure("Strategy", fund.strategy.kind.replace("_", " "), "text"),
        "day_count": of.CONTRACT.figure("Day count", fund.schedule.day_count, "text"),
    }


def _trading(fund: Fund) -> Figures:
    limits, costs = fund.limits, fund.costs
    return {
        "commission": of.CONTRACT.figure("Commission", costs.commission_bps, "bps"),
        "half_spread": of.CONTRACT.figure("Half spread, times the scenario's own", costs.half_spread_bps, "bps"),
        "band": of.CONTRACT.figure("Band", fund.band.width_weight, "weight")
        if isinstance(fund.band, FixedBandTerms)
        else of.CONTRACT.figure("Band", fund.band.words(fund.cost_bps), "text"),
        "lowest": of.CONTRACT.figure("Lowest weight", limits.lowest_weight, "weight"),
        "highest": of.CONTRACT.figure("Highest weight", limits.highest_weight, "weight"),
        "throttle": of.CONTRACT.figure("Largest change in a slot", limits.largest_change_weight, "weight"),
        "volume_cap": of.CONTRACT.figure(
            "Largest share of the market's volume", fund.execution.volume_cap_fraction, "weight"
        ),
        "no_cushion": of.CONTRACT.figure(
            "Without a cushion", "everything into cash" if limits.no_cushion == "cash" else "as the model asks", "text"
        ),
    }


def _model(study: ModelResult | None) -> Figures:
    if study is None:
        return {"model": of.STUDY.figure("Model", NotComputed("nothing was simulated"), "text")}
    return {
        "model": of.STUDY.figure("Model", study.model.replace("_", " "), "text"),
        "paths": of.STUDY.figure("Paths", study.paths, "count"),
        "seed": of.STUDY.figure("Seed", study.seed, "count"),
        "steps": of.STUDY.figure("Steps of a path", study.steps, "count"),
        "years": of.STUDY.figure("Horizon in years", study.years, "years"),
    }


def _history(history: Lineage | None) -> Figures:
    if history is None:
        return {"history": of.FITTED.figure("History", NotComputed("no history was given"), "text")}
    return {
        "history": of.FITTED.figure("History", history.origin, "text"),
        "history_last": of.FITTED.figure("History up to", history.as_of, "date"),
        "history_sha256": of.FITTED.figure("History, SHA-256", history.sha256, "hash"),
    }


def _jumps(jumps: FittedJumps | None) -> Figures:
    if jumps is None:
        return {"jumps": of.FITTED.figure("Fitted jumps", NotComputed("no jump model was fitted"), "text")}
    span = (
        ""
        if jumps.first is None or jumps.last is None
        else f", {filters.day(jumps.first)} to {filters.day(jumps.last)}"
    )
    return {
        "jumps_history": of.FITTED.figure(
            "Fitted jumps: history", f"{filters.number(jumps.returns, 0)} daily returns{span}", "text"
        ),
        "jumps_count": of.FITTED.figure("Fitted jumps: found", jumps.jumps, "count"),
    }


def _calibration(result: StressResult) -> Listing:
    """Every fitted number with its standard error and where it comes from."""
    found: list[tuple[str, str, float, float | None, str]] = []
    if result.model is not None:
        model = result.model.model.replace("_", " ")
        found += [(model, each.name, each.value, each.standard_error, each.origin) for each in result.model.calibration]
    if result.jumps is not None:
        history = f"{filters.number(result.jumps.returns, 0)} daily returns of the fund's own history"
        found += [
            ("fitted jumps", name, getattr(result.jumps, name), error, history)
            for name, error in result.jumps.standard_errors.items()
        ]
    return listing(
        "calibration",
        "Calibration: every fitted number, with its standard error where there is one.",
        "Parameter",
        columns(("Value", of.FITTED), ("Standard error", of.FITTED), ("Origin", of.FITTED)),
        [_parameter(place, *each) for place, each in enumerate(found, start=1)],
        "Nothing was fitted.",
    )


def _parameter(place: int, model: str, name: str, value: float, error: float | None, origin: str) -> Entry:
    unit = _UNITS.get(name, "number")
    none = NotComputed("the origin says why")
    return Entry(
        str(place),
        text("Parameter", f"{model}: {name.replace('_', ' ')}"),
        (
            Figure("Value", float(value), unit),
            Figure(
                "Standard error", none if error is None else float(error), "probability" if unit == "per_year" else unit
            ),
            text("Origin", origin),
        ),
    )


def _crowd(result: StressResult) -> Figures:
    if result.herd is None:
        return {}
    market = result.herd.market
    return {
        "market": of.IMPACT.figure("Crowd: market", market.name, "text"),
        "market_size": of.IMPACT.figure("Crowd: capitalisation", market.capitalisation, "money"),
        "market_volume": of.IMPACT.figure("Crowd: volume a day", market.daily_volume, "money"),
        "market_vol": of.IMPACT.figure("Crowd: volatility a day", market.daily_vol, "weight"),
        "market_decay": of.IMPACT.figure("Crowd: decay of realised variance", market.decay, "number"),
        "market_thinnest": of.IMPACT.figure("Crowd: depth follows volatility up to", market.thinnest, "multiple"),
        "market_executed": of.IMPACT.figure("Crowd: part of an order executed", result.herd.executed, "weight"),
    }


def _sources(result: StressResult) -> Listing:
    """Every scenario with where it comes from and what is assumed in it: halts, fills, rates, volatility."""
    rows = tuple(
        Entry(
            str(place),
            text("Scenario", each.journey.title),
            (text("Source and assumptions", each.journey.source),),
        )
        for place, each in enumerate(result.scenarios, start=1)
    )
    return listing(
        "sources",
        "Where each scenario comes from, with its halts and fills.",
        "Scenario",
        columns(("Source and assumptions", of.SCENARIO)),
        rows,
        "No scenario was asked for.",
    )


def formulas() -> Part:
    """Each formula once."""
    rows = tuple(
        Entry(each.key, text("Figure", each.words), (text("Formula", each.formula), text("Where", each.where)))
        for each in FORMULAS
    )
    return Part(
        "formulas",
        "Formulas",
        "Headings and sources above lead here.",
        listings=(
            listing(
                "formula",
                "Where each figure comes from.",
                "Figure",
                columns(("Formula", of.MANUAL), ("Where", of.MANUAL)),
                rows,
                "None.",
            ),
        ),
    )


def evidence(fund: Fund, record: Record, anchor: tuple[int, str], program: Program) -> Part:
    """Hashes of what was stressed."""
    return Part(
        "evidence",
        "Evidence",
        "The same book, program, seed and scenarios make this page again, byte for byte.",
        figures={
            "decision": of.RECORD.figure("Decision record", sha256(record.canonical()), "hash"),
            "recorded_contract": of.RECORD.figure("Contract of the decision", record.decision.config_sha256, "hash"),
            "contract": of.CONTRACT.figure("Contract that was stressed", fund.config_sha256, "hash"),
            "chain_sequence": of.RECORD.figure("Chain head, entry", anchor[0], "count"),
            "chain_head": of.RECORD.figure("Chain head, hash", anchor[1], "hash"),
            "decided_by": of.RECORD.figure("Program of the decision", record.code_version, "text"),
            "stressed_by": of.INSTALLED.figure("Program of this stress", program.version, "text"),
        },
    )

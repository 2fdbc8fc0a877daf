"""`insure stress`: what crashes, crowds and closed markets would do to funds as they stand in the book."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, amount, percent, whole
from schedules.cli.progress import told

if TYPE_CHECKING:
    from insure.book import Book
    from insure.fund import Fund
    from insure.stress import Pack, StressResult
    from insure.stress.gaps import GapRung
    from insure.stress.models import ModelResult
    from schedules.desk import Desk

_SHOWN = (-0.40, -0.30, -0.25, -0.20, -0.15, -0.10, -0.07, -0.05, -0.03, -0.01, 0.01, 0.05, 0.10, 0.20)
"""Rungs of the standard ladder that a person is shown; JSON has them all."""
_FEW = 3
"""Up to so many scenarios a person is shown the causes and events of each."""


def stress(
    fund: Annotated[str | None, typer.Argument(help="The fund: the name of its file in funds/.")] = None,
    crisis: Annotated[list[str] | None, typer.Option(help="Replay this crisis only; may be repeated.")] = None,
    gap: Annotated[
        list[str] | None,
        typer.Option(metavar="PCT", help="Instant move in percent, -20 is a fall; may be repeated, or -10,-20,-30."),
    ] = None,
    scenario: Annotated[Path | None, typer.Option(help="A scenario file (TOML) of one's own.")] = None,
    strength: Annotated[float, typer.Option(help="Multiplies the log returns of crises, 0 to 10.")] = 1.0,
    first: Annotated[
        dt.datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Session of the crisis that today stands for."),
    ] = None,
    inside: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Replay this day of the crisis from inside, where it is known."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Simulate under this model only: gbm, merton, kou, heston, bates, bootstrap, filtered or regime.",
        ),
    ] = None,
    paths: Annotated[int, typer.Option(help="Paths of the simulation.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Threads; one a processor if left out.")] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Scheduler of a dask.distributed cluster to hand paths out to."),
    ] = None,
    all_funds: Annotated[bool, typer.Option("--all-funds", help="Every fund of the desk.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Stress a fund as it stands: gap ladder, crises, liquidity and herd, reverse stress. Nothing is traded or kept."""
    from insure.errors import InvalidInput  # noqa: PLC0415 - the domain loads when a fund is stressed, not for --help
    from schedules.desk import open_desk  # noqa: PLC0415

    if all_funds == (fund is not None):
        raise InvalidInput("insure stress needs one of a fund and --all-funds.")
    if dask is not None and workers is not None:
        raise InvalidInput("--workers are threads here and --dask hands the paths out elsewhere; give one of the two.")
    place = open_desk(desk)
    asked = replace(
        _pack(crisis or [], gap or [], scenario, strength, first, inside, model),
        model=model, paths=paths, seed=seed, workers=workers, cluster=dask,
    )  # fmt: skip
    answer = Answer(as_json)
    with place.book() as book:
        if fund is not None:
            result = _stressed(place, book, place.fund(fund), asked)
            answer.give(result.figures())
            _tell(answer, result)
            return
        results, refused = _every(place, book, asked)
    answer.give({"desk": place.terms.name, "funds": [each.figures() for each in results], "not_computed": refused})
    _tell_all(answer, place.terms.name, results, refused)


def _pack(
    names: list[str],
    gaps: list[str],
    scenario: Path | None,
    strength: float,
    first: dt.datetime | None,
    inside: dt.datetime | None,
    model: str | None,
) -> "Pack":
    """What was asked for; the standard pack without options."""
    from insure.errors import InvalidInput  # noqa: PLC0415
    from insure.simulation.scenario_file import load_scenario  # noqa: PLC0415
    from insure.stress import Pack, crises, standard_pack  # noqa: PLC0415
    from insure.stress.gaps import falls  # noqa: PLC0415

    for option, day in (("--from", first), ("--inside", inside)):
        if day is not None and len(names) != 1:
            raise InvalidInput(f"{option} is {day.date()}; it needs exactly one --crisis, whose session it is.")
    if not (names or gaps or scenario is not None or model is not None):
        return standard_pack(strength)
    begun, within = (None if day is None else day.date() for day in (first, inside))
    shapes = crises(names, strength, begun, within)
    own = [] if scenario is None else [load_scenario(scenario)]
    moves = falls([_percent(word) for text in gaps for word in text.split(",")])
    return Pack(gaps=moves, shapes=(*shapes, *own), market=None, reverses=False, outages=False, points=True)


def _percent(word: str) -> float:
    from insure.arguments import number  # noqa: PLC0415

    return number("gap", word.strip().removesuffix("%"))  # type: ignore[arg-type]  # text becomes a number or a sentence


def _stressed(place: "Desk", book: "Book", contract: "Fund", asked: "Pack") -> "StressResult":
    from insure.stress import Position  # noqa: PLC0415
    from insure.stress import stress as stressed  # noqa: PLC0415

    standing = book.standing(contract.id)
    position = Position.recorded(contract, standing.holdings, standing.last)
    observed = place.feed(contract).at(position.snapshot.session, 1_000_000)
    rows = [*observed.before, observed.row]
    closes, dates = [float(row.close) for row in rows], [row.session for row in rows]
    if asked.model is None:
        return stressed(position, asked, closes, dates)
    with told(f"{contract.name} under {asked.model}") as progress:
        return stressed(position, asked, closes, dates, progress)


def _every(place: "Desk", book: "Book", asked: "Pack") -> "tuple[list[StressResult], dict[str, str]]":
    """Every fund of the desk; those that cannot be stressed, each with its reason."""
    from insure.errors import InsureError  # noqa: PLC0415

    results, refused = [], {}
    for contract in place.funds():
        try:
            results.append(_stressed(place, book, contract, asked))
        except InsureError as error:
            refused[contract.id] = f"not computed: {error}"
    return results, refused


def _tell(answer: Answer, result: "StressResult") -> None:
    answer.say(
        f"{result.name} at the close of {result.session}: {amount(result.nav)}, floor {amount(result.floor)}, "
        f"{percent(result.weight)} in stock, index {amount(result.spot)}"
    )
    if result.gaps:
        _tell_gaps(answer, result)
    if result.scenarios:
        _tell_scenarios(answer, result)
    if result.outages:
        hours = ", ".join(f"{outage.hours:g} h {whole(outage.cost)}" for outage in result.outages)
        answer.say(f"Cost of a desk outage in a fall of 10 % in a day: {hours}.")
    if result.herd is not None:
        answer.table(
            f"Herd: a crowd that does what the fund does ({result.herd.scenario})",
            [("share of market", "right"), ("index", "right"), ("by the crowd", "right"), ("sold", "right"),
             ("fund", "right"), ("breach", "left"), ("slippage", "right")],
            [
                [percent(row.share), percent(row.fall), percent(row.own_fall), whole(row.sold), whole(row.nav),
                 "BREACH" if row.breached else "", whole(row.slippage)]
                for row in result.herd.rows
            ],
        )  # fmt: skip
        answer.say(result.herd.sentence)
    if result.reverse is not None:
        answer.say("")
        for path in result.reverse.paths:
            answer.say(path.sentence)
        if result.reverse.frontier is not None:
            _tell_frontier(answer, result)
    if result.model is not None:
        _tell_model(answer, result.model)
    reverse = () if result.reverse is None else result.reverse.not_computed
    gap = () if result.survivable is None else result.survivable.not_computed
    for sentence in (*result.not_computed, *gap, *reverse):
        answer.say(sentence)


def _tell_gaps(answer: Answer, result: "StressResult") -> None:
    shown = [rung for rung in result.gaps if len(result.gaps) <= 20 or any(abs(rung.move - m) < 1e-9 for m in _SHOWN)]
    answer.table(
        "Gap ladder: before the next possible trade",
        [("move", "right"), ("fund", "right"), ("true put", "right"), ("slippage", "right"), ("above floor", "right"),
         ("breach", "left"), ("new target", "right"), ("trade", "right"), ("days of volume", "right")],
        [_gap_row(rung) for rung in shown],
    )  # fmt: skip
    if result.survivable is None:
        return
    answer.say(result.survivable.sentence)
    if result.survivable.model_probability is not None:
        answer.say(
            f"Under jumps fitted to its own history: {result.survivable.model_probability:.2e} a session, "
            f"{percent(result.survivable.model_probability_to_horizon)} before the horizon."
        )
    if result.survivable.missing:
        answer.table(
            f"Price of the missing piece, at a volatility of {percent(result.survivable.missing[0].vol)}",
            [("term", "left"), ("strike", "right"), ("gap put", "right"), ("with jumps", "right"),
             ("put spread", "right"), ("with jumps", "right")],
            [
                [piece.label, amount(piece.strike), amount(piece.gap_put), amount(piece.gap_put_jumps),
                 amount(piece.put_spread), amount(piece.put_spread_jumps)]
                for piece in result.survivable.missing
            ],
        )  # fmt: skip


def _gap_row(rung: "GapRung") -> list[str]:
    return [
        f"{rung.move:+.1%}",
        whole(rung.nav),
        whole(rung.twin),
        whole(rung.slippage),
        whole(rung.cushion),
        "BREACH" if rung.breached else "",
        percent(rung.target_weight),
        whole(rung.trade_money),
        "" if rung.volume_days is None else f"{rung.volume_days:,.2f}",
    ]


def _tell_scenarios(answer: Answer, result: "StressResult") -> None:
    answer.table(
        "Scenarios: the fund driven by its own decisions",
        [("scenario", "left"), ("fund", "right"), ("true put", "right"), ("lowest above floor", "right"),
         ("breach", "left"), ("slippage added", "right"), ("unfilled", "right"), ("held", "right")],
        [
            [each.journey.scenario, whole(each.journey.end.nav_after), whole(each.journey.end.twin),
             whole(each.journey.lowest_cushion), "" if each.journey.breach is None else each.journey.breach.label,
             whole(each.journey.added), whole(each.journey.unfilled), str(each.journey.held)]
            for each in result.scenarios
        ],
    )  # fmt: skip
    if len(result.scenarios) <= _FEW:
        _tell_causes(answer, result)
    compared = [each for each in result.scenarios if each.comparison]
    if compared:
        names = [rival.strategy for rival in compared[0].comparison]
        answer.table(
            "The same money begun fresh in other ways: end value, ! below the floor on the way",
            [("scenario", "left"), *[(name, "right") for name in names]],
            [
                [each.journey.scenario]
                + [f"{whole(rival.nav)}{'!' if rival.breached else ''}" or "not computed" for rival in each.comparison]
                for each in compared
            ],
        )


def _tell_causes(answer: Answer, result: "StressResult") -> None:
    for each in result.scenarios:
        if each.journey.attribution is None:
            answer.say(each.journey.not_computed)
            continue
        rows = [[cause, amount(money)] for cause, money in each.journey.attribution.items() if abs(money) >= 0.005]
        answer.table(
            f"Slippage in {each.journey.scenario}, by cause",
            [("cause", "left"), ("money", "right")],
            [*rows, ["fund less true put", amount(each.journey.slippage)]],
        )
        for event in each.journey.events:
            answer.say(f"! {event}")


def _tell_frontier(answer: Answer, result: "StressResult") -> None:
    if result.reverse is None or result.reverse.frontier is None:
        return
    found = result.reverse.frontier
    answer.table(
        "Largest gap survived, by sessions without trading and part of an order filled",
        [("sessions shut", "right"), *[(f"{fill:.0%} filled", "right") for fill in found.fills]],
        [
            [str(delay), *[percent(largest) for largest in row]]
            for delay, row in zip(found.delays, found.gaps, strict=True)
        ],
    )
    answer.say(found.assumption)


_MODEL_FIGURES = (
    ("terminal_mean", "value at the horizon"),
    ("twin_mean", "the true put"),
    ("slippage_mean", "slippage"),
    ("slippage_q01", "slippage, worst 1 %"),
    ("slippage_es05", "slippage, mean of the worst 5 %"),
    ("breach_probability", "probability of a breach on the way"),
    ("shortfall_probability", "probability of missing the guarantee"),
    ("shortfall_size", "size of a miss"),
)


def _tell_model(answer: Answer, study: "ModelResult") -> None:
    answer.table(
        f"{study.model}, {study.paths:,} paths, seed {study.seed}, {study.steps} sessions (simulated)",
        [("figure", "left"), ("value", "right"), ("standard error", "right")],
        [
            [words, _number(study.figures[key].value), _number(study.figures[key].standard_error)]
            for key, words in _MODEL_FIGURES
        ],
    )
    answer.table(
        "Mean slippage at the horizon, by cause",
        [("cause", "left"), ("money", "right"), ("standard error", "right")],
        [[cause, _number(figure.value), _number(figure.standard_error)] for cause, figure in study.attribution.items()],
    )
    answer.table(
        f"Where the numbers of {study.model} come from",
        [("parameter", "left"), ("value", "right"), ("standard error", "right"), ("origin", "left")],
        [
            [each.name, f"{each.value:.5g}", "none" if each.standard_error is None else f"{each.standard_error:.2g}",
             each.origin]
            for each in study.calibration
        ],
    )  # fmt: skip
    for sentence in study.assumptions:
        answer.say(sentence)


def _number(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.2f}" if abs(value) >= 10.0 else f"{value:.6f}"


def _tell_all(answer: Answer, name: str, results: "list[StressResult]", refused: dict[str, str]) -> None:
    answer.table(
        f"{name}: every fund under stress",
        [("fund", "left"), ("session", "left"), ("value", "right"), ("floor", "right"),
         ("largest gap survived", "right"), ("breached in", "left")],
        [
            [each.fund, str(each.session), whole(each.nav), whole(each.floor),
             percent(None if each.survivable is None else each.survivable.fall), ", ".join(each.breached) or "none"]
            for each in results
        ],
    )  # fmt: skip
    for fund_id, sentence in refused.items():
        answer.say(f"{fund_id}: {sentence}")

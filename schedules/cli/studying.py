"""`insure optimise`: the band, the calendar and the strategy that suit a fund's own costs."""

from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, percent
from schedules.cli.progress import told

if TYPE_CHECKING:
    from insure.simulation.optimise import Axes, Optimum


def optimise(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Besides the fund's own: synthetic_put, cppi, tipp, ...; or cppi,tipp."),
    ] = None,
    multiplier: Annotated[
        list[str] | None, typer.Option(metavar="M", help="Of CPPI and TIPP, besides the fund's own: 3,5.")
    ] = None,
    floor: Annotated[
        list[str] | None, typer.Option(metavar="PCT", help="Floors in percent of the value, besides the fund's: 85,95.")
    ] = None,
    band: Annotated[
        list[str] | None, typer.Option(metavar="PCT", help="Half widths in percent of NAV, for the standard ones.")
    ] = None,
    every: Annotated[
        list[str] | None, typer.Option(metavar="SESSIONS", help="Sessions between two slots, for 1,2,5,10,21.")
    ] = None,
    cost: Annotated[
        list[str] | None, typer.Option(metavar="BPS", help="Proportional commissions besides the fund's own costs.")
    ] = None,
    paths: Annotated[int, typer.Option(help="Simulated paths of every point.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the paths.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Threads.", show_default="one a processor")] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Scheduler of a dask.distributed cluster to hand paths out to."),
    ] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Find the way to trade that keeps a fund nearest to its true put at its own costs: a table, and a page in out/."""
    from insure.errors import BookError, InvalidInput  # noqa: PLC0415 - the laboratory loads when it is used
    from insure.simulation.optimise import optimise as optimised  # noqa: PLC0415
    from insure.stress import Position  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.publishing.pages import publish_optimise  # noqa: PLC0415

    if dask is not None and workers is not None:
        raise InvalidInput("--workers are threads here and --dask hands the paths out elsewhere; give one of the two.")
    axes = _axes(strategy, multiplier, floor, band, every, cost)
    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        standing = book.standing(contract.id)
        position = Position.recorded(contract, standing.holdings, standing.last)
        if standing.last is None:
            raise BookError(f"{contract.id} has no decision in the book.")
        observed = place.feed(contract).at(position.snapshot.session, 1_000_000)
        rows = [*observed.before, observed.row]
        snapshot = position.snapshot
        with told(contract.name) as progress:
            found = optimised(
                contract,
                value=position.nav,
                spot=position.spot,
                vol=position.vol,
                rate=snapshot.rate,
                dividend_yield=snapshot.dividend_yield,
                closes=[float(row.close) for row in rows],
                axes=axes,
                paths=paths,
                seed=seed,
                workers=workers,
                progress=progress,
                cluster=dask,
            )
        published = publish_optimise(book, found, standing.last, place.out)
    answer = Answer(as_json)
    answer.give({**found.figures(), "report": published.figures()})
    _tell(answer, found)
    answer.say(f"Page: {published.page}")


def _axes(
    strategy: list[str] | None,
    multiplier: list[str] | None,
    floor: list[str] | None,
    band: list[str] | None,
    every: list[str] | None,
    cost: list[str] | None,
) -> "Axes":
    """The axes asked for; percent become fractions."""
    from insure.arguments import whole  # noqa: PLC0415
    from insure.simulation.optimise import Axes  # noqa: PLC0415

    return Axes(
        strategies=tuple(_words(strategy)),
        multipliers=_numbers("multiplier", multiplier),
        floors=tuple(percent_ / 100.0 for percent_ in _numbers("floor", floor)),
        bands=tuple(percent_ / 100.0 for percent_ in _numbers("band", band)),
        every=tuple(whole("every", sessions, low=1) for sessions in _numbers("every", every)),  # type: ignore[arg-type]
        cost_bps=_numbers("cost", cost),
    )


def _words(texts: list[str] | None) -> list[str]:
    return [word.strip() for text in texts or [] for word in text.split(",")]


def _numbers(name: str, texts: list[str] | None) -> tuple[float, ...]:
    from insure.arguments import number  # noqa: PLC0415

    return tuple(number(name, word.removesuffix("%")) for word in _words(texts))  # type: ignore[arg-type]  # text becomes a number or a sentence


def _tell(answer: Answer, found: "Optimum") -> None:
    recipe = found.sweep.recipe
    source = (
        f"its own {found.history:,} returns in blocks" if found.history else "Brownian motion: its history is short"
    )
    answer.say(
        f"{found.fund.name}: {recipe.paths:,} simulated paths of {recipe.years:g} years, seed {recipe.seed}, from "
        f"{source}; the index grows at the rate of {percent(recipe.model.drift)}, hedged at its volatility there of "
        f"{percent(recipe.model.annual_vol)}."
    )
    basis = 1e4 / recipe.value
    several = len(set(recipe.strategies)) > 1
    priced = len({each.costs for each in recipe.each}) > 1
    rows = []
    efficient = set(found.sweep.frontier())
    for k, study in enumerate(found.sweep.studies):
        trading = recipe.trading(k)
        cost, error = found.sweep.cost(k), found.sweep.tracking_error(k)
        mean = study.figures["slippage_mean"]
        marks = [("best", k == found.best.position), ("now", k == found.current), ("efficient", k in efficient)]
        rows.append(
            ([found.strategy(k)] if several else [])
            + ([f"{trading.costs.fraction * 1e4:g} bp"] if priced else [])
            + [found.band_words(k), str(trading.every)]
            + [f"{basis * f.value:.1f} +- {basis * f.standard_error:.1f}" for f in (cost, error, mean)]
            + [", ".join(word for word, holds in marks if holds)]
        )
    answer.table(
        "Basis points of NAV at the horizon",
        [*([("strategy", "left")] if several else []), *([("charged", "right")] if priced else []),
         ("band", "right"), ("every", "right"), ("cost", "right"), ("tracking error", "right"),
         ("mean slippage", "right"), ("", "left")],
        rows,
    )  # fmt: skip
    answer.say(found.sentence)
    if found.breaches:
        answer.say(found.breaches)

"""`insure optimise`: the band and the calendar that suit a fund's own costs."""

from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, percent

if TYPE_CHECKING:
    from insure.simulation.optimise import Optimum


def optimise(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
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
    """Find the band and the trading calendar that keep the fund nearest to its true put at its own costs."""
    from insure.simulation.optimise import optimise as optimised  # noqa: PLC0415 - the laboratory loads when it is used
    from insure.stress import Position  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        standing = book.standing(contract.id)
        position = Position.recorded(contract, standing.holdings, standing.last)
    observed = place.feed(contract).at(position.snapshot.session, 1_000_000)
    rows = [*observed.before, observed.row]
    snapshot = position.snapshot
    found = optimised(
        contract,
        value=position.nav,
        spot=position.spot,
        vol=position.vol,
        rate=snapshot.rate,
        dividend_yield=snapshot.dividend_yield,
        closes=[float(row.close) for row in rows],
        paths=paths,
        seed=seed,
        workers=workers,
        progress=_told,
        cluster=dask,
    )
    answer = Answer(as_json)
    answer.give(found.figures())
    _tell(answer, found)


def _told(what: str, _done: float) -> None:
    """Compilations are told; the paths themselves take seconds."""
    if what.startswith("compiled"):
        typer.echo(f"insure: {what}", err=True)


def _tell(answer: Answer, found: "Optimum") -> None:
    recipe = found.sweep.recipe
    source = (
        f"its own {found.history:,} returns in blocks" if found.history else "Brownian motion: its history is short"
    )
    answer.say(
        f"{found.fund.name}: {recipe.paths:,} paths of {recipe.years:g} years, seed {recipe.seed}, from {source}; "
        f"the index grows at the rate of {percent(recipe.model.drift)}, hedged at its volatility there of "
        f"{percent(recipe.model.annual_vol)}."
    )
    basis = 1e4 / recipe.value
    rows = []
    efficient = set(found.sweep.frontier())
    for k, study in enumerate(found.sweep.studies):
        trading = recipe.trading(k)
        cost, error = found.sweep.cost(k), found.sweep.tracking_error(k)
        mean = study.figures["slippage_mean"]
        marks = [("best", k == found.best.position), ("now", k == found.current), ("efficient", k in efficient)]
        rows.append(
            [percent(trading.band), str(trading.every)]
            + [f"{basis * f.value:.1f} +- {basis * f.standard_error:.1f}" for f in (cost, error, mean)]
            + [", ".join(word for word, holds in marks if holds)]
        )
    answer.table(
        "Basis points of NAV at the horizon",
        [("band", "right"), ("every", "right"), ("cost", "right"), ("tracking error", "right"),
         ("mean slippage", "right"), ("", "left")],
        rows,
    )  # fmt: skip
    answer.say(found.sentence)

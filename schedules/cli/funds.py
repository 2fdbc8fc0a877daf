"""`insure demo`, `insure init`, `insure fund check|show`: desks and contracts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, amount, percent

if TYPE_CHECKING:
    from insure.fund import Fund
    from insure.market import Snapshot
    from schedules.desk import Desk

fund_app = typer.Typer(help="Read a fund's contract back.", no_args_is_help=True)
FundArgument = Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")]


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to make the desk.")] = Path("insure-demo"),
    as_json: JsonOption = False,
) -> None:
    """A desk on real history 2007-2009: rebalances, slippage against the true put, reports."""
    from schedules.demo import run_demo  # noqa: PLC0415 - the whole product loads only when the demo runs

    answer = Answer(as_json)
    summary = run_demo(folder)
    answer.give(summary.figures())
    answer.table(
        f"{summary.first} to {summary.last}: {summary.sessions} sessions",
        [
            ("fund", "left"),
            ("value", "right"),
            ("true put", "right"),
            ("index only", "right"),
            ("slippage", "right"),
            ("breaches", "right"),
            ("trades", "right"),
        ],
        [
            [
                fund.name,
                amount(fund.nav),
                amount(fund.twin),
                amount(fund.unhedged),
                f"{fund.slippage:+,.2f}",
                str(fund.breaches),
                str(fund.trades),
            ]
            for fund in summary.funds
        ],
    )
    answer.say("Slippage: fund minus the same capital in stock and the true put, over all protection periods.")
    answer.say("Pages to open:")
    for page in summary.pages:
        answer.say(f"  {page}")


def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the desk.")] = HERE,
    name: Annotated[str, typer.Option(help="Name of the desk on reports.")] = "Protected funds",
    strategy: Annotated[
        str, typer.Option(help="Of the first fund: synthetic_put, cppi, static_put, hybrid or delta_neutral.")
    ] = "synthetic_put",
    as_json: JsonOption = False,
) -> None:
    """A new desk with a commented fund file."""
    from insure.arguments import one_of  # noqa: PLC0415
    from schedules.desk import EXAMPLES, make_desk  # noqa: PLC0415

    answer = Answer(as_json)
    made = make_desk(folder, name, (one_of("--strategy", strategy, EXAMPLES),))
    answer.give({"desk": str(folder), "files": [str(path) for path in made]})
    for path in made:
        answer.say(f"made {path}")
    answer.say(f"Next: insure fund check {made[-1].stem} --desk {folder}")


@fund_app.command("check")
def check(fund: FundArgument, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """The contract in plain sentences, and what protection costs today."""
    from dataclasses import asdict  # noqa: PLC0415

    from insure.contract import protection_today, sentences  # noqa: PLC0415
    from insure.errors import MarketDataError  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415

    answer = Answer(as_json)
    place = open_desk(desk)
    contract = place.fund(fund)
    said = sentences(contract)
    answer.say(f"{contract.name} ({contract.id})")
    answer.points(said)
    figures: dict[str, object] = {"fund": contract.id, "config_sha256": contract.config_sha256, "contract": said}
    try:
        snapshot = _look_now(place, contract)
    except MarketDataError as error:
        answer.give({**figures, "cost": None, "cost_missing": str(error)})
        answer.say(f"What protection costs today is not computed: {error}")
        raise typer.Exit(error.exit_code) from error
    cost, decision = protection_today(contract, snapshot)
    answer.give({**figures, "cost": asdict(cost) if cost else None, "first_decision": decision.reason})
    if cost is None:
        answer.say(f"If it began on {snapshot.session}: {decision.reason}")
        return
    reach = "no fall to zero reaches the floor" if cost.gap_budget is None else percent(cost.gap_budget)
    answer.table(
        f"If protection began on {cost.session}, index at {snapshot.price:,}",
        [("figure", "left"), ("value", "right"), ("meaning", "left")],
        [
            ["strike", amount(cost.strike), f"{cost.strike_ratio:.2%} of the index"],
            ["participation", percent(cost.participation), "of the index's rise is kept at the horizon"],
            ["premium", percent(cost.premium), "of the fund"],
            ["equity", percent(cost.equity_weight), "of the fund is bought first"],
            *(
                [["options", percent(cost.options_cost), f"of the fund buys {', '.join(cost.options)}"]]
                if cost.options
                else []
            ),
            ["gap budget", reach, "instant fall of the index that reaches the floor"],
            ["rate", percent(snapshot.rate), "a year"],
            ["volatility", percent(snapshot.volatility.vol), f"{snapshot.volatility.method}"],
        ],
    )


@fund_app.command("show")
def show(fund: FundArgument, desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Every key of the contract that is in force, defaults included, with its hash."""
    import json  # noqa: PLC0415

    from schedules.desk import open_desk  # noqa: PLC0415

    answer = Answer(as_json)
    contract = open_desk(desk).fund(fund)
    effective = json.loads(contract.effective())
    answer.give({"fund": contract.id, "config_sha256": contract.config_sha256, "contract": effective})
    rows: list[list[str]] = []
    for key, value in effective.items():
        if isinstance(value, dict):
            rows.extend([f"{key}.{inner}", str(each)] for inner, each in value.items())
        else:
            rows.append([key, str(value)])
    answer.table(contract.name, [("key", "left"), ("value", "left")], rows)
    answer.say(f"SHA-256 {contract.config_sha256}")


def _look_now(place: "Desk", contract: "Fund") -> "Snapshot":
    """What the fund would see at its latest slot: of the clock, or of a replay's own history."""
    from insure.decision import fund_calendar  # noqa: PLC0415
    from insure.feeds import look  # noqa: PLC0415
    from schedules.jobs import due_slot  # noqa: PLC0415

    with place.book() as book:
        last = book.standing(contract.id).last
        asked = last.session.isoformat() if last is not None else None
        slot = due_slot(contract, book, place.clock(), asked)
    return look(contract, place.feed(contract), fund_calendar(contract), slot, None, None)

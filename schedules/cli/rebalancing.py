"""`insure rebalance`: one tick, of one fund or of every one."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, percent

if TYPE_CHECKING:
    from schedules.desk import Desk


def rebalance(
    fund: Annotated[str | None, typer.Argument(help="The fund: the name of its file in funds/.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every fund of the desk, in batches.")] = False,
    slot: Annotated[str | None, typer.Option(help="A session (2008-10-15) or instant; else the one due.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide and show; keep nothing, trade nothing.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Decide, execute and record one slot of a fund, or of every fund."""
    from insure.errors import InvalidInput  # noqa: PLC0415 - the domain loads when a fund is decided, not for --help
    from schedules.desk import open_desk  # noqa: PLC0415

    if (fund is None) is not everything:
        raise InvalidInput("Name one fund, or say --all.")
    if everything and dry_run:
        raise InvalidInput("--dry-run is for one fund at a time.")
    place, answer = open_desk(desk), Answer(as_json)
    if fund is None:
        _every_fund(place, slot, answer)
    else:
        _one_fund(place, fund, slot, answer, keep=not dry_run)


def _one_fund(place: "Desk", fund: str, slot: str | None, answer: Answer, *, keep: bool) -> None:
    from insure.broker import OutsideBroker  # noqa: PLC0415
    from insure.execution.deficit import sentence  # noqa: PLC0415
    from schedules.jobs import due_slot, tick  # noqa: PLC0415
    from schedules.notifiers import notifiers_of  # noqa: PLC0415
    from schedules.orders.pausing import market_of  # noqa: PLC0415
    from schedules.outcomes import exit_code, tick_figures  # noqa: PLC0415
    from schedules.people.approving import contract_to_run  # noqa: PLC0415
    from schedules.serving.service import Service  # noqa: PLC0415
    from schedules.watch.delivering import delivered  # noqa: PLC0415

    with place.book() as book:
        contract = contract_to_run(place, book, place.fund(fund), keep=keep)
        broker = place.broker(contract)
        due = due_slot(contract, book, place.clock(), slot)
        now = due.at if contract.stage == "replay" else place.clock()
        if keep and contract.stage != "replay":
            notifiers = notifiers_of(place.terms.alerts, place.folder, os.environ)
            done = Service(place, book, notifiers).asked(contract, due)
        else:
            done = tick(book, contract, due, place.feed(contract), broker, now, keep=keep, outside=place.outside)
            if keep and isinstance(broker, OutsideBroker):
                market = market_of(contract, lambda: place.feed(contract), now)
                delivered(book, broker, contract, now, place.killed, market)
    code = exit_code(done)
    answer.give({**tick_figures(done), "dry_run": not keep, "exit_code": code})
    answer.say(
        f"{contract.name}, slot {done.slot.key}: {done.outcome} ({'recorded' if keep else 'dry run, nothing kept'})"
    )
    answer.say(done.reason)
    if done.deficit is not None:
        answer.say(sentence(done.deficit, contract.currency))
    record = done.record
    if record is not None:
        for event in record.decision.events:
            answer.say(f"! {event.sentence}")
        if record.ladder is not None:
            answer.table(
                "Ladder",
                [("rung", "left"), ("weight", "right"), ("units", "right"), ("reason", "left")],
                [[rung.stage, percent(rung.weight), f"{rung.units:,.2f}", rung.reason] for rung in record.ladder.rungs],
            )
        answer.table(
            "Checks",
            [("check", "left"), ("passed", "left"), ("sentence", "left")],
            [[check.name, "yes" if check.passed else "NO", check.sentence] for check in record.decision.checks],
        )
    raise typer.Exit(code)


def _every_fund(place: "Desk", slot: str | None, answer: Answer) -> None:
    from schedules.every_fund import rebalance_all  # noqa: PLC0415
    from schedules.outcomes import tick_figures  # noqa: PLC0415

    with place.book() as book:
        round_ = rebalance_all(place, book, slot)
    answer.give(
        {
            "funds": [tick_figures(done) for done in round_.ticks],
            "refused": [{"fund": fund_id, "error": str(error)} for fund_id, error in round_.refused],
            "exit_code": round_.exit_code,
        }
    )
    answer.table(
        f"{len(round_.ticks)} slots",
        [("fund", "left"), ("slot", "left"), ("outcome", "left"), ("reason", "left")],
        [[done.fund_id, done.slot.key, done.outcome, done.reason] for done in round_.ticks],
    )
    for fund_id, error in round_.refused:
        answer.say(f"{fund_id}: {error}")
    raise typer.Exit(round_.exit_code)

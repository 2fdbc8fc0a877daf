"""`insure rebalance` and `insure status`: one tick, and how the desk stands."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, percent, whole

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
    from schedules.jobs import due_slot, tick  # noqa: PLC0415
    from schedules.outcomes import exit_code, tick_figures  # noqa: PLC0415
    from schedules.notifiers import notifiers_of  # noqa: PLC0415
    from schedules.sending import deliver  # noqa: PLC0415
    from schedules.service import Service  # noqa: PLC0415

    contract = place.fund(fund)
    broker = place.broker(contract)
    with place.book() as book:
        due = due_slot(contract, book, place.clock(), slot)
        now = due.at if contract.stage == "replay" else place.clock()
        if keep and contract.stage != "replay":
            notifiers = notifiers_of(place.terms.alerts, place.folder, os.environ)
            done = Service(place, book, notifiers).asked(contract, due)
        else:
            done = tick(book, contract, due, place.feed(contract), broker, now, keep=keep)
            if keep and isinstance(broker, OutsideBroker):
                deliver(book, broker, now, contract.id)
    code = exit_code(done)
    answer.give({**tick_figures(done), "dry_run": not keep, "exit_code": code})
    answer.say(
        f"{contract.name}, slot {done.slot.key}: {done.outcome} ({'recorded' if keep else 'dry run, nothing kept'})"
    )
    answer.say(done.reason)
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


def status(desk: DeskOption = HERE, as_json: JsonOption = False) -> None:
    """Funds, floor, cushion, gap budget, next slot, what waits for whom."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.outcomes import BREACHED, fund_status  # noqa: PLC0415

    answer = Answer(as_json)
    place = open_desk(desk)
    with place.book() as book:
        standings = [fund_status(fund, book, place.clock()) for fund in place.funds()]
        sequence, head = book.head()
    answer.give(
        {
            "desk": place.terms.name,
            "funds": [standing.figures() for standing in standings],
            "anchor": {"sequence": sequence, "sha256": head},
        }
    )
    answer.table(
        place.terms.name,
        [
            ("fund", "left"),
            ("stage", "left"),
            ("session", "left"),
            ("value", "right"),
            ("floor", "right"),
            ("cushion", "right"),
            ("equity", "right"),
            ("gap budget", "right"),
            ("next slot (UTC)", "left"),
            ("waits", "left"),
        ],
        [
            [
                each.fund_id,
                each.stage,
                str(each.session or "not started"),
                whole(each.nav),
                whole(each.floor),
                whole(each.cushion),
                percent(each.weight, ""),
                percent(each.gap_budget, ""),
                f"{each.next_due:%Y-%m-%d %H:%M}" if each.next_due else "none",
                each.waits,
            ]
            for each in standings
        ],
    )
    answer.say(f"Chain head {sequence}: {head}")
    raise typer.Exit(BREACHED if any(each.breached for each in standings) else 0)

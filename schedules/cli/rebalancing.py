"""`insure rebalance` and `insure status`: one tick, and how the desk stands."""

from typing import Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, percent, whole


def rebalance(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    slot: Annotated[str | None, typer.Option(help="A session (2008-10-15) or instant; else the one due.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide and show; keep nothing, trade nothing.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Decide, execute and record one slot of a fund."""
    from insure.broker import PaperBroker  # noqa: PLC0415 - the domain loads when a fund is decided, not for --help
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.jobs import due_slot, tick  # noqa: PLC0415
    from schedules.outcomes import exit_code, tick_figures  # noqa: PLC0415

    answer = Answer(as_json)
    place = open_desk(desk)
    contract = place.fund(fund)
    with place.book() as book:
        due = due_slot(contract, book, place.clock(), slot)
        now = due.at if contract.stage == "replay" else place.clock()
        done = tick(book, contract, due, place.feed(contract), PaperBroker(), now, keep=not dry_run)
    code = exit_code(done)
    answer.give({**tick_figures(done), "dry_run": dry_run, "exit_code": code})
    kept = "dry run, nothing kept" if dry_run else "recorded"
    answer.say(f"{contract.name}, slot {done.slot.key}: {done.outcome} ({kept})")
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

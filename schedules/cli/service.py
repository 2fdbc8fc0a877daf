"""`insure run`, `run-once`, `schedule show`, `status --watch`, `ack`: the service and what it waits for."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, DeskOption, JsonOption, percent, whole

if TYPE_CHECKING:
    from insure.book.alerts import RaisedAlert
    from insure.book.questions import AskedQuestion
    from insure.controls.approvals import Proposal
    from schedules.desk import Desk
    from schedules.outcomes import FundStatus
    from schedules.serving.heartbeat import Heartbeat

_CLEAR = "\x1b[2J\x1b[H"
"""Clears a terminal and goes to its top."""

schedule_app = typer.Typer(help="When a fund acts, and why then.", no_args_is_help=True)
JsonLogs = Annotated[bool, typer.Option("--json-logs", help="One JSON object a line on stderr, with the run's id.")]


def run(
    desk: DeskOption = HERE,
    beat: Annotated[float, typer.Option(help="Seconds between two looks where no slot comes before.", min=1.0)] = 30.0,
    json_logs: JsonLogs = False,
) -> None:
    """Run the service: wake at every slot until stopped (SIGTERM, SIGINT)."""
    from schedules.desk import open_desk  # noqa: PLC0415 - the domain loads when it is run, not for --help
    from schedules.serving.serving import logging_to_stderr, run_id, serve  # noqa: PLC0415

    place = open_desk(desk)
    name = run_id(place)
    with logging_to_stderr(name, as_json=json_logs):
        serve(place, name, beat)


def run_once(desk: DeskOption = HERE, as_json: JsonOption = False, json_logs: JsonLogs = False) -> None:
    """One pass over what is due, for cron, systemd timers or Airflow."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.notifiers import figures  # noqa: PLC0415
    from schedules.outcomes import pass_exit_code, tick_figures  # noqa: PLC0415
    from schedules.serving.serving import logging_to_stderr, run_id, run_once  # noqa: PLC0415

    answer = Answer(as_json)
    place = open_desk(desk)
    name = run_id(place)
    with logging_to_stderr(name, as_json=json_logs):
        done = run_once(place, name)
    code = pass_exit_code(done)
    answer.give(
        {
            "run": name,
            "slots": [tick_figures(tick) for tick in done.ticks],
            "alerts": [figures(alert) for alert in {alert.id: alert for alert in done.raised}.values()],
            "troubles": done.troubles,
            "exit_code": code,
        }
    )
    if not done.ticks:
        answer.say("Nothing is due.")
    for tick in done.ticks:
        answer.say(f"{tick.fund_id} {tick.slot.key}: {tick.outcome}. {tick.reason}")
    raise typer.Exit(code)


@schedule_app.command("show")
def show(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    days: Annotated[int, typer.Option(help="How many days ahead.", min=1, max=3660)] = 30,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """The coming slots on the exchange's clock and in UTC, each with its reason."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.timetable import coming, plan_of  # noqa: PLC0415

    answer = Answer(as_json)
    place = open_desk(desk)
    contract = place.fund(fund)
    plan = plan_of(contract)
    rows = coming(plan, place.clock(), days)
    answer.give(
        {
            "fund": fund,
            "calendar": plan.calendar.name,
            "slot": contract.schedule.slot,
            "slots": [
                {
                    "slot": row.slot.key,
                    "local": row.local.isoformat(),
                    "utc": row.slot.at.isoformat(),
                    "deadline": row.deadline.isoformat(),
                    "why": row.slot.why,
                }
                for row in rows
            ],
        }
    )
    answer.table(
        f"{contract.name}: {contract.schedule.slot} on {plan.calendar.name}, the next {days} days",
        [("slot", "left"), ("local", "left"), ("UTC", "left"), ("latest (UTC)", "left"), ("why", "left")],
        [
            [
                row.slot.key,
                f"{row.local:%a %Y-%m-%d %H:%M %Z}",
                f"{row.slot.at:%Y-%m-%d %H:%M}",
                f"{row.deadline:%H:%M}",
                row.slot.why,
            ]
            for row in rows
        ],
    )
    if contract.stage == "replay":
        answer.say("The fund is a replay: the service does not run it; these are the slots it would have.")


def ack(
    number: Annotated[int, typer.Argument(metavar="ID", help="The alert's number, as `insure status` prints it.")],
    by: Annotated[str, typer.Option(help="Who acknowledges.")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge an alert in a person's name."""
    from insure.book.alerts import AlertBook  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.notifiers import figures  # noqa: PLC0415

    answer = Answer(as_json)
    place = open_desk(desk)
    with place.book() as book:
        closed = AlertBook(book).acknowledge(number, by, place.clock())
    answer.give(figures(closed))
    answer.say(f"Alert {closed.id} ({closed.alert.kind}, {closed.count} times) acknowledged by {closed.closed_by}.")


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and show it anew every few seconds.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks with --watch.", min=0.5)] = 5.0,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Funds, floor, cushion, gap budget, next slot, alerts, questions, the service's heartbeat."""
    from schedules.desk import open_desk  # noqa: PLC0415

    place = open_desk(desk)
    if not watch:
        raise typer.Exit(_show_status(place, Answer(as_json)))
    import time  # noqa: PLC0415

    while True:
        if not as_json and sys.stdout.isatty():
            typer.echo(_CLEAR, nl=False)
        code = _show_status(place, Answer(as_json))
        try:
            time.sleep(every)
        except KeyboardInterrupt:
            raise typer.Exit(code) from None


def _show_status(place: "Desk", answer: Answer) -> int:
    from insure.book.alerts import AlertBook  # noqa: PLC0415
    from insure.book.duty import looking  # noqa: PLC0415
    from insure.controls.kill_flag import all_standing  # noqa: PLC0415
    from schedules.notifiers import figures  # noqa: PLC0415
    from schedules.outcomes import BREACHED, fund_status  # noqa: PLC0415
    from schedules.people.approving import figures as proposal_figures  # noqa: PLC0415
    from schedules.people.approving import open_proposals  # noqa: PLC0415
    from schedules.people.approving import waiting as waiting_for_people  # noqa: PLC0415
    from schedules.people.overriding import standing  # noqa: PLC0415
    from schedules.serving.heartbeat import read_heartbeat  # noqa: PLC0415

    now = place.clock()
    flags = all_standing(place.folder)
    for flag in flags:
        answer.say(f"KILLED. {flag.sentence}")
    funds, wrong = place.readable_funds()
    with place.book() as book:
        standings = [fund_status(fund, book, now) for fund in funds]
        sequence, head = book.head()
        alerts = AlertBook(book).open()
        with looking(book) as duty:
            questions = duty.questions()
            doubts = waiting_for_people(duty, now).doubts
            found = [standing(duty, fund, now) for fund in funds if fund.id not in doubts]
            overridden = [one for one in found if one is not None]
            waiting = open_proposals(duty, funds, place.terms.people, now)
    beat = read_heartbeat(place.folder)
    answer.give(
        {
            "desk": place.terms.name,
            "at": now.isoformat(),
            "funds": [standing.figures() for standing in standings],
            "unreadable": [{"fund": fund_id, "error": str(error)} for fund_id, error in wrong.items()],
            "alerts": [figures(alert) for alert in alerts],
            "questions": [
                {"fund": one.fund_id, "kind": one.question.kind, "sentence": one.question.sentence,
                 "asked": one.question.asked.isoformat(), "until": one.question.until.isoformat()}
                for one in questions
            ],
            "proposals": [proposal_figures(one, now) for one in waiting],
            "overrides": {one.fund_id: one.figures() for one in overridden},
            "doubts": dict(doubts),
            "heartbeat": None if beat is None else {"at": beat.at.isoformat(), "silent": beat.silent(now)},
            "kill_flags": [{"fund": one.fund_id or None, "at": one.since, "sentence": one.sentence} for one in flags],
            "waiting": [] if beat is None else [dict(each) for each in beat.waiting],
            "anchor": {"sequence": sequence, "sha256": head},
        }
    )  # fmt: skip
    _funds_table(answer, place, standings)
    _waiting_table(answer, alerts, questions)
    _proposals_table(answer, waiting)
    for one in overridden:
        waits = f" It waits for {one.waits} more." if one.waits else ""
        answer.say(f"Override {one.row}: {one.content['sentence']}{waits}")
    for fund_id, doubt in doubts.items():
        answer.say(f"! {fund_id}: {doubt}")
    answer.say(_heartbeat_sentence(beat, place))
    for each in () if beat is None else beat.waiting:
        answer.say(f"Waiting, {each.get('fund', '')}: {each.get('sentence', '')}")
    answer.say(f"Chain head {sequence}: {head}")
    for error in wrong.values():
        answer.say(str(error))
    if any(each.breached for each in standings):
        return BREACHED
    return next((error.exit_code for error in wrong.values()), 0)


def _funds_table(answer: Answer, place: "Desk", standings: "list[FundStatus]") -> None:
    answer.table(
        place.terms.name,
        [
            ("fund", "left"),
            ("phase", "left"),
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
                each.phase,
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
    for each in standings:
        if each.breaker != "NORMAL":
            since = f"{each.breaker_since:%Y-%m-%d %H:%M} UTC" if each.breaker_since else "ever"
            answer.say(f"{each.fund_id}: {each.breaker} since {since}. {each.breaker_reason}")
        if each.deficit is not None:
            answer.say(f"{each.fund_id}: {each.deficit_said}")


def _waiting_table(answer: Answer, alerts: "list[RaisedAlert]", questions: "list[AskedQuestion]") -> None:
    if alerts:
        answer.table(
            "Alerts (class A stays until `insure ack ID --by NAME`)",
            [
                ("id", "right"),
                ("class", "left"),
                ("fund", "left"),
                ("kind", "left"),
                ("times", "right"),
                ("last", "left"),
            ],
            [
                [
                    str(one.id),
                    one.alert.grade,
                    one.alert.fund_id or "desk",
                    one.alert.kind,
                    str(one.count),
                    one.alert.sentence,
                ]
                for one in alerts
            ],
        )
    for asked in questions:
        answer.say(f"? {asked.fund_id}, since {asked.question.asked:%Y-%m-%d %H:%M} UTC: {asked.question.sentence}")


def _proposals_table(answer: Answer, waiting: "list[Proposal]") -> None:
    if not waiting:
        return
    answer.table(
        "Proposals (`insure approve ID --by NAME`, or `insure reject ID --by NAME --reason TEXT`)",
        [("id", "right"), ("fund", "left"), ("expires (UTC)", "left"), ("wants", "right"), ("what", "left"),
         ("waiting costs", "left")],
        [
            [str(one.number), one.fund_id, f"{one.expires:%Y-%m-%d %H:%M}", str(one.missing), one.sentence,
             one.cost_of_waiting]
            for one in waiting
        ],
    )  # fmt: skip


def _heartbeat_sentence(beat: "Heartbeat | None", place: "Desk") -> str:
    if beat is None:
        return "Service: no heartbeat; `insure run` is not running here, or `insure run-once` is used."
    age = (place.clock() - beat.at).total_seconds()
    if beat.silent(place.clock()):
        return f"Service: SILENT, its last heartbeat is {age:,.0f} s old ({beat.run})."
    return f"Service: alive, heartbeat {age:,.0f} s ago ({beat.run}), {beat.funds} funds."

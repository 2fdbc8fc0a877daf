"""`insure approve`, `reject`, `override`: what people say to proposals, and their word against the rule."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from schedules.cli.answer import HERE, Answer, Column, DeskOption, JsonOption, amount, percent

if TYPE_CHECKING:
    from insure.book import Book
    from insure.contract_diff import Change
    from insure.controls.approvals import Proposal
    from insure.controls.counterfactual import Judged
    from insure.controls.rehearsal import Lived, Rehearsal
    from insure.fund import Fund
    from schedules.desk import Desk
    from schedules.jobs import Tick

ByOption = Annotated[str, typer.Option("--by", help="Who speaks; where desk.toml lists people, one of them.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="The proposal's number, as `insure status` prints it.")]
_FIGURE: tuple[Column, ...] = (("earned", "right"), ("to", "left"), ("reason", "left"))


def approve(
    number: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="The proposal's number, as `insure status` prints it.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="Who approves; left out: show the proposal and approve nothing.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, in words.")] = "",
    contract: Annotated[str | None, typer.Option(help="The fund file of this fund, whatever its number.")] = None,
    code: Annotated[str | None, typer.Option(help="Bind this fund to the code that runs now.")] = None,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Approve a trade that is held, a changed contract, or the code; once enough people have, it is done."""
    from insure.book.duty import looking  # noqa: PLC0415 - the domain loads when a person speaks, not for --help
    from insure.errors import InvalidInput  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.outcomes import exit_code, tick_figures  # noqa: PLC0415
    from schedules.people.approving import ask_code, ask_contract, figures, how_it_stands, speak  # noqa: PLC0415

    if sum(each is not None for each in (number, contract, code)) != 1:
        raise InvalidInput("Name one proposal by its ID, or say --contract FUND, or --code FUND.")
    place, answer = open_desk(desk), Answer(as_json)
    with place.book() as book:
        if contract is not None:
            number = ask_contract(place, book, contract)
        elif code is not None:
            number = ask_code(place, book, code)
        before = _proposal(book, number or 0)
        told = _contract_change(place, book, before) if before.subject == "contract" else None
        if told is not None:
            _show_change(answer, before, *told)
        extra: dict[str, object] = {} if told is None else _change_figures(*told)
        if not by:
            with looking(book) as duty:
                stands = how_it_stands(place, duty, before, place.clock())
            answer.give({"proposal": figures(before, place.clock()), "stands": stands, **extra, "exit_code": 0})
            answer.say(stands or before.sentence)
            if not stands:
                answer.say(f"Costs of waiting: {before.cost_of_waiting}")
            return
        heard = speak(place, book, before.number, "approve", by, reason)
        tick, why = _carried_out(place, book, heard.proposal)
    code_left = 0 if tick is None else exit_code(tick)
    answer.give(
        {
            "proposal": figures(heard.proposal, place.clock()),
            "statement": heard.statement.sequence,
            "sentence": heard.statement.sentence,
            **extra,
            "slot": None if tick is None else tick_figures(tick),
            "not_run": why,
            "exit_code": code_left,
        }
    )
    answer.say(heard.statement.sentence)
    if "no second person" in heard.proposal.notes:
        answer.say("There is no second person at this desk; that stands in the record.")
    if tick is not None:
        answer.say(f"{tick.fund_id} {tick.slot.key}: {tick.outcome}. {tick.reason}")
    elif why:
        answer.say(f"Not run yet: {why}")
    raise typer.Exit(code_left)


def reject(
    number: Number,
    by: ByOption,
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Reject a proposal: a trade stays undone, a contract stays out of force."""
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.orders.deficits import figures as deficit_figures  # noqa: PLC0415
    from schedules.people.approving import figures, left_undone, speak  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    with place.book() as book:
        heard = speak(place, book, number, "reject", by, reason)
        deficit, said = left_undone(place, book, heard.proposal)
    answer.give(
        {
            "proposal": figures(heard.proposal, place.clock()),
            "statement": heard.statement.sequence,
            "sentence": heard.statement.sentence,
            "deficit": deficit_figures(deficit),
        }
    )
    answer.say(heard.statement.sentence)
    if said:
        answer.say(said)


def override(
    fund: Annotated[str, typer.Argument(help="The fund: the name of its file in funds/.")],
    weight: Annotated[float | None, typer.Option(help="Equity weight instead: 0.40 is 40 % of the fund.")] = None,
    no_trade: Annotated[bool, typer.Option("--no-trade", help="No trade at all.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who; where desk.toml lists people, one of them.")] = "",
    reason: Annotated[str, typer.Option(help="Why, in words.")] = "",
    slot: Annotated[str | None, typer.Option(help="Its session (2008-10-15); else the next due.")] = None,
    withdrawn: Annotated[bool, typer.Option("--withdraw", help="Take the override back that stands.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Every override and answer, with what it came to.")] = False,
    desk: DeskOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """A person's word against the rule, for one slot; limits, gate and approvals stand all the same."""
    from insure.errors import InvalidInput  # noqa: PLC0415
    from schedules.desk import open_desk  # noqa: PLC0415
    from schedules.people.overriding import override as overridden  # noqa: PLC0415
    from schedules.people.overriding import withdraw  # noqa: PLC0415
    from schedules.publishing.events import report_at_once  # noqa: PLC0415

    place, answer = open_desk(desk), Answer(as_json)
    if listed:
        if weight is not None or no_trade or by or reason or slot is not None or withdrawn:
            raise InvalidInput("--list is said alone.")
        _list_words(place, fund, answer)
        return
    if withdrawn:
        if weight is not None or no_trade or slot is not None:
            raise InvalidInput("--withdraw goes with --by and --reason alone.")
        with place.book() as book:
            said = withdraw(place, book, fund, by, reason)
        answer.give({"sequence": said.sequence, **said.content})
        answer.say(said.sentence)
        return
    if (weight is not None) == no_trade:
        raise InvalidInput("Say what instead of the rule: --weight W, or --no-trade.")
    with place.book() as book:
        said = overridden(place, book, fund, weight, by, reason, slot)
    answer.give({"sequence": said.sequence, **said.content})
    answer.say(said.sentence)
    if said.kind == "proposal":
        answer.say(f"Proposal {said.sequence}: `insure approve {said.sequence} --by NAME` is the next voice.")
    else:
        report_at_once(place, fund, ("override",), place.book)


def _list_words(place: "Desk", fund: str, answer: Answer) -> None:
    """Every word of people about a fund, with what it came to."""
    from insure.book.duty import looking  # noqa: PLC0415
    from insure.controls.overrides import KINDS  # noqa: PLC0415
    from schedules.people.approving import agreed  # noqa: PLC0415
    from schedules.people.overriding import judged, standing  # noqa: PLC0415

    file = place.fund(fund)
    with place.book() as book:
        given = book.statements(KINDS, fund)
        found = judged(book, fund)
        with looking(book) as duty:
            coming = standing(duty, agreed(duty, file, place.terms.people).runs, place.clock())
    answers, used = [one for one in found if one.kind == "answer"], [one for one in found if one.kind == "override"]
    rows = {one.row for one in used}
    taken_back = {one.content["override"] for one in given if one.kind == "withdrawal"}
    unused = [
        (one, "withdrawn" if str(one.sequence) in taken_back else "not used")
        for one in given
        if one.kind == "override" and one.sequence not in rows and (coming is None or one.sequence != coming.row)
    ]
    answer.give(
        {
            "fund": fund,
            "overrides": [one.figures() for one in used],
            "answers": [one.figures() for one in answers],
            "pending": None if coming is None else coming.figures(),
            "not_used": [{"sequence": one.sequence, "state": why, "sentence": one.sentence} for one, why in unused],
        }
    )
    _list(answer, used, answers, file.currency)
    if not given and not answers:
        answer.say(f"Nobody has overridden the rule of {fund}, or held back a trade of it.")
    if coming is not None:
        waits = f"; it waits for {coming.waits} more" if coming.waits else ""
        answer.say(f"{coming.row}: {coming.content['sentence']} Pending: its slot is still to come{waits}.")
    for one, why in unused:
        answer.say(
            f"{one.sequence}: {one.sentence} {'Withdrawn.' if why == 'withdrawn' else 'No slot was decided under it.'}"
        )


def _proposal(book: "Book", number: int) -> "Proposal":
    from insure.book.duty import looking  # noqa: PLC0415
    from schedules.people.approving import proposal  # noqa: PLC0415

    with looking(book) as duty:
        return proposal(duty, number)


def _carried_out(place: "Desk", book: "Book", one: "Proposal") -> "tuple[Tick | None, str]":
    """A trade that enough people have approved is decided at once."""
    from schedules.notifiers import notifiers_of  # noqa: PLC0415
    from schedules.people.approving import contract_to_run  # noqa: PLC0415
    from schedules.serving.service import Service  # noqa: PLC0415

    if one.subject != "trade" or one.missing:
        return None, ""
    fund = contract_to_run(place, book, place.fund(one.fund_id))
    service = Service(place, book, notifiers_of(place.terms.alerts, place.folder, os.environ))
    done, why = service.approved(fund, one.number)
    if not done.ticks and not why:
        why = "another service was faster; `insure status` shows what became of it."
    return (done.ticks[-1] if done.ticks else None), why


def _contract_change(
    place: "Desk", book: "Book", one: "Proposal"
) -> "tuple[Fund | None, Fund, tuple[Change, ...], Rehearsal | None]":
    """What a contract would change, key by key, and the last sessions lived under both."""
    from insure.book.duty import looking  # noqa: PLC0415
    from insure.book.verify import contract_of  # noqa: PLC0415
    from insure.contract_diff import changes  # noqa: PLC0415
    from schedules.people.approving import agreed  # noqa: PLC0415
    from schedules.people.rehearsing import rehearsed  # noqa: PLC0415

    new = contract_of(one.content["effective"])
    with looking(book) as duty:
        old = agreed(duty, new, place.terms.people).in_force
    if old is None:
        return None, new, (), None
    return old, new, changes(old.effective(), new.effective()), rehearsed(place, book, old, new)


def _change_figures(
    old: "Fund | None", new: "Fund", found: "tuple[Change, ...]", rehearsal: "Rehearsal | None"
) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return {
        "from": None if old is None else old.config_sha256,
        "to": new.config_sha256,
        "changes": [asdict(change) for change in found],
        "replay": None if rehearsal is None else rehearsal.figures(),
    }


def _show_change(
    answer: Answer,
    one: "Proposal",
    old: "Fund | None",
    new: "Fund",
    found: "tuple[Change, ...]",
    rehearsal: "Rehearsal | None",
) -> None:
    if old is None:
        answer.say(f"The first contract of {one.fund_id}, {new.config_sha256[:12]}; `insure fund check` reads it back.")
        return
    answer.table(
        f"{new.name}: {old.config_sha256[:12]} to {new.config_sha256[:12]}",
        [("section", "left"), ("key", "left"), ("old", "left"), ("new", "left")],
        [[change.section, change.key, change.old or "", change.new or ""] for change in found],
    )
    show_replay(answer, rehearsal)


def show_replay(answer: Answer, rehearsal: "Rehearsal | None") -> None:
    """The last sessions under two contracts, side by side."""
    if rehearsal is None:
        answer.say("No session is recorded that the two contracts could be lived along.")
        return
    columns = [_replayed(lived) for lived in (rehearsal.old, rehearsal.new)]
    names = ("value of the fund", "equity", "turnover", "slippage", "trades", "slots held", "slots that ask a person",
             "events")  # fmt: skip
    answer.table(
        "The last sessions under both",
        [("figure", "left"), ("old", "right"), ("new", "right")],
        [[name, old, new] for name, old, new in zip(names, *columns, strict=True)],
    )
    answer.say(rehearsal.note)
    for name, lived in (("old", rehearsal.old), ("new", rehearsal.new)):
        for sentence in lived.events:
            answer.say(f"{name}: {sentence}")
        if lived.failed:
            answer.say(f"{name}: {'not lived to the end' if lived.steps else 'not computed'}: {lived.failed}")


def _replayed(lived: "Lived") -> list[str]:
    if not lived.steps:
        return ["not computed"] * 8
    return [
        amount(_float(lived.nav)), percent(lived.weight), percent(lived.turnover), amount(lived.slippage),
        str(lived.trades), str(lived.held), str(lived.asked), str(len(lived.events)),
    ]  # fmt: skip


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))


def _list(answer: Answer, overrides: "list[Judged]", answers: "list[Judged]", currency: str) -> None:
    """Overrides and answers to date, a table each where there are any, and what they came to together."""
    unit = f"earned against the rule in {currency} (below zero: a loss)"
    if overrides:
        answer.table(
            f"Overrides, {unit}",
            [("id", "right"), ("slot", "left"), ("by", "left"), ("instead", "left"), *_FIGURE],
            [[*_slot(one), one.by, one.instead, *_figure(one)] for one in overrides],
        )
    if answers:
        answer.table(
            f"Answers, {unit}",
            [("id", "right"), ("slot", "left"), ("who", "left"), ("answer", "left"), ("instead", "left"), *_FIGURE],
            [[*_slot(one), one.by or "nobody", one.answer, one.instead, *_figure(one)] for one in answers],
        )
    measured = [one.earned for one in (*overrides, *answers) if one.earned is not None]
    if measured:
        answer.say(f"Together {sum(measured):,.2f} {currency}, on paper at the contract's costs.")


def _slot(one: "Judged") -> tuple[str, str]:
    return str(one.row), f"{one.session}:{one.slot}"


def _figure(one: "Judged") -> tuple[str, str, str]:
    return _earned(one), str(one.upto), one.reason


def _earned(one: "Judged") -> str:
    return f"not computed: {one.failed}" if one.earned is None else f"{one.earned:,.2f}"

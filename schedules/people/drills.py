"""Exercises of the kill switch: every step of the real thing, on paper orders, beside the fund and never in it.

An exercise runs the desk's own code (flag, sender, kill, lift) in a folder and a book of its own that are thrown away,
on paper orders of the fund's index that the fund's own journey decides. What cannot be exercised there is asked of the
real desk without touching an order: whether its folder takes a flag, and whether its broker answers.
"""

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from insure.band_terms import FixedBandTerms
from insure.book import Book, Statement
from insure.broker import Broker, BrokerReport, BrokerSilent, OutsideBroker
from insure.controls import kill_flag
from insure.controls.people import speaker
from insure.decision import fund_calendar
from insure.errors import InsureError, InvalidInput
from insure.execution_terms import Execution
from insure.feeds.feed import Observation, PriceFeed, Row
from insure.fund import Controls, Fund, Limits, Lots, Quality, TwinTerms
from insure.orders import Order
from insure.slots import Slot
from insure.strategy_terms import ConstantMixTerms
from insure.volatility import Fixed
from schedules.desk import Desk, DeskTerms
from schedules.jobs import Tick, tick
from schedules.orders.sending import deliver
from schedules.people.killing import kill, lift

SENT, NEW, AFTER = "drill-sent", "drill-new", "drill-after"
"""Funds of the exercise: its order is at the broker, it is not sent yet, it is decided after the lift."""
_PEOPLE = ("first person of the drill", "second person of the drill")
_PROBE = ".drill"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an exercise."""

    name: str
    passed: bool
    found: str


@dataclass(frozen=True, slots=True)
class Drill:
    """An exercise as it went."""

    fund_id: str
    steps: tuple[Step, ...]

    @property
    def passed(self) -> bool:
        """Whether every step did."""
        return all(step.passed for step in self.steps)

    def content(self, by: str) -> dict[str, str]:
        """As the book keeps it; only one that passed is named as the drill that a phase asks for."""
        failed = [step.name for step in self.steps if not step.passed]
        how = "passed" if self.passed else f"FAILED at {', '.join(failed)}"
        return {
            "sentence": f"Kill switch exercised by {by} on paper orders: {len(self.steps)} steps, {how}.",
            "drill": "kill" if self.passed else "kill, failed",
            "by": by,
            "steps": " | ".join(f"{step.name}: {step.found}" for step in self.steps),
            "judgement": "kept" if self.passed else "breached",
            "open": "" if self.passed else "Correct what failed, and exercise again.",
        }


@dataclass(slots=True)
class PaperDesk:
    """A broker outside, on paper: it takes orders and executes nothing of them."""

    name: str = "paper drill"
    refuses_duplicates: bool = True
    taken: dict[str, Order] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)

    def send(self, order: Order) -> BrokerReport:
        """Take an order."""
        self.taken[order.key] = order
        return self._report(order.key)

    def look_up(self, order_key: str) -> BrokerReport | None:
        """Working, cancelled, or not known."""
        return self._report(order_key) if order_key in self.taken else None

    def cancel(self, order_key: str) -> BrokerReport | None:
        """End an order."""
        if order_key not in self.taken:
            return None
        self.cancelled.add(order_key)
        return self._report(order_key)

    def _report(self, order_key: str) -> BrokerReport:
        return BrokerReport("cancelled" if order_key in self.cancelled else "acked")


class _OnePrice:
    """A feed of one row."""

    def __init__(self, row: Row) -> None:
        self._row = row

    @property
    def rows(self) -> Sequence[Row]:
        return (self._row,)

    def at(self, session: dt.date, tail: int) -> Observation:  # noqa: ARG002 - the shape of a feed
        return Observation(self._row, (), "the price of the drill", "0" * 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DrillDesk(Desk):
    """The desk of an exercise: its own folder, book and broker, contracts that are told."""

    contracts: dict[str, Fund]
    paper: PaperDesk
    price: Row

    def fund_ids(self) -> list[str]:
        return sorted(self.contracts)

    def fund(self, fund_id: str) -> Fund:
        return self.contracts[fund_id]

    def feed(self, fund: Fund) -> PriceFeed:  # noqa: ARG002 - one price for all
        return _OnePrice(self.price)

    def broker(self, fund: Fund) -> Broker:  # noqa: ARG002 - one broker for all
        return self.paper


def exercise_kill(desk: Desk, fund: Fund, price: Decimal, now: dt.datetime) -> Drill:
    """Exercise the kill switch for a fund; nothing of the fund, its book or its orders is touched.

    Args:
        desk: whose folder and broker are asked.
        fund: whose contract the paper orders follow.
        price: of the index, for these orders.
        now: the clock.

    Raises:
        InvalidInput: the exchange had no session yet.
    """
    with tempfile.TemporaryDirectory(prefix="insure-drill-") as folder:
        steps = _exercised(_drill_desk(Path(folder), fund, price, now))
    return Drill(fund.id, (*steps, _folder_takes_a_flag(desk), _broker_answers(desk, fund)))


def state_drill(desk: Desk, book: Book, drill: Drill, by: str, now: dt.datetime) -> Statement:
    """Write an exercise into the book, in a person's name.

    Raises:
        InvalidInput: nobody is named, or the desk does not know the name.
    """
    return book.state("drill", drill.fund_id, now, drill.content(speaker(by, desk.terms.people)))


def _drill_desk(folder: Path, fund: Fund, price: Decimal, now: dt.datetime) -> _DrillDesk:
    session = fund_calendar(fund).current_or_previous(now)
    if session is None:
        raise InvalidInput(f"{fund.schedule.calendar} had no session yet; there is nothing to exercise on.")
    paper = replace(
        fund,
        stage="replay",
        strategy=ConstantMixTerms(weight=0.5),
        volatility=Fixed(0.2),
        protection=replace(fund.protection, start=session, financing="fund"),
        limits=Limits(),
        band=FixedBandTerms(),
        lots=Lots(),
        twin=TwinTerms(),
        quality=Quality(),
        controls=Controls(),
        execution=Execution(broker="blotter"),
    )
    contracts = {each: replace(paper, id=each) for each in (SENT, NEW, AFTER)}
    at = fund_calendar(fund).opens(session)
    return _DrillDesk(
        folder=folder,
        terms=DeskTerms(name="drill", people=_PEOPLE),
        clock=lambda: at,
        contracts=contracts,
        paper=PaperDesk(),
        price=Row(session, price, rate=0.0),
    )


def _exercised(desk: _DrillDesk) -> list[Step]:
    now, paper = desk.clock(), desk.paper
    with Book.open(desk.folder / desk.terms.database) as book:
        steps = []

        def step(name: str, passed: bool, found: str) -> None:
            steps.append(Step(name, passed, found))

        _ticked(desk, book, SENT)
        deliver(book, paper, now, SENT, desk.killed)
        step("an order is sent while nothing stops it", len(paper.taken) == 1, f"{len(paper.taken)} sent")
        _ticked(desk, book, NEW)
        done = kill(desk, "", _PEOPLE[0], "drill of the kill switch")
        step("the flag stands", bool(desk.killed(SENT)), desk.killed(SENT) or "no flag stands")
        step("the book has the kill", done.booked, "; ".join(done.troubles) or "its row is there")
        step(
            "what is at the broker is cancelled, and confirmed there",
            len(paper.cancelled) == 1 and not done.unconfirmed,
            f"{len(paper.cancelled)} cancelled, {len(done.unconfirmed)} not confirmed",
        )
        deliver(book, paper, now, NEW, desk.killed)
        step("what was not sent is not sent", len(paper.taken) == 1, f"{len(paper.taken)} at the broker, 1 before")
        held = _ticked(desk, book, AFTER)
        step("nothing is decided to be sent", held.outcome == "HELD" and not book.open_orders(AFTER), held.reason)
        for people in (_PEOPLE[:1], (_PEOPLE[0], _PEOPLE[0].upper())):
            step(
                f"{len(people)} name{'s' * (len(people) - 1)} of one person lift nothing", *_refused(desk, book, people)
            )
        lifted = lift(desk, book, "", _PEOPLE, "end of the drill", "NORMAL", now)
        step("two people lift it", lifted.stands == "NORMAL" and not desk.killed(SENT), lifted.sentence)
        _ticked(desk, book, AFTER, "drill-again")
        deliver(book, paper, now, AFTER, desk.killed)
        step("orders are sent again", len(paper.taken) == 2, f"{len(paper.taken)} sent in all")
    return steps


def _ticked(desk: _DrillDesk, book: Book, fund_id: str, name: str = "drill") -> Tick:
    fund, now = desk.fund(fund_id), desk.clock()
    slot = Slot(desk.price.session, name, now if name == "drill" else now + dt.timedelta(seconds=1))
    return tick(book, fund, slot, desk.feed(fund), desk.paper, slot.at, outside=desk.outside)


def _refused(desk: Desk, book: Book, people: Sequence[str]) -> tuple[bool, str]:
    try:
        lift(desk, book, "", people, "end of the drill", "NORMAL", desk.clock())
    except InvalidInput as refusal:
        return True, str(refusal)
    return False, "it was lifted"


def _folder_takes_a_flag(desk: Desk) -> Step:
    name, probe = "the desk's folder takes a flag", desk.folder / kill_flag.FOLDER / _PROBE
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_text("drill\n", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        return Step(name, False, f"{probe} cannot be written: {error.strerror}")
    return Step(name, True, f"{probe.parent} can be written")


def _broker_answers(desk: Desk, fund: Fund) -> Step:
    name = "the fund's broker answers"
    try:
        broker = desk.broker(fund)
        if not isinstance(broker, OutsideBroker):
            return Step(name, True, f"{broker.name} executes at once: there is nobody to ask")
        report = broker.look_up(f"{fund.id}:drill:drill:1")
    except (BrokerSilent, InsureError) as silence:
        return Step(name, False, str(silence))
    return Step(name, report is None, f"{broker.name} does not know an order that was never sent" if report is None
                else f"{broker.name} knows an order that was never sent")  # fmt: skip

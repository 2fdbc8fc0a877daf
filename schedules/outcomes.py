"""What a tick and a standing mean to the outside: figures, sentences, exit codes."""

import datetime as dt
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from insure.book import Book, Record, Run
from insure.book.duty import looking
from insure.carried_deficit import deficit_of
from insure.controls import breakers, breaks
from insure.controls.approvals import asks
from insure.decision import Breaker, fund_calendar
from insure.decision.valuation import gap_budget
from insure.errors import FloorBreached, MarketDataError, NothingDue
from insure.execution import Deficit
from insure.execution.deficit import sentence
from insure.fund import Fund
from insure.slots import Slot, next_slot
from schedules.jobs import Tick
from schedules.orders.deficits import figures as deficit_figures
from schedules.orders.sending import said
from schedules.people.promoting import phase_of
from schedules.serving.service import Pass

BREACHED = FloorBreached.exit_code
_MARKET = MarketDataError.exit_code


def exit_code(done: Tick) -> int:
    """0 done, 1 missed, waiting or impossible, 3 a floor or limit is breached, 4 the market not seen or doubted."""
    if done.record is None:
        return _MARKET if done.unseen else 1
    decision = done.record.decision
    if decision.outcome == "HELD" and decision.snapshot.doubt is not None:
        return _MARKET
    refused = any(not check.passed for check in decision.checks) and not asks(decision)
    if refused or any(event.kind == "floor breached" for event in decision.events):
        return BREACHED
    return 0 if decision.outcome == "OK" else 1


def pass_exit_code(done: Pass) -> int:
    """The gravest of a pass: 3 breached, 1 failed, missed or not recorded, 4 no price, 0 done; 5 nothing was due."""
    codes = {exit_code(tick) for tick in done.ticks} | ({1} if done.troubles else set())
    return next((code for code in (BREACHED, 1, _MARKET, 0) if code in codes), NothingDue.exit_code)


def tick_figures(done: Tick) -> dict[str, object]:
    """One tick as JSON: exact money as text, mathematics as numbers."""
    figures: dict[str, object] = {
        "fund": done.fund_id,
        "session": done.slot.session.isoformat(),
        "slot": done.slot.name,
        "due": done.slot.at.isoformat(),
        "outcome": done.outcome,
        "reason": done.reason,
    }
    record = done.record
    if record is None:
        return figures
    decision, track = record.decision, record.track
    figures |= {
        "price": str(decision.snapshot.price),
        "rate": decision.snapshot.rate,
        "volatility": decision.snapshot.volatility.vol,
        "valuation": asdict(decision.valuation) if decision.valuation else None,
        "ladder": [asdict(rung) for rung in record.ladder.rungs] if record.ladder else [],
        "orders": [
            {
                "key": order.key,
                "instrument": order.instrument,
                "units": str(order.units),
                "price": str(order.price),
                "not_before": order.not_before.isoformat() if order.not_before else None,
                "good_until": order.good_until.isoformat(),
                "venue": order.venue,
            }
            for order in record.orders
        ],
        "fills": [
            {
                "reference": fill.reference,
                "units": str(fill.units),
                "price": str(fill.price),
                "value": str(fill.value),
                "commission": str(fill.commission),
                "spread": str(fill.spread),
            }
            for fill in record.fills
        ],
        "checks": [asdict(check) for check in decision.checks],
        "events": [asdict(event) for event in decision.events],
        "holdings": {
            "units": str(record.after.units),
            "cash": str(record.after.cash),
            "options": [
                {"instrument": option.instrument, "units": str(option.units)} for option in record.after.options
            ],
        },
        "twin": track.twin_value if track else None,
        "slippage": {"total": track.total, "causes": dict(track.causes)} if track else None,
        "slippage_missing": record.track_missing or None,
        "paused": record.paused or None,
        "deficit": deficit_figures(done.deficit),
        "config_sha256": decision.config_sha256,
    }
    return figures


@dataclass(frozen=True, slots=True)
class FundStatus:
    """One line of `insure status`."""

    fund_id: str
    name: str
    stage: str
    """What the fund file wishes."""
    phase: str
    """What stands: the lower of that and what the book was promoted to."""
    session: dt.date | None
    nav: float | None
    floor: float | None
    cushion: float | None
    weight: float | None
    gap_budget: float | None
    next_slot: str | None
    next_due: dt.datetime | None
    waits: str
    """What waits for a person; empty where nothing does."""
    breached: bool
    deficit: Deficit | None = None
    """What was decided and is not executed; None where all is."""
    deficit_said: str = ""
    """The same in words."""
    breaker: Breaker = "NORMAL"
    """The fund's own or the desk's, whichever is graver, in the book."""
    breaker_since: dt.datetime | None = None
    breaker_reason: str = ""

    def figures(self) -> dict[str, object]:
        """As JSON."""
        since = self.breaker_since.isoformat() if self.breaker_since else None
        return {**asdict(self), "deficit": deficit_figures(self.deficit), "breaker_since": since}


def _waits(book: Book, fund: Fund, ended: Run | None, last: Record | None) -> str:
    """What waits: a slot that was held, flows that wait for options to be settled, differences with the outside."""
    said = [f"held: {ended.reason}"] if ended is not None and ended.outcome == "HELD" else []
    options = () if last is None else last.after.options
    waiting = book.waiting_flows(fund.id) if options else []
    if waiting:
        until = max(option.expiry for option in options)
        said.append(f"{len(waiting)} flow{'s wait' if len(waiting) > 1 else ' waits'} until options expire on {until}")
    different = breaks.standing(book.statements(breaks.KINDS, fund.id))
    if different:
        orphans = sum(not one.owner for one in different)
        said.append(f"reconciliation breaks open: {len(different)}, belonging to nobody: {orphans}")
    return "; ".join(said)


def _phase(book: Book, fund: Fund) -> str:
    with looking(book) as duty:
        return phase_of(duty, fund).phase


def fund_status(fund: Fund, book: Book, now: dt.datetime) -> FundStatus:
    """How a fund stands, at the price of its last decision; ``now`` finds the next slot, a replay has its own."""
    calendar = fund_calendar(fund)
    standing = book.standing(fund.id)
    last = standing.last
    runs = book.runs(fund.id)
    ended = runs[-1] if runs else None
    moment = calendar.opens(fund.protection.start) - dt.timedelta(microseconds=1)
    if fund.stage != "replay":
        moment = max(now, moment)
    elif ended is not None:
        moment = ended.due
    coming: Slot | None = None
    with suppress(NothingDue):  # a timing of named dates that are over
        coming = next_slot(fund.schedule.timing, calendar, moment)
    nav = weight = floor = cushion = gap = None
    if last is not None:
        held = replace(last, after=standing.holdings)  # fills that came since are held as well
        equity, nav = float(held.equity), float(held.nav)
        weight = equity / nav
        if last.decision.valuation is not None and last.decision.valuation.guarantee > 0.0:
            floor = last.decision.valuation.floor
            cushion = nav - floor
            gap = gap_budget(nav, floor, equity, held.option_legs, last.decision.snapshot)
    deficit = None if last is None else deficit_of(fund, last, standing.holdings.units, moment)
    breaker = breakers.standing(said(book, fund.id), fund.id)
    return FundStatus(
        fund_id=fund.id,
        name=fund.name,
        stage=fund.stage,
        phase=_phase(book, fund),
        session=ended.session if ended else None,
        nav=nav,
        floor=floor,
        cushion=cushion,
        weight=weight,
        gap_budget=gap,
        next_slot=coming.key if coming is not None else None,
        next_due=coming.at if coming is not None else None,
        waits=_waits(book, fund, ended, last),
        breached=cushion is not None and not cushion >= 0.0,
        deficit=deficit,
        deficit_said="" if deficit is None else sentence(deficit, fund.currency),
        breaker=breaker.state,
        breaker_since=breaker.since,
        breaker_reason=breaker.reason,
    )

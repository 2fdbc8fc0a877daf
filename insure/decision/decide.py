"""The decision: one pure function from what is agreed, held, remembered and seen to what is to be done."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from insure.dates import Calendar, anniversary, calendar, year_fraction
from insure.decision.checks import Check, pre_trade
from insure.decision.holdings import Holdings, Memory, Period
from insure.decision.ladder import Ladder, climb
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation, valued
from insure.errors import FloorUnaffordable, InvalidInput
from insure.fund import Fund
from insure.market import Snapshot
from insure.strategies.rule import Opening, State, Strategy

Outcome = Literal["OK", "SKIPPED", "HELD", "FAILED"]
EventKind = Literal["period began", "period ended", "floor breached", "cash-lock", "cash-lock left", "gap budget low"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a compliance officer must read about: what, and a sentence with its size and consequence."""

    kind: EventKind
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at one slot, with everything it was decided from."""

    fund_id: str
    config_sha256: str
    snapshot: Snapshot
    holdings: Holdings
    """Before the trade."""
    memory_in: Memory | None
    """None at the first decision of a fund."""
    memory: Memory | None
    """As the next decision will find it; None where no period could begin."""
    valuation: Valuation | None
    """Against the period in force after this decision; None where none could begin."""
    ended: Valuation | None
    """Against the period that ended at this slot, at its horizon; None where none did."""
    ladder: Ladder | None
    trade: Trade | None
    checks: tuple[Check, ...]
    events: tuple[Event, ...]
    outcome: Outcome
    reason: str
    """One sentence: what is done and why."""

    @property
    def rolled(self) -> bool:
        """Whether a protection period began at this slot."""
        before = None if self.memory_in is None else self.memory_in.period.number
        return self.memory is not None and self.memory.period.number != before


def fund_calendar(fund: Fund) -> Calendar:
    """The calendar of the fund's exchange, with the closures that its file announces."""
    return calendar(fund.schedule.calendar, fund.schedule.closures, fund.schedule.early_closes)


def decide(fund: Fund, holdings: Holdings, memory: Memory | None, snapshot: Snapshot) -> Decision:
    """Decide one slot; pure, and total over everything that passes validation.

    Args:
        fund: the protection contract.
        holdings: exact units and cash before the trade; not both zero.
        memory: as the decision before left it, None for the first of a fund.
        snapshot: what was seen.

    Returns:
        A decision whose outcome is OK (with a trade or with none), HELD (a check failed: nothing is traded and a person
        is asked) or SKIPPED (the protection has ended and does not roll).

    Raises:
        InvalidInput: the fund is empty, or the snapshot lies before the start of the protection.
    """
    sessions = fund_calendar(fund)
    session = snapshot.session
    if not holdings.units + holdings.cash > 0:
        raise InvalidInput(f"{fund.id} holds nothing: book a subscription before the first decision.")
    if session < fund.protection.start:
        raise InvalidInput(f"{session} lies before the protection of {fund.id} starts, {fund.protection.start}.")

    events: list[Event] = []
    ended: Valuation | None = None
    current = memory
    if memory is not None and session >= memory.period.end:
        if session > memory.period.end and fund.protection.roll == "none":
            return _skipped(fund, holdings, memory, snapshot)
        ended, _ = valued(
            holdings, memory, snapshot, _strategy(fund, memory), _elapsed(fund, sessions, memory, session), 0.0
        )
        events.append(_period_ended(memory, ended))
        if fund.protection.roll == "at_horizon":
            current = None
    if current is None:
        try:
            current = _begin(fund, sessions, holdings, snapshot, number=memory.period.number + 1 if memory else 1)
        except FloorUnaffordable as refusal:
            return _held_without_period(fund, holdings, memory, snapshot, ended, events, str(refusal))
        events.append(Event("period began", _promise_sentence(fund, current)))

    strategy = _strategy(fund, current)
    years_left = max(_years(fund, sessions, session, current.period.end), 0.0)
    valuation, sight = valued(
        holdings, current, snapshot, strategy, _elapsed(fund, sessions, current, session), years_left
    )
    weight, _, state = strategy.rule(current.start.terms, current.start.state, sight)
    locked = valuation.guarantee > 0.0 and not valuation.cushion > 0.0
    why = _model_reason(fund, state, snapshot, valuation, weight)
    ladder, trade = climb(fund, holdings, snapshot, valuation.nav, valuation.weight, weight, why, locked=locked)
    events.extend(_floor_events(fund, current, valuation))
    checks = pre_trade(fund, holdings, valuation, ladder, trade)
    failed = [check for check in checks if not check.passed]
    after = Memory(
        period=current.period,
        start=current.start._replace(state=state),
        last_target=weight,
        breached=current.breached or (locked and valuation.cushion < 0.0),
        locked=locked,
    )
    outcome: Outcome = "HELD" if failed else "OK"
    return Decision(
        fund_id=fund.id,
        config_sha256=fund.config_sha256,
        snapshot=snapshot,
        holdings=holdings,
        memory_in=memory,
        memory=after,
        valuation=valuation,
        ended=ended,
        ladder=ladder,
        trade=None if failed else trade,
        checks=checks,
        events=tuple(events),
        outcome=outcome,
        reason=" ".join(check.sentence for check in failed) if failed else _verdict(fund, valuation, ladder, trade),
    )


def _years(fund: Fund, sessions: Calendar, first: dt.date, last: dt.date) -> float:
    return year_fraction(fund.schedule.day_count, sessions, first, last) if last > first else 0.0


def _elapsed(fund: Fund, sessions: Calendar, memory: Memory, session: dt.date) -> float:
    return _years(fund, sessions, memory.period.start, session)


def _strategy(fund: Fund, memory: Memory) -> Strategy:
    period = memory.period
    return fund.strategy.strategy(fund.promise(period.value, period.years, period.vol))


def _begin(fund: Fund, sessions: Calendar, holdings: Holdings, snapshot: Snapshot, number: int) -> Memory:
    value = float(holdings.units * snapshot.price + holdings.cash)
    end = anniversary(sessions, snapshot.session, fund.protection.horizon_years)
    years = _years(fund, sessions, snapshot.session, end)
    vol = snapshot.volatility.vol
    spot = float(snapshot.price)
    period = Period(number, snapshot.session, end, value, spot, years, vol)
    strategy = fund.strategy.strategy(fund.promise(value, years, vol))
    opening = Opening(value, spot, years, snapshot.rate, snapshot.dividend_yield, vol)
    return Memory(period, strategy.begin(opening), last_target=0.0, breached=False, locked=False)


def _skipped(fund: Fund, holdings: Holdings, memory: Memory, snapshot: Snapshot) -> Decision:
    return Decision(
        fund_id=fund.id,
        config_sha256=fund.config_sha256,
        snapshot=snapshot,
        holdings=holdings,
        memory_in=memory,
        memory=memory,
        valuation=None,
        ended=None,
        ladder=None,
        trade=None,
        checks=(),
        events=(),
        outcome="SKIPPED",
        reason=f"The protection ended on {memory.period.end} and the contract does not roll; agree a new start.",
    )


def _held_without_period(
    fund: Fund,
    holdings: Holdings,
    memory: Memory | None,
    snapshot: Snapshot,
    ended: Valuation | None,
    events: list[Event],
    refusal: str,
) -> Decision:
    return Decision(
        fund_id=fund.id,
        config_sha256=fund.config_sha256,
        snapshot=snapshot,
        holdings=holdings,
        memory_in=memory,
        memory=memory,
        valuation=None,
        ended=ended,
        ladder=None,
        trade=None,
        checks=(),
        events=tuple(events),
        outcome="HELD",
        reason=refusal,
    )


def _period_ended(memory: Memory, ended: Valuation) -> Event:
    guarantee = ended.guarantee
    period = memory.period
    whole = f"Protection period {period.number} ({period.start} to {period.end}) ended with {ended.nav:,.2f}"
    if not guarantee > 0.0:
        return Event("period ended", f"{whole}.")
    if ended.nav >= guarantee:
        return Event("period ended", f"{whole}, {ended.nav - guarantee:,.2f} above the guarantee of {guarantee:,.2f}.")
    return Event("floor breached", f"{whole}, {guarantee - ended.nav:,.2f} below the guarantee of {guarantee:,.2f}.")


def _promise_sentence(fund: Fund, memory: Memory) -> str:
    period = memory.period
    if not memory.start.guarantee > 0.0:
        return f"Period {period.number} began on {period.value:,.2f}; the strategy promises no floor."
    return (
        f"Protection period {period.number} began on {period.value:,.2f}: at least {memory.start.guarantee:,.2f} "
        f"({fund.protection.floor_fraction:.1%}) on {period.end}."
    )


def _floor_events(fund: Fund, memory: Memory, valuation: Valuation) -> list[Event]:
    events: list[Event] = []
    if not valuation.guarantee > 0.0:
        return events
    if valuation.cushion < 0.0 and not memory.breached:
        events.append(
            Event(
                "floor breached",
                f"The fund is worth {valuation.nav:,.2f}, {-valuation.cushion:,.2f} below the floor of "
                f"{valuation.floor:,.2f}: the guarantee can no longer be met from the fund alone.",
            )
        )
    if not valuation.cushion > 0.0 and not memory.locked:
        events.append(Event("cash-lock", "No cushion is left above the floor."))
    if valuation.cushion > 0.0 and memory.locked:
        events.append(Event("cash-lock left", f"A cushion of {valuation.cushion:,.2f} stands above the floor again."))
    budget = valuation.gap_budget
    if budget is not None and not budget >= fund.limits.gap_budget_alert:
        events.append(
            Event(
                "gap budget low",
                f"An instant fall of {budget:.2%} reaches the floor; the alert stands at "
                f"{fund.limits.gap_budget_alert:.2%}.",
            )
        )
    return events


def _model_reason(fund: Fund, state: State, snapshot: Snapshot, valuation: Valuation, weight: float) -> str:
    left = f"{valuation.years_left:.3g} years to go"
    if fund.strategy.kind == "synthetic_put":
        return (
            f"A put struck at {state.strike:,.2f} with the index at {float(snapshot.price):,.2f}, volatility "
            f"{snapshot.volatility.vol:.1%} ({snapshot.volatility.method}) and {left} asks for {weight:.2%} in stock."
        )
    if valuation.guarantee > 0.0:
        cushion = max(valuation.cushion, 0.0)
        return (
            f"A cushion of {cushion:,.2f} above the floor of {valuation.floor:,.2f}, {left}, asks for {weight:.2%} "
            "in stock."
        )
    return f"The strategy asks for {weight:.2%} in stock, whatever the market did."


def _verdict(fund: Fund, valuation: Valuation, ladder: Ladder, trade: Trade | None) -> str:
    decided = ladder["lots"]
    if trade is None:
        return f"No trade: {valuation.weight:.2%} in stock stands."
    return (
        f"{trade.side.capitalize()} {trade.value:,.2f} {fund.currency} of stock: from {valuation.weight:.2%} to "
        f"{decided.weight:.2%} of the fund."
    )

"""The decision: one pure function from what is agreed, held, remembered and seen to what is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from insure.decision.band import band_in_sight
from insure.decision.calendars import years_between
from insure.decision.checks import Check, pre_trade
from insure.decision.circumstances import Circumstances, of_before
from insure.decision.gate import gate
from insure.decision.holdings import Holdings, Memory
from insure.decision.ladder import Ladder, climb
from insure.decision.options import (
    OptionTrade,
    held_of,
    legs_at,
    refuse_expired,
    traded_at_mark,
    worth,
)
from insure.decision.periods import begun, strategy_of
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation, valued
from insure.errors import FloorUnaffordable, InvalidInput
from insure.fund import Fund
from insure.market import Snapshot
from insure.strategies.rule import State

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
    option_trades: tuple[OptionTrade, ...] = ()
    """Options to be traded where a period begins, beside the trade in stock."""
    circumstances: Circumstances | None = None
    """What the gate looked at; None where nothing would be sent: a what-if, a backtest, a stress test."""
    withheld: Trade | None = None
    """The trade in stock that a held decision would have made: its hedge backlog."""
    withheld_options: tuple[OptionTrade, ...] = ()

    @property
    def rolled(self) -> bool:
        """Whether a protection period began at this slot."""
        before = None if self.memory_in is None else self.memory_in.period.number
        return self.memory is not None and self.memory.period.number != before


def decide(
    fund: Fund,
    holdings: Holdings,
    memory: Memory | None,
    snapshot: Snapshot,
    circumstances: Circumstances | None = None,
) -> Decision:
    """Decide one slot; pure, and total over everything that passes validation.

    Args:
        fund: the protection contract.
        holdings: exact units, cash and options before the trade; not all of them zero, no option expired.
        memory: as the decision before left it, None for the first of a fund.
        snapshot: what was seen.
        circumstances: what else the gate looks at before anything is sent; None where nothing is.

    Returns:
        A decision whose outcome is OK (with a trade or with none), HELD (a check failed, or a purchase rests on a
        doubted price: nothing is traded and a person is asked) or SKIPPED (the protection has ended and does not roll).

    Raises:
        InvalidInput: the fund is empty, holds an option at or after its expiry, or the snapshot lies before the start
            of the protection.
    """
    session = snapshot.session
    if not (holdings.units + holdings.cash > 0 or holdings.options):
        raise InvalidInput(f"{fund.id} holds nothing: book a subscription before the first decision.")
    if session < fund.protection.start:
        raise InvalidInput(f"{session} lies before the protection of {fund.id} starts, {fund.protection.start}.")
    refuse_expired(fund, holdings.options, session)

    def without(
        outcome: Outcome, reason: str, ended: Valuation | None = None, events: Sequence[Event] = ()
    ) -> Decision:
        return _without_period(fund, holdings, memory, snapshot, circumstances, outcome, reason, ended, events)

    if memory is not None and session > memory.period.end and fund.protection.roll == "none":
        over = f"The protection ended on {memory.period.end} and the contract does not roll; agree a new start."
        return without("SKIPPED", over)
    if circumstances is not None and circumstances.contract_in_question:
        return without("HELD", circumstances.contract_in_question)
    legs = legs_at(fund, holdings.options, session)
    if not float(holdings.units * snapshot.price + holdings.cash) + worth(fund, holdings.options, snapshot) > 0.0:
        return without("HELD", f"{fund.id} is worth nothing.")
    events: list[Event] = []
    ended: Valuation | None = None
    current = memory
    if memory is not None and session >= memory.period.end:
        elapsed = years_between(fund, memory.period.start, session)
        ended, _ = valued(holdings, memory, snapshot, strategy_of(fund, memory), elapsed, 0.0, legs)
        events.append(_period_ended(memory, ended))
        if fund.protection.roll == "at_horizon":
            current = None
    options: tuple[OptionTrade, ...] = ()
    if current is None:
        try:
            current = begun(fund, holdings, snapshot, number=memory.period.number + 1 if memory else 1)
        except FloorUnaffordable as refusal:
            return without("HELD", str(refusal), ended, events)
        options = _option_trades(fund, current, holdings, snapshot)
        events.append(Event("period began", _promise_sentence(fund, current)))

    strategy = strategy_of(fund, current)
    years_left = years_between(fund, session, current.period.end)
    elapsed = years_between(fund, current.period.start, session)
    valuation, sight = valued(holdings, current, snapshot, strategy, elapsed, years_left, legs)
    weight, _, state = strategy.rule(current.start.terms, current.start.state, sight)
    locked = valuation.guarantee > 0.0 and not valuation.cushion > 0.0
    why = _model_reason(fund, state, snapshot, valuation, weight)
    premium = -sum((each.cash for each in options), Decimal(0))
    first = current is not memory and not holdings.units
    ladder, trade = climb(
        fund,
        holdings,
        snapshot,
        valuation.nav,
        valuation.weight,
        weight,
        why,
        band=band_in_sight(fund, strategy.rule, current.start, sight, first=first),
        locked=locked,
        premium=premium,
        option_costs=sum((each.trade.cost for each in options), Decimal(0)),
        whole=bool(options),
        circumstances=circumstances,
    )
    events.extend(_floor_events(fund, current, valuation))
    checks = pre_trade(fund, holdings, valuation, ladder, trade, options, circumstances)
    if circumstances is not None:
        target = None if current is not memory else current.last_target
        checks = gate(fund, snapshot, valuation, ladder, trade, options, circumstances, checks, last_target=target)
    refusals = [check.sentence for check in checks if not check.passed] + _doubted(snapshot, trade, options)
    if refusals and options:
        # A structure of stock and options begins whole or not at all: the next slot begins it anew.
        told = [event for event in events if event.kind != "period began"]
        unbegun = without("HELD", " ".join(refusals), ended, told)
        return replace(unbegun, checks=checks, withheld=trade, withheld_options=options)
    if refusals or (trade is not None and trade.units > 0 and ladder.cut):
        # What was not traded is not remembered as done: a first purchase that was held, or cut, is still to come.
        state = state._replace(mark=current.start.state.mark)
    return Decision(
        fund_id=fund.id,
        config_sha256=fund.config_sha256,
        snapshot=snapshot,
        holdings=holdings,
        memory_in=memory,
        memory=Memory(
            period=current.period,
            start=current.start._replace(state=state),
            last_target=_target(circumstances, current, weight, waits=bool(refusals) and current is memory),
            breached=current.breached or (locked and valuation.cushion < 0.0),
            locked=locked,
        ),
        valuation=valuation,
        ended=ended,
        ladder=ladder,
        trade=None if refusals else trade,
        checks=checks,
        events=tuple(events),
        outcome="HELD" if refusals else "OK",
        reason=" ".join(refusals) or _verdict(fund, snapshot, valuation, ladder, trade, options),
        option_trades=options,
        circumstances=circumstances,
        withheld=trade if refusals else None,
    )


def _target(circumstances: Circumstances | None, before: Memory, weight: float, *, waits: bool) -> float:
    """The target that the next decision finds: one that was refused is not the one before, and is asked about again."""
    return before.last_target if waits and not of_before(circumstances) else weight


def _doubted(snapshot: Snapshot, trade: Trade | None, options: tuple[OptionTrade, ...]) -> list[str]:
    """What a doubted price that only allows reductions refuses."""
    doubt = snapshot.doubt
    if doubt is None or doubt.buys:
        return []
    if trade is not None and trade.units > 0:
        return [f"{doubt.sentence} Reduce-only: {trade.units:,f} units are not bought."]
    return [f"{doubt.sentence} Reduce-only: no options are traded."] if options else []


def _option_trades(fund: Fund, memory: Memory, holdings: Holdings, snapshot: Snapshot) -> tuple[OptionTrade, ...]:
    """The options that a period begins with, and the closing of what is left of a period before it."""
    period = memory.period
    wanted = Holdings(Decimal(0), Decimal(0), tuple(each.changed(-each.units) for each in holdings.options)).moved(
        options=tuple(held_of(fund, period.start, period.end, leg) for leg in memory.start.legs)
    )
    return tuple(traded_at_mark(fund, option, snapshot) for option in wanted.options if option.strike)


def _without_period(
    fund: Fund,
    holdings: Holdings,
    memory: Memory | None,
    snapshot: Snapshot,
    circumstances: Circumstances | None,
    outcome: Outcome,
    reason: str,
    ended: Valuation | None,
    events: Sequence[Event],
) -> Decision:
    """Nothing is valued or traded: no protection period is in force."""
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
        outcome=outcome,
        reason=reason,
        circumstances=circumstances,
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
    kind, price = fund.strategy.kind, float(snapshot.price)
    if kind == "synthetic_put":
        return (
            f"A put struck at {state.strike:,.2f} with the index at {price:,.2f}, volatility "
            f"{snapshot.volatility.vol:.1%} ({snapshot.volatility.method}) and {left} asks for {weight:.2%} in stock."
        )
    if kind == "static_put":
        return (
            f"Stock under {state.units:,.6f} puts struck at {state.strike:,.2f}, with the index at {price:,.2f} and "
            f"{left}, stands at {weight:.2%} of the fund."
        )
    if kind == "hybrid":
        return (
            f"A put struck at {state.strike:,.2f} with the index at {price:,.2f}, volatility "
            f"{snapshot.volatility.vol:.1%} ({snapshot.volatility.method}) and {left}, less the puts held, asks for "
            f"{weight:.2%} in stock."
        )
    if kind == "delta_neutral":
        return (
            f"The options of the period with the index at {price:,.2f} and volatility {snapshot.volatility.vol:.1%} "
            f"({snapshot.volatility.method}) ask for {weight:.2%} in stock to be neutral within the tolerance."
        )
    if valuation.guarantee > 0.0:
        cushion = max(valuation.cushion, 0.0)
        return (
            f"A cushion of {cushion:,.2f} above the floor of {valuation.floor:,.2f}, {left}, asks for {weight:.2%} "
            "in stock."
        )
    return f"The strategy asks for {weight:.2%} in stock, whatever the market did."


def _verdict(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: tuple[OptionTrade, ...],
) -> str:
    said = [] if snapshot.doubt is None else [snapshot.doubt.sentence]
    said += [
        f"{each.trade.side.capitalize()} {abs(each.trade.units).normalize():,f} {each.option.instrument} for "
        f"{each.trade.value:,.2f} {fund.currency}."
        for each in options
    ]
    decided = ladder["lots"]
    if trade is None:
        said.append(f"No trade{' in stock' if options else ''}: {valuation.weight:.2%} in stock stands.")
    else:
        said.append(
            f"{trade.side.capitalize()} {trade.value:,.2f} {fund.currency} of stock: from {valuation.weight:.2%} to "
            f"{decided.weight:.2%} of the fund."
        )
    return " ".join(said)

"""A decision in plain words: the question that somebody will ask, and the answer out of the record."""

from insure.book.record import Record
from insure.decision import Ladder
from insure.fund import Fund
from insure.simulation.crises import worst_days
from reports import filters, slippage
from reports.facts import NOTHING, reason, rung_reason
from reports.figures import Figure, NotComputed
from reports.orders import Execution


def question(record: Record) -> str:
    """What a reader asks about this slot."""
    decision = record.decision
    when = filters.long_day(record.session)
    if decision.trade is not None and decision.valuation is not None:
        share = filters.percent(float(decision.trade.value) / decision.valuation.nav, 1)
        return f"Why did we {decision.trade.side} {share} of the fund on {when}?"
    if decision.outcome == "HELD" and record.orders:
        return f"Why was only what pays for flows sold on {when}?"
    if decision.outcome == "HELD":
        return f"Why was nothing sent to the market on {when}?"
    if decision.outcome == "SKIPPED":
        return f"Why was nothing decided on {when}?"
    return f"Why did we not trade on {when}?"


def story(fund: Fund, record: Record, before: Record | None, gap: Figure, done: Execution) -> tuple[str, ...]:
    """The answer, in sentences that follow the decision from the market to what is left.

    Args:
        fund: the contract.
        record: the decision.
        before: the decision before; None for the first of a fund.
        gap: the gap budget after the trade.
        done: how far the decision was carried out.
    """
    sentences = [_market(fund, record), *_volatility(record, before), *_flows(fund, record), *_standing(fund, record)]
    if record.ladder is not None:
        sentences.append(record.ladder["model"].reason)
        sentences.extend(_rungs(fund, record, record.ladder))
    sentences.append(reason(record))
    sentences.extend(_executed(record, done))
    sentences.extend(_costs(fund, record))
    sentences.extend(_left(gap))
    sentences.extend(_against_twin(fund, record))
    return tuple(sentences)


def _market(fund: Fund, record: Record) -> str:
    seen = record.decision.snapshot
    price = filters.money(seen.price)
    if seen.previous_price is None or seen.previous_session is None:
        return f"{fund.instrument} stood at {price}."
    move = float(seen.price / seen.previous_price) - 1.0
    then = f"its close of {filters.weekday(seen.previous_session)} {filters.day(seen.previous_session)}"
    if move == 0.0:
        return f"{fund.instrument} stood at {price}, unchanged from {then}."
    return (
        f"{fund.instrument} stood at {price}, {filters.percent(abs(move))} {'above' if move > 0 else 'below'} {then}."
    )


def _volatility(record: Record, before: Record | None) -> list[str]:
    now = record.decision.snapshot.volatility.vol
    if before is None:
        return [f"Hedge volatility was taken as {filters.percent(now, 1)} a year."]
    then = before.decision.snapshot.volatility.vol
    if abs(now - then) < 0.0005:
        return []
    way = "rose" if now > then else "fell"
    return [f"Hedge volatility {way} from {filters.percent(then, 1)} to {filters.percent(now, 1)} a year."]


def _standing(fund: Fund, record: Record) -> list[str]:
    valuation = record.decision.valuation
    if valuation is None:
        return []
    worth = f"Before the trade the fund was worth {filters.money(valuation.nav, fund.currency)}"
    if not valuation.guarantee > 0.0:
        return [f"{worth}; the strategy promises no floor."]
    away = filters.money(abs(valuation.cushion), fund.currency)
    side = "above" if valuation.cushion >= 0.0 else "below"
    return [f"{worth}, {away} {side} its floor of {filters.money(valuation.floor, fund.currency)}."]


def _rungs(fund: Fund, record: Record, ladder: Ladder) -> list[str]:
    """The reasons of the rungs below the model that changed something, and of what a person said whatever it changed;
    one sentence for those that changed nothing."""
    sentences, idle = [], []
    previous = ladder["model"].weight
    for rung in ladder.rungs:
        if rung.stage in {"model", "executed"}:
            continue
        if abs(rung.weight - previous) > NOTHING or rung.stage == "override":
            sentences.append(rung_reason(fund, record, rung))
        elif rung.stage != "lots":
            idle.append("the roll-out" if rung.stage == "rollout" else rung.stage)
        previous = rung.weight
    if idle:
        listed = idle[0] if len(idle) == 1 else ", ".join(idle[:-1]) + " and " + idle[-1]
        sentences.append(f"{listed[0].upper()}{listed[1:]} changed nothing.")
    return sentences


def _flows(fund: Fund, record: Record) -> list[str]:
    """Money of holders and fees that came or went just before the decision."""
    said = []
    for flow in record.flows:
        money = filters.money(abs(flow.money), fund.currency)
        shares = f", for {filters.units(abs(flow.shares))} units of the share class" if flow.shares else ""
        said.append(f"A {flow.kind} of {money} was dealt just before it{shares}.")
    return said


def _executed(record: Record, done: Execution) -> list[str]:
    """What became of the orders after the slot."""
    if not done.later or record.ladder is None:
        return []
    return [record.ladder.last.reason, done.note] if record.fills else [done.note]


def _costs(fund: Fund, record: Record) -> list[str]:
    if not record.fills:
        return []
    paid = sum((fill.commission + fill.spread for fill in record.fills[1:]), record.fills[0].commission)
    paid += record.fills[0].spread
    return [f"Commission and spread came to {filters.money(paid, fund.currency)}."]


def _left(gap: Figure) -> list[str]:
    if isinstance(gap.value, NotComputed):
        return []
    assert isinstance(gap.value, float)  # noqa: S101
    if not gap.value > 0.0:
        return ["No fall is left to take before the floor: the fund stands on it or below."]
    worst = worst_days()[0]
    budget = filters.percent(gap.value)
    known = f"the worst session of the {worst.index} was {filters.percent(worst.fall)} on {filters.day(worst.day)}"
    if gap.value >= -worst.fall:
        return [f"From here the index could fall {budget} at once before the floor is reached; {known}."]
    return [f"From here a fall of {budget} at once reaches the floor; {known}."]


def _against_twin(fund: Fund, record: Record) -> list[str]:
    track = record.track
    if track is None:
        return []
    amount = filters.money(abs(track.total), fund.currency)
    if round(track.total, 2) == 0.0:
        return ["In this protection period the fund stands where the same capital with a true put would."]
    largest = max(track.causes, key=lambda name: abs(track.causes[name]))
    side = "ahead of" if track.total > 0.0 else "behind"
    cause = slippage.cause(largest)
    most = filters.money(track.causes[largest], signed=True)
    compared = f"the fund stands {amount} {side} the same capital with a true put"
    return [f"In this protection period {compared}; the largest cause is {cause.label.lower()} ({most})."]

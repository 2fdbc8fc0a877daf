"""The rebalance report: what was seen, decided and done at one slot, and why, on one page."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.book.record import Record, sha256
from insure.decision import Ladder, Valuation, fund_calendar
from insure.decision.checks import Check
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.orders import Fill, Order
from reports import filters, slippage
from reports.crashes import CRASH_DAYS, CrashDay
from reports.figures import Chart, Figure, Figures, Head, Line, NotComputed, Unit, Verdict, plain
from reports.heads import head
from reports.slippage import SlippageTable
from reports.story import question, story

STAGE_MEANINGS = {
    "held": "before the trade",
    "model": "what the rule asks for",
    "limits": "what the contract allows",
    "band": "whether the drift is worth a trade",
    "throttle": "how fast the weight may change",
    "lots": "what can be bought or sold",
    "executed": "what is held afterwards",
}


@dataclass(frozen=True, slots=True)
class RungRow:
    """One stage of the ladder."""

    stage: str
    meaning: str
    weight: Figure
    units: Figure
    change: Figure | None
    """Against the stage before; None for what was held."""
    reason: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One pre-trade check."""

    name: str
    passed: bool
    value: Figure
    limit: Figure
    headroom: Figure
    sentence: str


@dataclass(frozen=True, slots=True)
class CrashRow:
    """What one historic fall would do to the fund as it stands after the trade, before it could trade again."""

    day: Figure
    fall: Figure
    nav: Figure
    above_floor: Figure
    survives: bool


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order with its bounds."""

    key: str
    side: Literal["buy", "sell"]
    figures: Figures


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill."""

    reference: str
    side: Literal["buy", "sell"]
    figures: Figures


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where one figure of the market came from."""

    figure: str
    origin: str
    as_of: Figure
    sha256: Figure


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that must be read."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RebalanceReport:
    """One decision with everything that it was made from, as it stands in the book."""

    head: Head
    verdict: Verdict
    when: Figures
    question: str
    story: tuple[str, ...]
    events: tuple[EventRow, ...]
    glance: Figures
    ladder: tuple[RungRow, ...]
    ladder_missing: str
    """Why there is no ladder; empty where there is one."""
    market: Figures
    valuation: Figures
    greeks: Figures
    checks: tuple[CheckRow, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    gap_budget: Figure
    crashes: tuple[CrashRow, ...]
    crashes_missing: str
    slippage: SlippageTable
    charts: tuple[Chart, ...]
    lineage: tuple[SourceRow, ...]
    hashes: Figures

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(fund: Fund, record: Record, history: Sequence[Record], anchor: tuple[int, str]) -> RebalanceReport:
    """The report on one decision; pure.

    Args:
        fund: the contract that was in force.
        record: the decision.
        history: all decisions of the fund up to and including this one.
        anchor: sequence and hash of the last audit row when the report is made.

    Raises:
        InvalidInput: the record is not the last of the history, or is another fund's.
    """
    if not history or history[-1] != record:
        raise InvalidInput(f"history ends before {record.session}; it must end with the decision that is reported.")
    if record.fund_id != fund.id:
        raise InvalidInput(f"record is of {record.fund_id!r}; the fund is {fund.id!r}.")
    decision = record.decision
    valuation = decision.valuation
    before = history[-2] if len(history) > 1 else None
    table = slippage.table(history)
    gap = _gap_after(record, valuation)
    return RebalanceReport(
        head=head(
            "rebalance", "Rebalance report", f"{filters.day(record.session)}, slot {record.slot}", fund, record, anchor
        ),
        verdict=_verdict(record),
        when=_when(fund, record),
        question=question(record),
        story=story(fund, record, before, gap),
        events=tuple(EventRow(event.kind, event.sentence) for event in decision.events),
        glance=_glance(record, valuation, gap),
        ladder=_ladder(record, valuation),
        ladder_missing="" if record.ladder else decision.reason,
        market=_market(record),
        valuation=_valuation(record, valuation),
        greeks=_greeks(fund, valuation),
        checks=tuple(_check(check) for check in decision.checks),
        orders=tuple(_order(order) for order in record.orders),
        fills=tuple(_fill(fill) for fill in record.fills),
        gap_budget=gap,
        crashes=_crashes(record, valuation),
        crashes_missing="" if valuation and valuation.guarantee > 0.0 else _no_floor(record),
        slippage=table,
        charts=_charts(fund, record, history),
        lineage=tuple(
            SourceRow(
                source.figure,
                source.origin,
                Figure("As of", source.as_of, "date"),
                Figure("SHA-256", source.sha256, "hash"),
            )
            for source in decision.snapshot.lineage
        ),
        hashes={
            "decision": Figure("Decision record", sha256(record.canonical()), "hash", "SHA-256 of the record as kept"),
            "contract": Figure("Contract", decision.config_sha256, "hash", "SHA-256 of the effective fund file"),
            "chain_sequence": Figure("Chain head, entry", anchor[0], "count", "last entry of the audit chain"),
            "chain_head": Figure("Chain head, hash", anchor[1], "hash", "links every entry before it"),
            "code_version": Figure("Program version", record.code_version, "text", "that made the decision"),
        },
    )


def _verdict(record: Record) -> Verdict:
    decision = record.decision
    breached = any(event.kind == "floor breached" for event in decision.events)
    if breached:
        return Verdict("bad", f"{decision.outcome}, floor breached", decision.reason)
    if decision.outcome != "OK":
        return Verdict("attention", decision.outcome, decision.reason)
    alarmed = any(event.kind in {"cash-lock", "gap budget low"} for event in decision.events)
    return Verdict("attention" if alarmed else "good", "OK, with a warning" if alarmed else "OK", decision.reason)


def _when(fund: Fund, record: Record) -> Figures:
    local = fund_calendar(fund).local(record.due)
    return {
        "session": Figure("Session", record.session, "date", f"sessions of {fund.schedule.calendar}"),
        "due": Figure("Due", record.due, "instant", f"slot {record.slot}"),
        "due_local": Figure("Due, exchange time", f"{local:%Y-%m-%d %H:%M %Z}", "text", fund.schedule.calendar),
        "seen": Figure("Market seen", record.decision.snapshot.at, "instant"),
        "written": Figure("Written", record.written, "instant"),
    }


def _gap_after(record: Record, valuation: Valuation | None) -> Figure:
    source = "(net asset value \u2212 floor) / equity, after the trade"
    if valuation is None or not valuation.guarantee > 0.0:
        return Figure("Gap budget", NotComputed(_no_floor(record)), "weight", source)
    equity, nav = _after(record)
    budget = gap_budget(float(nav), valuation.floor, float(equity))
    if budget is None:
        return Figure("Gap budget", NotComputed("no fall of the index can reach the floor"), "weight", source)
    return Figure("Gap budget", budget, "weight", source)


def _no_floor(record: Record) -> str:
    if record.decision.valuation is None:
        return "no protection period is in force"
    return "the strategy promises no floor"


def _after(record: Record) -> tuple[Decimal, Decimal]:
    """Equity and NAV once the trade is done, money."""
    equity = record.after.units * record.decision.snapshot.price
    return equity, equity + record.after.cash


def _glance(record: Record, valuation: Valuation | None, gap: Figure) -> Figures:
    equity, nav = _after(record)
    found = {"nav": Figure("Net asset value", nav, "money", "after the trade")}
    if valuation is not None and valuation.guarantee > 0.0:
        found["floor"] = Figure("Floor today", valuation.floor, "money", "of the strategy, at this slot")
        found["cushion"] = Figure("Cushion", float(nav) - valuation.floor, "money", "net asset value \u2212 floor")
    found["weight"] = Figure("In stock", float(equity / nav), "weight", "equity / net asset value, after the trade")
    found["gap_budget"] = gap
    if record.track is not None:
        found["slippage"] = Figure("Ahead of the true put", record.track.total, "money", "since the period began")
    else:
        found["slippage"] = Figure(
            "Ahead of the true put", NotComputed(record.track_missing or slippage.NO_TWIN), "money"
        )
    return found


def _ladder(record: Record, valuation: Valuation | None) -> tuple[RungRow, ...]:
    ladder: Ladder | None = record.ladder
    if ladder is None or valuation is None:
        return ()
    held = record.decision.holdings
    rows = [
        RungRow(
            "held",
            STAGE_MEANINGS["held"],
            Figure("Weight", valuation.weight, "weight"),
            Figure("Units", held.units, "units"),
            None,
            "As the book had it before this slot.",
        )
    ]
    previous = valuation.weight
    for rung in ladder.rungs:
        rows.append(
            RungRow(
                rung.stage,
                STAGE_MEANINGS[rung.stage],
                Figure("Weight", rung.weight, "weight"),
                Figure("Units", rung.units, "units"),
                Figure("Change", rung.weight - previous, "points"),
                rung.reason,
            )
        )
        previous = rung.weight
    return tuple(rows)


def _market(record: Record) -> Figures:
    seen = record.decision.snapshot
    vol = seen.volatility
    found = {"price": Figure("Index", seen.price, "price", "one unit of the instrument")}
    if seen.previous_price is not None and seen.previous_session is not None:
        found["previous_price"] = Figure(
            "Index before", seen.previous_price, "price", f"close of {filters.day(seen.previous_session)}"
        )
        found["move"] = Figure("Move", float(seen.price / seen.previous_price) - 1.0, "weight", "price / before \u2212 1")
    if seen.bid is not None and seen.ask is not None:
        found["bid"] = Figure("Bid", seen.bid, "price")
        found["ask"] = Figure("Ask", seen.ask, "price")
    found["vol"] = Figure("Hedge volatility", vol.vol, "per_year", _vol_source(record))
    found["put_vol"] = Figure("Volatility of the true put", seen.put_vol, "per_year", seen.put_vol_source)
    found["rate"] = Figure("Rate", seen.rate, "per_year", "continuously compounded")
    found["dividend_yield"] = Figure(
        "Dividend yield assumed", seen.dividend_yield, "per_year", "continuously compounded"
    )
    found["dividend"] = Figure("Dividend received per unit", seen.dividend, "price", "since the decision before")
    if seen.daily_volume is not None:
        found["daily_volume"] = Figure("Average volume", seen.daily_volume, "count", "20 sessions, units")
    return found


def _vol_source(record: Record) -> str:
    vol = record.decision.snapshot.volatility
    words = [vol.method]
    if vol.window:
        words.append(f"{vol.window} returns to {vol.last}")
    if vol.note:
        words.append(vol.note)
    return ", ".join(words)


def _valuation(record: Record, valuation: Valuation | None) -> Figures:
    decision = record.decision
    price = decision.snapshot.price
    equity = decision.holdings.units * price
    nav = equity + decision.holdings.cash
    found = {
        "units": Figure("Units held", decision.holdings.units, "units", "entries of the book"),
        "equity": Figure("Equity", equity, "money", "units × index"),
        "cash": Figure("Cash", decision.holdings.cash, "money", "entries of the book"),
        "nav": Figure("Net asset value", nav, "money", "equity + cash, before the trade"),
    }
    if valuation is None:
        return found
    found["weight"] = Figure("Equity weight", valuation.weight, "weight", "equity / net asset value")
    if valuation.guarantee > 0.0:
        no_multiple = NotComputed("no cushion is left to divide by")
        unreachable = NotComputed("no fall of the index can reach the floor")
        multiple, budget = valuation.effective_multiple, valuation.gap_budget
        found["guarantee"] = Figure("Guarantee", valuation.guarantee, "money", "the floor at the horizon")
        found["floor"] = Figure("Floor today", valuation.floor, "money", "of the strategy, at this slot")
        found["cushion"] = Figure("Cushion", valuation.cushion, "money", "net asset value \u2212 floor")
        found["multiple"] = Figure(
            "Effective multiple", no_multiple if multiple is None else multiple, "multiple", "equity / cushion"
        )
        found["gap_budget"] = Figure(
            "Gap budget before the trade", unreachable if budget is None else budget, "weight", "cushion / equity"
        )
    found["years_left"] = Figure("Time to go", valuation.years_left, "years", _horizon(record))
    return found


def _horizon(record: Record) -> str:
    memory = record.decision.memory
    return f"to the horizon, {memory.period.end}" if memory else "to the horizon"


def _greeks(fund: Fund, valuation: Valuation | None) -> Figures:
    greeks = valuation.greeks if valuation else None
    if greeks is None:
        return {}
    return {
        "put_value": Figure("Put replicated", greeks.put_value, "money", f"Black\u2013Scholes, {fund.currency}"),
        "delta": Figure("Delta", greeks.delta, "units", "change of the put for one point of the index"),
        "gamma": Figure("Gamma", greeks.gamma, "number", "change of delta for one point of the index"),
        "vega": Figure("Vega", greeks.vega / 100.0, "money", "change of the put for one point of volatility"),
        "theta": Figure("Theta", greeks.theta / 252.0, "money", "change of the put in 1/252 year, all else still"),
    }


_CHECK_UNITS: dict[str, Unit] = {"money": "money", "weight": "weight", "units": "units"}


def _check(check: Check) -> CheckRow:
    unit = _CHECK_UNITS.get(check.unit, "number")
    return CheckRow(
        check.name,
        check.passed,
        Figure("Value", check.value, unit),
        Figure("Limit", check.limit, unit),
        Figure("Head-room", check.headroom, unit, "how far the value may still go"),
        check.sentence,
    )


def _side(units: Decimal) -> Literal["buy", "sell"]:
    return "buy" if units > 0 else "sell"


def _order(order: Order) -> OrderRow:
    return OrderRow(
        order.key,
        _side(order.units),
        {
            "units": Figure("Units", abs(order.units), "units"),
            "price": Figure("Decided at", order.price, "price"),
            "price_limit": Figure("Price limit", order.price_limit, "price"),
            "good_until": Figure("Good until", order.good_until, "instant"),
            "volume_cap": Figure("Share of volume, at most", order.volume_cap_fraction, "weight"),
        },
    )


def _fill(fill: Fill) -> FillRow:
    return FillRow(
        fill.reference,
        _side(fill.units),
        {
            "units": Figure("Units", abs(fill.units), "units"),
            "price": Figure("Price", fill.price, "price"),
            "value": Figure("Value", fill.value, "money"),
            "commission": Figure("Commission", fill.commission, "money"),
            "spread": Figure("Spread", fill.spread, "money"),
            "at": Figure("At", fill.at, "instant"),
        },
    )


def _crashes(record: Record, valuation: Valuation | None) -> tuple[CrashRow, ...]:
    if valuation is None or not valuation.guarantee > 0.0:
        return ()
    equity, nav = (float(money) for money in _after(record))
    return tuple(_crash(day, nav, equity, valuation.floor) for day in CRASH_DAYS)


def _crash(day: CrashDay, nav: float, equity: float, floor: float) -> CrashRow:
    left = nav - equity * day.fall
    return CrashRow(
        Figure("Session", day.day, "date"),
        Figure("Index", -day.fall, "weight", "close to close"),
        Figure("Fund after it", left, "money", "net asset value \u2212 equity × fall"),
        Figure("Above the floor", left - floor, "money"),
        left >= floor,
    )


def _charts(fund: Fund, record: Record, history: Sequence[Record]) -> tuple[Chart, ...]:
    """Value and weight since the protection period in force began."""
    memory = record.decision.memory
    if memory is None or record.decision.valuation is None:
        return ()
    own = [
        each
        for each in history
        if each.session >= memory.period.start
        and each.decision.valuation is not None
        and each.decision.memory is not None
        and each.decision.memory.period.number == memory.period.number
    ]
    dates = tuple(each.session for each in own)
    navs = tuple(float(_after(each)[1]) for each in own)
    weights = tuple(float(_after(each)[0] / _after(each)[1]) for each in own)
    lines = [Line("Fund", "fund", navs)]
    if any(each.track for each in own):
        lines.append(Line("With true put", "twin", tuple(each.track.twin_value if each.track else None for each in own)))
    if record.decision.valuation.guarantee > 0.0:
        floors = tuple(each.decision.valuation.floor if each.decision.valuation else None for each in own)
        lines.append(Line("Floor", "floor", floors))
    span = _span(dates)
    return (
        Chart(
            "value",
            "Value in this protection period",
            f"Net asset value, the same capital with the true put, and the floor, in {fund.currency}, {span}.",
            "money",
            dates,
            tuple(lines),
        ),
        Chart(
            "weight",
            "Share of the fund in stock",
            f"Equity weight after each decision, {span}.",
            "weight",
            dates,
            (Line("In stock", "fund", weights, steps=True),),
            from_zero=True,
        ),
    )


def _span(dates: Sequence[dt.date]) -> str:
    return f"{filters.day(dates[0])} to {filters.day(dates[-1])}"

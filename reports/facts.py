"""The facts of one decision, row by row: what was held, seen, valued, checked, sent and filled."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from insure.book.record import Record
from insure.decision import Ladder, Rung, Valuation
from insure.decision.checks import Check
from insure.decision.options import marked
from insure.decision.valuation import ROUNDING
from insure.decision.valuation import gap_budget as gap_budget_of
from insure.flows import Dealt
from insure.fund import Fund
from insure.simulation.crises import WorstDay, worst_days
from reports import filters
from reports.figures import Figure, Figures, NotComputed

NOTHING = 5e-5
"""Changes of weight below half a hundredth of a per cent do not show."""

_BASIS_POINT = 1e-4
CRASH_DAYS = 8
"""How many of the worst days a page shows."""

STAGE_MEANINGS = {
    "held": "before the trade",
    "model": "what the rule asks for",
    "limits": "what the contract allows",
    "band": "whether the drift is worth a trade",
    "throttle": "how fast the weight may change",
    "override": "what a person wants instead, for one slot",
    "rollout": "how much of it the fund's phase carries out",
    "capped": "the most that one slot may trade",
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
    moved: bool
    """Whether the change shows at two decimals of a per cent."""
    reason: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One pre-trade check."""

    name: str
    state: Literal["passed", "failed", "not made"]
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
class FlowRow:
    """One flow of money that was dealt before the decision."""

    key: str
    kind: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where one figure of the market came from."""

    figure: str
    anchor: str
    """Id of the row on the page."""
    origin: str
    as_of: Figure
    sha256: Figure


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that must be read."""

    kind: str
    sentence: str


def gap_after(record: Record, valuation: Valuation | None) -> Figure:
    source = "(net asset value \u2212 floor) / equity, after the trade"
    if valuation is None or not valuation.guarantee > 0.0:
        return Figure("Gap budget", NotComputed(no_floor(record)), "weight", source)
    equity, nav = after_trade(record)
    budget = gap_budget_of(float(nav), valuation.floor, float(equity), record.option_legs, record.decision.snapshot)
    if budget is None:
        return Figure("Gap budget", NotComputed("no fall of the index can reach the floor"), "weight", source)
    return Figure("Gap budget", budget, "weight", source)


def no_floor(record: Record) -> str:
    if record.decision.valuation is None:
        return "no protection period is in force"
    return "the strategy promises no floor"


def crashes_missing(record: Record, valuation: Valuation | None) -> str:
    """Why no crash days are applied; empty where they are."""
    if valuation is None or not valuation.guarantee > 0.0:
        return no_floor(record)
    return "the fund is below its floor already" if float(after_trade(record)[1]) < valuation.floor else ""


def flow_row(dealt: Dealt) -> FlowRow:
    """A flow as it was dealt."""
    return FlowRow(
        dealt.key,
        dealt.kind,
        {
            "money": Figure("Money", dealt.money, "money", "positive into the fund"),
            "shares": Figure("Units of the share class", dealt.shares, "units", "issued or redeemed"),
            "nav": Figure("Fund before it", dealt.nav, "money", f"flow {dealt.key}"),
        },
    )


def after_trade(record: Record) -> tuple[Decimal, Decimal]:
    """Equity and NAV once the trade is done, money."""
    return record.equity, record.nav


def ladder_rows(fund: Fund, record: Record, valuation: Valuation | None) -> tuple[RungRow, ...]:
    ladder: Ladder | None = record.ladder
    if ladder is None or valuation is None:
        return ()
    held = record.decision.holdings
    rows = [
        RungRow(
            "held",
            STAGE_MEANINGS["held"],
            Figure("Weight", valuation.weight, "weight", "equity / net asset value"),
            Figure("Units", held.units, "units", "entries of the book"),
            None,
            False,
            "As the book had it before this slot.",
        )
    ]
    previous = valuation.weight
    for rung in ladder.rungs:
        rows.append(
            RungRow(
                rung.stage,
                STAGE_MEANINGS[rung.stage],
                Figure("Weight", rung.weight, "weight", "units × index / net asset value before the trade"),
                Figure("Units", rung.units, "units", f"rung {rung.stage} of the record"),
                Figure("Change", rung.weight - previous, "points", "rung \u2212 rung before"),
                abs(rung.weight - previous) >= NOTHING,
                rung_reason(fund, record, rung),
            )
        )
        previous = rung.weight
    return tuple(rows)


def rung_reason(fund: Fund, record: Record, rung: Rung) -> str:
    """Why a rung stands where it does; band and throttle do not apply to a fund that goes to cash for its floor.

    Records of such a decision speak of a change of 500 points and of no band; decided again they must say the same.
    """
    decision = record.decision
    locked = decision.memory is not None and decision.memory.locked and fund.limits.no_cushion == "cash"
    if rung.stage not in {"band", "throttle"} or not locked or decision.holdings.options or decision.option_trades:
        return rung.reason
    if rung.stage == "band":
        return "Does not apply: without a cushion every difference is traded."
    most = filters.number(fund.limits.largest_change_weight * 100.0, 0)
    return f"Does not apply: without a cushion all is sold at once, whatever the contract's {most} points a slot."


def reason(record: Record) -> str:
    """The decision's own sentence; of a fund without stock it is said that there is none."""
    decision = record.decision
    if decision.trade is not None or decision.holdings.units:
        return decision.reason
    return decision.reason.replace("No trade: 0.00% in stock stands.", "No trade; nothing is in stock.")


def market(record: Record) -> Figures:
    seen = record.decision.snapshot
    vol = seen.volatility
    rows = {origin.figure: source_row(origin.figure) for origin in seen.lineage}
    price_row = rows.get("price", "")
    found = {"price": Figure("Index", seen.price, "price", "one unit of the instrument", price_row)}
    if seen.previous_price is not None and seen.previous_session is not None:
        found["previous_price"] = Figure(
            "Index before", seen.previous_price, "price", f"close of {filters.day(seen.previous_session)}, of the feed"
        )
        found["move"] = Figure(
            "Move", float(seen.price / seen.previous_price) - 1.0, "weight", "price / before \u2212 1"
        )
    if seen.bid is not None and seen.ask is not None:
        found["bid"] = Figure("Bid", seen.bid, "price", "of the feed's row", price_row)
        found["ask"] = Figure("Ask", seen.ask, "price", "of the feed's row", price_row)
    found["vol"] = Figure("Hedge volatility", vol.vol, "per_year", _vol_source(record))
    index_row = rows.get("volatility index", "") if "index" in seen.put_vol_source else ""
    found["put_vol"] = Figure("Volatility of the true put", seen.put_vol, "per_year", seen.put_vol_source, index_row)
    found["rate"] = Figure("Rate", seen.rate, "per_year", "continuously compounded", rows.get("rate", price_row))
    found["dividend_yield"] = Figure(
        "Dividend yield assumed", seen.dividend_yield, "per_year", "continuously compounded"
    )
    found["dividend"] = Figure(
        "Dividend received per unit", seen.dividend, "price", "since the decision before", price_row
    )
    if seen.daily_volume is not None:
        found["daily_volume"] = Figure("Average volume", seen.daily_volume, "count", "20 sessions, units", price_row)
    return found


def source_row(figure: str) -> str:
    """Id of the row of a page that names where a figure of the market came from."""
    return f"source-{''.join(letter if letter.isalnum() else '-' for letter in figure)}"


def _vol_source(record: Record) -> str:
    vol = record.decision.snapshot.volatility
    words = [vol.method]
    if vol.window:
        words.append(f"{vol.window} returns to {vol.last}")
    if vol.note:
        words.append(vol.note)
    return ", ".join(words)


def valuation_figures(record: Record, valuation: Valuation | None) -> Figures:
    decision = record.decision
    price = decision.snapshot.price
    equity = decision.holdings.units * price
    nav = record.nav_before
    found = {
        "units": Figure("Units held", decision.holdings.units, "units", "entries of the book"),
        "equity": Figure("Equity", equity, "money", "units × index"),
        "cash": Figure("Cash", decision.holdings.cash, "money", "entries of the book"),
        "nav": Figure("Net asset value", nav, "money", "equity + cash, before the trade"),
    }
    if decision.holdings.options:
        named = ", ".join(f"{one.units.normalize():,f} {one.instrument}" for one in decision.holdings.options)
        found["options"] = Figure("Options", nav - equity - decision.holdings.cash, "money", f"at their mark: {named}")
        found["nav"] = Figure("Net asset value", nav, "money", "equity + cash + options, before the trade")
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


def greeks_of(record: Record) -> str:
    """What the Greeks beside the valuation are those of: the put that stock replaces, or options that are held."""
    return "The options held" if record.decision.holdings.options or record.after.options else "The put replicated"


def greeks(fund: Fund, record: Record, valuation: Valuation | None) -> Figures:
    """Sensitivities before the trade: of the put that is replicated; of bought or sold options after it."""
    if record.after.options:
        held = marked(record.option_legs, record.decision.snapshot)
        return {
            "put_value": Figure("Options held", held.value, "money", f"at their mark after the trade, {fund.currency}"),
            "delta": Figure("Delta", held.delta, "units", "change of the options for one point of the index"),
            "gamma": Figure("Gamma", held.gamma, "number", "change of delta for one point of the index"),
            "vega": Figure("Vega", held.vega / 100.0, "money", "change of the options for one point of volatility"),
            "theta": Figure("Theta", held.theta / 252.0, "money", "change of the options in 1/252 year"),
        }
    put = valuation.greeks if valuation else None
    if put is None or record.decision.holdings.options:
        return {}
    return {
        "put_value": Figure("Put replicated", put.put_value, "money", f"Black\u2013Scholes, {fund.currency}"),
        "delta": Figure("Delta", put.delta, "units", "change of the put for one point of the index"),
        "gamma": Figure("Gamma", put.gamma, "number", "change of delta for one point of the index"),
        "vega": Figure("Vega", put.vega / 100.0, "money", "change of the put for one point of volatility"),
        "theta": Figure("Theta", put.theta / 252.0, "money", "change of the put in 1/252 year, all else still"),
    }


def net_greeks(record: Record) -> Figures:
    """Sensitivities of the whole fund after the trade: its stock has delta alone, its options the rest."""
    legs, seen = record.option_legs, record.decision.snapshot
    options = marked(legs, seen)
    rate = replace(seen, rate=seen.rate + _BASIS_POINT), replace(seen, rate=seen.rate - _BASIS_POINT)
    rho = (marked(legs, rate[0]).value - marked(legs, rate[1]).value) / (2.0 * _BASIS_POINT)
    stock = "stock alone" if not legs else "stock and options, after the trade"
    return {
        "delta": Figure("Delta", float(record.after.units) + options.delta, "units", f"units of the index, {stock}"),
        "gamma": Figure("Gamma", options.gamma, "number", "change of delta for one point of the index"),
        "vega": Figure("Vega", options.vega / 100.0, "money", "change of the fund for one point of volatility"),
        "theta": Figure("Theta", options.theta / 252.0, "money", "change of the options in 1/252 year, all else still"),
        "rho": Figure("Rho", rho / 10_000.0, "money", "change of the options for one basis point of the rate"),
    }


def check_row(check: Check) -> CheckRow:
    missing = NotComputed(check.missing) if check.missing else None
    return CheckRow(
        check.name,
        "not made" if missing else "passed" if check.passed else "failed",
        Figure("Value", missing or check.value, check.unit, "check of the record"),
        Figure("Limit", missing or check.limit, check.unit, "fund file, or a bound of the order"),
        Figure("Head-room", missing or check.headroom, check.unit, "how far the value may still go"),
        check.sentence,
    )


def crashes(record: Record, valuation: Valuation | None) -> tuple[CrashRow, ...]:
    if valuation is None or not valuation.guarantee > 0.0:
        return ()
    if float(after_trade(record)[1]) < valuation.floor:
        return ()
    return tuple(_crash(record, worst, valuation.floor) for worst in worst_days()[:CRASH_DAYS])


def after_fall(record: Record, fall: float) -> float:
    """Money that the fund is worth after its trade and an instant ``fall`` (below zero), its options marked again."""
    equity, nav = (float(money) for money in after_trade(record))
    return nav + equity * fall + _options_gain(record, fall)


def survives(record: Record, fall: float, floor: float) -> bool:
    """Whether a fund is at its floor or above it after an instant fall, as its gap budget counts it."""
    rounding = ROUNDING * float(after_trade(record)[1]) if record.option_legs else 0.0
    return after_fall(record, fall) >= floor - rounding


def _options_gain(record: Record, fall: float) -> float:
    """What the options held after the trade gain when the index moves by ``fall`` at once; 0.0 for none."""
    legs, seen = record.option_legs, record.decision.snapshot
    if not legs:
        return 0.0
    return marked(legs, seen, float(seen.price) * (1.0 + fall)).value - marked(legs, seen).value


def _crash(record: Record, worst: WorstDay, floor: float) -> CrashRow:
    left = after_fall(record, worst.fall)
    return CrashRow(
        Figure("Session", worst.day, "date", f"{worst.index}, docs/stress.md"),
        Figure("Index", worst.fall, "weight", f"{worst.index}, {worst.before:,.2f} to {worst.close:,.2f}"),
        Figure("Fund after it", left, "money", "net asset value + equity × fall + what its options gain"),
        Figure("Above the floor", left - floor, "gain", "fund after it \u2212 floor"),
        survives(record, worst.fall, floor),
    )

"""The protection contract read back in plain sentences, and what protection costs today."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from insure.dates import anniversary
from insure.decision import Decision, Holdings, decide, fund_calendar
from insure.decision.options import legs_at
from insure.decision.valuation import gap_budget
from insure.fund import Fund
from insure.market import Snapshot
from insure.strategies import synthetic_put
from insure.strategy_terms import CppiTerms, DeltaNeutralTerms, HybridTerms


@dataclass(frozen=True, slots=True)
class Cost:
    """What the fund's floor costs at one moment, whatever strategy the fund follows to it."""

    session: dt.date
    strike: float
    """Of the put that the floor amounts to, in the price of the index."""
    strike_ratio: float
    participation: float
    premium: float
    """Fraction of the fund."""
    equity_weight: float
    """That the fund's own strategy starts with."""
    gap_budget: float | None
    """Instant fall that reaches the floor at that weight, with the options bought; None where none does."""
    options: tuple[str, ...] = ()
    """Options that the strategy begins with."""
    options_cost: float = 0.0
    """What they cost, fraction of the fund."""


def horizon(fund: Fund) -> dt.date:
    """End of the first protection period."""
    return anniversary(fund_calendar(fund), fund.protection.start, fund.protection.horizon_years)


def sentences(fund: Fund) -> list[str]:
    """The contract in plain words, one sentence a line."""
    protection, limits, costs = fund.protection, fund.limits, fund.costs
    end = horizon(fund)
    said = []
    if fund.protects:
        said.append(
            f"On {end} the fund is worth at least {protection.floor_fraction:.1%} of its value on {protection.start}, "
            f"unless {_unless(fund)}."
        )
    else:
        said.append(f"From {protection.start} the fund follows its strategy; it promises no floor.")
    said.append(
        f"On {end} a new period of {_years(protection.horizon_years)} begins on the value of that day"
        f"{', with the same floor fraction' if fund.protects else ''}."
        if protection.roll == "at_horizon"
        else f"Protection ends on {end}; nothing is traded after it until a new start is agreed."
    )
    options = ", options on it" if fund.holds_options else ""
    said.append(
        f"It holds {fund.instrument}{options} and cash in {fund.currency}, between {limits.lowest_weight:.0%} and "
        f"{limits.highest_weight:.0%} in stock, and begins with {fund.initial_money:,.2f} {fund.currency}."
    )
    said.append(
        "Dividends on the insured stock are paid out to holders."
        if protection.dividends == "paid_out"
        else "Dividends stay in cash until the next period: the stock is bought once."
        if fund.strategy.kind in {"buy_and_hold", "static_put"}
        else "Dividends buy more stock."
    )
    if fund.protects:
        said.append(
            "The premium of the put is paid out of the fund."
            if protection.financing == "fund"
            else "The premium of the put is paid from outside the fund."
        )
    said.append(_strategy_sentence(fund))
    if fund.holds_options:
        said.append(
            f"Options are bought at the first slot of a period, at {_option_vol(fund)}, and settled in "
            "cash at the first slot at or after their expiry. While they are held, subscriptions, redemptions and fees "
            "wait."
        )
    said.append(
        f"It decides at {fund.schedule.slot} of {fund.schedule.calendar} sessions; a slot that starts more than "
        f"{fund.schedule.deadline_minutes:g} minutes late is missed, not traded. Time is counted "
        f"{fund.schedule.day_count}."
    )
    said.append(fund.band.sentence(fund.cost_bps))
    said.append(
        f"A trade is expected to cost {_commission(fund)} and {costs.half_spread_bps:g} bps half spread"
        f"{_impact(fund)}; {_lots(fund)}."
    )
    said.extend(_execution(fund))
    said.append(
        f"One slot changes the weight by at most {limits.largest_change_weight:.0%}; a trade above "
        f"{limits.largest_order_weight:.0%} of the fund is cut to that, and the next slot goes on."
    )
    if fund.protects and limits.no_cushion == "cash":
        said.append(
            "At or below the floor everything goes into cash once no options are held; until then the strategy goes on."
            if fund.holds_options
            else "At or below the floor everything goes into cash."
        )
    return said


def _impact(fund: Fund) -> str:
    costs = fund.costs
    if not costs.impact_coefficient > 0.0:
        return ""
    return (
        f", and {costs.impact_coefficient:g} times the daily volatility of {costs.impact_daily_vol:.2%} times the root "
        f"of its share of {costs.daily_volume_units:,g} units a day"
    )


def _execution(fund: Fund) -> list[str]:
    """How trades are spread and what pauses them; nothing for one order at one place."""
    terms, said = fund.execution, []
    if terms.schedule != "at_once":
        how = {
            "twap": "evenly over time",
            "participation": "with the volume of the session",
            "front_loaded": f"sales early (each slice {terms.front_load_ratio:g} of the one before), purchases evenly",
            "almgren_chriss": "by the schedule of Almgren and Chriss, faster the more the risk weighs",
        }[terms.schedule]
        said.append(
            f"A trade is worked {how}, in {terms.slices} child orders at most within {terms.time_limit_minutes:g} "
            "minutes of its slot; each is a ticket of its own, and what is left of it is a deficit that is carried."
        )
    if len(terms.venues) > 1:
        total = sum(venue.weight for venue in terms.venues)
        shares = ", ".join(f"{venue.name} {venue.weight / total:.0%}" for venue in terms.venues)
        said.append(f"Orders go to {shares}.")
    if terms.watches:
        limits = []
        if terms.widest_spread_bps > 0.0:
            limits.append(f"bid to ask is beyond {terms.widest_spread_bps:g} bps")
        if terms.least_depth_units > 0.0:
            limits.append(f"fewer than {terms.least_depth_units:,g} units are quoted")
        said.append(f"Nothing is bought while {' or '.join(limits)}; a sale goes on, and is said to.")
    return said


def protection_today(fund: Fund, snapshot: Snapshot) -> tuple[Cost | None, Decision]:
    """What the floor costs if the protection began at the snapshot, and the decision that it would begin with.

    The first part is None where the fund promises no floor.
    """
    decision = decide(fund, Holdings(fund.initial_money * 0, fund.initial_money), None, snapshot)
    valuation, ladder, memory = decision.valuation, decision.ladder, decision.memory
    if valuation is None or ladder is None or memory is None or not valuation.guarantee > 0.0:
        return None, decision
    solution = synthetic_put.solve(
        valuation.nav,
        valuation.guarantee,
        valuation.years_left,
        snapshot.rate,
        snapshot.put_vol,
        snapshot.dividend_yield,
        fund.protection.dividends,
        fund.protection.financing,
    )
    weight = ladder["lots"].weight
    bought = tuple(each.option for each in decision.option_trades)
    legs = legs_at(fund, bought, snapshot.session)
    return Cost(
        session=snapshot.session,
        strike=solution.strike_ratio * float(snapshot.price),
        strike_ratio=solution.strike_ratio,
        participation=solution.participation,
        premium=solution.put_cost,
        equity_weight=weight,
        gap_budget=gap_budget(valuation.nav, valuation.floor, weight * valuation.nav, legs, snapshot),
        options=tuple(f"{one.units.normalize():,f} {one.instrument}" for one in bought),
        options_cost=float(-sum((each.cash for each in decision.option_trades), Decimal(0))) / valuation.nav,
    ), decision


def _years(count: float) -> str:
    return "one year" if count == 1.0 else f"{count:g} years"


def _option_vol(fund: Fund) -> str:
    spread = fund.twin.vol_spread
    more = f" {'plus' if spread > 0.0 else 'less'} {abs(spread) * 100:g} points" if spread else ""
    return ("the hedge volatility" if fund.twin.vol == "hedge" else "the feed's volatility index") + more


def _unless(fund: Fund) -> str:
    if fund.strategy.kind == "static_put":
        return (
            "whoever sold the puts does not pay, the cash loses value, or costs and lots took what the structure needed"
        )
    if fund.strategy.kind == "hybrid":
        return (
            "the index jumps, or moves more than the hedge volatility foresaw, between two trades, where no bought put "
            "covers it, trading is halted while it falls, whoever sold the puts does not pay, or the cash loses value"
        )
    if isinstance(fund.strategy, CppiTerms):
        return (
            f"the index falls by more than {1.0 / fund.strategy.multiplier:.0%} between two trades, trading is halted "
            "while it falls, or the cash loses value"
        )
    return (
        "the index jumps, or moves more than the hedge volatility foresaw, between two trades, trading is halted while "
        "it falls, or the cash loses value: the put is replicated, not bought"
    )


def _commission(fund: Fund) -> str:
    costs, said = fund.costs, [f"{fund.costs.commission_bps:g} bps commission"]
    if costs.commission_per_trade_money:
        said.append(f"{costs.commission_per_trade_money:,f} {fund.currency} a ticket")
    if costs.commission_per_unit_money:
        said.append(f"{costs.commission_per_unit_money:f} {fund.currency} a unit")
    if costs.commission_minimum_money:
        said.append(f"at least {costs.commission_minimum_money:,f} {fund.currency} together")
    return ", ".join(said)


def _lots(fund: Fund) -> str:
    lot = fund.lots.lot_units
    return "units are held whole" if lot == 1 else f"units are held in multiples of {lot.normalize():f}"


def _strategy_sentence(fund: Fund) -> str:
    terms = fund.strategy
    if terms.kind == "synthetic_put":
        follow = {
            "weight": "the model's weight is held on the actual value",
            "units": "the model's units are held",
            "resolve": "the strike is solved anew for today's value",
        }[terms.tracking]
        said = f"a synthetic put hedged at {fund.volatility.kind} volatility; after drift {follow}"
    elif terms.kind == "cppi":
        said = f"{terms.multiplier:g} times the cushion above a floor ({terms.floor_rule}) is held in stock"
    elif terms.kind == "tipp":
        said = f"{terms.multiplier:g} times the cushion above a floor that follows the highest value up"
    elif terms.kind == "stop_loss":
        said = "stock until the floor is touched, cash from then on"
    elif terms.kind == "constant_mix":
        said = f"{terms.weight:.0%} in stock, restored at every slot"
    elif terms.kind == "buy_and_hold":
        said = f"{terms.weight:.0%} in stock, bought once"
    elif terms.kind == "static_put":
        said = "stock with a bought put on every unit, held to the horizon"
    elif terms.kind == "hybrid":
        said = _hybrid(terms)
    else:
        said = _delta_neutral(terms)
    return f"Strategy: {said}."


def _hybrid(terms: HybridTerms) -> str:
    where = "at its strike" if terms.gap_fraction == 1.0 else f"at {terms.gap_fraction:.0%} of its strike"
    until = "" if terms.put_years is None else f", for {_years(terms.put_years)}"
    return (
        f"a put of which {terms.bought_fraction:.0%} of the units are bought {where}{until}, and the rest is "
        "replicated with stock"
    )


def _delta_neutral(terms: DeltaNeutralTerms) -> str:
    book = ", ".join(
        f"{each.kind}s at {each.strike_fraction:.0%} of the index on {each.units_fraction:.0%} of the fund's units "
        f"({'to the horizon' if each.years is None else _years(each.years)})"
        for each in terms.options
    )
    return (
        f"{book}; their delta is hedged with stock to {terms.target:g} per notional once it is {terms.tolerance:g} "
        "away, and never by selling short"
    )

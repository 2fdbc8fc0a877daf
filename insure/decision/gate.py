"""The gate: the last look before ``decided``, in the same transaction, over what surrounds the decision.

Pure, and made again from the record by ``insure verify``. A check either refuses, or asks a person; what a person may
let pass is marked ``asks``. Every check gives value, limit, head-room and a sentence, also when it passes or when
there is nothing it could apply to.

The set supports the pre-trade controls of Commission Delegated Regulation (EU) 2017/589 (RTS 6), Article 15, and of
SEC Rule 15c3-5(c); docs/guide.md says which check supports which paragraph, tests/properties/test_gate.py holds each.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from insure.decision.caps import average_volume, traded_before
from insure.decision.checks import NOT_MADE, Check, CheckUnit, at_most, reduces_risk, with_figures
from insure.decision.circumstances import Approval, Circumstances, of_before
from insure.decision.ladder import Ladder
from insure.decision.options import OptionTrade
from insure.decision.rungs import within_limits
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation
from insure.execution import planned
from insure.fund import Fund
from insure.market import Snapshot
from insure.strategy_terms import CppiTerms, TippTerms

APPROVAL_TOLERANCE = 0.10
"""A trade decided anew may be this much larger than the one that was approved, of its units."""
AHEAD_MINUTES = 2.0
"""A price may be dated this much later than our own clock: two clocks are never the same."""


def gate(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
    alone: Sequence[Check] = (),
    *,
    last_target: float | None,
) -> tuple[Check, ...]:
    """All checks over the circumstances, in the order that a report prints them, after those of the decision alone.

    Args:
        fund: whose contract sets the limits.
        snapshot: what was seen.
        valuation: before the trade.
        ladder: up to ``lots``.
        trade: in the index; None where there is none.
        options: option trades beside it.
        seen: the circumstances.
        alone: what ``pre_trade`` found; a question among it is answered here.
        last_target: of the decision before, as its model asked; None where a protection period begins with this one, so
            that its target has none before it.
    """
    sends = trade is not None or bool(options)
    checks = (
        _finite(valuation, ladder, trade, options),
        *_market(fund, snapshot, seen, sends=sends),
        *_orders(fund, snapshot, valuation, trade, options, seen),
        *_standing(fund, valuation, ladder, trade, options, seen, sends=sends),
        *_asked(fund, snapshot, valuation, ladder, trade, options, seen, last_target=last_target),
    )
    if not of_before(seen):
        checks = tuple(with_figures(check) for check in checks)
    return tuple(_answered(check, fund, trade, options, seen) for check in (*alone, *checks))


def _finite(valuation: Valuation, ladder: Ladder, trade: Trade | None, options: Sequence[OptionTrade]) -> Check:
    figures = [valuation.nav, valuation.floor, *(rung.units for rung in ladder.rungs)]
    figures += [rung.weight for rung in ladder.rungs]
    wrong = sum(not math.isfinite(figure) for figure in figures)
    for each in (*(() if trade is None else (trade,)), *(option.trade for option in options)):
        wrong += sum(not figure.is_finite() for figure in (each.units, each.price, each.value, each.cost))
    return at_most("finite figures", float(wrong), 0.0, "count", "{value:.0f} figures are not finite.")


def _market(fund: Fund, snapshot: Snapshot, seen: Circumstances, *, sends: bool) -> tuple[Check, ...]:
    return (
        _open(fund, seen, sends=sends),
        at_most(
            "price session",
            float(seen.price_sessions),
            float(fund.feed.max_age_sessions),
            "sessions",
            "The price is of {value:.0f} sessions before the slot's; at most {limit:.0f}.",
        ),
        _aged(fund, snapshot.quoted, seen, sends=sends),
    )


def _open(fund: Fund, seen: Circumstances, *, sends: bool) -> Check:
    name, limit = "market open", fund.schedule.deadline_minutes
    if not sends:
        return at_most(name, 0.0, limit, "minutes", _NOTHING)
    early = 0.0 if of_before(seen) else seen.minutes_early
    if early > 0.0:
        sentence = "Orders are sent {value:,.1f} minutes before the exchange opens; the most allowed is {limit:,.1f}."
        return at_most(name, early, 0.0, "minutes", sentence)
    sentence = "Orders are sent {value:,.1f} minutes outside the trading hours of the session; the most allowed is "
    return at_most(name, seen.minutes_outside, limit, "minutes", sentence + "{limit:,.1f}.")


def _aged(fund: Fund, quoted: dt.datetime | None, seen: Circumstances, *, sends: bool) -> Check:
    name, limit = "price age", fund.quality.max_age_minutes
    unit: CheckUnit = "minutes"
    if quoted is None and limit is not None and not of_before(seen):
        why = f"max_age_minutes is {limit:g} and the feed tells no instant of a price: a person is asked."
        return _missing(name, why, passed=not sends, asks=True)
    if quoted is None:
        return Check(name, True, 0.0, 0.0, 0.0, unit, f"{NOT_MADE}the feed tells no instant of a price.")
    age = (seen.now - quoted).total_seconds() / 60.0
    if seen.persons and not age >= -AHEAD_MINUTES:
        sentence = f"The price is dated {-age:,.1f} minutes after the clock; at most {AHEAD_MINUTES:g} are a difference"
        return Check(name, False, -age, AHEAD_MINUTES, AHEAD_MINUTES + age, unit, f"{sentence} of clocks.")
    if limit is None:
        sentence = f"The price is {age:,.1f} minutes old; the contract names no max_age_minutes, its session counts."
        return Check(name, True, age, age, 0.0, unit, sentence)
    return at_most(name, age, limit, unit, "The price is {value:,.1f} minutes old; at most {limit:,g}.")


_NOTHING = "Nothing is sent."


def _orders(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
) -> tuple[Check, ...]:
    controls = fund.controls
    trades = [each.trade for each in options] + ([] if trade is None else [trade])
    wanted = [(each.option.instrument, each.trade.units) for each in options]
    wanted += [] if trade is None else [(fund.instrument, trade.units)]
    same = sum((order.instrument, order.units) in wanted for order in seen.earlier)
    turnover = float(traded_before(seen) + sum((each.value for each in trades), Decimal(0))) / valuation.nav
    before = of_before(seen)
    reduces = reduces_risk(trade, options) and not before
    volume = snapshot.daily_volume if before else average_volume(fund, snapshot)
    traded = "With this slot {value:.2%} of the fund are traded in the session; at most {limit:.2%}."
    checks: tuple[Check, ...] = (
        at_most("duplicate reference", float(seen.taken), 0.0, "count",
                "{value:.0f} orders already have the reference of this slot."),
        at_most("duplicate content", float(same), 0.0, "count",
                "{value:.0f} orders for the same units of the same instrument were decided in this session."),
        at_most("turnover of the day", turnover if trades or before else 0.0, controls.largest_turnover_weight,
                "weight", traded if trades or before else _NOTHING, asks=reduces),
        _share_of_volume(fund, volume, trade, asks=reduces),
        _collar(fund, snapshot, trade, options, seen),
    )  # fmt: skip
    if before:
        return checks
    return (
        *checks,
        _session_orders(fund, snapshot, trade, options, seen),
        *_desk(snapshot, volume, fund, trade, options, seen),
    )


def _collar(
    fund: Fund, snapshot: Snapshot, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> Check:
    """How far a price limit lies from the decided price, and from the market that it is sent into.

    The market is the middle of bid and ask; where they are not quoted, the close before - for a purchase: a sale is not
    kept from a market that has fallen.
    """
    name, limit = "price collar", fund.controls.price_collar_bps
    unit: CheckUnit = "bps"
    own = fund.execution.price_limit_bps if trade is not None or options else 0.0
    sentence = "The price limit lies {value:g} bps from the decided price; at most {limit:g}."
    if trade is None or of_before(seen):
        return at_most(name, own, limit, unit, sentence)
    if snapshot.bid is not None and snapshot.ask is not None:
        what, market = "middle of bid and ask", (snapshot.bid + snapshot.ask) / 2
    elif snapshot.previous_price is not None and trade.units > 0:
        what, market = "close before", snapshot.previous_price
    else:
        return at_most(name, own, limit, unit, sentence)
    away = Decimal(repr(own)) / 10_000
    ordered = trade.price * (1 + away if trade.units > 0 else 1 - away)
    apart = float((ordered / market - 1) * (10_000 if trade.units > 0 else -10_000))
    if apart <= own:
        return at_most(name, own, limit, unit, sentence)
    sentence = f"The price limit lies {{value:,.0f}} bps from the {what}, {market:,f}; at most {{limit:g}}."
    return at_most(name, apart, limit, unit, sentence, asks=what == "close before")


def _session_orders(
    fund: Fund, snapshot: Snapshot, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> Check:
    name, limit = "orders of the session", float(fund.controls.largest_session_orders)
    own = _orders_sent(fund, snapshot, trade, options, seen)
    if not own:
        return at_most(name, 0.0, limit, "count", _NOTHING)
    sentence = "With this slot {value:.0f} orders are sent in the session; at most {limit:.0f}."
    return at_most(name, float(seen.session_orders + own), limit, "count", sentence, asks=reduces_risk(trade, options))


def _orders_sent(
    fund: Fund, snapshot: Snapshot, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> int:
    """Orders that the decision would be: child orders of the stock, and one for each option."""
    children = () if trade is None else planned(fund, snapshot, seen.now).children(trade.units)
    return len(options) + len(children)


def _desk(
    snapshot: Snapshot,
    volume: float | None,
    fund: Fund,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
) -> tuple[Check, ...]:
    """What all funds of the desk send in the session together: ten funds at a fifth of the volume are twice of it."""
    desk, sends, may_ask = seen.desk, trade is not None or bool(options), reduces_risk(trade, options)
    money, orders, share = ("desk money", "desk orders", "desk share of volume")
    if desk is None:
        return tuple(_off(name, "desk.toml names no limit of this kind") for name in (money, orders, share))
    limits, own = desk.limits, [each.trade for each in options] + ([] if trade is None else [trade])
    checks = []
    if limits.largest_session_money is None:
        checks.append(_off(money, "desk.toml names no largest_session_money"))
    else:
        value = float(desk.money + sum((each.value for each in own), Decimal(0))) if sends else 0.0
        sentence = "With this slot the desk trades {value:,.2f} in the session; at most {limit:,.2f}."
        checks.append(at_most(money, value, float(limits.largest_session_money), "money", sentence, asks=may_ask))
    if limits.largest_session_orders is None:
        checks.append(_off(orders, "desk.toml names no largest_session_orders"))
    else:
        count = desk.orders + _orders_sent(fund, snapshot, trade, options, seen) if sends else 0
        sentence = "With this slot the desk sends {value:.0f} orders in the session; at most {limit:.0f}."
        most = float(limits.largest_session_orders)
        checks.append(at_most(orders, float(count), most, "count", sentence, asks=may_ask))
    if limits.largest_volume_fraction is None:
        checks.append(_off(share, "desk.toml names no largest_volume_fraction"))
    elif trade is None:
        checks.append(at_most(share, 0.0, limits.largest_volume_fraction, "weight", _NOTHING))
    elif volume is None or not volume > 0.0:
        why = f"largest_volume_fraction of the desk is {limits.largest_volume_fraction:g} and no volume is known"
        checks.append(_missing(share, f"{why}: a person is asked.", asks=True))
    else:
        value = float(desk.units + abs(trade.units)) / volume
        sentence = (
            "With this slot the desk orders {value:.2%} of the average volume of 20 sessions; at most {limit:.2%}."
        )
        checks.append(at_most(share, value, limits.largest_volume_fraction, "weight", sentence, asks=may_ask))
    return tuple(checks)


def _share_of_volume(fund: Fund, volume: float | None, trade: Trade | None, *, asks: bool) -> Check:
    name, limit = "share of volume", fund.controls.largest_volume_fraction
    if volume is None:
        return Check(name, True, 0.0, limit, limit, "weight", f"{NOT_MADE}the feed tells no volume.")
    if not volume > 0.0:
        return _missing(name, f"The average volume of 20 sessions is {volume:g}.", passed=trade is None, asks=asks)
    sentence = "The order is {value:.2%} of the average volume of 20 sessions; at most {limit:.2%}."
    value = 0.0 if trade is None else abs(float(trade.units)) / volume
    return at_most(name, value, limit, "weight", sentence, asks=asks)


def _missing(name: str, sentence: str, *, passed: bool = False, asks: bool = False) -> Check:
    """A check for something that must be there, counted: none may be missing."""
    value = 0.0 if passed else 1.0
    return Check(name, passed, value, 0.0, -value, "count", sentence, asks)


def _standing(
    fund: Fund,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
    *,
    sends: bool,
) -> tuple[Check, ...]:
    controls = fund.controls
    paid = sum((each.cash for each in options), Decimal(0))
    lost = sum((each.cash + each.trade.units * each.trade.price for each in options), Decimal(0))
    if trade is not None:
        cash = trade.cash_after(Decimal(0))
        paid, lost = paid + cash, lost + cash + trade.units * trade.price
    # Of the fund after the trade: costs and the rounding to cents would else make all of it more than all of it.
    money = valuation.cash + float(paid)
    deposit = money / (valuation.nav + float(lost)) / controls.deposit_takers
    # Cash that stands, or that a purchase makes less, is no decision's fault; it is judged where it grows.
    shrinks = not sends or money <= valuation.cash
    most = max(controls.largest_deposit_weight, deposit) if shrinks else controls.largest_deposit_weight
    return (
        at_most("deposits", deposit, most, "weight",
                f"Cash of the target over {controls.deposit_takers} takers is {{value:.2%}} of the fund with each; "
                "beyond {limit:.2%} a person is asked.", asks=True),
        _contract_approved(fund, seen),
        _code_approved(seen),
        _chain(seen),
        _reconciled(fund, seen, sends=sends),
        _breaker(ladder, trade, options, seen),
    )  # fmt: skip


def _contract_approved(fund: Fund, seen: Circumstances) -> Check:
    name, agreed = "contract approved", seen.agreed
    if seen.contract_in_question:
        return _missing(name, seen.contract_in_question)
    if agreed is None:
        return _missing(name, "The contract in force is the approved one.", passed=True)
    contract = f"The contract that decides ({agreed.sha256[:12]})"
    if agreed.missing:
        people = "one person has" if agreed.missing == 1 else f"{agreed.missing} people have"
        return _missing(name, f"{contract} is not in force: {people} yet to approve it.")
    if agreed.proposal is not None and agreed.approved_sha256 == agreed.sha256:
        return _missing(name, f"{contract} is the one approved in proposal {agreed.proposal}.", passed=True)
    why = "the contract before it asked nobody"
    if fund.stage == "replay":
        why = "nobody has to approve a replay"
    elif agreed.approval == "auto":
        why = "approval = auto"
    return _missing(name, f"{contract} came into force by itself ({why}).", passed=True)


def _chain(seen: Circumstances) -> Check:
    name, known = "chain", "The last decision, its row on the chain and the ledger were read and agree"
    if seen.chain_doubt:
        return _missing(name, seen.chain_doubt)
    if of_before(seen):
        return _missing(name, f"{known}.", passed=True)
    newest = f"row {seen.chain_sequence}, the newest, is as it was written" if seen.chain_sequence else "it has no rows"
    return _missing(name, f"{known}; of the chain {newest}.", passed=True)


def _code_approved(seen: Circumstances) -> Check:
    name, approved = "code approved", seen.approved_code_sha256
    if not approved:
        return _missing(name, "Nobody has bound this fund to one state of the code.", passed=True)
    if seen.code_sha256 == approved:
        return _missing(name, f"The code in use is the approved one ({approved[:12]}).", passed=True)
    return _missing(name, f"The code in use ({seen.code_sha256[:12]}) is not the approved one ({approved[:12]}).")


def _reconciled(fund: Fund, seen: Circumstances, *, sends: bool) -> Check:
    limit = float(fund.controls.reconciliation_sessions)
    name = "reconciliation"
    unit: CheckUnit = "sessions"
    if not seen.reconciliation_wanted or not sends:
        why = _NOTHING if seen.reconciliation_wanted else "Positions on paper have nobody to be reconciled with."
        return Check(name, True, 0.0, limit, limit, unit, why)
    if seen.open_breaks:
        differences = f"{seen.open_breaks} difference{'s' if seen.open_breaks > 1 else ''}"
        return _missing(name, f"{differences} with what is held outside: open, and not explained by anybody.")
    age = seen.reconciled_sessions
    if age is None:
        return _missing(name, "Positions were never reconciled without a break.")
    return at_most(
        name, float(age), limit, unit, "Positions were reconciled {value:.0f} sessions ago; at most {limit:.0f}."
    )


def _breaker(ladder: Ladder, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances) -> Check:
    name = "breaker"
    unit: CheckUnit = "count"
    buys = bool(options) or (trade is not None and trade.units > 0)
    stops = seen.breaker in {"HALTED", "KILLED"} and (trade is not None or bool(options))
    stops = stops or (seen.breaker == "REDUCE_ONLY" and buys)
    if seen.breaker == "NORMAL":
        return Check(name, True, 0.0, 0.0, 0.0, unit, "NORMAL.")
    wanted = (
        f"{ladder['lots'].weight:.2%} in stock is wanted"
        if trade is None
        else (f"{trade.side} {abs(trade.units):,f} units is not sent" if stops else f"{trade.side} reduces the risk")
    )
    return Check(
        name, not stops, float(stops), 0.0, -float(stops), unit, f"{seen.breaker}: {seen.breaker_reason} {wanted}."
    )


def _asked(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
    *,
    last_target: float | None,
) -> tuple[Check, ...]:
    controls = fund.controls
    began = last_target is None
    checks = [_change(fund, valuation, ladder, trade, seen, last_target=last_target)]
    buys = trade is not None and trade.units > 0
    limit = controls.ask_multiple if of_before(seen) else largest_multiple(fund)
    if limit > 0.0:
        checks.append(_multiple(limit, valuation, ladder, trade))
    elif not of_before(seen):
        checks.append(_off("effective multiple", "the contract names neither ask_multiple nor gap_budget_alert"))
    if controls.ask_buy_after_fall > 0.0:
        checks.append(_after_fall(fund, snapshot, seen, counts=buys and not began))
    elif not of_before(seen):
        checks.append(_off("buying after a fall", "ask_buy_after_fall is 0"))
    if seen.approvals_wanted and (trade is not None or options):
        checks.append(_approved(seen))
    elif not of_before(seen):
        checks.append(_off("approval", "nothing is sent" if seen.approvals_wanted else "approval = auto"))
    return tuple(checks)


def _off(name: str, why: str) -> Check:
    return Check(name, True, 0.0, 0.0, 0.0, "count", f"Off: {why}.")


def largest_multiple(fund: Fund) -> float:
    """Multiple of the cushion in stock beyond which buying asks a person; 0 where the contract names no limit.

    ``ask_multiple``, where it is above 0. Else a quarter more than the rule's own multiplier, which it never buys above
    by itself: whatever does is no longer the rule. Of a strategy without one, the multiple at which an instant fall of
    ``gap_budget_alert`` reaches the floor.
    """
    strategy, alert = fund.strategy, fund.limits.gap_budget_alert
    if fund.controls.ask_multiple > 0.0:
        return fund.controls.ask_multiple
    if isinstance(strategy, CppiTerms | TippTerms):
        return 1.25 * strategy.multiplier
    return 1.0 / alert if alert > 0.0 else 0.0


def _after_fall(fund: Fund, snapshot: Snapshot, seen: Circumstances, *, counts: bool) -> Check:
    name, limit, last = "buying after a fall", fund.controls.ask_buy_after_fall, seen.last_price
    sentence = "The index fell {value:.2%} before this purchase; beyond {limit:.2%} a person is asked."
    fall = 0.0 if last is None or not counts else _fall(last, snapshot.price)
    recent = [_fall(price, snapshot.price) for _, price in seen.recent if counts]
    deepest = math.nan if any(math.isnan(each) for each in recent) else max(recent, default=0.0)
    if deepest > fall or math.isnan(deepest):
        sentence = (
            f"The index stands {{value:.2%}} below its highest of the last {len(recent)} sessions decided; beyond "
            "{limit:.2%} a person is asked."
        )
        fall = deepest
    return at_most(name, fall, limit, "weight", sentence, asks=True)


def _change(
    fund: Fund,
    valuation: Valuation,
    ladder: Ladder,
    trade: Trade | None,
    seen: Circumstances,
    *,
    last_target: float | None,
) -> Check:
    """How far a target goes: from the one before, as the contract limits both, or from what is held."""
    name, limit = "change of target", fund.controls.ask_change_weight
    held = abs(ladder["lots"].weight - valuation.weight)
    if last_target is None or trade is None:
        held = 0.0
    sentence = "The target lies {value:.2%} of the fund from what is held; beyond {limit:.2%} a person is asked."
    if last_target is None or trade is None or of_before(seen):
        return at_most(name, held, limit, "weight", sentence, asks=True)
    before = within_limits(last_target, fund.limits.lowest_weight, fund.limits.highest_weight)
    moved = abs(ladder["limits"].weight - before)
    if moved <= held:
        return at_most(name, held, limit, "weight", sentence, asks=True)
    sentence = "The target lies {value:.2%} of the fund from the one before; beyond {limit:.2%} a person is asked."
    return at_most(name, moved, limit, "weight", sentence, asks=True)


def _fall(before: Decimal, price: Decimal) -> float:
    """Of a price since another, 0 for a rise; NaN where one of them is."""
    fall = 1.0 - float(price / before)
    return max(fall, 0.0)  # in this order NaN stays


def _approved(seen: Circumstances) -> Check:
    """Whether as many people as the contract wants have approved this trade; ``_answered`` has the last word."""
    wanted, given = float(seen.approvals_wanted), 0.0
    if seen.approval is not None:
        given = float(len(seen.approval.by))
    people = "one person approves" if wanted == 1 else f"{wanted:.0f} people approve"
    return Check(
        "approval", False, given, wanted, given - wanted, "count", f"Nothing is sent until {people}.", asks=True
    )


def _multiple(limit: float, valuation: Valuation, ladder: Ladder, trade: Trade | None) -> Check:
    name, cushion = "effective multiple", valuation.cushion
    buys = trade is not None and trade.units > 0 and valuation.guarantee > 0.0
    if buys and not cushion > 0.0:
        return _missing(name, "Stock is bought without a cushion: a person is asked.", asks=True)
    sentence = "Buying leads to {value:.2f} times the cushion in stock; beyond {limit:g} a person is asked."
    multiple = ladder["lots"].weight * valuation.nav / cushion if buys else 0.0
    return at_most(name, multiple, limit, "multiple", sentence, asks=True)


def _answered(
    check: Check, fund: Fund, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> Check:
    """A check as it was, or a question with its answer: of the people who approved, or that there is nobody to ask."""
    if check.passed or not check.asks:
        return check
    if not seen.persons:
        return replace(check, passed=True, sentence=f"{check.sentence} A replay has nobody to ask: it went through.")
    approval = seen.approval
    if approval is None:
        return check
    wanted = max(1, seen.approvals_wanted)
    if not len(approval.by) >= wanted:
        doubt = f"Proposal {approval.proposal} has {len(approval.by)} of {wanted} approvals."
    else:
        doubt = beyond_approval(fund, approval, trade, options)
    if doubt:
        return replace(check, sentence=f"{check.sentence} {doubt}")
    note = f" ({approval.note})" if approval.note else ""
    return replace(check, passed=True, sentence=f"{check.sentence} Approved by {' and '.join(approval.by)}{note}.")


def beyond_approval(fund: Fund, approval: Approval, trade: Trade | None, options: Sequence[OptionTrade]) -> str:
    """Why a trade is not the one that was approved; empty where it is.

    It is decided anew at the price of the moment: the same side, at most a tenth larger, and the price inside the
    fund's own price limit around the one it was proposed at.
    """
    most = Decimal(repr(1.0 + APPROVAL_TOLERANCE))
    wanted = {each.option.instrument: each.trade.units for each in options}
    approved = dict(approval.options)
    pairs = [(wanted[name], approved.get(name, Decimal(0))) for name in wanted]
    if trade is not None:
        pairs.append((trade.units, approval.units))
        moved = abs(trade.price / approval.price - 1) * 10_000
        if not moved <= Decimal(repr(fund.execution.price_limit_bps)):
            return f"The price has moved {moved:.0f} bps since proposal {approval.proposal} was made: propose anew."
    for units, allowed in pairs:
        if not (units * allowed > 0 and abs(units) <= abs(allowed) * most):
            return f"{units:,f} units are wanted now, {allowed:,f} were approved in proposal {approval.proposal}."
    return ""

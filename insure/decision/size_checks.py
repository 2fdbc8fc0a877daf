"""The gate's checks of size: of one order, of the fund's session and of the desk's."""

from collections.abc import Sequence
from decimal import Decimal

from insure.decision.caps import average_volume, traded_before
from insure.decision.checks import NOT_MADE, NOTHING_SENT, Check, at_most, off, reduces_risk, required
from insure.decision.circumstances import Circumstances, of_before
from insure.decision.market_checks import price_collar
from insure.decision.options import OptionTrade
from insure.decision.trades import Trade
from insure.decision.valuation import Valuation
from insure.execution import planned
from insure.fund import Fund
from insure.market import Snapshot


def size_checks(
    fund: Fund,
    snapshot: Snapshot,
    valuation: Valuation,
    trade: Trade | None,
    options: Sequence[OptionTrade],
    seen: Circumstances,
) -> tuple[Check, ...]:
    """The sizes of what is sent, alone and with what was sent before. Arguments as for ``gate``."""
    controls = fund.controls
    trades = [each.trade for each in options] + ([] if trade is None else [trade])
    wanted = [(each.option.instrument, each.trade.units) for each in options]
    wanted += [] if trade is None else [(fund.instrument, trade.units)]
    before = of_before(seen)
    # A loop sends the content of one decision again and again. The next slot of a timetable is a decision of its own,
    # with its own reference, and may well want the same units: what is eased or capped goes in equal steps.
    alike = [order for order in seen.earlier if order.of_slot or before]
    same, scope = sum((order.instrument, order.units) in wanted for order in alike), "session" if before else "slot"
    turnover = float(traded_before(seen) + sum((each.value for each in trades), Decimal(0))) / valuation.nav
    reduces = reduces_risk(trade, options) and not before
    volume = snapshot.daily_volume if before else average_volume(fund, snapshot)
    traded = "With this slot {value:.2%} of the fund are traded in the session; at most {limit:.2%}."
    checks: tuple[Check, ...] = (
        at_most("duplicate reference", float(seen.taken), 0.0, "count",
                "{value:.0f} orders already have the reference of this slot."),
        at_most("duplicate content", float(same), 0.0, "count",
                f"{{value:.0f}} orders for the same units of the same instrument were decided in this {scope}."),
        at_most("turnover of the day", turnover if trades or before else 0.0, controls.largest_turnover_weight,
                "weight", traded if trades or before else NOTHING_SENT, asks=reduces),
        _share_of_volume(fund, volume, trade, asks=reduces),
        price_collar(fund, snapshot, trade, options, seen),
    )  # fmt: skip
    if before:
        return checks
    return (
        *checks,
        _session_orders(fund, snapshot, trade, options, seen),
        *_desk(snapshot, volume, fund, trade, options, seen),
    )


def _share_of_volume(fund: Fund, volume: float | None, trade: Trade | None, *, asks: bool) -> Check:
    name, limit = "share of volume", fund.controls.largest_volume_fraction
    if volume is None:
        return Check(name, True, 0.0, limit, limit, "weight", f"{NOT_MADE}the feed tells no volume.")
    if not volume > 0.0:
        return required(name, f"The average volume of 20 sessions is {volume:g}.", passed=trade is None, asks=asks)
    sentence = "The order is {value:.2%} of the average volume of 20 sessions; at most {limit:.2%}."
    value = 0.0 if trade is None else abs(float(trade.units)) / volume
    return at_most(name, value, limit, "weight", sentence, asks=asks)


def _session_orders(
    fund: Fund, snapshot: Snapshot, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> Check:
    name, limit = "orders of the session", float(fund.controls.largest_session_orders)
    own = _orders_sent(fund, snapshot, trade, options, seen)
    if not own:
        return at_most(name, 0.0, limit, "count", NOTHING_SENT)
    sentence = "With this slot {value:.0f} orders are sent in the session; at most {limit:.0f}."
    return at_most(
        name,
        float(sum(order.orders for order in seen.earlier) + own),
        limit,
        "count",
        sentence,
        asks=reduces_risk(trade, options),
    )


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
        return tuple(off(name, "desk.toml names no limit of this kind") for name in (money, orders, share))
    limits, own = desk.limits, [each.trade for each in options] + ([] if trade is None else [trade])
    checks = []
    if limits.largest_session_money is None:
        checks.append(off(money, "desk.toml names no largest_session_money"))
    else:
        value = float(desk.money + sum((each.value for each in own), Decimal(0))) if sends else 0.0
        sentence = "With this slot the desk trades {value:,.2f} in the session; at most {limit:,.2f}."
        checks.append(at_most(money, value, float(limits.largest_session_money), "money", sentence, asks=may_ask))
    if limits.largest_session_orders is None:
        checks.append(off(orders, "desk.toml names no largest_session_orders"))
    else:
        count = desk.orders + _orders_sent(fund, snapshot, trade, options, seen) if sends else 0
        sentence = "With this slot the desk sends {value:.0f} orders in the session; at most {limit:.0f}."
        most = float(limits.largest_session_orders)
        checks.append(at_most(orders, float(count), most, "count", sentence, asks=may_ask))
    if limits.largest_volume_fraction is None:
        checks.append(off(share, "desk.toml names no largest_volume_fraction"))
    elif trade is None:
        checks.append(at_most(share, 0.0, limits.largest_volume_fraction, "weight", NOTHING_SENT))
    elif volume is None or not volume > 0.0:
        why = f"largest_volume_fraction of the desk is {limits.largest_volume_fraction:g} and no volume is known"
        checks.append(required(share, f"{why}: a person is asked.", asks=True))
    else:
        value = float(desk.units + abs(trade.units)) / volume
        sentence = (
            "With this slot the desk orders {value:.2%} of the average volume of 20 sessions; at most {limit:.2%}."
        )
        checks.append(at_most(share, value, limits.largest_volume_fraction, "weight", sentence, asks=may_ask))
    return tuple(checks)

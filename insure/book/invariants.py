"""What must be true of every decision that is kept, asserted before it is and again by ``insure verify``."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from insure.book.record import Record
from insure.decision import years_between
from insure.decision.ladder import WEIGHT_TOLERANCE
from insure.fund import Fund
from insure.orders import Order

_ZERO = Decimal(0)


def violations(fund: Fund, record: Record) -> Iterator[str]:
    """Sentences, one for each law that the record breaks; none for a sound one.

    - a slot that is held or skipped trades nothing of its decision; what is sold to pay for flows that were dealt in
      it is sold all the same, and nothing else is;
    - what is sent is what was decided, and what was executed is no more than what was sent;
    - the weight after a trade is within the contract's limits, or no further outside than it was;
    - without a cushion nothing is decided but cash, where the contract says so and no options are held;
    - options are ordered as decided, and marked with the time to their expiry.
    """
    decision, trade = record.decision, record.decision.trade
    decided = [order for order in record.orders if order.trade_key.endswith(":1")]
    for_flows = [order for order in record.orders if order.instrument == fund.instrument and order not in decided]
    if decision.outcome != "OK" and (trade is not None or len(for_flows) < len(record.orders)):
        yield f"the slot ended {decision.outcome} and has orders"
    yield from _for_flows(record, for_flows)
    if sum((order.units for order in decided), _ZERO) != (_ZERO if trade is None else trade.units):
        yield "the orders sent are not the trade decided"
    if any(trade is None or not order.units * trade.units > 0 for order in decided):
        yield "an order goes another way than the trade decided"
    for order in decided:
        if order.not_before is not None and not record.due <= order.not_before < order.good_until:
            yield f"the order {order.key} is to be sent at {order.not_before} and to end at {order.good_until}"
    bought = [(order.instrument, order.units) for order in record.orders if order.instrument != fund.instrument]
    if bought != [(each.option.instrument, each.trade.units) for each in decision.option_trades]:
        yield "the orders for options are not the trades decided"
    for order in record.orders:
        done = sum((fill.units for fill in record.fills if fill.order_key == order.key), _ZERO)
        if abs(done) > abs(order.units) or done * order.units < 0:
            yield f"{done} units were executed of an order for {order.units}"
    keys = {order.key for order in record.orders}
    if any(fill.order_key not in keys for fill in record.fills):
        yield "a fill belongs to no order of the slot"
    if record.option_years != tuple(years_between(fund, record.session, one.expiry) for one in record.after.options):
        yield "the options are marked with another time to expiry than theirs"
    yield from _weight(fund, record)
    valuation, ladder = decision.valuation, decision.ladder
    if valuation is None or ladder is None or decision.outcome != "OK":
        return
    optioned = decision.holdings.options or decision.option_trades
    protects = valuation.guarantee > 0.0 and fund.limits.no_cushion == "cash" and not optioned
    if protects and not valuation.cushion > 0.0 and ladder["throttle"].units != 0.0:
        yield f"no cushion is left ({valuation.cushion:,.2f}) and {ladder['throttle'].units} units were decided"


def _for_flows(record: Record, sold: Sequence[Order]) -> Iterator[str]:
    """What is sold beside the decision is sold for flows of the slot, at most once for each, from its second leg on."""
    for leg, order in enumerate(sold, start=2):
        if not (order.units < 0 and order.key == f"{record.fund_id}:{record.session}:{record.slot}:{leg}"):
            yield f"the order {order.key} for {order.units} units is no part of the trade decided and sells for no flow"
    paying = sum(flow.money < 0 for flow in record.flows)
    if len(sold) > paying:
        yield f"{len(sold)} sales are no part of the trade decided, and {paying} flows that take money were dealt"


def _weight(fund: Fund, record: Record) -> Iterator[str]:
    valuation = record.decision.valuation
    if valuation is None or not record.fills:
        return
    equity, nav = float(record.equity), float(record.nav)
    most = max(fund.limits.highest_weight, valuation.weight) + WEIGHT_TOLERANCE
    if not equity <= most * nav:
        yield f"{equity:,.2f} of {nav:,.2f} is in stock, above the highest weight of {most:.2%}"

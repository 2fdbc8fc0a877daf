"""The section of a compliance report on executions: orders, fills, and what they cost against the paper portfolio."""

from decimal import Decimal

from insure.compliance import Causes, Executions, Facts, Judgement, OrderCost, bps
from insure.fund import Fund
from reports import filters
from reports.compliance.orders import orders
from reports.evidence import Evidence
from reports.figures import Figure, Figures, NotComputed, Value
from reports.sections import Row, Section, Table

_NO_ORDERS = "no orders in the period"
_METHOD = (
    "Shortfall: a paper portfolio that trades each order whole at the price it was decided on, without fees, minus the "
    "fund; above zero it cost the fund. What was not executed is judged at the price of the next decision, which takes "
    "it over (Perold 1988; Kissell 2013)."
)
_CAUSES = (
    ("price", "Price", "units filled × (price filled − price decided on)"),
    ("fees", "Fees", "commission + spread"),
    ("opportunity", "Opportunity", "units not filled × (price of the next decision, dividends added − decided on)"),
    ("total", "Shortfall", "price + fees + opportunity"),
)
"""Field of ``Causes``, label, formula."""


def executions(fund: Fund, facts: Facts, evidence: Evidence) -> Section:
    """Orders, fills and what they cost, and the orders one by one."""
    done, found = facts.trading, facts.executions
    judgement: Judgement = "alert" if done.unfilled_units else "kept"
    unfilled = (
        "everything was filled" if not done.unfilled_units else f"{filters.units(done.unfilled_units)} units not filled"
    )
    counted = f"{_count(done.orders, 'order')}, {_count(done.fills, 'fill')}; {unfilled}."
    said = counted if done.orders else "No orders in the period."
    return Section(
        "executions",
        "Executions",
        judgement,
        f"{said} {_cost_sentence(fund, found)}".rstrip(),
        {
            "orders": Figure("Orders", done.orders, "count", "records of the period"),
            "fills": Figure("Fills", done.fills, "count", "of these orders, later fills included"),
            "unfilled": Figure("Units not filled", done.unfilled_units, "units", "ordered \u2212 filled"),
            "bought": Figure("Bought", done.bought, "money", f"value of these fills, {fund.currency}"),
            "sold": Figure("Sold", done.sold, "money", f"value of these fills, {fund.currency}"),
            "commission": Figure("Commission", done.commission, "money", "sum of these fills"),
            "spread": Figure("Spread", done.spread, "money", "sum of these fills"),
            **_decided(fund, found),
        },
        (_table(fund, found), *((orders(fund, facts, evidence.orders),) if done.orders else ())),
        paragraphs=(" ".join((_METHOD, *_notes(fund, found))),) if found.orders or found.earlier_orders else (),
    )


def _cost_sentence(fund: Fund, found: Executions) -> str:
    if not found.orders:
        more = filters.money(found.earlier.total, fund.currency)
        return f"Shortfall of orders decided before: {more}." if found.earlier_orders else ""
    total = found.cost.total
    share = bps(total, found.value)
    so_far = " so far" if found.open else ""
    told = "" if share is None else f", {filters.figure(share, 'bps')}"
    return f"Shortfall{so_far} {filters.money(total, fund.currency)}{told}."


def _decided(fund: Fund, found: Executions) -> Figures:
    """What was decided, and which order cost most."""
    none = NotComputed(_NO_ORDERS)
    worst: Value = none if found.worst is None else _named(fund, found.worst)
    return {
        "trades": Figure("Trades decided", len(found.orders), "count", "child orders counted with their parent"),
        "decided": Figure("Value decided", found.value if found.orders else none, "money", "units × price decided on"),
        "worst": Figure("Costliest order", worst, "text", "most money, all causes"),
    }


def _named(fund: Fund, order: OrderCost) -> str:
    """An order in words: its slot, side and units, and the instrument where it is not the fund's own."""
    side = "buy" if order.decided > 0 else "sell"
    what = "" if order.instrument == fund.instrument else f" {order.instrument}"
    return f"{filters.day(order.session)} {order.slot}, {side} {filters.units(abs(order.decided))}{what}"


def _notes(fund: Fund, found: Executions) -> tuple[str, ...]:
    notes = []
    if found.open:
        value = sum((order.value * order.open_units / order.decided for order in found.open), Decimal(0))
        notes.append(
            f"Of {_count(len(found.open), 'order')}, {filters.money(value, fund.currency)} had been neither executed "
            "nor judged when the period was over: that opportunity is not in the figures."
        )
    if found.earlier_orders:
        notes.append(
            f"Decided before: what fills and prices of the period added to {_count(found.earlier_orders, 'order')} "
            "decided before it."
        )
    return tuple(notes)


def _table(fund: Fund, found: Executions) -> Table:
    worst = found.worst
    columns: tuple[str, ...] = ()
    if worst is not None:
        columns = ("All orders", "Of the value decided", "Costliest order", "Of its value")
    if found.earlier_orders:
        columns = (*columns, "Decided before")
    rows = []
    for name, label, formula in _CAUSES if columns else ():
        cells: list[Figure] = []
        if worst is not None:
            cells += _pair(name, columns[:2], found.cost, found.value, formula, found.open)
            cells += _pair(name, columns[2:4], worst.cost, worst.value, formula, (worst,) if worst.open_units else ())
        if found.earlier_orders:
            cells.append(Figure("Decided before", _money(found.earlier, name), "money", formula))
        rows.append(Row(label if name != "total" or not found.open else "Shortfall so far", tuple(cells)))
    return Table(
        f"Implementation shortfall by cause, {fund.currency}." if columns else "Implementation shortfall.",
        "Cause",
        columns,
        tuple(rows),
        f"{_NO_ORDERS.capitalize()}.",
    )


def _pair(
    name: str, columns: tuple[str, ...], cost: Causes, value: Decimal, formula: str, unjudged: tuple[OrderCost, ...]
) -> list[Figure]:
    """Money and basis points of one cause."""
    money: Decimal | NotComputed = _money(cost, name)
    share: float | NotComputed | None = bps(_money(cost, name), value)
    if name == "opportunity" and unjudged and not cost.opportunity:
        money = share = NotComputed("no later decision in the period")
    if share is None:
        share = NotComputed("what was decided was worth nothing")
    return [
        Figure(columns[0], money, "money", formula),
        Figure(columns[1], share, "bps", "of units × price decided on"),
    ]


def _money(cost: Causes, name: str) -> Decimal:
    found = {"price": cost.price, "fees": cost.fees, "opportunity": cost.opportunity, "total": cost.total}
    return found[name]


def _count(number: int, one: str) -> str:
    """``3 orders``, ``1 order``."""
    return f"{number} {one}{'' if number == 1 else 's'}"

"""Decisions with the fills that came after them: what a fund really held once its orders were carried out.

The record of a fund whose broker is outside is written before its orders are filled: it ends as it began. What the fund
held from then on follows from the rows of the chain: everything that was booked before the next decision.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import zip_longest

from insure.book.record import Record
from insure.orders import Fill

Rows = Mapping[tuple[date, str], int]
"""Sequence on the chain of the row of a slot, by its session and word."""


@dataclass(frozen=True, slots=True)
class LateFill:
    """A fill that came after its decision."""

    sequence: int
    """Of its row on the chain."""
    fill: Fill


def settled(history: Sequence[Record], rows: Rows, late: Sequence[LateFill]) -> tuple[Record, ...]:
    """Each decision as it stood before the next one, or when the last of the fills was booked.

    ``after`` and the rung ``executed`` hold what was booked until then, whichever order it was of; ``fills`` are all
    those of the decision's own orders, whenever they came. Without late fills a record is what it was.

    Args:
        history: decisions of a fund, in order.
        rows: of every slot that a decision was made at; needed where there are late fills.
        late: fills after their decision, in the order of the chain, up to the moment that is asked about.
    """
    if not late:
        return tuple(history)
    of_order: dict[str, list[Fill]] = defaultdict(list)
    for each in late:
        of_order[each.fill.order_key].append(each.fill)
    sequences = [each.sequence for each in late]
    found = []
    for record, following in zip_longest(history, history[1:]):
        begins = bisect_right(sequences, rows[record.session, record.slot])
        ends = None if following is None else bisect_left(sequences, rows[following.session, following.slot])
        booked = [each.fill for each in late[begins:ends]]
        own = [fill for order in record.orders for fill in of_order.get(order.key, ())]
        found.append(_with(record, booked, own) if booked or own else record)
    return tuple(found)


def _with(record: Record, booked: Sequence[Fill], own: Sequence[Fill]) -> Record:
    # Options are executed at once: what comes later is stock.
    after = record.after.moved(
        units=sum((fill.units for fill in booked), Decimal(0)), cash=sum((fill.cash for fill in booked), Decimal(0))
    )
    ladder = None if record.ladder is None else record.ladder.executed(after, "As filled since.")
    return replace(record, after=after, ladder=ladder, fills=(*record.fills, *own))

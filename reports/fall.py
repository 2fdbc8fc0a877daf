"""The way below the floor: from the last decision above it, each step with the index, the stock held and the loss."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book.record import Record
from insure.decision import Valuation
from reports.figures import Figure

LONGEST = 24
"""Steps that a page shows; of more, the first and the last half."""


@dataclass(frozen=True, slots=True)
class FallRow:
    """One step of the way down."""

    session: Figure
    price: Figure
    move: Figure
    stock: Figure
    """Of the fund, held over the step."""
    change: Figure
    """Of the fund over the step, before it traded again."""
    nav: Figure
    floor: Figure
    cushion: Figure


@dataclass(frozen=True, slots=True)
class Fall:
    """The steps of a period from the last decision above the floor."""

    rows: tuple[FallRow, ...]
    left_out: Figure | None
    """Steps between that are not shown; None where all are."""
    first_below: Figure
    """Session on which the floor was lost."""


def stood(record: Record, number: int) -> Valuation | None:
    """A decision's valuation against one protection period, before it traded; None where that was not in force."""
    decision = record.decision
    if decision.ended is not None and decision.memory_in is not None and decision.memory_in.period.number == number:
        return decision.ended
    if decision.valuation is not None and decision.memory is not None and decision.memory.period.number == number:
        return decision.valuation
    return None


def fall(history: Sequence[Record], number: int) -> Fall | None:
    """The way below the floor of a protection period; None where no decision stood below it.

    Args:
        history: decisions up to the event, in order, the period's own among them.
        number: of the period.
    """
    own = [(record, seen) for record in history if (seen := stood(record, number)) is not None]
    below = next((place for place, (_, seen) in enumerate(own) if seen.guarantee > 0.0 and seen.cushion < 0.0), None)
    if below is None:
        return None
    steps = own[max(below - 1, 0) :]
    rows = [_step(before, now, seen) for (before, _), (now, seen) in itertools.pairwise(steps)]
    left = max(len(rows) - LONGEST, 0)
    if left:
        rows = [*rows[: LONGEST // 2], *rows[-LONGEST // 2 :]]
    first = own[below][0]
    return Fall(
        tuple(rows),
        Figure("Steps between", left, "count", "decisions of the period, not shown") if left else None,
        Figure("First below the floor", first.session, "date", "first decision that found the fund below its floor"),
    )


def _step(before: Record, now: Record, seen: Valuation) -> FallRow:
    then, price = before.decision.snapshot.price, now.decision.snapshot.price
    record = f"record of {now.session}, {now.slot}"
    return FallRow(
        Figure("Session", now.session, "date", record),
        Figure("Index", price, "price", record),
        Figure("Move", float(price / then) - 1.0, "change", "index / index at the decision before − 1"),
        Figure("In stock", float(before.equity / before.nav), "weight", "after the decision before"),
        Figure("Change of the fund", seen.nav - float(before.nav), "gain", "value − value after the decision before"),
        Figure("Value", seen.nav, "money", "before the trade"),
        Figure("Floor", seen.floor, "money", "of the strategy"),
        Figure("Cushion", seen.cushion, "gain", "value − floor"),
    )

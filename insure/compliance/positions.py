"""What a fund holds after a decision, position by position: exact money that adds up to its net asset value."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.book.record import Record
from insure.decision.options import marked
from insure.money import money, quantity


@dataclass(frozen=True, slots=True)
class Position:
    """One thing that a fund holds."""

    kind: Literal["index", "cash", "option"]
    instrument: str
    """As it stands on orders; the word cash for cash."""
    units: Decimal | None
    """Below zero where options were sold; None for cash."""
    price: Decimal | None
    """Of one unit: the index as it was seen, an option at its mark to the millionth; None for cash."""
    value: Decimal
    """Money."""


def positions(record: Record, instrument: str) -> tuple[Position, ...]:
    """Index, cash and each option after the trade of a settled record, valued at the market of its decision.

    The values add up to ``record.nav`` exactly. Options are marked together, to the cent of them all: each value is
    what the sum to the cent gains with it, within a cent of the option's own mark.

    Args:
        record: the decision.
        instrument: name of the index, as the fund file has it.
    """
    seen, legs = record.decision.snapshot, record.option_legs
    found = [
        Position("index", instrument, record.after.units, seen.price, record.equity),
        Position("cash", "cash", None, None, record.after.cash),
    ]
    before = Decimal(0)
    for place, (option, leg) in enumerate(zip(record.after.options, legs, strict=True), start=1):
        together = money(marked(legs[:place], seen).value)
        one = quantity(marked((leg._replace(units=1.0),), seen).value)
        found.append(Position("option", option.instrument, option.units, one, together - before))
        before = together
    return tuple(found)

"""What of a decision is not executed: as JSON, and as a statement on the chain."""

import datetime as dt
from collections.abc import Mapping

from insure.book import Book, Record
from insure.carried_deficit import deficit_of
from insure.execution import Deficit
from insure.execution.deficit import sentence
from insure.fund import Fund

KIND = "deficit"
"""Of the statement on the chain."""


def figures(deficit: Deficit | None) -> dict[str, object] | None:
    """As JSON."""
    if deficit is None:
        return None
    return {
        "units": deficit.units,
        "kind": "protection" if deficit.protects else "purchase",
        "value": deficit.value,
        "weight": deficit.weight,
        "years_to_next_slot": deficit.years,
        "expected_shortfall": deficit.shortfall,
        "premium": deficit.premium,
        "losses": [{"fall": fall, "loss": loss} for fall, loss in deficit.losses],
    }


def content(record: Record, deficit: Deficit, currency: str) -> Mapping[str, str]:
    """The statement about a deficit that a decision left."""
    return {
        "slot": f"{record.session}:{record.slot}",
        "units": f"{deficit.units:f}",
        "value": f"{deficit.value:.2f}",
        "expected_shortfall": f"{deficit.shortfall:.2f}",
        "sentence": sentence(deficit, currency),
    }


def state_deficit(book: Book, fund: Fund, now: dt.datetime) -> str:
    """State what the last decision left undone, once nothing of it is under way any more; the sentence, or nothing.

    Nothing is stated twice; a fill that comes late changes the units, and with them the statement.
    """
    if book.open_orders(fund.id):
        return ""
    standing = book.standing(fund.id)
    record = standing.last
    if record is None or record.decision.trade is None:
        return ""
    deficit = deficit_of(fund, record, standing.holdings.units, now)
    said = book.statements((KIND,), fund.id, last=1)
    key = f"{record.session}:{record.slot}"
    before = said[-1].content["units"] if said and said[-1].content["slot"] == key else ""
    if deficit is None or f"{deficit.units:f}" == before:
        return ""
    return book.state(KIND, fund.id, now, content(record, deficit, fund.currency)).sentence

"""Overrides: a person's word against the rule, for one slot, with a reason.

An override changes what is wanted and nothing else: the limits of the contract, the gate and whoever has to approve
stand after it as they stand after the rule.
"""

from collections.abc import Sequence

from insure.book import Statement
from insure.controls.people import spoken
from insure.decision import Override
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.slots import Slot

KINDS = ("override",)


def in_force(said: Sequence[Statement], slot_key: str) -> Override | None:
    """The override of one slot, the last where several were given; None where nobody gave one.

    Args:
        said: statements of ``KINDS`` about the fund, in order.
        slot_key: ``session:slot``; a held slot that is taken up again keeps its override.
    """
    for one in reversed(said):
        if slot_key == one.content["slot"] or slot_key.startswith(f"{one.content['slot']}."):
            weight = one.content["weight"]
            return Override(one.sequence, one.by, one.content["reason"], float(weight) if weight else None)
    return None


def content(fund: Fund, slot: Slot, weight: float | None, by: str, reason: str) -> dict[str, str]:
    """The content of an override.

    Args:
        fund: whose limits it stays inside.
        slot: for which alone it stands.
        weight: equity weight wanted instead, a fraction of NAV; None for no trade at all.
        by: who; as ``people.speaker`` writes it.
        reason: in words.

    Raises:
        InvalidInput: the weight lies outside the limits of the contract, or no reason is given.
    """
    lowest, highest = fund.limits.lowest_weight, fund.limits.highest_weight
    if weight is not None and not lowest <= weight <= highest:
        raise InvalidInput(f"weight is {weight!r}; the contract of {fund.id} allows {lowest:g} to {highest:g}.")
    said = spoken("reason", reason)
    wanted = "no trade" if weight is None else f"{weight:.2%} in stock"
    return {
        "slot": slot.key,
        "session": slot.session.isoformat(),
        "weight": "" if weight is None else repr(weight),
        "by": by,
        "reason": said,
        "sentence": f"{by} overrides the rule of {fund.id} with {wanted}, for the slot {slot.key} alone: {said}",
    }

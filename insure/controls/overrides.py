"""Overrides: a person's word against the rule, for one slot, with a reason.

An override changes what is wanted and nothing else: the limits of the contract, the gate and whoever has to approve
stand after it as they stand after the rule. Where a contract wants people to approve, an override is first a proposal,
and its row is written once they have, before its slot; without them the rule decides.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from insure.book import Statement
from insure.controls.people import spoken
from insure.decision import Override
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.slots import Slot

KINDS = ("override", "withdrawal")
AHEAD = 10
"""Sessions that an override may be given ahead, where its slot is not the next."""


def in_force(said: Sequence[Statement], slot_key: str) -> Override | None:
    """The override of one slot, the last where several were given; None where nobody gave one, or it was taken back.

    Args:
        said: statements of ``KINDS`` about the fund, in order.
        slot_key: ``session:slot``; a held slot that is taken up again keeps its override.
    """
    for one in reversed(said):
        if slot_key == one.content["slot"] or slot_key.startswith(f"{one.content['slot']}."):
            if one.kind == "withdrawal":
                return None
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


def proposed(
    given: Mapping[str, str], fund: Fund, slot: Slot, wanted: int, note: str, now: dt.datetime
) -> dict[str, str]:
    """The content of a proposal that an override takes effect.

    Args:
        given: the override's own ``content``.
        fund: the contract in force.
        slot: before which people must have approved.
        wanted: how many, whoever gives it included.
        note: what must be said of the people; empty for nothing.
        now: the clock.

    Raises:
        InvalidInput: the slot is due already, and others would have to approve.
    """
    if wanted > 1 and now > slot.at:
        raise InvalidInput(
            f"{wanted} people must approve an override of {fund.id} before its slot; {slot.key} was due at "
            f"{slot.at:%Y-%m-%d %H:%M} UTC. The rule decides."
        )
    expires = max(slot.at, now)
    people = "one person" if wanted == 1 else f"{wanted} people"
    return {
        **given,
        "subject": "override",
        "config_sha256": fund.config_sha256,
        "wanted": str(wanted),
        "note": note,
        "expires": expires.isoformat(),
        "sentence": (
            f"{given['sentence'].rstrip('.')}. It wants {people} by {expires:%Y-%m-%d %H:%M} UTC"
            f"{f' ({note})' if note else ''}; without them the rule decides."
        ),
    }


def approved(number: int, proposal: Mapping[str, str], people: Sequence[str]) -> dict[str, str]:
    """The content of an override that people have approved.

    Args:
        number: of its proposal.
        proposal: the proposal's content.
        people: who approved.
    """
    weight = proposal["weight"]
    wanted = f"{float(weight):.2%} in stock" if weight else "no trade"
    return {
        **{key: proposal[key] for key in ("slot", "session", "weight", "by", "reason")},
        "proposal": str(number),
        "sentence": (
            f"{proposal['by']} overrides the rule with {wanted}, for the slot {proposal['slot']} alone, approved by "
            f"{' and '.join(people)}: {proposal['reason']}"
        ),
    }


def withdrawn(one: Statement, by: str, reason: str) -> dict[str, str]:
    """The content of an override's withdrawal; arguments as for ``content``."""
    said = spoken("reason", reason)
    slot = one.content["slot"]
    return {
        "override": str(one.sequence),
        "slot": slot,
        "session": one.content["session"],
        "by": by,
        "reason": said,
        "sentence": f"{by} takes override {one.sequence} of the slot {slot} back, the rule decides: {said}",
    }

"""Overrides: a person's word against the rule, for one slot, with a reason."""

from collections.abc import Sequence

from insure.book import Statement
from insure.decision import Override

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

"""Which contract is in force: the one last decided under, or the one that people have approved since.

A fund file is a proposal where the contract in force wants people to approve; whatever the file itself says of
approval, it is the contract in force that is asked.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book import Statement
from insure.book.agreements import DecidedUnder
from insure.book.verify import contract_of
from insure.contract_diff import changes
from insure.controls.approvals import LONGEST, NO_SECOND, Proposal, alone, proposals, voices
from insure.decision.circumstances import Agreed
from insure.fund import Fund


@dataclass(frozen=True, slots=True)
class Agreement:
    """A fund file beside what is in force."""

    file: Fund
    in_force: Fund | None
    """None before the first decision and the first approval."""
    wanted: int
    """People who must approve that the file takes effect; 0 where it does by itself, or already has."""
    note: str = ""
    """ "no second person", where two were wanted and the desk has one."""

    @property
    def runs(self) -> Fund:
        """The contract to decide under; of a first contract that nobody has approved no slot is decided."""
        return self.file if self.in_force is None or not self.wanted else self.in_force

    @property
    def question(self) -> str:
        """Why the file may not be decided on, in one sentence; empty where it may."""
        if not self.wanted:
            return ""
        people = "one person" if self.wanted == 1 else f"{self.wanted} people"
        first = "This is the first contract of" if self.in_force is None else "Another contract is in force of"
        return (
            f"{first} {self.file.id}; {self.file.config_sha256[:12]} waits for {people}: approve it with "
            f"`insure approve --contract {self.file.id} --by NAME`."
        )


def agreement(file: Fund, last: DecidedUnder | None, said: Sequence[Statement], people: Sequence[str]) -> Agreement:
    """What a fund file amounts to.

    Args:
        file: the contract as the file has it.
        last: the contract of the fund's last decision; None before the first.
        said: proposals about contracts of the fund with what was said to them.
        people: who may approve at the desk.

    A replay lives on history and moves nothing: from one replay contract to another nobody is asked. The first contract
    that is more than a replay is a first contract.
    """
    in_force = _in_force(file, last, said)
    if in_force is not None and in_force == file:
        return Agreement(file, in_force, 0)
    replayed = in_force is None or in_force.stage == "replay"
    if replayed and file.stage == "replay":
        return Agreement(file, in_force, 0)
    asked = [file.controls] if in_force is None else [in_force.controls]
    if replayed and in_force is not None:
        asked.append(file.controls)
    strictest = max(asked, key=lambda controls: voices(controls, people))
    note = NO_SECOND if alone(strictest, people) else ""
    return Agreement(file, in_force, voices(strictest, people), note)


def agreed(
    fund: Fund, last: DecidedUnder | None, said: Sequence[Statement], people: Sequence[str], *, same: bool
) -> Agreed:
    """What stands behind the contract that is decided under.

    Args:
        fund: the contract that decides.
        last: the contract of the fund's last decision; None before the first.
        said: proposals about contracts of the fund with what was said to them.
        people: who may approve at the desk.
        same: whether the last decision was made under this very contract, and nobody has proposed another.
    """
    newest = _newest(said)
    return Agreed(
        sha256=fund.config_sha256,
        approved_sha256="" if newest is None else newest.binds_to,
        proposal=None if newest is None else newest.number,
        approval=fund.controls.approval,
        missing=0 if same else agreement(fund, last, said, people).wanted,
    )


def _newest(said: Sequence[Statement]) -> Proposal | None:
    """The contract that people agreed to last."""
    found = [one for one in proposals(said) if one.subject == "contract" and _agreed(one)]
    return max(found, key=lambda one: one.settled, default=None)


def _in_force(file: Fund, last: DecidedUnder | None, said: Sequence[Statement]) -> Fund | None:
    newest = _newest(said)
    if newest is not None and (last is None or newest.settled > last.sequence):
        return file if newest.binds_to == file.config_sha256 else contract_of(newest.content["effective"])
    if last is None or last.config_sha256 == file.config_sha256:
        return None if last is None else file
    return contract_of(last.effective)


def _agreed(one: Proposal) -> bool:
    return not one.rejected_by and len(one.by) >= one.wanted


def contract_proposal(found: Agreement, now: dt.datetime) -> dict[str, str]:
    """The content of a proposal that the file takes effect; the whole contract is in it, for it binds to its hash.

    Of a contract that is in force already it asks whether that is right: nothing changes by it but that people have
    said so, which the phases from pilot on ask for.
    """
    file, before = found.file, found.in_force
    people = "one person" if found.wanted == 1 else f"{found.wanted} people"
    expires = now + LONGEST
    what = "as it is in force"
    if before is None:
        what = "the first contract"
    elif before != file:
        what = f"{len(changes(before.effective(), file.effective()))} changed keys from {before.config_sha256[:12]}"
    return {
        "subject": "contract",
        "config_sha256": file.config_sha256,
        "before_sha256": "" if before is None else before.config_sha256,
        "effective": file.effective(),
        "wanted": str(found.wanted),
        "note": found.note,
        "expires": expires.isoformat(),
        "sentence": (
            f"Contract {file.config_sha256[:12]} of {file.id} ({what}) waits for {people} until "
            f"{expires:%Y-%m-%d %H:%M} UTC{f' ({found.note})' if found.note else ''}."
        ),
    }


def proposed(said: Sequence[Statement], config_sha256: str) -> Proposal | None:
    """The newest proposal of one contract, whatever became of it."""
    of_it = [one for one in proposals(said) if one.subject == "contract" and one.binds_to == config_sha256]
    return of_it[-1] if of_it else None


def contract_approval(file: Fund, said: Sequence[Statement]) -> int | None:
    """Sequence of the proposal in which people agreed to a fund file, where it is the newest that they agreed to."""
    newest = _newest(said)
    return None if newest is None or newest.binds_to != file.config_sha256 else newest.number


def code_approval(said: Sequence[Statement]) -> int | None:
    """Sequence of the newest proposal about code that people agreed to; ``said`` as for ``code_approved``."""
    newest = _newest_code(said)
    return None if newest is None else newest.number


def _newest_code(said: Sequence[Statement]) -> Proposal | None:
    agreed = [one for one in proposals(said) if one.subject == "code" and _agreed(one)]
    return max(agreed, key=lambda one: one.settled, default=None)


def code_approved(said: Sequence[Statement]) -> str:
    """Hash of the code that people have bound a fund to, the newest; empty where nobody has.

    Args:
        said: proposals about code of the fund with what was said to them.
    """
    newest = _newest_code(said)
    return "" if newest is None else newest.binds_to


def code_proposal(fund: Fund, code_sha256: str, people: Sequence[str], now: dt.datetime) -> dict[str, str]:
    """The content of a proposal that a fund is decided by one state of the code alone."""
    wanted = max(1, voices(fund.controls, people))
    note = NO_SECOND if alone(fund.controls, people) else ""
    expires = now + LONGEST
    who = "one person" if wanted == 1 else f"{wanted} people"
    return {
        "subject": "code",
        "code_sha256": code_sha256,
        "wanted": str(wanted),
        "note": note,
        "expires": expires.isoformat(),
        "sentence": (
            f"{fund.id} is decided by the code {code_sha256[:12]} alone, once {who} approve"
            f"{'s' if wanted == 1 else ''}{f' ({note})' if note else ''}."
        ),
    }

"""What a person's word against the rule came to: the fund's rule lived on without it, beside the fund.

A word is a place where people moved a fund off its rule: an *override*, or an *answer* to a question that the gate
asked - a no, a silence, or a yes that came later than the question. Words count in the order they took effect. Path j
holds words 1 to j as they were and puts the rule in place of every later one: an override is left out, a question goes
through unasked. All paths live the recorded moments, markets and flows, on paper at the contract's costs. What word j
has earned is path j less path j - 1; the last path is the fund on paper and the first its rule alone, so the figures of
all words add up to the fund less the fund that nobody ever touched (tests/properties/test_words.py, to the cent where
the fund is executed on paper).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from insure.book.record import Record
from insure.controls.approvals import Proposal, asks, became, carried_out
from insure.controls.walking import Contracts, Deciding, Step, walked
from insure.decision import Decision, Holdings, Memory, Ordered, Override, decide
from insure.errors import BookError, InsureError
from insure.fund import Fund

Kind = Literal["override", "answer"]
Key = int | str
"""Of a word: the sequence of an override's row, or ``session:slot`` of the slot that asked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One word of people, and what became of it."""

    kind: Kind
    row: int
    """Sequence on the chain: of the override, or of the proposal that was answered."""
    session: dt.date
    slot: str
    """Where it first stood against the rule."""
    by: str
    """Who; empty where nobody answered."""
    reason: str
    wanted: float | None
    """Weight that an override wanted; None for no trade, and for an answer."""
    answer: str
    """What people did, in words; empty for an override."""
    instead: str
    """What was done instead of the rule, or what the rule would have done instead of the answer."""
    upto: dt.date
    """Session of the last decision that the figures know of."""
    earned: Decimal | None
    """Money to date: path with the word less path without; below zero a loss. None where a path cannot be lived."""
    nav_with: Decimal | None
    nav_without: Decimal | None
    units_with: Decimal | None
    """Of the index, held at the end of the path."""
    units_without: Decimal | None
    failed: str = ""
    """Why there is no figure; empty where there is one."""

    def figures(self) -> dict[str, object]:
        """As JSON: exact money as text."""
        own: dict[str, object] = {"weight": self.wanted} if self.kind == "override" else {"answer": self.answer}
        return {
            "sequence": self.row,
            "slot": f"{self.session}:{self.slot}",
            "by": self.by,
            "reason": self.reason,
            **own,
            "instead": self.instead,
            "upto": self.upto.isoformat(),
            "earned": _text(self.earned),
            "nav_with": _text(self.nav_with),
            "nav_without": _text(self.nav_without),
            "units_with": _text(self.units_with),
            "units_without": _text(self.units_without),
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True)
class _Word:
    place: int
    """Of the first record that it stood in."""
    key: Key
    override: Override | None = None
    """None for an answer."""


@dataclass(frozen=True, slots=True)
class _Lived:
    """A path, as far as it could be lived."""

    steps: tuple[Step, ...]
    failed: str = ""


def cost_of(
    records: Sequence[Record],
    contracts: Mapping[str, Fund],
    proposals: Sequence[Proposal] = (),
    *,
    answers_since: dt.date = dt.date.min,
) -> tuple[Judged, ...]:
    """Every word of people among the decisions of a fund, with the money that it earned or lost to the last of them.

    Args:
        records: decisions of one fund as they followed each other, none left out from the first word on.
        contracts: the contracts they were made under, by hash.
        proposals: for trades of the fund, with what people said to them: who answered, and why.
        answers_since: answers before this session are kept as they were, and not measured: a fund that asks every day
            has a word every day, and each is a path to the end.

    Returns:
        The words in the order they took effect; one whose path cannot be lived to the end has no figure, and says why.

    Raises:
        BookError: a contract is missing.
    """
    of = _contracts(contracts)
    words = _words(records)
    wanted = [
        number
        for number, word in enumerate(words)
        if word.override is not None or records[word.place].session >= answers_since
    ]
    if not wanted:
        return ()
    begun = words[wanted[0]].place
    records = records[begun:]
    for record in records:
        of(record)
    keys = tuple(word.key for word in words)
    fund = _lived(records, of, frozenset(keys))
    paths = {len(words): fund}
    for number in sorted({*wanted, *(number + 1 for number in wanted)} - {len(words)}):
        paths[number] = _branch(records, of, frozenset(keys[:number]), fund, words[number].place - begun)
    answered = {one.slot: one for one in proposals}
    ran = {_key(record): record for record in records if record.decision.outcome == "OK"}
    found = []
    for number in wanted:
        word = words[number]
        record, upto = records[word.place - begun], records[-1].session
        if word.override is not None:
            told = _override_told(word.override, record, upto)
        else:
            told = _answer_told(record, upto, answered.get(_key(record)), ran)
        found.append(_measured(told, paths[number + 1], paths[number]))
    return tuple(found)


def rule_path(
    records: Sequence[Record], contracts: Mapping[str, Fund], kept: frozenset[Key] = frozenset()
) -> tuple[Step, ...]:
    """The path of the rule from the first of some records on, every word left out but those that are ``kept``.

    Raises:
        InvalidInput: the path cannot pay a flow that the fund has paid.
    """
    return tuple(walked(records, _contracts(contracts), _deciding(kept)))


def words_of(records: Sequence[Record]) -> tuple[Key, ...]:
    """The words of people among decisions, in the order they took effect."""
    return tuple(word.key for word in _words(records))


def _words(records: Sequence[Record]) -> list[_Word]:
    found: list[_Word] = []
    known: set[int] = set()
    for place, record in enumerate(records):
        override = _override(record)
        if override is not None and override.sequence not in known:
            known.add(override.sequence)
            found.append(_Word(place, override.sequence, override))
        if asks(record.decision):
            found.append(_Word(place, _key(record)))
    return found


def _lived(records: Sequence[Record], of: Contracts, kept: frozenset[Key], after: Step | None = None) -> _Lived:
    steps: list[Step] = []
    try:
        for step in walked(records, of, _deciding(kept), after=after):
            steps.append(step)  # noqa: PERF402 - the steps before a failure are those that others branch off from
    except InsureError as error:
        return _Lived(tuple(steps), str(error))
    return _Lived(tuple(steps))


def _branch(records: Sequence[Record], of: Contracts, kept: frozenset[Key], fund: _Lived, place: int) -> _Lived:
    """The path that is the fund's own up to a place, where the first word that is not kept stands."""
    if not place:
        return _lived(records, of, kept)
    if len(fund.steps) < place:
        return fund
    return _lived(records[place:], of, kept, fund.steps[place - 1])


def _measured(told: Judged, with_it: _Lived, without: _Lived) -> Judged:
    failed = with_it.failed or without.failed
    if failed:
        return replace(told, failed=failed)
    last, other = with_it.steps[-1], without.steps[-1]
    return replace(
        told,
        earned=last.nav - other.nav,
        nav_with=last.nav,
        nav_without=other.nav,
        units_with=last.holdings.units,
        units_without=other.holdings.units,
    )


def _override_told(override: Override, record: Record, upto: dt.date) -> Judged:
    instead = "no trade" if override.weight is None else f"{override.weight:.2%} in stock"
    return _unmeasured("override", override.sequence, record, upto, override.by, override.reason, instead,
                       wanted=override.weight)  # fmt: skip


def _answer_told(record: Record, upto: dt.date, one: Proposal | None, ran: Mapping[str, Record]) -> Judged:
    instead = _would(record.decision)
    if one is None:
        return _unmeasured("answer", 0, record, upto, "", "", instead)
    done, by = became(one, ran), one.rejected_by or " and ".join(one.by)
    answer: str = done
    if done == "rejected":
        answer = f"rejected by {by}"
    elif done == "carried out":
        minutes = (ran[carried_out(one, ran)].written - record.written).total_seconds() / 60.0
        answer = f"approved by {by}, carried out {minutes:,.0f} min later"
    elif done == "approved, not carried out":
        answer = f"approved by {by}, not carried out"
    elif by:
        answer = f"unanswered: {by} alone approved"
    return _unmeasured("answer", one.number, record, upto, by, one.said, instead, answer=answer)


def _unmeasured(
    kind: Kind,
    row: int,
    record: Record,
    upto: dt.date,
    by: str,
    reason: str,
    instead: str,
    *,
    wanted: float | None = None,
    answer: str = "",
) -> Judged:
    return Judged(
        kind=kind, row=row, session=record.session, slot=record.slot, by=by, reason=reason, wanted=wanted,
        answer=answer, instead=instead, upto=upto, earned=None, nav_with=None, nav_without=None, units_with=None,
        units_without=None,
    )  # fmt: skip


def _would(decision: Decision) -> str:
    """What a decision that asked would have done."""
    trade = decision.withheld
    said = [] if trade is None else [f"{trade.side} {abs(trade.units):f} at {trade.price.normalize():f}"]
    said += [
        f"{each.trade.side} {abs(each.trade.units):f} {each.option.instrument}" for each in decision.withheld_options
    ]
    return ", ".join(said)


def _override(record: Record) -> Override | None:
    seen = record.decision.circumstances
    return None if seen is None else seen.override


def _key(record: Record) -> str:
    return f"{record.session}:{record.slot}"


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _contracts(contracts: Mapping[str, Fund]) -> Contracts:
    def of(record: Record) -> Fund:
        sha = record.decision.config_sha256
        if sha not in contracts:
            raise BookError(f"The contract {sha[:12]} of {record.fund_id} is missing.")
        return contracts[sha]

    return of


def _deciding(kept: frozenset[Key]) -> Deciding:
    """What a path decides at a recorded moment, on its own holdings.

    Where it would ask, it waits as the fund waited if that answer is kept; else it goes through, for the rule has
    nobody to ask.
    """

    def deciding(
        fund: Fund, record: Record, holdings: Holdings, memory: Memory | None, earlier: tuple[Ordered, ...]
    ) -> Decision:
        snapshot, seen = record.decision.snapshot, record.decision.circumstances
        if seen is None:
            return decide(fund, holdings, memory, snapshot)
        override = seen.override if seen.override is not None and seen.override.sequence in kept else None
        own = replace(seen, override=override, approval=None, earlier=earlier, taken=0)
        found = decide(fund, holdings, memory, snapshot, own)
        if not asks(found) or _key(record) in kept:
            return found
        return decide(fund, holdings, memory, snapshot, replace(own, persons=False))

    return deciding

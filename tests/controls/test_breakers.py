"""Breakers: whatever is said, by whomever, in whatever order, automata move them downwards only."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from insure.book import Statement
from insure.controls.breakers import (
    ACCEPTED,
    ACCEPTED_AT_WORST,
    KINDS,
    WORSE,
    BreakerStanding,
    halting,
    killed_content,
    latched,
    lifted_flags,
    lifting,
    moving,
    standing,
    tripped_content,
)
from insure.controls.kill_flag import Flag
from insure.controls.trips import WORST, Trip
from insure.decision import Breaker
from insure.decision.circumstances import BREAKERS
from insure.errors import BookError, InvalidInput, NothingDue

START = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)
PEOPLE = ("Ada", "Ben", "Cleo")
MILDER = BREAKERS[:-1]


def grave(state: Breaker) -> int:
    return BREAKERS.index(state)


def said(kind: str, fund_id: str, number: int, content: Mapping[str, str], at: dt.datetime = START) -> Statement:
    return Statement(number, at, fund_id, kind, MappingProxyType(dict(content)))


def trip(to: Breaker = "REDUCE_ONLY", case: str = "slippage", severity: float = 2.0) -> Trip:
    return Trip("chain failure" if to == "HALTED" else "slippage", to, case, severity, f"{case} is {severity}.")


contents = st.fixed_dictionaries(
    {"sentence": st.just("said")},
    optional={
        "state": st.sampled_from(BREAKERS),
        "by": st.sampled_from(["", "Ada", "Ben"]),
        "first": st.sampled_from(["", "Ada", " ada ", "Ben"]),
        "second": st.sampled_from(["", "Ada", "ADA", "Ben"]),
    },
)
anything = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["", "one", "two"]), contents), max_size=25)


@settings(max_examples=400)
@given(anything)
def test_of_any_rows_automata_move_downwards_and_only_two_people_leave_killed(
    rows: list[tuple[str, str, dict[str, str]]],
) -> None:
    made = [said(kind, fund_id, number, content) for number, (kind, fund_id, content) in enumerate(rows, start=1)]
    for fund_id in ("", "one"):
        for end in range(len(made)):
            before, after = latched(made[:end], fund_id).state, latched(made[: end + 1], fund_id).state
            last = made[end]
            if last.fund_id != fund_id:
                assert after == before, "a row of another fund moved this breaker"
            elif not last.by or last.kind == "kill":
                assert grave(after) >= grave(before), f"{last} of an automaton moved {before} up to {after}"
            if before == "KILLED" and after != "KILLED":
                first, second = (last.content.get(name, "").strip().casefold() for name in ("first", "second"))
                assert last.kind == "lift", f"{last} left KILLED"
                assert first, "nobody left KILLED"
                assert second, "one person left KILLED"
                assert first != second, "one person left KILLED"
        graver = max((latched(made, each).state for each in ("", fund_id)), key=grave)
        assert standing(made, fund_id).state == graver


class Desk(RuleBasedStateMachine):
    """Two funds and a desk, whose breakers are moved as the product moves them."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Statement] = []
        self.now = START
        self.state: dict[str, Breaker] = {"": "NORMAL", "one": "NORMAL", "two": "NORMAL"}

    def say(self, kind: str, fund_id: str, content: Mapping[str, str]) -> None:
        self.said.append(said(kind, fund_id, len(self.said) + 1, content, self.now))

    @rule(seconds=st.integers(1, 60 * 60 * 24 * 20))
    def time_passes(self, seconds: int) -> None:
        self.now += dt.timedelta(seconds=seconds)

    @rule(
        fund_id=st.sampled_from(["", "one", "two"]),
        to=st.sampled_from(["REDUCE_ONLY", "HALTED"]),
        case=st.sampled_from(["slippage", "gap budget"]),
        severity=st.floats(1.0, 100.0),
    )
    def something_trips(self, fund_id: str, to: Breaker, case: str, severity: float) -> None:
        found = moving(self.said, fund_id, [trip(to, case, severity)], self.now)
        if grave(to) <= grave(self.state[fund_id]):
            assert found is None, f"{to} moves nothing that stands at {self.state[fund_id]}"
        if found is None:
            return
        self.say("breaker", fund_id, tripped_content(found, self.state[fund_id]))
        self.state[fund_id] = to

    @rule(fund_id=st.sampled_from(["", "one", "two"]), by=st.sampled_from(["", *PEOPLE]))
    def somebody_kills(self, fund_id: str, by: str) -> None:
        flag = Flag(fund_id, f"{self.now.isoformat()}/{len(self.said)}", by, "a reason")
        self.say("kill", fund_id, killed_content(flag))
        self.state[fund_id] = "KILLED"

    @rule(
        fund_id=st.sampled_from(["", "one", "two"]),
        to=st.sampled_from(BREAKERS),
        people=st.lists(st.sampled_from([*PEOPLE, "ada", " BEN "]), max_size=2),
    )
    def people_lift(self, fund_id: str, to: Breaker, people: list[str]) -> None:
        own = latched(self.said, fund_id)
        different = {name.strip().casefold() for name in people}
        enough = len(different) == len(people) and len(people) >= (2 if own.state == "KILLED" else 1)
        try:
            wanted = lifting(own, to, people, "looked at", PEOPLE, "a flag")
        except NothingDue:
            assert own.state == "NORMAL"
            return
        except InvalidInput:
            assert not enough or grave(to) >= grave(own.state)
            return
        assert enough, f"{people} lifted {own.state}"
        assert grave(to) < grave(own.state)
        self.say(wanted.kind, fund_id, wanted.content)
        self.state[fund_id] = to

    @precondition(lambda self: any(state != "NORMAL" for state in self.state.values()))
    @rule(fund_id=st.sampled_from(["", "one", "two"]), to=st.sampled_from(BREAKERS))
    def an_automaton_pretends_to_lift(self, fund_id: str, to: Breaker) -> None:
        if grave(to) < grave(self.state[fund_id]):
            self.say("breaker", fund_id, {"sentence": "back", "state": to, "by": ""})

    @invariant()
    def the_fold_is_the_state(self) -> None:
        for fund_id, state in self.state.items():
            assert latched(self.said, fund_id).state == state
            assert standing(self.said, fund_id).state == max(state, self.state[""], key=grave)


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)


def lifted_back(severity: float, at: dt.datetime = START) -> list[Statement]:
    own = said("breaker", "one", 1, tripped_content(trip(severity=severity), "NORMAL"), at)
    back = lifting(latched([own], "one"), "NORMAL", ["Ada"], "looked at")
    return [own, said(back.kind, "one", 2, back.content, at)]


def test_a_case_that_a_person_lifted_stays_quiet_until_it_is_worse_or_old() -> None:
    rows = lifted_back(2.0)
    assert moving(rows, "one", [trip(severity=2.0)], START) is None
    assert moving(rows, "one", [trip(severity=2.0 * WORSE)], START) is None
    assert moving(rows, "one", [trip(severity=2.0 * WORSE + 0.01)], START) is not None
    assert moving(rows, "one", [trip(severity=float("nan"))], START) is not None
    assert moving(rows, "one", [trip(severity=2.0)], START + ACCEPTED + dt.timedelta(seconds=1)) is not None
    assert moving(rows, "one", [trip(case="gap budget")], START) is not None
    assert moving(rows, "two", [trip(severity=2.0)], START) is not None, "another fund's lift says nothing"


def test_a_broken_chain_is_never_quiet() -> None:
    broken = trip("HALTED", "chain failure", 1000.0)
    own = said("breaker", "", 1, tripped_content(broken, "NORMAL"))
    back = lifting(latched([own], ""), "NORMAL", ["Ada"], "looked at")
    assert moving([own, said(back.kind, "", 2, back.content)], "", [broken], START) == broken


@pytest.mark.parametrize(
    ("people", "to", "reason", "refusal"),
    [
        (["Ada"], "NORMAL", "ok", "1 name is given; KILLED is lifted by 2"),
        ([], "NORMAL", "ok", "0 name is given"),
        (["Ada", "ADA"], "NORMAL", "ok", "are one person; KILLED is lifted by two different people"),
        (["Ada", "\u0041da"], "NORMAL", "ok", "are one person"),
        (["Ada", "Mallory"], "NORMAL", "ok", "desk.toml lists Ada, Ben, Cleo and nobody else"),
        (["Ada", ""], "NORMAL", "ok", "must be the name of a person"),
        (["Ada", "Ben"], "KILLED", "ok", "is moved back to a milder state"),
        (["Ada", "Ben"], "NORMAL", " ", "reason is empty"),
    ],
)
def test_a_lift_that_may_not_be_is_refused_in_a_sentence(
    people: list[str], to: Breaker, reason: str, refusal: str
) -> None:
    own = latched([said("kill", "one", 1, {"sentence": "stopped"})], "one")
    with pytest.raises(InvalidInput, match=refusal):
        lifting(own, to, people, reason, PEOPLE)


def test_a_lift_names_both_people_and_the_flag() -> None:
    rows = [said("kill", "one", 1, killed_content(Flag("one", "2026-11-23T15:00:00", "", "a bug")))]
    wanted = lifting(latched(rows, "one"), "HALTED", ["ada", "Ben"], "the bug is found", PEOPLE, "2026-11-23T15:00:00")
    rows.append(said(wanted.kind, "one", 2, wanted.content))
    assert wanted.content["sentence"] == "HALTED after KILLED, by Ada and Ben: the bug is found"
    assert lifted_flags(rows, "one") == {"2026-11-23T15:00:00"}
    assert latched(rows, "one").state == "HALTED"


def test_nothing_is_lifted_from_normal() -> None:
    with pytest.raises(NothingDue, match="The breaker of the desk is NORMAL"):
        lifting(latched([], ""), "NORMAL", ["Ada"], "ok")


def test_a_row_with_a_state_that_is_none_is_damage() -> None:
    with pytest.raises(BookError, match="Row 3 of the chain moves a breaker to 'MAYBE'"):
        latched([said("breaker", "", 3, {"sentence": "x", "state": "MAYBE"})], "")


def tripped_then_lifted(case: str, severity: float, number: int, at: dt.datetime) -> list[Statement]:
    fell = said("breaker", "one", number, tripped_content(trip(case=case, severity=severity), "NORMAL"), at)
    back = said("breaker", "one", number + 1, {"sentence": "back", "state": "NORMAL", "by": "Ada"}, at)
    return [fell, back]


def test_a_lift_accepts_what_stood_then_and_nothing_that_was_lifted_before() -> None:
    rows = tripped_then_lifted("gap budget", 2.0, 1, START)
    later = START + dt.timedelta(days=28)
    rows += tripped_then_lifted("slippage", 2.0, 3, later)
    after = later + dt.timedelta(days=10)
    assert moving(rows, "one", [trip(case="slippage")], after) is None, "Ada has looked at it ten days ago"
    assert moving(rows, "one", [trip(case="gap budget")], after) is not None, "that was accepted 38 days ago"


def test_what_cannot_grow_worse_is_accepted_for_a_day() -> None:
    rows = tripped_then_lifted("gap budget", WORST, 1, START)
    again = [trip(case="gap budget", severity=WORST)]
    assert moving(rows, "one", again, START + ACCEPTED_AT_WORST) is None
    assert moving(rows, "one", again, START + ACCEPTED_AT_WORST + dt.timedelta(seconds=1)) is not None


def test_of_two_trips_the_graver_moves() -> None:
    found = moving([], "one", [trip("REDUCE_ONLY", severity=9.0), trip("HALTED", severity=1.0)], START)
    assert found is not None
    assert found.to == "HALTED"


def test_a_restore_halts_the_desk_and_one_person_moves_it_back() -> None:
    rows = [said("restore", "", 1, {"sentence": "put back"})]
    assert standing(rows, "one").state == "HALTED"
    rows.append(said("breaker", "", 2, {"sentence": "reconciled", "state": "NORMAL", "by": "Ada"}))
    assert standing(rows, "one").state == "NORMAL"


@pytest.mark.parametrize("own", BREAKERS)
@pytest.mark.parametrize("to", BREAKERS)
def test_a_person_halts_downwards_and_short_of_a_kill(own: Breaker, to: Breaker) -> None:
    stands = BreakerStanding(own, "", None)
    if to in {"REDUCE_ONLY", "HALTED"} and grave(to) > grave(own):
        rows = [said("breaker", "one", 1, halting(stands, to, "Ada", "why", PEOPLE))]
        assert latched(rows, "one").state == to
    else:
        with pytest.raises(InvalidInput, match=f"--to is {to}"):
            halting(stands, to, "Ada", "why", PEOPLE)

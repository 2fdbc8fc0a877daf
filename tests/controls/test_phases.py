"""Phases: what stands, what the gate of the next one asks, what takes one back."""

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from insure.controls import phases
from insure.controls.breakers import BreakerStanding
from insure.controls.phases import PHASES, Conduct, PhaseStanding, clean_sessions, gate, standing
from insure.controls.slippage_bound import SlippageBound
from insure.decision import Breaker, Phase
from insure.errors import BookError, InvalidInput
from insure.fund import Fund
from tests.contracts import fund as contract
from tests.controls.said import NOON, Told

GOOD = Conduct(
    clean_sessions=20,
    broken_by="",
    open_breaks=0,
    reconciled_sessions=1,
    slippage=SlippageBound(20, 1.5, 0.6, 0.4),
    drills={"kill": 63, "restore": 63},
    breaker=BreakerStanding("NORMAL", "", None),
    contract_proposal=7,
    code_proposal=9,
)
"""At every limit, and beyond none."""
STAGES = (("paper", 1.0), ("shadow", 1.0), ("pilot", 1.0), ("live", 0.25), ("live", 0.3), ("live", 0.5), ("live", 1.0))


def _fund(stage: str = "live", live: float = 1.0, broker: str = "blotter", **more: float) -> Fund:
    return contract(
        stage=stage,
        controls={"live_fraction": live, "pilot_cap_money": 1_000_000, **more},
        execution={"broker": broker},
    )


def _at(phase: Phase, wished: Phase = "live-100") -> PhaseStanding:
    return PhaseStanding(phase, phase, wished, NOON, "")


def _promoted(*steps: Phase) -> Told:
    told = Told()
    for phase in steps:
        told.state("promotion", {"phase": phase, "sentence": f"to {phase}"})
    return told


@pytest.mark.parametrize(
    ("stage", "live", "wished"),
    [
        ("replay", 1.0, "replay"),
        ("paper", 1.0, "paper"),
        ("shadow", 1.0, "shadow"),
        ("pilot", 1.0, "pilot"),
        ("live", 0.1, "live-25"),
        ("live", 0.25, "live-25"),
        ("live", 0.26, "live-50"),
        ("live", 0.5, "live-50"),
        ("live", 1.0, "live-100"),
    ],
)
def test_what_a_contract_wishes(stage: str, live: float, wished: Phase) -> None:
    assert phases.wished(_fund(stage, live)) == wished


@pytest.mark.parametrize("stage", ["shadow", "pilot", "live"])
def test_without_a_promotion_a_fund_stands_at_paper(stage: str) -> None:
    stands = standing([], _fund(stage))
    assert (stands.phase, stands.sends, stands.reconciles) == ("paper", False, False)


def test_a_replay_stands_outside() -> None:
    stands = standing(_promoted("live-100").said, _fund("replay"))
    assert (stands.phase, stands.next, stands.sends, stands.reconciles) == ("replay", None, True, False)


@pytest.mark.parametrize(
    ("phase", "sends", "reconciles"), [(phase, at >= 2, at >= 1) for at, phase in enumerate(PHASES)]
)
def test_what_stands_is_the_lower_of_earned_and_wished(phase: Phase, sends: bool, reconciles: bool) -> None:
    for stage, live in STAGES:
        fund = _fund(stage, live)
        stands = standing(_promoted(phase).said, fund)
        assert stands.phase == min(phase, phases.wished(fund), key=PHASES.index)
        assert (phases.sends(phase), _at(phase).reconciles) == (sends, reconciles)


@pytest.mark.parametrize(
    ("phase", "stage_live", "fraction", "cap"),
    [
        ("paper", 1.0, None, None),
        ("shadow", 1.0, None, None),
        ("pilot", 1.0, 0.1, Decimal(5000)),
        ("live-25", 1.0, 0.25, None),
        ("live-50", 1.0, 0.5, None),
        ("live-50", 0.3, 0.3, None),
        ("live-100", 1.0, None, None),
    ],
)
def test_what_a_phase_lets_through(
    phase: Phase, stage_live: float, fraction: float | None, cap: Decimal | None
) -> None:
    fund = contract(stage="live", controls={"live_fraction": stage_live, "pilot_cap_money": 5000})
    found = phases.rollout(fund, phase)
    if fraction is None:
        assert found is None
    else:
        assert found is not None
        assert (found.fraction, found.cap_money) == (fraction, cap)


def test_a_kill_takes_back_one_phase_once_until_it_is_lifted() -> None:
    told = _promoted("live-50")
    words = {"sentence": "killed"}
    told.state("kill", words)
    told.state("kill", words)
    assert standing(told.said, _fund()).phase == "live-25", "the same kill twice is one"
    told.state("kill", words, fund_id="")
    assert standing(told.said, _fund()).phase == "pilot", "the desk's is another"
    told.state("kill", words, fund_id="other")
    told.state("drill", {**words, "drill": "kill"})
    assert standing(told.said, _fund()).phase == "pilot", "neither another fund's nor a drill"
    told.state("lift", {"sentence": "lifted"})
    assert standing(told.said, _fund()).phase == "pilot", "a lift gives nothing back"
    told.state("kill", words)
    stands = standing(told.said, _fund())
    assert (stands.phase, stands.since, stands.reason) == ("shadow", told.said[-1].at, "killed")


def test_a_doubtful_chain_takes_back_one_phase_and_no_other_breaker_does() -> None:
    told = _promoted("live-50")
    for trigger in ("slippage", "reconciliation break", "code mismatch"):
        told.state("breaker", {"state": "REDUCE_ONLY", "trigger": trigger, "sentence": trigger})
    told.state("breaker", {"state": "NORMAL", "sentence": "set back by Ada"})
    assert standing(told.said, _fund()).phase == "live-50"
    told.state("breaker", {"state": "HALTED", "trigger": "chain failure", "sentence": "a row is missing"}, fund_id="")
    stands = standing(told.said, _fund())
    assert (stands.phase, stands.reason) == ("live-25", "a row is missing")


def test_a_row_that_promotes_to_nothing_is_refused() -> None:
    with pytest.raises(BookError, match="promotes to 'moon'"):
        standing(_promoted("moon").said, _fund())  # type: ignore[arg-type]  # a damaged row


GATE: list[tuple[str, dict[str, object], dict[str, object]]] = [
    (
        "breaker",
        {"breaker": BreakerStanding("NORMAL", "", None)},
        {"breaker": BreakerStanding("REDUCE_ONLY", "", None)},
    ),
    ("sessions without a missed slot", {"clean_sessions": 20}, {"clean_sessions": 19}),
    ("unexplained differences", {"open_breaks": 0}, {"open_breaks": 1}),
    ("slippage", {"slippage": SlippageBound(19, -1.5, 1.0, 0.0)}, {"slippage": SlippageBound(19, -1.5001, 1.0, 0.0)}),
    ("slippage", {"slippage": SlippageBound(19, 0.0, 0.0, 0.0)}, {"slippage": SlippageBound(19, math.nan, 1.0, 0.0)}),
    ("slippage", {"slippage": SlippageBound(19, 0.0, 0.0, 0.0)}, {"slippage": SlippageBound(19, 1.0, 0.0, 0.0)}),
    ("slippage", {"slippage": SlippageBound(19, 0.0, 1.0, 0.0)}, {"slippage": SlippageBound(18, 0.0, 1.0, 0.0)}),
    ("drill: kill", {"failed_drills": frozenset()}, {"failed_drills": frozenset({"kill"})}),
    ("reconciliation", {"reconciled_sessions": 1}, {"reconciled_sessions": 2}),
    ("reconciliation", {"reconciled_sessions": 0}, {"reconciled_sessions": None}),
    ("contract approved", {"contract_proposal": 7}, {"contract_proposal": None}),
    ("code approved", {"code_proposal": 9}, {"code_proposal": None}),
    ("drill: kill", {"drills": {"kill": 63, "restore": 0}}, {"drills": {"kill": 64, "restore": 0}}),
    ("drill: restore", {"drills": {"kill": 0, "restore": 63}}, {"drills": {"kill": 0, "restore": None}}),
    ("drill: restore", {"drills": {"kill": 0, "restore": 0}}, {"drills": {"kill": 0}}),
]


@pytest.mark.parametrize(("name", "right", "wrong"), GATE)
def test_each_check_of_the_gate_passes_at_its_limit_and_fails_beyond(
    name: str, right: dict[str, object], wrong: dict[str, object]
) -> None:
    for found, passes in ((right, True), (wrong, False)):
        checks = gate(_fund(), _at("shadow"), replace(GOOD, **found))  # type: ignore[arg-type]  # one field
        shut = {check.name for check in checks if not check.passed}
        assert shut == (set() if passes else {name}), f"{found} must {'open' if passes else 'shut'} the gate"
        assert all(check.sentence and check.unit for check in checks), "every check says something, passed or not"
        assert {name} <= {check.name for check in checks}


def test_the_gate_asks_for_the_contract_and_a_broker() -> None:
    shut = {check.name for check in gate(_fund("shadow"), _at("shadow", "shadow"), GOOD) if not check.passed}
    assert shut == {"contract"}
    assert {c.name for c in gate(_fund(broker="paper"), _at("shadow"), GOOD) if not c.passed} == {"broker"}
    assert all(check.passed for check in gate(_fund(broker="paper"), _at("paper"), GOOD)), "shadow sends nothing"
    uncapped = contract(stage="live", execution={"broker": "blotter"})
    assert {c.name for c in gate(uncapped, _at("shadow"), GOOD) if not c.passed} == {"pilot cap"}
    assert all(check.passed for check in gate(uncapped, _at("pilot"), GOOD)), "a cap is asked for on the way to pilot"
    names = {check.name for check in gate(_fund(), _at("paper"), replace(GOOD, reconciled_sessions=None))}
    assert not names & {"contract approved", "code approved"}, "shadow moves no money of others"
    assert "reconciliation" not in names, "on paper there is nothing outside"


@pytest.mark.parametrize("phase", ["replay", "live-100"])
def test_there_is_nothing_beyond_the_last_phase(phase: Phase) -> None:
    with pytest.raises(InvalidInput, match="nothing to promote it to"):
        gate(_fund(), _at(phase), GOOD)
    with pytest.raises(InvalidInput, match="nothing to promote it to"):
        phases.promotion(_fund(), _at(phase), (), "Ada", "enough")


@pytest.mark.parametrize(
    ("by", "reason"), [("", "enough"), ("  ", "enough"), ("Ada", ""), ("Ada", " "), ("A\x00da", "x")]
)
def test_a_promotion_needs_a_person_and_a_reason(by: str, reason: str) -> None:
    checks = gate(_fund(), _at("paper"), GOOD)
    with pytest.raises(InvalidInput, match=r"by is|reason"):
        phases.promotion(_fund(), _at("paper"), checks, by, reason)


@pytest.mark.parametrize(
    ("due", "ended", "count", "broken"),
    [
        ([], [], 0, ""),
        (["1:a", "2:a"], [("1:a", "OK"), ("2:a", "HELD")], 1, ""),
        (["1:a", "2:a"], [("1:a", "HELD"), ("2:a", "HELD")], 0, ""),
        (["1:a", "1:b"], [("1:a", "HELD"), ("1:b", "OK")], 1, ""),
        (["1:a", "2:a"], [("1:a", "HELD"), ("1:a.approved", "OK"), ("2:a", "OK")], 2, ""),
        (["1:a", "2:a", "3:a"], [("1:a", "OK"), ("2:a", "FAILED"), ("3:a", "OK")], 1, "2:a ended FAILED"),
        (["1:a", "2:a"], [("1:a", "OK"), ("2:a", "SKIPPED")], 0, "2:a ended SKIPPED"),
        (["1:a", "2:a", "3:a"], [("1:a", "OK"), ("3:a", "OK")], 1, "2:a has no run"),
        (["1:a", "1:b", "2:a"], [("1:a", "OK"), ("2:a", "OK")], 1, "1:b has no run"),
        (["1:a", "2:a"], [("1:a", "OK"), ("2:event-1", "FAILED"), ("2:a", "OK")], 0, "2:event-1 ended FAILED"),
    ],
)
def test_sessions_are_counted_back_to_the_first_that_was_not_clean(
    due: list[str], ended: list[tuple[str, str]], count: int, broken: str
) -> None:
    found, why = clean_sessions(due, ended)  # type: ignore[arg-type]  # outcomes as text
    assert found == count
    assert broken in why
    assert bool(why) is bool(broken)


def test_a_phase_that_falls_says_what_it_means() -> None:
    back = phases.step_back(_fund(), _at("pilot"), "the floor was breached.")
    assert back is not None
    assert back["sentence"] == (
        "tested steps back from pilot to shadow: the floor was breached. Nothing is sent to a broker; orders are "
        "executed on paper, and what is really held stands still."
    )
    up = phases.promotion(_fund(), _at("shadow"), gate(_fund(), _at("shadow"), GOOD), "Ada", "A month without a break.")
    assert up["sentence"] == (
        "Ada promoted tested from shadow to pilot: A month without a break. 10% of each change is carried out, "
        "at most 1,000,000.00 USD a session."
    )
    assert phases.step_back(_fund(), _at("paper"), "anything.") is None


class Rollouts(RuleBasedStateMachine):
    """A fund goes up and down; ``earned`` is kept beside it by rules of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Told()
        self.fund = _fund()
        self.earned = 0
        self.killed: set[str] = set()

    @property
    def _stands(self) -> PhaseStanding:
        return standing(self.told.said, self.fund)

    @rule(
        conduct=st.builds(
            Conduct,
            clean_sessions=st.integers(18, 22),
            broken_by=st.just(""),
            open_breaks=st.integers(0, 1),
            reconciled_sessions=st.none() | st.integers(0, 2),
            slippage=st.builds(SlippageBound, st.just(20), st.sampled_from([0.0, 1.4, 1.6, math.nan]),
                               st.just(1.0), st.just(0.0)),
            drills=st.fixed_dictionaries({"kill": st.none() | st.integers(60, 66), "restore": st.integers(60, 66)}),
            breaker=st.sampled_from([BreakerStanding(state, "", None) for state in ("NORMAL", "HALTED")]),
        )
        | st.just(GOOD),
        by=st.sampled_from(["Ada", "Ben", "", " "]),
    )  # fmt: skip
    def ask_for_a_promotion(self, conduct: Conduct, by: str) -> None:
        before = self._stands
        if before.next is None:
            return
        checks = gate(self.fund, before, conduct)
        try:
            content = phases.promotion(self.fund, before, checks, by, "a month without a difference")
        except InvalidInput:
            assert not by.strip() or not all(check.passed for check in checks), "an open gate and a person are enough"
            return
        assert all(check.passed for check in checks), "a shut gate let a promotion through"
        assert by.strip(), "nobody promoted it"
        self.told.state("promotion", content)
        self.earned = PHASES.index(before.phase) + 1

    @rule()
    def an_event_of_class_a(self) -> None:
        before = PHASES.index(self._stands.phase)
        content = phases.step_back(self.fund, self._stands, "a slot failed.")
        assert (content is None) is (before == 0), "every event takes a phase back, but from paper"
        if content is not None:
            self.told.state("promotion", content)
            self.earned = before - 1
        assert PHASES.index(self._stands.phase) == max(before - 1, 0)

    @rule(whose=st.sampled_from(["tested", ""]))
    def a_kill(self, whose: str) -> None:
        self.told.state("kill", {"sentence": "killed"}, fund_id=whose)
        if whose not in self.killed:
            self.earned = max(self.earned - 1, 0)
        self.killed.add(whose)

    @rule(whose=st.sampled_from(["tested", ""]))
    def a_lift(self, whose: str) -> None:
        self.told.state("lift", {"sentence": "lifted"}, fund_id=whose)
        self.killed.discard(whose)

    @rule(wish=st.sampled_from(STAGES))
    def another_contract_and_a_slot(self, wish: tuple[str, float]) -> None:
        """The first slot under a contract latches what it allows."""
        before = self._stands.phase
        self.fund = _fund(*wish)
        rises = PHASES.index(self._stands.phase) - PHASES.index(before)
        assert rises <= 0, "a contract raised the phase"
        content = phases.lowered(self.fund, self._stands)
        if content is not None:
            self.told.state("promotion", content)
        self.earned = min(self.earned, PHASES.index(phases.wished(self.fund)))

    @precondition(lambda self: len(self.told.said) > 0)
    @rule()
    def another_fund(self) -> None:
        self.told.state("promotion", {"phase": "live-100", "sentence": "another"}, fund_id="other")

    @invariant()
    def stands_where_it_was_earned(self) -> None:
        stands = self._stands
        assert PHASES.index(stands.phase) == min(self.earned, PHASES.index(phases.wished(self.fund)))
        assert PHASES.index(stands.phase) <= PHASES.index(stands.wished), "above what the contract wishes"


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_every_breaker_but_normal_shuts_the_gate() -> None:
    states: tuple[Breaker, ...] = ("REDUCE_ONLY", "HALTED", "KILLED")
    for state in states:
        checks = gate(_fund(), _at("paper"), replace(GOOD, breaker=BreakerStanding(state, "", None)))
        assert [check.name for check in checks if not check.passed] == ["breaker"]

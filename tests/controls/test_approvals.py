"""Proposals as a fold of statements: who has spoken, what counts, what is void, and a crash between word and deed."""

import contextlib
import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event

from insure.book import Book, Statement
from insure.book.agreements import DecidedUnder
from insure.book.duty import looking
from insure.book.trail import ended
from insure.controls import approvals
from insure.controls.agreement import agreement, contract_proposal
from insure.controls.approvals import Proposal, approved_word, original, proposals
from insure.controls.people import distinct, normalised, speaker, spoken
from insure.errors import BookError, InvalidInput
from insure.feeds.feed import Row
from insure.fund import Fund
from schedules.desk import DeskTerms
from schedules.people.approving import open_proposals, slot_of, speak, startable, waiting
from schedules.serving.service import Service
from schedules.timetable import plan_of
from tests.contracts import fund
from tests.schedules.world import Clock, ToldDesk, at, outcomes, row, write_fund

BEGIN = at("2026-11-25 20:00")
SHA = "a" * 64
PEOPLE = ("Ada", "Ben", "Cleo")
CONTROLS = "[controls]\nmarket_halt_falls = []\nbreaker_gap_budget = 0\nbreaker_slippage_sigmas = 0\n"


def said(sequence: int, kind: str, minute: float = 0.0, **content: str) -> Statement:
    moment = BEGIN + dt.timedelta(minutes=minute)
    return Statement(sequence, moment, "tested", kind, MappingProxyType({"sentence": "So.", **content}))


def proposed(sequence: int = 5, wanted: int = 2, subject: str = "trade", expires: float = 60.0) -> Statement:
    until = BEGIN + dt.timedelta(minutes=expires)
    return said(
        sequence, "proposal", subject=subject, wanted=str(wanted), expires=until.isoformat(), config_sha256=SHA,
        code_sha256=SHA, slot="2026-11-25:close-60min", session="2026-11-25", units="10", price="100", value="1000",
        options="{}",
    )  # fmt: skip


def yes(sequence: int, by: str, minute: float = 1.0, proposal: int = 5) -> Statement:
    return said(sequence, "approval", minute, proposal=str(proposal), by=by, subject="trade")


def no(sequence: int, by: str, minute: float = 1.0) -> Statement:
    return said(sequence, "rejection", minute, proposal="5", by=by, reason="no", subject="trade")


def only(*statements: Statement) -> Proposal:
    [one] = proposals(statements)
    return one


def after(minutes: float) -> dt.datetime:
    return BEGIN + dt.timedelta(minutes=minutes)


def test_two_different_people_approve() -> None:
    assert only(proposed(), yes(6, "Ada")).state(after(2)) == "waits"
    both = only(proposed(), yes(6, "Ada"), yes(7, "Ben"))
    assert (both.state(after(2)), both.by, both.settled) == ("approved", ("Ada", "Ben"), 7)


@pytest.mark.parametrize("again", ["Ada", "ada", " ADA ", "\uff21da"])
def test_the_same_name_never_counts_twice(again: str) -> None:
    one = only(proposed(), yes(6, "Ada"), yes(7, again))
    assert (one.state(after(2)), one.missing) == ("waits", 1)


def test_an_approval_after_the_expiry_does_not_count_and_an_approved_trade_expires_too() -> None:
    assert only(proposed(wanted=1), yes(6, "Ada", 60.1)).state(after(60.2)) == "expired"
    assert only(proposed(wanted=1), yes(6, "Ada", 60.0)).state(after(60.0)) == "approved"
    assert only(proposed(wanted=1), yes(6, "Ada", 1.0)).state(after(60.1)) == "expired"
    assert only(proposed(wanted=1, subject="contract"), yes(6, "Ada")).state(after(999)) == "approved"


def test_a_no_ends_a_trade_at_any_time_and_a_contract_only_before_it_is_agreed() -> None:
    assert only(proposed(wanted=1), yes(6, "Ada"), no(7, "Ben")).state(after(2)) == "rejected"
    assert only(proposed(wanted=1, subject="contract"), yes(6, "Ada"), no(7, "Ben")).state(after(2)) == "approved"
    assert only(proposed(subject="contract"), no(6, "Ben"), yes(7, "Ada"), yes(8, "Cleo")).state(after(2)) == "rejected"


def test_a_word_without_a_name_or_about_another_proposal_is_nobody_s() -> None:
    assert only(proposed(wanted=1), yes(6, "")).state(after(2)) == "waits"
    assert only(proposed(wanted=1), yes(6, "Ada", proposal=4)).state(after(2)) == "waits"


@pytest.mark.parametrize(
    "content", [{"subject": "gift"}, {"expires": "soon"}, {"wanted": "two"}, {"wanted": "-1"}, {"expires": ""}]
)
def test_a_row_that_cannot_be_a_proposal_is_a_damaged_book(content: dict[str, str]) -> None:
    right = dict(proposed().content)
    with pytest.raises(BookError, match="Row 5 of the chain"):
        proposals([said(5, "proposal", 0.0, **{**right, **content})])


def test_none_is_wanted_is_read_as_one() -> None:
    assert only(proposed(wanted=0)).wanted == 1


@given(st.text(max_size=20))
def test_names_are_told_apart_by_letters_alone(name: str) -> None:
    assert normalised(f"  {name.upper().lower()}  ") == normalised(name.upper().lower())
    assert len(distinct([name, f" {name}", name])) == 1


def test_people_who_are_not_listed_may_not_speak() -> None:
    assert speaker("  aDA", ("Ada", "Ben")) == "Ada"
    assert speaker(" Eve  Smith ", ()) == "Eve Smith"
    for by in ("", "  ", "x" * 101, "A\x00da"):
        with pytest.raises(InvalidInput, match="must be the name of a person"):
            speaker(by, ())
    with pytest.raises(InvalidInput, match="lists Ada, Ben and nobody else"):
        speaker("Eve", ("Ada", "Ben"))
    with pytest.raises(InvalidInput, match="reason is empty"):
        spoken("reason", " \t")
    with pytest.raises(InvalidInput, match="expected one line"):
        spoken("reason", "a\nb")


def test_a_desk_names_different_people() -> None:
    assert DeskTerms(name="x", people=("Ada", "Ben")).people == ("Ada", "Ben")
    with pytest.raises(InvalidInput, match="must name different people"):
        DeskTerms(name="x", people=("Ada", " ada"))


@pytest.mark.parametrize(
    ("mode", "second", "people", "wanted"),
    [
        ("auto", "noted", PEOPLE, 0),
        ("approve", "noted", PEOPLE, 1),
        ("approve", "required", (), 1),
        ("four_eyes", "noted", PEOPLE, 2),
        ("four_eyes", "noted", ("Ada",), 1),
        ("four_eyes", "noted", (), 1),
        ("four_eyes", "required", ("Ada",), 2),
        ("four_eyes", "required", (), 2),
    ],
)
def test_how_many_voices(mode: str, second: str, people: tuple[str, ...], wanted: int) -> None:
    controls = fund(controls={"approval": mode, "second_person": second}).controls
    assert approvals.voices(controls, people) == wanted


def test_the_word_of_an_approved_slot_counts_on_and_goes_back_to_its_own() -> None:
    words = ["close-60min"]
    for _ in range(3):
        words.append(approved_word(words[-1]))
    assert words == ["close-60min", "close-60min.approved", "close-60min.approved-2", "close-60min.approved-3"]
    assert approved_word("event-1.again") == "event-1.again.approved"
    assert approved_word("close.approved.again") == "close.approved.again.approved"
    assert {original(word) for word in words} == {"close-60min"}
    assert len(f"{'x' * 40}.again.approved-12") <= 64, "a word has 64 letters in the book"


# Contracts: what a file amounts to.

AUTO, ONE, FOUR = (fund(controls={"approval": mode}, stage="paper") for mode in ("auto", "approve", "four_eyes"))
REPLAY = fund(controls={"approval": "four_eyes"}, stage="replay")


def under(of: Fund, sequence: int = 10) -> DecidedUnder:
    return DecidedUnder(of.config_sha256, of.effective(), sequence)


def agreed_on(of: Fund, sequence: int, wanted: int = 1) -> list[Statement]:
    content = {
        "subject": "contract", "wanted": str(wanted), "expires": after(60).isoformat(),
        "config_sha256": of.config_sha256, "effective": of.effective(),
    }  # fmt: skip
    vote = {"subject": "contract", "proposal": str(sequence - 1), "by": "Ada"}
    return [said(sequence - 1, "proposal", 0.0, **content), said(sequence, "approval", 0.0, **vote)]


def test_the_mode_that_is_in_force_is_asked_whatever_the_file_says() -> None:
    assert agreement(AUTO, under(ONE), [], PEOPLE).wanted == 1
    assert agreement(AUTO, under(FOUR), [], PEOPLE).wanted == 2
    assert agreement(AUTO, under(FOUR), [], ("Ada",)).note == "no second person"
    assert agreement(FOUR, under(AUTO), [], PEOPLE).wanted == 0, "a fund that asks nobody may begin to ask"
    assert agreement(REPLAY, under(ONE), [], PEOPLE).wanted == 1, "no way round through a replay"
    found = agreement(AUTO, under(ONE), [], PEOPLE)
    assert (found.runs, found.in_force) == (ONE, ONE)


def test_a_first_contract_is_asked_about_by_its_own_mode() -> None:
    assert [agreement(of, None, [], PEOPLE).wanted for of in (AUTO, ONE, FOUR, REPLAY)] == [0, 1, 2, 0]
    assert agreement(ONE, under(REPLAY), [], PEOPLE).wanted == 2, "what was a replay only was in force for nobody"
    assert agreement(ONE, None, [], PEOPLE).question.startswith("This is the first contract of tested;")


def test_what_people_agreed_on_is_in_force_from_then_on_and_until_something_else_is() -> None:
    assert agreement(AUTO, under(ONE, 10), agreed_on(AUTO, 20), PEOPLE).wanted == 0
    back = agreement(ONE, under(ONE, 10), agreed_on(FOUR, 20), PEOPLE)
    assert (back.wanted, back.runs) == (2, FOUR), "the file was put back: what was agreed is in force all the same"
    overtaken = agreement(ONE, under(AUTO, 30), agreed_on(FOUR, 20), PEOPLE)
    assert overtaken.wanted == 0, "another contract has been decided under since"
    half = agreement(AUTO, under(ONE, 10), agreed_on(AUTO, 20, wanted=2), PEOPLE)
    assert half.wanted == 1, "one of two is nobody"


def test_a_contract_proposal_holds_the_whole_contract() -> None:
    content = contract_proposal(agreement(AUTO, under(ONE), [], PEOPLE), BEGIN)
    assert content["effective"] == AUTO.effective()
    assert content["config_sha256"] == AUTO.config_sha256
    assert "1 changed keys" in content["sentence"]


# A desk whose service may die anywhere between a person's word and the slot.


@dataclass
class Place:
    """A desk with told prices and people."""

    folder: Path
    clock: Clock = field(default_factory=lambda: Clock(at("2026-11-25 15:00")))
    rows: list[Row] = field(default_factory=lambda: [row("2026-11-24", "1000"), row("2026-11-25", "1000")])

    def desk(self) -> ToldDesk:
        return ToldDesk(self.folder, DeskTerms(name="Tested", people=PEOPLE), self.clock, lambda _: self.rows)


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    write_fund(tmp_path, start="2026-11-25", slot="close-60min", deadline=30, more=f'{CONTROLS}approval = "four_eyes"')
    return Place(tmp_path)


def begun(place: Place, book: Book) -> int:
    """The contract agreed on, the slot held; the number of its proposal."""
    desk = place.desk()
    Service(desk, book).once()
    for by in ("Ada", "Ben"):
        speak(desk, book, 1, "approve", by, "")
    place.clock.now = BEGIN
    Service(desk, book).once()
    with looking(book) as duty:
        [one] = [each for each in waiting(duty, place.clock.now).proposals if each.subject == "trade"]
    place.clock.move(60)
    return one.number


@pytest.mark.parametrize("statement", [0, 3, 8, 15, 25, 40, 60])
def test_a_crash_between_the_approval_and_the_slot_loses_and_doubles_nothing(place: Place, statement: int) -> None:
    with Book.open(place.folder / "insure.db") as book:
        number = begun(place, book)
        speak(place.desk(), book, number, "approve", "Ada", "")
        speak(place.desk(), book, number, "approve", "Cleo", "")
        left = [statement]

        def count(*_: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        event.listen(book.engine, "before_cursor_execute", count)
        with contextlib.suppress(Killed):
            Service(place.desk(), book).once()
        event.remove(book.engine, "before_cursor_execute", count)
        place.clock.move(5)
        service = Service(place.desk(), book)
        service.once()
        service.once()
        found = outcomes(book)
        assert found == {"2026-11-25:close-60min": "HELD", "2026-11-25:close-60min.approved": "OK"}
        assert book.standing("tested").holdings.units > 0


def test_a_service_hears_of_an_approval_made_elsewhere_and_wakes_for_the_expiry(place: Place) -> None:
    with Book.open(place.folder / "insure.db") as book:
        number = begun(place, book)
        service = Service(place.desk(), book)
        service.once()
        assert service.watched(place.clock.now)
        assert service.next_wake(place.clock.now) == at("2026-11-25 21:00") + dt.timedelta(microseconds=1)
        for by in ("Ada", "Ben"):
            speak(place.desk(), book, number, "approve", by, "")
        place.clock.move(30)
        [done] = service.once().ticks
        assert (done.slot.name, done.outcome) == ("close-60min.approved", "OK")
        place.clock.move(30)
        assert service.once().ticks == []


def test_a_proposal_that_nobody_answers_calls_people_once(place: Place) -> None:
    with Book.open(place.folder / "insure.db") as book:
        begun(place, book)
        service = Service(place.desk(), book)
        service.once()
        place.clock.now = at("2026-11-25 21:00:01")
        raised = [one.alert for one in service.once().raised]
        assert [(one.grade, one.kind) for one in raised] == [("A", "proposal expired")]
        assert raised[0].sentence.startswith("Nobody answered in time: 2026-11-25:close-60min: buy ")
        assert service.once().raised == []


def test_an_approved_slot_is_not_run_when_the_exchange_is_closed(place: Place) -> None:
    with Book.open(place.folder / "insure.db") as book:
        number = begun(place, book)
        for by in ("Ada", "Ben"):
            speak(place.desk(), book, number, "approve", by, "")
        place.clock.now = at("2026-11-25 21:00")
        _, why = Service(place.desk(), book).approved(place.desk().fund("tested"), number)
        assert why == "XNYS does not trade at 2026-11-25 21:00 UTC."
        assert list(outcomes(book)) == ["2026-11-25:close-60min"]
        plan = plan_of(place.desk().fund("tested"))
        assert not startable(plan, dt.date(2026, 11, 24), "close-60min", at("2026-11-25 20:10"))


class People(RuleBasedStateMachine):
    """People, a clock and a fund file in any order: nothing is traded but what enough different people approved."""

    numbers = Bundle("numbers")

    @initialize(target=numbers)
    def begin(self) -> int:
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        self.path = write_fund(
            folder, start="2026-11-25", slot="every 60min", deadline=30,
            more=f'{CONTROLS}approval = "four_eyes"\nproposal_minutes = 25\nask_buy_after_fall = 0',
        )  # fmt: skip
        self.place = Place(folder)
        self.place.clock.now = at("2026-11-25 14:00")
        self.book = Book.open(folder / "insure.db")
        self.service = Service(self.place.desk(), self.book)
        self.service.once()
        self.heard: dict[int, set[str]] = {}
        self.no: set[int] = set()
        self.contract = self.path.read_text(encoding="utf-8")
        self.answer_the_newest(("Ada", "Ben"))
        self.place.clock.now = at("2026-11-25 15:30")
        self.service.once()
        return max(self._found())

    @rule(names=st.permutations([*PEOPLE, "ada"]))
    def answer_the_newest(self, names: Sequence[str]) -> None:
        self.place.clock.move(1)
        with looking(self.book) as duty:
            desk = self.place.desk()
            waits = open_proposals(duty, desk.funds(), desk.terms.people, self.place.clock.now)
        if not waits:
            return
        for name in names[:2]:
            self.say_yes(waits[-1].number, name)
        self.service.once()

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.book.close()
            self.folder.cleanup()

    def _found(self) -> dict[int, Proposal]:
        with looking(self.book) as duty:
            return {one.number: one for one in waiting(duty, self.place.clock.now).proposals}

    @rule(target=numbers, minutes=st.sampled_from([1, 4, 12, 26, 61]), close=st.integers(960, 1040))
    def pass_on(self, minutes: int, close: int) -> int:
        self.place.clock.move(60 * minutes)
        self.place.rows[-1] = row("2026-11-25", str(close))
        done = self.service.once()
        assert not done.troubles
        return max(self._found(), default=1)

    @rule(number=numbers, by=st.sampled_from([*PEOPLE, "ada", " BEN "]))
    def say_yes(self, number: int, by: str) -> None:
        self.place.clock.move(1)
        one = self._found()[number]
        name = {"ada": "Ada", "ben": "Ben"}.get(normalised(by), by)
        may = one.state(self.place.clock.now) == "waits" and name not in self.heard.get(number, set())
        try:
            speak(self.place.desk(), self.book, number, "approve", by, "")
        except InvalidInput:
            if may:
                with looking(self.book) as duty:
                    desk = self.place.desk()
                    left = open_proposals(duty, desk.funds(), desk.terms.people, self.place.clock.now)
                assert number not in {each.number for each in left}, "refused although it can still be answered"
            return
        assert may, f"proposal {number} took {by} although {one.state(self.place.clock.now)}, {self.heard.get(number)}"
        self.heard.setdefault(number, set()).add(name)

    @rule(number=numbers, by=st.sampled_from(PEOPLE))
    def say_no(self, number: int, by: str) -> None:
        self.place.clock.move(1)
        try:
            speak(self.place.desk(), self.book, number, "reject", by, "no")
        except InvalidInput:
            return
        self.no.add(number)

    @rule(target=numbers, floor=st.sampled_from(["0.9", "0.8", "0.7"]), mode=st.sampled_from(["auto", "four_eyes"]))
    def change_the_file(self, floor: str, mode: str) -> int:
        text = self.contract.replace("floor_fraction = 0.9", f"floor_fraction = {floor}")
        self.path.write_text(text.replace('"four_eyes"', f'"{mode}"') + "#" * len(self.heard), encoding="utf-8")
        self.service = Service(self.place.desk(), self.book)
        self.place.clock.move(1)
        self.service.once()
        return max(self._found(), default=1)

    @rule()
    def die_and_come_back(self) -> None:
        self.service = Service(self.place.desk(), self.book)
        self.service.once()

    @precondition(lambda self: hasattr(self, "book"))
    @invariant()
    def what_was_traded_two_people_approved(self) -> None:
        found = self._found()
        agreed = [one for one in found.values() if one.subject == "contract" and not one.missing]
        asks_nobody = any('"approval":"auto"' in one.content["effective"] for one in agreed)
        before, asked_before = "", True
        for record in self.book.records("tested"):
            decision, seen = record.decision, record.decision.circumstances
            assert seen is not None
            asks, sha = seen.approvals_wanted > 0, decision.config_sha256
            if sha != before:
                asked = asks if not before else asked_before
                assert not asked or asks_nobody or sha in {one.binds_to for one in agreed}, f"nobody approved {sha}"
            before, asked_before = sha, asks
            if decision.trade is None or not asks:
                continue
            approval = seen.approval
            assert approval is not None, f"{record.slot} traded {decision.trade.units} and nobody approved"
            assert len({normalised(name) for name in approval.by}) >= 2, approval
            assert self.heard[approval.proposal] >= set(approval.by)
            assert found[approval.proposal].binds_to == sha
            assert record.written <= found[approval.proposal].expires
            assert not any(
                found[number].settled < self._row(record.slot) for number in self.no & {approval.proposal}
            ), "a trade that somebody had refused"

    def _row(self, slot: str) -> int:
        return ended(self.book, "tested", dt.date(2026, 11, 25), slot).sequence


TestPeople = People.TestCase
TestPeople.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


def test_a_slot_that_is_asked_for_without_its_approval_is_refused_in_words(place: Place) -> None:
    with Book.open(place.folder / "insure.db") as book:
        number = begun(place, book)
        with looking(book) as duty:
            of = place.desk().fund("tested")
            assert (
                slot_of(duty, of, number, place.clock.now) == f"Proposal {number} is not approved: it waits for 2 more."
            )
            assert slot_of(duty, of, 99, place.clock.now) == "There is no proposal 99 for a trade of tested."
        assert book.standing("tested").holdings.units == Decimal(0)

"""Events are reported at once, each once, whoever was killed in between; and made again they are the same bytes."""

import datetime as dt
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book, trail
from insure.book.backup import back_up, restore
from insure.dates import calendar
from insure.errors import InvalidInput
from insure.feeds.feed import Row
from insure.fund import Fund
from insure.happening import STATED, happening
from schedules.publishing import events
from schedules.publishing.events import report_events
from schedules.publishing.naming import event_name
from schedules.publishing.pages import publish_event
from schedules.serving.service import Service
from tests.schedules.test_service_pass import HalfBroken
from tests.schedules.world import Clock, ToldDesk, at, flat_year, row, told_desk, write_fund

WEEK = flat_year("2026-11-16", "2026-12-04")
CRASH = [row("2026-11-23", "1000"), row("2026-11-24", "1000"), row("2026-11-25", "600"), row("2026-11-27", "600")]


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-11-23 20:45"))


def desk_of(folder: Path, clock: Clock, rows: list[Row] | None = None, **fund: str) -> ToldDesk:
    write_fund(folder, start="2026-11-23", **fund)  # type: ignore[arg-type]  # all of them are text here
    return told_desk(folder, WEEK if rows is None else rows, clock)


def pages(desk: ToldDesk) -> list[str]:
    return sorted(path.relative_to(desk.out).as_posix() for path in desk.out.rglob("*.html"))


def verdict(page: Path) -> str:
    return str(json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["verdict"]["word"])


def breaches(desk: ToldDesk) -> list[str]:
    """Reports on a floor that was breached; breakers that moved have their own."""
    return [page for page in pages(desk) if verdict(desk.out / page) == "Floor breached"]


def test_a_missed_slot_is_reported_in_the_pass_that_finds_it(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        assert pages(desk) == [], "a slot that ended OK is no event"
        clock.now = at("2026-11-24 23:00")
        service = Service(desk, book)
        service.once()
        [entry] = trail.happenings(book, tuple(STATED), 0, book.head()[0])
        assert pages(desk) == [f"tested/event-{entry.sequence}-2026-11-24.html"]
        page = desk.out / pages(desk)[0]
        assert verdict(page) == "Slot missed"
        before = page.read_bytes(), page.stat().st_mtime_ns
        service.once()
        Service(desk, book).once()
        assert (page.read_bytes(), page.stat().st_mtime_ns) == before
        assert len(pages(desk)) == 1, "an event is reported once"


def test_a_breached_floor_is_reported_with_its_size_and_cause(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock, CRASH, more="[quality]\njump_sigmas = 1000.0")
    with Book.open(tmp_path / "insure.db") as book:
        for day in ("2026-11-23", "2026-11-24", "2026-11-25"):
            clock.now = at(f"{day} 20:45")
            Service(desk, book).once()
        [name] = breaches(desk)
        figures = json.loads((desk.out / name).with_suffix(".json").read_text(encoding="utf-8"))
        last = book.record("tested")
        assert float(figures["effect"]["nav"]["value"]) == pytest.approx(float(last.nav))
        assert figures["effect"]["cushion"]["value"] < 0.0
        assert "moved \u221240.00%" in figures["cause"][0]
        assert figures["event"]["sequence"] == trail.ended(book, "tested", last.session, last.slot).sequence
        moved = trail.own(book, "tested", ("breaker",))
        assert figures["head"]["anchor"]["sequence"] == moved[0].sequence, "the breaker that it tripped belongs to it"
        assert any("REDUCE_ONLY after NORMAL" in each for each in figures["done"]), figures["done"]
        assert figures["fall"]["first_below"]["value"] == "2026-11-25"
        [step] = figures["fall"]["rows"]
        assert step["move"]["value"] == pytest.approx(-0.4)
        assert step["change"]["value"] == pytest.approx(float(last.nav) - float(book_nav(book)), rel=1e-3)
        clock.now = at("2026-11-27 17:45")
        Service(desk, book).once()
        told = [each for each in book.record("tested").decision.events if each.kind == "floor breached"]
        assert len(breaches(desk)) == 1 + len(told)


def book_nav(book: Book) -> Decimal:
    """Value after the decision of the session before the crash."""
    return book.record("tested", dt.date(2026, 11, 24)).nav


def test_a_failed_slot_is_reported(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, start="2026-11-23", fund_id="broken")
    desk = HalfBroken(tmp_path, told_desk(tmp_path, WEEK, clock).terms, clock, lambda _: WEEK)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        [name] = pages(desk)
        assert name.startswith("broken/event-")
        assert verdict(desk.out / name) == "Slot failed"


@pytest.mark.parametrize("kind", sorted(STATED))
def test_rows_of_controls_are_reported_by_their_kind(tmp_path: Path, clock: Clock, kind: str) -> None:
    desk = desk_of(tmp_path, clock)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        for fund_id in ("tested", ""):
            content = {"sentence": f"A {kind} for a test.", "by": "A. Officer", "money": "-12.50"}
            book.state(kind, fund_id, clock.now, content)
        made = report_events(desk, book)
        assert len(made) == 2
        last = book.head()[0]
        assert pages(desk) == [f"event-{last}-2026-11-23.html", f"tested/event-{last - 1}-2026-11-23.html"]
        for published in made:
            page = published.page.read_text(encoding="utf-8")
            assert f"A {kind} for a test." in page
            assert "A. Officer" in page
            assert '<data value="-12.5">' in page
        assert report_events(desk, book) == []


def test_a_breaker_that_is_normal_again_leaves_nothing_open(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        told = {"sentence": "REDUCE_ONLY after NORMAL.", "state": "REDUCE_ONLY", "open": "Look at the reason."}
        book.state("breaker", "tested", clock.now, told)
        book.state("breaker", "tested", clock.now, {"sentence": "NORMAL after REDUCE_ONLY.", "state": "NORMAL"})
        figures = [json.loads(made.json.read_text(encoding="utf-8")) for made in report_events(desk, book)]
    assert [each["open_actions"] for each in figures] == [["Look at the reason."], []]
    assert [each["verdict"]["mark"] for each in figures] == ["bad", "good"]


def test_what_a_killed_pass_did_not_report_the_next_one_does(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(tmp_path, clock)
    clock.now = at("2026-11-24 23:00")
    with Book.open(tmp_path / "insure.db") as book:
        with monkeypatch.context() as patched:
            patched.setattr(events, "_publish", _killed)
            with pytest.raises(KeyboardInterrupt):
                Service(desk, book).once()
        assert pages(desk) == []
        assert len(book.runs("tested")) == 2, "the slots are kept, whatever became of their reports"
        Service(desk, book).once()
        assert len(pages(desk)) == 2


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_report_that_cannot_be_written_stops_no_pass_and_is_tried_again(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    clock.now = at("2026-11-24 23:00")
    desk.out.mkdir()
    (desk.out / "tested").write_text("in the way", encoding="utf-8")
    with Book.open(tmp_path / "insure.db") as book:
        done = Service(desk, book).once()
        assert len(done.ticks) == 2
        assert pages(desk) == []
        (desk.out / "tested").unlink()
        Service(desk, book).once()
        assert len(pages(desk)) == 2


def test_a_defect_of_a_report_stops_neither_the_pass_nor_the_other_reports(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = desk_of(tmp_path, clock)
    clock.now = at("2026-11-24 23:00")
    whole = events._publish

    def defective(desk: ToldDesk, book: Book, fund: Fund | None, entry: trail.Entry) -> object:
        if entry.content.get("session") == "2026-11-23":
            raise ZeroDivisionError("a defect")
        return whole(desk, book, fund, entry)

    with Book.open(tmp_path / "insure.db") as book:
        with monkeypatch.context() as patched:
            patched.setattr(events, "_publish", defective)
            assert len(Service(desk, book).once().ticks) == 2
        assert [page.rpartition("-2026")[2] for page in pages(desk)] == ["-11-24.html"]
        assert "has no event report" in caplog.text
        Service(desk, book).once()
        assert len(pages(desk)) == 2, "it is tried again"


def test_one_pass_makes_so_many_reports_and_the_next_ones_the_rest(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    clock.now = at("2026-12-02 23:00")
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book, ()).once()
        missed = len(book.runs("tested"))
        assert missed == 7
        shutil.rmtree(desk.out)
        counts = [len(report_events(desk, book, most=3)) for _ in range(4)]
        assert counts == [3, 3, 1, 0]
        assert len(pages(desk)) == 7


def test_a_replay_is_not_reported_unasked_and_is_when_asked(tmp_path: Path, clock: Clock) -> None:
    path = write_fund(tmp_path, start="2026-11-23")
    path.write_text(path.read_text(encoding="utf-8").replace('"paper"', '"replay"'), encoding="utf-8")
    desk = told_desk(tmp_path, WEEK, clock)
    fund = desk.fund("tested")
    with Book.open(tmp_path / "insure.db") as book:
        book.state("kill", "tested", clock.now, {"sentence": "Stopped."})
        assert report_events(desk, book) == []
        entry = trail.last_happening(book, "tested", tuple(STATED))
        assert entry is not None
        assert publish_event(book, fund, desk.out, clock.now, entry, "Tested desk").new


def test_an_event_made_again_later_is_the_same_bytes(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    fund = desk.fund("tested")
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        book.state("kill", "tested", clock.now, {"sentence": "Stopped.", "by": "A. Officer"})
        [first] = report_events(desk, book)
        entry = trail.entry(book, book.head()[0])
        for day in ("2026-11-24", "2026-11-25"):
            clock.now = at(f"{day} 20:45")
            Service(desk, book).once()
        book.state("lift", "tested", clock.now, {"sentence": "Lifted.", "by": "A. Officer"})  # one person lifts nothing
        assert not publish_event(book, fund, desk.out, clock.now, entry, "Tested desk").new
        elsewhere = publish_event(book, fund, tmp_path / "elsewhere", clock.now, entry, "Tested desk")
        assert elsewhere.page.read_bytes() == first.page.read_bytes()
        assert elsewhere.json.read_bytes() == first.json.read_bytes()


def test_an_event_that_is_over_says_so_in_a_new_version(tmp_path: Path, clock: Clock) -> None:
    """The first version ends with the rows known then; the rows up to its anchor make it again."""
    desk = desk_of(tmp_path, clock)
    fund, path = desk.fund("tested"), tmp_path / "insure.db"
    with Book.open(path) as book:
        Service(desk, book).once()
        book.state("kill", "tested", clock.now, {"sentence": "Stopped.", "by": "A. Officer"})
        [first] = report_events(desk, book)
        entry = trail.entry(book, book.head()[0])
        clock.now = at("2026-11-24 20:45")
        Service(desk, book).once()
    shutil.copy(path, tmp_path / "then.db")
    with Book.open(path) as book:
        people = {"by": "Ada and Ben", "first": "Ada", "second": "Ben", "state": "NORMAL", "from": "KILLED"}
        book.state("lift", "tested", clock.now, {"sentence": "NORMAL after KILLED, by Ada and Ben: found.", **people})
        lift = trail.entry(book, book.head()[0])
        [told, again] = report_events(desk, book)
        assert verdict(told.page) == "Kill switch lifted"
        assert again.page.name == f"{first.page.stem}-v2.html", "the kill's own report says that it is over"
        figures = json.loads(again.json.read_text(encoding="utf-8"))
        assert figures["head"]["anchor"]["sequence"] == lift.sequence
        assert (figures["open_actions"], figures["verdict"]["mark"]) == ([], "attention")
        assert "by Ada and Ben: found." in figures["ended"]
        [wait] = book.statements(("waiting",), "tested", last=1)
        for each in (figures, json.loads(told.json.read_text(encoding="utf-8"))):
            assert each["effect"]["cost"]["value"] == float(wait.content["money"]), "what standing still came to"
        for day in ("2026-11-25", "2026-11-27"):
            clock.now = at(f"{day} 17:45" if day.endswith("27") else f"{day} 20:45")
            Service(desk, book).once()
        assert not publish_event(book, fund, desk.out, clock.now, entry, "Tested desk").new
    with Book.open(tmp_path / "then.db") as book:
        elsewhere = publish_event(book, fund, tmp_path / "elsewhere", clock.now, entry, "Tested desk")
        assert elsewhere.page.read_bytes() == first.page.read_bytes()


def test_a_missed_slot_is_over_when_the_next_is_decided(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        quiet = book.head()[0]
        clock.now = at("2026-11-24 23:00")
        Service(desk, book).once()
        [name] = pages(desk)
        figures = json.loads((desk.out / name).with_suffix(".json").read_text(encoding="utf-8"))
        assert "not_computed" in figures["effect"]["cost"]["value"], "a cost that nobody knows says why"
        assert f"(entry {quiet})" in figures["cause"][0], "where nothing was written is where the cause is looked for"
        clock.now = at("2026-11-25 20:45")
        Service(desk, book).once()
        entry = trail.entry(book, figures["event"]["sequence"])
        made = publish_event(book, desk.fund("tested"), desk.out, clock.now, entry, "Tested desk")
        later = json.loads(made.json.read_text(encoding="utf-8"))
        assert (made.version, later["open_actions"]) == (2, [])
        assert later["ended"] == "The next slot was decided, 2026-11-25 close-15min."
        ran = trail.ended(book, "tested", dt.date(2026, 11, 25), "close-15min")
        assert later["head"]["anchor"]["sequence"] == ran.sequence


def test_a_guarantee_missed_at_its_horizon_is_told_by_the_period_that_ended(tmp_path: Path, clock: Clock) -> None:
    """The figures of the slot are those of the next period, whose cushion is whole."""
    more = "[quality]\njump_sigmas = 1000.0\n[controls]\nmarket_halt_falls = []\nask_change_weight = 2.0"
    path = write_fund(tmp_path, start="2026-11-02", more=more)
    text = path.read_text(encoding="utf-8").replace("floor_fraction", f"horizon_years = {1 / 12!r}\nfloor_fraction")
    path.write_text(text, encoding="utf-8")
    days = calendar("XNYS").sessions(dt.date(2026, 11, 2), dt.date(2026, 12, 2))
    rows = [row(str(day), "1000" if day < dt.date(2026, 11, 25) else "600") for day in days]
    desk = told_desk(tmp_path, rows, clock)
    with Book.open(tmp_path / "insure.db") as book:
        for day in days:
            clock.now = calendar("XNYS").closes(day) - dt.timedelta(minutes=14)
            Service(desk, book).once()
        [record] = [each for each in book.records("tested") if each.decision.ended is not None]
        ended, closed = record.decision.ended, record.closed
        assert ended is not None
        assert closed is not None
        [last] = [page for page in breaches(desk) if str(record.session) in page]
        figures = json.loads((desk.out / last).with_suffix(".json").read_text(encoding="utf-8"))
        effect = figures["effect"]
        assert effect["guarantee"]["value"] == pytest.approx(ended.guarantee)
        assert effect["against_guarantee"]["label"] == "Shortfall"
        assert effect["against_guarantee"]["value"] == pytest.approx(ended.nav - ended.guarantee)
        assert effect["first_below"]["value"] == "2026-11-25", "the day on which the floor was lost"
        assert effect["slippage"]["value"] == pytest.approx(closed.total)
        causes = figures["horizon"]["causes"]
        assert sum(each["value"] for each in causes.values()) == pytest.approx(closed.total, abs=0.05)
        assert "The floor was first lost on 2026-11-25." in " ".join(figures["cause"])
        assert figures["fall"]["rows"][0]["move"]["value"] == pytest.approx(-0.4)
        assert figures["fall"]["rows"][-1]["session"]["value"] == str(record.session)
        assert figures["open_actions"], "the holders are to be told, whatever the next period does"
        [first] = [page for page in breaches(desk) if "2026-11-25" in page]
        before = json.loads((desk.out / first).with_suffix(".json").read_text(encoding="utf-8"))
        entry = trail.entry(book, before["event"]["sequence"])
        made = publish_event(book, desk.fund("tested"), desk.out, clock.now, entry, "Tested desk")
        over = json.loads(made.json.read_text(encoding="utf-8"))
        assert (made.version, over["open_actions"]) == (2, [])
        assert over["ended"] == f"Protection period 1 ended on {record.session}."
        ran = trail.ended(book, "tested", record.session, record.slot)
        assert over["head"]["anchor"]["sequence"] == ran.sequence


def test_a_restore_is_reported_and_rows_written_anew_are_events_of_their_own(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    path, copy = tmp_path / "insure.db", tmp_path / "copy.db"
    with Book.open(path) as book:
        Service(desk, book).once()
    back_up(path, copy)
    with Book.open(path) as book:
        book.state("kill", "", clock.now, {"sentence": "Stopped."})
        [kill] = report_events(desk, book)
    path.unlink()
    clock.move(60.0)
    restore(copy, path, at=clock.now)
    with Book.open(path) as book:
        [published] = report_events(desk, book)
        assert verdict(published.page) == "Book restored"
        figures = json.loads(published.json.read_text(encoding="utf-8"))
        assert figures["effect"]["head_sequence"]["value"] == book.head()[0] - 1
        assert published.page.name == f"{kill.page.stem}-v2.html", "the row of that sequence is another one now"
        assert "put back from a backup" in figures["head"]["corrects"]["reason"]
        assert report_events(desk, book) == []


def test_a_slot_that_ended_well_is_no_event(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        last = book.record("tested")
        entry = trail.ended(book, "tested", last.session, last.slot)
        with pytest.raises(InvalidInput, match="no event report is due"):
            happening(entry, last)
        with pytest.raises(InvalidInput, match="there is no event report on it"):
            happening(trail.entry(book, 1), None)


def test_the_name_of_an_event_holds_its_row_and_stays_inside_the_folder(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 11, 23, 20, 45, tzinfo=dt.UTC)
    told = trail.Entry(7, "5e" * 32, moment, None, "restore", {"sentence": "../../etc/passwd"})
    assert event_name(told) == "event-7-2026-11-23"


def test_the_same_row_gives_the_same_contract_whatever_the_fund_file_says_now(tmp_path: Path, clock: Clock) -> None:
    desk = desk_of(tmp_path, clock)
    with Book.open(tmp_path / "insure.db") as book:
        Service(desk, book).once()
        book.state("kill", "tested", clock.now, {"sentence": "Stopped."})
        [first] = report_events(desk, book)
        write_fund(tmp_path, start="2026-11-23", more="[band]\nwidth_weight = 0.05")
        changed: Fund = desk.fund("tested")
        entry = trail.entry(book, book.head()[0])
        assert not publish_event(book, changed, desk.out, clock.now, entry, "Tested desk").new
        assert first.page.is_file()

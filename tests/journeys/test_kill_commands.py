"""`insure kill`, `lift`, `drill`, and what `status`, `doctor` and `rebalance` say of them, as a person types them."""

import datetime as dt
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from insure.dates import calendar
from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    made = Desk(tmp_path, insure)
    made.slot(0)
    return made


def facts(desk: Desk) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    answer = desk.json("doctor", code=desk.run("doctor").code)["facts"]
    assert isinstance(answer, list)
    for fact in answer:
        found.setdefault(fact["subject"], []).append(f"{fact['grade']}: {fact['found']}")
    return found


def test_a_kill_stops_and_two_people_go_on(desk: Desk) -> None:
    killed = desk.json("kill", "tested", "--reason", "a bug", "--by", "Ada")
    assert killed["booked"] is True
    assert (killed["unconfirmed"], killed["troubles"], killed["exit_code"]) == ([], [], 0)
    desk.slot(1)
    with desk.book() as book:
        assert book.runs("tested")[-1].outcome in {"OK", "HELD"}
        assert book.record("tested").orders == (), "nothing is sent while the flag stands"
    for people in (["--by", "Ada"], ["--by", "Ada", "--and", " ADA"]):
        said = desk.run("lift", "tested", *people, "--reason", "it is found")
        assert said.code == 2
        assert "KILLED is lifted by" in said.err
    status = desk.json("status", code=desk.run("status").code)
    assert isinstance(status["funds"], list)
    assert status["funds"][0]["breaker"] == "KILLED"
    assert isinstance(status["kill_flags"], list)
    assert status["kill_flags"][0]["fund"] == "tested"
    lifted = desk.json("lift", "tested", "--by", "Ada", "--and", "Ben", "--reason", "it is found", "--to", "halted")
    assert (lifted["before"], lifted["after"], lifted["stands"]) == ("KILLED", "HALTED", "HALTED")
    back = desk.json("lift", "tested", "--by", "Ben", "--reason", "all is well")
    assert back["stands"] == "NORMAL"
    again = desk.run("lift", "tested", "--by", "Ben", "--reason", "all is well")
    assert again.code == 5, "nothing is left to lift"
    assert desk.run("verify").code == 0


def test_people_of_the_desk_alone_may_lift(desk: Desk) -> None:
    (desk.folder / "desk.toml").write_text('name = "Tested desk"\npeople = ["Ada", "Ben"]\n', encoding="utf-8")
    assert desk.run("kill", "--reason", "a bug", "--by", "Whoever").code == 0, "anybody may kill"
    said = desk.run("lift", "--by", "Ada", "--and", "Mallory", "--reason", "now")
    assert said.code == 2
    assert "desk.toml lists Ada, Ben and nobody else" in said.err
    assert desk.run("lift", "--by", "Ada", "--and", "Ben", "--reason", "now").code == 0


def test_a_kill_of_the_desk_is_told_apart_from_one_of_a_fund(desk: Desk) -> None:
    assert desk.json("kill", "--reason", "all of it")["fund"] is None
    assert desk.run("lift", "tested", "--by", "Ada", "--reason", "x").code == 5, "the fund's own breaker is NORMAL"
    assert "KILLED. The kill switch of the whole desk stands" in desk.run("status").out
    found = facts(desk)
    assert found["breaker of the desk"][0].startswith("note: KILLED")
    assert any("stands for the whole desk" in each for each in found["kill switch"])
    wrong = desk.run("kill", "typo", "--reason", "x")
    assert wrong.code == 2
    assert "has no fund 'typo'; it has tested" in wrong.err


def test_a_dry_run_and_a_replay_heed_the_flag(desk: Desk) -> None:
    desk.run("kill", "--reason", "a bug")
    before = desk.holdings()[0]
    desk.contract(stage="replay")
    said = desk.json("rebalance", "tested", "--dry-run", code=desk.run("rebalance", "tested", "--dry-run").code)
    assert said["orders"] == []
    desk.run("rebalance", "--all")
    assert desk.holdings()[0] == before
    with desk.book() as book:
        assert len(book.runs("tested")) == 2, "the replay's slot did not run"
        assert book.record("tested").orders == ()


def test_without_the_book_a_kill_stands_and_says_what_it_does_not_know(desk: Desk) -> None:
    away = (desk.folder / "insure.db").rename(desk.folder / "away.db")
    said = desk.json("kill", "--reason", "a bug", code=1)
    assert said["booked"] is False
    assert "call the broker" in str(said["troubles"])
    assert (desk.folder / "kill" / "_desk").exists()
    assert not (desk.folder / "insure.db").exists()
    away.rename(desk.folder / "insure.db")
    assert facts(desk)["kill switch"][-1].endswith("its flag has no row in the book yet; the next pass writes it")
    desk.run("run-once")
    with desk.book() as book:
        assert len(book.statements(("kill",), "")) == 1


def test_with_a_broken_desk_file_a_kill_stands(desk: Desk) -> None:
    (desk.folder / "desk.toml").write_text("name = [", encoding="utf-8")
    said = desk.json("kill", "tested", "--reason", "a bug", code=1)
    assert "is not TOML" in str(said["troubles"])
    assert (desk.folder / "kill" / "tested").exists()
    assert desk.run("kill", "typo", "--reason", "a bug").code == 2
    (desk.folder / "desk.toml").unlink()
    assert desk.run("kill", "--reason", "a bug").code == 2, "a folder without a desk file is no desk"


def test_a_drill_passes_touches_nothing_and_is_kept(desk: Desk) -> None:
    before = desk.holdings()
    done = desk.json("drill", "kill", "tested", "--by", "Ada")
    assert done["passed"] is True
    assert isinstance(done["steps"], list)
    assert len(done["steps"]) == 12
    assert desk.holdings() == before
    assert not list((desk.folder / "kill").iterdir()), "the drill left a flag in the desk's own folder"
    with desk.book() as book:
        [kept] = book.statements(("drill",), "tested")
        assert (kept.content["drill"], kept.by) == ("kill", "Ada")
        assert book.open_orders() == []
        assert book.statements(("kill", "lift", "breaker"), "tested") == []
    assert desk.run("verify").code == 0


def test_a_drill_that_fails_is_no_drill(desk: Desk) -> None:
    (desk.folder / "kill").write_text("in the way", encoding="utf-8")
    done = desk.json("drill", "kill", "tested", "--by", "Ada", code=1)
    assert done["passed"] is False
    with desk.book() as book:
        [kept] = book.statements(("drill",), "tested")
        assert kept.content["drill"] == "kill, failed"
        assert "FAILED at the desk's folder takes a flag" in kept.sentence


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["halt", "--by", "Ada", "--reason", "x", "--to", "KILLED"], "a person sets REDUCE_ONLY or HALTED"),
        (["halt", "--by", "Ada", "--reason", "x", "--to", "NORMAL"], "a person sets REDUCE_ONLY or HALTED"),
        (["halt", "--by", "Ada", "--reason", " "], "reason is empty"),
        (["lift", "--by", "Ada", "--reason", "x", "--to", "SOFT"], "--to is 'SOFT'; it must be one of NORMAL"),
        (["lift", "typo", "--by", "Ada", "--reason", "x"], "has no fund 'typo'"),
        (["drill", "kill", "tested", "--by", ""], "must be the name of a person"),
        (["drill", "kill", "tested", "--by", "Ada", "--price", "-1"], "--price is '-1'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(desk: Desk, arguments: list[str], refusal: str) -> None:
    said = desk.run(*arguments)
    assert said.code == 2
    assert refusal in said.err
    assert not (desk.folder / "kill" / "_desk").exists()


def test_a_drill_asks_nothing_of_the_funds_own_market(desk: Desk) -> None:
    """A twin that is marked by a volatility index, and lots that the drill's money buys none of: nothing was sent."""
    path = desk.folder / "funds" / "tested.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}\n[twin]\nvol = "index"\n[lots]\nlot_units = 100_000\n', encoding="utf-8")
    done = desk.json("drill", "kill", "tested", "--by", "Ada")
    assert done["passed"] is True, done


def events(desk: Desk, fund: str = "tested") -> list[Path]:
    """Event reports that stand, oldest first."""
    folder = desk.folder / "out" / fund if fund else desk.folder / "out"
    return sorted(folder.glob("event-*.json"), key=lambda path: path.stat().st_mtime_ns)


def shown(path: Path) -> dict[str, str]:
    """Word of the verdict, what was done and how it ended, as text."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    return {
        "word": figures["verdict"]["word"],
        "done": " ".join(figures["done"]),
        "ended": figures["ended"],
        "cost": str(figures["effect"].get("cost", {}).get("value")),
        "open": " ".join(figures["open_actions"]),
        "orders": str(figures["effect"].get("open_orders", {}).get("value")),
    }


def test_a_kill_with_orders_open_and_its_lift_are_reported_by_the_commands(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure, stage="live", broker="blotter", controls="reconciliation_sessions = 400")
    with desk.book() as book:
        book.state("promotion", "tested", desk.now, {"phase": "live-100", "sentence": "to live-100"})
    desk.json("reconcile", "tested", "--positions", desk.positions("0", 0))
    desk.slot(0)
    assert events(desk) == [], "a slot that ended OK is no event"
    key = f"tested:{SESSIONS[0]}:close-15min:1"
    killed = desk.json("kill", "tested", "--reason", "a bug", "--by", "Ada", code=1)
    unconfirmed = killed["unconfirmed"]
    assert isinstance(unconfirmed, list)
    assert [one["order"] for one in unconfirmed] == [key], "the blotter confirms nothing"
    [first] = events(desk)
    told = shown(first)
    assert (told["word"], told["orders"]) == ("Kill switch", "1")
    assert key in told["done"]
    assert "not_computed" in told["cost"]
    assert "Lift it once" in told["open"]
    desk.now += dt.timedelta(minutes=5)
    desk.run("run-once")
    desk.json("fills", "close", key, "--by", "Ada", "--reason", "the desk confirms: nothing")
    desk.json("lift", "tested", "--by", "Ada", "--and", "Ben", "--reason", "it is found")
    by_word = {shown(path)["word"]: path for path in events(desk) if path != first}
    assert by_word["Kill switch"].name == f"{first.stem}-v2.json"
    over, lift = shown(by_word["Kill switch"]), shown(by_word["Kill switch lifted"])
    assert over["open"] == ""
    assert "by Ada and Ben: it is found" in over["ended"]
    assert f"1 order is cancelled: {key}." in over["done"]
    with desk.book() as book:
        [wait] = book.statements(("waiting",), "tested", last=1)
    assert over["cost"] == lift["cost"] == str(float(wait.content["money"]))
    again = desk.json("report", "event", "tested", "--sequence", first.name.split("-")[1])
    assert again["new"] is False, "nothing belongs to it that is not on it"


def test_a_kill_of_the_desk_shows_every_fund(desk: Desk) -> None:
    desk.json("kill", "--reason", "all of it", "--by", "Ben")
    [path] = events(desk, "")
    figures = json.loads(path.read_text(encoding="utf-8"))
    [fund] = figures["funds"]
    with desk.book() as book:
        last = book.record("tested")
    assert fund["fund_id"] == "tested"
    assert fund["figures"]["nav"]["value"] == f"{last.nav:f}"
    assert fund["figures"]["weight"]["value"] == pytest.approx(float(last.equity / last.nav))
    assert fund["figures"]["open_orders"]["value"] == 0
    assert "nothing was decided before it" not in str(figures["effect"])
    assert figures["cause"][0] == "The reason given by Ben: all of it."
    assert "No order was open." in figures["done"]


def test_a_report_that_cannot_be_made_changes_nothing_of_a_command(desk: Desk) -> None:
    (desk.folder / "out").mkdir(exist_ok=True)
    (desk.folder / "out" / "tested").write_text("in the way", encoding="utf-8")
    assert desk.json("kill", "tested", "--reason", "a bug", "--by", "Ada")["exit_code"] == 0
    lifted = desk.json("lift", "tested", "--by", "Ada", "--and", "Ben", "--reason", "it is found")
    assert lifted["stands"] == "NORMAL"
    wait = desk.json("override", "tested", "--no-trade", "--by", "Ada", "--reason", "wait")
    assert wait["sentence"]
    (desk.folder / "out" / "tested").unlink()
    desk.run("run-once")
    words = sorted(shown(path)["word"] for path in events(desk))
    assert words == ["Kill switch", "Kill switch lifted", "Override by a person"], "the next pass makes up for them"


def test_an_override_is_reported_at_once_and_again_when_its_slot_has_ended(desk: Desk) -> None:
    desk.evening(0)
    said = desk.json("override", "tested", "--weight", "0.2", "--by", "Ada", "--reason", "an election")
    [first] = events(desk)
    assert "its slot is still to come" in shown(first)["cost"]
    desk.slot(1)
    again = desk.json("report", "event", "tested", "--sequence", str(said["sequence"]))
    assert again["version"] == 2
    figures = json.loads(Path(str(again["figures"])).read_text(encoding="utf-8"))
    with desk.book() as book:
        record = book.record("tested")
    assert figures["ended"] == f"Its slot ended OK: {record.decision.reason}"
    effect = figures["effect"]
    assert float(effect["units_with"]["value"]) == pytest.approx(float(record.after.units), rel=1e-6)
    assert float(effect["units_without"]["value"]) > float(effect["units_with"]["value"]), "the rule held more"
    assert isinstance(effect["cost"]["value"], float)


def test_a_restore_is_reported_by_its_command(desk: Desk) -> None:
    desk.json("backup", "copy.db")
    (desk.folder / "insure.db").unlink()
    desk.json("restore", "copy.db")
    [path] = events(desk, "")
    assert shown(path)["word"] == "Book restored"


def test_a_person_halts_and_moves_back(desk: Desk) -> None:
    halted = desk.json("halt", "tested", "--by", "Ada", "--reason", "the index provider is down", "--to", "halted")
    assert halted["state"] == "HALTED"
    again = desk.run("halt", "tested", "--by", "Ada", "--reason", "once more", "--to", "reduce_only")
    assert again.code == 2
    assert "that is no step down" in again.err
    desk.slot(1)
    with desk.book() as book:
        assert book.runs("tested")[-1].outcome == "HELD" or book.record("tested").orders == ()
    assert desk.json("lift", "tested", "--by", "Ada", "--reason", "it is back")["stands"] == "NORMAL"


def test_a_kill_needs_no_words(desk: Desk) -> None:
    assert "no reason given" in desk.run("kill").out


def test_a_flag_of_no_fund_calls_people(desk: Desk) -> None:
    (desk.folder / "kill").mkdir(exist_ok=True)
    (desk.folder / "kill" / "TESTED").touch()
    desk.slot(1)
    alerts = desk.json("status")["alerts"]
    assert isinstance(alerts, list)
    (found,) = [each for each in alerts if each["kind"] == "kill flag of no fund"]
    assert found["sentence"] == "kill/TESTED stops nothing: the desk has no such fund. It has tested."


def test_a_restore_halts_the_desk_until_a_person_has_looked(desk: Desk) -> None:
    """What was sent since the backup is not known to the book that was put back."""
    assert desk.run("backup", str(desk.folder / "copy.db")).code == 0
    (desk.folder / "insure.db").rename(desk.folder / "old.db")
    assert desk.run("restore", str(desk.folder / "copy.db")).code == 0
    funds = desk.json("status")["funds"]
    assert isinstance(funds, list)
    assert funds[0]["breaker"] == "HALTED", "a restore must not lift, or leave open, what stood since the backup"
    desk.slot(1)
    with desk.book() as book:
        assert book.record("tested").orders == () or book.runs("tested")[-1].slot != "close-15min"
    assert desk.json("lift", "--by", "Ada", "--reason", "reconciled")["stands"] == "NORMAL"


def test_a_number_beyond_all_books_is_a_sentence(desk: Desk) -> None:
    said = desk.run("ack", "99999999999999999999", "--by", "Ada")
    assert said.code == 1
    assert "so large a number" in said.err


def test_what_a_person_asks_for_is_watched_as_a_pass_is(desk: Desk) -> None:
    """`insure rebalance` trades on no chain that a service would halt for."""
    with closing(sqlite3.connect(desk.folder / "insure.db")) as book, book:
        book.execute("DROP TRIGGER audit_refuses_update")
        book.execute("UPDATE audit SET content = replace(content, 'close', 'other') WHERE kind = 'run'")
    desk.now = calendar("XNYS").closes(SESSIONS[1]) - dt.timedelta(minutes=14)
    assert desk.run("rebalance", "tested").code == 1
    with closing(sqlite3.connect(desk.folder / "insure.db")) as book:
        moved = book.execute("SELECT content FROM audit WHERE kind = 'breaker' AND fund_id IS NULL").fetchall()
        assert [('"state":"HALTED"' in row[0]) for row in moved] == [True], (
            "the desk halts in the command that finds it"
        )
        assert book.execute("SELECT count(*) FROM orders WHERE key LIKE '%2026-11-03%'").fetchone() == (0,)

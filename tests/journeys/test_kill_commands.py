"""`insure kill`, `lift`, `drill`, and what `status`, `doctor` and `rebalance` say of them, as a person types them."""

from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import Desk


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
        (["kill", "--reason", " "], "a kill has a reason on one line"),
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

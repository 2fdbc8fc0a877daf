"""The commands that keep a book: what they print, their exit codes, and one sentence for what is wrong."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from insure.book import anchors
from insure.errors import InsureError
from schedules.cli.app import app
from schedules.desk import open_desk
from schedules.health import Fact, packages, wal_is_safe
from tests.book.market import FUND_FILE, a_fund, fund_slots, listed

runner = CliRunner()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk of one fund on a price file."""
    (tmp_path / "desk.toml").write_text('name = "Test desk"\n', encoding="utf-8")
    (tmp_path / "funds").mkdir()
    for fund_id, broker in (("guarded", "paper"), ("outside", "blotter")):
        text = FUND_FILE.format(
            fund_id=fund_id, kind="synthetic_put", floor=0.9, band=0.0, broker=broker, dividends="reinvested", limits=""
        )
        (tmp_path / "funds" / f"{fund_id}.toml").write_text(text, encoding="utf-8")
    lines = [f"{row.session},{row.close},{row.rate},{row.dividend}" for row in listed().rows]
    (tmp_path / "prices.csv").write_text("\n".join(["date,close,rate,dividend", *lines]), encoding="utf-8")
    return tmp_path


def _said(desk: Path, *arguments: str) -> tuple[int, dict[str, object]]:
    done = runner.invoke(app, [*arguments, "--desk", str(desk), "--json"])
    if isinstance(done.exception, InsureError):
        return done.exception.exit_code, {"error": str(done.exception)}
    return done.exit_code, json.loads(done.stdout) if done.stdout else {}


def _rebalanced(desk: Path, times: int = 1) -> None:
    for _ in range(times):
        code, figures = _said(desk, "rebalance", "guarded")
        assert code == 0, figures


def test_verify_says_what_it_looked_at(desk: Path) -> None:
    _rebalanced(desk, 3)
    code, figures = _said(desk, "verify")
    assert (code, figures["sound"], figures["decisions"]) == (0, True, 3)


def test_verify_of_a_changed_book_fails_with_the_sentence(desk: Path) -> None:
    _rebalanced(desk, 2)
    path = desk / "insure.db"
    path.write_bytes(path.read_bytes().replace(b"Bought", b"Baught"))
    code, figures = _said(desk, "verify")
    assert code == 1
    assert "was changed" in json.dumps(figures["findings"])
    code, figures = _said(desk, "rebalance", "guarded")
    assert code == 1
    assert "nothing was traded" in str(figures["error"])


def test_verify_without_a_book_makes_none(desk: Path) -> None:
    code, figures = _said(desk, "verify")
    assert (code, "there is no book to verify" in str(figures["error"])) == (1, True)
    assert not (desk / "insure.db").exists()


def test_backup_and_restore(desk: Path) -> None:
    _rebalanced(desk, 2)
    assert _said(desk, "backup", str(desk / "copy.db"))[0] == 0
    (desk / "insure.db").rename(desk / "moved.db")
    assert _said(desk, "restore", str(desk / "copy.db"))[0] == 0
    assert _said(desk, "verify")[1]["decisions"] == 2


def test_a_book_that_reports_speak_of_and_that_is_gone_is_not_begun_anew(desk: Path) -> None:
    _rebalanced(desk)
    place = open_desk(desk)
    with place.book() as book:
        anchors.keep(place.out, book.head(), "guarded/rebalance.html", place.clock())
    (desk / "insure.db").unlink()
    code, figures = _said(desk, "rebalance", "guarded")
    assert (code, "is gone" in str(figures["error"])) == (1, True)
    assert not (desk / "insure.db").exists()


def test_flows_by_command(desk: Path) -> None:
    _rebalanced(desk)
    session = str(listed().rows[1].session)
    code, first = _said(desk, "flow", "guarded", "--subscribe", "1000.00", "--session", session)
    assert (code, first["new"], first["key"]) == (0, True, f"guarded:{session}:flow:1")
    assert _said(desk, "flow", "guarded", "--subscribe", "1000.00", "--session", session)[1]["new"] is False
    assert "other content" in str(_said(desk, "flow", "guarded", "--redeem", "5", "--session", session)[1]["error"])
    fee = _said(desk, "flow", "guarded", "--management-fee", "7", "--session", session, "--reference", "fee")
    assert fee[1]["money"] == "-7"
    assert (
        _said(desk, "flow", "guarded", "--reverse", str(first["key"]), "--session", session)[1]["money"] == "-1000.00"
    )
    _rebalanced(desk, 2)
    assert _said(desk, "verify")[1]["sound"] is True


@pytest.mark.parametrize(
    "arguments",
    [
        ("--subscribe", "nan"),
        ("--subscribe", "-5"),
        ("--redeem", "0"),
        ("--subscribe", "1.005"),
        ("--redeem", "1000000000"),
        (),
        ("--redeem", "5", "--subscribe", "5"),
        ("--redeem", "5", "--reference", "a:b"),
    ],
)
def test_a_flow_that_cannot_be_is_a_usage_error(desk: Path, arguments: tuple[str, ...]) -> None:
    _rebalanced(desk)
    code, figures = _said(desk, "flow", "guarded", *arguments, "--session", "2007-01-05")
    assert code == 2, figures


def test_fills_come_in_by_file_all_or_nothing(desk: Path) -> None:
    place = open_desk(desk)
    fund, slot = place.fund("outside"), fund_slots(a_fund(), listed().rows[5].session)[0]
    from schedules.jobs import tick  # noqa: PLC0415
    from schedules.orders.sending import deliver  # noqa: PLC0415

    broker = place.broker(fund)
    with place.book() as book:
        tick(book, fund, slot, place.feed(fund), broker, slot.at)
        deliver(book, broker, slot.at)  # type: ignore[arg-type]  # the fund's broker is the blotter
        (waiting,) = book.open_orders()
    key, units, price = waiting.order.key, waiting.order.units, waiting.order.price
    header = "order_key,reference,units,price,commission,at\n"
    good = f"{key},d-1,{units - 10},{price},1.00,2007-01-03T21:05:00Z\n"
    file = desk / "fills.csv"
    file.write_text(header + good + good.replace("d-1", "d-2"), encoding="utf-8")
    code, figures = _said(desk, "fills", "import", str(file))
    assert (code, "does not fit" in str(figures["error"])) == (1, True)
    file.write_text(header + good, encoding="utf-8")
    assert _said(desk, "fills", "import", str(file))[1] == {"fills": 1, "new": 1, "breaches": []}
    assert _said(desk, "fills", "import", str(file))[1] == {"fills": 1, "new": 0, "breaches": []}
    assert _said(desk, "fills", "close", key, "--by", "Ada", "--reason", "the rest was not to be had")[0] == 0
    with place.book() as book:
        assert book.open_orders() == []
        assert book.standing("outside").holdings.units == units - 10
    assert _said(desk, "verify")[1]["sound"] is True


def test_doctor_says_what_it_found(desk: Path) -> None:
    _rebalanced(desk)
    code, figures = _said(desk, "doctor")
    found = {fact["subject"]: fact for fact in figures["facts"]}  # type: ignore[attr-defined]  # JSON
    assert code == 0, found
    assert found["book: journal_mode"]["found"] == "delete"
    assert found["book: synchronous"]["found"] == "3"
    assert found["package reports"]["grade"] == "ok"
    assert "known until" in found["calendar XNYS"]["found"]


def test_doctor_finds_a_book_that_others_may_read(desk: Path) -> None:
    _rebalanced(desk)
    (desk / "insure.db").chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IROTH)
    code, figures = _said(desk, "doctor")
    assert (code, "others may read it" in json.dumps(figures)) == (1, True)


def test_a_foreign_package_of_our_name_is_found() -> None:
    owners: Mapping[str, list[str]] = {"reports": ["insure", "other-reports"], "insure": ["insure"]}
    wrong = [fact for fact in packages(owners) if fact.grade == "wrong"]
    assert wrong == [Fact("package reports", wrong[0].found, "wrong")]
    assert "other-reports" in wrong[0].found


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 44, 6), True), ((3, 44, 5), False), ((3, 50, 7), True), ((3, 51, 2), False),
     ((3, 51, 3), True), ((4, 0, 0), True)],
)  # fmt: skip
def test_which_sqlite_has_a_safe_write_ahead_log(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) == safe

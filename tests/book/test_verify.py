"""`insure verify` finds every change of a book, says what it is, and finds none in a sound one."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from insure.book import Book, anchors, chain
from insure.book.engine import writing
from insure.book.record import sha256
from insure.book.tables import metadata
from insure.book.verify import contract_of, replayed, verify
from insure.errors import BookError
from insure.flows import Flow
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, execute, first_slots, run

SLOTS = 12


def _written(book: Book) -> None:
    first = first_slots(SLOTS)
    book.book_flow(Flow("guarded:a", "guarded", first[3].session, "subscription", Decimal(50_000)), first[2].at)
    run(book, a_fund(), SLOTS)
    run(book, a_fund("second", kind="cppi"), SLOTS)


def _forced(book: Book, statement: str) -> None:
    """Change the book as someone would who can change the file: without triggers, without foreign keys."""
    sqlite = book.engine.dialect.name == "sqlite"
    with book.engine.connect() as plain:
        if sqlite:
            plain.exec_driver_sql("PRAGMA foreign_keys = OFF")  # heeded outside a transaction alone
            plain.rollback()
            plain.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        connection = plain.execution_options(insure_writes=True)
        names = []
        with connection.begin():
            if sqlite:
                names = list(connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
                for name, _ in names:
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                connection.exec_driver_sql("SET session_replication_role = replica")
            assert connection.exec_driver_sql(statement).rowcount != 0, f"{statement} changed nothing"
            for _, sql in names:
                connection.exec_driver_sql(sql)
            if not sqlite:
                connection.exec_driver_sql("SET session_replication_role = origin")


def test_a_sound_book_has_no_findings(open_book: OpenBook) -> None:
    with open_book() as book:
        _written(book)
        done = verify(book)
        assert done.findings == ()
        assert done.decisions == 2 * SLOTS
        assert (done.rows, done.head) == (book.head()[0], book.head())


def test_an_empty_book_is_sound(open_book: OpenBook) -> None:
    with open_book() as book:
        assert verify(book).findings == ()


CHANGES = {
    "a reason": ("UPDATE runs SET reason = 'No trade.' WHERE id = 5", "ledger", "has reason 'No trade.'"),
    "an outcome": ("UPDATE runs SET outcome = 'SKIPPED' WHERE id = 5", "ledger", "has outcome 'SKIPPED'"),
    "a decision": ("UPDATE decisions SET record = replace(record, '0', '1') WHERE run_id = 5", "chain", "was changed"),
    "a decision and its hash": ("UPDATE decisions SET sha256 = 'f' WHERE run_id = 5", "chain", "was changed"),
    "a contract": ("UPDATE contracts SET effective = replace(effective, '0.9', '0.8')", "contract", "was changed"),
    "an entry": ("UPDATE entries SET money = money + 1 WHERE id = 2", "ledger", "does not balance: 0.01"),
    "two entries that still balance": (
        "UPDATE entries SET money = money + CASE account WHEN 'spread' THEN 1 WHEN 'commission' THEN -1 ELSE 0 END",
        "ledger",
        "are not the ones that were written",
    ),
    "an order": ("UPDATE orders SET price_limit = price_limit + 1", "orders", "is not the one that was decided"),
    "an order's state": ("UPDATE orders SET state = 'acked'", "orders", "is acked, and its last event says filled"),
    "an event of an order": ("UPDATE order_events SET detail = 'sent' WHERE id = 1", "orders", "The life of the order"),
    "the start of a run": (
        "UPDATE runs SET started = '2007-01-10T21:00:00.000001+00:00' WHERE id = 5",
        "ledger",
        "has started at",
    ),
    "a version": ("UPDATE decisions SET code_version = 'x' WHERE run_id = 5", "ledger", "stands under another"),
    "a contract's first use": (
        "UPDATE contracts SET first_used = '2007-01-10T21:00:00.000001+00:00'",
        "contract",
        "was first used at",
    ),
    "a fill": ("UPDATE fills SET commission = commission + 1", "orders", "is not the one that was recorded"),
    "a flow": ("UPDATE flows SET session = '2007-01-11'", "ledger", "is not the one that was ordered"),
    "a row of the chain": ("UPDATE audit SET content = replace(content, 'OK', 'KO') WHERE sequence = 7", "chain",
                           "Row 7 of the chain (run of guarded) was changed"),
    "a time on the chain": ("UPDATE audit SET at = '2007-01-12T21:00:00.000000+00:00' WHERE sequence = 7", "chain",
                            "Row 7"),
    "a lost row of the chain": ("DELETE FROM audit WHERE sequence = 7", "chain", "Row 7 of the chain is missing"),
    "a lost entry": ("DELETE FROM entries WHERE run_id = 4", "ledger", "are not the ones that were written"),
    "a lost decision": ("DELETE FROM decisions WHERE run_id = 4", "ledger", "is missing"),
    "a lost run": ("DELETE FROM runs WHERE id = 4", "ledger", "is missing"),
    "an entry slipped in": (
        "INSERT INTO entries (fund_id, posting, account, money, units) VALUES ('guarded', 'x', 'interest', 0, 0)",
        "ledger",
        "entries has",
    ),
    "a run slipped in": (
        "INSERT INTO runs (fund_id, session, slot, due, started, outcome, reason) VALUES ('', '', '', '', '', '', '')",
        "ledger",
        "runs has",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found_and_named(open_book: OpenBook, change: str) -> None:
    statement, part, said = CHANGES[change]
    with open_book() as book:
        _written(book)
        _forced(book, statement)
        found = verify(book, again=False).findings
        wanted = [finding for finding in found if finding.part == part and said in finding.sentence]
        assert wanted, f"{change} was changed and verify said {found or 'nothing'}"


def test_a_lost_trigger_is_found(open_book: OpenBook) -> None:
    with open_book() as book:
        on = " ON audit" if book.engine.dialect.name != "sqlite" else ""
        execute(book, sa.text(f"DROP TRIGGER audit_refuses_update{on}"))
        assert [finding.part for finding in verify(book).findings] == ["schema"]


def _rewrite(book: Book, change: Callable[[str], str]) -> None:
    """Forge as well as can be: change a decision and write every hash anew, up to the head."""
    with writing(book.engine, book.where) as connection:
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        texts = {}
        for run_id, text in connection.exec_driver_sql("SELECT run_id, record FROM decisions").all():
            texts[run_id] = change(text)
            connection.execute(
                sa.update(metadata.tables["decisions"])
                .where(metadata.tables["decisions"].c.run_id == run_id)
                .values(record=texts[run_id], sha256=sha256(texts[run_id]))
            )
        audit, previous = metadata.tables["audit"], chain.GENESIS
        for row in connection.execute(sa.select(audit).order_by(audit.c.sequence)).all():
            content = json.loads(row.content)
            if row.run_id in texts:
                content["decision_sha256"] = sha256(texts[row.run_id])
            text = chain.canonical(content)
            own = chain.link(row.sequence, row.at, row.fund_id, row.kind, text, previous)
            connection.execute(
                sa.update(audit)
                .where(audit.c.sequence == row.sequence)
                .values(content=text, previous_sha256=previous, sha256=own)
            )
            previous = own


def test_a_book_written_anew_is_sound_in_itself_and_found_by_an_anchor(tmp_path: Path) -> None:
    with Book.open(tmp_path / "insure.db") as book:
        run(book, a_fund(), 4)
        anchors.keep(tmp_path / "out", book.head(), "guarded/rebalance.html", first_slots(4)[3].at)
        _rewrite(book, lambda text: text.replace('"origin":"listed', '"origin":"unlisted'))
        known = anchors.kept(tmp_path / "out")
        inside, outside = verify(book).findings, verify(book, known).findings
    assert {finding.part for finding in inside} == {"schema"}, "the forgery of this test is not good enough"
    assert "was written anew" in next(each.sentence for each in outside if each.part == "anchors")


def test_a_figure_changed_in_a_decision_does_not_come_out_again(tmp_path: Path) -> None:
    with Book.open(tmp_path / "insure.db") as book:
        run(book, a_fund(), 4)
        shown = book.record("guarded").decision.valuation
        assert shown is not None
        _rewrite(book, lambda text: text.replace(f'"floor":{shown.floor!r}', '"floor":900000.5'))
        (finding,) = [each for each in verify(book).findings if each.part == "replay"]
    assert "decision.valuation.floor is 900000.5 in the book and" in finding.sentence


def test_a_cut_end_is_found_by_an_anchor(tmp_path: Path) -> None:
    path, out = tmp_path / "insure.db", tmp_path / "out"
    with Book.open(path) as book:
        run(book, a_fund(), 3)
    older = path.read_bytes()
    with Book.open(path) as book:
        run(book, a_fund(), 6, first=3)
        anchors.keep(out, book.head(), "guarded/rebalance.html", first_slots(6)[5].at)
        anchors.check_last(book, out, str(path))
    path.write_bytes(older)
    with Book.open(path) as book:
        assert verify(book).findings == (), "an older copy is sound in itself"
        (finding,) = verify(book, anchors.kept(out)).findings
        assert "its end was cut off" in finding.sentence
        with pytest.raises(BookError, match=r"not to be trusted.*Nothing was done"):
            anchors.check_last(book, out, str(path))


def test_a_damaged_file_of_anchors_is_named(tmp_path: Path) -> None:
    anchors.keep(tmp_path, (3, "a" * 64), "r.html", first_slots(1)[0].at)
    with (tmp_path / anchors.FILE).open("a", encoding="utf-8") as file:
        file.write('{"sequence": 4}\n')
    with pytest.raises(BookError, match="line 2 is no anchor"):
        anchors.kept(tmp_path)


@pytest.mark.parametrize("kind", ["synthetic_put", "cppi", "tipp", "stop_loss", "constant_mix", "buy_and_hold"])
def test_a_contract_reads_back_exactly_and_decides_the_same(tmp_path: Path, kind: str) -> None:
    fund = a_fund(f"fund-{kind.replace('_', '-')}", kind=kind)
    assert contract_of(fund.effective()) == fund
    assert contract_of(fund.effective()).effective() == fund.effective()
    with Book.open(tmp_path / "insure.db") as book:
        for done in run(book, fund, 5):
            assert done.record is not None
            assert replayed(contract_of(fund.effective()), done.record.decision) is None


def test_nothing_is_traded_on_a_changed_last_decision(open_book: OpenBook) -> None:
    for number, (statement, said) in enumerate(
        (
            ("UPDATE decisions SET record = replace(record, '0', '1')", "not the one that was written"),
            ("UPDATE entries SET money = money + 100 WHERE account = 'cash'", "lead to"),
            ("UPDATE audit SET content = replace(content, 'OK', 'KO')", "not the one that was written"),
        )
    ):
        fund = a_fund(f"fund-{number}")
        with open_book() as book:
            run(book, fund, 2)
            _forced(book, statement)
            with pytest.raises(BookError, match=said):
                run(book, fund, 3, first=2)
            assert len(book.runs(fund.id)) == 2

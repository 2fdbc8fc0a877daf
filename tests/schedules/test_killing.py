"""The kill switch through the real sender: at random moments, without a database, with brokers that fail, killed."""

import datetime as dt
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from insure.book import Book
from insure.book.verify import verify
from insure.broker import BlotterBroker, Broker, BrokerReport, FailingBroker, Faults, OutsideBroker, PaperBroker
from insure.controls import breakers, kill_flag
from insure.controls.gathering import Outside
from insure.errors import BookError, DeskError, InvalidInput, Killed
from insure.fund import Fund
from insure.orders import Order
from schedules.desk import Desk, DeskTerms
from schedules.jobs import tick, tick_many
from schedules.orders.sending import Unconfirmed, deliver, said
from schedules.people.killing import Kill, kill, lift
from schedules.watch.breakers import Watch
from tests.book.market import a_fund, first_slots, listed
from tests.faults.killing import NEVER, Moments, in_a_child

SLOT = first_slots(1)[0]
NOW = SLOT.at
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - what is asked here, no disk needs to wait for
OPEN = ("new", "sending", "acked", "partly", "unknown")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory."""
    folder = Path(tempfile.mkdtemp(prefix="killing", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)


@dataclass
class Recording:
    """A broker outside that takes orders, executes nothing, and writes down what it was asked, in order."""

    log: list[tuple[str, str]] = field(default_factory=list)
    name: str = "recording"
    refuses_duplicates: bool = True
    taken: dict[str, bool] = field(default_factory=dict)
    """By our reference: whether it still works."""
    pause: Callable[[], None] = lambda: None

    def send(self, order: Order) -> BrokerReport:
        self.log.append(("sent", order.key))
        self.pause()
        self.taken[order.key] = True
        return BrokerReport("acked")

    def look_up(self, order_key: str) -> BrokerReport | None:
        self.pause()
        if order_key not in self.taken:
            return None
        return BrokerReport("acked" if self.taken[order_key] else "cancelled")

    def cancel(self, order_key: str) -> BrokerReport | None:
        self.pause()
        if order_key in self.taken:
            self.taken[order_key] = False
        self.pause()
        return self.look_up(order_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillDesk(Desk):
    """A desk whose contracts and broker are told."""

    contracts: dict[str, Fund]
    told: Broker

    def fund_ids(self) -> list[str]:
        return sorted(self.contracts)

    def fund(self, fund_id: str) -> Fund:
        if fund_id not in self.contracts:
            raise DeskError(f"There is no fund {fund_id}.")
        return self.contracts[fund_id]

    def broker(self, fund: Fund) -> Broker:  # noqa: ARG002 - one broker for all
        return self.told


def funds(count: int) -> dict[str, Fund]:
    return {f"fund-{n:03d}": replace(a_fund(broker="blotter"), id=f"fund-{n:03d}") for n in range(count)}


def a_desk(folder: Path, broker: Broker, count: int = 3, people: tuple[str, ...] = ()) -> KillDesk:
    return KillDesk(folder, DeskTerms(name="desk", people=people), lambda: NOW, contracts=funds(count), told=broker)


def decided(folder: Path, count: int) -> Path:
    """A book in which so many funds have each decided an order that is not sent yet."""
    path = folder / "insure.db"
    with Book.open(path) as book, book.batch() as pages:
        for fund in funds(count).values():
            done = tick(pages, fund, SLOT, listed(), Recording(), NOW)
            assert done.record is not None
            assert done.record.orders, f"{fund.id} decided no order"
    return path


def next_pass(desk: KillDesk, book: Book) -> list[Unconfirmed]:
    """What a pass of the service does about flags and orders."""
    Watch(desk, book).begin([], NOW)
    assert isinstance(desk.told, OutsideBroker)
    return deliver(book, desk.told, NOW, killed=desk.killed)


def states(book: Book) -> dict[str, str]:
    with book.engine.connect() as connection:
        return {row.key: row.state for row in connection.exec_driver_sql("SELECT key, state FROM orders")}


def kills(book: Book, fund_id: str = "") -> int:
    return len(book.statements(("kill",), fund_id))


@contextmanager
def at_every_statement(moment: Callable[..., None]) -> Iterator[None]:
    names = ("before_cursor_execute", "after_cursor_execute", "commit")
    for name in names:
        event.listen(Engine, name, moment)
    try:
        yield
    finally:
        for name in names:
            event.remove(Engine, name, moment)


def late_sends(log: list[tuple[str, str]]) -> list[str]:
    """Orders that were sent although their flag was asked for after it stood.

    The log is in the order of what happened: ("asked", order), ("stands", fund), ("sent", order).
    """
    stood: dict[str, int] = {}
    asked: dict[str, int] = {}
    late = []
    for number, (what, key) in enumerate(log):
        fund_id = key.split(":")[0]
        if what == "stands":
            stood.setdefault(fund_id, number)
        elif what == "asked":
            asked[fund_id] = number
        elif fund_id not in asked:
            late.append(f"{key} was sent and nobody asked for its flag")
        elif fund_id in stood and asked[fund_id] > stood[fund_id]:
            late.append(f"{key} was sent after its flag was asked for and stood")
    return late


@pytest.mark.parametrize("rounds", [2, pytest.param(10, marks=pytest.mark.soak)])
def test_of_kills_at_random_moments_no_order_is_sent_whose_flag_was_read_after_it_stood(
    tmp_path: Path, rounds: int
) -> None:
    """Deliveries of a hundred orders; each fund is killed at a random statement, read or answer around its send.

    A send is sequential to the reading of its flag, with nothing between. So at most the one order that had read it
    before can still go out: not one second later, nor one order later.
    """
    chance = np.random.default_rng(1)
    base = decided(tmp_path, 100)
    thrown, in_flight, sent_in_all = 0, 0, 0
    for number in range(rounds):
        folder = tmp_path / f"round-{number}"
        folder.mkdir()
        shutil.copy2(base, folder / "insure.db")
        log: list[tuple[str, str]] = []
        broker = Recording(log)
        waiting = sorted(funds(100))
        begun = [0]

        def moment(*_: object, rate: float = 1 / 120, folder: Path = folder, waiting: list[str] = waiting,
                   begun: list[int] = begun, log: list[tuple[str, str]] = log) -> None:  # fmt: skip
            # A fund has some 80 moments: one in 120 kills whichever fund is at its turn now, or comes next.
            near = [each for each in waiting if int(each[-3:]) <= begun[0] + 1]
            if near and chance.random() < rate:
                fund_id = str(chance.choice(near[-2:]))
                waiting.remove(fund_id)
                kill_flag.throw(folder, fund_id, "Ada", "a random moment", NOW)
                log.append(("stands", fund_id))

        def killed(fund_id: str, folder: Path = folder, begun: list[int] = begun,
                   moment: Callable[..., None] = moment, log: list[tuple[str, str]] = log) -> str:  # fmt: skip
            begun[0] = max(begun[0], int(fund_id[-3:]))
            moment()
            log.append(("asked", fund_id))
            flag = kill_flag.standing(folder, fund_id)
            moment(rate=1 / 12)
            return "" if flag is None else flag.sentence

        broker.pause = moment
        with Book.open(folder / "insure.db") as book:
            with at_every_statement(moment):
                deliver(book, broker, NOW, killed=killed)
            for fund_id in waiting:
                kill_flag.throw(folder, fund_id, "Ada", "after the last order", NOW)
                log.append(("stands", fund_id))
            assert late_sends(log) == []
            sent = [key for what, key in log if what == "sent"]
            stands = {key: i for i, (what, key) in enumerate(log) if what == "stands"}
            in_flight += sum(what == "sent" and i > stands[key.split(":")[0]] for i, (what, key) in enumerate(log))
            thrown += len(stands)
            sent_in_all += len(sent)
            assert len(sent) == len(set(sent)), "an order was sent twice"
            before = len(sent)
            assert deliver(book, broker, NOW, killed=killed) == [], "the recording broker confirms everything"
            assert len([1 for what, _ in log if what == "sent"]) == before, "a later pass sent something"
            assert set(states(book).values()) == {"cancelled"}
            assert not any(broker.taken.values()), "an order still works at the broker"
    print(f"{thrown} kills, {sent_in_all} orders sent, {in_flight} of them had read their flag before")  # noqa: T201
    assert thrown == 100 * rounds
    assert in_flight > 0, "no kill fell between the reading of the flag and its send: the test asks too little"
    assert 10 * rounds < sent_in_all < 90 * rounds, "the kills fell all before, or all after"


def test_kills_from_another_thread(tmp_path: Path) -> None:
    """The sender and the killer are two threads; the log's order is what happened (appending is atomic)."""
    base = decided(tmp_path, 20)
    chance = np.random.default_rng(2)
    for number in range(5):
        folder = tmp_path / f"round-{number}"
        folder.mkdir()
        shutil.copy2(base, folder / "insure.db")
        log: list[tuple[str, str]] = []
        broker = Recording(log)
        turn = threading.Semaphore(0)
        wanted = int(chance.integers(1, 60))

        def killer(folder: Path = folder, turn: threading.Semaphore = turn, wanted: int = wanted,
                   log: list[tuple[str, str]] = log) -> None:  # fmt: skip
            for _ in range(wanted):
                turn.acquire()
            for fund_id in sorted(funds(20)):
                kill_flag.throw(folder, fund_id, "Ada", "from elsewhere", NOW)
                log.append(("stands", fund_id))

        def killed(fund_id: str, folder: Path = folder, turn: threading.Semaphore = turn,
                   log: list[tuple[str, str]] = log) -> str:  # fmt: skip
            turn.release()
            log.append(("asked", fund_id))
            flag = kill_flag.standing(folder, fund_id)
            turn.release()
            return "" if flag is None else flag.sentence

        thread = threading.Thread(target=killer)
        with Book.open(folder / "insure.db") as book:
            thread.start()
            deliver(book, broker, NOW, killed=killed)
            for _ in range(wanted):
                turn.release()
            thread.join()
            assert late_sends(log) == []
            deliver(book, broker, NOW, killed=killed)
            assert set(states(book).values()) == {"cancelled"}
            assert not any(broker.taken.values())


def test_a_kill_ends_what_is_open_and_the_broker_confirms_it(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 3), Recording()
    desk = a_desk(tmp_path, broker)
    with Book.open(path) as book:
        deliver(book, broker, NOW, "fund-000", desk.killed)
    done = kill(desk, "", "Ada", "a bug")
    assert done.confirmed, done
    assert len(done.withdrawn) == 3
    assert [key for what, key in broker.log if what == "sent"] == ["fund-000:2007-01-03:close:1"]
    assert not any(broker.taken.values())
    with Book.open(path) as book:
        assert set(states(book).values()) == {"cancelled"}
        assert kills(book) == 1
        again = kill(desk, "", "Ben", "again")
        assert again.confirmed
        assert kills(book) == 1, "one flag has one row"
        assert next_pass(desk, book) == []
        assert kills(book) == 1
        assert verify(book).findings == ()


class EditedDesk(KillDesk):
    """A desk that asks the contract it is handed for its broker, and whose fund files were edited since."""

    def fund(self, fund_id: str) -> Fund:
        raise DeskError(f"funds/{fund_id}.toml is not TOML.")

    def broker(self, fund: Fund) -> Broker:
        return self.told if fund.execution.broker == "blotter" else PaperBroker()


@pytest.mark.parametrize("known", [2, 1], ids=["files cannot be read", "a file is gone"])
def test_orders_are_withdrawn_whatever_became_of_the_fund_files(tmp_path: Path, known: int) -> None:
    """The orders went out under a contract that the book kept; what a file says today is no matter."""
    decided(tmp_path, 2)
    told = DeskTerms(name="desk")
    desk = EditedDesk(tmp_path, told, lambda: NOW, contracts=funds(known), told=Recording())
    done = kill(desk, "", "Ada", "a bug")
    assert done.withdrawn == ("fund-000:2007-01-03:close:1", "fund-001:2007-01-03:close:1"), done.troubles
    assert done.confirmed


def test_a_kill_withdraws_also_where_the_anchors_are_doubtful(tmp_path: Path) -> None:
    decided(tmp_path, 1)
    desk = a_desk(tmp_path, Recording(), 1)
    desk.out.mkdir(exist_ok=True)
    (desk.out / "anchors.jsonl").write_text("no anchor\n")
    done = kill(desk, "", "Ada", "a bug")
    assert done.withdrawn == ("fund-000:2007-01-03:close:1",)
    [doubt] = done.troubles
    assert doubt.startswith("The book is doubtful: ")
    assert "is no anchor" in doubt


def test_without_a_book_every_order_file_that_may_live_is_asked_back(tmp_path: Path) -> None:
    """Whoever cannot ask the book asks the trading desk for all of it, but for what ended long ago."""
    path = decided(tmp_path, 2)
    desk = a_desk(tmp_path, Recording(), 2)
    blotter = BlotterBroker(desk.out / "blotter")
    with Book.open(path) as book:
        for waiting in book.open_orders():
            blotter.send(waiting.order)
            blotter.send(replace(waiting.order, key=f"{waiting.order.key}.old", good_until=NOW - dt.timedelta(days=3)))
    path.unlink()
    done = kill(desk, "fund-001", "Ada", "a bug")
    wishes = sorted(each.name for each in (desk.out / "blotter").glob("CANCEL-*"))
    assert wishes == ["CANCEL-fund-001_2007-01-03_close_1.csv"], "one fund's, and none that ended three days ago"
    assert [one.key for one in done.unconfirmed] == ["fund-001:2007-01-03:close:1"]
    assert not done.confirmed
    assert not kill(desk, "", "Ada", "all of it").confirmed
    assert len(list((desk.out / "blotter").glob("CANCEL-*"))) == 2


def test_a_fund_is_killed_alone(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 2), Recording()
    desk = a_desk(tmp_path, broker, 2)
    assert kill(desk, "fund-001", "", "a bug").confirmed
    with Book.open(path) as book:
        next_pass(desk, book)
        assert list(states(book).values()) == ["acked", "cancelled"]
        assert breakers.standing(said(book, "fund-000"), "fund-000").state == "NORMAL"
        assert breakers.standing(said(book, "fund-001"), "fund-001").state == "KILLED"
    with pytest.raises(DeskError, match="has no fund 'typo'"):
        kill(desk, "typo", "", "a bug")
    assert kill_flag.standing(tmp_path, "typo") is None


def test_with_the_database_locked_the_flag_stands_and_the_next_pass_does_the_rest(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 2), Recording()
    desk = a_desk(tmp_path, broker, 2)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = kill(desk, "", "Ada", "a bug", lambda: Book.open(path, 0.05))
        assert not done.booked
        assert "database is locked" in done.troubles[0]
        assert desk.killed("fund-000"), "the flag stands all the same"
        with Book(_engine(path), str(path)) as book, pytest.raises(BookError, match="locked"):
            deliver(book, broker, NOW, killed=desk.killed)
        assert broker.log == []
        other.execute("ROLLBACK")
    _next_pass_ends_it(desk, path, broker)


def _engine(path: Path) -> Engine:
    from insure.book.engine import sqlite_engine  # noqa: PLC0415

    return sqlite_engine(path, 0.05)


def test_with_the_database_moved_away_the_flag_stands_and_no_new_book_is_begun(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 2), Recording()
    desk = a_desk(tmp_path, broker, 2)
    away = path.rename(tmp_path / "away.db")
    done = kill(desk, "", "Ada", "a bug")
    assert not done.booked
    assert "insure.db is not there. Which orders are open is not known here: call the broker." in done.troubles[0]
    assert not path.exists(), "a kill must not begin a book"
    assert desk.killed("fund-001")
    away.rename(path)
    _next_pass_ends_it(desk, path, broker)


def test_with_a_book_that_refuses_the_flag_stands(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 2), Recording()
    desk = a_desk(tmp_path, broker, 2)
    whole = path.read_bytes()
    path.write_bytes(b"no book at all")
    done = kill(desk, "", "Ada", "a bug")
    assert not done.booked
    assert "is not a database" in done.troubles[0]
    assert desk.killed("fund-001")
    path.write_bytes(whole)
    _next_pass_ends_it(desk, path, broker)


def _next_pass_ends_it(desk: KillDesk, path: Path, broker: Recording) -> None:
    with Book.open(path) as book:
        assert kills(book) == 0
        assert next_pass(desk, book) == []
        assert kills(book) == 1
        assert set(states(book).values()) == {"cancelled"}
        assert [what for what, _ in broker.log if what == "sent"] == []
        assert breakers.standing(said(book, "fund-001"), "fund-001").state == "KILLED"
        assert verify(book).findings == ()


def test_killed_at_any_moment_a_kill_is_ended_by_the_next_pass(tmp_path: Path) -> None:
    """SIGKILL at every statement, commit and answer of a kill; what is at the broker is kept in a file."""
    base = tmp_path / "base"
    base.mkdir()
    with Book.open(decided(base, 2)) as book:
        deliver(book, FileDesk(base / "orders"), NOW, "fund-000")

    def killing(folder: Path, moments: Moments) -> None:
        kill(a_desk(folder, FileDesk(folder / "orders", moments), 2), "", "Ada", "a bug")

    undisturbed = Path(shutil.copytree(base, tmp_path / "undisturbed"))
    killed, count = in_a_child(partial(killing, undisturbed), NEVER)
    assert not killed
    assert count > 40
    thrown = set()
    for fatal in range(0, count, 3):
        folder = Path(shutil.copytree(base, tmp_path / f"killed-{fatal}"))
        in_a_child(partial(killing, folder), fatal)
        broker = FileDesk(folder / "orders")
        desk = a_desk(folder, broker, 2)
        flag = kill_flag.standing(folder, "")
        thrown.add(flag is not None)
        with Book.open(folder / "insure.db") as book:
            if flag is None:
                assert kills(book) == 0, "the book has a kill that no flag stands for"
                continue
            assert next_pass(desk, book) == []
            assert kills(book) == 1, f"killed at moment {fatal} it has {kills(book)} rows"
            assert set(states(book).values()) == {"cancelled"}, f"killed at moment {fatal}"
            assert broker.working() == [], f"killed at moment {fatal} an order still works at the broker"
            assert verify(book).findings == ()
    assert True in thrown


def test_killed_at_any_moment_a_lift_is_whole_or_not_there(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    decided(base, 1)
    kill(a_desk(base, Recording(), 1), "", "Ada", "a bug")

    def lifting(folder: Path, moments: Moments) -> None:
        with Book.open(folder / "insure.db") as book:
            lift(a_desk(folder, Recording(), 1), book, "", ["Ada", "Ben"], "it is found", "HALTED", NOW)
            moments.pass_one()

    undisturbed = Path(shutil.copytree(base, tmp_path / "undisturbed"))
    _, count = in_a_child(partial(lifting, undisturbed), NEVER)
    found = set()
    for fatal in range(count):
        folder = Path(shutil.copytree(base, tmp_path / f"killed-{fatal}"))
        in_a_child(partial(lifting, folder), fatal)
        desk = a_desk(folder, Recording(), 1)
        with Book.open(folder / "insure.db") as book:
            lifted = len(book.statements(("lift",), ""))
            if not lifted:
                assert desk.killed(""), "the flag is gone and the book has no lift"
            next_pass(desk, book)
            assert bool(desk.killed("")) is not bool(lifted)
            stands = breakers.standing(said(book, ""), "").state
            assert stands == ("HALTED" if lifted else "KILLED"), f"killed at moment {fatal}"
            assert kills(book) == 1
            found.add(bool(lifted))
    assert found == {True, False}


class FileDesk:
    """A broker outside whose memory is a folder: a file an order, emptied when it is cancelled."""

    name = "file desk"
    refuses_duplicates = True

    def __init__(self, folder: Path, moments: Moments | None = None) -> None:
        self._folder = folder
        self._moments = moments or Moments()
        folder.mkdir(exist_ok=True)

    def send(self, order: Order) -> BrokerReport:
        self._path(order.key).write_text("works", encoding="utf-8")
        return BrokerReport("acked")

    def look_up(self, order_key: str) -> BrokerReport | None:
        self._moments.pass_one()
        path = self._path(order_key)
        if not path.exists():
            return None
        return BrokerReport("acked" if path.read_text(encoding="utf-8") else "cancelled")

    def cancel(self, order_key: str) -> BrokerReport | None:
        self._moments.pass_one()
        if self._path(order_key).exists():
            os.truncate(self._path(order_key), 0)
        self._moments.pass_one()
        return self.look_up(order_key)

    def working(self) -> list[str]:
        return [path.name for path in self._folder.iterdir() if path.read_text(encoding="utf-8")]

    def _path(self, key: str) -> Path:
        return self._folder / key.replace(":", "_")


often = st.sampled_from([0.0, 0.3, 0.7])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Faults,
        drops=often,
        delays=often,
        silences=often,
        repeats=often,
        parts=often,
        cancels=often,
        forgets=st.sampled_from([0.0, 0.0, 0.5]),
    ),
    st.integers(0, 2**32 - 1),
)
def test_whatever_a_broker_does_what_is_not_confirmed_is_listed(tmp_path: Path, faults: Faults, seed: int) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    path = decided(folder, 3)
    broker = FailingBroker(faults, np.random.default_rng(seed).random)
    desk = a_desk(folder, broker)
    with Book.open(path) as book:
        for _ in range(2):
            deliver(book, broker, NOW, "fund-000", desk.killed)
            deliver(book, broker, NOW, "fund-001", desk.killed)
        arrived = dict(broker.arrivals)
        done = kill(desk, "", "Ada", "a bug", lambda: Book(_engine(path), str(path)))
        _everything_is_ended_or_listed(book, done.unconfirmed, done)
        for _ in range(3):
            left = next_pass(desk, book)
            _everything_is_ended_or_listed(book, left, done)
        assert broker.arrivals == arrived, "an order was executed anew after the kill"
        assert all(count == 1 for count in broker.arrivals.values())
        broker.faults = Faults()
        for one in next_pass(desk, book):
            assert broker.look_up(one.key) is None, f"the broker answers for {one.key} now, and it is still listed"
        assert verify(book).findings == ()


def _everything_is_ended_or_listed(book: Book, listed: tuple[Unconfirmed, ...] | list[Unconfirmed], done: Kill) -> None:
    assert done.booked
    open_keys = {key for key, state in states(book).items() if state in OPEN}
    assert open_keys == {one.key for one in listed}, "an open order is not listed, or one at its end is"
    assert all(one.sentence for one in listed)
    assert "new" not in states(book).values()


def test_nothing_is_sent_where_the_flag_was_removed_by_hand(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 1), Recording()
    desk = a_desk(tmp_path, broker, 1)
    kill(desk, "", "Ada", "a bug")
    (tmp_path / "kill" / "_desk").unlink()
    with Book.open(path) as book:
        tick(
            book, funds(1)["fund-000"], first_slots(2)[1], listed(), broker, first_slots(2)[1].at, outside=desk.outside
        )
        next_pass(desk, book)
        assert broker.log == []
        done = lift(desk, book, "", ["Ada", "Ben"], "it is found", "NORMAL", NOW)
        assert (done.before, done.stands, done.flag_down) == ("KILLED", "NORMAL", True)


def test_a_lift_needs_two_different_people_of_the_desk_and_goes_where_it_says(tmp_path: Path) -> None:
    path = decided(tmp_path, 1)
    desk = a_desk(tmp_path, Recording(), 1, people=("Ada", "Ben"))
    kill(desk, "", "", "a bug")
    with Book.open(path) as book:
        for people in (["Ada"], ["Ada", " ada"], ["Ada", "Mallory"]):
            with pytest.raises(InvalidInput):
                lift(desk, book, "", people, "it is found", "NORMAL", NOW)
        assert desk.killed(""), "a lift that was refused took the flag down"
        done = lift(desk, book, "", ["Ben", "Ada"], "it is found", "HALTED", NOW)
        assert (done.after, done.stands) == ("HALTED", "HALTED")
        assert not desk.killed("")
        back = lift(desk, book, "", ["Ada"], "all is well", "NORMAL", NOW)
        assert back.stands == "NORMAL"
        kill(desk, "", "", "another bug")
        assert kills(book) == 2
        assert breakers.standing(said(book, ""), "").state == "KILLED"


def test_a_flag_without_its_row_is_lifted_with_it(tmp_path: Path) -> None:
    path = decided(tmp_path, 1)
    desk = a_desk(tmp_path, Recording(), 1)
    (tmp_path / "kill").mkdir()
    (tmp_path / "kill" / "_desk").touch()
    with Book.open(path) as book:
        assert lift(desk, book, "", ["Ada", "Ben"], "a test", "NORMAL", NOW).stands == "NORMAL"
        assert kills(book) == 1, "what was touched by hand has its row before it is lifted"
        assert not desk.killed("")


def test_the_flag_of_one_fund_stops_it_in_a_batch_and_no_other(tmp_path: Path) -> None:
    kill_flag.throw(tmp_path, "fund-001", "Ada", "a bug", NOW)
    desk = a_desk(tmp_path, Recording(), 3)
    paper = {key: replace(fund, execution=a_fund().execution) for key, fund in funds(3).items()}
    from insure.broker import PaperBroker  # noqa: PLC0415

    with Book.open(tmp_path / "insure.db") as book:
        due = [(fund, SLOT) for fund in paper.values()]
        ticking = partial(tick, outside=desk.outside)
        done = list(tick_many(book, due, lambda _: listed(), PaperBroker(), lambda *_: NOW, ticking=ticking))
        outcomes = [getattr(each, "outcome", "refused") for each in done]
        assert outcomes == ["OK", "HELD", "OK"]
        assert verify(book).findings == ()


@pytest.mark.parametrize("look", [3, 4])
def test_a_flag_thrown_while_a_slot_is_decided_keeps_nothing_of_it(tmp_path: Path, look: int) -> None:
    """The flag is read before deciding, after it, and before every execution of a broker that executes at once."""
    from insure.broker import PaperBroker  # noqa: PLC0415

    looks = [0]

    def outside(fund_id: str) -> Outside:
        looks[0] += 1
        return Outside("The kill switch stands.") if looks[0] >= look else Outside()

    with Book.open(tmp_path / "insure.db") as book:
        with pytest.raises(Killed, match="The kill switch stands"):
            tick(book, a_fund(), SLOT, listed(), PaperBroker(), NOW, outside=outside)
        assert book.runs("guarded") == []
        assert book.head()[0] == 0, "something of the slot was kept"


def test_halted_sends_nothing_and_reduce_only_sends_sales(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 2), Recording()
    with Book.open(path) as book:
        book.state("breaker", "fund-000", NOW, {"sentence": "stop", "state": "HALTED"})
        book.state("breaker", "fund-001", NOW, {"sentence": "sales", "state": "REDUCE_ONLY"})
        deliver(book, broker, NOW)
        assert broker.log == [], "both orders are purchases"
        assert set(states(book).values()) == {"cancelled"}, "what is kept back is withdrawn"


def test_what_a_broker_has_is_taken_back_by_halted_and_purchases_by_reduce_only(tmp_path: Path) -> None:
    path, broker = decided(tmp_path, 2), Recording()
    with Book.open(path) as book:
        deliver(book, broker, NOW)
        assert set(states(book).values()) == {"acked"}
        book.state("breaker", "fund-000", NOW, {"sentence": "stop", "state": "HALTED"})
        book.state("breaker", "fund-001", NOW, {"sentence": "sales", "state": "REDUCE_ONLY"})
        assert deliver(book, broker, NOW) == []
        assert set(states(book).values()) == {"cancelled"}, "a purchase must not fill under REDUCE_ONLY"


def test_a_kill_beside_a_sender_ends_every_order(tmp_path: Path) -> None:
    """The kill and the sender are two threads on one book: whoever comes first, nothing works in the end."""
    base = decided(tmp_path, 6)
    for number in range(4):
        folder = tmp_path / f"round-{number}"
        folder.mkdir()
        path = Path(shutil.copy2(base, folder / "insure.db"))
        broker = Recording()
        desk = a_desk(folder, broker, 6)
        ready = threading.Barrier(2)

        def killer(desk: KillDesk = desk, path: Path = path, ready: threading.Barrier = ready) -> None:
            ready.wait()
            kill(desk, "", "Ada", "from elsewhere", lambda: Book.open(path))

        thread = threading.Thread(target=killer)
        thread.start()
        with Book.open(path) as book:
            ready.wait()
            deliver(book, broker, NOW, killed=desk.killed)
            thread.join()
            assert next_pass(desk, book) == []
            assert set(states(book).values()) == {"cancelled"}
            assert not any(broker.taken.values())
            assert kills(book) == 1
            assert verify(book).findings == ()

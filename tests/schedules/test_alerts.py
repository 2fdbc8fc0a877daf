"""Alerts: class A latches, repeats count, everybody is told once, and no secret leaves."""

import datetime as dt
import json
import logging
import smtplib
import sys
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import Alert, AlertBook, RaisedAlert
from insure.decision.checks import Check, at_most
from insure.errors import BookError, DeskError
from insure.slots import Slot
from schedules.desk import open_desk
from schedules.jobs import Tick
from schedules.notifiers import (
    PASSWORD_VARIABLE,
    AlertTerms,
    CommandNotifier,
    FileNotifier,
    NotTold,
    Smtp,
    SmtpNotifier,
    notifiers_of,
)
from schedules.serving.service import Service
from schedules.watch.alerts import Lines, alerts_of, tell_waiting
from tests.reports.lives import CPPI, lived
from tests.schedules.world import Clock, at, flat_year, lines, row, told_desk, write_fund

MISSED = Alert("tested", "A", "slot missed", "2026-11-23:close-15min: Missed.")
HELD = Alert("tested", "B", "slot held", "2026-11-23:close-15min: Held.")
NOW = at("2026-11-23 21:00")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book.open(tmp_path / "insure.db")


def raised(book: Book, alert: Alert = MISSED, moment: dt.datetime = NOW) -> RaisedAlert:
    return AlertBook(book).raise_alert(alert, moment)


def test_repeats_count_until_somebody_acknowledges(book: Book) -> None:
    first, second = raised(book), raised(book)
    assert (first.id, first.count) == (second.id, 1)
    assert second.count == 2
    closed = AlertBook(book).acknowledge(first.id, "Ada", NOW)
    assert (closed.closed, closed.closed_by) == (NOW, "Ada")
    third = raised(book)
    assert (third.id, third.count) == (first.id + 1, 1), "after an acknowledgement it is a new alert"


def test_an_acknowledgement_needs_a_name_and_an_open_alert(book: Book) -> None:
    one = raised(book)
    with pytest.raises(BookError, match="in a person's name"):
        AlertBook(book).acknowledge(one.id, " ", NOW)
    with pytest.raises(BookError, match="There is no alert 7"):
        AlertBook(book).acknowledge(7, "Ada", NOW)
    AlertBook(book).acknowledge(one.id, "Ada", NOW)
    with pytest.raises(BookError, match="Ada acknowledged it at 2026-11-23 21:00 UTC"):
        AlertBook(book).acknowledge(one.id, "Grace", NOW)


def test_class_b_closes_when_it_is_over_and_class_a_does_not(tmp_path: Path, book: Book) -> None:
    write_fund(tmp_path, start="2026-11-23")
    rows = [row("2026-11-20", "1000")]
    clock = Clock(at("2026-11-23 20:45"))
    service = Service(told_desk(tmp_path, rows, clock), book)
    raised(book, moment=clock.now)
    service.once()
    assert [one.alert.kind for one in AlertBook(book).open()] == ["slot missed", "price doubted"]
    rows.append(row("2026-11-23", "1001"))
    clock.move(30)
    service.once()
    assert [one.alert.kind for one in AlertBook(book).open()] == ["slot missed"]


def test_an_alert_is_named_after_the_check_that_refused() -> None:
    """ "Every limit was kept" once stood beside an alert "limit breached" that an approval, or a price, had raised."""
    slot = Slot(dt.date(2026, 11, 23), "close-15min", NOW)

    def kinds(*failing: Check) -> list[tuple[str, str]]:
        own = replace(decided, checks=(*decided.checks, *failing), outcome="HELD", reason="It was held.")
        tick = Tick("tested", slot, "HELD", "It was held.", replace(record, decision=own))
        return [(alert.grade, alert.kind) for alert in alerts_of(tick)]

    record = lived(CPPI)[1][5]
    decided = record.decision
    order, price = (at_most(name, 2.0, 1.0, "weight", f"{name}.") for name in ("order size", "price collar"))
    asked = at_most("approval", 1.0, 0.0, "count", "Nothing is sent.", asks=True)
    breaker = at_most("breaker", 1.0, 0.0, "count", "REDUCE_ONLY.")
    assert kinds(asked, breaker) == [("B", "slot held")], "what waits for people breaks no limit"
    assert kinds(order) == [("B", "slot held"), ("A", "limit breached")]
    assert kinds(price, asked) == [("B", "slot held"), ("A", "refused: price collar")]


def test_notifiers_are_told_once_and_not_of_repeats(tmp_path: Path, book: Book) -> None:
    write_fund(tmp_path, start="2026-11-23")
    clock = Clock(at("2026-11-25 22:00"))
    told = FileNotifier(tmp_path / "alerts.jsonl")
    service = Service(told_desk(tmp_path, flat_year("2026-11-23", "2026-12-04"), clock), book, [told])
    service.once()
    clock.now = at("2026-11-27 22:00")
    service.once()
    [one] = lines(tmp_path / "alerts.jsonl")
    assert (one["grade"], one["kind"], one["fund"]) == ("A", "slot missed", "tested")
    assert AlertBook(book).open()[0].count == 4


def test_who_was_not_told_is_told_later(tmp_path: Path, book: Book) -> None:
    one = raised(book)
    path = tmp_path / "missing" / "alerts.jsonl"
    tell_waiting(book, [FileNotifier(path)], at("2026-11-23 21:02"))
    assert AlertBook(book).open()[0].notified is None, "the folder is missing: nobody was told"
    path.parent.mkdir()
    tell_waiting(book, [FileNotifier(path)], at("2026-11-23 21:03"))
    tell_waiting(book, [FileNotifier(path)], at("2026-11-23 21:05"))
    assert [line["id"] for line in lines(path)] == [one.id]


def test_a_command_gets_the_alert_on_its_stdin(tmp_path: Path, book: Book) -> None:
    got = tmp_path / "got.json"
    script = f"import sys; open({str(got)!r}, 'w').write(sys.stdin.read())"
    CommandNotifier((sys.executable, "-c", script), 20.0).tell(raised(book))
    assert json.loads(got.read_text(encoding="utf-8"))["sentence"] == MISSED.sentence


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nowhere/page", "--token", "s3cret"), "page cannot be run"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with exit code 3"),
        ((sys.executable, "-c", "import time; time.sleep(30)"), "took longer than 0.5 s"),
    ],
)
def test_a_command_that_fails_says_so_without_its_arguments(book: Book, command: tuple[str, ...], said: str) -> None:
    with pytest.raises(NotTold) as refusal:
        CommandNotifier(command, 0.5).tell(raised(book))
    assert said in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


class Server:
    """Stands in for a mail server's client."""

    sent: list[EmailMessage]
    logins: list[tuple[str, str]]
    refuses = False

    def __init__(self, host: str, port: int, timeout: float) -> None:
        assert (host, port, timeout) == ("mail.example", 587, 20.0)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def starttls(self, context: object) -> None:
        assert context is not None

    def login(self, user: str, password: str) -> None:
        if self.refuses:
            raise smtplib.SMTPAuthenticationError(535, f"no: {password}".encode())
        Server.logins.append((user, password))

    def send_message(self, message: EmailMessage) -> None:
        Server.sent.append(message)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[Server]:
    Server.sent, Server.logins, Server.refuses = [], [], False
    monkeypatch.setattr(smtplib, "SMTP", Server)
    return Server


TERMS = AlertTerms(smtp=Smtp(host="mail.example", sender="desk@example", to=("a@example", "b@example"), user="desk"))


def test_a_mail_is_sent_with_the_password_of_the_environment(book: Book, server: type[Server], tmp_path: Path) -> None:
    [notifier] = notifiers_of(TERMS, tmp_path, {PASSWORD_VARIABLE: "s3cret"})
    notifier.tell(raised(book))
    [message] = server.sent
    assert message["Subject"] == "[insure A] tested: slot missed"
    assert message["To"] == "a@example, b@example"
    assert "insure ack 1 --by NAME" in message.get_content()
    assert server.logins == [("desk", "s3cret")]
    assert "s3cret" not in repr(notifier)


def test_a_refused_login_does_not_quote_the_password(book: Book, server: type[Server]) -> None:
    server.refuses = True
    assert TERMS.smtp is not None
    with pytest.raises(NotTold, match="SMTPAuthenticationError") as refusal:
        SmtpNotifier(TERMS.smtp, "s3cret", 20.0).tell(raised(book))
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_user_without_a_password_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(NotTold, match="set its password in the environment, INSURE_SMTP_PASSWORD"):
        notifiers_of(TERMS, tmp_path, {})


def test_json_lines_have_the_run_and_no_secret() -> None:
    error = ValueError("it is s3cret")
    trace = (ValueError, error, None)
    record = logging.LogRecord("insure.service", logging.ERROR, "", 0, "said s3cret", None, trace)
    record.about = {"fund": "tested"}
    for as_json in (True, False):
        line = Lines("run-1", ["s3cret", ""], as_json=as_json).format(record)
        assert "s3cret" not in line
        assert "***" in line
    content = json.loads(Lines("run-1", ["s3cret"], as_json=True).format(record))
    assert (content["run"], content["fund"], content["level"], content["message"]) == (
        "run-1", "tested", "error", "said ***",
    )  # fmt: skip
    assert "ValueError" in content["trace"]


@pytest.mark.parametrize("line", ["timeout_seconds = true", "timeout_seconds = inf", "timeout_seconds = 1e308"])
def test_a_time_of_the_desk_is_a_time(tmp_path: Path, line: str) -> None:
    """``true`` read as one second, and an infinite one let a command hold the service for ever."""
    (tmp_path / "desk.toml").write_text(f'name = "Desk"\n[alerts]\n{line}\n', encoding="utf-8")
    with pytest.raises(DeskError, match="timeout_seconds"):
        open_desk(tmp_path)

"""Who is told of an alert: a file, a command, a mail. Each is one small function of its terms and the alert.

No secret is in a fund or desk file: the password of a mail server comes from the environment, and nowhere else. What a
command line of a notifier holds is not logged either.
"""

import json
import os
import smtplib
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated, ClassVar, Protocol

from annotated_types import Ge, Gt, Le, Len
from pydantic import Strict

from insure.book.alerts import RaisedAlert
from insure.errors import InsureError

PASSWORD_VARIABLE = "INSURE_SMTP_PASSWORD"  # noqa: S105 - the name of the variable, not what it holds


class NotTold(InsureError):
    """A notifier could not do its work; the alert stays in the book and is told again."""


class Notifier(Protocol):
    """Tells somebody of an alert."""

    @property
    def name(self) -> str:
        """As it stands in logs."""
        ...

    def tell(self, alert: RaisedAlert) -> None:
        """Tell of one alert.

        Raises:
            NotTold: it could not, in one sentence without secrets.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """A mail server."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    host: Annotated[str, Len(1)]
    sender: Annotated[str, Len(3)]
    to: Annotated[tuple[str, ...], Len(1)]
    port: Annotated[int, Strict(), Ge(1), Le(65535)] = 587
    user: str | None = None
    """Logs in where named; its password is in the environment, INSURE_SMTP_PASSWORD."""
    starttls: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTerms:
    """Who is told; nobody but stderr and the book where nothing is named."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    file: str | None = None
    """One JSON object a line is appended; relative to the desk folder."""
    command: tuple[str, ...] = ()
    """Program and arguments; it gets the alert as JSON on its stdin, and no shell is between."""
    smtp: Smtp | None = None
    timeout_seconds: Annotated[float, Strict(), Gt(0.0), Le(3_600.0)] = 20.0
    """How long a command or a mail server may take, an hour at most: the service waits for it."""


@dataclass(frozen=True, slots=True)
class FileNotifier:
    """Appends to a file."""

    path: Path
    name: str = "file"

    def tell(self, alert: RaisedAlert) -> None:
        """One line, on disk before this returns."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(figures(alert), ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotTold(f"The alert file {self.path} cannot be written: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class CommandNotifier:
    """Runs a program."""

    command: tuple[str, ...]
    timeout_seconds: float
    name: str = "command"

    def tell(self, alert: RaisedAlert) -> None:
        """The alert on stdin; anything but exit code 0 is a failure."""
        program = Path(self.command[0]).name
        try:
            done = subprocess.run(  # noqa: S603 - the desk's own program, without a shell
                self.command,
                input=json.dumps(figures(alert), ensure_ascii=False).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NotTold(f"The alert command {program} took longer than {self.timeout_seconds:g} s.") from error
        except OSError as error:
            raise NotTold(f"The alert command {program} cannot be run: {error.strerror}.") from error
        if done.returncode != 0:
            raise NotTold(f"The alert command {program} ended with exit code {done.returncode}.")


@dataclass(frozen=True, slots=True)
class SmtpNotifier:
    """Sends a mail."""

    terms: Smtp
    password: str | None
    timeout_seconds: float
    name: str = "smtp"

    def __repr__(self) -> str:
        """Without the password."""
        return f"SmtpNotifier({self.terms.host}:{self.terms.port})"

    def tell(self, alert: RaisedAlert) -> None:
        """One plain-text mail; the server's certificate is checked where TLS is on."""
        terms = self.terms
        try:
            with smtplib.SMTP(terms.host, terms.port, timeout=self.timeout_seconds) as server:
                if terms.starttls:
                    server.starttls(context=ssl.create_default_context())
                if terms.user is not None:
                    server.login(terms.user, self.password or "")
                server.send_message(mail(terms, alert))
        except (OSError, smtplib.SMTPException) as error:
            # The server's own words may quote what was sent to it.
            raise NotTold(f"The mail server {terms.host}:{terms.port} refused: {type(error).__name__}.") from None


def mail(terms: Smtp, alert: RaisedAlert) -> EmailMessage:
    """The mail of an alert."""
    message = EmailMessage()
    where = alert.alert.fund_id or "desk"
    message["Subject"] = f"[insure {alert.alert.grade}] {where}: {alert.alert.kind}"
    message["From"] = terms.sender
    message["To"] = ", ".join(terms.to)
    lines = [alert.alert.sentence, "", f"Alert {alert.id}, raised {alert.raised:%Y-%m-%d %H:%M:%S} UTC."]
    if alert.alert.grade == "A":
        lines.append(f"It stays until somebody acknowledges it: insure ack {alert.id} --by NAME")
    message.set_content("\n".join(lines))
    return message


def figures(alert: RaisedAlert) -> dict[str, object]:
    """An alert as JSON."""
    return {
        "id": alert.id,
        "fund": alert.alert.fund_id or None,
        "grade": alert.alert.grade,
        "kind": alert.alert.kind,
        "sentence": alert.alert.sentence,
        "count": alert.count,
        "raised": alert.raised.isoformat(),
        "last": alert.last.isoformat(),
        "closed": alert.closed.isoformat() if alert.closed else None,
        "closed_by": alert.closed_by,
    }


def notifiers_of(terms: AlertTerms, folder: Path, environment: Mapping[str, str]) -> tuple[Notifier, ...]:
    """The notifiers that a desk names.

    Raises:
        NotTold: a mail server wants a user and the environment has no password.
    """
    found: list[Notifier] = []
    if terms.file is not None:
        found.append(FileNotifier(folder / terms.file))
    if terms.command:
        found.append(CommandNotifier(terms.command, terms.timeout_seconds))
    if terms.smtp is not None:
        password = environment.get(PASSWORD_VARIABLE)
        if terms.smtp.user is not None and not password:
            raise NotTold(f"alerts.smtp has a user; set its password in the environment, {PASSWORD_VARIABLE}.")
        found.append(SmtpNotifier(terms.smtp, password, terms.timeout_seconds))
    return tuple(found)

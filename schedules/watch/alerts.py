"""Which alerts a slot raises, how they are told, and the lines on stderr."""

import datetime as dt
import json
import logging
import time
from collections.abc import Sequence

from insure.book import Book
from insure.book.alerts import Alert, AlertBook, RaisedAlert
from insure.controls.approvals import asks
from insure.controls.phases import WAITING
from insure.decision import Decision
from insure.errors import BookError
from schedules.jobs import Tick
from schedules.notifiers import Notifier, NotTold
from schedules.watch.delivering import OVER, alerts_of_slot

LOG = logging.getLogger("insure.service")
OVER_AFTER_OK = (
    "slot held",
    "waits for approval",
    "price doubted",
    "gap budget low",
    "event slots used up",
    "protection ended",
    "not watched",
    *OVER,
)
"""Kinds that are over once a slot of the fund ends OK without raising them again."""
_LIMITS = frozenset({"equity weight", "order size"})
"""Checks of what [limits] of a fund file says; others refuse under their own names."""
PATIENCE = dt.timedelta(seconds=60)
"""An alert that its own service did not tell within this time is told by whoever comes next."""


def alerts_of(tick: Tick, *, doubted: bool = False) -> list[Alert]:
    """What must be known of how a slot ended.

    Class A: a breached floor or limit, a check that refused the trade, a slot that was missed or failed. Class B: held,
    doubted, waiting for a person, a gap budget below its limit, a fallback that acted.
    """
    fund, key, reason = tick.fund_id, tick.slot.key, tick.reason
    found: list[Alert] = []
    if tick.outcome == "FAILED":
        found.append(Alert(fund, "A", "slot failed", f"{key}: {reason}"))
    if tick.outcome == "SKIPPED":
        missed = tick.record is None
        found.append(
            Alert(fund, "A" if missed else "B", "slot missed" if missed else "protection ended", f"{key}: {reason}")
        )
    record = tick.record
    waits = record is not None and asks(record.decision)
    if tick.outcome == "HELD":
        kind = "price doubted" if doubted else "waits for approval" if waits else "slot held"
        found.append(Alert(fund, "B", kind, f"{key}: {reason}"))
    if record is None:
        return found
    found.extend(alerts_of_slot(tick))
    decision = record.decision
    for event in decision.events:
        if event.kind == "floor breached":
            found.append(Alert(fund, "A", "floor breached", f"{key}: {event.sentence}"))
        if event.kind == "cash-lock":
            found.append(Alert(fund, "A", "cash-lock", f"{key}: {event.sentence}"))
        if event.kind == "gap budget low":
            found.append(Alert(fund, "B", "gap budget low", f"{key}: {event.sentence}"))
    found.extend(Alert(fund, "A", kind, f"{key}: {words}") for kind, words in _refusals(decision).items())
    if decision.snapshot.doubt is not None:
        found.append(Alert(fund, "B", "fallback acted", f"{key}: {decision.snapshot.doubt.sentence}"))
    return found


def _refusals(decision: Decision) -> dict[str, str]:
    """Sentences of the checks that refused a trade, by the kind of their alert: a limit of the contract, or the check.

    What waits for people or for a file refuses nothing for good: the slot is held, and its own alert says why.
    """
    found: dict[str, str] = {}
    for check in decision.checks:
        if check.passed or check.asks or check.name in WAITING:
            continue
        kind = "limit breached" if check.name in _LIMITS else f"refused: {check.name}"
        found[kind] = f"{found[kind]} {check.sentence}" if kind in found else check.sentence
    return found


def tell(book: Book, raised: Sequence[RaisedAlert], notifiers: Sequence[Notifier], now: dt.datetime) -> None:
    """Every notifier hears of each new alert; repeats were counted and are not told again.

    Whoever could not be told is told again later (``tell_waiting``): people may hear twice, never not at all.
    """
    alerts = AlertBook(book)
    for one in raised:
        if one.count > 1:
            continue
        _notify(alerts, one, notifiers, now)


def tell_waiting(book: Book, notifiers: Sequence[Notifier], now: dt.datetime) -> None:
    """Tell what was raised and not told: its service was killed in between, or a notifier failed."""
    alerts = AlertBook(book)
    for one in alerts.waiting(now - PATIENCE):
        _notify(alerts, one, notifiers, now)


def line(alert: RaisedAlert) -> None:
    """The alert as a line on stderr."""
    said = alert.alert
    level = {"A": logging.ERROR, "B": logging.WARNING, "C": logging.INFO}[said.grade]
    where = said.fund_id or "desk"
    about = {"fund": said.fund_id or None, "alert": alert.id, "grade": said.grade, "kind": said.kind}
    LOG.log(
        level,
        "alert %d, class %s, %s: %s: %s",
        alert.id,
        said.grade,
        where,
        said.kind,
        said.sentence,
        extra={"about": about},
    )


def _notify(alerts: AlertBook, one: RaisedAlert, notifiers: Sequence[Notifier], now: dt.datetime) -> None:
    told = True
    for notifier in notifiers:
        try:
            notifier.tell(one)
        except NotTold as failure:
            told = False
            LOG.warning("alert %d not told by %s: %s", one.id, notifier.name, failure)
    if told:
        try:
            alerts.mark_notified(one.id, now)
        except BookError as refusal:
            LOG.warning("alert %d was told; the book does not know: %s", one.id, refusal)


class Lines(logging.Formatter):
    """Lines for stderr: text for a person, or one JSON object each with the id of the service's run.

    Whatever secret the environment holds for us is blotted out, also of a trace.
    """

    def __init__(self, run_id: str, secrets: Sequence[str], *, as_json: bool) -> None:
        """``run_id``: the same for every line of one service or pass."""
        super().__init__("%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._run_id = run_id
        self._secrets = [secret for secret in secrets if secret]
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line (a trace adds lines to text)."""
        text = self._json(record) if self._as_json else super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _json(self, record: logging.LogRecord) -> str:
        content: dict[str, object] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "run": self._run_id,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        about = getattr(record, "about", None)
        if isinstance(about, dict):
            content |= about
        if record.exc_info:
            content["trace"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False, default=str)

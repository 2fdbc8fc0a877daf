"""The heartbeat file: written after every pass of the service. Its absence, or its age, is the alarm.

A service that hangs, died or cannot read its book writes none; whatever watches the file (`insure status`, a monitor
of the machine) needs no word from the service to know.
"""

import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "heartbeat.json"
SILENT_AFTER_BEATS = 3
"""A heartbeat older than so many of its own intervals is silence."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One beat."""

    at: dt.datetime
    run: str
    """Of the service: the same in every line of its log."""
    every_seconds: float
    funds: int
    next: dt.datetime | None
    """The next slot of any fund."""
    waiting: tuple[Mapping[str, str], ...] = ()
    """What standing still costs: a fund whose breaker is not NORMAL each (``insure.controls.waiting``)."""

    def silent(self, now: dt.datetime) -> bool:
        """Whether it is too old to speak for a service that runs."""
        return not abs((now - self.at).total_seconds()) <= SILENT_AFTER_BEATS * self.every_seconds


def write_heartbeat(folder: Path, beat: Heartbeat) -> None:
    """Replace the file whole.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}.draft")
    content = {
        "at": beat.at.isoformat(),
        "run": beat.run,
        "every_seconds": beat.every_seconds,
        "funds": beat.funds,
        "next": beat.next.isoformat() if beat.next else None,
        "waiting": [dict(each) for each in beat.waiting],
    }
    draft.write_text(json.dumps(content) + "\n", encoding="utf-8")
    draft.replace(path)


def read_heartbeat(folder: Path) -> Heartbeat | None:
    """The last beat; None where there is none, or no readable one."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        coming = content["next"]
        return Heartbeat(
            dt.datetime.fromisoformat(content["at"]),
            str(content["run"]),
            float(content["every_seconds"]),
            int(content["funds"]),
            dt.datetime.fromisoformat(coming) if coming else None,
            tuple({str(key): str(value) for key, value in each.items()} for each in content.get("waiting", [])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None

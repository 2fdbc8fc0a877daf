"""The flag of the kill switch: a file that stands, or does not. It needs no database, and is read before every send.

``kill/_desk`` in the desk's folder stops every fund, ``kill/FUND`` one. That the file is there is what counts: one that
is empty or cannot be read stops as well, so that ``touch kill/_desk`` is a kill. What it holds says who, when and why.
"""

import contextlib
import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path

from insure.controls.people import LONGEST_NAME, LONGEST_REASON
from insure.errors import InvalidInput, Killed

FOLDER = "kill"
"""In the folder of the desk."""
DESK = "_desk"
"""The flag of the whole desk; no fund can have this name."""
NO_REASON = "no reason given"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that stands."""

    fund_id: str
    """Empty for the whole desk."""
    mark: str
    """Tells it from every other flag: the instant in it, or of the file where it holds none, and the file's time."""
    by: str
    reason: str
    legible: bool = True
    """False where the file cannot even be opened: it stops, and cannot be told from another one."""

    @property
    def since(self) -> str:
        """When it was set, as far as is known."""
        return self.mark.partition("/")[0]

    @property
    def moment(self) -> str:
        """When it was thrown, as a person reads it; as it was written where it cannot be read."""
        try:
            return f"{dt.datetime.fromisoformat(self.since).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        except ValueError:
            return self.since

    @property
    def sentence(self) -> str:
        """In words."""
        whose = f"of {self.fund_id}" if self.fund_id else "of the whole desk"
        by = self.by or "nobody is named"
        return f"The kill switch {whose} stands since {self.moment} ({by}): {self.reason.rstrip('.')}."


def standing(folder: Path, fund_id: str) -> Flag | None:
    """The flag that stops a fund: the desk's, else its own; None where neither stands.

    Args:
        folder: of the desk.
        fund_id: whose; empty for the desk's alone.

    A flag of which it cannot be said whether it stands, stands.
    """
    return _read(folder, "") or (_read(folder, fund_id) if fund_id else None)


def all_standing(folder: Path) -> list[Flag]:
    """Every flag that stands, the desk's first."""
    try:
        names = sorted(path.name for path in (folder / FOLDER).iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError:
        names = [DESK]  # a folder that cannot be listed: reading the flag itself says what is wrong
    found = (_read(folder, "" if name == DESK else name) for name in names)
    return sorted((flag for flag in found if flag is not None), key=lambda flag: flag.fund_id)


def throw(folder: Path, fund_id: str, by: str, reason: str, at: dt.datetime) -> Flag:
    """Set a flag, whole and on disk, before anything else is done; one that stands already is left as it is.

    Args:
        folder: of the desk.
        fund_id: whose; empty for the whole desk.
        by: who; empty where nobody is named.
        reason: why, in words; what cannot be printed on one line is made so. A kill waits for no wording.
        at: now, aware.

    Raises:
        Killed: the folder takes no file at all; the sentence says what else stops the desk.
    """
    path = _path(folder, fund_id)
    why = one_line(reason, LONGEST_REASON) or NO_REASON
    told = {"at": at.astimezone(dt.UTC).isoformat(timespec="microseconds"), "by": one_line(by, LONGEST_NAME)}
    content = json.dumps({**told, "reason": why})
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(draft, content)
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        except OSError:
            # A disk without room for a line, or without hard links: an empty file stops as well.
            _write(path, "")
        finally:
            draft.unlink(missing_ok=True)
        _sync(path.parent)
        _sync(folder)
    except OSError as error:
        stands = _read(folder, fund_id)
        if stands is not None:
            return stands
        raise Killed(
            f"{path} cannot be made ({error.strerror}): nothing is stopped. Stop the service (`systemctl stop insure`, "
            "or end `insure run`) and call the broker."
        ) from error
    return _stands(folder, fund_id)


def one_line(text: str, longest: int) -> str:
    """Text as it can be printed on a line: what cannot be printed becomes a space, what is too long is cut."""
    words = "".join(letter if letter.isprintable() else " " for letter in text).split()
    return " ".join(words)[:longest].strip()


def take_down(folder: Path, flag: Flag) -> bool:
    """Remove a flag that was lifted; False where another one stands in its place, which is left.

    Raises:
        InvalidInput: the file cannot be removed: it stands, and stops.
    """
    path = _path(folder, flag.fund_id)
    now = _read(folder, flag.fund_id)
    if now is None:
        return True
    if now.mark != flag.mark:
        return False
    try:
        path.unlink()
        _sync(path.parent)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be removed ({error.strerror}): it stands, and nothing is sent.") from error
    return True


def _path(folder: Path, fund_id: str) -> Path:
    return folder / FOLDER / (fund_id or DESK)


def _stands(folder: Path, fund_id: str) -> Flag:
    found = _read(folder, fund_id)
    if found is None:
        raise Killed(f"{_path(folder, fund_id)} was set and is gone: somebody removed it. Nothing is stopped.")
    return found


def _read(folder: Path, fund_id: str) -> Flag | None:
    path = _path(folder, fund_id)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe of that name must not keep a sender waiting
    except FileNotFoundError as error:
        # A link that leads nowhere was put there by somebody, and stops as well.
        return _illegible(fund_id, path, error) if os.path.lexists(path) else None
    except OSError as error:
        return _illegible(fund_id, path, error)
    written = 0
    try:
        written = os.fstat(file).st_mtime_ns
        told = json.loads(os.read(file, 65536))
        return Flag(fund_id, f"{told['at']}/{written}", str(told["by"]), str(told["reason"]))
    except OSError as error:
        return _illegible(fund_id, path, error)
    except (ValueError, KeyError, TypeError):
        since = dt.datetime.fromtimestamp(written // 1_000_000_000, dt.UTC).isoformat()
        return Flag(fund_id, f"{since}/{written}", "", f"{path} stands and says nothing, which stops as well.")
    finally:
        os.close(file)


def _illegible(fund_id: str, path: Path, error: OSError) -> Flag:
    reason = f"{path} cannot be read ({error.strerror}), which stops as well."
    return Flag(fund_id, "an unknown time", "", reason, legible=False)


def _write(path: Path, content: str) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(number, content.encode())
        os.fsync(number)
    finally:
        os.close(number)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

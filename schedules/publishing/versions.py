"""Reports that stand: what was written is never overwritten; other content is a new version that names the old one.

The same content changes nothing. A report is compared, byte for byte, with the newest version that stands there, made
with that one's own version and correction: docs/decisions/0006-a-report-ends-with-a-row.md says why nothing else may
differ.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from insure.errors import InvalidInput
from reports.figures import Correction
from reports.html import Report, render

_VERSION = re.compile(r"-v([2-9]|[1-9]\d+)")
_LONGEST_REASON = 300

Making = Callable[[int, Correction | None], Report]
"""The report as one of its versions."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One version of a report, as it stands in the folder."""

    page: Path
    version: int
    new: bool
    """Whether it was written just now; False where the same content stood there already."""

    @property
    def json(self) -> Path:
        """The figures of the page."""
        return self.page.with_suffix(".json")


def keep(out: Path, name: str, making: Making, reason: str = "") -> Standing:
    """Write a report as its first version, or as the next where other content stands there; or change nothing.

    Args:
        out: folder of the reports; made if it does not exist.
        name: of the report inside ``out``, without suffix and version.
        making: makes it as one of its versions.
        reason: why it is made again, for the page of a new version; what differs is told where it is empty.

    Raises:
        InvalidInput: the reason cannot be printed.
    """
    checked_reason(reason)
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    while True:
        standing = versions(out, name)
        version, corrects = 1, None
        if standing:
            version, page = standing[-1]
            corrects = _correction(page)
            html, figures = _written(making(version, corrects))
            if page.read_bytes() == html and _read(page.with_suffix(".json")) in {None, figures}:
                if not page.with_suffix(".json").exists():
                    replace_file(page.with_suffix(".json"), figures)
                return Standing(page, version, new=False)
            why = reason or _difference(page, figures)
            corrects = Correction(page.name, hashlib.sha256(page.read_bytes()).hexdigest(), why)
            version += 1
        html, figures = _written(making(version, corrects))
        page = _path(out, name, version)
        # The page comes last: where it stands, the report is whole.
        replace_file(page.with_suffix(".json"), figures)
        with suppress(FileExistsError):  # another process was faster: its page is compared in the next round
            _put(page, html)
            return Standing(page, version, new=True)


def versions(out: Path, name: str) -> list[tuple[int, Path]]:
    """The versions of a report that stand, oldest first."""
    first = out / f"{name}.html"
    found = [(1, first)] if first.is_file() else []
    for page in first.parent.glob(f"{first.stem}-v*.html"):
        read = _VERSION.fullmatch(page.stem.removeprefix(first.stem))
        if read is not None:
            found.append((int(read[1]), page))
    return sorted(found)


def version_of(stem: str) -> tuple[str, int]:
    """Name and version of a page, from the stem of its file."""
    found = re.search(rf"{_VERSION.pattern}$", stem)
    return (stem, 1) if found is None else (stem[: found.start()], int(found[1]))


def checked_reason(reason: str) -> str:
    """A reason that fits on a page.

    Raises:
        InvalidInput: it does not.
    """
    if len(reason) > _LONGEST_REASON or not (reason.isprintable() or not reason):
        raise InvalidInput(f"reason is {reason!r}; expected one line of at most {_LONGEST_REASON} letters.")
    return reason


def figures_text(report: Report) -> str:
    """The figures of a report as its JSON file holds them."""
    return json.dumps(report.figures(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in the place of another: a reader sees the old one or the new one, never half of one."""
    draft = _draft(path, content)
    draft.replace(path)


def _put(path: Path, content: bytes) -> None:
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _path(out: Path, name: str, version: int) -> Path:
    return out / (f"{name}.html" if version == 1 else f"{name}-v{version}.html")


def _written(report: Report) -> tuple[bytes, bytes]:
    return render(report).encode(), figures_text(report).encode()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _head(content: bytes | None) -> dict[str, object]:
    try:
        head = json.loads(content or b"")["head"]
    except (ValueError, KeyError, TypeError):
        return {}  # not the figures of a report: whatever stands there is not what is made now
    return head if isinstance(head, dict) else {}


def _correction(page: Path) -> Correction | None:
    told = _head(_read(page.with_suffix(".json"))).get("corrects")
    if not isinstance(told, dict):
        return None
    return Correction(str(told.get("report")), str(told.get("sha256")), str(told.get("reason")))


def _difference(page: Path, figures: bytes) -> str:
    """What a new version differs in, where nobody gave a reason."""
    kept = _read(page.with_suffix(".json"))
    if kept == figures:
        return "The figures are the same; the page is drawn otherwise."
    then, now = _head(kept).get("anchor"), _head(figures).get("anchor")
    if isinstance(then, dict) and isinstance(now, dict) and then != now:
        if then.get("sequence") == now.get("sequence"):
            return f"Entry {now.get('sequence')} of the chain is another one: the book was put back from a backup."
        return f"The book has grown from entry {then.get('sequence')} to entry {now.get('sequence')} of its chain."
    return "The program, its libraries or the page are of another version, or the file was changed."

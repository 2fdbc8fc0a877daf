"""Reports that stand: what was written is never overwritten; other content is a new version that names the old one.

The same content changes nothing. A report is compared, byte for byte, with the newest version that stands there, made
with that one's own version and correction: docs/decisions/0006-a-report-ends-with-a-row.md says why nothing else may
differ.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from insure.book import anchors
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
        InvalidInput: the reason cannot be printed, or the name leads out of the folder.
        BookError: a line about the report in the file of anchors cannot be read.
    """
    checked_reason(reason)
    page = inside(out, f"{name}.html")
    page.parent.mkdir(parents=True, exist_ok=True)
    while True:
        version, corrects = 1, None
        found = _newest(out, name)
        if found is not None:
            version, page, sha = found
            corrects = _correction(page)
            html, figures = _written(making(version, corrects))
            if _is_it(page, sha, html, figures):
                if not page.with_suffix(".json").exists():
                    replace_file(page.with_suffix(".json"), figures)
                return Standing(page, version, new=False)
            if page.is_file() or hashlib.sha256(html).hexdigest() != sha:
                corrects = Correction(page.name, sha, reason or _difference(page, figures))
                version += 1
        html, figures = _written(making(version, corrects))
        page = _path(out, name, version)
        with _alone(page.parent):
            if page.exists():
                continue  # another process was faster: its page is compared in the next round
            # The page comes last: where it stands, the report is whole.
            replace_file(page.with_suffix(".json"), figures)
            _put(page, html)
            return Standing(page, version, new=True)


def inside(out: Path, name: str) -> Path:
    """A file in the folder of the reports.

    Raises:
        InvalidInput: the name, or a link on its way, leads out of the folder.
    """
    path = out / name
    if not path.resolve().is_relative_to(out.resolve()):
        raise InvalidInput(f"{path} lies outside {out}, at {path.resolve()}; reports stay in it. Nothing was written.")
    return path


def _newest(out: Path, name: str) -> tuple[int, Path, str] | None:
    """Version, page and SHA-256 of the newest version that stands or, where it is gone, that the anchors know."""
    known = {
        version: sha
        for path, sha in anchors.written(out, name).items()
        if (version := _version(path.removeprefix(name))) is not None
    }
    standing = versions(out, name)
    last = max([*known, *(version for version, _ in standing)], default=0)
    if last == 0:
        return None
    page = _path(out, name, last)
    return last, page, anchors.sha256_of(page) if page.is_file() else known[last]


def _version(rest: str) -> int | None:
    """Version of a page, from what follows the report's name in that of its file; None where it is no page of it."""
    if rest == ".html":
        return 1
    found = _VERSION.fullmatch(rest.removesuffix(".html")) if rest.endswith(".html") else None
    return None if found is None else int(found[1])


def _is_it(page: Path, sha: str, html: bytes, figures: bytes) -> bool:
    """Whether a version that stands is what was made just now."""
    if not page.is_file() or sha != hashlib.sha256(html).hexdigest():
        return False
    return _read(page.with_suffix(".json")) in {None, figures}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process writes a report of the folder meanwhile: page and figures are of one making."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


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
    if not page.is_file():
        return "That page is gone from the folder of the reports, and what is made now is not the same."
    kept = _read(page.with_suffix(".json"))
    if kept == figures:
        return "The figures are the same; the page is drawn otherwise."
    then, now = _head(kept).get("anchor"), _head(figures).get("anchor")
    if isinstance(then, dict) and isinstance(now, dict) and then != now:
        if then.get("sequence") == now.get("sequence"):
            return f"Entry {now.get('sequence')} of the chain is another one: the book was put back from a backup."
        return f"The book has grown from entry {then.get('sequence')} to entry {now.get('sequence')} of its chain."
    return "The program, its libraries or the page are of another version, or the file was changed."

"""A file system that loses power: everything a database does is noted, and cut anywhere into what a disk may hold then.

A write that was not synced may be lost, may be there, or may be there in part (sectors of 512 bytes, in any order). A
file that was made or removed may not be until its folder is synced. What was synced stays.
"""

from dataclasses import dataclass, field
from typing import Literal

import apsw
import numpy as np

SECTOR = 512
Kind = Literal["write", "truncate", "sync", "make", "delete", "folder", "acknowledged"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a database did to its disk."""

    kind: Kind
    name: str = ""
    offset: int = 0
    content: bytes = b""


class NotingVfs(apsw.VFS):
    """Passes everything on to the real file system, and notes what changes it."""

    def __init__(self, name: str, deeds: list[Deed]) -> None:
        self.deeds = deeds
        self.made: set[str] = set()
        super().__init__(name, "")

    def xOpen(self, name: "apsw.URIFilename | str | None", flags: list[int]) -> "NotingFile":  # noqa: N802 - SQLite's name
        return NotingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name and argument
        super().xDelete(filename, syncdir)
        self.made.discard(_short(filename))
        self.deeds.append(Deed("delete", _short(filename)))
        if syncdir:
            self.deeds.append(Deed("folder"))


class NotingFile(apsw.VFSFile):
    """A file whose changes are noted."""

    def __init__(self, vfs: NotingVfs, name: "apsw.URIFilename | str | None", flags: list[int]) -> None:
        text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._name, self._vfs = _short(text), vfs
        super().__init__("", name, flags)
        if self._name not in vfs.made:
            vfs.made.add(self._name)
            self._fresh = True
            vfs.deeds.append(Deed("make", self._name))
        else:
            self._fresh = False

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._vfs.deeds.append(Deed("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        super().xTruncate(newsize)
        self._vfs.deeds.append(Deed("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        super().xSync(flags)
        self._vfs.deeds.append(Deed("sync", self._name))
        if self._fresh:  # SQLite's own file system syncs the folder with the first sync of a file that it made
            self._fresh = False
            self._vfs.deeds.append(Deed("folder"))


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]


@dataclass(slots=True)
class Disk:
    """What a disk surely holds, and what it only may hold."""

    files: dict[str, bytes] = field(default_factory=dict)
    pending: dict[str, list[Deed]] = field(default_factory=dict)
    """Writes and truncations not synced, by file."""
    names: list[Deed] = field(default_factory=list)
    """Files made and removed, whose folder is not synced."""
    durable: set[str] = field(default_factory=set)
    """Names that are surely there."""

    def do(self, deed: Deed) -> None:
        """One deed after the others."""
        if deed.kind in {"write", "truncate"}:
            self.pending.setdefault(deed.name, []).append(deed)
        elif deed.kind == "sync":
            for each in self.pending.pop(deed.name, []):
                self.files[deed.name] = applied(self.files.get(deed.name, b""), each)
        elif deed.kind in {"make", "delete"}:
            if deed.kind == "make":
                self.files.setdefault(deed.name, b"")
            self.names.append(deed)
        elif deed.kind == "folder":
            for each in self.names:
                self._name(each, self.durable)
            self.names.clear()
            for name in set(self.files) - self.durable:
                del self.files[name]
                self.pending.pop(name, None)

    def after_a_cut(self, generator: np.random.Generator) -> dict[str, bytes]:
        """One of the many things that may be on the disk once power is back."""
        names = set(self.durable)
        for deed in self.names[: int(generator.integers(0, len(self.names) + 1))]:
            self._name(deed, names)
        found = {}
        for name in names:
            content = self.files.get(name, b"")
            waiting = self.pending.get(name, [])
            order = generator.permutation(len(waiting)) if generator.random() < 0.5 else range(len(waiting))
            for place in order:
                fate = generator.random()
                if fate < 0.4:
                    content = applied(content, waiting[place])
                elif fate < 0.7:
                    content = _torn(content, waiting[place], generator)
            found[name] = content
        return found

    def _name(self, deed: Deed, names: set[str]) -> None:
        (names.add if deed.kind == "make" else names.discard)(deed.name)


def applied(content: bytes, deed: Deed) -> bytes:
    """A file after one write or truncation."""
    if deed.kind == "truncate":
        return content[: deed.offset]
    end = deed.offset + len(deed.content)
    filled = content.ljust(deed.offset, b"\0")
    return filled[: deed.offset] + deed.content + filled[end:]


def _torn(content: bytes, deed: Deed, generator: np.random.Generator) -> bytes:
    """A write of which some sectors arrived."""
    if deed.kind == "truncate":
        return content
    for start in range(0, len(deed.content), SECTOR):
        if generator.random() < 0.5:
            part = Deed("write", deed.name, deed.offset + start, deed.content[start : start + SECTOR])
            content = applied(content, part)
    return content

"""The state of the code that decides: one hash over our own sources, and the versions of the libraries below them."""

import hashlib
import importlib.metadata
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path

PACKAGES = ("insure", "reports", "schedules")
"""Ours, all of them: what reports show of a decision is a part of what is approved."""
LIBRARIES = ("sqlalchemy", "alembic", "pydantic", "numpy", "pandas", "exchange_calendars", "quantlib", "arch", "typer")
"""Whose versions reports and `insure doctor` name."""
_SUFFIXES = frozenset({".py", ".j2", ".css", ".toml", ".csv", ".json"})


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """Hash of every source file of our packages, with its place; taken once in a run, from what lies on the disk then.

    Modules are read when they are first needed, so that a file that is changed under a running service could be read
    after its hash was taken: install new versions beside the running one, and start anew.
    """
    return tree_sha256([(name, _folder(name)) for name in PACKAGES])


def tree_sha256(roots: list[tuple[str, Path]]) -> str:
    """Hash of the source files below some folders: their names, in order, and their bytes.

    Args:
        roots: a name for each folder, so that the place of the installation says nothing.
    """
    whole = hashlib.sha256()
    for name, folder in roots:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.suffix in _SUFFIXES and path.is_file() and "__pycache__" not in inside.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                whole.update(f"{name}/{inside.as_posix()}\n{content}\n".encode())
    return whole.hexdigest()


def installed(names: Sequence[str]) -> dict[str, str]:
    """The versions of some libraries."""
    return {name: importlib.metadata.version(name) for name in names}


def _folder(name: str) -> Path:
    return Path(import_module(name).__path__[0])

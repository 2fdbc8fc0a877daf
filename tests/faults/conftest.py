"""Where the books of these tests lie."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a killed process loses nothing of a file system


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory: what these tests ask is not how fast a disk is."""
    folder = Path(tempfile.mkdtemp(prefix="faults", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)

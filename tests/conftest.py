"""What all tests share: a desk in a temporary folder, and the command line as a user types it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from schedules.cli import main

# Deadlines are wall clocks, and two cores shared by workers keep no time. `make test` draws the same examples every
# time, so that a red run is the change's own; `make soak` explores (--hypothesis-profile=explore), and what it finds
# becomes an @example.
settings.register_profile("insure", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "explore", deadline=None, max_examples=2_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("insure")

REPOSITORY = Path(__file__).parent.parent
SCRIPT = Path(sys.executable).with_name("insure")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """The one JSON object on stdout."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict), f"expected one JSON object, got {self.out!r}"
        return answer


Insure = Callable[..., Said]


@pytest.fixture
def insure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Insure:
    """Run `insure ...` in a temporary folder: the same entry point, without the second that a new process takes."""

    def run(*arguments: str, cwd: Path = tmp_path) -> Said:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["insure", *arguments])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def insure_process(tmp_path: Path) -> Insure:
    """Run `insure ...` as a process of its own, as a user does."""

    def run(*arguments: str, cwd: Path = tmp_path, script: Path = SCRIPT) -> Said:
        done = subprocess.run(
            [str(script), *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
        )
        assert "Traceback" not in done.stderr, f"insure {' '.join(arguments)} ended in a traceback:\n{done.stderr}"
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def prices(tmp_path: Path) -> Callable[..., Path]:
    """Write `prices.csv` into the desk folder: closes by session, beginning on 2024-01-02."""

    def write(*lines: str, header: str = "date,close") -> Path:
        path = tmp_path / "prices.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write

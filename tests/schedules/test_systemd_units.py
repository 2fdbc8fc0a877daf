"""The units under docs/systemd: systemd itself finds nothing wrong with them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

UNITS = REPOSITORY / "docs" / "systemd"


@pytest.mark.parametrize("unit", ["insure.service", "insure-once.timer"])
def test_a_unit_is_sound(tmp_path: Path, unit: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("this machine has no systemd-analyze to ask")
    for path in UNITS.iterdir():
        # The program need not be installed where the tests run.
        text = path.read_text(encoding="utf-8").replace("/opt/insure/bin/insure", "/bin/true")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True, check=False
    )
    if "Failed to" in done.stderr and "bus" in done.stderr:
        pytest.skip(f"systemd-analyze cannot work here: {done.stderr.strip()}")
    said = [line for line in done.stderr.splitlines() if "insure" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_nothing_due_is_no_failure_of_a_pass() -> None:
    text = (UNITS / "insure-once.service").read_text(encoding="utf-8")
    assert "SuccessExitStatus=5" in text
    assert "run-once" in text

"""The wheel is the product: built, installed into a fresh environment, run from an unrelated folder."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from tests.conftest import REPOSITORY, Insure


def test_a_wheel_in_a_fresh_environment_renders_a_report(insure_process: Insure, tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path / "dist")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"insure", "reports", "schedules"}
    assert "reports/templates/base.html.j2" in names
    assert "insure/examples/synthetic_put.toml" in names
    assert "insure/book/migrations/versions/0001_first_book.py" in names
    assert {"insure/py.typed", "reports/py.typed", "schedules/py.typed"} <= set(names)

    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=False)
    installed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(fresh / "bin" / "python"),
            "install",
            "--quiet",
            "--no-deps",
            str(wheel),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    # Dependencies are borrowed from the environment that runs this test; a path file adds them behind the wheel, and
    # does not follow their own path files, so the checkout stays out of sight.
    inside = next((fresh / "lib").glob("python3*")) / "site-packages"
    (inside / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = fresh / "bin" / "insure"
    asked = "import insure, reports; print(insure.__file__, reports.__path__)"
    where = subprocess.run(
        [str(fresh / "bin" / "python"), "-c", asked], cwd=elsewhere, capture_output=True, text=True, check=True
    )
    assert str(REPOSITORY) not in where.stdout, f"the checkout was used instead of the wheel: {where.stdout}"

    for arguments in (
        ["init", "desk"],
        ["rebalance", "guarded-90", "--desk", "desk"],
        ["report", "rebalance", "guarded-90", "--desk", "desk"],
    ):
        said = insure_process(*arguments, cwd=elsewhere, script=script)
        assert said.code == 0, f"insure {' '.join(arguments)} ended with {said.code}: {said.err}"
    (page,) = (elsewhere / "desk" / "out").rglob("*.html")
    assert "<svg" in page.read_text(encoding="utf-8")

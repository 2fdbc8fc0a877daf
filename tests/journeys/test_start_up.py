"""`insure --help` costs nothing that it does not need."""

import subprocess
import sys

HEAVY = (
    "numpy",
    "scipy",
    "pandas",
    "numba",
    "matplotlib",
    "arch",
    "QuantLib",
    "sqlalchemy",
    "pydantic",
    "rich",
    "jinja2",
)

ASKS = f"""
import sys
sys.argv = ["insure", "--help"]
from schedules.cli import main
try:
    main()
except SystemExit:
    pass
print("heavy:", *(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy:", f"`insure --help` imports {done.stdout.splitlines()[-1]}"
    assert "rebalance" in done.stdout

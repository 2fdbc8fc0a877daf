"""How long `insure --help` takes as a process; the figure belongs to the machine, so nothing is asserted on it."""

import subprocess
import sys
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture


def bench_help(benchmark: BenchmarkFixture) -> None:
    script = Path(sys.executable).with_name("insure")
    benchmark(subprocess.run, [str(script), "--help"], capture_output=True, check=True)

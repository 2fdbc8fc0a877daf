"""Ten thousand ticks through the real runner: memory and handles stay where they were."""

import gc
from pathlib import Path

import pytest
import time_machine

from insure.book import Book
from schedules.desk import system_clock
from tests.schedules.world import at, flat_year, simulated, told_desk, write_fund

TICKS = 10_000


def resident_kilobytes() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_and_handles_are_flat_over_ten_thousand_ticks(tmp_path: Path) -> None:
    write_fund(tmp_path, start="2026-01-02", slot="every 5min", deadline=5)
    rows = flat_year("2026-01-02", "2026-12-31")
    seen: list[tuple[int, int]] = []
    with (
        time_machine.travel(at("2026-01-02 00:00"), tick=False) as traveller,
        Book.open(tmp_path / "insure.db") as book,
        simulated(told_desk(tmp_path, rows, system_clock), book, traveller) as runner,
    ):
        ticks = 0
        once = runner._pass_once

        def counted() -> None:
            nonlocal ticks
            once()
            ticks += 1
            if ticks % 2_000 == 0:
                seen.append((resident_kilobytes(), handles()))
            if ticks >= TICKS + 400:  # some wakes are beats, not slots
                runner.stop()

        runner._pass_once = counted
        runner.run()
        done = len(book.runs("tested"))
        assert done >= TICKS * 0.9
    first, last = seen[0], seen[-1]
    assert last[1] == first[1], f"open handles went from {first[1]} to {last[1]}"
    assert last[0] - first[0] <= 8_000, f"memory grew by {last[0] - first[0]:,} kB over {done} slots: {seen}"

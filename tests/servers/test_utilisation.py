"""The machine's utilisation, from what the kernel counts."""

from __future__ import annotations

import os
from pathlib import Path

from kenning_lego.servers.utilisation import UtilisationMeter

STAT = "cpu 1 2 3\ncpu0 {user} 0 0 {idle} 0 0 0 0 0 0\ncpu1 0 0 0 {idle} 50 0 0 0 0 0\nintr 9\n"


def kernel(root: Path, user: int, idle: int, available: int = 250) -> Path:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/stat").write_text(STAT.format(user=user, idle=idle))
    memory = f"MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable: {available} kB\n"
    (root / "proc/meminfo").write_text(memory)
    return root


def test_processors_are_told_since_the_last_reading(tmp_path: Path) -> None:
    meter = UtilisationMeter(kernel(tmp_path, user=0, idle=0))
    kernel(tmp_path, user=30, idle=10)
    first = meter.read(7.0)
    assert first is not None
    assert first.at == 7.0
    assert first.cpus_percent == (75.0, 0.0)
    assert first.memory_percent == 75.0
    second = meter.read(8.0)
    assert second is not None
    assert second.cpus_percent == (0.0, 0.0)  # no time has gone by


def test_kernel_that_does_not_tell_is_no_reading(tmp_path: Path) -> None:
    assert UtilisationMeter(tmp_path).read(0.0) is None
    kernel(tmp_path, 0, 0)
    (tmp_path / "proc/meminfo").write_text("MemTotal: many\n")
    assert UtilisationMeter(tmp_path).read(0.0) is None


def test_this_machine_tells() -> None:
    reading = UtilisationMeter().read(1.0)
    assert reading is not None
    assert len(reading.cpus_percent) == os.cpu_count()
    assert 0 < reading.memory_percent < 100

"""How busy each core was since the last reading. Source: proc_stat(5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Readings, Sensor
from kenning_lego.servers.sensors.files import Source, file_sensor, integer

KIND = "cpu"

_MIN_TICKS = 10
"""Shares of fewer ticks (of 10 ms as a rule) would be too coarse; they are left for next time."""


def find_cpu(root: Path) -> Sensor:
    """Look for the counters of the cores below `root`."""
    return file_sensor(KIND, [Source(KIND, (root / "proc/stat",), _Shares())], "")


class _Shares:
    """Turns counters of ticks into percentages of the time since the last reading."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}

    def __call__(self, contents: Sequence[bytes]) -> Readings:
        counted = _ticks(contents[0])
        if not counted:
            raise ValueError("it has no line of a core")
        shares: dict[str, float] = {}
        for key, (busy, total) in counted.items():
            busy_before, total_before = self._last.setdefault(key, (busy, total))
            passed = total - total_before
            if passed >= _MIN_TICKS:
                # The kernel's count of idle time is known to go back by a tick or two.
                shares[key] = min(max(100.0 * (busy - busy_before) / passed, 0.0), 100.0)
            if passed >= _MIN_TICKS or passed < 0:
                self._last[key] = busy, total
        return shares


def _ticks(content: bytes) -> dict[str, tuple[int, int]]:
    """Ticks busy and in all, by the key of the share."""
    counted = {}
    for line in content.splitlines():
        if not line.startswith(b"cpu"):
            break
        name, *fields = line.split()
        # user nice system idle iowait irq softirq steal; guests are within user and nice.
        ticks = [integer(field) for field in fields[:8]]
        if len(ticks) < 4:
            raise ValueError(f"{line[:32]!r} has too few counters")
        core = name.removeprefix(b"cpu").decode()
        total = sum(ticks)
        counted[f"cpu_percent.{core or 'all'}"] = total - sum(ticks[3:5]), total
    return counted

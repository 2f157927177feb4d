"""The process that runs the models: its processor time and memory.

Sources: proc_pid_stat(5), proc_pid_status(5).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Readings, Sensor
from kenning_lego.servers.sensors.files import Source, file_sensor, integer
from kenning_lego.servers.sensors.memory import sizes_in

KIND = "worker"

_MIN_SECONDS = 0.1
"""Processor time is counted in ticks of 10 ms; a shorter time would give too coarse a share."""

Clock = Callable[[], float]


def find_worker(pid: int, root: Path = Path("/"), clock: Clock = time.monotonic) -> Sensor:
    """The sensor of one process.

    Args:
        pid: its process id.
        root: where ``proc`` is.
        clock: in seconds.
    """
    process = root / "proc" / str(pid)
    sources = [
        Source("worker_rss_bytes", (process / "status",), _memory),
        Source("worker_cpu_percent", (process / "stat",), _Share(clock)),
    ]
    return file_sensor(KIND, sources, "")


def _memory(contents: Sequence[bytes]) -> Readings:
    sizes = sizes_in(contents[0])
    readings: dict[str, float] = {}
    for key, name in (("worker_rss_bytes", "VmRSS"), ("worker_peak_bytes", "VmHWM")):
        if name in sizes:
            readings[key] = sizes[name]
    return readings  # empty for a process that has ended and was not waited for


class _Share:
    """Turns a counter of ticks into per cent of one core since the last reading."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._per_second = os.sysconf("SC_CLK_TCK")
        self._last: tuple[int, float] | None = None

    def __call__(self, contents: Sequence[bytes]) -> Readings:
        # The name before the last parenthesis may hold anything; then utime and stime are 12th
        # and 13th.
        fields = contents[0].rpartition(b")")[2].split()
        if len(fields) < 13:
            raise ValueError(f"{contents[0][:32]!r} has too few fields")
        ticks, now = integer(fields[11]) + integer(fields[12]), self._clock()
        if self._last is None:
            self._last = ticks, now
            return {}
        ticks_before, then = self._last
        if now - then < _MIN_SECONDS:
            return {}
        self._last = ticks, now
        used = (ticks - ticks_before) / self._per_second
        return {"worker_cpu_percent": max(100.0 * used / (now - then), 0.0)}

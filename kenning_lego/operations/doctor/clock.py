"""How finely and how cheaply the clock that we measure with can be read."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from kenning_lego.core.kernel_files import read_text
from kenning_lego.operations.doctor.facts import Clock

READINGS = 20_000
MOST_READINGS = 1_000_000
"""Of a clock that does not step meanwhile; more than 10 ms even where a reading takes 10 ns."""
_BATCH = 100
_SOURCE = "sys/devices/system/clocksource/clocksource0"


def look_at_clock(root: Path, read: Callable[[], int] = time.perf_counter_ns) -> Clock:
    """Read the clock many times.

    Args:
        root: where ``sys`` is.
        read: the clock, in ns.
    """
    return Clock(
        source=read_text(root / _SOURCE / "current_clocksource") or None,
        available=tuple(read_text(root / _SOURCE / "available_clocksource").split()),
        resolution_ns=_resolution_ns(read),
        cost_ns=_cost_ns(read),
    )


def _resolution_ns(read: Callable[[], int]) -> int | None:
    """The smallest step among many readings; of a coarse clock, its first one."""
    smallest: int | None = None
    before = read()
    for done in range(MOST_READINGS):
        now = read()
        step, before = now - before, now
        if step > 0 and (smallest is None or step < smallest):
            smallest = step
        if smallest is not None and done >= READINGS:
            break
    return smallest


def _cost_ns(read: Callable[[], int]) -> float:
    costs = []
    for _ in range(READINGS // _BATCH):
        begin = time.perf_counter_ns()
        for _ in range(_BATCH):
            read()
        costs.append((time.perf_counter_ns() - begin) / _BATCH)
    return round(statistics.median(costs), 1)

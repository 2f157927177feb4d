"""How finely and how cheaply the clock that we measure with can be read."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from kenning_lego.core.kernel_files import read_text
from kenning_lego.operations.doctor.facts import Clock

READINGS = 20_000
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


def _resolution_ns(read: Callable[[], int]) -> int:
    readings = [read() for _ in range(READINGS)]
    steps = [after - before for before, after in itertools.pairwise(readings)]
    seen = [step for step in steps if step > 0]
    # A clock that did not step at all meanwhile is coarser than all of that time.
    return min(seen) if seen else max(1, readings[-1] - readings[0])


def _cost_ns(read: Callable[[], int]) -> float:
    costs = []
    for _ in range(READINGS // _BATCH):
        begin = time.perf_counter_ns()
        for _ in range(_BATCH):
            read()
        costs.append((time.perf_counter_ns() - begin) / _BATCH)
    return round(statistics.median(costs), 1)

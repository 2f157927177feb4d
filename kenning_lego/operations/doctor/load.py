"""What else takes time on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import psutil

from kenning_lego.operations.doctor.facts import BusyProcess, Load

SHOWN = 3
_NOTABLE = 0.01
"""Of a core; below that a process counts as idle."""


def look_at_load(seconds: float = 1.0) -> Load:
    """Watch all other processes for so long.

    Names are those of the programs; arguments, paths and users are not looked at.
    """
    before = dict(_times())
    begin = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - begin
    busy = [
        BusyProcess(name=name, share=round((used - before[key][1]) / elapsed, 3))
        for key, (name, used) in _times()
        if key in before and (used - before[key][1]) / elapsed >= _NOTABLE
    ]
    busy.sort(key=lambda each: -each.share)
    one, five, fifteen = os.getloadavg()
    return Load(
        average=(round(one, 2), round(five, 2), round(fifteen, 2)),
        seconds=round(elapsed, 2),
        others=round(sum(each.share for each in busy), 3),
        busiest=tuple(busy[:SHOWN]),
    )


def _times() -> Iterator[tuple[tuple[int, float], tuple[str, float]]]:
    """Process id and start, which together are never used again; name and seconds of CPU time."""
    own = os.getpid()
    for process in psutil.process_iter():
        try:
            times = process.cpu_times()
            if process.pid != own:
                yield (
                    (process.pid, process.create_time()),
                    (process.name(), times.user + times.system),
                )
        except psutil.Error:  # gone meanwhile, or another user's that we may not look at
            continue

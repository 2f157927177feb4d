"""Calls that are too short for the clock are run several times in a row."""

from __future__ import annotations

import time
from collections.abc import Callable

from kenning_lego.stats.loops import Clock, calibrate_loops

Call = Callable[[], object]


def repeat_if_short(call: Call, clock: Clock) -> tuple[Call, int]:
    """The call, or one that makes it as often as the clock needs, and how often that is.

    Args:
        call: is made a few times here.
        clock: what the monotonic clock cannot tell apart, in ns.
    """

    def time_loops(loops: int) -> int:
        repeated = repeat(call, loops)
        begin = time.perf_counter_ns()
        repeated()
        return time.perf_counter_ns() - begin

    loops = calibrate_loops(time_loops, clock.shortest)
    return repeat(call, loops), loops


def repeat(call: Call, loops: int) -> Call:
    """A call that makes another so many times."""
    if loops == 1:
        return call
    turns = range(loops)

    def run() -> None:
        for _ in turns:
            call()

    return run

"""How many calls make one sample, for calls that are too short for the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kenning_lego.core.errors import UsageError

MULTIPLE = 50
"""A sample takes at least so many times what the clock cannot tell apart.

That is 2 % of one sample, and little of a median of hundreds. More would make loops of blocks that
take some microseconds, and a loop keeps a block's code and weights in the caches, as no chain does.
"""
_READINGS = 64


@dataclass(frozen=True, slots=True)
class Clock:
    """What a clock cannot tell apart, in its own unit.

    Args:
        resolution: the smallest step seen between two readings.
        cost: what a sample of nothing takes: the time between two readings in a row.
    """

    resolution: int
    cost: int

    @property
    def shortest(self) -> int:
        """The shortest sample that is long enough; see :data:`MULTIPLE`."""
        return MULTIPLE * max(self.resolution, self.cost)


def observe_clock(read: Callable[[], int]) -> Clock:
    """Learn a clock's resolution and cost from readings in a row.

    Args:
        read: the clock, such as ``time.perf_counter_ns``.

    Raises:
        UsageError: the clock stands still or runs backwards.
    """
    steps: list[int] = []
    still = 0
    before = read()
    while len(steps) < _READINGS:
        now = read()
        if now < before:
            raise UsageError("the clock runs backwards", "use a monotonic clock")
        if now > before:
            steps.append(now - before)
        still += 1
        if still > 1 << 20:
            raise UsageError("the clock stands still", "use a clock of finer resolution")
        before = now
    # On a coarse clock most readings repeat, and the steps are its resolution.
    ascending = sorted(steps)
    return Clock(resolution=ascending[0], cost=ascending[len(ascending) // 2])


def calibrate_loops(time_loops: Callable[[int], int], shortest: int, most: int = 1 << 20) -> int:
    """The number of calls in a row that make one sample long enough, a power of two.

    The number is doubled until a sample takes `shortest`, as pyperf does; 1 for nearly all
    blocks. A number counts only if two samples in a row agree on it, so that a first call that
    is slow, or an interruption, does not end the search early.

    Args:
        time_loops: runs so many calls back to back and returns what they took.
        shortest: such as :attr:`Clock.shortest`, in the same unit.
        most: never more calls than that.

    Returns:
        At least 1 and at most `most`.
    """
    loops = 1
    while loops < most:
        if time_loops(loops) >= shortest and time_loops(loops) >= shortest:
            return loops
        loops = min(most, loops * 2)
    return loops

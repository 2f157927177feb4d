"""Timing calls in turn, and what to say about many durations."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Call = Callable[[], object]


def median(values: Sequence[float]) -> float:
    """The median of at least one value."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def interleave(
    calls: Mapping[str, Call], rounds: int, *, warm_up: int, seed: int = 0
) -> dict[str, list[int]]:
    """Time every call once a round, in an order drawn anew for each round.

    So whatever the machine does meanwhile, it does to all of them, and none settles on one core
    while the others cannot.

    Args:
        calls: what to time, by name.
        rounds: that are recorded.
        warm_up: rounds before them.
        seed: of the orders.

    Returns:
        Durations in ns by name.
    """
    rng = random.Random(seed)
    names = list(calls)
    durations: dict[str, list[int]] = {name: [] for name in names}
    for done in range(warm_up + rounds):
        rng.shuffle(names)
        for name in names:
            call = calls[name]
            begin = time.perf_counter_ns()
            call()
            end = time.perf_counter_ns()
            if done >= warm_up:
                durations[name].append(end - begin)
    return durations

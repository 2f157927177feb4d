"""Loops for calls that are too short for the clock, with clocks that are handed in."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.loops import MULTIPLE, calibrate_loops, observe_clock


def ticking(*steps: int) -> Callable[[], int]:
    readings = itertools.accumulate(itertools.cycle(steps))
    return lambda: next(readings)


@pytest.mark.parametrize(
    ("steps", "resolution", "cost"),
    [((40,), 40, 40), ((35, 40, 41), 35, 40), ((0, 0, 0, 1000), 1000, 1000)],
)
def test_resolution_and_cost_are_read_off_the_clock(
    steps: tuple[int, ...], resolution: int, cost: int
) -> None:
    clock = observe_clock(ticking(*steps))
    assert (clock.resolution, clock.cost) == (resolution, cost)
    assert clock.shortest == MULTIPLE * max(resolution, cost)


def test_clock_that_stands_still_or_runs_backwards_is_refused() -> None:
    with pytest.raises(UsageError, match="stands still"):
        observe_clock(lambda: 7)
    with pytest.raises(UsageError, match="backwards"):
        observe_clock(ticking(5, -1))


@pytest.mark.parametrize(
    ("call", "loops"), [(10_000, 1), (8000, 1), (7999, 2), (1000, 8), (3, 4096), (0, 1 << 20)]
)
def test_loops_are_doubled_until_a_sample_is_long_enough(call: int, loops: int) -> None:
    assert calibrate_loops(lambda count: count * call, 8000) == loops


def test_one_slow_sample_does_not_end_the_search() -> None:
    seen: list[int] = []

    def interrupted(count: int) -> int:
        seen.append(count)
        return 10**9 if len(seen) == 1 else count * 1000

    assert calibrate_loops(interrupted, 8000) == 8


def test_most_bounds_the_loops() -> None:
    assert calibrate_loops(lambda count: 0, 8000, most=100) == 100

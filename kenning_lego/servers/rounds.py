"""Running a plan's rounds against the clock."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from kenning_lego.core.plans import Plan, Progress
from kenning_lego.servers.schedule import next_check, order_round, precise_enough

Call = Callable[[], object]
PROGRESS_INTERVAL_S = 0.25


def run_rounds(
    plan: Plan,
    calls: Sequence[Call],
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> tuple[list[list[int]], str]:
    """Warm up, then time every call once or more a round until the plan's stop rule holds.

    Args:
        plan: gives the order and the stop rule.
        calls: one for each of the plan's items.
        on_progress: called between rounds, a few times a second.
        cancelled: asked between rounds.

    Returns:
        Samples in ns for each call in the order of the rounds, and why it ended; see
        :class:`kenning_lego.core.plans.Measurement`.
    """
    rng = random.Random(plan.seed)  # noqa: S311 - an order, not a secret
    report = _Reporter(on_progress)
    samples: list[list[int]] = [[] for _ in calls]
    with _no_garbage_collection():
        for done in range(1, plan.warmup_rounds + 1):
            for index in order_round(plan.items, rng):
                calls[index]()
            report("warm-up", done, plan.warmup_rounds)
            if cancelled():
                return samples, "cancelled"
            if report.elapsed() >= plan.max_seconds:
                return samples, "max_seconds"
        check = next_check(0, plan)
        for done in range(1, plan.max_rounds + 1):
            _timed_round(calls, order_round(plan.items, rng), samples)
            report("measure", done, plan.max_rounds)
            if cancelled():
                return samples, "cancelled"
            if report.elapsed() >= plan.max_seconds:
                return samples, "max_seconds"
            if done == check:
                if precise_enough(samples, plan.relative_half_width):
                    return samples, "precise"
                check = next_check(done, plan)
    return samples, "max_rounds"


def _timed_round(calls: Sequence[Call], order: Sequence[int], samples: list[list[int]]) -> None:
    clock = time.perf_counter_ns
    for index in order:
        call = calls[index]
        begin = clock()
        call()
        end = clock()
        samples[index].append(end - begin)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Reporter:
    """Passes progress on, a few times a second and at the end of a phase."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._begin = time.monotonic()
        self._next = 0.0

    def elapsed(self) -> float:
        return time.monotonic() - self._begin

    def __call__(self, phase: str, done: int, total: int) -> None:
        elapsed = self.elapsed()
        if done == total or elapsed >= self._next:
            self._next = elapsed + PROGRESS_INTERVAL_S
            self._on_progress(Progress(done, total, elapsed, phase))

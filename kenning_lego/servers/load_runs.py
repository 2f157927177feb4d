"""Running a load test's queries against the clock; the clock is handed in."""

from __future__ import annotations

import random
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol

from kenning_lego.core.errors import ModelError
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import Progress
from kenning_lego.core.specs import IOSpec
from kenning_lego.servers.quiet import no_garbage_collection

BEAT_NS = 250_000_000
"""So often progress is told, and asked whether to go on."""
LONG_QUERY_BEAT_NS = 5_000_000_000
"""The same inside a query of several calls, which it would disturb."""
SPIN_NS = 500_000
"""The last part of a wait is spent awake: a sleeper wakes up too late by a tenth of that."""


class Timer(Protocol):
    """A monotonic clock, and a way to wait."""

    def now_ns(self) -> int:
        """The time in ns."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, roughly."""
        ...


class SystemTimer:
    """This machine's clock."""

    now_ns = staticmethod(time.perf_counter_ns)
    sleep = staticmethod(time.sleep)


def check_batch(spec: IOSpec, batch: int) -> None:
    """Make sure that a call runs as many samples as the figures will say.

    Raises:
        ModelError: a first dimension is fixed to another size than `batch`.
    """
    if batch == 1:
        return  # what the model takes at a time is one sample
    for tensor in spec.inputs:
        if not tensor.sizes or tensor.sizes[0] != batch:
            raise ModelError(
                f"the model does not run in batches of {batch}: it takes {tensor}",
                "export it with a symbolic first dimension, or use batch 1",
            )


def poisson_arrivals(plan: LoadPlan) -> array[int]:
    """When each query of a ``server`` run is to come, in ns from its start, in order.

    They are drawn before the run, so that the seed alone decides on them. The last is the first
    with which both minima of the plan are reached, if the maxima allow.
    """
    rng = random.Random(plan.seed)  # noqa: S311 - arrivals, not a secret
    arrivals = array("q")
    at = rng.expovariate(plan.rate_per_s)
    while len(arrivals) < plan.max_queries and at <= plan.max_seconds:
        arrivals.append(round(at * 1e9))
        if len(arrivals) >= plan.min_queries and at >= plan.min_seconds:
            break
        at += rng.expovariate(plan.rate_per_s)
    return arrivals


def run_load(
    plan: LoadPlan,
    call: Callable[[], object],
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
    timer: Timer | None = None,
) -> LoadResult:
    """Warm up, then send queries as the plan's scenario says.

    Args:
        plan: see :class:`kenning_lego.core.loads.LoadPlan`.
        call: runs `plan.batch` samples.
        on_progress: told a few times a second how far it is.
        cancelled: asked as often; the queries that were answered are kept.
        timer: the clock.
    """
    run = _Run(plan, call, on_progress, cancelled, timer or SystemTimer())
    with no_garbage_collection():
        stopped = run.warm_up()
        if stopped:
            return run.result(stopped)
        if plan.scenario == "server":
            return run.serve(poisson_arrivals(plan))
        return run.result(run.stream())


class _Run:
    def __init__(
        self,
        plan: LoadPlan,
        call: Callable[[], object],
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        timer: Timer,
    ) -> None:
        self._plan = plan
        self._call = call
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._now = timer.now_ns
        self._sleep = timer.sleep
        self._phase = "warm-up"
        self._expected = plan.warmup_queries
        self._begin = self._beaten = self._start = self._answered = self._now()
        self._deadline = self._begin + round(plan.max_seconds * 1e9)
        self._latencies, self._service, self._lateness = array("q"), array("q"), array("q")

    def warm_up(self) -> str | None:
        """Run the calls that are not recorded; why it ended early, if it did."""
        stopped = None
        for done in range(self._plan.warmup_queries):
            stopped = self._interrupted(self._now(), done)
            if stopped:
                break
            self._call()
        self._phase = "load"
        self._start = self._answered = self._now()
        return stopped

    def stream(self) -> str:
        """Queries that come one after the other, or all at the start; why it ended."""
        plan, now, start = self._plan, self._now, self._start
        offline = plan.scenario == "offline"
        while True:
            done, elapsed = len(self._latencies), self._answered - start
            if done >= plan.min_queries and elapsed >= plan.min_seconds * 1e9:
                return "complete"
            if done >= plan.max_queries:
                return "max_queries"
            self._expected = self._projected(done, elapsed)
            stopped = self._interrupted(self._answered, done)
            if stopped:
                return stopped
            begin = now()
            if not self._query():
                return "cancelled"
            self._note(start if offline else begin, begin, now(), self._answered)

    def serve(self, arrivals: Sequence[int]) -> LoadResult:
        """Queries that come at their own times, whatever was answered before."""
        start = self._start
        self._expected = len(arrivals)
        for arrival in arrivals:
            stopped = self._wait_until(start + arrival)
            if stopped:
                span = self._now() - start
                return self.result(stopped, bisect_right(arrivals, span), span)
            begin = self._now()
            self._call()
            due = start + arrival
            self._note(due, begin, self._now(), max(due, self._answered))
        return self.result(
            _why_no_more(self._plan, arrivals), len(arrivals), arrivals[-1] if arrivals else 0
        )

    def result(self, stopped: str, offered: int | None = None, span_ns: int = 0) -> LoadResult:
        """Everything that was noted."""
        return LoadResult(
            tuple(self._latencies),
            tuple(self._service),
            tuple(self._lateness),
            duration_ns=self._answered - self._start if self._latencies else 0,
            samples_per_query=self._plan.samples_per_query,
            offered=len(self._latencies) if offered is None else offered,
            span_ns=span_ns,
            stopped=stopped,
            begin_ns=self._start,
        )

    def _note(self, due: int, begin: int, end: int, possible: int) -> None:
        self._latencies.append(end - due)
        self._service.append(end - begin)
        self._lateness.append(begin - possible)
        self._answered = end

    def _query(self) -> bool:
        """Run one query; whether it was finished."""
        self._call()
        for _ in range(self._plan.samples_per_query // self._plan.batch - 1):
            if self._beat(self._now(), len(self._latencies), LONG_QUERY_BEAT_NS):
                return False
            self._call()
        return True

    def _wait_until(self, due: int) -> str | None:
        """Wait, asleep and then awake; why not to go on, if so."""
        while True:
            stopped = self._interrupted(self._now(), len(self._latencies))
            left = due - self._now()
            if stopped or left <= 0:
                return stopped
            if left <= SPIN_NS:
                while self._now() < due:
                    pass
                return None
            self._sleep(min(left - SPIN_NS, BEAT_NS) / 1e9)

    def _interrupted(self, now: int, done: int) -> str | None:
        if now >= self._deadline:
            return "max_seconds"
        return "cancelled" if self._beat(now, done, BEAT_NS) else None

    def _beat(self, now: int, done: int, interval: int) -> bool:
        """Tell how far it is, if it is time to; whether it shall end."""
        if now - self._beaten < interval:
            return False
        self._beaten = now
        elapsed = (now - self._begin) / 1e9
        self._on_progress(Progress(done, self._expected, elapsed, self._phase))
        return self._cancelled()

    def _projected(self, done: int, elapsed_ns: int) -> int:
        """How many queries there will be, by those so far."""
        plan = self._plan
        by_time = done * plan.min_seconds * 1e9 / elapsed_ns if elapsed_ns else 0
        return min(plan.max_queries, max(plan.min_queries, done, round(by_time)))


def _why_no_more(plan: LoadPlan, arrivals: Sequence[int]) -> str:
    if len(arrivals) >= plan.min_queries and arrivals[-1] >= plan.min_seconds * 1e9:
        return "complete"
    return "max_queries" if len(arrivals) >= plan.max_queries else "max_seconds"

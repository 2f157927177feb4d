"""Load tests by simulation: a clock that only waits, calls and a look at it advance."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, pairwise
from statistics import fmean, pvariance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.loads import LoadPlan, LoadResult, Scenario
from kenning_lego.core.plans import Progress
from kenning_lego.servers.load_runs import SPIN_NS, poisson_arrivals, run_load

MS = 1_000_000
LOOK_NS = 20_000
"""A look at the clock takes so long here, so that a busy wait ends."""


class World:
    """A clock and an engine whose calls take the times that are given, again and again."""

    def __init__(self, *service_ns: int, oversleep_ns: int = 0) -> None:
        self.now = 12_345
        self.service = service_ns
        self.oversleep = oversleep_ns
        self.calls = 0
        self.progress: list[Progress] = []
        self.collecting = False

    def now_ns(self) -> int:
        self.now += LOOK_NS
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += round(seconds * 1e9) + self.oversleep

    def call(self) -> None:
        self.collecting |= gc.isenabled()
        self.now += self.service[self.calls % len(self.service)]
        self.calls += 1

    def run(self, plan: LoadPlan, cancelled: Callable[[], bool] = lambda: False) -> LoadResult:
        return run_load(plan, self.call, self.progress.append, cancelled, self)


def make(scenario: Scenario, **changes: object) -> LoadPlan:
    plan = LoadPlan(("0" * 64,), scenario, warmup_queries=0, min_seconds=0.0, min_queries=50)
    plan = replace(plan, **changes)  # type: ignore[arg-type]
    assert plan.problem() is None
    return plan


def lindley(arrivals: list[int], service: list[int]) -> list[int]:
    """Latencies in a queue with one server, first come first served."""
    latencies, free = [], 0
    for arrival, time in zip(arrivals, service, strict=True):
        free = max(arrival, free) + time
        latencies.append(free - arrival)
    return latencies


# Arrivals


def test_arrivals_are_the_same_for_the_same_seed_only() -> None:
    plan = make("server", rate_per_s=100.0)
    assert poisson_arrivals(plan) == poisson_arrivals(plan)
    assert poisson_arrivals(plan) != poisson_arrivals(replace(plan, seed=1))


def test_gaps_between_arrivals_are_exponential() -> None:
    rate = 200.0
    arrivals = poisson_arrivals(
        make("server", rate_per_s=rate, min_queries=20_000, max_seconds=1e6)
    )
    times = [0.0, *(each / 1e9 for each in arrivals)]
    gaps = [after - before for before, after in pairwise(times)]
    assert fmean(gaps) == pytest.approx(1 / rate, rel=0.03)
    assert pvariance(gaps) == pytest.approx(1 / rate**2, rel=0.06)
    longer = sum(gap > 1 / rate for gap in gaps) / len(gaps)
    assert longer == pytest.approx(math.exp(-1), rel=0.03)


@given(
    rate=st.floats(0.1, 1e4),
    least=st.integers(1, 100),
    more=st.integers(0, 100),
    seconds=st.floats(0, 10),
    longer=st.floats(0, 10),
    seed=st.integers(0, 2**63 - 1),
)
def test_arrivals_end_with_the_plan(
    rate: float, least: int, more: int, seconds: float, longer: float, seed: int
) -> None:
    plan = make(
        "server",
        rate_per_s=rate,
        min_queries=least,
        max_queries=least + more,
        min_seconds=seconds,
        max_seconds=seconds + longer,
        seed=seed,
    )
    arrivals = list(poisson_arrivals(plan))
    assert arrivals == sorted(arrivals)
    assert len(arrivals) <= plan.max_queries
    assert all(each <= plan.max_seconds * 1e9 + 1 for each in arrivals)
    before = arrivals[:-1]  # the last one is the first with both minima
    assert len(before) < least or not before or before[-1] < seconds * 1e9 + 1


# The server scenario


@pytest.mark.parametrize("utilisation", [0.3, 0.6, 0.8])
def test_mean_wait_is_that_of_a_queue_with_one_server_of_constant_speed(
    utilisation: float,
) -> None:
    # Pollaczek and Khinchine: an M/D/1 queue waits rho D / (2 (1 - rho)) on average.
    service = 10 * MS
    plan = make(
        "server", rate_per_s=utilisation / (service / 1e9), min_queries=40_000, max_seconds=1e6
    )
    result = World(service).run(plan)
    waits = [a - b for a, b in zip(result.latencies_ns, result.service_ns, strict=True)]
    expected = utilisation * service / (2 * (1 - utilisation))
    assert fmean(waits) == pytest.approx(expected, rel=0.1)
    assert result.stopped == "complete"
    assert result.unanswered == 0
    assert result.offered_per_s == pytest.approx(plan.rate_per_s, rel=0.02)
    assert result.achieved_per_s == pytest.approx(plan.rate_per_s, rel=0.02)


@settings(max_examples=50)
@given(
    rate=st.floats(5, 500),
    service=st.lists(st.integers(1, 40 * MS), min_size=1, max_size=20),
    oversleep=st.integers(0, SPIN_NS - LOOK_NS),
    seed=st.integers(0, 1000),
)
def test_every_latency_is_that_of_the_queue(
    rate: float, service: list[int], oversleep: int, seed: int
) -> None:
    plan = make("server", rate_per_s=rate, min_queries=60, max_seconds=1e6, seed=seed)
    world = World(*service, oversleep_ns=oversleep)
    result = world.run(plan)
    arrivals = list(poisson_arrivals(plan))
    exact = lindley(arrivals, list(result.service_ns))
    for number, (found, expected) in enumerate(zip(result.latencies_ns, exact, strict=True), 1):
        # Some looks at the clock lie between two queries that follow each other directly.
        assert 0 <= found - expected <= number * 6 * LOOK_NS
    # A sleeper that wakes up too late, but within the spin, is not late.
    assert result.lateness_max_ns <= 5 * LOOK_NS


def test_one_stall_shows_in_all_queries_that_came_meanwhile() -> None:
    stall = 1_000 * MS
    world = World(*[MS] * 100, stall, *[MS] * 10_000)
    result = world.run(make("server", rate_per_s=100.0, min_queries=400))
    late = [each for each in result.latencies_ns if each > 50 * MS]
    assert 80 < len(late) < 130  # of 100 queries a second
    assert sum(each > 50 * MS for each in result.service_ns) == 1


def test_rate_beyond_what_can_be_served_is_told_by_what_is_left_over() -> None:
    plan = make("server", rate_per_s=200.0, min_queries=10_000, min_seconds=10, max_seconds=10)
    result = World(10 * MS).run(plan)  # 100 a second at most
    assert result.stopped == "max_seconds"
    assert len(result.latencies_ns) == pytest.approx(1000, rel=0.02)
    assert result.unanswered == pytest.approx(1000, rel=0.15)
    assert result.offered_per_s == pytest.approx(200, rel=0.1)
    assert result.achieved_per_s == pytest.approx(100, rel=0.02)
    assert result.latencies_ns[-1] == pytest.approx(5e9, rel=0.15)


def test_sleeper_that_wakes_up_far_too_late_is_told_as_lateness() -> None:
    result = World(MS, oversleep_ns=3 * MS).run(make("server", rate_per_s=5.0))
    assert 2 * MS < result.lateness_max_ns <= 3 * MS
    assert result.lateness_median_ns > 2 * MS
    assert min(result.latencies_ns) > MS


def test_long_wait_for_a_query_is_no_silence_and_can_be_cancelled() -> None:
    asked = count()
    world = World(MS)
    plan = make("server", rate_per_s=0.001, min_queries=2, max_seconds=1e5)
    result = world.run(plan, cancelled=lambda: next(asked) >= 40)
    assert result.stopped == "cancelled"
    times = [each.elapsed_s for each in world.progress]
    assert len(times) == 41
    assert all(after - before < 0.3 for before, after in pairwise(times))


def test_time_is_up_while_a_query_is_waited_for() -> None:
    plan = make("server", rate_per_s=0.2, min_queries=10, min_seconds=5.0, max_seconds=30.0)
    world = World(MS)
    result = world.run(plan)
    assert result.stopped == "max_seconds"
    assert result.unanswered == 0
    assert world.now / 1e9 < 31


# The others


def test_single_stream_sends_a_query_when_the_last_is_answered() -> None:
    world = World(2 * MS, 4 * MS)
    result = world.run(make("single_stream", min_queries=10))
    assert len(result.latencies_ns) == 10
    assert result.latencies_ns == result.service_ns
    assert result.latencies_ns[:2] == (2 * MS + LOOK_NS, 4 * MS + LOOK_NS)
    assert result.offered_per_s is None
    assert result.achieved_per_s == pytest.approx(1 / 3e-3, rel=0.02)
    assert result.unanswered == 0
    assert world.calls == 10


def test_latency_of_multi_stream_is_that_of_all_samples_of_the_query() -> None:
    world = World(MS)
    plan = make("multi_stream", samples_per_query=8, batch=2, min_queries=5)
    result = world.run(plan)
    assert world.calls == 5 * 4
    assert all(4 * MS <= each <= 4 * MS + 6 * LOOK_NS for each in result.latencies_ns)
    assert result.samples_per_s == pytest.approx(2000, rel=0.05)


def test_all_samples_of_offline_wait_from_the_start() -> None:
    plan = make("offline", batch=16, samples_per_query=16, min_queries=20)
    result = World(MS).run(plan)
    assert list(result.latencies_ns) == sorted(result.latencies_ns)
    assert result.latencies_ns[-1] == result.duration_ns
    assert result.samples_per_s == pytest.approx(16_000, rel=0.05)


@pytest.mark.parametrize("scenario", ["single_stream", "multi_stream", "offline"])
def test_both_minima_are_reached_before_it_is_complete(scenario: Scenario) -> None:
    slow = World(100 * MS).run(make(scenario, min_queries=30, min_seconds=1.0))
    assert (slow.stopped, len(slow.latencies_ns)) == ("complete", 30)
    fast = World(MS).run(make(scenario, min_queries=30, min_seconds=1.0))
    assert fast.stopped == "complete"
    assert fast.duration_ns >= 1e9
    assert len(fast.latencies_ns) > 900


@pytest.mark.parametrize("scenario", ["single_stream", "multi_stream", "offline"])
def test_upper_bounds_end_it(scenario: Scenario) -> None:
    counted = World(MS).run(make(scenario, min_seconds=10.0, max_queries=60))
    assert (counted.stopped, len(counted.latencies_ns)) == ("max_queries", 60)
    timed = World(100 * MS).run(make(scenario, min_queries=1000, max_seconds=2.0))
    assert timed.stopped == "max_seconds"
    assert len(timed.latencies_ns) == 20


def cancelled_after(times: int) -> Callable[[], bool]:
    asked: Iterator[int] = count()
    return lambda: next(asked) >= times


def test_cancelled_run_keeps_what_was_answered() -> None:
    result = World(10 * MS).run(make("single_stream", min_queries=10_000), cancelled_after(3))
    assert result.stopped == "cancelled"
    assert len(result.latencies_ns) == pytest.approx(100, abs=10)


def test_query_of_many_calls_is_no_silence_and_can_be_cancelled() -> None:
    world = World(1_000 * MS)
    plan = make("multi_stream", samples_per_query=1000, max_seconds=1e5)
    result = world.run(plan, cancelled_after(3))
    assert (result.stopped, result.latencies_ns, result.duration_ns) == ("cancelled", (), 0)
    assert result.achieved_per_s is None
    assert len(world.progress) == 4
    assert world.calls < 30


def test_warm_up_is_not_recorded_but_counts_as_time() -> None:
    world = World(100 * MS)
    result = world.run(make("single_stream", warmup_queries=5, min_queries=10))
    assert (world.calls, len(result.latencies_ns)) == (15, 10)
    assert world.progress[0].phase == "warm-up"
    result = World(100 * MS).run(make("single_stream", warmup_queries=50, max_seconds=1.0))
    assert (result.stopped, result.latencies_ns) == ("max_seconds", ())


def test_nothing_is_collected_meanwhile() -> None:
    assert gc.isenabled()
    world = World(MS)
    world.run(make("single_stream"))
    assert not world.collecting
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"min_queries": 9, "max_queries": 8}, "min_queries 9 is above max_queries 8"),
        ({"min_seconds": 2.0, "max_seconds": 1.0}, "min_seconds 2 is above max_seconds 1"),
        ({"scenario": "server"}, "a rate of 0 per second in the scenario server"),
        ({"rate_per_s": 5.0}, "a rate of 5 per second in the scenario single_stream"),
        ({"batch": 4, "samples_per_query": 6}, "6 samples in calls of 4"),
        ({"samples_per_query": 2}, "2 samples a query in the scenario single_stream"),
    ],
)
def test_plan_says_what_does_not_fit_together(changes: dict[str, object], problem: str) -> None:
    plan = replace(LoadPlan(("0" * 64,)), **changes)  # type: ignore[arg-type]
    assert plan.problem() == problem


@pytest.mark.parametrize("scenario", ["single_stream", "offline", "server"])
def test_begin_and_end_are_on_the_clock_and_leave_the_warm_up_out(scenario: Scenario) -> None:
    world = World(2 * MS)
    rate = 100.0 if scenario == "server" else 0.0
    result = world.run(make(scenario, warmup_queries=10, rate_per_s=rate))
    assert 12_345 + 10 * 2 * MS <= result.begin_ns <= 12_345 + 10 * (2 * MS + 5 * LOOK_NS)
    assert result.end_ns == result.begin_ns + result.duration_ns
    assert world.now - 10 * LOOK_NS <= result.end_ns <= world.now


def test_run_that_ends_in_its_warm_up_has_no_length() -> None:
    result = World(1_000 * MS).run(make("single_stream", warmup_queries=10, max_seconds=2.0))
    assert result.latencies_ns == ()
    assert result.end_ns == result.begin_ns

"""Rounds end for the right reason, with every sample, and leave the process as it was."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.servers.rounds import run_rounds


class Bench:
    """A clock that only calls advance, and what is timed by it."""

    def __init__(self, durations_ns: list[int] | None = None, items: int = 2) -> None:
        self.now_ns = 1_000
        self.durations = durations_ns or [1_000_000]
        self.calls: list[int] = []
        self.collecting: list[bool] = []
        self.progress: list[Progress] = []
        self.items = tuple(PlanItem(str(n), ("0" * 64,), n) for n in range(items))

    def call(self, index: int) -> Callable[[], object]:
        def run() -> None:
            self.now_ns += self.durations[len(self.calls) % len(self.durations)]
            self.calls.append(index)
            self.collecting.append(gc.isenabled())

        return run

    def run(
        self,
        *,
        warmup: int = 0,
        least: int = 1,
        most: int = 10,
        width: float = 0.0,
        seconds: float = 1e9,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[list[list[int]], str]:
        plan = Plan(
            self.items,
            warmup_rounds=warmup,
            min_rounds=least,
            max_rounds=most,
            relative_half_width=width,
            max_seconds=seconds,
        )
        calls = [self.call(n) for n in range(len(self.items))]
        return run_rounds(plan, calls, self.progress.append, cancelled)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    yield from on_its_clock(Bench(), monkeypatch)


def on_its_clock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with monkeypatch.context() as patched:
        patched.setattr(time, "perf_counter_ns", lambda: bench.now_ns)
        patched.setattr(time, "monotonic", lambda: bench.now_ns / 1e9)
        yield bench


def test_steady_samples_end_early_and_precise(bench: Bench) -> None:
    samples, stopped = bench.run(least=8, most=1000, width=0.01)
    assert stopped == "precise"
    assert samples == [[1_000_000] * 8] * 2


def test_samples_are_the_calls_durations_in_the_order_of_the_rounds(bench: Bench) -> None:
    bench.durations = [5, 7, 11, 13]
    samples, stopped = bench.run(most=2)
    assert (samples, stopped) == ([[5, 11], [7, 13]], "max_rounds")


def test_jumpy_samples_run_to_the_last_round(bench: Bench) -> None:
    bench.durations = [1_000_000, 1_000_000, 9_000_000, 9_000_000]
    samples, stopped = bench.run(least=5, most=50, width=0.01)
    assert stopped == "max_rounds"
    assert [len(values) for values in samples] == [50, 50]


def test_last_round_may_be_the_one_that_makes_it_precise(bench: Bench) -> None:
    assert bench.run(least=8, most=8)[1] == "precise"
    assert bench.run(least=100, most=8)[1] == "precise"


def test_too_few_rounds_for_an_interval_are_never_precise(bench: Bench) -> None:
    assert bench.run(least=1, most=5, width=1.0)[1] == "max_rounds"


def test_time_that_is_up_ends_after_the_round(bench: Bench) -> None:
    samples, stopped = bench.run(most=1000, seconds=0.007)  # a round takes 2 ms
    assert stopped == "max_seconds"
    assert [len(values) for values in samples] == [4, 4]


def test_no_time_at_all_still_gives_one_round(bench: Bench) -> None:
    samples, stopped = bench.run(seconds=0.0)
    assert (stopped, [len(values) for values in samples]) == ("max_seconds", [1, 1])


def test_warm_up_is_run_and_not_recorded(bench: Bench) -> None:
    samples, _ = bench.run(warmup=3, most=4)
    assert len(bench.calls) == (3 + 4) * 2
    assert [len(values) for values in samples] == [4, 4]


def test_cancelled_plan_keeps_the_rounds_that_were_finished(bench: Bench) -> None:
    asked = count()
    samples, stopped = bench.run(most=1000, cancelled=lambda: next(asked) == 2)
    assert stopped == "cancelled"
    assert [len(values) for values in samples] == [3, 3]


def test_plan_cancelled_while_it_warms_up_has_no_samples(bench: Bench) -> None:
    samples, stopped = bench.run(warmup=5, cancelled=lambda: True)
    assert (samples, stopped) == ([[], []], "cancelled")
    assert len(bench.calls) == 2


def test_fixed_segments_are_sampled_once_a_pass(bench: Bench) -> None:
    bench.items = (
        PlanItem("fixed", ("0" * 64,), 0),
        *(PlanItem(f"variant {n}", ("0" * 64,), 1) for n in range(3)),
    )
    samples, _ = bench.run(most=4)
    assert [len(values) for values in samples] == [12, 4, 4, 4]
    assert bench.calls[::2] == [0] * 12


def test_progress_tells_each_phase_to_its_end_and_not_every_round(bench: Bench) -> None:
    bench.durations = [10_000_000]  # a round takes 20 ms: progress every 13th
    bench.run(warmup=50, least=100, most=100)
    told = [(each.phase, each.done, each.total) for each in bench.progress]
    assert ("warm-up", 50, 50) in told
    assert told[-1] == ("measure", 100, 100)
    assert told == sorted(told, key=lambda each: (each[0] != "warm-up", each[1]))
    assert len(told) <= 2 + 150 // 12 + 1
    assert [each.elapsed_s for each in bench.progress] == sorted(
        each.elapsed_s for each in bench.progress
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_not_collected_while_timing_and_as_before_afterwards(
    bench: Bench, enabled: bool
) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        bench.run(warmup=1, most=3)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
    assert bench.collecting
    assert not any(bench.collecting)


def test_garbage_is_collected_again_after_a_failure(bench: Bench) -> None:
    def fail() -> None:
        raise RuntimeError("the engine broke")

    assert gc.isenabled()
    plan = Plan((PlanItem("a", ("0" * 64,)),))
    with pytest.raises(RuntimeError, match="the engine broke"):
        run_rounds(plan, [fail], bench.progress.append, lambda: False)
    assert gc.isenabled()


def test_same_seed_gives_the_same_order_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []
    for _ in range(2):
        for bench in on_its_clock(Bench(items=1), monkeypatch):
            bench.items = tuple(PlanItem(str(n), ("0" * 64,)) for n in range(5))
            bench.run(warmup=2, most=6)
            orders.append(bench.calls)
    assert orders[0] == orders[1]
    assert len({tuple(orders[0][begin : begin + 5]) for begin in range(0, 40, 5)}) > 3

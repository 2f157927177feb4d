"""Rounds end for the right reason, with every sample, and leave the process as it was."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from kenning_lego.core.plans import Conditions, Plan, PlanItem, Progress
from kenning_lego.servers.rounds import Bench, Timed, run_rounds
from kenning_lego.servers.schedule import RoundOrder


class Machine:
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
        preheat: float = 0.0,
        loops: int = 1,
        reference: bool = False,
        recorded: set[int] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        settle: Callable[[], bool] = lambda: False,
    ) -> Timed:
        plan = Plan(
            self.items,
            warmup_rounds=warmup,
            min_rounds=least,
            max_rounds=most,
            relative_half_width=width,
            conditions=Conditions(preheat_s=preheat),
        )
        indices = range(len(self.items))
        bench = Bench(
            {n: self.call(n) for n in indices},
            frozenset(indices if recorded is None else recorded),
            dict.fromkeys(indices, loops),
            self.call(REFERENCE) if reference else None,
        )
        return run_rounds(
            plan,
            RoundOrder(self.items, indices, plan.seed),
            bench,
            max_seconds=seconds,
            on_progress=self.progress.append,
            cancelled=cancelled,
            settle=settle,
        )


REFERENCE = -1
ROUND_NS = 2_000_000
"""Of two items that take a millisecond each."""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    yield from on_its_clock(Machine(), monkeypatch)


def on_its_clock(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with monkeypatch.context() as patched:
        patched.setattr(time, "perf_counter_ns", lambda: machine.now_ns)
        patched.setattr(time, "monotonic_ns", lambda: machine.now_ns)
        patched.setattr(time, "monotonic", lambda: machine.now_ns / 1e9)
        yield machine


def test_steady_samples_end_early_and_precise(machine: Machine) -> None:
    timed = machine.run(least=8, most=1000, width=0.01)
    assert timed.stopped == "precise"
    assert timed.samples == {0: [1_000_000] * 8, 1: [1_000_000] * 8}


def test_samples_are_the_calls_durations_in_the_order_of_the_rounds(machine: Machine) -> None:
    machine.durations = [5, 7, 11, 13]
    timed = machine.run(most=2)
    assert (timed.samples, timed.stopped) == ({0: [5, 11], 1: [7, 13]}, "max_rounds")


def test_a_sample_of_several_calls_is_their_mean(machine: Machine) -> None:
    machine.durations = [5_000]
    timed = machine.run(most=1, loops=8)
    assert timed.samples == {0: [625], 1: [625]}


def test_jumpy_samples_run_to_the_last_round(machine: Machine) -> None:
    machine.durations = [1_000_000, 1_000_000, 9_000_000, 9_000_000]
    timed = machine.run(least=5, most=50, width=0.01)
    assert timed.stopped == "max_rounds"
    assert [len(values) for values in timed.samples.values()] == [50, 50]


def test_too_few_rounds_for_an_interval_are_never_precise(machine: Machine) -> None:
    assert machine.run(least=1, most=3, width=1.0).stopped == "max_rounds"


def test_time_that_is_up_ends_after_the_round(machine: Machine) -> None:
    timed = machine.run(most=1000, seconds=0.0079)
    assert timed.stopped == "max_seconds"
    assert [len(values) for values in timed.samples.values()] == [4, 4]


def test_time_that_is_up_within_a_round_forgets_that_round(machine: Machine) -> None:
    machine.items = tuple(PlanItem(str(n), ("0" * 64,), 0) for n in range(2))
    timed = machine.run(most=1000, seconds=0.0059, reference=True)  # a round takes 4 ms
    assert timed.stopped == "max_seconds"
    assert [len(values) for values in timed.samples.values()] == [1, 1]
    assert len(timed.reference) == 2
    assert len(timed.round_ends_ns) == 1


def test_no_time_at_all_still_gives_one_round(machine: Machine) -> None:
    timed = machine.run(seconds=0.0, warmup=5)
    assert timed.stopped == "max_seconds"
    assert [len(values) for values in timed.samples.values()] == [1, 1]
    assert not timed.warm


def test_of_a_steady_machine_only_the_first_round_is_dropped(machine: Machine) -> None:
    timed = machine.run(warmup=20, least=10, most=10)
    assert (timed.warmup_rounds, timed.warm) == (1, True)
    assert [len(values) for values in timed.samples.values()] == [10, 10]
    assert len(machine.calls) == 11 * 2


def test_rounds_are_dropped_until_they_agree(machine: Machine) -> None:
    slow = [3_000_000] * 2 * 6
    machine.durations = [*slow, *[1_000_000] * 2000]
    timed = machine.run(warmup=20, least=30, most=30)
    assert timed.warm
    assert 5 <= timed.warmup_rounds <= 8
    assert set(timed.samples[0][2:]) == {1_000_000}


def test_warm_up_that_never_agrees_ends_at_its_cap(machine: Machine) -> None:
    machine.durations = [int(1_000_000 * 1.2 ** (n // 2)) for n in range(100)]
    timed = machine.run(warmup=5, most=10)
    assert (timed.warmup_rounds, timed.warm) == (5, False)
    assert [len(values) for values in timed.samples.values()] == [10, 10]


def test_preheating_is_not_recorded(machine: Machine) -> None:
    timed = machine.run(preheat=0.02, most=4)
    assert len(machine.calls) * 1_000_000 == 20_000_000 + 4 * ROUND_NS
    assert [len(values) for values in timed.samples.values()] == [4, 4]
    assert machine.progress[0].phase == "preheat"


def test_cancelled_plan_keeps_the_rounds_that_were_finished(machine: Machine) -> None:
    asked = count()
    timed = machine.run(most=1000, cancelled=lambda: next(asked) == 2)
    assert timed.stopped == "cancelled"
    assert [len(values) for values in timed.samples.values()] == [3, 3]


def test_plan_cancelled_while_it_warms_up_has_no_round_that_was_not_finished(
    machine: Machine,
) -> None:
    machine.items = tuple(PlanItem(str(n), ("0" * 64,), 0) for n in range(2))
    timed = machine.run(warmup=5, cancelled=lambda: True)
    assert (timed.samples, timed.stopped) == ({0: [], 1: []}, "cancelled")
    assert len(machine.calls) == 1


def test_fixed_segments_are_sampled_once_a_pass(machine: Machine) -> None:
    machine.items = (
        PlanItem("fixed", ("0" * 64,), 0),
        *(PlanItem(f"variant {n}", ("0" * 64,), 1) for n in range(3)),
    )
    timed = machine.run(most=4)
    assert [len(values) for values in timed.samples.values()] == [12, 4, 4, 4]
    assert machine.calls[::2] == [0] * 12


def test_every_round_has_as_many_samples_of_an_item(machine: Machine) -> None:
    machine.items = tuple(
        PlanItem(f"{position} {n}", ("0" * 64,), position)
        for position, alternatives in enumerate((5, 2, 3))
        for n in range(alternatives)
    )
    timed = machine.run(most=7)
    assert [len(values) // 7 for values in timed.samples.values()] == [1] * 5 + [2] * 2 + [1] * 3
    assert len(machine.calls) == 7 * 5 * 3


def test_the_reference_runs_after_each_pass(machine: Machine) -> None:
    machine.items = tuple(PlanItem(str(n), ("0" * 64,), 0) for n in range(3))
    timed = machine.run(most=4, reference=True)
    assert machine.calls[1::2] == [REFERENCE] * 12
    assert len(timed.reference) == 12


def test_items_that_stand_in_for_others_are_run_and_not_recorded(machine: Machine) -> None:
    timed = machine.run(most=3, recorded={1})
    assert list(timed.samples) == [1]
    assert machine.calls == [0, 1] * 3


def test_after_a_wait_a_pass_is_run_unrecorded(machine: Machine) -> None:
    waits = iter([False, True, False])
    timed = machine.run(most=3, settle=lambda: next(waits))
    assert len(machine.calls) == 2 * 4
    assert [len(values) for values in timed.samples.values()] == [3, 3]


def test_rounds_end_when_the_clock_says(machine: Machine) -> None:
    timed = machine.run(most=3)
    assert timed.round_ends_ns == [1_000 + ROUND_NS * n for n in (1, 2, 3)]


def test_progress_tells_the_phase_and_not_every_round(machine: Machine) -> None:
    machine.durations = [10_000_000]  # a round takes 20 ms: progress every 13th
    machine.run(warmup=50, least=100, most=100)
    told = [(each.phase, each.done, each.total) for each in machine.progress]
    assert {phase for phase, _, _ in told} == {"warm-up", "measure"}
    assert {total for _, _, total in told} == {100}
    assert len(told) <= 2 + 150 // 12 + 1
    assert [each.elapsed_s for each in machine.progress] == sorted(
        each.elapsed_s for each in machine.progress
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_not_collected_while_timing_and_as_before_afterwards(
    machine: Machine, enabled: bool
) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        machine.run(warmup=1, most=3)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
    assert machine.collecting
    assert not any(machine.collecting)


def test_garbage_is_collected_again_after_a_failure() -> None:
    def fail() -> None:
        raise RuntimeError("the engine broke")

    assert gc.isenabled()
    plan = Plan((PlanItem("a", ("0" * 64,)),))
    with pytest.raises(RuntimeError, match="the engine broke"):
        run_rounds(
            plan,
            RoundOrder(plan.items, [0], 0),
            Bench({0: fail}, frozenset({0}), {0: 1}),
            max_seconds=1.0,
            on_progress=lambda _: None,
            cancelled=lambda: False,
        )
    assert gc.isenabled()


def test_same_seed_gives_the_same_order_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []
    for _ in range(2):
        for machine in on_its_clock(Machine(items=1), monkeypatch):
            machine.items = tuple(PlanItem(str(n), ("0" * 64,)) for n in range(5))
            machine.run(warmup=2, most=6)
            orders.append(machine.calls)
    assert orders[0] == orders[1]
    assert len({tuple(orders[0][begin : begin + 5]) for begin in range(0, 35, 5)}) > 3

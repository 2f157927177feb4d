from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.adaptation_clairvoyant import Clairvoyant, Experience, in_hindsight
from benchmarks.adaptation_driver import Drive, in_turn
from benchmarks.adaptation_policies import Adaptive, Policy
from benchmarks.adaptation_simulation import Machine, simulate
from benchmarks.adaptation_trace import STEP, Frame, Range, TraceShape, make_trace
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.problem import Budget
from tests.selection.adaptation.pipelines import small_front

SHAPE = TraceShape(changes=20, frames=12, turns=2, grace=3)
MEMORY, FREE, SHARED = Range(1e6, 9e6), Range(3.0, 10.0), Range(9.0, 20.0)
FRONT = small_front()


def trace() -> list[Frame]:
    return make_trace(SHAPE, MEMORY, FREE, SHARED, seed=0)


def test_budgets_stay_in_range_and_change_in_small_steps() -> None:
    frames = trace()
    budgets = [frame.budget for frame in frames[:: SHAPE.frames]]
    memories = [each.memory_bytes or 0 for each in budgets]
    assert len(set(memories)) == SHAPE.changes
    assert all(MEMORY.least - 1 <= each <= MEMORY.most for each in memories)
    assert all(abs(b - a) <= STEP * a + 1 for a, b in pairwise(memories))
    latencies = [each.latency_ms or 0.0 for each in budgets]
    assert all(FREE.least <= each <= FREE.most for each in latencies[:10])
    assert all(SHARED.least <= each <= SHARED.most for each in latencies[10:])


def test_the_core_is_shared_in_the_second_half_only_and_changes_are_spared() -> None:
    frames = trace()
    half = len(frames) // 2
    assert not any(frame.busy for frame in frames[:half])
    assert 0.3 < np.mean([frame.busy for frame in frames[half:]]) < 0.7
    for before, after in pairwise(frames):
        assert before == after or not after.counted or before.counted != after.counted


def test_a_shared_core_takes_twice_as_long_on_average() -> None:
    machine = Machine(np.random.default_rng(0), outliers=0.0)
    times = [machine.serve(10.0, 0.0, busy=True) for _ in range(2000)]
    assert np.mean(times) == pytest.approx(20.0, rel=0.02)


def test_the_clairvoyant_keeps_what_can_be_kept_and_is_as_good_as_can_be() -> None:
    predicted = np.array([float(each) / 1e9 for each in sorted(FRONT.latencies)[:: len(FRONT) - 1]])
    free, shared = (Experience(predicted, predicted * level) for level in (1.0, 2.0))
    frames = trace()
    run = simulate(
        FRONT,
        Clairvoyant(FRONT, free, shared),
        frames,
        Machine(np.random.default_rng(0), noise=0.0, outliers=0.0),
    )
    best = FRONT.best(frames[0].budget)
    assert run.points[0] == best


def test_the_controller_beats_the_smallest_network_and_follows_the_load() -> None:
    frames = make_trace(
        TraceShape(changes=20, frames=30, turns=4), Range(2e6, 9e6), Range(4, 9), Range(9, 18), 1
    )
    machine = Machine(np.random.default_rng(0))
    ours = simulate(FRONT, Adaptive(FRONT, AdaptationSettings()), frames, machine)
    smallest = int(FRONT.latencies.argmin())
    least = simulate(FRONT, Policy(smallest), frames, Machine(np.random.default_rng(0)))
    counted = np.array([frame.counted for frame in frames])
    bounds = np.array([frame.budget.latency_ms for frame in frames])
    assert (ours.durations_ms <= bounds)[counted].mean() > 0.9
    assert FRONT.costs[ours.points].mean() < FRONT.costs[least.points].mean() / 2


def test_an_adaptive_policy_begins_within_its_first_budget() -> None:
    policy = Adaptive(FRONT, AdaptationSettings())
    point = policy.start(Frame(Budget(5.0), busy=False, counted=True), 0.0)
    assert FRONT[point].latency_ms <= 5.0


def test_hindsight_takes_the_most_accurate_reserves_that_keep_enough() -> None:
    """The bold run keeps all on a free core and little on a shared one."""
    frames = [Frame(Budget(10.0), busy, counted=True) for busy in (False, True) for _ in range(50)]
    bold = driven(np.where(np.arange(100) < 50, 9.0, 11.0))
    careful = driven(np.full(100, 8.0))
    right = {1.0: np.full(100, 0.9), 1.2: np.full(100, 0.8)}
    best = in_hindsight(frames, {1.0: bold, 1.2: careful}, right, 0.97)
    assert best.reserves == (1.0, 1.2)
    assert best.kept.all()
    assert best.right.mean() == pytest.approx(0.85)
    assert in_hindsight(frames, {1.0: bold}, right, 0.97).reserves == (1.0, 1.0)


def test_runs_that_rest_are_taken_in_turn_to_their_ends() -> None:
    order: list[str] = []

    def run(name: str, stretches: int) -> Generator[None, None, str]:
        for _ in range(stretches):
            order.append(name)
            yield
        return name.upper()

    assert in_turn({"a": run("a", 1), "b": run("b", 3)}) == {"a": "A", "b": "B"}
    assert order == ["a", "b", "b", "b"]


def driven(durations_ms: NDArray[np.float64]) -> Drive:
    none = np.zeros(len(durations_ms), np.int64)
    return Drive(durations_ms, none, none[:, None], 0, 0, none)

"""How long it takes to choose for several networks whose fronts are known."""

from __future__ import annotations

import random
from functools import partial
from typing import get_args

from benchmarks.bench_record import Metric
from benchmarks.samples import interleave, median
from benchmarks.selection_instances import monotone_problem
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.joint import Goal, Member, choose_jointly

_NETWORKS, _BLOCKS, _OPTIONS = 4, 8, 5
_SEEDS = 20
_NS_PER_MS = 1e6


def measure(*, quick: bool) -> list[Metric]:
    """Four networks of 8x5 with bounds of their own, shared memory, and time shared or not.

    Args:
        quick: few seeds.
    """
    calls = {}
    for seed in range(3 if quick else _SEEDS):
        generator = random.Random(seed)
        fronts = [
            pareto_front(monotone_problem(_NETWORKS * seed + number, _BLOCKS, _OPTIONS))
            for number in range(_NETWORKS)
        ]
        members = [
            Member(front, latency_ms=front[0].latency_ms * generator.uniform(0.5, 1.0))
            for front in fronts
        ]
        memory = int(generator.uniform(0.4, 0.9) * sum(front[0].memory_bytes for front in fronts))
        latency = generator.uniform(0.5, 0.9) * sum(front[0].latency_ms for front in fronts)
        for goal in get_args(Goal):
            for kind, bound in (("memory", None), ("memory_and_time", latency)):
                calls[f"{goal} {kind} {seed}"] = partial(
                    choose_jointly, members, memory_bytes=memory, latency_ms=bound, goal=goal
                )
    taken = interleave(calls, 3, warm_up=1)
    metrics = []
    for goal in get_args(Goal):
        for kind in ("memory", "memory_and_time"):
            times = [median(t) for name, t in taken.items() if name.startswith(f"{goal} {kind} ")]
            name = f"joint_ms_{goal.replace('-', '_')}_{kind}"
            metrics.append(Metric(name, median(times) / _NS_PER_MS, "ms"))
    return metrics

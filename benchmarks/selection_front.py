"""How long the exact front takes; beside it, a label setting in plain Python on the same blocks."""

from __future__ import annotations

from functools import partial

from benchmarks.bench_record import Metric
from benchmarks.samples import interleave, median
from benchmarks.selection_instances import monotone_problem, profiles
from benchmarks.selection_plain import label_setting
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Problem

_SIZES = {(8, 5): 2.0, (8, 6): 4.0, (16, 6): 100.0, (20, 10): 600.0}
"""Blocks and options, and the ms that are asked for."""
_SEEDS = 20
_ROUNDS = 5
_PEER_SEEDS = 3
"""Of the largest size plain Python takes seconds."""
_NS_PER_MS = 1e6


def measure(*, quick: bool) -> list[Metric]:
    """Medians over the seeds, of each the median of some rounds.

    Args:
        quick: few seeds, and not the largest size.
    """
    metrics: list[Metric] = []
    for (blocks, options), asked in _SIZES.items():
        if quick and blocks > 16:
            continue
        seeds = 3 if quick else _SEEDS
        problems = [monotone_problem(seed, blocks, options) for seed in range(seeds)]
        few = seeds if blocks < 16 else min(seeds, _PEER_SEEDS)
        metrics += _metrics(f"{blocks}x{options}", problems, asked, few)
    for name, problem in profiles():
        metrics += _metrics(name, [problem], None, 1)
    return metrics


def _metrics(name: str, problems: list[Problem], asked: float | None, few: int) -> list[Metric]:
    times, points, peers = [], [], []
    for number, problem in enumerate(problems):
        calls = {"front": partial(pareto_front, problem)}
        plain = label_setting(problem) if number < few else None
        front = pareto_front(problem)
        points.append(float(len(front)))
        if plain is not None:
            columns = zip(front.costs, front.latencies, front.memories, strict=True)
            if [tuple(map(int, point)) for point in columns] != plain:
                raise RuntimeError(f"the front of {name}, seed {number}, is not the plain one")
        taken = interleave(calls, _ROUNDS, warm_up=1)
        times.append(median(taken["front"]) / _NS_PER_MS)
        if plain is not None:
            again = interleave({"plain": partial(label_setting, problem)}, 1, warm_up=0)
            peers.append(median(again["plain"]) / _NS_PER_MS)
    return [
        Metric(f"front_ms_{name}", median(times), "ms", at_most=asked, peer=median(peers)),
        Metric(f"front_points_{name}", median(points), "points"),
        Metric(
            f"front_points_per_ms_{name}",
            median([n / t for n, t in zip(points, times, strict=True)]),
            "points/ms",
        ),
    ]

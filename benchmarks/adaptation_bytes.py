"""What switching moves, and how many configurations there are, block by block and whole.

Profiles are those of the trained ResNet-56. Whole-model scaling has its five networks of one ratio
in every block, each as one artifact, and the same controller.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from benchmarks.adaptation_network import find_network
from benchmarks.adaptation_trace import Range
from benchmarks.bench_record import Metric
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Budget, Problem

_CHANGES, _SEEDS = 100, 20
_KINDS = ("both", "memory", "latency")
_NAME = "network"


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Bytes of a hundred changes, medians over twenty traces; and the number of options.

    Args:
        directory: not used; nothing is kept.
        quick: fewer traces.
    """
    del directory
    found = find_network()
    if found is None:
        print("switching: make the network with benchmarks.adaptation_network", file=sys.stderr)
        return []
    blocks, wholes = found.problem, found.whole_problem()
    fronts = pareto_front(blocks), pareto_front(wholes)
    seeds = 4 if quick else _SEEDS
    ratios = {kind: [_ratio(*fronts, kind, seed) for seed in range(seeds)] for kind in _KINDS}
    return [
        Metric("switch_memory_ratio", _median(ratios["both"]), "x", at_most=0.35),
        Metric("switch_memory_ratio_worst", max(ratios["both"]), "x"),
        Metric("switch_memory_ratio_memory_only", _median(ratios["memory"]), "x"),
        Metric("switch_memory_ratio_latency_only", _median(ratios["latency"]), "x"),
        Metric("options", _options(blocks) / _options(wholes), "x"),
        Metric("options_blocks", float(_options(blocks)), "configurations"),
        Metric(
            "options_front", float(len(fronts[0])), "configurations", peer=float(len(fronts[1]))
        ),
    ]


def _ratio(blocks: Front, wholes: Front, kind: str, seed: int) -> float:
    """Bytes that blocks move over those that whole networks move for the same budgets."""
    return _moved(blocks, _budgets(wholes, kind, seed)) / _moved(
        wholes, _budgets(wholes, kind, seed)
    )


def _budgets(front: Front, kind: str, seed: int) -> list[Budget]:
    """Each uniform over what the smallest to the largest whole network need."""
    rng = np.random.default_rng(seed)
    latencies = front.latencies / 1e9
    latency = Range(float(latencies.min()), float(latencies.max()))
    memory = Range(float(front.memories.min()), float(front.memories.max()))
    return [
        Budget(
            ms if kind != "memory" else None,
            math.ceil(size) if kind != "latency" else None,
        )
        for ms, size in zip(
            latency.walk(rng, _CHANGES + 1), memory.walk(rng, _CHANGES + 1), strict=True
        )
    ]


def _moved(front: Front, budgets: list[Budget]) -> int:
    """Bytes that the controller has loaded for these budgets, the first one's left out."""
    controller = Controller(
        {_NAME: AdaptiveMember(front, budgets[0])}, AdaptationSettings(), now=0.0
    )
    moved = 0
    for second, budget in enumerate(budgets):
        controller.set_bounds(_NAME, budget, float(second))
        for decision in controller.decide(float(second)):
            if decision.reason != "bounds":
                controller.switched(_NAME, decision.point, float(second))
                moved += decision.moved_bytes if second else 0
    return moved


def _options(problem: Problem) -> int:
    return math.prod(len(block.options) for block in problem.blocks)


def _median(values: list[float]) -> float:
    return float(np.median(values))

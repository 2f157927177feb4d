"""What switching moves, and how many configurations there are, block by block and whole.

Profiles are those of the trained ResNet-56. Whole-model scaling has its five networks of one ratio
in every block, each as one artifact, and the same controller. Fewer bytes can be had for less
accuracy, so each ratio of bytes comes with the accuracy that both ways lose for the same budgets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.adaptation_network import trained_network
from benchmarks.adaptation_trace import Range
from benchmarks.bench_record import Metric
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Budget, Problem
from kenning_lego.selection.units import UNITS_PER_ONE
from kenning_lego.stats.quality_law import QualityLaw

_CHANGES, _SEEDS = 100, 20
_KINDS = ("both", "memory", "latency")
_NAME = "network"
_POINTS = 100.0
_SETTINGS = {
    "": AdaptationSettings(gain_per_mb=0.025),
    "default": AdaptationSettings(),
}
"""The first ones for targets where loading is dear: an MB must bring 2.5 points of accuracy. The
others load what they can use, since what is loaded beside the frames delays none of them."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Bytes that were loaded, and the mean loss of accuracy."""

    moved: int
    loss: float


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Bytes of a hundred changes, medians over twenty traces; and the number of options.

    Args:
        directory: not used; nothing is kept.
        quick: fewer traces.
    """
    del directory
    found = trained_network()
    if found is None:
        return []
    blocks, wholes = found.problem, found.whole_problem()
    front, whole_front = pareto_front(blocks), pareto_front(wholes)
    seeds = range(4 if quick else _SEEDS)
    return [
        *_moved_in_all(front, whole_front, found.law, seeds),
        Metric("options", _options(blocks) / _options(wholes), "x"),
        Metric("options_blocks", float(_options(blocks)), "configurations"),
        Metric("options_front", len(front), "configurations", peer=len(whole_front)),
    ]


def _moved_in_all(front: Front, wholes: Front, law: QualityLaw, seeds: range) -> list[Metric]:
    """The ratio that is asked for, with its accuracies; and with the settings as they come."""
    metrics = []
    for kind in _KINDS:
        traces = [_budgets(wholes, kind, seed) for seed in seeds]
        whole = [_run(wholes, trace, AdaptationSettings(), law) for trace in traces]
        for name, settings in _SETTINGS.items():
            runs = [_run(front, trace, settings, law) for trace in traces]
            ratios = [ours.moved / theirs.moved for ours, theirs in zip(runs, whole, strict=True)]
            asked = 0.35 if (kind, name) == ("both", "") else None
            said = "_".join(filter(None, ("switch", "{}", name, kind if kind != "both" else "")))
            metrics += [
                Metric(said.format("memory_ratio"), _median(ratios), "x", at_most=asked),
                Metric(
                    said.format("loss"),
                    _median([each.loss for each in runs]) * _POINTS,
                    "points",
                    peer=_median([each.loss for each in whole]) * _POINTS,
                ),
            ]
    return metrics


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


def _run(
    front: Front, budgets: Sequence[Budget], settings: AdaptationSettings, law: QualityLaw
) -> _Outcome:
    """What the controller does with these budgets; the first one's bytes are left out."""
    controller = Controller({_NAME: AdaptiveMember(front, budgets[0])}, settings, now=0.0)
    moved, losses = 0, []
    for second, budget in enumerate(budgets):
        controller.set_bounds(_NAME, budget, float(second))
        for decision in controller.decide(float(second)):
            if decision.reason != "bounds":
                controller.switched(_NAME, decision.point, float(second))
                moved += decision.moved_bytes if second else 0
        cost = float(front.costs[controller.point(_NAME) or 0]) / UNITS_PER_ONE
        losses.append(law.loss(cost))
    return _Outcome(moved, float(np.mean(losses)))


def _options(problem: Problem) -> int:
    return math.prod(len(block.options) for block in problem.blocks)


def _median(values: list[float]) -> float:
    return float(np.median(values))

"""What mixing precisions with ratios buys: the trained ResNet-56 within three latency budgets.

The network of :mod:`benchmarks.adaptation_network`, whose blocks come in five ratios, is compiled
once more in int8. For each budget the best of all ratios in fp32, of the originals in both
precisions, and of everything mixed is chosen by prediction; a fourth budget is one that only the
mixture keeps. All of them then run on the target
over the test images that neither the variants nor the costs have seen. Of two configurations
McNemar's exact test says whether the mixed one lost, with Bonferroni's correction for all of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.adaptation_network import (
    BATCH,
    PROFILED_ON,
    TrainedNetwork,
    make_stand_ins,
    time_and_check,
    trained_network,
)
from benchmarks.bench_record import Metric
from benchmarks.trained import Cifar10, load_cifar10
from kenning_lego.blocks.configuration import ProfileConfig
from kenning_lego.blocks.latency import stages_of
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.mixing_records import CompiledAccuracyRecord
from kenning_lego.core.records import (
    AdditivityRecord,
    BudgetRecord,
    ConfigurationRecord,
    SegmentRecord,
)
from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.metrics.classification import TOP1
from kenning_lego.scenarios.online.prediction import Predictor
from kenning_lego.scenarios.tester.choice import pose_problem
from kenning_lego.scenarios.tester.compiled_quality import Scoring, measure_compiled
from kenning_lego.scenarios.tester.gains import PARTS, find_gains, part_of
from kenning_lego.scenarios.tester.mixing import mix_variants
from kenning_lego.scenarios.tester.ways import Way
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Problem, evaluate
from kenning_lego.servers.local import LocalTarget
from kenning_lego.stats.mcnemar import compare_paired
from kenning_lego.store.workspace import Workspace

WAYS = (Way("int8", Onnx(precision="int8", activations="uint8")),)
"""Activations as uint8: what ONNX Runtime has the fastest kernels for on x86."""
SAMPLES = 2000
_BUDGETS = (0.1, 0.4, 0.7)
"""From the fastest that any part of the variants reaches by itself (0) to the original (1)."""
_POINTS = 100.0
_LEVEL = 0.05
_CHECKED = 24
_FRONTS = 3


@dataclass(frozen=True, slots=True)
class Mixture:
    """The network with all its variants, and what choosing among them goes by."""

    segments: Sequence[SegmentRecord]
    problem: Problem
    predict: Predictor
    accuracy: CompiledAccuracyRecord | None
    additivity: AdditivityRecord | None


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Choose and run; nothing where the trained network or its images are not at hand.

    Args:
        directory: not used; the network's own keeps what was compiled and measured.
        quick: fewer images and less time.
    """
    del directory
    data = load_cifar10()
    network = trained_network()
    if data is None or network is None:
        print("mixed: the trained networks are not at hand", file=sys.stderr)
        return []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        mixture = _mixture(network, data, quick=quick)
        return list(_figures(mixture, network.workspace, data, quick=quick))
    finally:
        torch.set_num_threads(threads)


def _mixture(network: TrainedNetwork, data: Cifar10, *, quick: bool) -> Mixture:
    workspace = network.workspace
    made = make_stand_ins(data, workspace)
    half = data.test.take(range(PROFILED_ON))
    dataset = Dataset("cifar10", tuple("0123456789"), data.train, half, _unseen(data))
    mixed = mix_variants(
        made.chain, made.variants, network.segments, WAYS, dataset, workspace, _tell
    )
    taken = half.take(range(SAMPLES // 10 if quick else SAMPLES))
    scoring = Scoring(taken.images, taken.labels, TOP1, ProfileConfig(check_runs=_CHECKED))
    found = measure_compiled(
        made.chain, made.variants, mixed.segments, made.profile, scoring, workspace, _tell
    )
    seconds = 20.0 if quick else 120.0
    latencies, _, additivity = time_and_check(found.segments, {}, workspace, seconds=seconds)
    predict = Predictor(network.original, network.law, True, *TOP1.limits)
    problem = pose_problem(found.segments, latencies)
    return Mixture(found.segments, problem, predict, found.record, additivity)


def _figures(
    mixture: Mixture, workspace: Workspace, data: Cifar10, *, quick: bool
) -> Iterator[Metric]:
    budgets = _budgets(mixture)
    configurations = [
        ConfigurationRecord(
            name=f"budget_{number}", budget=BudgetRecord(latency_ms=bound), feasible=True
        )
        for number, bound in enumerate(budgets, 1)
    ]
    gains = find_gains(mixture.problem, mixture.segments, configurations, mixture.predict)
    unseen = _unseen(data)
    part = unseen.take(range(400)) if quick else unseen
    right = _Answers(mixture.segments, workspace, part)
    tests = sum(each.feasible for gain in gains for each in gain.choices if each.part != "mixed")
    original = evaluate(mixture.problem, _originals(mixture.problem))
    yield Metric("mixed_original_top1", _POINTS * right.share(original.variants), "%")
    for gain, bound in zip(gains, budgets, strict=True):
        name = f"mixed_{gain.configuration}"
        yield Metric(f"{name}_latency", bound, "ms", peer=original.latency_ms)
        choices = {each.part: each for each in gain.choices if each.feasible}
        best = choices["mixed"]
        for kind, each in choices.items():
            yield Metric(f"{name}_{kind}_predicted", _POINTS * (each.score or 0.0), "%")
            yield Metric(f"{name}_{kind}_top1", _POINTS * right.share(each.variants), "%")
        for kind, each in choices.items():
            if kind == "mixed":
                continue
            gained = (each.accuracy_cost or 0.0) - (best.accuracy_cost or 0.0)
            yield Metric(f"{name}_gain_on_{kind}", _POINTS * gained, "points", at_least=0.0)
            paired = compare_paired(right.of(each.variants), right.of(best.variants))
            p_value = min(1.0, tests * paired.loss_p_value)
            yield Metric(f"{name}_no_loss_on_{kind}", p_value, "p", at_least=_LEVEL)
    if mixture.accuracy is not None and mixture.accuracy.error_median is not None:
        yield Metric("mixed_cost_error", _POINTS * mixture.accuracy.error_median, "points")
    if mixture.additivity is not None:
        errors = mixture.additivity.fitted_errors or mixture.additivity.sum_errors
        yield Metric("mixed_additivity_error", _POINTS * errors.median, "%")
        yield Metric("mixed_additivity_error_p95", _POINTS * errors.p95, "%")
    yield from _front(mixture)


def _front(mixture: Mixture) -> Iterator[Metric]:
    """How long the whole front takes beside that of the ratios alone."""
    taken = {}
    for kind in ("ratios", "mixed"):
        problem = part_of(mixture.problem, mixture.segments, kind)
        times = []
        for _ in range(_FRONTS):
            begin = time.perf_counter()
            pareto_front(problem)
            times.append(time.perf_counter() - begin)
        taken[kind] = median(times) * 1e3
    yield Metric("mixed_front", taken["mixed"], "ms", peer=taken["ratios"])


def _budgets(mixture: Mixture) -> list[float]:
    """Latencies in ms: three that every part of the variants can keep, and one that only all can."""
    fastest = {part: _fastest(part_of(mixture.problem, mixture.segments, part)) for part in PARTS}
    least = fastest.pop("mixed")
    slowest = max(fastest.values())
    original = evaluate(mixture.problem, _originals(mixture.problem)).latency_ms
    budgets = [slowest + share * (original - slowest) for share in _BUDGETS]
    return [*budgets, (least + min(fastest.values())) / 2]


def _fastest(problem: Problem) -> float:
    least = (min(option.latency_ms for option in block.options) for block in problem.blocks)
    return problem.fixed_latency_ms + sum(least)


def _originals(problem: Problem) -> dict[str, str]:
    return {block.name: block.options[0].variant for block in problem.blocks}


class _Answers:
    """Which images configurations get right on the target; each runs once.

    Args:
        segments: with all variants.
        workspace: holds the artifacts.
        part: the images, in frames of :data:`BATCH`.
    """

    def __init__(self, segments: Sequence[SegmentRecord], workspace: Workspace, part: Part) -> None:
        self._segments = segments
        self._workspace = workspace
        self._part = part
        self._known: dict[tuple[str, ...], NDArray[np.bool_]] = {}

    def of(self, variants: Mapping[str, str]) -> NDArray[np.bool_]:
        """Whether each image is classified rightly, (images,)."""
        stages = stages_of(self._segments, variants)
        if stages not in self._known:
            self._known[stages] = self._run(stages)
        return self._known[stages]

    def share(self, variants: Mapping[str, str]) -> float:
        """Of the images, those that are classified rightly."""
        return float(self.of(variants).mean())

    def _run(self, stages: Sequence[str]) -> NDArray[np.bool_]:
        classes = []
        with LocalTarget(self._workspace.artifacts) as target:
            output = target.compose(stages, runtime="onnxruntime").spec.outputs[0]
            for images, _ in self._part.batches(BATCH):
                tensors, _ = target.infer([images.tobytes()])
                scores = np.frombuffer(tensors[0], output.dtype).reshape(output.sizes)
                classes.append(scores.argmax(axis=1))
        right: NDArray[np.bool_] = np.concatenate(classes) == self._part.labels
        return right


def _unseen(data: Cifar10) -> Part:
    """Images that nothing was chosen by."""
    return data.test.take(range(PROFILED_ON, len(data.test)))


def _tell(done: int, total: int, text: str) -> None:
    if done % 10 == 0:
        print(f"{done}/{total} {text}", file=sys.stderr, flush=True)

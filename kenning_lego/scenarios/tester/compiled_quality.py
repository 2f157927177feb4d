"""What compiled variants cost in accuracy, found once and kept in the workspace."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy.compiled import (
    CompiledVariant,
    cost_compiled,
    score_compiled,
)
from kenning_lego.blocks.accuracy.compositions import Metric, Samples, batch_size
from kenning_lego.blocks.accuracy.evaluation import Prepared, prepare
from kenning_lego.blocks.accuracy.profile import AccuracyProfile, environments
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import ProfileConfig
from kenning_lego.blocks.variants.variants import Variants
from kenning_lego.blocks.workshop import metric_identity
from kenning_lego.compilers.opening import open_artifact
from kenning_lego.core.mixing_records import CompiledAccuracyRecord, CompiledRunRecord
from kenning_lego.core.records import SegmentRecord, VariantRecord
from kenning_lego.stats.quality_law import QualityLaw
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress
from kenning_lego.training.weights import module_fingerprint

_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """On what artifacts are scored, and how.

    Args:
        images: of the validation part, samples first.
        labels: of these.
        metric: how good outputs are.
        config: of the accuracy profile.
    """

    images: NDArray[np.float32]
    labels: NDArray[Any]
    metric: Metric
    config: ProfileConfig


@dataclass(frozen=True, slots=True)
class CompiledQuality:
    """Segments whose variants have measured costs; `record` is None if none needed measuring."""

    segments: list[SegmentRecord]
    record: CompiledAccuracyRecord | None
    computed: bool


def needs_measuring(variant: VariantRecord) -> bool:
    """Whether an artifact may cost accuracy: all but those that compute in fp32 within limits."""
    # Older records do not say: then there was nothing but fp32.
    return variant.artifact.precision not in (None, "fp32") or bool(variant.artifact.warning)


def measure_compiled(
    chain: Chain,
    variants: Variants,
    segments: Sequence[SegmentRecord],
    profile: AccuracyProfile,
    scoring: Scoring,
    workspace: Workspace,
    on_progress: OnProgress,
) -> CompiledQuality:
    """Run artifacts on the host's engines within the network, and see what they cost.

    Args:
        chain: the network.
        variants: what was compiled, by segment name.
        segments: the compiled variants.
        profile: costs of what was compiled.
        scoring: on what.
        workspace: holds the artifacts, keeps the costs.
        on_progress: called now and then.
    """
    bench = _Bench(chain, variants, segments, profile, scoring, workspace, on_progress)
    measured = [each for each in _all(segments) if needs_measuring(each)]
    if not measured:
        return CompiledQuality(list(segments), None, computed=False)
    costs: dict[str, float] = {}
    original = profile.record.original
    for way in dict.fromkeys(each.way for each in measured):
        found = bench.costs(way, [each for each in measured if each.way == way])
        costs |= found["costs"]
        original = found["original"]
    known = {**profile.costs, **{each.name: each.accuracy_cost or 0.0 for each in _all(segments)}}
    known |= costs
    runs = bench.check(known, original)
    differences = [each.predicted - each.score for each in runs]
    ascending = sorted(map(abs, differences))
    record = CompiledAccuracyRecord(
        samples=len(scoring.images),
        environments=bench.environments,
        original=original,
        precision=profile.record.precision,
        measured=len(measured),
        runs=tuple(runs),
        error_median=median(ascending) if runs else None,
        error_p95=ascending[math.ceil(0.95 * len(ascending)) - 1] if runs else None,
        error_bias=fmean(differences) if runs else None,
    )
    return CompiledQuality(_with_costs(segments, costs), record, bench.computed)


class _Bench:
    """What every measurement needs; networks are made ready once something is to be computed."""

    def __init__(
        self,
        chain: Chain,
        variants: Variants,
        segments: Sequence[SegmentRecord],
        profile: AccuracyProfile,
        scoring: Scoring,
        workspace: Workspace,
        on_progress: OnProgress,
    ) -> None:
        self._chain = chain
        self._variants = variants
        self._segments = segments
        self._profile = profile
        self._scoring = scoring
        self._workspace = workspace
        self._on_progress = on_progress
        self._samples = Samples(scoring.images, scoring.labels, scoring.metric)
        self._size = batch_size(chain, scoring.config.activations_mb)
        self._law = QualityLaw(profile.record.unit, profile.record.power)
        self._done = 0
        self.computed = False
        self.environments = len(environments(variants))

    def costs(self, way: str, measured: Sequence[VariantRecord]) -> dict[str, Any]:
        """Costs of a way's artifacts, and the original's score on the same samples."""
        blocks = self._blocks()
        identity = {each.name: each.artifact.digest for each in measured}
        step = self._workspace.step(
            "compiled accuracy", _VERSION, {**self._identity, "artifacts": identity}
        )
        found = step.load()
        if found is not None:
            return found
        self.computed = True
        surroundings = environments(self._prepared.variants)
        result = cost_compiled(
            self._prepared,
            surroundings,
            [self._opened(each, blocks[each.name]) for each in measured],
            self._profile.costs,
            self._law,
            self._samples,
            self._size,
            self._counter(len(surroundings), way or "the main way"),
        )
        kept = {"costs": dict(result.costs), "original": result.original}
        step.save(kept)
        return kept

    def check(self, costs: Mapping[str, float], original: float) -> list[CompiledRunRecord]:
        """Random configurations of all variants, predicted and scored."""
        choices = list(self._choices())
        artifacts = {each.name: each.artifact.digest for each in _all(self._segments)}
        step = self._workspace.step(
            "compiled accuracy check",
            _VERSION,
            {**self._identity, "artifacts": artifacts, "choices": choices},
        )
        found = step.load()
        scores = found["scores"] if found is not None else self._scores(choices)
        if found is None:
            step.save({"scores": scores})
        low, high = self._scoring.metric.limits
        sign = 1.0 if self._scoring.metric.higher_is_better else -1.0
        runs = []
        for choice, score in zip(choices, scores, strict=True):
            loss = self._law.loss(math.fsum(costs[name] for name in choice.values()))
            predicted = min(max(original - sign * loss, low), high)
            runs.append(
                CompiledRunRecord(variants=tuple(choice.values()), predicted=predicted, score=score)
            )
        return runs

    def _scores(self, choices: Sequence[Mapping[str, str]]) -> list[float]:
        self.computed = True
        blocks = self._blocks()
        chosen = {name for choice in choices for name in choice.values()}
        opened = [
            self._opened(each, blocks[each.name])
            for each in _all(self._segments)
            if each.name in chosen and needs_measuring(each)
        ]
        counter = self._counter(len(choices), "random configurations")
        # What costs nothing to compile is run as it was before.
        measured = {each.name for each in opened}
        sources = {each.name: each.source for each in _all(self._segments)}
        named = [
            {block: name if name in measured else sources[name] for block, name in choice.items()}
            for choice in choices
        ]
        return score_compiled(self._prepared, named, opened, self._samples, self._size, counter)

    def _choices(self) -> Iterator[dict[str, str]]:
        rng = random.Random(self._scoring.config.seed)  # noqa: S311 - a choice, not a secret
        for _ in range(self._scoring.config.check_runs):
            yield {each.name: rng.choice(each.variants).name for each in self._segments}

    def _opened(self, variant: VariantRecord, block: str) -> CompiledVariant:
        artifact = variant.artifact
        content = self._workspace.artifacts.read(artifact.digest)
        run = open_artifact(content, artifact.format)
        return CompiledVariant(variant.name, block, variant.source, run)

    def _blocks(self) -> dict[str, str]:
        return {each.name: part.name for part in self._segments for each in part.variants}

    def _counter(self, parts: int, what: str) -> Any:
        total = parts * len(self._samples.batches(self._size))
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            self._on_progress(done, total, what)

        return count

    @cached_property
    def _prepared(self) -> Prepared:
        precision = self._profile.record.precision
        return prepare(self._chain, self._variants, self._samples.images, self._size, precision)

    @cached_property
    def _identity(self) -> dict[str, Any]:
        samples, metric = self._samples, self._scoring.metric
        return {
            "variants": {
                each.name: module_fingerprint(each.module)
                for several in self._variants.values()
                for each in several
            },
            "costs": dict(self._profile.costs),
            "law": [self._law.unit, self._law.power],
            "samples": fingerprint({"images": samples.images, "labels": samples.labels}),
            "metric": metric_identity(metric),
            "precision": self._profile.record.precision,
            "torch": str(torch.__version__),
        }


def _with_costs(
    segments: Sequence[SegmentRecord], costs: Mapping[str, float]
) -> list[SegmentRecord]:
    return [
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(
                        update={"accuracy_cost": costs.get(each.name, each.accuracy_cost)}
                    )
                    for each in segment.variants
                )
            }
        )
        for segment in segments
    ]


def _all(segments: Sequence[SegmentRecord]) -> list[VariantRecord]:
    return [each for segment in segments for each in segment.variants]

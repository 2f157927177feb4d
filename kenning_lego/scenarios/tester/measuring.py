"""The target's part of a test: upload, time the variants, verify the configurations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.latency import (
    configurations_plan,
    stages_of,
    variants_plan,
)
from kenning_lego.core.engines import Engine
from kenning_lego.core.errors import TargetError
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.plans import Progress, Statistics
from kenning_lego.core.records import (
    ClassificationRecord,
    ConfigurationRecord,
    ScoreRecord,
    SegmentRecord,
)
from kenning_lego.core.target import Target
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.samples import Samples
from kenning_lego.metrics.base import Metric
from kenning_lego.metrics.classification_report import classification_report
from kenning_lego.runtimes.quantisation import real_dtype, to_array, to_bytes
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.stats.pace import medians_at_pace
from kenning_lego.stats.rounds import Rounds
from kenning_lego.store.artifacts import ArtifactStore

PARTS = 10_000
"""Of a plan, in which its progress is told."""

OnProgress = Callable[[int, int, str], None]

_DECODED_AT_ONCE = 64
"""Images in memory while a network is scored."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A network's quality on the target: the metric, and more where it is a classifier."""

    score: float
    classification: ClassificationRecord | None


def upload_all(
    target: Target, digests: Collection[str], artifacts: ArtifactStore, on_progress: OnProgress
) -> int:
    """Make the target hold artifacts; how many had to be sent."""
    sent = 0
    for done, digest in enumerate(digests, 1):
        sent += target.upload(artifacts.path(digest), digest)
        on_progress(done, len(digests), "artifacts")
    return sent


def time_variants(
    target: Target,
    segments: Sequence[SegmentRecord],
    where: TargetConfig,
    config: MeasurementConfig,
    composed: Mapping[str, Mapping[str, str]],
    engines: Sequence[Engine],
    on_progress: OnProgress,
) -> dict[str, float]:
    """Time every variant and, in between, some composed networks on the target.

    Returns:
        Median latencies in ms by the names of the variants and of the composed networks.
    """
    plan = variants_plan(
        segments,
        config,
        runtime=where.runtime,
        threads=where.threads,
        composed=composed,
        options=where.options,
        engines=engines,
    )
    plan = replace(plan, beside_deployments=where.beside_deployments)
    target.measure(plan, translated(on_progress, plan.max_seconds))
    return medians_ms(target, [item.name for item in plan.items])


def measure_memory(
    target: Target,
    segments: Sequence[SegmentRecord],
    where: TargetConfig,
    config: MeasurementConfig,
    engines: Sequence[Engine],
    on_progress: OnProgress,
) -> list[SegmentRecord]:
    """See what each variant costs in memory on the target; the segments with these figures."""
    stages = {v.stage for segment in segments for v in segment.variants}
    runs = FootprintPlan(()).runs if config.memory == "peak" else 0
    figures: dict[str, dict[str, int | None]] = {}
    for segment in segments:
        for variant in segment.variants:
            if variant.stage in figures:
                continue
            plan = FootprintPlan(
                (variant.stage,),
                where.runtime,
                where.threads,
                options=where.options,
                engines=tuple(engines),
                runs=runs,
                repeats=config.memory_repeats,
                beside_deployments=where.beside_deployments,
            )
            found = target.footprint(plan)
            peak = found.peak.median if found.peak else None
            figures[variant.stage] = {"rss_bytes": found.load.median, "peak_bytes": peak}
            on_progress(len(figures), len(stages), variant.name)
    return [
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(update=figures[each.stage]) for each in segment.variants
                )
            }
        )
        for segment in segments
    ]


def time_configurations(
    target: Target,
    segments: Sequence[SegmentRecord],
    configurations: Sequence[ConfigurationRecord],
    whole: Mapping[str, str],
    where: TargetConfig,
    config: MeasurementConfig,
    engines: Sequence[Engine],
    on_progress: OnProgress,
) -> dict[str, float]:
    """Time the composed networks on the target, in turn with networks in one piece.

    Args:
        target: holds all artifacts.
        segments: the chain with all variants.
        configurations: the feasible ones are timed.
        whole: artifacts in one piece, sha256 by the measurement's name.
        where: engine and threads.
        engines: further ones that variants run on.
        config: how long and how precisely.
        on_progress: called now and then.

    Returns:
        Median latencies in ms by the names of the configurations and of `whole`.
    """
    chosen = {each.name: each.variants for each in configurations if each.feasible}
    plan = configurations_plan(
        segments,
        chosen,
        config,
        runtime=where.runtime,
        threads=where.threads,
        whole=whole,
        options=where.options,
        engines=engines,
    )
    plan = replace(plan, beside_deployments=where.beside_deployments)
    target.measure(plan, translated(on_progress, plan.max_seconds))
    return medians_ms(target, [item.name for item in plan.items])


def score_configurations(
    target: Target,
    segments: Sequence[SegmentRecord],
    configurations: Sequence[ConfigurationRecord],
    where: TargetConfig,
    engines: Sequence[Engine],
    dataset: Dataset,
    metric: Metric,
    output: str,
    on_progress: OnProgress,
) -> dict[str, Scored]:
    """Run the composed networks over the test part on the target, by configuration name.

    What counts is the tensor that `output` names.
    """
    samples = dataset.test
    feasible = [each for each in configurations if each.feasible]
    total = len(feasible) * len(samples)
    scores: dict[str, Scored] = {}
    for index, configuration in enumerate(feasible):
        stages = stages_of(segments, configuration.variants)
        composed = target.compose(
            stages,
            runtime=where.runtime,
            threads=where.threads,
            outputs=[output],
            options=where.options,
            engines=engines,
        )
        (taken, *_), (given, *_) = composed.spec.inputs, composed.spec.outputs
        outputs = np.empty((len(samples), *given.sizes[1:]), real_dtype(given))
        for number, image in enumerate(_one_by_one(samples)):
            tensors, _ = target.infer([to_bytes(image, taken)])
            outputs[number] = to_array(tensors[0], given)[0]
            on_progress(index * len(samples) + number + 1, total, configuration.name)
        score = metric.score(outputs, samples.labels)
        classification = classification_of(outputs, samples.labels, dataset.classes)
        scores[configuration.name] = Scored(score, classification)
    return scores


def _one_by_one(samples: Samples) -> Iterator[NDArray[np.float32]]:
    for images, _ in samples.batches(_DECODED_AT_ONCE):
        yield from images


def classification_of(
    outputs: NDArray[Any], labels: NDArray[np.int64], classes: Sequence[str]
) -> ClassificationRecord | None:
    """The classification that these outputs are, if they are one."""
    if outputs.shape != (len(labels), len(classes)):
        return None
    return classification_report(outputs, labels, classes)


def with_measured(
    configuration: ConfigurationRecord, latencies: Mapping[str, float], scores: Mapping[str, Scored]
) -> ConfigurationRecord:
    """The configuration with what was measured of it, if it could run."""
    if not configuration.feasible:
        return configuration
    name = configuration.name
    found = scores.get(name)
    measured = ScoreRecord(latency_ms=latencies[name], score=found.score if found else None)
    return configuration.model_copy(
        update={
            "measured": measured,
            "measurement": name,
            "classification": found.classification if found else None,
        }
    )


def medians_ms(target: Target, names: Sequence[str]) -> dict[str, float]:
    """Medians at each plan's pace: what all items did together in a round is the machine's.

    Args:
        target: that measured them.
        names: of the items.

    Returns:
        By name, in ms.

    Raises:
        TargetError: the plan ended before anything was measured of one.
    """
    statistics = target.statistics()
    found = {m.name: m for m in statistics.measurements}
    links = _links(statistics)
    parts: dict[tuple[int, int], dict[str, Rounds]] = {}
    for name in names:
        each = found[name]
        if not each.samples_ns:
            raise TargetError(
                f"nothing was measured of {name}: the plan ended first ({each.stopped})",
                "allow more with --measurement.max-seconds, or fewer --measurement.warmup-rounds",
            )
        counts = [each.per_round] * (len(each.samples_ns) // each.per_round)
        parts.setdefault((each.plan, each.cohort), {})[name] = Rounds.of(each.samples_ns, counts)
    return {
        name: value * links[part] / 1e6
        for part, items in parts.items()
        for name, value in medians_at_pace(items).items()
    }


def _links(statistics: Statistics) -> dict[tuple[int, int], float]:
    """By plan and cohort, what its latencies are multiplied by to compare with the first cohort.

    Each cohort ran the same reference, so how much slower it was there, the machine was.
    """
    references = {
        (log.plan, log.cohort): median(log.reference_ns)
        for log in statistics.plans
        if log.reference_ns
    }
    return {
        (log.plan, log.cohort): (
            references[log.plan, 0] / references[log.plan, log.cohort]
            if log.cohort and {(log.plan, 0), (log.plan, log.cohort)} <= references.keys()
            else 1.0
        )
        for log in statistics.plans
    }


def translated(on_progress: OnProgress, max_seconds: float) -> Callable[[Progress], None]:
    """A plan's progress, for what counts work.

    A plan ends after its rounds or its seconds: it is as far as it is with the one that is nearer.

    Args:
        on_progress: told the share that is done, in parts of :data:`PARTS`.
        max_seconds: of the plan.
    """

    def tell(progress: Progress) -> None:
        rounds = progress.done / progress.total if progress.total else 0.0
        share = max(rounds, min(1.0, progress.elapsed_s / max_seconds))
        text = f"{progress.phase}, {progress.done:,} rounds"
        on_progress(round(share * PARTS), PARTS, text)

    return tell

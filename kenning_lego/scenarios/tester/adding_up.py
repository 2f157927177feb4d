"""Whether the variants' latencies add up on the target, and what the selection goes by."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from statistics import fmean, median

from kenning_lego.core.records import (
    AdditivityRecord,
    ComposedRunRecord,
    ConfigurationRecord,
    ErrorsRecord,
    SegmentRecord,
)
from kenning_lego.selection.additivity import (
    ComposedRun,
    Errors,
    Figures,
    assess,
    corrected,
)

Composed = Mapping[str, Mapping[str, str]]
"""Variant name by segment name, by the measurement's name."""


def random_configurations(
    segments: Sequence[SegmentRecord], count: int, seed: int
) -> dict[str, dict[str, str]]:
    """Up to `count` different choices of a variant for every segment, by a name for each."""
    possible = math.prod(len(segment.variants) for segment in segments)
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    found: dict[tuple[str, ...], dict[str, str]] = {}
    while len(found) < min(count, possible):
        names = {segment.name: rng.choice(segment.variants).name for segment in segments}
        found[tuple(names.values())] = names
    return {f"composed-{number}": names for number, names in enumerate(found.values(), 1)}


def composed_configurations(
    segments: Sequence[SegmentRecord], count: int, seed: int
) -> dict[str, dict[str, str]]:
    """What to run whole: the original, the network with the fewest FLOPs, and random ones.

    The two ends are where sums of latencies are off the most: weights of the one leave the
    caches from run to run, those of the other stay.

    Args:
        segments: the chain with all variants.
        count: how many at most; none for 0.
        seed: of the random ones.
    """
    ends = {
        "composed-original": {each.name: each.variants[0].name for each in segments},
        "composed-smallest": {
            each.name: min(each.variants, key=lambda variant: variant.flops).name
            for each in segments
        },
    }
    if count < len(ends) or len(set(map(str, ends.values()))) < len(ends):
        return random_configurations(segments, count, seed)
    return {**ends, **random_configurations(segments, count - len(ends), seed)}


def add_up(
    segments: Sequence[SegmentRecord], composed: Composed, latencies_ms: Mapping[str, float]
) -> tuple[AdditivityRecord | None, dict[str, float]]:
    """Compare sums of latencies with composed runs, and fit what those carry.

    Args:
        segments: the chain with all variants.
        composed: configurations that were run whole.
        latencies_ms: medians by the names of the variants and of the composed runs.

    Returns:
        What was found, None without composed runs; and the latency in ms of every variant with
        its share of the fitted terms.
    """
    figures = [
        {
            variant.name: Figures(latencies_ms[variant.name], variant.artifact.size_bytes)
            for variant in segment.variants
        }
        for segment in segments
    ]
    every = {name: each for some in figures for name, each in some.items()}
    if not composed:
        return None, {name: each.latency_ms for name, each in every.items()}
    runs = [
        ComposedRun(tuple(names.values()), latencies_ms[name]) for name, names in composed.items()
    ]
    found = assess(every, runs)
    predicted = [found.terms.predict([every[name] for name in run.variants]) for run in runs]
    record = AdditivityRecord(
        runs=tuple(
            ComposedRunRecord(
                variants=run.variants,
                sum_ms=math.fsum(every[variant].latency_ms for variant in run.variants),
                predicted_ms=total,
                measurement=name,
            )
            for name, run, total in zip(composed, runs, predicted, strict=True)
        ),
        sum_errors=_errors(found.before),
        fitted_errors=_errors(found.after) if found.fitted else None,
        engines_errors=_several_engines(segments, runs, predicted),
        boundary_ms=found.terms.boundary_ms,
        scale=found.terms.scale,
        ms_per_mb=found.terms.ms_per_mb,
    )
    return record, corrected(figures, found.terms)


def _several_engines(
    segments: Sequence[SegmentRecord], runs: Sequence[ComposedRun], predicted: Sequence[float]
) -> ErrorsRecord | None:
    """How far predictions are off where a network runs on several engines."""
    engines = {each.name: each.engine for segment in segments for each in segment.variants}
    signed = [
        total / run.measured_ms - 1
        for run, total in zip(runs, predicted, strict=True)
        if len({engines[name] for name in run.variants}) > 1
    ]
    if not signed:
        return None
    ascending = sorted(map(abs, signed))
    return ErrorsRecord(
        median=median(ascending),
        p95=ascending[math.ceil(0.95 * len(ascending)) - 1],
        bias=fmean(signed),
    )


def with_latencies(
    segments: Sequence[SegmentRecord], latencies_ms: Mapping[str, float]
) -> list[SegmentRecord]:
    """The segments with the latency of every variant by which they are selected."""
    return [
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(update={"latency_ms": latencies_ms[each.name]})
                    for each in segment.variants
                )
            }
        )
        for segment in segments
    ]


def with_sums(
    configurations: Sequence[ConfigurationRecord],
    segments: Sequence[SegmentRecord],
    latencies_ms: Mapping[str, float],
) -> list[ConfigurationRecord]:
    """The configurations with the plain sums of their segments' medians."""

    def total(each: ConfigurationRecord) -> float | None:
        if not each.feasible:
            return None
        return math.fsum(
            latencies_ms[each.variants.get(segment.name, segment.variants[0].name)]
            for segment in segments
        )

    return [each.model_copy(update={"sum_ms": total(each)}) for each in configurations]


def _errors(errors: Errors) -> ErrorsRecord:
    return ErrorsRecord(median=errors.median, p95=errors.p95, bias=errors.bias)

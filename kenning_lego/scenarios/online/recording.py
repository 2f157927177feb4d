"""From what was seen of deployments to the record of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kenning_lego.core.deployment_records import DeploymentEvent
from kenning_lego.core.pipeline_records import (
    NO_ANSWER,
    BoundsRecord,
    FramesRecord,
    LoadedRecord,
    PipelineEventRecord,
    PipelineRecord,
    RunConfigurationRecord,
    VariantShareRecord,
)
from kenning_lego.core.records import BudgetRecord, ScoreRecord
from kenning_lego.scenarios.online.following import Followed
from kenning_lego.selection.problem import evaluate

if TYPE_CHECKING:
    from kenning_lego.scenarios.online.tested import TestedNetwork

HELD = "held_bytes"
"""The figure of an event that says how many bytes of artifacts are held after it."""


def record_pipeline(
    followed: Followed,
    network: TestedNetwork,
    source: str,
    origin_ns: int,
    answers: Mapping[int, int],
    fused: Mapping[str, Mapping[str, str]],
) -> PipelineRecord:
    """One pipeline's record.

    Args:
        followed: what was seen of it.
        network: that it runs.
        source: of its frames, in words.
        origin_ns: the record's beginning on the target's clock.
        answers: 1 or 0 by frame, where it is known whether the output is right.
        fused: variant names by block name, by the artifact that was fused from them.
    """
    frames = followed.frames
    # A restarted worker counts on, so one configuration may have several numbers.
    ran = {each.configuration: followed.configurations[each.configuration] for each in frames}
    every = list(dict.fromkeys(ran.values()))
    index_of = {number: every.index(stages) for number, stages in ran.items()}
    return PipelineRecord(
        name=followed.name,
        network=network.record.network.name,
        metric=network.record.network.metric,
        higher_is_better=network.record.network.higher_is_better,
        original_score=network.record.network.test_score,
        source=source,
        variants=_variants(network),
        configurations=tuple(_configuration(stages, network, fused) for stages in every),
        bounds=tuple(
            BoundsRecord(
                at_s=_seconds(event, origin_ns), budget=_budget(event), source=event.origin
            )
            for event in followed.events
            if event.kind == "bounds"
        ),
        loaded=tuple(
            LoadedRecord(at_s=_seconds(event, origin_ns), memory_bytes=round(event.figures[HELD]))
            for event in followed.events
            if HELD in event.figures
        ),
        frames=FramesRecord(
            number=tuple(each.number for each in frames),
            begin_ns=tuple(each.begin_ns - origin_ns for each in frames),
            duration_ns=tuple(each.duration_ns for each in frames),
            configuration=tuple(index_of[each.configuration] for each in frames),
            correct=tuple(answers.get(each.number, NO_ANSWER) for each in frames)
            if answers
            else (),
        ),
        dropped=followed.dropped,
    )


def record_events(followed: Sequence[Followed], origin_ns: int) -> tuple[PipelineEventRecord, ...]:
    """What happened to all of them, in order of time."""
    events = [
        PipelineEventRecord(
            at_s=_seconds(event, origin_ns),
            pipeline=each.name,
            kind=event.kind,
            text=event.text,
            frame=event.frame,
            figures={key: value for key, value in event.figures.items() if math.isfinite(value)},
        )
        for each in followed
        for event in each.events
    ]
    return tuple(sorted(events, key=lambda event: event.at_s))


def _seconds(event: DeploymentEvent, origin_ns: int) -> float:
    return round((event.at_ns - origin_ns) / 1e9, 6)


def _budget(event: DeploymentEvent) -> BudgetRecord:
    memory = event.figures.get("memory_bytes")
    return BudgetRecord(
        latency_ms=event.figures.get("latency_ms"),
        memory_bytes=None if memory is None else round(memory),
    )


def _variants(network: TestedNetwork) -> tuple[VariantShareRecord, ...]:
    return tuple(
        VariantShareRecord(
            name=variant.name,
            block=segment.name,
            kind=variant.kind,
            ratio=variant.ratio,
            ratio_reached=variant.ratio_reached,
            accuracy_cost=variant.accuracy_cost or 0.0,
            way=variant.way,
        )
        for segment in network.record.segments
        if segment.scalable
        for variant in segment.variants
    )


def _configuration(
    stages: Sequence[str], network: TestedNetwork, fused: Mapping[str, Mapping[str, str]]
) -> RunConfigurationRecord:
    """What ran as these artifacts: a variant for each segment, or one that was fused from them."""
    whole = fused.get(stages[0]) if len(stages) == 1 else None
    variants = whole or _by_block(stages, network)
    if not variants:
        return RunConfigurationRecord(variants={}, predicted=ScoreRecord())
    return RunConfigurationRecord(
        variants=dict(variants),
        predicted=network.predictor(evaluate(network.problem, variants)),
        fused=whole is not None,
    )


def _by_block(stages: Sequence[str], network: TestedNetwork) -> dict[str, str]:
    """Variant by block; empty if these are not the network's segments.

    Variants of one artifact are alike: the first is named.
    """
    segments = network.record.segments
    if len(stages) != len(segments):
        return {}
    chosen = {}
    for segment, stage in zip(segments, stages, strict=True):
        named = next((each for each in segment.variants if each.stage == stage), None)
        if named is None:
            return {}
        if segment.scalable:
            chosen[segment.name] = named.name
    return chosen

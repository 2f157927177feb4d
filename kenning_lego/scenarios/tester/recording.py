"""Putting the record of a test together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from kenning_lego.blocks.chain import Chain
from kenning_lego.core.mixing_records import MixingRecord
from kenning_lego.core.plans import Statistics
from kenning_lego.core.records import (
    AccuracyRecord,
    AdditivityRecord,
    ConfigurationRecord,
    FrontRecord,
    NetworkRecord,
    RunRecord,
    SegmentRecord,
    WholeRecord,
)
from kenning_lego.core.run_headers import EnvironmentRecord, TargetRecord, TelemetryRecord
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.datasets.base import Dataset
from kenning_lego.metrics.base import Metric
from kenning_lego.scenarios.origin import origin
from kenning_lego.scenarios.tester.configuration import IN_PROCESS, InferenceTestConfig
from kenning_lego.scenarios.tester.judging import judge_statistics
from kenning_lego.training.teacher import Scores


def describe_network(
    name: str,
    chain: Chain,
    segments: Sequence[SegmentRecord],
    dataset: Dataset,
    scores: Scores,
    metric: Metric,
) -> NetworkRecord:
    """The network as it was given, with its scores."""
    return NetworkRecord(
        name=name,
        parameters=chain.parameters,
        flops=sum(segment.variants[0].flops for segment in segments),
        dataset=dataset.name,
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        score_limits=(finite(metric.limits[0]), finite(metric.limits[1])),
        validation_score=scores.validation,
        test_score=scores.test,
        samples={name: len(part) for name, part in dataset.parts.items()},
        opaque={each.path: each.reason for each in chain.opaque},
    )


def finite(limit: float) -> float | None:
    """A score's limit as records hold it: None if there is none."""
    return limit if math.isfinite(limit) else None


def assemble_record(
    run_id: str,
    command: Sequence[str],
    config: InferenceTestConfig,
    network: NetworkRecord,
    segments: Sequence[SegmentRecord],
    configurations: Sequence[ConfigurationRecord],
    whole: WholeRecord | None,
    additivity: AdditivityRecord | None,
    front: FrontRecord | None,
    mixing: MixingRecord | None,
    accuracy: AccuracyRecord | None,
    statistics: Statistics,
    telemetry: Telemetry,
    plans: Sequence[str],
    address: str,
    durations_s: Mapping[str, float],
) -> RunRecord:
    """Everything that was measured, on what, and how to repeat it."""
    in_process = address == IN_PROCESS
    judged, measurements = judge_statistics(
        statistics,
        telemetry,
        plans,
        config.measurement.relative_half_width,
        "in-process" if in_process else "target",
    )
    return RunRecord(
        **origin(run_id, command, config),
        target=record_target(address, statistics),
        network=network,
        segments=tuple(segments),
        plans=judged,
        measurements=measurements,
        configurations=tuple(configurations),
        telemetry=record_telemetry(telemetry),
        whole=whole,
        additivity=additivity,
        accuracy=accuracy,
        front=front,
        memory=config.memory,
        mixing=mixing,
        durations_s=dict(durations_s),
    )


def record_target(address: str, statistics: Statistics) -> TargetRecord:
    """On what it was measured."""
    return TargetRecord(
        address=address,
        in_process=address == IN_PROCESS,
        environment=EnvironmentRecord.between(statistics.before, statistics.after),
        used=dict(statistics.used),
        deployments=statistics.deployments,
    )


def record_telemetry(telemetry: Telemetry) -> TelemetryRecord:
    """What the target's sensors told, as records hold it."""
    began = datetime.fromtimestamp(telemetry.began_unix_s, timezone.utc)
    return TelemetryRecord(
        began=began.isoformat(timespec="milliseconds") if len(telemetry) else None,
        times_s=telemetry.times_s,
        # Three decimals are more than any sensor knows.
        columns={
            key: tuple(None if value is None else round(value, 3) for value in column)
            for key, column in telemetry.columns.items()
        },
        absent=dict(telemetry.absent),
    )

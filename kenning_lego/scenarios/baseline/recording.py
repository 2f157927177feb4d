"""Putting the record of a baseline together: that of a test whose network is not cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.core.plans import Statistics
from kenning_lego.core.records import (
    ArtifactRecord,
    BudgetRecord,
    ConfigurationRecord,
    RunRecord,
    ScoreRecord,
    WholeRecord,
)
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.scenarios.baseline.configuration import BaselineConfig
from kenning_lego.scenarios.offline.run import Given
from kenning_lego.scenarios.origin import origin
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.configuration import IN_PROCESS
from kenning_lego.scenarios.tester.judging import judge_statistics
from kenning_lego.scenarios.tester.measuring import Scored
from kenning_lego.scenarios.tester.one_piece import WHOLE
from kenning_lego.scenarios.tester.recording import record_target, record_telemetry
from kenning_lego.scenarios.whole.candidates import Network
from kenning_lego.scenarios.whole.recording import describe_whole
from kenning_lego.training.teacher import Scores

PLAN = "baseline"
"""Name of the plan."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What was measured, by the names of the measurements.

    Args:
        network: that was.
        given: what the scenario names.
        scores: in torch, on both parts.
        artifacts: that ran.
        latencies_ms: medians.
        memory: in bytes, where it was asked for.
        scored: on the test part.
        statistics: of the in-process target.
        telemetry: of the same.
    """

    network: Network
    given: Given
    scores: Scores
    artifacts: Mapping[str, ArtifactRecord]
    latencies_ms: Mapping[str, float]
    memory: Mapping[str, int]
    scored: Mapping[str, Scored]
    statistics: Statistics
    telemetry: Telemetry


def assemble_record(
    run_id: str,
    command: Sequence[str],
    config: BaselineConfig,
    found: Baseline,
    durations_s: Mapping[str, float],
) -> RunRecord:
    """Everything that was measured, on what, and how to repeat it."""
    statistics = found.statistics
    plans, measurements = judge_statistics(
        statistics,
        found.telemetry,
        (PLAN,),
        config.measurement.relative_half_width,
        "in-process",
    )
    memory = config.measurement.memory
    return RunRecord(
        **origin(run_id, command, config),
        target=record_target(IN_PROCESS, statistics),
        network=describe_whole(
            config.model.name,
            found.network,
            found.given.dataset,
            found.scores,
            found.given.metric,
        ),
        segments=(),
        # Single requests, of which there are as many as images, tell nothing more.
        measurements=tuple(each for each in measurements if each.stopped != "requests"),
        plans=plans,
        configurations=tuple(_configuration(name, found) for name in found.artifacts),
        telemetry=record_telemetry(found.telemetry),
        whole=WholeRecord(artifact=found.artifacts[WHOLE], measurement=WHOLE),
        memory="artifact" if memory == "none" else memory,
        durations_s=dict(durations_s),
    )


def _configuration(name: str, found: Baseline) -> ConfigurationRecord:
    artifact, scored = found.artifacts[name], found.scored[name]
    return ConfigurationRecord(
        name=ORIGINAL if name == WHOLE else name,
        budget=BudgetRecord(),
        feasible=True,
        measured=ScoreRecord(
            latency_ms=found.latencies_ms[name],
            memory_bytes=found.memory.get(name) if found.memory else artifact.size_bytes,
            score=scored.score,
        ),
        measurement=name,
        fused=artifact,
        classification=scored.classification,
    )

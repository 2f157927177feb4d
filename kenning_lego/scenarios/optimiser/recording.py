"""Putting the record of a search together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.core.optimisation_records import (
    CandidateRecord,
    LimitsRecord,
    OptimisationRecord,
)
from kenning_lego.core.plans import Statistics
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.scenarios.offline.run import Given
from kenning_lego.scenarios.optimiser.configuration import OptimisationConfig
from kenning_lego.scenarios.optimiser.judging import Limits, best, undominated
from kenning_lego.scenarios.optimiser.search import Entry
from kenning_lego.scenarios.origin import origin
from kenning_lego.scenarios.tester.configuration import IN_PROCESS
from kenning_lego.scenarios.tester.judging import judge_statistics
from kenning_lego.scenarios.tester.recording import record_target, record_telemetry
from kenning_lego.scenarios.whole.candidates import Network
from kenning_lego.scenarios.whole.recording import describe_whole
from kenning_lego.training.teacher import Scores

PLAN = "candidates"
"""Name of the plan that times them."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search has found.

    Args:
        original: the network as it was given.
        given: what the scenario names.
        scores: of the original, in torch.
        entries: the candidates.
        statistics: of the target.
        telemetry: of the target.
        address: of the target.
    """

    original: Network
    given: Given
    scores: Scores
    entries: Sequence[Entry]
    statistics: Statistics
    telemetry: Telemetry
    address: str


def assemble_record(
    run_id: str,
    command: Sequence[str],
    config: OptimisationConfig,
    limits: Limits,
    found: Found,
    durations_s: Mapping[str, float],
) -> OptimisationRecord:
    """Everything that was found, on what, and how to repeat it."""
    in_process = found.address == IN_PROCESS
    plans, measurements = judge_statistics(
        found.statistics,
        found.telemetry,
        (PLAN,),
        config.measurement.relative_half_width,
        "in-process" if in_process else "target",
    )
    higher = found.given.metric.higher_is_better
    figures = {each.name: known for each in found.entries if (known := each.figures) is not None}
    within = {n: each for n, each in figures.items() if limits.kept_by(each, higher=higher)}
    front = undominated(figures, higher=higher)
    dataset = found.given.dataset
    return OptimisationRecord(
        **origin(run_id, command, config),
        target=record_target(found.address, found.statistics),
        network=describe_whole(
            config.model.name, found.original, dataset, found.scores, found.given.metric
        ),
        scored_on=min(config.samples, len(dataset.validation)),
        goal=config.goal,
        limits=LimitsRecord(
            score=limits.score, latency_ms=limits.latency_ms, size_bytes=limits.size_bytes
        ),
        candidates=tuple(_candidate(each, set(within), front) for each in found.entries),
        best=best(within, config.goal, higher=higher),
        # Single requests, of which there are as many as images, tell nothing more.
        measurements=tuple(each for each in measurements if each.stopped != "requests"),
        plans=plans,
        telemetry=record_telemetry(found.telemetry),
        durations_s=dict(durations_s),
    )


def _candidate(entry: Entry, within: set[str], front: set[str]) -> CandidateRecord:
    candidate, network = entry.candidate, entry.candidate.network
    measured = entry.figures is not None
    return CandidateRecord(
        name=entry.name,
        network=network.name,
        kind=network.kind,
        ratio=network.ratio,
        flops=network.flops,
        parameters=network.parameters,
        compiler=candidate.compiler.model_dump(mode="json"),
        precision=candidate.compiler.precision,
        runtime=candidate.engine.runtime,
        options=dict(candidate.engine.options),
        artifact=entry.artifact,
        state="measured" if measured else "failed" if entry.out == "failed" else "dropped",
        stage=entry.stage,
        reason=entry.reason,
        latency_ms=entry.latency_ms if measured else None,
        score=entry.score if measured else None,
        test_score=entry.test_score,
        within_limits=entry.name in within,
        undominated=entry.name in front,
    )

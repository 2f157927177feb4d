"""The record of a search: every candidate, what became of it, and which are worth a choice."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from kenning_lego.core.measurement_records import MeasurementRecord, PlanRecord
from kenning_lego.core.records import ArtifactRecord, NetworkRecord
from kenning_lego.core.run_headers import HeaderRecord, Record, TelemetryRecord

OPTIMISATION_SCHEMA_VERSION: Final = 1

Stage = Literal["compile", "load", "score", "measure"]
"""At which something became of a candidate."""


class LimitsRecord(Record):
    """What a choice must keep; None is no limit."""

    score: float | None = None
    """The worst on the validation part."""
    latency_ms: float | None = None
    size_bytes: int | None = None
    """Of the artifact."""


class CandidateRecord(Record):
    """A whole network, compiled in one way, on one engine."""

    name: str
    network: str
    """``original``, or the variants that all its blocks are, such as ``pruned-0.40``."""
    kind: str
    ratio: float
    """Share of the blocks' FLOPs, or parameters, that was to be removed."""
    flops: int
    parameters: int
    compiler: dict[str, Any]
    """Its whole configuration."""
    precision: str
    runtime: str
    options: dict[str, Any] = Field(default_factory=dict)
    """Of the engine."""
    artifact: ArtifactRecord | None = None
    """None if it could not be compiled."""
    state: Literal["measured", "dropped", "failed"]
    stage: Stage | None = None
    """At which it was dropped or failed."""
    reason: str = ""
    """Why it was; empty if it was measured."""
    latency_ms: float | None = None
    """The median at its plan's pace, on the target; None if it was not measured."""
    score: float | None = None
    """Of its outputs on the target, on images of the validation part."""
    test_score: float | None = None
    """On the test part; of the undominated ones within the limits alone."""
    within_limits: bool = False
    undominated: bool = False
    """Whether no other is at least as good in score, latency and size, and better in one."""

    @property
    def size_bytes(self) -> int | None:
        """Of its artifact."""
        return None if self.artifact is None else self.artifact.size_bytes


class OptimisationRecord(HeaderRecord):
    """One run of the verb ``optimize``."""

    schema_version: Literal[1] = OPTIMISATION_SCHEMA_VERSION
    kind: Literal["optimisation"] = "optimisation"
    network: NetworkRecord
    scored_on: int
    """Images of the validation part."""
    goal: Literal["score", "latency", "size"]
    """What the best one is best in, of those within the limits."""
    limits: LimitsRecord
    candidates: tuple[CandidateRecord, ...]
    best: str | None = None
    """Name of the candidate; None if none keeps the limits."""
    measurements: tuple[MeasurementRecord, ...] = ()
    """Of the candidates, by their names; all in one plan, in turn."""
    plans: tuple[PlanRecord, ...] = ()
    telemetry: TelemetryRecord | None = None
    durations_s: dict[str, float] = Field(default_factory=dict)
    """Wall time of each step."""

    @model_validator(mode="after")
    def _fits(self) -> OptimisationRecord:
        names = [each.name for each in self.candidates]
        if len(set(names)) < len(names):
            raise ValueError("two candidates have one name")
        if self.best is not None and self.best not in names:
            raise ValueError("the best one is none of the candidates")
        return self

    def candidate(self, name: str | None) -> CandidateRecord | None:
        """The candidate of that name, if there is one."""
        return next((each for each in self.candidates if each.name == name), None)

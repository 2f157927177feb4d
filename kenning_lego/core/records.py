"""The result record of a run: everything that was measured, on what, and how to repeat it.

Records are JSON and versioned; :mod:`kenning_lego.core.opening` reads them.
Units are in the field names. What was not measured is None or absent, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from kenning_lego.core.columns import Column
from kenning_lego.core.engines import Engine, stage_of
from kenning_lego.core.measurement_records import MeasurementRecord, PlanRecord
from kenning_lego.core.mixing_records import MixingRecord
from kenning_lego.core.run_headers import HeaderRecord, Record, TelemetryRecord
from kenning_lego.core.showing import Shown

SCHEMA_VERSION: Final = 2


def _from_1(content: dict[str, Any]) -> dict[str, Any]:
    # Samples were plain arrays, which columns still read; all that is new has a default.
    return {**content, "schema_version": 2}


RUN_MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""From version n to n + 1, by n; pure functions over the decoded JSON."""


MemoryTerm = Literal["artifact", "rss", "peak"]
"""Whose memory is meant: the artifact's size, what loading it adds, or the most while it runs."""


class TensorRecord(Record):
    """A tensor that crosses a segment's border; see :class:`kenning_lego.core.specs.TensorSpec`."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str


class ArtifactRecord(Record):
    """A compiled variant."""

    digest: str
    format: str
    size_bytes: int
    compiler: str
    compiler_version: str
    gap_max_abs: float
    """Largest absolute difference between the artifact's outputs and the original's."""
    gap_rmse: float | None = None
    """Root of the mean squared difference; like all that follows, None in older records."""
    gap_cosine: float | None = None
    """Cosine of the angle between all outputs as one vector."""
    gap_agreement: float | None = None
    """Share of the samples that get the same class; None for other than classifiers."""
    gap_samples: int | None = None
    """Samples that were compared."""
    precision: str | None = None
    """Of weights and arithmetic: ``fp32``, ``fp16``, ``int8`` or ``int8_dynamic``."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The compiler's whole configuration."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Of the packages that took part, by name."""
    warning: str = ""
    """That the gap is beyond its limit; empty if it is not."""


class VariantFacts(Record):
    """What is known of a stand-in for a block without compiling it."""

    name: str
    """Unique in the network, such as ``layer2.0@pruned-0.40``."""
    kind: str
    """``original``, or the maker's: ``pruned``, ``low_rank``, ``depth`` or another."""
    ratio: float
    """Share of the block's FLOPs, or parameters, that was asked to be removed."""
    ratio_reached: float
    flops: int
    parameters: int
    reconstruction_loss: float | None = None
    """Validation error of the block's output against the original block's; None for originals."""
    accuracy_cost: float | None = None
    """Metric of the original network minus that with this variant; positive is worse."""
    weight_bytes: int | None = None
    """Of its parameters and buffers, uncompiled."""
    activation_bytes: int | None = None
    """The most that tensors hold at once while it runs on one sample, by the graph alone."""
    least_share: float | None = None
    """The smallest share of the block's FLOPs, or parameters, that its maker can leave."""


class VariantRecord(VariantFacts):
    """A stand-in for a block, compiled."""

    artifact: ArtifactRecord
    way: str = ""
    """How it was compiled if not in the test's main way, such as ``int8``; its name ends in it."""
    engine: int = 0
    """That it runs on: 0 for the target's, n for the n-th further one of the run's mixing."""
    measurement: str | None = None
    """Name of the measurement with this variant's samples."""
    latency_ms: float | None = None
    """By which it was selected: at its plan's pace, with its share of the terms of additivity."""
    rss_bytes: int | None = None
    """What loading it adds to a fresh process on the target that holds the engine."""
    peak_bytes: int | None = None
    """The most that loading and running it adds there."""

    def memory_bytes(self, term: MemoryTerm) -> int | None:
        """Its memory in these terms; None if it was not measured."""
        figures = {"artifact": self.artifact.size_bytes, "rss": self.rss_bytes}
        return figures.get(term, self.peak_bytes)

    @property
    def stage(self) -> str:
        """Its artifact on its engine; see :mod:`kenning_lego.core.engines`."""
        return stage_of(self.artifact.digest, self.engine)

    @property
    def is_original(self) -> bool:
        """Whether it is the block itself, compiled in the main way."""
        return self.kind == "original" and not self.way

    @property
    def source(self) -> str:
        """Name of the variant in the main way that computes the same."""
        return self.name.removesuffix(f"+{self.way}") if self.way else self.name


class SegmentRecord(Record):
    """A piece of the chain: a block if scalable, otherwise with the original as only variant."""

    name: str
    scalable: bool
    inputs: tuple[TensorRecord, ...]
    outputs: tuple[TensorRecord, ...]
    variants: tuple[VariantRecord, ...]


class NetworkRecord(Record):
    """The network as it was given."""

    name: str
    parameters: int | None
    """None where they were not counted, as in TFLite files."""
    flops: int | None
    dataset: str
    metric: str
    higher_is_better: bool = True
    score_limits: tuple[float | None, float | None] = (None, None)
    """The lowest and the highest score that there can be; None is no limit."""
    validation_score: float | None = None
    test_score: float | None = None
    samples: dict[str, int] = Field(default_factory=dict)
    """Samples in each part of the dataset."""
    opaque: dict[str, str] = Field(default_factory=dict)
    """Why sub-modules could not be looked into, by their paths; they are in fixed segments."""


class BudgetRecord(Record):
    """Upper bounds; None is no bound."""

    latency_ms: float | None = None
    memory_bytes: int | None = None
    energy_mj: float | None = None


class ScoreRecord(Record):
    """Predicted or measured figures of a configuration; None where not known."""

    latency_ms: float | None = None
    memory_bytes: int | None = None
    score: float | None = None
    """The network's metric on the test part."""
    energy_mj: float | None = None
    """Of one inference, net of what the target uses when idle."""
    energy_low_mj: float | None = None
    """Its lower bound at 95 %; at or below zero, the load could not be told from idle."""
    energy_high_mj: float | None = None
    """Its upper bound at 95 %."""
    energy_source: str | None = None
    """Keys of the telemetry's columns that were added up, with + between them."""


class EnergyRecord(Record):
    """From what the energy of an inference was found; times are those of the run's telemetry."""

    idle_s: tuple[float, float]
    """Begin and end of the interval in which the target had nothing to do."""
    busy_s: tuple[float, float]
    """Begin and end of that in which it ran one inference after the other."""
    idle_w: float
    """Mean power in the first."""
    busy_w: float
    """Mean power in the second."""
    inferences: int
    """Run in the second."""
    readings: int
    """Of the sensors, taken in the second."""


class RelaxationRecord(Record):
    """A feasible budget near an infeasible one, and what it gives."""

    changed: tuple[str, ...]
    """What was relaxed, such as ``latency``."""
    budget: BudgetRecord
    variants: dict[str, str] = Field(default_factory=dict)
    """The best ones within it, by block name."""
    predicted: ScoreRecord | None = None


class ClassificationRecord(Record):
    """What a classifier got right and wrong; see :mod:`kenning_lego.metrics`.

    Means are over the classes that have samples.
    """

    classes: tuple[str, ...]
    samples: tuple[int, ...]
    """Of each class."""
    confusion: tuple[tuple[int, int, int], ...]
    """Right class, predicted class and how many samples, where there are any."""
    accuracy: float
    top5: float | None = None
    """None with so few classes that it says nothing."""
    precision: tuple[float | None, ...]
    """Of each class; None where it was never predicted, which counts as 0 in the mean."""
    sensitivity: tuple[float | None, ...]
    """Of each class (recall); None where it has no samples."""
    mean_precision: float
    mean_sensitivity: float
    g_mean: float
    """Geometric mean of the sensitivities."""
    f1: float
    """Mean over the classes."""
    roc_auc: float | None = None
    """One class against the rest, mean over the classes; None if all samples are of one class."""

    @model_validator(mode="after")
    def _fits(self) -> ClassificationRecord:
        count = len(self.classes)
        if any(len(each) != count for each in (self.samples, self.precision, self.sensitivity)):
            raise ValueError("there is not one figure for each class")
        if any(
            not (0 <= right < count and 0 <= found < count) for right, found, _ in self.confusion
        ):
            raise ValueError("a cell of the confusion matrix is of no class")
        return self

    def matrix(self) -> list[list[int]]:
        """The confusion matrix: a row for each right class, a column for each predicted one."""
        rows = [[0] * len(self.classes) for _ in self.classes]
        for right, found, count in self.confusion:
            rows[right][found] = count
        return rows


class ConfigurationRecord(Record, Shown):
    """The variants chosen for a budget, or why none could be."""

    name: str
    budget: BudgetRecord
    feasible: bool
    variants: dict[str, str] = Field(default_factory=dict)
    """Block name to variant name; empty if infeasible."""
    predicted: ScoreRecord | None = None
    measured: ScoreRecord | None = None
    measurement: str | None = None
    nearest: tuple[RelaxationRecord, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Sets of bounds that cannot be kept together; without any one of a set, the rest of it can."""
    solver: str | None = None
    solve_ms: float | None = None
    gap: float | None = None
    """How far above the least its accuracy cost may be; 0 is exact, None of older records."""
    sum_ms: float | None = None
    """Sum of the segments' median latencies; `predicted` has the fitted terms added."""
    fused: ArtifactRecord | None = None
    """All its variants as one artifact; the gap is the one to the chain of them."""
    fused_measurement: str | None = None
    classification: ClassificationRecord | None = None
    """Of its outputs on the test part, from the target; None for other tasks."""
    energy: EnergyRecord | None = None
    """Where its measured energy is from; None where none was measured, and in older records."""


class WholeRecord(Record):
    """The original network compiled as one artifact, without being cut."""

    artifact: ArtifactRecord
    measurement: str | None = None


class ErrorsRecord(Record):
    """Prediction minus measurement as shares of the measurement, over composed runs."""

    median: float
    """Of the absolute errors."""
    p95: float
    """Of the absolute errors."""
    bias: float
    """Mean of the signed errors; positive is predicted too slow."""


class ComposedRunRecord(Record):
    """A composed network that was timed to see whether latencies add up."""

    variants: tuple[str, ...]
    """One for every segment, by name."""
    sum_ms: float
    """Sum of the segments' median latencies."""
    predicted_ms: float
    """With the terms that were fitted to all runs, this one included."""
    measurement: str


class AdditivityRecord(Record):
    """Whether latencies of segments add up; see :mod:`kenning_lego.selection.additivity`."""

    runs: tuple[ComposedRunRecord, ...]
    sum_errors: ErrorsRecord
    """Of the plain sums."""
    fitted_errors: ErrorsRecord | None = None
    """With terms, each run predicted without having been fitted to; None if none was fitted."""
    engines_errors: ErrorsRecord | None = None
    """Of `predicted_ms` over the runs on several engines: what going from one to another costs is
    in no variant's latency. None without such runs."""
    boundary_ms: float = 0.0
    """Added for every segment."""
    scale: float = 1.0
    """Factor on the latencies."""
    ms_per_mb: float = 0.0
    """Added for every 10^6 bytes of artifact."""


class ScoreErrorsRecord(Record):
    """Prediction minus score, in the metric's units, over composed networks."""

    median: float
    """Of the absolute errors."""
    p95: float
    """Of the absolute errors."""
    bias: float
    """Mean of the signed errors; positive is predicted too high."""


class ComposedScoreRecord(Record):
    """A random configuration that was scored to see how well accuracy costs predict."""

    variants: tuple[str, ...]
    """One for every segment, by name."""
    predicted: float
    """By the costs in the record."""
    means: float
    """By the sum of LegoDNN's mean losses."""
    score: float


class AccuracyRecord(Record):
    """Where accuracy costs come from; see :mod:`kenning_lego.blocks.accuracy.profile`."""

    metric: str
    estimator: Literal["fitted", "means"]
    unit: float | None = Field(default=None, gt=0)
    """Of :class:`kenning_lego.stats.quality_law.QualityLaw`; None where losses add up."""
    power: float = Field(default=0.0, ge=0, le=1)
    """Of the same."""
    original: float
    """Score of the original network on the validation part, in this precision."""
    precision: Literal["float32", "bfloat16"]
    deviation: float = 0.0
    """Root mean square error of outputs against float32, as a share of their spread."""
    runs: tuple[ComposedScoreRecord, ...] = ()
    """Scored on the validation part, as all else here."""
    errors: ScoreErrorsRecord | None = None
    """Of the predictions; None without runs."""
    means_errors: ScoreErrorsRecord | None = None
    """Of LegoDNN's."""


class FrontRecord(Record):
    """The undominated configurations, in order of accuracy cost, latency and memory."""

    points: int
    """How many there are; the columns hold as many, or an even choice of them."""
    gap: float = 0.0
    """Accuracy cost within which a point covers every configuration; 0 where it is exact."""
    costs: Column
    """Accuracy cost in 1e-9 of the metric."""
    latencies_ps: Column
    memory_bytes: Column

    @model_validator(mode="after")
    def _fits(self) -> FrontRecord:
        if not len(self.costs) == len(self.latencies_ps) == len(self.memory_bytes):
            raise ValueError("a column has not one value for each point")
        return self


class RunRecord(HeaderRecord):
    """One run of a scenario."""

    schema_version: Literal[2] = SCHEMA_VERSION
    kind: Literal["run"] = "run"
    network: NetworkRecord
    segments: tuple[SegmentRecord, ...]
    measurements: tuple[MeasurementRecord, ...]
    configurations: tuple[ConfigurationRecord, ...]
    telemetry: TelemetryRecord | None = None
    """Of the target while it was measured; None where none was asked for."""
    plans: tuple[PlanRecord, ...] = ()
    whole: WholeRecord | None = None
    additivity: AdditivityRecord | None = None
    accuracy: AccuracyRecord | None = None
    front: FrontRecord | None = None
    memory: MemoryTerm = "artifact"
    """What the memory of budgets and configurations means."""
    mixing: MixingRecord | None = None
    """None where all variants were compiled in one way."""
    durations_s: dict[str, float] = Field(default_factory=dict)
    """Wall time of each step; what was found in the workspace took next to none."""

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Of the target, beside its first one, that some variants run on."""
        mixing = self.mixing
        return () if mixing is None else tuple(each.engine for each in mixing.engines)

    def measurement(self, name: str | None) -> MeasurementRecord | None:
        """The measurement of that name, if there is one."""
        return next((each for each in self.measurements if each.name == name), None)

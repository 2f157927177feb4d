"""Records as the sides of a comparison: what each timed, and of what."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from kenning_lego.core.errors import UsageError
from kenning_lego.core.load_records import LoadRecord, LoadResultRecord
from kenning_lego.core.measurement_records import MeasurementRecord, PlanRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import (
    PipelineRecord,
    PipelinesRecord,
    RunConfigurationRecord,
)
from kenning_lego.core.records import NetworkRecord, RunRecord
from kenning_lego.core.run_headers import TargetRecord, TelemetryRecord
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.formatting import counted

Comparable: TypeAlias = (
    RunRecord | PipelinesRecord | LoadRecord | OptimisationRecord | TrainingRecord
)
R = TypeVar("R", bound=Comparable)

MARKS = "ABCDEFGH"
"""A letter for each record, in order; drawings cannot tell more of them apart."""

Clock = Literal["target", "host", "in-process"]


@dataclass(frozen=True, slots=True)
class Side:
    """One record of a comparison.

    Args:
        mark: a letter, by which text and drawings refer to it.
        record: itself.
        measurements: by name; those of which every sample is a duration.
        made_of: artifacts behind each measurement, by its name; equal where they are the same.
        left_out: measurements with samples that are no durations.
        plans: that measured them.
    """

    mark: str
    record: Comparable
    measurements: Mapping[str, MeasurementRecord]
    made_of: Mapping[str, Hashable]
    left_out: tuple[str, ...] = ()
    plans: tuple[PlanRecord, ...] = ()

    @property
    def kind(self) -> str:
        """Of the record."""
        return self.record.kind

    @property
    def target(self) -> TargetRecord | None:
        """Where it ran; None where the host alone took part."""
        return None if isinstance(self.record, TrainingRecord) else self.record.target

    @property
    def network(self) -> str:
        """Its name; of several pipelines all names."""
        match self.record:
            case TrainingRecord():
                return self.record.network
            case PipelinesRecord():
                return ", ".join(sorted({each.network for each in self.record.pipelines}))
            case LoadRecord():
                return self.record.network or counted(len(self.record.stages), "artifact")
            case _:
                return self.record.network.name

    @property
    def facts(self) -> NetworkRecord | None:
        """Of the network, where the record holds them."""
        match self.record:
            case RunRecord() | OptimisationRecord():
                return self.record.network
            case _:
                return None

    @property
    def telemetry(self) -> TelemetryRecord | None:
        """What the target's sensors told, where the record holds it."""
        match self.record:
            case RunRecord() | OptimisationRecord():
                return self.record.telemetry
            case _:
                return None

    @property
    def clocks(self) -> tuple[str, ...]:
        """On which its measurements were timed."""
        return tuple(sorted({each.clock for each in self.measurements.values()}))


def sides_of(records: Sequence[AnyRecord]) -> tuple[Side, ...]:
    """The sides of a comparison, in the order of the records.

    Raises:
        UsageError: they are too few or too many, of different kinds, or of one that cannot be
            compared.
    """
    if not 2 <= len(records) <= len(MARKS):
        raise UsageError(f"{counted(len(records), 'record')} to compare", f"name 2 to {len(MARKS)}")
    sides = tuple(_side(mark, each) for mark, each in zip(MARKS, records, strict=False))
    kinds = dict.fromkeys(each.kind for each in sides)
    if len(kinds) > 1:
        raise UsageError(
            f"records of different kinds: {', '.join(kinds)}", "compare records of one kind"
        )
    return sides


def records_of(sides: Sequence[Side], model: type[R]) -> list[tuple[Side, R]]:
    """The sides whose records are of one kind, with those records."""
    return [(each, each.record) for each in sides if isinstance(each.record, model)]


def _side(mark: str, record: AnyRecord) -> Side:
    match record:
        case RunRecord() | OptimisationRecord():
            timed, plans = record.measurements, record.plans
        case PipelinesRecord():
            timed, plans = tuple(_frames(record)), ()
        case LoadRecord():
            timed, plans = tuple(_queries(record)), ()
        case TrainingRecord():
            timed, plans = (), ()
        case _:
            kind = type(record).__name__.removesuffix("Record").lower()
            raise UsageError(
                f"a record of the kind {kind} cannot be compared",
                "name records of runs, pipelines, load tests, searches or trainings",
            )
    sampled = [each for each in timed if each.samples_ns]
    found = {each.name: each for each in sampled if min(each.samples_ns) > 0}
    left_out = tuple(each.name for each in sampled if each.name not in found)
    return Side(mark, record, found, dict(_made_of(record)), left_out, plans)


def _frames(record: PipelinesRecord) -> Iterator[MeasurementRecord]:
    """The frames of each configuration of each pipeline."""
    clock: Clock = "in-process" if record.target.in_process else "target"
    for pipeline in record.pipelines:
        names = [_frames_name(pipeline, each) for each in pipeline.configurations]
        ran: dict[str, list[int]] = {}
        frames = pipeline.frames
        for index, taken in zip(frames.configuration, frames.duration_ns, strict=True):
            ran.setdefault(names[index], []).append(taken)
        for name, durations in ran.items():
            yield MeasurementRecord(
                name=name, clock=clock, samples_ns=tuple(durations), stopped="complete"
            )


def _frames_name(pipeline: PipelineRecord, configuration: RunConfigurationRecord) -> str:
    """Of the frames that a configuration ran: the same in every record for the same variants."""
    originals = {each.name for each in pipeline.variants if each.kind == "original"}
    variants = sorted(configuration.variants.items())
    scaled = sum(name not in originals for _, name in variants)
    said = "original"
    if scaled:
        digest = hashlib.sha256(repr(variants).encode()).hexdigest()
        said = f"{scaled} of {counted(len(variants), 'block')} scaled, #{digest[:6]}"
    return f"{pipeline.name}: {said}{', fused' if configuration.fused else ''}"


def _queries(record: LoadRecord) -> Iterator[MeasurementRecord]:
    clock: Clock = "in-process" if record.target.in_process else "target"
    for name, result in named_results(record).items():
        yield MeasurementRecord(
            name=name, clock=clock, samples_ns=result.latencies_ns, stopped=result.stopped
        )


def named_results(record: LoadRecord) -> dict[str, LoadResultRecord]:
    """Load tests by names that say what was asked for; a second of the same is numbered."""
    found: dict[str, LoadResultRecord] = {}
    for each in record.results:
        parts = [each.scenario.replace("_", " ")]
        if each.rate_per_s is not None:
            parts.append(f"{each.rate_per_s:g} queries/s")
        if each.samples_per_query != 1:
            parts.append(f"{each.samples_per_query} samples a query")
        name, number = ", ".join(parts), 2
        while name in found:
            name, number = f"{', '.join(parts)} ({number})", number + 1
        found[name] = each
    return found


def _made_of(record: Comparable) -> Iterator[tuple[str, Hashable]]:
    match record:
        case RunRecord():
            yield from _of_run(record)
        case OptimisationRecord():
            for each in record.candidates:
                yield each.name, each.artifact and each.artifact.digest
        case LoadRecord():
            yield from ((name, record.stages) for name in named_results(record))


def _of_run(run: RunRecord) -> Iterator[tuple[str, Hashable]]:
    digests = {}
    for segment in run.segments:
        for each in segment.variants:
            digests[each.name] = each.artifact.digest
            if each.measurement is not None:
                yield each.measurement, each.artifact.digest
    for chosen in run.configurations:
        if chosen.measurement is not None:
            blocks = sorted(chosen.variants.items())
            yield chosen.measurement, tuple((block, digests.get(name)) for block, name in blocks)
        if chosen.fused_measurement is not None and chosen.fused is not None:
            yield chosen.fused_measurement, chosen.fused.digest
    if run.whole is not None and run.whole.measurement is not None:
        yield run.whole.measurement, run.whole.artifact.digest

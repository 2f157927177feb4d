"""The raw durations in a record, by what they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord


def samples_of(record: AnyRecord) -> Iterator[tuple[str, Sequence[int]]]:
    """Durations in ns, in order: of measurements, of frames, of queries from when they were due."""
    match record:
        case RunRecord() | OptimisationRecord():
            for measurement in record.measurements:
                yield measurement.name, measurement.samples_ns
        case PipelinesRecord():
            for pipeline in record.pipelines:
                yield pipeline.name, pipeline.frames.duration_ns
        case LoadRecord():
            for number, load in enumerate(record.results, 1):
                rate = f" at {load.rate_per_s:g}/s" if load.rate_per_s else ""
                yield f"{number}: {load.scenario}{rate}", load.latencies_ns

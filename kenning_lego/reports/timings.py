"""The statistics of a record's samples, worked out once for the tables and the charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.records import MeasurementRecord, RunRecord
from kenning_lego.stats.intervals import ordered_quantile
from kenning_lego.stats.summary import Summary, summarize


@dataclass(frozen=True, slots=True)
class Timing:
    """One measurement, its statistics in ns, and the middle half of its samples."""

    record: MeasurementRecord
    summary: Summary
    quartiles: tuple[float, float]


Timings = Mapping[str, Timing]
"""By the measurement's name; measurements without a sample are left out."""


def timings_of(record: RunRecord) -> Timings:
    """Summarise every measurement of a run."""
    return {each.name: _timing(each) for each in record.measurements if each.samples_ns}


def _timing(measurement: MeasurementRecord) -> Timing:
    ascending = sorted(measurement.samples_ns)
    quartiles = ordered_quantile(ascending, 0.25), ordered_quantile(ascending, 0.75)
    return Timing(measurement, summarize(ascending), quartiles)

"""The statistics of a record's samples, worked out once for the tables and the charts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.stats.intervals import Estimate, ordered_quantile
from kenning_lego.stats.summary import Summary, summarize


@dataclass(frozen=True, slots=True)
class Timing:
    """One measurement, its statistics in ns, and the middle half of its samples.

    Args:
        record: with the samples in the order in which they were taken.
        summary: of these.
        quartiles: the bounds of the middle half.
        ascending: the samples in order of size.
    """

    record: MeasurementRecord
    summary: Summary
    quartiles: tuple[float, float]
    ascending: Sequence[int]


Timings = Mapping[str, Timing]
"""By the measurement's name; measurements without a sample are left out."""


class _Timings(Mapping[str, Timing]):
    """Of measurements with samples; each is summed up when it is first asked for."""

    def __init__(self, measurements: Iterable[MeasurementRecord]) -> None:
        self._measurements = {each.name: each for each in measurements if each.samples_ns}
        self._known: dict[str, Timing] = {}

    def __getitem__(self, name: str) -> Timing:
        if name not in self._known:
            self._known[name] = timing_of(self._measurements[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._measurements)

    def __len__(self) -> int:
        return len(self._measurements)


def timings_of(record: RunRecord) -> Timings:
    """The statistics of every measurement of a run."""
    return _Timings(record.measurements)


def timing_of(measurement: MeasurementRecord) -> Timing:
    """Summarise one measurement that has samples."""
    ascending = sorted(measurement.samples_ns)
    quartiles = ordered_quantile(ascending, 0.25), ordered_quantile(ascending, 0.75)
    return Timing(measurement, _as_judged(summarize(ascending), measurement), quartiles, ascending)


def _as_judged(summary: Summary, measurement: MeasurementRecord) -> Summary:
    """With the record's own intervals, which allow for samples that resemble their neighbours."""
    if measurement.interval_ns is not None:
        low, high = measurement.interval_ns
        summary = replace(summary, median_low=low, median_high=high)
    if not measurement.percentiles:
        return summary
    claimed = {
        each.quantile: Estimate(
            each.quantile, each.value_ns, each.low_ns, each.high_ns, summary.confidence
        )
        for each in measurement.percentiles
        if each.value_ns is not None and each.low_ns is not None and each.high_ns is not None
    }
    return replace(summary, p90=claimed.get(0.9), p95=claimed.get(0.95), p99=claimed.get(0.99))

"""Tables of what was timed: measurements, and the columns of a latency with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.tables import Column, Table, Value, table_of
from kenning_lego.reports.run.timings import timing_of
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.summary import Summary, summarize

LATENCY = (Column("latency_ms"), Column("latency_low_ms"), Column("latency_high_ms"))
"""A median, and the bounds of its interval."""

PERCENTILES = (Column("p90_ms"), Column("p95_ms"), Column("p99_ms"))
"""Each None where there are too few samples to bound it."""

_MEASUREMENTS = (
    Column("measurement", "text"),
    Column("samples", digits=0),
    *LATENCY,
    *PERCENTILES,
    Column("minimum_ms", in_full=True),
    Column("maximum_ms"),
    Column("mean_ms", in_full=True),
    Column("std_ms", in_full=True),
    Column("at_pace_ms", in_full=True),
    Column("loops", digits=0, in_full=True),
    Column("warmup", digits=0, in_full=True),
    Column("clock", "text"),
    Column("stopped", "text", in_full=True),
    Column("verdict", "text"),
)


def measurements(records: Sequence[MeasurementRecord]) -> Table:
    """One row a measurement; times are in ms, of one call each."""
    return table_of("measurements", "Measurements", _MEASUREMENTS, [_row(each) for each in records])


def _row(record: MeasurementRecord) -> dict[str, Value]:
    row: dict[str, Value] = {
        "measurement": record.name,
        "samples": len(record.samples_ns),
        "at_pace_ms": in_ms(record.at_pace_ns),
        "loops": record.loops,
        "warmup": record.warmup,
        "clock": record.clock,
        "stopped": record.stopped,
        "verdict": record.verdict.name if record.verdict else None,
    }
    return row if not record.samples_ns else {**row, **described(timing_of(record).summary)}


def latency(record: MeasurementRecord | None) -> dict[str, Value]:
    """The median of a measurement and its bounds; empty where there is none."""
    if record is None or not record.samples_ns:
        return {}
    return _median(timing_of(record).summary)


def durations(samples_ns: Sequence[int]) -> dict[str, Value]:
    """What a row says of durations in ns; empty without any."""
    return described(summarize(samples_ns)) if samples_ns else {}


def described(summary: Summary) -> dict[str, Value]:
    """What a row says of durations in ns that were summed up."""
    return {
        **_median(summary),
        "p90_ms": _value(summary.p90),
        "p95_ms": _value(summary.p95),
        "p99_ms": _value(summary.p99),
        "minimum_ms": in_ms(summary.minimum),
        "maximum_ms": in_ms(summary.maximum),
        "mean_ms": in_ms(summary.mean),
        "std_ms": in_ms(summary.std),
    }


def in_ms(ns: float | None) -> float | None:
    """The same time in ms."""
    return None if ns is None else ns / 1e6


def _median(summary: Summary) -> dict[str, Value]:
    return {
        "latency_ms": in_ms(summary.median),
        "latency_low_ms": in_ms(summary.median_low),
        "latency_high_ms": in_ms(summary.median_high),
    }


def _value(percentile: Estimate | None) -> float | None:
    return in_ms(percentile.value) if percentile else None

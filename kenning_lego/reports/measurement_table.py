"""What the table of distributions shows: whole networks and single requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.reports.findings import Findings
from kenning_lego.reports.formatting import TIME_NS, Column, integer
from kenning_lego.stats.intervals import Estimate


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; figures are None where there are too few samples for them."""

    name: str
    runs: str
    median: str | None
    interval: str | None
    p90: str | None
    p95: str | None
    p99: str | None
    slowest: str | None
    clock: str
    stopped: str
    verdict: str | None
    missing: Mapping[str, str]
    """By percentile, how many samples it would need to be given."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows and the unit of their latencies."""

    rows: tuple[Row, ...]
    unit: str


def measurement_table(findings: Findings) -> Table | None:
    """The measurements that are not a single variant's in a chain of several segments."""
    segments = findings.record.segments
    of_blocks = {
        variant.measurement
        for segment in segments
        for variant in segment.variants
        if len(segments) > 1
    }
    shown = [each for name, each in findings.timings.items() if name not in of_blocks]
    if not shown:
        return None
    column = Column.fitting([each.summary.median for each in shown], TIME_NS, 4)
    rows = tuple(
        Row(
            name=each.record.name,
            runs=integer(each.summary.count),
            median=column.number(each.summary.median),
            interval=column.interval(each.summary.median_low, each.summary.median_high),
            p90=_value(column, each.summary.p90),
            p95=_value(column, each.summary.p95),
            p99=_value(column, each.summary.p99),
            slowest=column.number(each.summary.maximum),
            clock=each.record.clock,
            stopped=each.record.stopped.replace("_", " "),
            verdict=_verdict(each.record),
            missing={
                f"p{percentile.quantile * 100:g}": f"needs {percentile.missing:,} more"
                for percentile in each.record.percentiles
                if percentile.missing
            },
        )
        for each in shown
    )
    return Table(rows, column.unit.symbol)


def _verdict(record: MeasurementRecord) -> str | None:
    return record.verdict.name.replace("_", " ") if record.verdict else None


def _value(column: Column, percentile: Estimate | None) -> str | None:
    return column.number(percentile.value) if percentile else None

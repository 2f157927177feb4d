"""The table of distributions: whole networks and single requests."""

from __future__ import annotations

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import TIME_NS, Figures, integer
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.timings import Timing
from kenning_lego.stats.intervals import Estimate

_TOO_FEW = "too few runs"


def of_networks(findings: Findings) -> list[Timing]:
    """The measurements that are not a single variant's in a chain of several segments.

    Those that were made to judge others by come last.
    """
    segments = findings.record.segments
    of_blocks = {
        variant.measurement
        for segment in segments
        for variant in segment.variants
        if len(segments) > 1
    }
    judging = for_judging(findings)
    found = [each for name, each in findings.timings.items() if name not in of_blocks]
    return sorted(found, key=lambda each: each.record.name in judging)


def for_judging(findings: Findings) -> frozenset[str]:
    """Names of what was timed to judge others by: composed runs, and references of plans."""
    record = findings.record
    runs = record.additivity.runs if record.additivity else ()
    composed = (each.measurement for each in runs)
    return frozenset((*composed, *(f"reference of {plan.name}" for plan in record.plans)))


def measurement_table(findings: Findings) -> Table | None:
    """The measurements of whole networks and of single requests."""
    shown = of_networks(findings)
    if not shown:
        return None
    latency = Figures.fitting([each.summary.median for each in shown], TIME_NS, 4)
    unit = latency.unit.symbol
    columns = (
        Column("measurement", "Measurement", number=False),
        Column("runs", "Runs"),
        Column("median_ns", "Median", unit),
        Column("interval", "95 % interval", unit, where="page"),
        Column("median_low_ns", "low", where="data"),
        Column("median_high_ns", "high", where="data"),
        Column("p90_ns", "p90", unit),
        Column("p95_ns", "p95", unit),
        Column("p99_ns", "p99", unit),
        Column("slowest_ns", "Slowest", unit),
        Column("clock", "Clock", number=False),
        Column("stopped", "Ended", number=False),
        Column("verdict", "Verdict", number=False),
    )
    return Table(
        "distributions",
        columns,
        (Rows(tuple(_row(each, latency) for each in shown)),),
        note="A percentile is only given when there are enough runs to claim it.",
        style="plain",
    )


def _row(timing: Timing, latency: Figures) -> tuple[Cell, ...]:
    summary, record = timing.summary, timing.record
    low, high = summary.median_low, summary.median_high
    missing = {each.quantile: each.missing for each in record.percentiles if each.missing}

    def percentile(quantile: float, found: Estimate | None) -> Cell:
        needed = missing.get(quantile)
        why = f"needs {needed:,} more" if needed else _TOO_FEW
        value = found.value if found else None
        return Cell(latency.number(value), value, why=why)

    return (
        Cell(record.name, record.name),
        Cell(integer(summary.count), summary.count),
        Cell(latency.number(summary.median), summary.median, strong=True),
        Cell(latency.interval(low, high), why=_TOO_FEW),
        Cell(None, low),
        Cell(None, high),
        percentile(0.9, summary.p90),
        percentile(0.95, summary.p95),
        percentile(0.99, summary.p99),
        Cell(latency.number(summary.maximum), summary.maximum),
        Cell(record.clock, record.clock),
        Cell(record.stopped.replace("_", " "), record.stopped),
        _verdict(record),
    )


def _verdict(record: MeasurementRecord) -> Cell:
    if record.verdict is None:
        return Cell("")
    return Cell(record.verdict.name.replace("_", " "), record.verdict.name)

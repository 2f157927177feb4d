"""The table of load tests: a row for each."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import TIME_NS, Figures, duration, integer, significant
from kenning_lego.reports.loads.findings import Load
from kenning_lego.stats.intervals import Estimate

_TOO_FEW = "too few queries"
_THROUGHPUT = "all samples wait from the start"


def results_table(loads: Sequence[Load]) -> Table:
    """Rates, percentiles that the queries are enough to claim, and the tester's own error."""
    latency = Figures.fitting(
        [each.latencies.median for each in loads if each.latencies], TIME_NS, 4
    )
    unit = latency.unit.symbol
    return Table(
        "load-tests",
        (
            Column("load_test", "Load test", number=False),
            Column("scenario", "Scenario", where="data"),
            Column("offered_per_s", "offered", "1/s", "Queries"),
            Column("answered_per_s", "answered", "1/s", "Queries"),
            Column("queries", "number", "", "Queries"),
            Column("left_over", "left over", "", "Queries"),
            Column("samples_per_s", "Samples", "1/s"),
            Column("median_ns", "p50", unit, "Latency"),
            Column("p90_ns", "p90", unit, "Latency"),
            Column("p95_ns", "p95", unit, "Latency"),
            Column("p99_ns", "p99", unit, "Latency"),
            Column("slowest_ns", "slowest", unit, "Latency"),
            Column("call_ns", "Call", unit),
            Column("late_median_ns", "median", "", "Tester late by"),
            Column("late_max_ns", "at most", "", "Tester late by"),
            Column("stopped", "Ended", number=False),
        ),
        (Rows(tuple(_row(each, latency) for each in loads)),),
        note="Latency counts from when a query was to come until its last sample was answered;"
        " call: the median without the queue. Below a percentile stands its 95 % interval; it is"
        " only given when there are enough queries to claim it. Late: how much later than possible"
        " queries were begun, by the tester's own fault.",
    )


def _row(load: Load, latency: Figures) -> tuple[Cell, ...]:
    result, summary = load.result, load.latencies
    offered, answered = result.offered_per_s, result.achieved_per_s
    samples = result.samples_per_s
    median = summary.median if summary else None
    call = load.service.median if load.service else None
    slowest = summary.maximum if summary else None

    why = _TOO_FEW if load.quantile is not None else _THROUGHPUT

    def percentile(found: Estimate | None) -> Cell:
        if found is None:
            return Cell(None, why=why)
        between = latency.interval(found.low, found.high) or ""
        return Cell(latency.number(found.value), found.value, note=between)

    return (
        Cell(load.name, load.name),
        Cell(None, load.scenario),
        Cell(significant(offered), offered, why="the answers set the pace"),
        Cell(significant(answered), answered),
        Cell(integer(len(result.latencies_ns)), len(result.latencies_ns)),
        Cell(integer(result.unanswered), result.unanswered),
        Cell(significant(samples), samples),
        Cell(latency.number(median), median, why=why, strong=True),
        percentile(summary.p90 if summary else None),
        percentile(summary.p95 if summary else None),
        percentile(summary.p99 if summary else None),
        Cell(latency.number(slowest), slowest, why=why),
        Cell(latency.number(call), call),
        Cell(duration(result.lateness_median_ns), result.lateness_median_ns),
        Cell(duration(result.lateness_max_ns), result.lateness_max_ns),
        Cell(load.record.stopped.replace("_", " "), load.record.stopped),
    )

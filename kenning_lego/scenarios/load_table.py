"""What the verb ``load`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from kenning_lego.core.load_records import LoadResultRecord
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.summary import summarize

HEADINGS = (
    *("offered /s", "answered /s", "samples /s", "queries", "left over"),
    *("latency p50 ms", "p90", "p99", "call p50 ms", "late p50 us", "late max us"),
)


def print_loads(console: Console, records: Sequence[LoadResultRecord]) -> None:
    """One row a run; a percentile is only told where there are queries enough to bound it."""
    table = Table(title="Load tests", title_justify="left", box=None, pad_edge=False)
    table.add_column("scenario", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    table.add_column("ended", no_wrap=True)
    for record in records:
        result = record.result
        latencies = summarize(result.latencies_ns) if result.latencies_ns else None
        service = summarize(result.service_ns) if result.service_ns else None
        table.add_row(
            record.scenario,
            _rate(result.offered_per_s),
            _rate(result.achieved_per_s),
            _rate(result.samples_per_s),
            f"{len(result.latencies_ns):,}",
            f"{result.unanswered:,}",
            _ms(latencies.median if latencies else None),
            _percentile(latencies.p90 if latencies else None),
            _percentile(latencies.p99 if latencies else None),
            _ms(service.median if service else None),
            f"{result.lateness_median_ns / 1e3:,.1f}",
            f"{result.lateness_max_ns / 1e3:,.0f}",
            record.stopped,
        )
    console.print()
    console.print(table)
    console.print(
        "late: how much later than possible queries were begun, by the tester's own fault"
    )
    console.print()


def _rate(value: float | None) -> str:
    return "—" if value is None else f"{value:,.1f}"


def _ms(ns: float | None) -> str:
    return "—" if ns is None else f"{ns / 1e6:.3f}"


def _percentile(estimate: Estimate | None) -> str:
    return _ms(estimate.value if estimate else None)

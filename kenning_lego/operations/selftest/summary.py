"""A self-test's record in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.operations.selftest.record import (
    BenchmarkRecord,
    CheckRecord,
    DistributionRecord,
    SelftestRecord,
)


def check_line(check: CheckRecord) -> str:
    """One check."""
    return f"{check.outcome:<8}{check.name:<28}{check.seconds:6.1f} s  {check.detail}"


def benchmark_lines(benchmark: BenchmarkRecord) -> Iterator[str]:
    """What was measured, with the interval of each median and the tail where samples allow it."""
    if benchmark.latency:
        yield _line("tiny network", benchmark.latency)
    for name, found in benchmark.round_trips.items():
        yield _line(f"round trip, {name}", found)
    if benchmark.upload_s:
        best = benchmark.upload_bytes / 1e6 / min(benchmark.upload_s)
        worst = benchmark.upload_bytes / 1e6 / max(benchmark.upload_s)
        yield f"  {'upload':<26} {worst:.0f} to {best:.0f} MB/s"
    if benchmark.sleep_overshoot:
        yield _line("sleep of 1 ms ends late by", benchmark.sleep_overshoot)
    if benchmark.interruptions:
        yield _line("longest gap in 10 ms", benchmark.interruptions)


def last_line(record: SelftestRecord) -> str:
    """How it ended."""
    count = {
        outcome: sum(check.outcome == outcome for check in record.checks)
        for outcome in ("passed", "failed", "skipped")
    }
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    failed = f", {count['failed']} failed" if count["failed"] else ""
    return f"{count['passed']} passed{failed}{skipped} in {record.seconds:.0f} s"


def _line(name: str, found: DistributionRecord) -> str:
    median = f"median {found.median_ns / 1e6:.3f} ms"
    if found.median_low_ns is not None and found.median_high_ns is not None:
        median += f" [{found.median_low_ns / 1e6:.3f}, {found.median_high_ns / 1e6:.3f}]"
    p99 = f", p99 {found.p99_ns / 1e6:.3f}" if found.p99_ns is not None else ""
    return f"  {name:<26} {median}{p99}, max {found.maximum_ns / 1e6:.3f}"

"""Tables of what ran on a target beside tests: pipelines, load tests, searches."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.optimisation_records import CandidateRecord, OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.tables import Column, Table, Value, table_of
from kenning_lego.reports.pipelines.findings import PipelineFindings, pipeline_findings
from kenning_lego.reports.tabular.timed import (
    LATENCY,
    PERCENTILES,
    durations,
    in_ms,
    latency,
    measurements,
)

_PIPELINES = (
    Column("pipeline", "text"),
    Column("network", "text"),
    Column("frames", digits=0),
    *LATENCY,
    *PERCENTILES,
    Column("within_share", "share", heading="within bounds"),
    Column("switches", digits=0),
    Column("correct_share", "share", heading="correct"),
    Column("predicted_score"),
    Column("over_memory_s"),
    Column("span_s", in_full=True),
    Column("dropped", digits=0, in_full=True),
)
_RUN_CONFIGURATIONS = (
    Column("pipeline", "text"),
    Column("configuration", "text"),
    Column("frames", digits=0),
    Column("latency_ms"),
    Column("correct_share", "share", heading="correct"),
    Column("predicted_latency_ms"),
    Column("predicted_memory_bytes", "bytes"),
    Column("predicted_score"),
    Column("fused", "flag"),
    Column("variants", "text", in_full=True),
)
_EVENTS = (
    Column("at_s"),
    Column("pipeline", "text"),
    Column("event", "text"),
    Column("frame", digits=0),
    Column("text", "text"),
)
_LOADS = (
    Column("scenario", "text"),
    Column("rate_per_s"),
    Column("offered_per_s"),
    Column("answered_per_s"),
    Column("samples_per_s"),
    Column("queries", digits=0),
    Column("unanswered", digits=0),
    *LATENCY,
    *PERCENTILES,
    Column("maximum_ms", in_full=True),
    Column("call_ms", heading="call p50 ms"),
    Column("samples_per_query", digits=0, in_full=True),
    Column("duration_s", in_full=True),
    Column("stopped", "text"),
)
_CANDIDATES = (
    Column("configuration", "text"),
    Column("variants", "text", in_full=True),
    Column("precision", "text"),
    Column("runtime", "text"),
    Column("state", "text"),
    *LATENCY,
    Column("score"),
    Column("test_score"),
    Column("size_bytes", "bytes"),
    Column("within_limits", "flag"),
    Column("undominated", "flag"),
    Column("best", "flag"),
    Column("reason", "text", in_full=True),
)


def pipeline_tables(record: PipelinesRecord) -> tuple[Table, ...]:
    """Those of a record of pipelines."""
    findings = pipeline_findings(record)
    events: list[dict[str, Value]] = [
        {
            "at_s": each.at_s,
            "pipeline": each.pipeline,
            "event": each.kind,
            "frame": each.frame,
            "text": each.text,
        }
        for each in record.events
    ]
    ran = [row for each in findings for row in _configurations(each)]
    return (
        table_of("pipelines", "Pipelines", _PIPELINES, [_pipeline(each) for each in findings]),
        table_of("configurations", "Configurations that ran", _RUN_CONFIGURATIONS, ran),
        table_of("events", "Events", _EVENTS, events),
    )


def _pipeline(findings: PipelineFindings) -> dict[str, Value]:
    record = findings.record
    return {
        **durations(record.frames.duration_ns),
        "pipeline": record.name,
        "network": record.network,
        "frames": findings.frames,
        "within_share": findings.within.value,
        "switches": findings.switches,
        "correct_share": findings.correct.value,
        "predicted_score": findings.score,
        "over_memory_s": findings.over_memory_s,
        "span_s": findings.span_s,
        "dropped": record.dropped,
    }


def _configurations(findings: PipelineFindings) -> Iterator[dict[str, Value]]:
    for used in findings.used:
        configuration = findings.record.configurations[used.index]
        yield {
            "pipeline": findings.record.name,
            "configuration": str(used.index),
            "frames": used.frames,
            "latency_ms": in_ms(used.median_ns),
            "correct_share": used.correct.value,
            "predicted_latency_ms": configuration.predicted.latency_ms,
            "predicted_memory_bytes": configuration.predicted.memory_bytes,
            "predicted_score": configuration.predicted.score,
            "fused": configuration.fused,
            "variants": " ".join(configuration.variants.values()),
        }


def load_tables(record: LoadRecord) -> tuple[Table, ...]:
    """Those of load tests: one row a run of queries; percentiles are of their latencies."""
    rows: list[dict[str, Value]] = []
    for each in record.results:
        result = each.result
        rows.append(
            {
                **durations(each.latencies_ns),
                "scenario": each.scenario,
                "rate_per_s": each.rate_per_s,
                "offered_per_s": result.offered_per_s,
                "answered_per_s": result.achieved_per_s,
                "samples_per_s": result.samples_per_s,
                "queries": len(each.latencies_ns),
                "unanswered": result.unanswered,
                "call_ms": durations(each.service_ns).get("latency_ms"),
                "samples_per_query": each.samples_per_query,
                "duration_s": each.duration_ns / 1e9,
                "stopped": each.stopped,
            }
        )
    return (table_of("measurements", "Load tests", _LOADS, rows),)


def search_tables(record: OptimisationRecord) -> tuple[Table, ...]:
    """Those of a search: its candidates, and what was timed."""
    timed = {each.name: each for each in record.measurements}

    def row(each: CandidateRecord) -> dict[str, Value]:
        known: dict[str, Value] = {} if each.latency_ms is None else {"latency_ms": each.latency_ms}
        return {
            **latency(timed.get(each.name)),
            **known,
            "configuration": each.name,
            "variants": each.network,
            "precision": each.precision,
            "runtime": each.runtime,
            "state": each.state,
            "score": each.score,
            "test_score": each.test_score,
            "size_bytes": each.size_bytes,
            "within_limits": each.within_limits,
            "undominated": each.undominated,
            "best": each.name == record.best,
            "reason": each.reason,
        }

    rows = [row(each) for each in record.candidates]
    return (
        table_of("configurations", "Candidates", _CANDIDATES, rows),
        measurements(record.measurements),
    )

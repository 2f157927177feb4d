"""The key figures of records, as ``--json`` prints them: what a script asks for first."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord, ScoreRecord
from kenning_lego.core.training_records import TrainingRecord


def run_figures(record: RunRecord) -> dict[str, Any]:
    """Of a test or baseline: each configuration as predicted and as measured."""
    return {
        "network": record.network.name,
        "metric": record.network.metric,
        "verdicts": {
            plan.name: plan.verdict.name for plan in record.plans if plan.verdict is not None
        },
        "configurations": [
            {
                "name": each.name,
                "feasible": each.feasible,
                "predicted": _score(each.predicted),
                "measured": _score(each.measured),
            }
            for each in record.configurations
        ],
    }


def training_figures(record: TrainingRecord) -> dict[str, Any]:
    """Of a training: its best epoch and its scores."""
    return {
        "network": record.network,
        "metric": record.metric,
        "epochs": len(record.epochs),
        "best_epoch": record.best_epoch,
        "validation_score": record.validation_score,
        "test_score": record.test_score,
    }


def search_figures(record: OptimisationRecord) -> dict[str, Any]:
    """Of a search: the best candidate and the undominated ones."""
    return {
        "network": record.network.name,
        "metric": record.network.metric,
        "best": record.best,
        "states": dict(Counter(each.state for each in record.candidates)),
        "undominated": [
            {
                "name": each.name,
                "latency_ms": each.latency_ms,
                "score": each.score,
                "test_score": each.test_score,
                "size_bytes": each.size_bytes,
                "within_limits": each.within_limits,
            }
            for each in record.candidates
            if each.undominated
        ],
    }


def conversion_figures(record: ConversionRecord) -> dict[str, Any]:
    """Of conversions: how many came out how."""
    return {"states": dict(Counter(each.state for each in record.cells))}


def load_figures(record: LoadRecord) -> dict[str, Any]:
    """Of load tests: how many queries took how long."""
    return {
        "results": [
            {
                "scenario": each.scenario,
                "rate_per_s": each.rate_per_s,
                "queries": len(each.latencies_ns),
                "median_ms": median(each.latencies_ns) / 1e6 if each.latencies_ns else None,
                "stopped": each.stopped,
            }
            for each in record.results
        ]
    }


def pipeline_figures(record: PipelinesRecord) -> dict[str, Any]:
    """Of pipelines: how many frames took how long."""
    return {
        "pipelines": [
            {
                "name": each.name,
                "frames": len(each.frames.number),
                "median_ms": _median_ms(each.frames.duration_ns),
                "dropped": each.dropped,
            }
            for each in record.pipelines
        ]
    }


def _median_ms(durations_ns: tuple[int, ...]) -> float | None:
    return median(durations_ns) / 1e6 if durations_ns else None


def _score(score: ScoreRecord | None) -> dict[str, Any] | None:
    return None if score is None else score.model_dump(mode="json", exclude_none=True)

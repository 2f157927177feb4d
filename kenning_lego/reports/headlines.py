"""What a line says of a record: of what, on what, how fast, how good, and whether to believe it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.measurement_records import PlanRecord
from kenning_lego.core.opening import AnyRecord, kind_of
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.core.run_headers import TargetRecord
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.environment import board
from kenning_lego.reports.headline import Headline
from kenning_lego.reports.pipelines.findings import pipeline_findings
from kenning_lego.reports.run.findings import findings_of
from kenning_lego.reports.run.timings import timings_of
from kenning_lego.stats.summary import summarize
from kenning_lego.stats.verdict import SEVERITY

_MOST_NAMED = 3


def headline_of(record: AnyRecord) -> Headline:
    """Sum a record up in a line."""
    match record:
        case RunRecord():
            return _of_run(record)
        case PipelinesRecord():
            return _of_pipelines(record)
        case LoadRecord():
            return _of_loads(record)
        case OptimisationRecord():
            return _of_search(record)
        case TrainingRecord():
            return Headline(
                kind_of(record),
                record.created,
                network=record.network,
                board=board(record.host) or "",
                score=record.test_score,
                metric=record.metric,
            )
        case ConversionRecord():
            where, networks = board(record.host) or "", _some(record.networks)
            return Headline(kind_of(record), record.created, networks, where)
        case SelectionRecord():
            networks = _some(each.name for each in record.networks)
            return Headline(kind_of(record), record.created, networks)
        case ExportRecord():
            return _of_export(record)


def _of_run(record: RunRecord) -> Headline:
    main = findings_of(record, timings_of(record)).main
    summary = main.timing.summary if main.timing else None
    return Headline(
        kind_of(record),
        record.created,
        network=record.network.name,
        board=board(record.target.environment) or "",
        engine=engine_of(record.target),
        configuration="" if main.is_original else main.name,
        latency_ms=main.measured.latency_ms,
        latency_low_ms=_ms(summary.median_low) if summary else None,
        latency_high_ms=_ms(summary.median_high) if summary else None,
        score=main.measured.score,
        metric=record.network.metric,
        memory_bytes=main.memory_bytes,
        energy_mj=main.measured.energy_mj,
        verdict=_worst(record.plans),
    )


def _of_pipelines(record: PipelinesRecord) -> Headline:
    found = pipeline_findings(record)
    only = found[0] if len(found) == 1 else None
    headline = Headline(
        kind_of(record),
        record.created,
        network=_some(dict.fromkeys(each.network for each in record.pipelines)),
        board=board(record.target.environment) or "",
        engine=engine_of(record.target),
        score=only.correct.value if only else None,
        metric=only.record.metric if only else "",
    )
    return _timed(headline, only.record.frames.duration_ns if only else ())


def _of_loads(record: LoadRecord) -> Headline:
    headline = Headline(
        kind_of(record),
        record.created,
        network=record.network,
        board=board(record.target.environment) or "",
        engine=engine_of(record.target),
        configuration=record.configuration,
    )
    return _timed(headline, record.results[0].latencies_ns if len(record.results) == 1 else ())


def _of_search(record: OptimisationRecord) -> Headline:
    best = record.candidate(record.best)
    headline = Headline(
        kind_of(record),
        record.created,
        network=record.network.name,
        board=board(record.target.environment) or "",
        engine=engine_of(record.target),
        configuration=best.name if best else "",
        latency_ms=best.latency_ms if best else None,
        score=best.test_score if best else None,
        metric=record.network.metric,
        memory_bytes=best.size_bytes if best else None,
        verdict=_worst(record.plans),
    )
    timed = next((each for each in record.measurements if best and each.name == best.name), None)
    return _timed(headline, timed.samples_ns if timed else ())


def _of_export(record: ExportRecord) -> Headline:
    measured = record.measured
    return Headline(
        kind_of(record),
        record.created,
        network=record.network,
        configuration=record.configuration,
        latency_ms=measured.latency_ms if measured else None,
        score=measured.score if measured else None,
        metric=record.metric,
        memory_bytes=record.artifact.size_bytes,
    )


def engine_of(target: TargetRecord) -> str:
    """The engine that really ran, with its version."""
    return " ".join(str(target.used[key]) for key in ("engine", "version") if key in target.used)


def _timed(headline: Headline, durations_ns: Sequence[int]) -> Headline:
    """With the median of durations and its interval, if there are any."""
    if not durations_ns:
        return headline
    summary = summarize(durations_ns)
    return replace(
        headline,
        latency_ms=_ms(summary.median),
        latency_low_ms=_ms(summary.median_low),
        latency_high_ms=_ms(summary.median_high),
    )


def _ms(ns: float | None) -> float | None:
    return None if ns is None else ns / 1e6


def _worst(plans: Sequence[PlanRecord]) -> str:
    found = [each.verdict.name for each in plans if each.verdict is not None]
    return max(found, key=SEVERITY.index, default="")


def _some(names: Iterable[str]) -> str:
    every = list(names)
    left = len(every) - _MOST_NAMED
    return ", ".join(every[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")

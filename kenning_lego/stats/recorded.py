"""From a record's samples to what can be said of them, and back into the record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from kenning_lego.core.measurement_records import (
    MeasurementRecord,
    PercentileRecord,
    PlanRecord,
    VerdictRecord,
)
from kenning_lego.stats.bootstrap import median_of_rounds
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.percentiles import Percentile, percentiles
from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.verdict import Telemetry, Verdict, judge_plan


def rounds_of(measurement: MeasurementRecord) -> Rounds:
    """A recorded measurement's samples, in ns.

    Raises:
        UsageError: its rounds do not add up.
    """
    return Rounds.of(measurement.samples_ns, measurement.per_round)


def judge_records(
    measurements: Sequence[MeasurementRecord],
    *,
    name: str,
    stopped: str,
    asked: float,
    reference: str | None = None,
    telemetry: Telemetry | None = None,
    confidence: float = 0.95,
    elapsed_s: float | None = None,
) -> tuple[PlanRecord, tuple[MeasurementRecord, ...]]:
    """Judge a plan's measurements and put what was found into their records.

    Args:
        measurements: of everything in the plan; at least one with samples.
        name: of the plan.
        stopped: why it ended.
        asked: half-width of every median's interval that was asked for, as a share.
        reference: name of the reference block's measurement, if there is one.
        telemetry: what the sensors said.
        confidence: of all intervals.
        elapsed_s: wall time of the plan.

    Raises:
        UsageError: a measurement's rounds do not add up.
    """
    series = {each.name: rounds_of(each) for each in measurements if each.samples_ns}
    estimates = {key: median_of_rounds(rounds, confidence) for key, rounds in series.items()}
    items = {key: rounds for key, rounds in series.items() if key != reference} or series
    verdict = judge_plan(
        items,
        asked=asked,
        reference=series.get(reference) if reference is not None else None,
        telemetry=telemetry,
        confidence=confidence,
        estimates=estimates,
    )
    plan = PlanRecord(
        name=name,
        measurements=tuple(each.name for each in measurements),
        stopped=stopped,
        rounds=max((each.rounds for each in series.values()), default=0),
        asked_half_width=asked,
        confidence=confidence,
        half_width=_widest(estimates.values()) if len(series) == len(measurements) else None,
        at_pace_half_width=_widest(verdict.at_pace.values()),
        pace_half_width=_half_width(verdict.pace),
        elapsed_s=elapsed_s,
        verdict=_verdict_record(verdict.plan),
    )
    judged = tuple(
        _judged(
            each,
            series[each.name],
            estimates[each.name],
            verdict.at_pace.get(each.name),
            verdict.items.get(each.name),
            confidence,
        )
        if each.name in series
        else each
        for each in measurements
    )
    return plan, judged


def _judged(
    measurement: MeasurementRecord,
    rounds: Rounds,
    estimate: Estimate | None,
    apart: Estimate | None,
    verdict: Verdict | None,
    confidence: float,
) -> MeasurementRecord:
    found = {
        "interval_ns": None if estimate is None else (estimate.low, estimate.high),
        "half_width": _half_width(estimate),
        "at_pace_ns": None if apart is None else apart.value,
        "at_pace_half_width": _half_width(apart),
        "percentiles": tuple(map(_percentile_record, percentiles(rounds, confidence=confidence))),
        "verdict": None if verdict is None else _verdict_record(verdict),
    }
    return measurement.model_copy(update=found)


def _widest(estimates: Iterable[Estimate | None]) -> float | None:
    """Of the half-widths; None if there is none, or one is not known."""
    widths = [_half_width(each) for each in estimates]
    known = [width for width in widths if width is not None]
    return max(known) if known and len(known) == len(widths) else None


def _half_width(estimate: Estimate | None) -> float | None:
    if estimate is None or not math.isfinite(estimate.relative_half_width):
        return None
    return estimate.relative_half_width


def _percentile_record(found: Percentile) -> PercentileRecord:
    if found.estimate is None:
        return PercentileRecord(quantile=found.quantile, missing=found.missing)
    return PercentileRecord(
        quantile=found.quantile,
        value_ns=found.estimate.value,
        low_ns=found.estimate.low,
        high_ns=found.estimate.high,
    )


def _verdict_record(verdict: Verdict) -> VerdictRecord:
    return VerdictRecord(
        name=verdict.name,
        reasons=verdict.reasons,
        figures=dict(verdict.figures),
        remedy=verdict.remedy,
        ratios=verdict.ratios,
    )

"""From what a target measured to records with a verdict on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kenning_lego.core.measurement_records import MeasurementRecord, PlanRecord
from kenning_lego.core.plans import Measurement, PlanLog, Statistics
from kenning_lego.core.records import RunRecord
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.stats.board import board_during
from kenning_lego.stats.recorded import judge_records

REFERENCE = "reference"

Clock = Literal["target", "host", "in-process"]


def judge_statistics(
    statistics: Statistics,
    telemetry: Telemetry,
    plans: Sequence[str],
    asked: float,
    clock: Clock,
) -> tuple[tuple[PlanRecord, ...], tuple[MeasurementRecord, ...]]:
    """Records of plans and measurements, judged.

    Args:
        statistics: what the target measured in one session.
        telemetry: what its sensors told meanwhile.
        plans: names of the session's plans in order.
        asked: half-width of every median's interval that was asked for, as a share.
        clock: that the samples were taken with.
    """
    judged: list[PlanRecord] = []
    records: list[MeasurementRecord] = []
    planned = {(log.plan, log.cohort): log for log in statistics.plans}
    for (number, cohort), log in planned.items():
        own = [
            _record(each, clock, log)
            for each in statistics.measurements
            if (each.plan, each.cohort) == (number, cohort) and each.per_round
        ]
        name = plans[number] if cohort == 0 else f"{plans[number]}, part {cohort + 1}"
        reference = _reference(log, name, clock)
        if not any(each.samples_ns for each in own):
            records += own
            continue
        ends = log.round_ends_ns
        plan, measured = judge_records(
            [*own, *([reference] if reference else [])],
            name=name,
            stopped=log.stopped,
            asked=asked,
            reference=reference.name if reference else None,
            telemetry=board_during(telemetry, ends[0] / 1e9, ends[-1] / 1e9) if ends else None,
        )
        judged.append(plan)
        records += measured
    records += [
        _record(each, clock, None) for each in statistics.measurements if not each.per_round
    ]
    return tuple(judged), tuple(records)


def trusted(record: RunRecord) -> bool:
    """Whether nothing was found wrong with any plan of a run."""
    return all(plan.verdict is None or plan.verdict.name == "stable" for plan in record.plans)


def describe_verdict(plan: PlanRecord) -> str:
    """One line for people."""
    if plan.verdict is None:
        return f"{plan.name}: {plan.stopped} after {plan.rounds} rounds"
    verdict = plan.verdict
    words = verdict.name.replace("_", " ")
    said = f"{plan.name}: {words} ({plan.stopped.replace('_', ' ')} after {plan.rounds} rounds)"
    if not verdict.reasons:
        return said
    return f"{said}: {'; '.join(verdict.reasons)}; remedy: {verdict.remedy}{_ratios(plan)}"


def _ratios(plan: PlanRecord) -> str:
    """What still holds of a plan in which the machine did not keep its pace."""
    width = plan.at_pace_half_width
    if width is None or width > plan.asked_half_width:
        return ""
    return f"; ratios between its items are known to {width:.1%} or better"


def _record(measurement: Measurement, clock: Clock, log: PlanLog | None) -> MeasurementRecord:
    rounds = len(measurement.samples_ns) // measurement.per_round if measurement.per_round else 0
    return MeasurementRecord(
        name=measurement.name,
        clock=clock,
        samples_ns=measurement.samples_ns,
        stopped=measurement.stopped,
        per_round=(measurement.per_round,) * rounds if measurement.per_round > 1 else (),
        loops=measurement.loops,
        warmup=log.warmup_rounds * measurement.per_round if log else 0,
    )


def _reference(log: PlanLog, plan: str, clock: Clock) -> MeasurementRecord | None:
    if not log.reference_ns:
        return None
    return MeasurementRecord(
        name=f"{REFERENCE} of {plan}",
        clock=clock,
        samples_ns=log.reference_ns,
        stopped=log.stopped,
        per_round=(log.per_round,) * len(log.round_ends_ns),
        warmup=log.warmup_rounds * log.per_round,
    )

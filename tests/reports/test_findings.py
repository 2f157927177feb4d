"""What follows from a record."""

from __future__ import annotations

import pytest

from kenning_lego.core.measurement_records import MeasurementRecord, PercentileRecord
from kenning_lego.core.records import ConfigurationRecord, ScoreRecord
from kenning_lego.reports.run.findings import ORIGINAL, findings_of
from kenning_lego.reports.run.timings import timing_of, timings_of
from tests.reports.records import BLOCKS, resnet_record, whole_model_record

RECORD = resnet_record()


def test_the_original_is_the_sum_of_its_segments() -> None:
    findings = findings_of(RECORD, timings_of(RECORD))
    medians = [
        findings.timings[f"{segment.name}@original"].summary.median for segment in RECORD.segments
    ]
    assert findings.original.predicted.latency_ms == pytest.approx(sum(medians) / 1e6)
    assert findings.original.measured.latency_ms is None
    assert findings.original.score == RECORD.network.test_score


def test_a_sum_with_a_part_missing_is_not_made() -> None:
    record = RECORD.model_copy(update={"measurements": RECORD.measurements[1:]})
    assert findings_of(record, timings_of(record)).original.latency_ms is None


def test_one_segment_is_measured_and_not_predicted() -> None:
    record = whole_model_record()
    original = findings_of(record, timings_of(record)).original
    assert original.measured.latency_ms == pytest.approx(6.58, rel=0.01)
    assert original.predicted.latency_ms is None
    assert original.timing is not None


def test_the_main_outcome_is_the_first_budget_that_was_met() -> None:
    assert findings_of(RECORD, timings_of(RECORD)).main.name == "balanced"
    infeasible = RECORD.model_copy(update={"configurations": RECORD.configurations[-1:]})
    assert findings_of(infeasible, timings_of(infeasible)).main.name == ORIGINAL


def test_a_configuration_of_originals_stands_for_the_original() -> None:
    unbounded = ConfigurationRecord(
        name="unbounded",
        budget=RECORD.configurations[0].budget,
        feasible=True,
        variants={block: f"{block}@original" for block in BLOCKS},
        measured=ScoreRecord(latency_ms=6.6),
    )
    record = RECORD.model_copy(update={"configurations": (unbounded, *RECORD.configurations)})
    findings = findings_of(record, timings_of(record))
    assert findings.original.name == "unbounded"
    assert [each.name for each in findings.outcomes] == ["unbounded", "balanced", "fast", "careful"]


def test_the_error_is_prediction_minus_measurement() -> None:
    outcome = findings_of(RECORD, timings_of(RECORD)).main
    predicted, measured = outcome.predicted.latency_ms, outcome.measured.latency_ms
    assert predicted is not None
    assert measured is not None
    assert outcome.latency_error == pytest.approx(predicted / measured - 1)


def test_intervals_and_percentiles_are_those_of_the_verdict() -> None:
    measurement = MeasurementRecord(
        name="a",
        clock="target",
        samples_ns=tuple(range(1_000, 1_200)),
        stopped="precise",
        interval_ns=(1_050.0, 1_150.0),
        percentiles=(
            PercentileRecord(quantile=0.9, value_ns=1_180.0, low_ns=1_170.0, high_ns=1_190.0),
            PercentileRecord(quantile=0.99, missing=462),
        ),
    )
    summary = timing_of(measurement).summary
    assert (summary.median_low, summary.median_high) == (1_050.0, 1_150.0)
    assert summary.p90
    assert (summary.p90.low, summary.p90.high) == (1_170.0, 1_190.0)
    assert (summary.p95, summary.p99) == (None, None)

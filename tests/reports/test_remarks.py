"""Remarks tell what to know before relying on a run's figures."""

from __future__ import annotations

from kenning_lego.core.measurement_records import PlanRecord, VerdictRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.run.findings import findings_of
from kenning_lego.reports.run.remarks import remarks
from kenning_lego.reports.run.timings import timings_of
from tests.reports.records import resnet_record


def told(record: RunRecord) -> str:
    return " ".join(each.text for each in remarks(findings_of(record, timings_of(record))))


def test_parts_that_could_not_be_looked_into_are_named_with_the_reason() -> None:
    record = resnet_record()
    opaque = {"roi_heads": "decides on values of tensors"}
    network = record.network.model_copy(update={"opaque": opaque})
    assert "could not be looked into" not in told(record)
    assert "roi_heads (decides on values of tensors)" in told(
        record.model_copy(update={"network": network})
    )


def drifting(at_pace_half_width: float | None) -> RunRecord:
    plan = PlanRecord(
        name="variants",
        measurements=(),
        stopped="max_rounds",
        rounds=100,
        asked_half_width=0.01,
        at_pace_half_width=at_pace_half_width,
        verdict=VerdictRecord(name="drifting", reasons=("became 5 % slower",), remedy="wait"),
    )
    return resnet_record().model_copy(update={"plans": (plan,)})


def test_drifting_plan_says_whether_its_ratios_still_hold() -> None:
    assert "Ratios within it hold: at an even pace every median is known to 0.4" in told(
        drifting(0.004)
    )
    for width in (0.02, None):
        text = told(drifting(width))
        assert "became 5 % slower" in text
        assert "Ratios within it hold" not in text


def test_deployments_that_ran_meanwhile_are_a_warning() -> None:
    record = resnet_record()
    assert "pipelines of its own" not in told(record)
    target = record.target.model_copy(update={"deployments": ("door", "yard")})
    assert "pipelines of its own while it was measured: door, yard." in told(
        record.model_copy(update={"target": target})
    )

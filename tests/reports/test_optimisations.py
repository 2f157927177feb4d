"""The page of a search: a sound page that holds the record's figures."""

from __future__ import annotations

from typing import Any

import pytest

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.optimisation_records import (
    CandidateRecord,
    LimitsRecord,
    OptimisationRecord,
)
from kenning_lego.core.records import ArtifactRecord, NetworkRecord
from kenning_lego.core.run_headers import EnvironmentRecord, TargetRecord
from tests.reports.pages import Page, render


def candidate(name: str, **changes: Any) -> CandidateRecord:
    artifact = ArtifactRecord(
        digest="0" * 64,
        format="onnx",
        size_bytes=50_000,
        compiler="onnxruntime",
        compiler_version="1",
        gap_max_abs=0.0,
        gap_agreement=0.97,
    )
    known = {
        "name": name,
        "network": "original",
        "kind": "original",
        "ratio": 0.0,
        "flops": 1000,
        "parameters": 10,
        "compiler": {"type": "onnx"},
        "precision": "fp32",
        "runtime": "onnxruntime",
        "artifact": artifact,
        "state": "measured",
        "latency_ms": 1.5,
        "score": 0.9,
        "within_limits": True,
    }
    return CandidateRecord.model_validate({**known, **changes})


def record(*candidates: CandidateRecord, best: str | None) -> OptimisationRecord:
    return OptimisationRecord(
        id="1",
        created="2026-01-02T03:04:05+00:00",
        version="0",
        command=("kenning-lego", "optimize", "a b.yaml"),
        scenario={"goal": "score"},
        host=EnvironmentRecord(),
        target=TargetRecord(
            address="tcp://pi:5570", in_process=False, environment=EnvironmentRecord()
        ),
        network=NetworkRecord(
            name="net <1>",
            parameters=10,
            flops=1000,
            dataset="digits",
            metric="top1",
            test_score=0.91,
        ),
        scored_on=200,
        goal="score",
        limits=LimitsRecord(score=0.8, latency_ms=2.0, size_bytes=60_000),
        candidates=candidates,
        best=best,
        measurements=tuple(
            MeasurementRecord(
                name=each.name,
                clock="target",
                samples_ns=(1_500_000, 1_600_000),
                stopped="precise",
                interval_ns=(1.4e6, 1.6e6),
            )
            for each in candidates
            if each.state == "measured"
        ),
        durations_s={"compile and check": 2.0},
    )


FAILED = candidate(
    "int9",
    state="failed",
    stage="compile",
    reason="no such thing (take int8)",
    artifact=None,
    latency_ms=None,
    score=None,
    within_limits=False,
)


@pytest.fixture(scope="module")
def page() -> Page:
    several = (
        candidate("plain & simple", undominated=True, test_score=0.905),
        candidate("slow", latency_ms=2.5, within_limits=False),
        FAILED,
    )
    return Page(render(record(*several, best="plain & simple")))


def test_the_page_is_sound(page: Page) -> None:
    page.check()
    assert len(page.drawings()) == 4


def test_the_page_holds_the_figures(page: Page) -> None:
    said = page.text.replace("\N{NO-BREAK SPACE}", " ")
    answer = "Best in score: plain & simple: 1.50 ms, 50.0 kB, 90.00 %, 90.50 % on the test part."
    assert answer in said
    assert "3 candidates · digits · top1 ≥ 0.8, latency ≤ 2 ms, size ≤ 60.0 kB" in said
    assert "beyond a limit" in said
    assert "no such thing (take int8)" in said
    assert "on 200 images of the validation part" in said


def test_a_search_without_any_result_has_a_page() -> None:
    page = Page(render(record(FAILED, best=None)))
    page.check()
    assert "No candidate keeps the limits." in page.text
    assert not page.drawings()


def test_a_best_one_that_is_no_candidate_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the candidates"):
        record(FAILED, best="other")

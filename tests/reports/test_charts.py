"""Charts draw what the record holds, and nothing where it holds nothing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.run.findings import Findings, findings_of
from kenning_lego.reports.run.latency_chart import latency_chart
from kenning_lego.reports.run.runs_chart import runs_chart
from kenning_lego.reports.run.timings import timings_of
from kenning_lego.reports.run.tradeoff_charts import score_latency_chart, variants_chart
from tests.reports.records import resnet_record, whole_model_record

RECORD = resnet_record()
_SVG = "{http://www.w3.org/2000/svg}"


def findings(record: RunRecord) -> Findings:
    return findings_of(record, timings_of(record))


def parsed(svg: str | None) -> ElementTree.Element:
    assert svg is not None
    return ElementTree.fromstring(svg)


def marks(svg: str | None, class_: str) -> list[ElementTree.Element]:
    return [each for each in parsed(svg).iter() if class_ in (each.get("class") or "").split()]


def words(svg: str | None) -> list[str]:
    return [each.text or "" for each in parsed(svg).iter(f"{_SVG}text")]


@pytest.mark.parametrize("width", [350.0, 1080.0])
def test_every_variant_has_its_dot_and_a_faster_one_stands_further_left(width: float) -> None:
    chart = parsed(latency_chart(findings(RECORD), "chart", width))
    dots = [float(each.get("cx", "nan")) for each in chart.iter(f"{_SVG}circle")]
    assert len(dots) == 42
    assert all(0 < x < width for x in dots)
    block = dots[1:6]
    assert block == sorted(block, reverse=True)


def test_predictions_are_hollow_measurements_filled_and_both_connected() -> None:
    chart = score_latency_chart(findings(RECORD), "chart", 500.0)
    # The original was predicted only.
    assert len(marks(chart, "predicted")) == 4
    assert len(marks(chart, "measured")) == 3
    assert len(marks(chart, "link")) == 3
    assert {"original", "balanced", "fast", "careful"} <= set(words(chart))


def test_names_that_would_not_fit_become_numbers() -> None:
    configurations = tuple(
        each.model_copy(update={"name": f"a-rather-long-name-{each.name}"})
        for each in RECORD.configurations
    )
    record = RECORD.model_copy(update={"configurations": configurations})
    chart = score_latency_chart(findings(record), "chart", 500.0)
    assert "2" in words(chart)
    assert not any(word.startswith("a-rather") for word in words(chart))


def test_long_block_names_stand_above_their_rows() -> None:
    segments = tuple(
        each.model_copy(update={"name": f"features.inverted_residual.{each.name}"})
        for each in RECORD.segments
    )
    record = RECORD.model_copy(update={"segments": segments})
    assert "features.inverted_residual.layer1.0" in words(
        latency_chart(findings(record), "chart", 350.0)
    )


def test_originals_are_no_points_among_the_variants() -> None:
    chart = variants_chart(findings(RECORD), "chart", 500.0)
    assert len(marks(chart, "bubble")) == 32
    assert not marks(chart, "shade-0")


def test_crowded_runs_share_marks() -> None:
    def with_runs(count: int) -> str | None:
        measurement = MeasurementRecord(
            name=whole_model_record().measurements[0].name,
            clock="target",
            samples_ns=tuple(6_000_000 + 1_000 * (index % 7) for index in range(count)),
            stopped="precise",
        )
        record = whole_model_record().model_copy(update={"measurements": (measurement,)})
        return runs_chart(findings(record), "chart", 350.0)

    few, many = with_runs(50), with_runs(50_000)
    assert (marks(few, "runs")[0].get("d") or "").count("M") == 50
    assert not marks(few, "range")
    assert (marks(many, "runs")[0].get("d") or "").count("M") <= 100
    assert marks(many, "range")
    assert with_runs(3) is None


def test_charts_are_absent_with_their_data() -> None:
    bare = RECORD.model_copy(update={"measurements": (), "segments": ()})
    names = {each.name for each in document_of(bare).charts()}
    assert not {"latency", "runs"} & names
    charts = [each.name for each in document_of(whole_model_record()).charts()]
    assert charts == ["spread-1", "runs"]

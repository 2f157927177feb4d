"""Predictions stand beside measurements, quantity by quantity."""

from __future__ import annotations

import pytest

from kenning_lego.core.records import RunRecord
from kenning_lego.reports.document.tables import Table
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.run.agreement import Pair, latencies, memories, scores
from kenning_lego.reports.run.agreement_chart import Quantity, agreement_chart
from kenning_lego.reports.run.findings import Findings, findings_of
from kenning_lego.reports.run.timings import timings_of
from tests.reports.pages import Page, render
from tests.reports.records import composed_record, resnet_record, whole_model_record
from tests.reports.test_distributions import marks

RECORD = composed_record()


def findings(record: RunRecord) -> Findings:
    return findings_of(record, timings_of(record))


def table_of(record: RunRecord, name: str) -> Table:
    return next(each for each in document_of(record).tables() if each.name == name)


def test_every_configuration_and_every_trial_is_compared() -> None:
    pairs = latencies(findings(RECORD))
    assert [each.name for each in pairs if each.kind == "configuration"] == [
        "original",
        "balanced",
        "fast",
        "careful",
    ]
    assert sum(each.kind == "trial" for each in pairs) == 6
    assert sum(each.kind == "trial" for each in scores(findings(RECORD))) == 8


def test_residuals_are_prediction_minus_measurement() -> None:
    pair = Pair("one", "configuration", 9.0, 10.0)
    assert pair.residual == -1.0
    assert pair.error == pytest.approx(-0.1)
    assert Pair("nothing", "configuration", 9.0, 0.0).error is None


def test_the_size_of_artifacts_needs_no_prediction_and_memory_does() -> None:
    assert memories(findings(RECORD)) == ()
    loaded = RECORD.model_copy(update={"memory": "rss"})
    assert len(memories(findings(loaded))) == 3


def test_the_table_has_a_group_for_each_quantity() -> None:
    table = table_of(RECORD, "predictions")
    assert [each.title for each in table.groups] == ["latency, ms", "top1, %"]
    row = dict(table.values(table.groups[0].rows[1]))
    assert row["quantity"] == "latency"
    assert row["kind"] == "configuration"
    assert isinstance(row["residual"], float)
    assert isinstance(row["measured_low"], float)


@pytest.mark.parametrize("spread", [1e-4, 0.02, 0.3, 3.0])
def test_bands_and_points_stay_within_the_frame(spread: float) -> None:
    pairs = (
        Pair("a", "configuration", 1e6, 1e6 * (1 + spread), (0.999e6, 1e6 * (1 + 1.1 * spread))),
        Pair("b", "trial", 1e6 * (1 + spread), 1e6),
    )
    chart = agreement_chart(Quantity("latency", "latency", "ms", 1e6, pairs), "chart", 500.0)
    assert len(marks(chart, "within")) == 2
    for band in marks(chart, "within"):
        points = (band.get("d") or "").strip("Mz").split("L")
        for x, y in (each.split() for each in points):
            assert 50 <= float(x) <= 500
            assert 29 <= float(y) <= 410


def test_without_predictions_there_is_no_section() -> None:
    page = Page(render(whole_model_record()))
    assert "predictions" not in page.ids
    page = Page(render(resnet_record()))
    page.check()
    assert "predictions" in page.ids


def test_bounds_that_conflict_are_told() -> None:
    record = resnet_record()
    tiny = record.configurations[-1].model_copy(
        update={"conflicts": (("latency",), ("memory", "score"))}
    )
    record = record.model_copy(update={"configurations": (*record.configurations[:-1], tiny)})
    text = Page(render(record)).text
    assert "Too tight by itself: latency. Not to be kept together: memory, score." in text

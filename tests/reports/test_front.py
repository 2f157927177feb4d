"""A run's front in its report."""

from __future__ import annotations

import re

from kenning_lego.core.records import FrontRecord
from kenning_lego.reports.run.findings import findings_of
from kenning_lego.reports.run.front import FrontPoint, best_along, front_points, front_said
from kenning_lego.reports.run.timings import timings_of
from kenning_lego.reports.run.tradeoff_charts import score_latency_chart, score_size_chart
from tests.reports.records import resnet_record

RECORD = resnet_record()
FRONT = FrontRecord(
    points=5,
    costs=(-900_000_000, 0, 20_000_000, 90_000_000),
    latencies_ps=(6_000_000_000, 5_000_000_000, 3_000_000_000, 2_000_000_000),
    memory_bytes=(40_000_000, 30_000_000, 12_000_000, 9_000_000),
)
WITH_FRONT = RECORD.model_copy(
    update={
        "front": FRONT,
        "network": RECORD.network.model_copy(update={"score_limits": (0.0, 1.0)}),
    }
)


def test_points_are_predicted_scores_within_what_the_metric_can_be() -> None:
    points = front_points(WITH_FRONT)
    assert points[0].score == 1.0
    assert points[1].score == RECORD.network.test_score
    assert points[3].score < points[2].score
    assert points[2].latency_ns == 3_000_000
    assert front_points(RECORD) == ()


def test_best_along_a_figure_only_gets_better() -> None:
    points = [FrontPoint(1, 0, 0.5), FrontPoint(2, 0, 0.4), FrontPoint(2, 0, 0.7)]
    assert best_along(points, lambda p: p.latency_ns, higher=True) == [(1, 0.5), (2, 0.7)]
    assert best_along(points, lambda p: p.latency_ns, higher=False) == [(1, 0.5), (2, 0.4)]


def test_charts_draw_the_front_beneath_the_configurations() -> None:
    findings = findings_of(WITH_FRONT, timings_of(WITH_FRONT))
    for chart in (score_latency_chart, score_size_chart):
        drawing = chart(findings, "c", 516.0)
        assert drawing is not None
        (dots,) = re.findall(r'<path d="([^"]*)" class="front"/>', drawing)
        assert dots.count("M") == 4
        assert drawing.index('class="best"') < drawing.index('class="point')
    plain = score_latency_chart(findings_of(RECORD, timings_of(RECORD)), "c", 516.0)
    assert plain is not None
    assert 'class="front"' not in plain


def test_caption_says_how_many_there_are() -> None:
    assert "the 5 undominated configurations, 4 of them drawn" in front_said(
        WITH_FRONT, front_points(WITH_FRONT)
    )
    assert front_said(RECORD, ()) == ""

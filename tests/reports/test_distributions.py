"""Distributions are drawn on one scale, with what the record says of drift and outliers."""

from __future__ import annotations

import random
from xml.etree import ElementTree

from kenning_lego.core.measurement_records import MeasurementRecord, VerdictRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.drawing.in_order import InOrder, in_order_chart
from kenning_lego.reports.run.findings import findings_of
from kenning_lego.reports.run.runs_chart import runs_chart
from kenning_lego.reports.run.spread_chart import spread_chart
from kenning_lego.reports.run.timings import Timing, timing_of, timings_of
from tests.reports.records import composed_record, resnet_record, samples, whole_model_record


def marks(svg: str | None, class_: str) -> list[ElementTree.Element]:
    assert svg is not None
    found = ElementTree.fromstring(svg).iter()
    return [each for each in found if class_ in (each.get("class") or "").split()]


def words(svg: str | None) -> str:
    assert svg is not None
    return " ".join(ElementTree.fromstring(svg).itertext())


def timing(name: str, median_ns: float, count: int = 400) -> Timing:
    rng = random.Random(name)
    measurement = MeasurementRecord(
        name=name, clock="target", samples_ns=samples(rng, median_ns, count), stopped="precise"
    )
    return timing_of(measurement)


def test_medians_stand_in_the_order_of_their_latencies_on_one_scale() -> None:
    chart = spread_chart([timing("slow", 9e6), timing("fast", 3e6)], "chart", 500.0)
    slow, fast = (float(each.get("x1", "nan")) for each in marks(chart, "centre"))
    assert 0 < fast < slow < 500
    assert len(marks(chart, "hump")) == len(marks(chart, "interval")) == 2


def test_percentiles_are_only_marked_where_the_runs_are_enough() -> None:
    few, many = timing("few", 5e6, 20), timing("many", 5e6, 2000)
    assert not marks(spread_chart([few], "chart", 500.0), "percentile")
    assert len(marks(spread_chart([many], "chart", 500.0), "percentile")) == 3
    assert spread_chart([timing("three", 5e6, 3)], "chart", 500.0) is None


def test_runs_that_are_slower_than_the_scale_are_counted() -> None:
    slow = MeasurementRecord(
        name="outliers",
        clock="target",
        samples_ns=(*samples(random.Random(1), 5e6, 500), 90_000_000, 95_000_000),
        stopped="precise",
    )
    said = words(spread_chart([timing_of(slow)], "chart", 1080.0))
    assert "runs beyond, to 95.0 ms" in said.replace("\N{NO-BREAK SPACE}", " ")


def test_what_other_clocks_told_is_not_on_one_scale() -> None:
    record = composed_record()
    names = ("original@fused", "balanced@fused")
    measurements = tuple(
        each.model_copy(update={"clock": "host"}) if each.name in names else each
        for each in record.measurements
    )
    record = record.model_copy(update={"measurements": measurements})
    charts = {each.name: each for each in document_of(record).charts()}
    assert {"spread-1", "spread-2"} <= set(charts)
    assert "host's clock" in charts["spread-2"].caption
    assert "original@fused" in charts["spread-2"].wide
    assert "original@fused" not in charts["spread-1"].wide


def test_runs_that_others_are_judged_by_are_in_the_table_alone() -> None:
    document = document_of(composed_record())
    (table,) = (each for each in document.tables() if each.name == "distributions")
    named = [row[0].text for _, row in table.rows()]
    assert named[-6:] == [f"composed-{number}" for number in range(1, 7)]
    chart = next(each for each in document.charts() if each.name == "spread-1")
    assert "composed-" not in chart.wide


def _with_verdict(reasons: tuple[str, ...]) -> RunRecord:
    record = whole_model_record()
    verdict = VerdictRecord(
        name="drifting",
        reasons=reasons,
        figures={"step": 0.113, "step_at": 0.36, "all_together_step": 0.2},
    )
    first = record.measurements[0].model_copy(update={"verdict": verdict, "warmup": 30})
    return record.model_copy(update={"measurements": (first,)})


def test_a_step_that_the_verdict_tells_of_is_marked_where_it_was() -> None:
    record = _with_verdict(("it became 11.3% slower after 36% of the rounds and stayed so",))
    chart = runs_chart(findings_of(record, timings_of(record)), "chart", 1080.0)
    (mark,) = marks(chart, "change")
    assert 0.36 * 1080 - 20 < float(mark.get("x1", "nan")) < 0.36 * 1080 + 60
    assert "slower from here" in words(chart)
    caption = next(each for each in document_of(record).charts() if each.name == "runs").caption
    assert "30 runs of warm-up were dropped" in caption
    assert "Verdict: drifting: it became 11.3% slower" in caption


def test_a_step_that_the_verdict_does_not_tell_of_is_not_marked() -> None:
    record = _with_verdict(("its median is known to 2.1%, asked were 1.0%",))
    assert not marks(runs_chart(findings_of(record, timings_of(record)), "chart", 500.0), "change")


def test_a_few_outliers_do_not_flatten_the_others() -> None:
    ordinary = samples(random.Random(2), 5e6, 600)
    both = (*ordinary, 900_000_000)
    shown = InOrder("Runs", "run", both, sorted(both))
    chart = in_order_chart(shown, "chart", 1080.0)
    assert len(marks(chart, "beyond")) == 1
    heights = [
        float(each.split()[1].removesuffix("h0"))
        for each in (marks(chart, "runs")[0].get("d") or "").split("M")[1:]
    ]
    assert max(heights) - min(heights) > 40


def test_the_interval_of_the_median_is_a_band() -> None:
    record = resnet_record()
    assert marks(runs_chart(findings_of(record, timings_of(record)), "chart", 500.0), "band-of")

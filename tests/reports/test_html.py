"""The page says what the record holds, in whatever state the record is."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.documents import document_of
from tests.reports.pages import Page, render
from tests.reports.records import composed_record, resnet_record, whole_model_record

RECORD = resnet_record()
HOSTILE = """<script>alert("x")</script>'"><img src=http://x/y> {{ 7 * 7 }} &amp; \N{SNOWMAN}"""

Change = dict[str, Any]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(RECORD))


def test_the_page_is_sound_and_small(page: Page) -> None:
    page.check()
    assert len(page.source.encode()) < 1_000_000
    charts = {each.name for each in document_of(RECORD).charts()}
    assert charts == {
        *("score-latency", "score-size", "variants", "prediction", "latency", "runs"),
        *("agreement-latency", "agreement-score", "network-1", "network-2", "spread-1"),
    }
    assert len(page.drawings()) == 2 * len(charts)


def test_the_same_record_gives_the_same_page(page: Page) -> None:
    assert render(resnet_record()) == page.source


def test_captions_keep_figures_and_their_per_cent_signs_in_one_line(page: Page) -> None:
    captions = re.findall("<figcaption>(.*?)</figcaption>", page.source)
    assert any("95\N{NO-BREAK SPACE}% interval" in each for each in captions)
    assert not any(" %" in each for each in captions)


def test_the_summary_answers_how_fast_how_sure_how_accurate_and_on_what(page: Page) -> None:
    summary = page.text[page.text.index("Summary") : page.text.index("A bar is a block")]
    for expected in (
        "Configuration “balanced” (latency ≤ 4.55 ms, memory ≤ 25 MB) of resnet18 runs in 4.58 ms",
        "(known to within",
        "on Raspberry Pi 5 Model B Rev 1.0",
        "times as fast as the original",
        "86.94 %",
        "95 % interval",
        "120 runs",
        "1 configuration of 4 exceeded the budget when measured: balanced (latency by",
        "1 budget of 4 cannot be met: tiny.",
        "1 of 45 measurements ended when the time was up",
        "measured on the target's own clock around the engine's call",
    ):
        assert expected in summary


def test_every_block_variant_and_configuration_is_in_the_tables(page: Page) -> None:
    for segment in RECORD.segments:
        assert f">{segment.name}</span>" in page.source
        for variant in segment.variants:
            assert variant.name in page.titles
    for configuration in RECORD.configurations:
        assert f'<th scope="row">{configuration.name}' in page.source
    assert "No composition meets latency ≤ 1 ms and memory ≤ 2 MB" in page.text
    assert "memory ≤ 14 MB" in page.text


def test_energy_is_a_column_only_where_it_was_measured(page: Page) -> None:
    assert "Energy" not in page.text
    first, *others = RECORD.configurations
    assert first.measured is not None
    told = first.measured.model_copy(
        update={
            "energy_mj": 12.34,
            "energy_low_mj": -0.5,
            "energy_high_mj": 25.2,
            "energy_source": "power_mw.VDD_IN",
        }
    )
    found = _changed(configurations=(first.model_copy(update={"measured": told}), *others))
    told_page = Page(render(found))
    told_page.check()
    assert ">12.3<" in told_page.source
    assert "\N{MINUS SIGN}0.5\N{EN DASH}25.2" in told_page.text
    assert "from power_mw.VDD_IN" in told_page.text
    rows = re.findall(r"<tr.*?</tr>", told_page.source, re.DOTALL)
    (row,) = [each for each in rows if f'scope="row">{others[0].name}' in each and "strip" in each]
    assert row.rstrip().endswith("not measured</span></span></td></tr>")  # no zero


def test_machines_command_and_scenario_are_there(page: Page) -> None:
    for expected in (
        "CPUExecutionProvider",
        "8.32 GB",
        "63.9 °C",
        "AMD Ryzen 7 5800X",
        "6 min 52 s",
        "kenning-lego test scenario.yaml --target tcp://pi5.local:5570",
        "budgets: - {latency_ms: 4.55, memory_mb: 25}",
    ):
        assert expected in page.text


def test_what_was_not_measured_is_a_dash_and_not_a_zero() -> None:
    variants = [
        variant.model_copy(update={"measurement": None, "accuracy_cost": None})
        for variant in RECORD.segments[1].variants
    ]
    segment = RECORD.segments[1].model_copy(update={"variants": tuple(variants)})
    record = _changed(segments=(RECORD.segments[0], segment), measurements=(), configurations=())
    page = Page(render(record))
    page.check()
    assert page.titles.count("not measured") >= 4 * len(variants)
    assert "No latency was measured" in page.text
    assert not re.search(r'<td class="number strong">0', page.source)


def test_a_whole_model_needs_no_blocks_and_no_configurations() -> None:
    page = Page(render(whole_model_record()))
    page.check()
    assert re.search(
        r"resnet18 runs in 6.58 ms \(known to within 0.\d %\) on Raspberry Pi 5 Model B Rev 1.0",
        page.text,
    )
    assert "99th percentile" in page.text
    assert "Accuracy cost" not in page.text
    assert "configurations" not in page.ids
    assert len(page.drawings()) == 2 * 2


def test_chain_fused_and_whole_stand_beside_each_other() -> None:
    page = Page(render(composed_record()))
    page.check()
    section = page.text[page.text.index("Chain over fused") :]
    for expected in (
        "original 6.500 6.620 6.780 6.5",
        "balanced 4.410",
        "Exported in one piece, the original takes 6.5",
        "as a chain +3.",
    ):
        assert expected in section


def test_errors_of_sums_are_shown_before_and_after_the_fit() -> None:
    page = Page(render(composed_record()))
    for expected in (
        "over 6 composed runs",
        "sum of the blocks' medians 1.97 % 3.12 % \N{MINUS SIGN}1.89 %",
        "with fitted terms 0.34 % 0.61 % +0.02 %",
        "Fitted to 6 composed runs: +12.0 µs for every segment.",
        "Predicted latency is the sum of the blocks' medians with what was fitted",
        "sum of block medians and fitted terms against the composed network",
    ):
        assert expected in page.text


def test_errors_of_predicted_quality_are_shown_beside_those_of_mean_losses() -> None:
    page = Page(render(composed_record()))
    page.check()
    for expected in (
        "Error of predicted top1 over 8 random configurations",
        "costs of this record 0.27 points 0.60 points \N{MINUS SIGN}0.24 points",
        "mean losses, added up 0.75 points 1.19 points",
        "in bfloat16",
    ):
        assert expected in page.text


def test_without_a_fit_the_page_says_that_nothing_is_added() -> None:
    record = composed_record()
    assert record.additivity is not None
    plain = record.additivity.model_copy(update={"fitted_errors": None, "boundary_ms": 0.0})
    page = Page(render(record.model_copy(update={"additivity": plain})))
    page.check()
    assert "6 composed runs gave no reason to add anything to the sums." in page.text
    assert "with fitted terms" not in page.text


def test_without_fused_forms_and_composed_runs_nothing_is_said_of_them(page: Page) -> None:
    assert "composition" not in page.ids


def test_requests_of_a_live_pipeline_are_in_the_distributions() -> None:
    requests = MeasurementRecord(
        name="process", clock="host", samples_ns=(5_000_000, 5_100_000), stopped="requests"
    )
    page = Page(render(_changed(measurements=(*RECORD.measurements, requests))))
    page.check()
    assert "process 2 5.050" in page.text
    assert "too few runs" in page.titles
    assert "include the way to the target" in page.text


def test_text_of_others_is_shown_and_never_run() -> None:
    segment = RECORD.segments[1]
    variant = segment.variants[0].model_copy(update={"name": HOSTILE})
    page = Page(
        render(
            _changed(
                id=HOSTILE,
                version=HOSTILE,
                created=HOSTILE,
                command=("kenning-lego", HOSTILE),
                scenario={HOSTILE: [HOSTILE]},
                network=RECORD.network.model_copy(update={"name": HOSTILE, "metric": HOSTILE}),
                segments=(
                    RECORD.segments[0],
                    segment.model_copy(
                        update={"name": HOSTILE, "variants": (variant, *segment.variants[1:])}
                    ),
                    *RECORD.segments[2:],
                ),
                configurations=tuple(
                    each.model_copy(update={"name": f"{HOSTILE} {index}"})
                    for index, each in enumerate(RECORD.configurations)
                ),
                durations_s={HOSTILE: 1.0},
                target=RECORD.target.model_copy(
                    update={"address": HOSTILE, "used": {HOSTILE: HOSTILE}}
                ),
            )
        )
    )
    page.check()
    assert "img" not in page.tags
    assert "{{ 7 * 7 }}" in page.text
    assert page.source.count("<script") == 1


@st.composite
def thinned(draw: st.DrawFn) -> RunRecord:
    """The sample with parts of it missing, as a run that was cut short leaves it."""
    gone = draw(st.sets(st.sampled_from(sorted(_PARTS))))
    changes: Change = {}
    for part in sorted(gone):
        changes |= _PARTS[part]
    record = _changed(**changes)
    kept = draw(st.integers(min_value=0, max_value=3))
    if "few segments" in gone:
        record = record.model_copy(update={"segments": record.segments[:kept]})
    if "some measurements" in gone:
        keep = draw(st.sets(st.integers(min_value=0, max_value=44)))
        measurements = [each for index, each in enumerate(record.measurements) if index in keep]
        record = record.model_copy(update={"measurements": tuple(measurements)})
    if "few samples" in gone:
        measurements = [
            each.model_copy(update={"samples_ns": each.samples_ns[:kept]})
            for each in record.measurements
        ]
        record = record.model_copy(update={"measurements": tuple(measurements)})
    return record


@settings(max_examples=25)
@given(thinned())
def test_any_part_may_be_missing(record: RunRecord) -> None:
    Page(render(record)).check()


@pytest.mark.parametrize("metric", ["rmse", "top1"])
def test_a_metric_that_is_no_share_has_no_percent(metric: str) -> None:
    network = RECORD.network.model_copy(
        update={
            "metric": metric,
            "higher_is_better": False,
            "test_score": 12.5,
            "validation_score": 12.0,
        }
    )
    page = Page(render(_changed(network=network, configurations=())))
    page.check()
    assert f"scores 12.50 {metric}" in page.text


def test_a_missing_jinja_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingDependencyError, match=r"kenning-lego\[reports\]"):
        render(RECORD)


def _changed(**changes: Any) -> RunRecord:
    return RECORD.model_copy(update=changes)


def _without_costs() -> Change:
    segments = tuple(
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(update={"accuracy_cost": None}) for each in segment.variants
                )
            }
        )
        for segment in RECORD.segments
    )
    return {"segments": segments}


def _without(side: str) -> Change:
    return {
        "configurations": tuple(
            each.model_copy(update={side: None}) for each in RECORD.configurations
        )
    }


_PARTS: dict[str, Change] = {
    "accuracy costs": _without_costs(),
    "command": {"command": ()},
    "configurations": {"configurations": ()},
    "durations": {"durations_s": {}},
    "few samples": {},
    "few segments": {},
    "host": {"host": type(RECORD.host)()},
    "measured": _without("measured"),
    "measurements": {"measurements": ()},
    "predicted": _without("predicted"),
    "scenario": {"scenario": {}},
    "scores": {
        "network": RECORD.network.model_copy(
            update={"validation_score": None, "test_score": None, "samples": {}}
        )
    },
    "some measurements": {},
    "target": {
        "target": RECORD.target.model_copy(
            update={"environment": type(RECORD.host)(), "used": {}, "in_process": True}
        )
    },
}

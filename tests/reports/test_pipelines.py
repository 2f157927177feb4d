"""What pipelines did, as figures and as a page."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kenning_lego.core.errors import WorkspaceError
from kenning_lego.core.opening import open_as
from kenning_lego.core.pipeline_records import (
    NO_ANSWER,
    BoundsRecord,
    FramesRecord,
    LoadedRecord,
    PipelineEventRecord,
    PipelineRecord,
    PipelinesRecord,
    RunConfigurationRecord,
)
from kenning_lego.core.records import BudgetRecord, ScoreRecord
from kenning_lego.reports.pipelines.findings import PipelineFindings, pipeline_findings
from kenning_lego.reports.pipelines.traces import latency_trace, trace_chart
from kenning_lego.scenarios import render_report
from tests.reports.pages import Page, render
from tests.reports.pipeline_records import pipelines_record

RECORD = pipelines_record()
FULL = RunConfigurationRecord(
    variants={"a": "a@original"}, predicted=ScoreRecord(latency_ms=2.0, score=0.9)
)
SMALL = RunConfigurationRecord(
    variants={"a": "a@0.8"}, predicted=ScoreRecord(latency_ms=1.0, score=0.5)
)


def found(
    durations_ms: list[float],
    ran: list[int],
    *,
    bounds: tuple[BoundsRecord, ...] = (),
    loaded: tuple[LoadedRecord, ...] = (),
    correct: tuple[int, ...] = (),
    events: tuple[PipelineEventRecord, ...] = (),
    grace: int = 0,
) -> PipelineFindings:
    """Findings of frames that began every 10 ms."""
    count = len(durations_ms)
    pipeline = PipelineRecord(
        name="p",
        network="n",
        metric="top1",
        source="random",
        variants=(),
        configurations=(FULL, SMALL),
        bounds=bounds,
        loaded=loaded,
        frames=FramesRecord(
            number=tuple(range(count)),
            begin_ns=tuple(number * 10_000_000 for number in range(count)),
            duration_ns=tuple(round(each * 1e6) for each in durations_ms),
            configuration=tuple(ran),
            correct=correct,
        ),
    )
    record = RECORD.model_copy(
        update={
            "pipelines": (pipeline,),
            "events": events,
            "grace_frames": grace,
            "duration_s": count / 100,
        }
    )
    (findings,) = pipeline_findings(record)
    return findings


def bound(at_s: float, latency_ms: float | None = None, memory: int | None = None) -> BoundsRecord:
    return BoundsRecord(at_s=at_s, budget=BudgetRecord(latency_ms=latency_ms, memory_bytes=memory))


def test_frames_are_held_against_the_bound_that_was_in_force_when_they_began() -> None:
    findings = found(
        [2.0, 2.0, 2.0, 1.0], [0, 0, 0, 1], bounds=(bound(0.0, 3.0), bound(0.015, 1.5))
    )
    assert (findings.within.part, findings.within.whole) == (3, 4)


def test_frames_of_grace_count_neither_way() -> None:
    ran = [0] * 6
    slow = [9.0, 1.0, 1.0, 9.0, 9.0, 1.0]
    bounds = (bound(0.0, 5.0),)
    load = PipelineEventRecord(at_s=0.025, pipeline="", kind="load", text="a core is taken")
    findings = found(slow, ran, bounds=bounds, events=(load,), grace=2)
    # The first two, the one under way as the load came, and two more.
    assert (findings.within.part, findings.within.whole) == (1, 1)


def test_frames_without_a_bound_are_not_counted() -> None:
    assert found([2.0], [0]).within.value is None
    assert found([2.0], [0], bounds=(bound(0.0, memory=5),)).within.whole == 0


def test_switches_answers_and_scores_are_counted_by_frame() -> None:
    findings = found([2.0, 1.0, 1.0, 2.0], [0, 1, 1, 0], correct=(1, 0, NO_ANSWER, 1))
    assert findings.switches == 2
    assert (findings.correct.part, findings.correct.whole) == (2, 3)
    assert findings.score == pytest.approx(0.7)
    assert [(used.index, used.frames) for used in findings.used] == [(0, 2), (1, 2)]
    assert findings.used[1].correct.whole == 1


def test_time_over_the_bound_on_memory_is_added_up() -> None:
    findings = found(
        [1.0] * 10,
        [0] * 10,
        bounds=(bound(0.0, memory=100), bound(0.04, memory=50)),
        loaded=(
            LoadedRecord(at_s=0.0, memory_bytes=90),
            LoadedRecord(at_s=0.07, memory_bytes=40),
        ),
    )
    assert findings.over_memory_s == pytest.approx(0.03)


def test_record_whose_columns_do_not_fit_is_refused() -> None:
    with pytest.raises(ValidationError):
        FramesRecord(number=(0, 1), begin_ns=(0,), duration_ns=(1,), configuration=(0,))
    with pytest.raises(ValidationError):
        FramesRecord(number=(1, 1), begin_ns=(0, 1), duration_ns=(1, 1), configuration=(0, 0))
    with pytest.raises(ValidationError):
        found([1.0], [2])


def test_page_is_sound_and_shows_every_pipeline() -> None:
    page = Page(render(RECORD))
    assert len(page.ids) == len(set(page.ids))
    assert set(page.references) <= set(page.ids)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    for said in (
        "camera",
        "door",
        "resnet56",
        "Raspberry Pi 5",
        "3 000",
        "Configurations that ran",
    ):
        assert said in page.text
    assert page.headings[0] == 1


def test_pipeline_without_frames_or_bounds_has_a_page_too() -> None:
    empty = RECORD.pipelines[0].model_copy(
        update={"frames": FramesRecord(), "bounds": (), "loaded": (), "variants": ()}
    )
    Page(render(RECORD.model_copy(update={"pipelines": (empty,), "events": ()})))


@settings(max_examples=40)
@given(
    st.lists(st.floats(1e-4, 1e6), min_size=1, max_size=700),
    st.none() | st.floats(1e-4, 1e9),
    st.sampled_from([350.0, 1080.0]),
)
def test_whatever_frames_took_the_drawing_is_sound(
    durations: list[float], latency_ms: float | None, width: float
) -> None:
    findings = found(durations, [0] * len(durations), bounds=(bound(0.0, latency_ms),))
    trace = latency_trace(findings)
    assert trace is not None
    drawing = trace_chart(trace, len(durations) / 100, 56.0, "t", width)
    ElementTree.fromstring(drawing)
    assert "nan" not in drawing


def test_record_comes_back_from_its_file_and_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pipelines.json"
    path.write_text(json.dumps(RECORD.model_dump(mode="json")))
    assert open_as(PipelinesRecord, path) == RECORD
    assert render_report.main([str(path)]) == 0
    assert (tmp_path / "pipelines.html").is_file()
    assert "pipelines.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "not a record of pipelines"),
        ('{"kind": "run"}', "not a record of pipelines"),
        ('{"kind": "pipelines", "schema_version": 99}', "up to 1"),
        ('{"kind": "pipelines", "schema_version": 1}', "is damaged"),
    ],
)
def test_other_files_are_refused_with_what_they_are(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "pipelines.json"
    path.write_text(content)
    with pytest.raises(WorkspaceError, match=said):
        open_as(PipelinesRecord, path)

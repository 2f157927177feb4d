"""The board's sensors in a report: what was there is drawn, what was not is not."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.run_headers import TelemetryRecord
from kenning_lego.reports.board.timeline import MOST_LINES, panels, seconds_of, throttled
from kenning_lego.reports.board.timeline_chart import timeline_chart
from kenning_lego.reports.documents import document_of
from tests.reports.pages import Page, render
from tests.reports.records import resnet_record, with_telemetry

RECORD = with_telemetry(resnet_record())
TELEMETRY = RECORD.telemetry or TelemetryRecord()
_SVG = "{http://www.w3.org/2000/svg}"


def told(columns: dict[str, tuple[float | None, ...]], count: int = 4) -> TelemetryRecord:
    return TelemetryRecord(times_s=tuple(map(float, range(count))), columns=columns)


def traces(svg: str) -> list[str]:
    found = ElementTree.fromstring(svg).iter(f"{_SVG}path")
    return [each.get("d", "") for each in found if "trace" in (each.get("class") or "")]


def test_there_is_a_panel_for_each_thing_that_was_told() -> None:
    assert [each.title for each in panels(TELEMETRY)] == [
        "Temperature",
        "Frequency",
        "Power",
        "Processor time",
        "Memory",
    ]


@pytest.mark.parametrize(
    "telemetry",
    [
        None,
        TelemetryRecord(),
        told({}),
        told({"load_1min": (1.0,) * 4}),
        told({"temperature_c.cpu": (None,) * 4}),
        told({"temperature_c.cpu": (40.0, 41.0)}, count=2),
    ],
)
def test_nothing_is_drawn_of_nothing(telemetry: TelemetryRecord | None) -> None:
    assert list(panels(telemetry)) == []


def test_values_are_in_units_that_people_read() -> None:
    by_title = {each.title: {line.name: line for line in each.lines} for each in panels(TELEMETRY)}
    assert by_title["Frequency"]["cpu0"].values[0] == pytest.approx(2400)
    assert by_title["Memory"]["whole machine"].values[0] == pytest.approx(900)
    assert by_title["Power"]["VDD_IN"].values[0] == pytest.approx(4.2, abs=0.1)
    # A counter of energy is drawn as the power since the sample before.
    counter = by_title["Power"]["package-0"].values
    assert counter[0] is None
    assert counter[1:] == pytest.approx([2.5] * (len(counter) - 1))


def test_only_the_highest_lines_are_drawn_and_the_caption_says_how_many_are_not() -> None:
    (processor,) = (each for each in panels(TELEMETRY) if each.title == "Processor time")
    assert len(processor.lines) == MOST_LINES
    assert processor.left_out == 3  # the worker and eight cores; their mean is not a line
    assert {"worker", "core 2"} <= {line.name for line in processor.lines}
    charts = document_of(RECORD).charts()
    assert any("3 lines below them left out" in chart.caption for chart in charts)


def test_line_is_lifted_where_the_sensor_told_nothing() -> None:
    (panel,) = panels(told({"temperature_c.cpu": (40.0, None, 42.0, 43.0)}))
    (trace,) = traces(timeline_chart(panel, [0.0, 1.0, 2.0, 3.0], "t", 500.0))
    assert trace.count("M") == 2
    assert trace.count("L") == 1
    assert "h0" in trace  # the lone value is a dot


def test_warmer_stands_higher_and_later_further_right() -> None:
    (panel,) = panels(told({"temperature_c.cpu": (40.0, 50.0, 60.0, 70.0)}))
    (trace,) = traces(timeline_chart(panel, [0.0, 1.0, 2.0, 3.0], "t", 500.0))
    points = [tuple(map(float, each.split())) for each in trace[1:].split("L")]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)


def test_description_says_it_to_those_who_cannot_see_it() -> None:
    (panel,) = panels(told({"temperature_c.cpu": (40.0, 50.0, None, 70.0)}))
    drawing = timeline_chart(panel, [0.0, 1.0, 2.0, 3.0], "t", 500.0)
    assert "in °C: cpu 40.0 to 70.0." in drawing


@given(
    st.lists(
        st.none() | st.floats(-1e12, 1e12),
        min_size=5,
        max_size=5,
    ).map(tuple),
    st.sampled_from([350.0, 516.0]),
    st.text(max_size=200),
)
def test_whatever_was_told_the_drawing_is_sound(
    values: tuple[float | None, ...], width: float, place: str
) -> None:
    telemetry = told({f"temperature_c.{place}": values, "power_mw.a": values}, count=5)
    for panel in panels(telemetry):
        drawing = timeline_chart(panel, seconds_of(telemetry), "t", width)
        ElementTree.fromstring(drawing)
        assert "nan" not in "".join(traces(drawing))


def test_samples_of_one_moment_are_drawn_too() -> None:
    telemetry = TelemetryRecord(times_s=(5.0,) * 3, columns={"energy_uj.a": (1.0, 2.0, 3.0)})
    assert list(panels(telemetry)) == []  # no power without time
    telemetry = TelemetryRecord(times_s=(5.0,) * 3, columns={"power_mw.a": (1.0, 2.0, 3.0)})
    (panel,) = panels(telemetry)
    assert traces(timeline_chart(panel, seconds_of(telemetry), "t", 500.0))


def test_throttling_is_told_with_how_often() -> None:
    assert throttled(TELEMETRY) == (
        "soft temperature limit (in 12 of 240 samples)",
        "core (1 time)",
    )
    assert throttled(None) == ()
    assert throttled(told({"throttled.a": (0.0,) * 4, "throttle_count.b": (5.0,) * 4})) == ()
    # What was so before the run is not of the run.
    assert throttled(told({"throttled_before.a": (1.0,) * 4})) == ()


def test_page_has_the_section_and_warns() -> None:
    page = Page(render(RECORD))
    page.check()
    assert "The board while it ran" in page.text
    assert "#board" in page.links
    drawn = [each.name for each in document_of(RECORD).charts() if each.name.startswith("board-")]
    assert len(drawn) == 5
    assert "The board held its clocks back while it was measured: soft temperature" in page.text


def test_page_without_telemetry_has_no_such_section() -> None:
    page = Page(render(resnet_record()))
    page.check()
    assert "The board while it ran" not in page.text
    assert "#board" not in page.links

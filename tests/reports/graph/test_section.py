"""The network is drawn with each segment's share of the time, and leads to its rows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from kenning_lego.core.records import RunRecord, SegmentRecord
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.graph.timed import drawn_of
from kenning_lego.reports.run.findings import findings_of
from kenning_lego.reports.run.timings import timings_of
from tests.reports.pages import Page, render
from tests.reports.records import resnet_record, whole_model_record

_SVG = "{http://www.w3.org/2000/svg}"
RECORD = resnet_record()


def networks(record: RunRecord) -> list[Chart]:
    return [each for each in document_of(record).charts() if each.name.startswith("network-")]


def links(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{_SVG}a"))


def with_noise(record: RunRecord, half_width: float) -> RunRecord:
    measurements = tuple(
        each.model_copy(update={"at_pace_ns": 5e5, "at_pace_half_width": half_width})
        for each in record.measurements
    )
    return record.model_copy(update={"measurements": measurements})


def test_the_original_and_the_main_configuration_are_drawn() -> None:
    original, main = networks(RECORD)
    assert len(links(original.wide)) == len(links(main.wide)) == 10
    assert "40 % removed" in main.wide.replace("\N{NO-BREAK SPACE}", " ")
    assert "removed" not in original.wide


@pytest.mark.parametrize("variants", [5, 1])
def test_every_box_leads_to_its_rows(variants: int) -> None:
    segments = tuple(
        each.model_copy(update={"variants": each.variants[:variants]}) for each in RECORD.segments
    )
    record = RECORD.model_copy(update={"segments": segments, "configurations": ()})
    page = Page(render(record))
    page.check()
    for link, segment in zip(links(networks(record)[0].wide), segments, strict=True):
        target = (link.get("href") or "").removeprefix("#")
        row = re.search(rf'<t\w+ id="{target}".*?</t(?:r|body)>', page.source, re.DOTALL)
        assert row
        assert segment.name in row.group()


def test_a_box_says_time_share_and_interval() -> None:
    (found, *_) = links(networks(RECORD)[0].wide)
    said = (found.findtext(f"{_SVG}title") or "").replace("\N{NO-BREAK SPACE}", " ")
    time_and_share = r"stem: 41\d µs, \d\.\d+ % of original"
    interval = r"\(95 % interval \d\.\d+\N{EN DASH}\d\.\d+ %\)"
    assert re.fullmatch(f"{time_and_share} {interval}", said)


def test_segments_that_cannot_be_told_apart_have_one_colour() -> None:
    noisy = networks(with_noise(RECORD, 0.3))[0].wide
    colours = {rect.get("class") for box in links(noisy) for rect in box.iter(f"{_SVG}rect")}
    assert len({(each or "").split()[-1] for each in colours}) == 1


def test_small_fixed_segments_in_a_row_are_one_box() -> None:
    tail = RECORD.segments[-1]
    (output,) = tail.outputs

    def after(number: int) -> SegmentRecord:
        takes = output.model_copy(update={"name": "head.out" if number == 1 else f"t{number - 1}"})
        gives = output.model_copy(update={"name": f"t{number}"})
        update = {"name": f"tail{number}", "inputs": (takes,), "outputs": (gives,)}
        return tail.model_copy(update=update)

    segments = (*RECORD.segments, after(1), after(2))
    record = RECORD.model_copy(update={"segments": segments, "configurations": ()})
    drawn = drawn_of(findings_of(record, timings_of(record)))
    assert drawn is not None
    assert [len(each.segments) for each in drawn.networks[0].nodes] == [*(1,) * 9, 3]
    assert "3 segments" in networks(record)[0].wide


def test_what_was_not_measured_is_said_and_has_no_share() -> None:
    measurements = tuple(each for each in RECORD.measurements if each.name != "layer2.0@original")
    record = RECORD.model_copy(update={"measurements": measurements, "configurations": ()})
    (chart,) = networks(record)
    assert "layer2.0: not measured" in chart.wide
    assert "Not measured, and not in it: 1." in chart.caption


def test_one_segment_needs_no_graph() -> None:
    assert networks(whole_model_record()) == []
    assert networks(RECORD.model_copy(update={"measurements": ()})) == []


def test_names_from_records_cannot_break_out_of_the_drawing() -> None:
    hostile = '"><script>x</script>&\x00'
    segments = tuple(each.model_copy(update={"name": hostile}) for each in RECORD.segments)
    record = RECORD.model_copy(update={"segments": segments, "configurations": ()})
    for chart in networks(record):
        ElementTree.fromstring(chart.wide)
        assert "<script" not in chart.wide

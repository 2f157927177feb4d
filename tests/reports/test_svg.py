"""Scales, ticks and labels stand where they should."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kenning_lego.reports.drawing.labels import Box, place
from kenning_lego.reports.drawing.svg import (
    Scale,
    drawing,
    element,
    nice_ticks,
    padded,
    shortened,
    text,
)

finite = st.floats(min_value=-1e12, max_value=1e12)


def test_a_scale_maps_its_ends_onto_its_ends() -> None:
    scale = Scale(2.0, 4.0, 100.0, 0.0)
    assert [scale(value) for value in (2.0, 3.0, 4.0)] == [100.0, 50.0, 0.0]


def test_ticks_are_round_and_written_alike() -> None:
    assert [tick.label for tick in nice_ticks(0.0, 1.15, 6)] == [
        "0.0",
        "0.2",
        "0.4",
        "0.6",
        "0.8",
        "1.0",
    ]
    assert [tick.label for tick in nice_ticks(2.7, 6.6, 5)] == ["3", "4", "5", "6"]
    assert next(iter(nice_ticks(-2.2, 4.0, 5))).label == "\N{MINUS SIGN}2"


@given(finite, finite, st.integers(min_value=2, max_value=10))
def test_ticks_lie_in_any_padded_range_and_are_few(low: float, high: float, count: int) -> None:
    assume(low <= high)
    low, high = padded(low, high)
    assert low < high
    ticks = nice_ticks(low, high, count)
    slack = 1e-6 * (high - low)
    assert 1 <= len(ticks) <= 2 * count
    assert all(low - slack <= tick.value <= high + slack for tick in ticks)


def test_attributes_and_text_are_escaped() -> None:
    assert element("g", class_='a"b', text_anchor="end") == (
        '<g class="a&quot;b" text-anchor="end"/>'
    )
    assert "&lt;script&gt;" in text(0, 0, "<script>")


@given(st.text())
def test_a_drawing_is_xml_whatever_its_text_is(content: str) -> None:
    svg = drawing("chart", content, content, 100.5, 50, [text(1, 2, content)])
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "chart-title chart-desc"
    assert root.get("viewBox") == "0 0 100.5 50"


def test_long_labels_are_shortened() -> None:
    assert shortened("layer1.0", 100) == "layer1.0"
    assert shortened("features.stage1.block.2", 65) == "fea\N{HORIZONTAL ELLIPSIS}lock.2"


@pytest.mark.parametrize("step", [0.0, 6.0, 40.0])
def test_labels_of_crowded_points_do_not_overlap(step: float) -> None:
    points = [(200 + step * index, 150 + step * index / 3) for index in range(4)]
    frame = Box(0, 0, 400, 300)
    labels = place([(x, y, f"point-{index}") for index, (x, y) in enumerate(points)], points, frame)
    boxes = [Box(each.x, each.y - 11, each.x + 7 * 6.5, each.y + 3) for each in labels]
    for index, box in enumerate(boxes):
        assert box.overlap(frame) == pytest.approx(box.area)
        assert all(box.overlap(other) == 0 for other in boxes[:index])

"""Figures that stand alone: no style sheet, no link, and something to be seen."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.reports.document.parts import Chart, Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.drawing.svg import drawing, line, text
from kenning_lego.reports.formats.figures import described, standalone
from kenning_lego.reports.formats.png import render_png
from kenning_lego.reports.formats.style import StyleSheet
from tests.reports.formats.strategies import documents
from tests.reports.pipeline_records import pipelines_record
from tests.reports.records import resnet_record

CHARTS = [
    *document_of(resnet_record()).charts(),
    *document_of(pipelines_record()).charts(),
]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_every_class_that_the_page_colours_is_coloured_in_the_file(chart: Chart) -> None:
    figure = standalone(chart)
    ElementTree.fromstring(figure)
    assert "var(" not in figure
    assert "url(" not in figure
    assert "<a " not in figure
    style = re.search("<style>(.*?)</style>", figure)
    assert style is not None
    assert "svg text{" in style[1]
    assert "#" in style[1]
    for name in ("tick", "grid", "measured"):
        assert (f'class="{name}' in figure) == (f".{name}" in style[1])


@given(documents())
@settings(max_examples=15)
def test_any_chart_is_valid_xml_that_says_what_it_shows(document: Document) -> None:
    for chart in document.charts():
        root = ElementTree.fromstring(standalone(chart))
        assert root.attrib["viewBox"] == "-12 -12 44 34"
        figure = described(chart)
        assert "\n" not in figure.alternative + figure.caption


def test_links_and_tooltips() -> None:
    body = ['<a href="#row"><title>tip</title>', line(0, 0, 1, 1, class_="grid"), "</a>"]
    wide = drawing("x", "A <title>", "Described & told", 30.5, 10, [*body, text(0, 0, "in")])
    chart = Chart("x", wide, wide, "caption")
    figure = standalone(chart)
    assert "#row" not in figure
    assert "<title>tip</title>" in figure
    assert described(chart).alternative == "A <title>. Described & told"
    assert 'viewBox="-12 -12 54.5 34"' in figure


def test_only_rules_within_the_drawing_are_kept() -> None:
    sheet = StyleSheet.parsed(
        ":root { --ink: light-dark(#111, #fff); }"
        " @media (x) { :root { --ink: #fff; } svg .a { fill: red; } }"
        " svg .a, p .a { fill: var(--ink); } /* svg .a { */ .b { fill: blue; }"
        " .c { stroke: light-dark(red, blue); } svg { width: 1px; }"
        " svg text { font: 12px/1.5 A, B; } .a:hover { fill: red; }"
    )
    kept = sheet.rules_for('<svg><text class="a c"/></svg>')
    assert kept == (
        "svg .a{fill: #111;}.c{stroke: red;}svg text{font-size: 12px; font-family: A, B;}"
    )


def test_png_is_painted_with_its_text() -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    content = render_png(standalone(CHARTS[0]))
    assert content.startswith(b"\x89PNG")
    width = int.from_bytes(content[16:20], "big")
    assert width == 2 * (516 + 24)


def test_png_without_the_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(MissingDependencyError, match=r"kenning-lego\[png\]"):
        render_png("<svg/>")

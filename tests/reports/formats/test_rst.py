"""reStructuredText that docutils reads without a warning."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings

from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.outline import Grid, outline
from kenning_lego.reports.formats.rst import render_rst
from tests.reports.formats.strategies import documents
from tests.reports.records import resnet_record

core = pytest.importorskip("docutils.core", reason="docutils is not installed")


def images(document: Document) -> dict[str, str]:
    return {each.name: f"a b/{number}.svg" for number, each in enumerate(document.charts())}


def read(text: str) -> Any:
    """The document's tree; nothing may be complained about."""
    complaints = io.StringIO()
    tree = core.publish_doctree(
        text,
        settings_overrides={"warning_stream": complaints, "report_level": 2, "halt_level": 5},
    )
    assert not complaints.getvalue()
    return tree


@given(documents())
@settings(max_examples=20)
def test_nothing_is_complained_about_and_every_table_is_whole(document: Document) -> None:
    tree = read(render_rst(document, images(document)))
    meant = [each for each in outline(document, images(document)) if isinstance(each, Grid)]
    tables = [node for node in tree.findall() if node.tagname == "table"]
    assert len(tables) == len(meant)
    for table, grid in zip(tables, meant, strict=True):
        rows = [node for node in table.findall() if node.tagname == "row"]
        assert len(rows) == 1 + len(grid.rows)
        assert {len(row.children) for row in rows} == {len(grid.header)}


def test_a_report_of_a_run_has_its_sections_tables_and_figures() -> None:
    document = document_of(resnet_record())
    tree = read(render_rst(document, images(document)))
    titles = [node.astext() for node in tree.findall() if node.tagname == "title"]
    assert {each.title for each in document.sections} <= set(titles)
    figures = [node for node in tree.findall() if node.tagname == "image"]
    assert [each["uri"] for each in figures] == list(images(document).values())
    assert all(each["alt"] for each in figures)
    links = [node["refuri"] for node in tree.findall() if node.tagname == "reference"]
    assert not [each for each in links if each.startswith("mailto:")]
    words = tree.astext()
    for cell in ("latency ≤ 4.55 ms; memory ≤ 25 MB", "20 20 40 20 40 40 40 60"):
        assert cell.replace("\N{NO-BREAK SPACE}", " ") in words.replace("\N{NO-BREAK SPACE}", " ")

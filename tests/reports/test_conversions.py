"""Support matrices as text: short in the cell, whole below."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.conversion_records import (
    ConversionCell,
    ConversionRecord,
    RouteRecord,
    State,
)
from kenning_lego.core.errors import WorkspaceError
from kenning_lego.core.opening import open_as
from kenning_lego.core.run_headers import EnvironmentRecord
from kenning_lego.reports.conversions.report import conversions_said
from kenning_lego.reports.document.parts import Heading
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.markdown import render_markdown
from kenning_lego.reports.formats.rst import render_rst
from tests.reports.pages import render

LONG = "RuntimeError: an operator|with_odd*signs that takes far more room than a cell should have"


def cell(network: str, route: str, state: State, **more: object) -> ConversionCell:
    return ConversionCell.model_validate(
        {"network": network, "route": route, "state": state, **more}
    )


RECORD = ConversionRecord(
    id="run",
    created="2026-01-02T03:04:05+00:00",
    version="1.0",
    command=("kenning-lego", "convert"),
    host=EnvironmentRecord(),
    versions={"torch": "2.0"},
    tolerance=1e-3,
    routes=(RouteRecord(name="out", title="Out"), RouteRecord(name="in", title="In <b>")),
    networks=("a", "b", "c"),
    cells=(
        cell("a", "out", "converted", size_bytes=5),
        cell("a", "in", "converted", max_abs=3e-6, scale=10.0),
        cell("b", "out", "failed", problem=LONG, error="line one\n```\nline <two>"),
        cell("b", "in", "skipped", problem="there is no file to import"),
        cell("c", "out", "failed", problem=LONG, error="another"),
        cell("c", "in", "not_installed", problem="x not installed: pip install y"),
    ),
)


def test_cells_are_short_and_failures_are_told_once_for_all_networks() -> None:
    document = document_of(RECORD)
    (table,) = (each for each in document.tables() if each.name == "conversions")
    rows = [[cell for _, cell, _ in table.shown_cells(row)][1:] for _, row in table.rows()]
    assert [each.text for each in rows[0]] == ["yes", "yes, 3e-07"]
    failed, skipped = rows[1]
    assert failed.text
    assert failed.text.startswith("no: RuntimeError")
    assert failed.text.endswith("…")
    assert len(failed.text) < 70
    assert failed.title == LONG
    assert (skipped.text, skipped.why) == (None, "there is no file to import")
    assert rows[2][1].why.startswith("not installed")
    (section,) = (each for each in document.sections if each.identity == "failures")
    titles = [part.text for part in section.parts if isinstance(part, Heading)]
    assert titles == ["Out (out): b, c", "In <b> (in): c"]
    assert conversions_said(RECORD).endswith(
        "2 of 6 conversions worked, 2 failed, 2 could not be tried."
    )


def test_page_escapes_what_was_said() -> None:
    page = render(RECORD)
    assert "line &lt;two&gt;" in page
    assert "In &lt;b&gt;" in page
    assert "<b>" not in page


def test_markdown_keeps_its_table_and_its_code_whole() -> None:
    lines = render_markdown(document_of(RECORD), {}).splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 1 + 1 + 3
    assert {line.replace(r"\|", "").count("|") for line in rows} == {4}
    assert lines.count("````text") == 1
    assert r"operator\|with\_odd\*signs" in "\n".join(lines)


def test_restructured_text_has_a_row_for_each_network_and_indented_errors() -> None:
    text = render_rst(document_of(RECORD), {})
    assert text.count("   * - ") == 1 + 3
    assert text.count("     - ") == 2 * 4
    assert "    line <two>" in text
    assert r"operator\|with\_odd\*signs" in text


def test_record_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "conversion.json"
    path.write_text(RECORD.model_dump_json())
    assert open_as(ConversionRecord, path) == RECORD
    path.write_text(RECORD.model_dump_json().replace('"schema_version":1', '"schema_version":9'))
    with pytest.raises(WorkspaceError, match="schema version 9"):
        open_as(ConversionRecord, path)
    path.write_text("{}")
    with pytest.raises(WorkspaceError, match="is not a record of conversions"):
        open_as(ConversionRecord, path)

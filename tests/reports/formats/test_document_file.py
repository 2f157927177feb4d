"""Reports as JSON: all of the report, valid by the schema beside it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings

from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.document_file import document_schema, render_json
from kenning_lego.reports.formats.document_models import DocumentFile, TablePart
from tests.reports.formats.strategies import documents
from tests.reports.records import resnet_record


def rendered(document: Document) -> str:
    images = {each.name: f"img/{number}.svg" for number, each in enumerate(document.charts())}
    return render_json(document, images, "report-document.schema.json")


@given(documents())
@settings(max_examples=20)
def test_every_table_is_there_with_its_values(document: Document) -> None:
    found = DocumentFile.model_validate_json(rendered(document).encode(errors="replace"))
    parts = [part for section in found.sections for part in section.parts]
    tables = [each for each in parts if isinstance(each, TablePart)]
    assert [each.name for each in tables] == [each.name for each in document.tables()]
    for file, table in zip(tables, document.tables(), strict=True):
        assert len(file.rows) == len(file.groups) == len(list(table.rows()))
        for values, (_, row) in zip(file.rows, table.rows(), strict=True):
            for value, (_, was) in zip(values, table.values(row), strict=True):
                if isinstance(was, float) and not math.isfinite(was):
                    assert value is None
                elif not isinstance(was, str):
                    assert (value, type(value)) == (was, type(was))


@given(documents())
@settings(max_examples=15)
def test_the_file_is_valid_by_its_schema(document: Document) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = document_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(rendered(document)))


def test_a_report_names_its_schema_its_record_and_its_figures() -> None:
    content = json.loads(rendered(document_of(resnet_record())))
    assert content["$schema"] == "report-document.schema.json"
    assert (content["kind"], content["of"], content["schema_version"]) == ("report", "run", 1)
    parts = [part for section in content["sections"] for part in section["parts"]]
    charts = [part for part in parts if part["part"] == "chart"]
    assert [each["file"] for each in charts][:2] == ["img/0.svg", "img/1.svg"]
    variants = next(part for part in parts if part.get("name") == "variants" and "rows" in part)
    keys = [each["key"] for each in variants["columns"]]
    assert variants["rows"][0][keys.index("median_ns")] == 410448.5
    assert variants["groups"][0] == "stem"

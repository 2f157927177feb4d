"""Reports of every kind of record are written in every format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.opening import AnyRecord, open_record
from kenning_lego.core.run_headers import OriginRecord
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.comparisons.report import comparison_document
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.document_models import DocumentFile
from kenning_lego.reports.formats.experiment import experiment_of
from kenning_lego.reports.formats.files import files_of
from kenning_lego.reports.formats.layout import Format, Layout
from kenning_lego.reports.write import stem_of
from tests.core.record_strategies import records
from tests.reports.pipeline_records import pipelines_record
from tests.reports.records import resnet_record, whole_model_record
from tests.reports.test_conversions import RECORD as CONVERSIONS

FIXTURES = sorted((Path(__file__).parents[2] / "core" / "fixtures").glob("*-v*.json"))
EVERY: tuple[Format, ...] = ("html", "markdown", "rst", "json", "csv", "latex")


RECORDS: list[AnyRecord] = [
    *(resnet_record(), whole_model_record(), pipelines_record(), CONVERSIONS),
    *map(open_record, FIXTURES),
]
DOCUMENTS = [
    *map(document_of, RECORDS),
    comparison_document(compare_records([resnet_record(), resnet_record()])),
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: f"{each.kind} {each.id}")
def test_every_format_of_every_record(document: Document) -> None:
    files = files_of(document, EVERY, Layout(Path("out"), stem_of(document)))
    contents = {each.path.as_posix(): each.content.decode() for each in files}
    assert len(contents) == len(files), "two files have one name"
    for path, text in contents.items():
        if path.endswith(".svg"):
            ElementTree.fromstring(text)
            assert not [each for each in ("var(", "light-dark(", "url(", "<a ") if each in text]
        elif path.endswith("-document.json"):
            DocumentFile.model_validate(json.loads(text))
        elif path.endswith((".md", ".rst")):
            assert text.startswith(("# ", document.title[:1]))
            assert not {"None", "nan", "inf"} & set(text.split())


@pytest.mark.parametrize("model", get_args(AnyRecord), ids=lambda each: each.__name__)
@given(data=st.data())
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
def test_any_valid_record_is_written_in_every_format(
    model: type[AnyRecord], data: st.DataObject
) -> None:
    record = data.draw(records(model))
    files_of(document_of(record), EVERY[1:], Layout(Path("out"), "any"))
    if isinstance(record, OriginRecord):
        experiment_of(record)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: f"{each.kind} {each.id}")
def test_docutils_reads_every_record_without_a_warning(document: Document) -> None:
    core = pytest.importorskip("docutils.core", reason="docutils is not installed")
    complaints = io.StringIO()
    (text,) = files_of(document, ("rst",), Layout(Path("out"), "x"))[-1:]
    core.publish_doctree(
        text.content.decode(),
        settings_overrides={"warning_stream": complaints, "report_level": 2, "halt_level": 5},
    )
    assert not complaints.getvalue()

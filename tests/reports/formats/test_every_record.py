"""Reports of every kind of record are written in every format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kenning_lego.core.errors import UsageError
from kenning_lego.core.opening import AnyRecord, open_record
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.document_models import DocumentFile
from kenning_lego.reports.formats.files import files_of
from kenning_lego.reports.formats.layout import Format, Layout
from kenning_lego.reports.write import stem_of
from tests.reports.pipeline_records import pipelines_record
from tests.reports.records import resnet_record, whole_model_record
from tests.reports.test_conversions import RECORD as CONVERSIONS

FIXTURES = sorted((Path(__file__).parents[2] / "core" / "fixtures").glob("*-v*.json"))
EVERY: tuple[Format, ...] = ("html", "markdown", "rst", "json", "csv", "latex")


def reported(record: AnyRecord) -> Document | None:
    try:
        return document_of(record)
    except UsageError:
        return None


RECORDS: list[AnyRecord] = [
    *(resnet_record(), whole_model_record(), pipelines_record(), CONVERSIONS),
    *map(open_record, FIXTURES),
]
DOCUMENTS = [each for each in map(reported, RECORDS) if each is not None]


def test_most_kinds_of_records_have_reports() -> None:
    assert {"run", "pipelines", "conversion"} <= {each.kind for each in DOCUMENTS}


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

"""Reports as JSON: sections of parts, and tables both as data and as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kenning_lego.reports.document.parts import (
    Bullets,
    Chart,
    Charts,
    Document,
    Facts,
    Heading,
    KeyFigures,
    Listing,
    Paragraph,
    Part,
    Remarks,
    Section,
)
from kenning_lego.reports.document.tables import Table
from kenning_lego.reports.formats.document_models import (
    AnyPart,
    BulletsPart,
    ChartPart,
    ColumnFile,
    DocumentFile,
    FactsPart,
    FiguresPart,
    HeadingPart,
    ListingPart,
    NamedText,
    ParagraphPart,
    RemarksPart,
    RemarkText,
    SectionFile,
    ShownRow,
    TablePart,
)
from kenning_lego.reports.formats.figures import described
from kenning_lego.reports.formats.table_data import data_columns, data_rows
from kenning_lego.reports.formats.table_texts import headings, text_rows


def render_json(document: Document, images: Mapping[str, str], schema: str) -> str:
    """The report; the same report always gives the same text.

    Args:
        document: the report.
        images: paths of the charts' drawings, by their names.
        schema: path of the schema's file, as it is to stand in this one.
    """
    content = document_file(document, images, schema).model_dump(mode="json", by_alias=True)
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def document_schema() -> dict[str, Any]:
    """The schema of such files: JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kenning-lego report",
        **DocumentFile.model_json_schema(by_alias=True),
    }


def document_file(document: Document, images: Mapping[str, str], schema: str) -> DocumentFile:
    """What the file holds."""
    return DocumentFile.model_validate(
        {
            "$schema": schema,
            "of": document.kind,
            "title": document.title,
            "place": document.place,
            "subject": document.subject,
            "id": document.id,
            "created": document.created,
            "version": document.version,
            "source": document.source,
            "sections": tuple(_section(each, images) for each in document.sections),
        }
    )


def _section(section: Section, images: Mapping[str, str]) -> SectionFile:
    parts = tuple(made for part in section.flat() for made in _parts(part, images))
    return SectionFile(
        identity=section.identity,
        title=section.title,
        types=tuple(sorted(section.types)),
        parts=parts,
    )


def _parts(part: Part, images: Mapping[str, str]) -> Iterator[AnyPart]:
    match part:
        case Chart():
            yield _chart(part, images)
        case Charts():
            yield from (_chart(each, images) for each in part.charts)
        case Table():
            yield _table(part)
        case Listing():
            yield ListingPart(language=part.language, summary=part.summary, text=part.text)
        case _:
            yield from _prose(part)


def _prose(part: Part) -> Iterator[AnyPart]:
    match part:
        case Paragraph():
            yield ParagraphPart(role=part.role, text=part.text)
        case Heading():
            yield HeadingPart(level=part.level, text=part.text)
        case KeyFigures():
            named = (NamedText(name=f.name, text=f.value, note=f.note) for f in part.figures)
            yield FiguresPart(figures=tuple(named))
        case Remarks():
            told = (RemarkText(kind=each.kind, text=each.text) for each in part.remarks)
            yield RemarksPart(remarks=tuple(told))
        case Facts():
            known = (NamedText(name=each.name, text=each.value) for each in part.facts)
            yield FactsPart(facts=tuple(known))
        case Bullets():
            yield BulletsPart(items=part.items)


def _chart(chart: Chart, images: Mapping[str, str]) -> ChartPart:
    figure = described(chart)
    return ChartPart(
        name=figure.name,
        title=figure.title,
        description=figure.description,
        caption=figure.caption,
        file=images.get(chart.name),
    )


def _table(table: Table) -> TablePart:
    rows = tuple(data_rows(table))
    return TablePart(
        name=table.name,
        caption=table.caption,
        note=table.note,
        columns=tuple(
            ColumnFile(key=each.key, title=each.title, band=each.band)
            for each in data_columns(table)
        ),
        rows=tuple(values for _, values in rows),
        groups=tuple(title for title, _ in rows),
        shown_columns=headings(table),
        shown_rows=tuple(ShownRow(title=each.title, cells=each.cells) for each in text_rows(table)),
    )

"""Which files a report is in which formats, and what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kenning_lego.reports.document.html import render_html
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.formats.csv_tables import render_csv
from kenning_lego.reports.formats.document_file import document_schema, render_json
from kenning_lego.reports.formats.figures import standalone
from kenning_lego.reports.formats.latex import render_latex
from kenning_lego.reports.formats.layout import Format, Layout
from kenning_lego.reports.formats.markdown import render_markdown
from kenning_lego.reports.formats.naming import file_names
from kenning_lego.reports.formats.png import render_png
from kenning_lego.reports.formats.rst import render_rst

_ILLUSTRATED: frozenset[Format] = frozenset({"markdown", "rst", "json", "latex"})
"""Formats beside which the figures are files."""
_TEXTS: tuple[Format, ...] = ("rst", "markdown", "html")


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of a report.

    Args:
        path: of the file.
        content: of the file.
        what: it is; a ``report`` is what one opens.
    """

    path: Path
    content: bytes
    what: Literal["report", "table", "figure", "schema"] = "report"


def files_of(document: Document, formats: tuple[Format, ...], layout: Layout) -> list[ReportFile]:
    """All files of a report; those that name others come after them.

    Raises:
        ConfigurationError: figures would not be below the root.
        MissingDependencyError: jinja2 or resvg-py is not installed.
    """
    files: list[ReportFile] = []
    images: dict[str, str] = {}
    if not _ILLUSTRATED.isdisjoint(formats):
        figures = dict(_figures(document, layout))
        files += figures.values()
        images = {name: layout.in_texts(each.path) for name, each in figures.items()}
    files += _tables(document, formats, layout)
    if "json" in formats:
        files += _json(document, images, layout)
    files += (_text(each, document, images, layout) for each in _TEXTS if each in formats)
    return files


def _figures(document: Document, layout: Layout) -> Iterator[tuple[str, ReportFile]]:
    charts = {each.name: each for each in document.charts()}
    for name, stem in file_names(charts).items():
        drawing = standalone(charts[name])
        content = render_png(drawing) if layout.figures == "png" else _bytes(drawing)
        yield name, ReportFile(layout.figure(stem), content, "figure")


def _tables(
    document: Document, formats: tuple[Format, ...], layout: Layout
) -> Iterator[ReportFile]:
    tables = {each.name: each for each in document.tables()}
    for name, stem in file_names(tables).items():
        table = tables[name]
        if "csv" in formats:
            yield ReportFile(layout.tables / f"{stem}.csv", _bytes(render_csv(table)), "table")
        if "latex" in formats and table.shown and any(group.rows for group in table.groups):
            content = _bytes(render_latex(table, stem))
            yield ReportFile(layout.tables / f"{stem}.tex", content, "table")


def _json(
    document: Document, images: Mapping[str, str], layout: Layout
) -> tuple[ReportFile, ReportFile]:
    # Never NAME.json, which may be the record.
    path, schema = layout.text("-document.json"), layout.text("-document.schema.json")
    text = json.dumps(document_schema(), indent=1) + "\n"
    return (
        ReportFile(schema, _bytes(text), "schema"),
        ReportFile(path, _bytes(render_json(document, images, schema.name))),
    )


def _text(
    which: Format, document: Document, images: Mapping[str, str], layout: Layout
) -> ReportFile:
    match which:
        case "rst":
            return ReportFile(layout.text(".rst"), _bytes(render_rst(document, images)))
        case "markdown":
            return ReportFile(layout.text(".md"), _bytes(render_markdown(document, images)))
        case _:
            return ReportFile(layout.text(".html"), _bytes(render_html(document)))


def _bytes(text: str) -> bytes:
    # What a record was told may hold halves of surrogate pairs, which no file can.
    return text.encode("utf-8", errors="replace")

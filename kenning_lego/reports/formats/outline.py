"""A report as a plain sequence of the few things that markup languages have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

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
from kenning_lego.reports.formats.figures import Figure, described
from kenning_lego.reports.formats.table_texts import NOTHING, TextRow, absences, headings, text_rows
from kenning_lego.reports.formats.text import lines_of, one_line


@dataclass(frozen=True, slots=True)
class Title:
    """A title; the report's own has level 1."""

    text: str
    level: Literal[1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph in one line; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; what is before a text names it, and may be empty."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with at least one column and one row.

    Args:
        header: of each column.
        rows: with as many cells, or titles.
        numbers: which columns hold figures.
        caption: above it; may be empty.
    """

    header: tuple[str, ...]
    rows: tuple[TextRow, ...]
    numbers: tuple[bool, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Image:
    """A figure in a file beside the text."""

    figure: Figure
    path: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be copied as they are; at least one."""

    lines: tuple[str, ...]
    language: str


Item = Title | Text | Items | Grid | Image | Code


def outline(document: Document, images: Mapping[str, str]) -> Iterator[Item]:
    """The report from top to bottom.

    Args:
        document: the report.
        images: paths of figures as they are to stand in the text, by the charts' names.
    """
    title = f"{document.title} on {document.place}" if document.place else document.title
    yield Title(one_line(title) or "Report", 1)
    yield from _text(document.subject)
    yield from _text(
        f"kenning-lego {document.version}, {document.kind} {document.id}, {document.created}"
    )
    for section in document.sections:
        yield from _section(section, images)
    yield from _text(f"Raw samples are in {document.source}." if document.source else "")


def _section(section: Section, images: Mapping[str, str]) -> Iterator[Item]:
    yield from _title(section.title, 2)
    for part in section.flat():
        yield from _part(part, images)


def _part(part: Part, images: Mapping[str, str]) -> Iterator[Item]:
    match part:
        case Chart():
            yield from _image(part, images)
        case Charts():
            for each in part.charts:
                yield from _image(each, images)
        case Table():
            yield from _table(part)
        case Listing():
            yield from _text(part.summary)
            lines = tuple(lines_of(part.text))
            if any(lines):
                yield Code(lines, part.language)
        case _:
            yield from _prose(part)


def _prose(part: Part) -> Iterator[Item]:
    match part:
        case Paragraph():
            yield from _text(part.text)
        case Heading():
            yield from _title(part.text, part.level)
        case KeyFigures():
            yield from _items(
                (each.name, _with_note(each.value, each.note)) for each in part.figures
            )
        case Remarks():
            yield from _items(
                ("Note" if each.kind == "warning" else "", each.text) for each in part.remarks
            )
        case Facts():
            yield from _items((each.name, each.value or NOTHING) for each in part.facts)
        case Bullets():
            yield from _items(("", each) for each in part.items)


def _title(text: str, level: Literal[2, 3, 4]) -> Iterator[Item]:
    if one_line(text):
        yield Title(one_line(text), level)


def _text(text: str) -> Iterator[Item]:
    if one_line(text):
        yield Text(one_line(text))


def _items(items: Iterator[tuple[str, str]]) -> Iterator[Item]:
    plain = ((one_line(name), one_line(text)) for name, text in items)
    told = tuple(each for each in plain if any(each))
    if told:
        yield Items(told)


def _image(chart: Chart, images: Mapping[str, str]) -> Iterator[Item]:
    if chart.name in images:
        yield Image(described(chart), images[chart.name])


def _table(table: Table) -> Iterator[Item]:
    rows = tuple(text_rows(table))
    if table.shown and rows:
        numbers = tuple(column.number for column in table.shown)
        yield Grid(headings(table), rows, numbers, one_line(table.caption))
        yield from _text(absences(table))
    else:
        yield from _text(table.caption)
    yield from _text(table.note)


def _with_note(value: str | None, note: str) -> str:
    return f"{value or NOTHING} ({note})" if note else value or NOTHING

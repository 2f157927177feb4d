"""What a report's JSON file holds: the models are its schema too (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from kenning_lego.core.configuration import Component
from kenning_lego.reports.document.parts import RemarkKind

VERSION: Final = 1

AnyValue = StrictBool | StrictInt | StrictFloat | StrictStr | None


class ParagraphPart(Component):
    """Running text."""

    part: Literal["paragraph"] = "paragraph"
    role: Literal["text", "answer", "subject", "small-print"]
    """``answer`` sums the whole up, ``small-print`` explains a table."""
    text: str


class HeadingPart(Component):
    """A title within a section."""

    part: Literal["heading"] = "heading"
    level: int
    text: str


class NamedText(Component):
    """A name, and what is said of it; null where that is not known."""

    name: str
    text: str | None
    note: str = ""


class FiguresPart(Component):
    """Figures that are read before everything else."""

    part: Literal["key_figures"] = "key_figures"
    figures: tuple[NamedText, ...]


class RemarkText(Component):
    """One sentence on how far the figures can be trusted."""

    kind: RemarkKind
    text: str


class RemarksPart(Component):
    """What to know before relying on the figures, what matters most first."""

    part: Literal["remarks"] = "remarks"
    remarks: tuple[RemarkText, ...]


class ChartPart(Component):
    """A drawing."""

    part: Literal["chart"] = "chart"
    name: str
    title: str
    description: str
    caption: str
    file: str | None
    """Path of the drawing beside this file; null where none was written."""


class ColumnFile(Component):
    """A column of a table's data."""

    key: str
    """With the base unit of its values, such as ``median_ns``."""
    title: str
    """As people read it."""
    band: str
    """A title above this and neighbouring columns; may be empty."""


class ShownRow(Component):
    """A row as people read it; `title` names the rows that follow, which have as many cells."""

    title: str = ""
    cells: tuple[str, ...] = ()


class TablePart(Component):
    """A table, as data and as people read it."""

    part: Literal["table"] = "table"
    name: str
    """Unique in the report."""
    caption: str
    note: str
    columns: tuple[ColumnFile, ...]
    rows: tuple[tuple[AnyValue, ...], ...]
    """A value for each column, unrounded; null where nothing is there."""
    groups: tuple[str, ...]
    """Title of each row's group; empty without one."""
    shown_columns: tuple[str, ...]
    """Headings as people read them, with units."""
    shown_rows: tuple[ShownRow, ...]


class FactsPart(Component):
    """Names and values."""

    part: Literal["facts"] = "facts"
    facts: tuple[NamedText, ...]


class BulletsPart(Component):
    """A list of sentences."""

    part: Literal["bullets"] = "bullets"
    items: tuple[str, ...]


class ListingPart(Component):
    """Text to be copied as it is, such as a command."""

    part: Literal["listing"] = "listing"
    language: str
    summary: str
    text: str


AnyPart = Annotated[
    ParagraphPart
    | HeadingPart
    | FiguresPart
    | RemarksPart
    | ChartPart
    | TablePart
    | FactsPart
    | BulletsPart
    | ListingPart,
    Field(discriminator="part"),
]


class SectionFile(Component):
    """A part of a report with a title."""

    identity: str
    """Unique in the report."""
    title: str
    types: tuple[str, ...]
    """What it is about, such as ``performance``; sorted."""
    parts: tuple[AnyPart, ...]


class DocumentFile(Component):
    """A whole report."""

    schema_address: str = Field(default="", alias="$schema")
    """Path of this schema, beside the file."""
    kind: Literal["report"] = "report"
    schema_version: Literal[1] = VERSION
    of: str
    """Kind of the record that it is a report of, such as ``run``."""
    title: str
    place: str
    """What it ran on; may be empty."""
    subject: str
    id: str
    """Of the record."""
    created: str
    """When the record was made, as people read it."""
    version: str
    """Of the kenning-lego that made the record."""
    source: str
    """Name of the record's file."""
    sections: tuple[SectionFile, ...]

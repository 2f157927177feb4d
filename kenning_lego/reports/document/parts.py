"""What reports are made of: sections of a few kinds of parts, without any format.

A part holds text as people read it. Tables hold the unrounded figures too, for files that programs
read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kenning_lego.reports.document.tables import Table

ReportType = Literal[
    "summary",
    "performance",
    "classification",
    "selection",
    "adaptation",
    "energy",
    "conversion",
    "training",
    "environment",
]
"""What a section is about, by which readers choose sections."""

ReportTypes = frozenset[ReportType]
"""All that it is about."""

RemarkKind = Literal["good", "warning", "neutral"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text.

    Args:
        text: without markup.
        role: how it is set: ``answer`` sums the whole up, ``small-print`` explains a table.
    """

    text: str
    role: Literal["text", "answer", "subject", "small-print"] = "text"


@dataclass(frozen=True, slots=True)
class Heading:
    """A title within a section; `level` 3 is below the section's own."""

    text: str
    level: Literal[3, 4] = 3


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure of a summary; `value` is None when it was not measured."""

    name: str
    value: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Figures that are read before everything else."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence on how far the figures can be trusted."""

    kind: RemarkKind
    text: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """What to know before relying on the figures, what matters most first."""

    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing as SVG for two widths: type does not shrink on a phone.

    Colours are classes of the page's style sheet.

    Args:
        name: unique in the document; files are named after it.
        wide: for desks and paper.
        narrow: for phones.
        caption: what the marks mean.
        lead: it takes the whole width.
    """

    name: str
    wide: str
    narrow: str
    caption: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Charts:
    """Drawings that stand beside each other where there is room."""

    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what, and its value; None when it is not known."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text to be copied as it is, such as a command.

    Args:
        text: of several lines, perhaps.
        language: of the text, such as ``yaml``.
        summary: folded below this line; empty for text that is always shown.
    """

    text: str
    language: str = "text"
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Groups of parts that stand beside each other where there is room."""

    columns: tuple[tuple[Part, ...], ...]


Part = (
    Paragraph
    | Heading
    | KeyFigures
    | Remarks
    | Chart
    | Charts
    | Table
    | Facts
    | Bullets
    | Listing
    | Columns
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report with a title.

    Args:
        identity: unique in the document; links lead to it.
        title: as it is read.
        parts: in order.
        types: what it is about.
        short: its title where there is little room; the title itself by default.
        unseen: the title is for those who listen; the section is the first thing on the page.
    """

    identity: str
    title: str
    parts: tuple[Part, ...]
    types: ReportTypes = frozenset()
    short: str = ""
    unseen: bool = False

    def flat(self) -> Iterator[Part]:
        """The parts in order, those in columns too."""
        yield from _flat(self.parts)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Args:
        kind: of the record, such as ``run``.
        title: what it is about.
        place: what it ran on; empty if that is not known or not of interest.
        subject: a line below the title.
        id: of the record.
        created: when the record was made, as people read it.
        version: of the kenning-lego that made the record.
        source: name of the record's file.
        sections: in order.
    """

    kind: str
    title: str
    place: str
    subject: str
    id: str
    created: str
    version: str
    source: str
    sections: tuple[Section, ...]

    def tables(self) -> Iterator[Table]:
        """All tables, in order."""
        for section in self.sections:
            yield from (part for part in section.flat() if isinstance(part, Table))

    def charts(self) -> Iterator[Chart]:
        """All drawings, in order."""
        for section in self.sections:
            for part in section.flat():
                if isinstance(part, Chart):
                    yield part
                elif isinstance(part, Charts):
                    yield from part.charts


def _flat(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Columns):
            for column in part.columns:
                yield from _flat(column)
        else:
            yield part

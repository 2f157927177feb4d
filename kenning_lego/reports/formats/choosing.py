"""Sections of a report by what they are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.reports.document.parts import Document, Paragraph, ReportType, Section

OURS: Final[tuple[str, ...]] = get_args(ReportType)

KENNINGS: Final = (
    "performance",
    "classification",
    "detection",
    "text_summarization",
    "renode_stats",
)
"""Types of Kenning's reports. Those that are none of ours are understood, and of no section: a
detector's score stands in the summary, beside the latency."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A part of a report.

    Args:
        document: with the sections that were asked for.
        missing: types that were asked for and that no section is about.
    """

    document: Document
    missing: tuple[str, ...] = ()


def of_types(document: Document, types: Sequence[str]) -> Chosen:
    """The sections about any of some types, in the report's order; all without a type.

    What is missing is said in a section at the end.

    Raises:
        ConfigurationError: there is no such type, or no section at all is about them.
    """
    if not types:
        return Chosen(document)
    has = sorted({each for section in document.sections for each in section.types})
    known = dict.fromkeys((*OURS, *KENNINGS))
    unknown = [each for each in types if each not in known]
    if unknown:
        raise ConfigurationError(
            f"there are no reports of the type {unknown[0]!r}",
            f"there are: {', '.join(known)}; this {document.kind} has: {', '.join(has)}",
        )
    missing = tuple(each for each in dict.fromkeys(types) if each not in has)
    sections = tuple(each for each in document.sections if each.types & set(types))
    if not sections:
        raise ConfigurationError(
            f"this {document.kind} has nothing of {', '.join(missing)}", f"it has: {', '.join(has)}"
        )
    return Chosen(replace(document, sections=(*sections, *_told(document, missing))), missing)


def _told(document: Document, missing: Collection[str]) -> tuple[Section, ...]:
    if not missing:
        return ()
    said = Paragraph(f"This {document.kind} has nothing of {', '.join(missing)}.")
    return (Section("missing", "What is missing", (said,)),)

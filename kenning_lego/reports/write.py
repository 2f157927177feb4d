"""Reports as files: all of them are there whole, or what was there before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from kenning_lego.core.errors import StoreError
from kenning_lego.core.opening import AnyRecord
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.files import ReportFile, files_of
from kenning_lego.reports.formats.layout import Format, Layout

STEMS: Final[Mapping[str, str]] = {"run": "report", "search": "optimisation"}
"""Of files' names, by the kind of document where they are not called as it is."""

_USUAL: Final[Mapping[str, tuple[Format, ...]]] = {"conversion": ("html", "markdown", "rst")}
"""Formats by the kind of document, where they are not the page alone: a matrix of what converts
belongs into documentation."""


def write_report(record: AnyRecord, directory: Path) -> Path:
    """Write a record's page.

    Args:
        record: of any kind that reports are made of.
        directory: of the run; made when it is missing.

    Returns:
        The path of the page.

    Raises:
        UsageError: there are no reports of such records.
        MissingDependencyError: jinja2 is not installed.
        StoreError: the file cannot be written.
    """
    return write_document(document_of(record), directory)


def write_document(document: Document, directory: Path) -> Path:
    """Write a report's page.

    Args:
        document: the report.
        directory: made when it is missing.

    Returns:
        The path of the page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
        StoreError: the file cannot be written.
    """
    (page,) = write_formats(document, ("html",), Layout(directory, stem_of(document)))
    return page.path


def write_formats(
    document: Document, formats: tuple[Format, ...], layout: Layout
) -> Sequence[ReportFile]:
    """Write a report in some formats: every file of it, or none.

    Args:
        document: the report.
        formats: to write.
        layout: where the files go; directories are made when they are missing.

    Raises:
        ConfigurationError: figures would not be below the root of the paths.
        MissingDependencyError: a package that a format needs is not installed.
        StoreError: a file cannot be written.
    """
    files = files_of(document, formats, layout)
    write_files(files)
    return files


def stem_of(document: Document) -> str:
    """What a report's files are called, unless they are named."""
    return STEMS.get(document.kind, document.kind)


def usual_formats(document: Document) -> tuple[Format, ...]:
    """The formats of a report that none were named for."""
    return _USUAL.get(document.kind, ("html",))


def write_files(files: Sequence[ReportFile]) -> None:
    """Write files that belong together; only when all are on the disk do they get their names.

    Raises:
        StoreError: one cannot be written.
    """
    staged: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for each in files:
            path = each.path
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.append((_written_beside(path, each.content), path))
        for beside, path in staged:
            beside.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write the report {path}: {error.strerror}",
            "free some space or choose another directory",
        ) from error
    finally:
        for beside, _ in staged:
            beside.unlink(missing_ok=True)


def _written_beside(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner alone; a report is to be read.
        beside.chmod(0o644)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside

"""Reports as files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from kenning_lego.core.errors import StoreError
from kenning_lego.core.opening import AnyRecord
from kenning_lego.reports.document.html import render_html
from kenning_lego.reports.documents import document_of

NAMES = {
    "run": "report.html",
    "pipelines": "pipelines.html",
    "search": "optimisation.html",
    "conversion": "conversion.html",
}
"""Of pages, by the kind of document."""


def write_report(record: AnyRecord, directory: Path) -> Path:
    """Write a record's page: all of it, or what was there before.

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
    document = document_of(record)
    return _write(render_html(document), directory / NAMES[document.kind])


def _write(page: str, path: Path) -> Path:
    directory = path.parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _replace(path, page)
    except OSError as error:
        raise StoreError(
            f"cannot write the report {path}: {error.strerror}",
            "free some space or choose another directory",
        ) from error
    return path


def _replace(path: Path, content: str) -> None:
    """Write beside the file first, so that a reader never sees half a page."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner alone; a report is to be read.
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

"""Reports as files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.errors import StoreError, UsageError
from kenning_lego.core.opening import AnyRecord, kind_of
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.conversions.page import render_conversions
from kenning_lego.reports.conversions.text import render_markdown, render_rst
from kenning_lego.reports.html import render_html
from kenning_lego.reports.optimisations.page import render_optimisation
from kenning_lego.reports.pipelines.page import render_pipelines

REPORT_NAME = "report.html"
CONVERSIONS_NAME = "conversion"
PIPELINES_REPORT_NAME = "pipelines.html"
OPTIMISATION_REPORT_NAME = "optimisation.html"


def write_pages(record: AnyRecord, directory: Path) -> tuple[Path, ...]:
    """Write the page, or pages, of a record of any kind that has one.

    Args:
        record: of any kind.
        directory: for the pages; made when it is missing.

    Raises:
        UsageError: there is no page of this kind.
        MissingDependencyError: jinja2 is not installed.
        StoreError: a file cannot be written.
    """
    match record:
        case RunRecord():
            return (write_report(record, directory),)
        case PipelinesRecord():
            return (write_pipelines_report(record, directory),)
        case OptimisationRecord():
            return (write_optimisation_report(record, directory),)
        case ConversionRecord():
            return write_conversions(record, directory)
    raise UsageError(
        f"there is no page of {KINDS[kind_of(record)].of}",
        "`kenning-lego results show` prints what the record holds",
    )


def write_report(record: RunRecord, directory: Path) -> Path:
    """Write a run's page as ``report.html``: all of it, or what was there before.

    Args:
        record: the run.
        directory: of the run; made when it is missing.

    Returns:
        The path of the page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
        StoreError: the file cannot be written.
    """
    return _write(render_html(record), directory / REPORT_NAME)


def write_pipelines_report(record: PipelinesRecord, directory: Path) -> Path:
    """Write the page of pipelines as ``pipelines.html``, in the same way."""
    return _write(render_pipelines(record), directory / PIPELINES_REPORT_NAME)


def write_conversions(record: ConversionRecord, directory: Path) -> tuple[Path, ...]:
    """Write a support matrix as ``conversion.html``, ``.md`` and ``.rst``, in the same way."""
    texts = {
        ".html": render_conversions(record),
        ".md": render_markdown(record),
        ".rst": render_rst(record),
    }
    return tuple(
        _write(text, directory / f"{CONVERSIONS_NAME}{suffix}") for suffix, text in texts.items()
    )


def write_optimisation_report(record: OptimisationRecord, directory: Path) -> Path:
    """Write the page of a search as ``optimisation.html``, in the same way."""
    return _write(render_optimisation(record), directory / OPTIMISATION_REPORT_NAME)


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

"""Render a record as a self-contained page, or as text, tables and figures for other tools.

Markdown and reStructuredText bring their figures as files, CSV and LaTeX a file for each table,
JSON the whole report as data with its schema.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.opening import record_file
from kenning_lego.core.output import current
from kenning_lego.store.workspace import Workspace


class ReportConfig(Component):
    """What to render, and where to."""

    record: Path | None = None
    """A record, such as a run's record.json, or a run's directory."""
    workspace: Path | None = None
    """Render the newest run of this workspace instead."""
    output: Path | None = None
    """Directory for the files; by default that of the record."""
    formats: tuple[Literal["html", "markdown", "rst", "json", "csv", "latex"], ...] = ("html",)
    """Formats: html, markdown, rst, json, csv, latex."""
    report_types: tuple[str, ...] = ()
    """What is to be in it: summary, performance, classification, selection and others; all."""
    report_name: str | None = None
    """Title of the report; files are named after it too."""
    img_dir: Path | None = None
    """Directory for figures beside texts; by default img beside them."""
    root_dir: Path | None = None
    """What the figures' paths in texts are relative to; by default where the texts are."""
    figures: Literal["svg", "png"] = "svg"
    """Format of figures beside texts."""
    mlflow: str | None = None
    """Make a run of it in MLflow: address of a tracking server, or of a directory (file:mlruns)."""
    mlflow_experiment: str = "kenning-lego"
    """MLflow's experiment for the run; made when it is missing."""


def main(arguments: Sequence[str]) -> int:
    """Render a report."""
    config = parse_configuration(
        ReportConfig,
        arguments,
        program="kenning-lego report",
        description=__doc__ or "",
        positional="record",
        common=("record", "workspace", "output", "formats", "report-types", "mlflow"),
        example="kenning-lego report --workspace w --formats html markdown",
    )
    if not config.formats:
        raise ConfigurationError("no format was named", "name some: --formats html markdown")
    path = record_file(_record(config))
    from kenning_lego.scenarios.rendering import render  # wrong flags need no templates

    for what, where in render(config, path):
        current().wrote(what, where)
    return 0


def _record(config: ReportConfig) -> Path:
    if (config.record is None) == (config.workspace is None):
        raise ConfigurationError(
            "which record?", "name a RUN/record.json, or give --workspace DIRECTORY"
        )
    if config.record is not None:
        return config.record
    workspace = config.workspace or Path()
    if not (workspace / "manifest.json").is_file():
        raise ConfigurationError(f"{workspace} is not a workspace", "name one that a test made")
    return Workspace(workspace).latest_record()


if __name__ == "__main__":
    sys.exit(run(main))

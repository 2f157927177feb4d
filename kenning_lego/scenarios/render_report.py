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
from kenning_lego.scenarios.keeping.results import run_path
from kenning_lego.store.workspace import Workspace


class ReportConfig(Component):
    """What to render, and where to."""

    records: tuple[Path, ...] = ()
    """A run's directory, a record in it, or its id as `results` lists it. Of several, the report is
    how they compare with the first."""
    workspace: Path | None = None
    """Render the newest run of this workspace instead."""
    output: Path | None = None
    """Directory for the files; by default that of the last record."""
    formats: tuple[Literal["html", "markdown", "rst", "json", "csv", "latex"], ...] = ()
    """By default html; of conversions html, markdown and rst."""
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
    """Make a run of it in MLflow: address of the tracking server, such as http://host:5000."""
    mlflow_experiment: str = "kenning-lego"
    """MLflow's experiment for the run; made when it is missing."""


def main(arguments: Sequence[str]) -> int:
    """Render a report."""
    config = parse_configuration(
        ReportConfig,
        arguments,
        program="kenning-lego report",
        description=__doc__ or "",
        positional="records",
        common=("records", "workspace", "output", "formats", "report-types", "mlflow"),
        example="kenning-lego report --workspace w --formats html markdown",
    )
    paths = _records(config)
    from kenning_lego.scenarios.rendering import render  # wrong flags need no templates

    for what, where in render(config, paths):
        current().wrote(what, where)
    return 0


def _records(config: ReportConfig) -> tuple[Path, ...]:
    if bool(config.records) == (config.workspace is not None):
        raise ConfigurationError(
            "which record?", "name a RUN/record.json, or give --workspace DIRECTORY"
        )
    if config.workspace is None:
        return tuple(record_file(run_path(str(each))) for each in config.records)
    if not (config.workspace / "manifest.json").is_file():
        raise ConfigurationError(
            f"{config.workspace} is not a workspace", "name one that a test made"
        )
    return (Workspace(config.workspace).latest_record(),)


if __name__ == "__main__":
    sys.exit(run(main))

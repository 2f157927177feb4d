"""Render a record as a self-contained page, or as text, tables and figures for other tools.

Markdown and reStructuredText bring their figures as files, CSV and LaTeX a file for each table,
JSON the whole report as data with its schema.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.opening import record_file
from kenning_lego.core.output import current
from kenning_lego.scenarios.keeping.results import run_path
from kenning_lego.scenarios.rendering.configuration import ReportConfig
from kenning_lego.store.workspace import Workspace


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
    from kenning_lego.scenarios.rendering.render import render  # wrong flags need no templates

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

"""Render a record, of a run, pipelines, a search or conversions, as a self-contained HTML page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kenning_lego.core.configuration import Component
from kenning_lego.core.conversion_records import load_conversion_record
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.optimisation_records import load_optimisation_record
from kenning_lego.core.output import current
from kenning_lego.core.pipeline_records import load_pipelines_record
from kenning_lego.core.records import load_record
from kenning_lego.core.run_headers import kind_of
from kenning_lego.store.workspace import Workspace


class ReportConfig(Component):
    """What to render, and where to."""

    record: Path | None = None
    """A run's record.json, a search's optimisation.json, the pipelines.json of pipelines, or a
    conversion.json."""
    workspace: Path | None = None
    """Render the newest run of this workspace instead."""
    output: Path | None = None
    """Directory for report.html; by default that of the record."""


def main(arguments: Sequence[str]) -> int:
    """Render a report."""
    config = parse_configuration(
        ReportConfig,
        arguments,
        program="kenning-lego report",
        description=__doc__ or "",
        positional="record",
        example="kenning-lego report --workspace w",
    )
    path = _record(config)
    directory = config.output or path.parent
    # Wrong flags and records need no templates.
    kind = kind_of(path)
    if kind == "optimisation":
        search = load_optimisation_record(path)
        from kenning_lego.reports.write import write_optimisation_report

        current().wrote("report", write_optimisation_report(search, directory))
        return 0
    if kind == "pipelines":
        pipelines = load_pipelines_record(path)
        from kenning_lego.reports.write import write_pipelines_report

        current().wrote("report", write_pipelines_report(pipelines, directory))
        return 0
    if kind_of(path) == "conversion":
        conversions = load_conversion_record(path)
        from kenning_lego.reports.write import write_conversions

        for written in write_conversions(conversions, directory):
            current().wrote("report", written)
        return 0
    record = load_record(path)
    from kenning_lego.reports.write import write_report

    current().wrote("report", write_report(record, directory))
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

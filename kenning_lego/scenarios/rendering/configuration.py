"""The configuration of the verb ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kenning_lego.core.configuration import Component


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

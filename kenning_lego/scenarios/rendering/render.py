"""A record's report, as files and in an experiment tracker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.opening import AnyRecord, open_record
from kenning_lego.core.output import current
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.comparisons.report import comparison_document
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.choosing import of_types
from kenning_lego.reports.formats.experiment import experiment_of
from kenning_lego.reports.formats.files import ReportFile
from kenning_lego.reports.formats.layout import Layout
from kenning_lego.reports.formats.mlflow import connect, log_experiment
from kenning_lego.reports.formats.naming import file_name
from kenning_lego.reports.write import stem_of, usual_formats, write_formats
from kenning_lego.scenarios.rendering.configuration import ReportConfig

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def render(config: ReportConfig, paths: Sequence[Path]) -> Iterator[tuple[str, Path | str]]:
    """Write the report of the record in a file, or of how the records of several compare.

    Returns:
        What was written, and where, for people.

    Raises:
        UsageError: a record cannot be read or has nothing of what was asked for, records cannot be
            compared, or a package is missing.
        StoreError: a file cannot be written, or the tracker refused the run.
    """
    records = [open_record(path) for path in paths]
    if config.mlflow is not None and len(records) > 1:
        raise ConfigurationError("a comparison is no run of MLflow", "name one record")
    # A missing package or a wrong address is said before anything is written.
    client = None if config.mlflow is None else connect(config.mlflow)
    document = _named(_document(records), config.report_name)
    chosen = of_types(document, config.report_types)
    stem = file_name(config.report_name) if config.report_name else stem_of(document)
    layout = Layout(
        config.output or paths[-1].parent, stem, config.img_dir, config.root_dir, config.figures
    )
    files = write_formats(chosen.document, config.formats or usual_formats(document), layout)
    if chosen.missing:
        current().tell(f"this {document.kind} has nothing of {', '.join(chosen.missing)}")
    yield from _places(files)
    if client is not None:
        yield "mlflow run", _track(client, records[0], (*paths, *_reports(files)), config)


def _document(records: Sequence[AnyRecord]) -> Document:
    if len(records) == 1:
        return document_of(records[0])
    # What was measured elsewhere is compared too: the report says so.
    return comparison_document(compare_records(records, across_targets=True))


def _named(document: Document, name: str | None) -> Document:
    return document if name is None else replace(document, title=name, place="")


def _places(files: Sequence[ReportFile]) -> Iterator[tuple[str, Path]]:
    for each in _reports(files):
        yield "report", each
    for what in ("table", "figure"):
        for directory in dict.fromkeys(each.path.parent for each in files if each.what == what):
            yield f"{what}s", directory


def _reports(files: Sequence[ReportFile]) -> tuple[Path, ...]:
    return tuple(each.path for each in files if each.what == "report")


def _track(
    client: MlflowClient, record: AnyRecord, artifacts: Sequence[Path], config: ReportConfig
) -> str:
    return log_experiment(client, experiment_of(record), artifacts, config.mlflow_experiment)

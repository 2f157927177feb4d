"""The verb ``convert`` as people see it: progress, the record, and the matrix in three forms."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from kenning_lego.core.conversion_records import ConversionCell, ConversionRecord
from kenning_lego.core.output import current
from kenning_lego.reports.conversions.report import conversions_said
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.layout import Layout
from kenning_lego.reports.write import stem_of, usual_formats, write_formats
from kenning_lego.scenarios.converting.configuration import ConvertConfig
from kenning_lego.scenarios.converting.run import convert, networks_of
from kenning_lego.scenarios.figures import conversion_figures
from kenning_lego.scenarios.progress import Steps
from kenning_lego.store.keeping import keep_record
from kenning_lego.store.workspace import Workspace


def convert_and_tell(
    config: ConvertConfig, console: Console, command: Sequence[str] = ()
) -> ConversionRecord:
    """Convert, write the record and the matrix, and say what came of it.

    Raises:
        UsageError: a network is not there.
        StoreError: a file cannot be written.
    """
    networks_of(config)  # known before anything is made
    workspace = Workspace(config.workspace)
    with Steps(console)("convert") as track:

        def on_cell(done: int, total: int, cell: ConversionCell) -> None:
            track.update(done, total, f"{cell.network} {cell.route}")
            if cell.problem and cell.state != "skipped":
                console.print(f"  {cell.network} {cell.route}: {cell.problem}", soft_wrap=True)

        record, run = convert(config, workspace, on_cell, command)
    kept = keep_record(record, run)
    console.print(conversions_said(record), soft_wrap=True)
    current().figures(**conversion_figures(record))
    current().wrote("record", kept)
    document = document_of(record)
    layout = Layout(config.output or run, stem_of(document))
    for each in write_formats(document, usual_formats(document), layout):
        current().wrote("report", each.path)
    return record

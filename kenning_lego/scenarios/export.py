"""Write a configuration of a tested network as one file for an application of your own.

The file computes what the chain of its segments computes, which is checked before it is written;
any ONNX Runtime can load it, or any LiteRT with --format tflite. What it is and what was predicted
of it is in the record beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kenning_lego.core.entry import run
from kenning_lego.core.errors import StoreError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.scenarios.exporting.configuration import ExportConfig

if TYPE_CHECKING:
    from kenning_lego.core.export_records import ExportRecord
    from kenning_lego.store.workspace import Workspace


def main(arguments: Sequence[str]) -> int:
    """Export a configuration."""
    config = parse_configuration(
        ExportConfig,
        arguments,
        program="kenning-lego export",
        description=__doc__ or "",
        file="YAML file with the same settings; flags override it",
        positional="workspace",
        example="kenning-lego export w --configuration original --output net.onnx",
    )
    from kenning_lego.scenarios.exporting.choosing import find_exportable
    from kenning_lego.scenarios.exporting.exporting import export
    from kenning_lego.scenarios.online.tested import open_tested

    tested = open_tested(config.workspace, config.run)
    path, record = export(
        tested,
        find_exportable(tested, config),
        config.output,
        form=config.format,
        overwrite=config.overwrite,
        command=("kenning-lego", "export", *arguments),
    )
    output = current()
    output.tell(
        f"{record.configuration} of {record.network}, run {record.run}: "
        f"{record.artifact.size_bytes / 1e6:.2f} MB, "
        f"off the chain by {record.artifact.gap_max_abs:.2g} at most"
    )
    output.figures(size_bytes=record.artifact.size_bytes, gap_max_abs=record.artifact.gap_max_abs)
    output.wrote("exported", path)
    output.wrote("record", path.with_suffix(".json"))
    _keep(tested.workspace, record, path)
    return 0


def _keep(workspace: Workspace, record: ExportRecord, path: Path) -> None:
    """Note the export in the workspace; the files are written whether that can be done or not."""
    from kenning_lego.scenarios.pages import write_page
    from kenning_lego.store.keeping import keep_record

    noted = record.model_copy(update={"directory": str(path.parent)})
    try:
        kept = keep_record(noted, workspace.new_run())
        current().tell(f"noted {kept}")
        write_page(noted, kept.parent)
    except StoreError as error:
        current().tell(f"not noted in the workspace: {error}")


if __name__ == "__main__":
    sys.exit(run(main))

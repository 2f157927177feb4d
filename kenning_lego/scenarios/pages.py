"""Writing the page of a record beside it."""

from __future__ import annotations

from pathlib import Path

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.output import current


def write_page(record: AnyRecord, directory: Path) -> None:
    """Write a record's page; where its package is missing, say so: the record is kept anyway.

    Raises:
        StoreError: the page cannot be written.
    """
    from kenning_lego.reports.write import write_report  # only when there is a record to report

    try:
        path = write_report(record, directory)
    except MissingDependencyError as error:
        current().tell(f"no report: {error}")
    else:
        current().wrote("report", path)

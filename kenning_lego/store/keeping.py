"""Keeping a run's record where it is found again."""

from __future__ import annotations

from pathlib import Path

from kenning_lego.core.opening import AnyRecord, kind_of
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.store.atomic import write_json


def keep_record(record: AnyRecord, directory: Path) -> Path:
    """Write a record into a run's directory, under the name of its kind.

    Returns:
        Its file.

    Raises:
        StoreError: it cannot be written.
    """
    path = directory / KINDS[kind_of(record)].file_name
    write_json(path, record.model_dump(mode="json"))
    return path

"""The kinds of records: what each is of, and the name of its file in a run's directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record.

    Args:
        file_name: in a run's directory.
        of: what it is a record of, in words.
    """

    file_name: str
    of: str


KINDS: Final[Mapping[str, RecordKind]] = {
    "run": RecordKind("record.json", "a run"),
    "pipelines": RecordKind("pipelines.json", "pipelines"),
    "load": RecordKind("load.json", "load tests"),
    "training": RecordKind("training.json", "a training"),
    "optimisation": RecordKind("optimisation.json", "a search"),
    "conversion": RecordKind("conversion.json", "conversions"),
    "selection": RecordKind("selection.json", "a selection"),
    "export": RecordKind("export.json", "an export"),
}
"""By the name that a record gives as its ``kind``; a run's are those of tests and baselines."""

"""What is kept beside a network that was exported as one file."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from kenning_lego.core.records import ArtifactRecord, ScoreRecord, TensorRecord
from kenning_lego.core.showing import ShownRecord

EXPORT_VERSION: Final = 1


class ExportRecord(BaseModel, ShownRecord):
    """A network in one file: what it is, where it comes from, what to expect of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = EXPORT_VERSION
    kind: Literal["export"] = "export"
    created: str
    """ISO 8601 with time zone."""
    version: str
    """Of kenning-lego."""
    command: tuple[str, ...]
    file: str
    """Name of the exported file, in the directory of this record."""
    directory: str = ""
    """In the copy that the workspace keeps: the directory of the file, as it was named then."""
    artifact: ArtifactRecord
    """The file; the gap is the one to the chain of its segments."""
    inputs: tuple[TensorRecord, ...]
    outputs: tuple[TensorRecord, ...]
    network: str
    run: str
    """Of the test that it comes from."""
    configuration: str
    variants: dict[str, str] = Field(default_factory=dict)
    """Variant name by block name; empty for the network as it was given."""
    metric: str
    predicted: ScoreRecord | None = None
    """As a chain of segments, on the target of the test."""
    measured: ScoreRecord | None = None
    """The same, if the test measured this configuration."""

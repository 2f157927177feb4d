"""What all records of runs share: the machines, and how to repeat it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kenning_lego.core.plans import TargetDescription
from kenning_lego.core.showing import ShownRecord


class Record(BaseModel):
    """Base of all records: frozen, and strict about names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvironmentRecord(Record):
    """A machine as it was; absent facts are absent."""

    facts: dict[str, str | int | float] = Field(default_factory=dict)
    engines: dict[str, str] = Field(default_factory=dict)
    state_before: dict[str, str | int | float] = Field(default_factory=dict)
    state_after: dict[str, str | int | float] = Field(default_factory=dict)

    @classmethod
    def between(cls, before: TargetDescription, after: TargetDescription) -> EnvironmentRecord:
        """A machine as it described itself at the beginning and in the end."""
        return cls(
            facts=dict(before.facts),
            engines=dict(before.engines),
            state_before=dict(before.state),
            state_after=dict(after.state),
        )


class TargetRecord(Record):
    """Where it ran and what really ran there."""

    address: str
    in_process: bool
    environment: EnvironmentRecord
    used: dict[str, str | int | float] = Field(default_factory=dict)
    deployments: tuple[str, ...] = ()
    """Names of pipelines of the target's own that ran meanwhile."""


class TelemetryRecord(Record):
    """What the target's sensors told during the run; docs/reference/telemetry.md has the keys."""

    model_config = ConfigDict(allow_inf_nan=False)

    began: str | None = None
    """Wall-clock time of the first sample on the target, ISO 8601 with time zone."""
    times_s: tuple[float, ...] = ()
    """When each sample was taken, on the target's monotonic clock."""
    columns: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """One value a sample by key; None where it was absent."""
    absent: dict[str, str] = Field(default_factory=dict)
    """What was not there, and why."""

    @model_validator(mode="after")
    def _fits(self) -> TelemetryRecord:
        if any(len(column) != len(self.times_s) for column in self.columns.values()):
            raise ValueError("a column has not one value for each time")
        if any(before > after for before, after in pairwise(self.times_s)):
            raise ValueError("the times do not go forward")
        return self


class OriginRecord(Record, ShownRecord):
    """Which run a record is of, and how to repeat it."""

    id: str
    created: str
    """ISO 8601 with time zone."""
    version: str
    """Of kenning-lego."""
    command: tuple[str, ...]
    scenario: dict[str, Any]
    host: EnvironmentRecord


class HeaderRecord(OriginRecord):
    """What every record of a run on a target begins with."""

    target: TargetRecord

"""Budgets that change with time, as a CSV or YAML file says."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from kenning_lego.core.bounds import Bounds, Schedule, ScheduledBounds
from kenning_lego.core.configuration import Component, explain
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.selection.problem import Choice

_COLUMNS = "at_s,pipeline,latency_ms,latency_share,memory_mb,memory_share,energy_mj"


class TraceStep(Component):
    """Bounds from a moment on; what is not named is not bounded."""

    at_s: float = Field(ge=0)
    """Seconds since the pipelines began."""
    pipeline: str | None = None
    """Whose bounds; every pipeline's if it is not named."""
    latency_ms: float | None = Field(default=None, gt=0)
    """Time for one frame."""
    latency_share: float | None = Field(default=None, gt=0)
    """The same, as a share of the original network's."""
    memory_mb: float | None = Field(default=None, gt=0)
    """Artifacts that are loaded, in 10^6 bytes."""
    memory_share: float | None = Field(default=None, gt=0)
    """The same, as a share of the original network's."""
    energy_mj: float | None = Field(default=None, gt=0)
    """Energy of one frame."""

    @model_validator(mode="after")
    def _one_bound_each(self) -> TraceStep:
        if None not in (self.latency_ms, self.latency_share):
            raise ValueError("latency_ms and latency_share are the same bound; give one")
        if None not in (self.memory_mb, self.memory_share):
            raise ValueError("memory_mb and memory_share are the same bound; give one")
        return self

    def bounds(self, original: Choice) -> Bounds:
        """The bounds for a network whose original configuration this is."""
        latency = self.latency_ms
        if self.latency_share is not None:
            latency = self.latency_share * original.latency_ms
        memory = None if self.memory_mb is None else self.memory_mb * 1e6
        if self.memory_share is not None:
            memory = self.memory_share * original.memory_bytes
        return Bounds(latency, None if memory is None else int(memory), self.energy_mj)


def read_trace(path: Path) -> tuple[TraceStep, ...]:
    """The steps of a trace, in order of time.

    Args:
        path: a CSV file with a header line, or a YAML file with a list of mappings.

    Raises:
        ConfigurationError: it cannot be read, or is not such a file.
    """
    rows = _yaml_rows(path) if path.suffix.lower() in (".yaml", ".yml") else _csv_rows(path)
    steps = []
    for number, row in rows:
        try:
            steps.append(TraceStep.model_validate(row))
        except ValidationError as error:
            raise explain(error, f"{path}, {number}") from error
    if not steps:
        raise ConfigurationError(f"{path} holds no step", f"begin with the line {_COLUMNS}")
    return tuple(sorted(steps, key=lambda each: each.at_s))


def schedule_for(
    steps: Sequence[TraceStep], pipeline: str, original: Choice, repeat_s: float | None
) -> Schedule | None:
    """What a target is told of one pipeline's bounds; None if the trace is not about it.

    Raises:
        ConfigurationError: two steps of one moment are about it, or it repeats too early.
    """
    own = [step for step in steps if step.pipeline in (None, pipeline)]
    if not own:
        return None
    scheduled = tuple(ScheduledBounds(step.at_s, step.bounds(original)) for step in own)
    schedule = Schedule(scheduled, repeat_s)
    problem = schedule.problem()
    if problem:
        raise ConfigurationError(f"the trace for pipeline {pipeline!r}: {problem}", "correct it")
    return schedule


def _csv_rows(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file, strict=True, skipinitialspace=True)
            rows = [(f"line {lines.line_num}", row) for row in lines]
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}", "check it") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not CSV: {error}", f"columns: {_COLUMNS}") from error
    return [
        # More values than columns come under the key None.
        (where, {str(key): value for key, value in row.items() if value not in ("", None)})
        for where, row in rows
    ]


def _yaml_rows(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}", "check it") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}", "correct it") from error
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise ConfigurationError(
            f"{path} is no list of steps", "write lines such as `- {at_s: 0, latency_ms: 12}`"
        )
    return [(f"step {number}", row) for number, row in enumerate(content, 1)]

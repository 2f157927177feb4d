"""What a self-test leaves: a versioned record, to be read on any machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kenning_lego.core.errors import WorkspaceError
from kenning_lego.stats.summary import summarize

SCHEMA_VERSION: Final = 1

Outcome = Literal["passed", "failed", "skipped"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class CheckRecord(_Record):
    """One check and what came of it."""

    name: str
    outcome: Outcome
    seconds: float
    detail: str
    """What was seen; of a failure, what was wrong; of what was skipped, why."""


class DistributionRecord(_Record):
    """Durations in ns; bounds are of 95 % intervals, None with too few samples for one."""

    samples_ns: tuple[int, ...]
    """In the order in which they were taken."""
    median_ns: float
    median_low_ns: float | None
    median_high_ns: float | None
    p90_ns: float | None
    p99_ns: float | None
    maximum_ns: float

    @classmethod
    def of(cls, samples_ns: Sequence[int]) -> DistributionRecord:
        """That of at least one duration."""
        found = summarize(samples_ns)
        return cls(
            samples_ns=tuple(samples_ns),
            median_ns=found.median,
            median_low_ns=found.median_low,
            median_high_ns=found.median_high,
            p90_ns=found.p90.value if found.p90 else None,
            p99_ns=found.p99.value if found.p99 else None,
            maximum_ns=found.maximum,
        )


class BenchmarkRecord(_Record):
    """A short benchmark; what needs an engine is None or empty without one."""

    latency: DistributionRecord | None = None
    """Of the tiny network, in the worker, on the target's clock, around the engine's call alone."""
    stopped: str | None = None
    """Why that ended: `precise`, `max_rounds` or `max_seconds`."""
    used: dict[str, str | int | float] = {}
    """Engine, version, provider and threads that really ran."""
    round_trips: dict[str, DistributionRecord] = {}
    """From request to answer over loopback, engine included: `observe` (no engine), `fused`
    (INFER), `stepwise` (DATA, PROCESS, OUTPUT, each awaited), `pipelined` (the three, sent at
    once)."""
    upload_bytes: int = 0
    upload_s: tuple[float, ...] = ()
    """How long uploads of so many bytes took, each with other bytes."""
    sleep_overshoot: DistributionRecord | None = None
    """How much longer than 1 ms a sleep of 1 ms takes."""
    interruptions: DistributionRecord | None = None
    """The longest gap between two readings of the clock in each 10 ms of reading nothing else."""


class EnvironmentRecord(_Record):
    """The machine as the server described it."""

    facts: dict[str, str | int | float]
    engines: dict[str, str]
    state_before: dict[str, str | int | float]
    state_after: dict[str, str | int | float]


class SelftestRecord(_Record):
    """One self-test."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["selftest"] = "selftest"
    created: str
    """ISO 8601, UTC."""
    version: str
    """Of kenning-lego."""
    seconds: float
    engine: str | None
    """The engine that was tested; None where none is installed."""
    checks: tuple[CheckRecord, ...]
    environment: EnvironmentRecord | None
    """None where the server did not tell."""
    benchmark: BenchmarkRecord | None
    """None where it failed."""

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.outcome != "failed" for check in self.checks)


def parse_record(text: str | bytes, where: str) -> SelftestRecord:
    """Read a record.

    Raises:
        WorkspaceError: it is none of ours, of a newer version, or damaged.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise WorkspaceError(f"{where} is not JSON: {error}") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int) or content.get("kind") != "selftest":
        raise WorkspaceError(f"{where} is not the record of a self-test")
    if version > SCHEMA_VERSION:
        raise WorkspaceError(
            f"{where} has schema version {version}, this kenning-lego reads up to {SCHEMA_VERSION}",
            "update kenning-lego",
        )
    try:
        return SelftestRecord.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise WorkspaceError(f"{where} is damaged: {place}: {first['msg']}") from error

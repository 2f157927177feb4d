"""What is kept of variants that were compiled in several ways, and of what mixing them bought."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kenning_lego.core.engines import Engine
from kenning_lego.core.run_headers import Record

Part = Literal["ratios", "precisions", "mixed"]
"""Of the variants: those of the main way in all ratios, the originals in all ways, or all."""


class EngineRecord(Record):
    """An engine of the target beside its first one."""

    runtime: str
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        """As requests to a target name it."""
        return Engine(self.runtime, self.options)


class CompiledRunRecord(Record):
    """A random configuration of compiled variants that was scored, to see how costs predict."""

    variants: tuple[str, ...]
    """One for every segment, by name."""
    predicted: float
    score: float


class CompiledAccuracyRecord(Record):
    """Where accuracy costs of compiled variants come from; see blocks/accuracy/compiled.py."""

    samples: int
    """Of the validation part, on which they ran."""
    environments: int
    """Networks that each ran in, in place of the variant that it was compiled from."""
    original: float
    """Score of the original network on these samples."""
    precision: Literal["float32", "bfloat16"]
    """Of the networks around them."""
    measured: int
    """Variants whose cost was found so; those in fp32 cost what they were compiled from does."""
    runs: tuple[CompiledRunRecord, ...] = ()
    error_median: float | None = None
    """Of the absolute differences between prediction and score over the runs."""
    error_p95: float | None = None
    error_bias: float | None = None
    """Mean of the signed differences; positive is predicted too high."""


class ChoiceRecord(Record):
    """The best configuration for a budget that can be had of a part of the variants."""

    part: Part
    feasible: bool
    variants: dict[str, str] = Field(default_factory=dict)
    """Variant name by block name; empty if infeasible."""
    accuracy_cost: float | None = None
    """Sum of the variants' costs; like what follows, predicted."""
    latency_ms: float | None = None
    memory_bytes: int | None = None
    score: float | None = None
    configuration: str | None = None
    """Name of the configuration of these variants that was measured, if one was."""


class GainRecord(Record):
    """What the parts of the variants give for one budget."""

    configuration: str
    """Name of the configuration that was chosen for it."""
    choices: tuple[ChoiceRecord, ...]


class MixingRecord(Record):
    """Variants compiled in several ways."""

    ways: tuple[str, ...]
    """Names of the ways beside the main one, as they stand behind + in names of variants."""
    engines: tuple[EngineRecord, ...] = ()
    """Of the target, beside its first one, that some of these run on."""
    left_out: dict[str, str] = Field(default_factory=dict)
    """Why variants are not there, by their names."""
    accuracy: CompiledAccuracyRecord | None = None
    gains: tuple[GainRecord, ...] = ()

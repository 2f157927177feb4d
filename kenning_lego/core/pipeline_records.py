"""The record of pipelines that ran on a target: every frame, every decision, every bound.

Times are in s from the record's beginning unless a name says otherwise.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Literal

from pydantic import Field, model_validator

from kenning_lego.core.columns import Column
from kenning_lego.core.records import BudgetRecord, ScoreRecord
from kenning_lego.core.run_headers import HeaderRecord, Record

PIPELINES_SCHEMA_VERSION: Final = 1

NO_ANSWER: Final = -1
"""In :attr:`FramesRecord.correct`: what the frame shows is not known."""


class FramesRecord(Record):
    """Frames of one pipeline in order; all columns have one value a frame."""

    number: Column = ()
    """Counted by the pipeline from 0; where one is missing it was not kept."""
    begin_ns: Column = ()
    """From the record's beginning."""
    duration_ns: Column = ()
    """Of the engine's calls, on the target's clock."""
    configuration: Column = ()
    """Which of the pipeline's configurations ran it."""
    correct: Column = ()
    """1 for a right answer, 0 for a wrong one, :data:`NO_ANSWER`; empty where none is known."""

    @model_validator(mode="after")
    def _fits(self) -> FramesRecord:
        count = len(self.number)
        columns = (self.begin_ns, self.duration_ns, self.configuration)
        if any(len(column) != count for column in columns) or len(self.correct) not in (0, count):
            raise ValueError("a column has not one value for each frame")
        if any(first >= second for first, second in pairwise(self.number)):
            raise ValueError("the numbers of frames do not ascend")
        return self


class VariantShareRecord(Record):
    """A variant that a pipeline may run, for those who look at it."""

    name: str
    block: str
    kind: str
    ratio: float
    ratio_reached: float
    accuracy_cost: float = 0.0
    way: str = ""
    """How it was compiled if not in the test's main way."""


class RunConfigurationRecord(Record):
    """A configuration that a pipeline ran."""

    variants: dict[str, str]
    """Block name to variant name."""
    predicted: ScoreRecord
    fused: bool = False
    """Run as one artifact rather than segment after segment."""


class BoundsRecord(Record):
    """The bounds that a pipeline had from some moment on."""

    at_s: float
    budget: BudgetRecord
    source: str = ""
    """Who set them: ``start``, ``host``, ``file``, ``socket``, ``schedule`` or ``sensors``."""


class LoadedRecord(Record):
    """Bytes of the artifacts that a pipeline held from some moment on."""

    at_s: float
    memory_bytes: int


class PipelineEventRecord(Record):
    """Something that happened to a pipeline."""

    at_s: float
    pipeline: str
    """Its name; empty for what concerns all."""
    kind: str
    """Such as ``decided``, ``switched``, ``failed``, ``bounds``, ``restarted``."""
    text: str
    """For people: what, and why."""
    frame: int | None = None
    """The first frame after it."""
    figures: dict[str, float] = Field(default_factory=dict)


class PipelineRecord(Record):
    """One pipeline: what it ran on what, within which bounds, and how that went."""

    name: str
    network: str
    metric: str = ""
    higher_is_better: bool = True
    original_score: float | None = None
    source: str
    """Where its frames came from, in words."""
    variants: tuple[VariantShareRecord, ...]
    configurations: tuple[RunConfigurationRecord, ...]
    bounds: tuple[BoundsRecord, ...] = ()
    """In order of time."""
    loaded: tuple[LoadedRecord, ...] = ()
    """In order of time."""
    frames: FramesRecord = FramesRecord()
    dropped: int = 0
    """Frames that ran and were no longer kept when asked for."""

    @model_validator(mode="after")
    def _fits(self) -> PipelineRecord:
        known = range(len(self.configurations))
        if any(index not in known for index in set(self.frames.configuration)):
            raise ValueError("a frame names a configuration that is not there")
        return self


class PipelinesRecord(HeaderRecord):
    """One run of the verb ``run`` or ``adapt``."""

    schema_version: Literal[1] = PIPELINES_SCHEMA_VERSION
    kind: Literal["pipelines"] = "pipelines"
    duration_s: float
    grace_frames: int = 10
    """After a change of bounds or of the load, so many frames count neither way."""
    pipelines: tuple[PipelineRecord, ...]
    events: tuple[PipelineEventRecord, ...] = ()

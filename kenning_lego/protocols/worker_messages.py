"""The messages between the server and the worker process of a deployment; no host sends them.

The server asks RUN, then BEGIN, then STEER as often as need be; each is answered by OK or ERROR.
The worker tells by REPORT, unasked, what it ran and what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kenning_lego.core.bounds import MAX_FIGURE, MAX_MEMORY_BYTES, Bounds
from kenning_lego.core.deployments import MAX_KEPT_OUTPUTS_BYTES, MAX_RATE_FPS
from kenning_lego.core.frame_sources import FrameSource
from kenning_lego.protocols.deployment_fields import (
    MAX_NAME,
    MAX_OUTPUTS,
    pack_bounds,
    pack_source,
    read_source,
)
from kenning_lego.protocols.fields import MAX_ITEMS, Fields
from kenning_lego.protocols.messages import Kind, Load, read_load
from kenning_lego.protocols.plans import MAX_STAGES

_MAX_COUNT = 2**62
_MAX_EVENTS = 65_536


@dataclass(frozen=True, slots=True)
class RunPipeline:
    """Load a configuration and open the source of its frames; the answer has the pipeline's spec.

    Args:
        stages: in order; see :mod:`kenning_lego.core.engines`.
        load: how.
        outputs: names of the tensors to return; none for the last stage's.
        source: of the frames.
        rate_fps: frames that are begun in a second; None as fast as they go.
        memory_bytes: that the artifacts may take together; None for any amount.
        latency_ms: a frame that takes longer is reported at once; None for no such bound.
        keep_outputs_bytes: of outputs between two reports; 0 tells no outputs.
        preload: stages to load beside, as far as `memory_bytes` allows.
        frames_before: that earlier workers of this deployment took from the source.
    """

    kind: ClassVar[Kind] = Kind.RUN
    stages: tuple[str, ...]
    load: Load
    outputs: tuple[str, ...]
    source: FrameSource
    rate_fps: float | None
    memory_bytes: int | None = None
    latency_ms: float | None = None
    keep_outputs_bytes: int = 0
    preload: tuple[str, ...] = ()
    frames_before: int = 0

    def to_body(self) -> Mapping[str, Any]:
        body: dict[str, Any] = {
            "stages": list(self.stages),
            "load": self.load.to_body(),
            "outputs": list(self.outputs),
            "source": pack_source(self.source),
            "keep_outputs_bytes": self.keep_outputs_bytes,
            "preload": list(self.preload),
            "frames_before": self.frames_before,
        }
        if self.rate_fps is not None:
            body["rate_fps"] = self.rate_fps
        return {**body, **_pack_limits(self.memory_bytes, self.latency_ms)}

    @classmethod
    def from_body(cls, fields: Fields) -> RunPipeline:
        return cls(
            fields.stages("stages", MAX_STAGES),
            read_load(fields),
            fields.names("outputs", MAX_OUTPUTS, MAX_NAME),
            read_source(fields.map("source")),
            fields.number("rate_fps", 0.0, MAX_RATE_FPS) if fields.has("rate_fps") else None,
            *_limits(fields),
            fields.integer("keep_outputs_bytes", 0, MAX_KEPT_OUTPUTS_BYTES),
            fields.stages("preload", MAX_ITEMS, or_empty=True),
            fields.integer("frames_before", 0, _MAX_COUNT),
        )


@dataclass(frozen=True, slots=True)
class Begin:
    """Run frames from now on.

    Args:
        first_frame: the number of the first of them.
        first_configuration: the number of the configuration that was loaded.
    """

    kind: ClassVar[Kind] = Kind.BEGIN
    first_frame: int = 0
    first_configuration: int = 0

    def to_body(self) -> Mapping[str, Any]:
        return {
            "first_frame": self.first_frame,
            "first_configuration": self.first_configuration,
        }

    @classmethod
    def from_body(cls, fields: Fields) -> Begin:
        return cls(
            fields.integer("first_frame", 0, _MAX_COUNT),
            fields.integer("first_configuration", 0, _MAX_COUNT),
        )


@dataclass(frozen=True, slots=True)
class Steer:
    """Go over to a configuration while frames go on; OK once it runs, ERROR if it cannot.

    Args:
        stages: in order; those that run now change only the memory.
        memory_bytes: that the artifacts may take together from now on; None for any amount.
        latency_ms: see :class:`RunPipeline`.
        may_pause: frames may wait while artifacts are loaded, if memory allows no other way.
    """

    kind: ClassVar[Kind] = Kind.STEER
    stages: tuple[str, ...]
    memory_bytes: int | None = None
    latency_ms: float | None = None
    may_pause: bool = False

    def to_body(self) -> Mapping[str, Any]:
        body = {"stages": list(self.stages), "may_pause": self.may_pause}
        return {**body, **_pack_limits(self.memory_bytes, self.latency_ms)}

    @classmethod
    def from_body(cls, fields: Fields) -> Steer:
        return cls(fields.stages("stages", MAX_STAGES), *_limits(fields), fields.flag("may_pause"))


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened in the worker.

    Args:
        kind: as in :class:`kenning_lego.core.deployment_records.DeploymentEvent`.
        at_ns: when, on the monotonic clock.
        frame: the number of the first frame after it.
        text: for people.
        figures: numbers that belong to it.
        stages: that it is about.
    """

    kind: str
    at_ns: int
    frame: int
    text: str
    figures: Mapping[str, float] = field(default_factory=dict)
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker ran since its last report.

    The first payload frame holds the frames' rows (see :mod:`.deployment_results`), the others the
    outputs, as many for each frame that `outputs` names.

    Args:
        configurations: new ones among these frames: their stages by number.
        happened: in order.
        held_bytes: of the artifacts that are loaded.
        missed: since the worker began: moments at which a frame was due while another ran.
        outputs: numbers of the frames whose outputs follow.
        finished: the source has no more frames.
    """

    kind: ClassVar[Kind] = Kind.REPORT
    configurations: Mapping[int, tuple[str, ...]]
    happened: tuple[Happened, ...]
    held_bytes: int
    missed: int
    outputs: tuple[int, ...]
    finished: bool

    def to_body(self) -> Mapping[str, Any]:
        return {
            "configurations": [
                {"number": number, "stages": list(stages)}
                for number, stages in self.configurations.items()
            ],
            "happened": [_pack_happened(each) for each in self.happened],
            "held_bytes": self.held_bytes,
            "missed": self.missed,
            "outputs": list(self.outputs),
            "finished": self.finished,
        }

    @classmethod
    def from_body(cls, fields: Fields) -> Report:
        configurations = {}
        for each in fields.maps("configurations", _MAX_EVENTS):
            number = each.integer("number", 0, _MAX_COUNT)
            configurations[number] = each.stages("stages", MAX_STAGES)
            each.done()
        return cls(
            configurations,
            tuple(_happened(each) for each in fields.maps("happened", _MAX_EVENTS)),
            fields.integer("held_bytes", 0, MAX_MEMORY_BYTES),
            fields.integer("missed", 0, _MAX_COUNT),
            fields.integers("outputs", 0, _MAX_COUNT, _MAX_EVENTS),
            fields.flag("finished"),
        )


def _pack_happened(happened: Happened) -> Mapping[str, Any]:
    return {
        "kind": happened.kind,
        "at_ns": happened.at_ns,
        "frame": happened.frame,
        "text": happened.text[:4096],
        "figures": dict(happened.figures),
        "stages": list(happened.stages),
    }


def _happened(fields: Fields) -> Happened:
    happened = Happened(
        fields.text("kind", 64),
        fields.integer("at_ns", 0, _MAX_COUNT),
        fields.integer("frame", 0, _MAX_COUNT),
        fields.text("text"),
        fields.numbers("figures", 64),
        fields.stages("stages", MAX_STAGES, or_empty=True),
    )
    fields.done()
    return happened


def _pack_limits(memory_bytes: int | None, latency_ms: float | None) -> dict[str, Any]:
    return pack_bounds(Bounds(latency_ms, memory_bytes))


def _limits(fields: Fields) -> tuple[int | None, float | None]:
    has = fields.has
    return (
        fields.integer("memory_bytes", 0, MAX_MEMORY_BYTES) if has("memory_bytes") else None,
        fields.number("latency_ms", 0.0, MAX_FIGURE) if has("latency_ms") else None,
    )


FROM_SERVER = (RunPipeline, Begin, Steer)
FROM_WORKER = (Report,)

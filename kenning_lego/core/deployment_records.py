"""What a target tells of its deployments: their states, frames, events and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from kenning_lego.core.bounds import NO_BOUNDS, Bounds
from kenning_lego.core.specs import IOSpec

State = Literal["loading", "running", "restarting", "finished", "failed"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """How a deployment is just now.

    Args:
        name: of the deployment.
        state: ``loading`` before its first frame; ``restarting`` between a crash and the next
            attempt; ``finished`` once its source has no more frames; ``failed`` after too many
            crashes in a row.
        variants: of the configuration that runs, by segment; those of the last one otherwise.
        stages: the artifacts that run: the variants', or one that was fused from them.
        frames: that were run so far.
        missed: moments at which a frame was due while an earlier one still ran.
        adaptive: whether the target chooses its configurations.
        bounds: the tightest of all that were set.
        restarts: of its worker since it was deployed.
        reason: why it is in this state, where that needs a word; else empty.
    """

    name: str
    state: State
    variants: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    frames: int = 0
    missed: int = 0
    adaptive: bool = True
    bounds: Bounds = NO_BOUNDS
    restarts: int = 0
    reason: str = ""

    def __str__(self) -> str:
        word = f" ({self.reason})" if self.reason else ""
        adapts = "adaptive, " if self.adaptive else ""
        variants = ", ".join(self.variants.values())
        return (
            f"{self.name}: {self.state}{word}, {self.frames:,} frames, {adapts}"
            f"{self.bounds}; {variants}"
        )


class Frame(NamedTuple):
    """One run of the pipeline.

    Args:
        number: counted from 0 since the first deployment of this name, also over its restarts.
        begin_ns: when it was begun, on the target's monotonic clock, in ns.
        duration_ns: of the run, in ns.
        lateness_ns: by how much it was begun after it was due; 0 where nothing sets the pace.
        configuration: which one ran it; see :attr:`DeploymentRecord.configurations`.
    """

    number: int
    begin_ns: int
    duration_ns: int
    lateness_ns: int
    configuration: int


Origin = Literal["host", "schedule", "file", "socket", "adaptation", "worker", "server"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True, slots=True)
class DeploymentEvent:
    """Something that happened to a deployment, or was decided about it.

    The kinds are ``began``, ``bounds``, ``decided``, ``forced``, ``switched``, ``loaded``,
    ``evicted``, ``paused``, ``failed``, ``died``, ``restarted``, ``gave_up``, ``replaced`` and
    ``finished``; docs/how-to/deployments.md has what each of them means.

    Args:
        index: counted from 0 since the first deployment of this name.
        at_ns: when, on the clock of the frames.
        kind: what happened.
        origin: who brought it about.
        frame: the first frame that came after it, as far as is known.
        text: what and why, for people.
        figures: the numbers on which it rests, by name.
    """

    index: int
    at_ns: int
    kind: str
    origin: Origin
    frame: int
    text: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrameOutputs:
    """The outputs of one frame, as raw tensors in the order of the specification."""

    frame: int
    tensors: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """A part of a deployment's record, from a cursor on.

    Args:
        status: as it is now.
        spec: of the pipeline, once it was loaded.
        frames: in order.
        configurations: of these frames: the artifacts that ran, by the frames' number for them.
        frames_dropped: frames from the cursor on that are not kept any more.
        events: in order.
        events_dropped: events from the cursor on that are not kept any more.
        outputs: in order, if they were asked for.
        next_frame: the cursor for what follows these frames.
        next_event: the cursor for what follows these events.
        used: what really runs (engine, version, provider, ...), as its worker told once it had
            loaded the configuration that it began with.
    """

    status: DeploymentStatus
    spec: IOSpec | None
    frames: tuple[Frame, ...]
    configurations: Mapping[int, tuple[str, ...]]
    frames_dropped: int
    events: tuple[DeploymentEvent, ...]
    events_dropped: int
    outputs: tuple[FrameOutputs, ...]
    next_frame: int
    next_event: int
    used: Mapping[str, str | int | float] = field(default_factory=dict)

"""What the server keeps of a deployment: frames, events and outputs, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from kenning_lego.core.deployment_records import (
    DeploymentEvent,
    DeploymentRecord,
    DeploymentStatus,
    FrameOutputs,
    Origin,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Frame as PayloadFrame
from kenning_lego.protocols.deployment_messages import MAX_FRAMES_AT_ONCE, AskRecord
from kenning_lego.protocols.deployment_results import ROW_BYTES, rows_of
from kenning_lego.servers.deployments.recent import RecentFrames, RecentOutputs

KEPT_EVENTS = 4096
"""Of one deployment; the oldest go first."""
_MOST_TENSORS = 32_768
"""In one answer: each is a frame of the message."""
_MOST_OUTPUT_BYTES = 32 << 20
"""In one answer, beside those of one frame at least."""


class Record:
    """The record of all deployments of one name, one after the other.

    Args:
        keep_frames: rows of frames that are kept.
        keep_outputs_bytes: of outputs that are kept.
    """

    def __init__(self, keep_frames: int, keep_outputs_bytes: int) -> None:
        self._frames = RecentFrames(keep_frames)
        self._outputs = RecentOutputs(keep_outputs_bytes)
        self._events: deque[DeploymentEvent] = deque(maxlen=KEPT_EVENTS)
        self._configurations: dict[int, tuple[str, ...]] = {}
        self.spec: IOSpec | None = None
        self.used: Mapping[str, str | int | float] = {}
        self.next_event = 0

    @property
    def next_frame(self) -> int:
        """The number of the next frame."""
        return self._frames.next

    @property
    def next_configuration(self) -> int:
        """A number that no configuration has yet."""
        return 1 + max(self._configurations, default=-1)

    def keep(self, keep_frames: int, keep_outputs_bytes: int) -> None:
        """Keep other amounts from now on, as a deployment that replaces another may ask."""
        self._frames.keep(keep_frames)
        self._outputs.keep(keep_outputs_bytes)

    def add_frames(self, rows: PayloadFrame, configurations: Mapping[int, tuple[str, ...]]) -> None:
        """Take frames as a worker reported them, which follow those that are here."""
        self._configurations.update(configurations)
        self._frames.extend(rows)

    def add_outputs(self, outputs: Sequence[FrameOutputs]) -> None:
        """Take outputs of frames."""
        for each in outputs:
            self._outputs.append(each)

    def note(
        self,
        kind: str,
        origin: Origin,
        text: str,
        *,
        at_ns: int,
        frame: int | None = None,
        figures: Mapping[str, float] | None = None,
    ) -> DeploymentEvent:
        """Keep an event; without a frame, it came before the next one."""
        number = self.next_frame if frame is None else frame
        event = DeploymentEvent(self.next_event, at_ns, kind, origin, number, text, figures or {})
        self._events.append(event)
        self.next_event += 1
        return event

    def stages(self, configuration: int) -> tuple[str, ...] | None:
        """The artifacts of a configuration; None if no frame of it was reported."""
        return self._configurations.get(configuration)

    def part(
        self, ask: AskRecord, status: DeploymentStatus
    ) -> tuple[DeploymentRecord, PayloadFrame]:
        """What was asked for, without its frames, and their rows."""
        rows, first = self._frames.between(ask.since_frame, min(ask.frames, MAX_FRAMES_AT_ONCE))
        end = first + len(rows) // ROW_BYTES
        outputs: tuple[FrameOutputs, ...] = ()
        if ask.outputs:
            outputs = self._outputs.between(first, end, _MOST_TENSORS, _MOST_OUTPUT_BYTES)
            if outputs and not self._outputs.reach(outputs[-1].frame, end):
                end = outputs[-1].frame + 1  # the rest comes with the next cursor
        frames = rows_of(rows[: (end - first) * ROW_BYTES])
        events = tuple(event for event in self._events if event.index >= ask.since_event)
        oldest = self._events[0].index if self._events else self.next_event
        ran = {frame.configuration for frame in frames}
        record = DeploymentRecord(
            status=status,
            spec=self.spec,
            frames=(),
            configurations={number: self._configurations[number] for number in sorted(ran)},
            frames_dropped=max(0, first - ask.since_frame),
            events=events,
            events_dropped=max(0, oldest - ask.since_event),
            outputs=outputs,
            next_frame=end,
            next_event=self.next_event,
            used=self.used,
        )
        return record, rows[: len(frames) * ROW_BYTES]

"""What happens to a running pipeline, for its record."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

EVENTS_KEPT = 4096
"""Of one pipeline; the oldest go when nobody takes them."""

Kind = Literal["loaded", "evicted", "switched", "paused", "failed"]


@dataclass(frozen=True, slots=True)
class PipelineEvent:
    """One thing that happened.

    Args:
        kind: ``loaded`` or ``evicted`` (an artifact), ``switched`` (another configuration runs),
            ``paused`` (frames wait until the next ``switched``), or ``failed`` (what was asked for
            could not be had; the pipeline goes on with what it has).
        frame: number of the first frame after it.
        at_ns: when, on the target's monotonic clock.
        stages: that was loaded or evicted, or those of the configuration in order.
        bytes: of the artifact; 0 for other kinds.
        duration_ns: that loading took, or from a request until its configuration took over.
        reason: why something failed.
    """

    kind: Kind
    frame: int
    at_ns: int
    stages: tuple[str, ...]
    bytes: int = 0
    duration_ns: int = 0
    reason: str = ""


class EventLog:
    """The newest events of one pipeline."""

    def __init__(self) -> None:
        self._events: deque[PipelineEvent] = deque(maxlen=EVENTS_KEPT)

    def note(
        self,
        kind: Kind,
        frame: int,
        stages: tuple[str, ...],
        *,
        size: int = 0,
        began_ns: int | None = None,
        reason: str = "",
    ) -> None:
        """Something happened just now, and took from `began_ns` on."""
        now = time.perf_counter_ns()
        duration = 0 if began_ns is None else now - began_ns
        self._events.append(PipelineEvent(kind, frame, now, stages, size, duration, reason))

    def take(self) -> list[PipelineEvent]:
        """What happened since this was asked last."""
        taken = list(self._events)
        self._events.clear()
        return taken

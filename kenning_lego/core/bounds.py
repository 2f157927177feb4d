"""What a running pipeline may take, and how that changes with time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

MAX_SCHEDULED = 10_000
MAX_MEMORY_BYTES = 2**53
MAX_FIGURE = 1e9

_Figure = TypeVar("_Figure", int, float)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a pipeline may take; None is no bound.

    Args:
        latency_ms: of a frame, in ms.
        memory_bytes: of all artifacts that are loaded, also while one configuration follows
            another.
        energy_mj: of a frame, in mJ.
    """

    latency_ms: float | None = None
    memory_bytes: int | None = None
    energy_mj: float | None = None

    def problem(self) -> str | None:
        """What is wrong with them, or None."""
        for name, value, most in (
            ("latency_ms", self.latency_ms, MAX_FIGURE),
            ("memory_bytes", self.memory_bytes, MAX_MEMORY_BYTES),
            ("energy_mj", self.energy_mj, MAX_FIGURE),
        ):
            if value is not None and not 0 <= value <= most:  # NaN is not
                return f"{name} of {value!r} is not from 0 to {most:g}"
        return None

    def within(self, other: Bounds) -> Bounds:
        """The tighter of both in each respect."""
        return Bounds(
            _least(self.latency_ms, other.latency_ms),
            _least(self.memory_bytes, other.memory_bytes),
            _least(self.energy_mj, other.energy_mj),
        )

    def __str__(self) -> str:
        parts = []
        if self.latency_ms is not None:
            parts.append(f"{self.latency_ms:g} ms")
        if self.memory_bytes is not None:
            parts.append(f"{self.memory_bytes / 1e6:.4g} MB")
        if self.energy_mj is not None:
            parts.append(f"{self.energy_mj:g} mJ")
        return ", ".join(parts) or "no bound"


NO_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class ScheduledBounds:
    """Bounds from a moment on, in seconds since the deployment began."""

    at_s: float
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Schedule:
    """Bounds that change with time, counted from when the deployment began on this target.

    Args:
        steps: in ascending order of time; before the first there is no bound.
        repeat_s: begin again after so many seconds; None lets the last step hold for good.
    """

    steps: tuple[ScheduledBounds, ...]
    repeat_s: float | None = None

    def at(self, elapsed_s: float) -> Bounds:
        """The bounds after so many seconds."""
        if self.repeat_s is not None:
            elapsed_s = math.fmod(elapsed_s, self.repeat_s)
        bounds = NO_BOUNDS
        for step in self.steps:
            if step.at_s > elapsed_s:
                break
            bounds = step.bounds
        return bounds

    def problem(self) -> str | None:
        """What does not fit together, or None."""
        if not self.steps or len(self.steps) > MAX_SCHEDULED:
            return f"a schedule of {len(self.steps)} steps"
        times = [step.at_s for step in self.steps]
        if times != sorted(set(times)) or not all(0 <= time <= MAX_FIGURE for time in times):
            return "the times of the schedule do not go forward from 0"
        if self.repeat_s is not None and not times[-1] < self.repeat_s <= MAX_FIGURE:
            last = f"its last step is at {times[-1]:g} s"
            return f"the schedule repeats after {self.repeat_s!r} s, {last}"
        return next(filter(None, (step.bounds.problem() for step in self.steps)), None)


def _least(one: _Figure | None, other: _Figure | None) -> _Figure | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)

"""When the next frame is due: a grid in time whose missed points are not made up for."""

from __future__ import annotations


class Pace:
    """Frames at a fixed rate, as a camera gives them.

    A frame that is begun after one or more later ones were due stands for the last of these; the
    others are missed.

    Args:
        rate_fps: frames a second; None for as fast as they go.
        start_ns: when the first frame is due.
    """

    def __init__(self, rate_fps: float | None, start_ns: int) -> None:
        self._period = 0 if rate_fps is None else max(1, round(1e9 / rate_fps))
        self._due = start_ns
        self.missed = 0
        """Frames that were due while an earlier one still ran."""

    def wait_s(self, now_ns: int) -> float:
        """How long until the next frame is due, in seconds."""
        return max(0, self._due - now_ns) / 1e9 if self._period else 0.0

    def begin(self, now_ns: int) -> int:
        """A frame is begun; by how much too late, in ns."""
        if not self._period:
            return 0
        gone_by = max(0, now_ns - self._due) // self._period
        self.missed += gone_by
        lateness = max(0, now_ns - self._due - gone_by * self._period)
        self._due += (1 + gone_by) * self._period
        return lateness

"""One frame after the other, and what runs them changed in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

TAKE_OVER_INTERVAL_S = 0.005
"""How often to look whether the frames have ended without taking over."""


class _HandOver:
    __slots__ = ("call", "frame", "stages", "taken")

    def __init__(self, call: Callable[[], object] | None, stages: tuple[str, ...]) -> None:
        self.call = call
        self.stages = stages
        self.taken = threading.Event()
        self.frame = 0


class Turn:
    """Runs frames by a call that other threads may change between two of them.

    Args:
        call: runs one frame.
        stages: sha256 of the artifacts that it runs, in order.
    """

    def __init__(self, call: Callable[[], object], stages: tuple[str, ...] = ()) -> None:
        self._call: Callable[[], object] | None = call
        self._stages = stages
        self._next: _HandOver | None = None
        self._lock = threading.Lock()
        """Held while a frame runs."""
        self._resumed = threading.Event()
        self.frames = 0
        """That have been run."""
        self.ran: tuple[str, ...] = ()
        """The stages of the last frame; exact on the thread that runs the frames."""

    def frame(self) -> int:
        """Run one frame; its duration in ns. Waits while frames are paused."""
        while True:
            with self._lock:
                if self._call is not None:
                    begin = time.perf_counter_ns()
                    self._call()
                    duration = time.perf_counter_ns() - begin
                    self.frames += 1
                    self.ran = self._stages
                    break
            self._resumed.wait()
        # After the lock: whoever hands over now and finds it taken is seen here.
        if self._next is not None:
            self._take_over()
        return duration

    def hand_over(self, call: Callable[[], object] | None, stages: tuple[str, ...] = ()) -> int:
        """Have frames run by another call from the next one on; None pauses them.

        By one thread at a time. Returns once no frame runs by the old call any more.

        Args:
            call: runs one frame.
            stages: sha256 of the artifacts that it runs, in order.

        Returns:
            The number of the first frame that the new call runs.
        """
        handed = _HandOver(call, stages)
        self._next = handed
        # Whoever runs a frame takes over at its end; nobody does where none is run any more.
        while not self._take_over() and not handed.taken.wait(TAKE_OVER_INTERVAL_S):
            pass
        return handed.frame

    def _take_over(self) -> bool:
        """Take over what was handed over unless a frame runs; whether nothing is left."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            handed, self._next = self._next, None
            if handed is not None:
                self._call, self._stages = handed.call, handed.stages
                handed.frame = self.frames
                if handed.call is None:
                    self._resumed.clear()
                else:
                    self._resumed.set()
                handed.taken.set()
        finally:
            self._lock.release()
        return True

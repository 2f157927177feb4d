"""A thread that works while there is something to do, behind the frames."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable

NICENESS = 5
"""Of the thread, where each has its own (Linux): about a third of a frame's share of a core.

More would serve frames better on a core of their own, and worse on one that others use too: there a
thread that is kept from running while it holds Python's lock keeps the frames from running (80 ms
at most with 10, 20 ms with 5, beside one busy process).
"""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep Python's lock from a frame that has come back from the engine."""


class Background:
    """Calls `work` again and again, in a thread of its own, until it says that nothing is left.

    Args:
        name: of the thread.
        work: does the next piece; False if there is none.
    """

    def __init__(self, name: str, work: Callable[[], bool]) -> None:
        self._name = name
        self._work = work
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked = False

    def wake(self) -> None:
        """See to it that `work` is called once more after now."""
        with self._lock:
            self._asked = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def join(self) -> None:
        """Wait until nothing is left to do."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        _step_back()
        while self._goes_on():
            while self._work():
                pass

    def _goes_on(self) -> bool:
        with self._lock:
            asked, self._asked = self._asked, False
            if not asked:
                self._thread = None
            return asked


def hand_on_quickly() -> None:
    """Have Python pass its lock on more often than usual: for processes that run frames."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def _step_back() -> None:
    """Give way to frames; only Linux has a priority for each thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

"""How long computations tell how far they are, and are told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

OnProgress = Callable[[int, int, str], None]
"""Called with work done, work in all, and a line for people; work takes its time evenly."""

ShouldStop = Callable[[], bool]
"""Asked often, by what then leaves a checkpoint and raises KeyboardInterrupt."""


def never() -> bool:
    """Do not stop."""
    return False


class CombinedProgress:
    """The progress of several parts as one.

    Args:
        works: of each part.
        on_progress: told of all; nobody if None.
    """

    def __init__(self, works: Sequence[int], on_progress: OnProgress | None) -> None:
        self._done = [0] * len(works)
        self._works = list(works)
        self._on_progress = on_progress

    def update(self, part: int, done: int, text: str) -> None:
        """So much of a part's work is done; never more than it has."""
        self._done[part] = min(done, self._works[part])
        if self._on_progress is not None:
            self._on_progress(sum(self._done), sum(self._works), text)

    def of(self, part: int) -> OnProgress:
        """What a part tells its own progress to."""
        return lambda done, _, text: self.update(part, done, text)


@contextmanager
def stopping_on_interrupt() -> Iterator[ShouldStop]:
    """Whether Ctrl-C was pressed; pressed again it interrupts at once, as it does elsewhere.

    In other threads than the main one, which get no signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield never
        return
    before = signal.getsignal(signal.SIGINT)
    if before is None:  # not set from Python: it could not be put back
        yield never
        return
    stop = threading.Event()

    def note(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield stop.is_set
    finally:
        signal.signal(signal.SIGINT, before)

"""When a worker that died is started again: after growing pauses, and not for ever."""

from __future__ import annotations

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
MOST_IN_A_ROW = 10
"""Ten restarts take about four minutes."""
GOOD_RUN_S = 60.0
"""Crashes count as in a row unless a worker ran for so long in between."""


class Restarts:
    """Counts the crashes of one deployment."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._began: float | None = None
        self.count = 0
        """Restarts so far."""

    def began(self, now: float) -> None:
        """A worker runs frames from now on."""
        self._began = now

    def pause_s(self, now: float) -> float | None:
        """A worker died: after how many seconds to start the next; None for never."""
        if self._began is not None and now - self._began >= GOOD_RUN_S:
            self._in_a_row = 0
        self._began = None
        if self._in_a_row == MOST_IN_A_ROW:
            return None
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**self._in_a_row)
        self._in_a_row += 1
        self.count += 1
        return pause

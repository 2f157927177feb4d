"""Waiting until a board has cooled down, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_INTERVAL_S = 0.5


class CoolDown:
    """Waits before a round while the board is too hot.

    Args:
        below_c: temperature to wait for; None never waits.
        max_s: of all the waiting together.
        hottest_c: the present temperature of the hottest sensor; None without sensors.
        patience: called while it waits, to say so; True ends the wait.
    """

    def __init__(
        self,
        below_c: float | None,
        max_s: float,
        hottest_c: Callable[[], float | None],
        patience: Callable[[], bool],
    ) -> None:
        self._below_c = below_c
        self._max_s = max_s
        self._hottest_c = hottest_c
        self._patience = patience
        self.waited_s = 0.0

    def __call__(self) -> bool:
        """Wait if need be; whether that took any time."""
        if self._below_c is None:
            return False
        begin = time.monotonic()
        waited = False
        while self._too_hot() and self.waited_s + time.monotonic() - begin < self._max_s:
            if self._patience():
                break
            waited = True
            time.sleep(LOOK_INTERVAL_S)
        self.waited_s += time.monotonic() - begin
        return waited

    def _too_hot(self) -> bool:
        now = self._hottest_c()
        return now is not None and self._below_c is not None and now >= self._below_c

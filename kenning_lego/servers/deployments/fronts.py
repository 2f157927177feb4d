"""Computing fronts beside the server's loop: that of a large network takes seconds."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.offers import Offer
from kenning_lego.selection.front import Front
from kenning_lego.servers.deployments.choosing import front_of
from kenning_lego.servers.live.background import Background
from kenning_lego.servers.readiness import Readiness

Then = Callable[[Front | KenningLegoError], None]


class Fronts:
    """Computes the fronts of offers, one after the other, in a thread that gives way to others.

    Args:
        readiness: of the server's loop, in which the results are handed on.
    """

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._wanted: deque[tuple[Offer, Then]] = deque()
        self._found: deque[tuple[Then, Front | KenningLegoError]] = deque()
        self._background = Background("fronts", self._compute_next)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        readiness.watch(self._wake, self._hand_on)

    def want(self, offer: Offer, then: Then) -> None:
        """Have a front computed; `then` is called from the loop with what came of it."""
        self._wanted.append((offer, then))
        self._background.wake()

    def close(self) -> None:
        """Hand nothing on any more; what is being computed ends with the process."""
        self._wanted.clear()
        self._readiness.forget(self._wake)

    def _compute_next(self) -> bool:
        if not self._wanted:
            return False
        offer, then = self._wanted.popleft()
        found: Front | KenningLegoError
        try:
            found = front_of(offer)
        except KenningLegoError as error:
            found = error
        self._found.append((then, found))
        os.eventfd_write(self._wake, 1)
        return True

    def _hand_on(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while self._found:
            then, found = self._found.popleft()
            then(found)

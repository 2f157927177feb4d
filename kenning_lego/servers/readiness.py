"""Waiting for whatever has something to read: one epoll, and a handler for each descriptor.

A ``zmq.Poller`` asks each of its sockets anew at every wake-up; with five of them that cost more
than all the rest of a server's loop.
"""

from __future__ import annotations

import select
from collections.abc import Callable


class Readiness:
    """Calls the handlers of descriptors that are ready.

    The descriptor of a ZeroMQ socket becomes ready once for all that waits there: its handler
    reads until nothing is left (``ZMQ_FD`` in zmq_getsockopt(3)).
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[], object]] = {}

    def watch(self, descriptor: int, handler: Callable[[], object]) -> None:
        """Call `handler` whenever the descriptor has something to read, or is broken."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Stop watching a descriptor; to be called before it is closed."""
        del self._handlers[descriptor]
        self._epoll.unregister(descriptor)

    def wait(self, timeout_s: float) -> None:
        """Wait until something is ready or the time is over, and call the handlers."""
        for descriptor, _ in self._epoll.poll(timeout_s):
            # One of those before may have made the server forget it.
            handler = self._handlers.get(descriptor)
            if handler:
                handler()

    def close(self) -> None:
        """Watch nothing any more; the descriptors stay open."""
        self._handlers.clear()
        self._epoll.close()

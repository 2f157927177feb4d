"""The port where Kenning's hosts are served: a listener and connections in the server's loop.

All of its sockets are behind one descriptor, that of an epoll instance, which the server's poller
watches. What hosts ask is decided by :mod:`kenning_lego.protocols.kenning_session` and the server's
own session.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
from collections import deque
from collections.abc import Callable

from kenning_lego.core.errors import AddressError
from kenning_lego.protocols.addresses import is_ipv6, is_loopback, parse
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.dialogue import SessionEvent
from kenning_lego.servers.kenning_connection import READ_BYTES, KenningConnection
from kenning_lego.servers.utilisation import UtilisationMeter
from kenning_lego.store.artifacts import ArtifactStore

DEFAULT_PORT = 12345
"""Where Kenning's hosts look unless they are told otherwise."""

MAX_CONNECTIONS = 64
"""Beyond that the connection makes room that was opened first and holds no lease."""

LOOK_INTERVAL_S = 0.5
SAMPLE_INTERVAL_S = 1.0
"""Between two readings of the machine's utilisation."""

log = logging.getLogger("kenning_lego.server")


class KenningPort:
    """Listens for Kenning's hosts.

    Args:
        address: ``HOST:PORT``; port 0 takes a free one.
        store: for their models.
        handle: takes what hosts ask to the server's session.
        threads: that the engine may use for them.
        open_to_all: listen beyond loopback, where anybody may then use this machine.

    Raises:
        AddressError: the address cannot be bound, or is reachable from other machines.
    """

    def __init__(
        self,
        address: str,
        store: ArtifactStore,
        handle: Callable[[SessionEvent], None],
        *,
        threads: int = 1,
        open_to_all: bool = False,
    ) -> None:
        self._store = store
        self._handle = handle
        self._threads = threads
        self._connections: dict[bytes, KenningConnection] = {}
        self._by_descriptor: dict[int, KenningConnection] = {}
        self._closed: list[KenningConnection] = []
        self._answers: deque[tuple[bytes, Envelope]] = deque()
        # One for all: what is in it is taken before the next read.
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._next_look = self._next_sample = 0.0
        self._meter: UtilisationMeter | None = None
        self._deaf = False
        self._listener = _listen(address, open_to_all=open_to_all)
        self._epoll = select.epoll()
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)
        host, port = self._listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def fileno(self) -> int:
        """For pollers: readable when there is something to :meth:`serve`."""
        return self._epoll.fileno()

    def owns(self, peer: bytes) -> bool:
        """Whether a peer of the server's session is one of ours."""
        return peer in self._connections

    def deliver(self, peer: bytes, envelope: Envelope) -> None:
        """Take an answer of the server's session; it is passed on by :meth:`settle`."""
        self._answers.append((peer, envelope))

    def serve(self, now: float) -> None:
        """Do what can be done without waiting, at `now` seconds on the monotonic clock."""
        for descriptor, events in self._epoll.poll(0):
            if descriptor == self._listener.fileno():
                self._accept(now)
                continue
            connection = self._by_descriptor.get(descriptor)
            if connection is None:
                continue  # one of this round has made it go
            connection.ready(events, now)
            self.settle(now)

    def settle(self, now: float) -> None:
        """Pass on the answers that have come, with what comes of them."""
        while True:
            while self._answers:
                peer, envelope = self._answers.popleft()
                connection = self._connections.get(peer)
                if connection is not None:
                    connection.answered(envelope, now)
            if not self._closed:
                return
            while self._closed:
                self._forget(self._closed.pop())

    def look(self, now: float) -> None:
        """Pass on answers, look after time-outs and at how busy the machine is.

        To be called all the time.
        """
        if self._answers:
            self.settle(now)
        if now < self._next_look:
            return
        self._next_look = now + LOOK_INTERVAL_S
        if self._deaf:
            self._deaf = False
            self._epoll.modify(self._listener.fileno(), select.EPOLLIN)
        for connection in list(self._connections.values()):
            connection.expire(now)
        self.settle(now)
        self._sample(now)

    def close(self) -> None:
        """Close all connections and stop listening."""
        for connection in list(self._connections.values()):
            connection.close("the server ends")
        self._listener.close()
        self._epoll.close()

    def _sample(self, now: float) -> None:
        measuring = [each for each in self._connections.values() if each.session.measuring]
        if not measuring:
            self._meter = None
        elif self._meter is None:
            self._meter = UtilisationMeter()
            self._next_sample = now + LOOK_INTERVAL_S
        elif now >= self._next_sample:
            self._next_sample = now + SAMPLE_INTERVAL_S
            utilisation = self._meter.read(now)
            for each in measuring:
                if utilisation:
                    each.session.sampled(utilisation)

    def _accept(self, now: float) -> None:
        try:
            accepted, address = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                log.warning("cannot take a Kenning connection: %s", error.strerror)
                self._deaf = True  # for a while, or it would be told again at once
                self._epoll.modify(self._listener.fileno(), 0)
            return
        if len(self._connections) >= MAX_CONNECTIONS:
            self._make_room(now)
        connection = KenningConnection(
            accepted,
            f"a Kenning host at {address[0]}:{address[1]}",
            self._store,
            self._handle,
            self._watch,
            self._closed.append,
            self._buffer,
            now,
            threads=self._threads,
        )
        self._connections[connection.peer] = connection
        self._by_descriptor[connection.descriptor] = connection
        connection.greet(now)
        self.settle(now)

    def _make_room(self, now: float) -> None:
        oldest = min(self._connections.values(), key=lambda each: (each.session.leased, each.since))
        oldest.close("too many connections")
        self.settle(now)

    def _watch(self, connection: KenningConnection, events: int) -> None:
        if connection.registered:
            self._epoll.modify(connection.descriptor, events)
        else:
            self._epoll.register(connection.descriptor, events)
            connection.registered = True

    def _forget(self, connection: KenningConnection) -> None:
        self._connections.pop(connection.peer, None)
        self._by_descriptor.pop(connection.descriptor, None)


def _listen(address: str, *, open_to_all: bool) -> socket.socket:
    host, port = parse(address, DEFAULT_PORT)
    if not is_loopback(host) and not open_to_all:
        raise AddressError(
            f"{address} would let anybody who reaches this machine use it: "
            "Kenning's wire knows no keys",
            f"serve with --kenning-tcp 127.0.0.1:{port} and reach it through "
            f"ssh -L {port}:127.0.0.1:{port} BOARD; or add --kenning-tcp-open where "
            "everybody on the network is trusted",
        )
    family = socket.AF_INET6 if is_ipv6(address) else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((host.strip("[]"), port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressError(
                f"{address} is in use, perhaps by a server of Kenning's own",
                "stop that one or choose another port with --kenning-tcp",
            ) from error
        raise AddressError(f"cannot listen at {address}: {error.strerror or error}") from error
    return listener

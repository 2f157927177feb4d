"""A bad network on loopback: a TCP proxy that delays, stalls, cuts, chops and loses.

One thread with a selector carries all connections; nothing in it waits for anything but the
selector. Faults are set for each direction at any time and are in force when :meth:`Proxy.set`
returns.
"""

from __future__ import annotations

import contextlib
import enum
import math
import random
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType

_READ = 1 << 16
_BUFFER = 1 << 18
_PIECES_AT_ONCE = 64
_RESET = struct.pack("ii", 1, 0)


class Direction(enum.Enum):
    """Which way bytes go."""

    TO_TARGET = "to the target"
    TO_HOST = "to the host"


class Mode(enum.Enum):
    """What becomes of the bytes of one direction."""

    FORWARD = "forward"
    STALL = "stall"
    """Nothing is read any more: the sender's buffers fill up. Even its end is not noticed."""
    DISCARD = "discard"
    """Everything is read and thrown away. Its end is thrown away with it."""
    RESET = "reset"
    """The connection is broken with RST on both sides."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one direction.

    Args:
        mode: what becomes of the bytes.
        after: so many bytes are still forwarded before `mode` is in force; counted from the
            setting of the fault, for later connections from their beginning.
        delay_s: every byte takes so much longer.
        pieces: bytes are sent in pieces of a random size between the two.
        bytes_per_s: bandwidth.
        tripped: called in the proxy's thread when `after` bytes have been forwarded.
    """

    mode: Mode = Mode.FORWARD
    after: int = 0
    delay_s: float = 0.0
    pieces: tuple[int, int] | None = None
    bytes_per_s: float | None = None
    tripped: Callable[[], None] | None = None


class _Flow:
    """One direction of one connection."""

    def __init__(self, source: socket.socket, sink: socket.socket, fault: Fault, seed: int) -> None:
        self.source = source
        self.sink = sink
        self.forwarded = 0
        self.ended = False
        self._random = random.Random(seed)
        self._buffer: deque[tuple[float, memoryview]] = deque()
        self._buffered = 0
        self._free_at = 0.0
        self.set(fault)

    def set(self, fault: Fault) -> None:
        self._fault = fault
        self._left = math.inf if fault.mode is Mode.FORWARD and not fault.tripped else fault.after

    @property
    def mode(self) -> Mode:
        return Mode.FORWARD if self._left > 0 else self._fault.mode

    def trip(self) -> None:
        """Tell, once, that the bytes before the fault are through."""
        if self._left <= 0 and self._fault.tripped:
            tripped = self._fault.tripped
            self.set(replace(self._fault, after=0, tripped=None))
            tripped()

    def wants_to_read(self) -> bool:
        return not self.ended and (
            self.mode is Mode.DISCARD or (self.mode is Mode.FORWARD and self._buffered < _BUFFER)
        )

    def due_at(self) -> float:
        """When the next byte may be sent; infinite if there is none."""
        if self.mode is not Mode.FORWARD or not self._buffer:
            return math.inf
        return max(self._buffer[0][0], self._free_at)

    @property
    def is_over(self) -> bool:
        return self.ended and not self._buffer and self.mode is Mode.FORWARD

    def read(self, now: float) -> None:
        try:
            piece = self.source.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self.ended = True
        elif self.mode is Mode.FORWARD:
            self._buffer.append((now + self._fault.delay_s, memoryview(piece)))
            self._buffered += len(piece)

    def write(self, now: float) -> None:
        for _ in range(_PIECES_AT_ONCE):
            if self.due_at() > now:
                return
            due, piece = self._buffer.popleft()
            try:
                sent = self.sink.send(piece[: self._most()])
            except BlockingIOError:
                self._buffer.appendleft((due, piece))
                return
            except OSError:
                self.ended = True
                self._buffer.clear()
                return
            if sent < len(piece):
                self._buffer.appendleft((due, piece[sent:]))
            self._buffered -= sent
            self.forwarded += sent
            self._left -= sent
            if self._fault.bytes_per_s:
                self._free_at = max(now, self._free_at) + sent / self._fault.bytes_per_s

    def _most(self) -> int:
        most = min(float(_READ), self._left)
        if self._fault.pieces:
            most = min(most, self._random.randint(*self._fault.pieces))
        if self._fault.bytes_per_s:
            most = min(most, self._fault.bytes_per_s / 100)
        return max(1, int(most))


@dataclass
class _Link:
    """A connection of a host and the one made for it to the target."""

    host: socket.socket
    target: socket.socket
    flows: dict[Direction, _Flow] = field(default_factory=dict)

    def close(self, *, reset: bool) -> None:
        for end in (self.host, self.target):
            if reset:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()


class Proxy:
    """Stands between hosts and a target that listens at ``tcp://127.0.0.1:PORT``.

    Args:
        address: the target's.
        seed: of the sizes of random pieces.

    Attributes:
        address: to be given to hosts.
    """

    def __init__(self, address: str, *, seed: int = 0) -> None:
        self.retarget(address)
        self._seed = seed
        self._faults = {direction: Fault() for direction in Direction}
        self._links: list[_Link] = []
        self._past = dict.fromkeys(Direction, 0)
        self._failure: BaseException | None = None
        self._stopping = False
        # Guards everything above; the thread lets it go only while it waits for its sockets.
        self._lock = threading.RLock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="proxy")
        self._thread.start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Break all connections and end the thread.

        Raises:
            BaseException: what the thread failed with.
        """
        with self._lock:
            self._stopping = True
        self._nudge()
        self._thread.join(10)
        if self._thread.is_alive():
            raise RuntimeError("the proxy's thread does not end")
        for link in self._links:
            link.close(reset=True)
        self._links.clear()
        for end in (self._listener, self._wake, self._woken, self._selector):
            end.close()
        if self._failure:
            raise self._failure

    def retarget(self, address: str) -> None:
        """Lead later connections to another target."""
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self._to = (host, int(port))

    def set(self, fault: Fault, *directions: Direction) -> None:
        """Put a fault in force, in both directions unless some are named, on all connections."""
        with self._lock:
            for direction in directions or tuple(Direction):
                self._faults[direction] = fault
                for link in self._links:
                    link.flows[direction].set(fault)
        self._nudge()

    def forwarded(self, direction: Direction) -> int:
        """Bytes forwarded so far, over all connections."""
        with self._lock:
            live = sum(link.flows[direction].forwarded for link in self._links)
            return self._past[direction] + live

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        with self._lock:
            return len(self._links)

    # The thread

    def _nudge(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is being woken already
            self._wake.send(b"x")

    def _run(self) -> None:
        try:
            while not self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - told by close()
            self._failure = error

    def _turn(self) -> bool:
        """Wait for sockets and do what is due; whether to end."""
        with self._lock:
            timeout = self._watch(time.monotonic())
        ready = {key.fd: mask for key, mask in self._selector.select(timeout)}
        with self._lock:
            if self._stopping:
                return True
            if self._woken.fileno() in ready:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(_READ)
            if self._listener.fileno() in ready:
                self._accept()
            for link in list(self._links):
                self._carry(link, ready)
        return False

    def _watch(self, now: float) -> float | None:
        """Tell the selector what to wait for; until when, at most."""
        wanted = {self._woken: selectors.EVENT_READ, self._listener: selectors.EVENT_READ}
        until = math.inf
        for link in self._links:
            for flow in link.flows.values():
                if flow.wants_to_read():
                    wanted[flow.source] = wanted.get(flow.source, 0) | selectors.EVENT_READ
                due = flow.due_at()
                if due <= now:
                    wanted[flow.sink] = wanted.get(flow.sink, 0) | selectors.EVENT_WRITE
                else:
                    until = min(until, due)
        for key in list(self._selector.get_map().values()):
            if key.fileobj not in wanted:
                self._selector.unregister(key.fileobj)
        known = {key.fileobj: key.events for key in self._selector.get_map().values()}
        for end, events in wanted.items():
            if end not in known:
                self._selector.register(end, events)
            elif known[end] != events:
                self._selector.modify(end, events)
        return None if until == math.inf else max(0.0, until - now)

    def _accept(self) -> None:
        try:
            host, _ = self._listener.accept()
        except BlockingIOError:
            return
        try:
            target = socket.create_connection(self._to, 5)
        except OSError:
            host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            host.close()
            return
        for end in (host, target):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(host, target)
        ends = {Direction.TO_TARGET: (host, target), Direction.TO_HOST: (target, host)}
        for direction, (source, sink) in ends.items():
            self._seed += 1
            link.flows[direction] = _Flow(source, sink, self._faults[direction], self._seed)
        self._links.append(link)

    def _carry(self, link: _Link, ready: dict[int, int]) -> None:
        now = time.monotonic()
        for flow in link.flows.values():
            if flow.wants_to_read() and ready.get(flow.source.fileno(), 0) & selectors.EVENT_READ:
                flow.read(now)
            flow.write(now)
            flow.trip()
        modes = [flow.mode for flow in link.flows.values()]
        if Mode.RESET in modes or any(flow.is_over for flow in link.flows.values()):
            self._links.remove(link)
            for end in (link.host, link.target):
                with contextlib.suppress(KeyError):
                    self._selector.unregister(end)
            for direction, flow in link.flows.items():
                self._past[direction] += flow.forwarded
            link.close(reset=Mode.RESET in modes)

"""One connection of a Kenning host: bytes in, bytes out, and its deadlines."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
from collections import deque
from collections.abc import Callable

from kenning_lego.core.errors import ProtocolError, StoreError
from kenning_lego.protocols import kenning_dialogue as guest
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.dialogue import PeerLost, Received, SessionEvent
from kenning_lego.protocols.kenning_session import KenningSession
from kenning_lego.protocols.kenning_wire import Header, Parser
from kenning_lego.store.artifacts import ArtifactStore
from kenning_lego.store.spool import Spool

READ_BYTES = 1 << 18
MESSAGES_A_TURN = 64
"""Of one connection, before the server looks at others."""

GREETING = b"\0"

FIRST_REQUEST_S = 10.0
"""A host that has sent no request by then is hung up on."""
MESSAGE_S = 10.0
"""What has begun must be complete after so long, and a second for every..."""
SLOWEST_BYTES_S = 10_000
"""...of these bytes."""
TAKE_ANSWER_S = 30.0
"""A host that takes nothing of an answer for so long is hung up on."""
LINGER_S = 1.0
"""For so long one that was hung up on may go on sending, so that it gets to see why."""

_KEEPALIVE = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 30_000,
}
"""A host whose machine vanishes is gone after half a minute."""

log = logging.getLogger("kenning_lego.server")


class KenningConnection:
    """A connection and what it has to do with the server's session.

    Args:
        accepted: the socket; closed with the connection.
        name: of the host, for people.
        store: for its models.
        handle: takes what it asks to the server's session.
        watch: told which epoll events the connection waits for.
        gone: told when the connection is closed.
        buffer: to read into; shared, since what is read is taken at once.
        now: when it was accepted.
        threads: that the engine may use.
    """

    def __init__(
        self,
        accepted: socket.socket,
        name: str,
        store: ArtifactStore,
        handle: Callable[[SessionEvent], None],
        watch: Callable[[KenningConnection, int], None],
        gone: Callable[[KenningConnection], None],
        buffer: memoryview,
        now: float,
        *,
        threads: int,
    ) -> None:
        # Nobody else can have this name: others' identities are theirs to choose.
        self.peer = b"kenning" + os.urandom(16)
        self.name = name
        self.since = self._now = now
        self.closed = False
        self.registered = False
        self.descriptor = accepted.fileno()
        self._parser = Parser()
        self.session = KenningSession(name, self._parser, threads)
        self._socket = accepted
        self._store = store
        self._handle = handle
        self._watch = watch
        self._gone = gone
        self._events = 0
        self._buffer = buffer
        self._rest = b""
        """Read and not taken: less than a header, or what came before an answer."""
        self._out: deque[memoryview] = deque()
        self._sent = 0
        self._messages = 0
        self._hanging_up = self._lost = False
        self._spool: Spool | None = None
        self._phase: tuple[str, int] | None = None
        self._due: float | None = None
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            accepted.setsockopt(socket.IPPROTO_TCP, option, value)

    def greet(self, now: float) -> None:
        """Tell the host that it is served."""
        self._send(GREETING)
        self._update(now)

    def ready(self, events: int, now: float) -> None:
        """The socket can be read or written, or is broken."""
        self._now = now
        if events & select.EPOLLOUT:
            self._flush()
        if events & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
            self._read()
        elif self._rest:
            self._consume(memoryview(self._rest))
        self._update(now)

    def answered(self, envelope: Envelope, now: float) -> None:
        """The server's session has answered."""
        self._now = now
        self._carry_out(self.session.answered(envelope, now))
        if self._rest and not self.closed:
            self._consume(memoryview(self._rest))
        self._update(now)

    def expire(self, now: float) -> None:
        """Hang up if the host is too slow."""
        if self._due is not None and now > self._due:
            self.close("too slow")

    def close(self, reason: str) -> None:
        """Close the connection."""
        if self.closed:
            return
        self.closed = True
        log.info("%s is gone: %s", self.name, reason)
        self._drop_spool()
        self._out.clear()
        self._socket.close()
        self._gone(self)
        self._tell_lost()

    def _tell_lost(self) -> None:
        if not self._lost:
            self._lost = True
            self._handle(PeerLost(self.peer))

    # In

    def _read(self) -> None:
        held = len(self._rest)
        if held >= READ_BYTES:
            return
        try:
            count = self._socket.recv_into(self._buffer, READ_BYTES - held)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.close(error.strerror or "its connection broke")
            return
        if not count:
            self.close("it has closed its connection")
            return
        piece = self._buffer[:count]
        self._consume(memoryview(self._rest + piece) if held else piece)

    def _consume(self, view: memoryview) -> None:
        """Take as much as can be taken before an answer is awaited."""
        at, last = 0, self._messages + MESSAGES_A_TURN
        while not self._blocked and self._messages < last:
            header: Header | None = None
            try:
                part, taken = self._parser.next(view[at:])
                if part is None:
                    break
                at += taken
                header = part.header
                self._messages += part.ends
                actions = self.session.received(part, self._now)
            except ProtocolError as error:
                log.warning("refused bytes of %s: %s", self.name, error)
                actions = self.session.garbled(error, header or self._parser.header)
            self._carry_out(actions)
        self._rest = b"" if self._hanging_up or self.closed else bytes(view[at:])

    @property
    def _blocked(self) -> bool:
        """Whether the host has to wait, so that it cannot make us keep any amount of answers."""
        return self.session.waiting or bool(self._out) or self._hanging_up or self.closed

    # Out

    def _send(self, content: bytes) -> None:
        if self.closed:
            return
        self._out.append(memoryview(content))
        if len(self._out) == 1:
            self._flush()

    def _flush(self) -> None:
        while self._out:
            try:
                sent = self._socket.send(self._out[0])
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self.close(error.strerror or "its connection broke")
                return
            self._sent += sent
            if sent < len(self._out[0]):
                self._out[0] = self._out[0][sent:]
            else:
                self._out.popleft()
        if self._hanging_up:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    # What is waited for, and for how long

    def _update(self, now: float) -> None:
        if self.closed:
            return
        phase, allowed = self._present()
        if phase != self._phase:
            self._phase = phase
            self._due = now + allowed if phase else None
        wanted = 0
        if len(self._rest) < READ_BYTES:
            wanted |= select.EPOLLIN
        # A socket that can be written to also says when it is this connection's turn again.
        if self._out or (len(self._rest) >= self._enough and not self._blocked):
            wanted |= select.EPOLLOUT
        if wanted != self._events or not self.registered:
            self._events = wanted
            self._watch(self, wanted)

    def _present(self) -> tuple[tuple[str, int] | None, float]:
        """What the host is at, which changes whenever it gets on with it, and how long it may."""
        header = self._parser.header
        if self._out:
            return ("takes an answer", self._sent), TAKE_ANSWER_S
        if self._hanging_up:
            return ("is told to go", 0), LINGER_S
        if self.session.waiting:
            return None, 0.0
        if header is not None:
            return ("sends a message", self._messages), MESSAGE_S + header.size / SLOWEST_BYTES_S
        if self.session.receiving or self._rest:
            return ("sends a request", self._messages), MESSAGE_S
        if not self._messages:
            return ("has sent nothing", 0), FIRST_REQUEST_S
        return None, 0.0

    @property
    def _enough(self) -> int:
        """Bytes that may hold another message."""
        return self._parser.form.value if self._parser.form else READ_BYTES

    # What the host's session decides

    def _carry_out(self, actions: list[guest.KenningAction]) -> None:
        for action in actions:
            if self.closed:
                return
            match action:
                case guest.Reply(content):
                    self._send(content)
                case guest.Ask(envelope):
                    self._handle(Received(self.peer, envelope))
                case guest.HangUp():
                    self._hanging_up = True
                    self._tell_lost()
                    self._flush()
                case guest.DropSpool():
                    self._drop_spool()
                case _:
                    self._keep(action)

    def _keep(self, action: guest.KenningAction) -> None:
        """Write a model into the store."""
        try:
            match action:
                case guest.OpenSpool():
                    self._drop_spool()
                    self._spool = Spool(self._store)
                case guest.WriteSpool(piece) if self._spool:
                    self._spool.append(piece)
                case guest.CloseSpool() if self._spool:
                    digest, size = self._spool.finish()
                    self._spool = None
                    self._carry_out(self.session.stored(digest, size))
                case _:
                    pass  # of a model that the store has refused
        except StoreError as error:
            self._drop_spool()
            self._carry_out(self.session.spool_failed(error))

    def _drop_spool(self) -> None:
        spool, self._spool = self._spool, None
        if spool:
            spool.discard()

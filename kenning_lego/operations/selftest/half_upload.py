"""An upload that may be left half done, chunk by chunk, as a host's that loses its network."""

from __future__ import annotations

import time
from pathlib import Path

from kenning_lego import __version__
from kenning_lego.core.errors import ProtocolError, TargetTimeoutError
from kenning_lego.protocols.addresses import normalise
from kenning_lego.protocols.codec import decode, encode
from kenning_lego.protocols.connection import Connection
from kenning_lego.protocols.host_session import Answered, HostSession, News, Refused, Wanted
from kenning_lego.protocols.messages import PROTOCOL_VERSION, Bye, Hello, Lease, Message, Model

_PATIENCE_S = 20.0


def upload_until(address: str, path: Path, digest: str, windows: int | None) -> int:
    """Upload a file, or leave after so many windows that the target has taken.

    Args:
        address: the target's.
        path: of the artifact.
        digest: its sha256.
        windows: how often to answer the target's wish for more; None to the end.

    Returns:
        The offset in bytes from which the target wanted the artifact; its size if it had all.
    """
    connection = Connection(normalise(address), _PATIENCE_S)
    try:
        host = _Host(connection)
        host.ask(Hello("selftest", __version__, (PROTOCOL_VERSION,)))
        host.ask(Lease(False, 0.0))
        first = _send(host, path, digest, windows)
        if windows is None:
            host.ask(Bye())
        return first
    finally:
        connection.close()


class _Host:
    """Requests and their answers, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.session = HostSession()

    def ask(self, message: Message) -> None:
        request = self.send(message)
        while not isinstance(self.hear(request), Answered):
            pass

    def send(self, message: Message) -> int:
        envelope = self.session.request(message)
        self.connection.send(encode(envelope))
        return envelope.id

    def hear(self, request: int) -> News:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            frames = self.connection.receive(deadline)
            if frames is None:
                raise TargetTimeoutError(f"no answer within {_PATIENCE_S:g} s")
            news = self.session.received(decode(frames))
            if isinstance(news, Refused):
                raise news.error
            if news is not None and news.id == request:
                return news


def _send(host: _Host, path: Path, digest: str, windows: int | None) -> int:
    size = path.stat().st_size
    request = host.send(Model(digest, size, None))
    first: int | None = None
    taken = 0
    with path.open("rb") as file:
        while True:
            news = host.hear(request)
            if isinstance(news, Answered):
                return size if first is None else first
            if not isinstance(news, Wanted):
                raise ProtocolError("an upload was answered with progress")
            if first is None and news.chunks:
                first = news.chunks[0][0]
            if windows is not None and taken >= windows:
                return first or 0
            for offset, length in news.chunks:
                file.seek(offset)
                host.connection.send(encode(news.envelope(offset, file.read(length))))
            taken += 1

"""A client of Kenning's wire written from its byte tables alone; nothing of the product's is used.

It checks what Kenning's own client checks: the greeting, the byte that names what was done, and
that answers carry IS_KENNING.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any

PING, STATUS, DATA, MODEL, PROCESS, OUTPUT, STATS, IO_SPEC = range(8)
OPTIMIZERS, OPTIMIZE_MODEL, RUNTIME, UNOPTIMIZED_MODEL, LOGS = 9, 10, 11, 12, 13
REQUEST, RETRANSMIT, ACK, TRANSMISSION = 0x00, 0x40, 0x80, 0xC0
SUCCESS, FAIL, HAS_PAYLOAD, FIRST, LAST, IS_KENNING = 0x01, 0x02, 0x08, 0x10, 0x20, 0x40
DONE = {
    IO_SPEC: 2,
    MODEL: 3,
    UNOPTIMIZED_MODEL: 4,
    DATA: 5,
    PROCESS: 6,
    OPTIMIZERS: 10,
    RUNTIME: 11,
}
MIB = 1 << 20


class Refused(Exception):  # noqa: N818 - the answer FAIL is no error of the client's
    """The server answered FAIL."""


def header12(kind: int, flow: int, flags: int, size: int, checksum: int = 0) -> bytes:
    return (
        bytes([kind, 0, 0, 0, flow, checksum])
        + flags.to_bytes(2, "little")
        + size.to_bytes(4, "little")
    )


def header8(kind: int, flow: int, flags: int, size: int, checksum: int = 0) -> bytes:
    return bytes([kind | flow, checksum]) + flags.to_bytes(2, "little") + size.to_bytes(4, "little")


def summed(message: bytes, place: int) -> bytes:
    """The message with the checksum in its place: all bytes XORed are 0x4B."""
    total = 0x4B
    for byte in message:
        total ^= byte
    return message[:place] + bytes([total]) + message[place + 1 :]


class TableClient:
    """A connection to a server.

    Args:
        address: HOST:PORT.
        short: use the 8-byte header of older releases.
        checksum: as with error recovery on.
        patience: seconds for any answer.
    """

    def __init__(
        self, address: str, *, short: bool = False, checksum: bool = False, patience: float = 20.0
    ) -> None:
        host, _, port = address.rpartition(":")
        self.short = short
        self.checksum = checksum
        self.logs: list[str] = []
        self.socket = socket.create_connection((host, int(port)), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            assert self._exactly(1) == b"\0"
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> TableClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    # What a Kenning host does in a session

    def io_spec(self, spec: object) -> None:
        content = spec if isinstance(spec, bytes) else json.dumps(spec).encode()
        self.upload(IO_SPEC, content)

    def model(self, content: bytes) -> None:
        self.upload(MODEL, content)

    def data(self, content: bytes) -> None:
        self.upload(DATA, content)

    def process(self) -> None:
        self.upload(PROCESS, b"")

    def output(self) -> bytes:
        return self.ask(OUTPUT)

    def stats(self) -> dict[str, list[Any]]:
        answer: dict[str, list[Any]] = json.loads(self.ask(STATS))
        return answer

    def infer(self, content: bytes) -> bytes:
        self.data(content)
        self.process()
        return self.output()

    # How

    def upload(self, kind: int, content: bytes) -> None:
        assert self.ask(kind, content) == bytes([DONE[kind]])

    def ask(self, kind: int, content: bytes = b"") -> bytes:
        self.send(kind, content)
        return self.answer(kind)

    def send(self, kind: int, content: bytes = b"") -> None:
        most = MIB - (8 if self.short else 12)
        pieces = [content[at : at + most] for at in range(0, len(content), most)] or [b""]
        for index, piece in enumerate(pieces):
            flags = (FIRST if index == 0 else 0) | (LAST if index == len(pieces) - 1 else 0)
            flags |= HAS_PAYLOAD if piece else 0
            self.socket.sendall(self.message(kind, REQUEST, flags, piece))

    def message(self, kind: int, flow: int, flags: int, payload: bytes = b"") -> bytes:
        head: Callable[[int, int, int, int], bytes] = header8 if self.short else header12
        message = head(kind, flow, flags, len(payload)) + payload
        return summed(message, 1 if self.short else 5) if self.checksum else message

    def answer(self, kind: int) -> bytes:
        """The payload of the answer to a request; lines of LOGS are kept."""
        content = b""
        while True:
            got, flow, flags, payload = self.receive()
            assert flow == TRANSMISSION
            if got == LOGS:
                self._log(payload)
                continue
            assert got == kind
            assert flags & IS_KENNING, "a Kenning client raises at what is of nobody"
            content += payload
            if flags & LAST:
                break
        assert bool(flags & SUCCESS) != bool(flags & FAIL)
        if flags & FAIL:
            raise Refused(self.logs[-1] if self.logs else "")
        return content

    def receive(self) -> tuple[int, int, int, bytes]:
        """Type, flow, flags and payload of the next message."""
        if self.short:
            head = self._exactly(8)
            kind, flow, fields = head[0] & 0x3F, head[0] & 0xC0, head[2:]
        else:
            head = self._exactly(12)
            assert head[1:4] == bytes(3)
            kind, flow, fields = head[0], head[4], head[6:]
        flags = int.from_bytes(fields[:2], "little")
        size = int.from_bytes(fields[2:6], "little")
        payload = self._exactly(size) if flags & HAS_PAYLOAD else b""
        if self.checksum:
            total = 0
            for byte in head + payload:
                total ^= byte
            assert total == 0x4B
        return kind, flow, flags, payload

    def _log(self, payload: bytes) -> None:
        line = ""
        while payload:
            line += payload[1 : 1 + payload[0]].decode("ascii")
            payload = payload[1 + payload[0] :]
        self.logs.append(line)

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            piece = self.socket.recv(min(size - len(content), MIB))
            if not piece:
                raise ConnectionResetError("the server has hung up")
            content += piece
        return content

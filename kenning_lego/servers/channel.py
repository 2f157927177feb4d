"""Messages between server and worker over a Unix stream socket, with file descriptors beside them.

Each message is the number of its frames and their sizes as little-endian 32-bit integers, then the
frames of :mod:`kenning_lego.protocols.codec`. Both ends are ours, so sizes are not bounded here.

PROCESS and its answer, which every inference waits for, are records of 20 bytes instead: a number
of frames that no message has, the request's id, and the engine's time in ns.
"""

from __future__ import annotations

import array
import socket
import struct
from collections import deque

from kenning_lego.protocols.codec import Envelope, decode, encode
from kenning_lego.protocols.messages import Ok, Process

_READ = 1 << 18
_MAX_DESCRIPTORS = 4
_DESCRIPTOR_SPACE = socket.CMSG_LEN(_MAX_DESCRIPTORS * array.array("i").itemsize)

_COUNT = struct.Struct("<I")
_RECORD = struct.Struct("<Iqq")
_PROCESS = 0
_PROCESSED = 0xFFFF_FFFF
_RECORDS = (_PROCESS, _PROCESSED)
_ASK = Process()
_TIMED = {"duration_ns"}


def pack(envelope: Envelope) -> bytes:
    """A message as one run of bytes."""
    if not envelope.payload:
        if envelope.message == _ASK:
            return _RECORD.pack(_PROCESS, envelope.id, 0)
        if isinstance(envelope.message, Ok) and envelope.message.result.keys() == _TIMED:
            duration_ns = envelope.message.result["duration_ns"]
            if type(duration_ns) is int and 0 <= duration_ns < 2**63:
                return _RECORD.pack(_PROCESSED, envelope.id, duration_ns)
    frames = [bytes(frame) for frame in encode(envelope)]
    sizes = struct.pack(f"<{1 + len(frames)}I", len(frames), *map(len, frames))
    return b"".join((sizes, *frames))


def _unpack_record(count: int, record: bytes | bytearray | memoryview) -> Envelope:
    _, request, duration_ns = _RECORD.unpack_from(record)
    message = _ASK if count == _PROCESS else Ok({"duration_ns": duration_ns})
    return Envelope(request, message)


class Unpacker:
    """Puts messages together from whatever pieces a stream gives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes | memoryview) -> list[Envelope]:
        """The messages that are complete once `piece` has come."""
        if len(piece) == _RECORD.size and not self._buffer:
            (count,) = _COUNT.unpack_from(piece)
            if count in _RECORDS:
                return [_unpack_record(count, piece)]
        self._buffer += piece
        complete: list[Envelope] = []
        while (envelope := self._next()) is not None:
            complete.append(envelope)
        return complete

    def _next(self) -> Envelope | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        (count,) = _COUNT.unpack_from(buffer)
        if count in _RECORDS:
            if len(buffer) < _RECORD.size:
                return None
            envelope = _unpack_record(count, buffer)
            del buffer[: _RECORD.size]
            return envelope
        head = 4 + 4 * count
        if len(buffer) < head:
            return None
        sizes = struct.unpack_from(f"<{count}I", buffer, 4)
        end = head + sum(sizes)
        if len(buffer) < end:
            return None
        frames = []
        for size in sizes:
            frames.append(bytes(buffer[head : head + size]))
            head += size
        del buffer[:end]
        return decode(frames)


class Channel:
    """One end of the socket pair between server and worker.

    Args:
        end: a connected Unix stream socket; closed with the channel.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._unpacker = Unpacker()
        self._received: deque[Envelope] = deque()
        self._descriptors: deque[int] = deque()
        self.closed_by_peer = False
        # Once, since a fresh buffer a read costs more than the read.
        self._piece = memoryview(bytearray(_READ))

    def fileno(self) -> int:
        """For pollers."""
        return self._socket.fileno()

    def send(self, envelope: Envelope, descriptor: int | None = None) -> None:
        """Send a message, with a file descriptor if given.

        Raises:
            OSError: the other end is gone, or took nothing for the socket's time-out.
        """
        content = pack(envelope)
        if descriptor is not None:
            sent = socket.send_fds(self._socket, [content], [descriptor])
            content = content[sent:]
        self._socket.sendall(content)

    def poll(self) -> Envelope | None:
        """The next message that has arrived, or None; never waits."""
        if not self._received:
            self._read(socket.MSG_DONTWAIT)
        return self._received.popleft() if self._received else None

    def drain(self) -> list[Envelope]:
        """The messages of one read, after a poller has said that there is something to read."""
        self._read(socket.MSG_DONTWAIT)
        messages = list(self._received)
        self._received.clear()
        return messages

    def receive(self) -> Envelope | None:
        """Wait for the next message; None once the other end is gone."""
        while not self._received and not self.closed_by_peer:
            self._read(0)
        return self._received.popleft() if self._received else None

    def take_descriptor(self) -> int | None:
        """The oldest file descriptor that came with a message and was not taken yet."""
        return self._descriptors.popleft() if self._descriptors else None

    def close(self) -> None:
        """Close this end and descriptors that nobody took."""
        while (descriptor := self.take_descriptor()) is not None:
            socket.close(descriptor)
        self._socket.close()

    def _read(self, flags: int) -> None:
        # Not socket.recv_fds, which ignores its flags (CPython 3.9 to 3.13 at least).
        try:
            count, ancillary, _, _ = self._socket.recvmsg_into(
                [self._piece], _DESCRIPTOR_SPACE, flags
            )
        except BlockingIOError:
            return
        except ConnectionError:
            count, ancillary = 0, []
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors = array.array("i")
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
                self._descriptors.extend(descriptors)
        if count:
            self._received.extend(self._unpacker.feed(self._piece[:count]))
        else:
            self.closed_by_peer = True

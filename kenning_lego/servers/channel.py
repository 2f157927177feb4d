"""Messages between server and worker over a Unix stream socket, with file descriptors beside them.

Each message is the number of its frames and their sizes as little-endian 32-bit integers, then the
frames of :mod:`kenning_lego.protocols.codec`. Both ends are ours, so sizes are not bounded here.
"""

from __future__ import annotations

import array
import socket
import struct
from collections import deque

from kenning_lego.protocols.codec import Envelope, decode, encode

_READ = 1 << 18
_MAX_DESCRIPTORS = 4


def pack(envelope: Envelope) -> bytes:
    """A message as one run of bytes."""
    frames = [bytes(frame) for frame in encode(envelope)]
    sizes = struct.pack(f"<{1 + len(frames)}I", len(frames), *map(len, frames))
    return b"".join((sizes, *frames))


class Unpacker:
    """Puts messages together from whatever pieces a stream gives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> list[Envelope]:
        """The messages that are complete once `piece` has come."""
        self._buffer += piece
        complete: list[Envelope] = []
        while (envelope := self._next()) is not None:
            complete.append(envelope)
        return complete

    def _next(self) -> Envelope | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        (count,) = struct.unpack_from("<I", buffer)
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
        self._read(socket.MSG_DONTWAIT)
        return self._received.popleft() if self._received else None

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
        space = socket.CMSG_LEN(_MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            piece, ancillary, _, _ = self._socket.recvmsg(_READ, space, flags)
        except BlockingIOError:
            return
        except ConnectionError:
            piece, ancillary = b"", []
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors = array.array("i")
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
                self._descriptors.extend(descriptors)
        if piece:
            self._received.extend(self._unpacker.feed(piece))
        else:
            self.closed_by_peer = True

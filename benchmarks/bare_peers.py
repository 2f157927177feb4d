"""The floor that we are compared with: bare ZeroMQ sockets in a process of their own.

The peer echoes, or takes a transfer and says when all of it is there. No header, no checks, no
storing: whatever the product does beyond this shows as a ratio above 1.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import zmq

ANSWER_BYTES = 40
Job = Literal["echo", "sink"]


def echo(socket: zmq.Socket[bytes]) -> None:
    """Answer every message with as many bytes as the outputs of the product's model have."""
    answer = bytes(ANSWER_BYTES)
    while True:
        peer, _ = socket.recv_multipart()
        socket.send_multipart([peer, answer])


def sink(socket: zmq.Socket[bytes]) -> None:
    """Take messages; one whose second frame is not empty ends a transfer and is answered."""
    while True:
        peer, _, last = socket.recv_multipart()
        if last:
            socket.send_multipart([peer, last])


class BarePeer:
    """A bare peer's client socket.

    Args:
        address: where it listens.
        public_key: for CURVE; None for no encryption.
    """

    def __init__(self, address: str, public_key: bytes | None) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        if public_key:
            self._socket.curve_serverkey = public_key
            self._socket.curve_publickey, self._socket.curve_secretkey = zmq.curve_keypair()
        self._socket.connect(address)

    def echo(self, message: bytes) -> bytes:
        """Send a message and wait for its answer."""
        self._socket.send(message)
        return self._socket.recv()

    def transfer(self, content: bytes, chunk_bytes: int) -> None:
        """Send all of `content` in chunks, as pyzmq does by itself, and wait for the other end.

        Both ends copy each chunk once, as whoever needs the bytes has to.
        """
        view = memoryview(content)
        for begin in range(0, len(view), chunk_bytes):
            chunk = view[begin : begin + chunk_bytes]
            last = b"last" if begin + chunk_bytes >= len(view) else b""
            self._socket.send(chunk, zmq.SNDMORE)
            self._socket.send(last)
        self._socket.recv()

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)


@contextmanager
def bare_peer(job: Job, *, curve: bool) -> Iterator[BarePeer]:
    """A bare peer in a process of its own, and a socket connected to it."""
    command = [sys.executable, __file__, job, *(["--curve"] if curve else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the bare peer has no output")
            address, *key = process.stdout.readline().split()
            peer = BarePeer(address, key[0].encode() if key else None)
            try:
                yield peer
            finally:
                peer.close()
        finally:
            process.kill()


def main(arguments: Sequence[str]) -> None:
    """Say where and under which key we listen, then do the job until killed."""
    socket = zmq.Context().socket(zmq.ROUTER)
    key = ""
    if "--curve" in arguments:
        public, secret = zmq.curve_keypair()
        socket.curve_server = True
        socket.curve_publickey, socket.curve_secretkey = public, secret
        key = public.decode()
    socket.bind("tcp://127.0.0.1:*")
    print(socket.getsockopt_string(zmq.LAST_ENDPOINT), key, flush=True)
    {"echo": echo, "sink": sink}[arguments[0]](socket)


if __name__ == "__main__":
    main(sys.argv[1:])

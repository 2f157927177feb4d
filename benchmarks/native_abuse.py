"""What kills or hangs other servers, in its native form, straight over TCP.

Each case is one way in which the best known peer was left with an open port and nobody behind it,
or worse. Its wire is a 12-byte header (type, flow control, checksum, flags, size) and a payload.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator

Case = Callable[[str, int], None]

_DATA, _MODEL, _PROCESS, _IO_SPEC, _OPTIMIZERS, _UNOPTIMIZED = 2, 3, 4, 7, 9, 12
_REQUEST, _ACK = 0x00, 0x80
_CONNECT_LIMIT_S = 10.0
_GIVE_UP_S = 0.2
_DECLARED = 0xFFFF_FFFF
_FLOOD_BYTES = 64 << 20
_ZMTP_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


def cases() -> dict[str, Case]:
    """The cases by name."""
    optimizers = json.dumps(
        {"optimizers": [{"type": "os.system", "parameters": {"command": "touch /tmp/x"}}]}
    ).encode()
    path = json.dumps({"compiled_model_path": "../../../../tmp/written"}).encode()
    return {
        "random bytes": lambda host, port: _send(host, port, random.Random(0).randbytes(65_536)),
        "HTTP GET": lambda host, port: _send(host, port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        "unsolicited ACK": lambda host, port: _send(host, port, _frame(_DATA, b"", _ACK)),
        "close mid-request": lambda host, port: _send(
            host, port, _header(_MODEL, 1 << 20) + bytes(1000), listen=False
        ),
        "close mid-frame": lambda host, port: _send(
            host, port, _header(_MODEL, 10)[:6], listen=False
        ),
        "reset mid-request": _reset,
        "PROCESS too early": lambda host, port: _send(host, port, _frame(_PROCESS, b"")),
        "DATA too early": lambda host, port: _send(host, port, _frame(_DATA, bytes(12_288))),
        "bad JSON": lambda host, port: _send(host, port, _frame(_IO_SPEC, b'{"input": [')),
        "bad model": lambda host, port: _send(host, port, _frame(_MODEL, bytes(4096))),
        "4 GiB declared": _flood_peer_frame,
        "4 GiB declared, as ZMTP": _flood_zmtp_frame,
        "path to write": lambda host, port: _send(
            host, port, _frame(_OPTIMIZERS, path) + _frame(_UNOPTIMIZED, bytes(100))
        ),
        "module to import": lambda host, port: _send(host, port, _frame(_OPTIMIZERS, optimizers)),
        "half a ZMTP greeting": lambda host, port: _send(
            host, port, _ZMTP_GREETING[:11], listen=False
        ),
        "ZMTP with random commands": lambda host, port: _send(
            host, port, _ZMTP_GREETING + random.Random(1).randbytes(4096)
        ),
        "200 silent connections": _many_silent,
        "200 connections, reset": _many_resets,
    }


def noise(host: str, port: int, connections: int, rng: random.Random) -> None:
    """Connections with random bytes, some after a good greeting; none waits for an answer."""
    for _ in range(connections):
        head = rng.choice((b"", b"", _ZMTP_GREETING, _ZMTP_GREETING[: rng.randint(1, 63)]))
        _send(host, port, head + rng.randbytes(rng.randint(0, 500)), listen=False)


def _header(kind: int, size: int, flow: int = _REQUEST) -> bytes:
    flags = 0b11_1000 if size else 0b11_0000
    return struct.pack("<B3xBBHI", kind, flow, 0, flags, size)


def _frame(kind: int, payload: bytes, flow: int = _REQUEST) -> bytes:
    return _header(kind, len(payload), flow) + payload


@contextlib.contextmanager
def _connected(host: str, port: int) -> Iterator[socket.socket]:
    # Accepting may take a while when hundreds come at once; answering us is not asked for.
    with socket.create_connection((host, port), timeout=_CONNECT_LIMIT_S) as peer:
        peer.settimeout(_GIVE_UP_S)
        # The server may hang up on us at any time, which is its right.
        with contextlib.suppress(OSError):
            yield peer


def _send(host: str, port: int, content: bytes, *, listen: bool = True) -> None:
    with _connected(host, port) as peer:
        peer.sendall(content)
        while listen and peer.recv(4096):
            pass


def _reset(host: str, port: int) -> None:
    with _connected(host, port) as peer:
        peer.sendall(_header(_MODEL, 1 << 20) + bytes(1000))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _flood_peer_frame(host: str, port: int) -> None:
    with _connected(host, port) as peer:
        _flood(peer, _header(_MODEL, _DECLARED))


def _flood_zmtp_frame(host: str, port: int) -> None:
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
    frame = b"\x02" + struct.pack(">Q", 1 << 32)
    with _connected(host, port) as peer:
        _flood(peer, _ZMTP_GREETING + bytes((4, len(ready))) + ready + frame)


def _flood(peer: socket.socket, head: bytes) -> None:
    peer.sendall(head)
    piece = bytes(1 << 20)
    for _ in range(_FLOOD_BYTES // len(piece)):
        peer.sendall(piece)


def _many_silent(host: str, port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(_connected(host, port))
        time.sleep(_GIVE_UP_S)


def _many_resets(host: str, port: int) -> None:
    for _ in range(200):
        _reset(host, port)

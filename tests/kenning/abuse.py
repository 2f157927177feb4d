"""What leaves Kenning's own servers dead, hanging or worse, case by case.

Each case is given the address and does its harm; where the server is to say something, it checks
that. The peers written here use nothing of the product's.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kenning.servers import row, scale_spec
from tests.kenning.table_client import (
    ACK,
    DATA,
    FIRST,
    HAS_PAYLOAD,
    IO_SPEC,
    LAST,
    MIB,
    MODEL,
    OPTIMIZE_MODEL,
    OPTIMIZERS,
    OUTPUT,
    PING,
    PROCESS,
    REQUEST,
    RETRANSMIT,
    RUNTIME,
    TRANSMISSION,
    UNOPTIMIZED_MODEL,
    Refused,
    TableClient,
    header8,
    header12,
)

Case = Callable[[str, Path], None]
WHOLE = FIRST | LAST
CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    def register(function: Case) -> Case:
        CASES[name] = function
        return function

    return register


@contextlib.contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    """A greeted connection; the server may hang up on it at any time."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        assert peer.recv(1) == b"\0"
        with contextlib.suppress(ConnectionError):
            yield peer


def hung_up(peer: socket.socket) -> bytes:
    """What the server says before it hangs up, which it must."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := peer.recv(65_536):
            said += piece
    return said


def refused(call: Callable[[], object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        call()


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def ready(address: str, model: Path) -> TableClient:
    """A host whose model is loaded."""
    host = TableClient(address)
    host.io_spec(scale_spec())
    host.model(model.read_bytes())
    return host


@case("random bytes")
def _(address: str, model: Path) -> None:
    for seed in range(20):
        with connected(address) as peer:
            peer.sendall(random.Random(seed).randbytes(5_000))


@case("HTTP GET")
def _(address: str, model: Path) -> None:
    with connected(address) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: board\r\n\r\n")
        hung_up(peer)


@case("TLS greeting")
def _(address: str, model: Path) -> None:
    with connected(address) as peer:
        peer.sendall(bytes.fromhex("16030100c8010000c40303") + bytes(200))
        hung_up(peer)


@case("unsolicited ACK")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        host.socket.sendall(host.message(DATA, ACK, WHOLE))
        assert host.ask(PING) == b""


@case("unsolicited TRANSMISSION and RETRANSMIT")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        host.socket.sendall(host.message(MODEL, TRANSMISSION, WHOLE | HAS_PAYLOAD, bytes(1000)))
        host.socket.sendall(header12(OUTPUT, RETRANSMIT, WHOLE, 0xFFFF_FFFF))
        kind, flow, _, _ = host.receive()
        assert (kind, flow) == (OUTPUT, ACK)
        assert host.ask(PING) == b""


@case("nothing but ACKs")
def _(address: str, model: Path) -> None:
    with connected(address) as peer:
        peer.sendall(header12(DATA, ACK, WHOLE, 0) * 10_000)
        hung_up(peer)


@case("close mid-request")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        host.io_spec(scale_spec())
        host.socket.sendall(host.message(MODEL, REQUEST, FIRST | HAS_PAYLOAD, bytes(1000)))


@case("close mid-frame")
def _(address: str, model: Path) -> None:
    for size in range(1, 12):
        with connected(address) as peer:
            peer.sendall(header12(IO_SPEC, REQUEST, WHOLE | HAS_PAYLOAD, 10)[:size])


@case("TCP reset at any moment")
def _(address: str, model: Path) -> None:
    host = TableClient(address)
    host.io_spec(scale_spec())
    host.socket.sendall(header12(MODEL, REQUEST, WHOLE | HAS_PAYLOAD, 10_000) + bytes(1_000))
    reset(host.socket)
    host = ready(address, model)
    host.data(row(1.0))
    host.send(PROCESS)
    reset(host.socket)
    with connected(address) as peer:
        reset(peer)


@case("PROCESS too early")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        refused(host.process, "without a model")
    with ready(address, model) as host:
        refused(host.process, "without inputs")


@case("DATA too early")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        refused(lambda: host.data(bytes(12_288)), "without a model")


@case("OUTPUT too early")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        refused(host.output, "without a model")
    with ready(address, model) as host:
        host.data(row(1.0))
        refused(host.output, "without a result")


@case("STATS too early")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        refused(host.stats, "without a model")


@case("MODEL too early")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        refused(lambda: host.model(model.read_bytes()), "send IO_SPEC first")


@case("bad JSON")
def _(address: str, model: Path) -> None:
    deep = b"[" * 100_000
    tensor = {"name": "x", "shape": [1, 8], "dtype": "float32"}
    bad: list[object] = [
        *(b'{"input": [', b"", b"\xff\xfe", deep, b"[1]", b"NaN"),
        *({}, {"input": [tensor]}, {"input": "x", "output": "y"}, {"input": [], "output": []}),
        {"input": [{**tensor, "shape": [1, 10**30, -3]}], "output": [tensor]},
        {"input": [{**tensor, "shape": [1, True]}], "output": [tensor]},
        {"input": [{**tensor, "dtype": "object"}], "output": [tensor]},
        {"input": [{**tensor, "dtype": ["float32"]}], "output": [tensor]},
        {"input": [{**tensor, "name": "x" * 100_000}], "output": [tensor]},
        {"input": [tensor] * 10_000, "output": [tensor]},
        {"input": [{**tensor, "prequantized_dtype": "float32"}], "output": [tensor]},
    ]
    with TableClient(address) as host:
        for spec in bad:
            refused(lambda: host.io_spec(spec), "specification|tensor|IO_SPEC")  # noqa: B023


@case("bad model")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        host.io_spec(scale_spec())
        refused(lambda: host.model(b""), "without a model")
        for content in (bytes(4096), random.Random(1).randbytes(100_000)):
            refused(lambda: host.model(content), "cannot load the artifact")  # noqa: B023
        refused(lambda: host.model(model.read_bytes()[:-20]), "cannot load")
        host.model(model.read_bytes())
        assert host.infer(row(1.0)) == row(3.0)


@case("model that is not what was announced")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        host.io_spec(scale_spec(size=9))
        refused(lambda: host.model(model.read_bytes()), "differ in an input")
        refused(lambda: host.data(row(1.0)), "without a model")


@case("4 GiB declared")
def _(address: str, model: Path) -> None:
    for head in (header12, header8):
        with connected(address) as peer:
            peer.sendall(head(MODEL, REQUEST, WHOLE | HAS_PAYLOAD, 0xFFFF_FFFF))
            assert hung_up(peer)  # it says why
    with connected(address) as peer:
        peer.sendall(header12(DATA, REQUEST, WHOLE | HAS_PAYLOAD, 0xFFFF_FFFF))
        for _ in range(64):
            peer.sendall(bytes(MIB))


@case("request without an end")
def _(address: str, model: Path) -> None:
    with TableClient(address) as host:
        piece = host.message(IO_SPEC, REQUEST, HAS_PAYLOAD, b" " * 100_000)
        host.socket.sendall(host.message(IO_SPEC, REQUEST, FIRST | HAS_PAYLOAD, b"{"))
        for _ in range(200):
            host.socket.sendall(piece)
        host.socket.sendall(host.message(IO_SPEC, REQUEST, LAST))
        with pytest.raises(Refused, match="more than the"):
            host.answer(IO_SPEC)


@case("wrong amount of DATA")
def _(address: str, model: Path) -> None:
    with ready(address, model) as host:
        for size in (0, 1, 31, 33, 5_000_000):
            refused(lambda: host.data(bytes(size)), "DATA")  # noqa: B023
        assert host.infer(row(2.0)) == row(6.0)


@case("second client")
def _(address: str, model: Path) -> None:
    with ready(address, model) as first, TableClient(address) as second:
        refused(lambda: second.io_spec(scale_spec()), "busy: a Kenning host at 127.0.0.1")
        refused(lambda: second.model(model.read_bytes()), "IO_SPEC first")
        assert first.infer(row(1.0)) == row(3.0)
        first.socket.close()
        deadline = time.monotonic() + 10
        while True:  # the server has to see that the first is gone
            try:
                second.io_spec(scale_spec())
                break
            except Refused:
                assert time.monotonic() < deadline


@case("OPTIMIZERS and UNOPTIMIZED_MODEL that write to a path")
def _(address: str, model: Path) -> None:
    written = model.parent / "written-by-the-server"
    content = {"prev_block": None, "optimizers": [{"compiled_model_path": str(written)}]}
    with TableClient(address) as host:
        refused(lambda: host.upload(OPTIMIZERS, json.dumps(content).encode()), "OPTIMIZERS")
        refused(lambda: host.upload(UNOPTIMIZED_MODEL, bytes(100_000)), "UNOPTIMIZED_MODEL")
        refused(lambda: host.ask(OPTIMIZE_MODEL), "OPTIMIZE_MODEL")
    assert not written.exists()


@case("OPTIMIZERS and RUNTIME that import a module")
def _(address: str, model: Path) -> None:
    content = {"type": "antigravity.Optimizer", "parameters": {}}
    with TableClient(address) as host:
        refused(lambda: host.upload(OPTIMIZERS, json.dumps([content]).encode()), "OPTIMIZERS")
        refused(lambda: host.upload(RUNTIME, json.dumps(content).encode()), "RUNTIME")
        refused(lambda: host.upload(RUNTIME, b""), "RUNTIME")


class Marker:
    """Leaves a directory behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@case("pickled model")
def _(address: str, model: Path) -> None:
    marker = model.parent / "unpickled"
    with TableClient(address) as host:
        host.io_spec(scale_spec())
        refused(lambda: host.model(pickle.dumps(Marker(marker))), "a pickle, which is never loaded")
    assert not marker.exists()


@case("statistics of another session")
def _(address: str, model: Path) -> None:
    with ready(address, model) as host:
        for _ in range(3):
            host.infer(row(1.0))
        assert len(host.stats()["target_inference_step"]) == 3
    with TableClient(address) as host:
        refused(host.stats, "without a model")
    with ready(address, model) as host:
        assert "target_inference_step" not in host.stats()
        host.infer(row(1.0))
        host.model(model.read_bytes())
        assert "target_inference_step" not in host.stats()


@case("slow loris")
def _(address: str, model: Path) -> None:
    with contextlib.ExitStack() as stack:
        for content in (header12(IO_SPEC, REQUEST, WHOLE | HAS_PAYLOAD, 100), header8(3, 0, 56, 9)):
            for byte in content[:7]:
                peer = stack.enter_context(connected(address))
                peer.sendall(bytes([byte]))
            peer = stack.enter_context(connected(address))
            peer.sendall(content + b"{")
        serve(address, model)


@case("200 silent connections")
def _(address: str, model: Path) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(address))
        serve(address, model)


@case("200 connections, reset")
def _(address: str, model: Path) -> None:
    host, _, port = address.rpartition(":")
    for _ in range(200):
        reset(socket.create_connection((host, int(port)), timeout=20))


@case("requests that overlap")
def _(address: str, model: Path) -> None:
    with connected(address) as peer:
        peer.sendall(header12(MODEL, REQUEST, FIRST, 0) + header12(DATA, REQUEST, WHOLE, 0))
        assert hung_up(peer)
    with connected(address) as peer:
        peer.sendall(header12(DATA, REQUEST, LAST, 0))
        assert hung_up(peer)


@case("wrong checksum")
def _(address: str, model: Path) -> None:
    with connected(address) as peer:
        peer.sendall(header12(PING, REQUEST, WHOLE, 0, checksum=1))
        hung_up(peer)


@case("requests without waiting, and nothing read")
def _(address: str, model: Path) -> None:
    with ready(address, model) as host:
        host.data(row(1.0))
        host.process()
        host.socket.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while True:
                host.socket.sendall(host.message(OUTPUT, REQUEST, WHOLE) * 1000)


@case("dialogue of 2021")
def _(address: str, model: Path) -> None:
    with connected(address) as peer:
        peer.sendall(struct.pack("<IH", 2 + 32, 2) + row(1.0))
        hung_up(peer)


def serve(address: str, model: Path) -> None:
    """A healthy host is served at once, from its connection to its statistics."""
    with ready(address, model) as host:
        assert host.infer(row(1.0)) == row(3.0)
        assert len(host.stats()["target_inference_step"]) == 1

"""Our host in front of a server that speaks Kenning's wire: ours, or one made of the tables."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import (
    AddressError,
    KenningLegoError,
    ModelError,
    ProtocolError,
    RemoteError,
    TargetLostError,
    TargetTimeoutError,
    TargetUnreachableError,
)
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.protocols.kenning_client import connect_kenning
from kenning_lego.servers.kenning_target import KenningTarget
from tests.kenning.servers import kenning_server, row
from tests.targets import scale_artifact

SPEC = IOSpec((TensorSpec("x", (1, 8)),), (TensorSpec("y", (1, 8)),))


@pytest.mark.parametrize("scheme", ["kenning+tcp", "kenning8+tcp"])
def test_host_drives_a_target_step_by_step(tmp_path: Path, scheme: str) -> None:
    with (
        kenning_server(tmp_path) as server,
        connect_kenning(f"{scheme}://{server.kenning}") as target,
    ):
        target.announce(SPEC)
        target.model(scale_artifact(tmp_path, 3.0).path)
        for value in (1.0, 2.0):
            target.data([row(value)])
            assert target.process() > 0
            assert target.output() == [row(3.0 * value)]
        assert len(target.target_durations_ns()) == 2


def test_whole_model_is_timed_on_the_clock_of_the_target_where_it_tells(tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 3.0)
    item = PlanItem("model", (artifact.digest,))
    plan = Plan((item,), warmup_rounds=3, min_rounds=10, max_rounds=10)
    with (
        kenning_server(tmp_path) as server,
        KenningTarget(f"kenning+tcp://{server.kenning}") as target,
    ):
        target.upload(artifact.path, artifact.digest)
        target.measure(plan)
        target.compose([artifact.digest], runtime="onnxruntime")
        outputs, duration_ns = target.infer([row(2.0)])
        statistics = target.statistics()
    assert outputs == [row(6.0)]
    (measured,) = statistics.measurements
    assert len(measured.samples_ns) == 10
    assert statistics.used["clock"] == "target"
    assert duration_ns > np.median(measured.samples_ns)


def test_chains_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with (
        kenning_server(tmp_path) as server,
        KenningTarget(f"kenning+tcp://{server.kenning}") as target,
        pytest.raises(ModelError, match="chain of 2 artifacts"),
    ):
        target.compose(["0" * 64, "1" * 64], runtime="onnxruntime")


def test_models_cannot_be_changed_while_they_run(tmp_path: Path) -> None:
    with (
        kenning_server(tmp_path) as server,
        KenningTarget(f"kenning+tcp://{server.kenning}") as target,
    ):
        for change in (target.switch, target.preload):
            with pytest.raises(ModelError, match="cannot be changed while it runs"):
                change(["0" * 64])


def test_refusal_says_what_the_target_said(tmp_path: Path) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(bytes(100))
    with (
        kenning_server(tmp_path) as server,
        connect_kenning(f"kenning+tcp://{server.kenning}") as target,
    ):
        target.announce(SPEC)
        with pytest.raises(RemoteError, match=r"refuses MODEL: .*not an ONNX file"):
            target.model(bad)


# A server that answers as it is told, byte by byte


def answer(kind: int, payload: bytes, flags: int = 0x79) -> bytes:
    return struct.pack("<B3xBBHI", kind, 0xC0, 0, flags, len(payload)) + payload


@contextmanager
def told(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that talks to one host as it is told, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(10)
                talk(peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"kenning+tcp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join(20)


def request(peer: socket.socket) -> bytes:
    head = peer.recv(12, socket.MSG_WAITALL)
    (size,) = struct.unpack_from("<I", head, 8)
    return head + (peer.recv(size, socket.MSG_WAITALL) if size else b"")


def test_session_of_a_kenning_server_without_times_of_its_own() -> None:
    asked: list[bytes] = []
    answers = [
        answer(7, b"\x02"),
        answer(13, b"\x05hello", 0x78) + answer(2, b"\x05"),
        answer(4, b"\x06")[:7],
        answer(4, b"\x06")[7:],
        answer(5, row(1.0)[:20], 0x59) + answer(5, row(1.0)[20:], 0x69),
        answer(6, json.dumps({"session_utilization_mem_percent": [1.0]}).encode()),
    ]

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"\0")
        for index, content in enumerate(answers):
            if index != 3:
                asked.append(request(peer))
            peer.sendall(content)

    with told(talk) as address, connect_kenning(address) as target:
        target.announce(SPEC)
        target.data([row(1.0)])
        assert target.process() > 0
        assert target.output() == [row(1.0)]
        assert target.target_durations_ns() == ()
    assert [each[0] for each in asked] == [7, 2, 4, 5, 6]
    assert all(each[6:8] == (b"\x38\0" if each[0] in (7, 2) else b"\x30\0") for each in asked)


BAD_ANSWERS: dict[str, tuple[bytes, type[KenningLegoError]]] = {
    "refusal": (answer(7, b"\x02", 0x7A), RemoteError),
    "denial": (struct.pack("<B3xBBHI", 7, 0x80, 0, 0x32, 0), RemoteError),
    "another byte": (answer(7, b"\x03"), ProtocolError),
    "another type": (answer(2, b"\x05"), ProtocolError),
    "a request": (struct.pack("<B3xBBHI", 7, 0, 0, 0x30, 0), ProtocolError),
    "noise": (bytes(range(100, 200)), ProtocolError),
    "4 GiB": (struct.pack("<B3xBBHI", 7, 0xC0, 0, 0x79, 0xFFFFFFFF), ProtocolError),
    "without an end": (answer(7, bytes(50_000), 0x59) * 10, ProtocolError),
    "half a message": (answer(7, b"\x02")[:9], TargetLostError),
    "nothing": (b"", TargetLostError),
}


@pytest.mark.parametrize(("content", "error"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_bad_answer_is_an_error(content: bytes, error: type[KenningLegoError]) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(b"\0")
        request(peer)
        peer.sendall(content)

    with told(talk) as address, connect_kenning(address) as target, pytest.raises(error):
        target.announce(SPEC)


def test_target_that_is_silent_is_given_up() -> None:
    release = threading.Event()

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"\0")
        release.wait(20)

    with told(talk) as address:
        try:
            with (
                connect_kenning(address, patience_s=0.2) as target,
                pytest.raises(TargetTimeoutError, match=r"not answered for 0\.2 s"),
            ):
                target.announce(SPEC)
        finally:
            release.set()


@pytest.mark.parametrize("greeting", [b"", b"\x01", b"SSH-2.0"])
def test_what_does_not_greet_is_no_target(greeting: bytes) -> None:
    with (
        told(lambda peer: peer.sendall(greeting)) as address,
        pytest.raises(TargetUnreachableError, match="does not greet"),
    ):
        connect_kenning(address)


def test_nothing_that_listens_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TargetUnreachableError, match="nothing answers"):
        connect_kenning(f"kenning+tcp://127.0.0.1:{port}")
    with pytest.raises(AddressError):
        connect_kenning("kenning+tcp://a b")

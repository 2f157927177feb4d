"""A real server's port for Kenning's hosts, used by a client written from the byte tables."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from kenning_lego.core.errors import RemoteError
from kenning_lego.protocols.client import connect
from tests.kenning.servers import KenningServer, kenning_server, row, scale_spec, tensor
from tests.kenning.table_client import (
    FIRST,
    HAS_PAYLOAD,
    MODEL,
    PING,
    PROCESS,
    REQUEST,
    Refused,
    TableClient,
)
from tests.targets import ServerProcess, matmul_artifact, running_server, scale_artifact


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KenningServer]:
    with kenning_server(tmp_path) as running:
        yield running


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return scale_artifact(tmp_path, 3.0).path.read_bytes()


def ready(server: KenningServer, model: bytes) -> TableClient:
    host = TableClient(server.kenning)
    host.io_spec(scale_spec())
    host.model(model)
    return host


def worker_of(server: ServerProcess) -> psutil.Process:
    (worker,) = psutil.Process(server.process.pid).children()
    return worker


@pytest.mark.parametrize("short", [False, True], ids=["12 bytes", "8 bytes"])
@pytest.mark.parametrize("checksum", [False, True], ids=["plain", "checksums"])
def test_kenning_host_benchmarks_on_our_server(
    server: KenningServer, model: bytes, short: bool, checksum: bool
) -> None:
    with TableClient(server.kenning, short=short, checksum=checksum) as host:
        assert host.ask(PING) == b""
        host.io_spec(scale_spec())
        host.model(model)
        for value in (1.0, 2.0):
            assert host.infer(row(value)) == row(3.0 * value)
        assert len(host.stats()["target_inference_step"]) == 2
        if short:  # whose releases may not know LOGS
            with pytest.raises(Refused, match=r"^$"):
                host.data(b"")


def test_statistics_carry_the_times_of_the_target_and_its_utilisation(
    server: KenningServer, tmp_path: Path
) -> None:
    model = matmul_artifact(tmp_path, 256, 40).path.read_bytes()
    with TableClient(server.kenning) as host:
        host.io_spec(scale_spec(256))
        host.model(model)
        round_trips = []
        begin = time.monotonic()
        while time.monotonic() - begin < 2.5:
            host.data(row(1.0, 256))
            sent = time.monotonic()
            host.process()
            round_trips.append(time.monotonic() - sent)
        stats = host.stats()
    own, ended = stats["target_inference_step"], stats["target_inference_step_timestamp"]
    assert len(own) == len(ended) == len(round_trips)
    assert all(0 < ours < theirs for ours, theirs in zip(own, round_trips, strict=True))
    assert all(begin < at < time.monotonic() for at in ended)
    assert ended == sorted(ended)
    cpus, memory = (
        stats["session_utilization_cpus_percent"],
        stats["session_utilization_mem_percent"],
    )
    assert len(cpus) == len(memory) == len(stats["session_utilization_timestamp"]) >= 1
    assert all(len(each) == os.cpu_count() for each in cpus)
    assert all(0 <= percent <= 100 for each in cpus for percent in each)
    assert all(0 < percent < 100 for percent in memory)


def test_several_tensors_are_in_the_order_of_the_specification(
    server: KenningServer, tmp_path: Path
) -> None:
    graph = helper.make_graph(
        [helper.make_node("Sub", ["a", "b"], ["p"]), helper.make_node("Add", ["a", "b"], ["q"])],
        "two",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in "ab"],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in "pq"],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    assert isinstance(model, onnx.ModelProto)
    with TableClient(server.kenning) as host:
        host.io_spec(
            {
                "input": [tensor("b", 1, 8), tensor("a", 1, 8)],
                "output": [tensor("q", 1, 8), tensor("p", 1, 8)],
            }
        )
        host.model(model.SerializeToString())
        assert host.infer(row(1.0) + row(5.0)) == row(6.0) + row(4.0)


def test_last_batch_may_be_smaller(server: KenningServer) -> None:
    graph = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["y"])],
        "batched",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    with TableClient(server.kenning) as host:
        host.io_spec({"input": [tensor("x", 4, 8)], "output": [tensor("y", 4, 8)]})
        host.model(model.SerializeToString())
        answer = np.frombuffer(host.infer(row(1.0) + row(2.0)), np.float32)
    assert answer.tolist() == [-1.0] * 8 + [-2.0] * 8 + [0.0] * 16


def test_large_model_goes_into_the_store_as_it_comes(server: KenningServer, tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 1600, 1)
    assert artifact.path.stat().st_size > 8 << 20
    with TableClient(server.kenning) as host:
        host.io_spec({"input": [tensor("x", 1, 1600)], "output": [tensor("y", 1, 1600)]})
        host.model(artifact.path.read_bytes())
    assert (server.server.store / artifact.digest).read_bytes() == artifact.path.read_bytes()
    assert list((server.server.store / "incoming").iterdir()) == []


def test_model_that_breaks_off_leaves_nothing_behind(server: KenningServer) -> None:
    with TableClient(server.kenning) as host:
        host.io_spec(scale_spec())
        host.socket.sendall(host.message(MODEL, REQUEST, FIRST | HAS_PAYLOAD, bytes(500_000)))
        host.socket.sendall(host.message(PING, REQUEST, FIRST))
        with pytest.raises(Refused, match="within another"):
            host.answer(PING)
    assert list((server.server.store / "incoming").iterdir()) == []


def test_store_that_is_full_refuses_the_model(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 1000, 1)
    with (
        kenning_server(tmp_path, "--store-mb", "1") as server,
        TableClient(server.kenning) as host,
    ):
        host.io_spec({"input": [tensor("x", 1, 1000)], "output": [tensor("y", 1, 1000)]})
        with pytest.raises(Refused, match="has no room"):
            host.model(artifact.path.read_bytes())
        small = scale_artifact(tmp_path, 3.0).path.read_bytes()
        host.io_spec(scale_spec())
        host.model(small)
        assert host.infer(row(1.0)) == row(3.0)


def test_one_lease_for_hosts_of_both_wires(server: KenningServer, model: bytes) -> None:
    with ready(server, model) as theirs, connect(server.server.address) as ours:
        assert ours.observe().holder.startswith("a Kenning host at 127.0.0.1:")
        with pytest.raises(RemoteError, match=r"a Kenning host at 127\.0\.0\.1:") as refusal:
            ours.lease()
        assert refusal.value.code == "busy"
        theirs.socket.close()
        ours.lease(wait=True)  # given as soon as the other is gone
        with TableClient(server.kenning) as late, pytest.raises(Refused, match="busy"):
            late.io_spec(scale_spec())


def test_silent_host_yields_to_one_that_waits(tmp_path: Path, model: bytes) -> None:
    with (
        kenning_server(tmp_path, "--lease-timeout-s", "0.3") as server,
        ready(server, model) as theirs,
        connect(server.server.address) as ours,
    ):
        ours.lease(wait=True)
        with pytest.raises(Refused, match="needs the lease"):
            theirs.data(row(1.0))
        with pytest.raises(Refused, match="without a model"):
            theirs.process()


def test_worker_that_dies_is_an_answer_and_not_the_end(server: KenningServer, model: bytes) -> None:
    with ready(server, model) as host:
        host.data(row(1.0))
        worker = worker_of(server.server)
        worker.send_signal(signal.SIGSTOP)
        host.send(PROCESS)
        worker.send_signal(signal.SIGKILL)
        with pytest.raises(Refused, match="worker died while it carried out PROCESS"):
            host.answer(PROCESS)
        with pytest.raises(Refused, match="no pipeline is loaded"):
            host.data(row(1.0))
        host.model(model)
        assert host.infer(row(1.0)) == row(3.0)


def test_hanging_model_is_ended_and_told(tmp_path: Path, model: bytes) -> None:
    with (
        kenning_server(tmp_path, "--limits.request-seconds", "2") as server,
        ready(server, model) as host,
    ):
        host.data(row(1.0))
        worker_of(server.server).send_signal(signal.SIGSTOP)
        with pytest.raises(Refused, match="PROCESS took longer than 2 s"):
            host.process()


def test_host_that_leaves_while_its_model_hangs_frees_the_target(
    server: KenningServer, model: bytes
) -> None:
    with ready(server, model) as host:
        host.data(row(1.0))
        worker_of(server.server).send_signal(signal.SIGSTOP)
        host.send(PROCESS)
    with connect(server.server.address) as ours:
        ours.lease(wait=True)


def test_port_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        listening = [
            each.laddr.port
            for each in psutil.Process(server.process.pid).net_connections("tcp")
            if each.status == psutil.CONN_LISTEN
        ]
    assert listening == [int(server.address.rpartition(":")[2])]


def test_many_requests_at_once_are_answered_in_order(server: KenningServer, model: bytes) -> None:
    kinds = [random.Random(seed).choice((PING, 1, 7)) for seed in range(500)]
    with ready(server, model) as host:
        for kind in kinds:
            host.send(kind, b"{" if kind == 7 else b"")
        for kind in kinds:
            try:
                host.answer(kind)
            except Refused:
                assert kind == 7

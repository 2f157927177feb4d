"""A real server process behind a real socket, and what its hosts get to see."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
import zmq

from kenning_lego.core.errors import (
    RemoteError,
    TargetLostError,
)
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.codec import decode
from kenning_lego.protocols.messages import Error, Load
from tests.targets import (
    Artifact,
    ServerProcess,
    matmul_artifact,
    running_server,
    scale_artifact,
    serve_command,
)

pytestmark = pytest.mark.target

ENGINE = "onnxruntime"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as running:
        yield running


def floats(values: bytes) -> list[float]:
    return [float(value) for value in np.frombuffer(values, np.float32)]


def row(value: float, size: int = 8) -> bytes:
    return np.full(size, value, np.float32).tobytes()


def test_classic_dialogue_step_by_step(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 3.0)
    with connect(server.address) as target:
        target.model(artifact.path, artifact.digest, Load(ENGINE, 1, 1))
        for value in (1.0, 2.0):
            target.data([row(value)])
            duration = target.process()
            assert duration > 0
            assert floats(target.output()[0]) == [3.0 * value] * 8
        (requests,) = target.statistics().measurements
        assert requests.name == "process"
        assert len(requests.samples_ns) == 2
        assert requests.samples_ns[-1] == duration


def test_chain_is_wired_by_tensor_names(server: ServerProcess, tmp_path: Path) -> None:
    first = scale_artifact(tmp_path, 2.0, "x", "middle")
    second = scale_artifact(tmp_path, 5.0, "middle", "y")
    with connect(server.address) as target:
        for artifact in (first, second):
            target.upload(artifact.path, artifact.digest)
        composed = target.compose([first.digest, second.digest], runtime=ENGINE)
        assert [t.name for t in composed.spec.inputs] == ["x"]
        assert [t.name for t in composed.spec.outputs] == ["y"]
        outputs, duration = target.infer([row(1.0)])
        assert floats(outputs[0]) == [10.0] * 8
        assert duration > 0


def test_pipeline_returns_tensors_of_any_stage_that_are_asked_for(
    server: ServerProcess, tmp_path: Path
) -> None:
    names = ["x", "a", "b", "c", "y"]
    artifacts = [scale_artifact(tmp_path, 2.0, *pair) for pair in pairwise(names)]
    with connect(server.address) as target:
        for artifact in artifacts:
            target.upload(artifact.path, artifact.digest)
        stages = [artifact.digest for artifact in artifacts]
        composed = target.compose(stages, runtime=ENGINE, outputs=["y", "a"])
        assert [t.name for t in composed.spec.outputs] == ["y", "a"]
        for value in (1.0, 3.0):
            outputs, _ = target.infer([row(value)])
            assert [floats(each)[0] for each in outputs] == [16 * value, 2 * value]
        with pytest.raises(RemoteError, match="no stage of the chain gives the output 'z'"):
            target.compose(stages, runtime=ENGINE, outputs=["z"])


def test_known_artifact_is_not_sent_again(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        assert target.upload(artifact.path, artifact.digest)
        assert not target.upload(artifact.path, artifact.digest)
    with connect(server.address) as target:
        assert not target.upload(artifact.path, artifact.digest)


def test_large_artifact_arrives_whole(server: ServerProcess, tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 1200, 2)
    assert artifact.path.stat().st_size > 5 << 20
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
    assert (server.store / artifact.digest).read_bytes() == artifact.path.read_bytes()
    assert not list((server.store / "incoming").iterdir())


def test_plan_is_measured_on_the_target(server: ServerProcess, tmp_path: Path) -> None:
    small, large = matmul_artifact(tmp_path, 16, 1), matmul_artifact(tmp_path, 256, 40)
    plan = Plan(
        (PlanItem("small", (small.digest,), 0), PlanItem("large", (large.digest,), 1)),
        warmup_rounds=2,
        min_rounds=20,
        max_rounds=20,
    )
    seen: list[Progress] = []
    with connect(server.address) as target:
        for artifact in (small, large):
            target.upload(artifact.path, artifact.digest)
        with pytest.raises(RemoteError, match="disagree"):  # both are named x, in two sizes
            target.measure(plan)
        large = matmul_artifact(tmp_path, 256, 40, "a", "b")
        target.upload(large.path, large.digest)
        plan = Plan(
            (PlanItem("small", (small.digest,), 0), PlanItem("large", (large.digest,), 1)),
            warmup_rounds=2,
            min_rounds=20,
            max_rounds=20,
        )
        target.measure(plan, seen.append)
        statistics = target.statistics()
    samples = {m.name: m.samples_ns for m in statistics.measurements}
    assert {name: len(values) for name, values in samples.items()} == {"small": 20, "large": 20}
    assert sorted(samples["small"])[10] < sorted(samples["large"])[10]
    assert statistics.used["engine"] == ENGINE
    assert statistics.used["provider"] == "CPUExecutionProvider"
    assert int(statistics.before.facts["cores"]) == os.cpu_count()
    assert (seen[-1].phase, seen[-1].done) == ("measure", 20)


def test_second_host_is_told_who_measures(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as first, connect(server.address) as second:
        first.upload(artifact.path, artifact.digest)
        with pytest.raises(RemoteError, match="busy") as refusal:
            second.upload(artifact.path, artifact.digest)
        assert refusal.value.code == "busy"
        second.describe()  # looking is free
        first.close()
        second.upload(artifact.path, artifact.digest)


def test_nothing_is_left_for_the_next_host(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        target.model(artifact.path, artifact.digest, Load(ENGINE, 1, 1))
        target.infer([row(1.0)])
    with connect(server.address) as target:
        assert target.statistics().measurements == ()
        with pytest.raises(RemoteError, match="no pipeline"):
            target.infer([row(1.0)])


def test_requests_out_of_order_are_refused_and_the_dialogue_goes_on(
    server: ServerProcess, tmp_path: Path
) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        with pytest.raises(RemoteError, match="lease"):
            target.process()
        target.upload(artifact.path, artifact.digest)
        with pytest.raises(RemoteError, match="PROCESS without inputs"):
            target.process()
        with pytest.raises(RemoteError, match="OUTPUT without a result"):
            target.output()
        with pytest.raises(RemoteError, match="not in the store"):
            target.compose(["0" * 64], runtime=ENGINE)
        with pytest.raises(RemoteError, match="unknown runtime"):
            target.compose([artifact.digest], runtime="tensorblt")
        target.compose([artifact.digest], runtime=ENGINE)
        with pytest.raises(RemoteError, match="31 bytes"):
            target.data([row(1.0)[:-1]])
        with pytest.raises(RemoteError, match="2 input tensors"):
            target.infer([row(1.0), row(1.0)])
        outputs, _ = target.infer([row(4.0)])
        assert floats(outputs[0]) == [8.0] * 8


def test_file_that_is_no_model_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    from kenning_lego.store.artifacts import digest_of

    path = tmp_path / "noise.onnx"
    path.write_bytes(b"this is not a model")
    with connect(server.address) as target:
        with pytest.raises(RemoteError, match="cannot load the artifact"):
            target.model(path, digest_of(path.read_bytes()), Load(ENGINE, 1, 1))
        target.describe()


def test_artifact_damaged_on_the_way_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    other = scale_artifact(tmp_path, 3.0)
    with connect(server.address) as target:
        with pytest.raises(RemoteError, match="damaged"):
            target.upload(artifact.path, other.digest)
        assert target.upload(other.path, other.digest)


def test_artifact_damaged_in_the_store_is_noticed(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        (server.store / artifact.digest).write_bytes(b"bits rot")
        with pytest.raises(RemoteError, match="damaged on disk"):
            target.compose([artifact.digest], runtime=ENGINE)
        assert target.upload(artifact.path, artifact.digest)
        target.compose([artifact.digest], runtime=ENGINE)


def workers_of(server: ServerProcess) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


def test_worker_that_is_killed_becomes_an_error_and_a_fresh_one_serves(
    server: ServerProcess, tmp_path: Path
) -> None:
    slow = matmul_artifact(tmp_path, 256, 40)
    plan = Plan((PlanItem("slow", (slow.digest,)),), max_rounds=1_000_000, min_rounds=1_000_000)

    def kill(_progress: Progress) -> None:
        for worker in workers_of(server):
            worker.kill()

    with connect(server.address) as target:
        target.upload(slow.path, slow.digest)
        with pytest.raises(RemoteError, match="SIGKILL") as death:
            target.measure(plan, kill)
        assert death.value.code == "worker_died"
        target.compose([slow.digest], runtime=ENGINE)
        target.infer([row(1.0, 256)])


def test_host_hears_of_a_killed_server_at_once(server: ServerProcess, tmp_path: Path) -> None:
    slow = matmul_artifact(tmp_path, 256, 40)
    plan = Plan((PlanItem("slow", (slow.digest,)),), max_rounds=1_000_000, min_rounds=1_000_000)
    workers: list[psutil.Process] = []

    def kill(_progress: Progress) -> None:
        if not workers:  # progress that had been sent before still arrives
            workers.extend(workers_of(server))
            server.kill()

    with connect(server.address) as target:
        target.upload(slow.path, slow.digest)
        with pytest.raises(TargetLostError, match="went away"):
            target.measure(plan, kill)
    assert workers
    gone, alive = psutil.wait_procs(workers, timeout=5)
    assert gone
    assert not alive


def upload_once_free(target: TargetClient, artifact: Artifact) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(RemoteError):
            target.upload(artifact.path, artifact.digest)
            return
        time.sleep(0.05)
    pytest.fail("the target was not freed")


def test_host_that_vanishes_frees_the_target(server: ServerProcess, tmp_path: Path) -> None:
    slow = matmul_artifact(tmp_path, 256, 40)
    script = (
        "import sys; from pathlib import Path\n"
        "from kenning_lego.protocols.client import TargetClient, connect\n"
        "from kenning_lego.core.plans import Plan, PlanItem\n"
        "target = connect(sys.argv[1]); target.upload(Path(sys.argv[2]), sys.argv[3])\n"
        "plan = Plan((PlanItem('slow', (sys.argv[3],)),), min_rounds=10**6, max_rounds=10**6)\n"
        "target.measure(plan, lambda _: print('measuring', flush=True))\n"
    )
    arguments = [server.address, str(slow.path), slow.digest]
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE
    ) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"measuring\n"
        host.kill()
    with connect(server.address) as target:
        upload_once_free(target, slow)
    assert not workers_of(server)


def test_sigterm_ends_server_and_worker_cleanly(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    target = connect(server.address)
    target.model(artifact.path, artifact.digest, Load(ENGINE, 1, 1))
    workers = workers_of(server)
    assert len(workers) == 1
    assert server.terminate() == 0
    assert not psutil.wait_procs(workers, timeout=5)[1]
    with pytest.raises(TargetLostError):
        target.infer([row(1.0)])
    target.close()


def test_noise_from_one_peer_does_not_disturb_another(
    server: ServerProcess, tmp_path: Path
) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    port = int(server.address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: board\r\n\r\n" + os.urandom(512))
    context = zmq.Context()
    with context, context.socket(zmq.DEALER) as peer:
        peer.linger = 0
        peer.connect(server.address)
        for frames in ([b""], [b"\xc1"], [os.urandom(64)], [b"\x94\x02\x63\x07\x80"], [b""] * 5):
            peer.send_multipart(frames)
            assert peer.poll(5000), frames
            assert isinstance(decode(peer.recv_multipart()).message, Error)
        with connect(server.address) as target:
            target.model(artifact.path, artifact.digest, Load(ENGINE, 1, 1))
            assert floats(target.infer([row(2.0)])[0][0]) == [4.0] * 8


def test_port_in_use_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    command = serve_command("--address", server.address, "--store", str(tmp_path / "other"))
    second = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert second.returncode == 2
    assert second.stderr.startswith(f"error: {server.address} is in use")
    assert "Traceback" not in second.stderr


def test_address_beyond_loopback_is_refused_with_the_remedy() -> None:
    command = serve_command("--address", "tcp://0.0.0.0:0")
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2
    assert "ssh -L" in refused.stderr


def test_interrupt_ends_the_server_cleanly(server: ServerProcess) -> None:
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(10) == 0

"""SWITCH and PRELOAD through a real server, and in process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from kenning_lego.core.errors import KenningLegoError, RemoteError
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.core.target import Target
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.live_messages import SwitchTo
from kenning_lego.protocols.pending import PendingSwitch
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore
from tests.targets import Artifact, ServerProcess, matmul_artifact, running_server, scale_artifact

pytestmark = pytest.mark.target

ENGINE = "onnxruntime"
ROW = np.ones(8, np.float32).tobytes()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as running:
        yield running


@pytest.fixture(params=["server", "in-process"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "in-process":
        with LocalTarget(ArtifactStore(tmp_path / "store")) as local:
            yield local
    else:
        with running_server(tmp_path) as running, connect(running.address) as client:
            yield client


class Network:
    """Two blocks, each of which multiplies; three variants each, and a fused form."""

    def __init__(self, target: Target, directory: Path) -> None:
        self.first = [scale_artifact(directory, factor, "x", "m") for factor in (2, 3, 5)]
        self.second = [scale_artifact(directory, factor, "m", "y") for factor in (7, 11, 13)]
        self.fused = scale_artifact(directory, 1000, "x", "y")
        for each in (*self.first, *self.second, self.fused):
            target.upload(each.path, each.digest)

    def stages(self, first: int, second: int) -> list[str]:
        return [self.first[first].digest, self.second[second].digest]


def result(target: Target) -> float:
    (output,), _ = target.infer([ROW])
    return float(np.frombuffer(output, np.float32)[0])


def size(*artifacts: Artifact) -> int:
    return sum(artifact.path.stat().st_size for artifact in artifacts)


def test_configuration_is_switched(target: Target, tmp_path: Path) -> None:
    network = Network(target, tmp_path)
    target.compose(network.stages(0, 0), runtime=ENGINE)
    assert result(target) == 14
    switched = target.switch(network.stages(1, 0))
    assert result(target) == 21
    assert switched.frame == 1
    assert not switched.prepared
    assert switched.loaded_bytes == size(network.first[1])
    assert switched.evicted_bytes == size(network.first[0])
    assert switched.paused_s == 0
    preloaded = target.preload(network.stages(2, 2))
    assert preloaded.stages == tuple(network.stages(2, 2))
    again = target.switch(network.stages(2, 2))
    assert again.prepared
    assert again.frame == 2
    assert result(target) == 65
    assert target.switch([network.fused.digest]).frame == 3
    assert result(target) == 1000
    (requests,) = target.statistics().measurements
    assert len(requests.samples_ns) == 4


def test_memory_is_held(target: Target, tmp_path: Path) -> None:
    network = Network(target, tmp_path)
    target.compose(network.stages(0, 0), runtime=ENGINE)
    room = size(network.first[0], network.second[0])
    with pytest.raises(KenningLegoError, match=r"needs .* bytes .*may_pause"):
        target.switch(network.stages(1, 1), memory_bytes=room)
    assert result(target) == 14
    switched = target.switch(network.stages(1, 1), may_pause=True)
    assert switched.paused_s > 0
    assert result(target) == 33
    assert target.preload(network.stages(2, 2)).stages == ()
    with pytest.raises(KenningLegoError, match="memory budget is 10 bytes"):
        target.switch(network.stages(2, 2), memory_bytes=10, may_pause=True)
    assert result(target) == 33


def test_what_cannot_run_in_its_place_is_refused_and_the_pipeline_goes_on(
    target: Target, tmp_path: Path
) -> None:
    network = Network(target, tmp_path)
    target.compose(network.stages(0, 0), runtime=ENGINE)
    other = scale_artifact(tmp_path, 2.0, "x", "z")
    broken = tmp_path / "broken"
    broken.write_bytes(b"no model")
    digest = ArtifactStore(tmp_path / "elsewhere").add(b"no model")
    target.upload(other.path, other.digest)
    target.upload(broken, digest)
    for stages, problem in [
        ([other.digest], "the configuration has the tensors"),
        ([network.first[0].digest, digest], "artifact"),
        ([network.first[0].digest, "0" * 64], "is not in the store"),
    ]:
        with pytest.raises(KenningLegoError, match=problem):
            target.switch(stages)
        assert result(target) == 14
    preloaded = target.preload([digest, network.first[1].digest])
    assert preloaded.stages == (network.first[1].digest,)
    assert list(preloaded.failed) == [digest]


def test_nothing_is_switched_before_a_pipeline_is_composed(target: Target, tmp_path: Path) -> None:
    network = Network(target, tmp_path)
    for change in (target.switch, target.preload):
        with pytest.raises(KenningLegoError, match="no pipeline is loaded"):
            change(network.stages(0, 0))


def test_frames_are_answered_while_a_configuration_is_loaded(
    server: ServerProcess, tmp_path: Path
) -> None:
    small = scale_artifact(tmp_path, 2.0, size=1500)
    large = matmul_artifact(tmp_path, 1500, 2)  # takes a while to load
    row = np.ones(1500, np.float32).tobytes()
    with connect(server.address) as target:
        for artifact in (small, large):
            target.upload(artifact.path, artifact.digest)
        target.compose([small.digest], runtime=ENGINE)
        switching = target.begin_switch([large.digest])
        seen = []
        while not switching.done():
            (output,), _ = target.infer([row])
            seen.append(float(np.frombuffer(output, np.float32)[0]))
        switched = switching.result()
        (output,), _ = target.infer([row])
        seen.append(float(np.frombuffer(output, np.float32)[0]))
        assert seen[: switched.frame] == [2.0] * switched.frame
        np.testing.assert_allclose(seen[switched.frame :], 1.0, rtol=1e-4)
        assert len(seen) > switched.frame


def test_newer_switch_supersedes_an_older_one_and_what_measures_waits_for_it(
    server: ServerProcess, tmp_path: Path
) -> None:
    with connect(server.address) as target:
        network = Network(target, tmp_path)
        target.compose(network.stages(0, 0), runtime=ENGINE)
        pending = [target.begin_switch(network.stages(n % 3, 1)) for n in range(20)]
        target.measure(Plan((PlanItem("a", tuple(network.stages(0, 0))),), max_rounds=3))
        assert all(each.done() for each in pending)
        assert pending[-1].result().seconds > 0
        codes = {_code(each) for each in pending[:-1]}
        assert codes <= {"ok", "superseded"}
        assert result(target) == [22, 33, 55][19 % 3]


def test_worker_is_killed_under_a_switch(server: ServerProcess, tmp_path: Path) -> None:
    with connect(server.address) as target:
        network = Network(target, tmp_path)
        target.compose(network.stages(0, 0), runtime=ENGINE)
        target.switch(network.stages(1, 1))
        _kill_worker(server)
        with pytest.raises(RemoteError, match=r"worker died|no pipeline"):
            target.switch(network.stages(2, 2))
        target.compose(network.stages(2, 2), runtime=ENGINE)
        assert result(target) == 65


def test_lease_that_ends_under_a_switch_leaves_nothing(
    server: ServerProcess, tmp_path: Path
) -> None:
    with connect(server.address) as target:
        network = Network(target, tmp_path)
        target.compose(network.stages(0, 0), runtime=ENGINE)
        target._send(SwitchTo(tuple(network.stages(1, 1))))
    with connect(server.address) as target:
        target.compose(network.stages(0, 1), runtime=ENGINE)
        assert result(target) == 22


def _code(pending: PendingSwitch) -> str:
    try:
        pending.result()
    except RemoteError as error:
        return error.code
    return "ok"


def _kill_worker(server: ServerProcess) -> None:
    for child in psutil.Process(server.process.pid).children(recursive=True):
        child.kill()
        child.wait(10)

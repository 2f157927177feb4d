"""Pipelines that a real server owns: they outlive hosts, workers and the server itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import RemoteError, UsageError
from kenning_lego.core.frame_sources import CameraFrames, RandomFrames, StoredFrames, VideoFrames
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.protocols.client import TargetClient, connect
from tests.servers.deployments.pipelines import (
    offer_of,
    scales,
    status_of,
    upload,
    upload_frames,
    wait_for,
    wait_for_event,
    wait_for_frames,
    whole_record,
    workers_of,
)
from tests.targets import Artifact, ServerProcess, running_server

pytestmark = pytest.mark.target

FACTORS = ((2, 3, 5), (7, 11, 13))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as running:
        yield running


@pytest.fixture
def target(server: ServerProcess) -> Iterator[TargetClient]:
    with connect(server.address) as client:
        yield client


@pytest.fixture
def artifacts(tmp_path: Path, target: TargetClient) -> list[list[Artifact]]:
    made = scales(tmp_path, FACTORS)
    upload(target, made)
    return made


HOST = """
import sys, time
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.protocols.client import connect
address, digest = sys.argv[1:]
variant = OfferedVariant("v", digest, 0.0, 1.0, 1000)
offer = Offer((OfferedSegment("s", (variant,)),))
with connect(address) as target:
    for name in ("one", "two"):
        target.deployments.deploy(Deployment(name, offer, rate_fps=100))
    print("deployed", flush=True)
    time.sleep(1000)
"""


def test_deployments_go_on_when_their_host_is_killed(server: ServerProcess, tmp_path: Path) -> None:
    (alternatives,) = scales(tmp_path, [(2,)])
    with connect(server.address) as target:
        upload(target, [alternatives])
    command = [sys.executable, "-c", HOST, server.address, alternatives[0].digest]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "deployed\n"
        host.kill()
    with connect(server.address) as target:
        wait_for(lambda: not target.observe().holder)
        for name in ("one", "two"):
            before = status_of(target, name).frames
            assert wait_for_frames(target, name, before + 50).state == "running"


def test_frames_have_numbers_times_and_the_configuration_that_ran_them(
    target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=200))
    wait_for_frames(target, "a", 60)
    record = whole_record(target, "a")
    assert [frame.number for frame in record.frames] == list(range(len(record.frames)))
    assert all(frame.duration_ns > 0 for frame in record.frames)
    begins = [frame.begin_ns for frame in record.frames]
    assert begins == sorted(begins)
    best = (artifacts[0][0].digest, artifacts[1][0].digest)
    assert {record.configurations[frame.configuration] for frame in record.frames} == {best}
    assert record.status.variants == {"s0": "v0", "s1": "v0"}


def test_outputs_prove_which_configuration_ran_each_frame(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    ones = upload_frames(target, tmp_path, np.ones((1, 8), np.float32))
    deployment = Deployment(
        "a", offer_of(artifacts), StoredFrames(ones), rate_fps=500, keep_outputs_bytes=1 << 20
    )
    target.deployments.deploy(deployment)
    factors = {
        artifact.digest: factor
        for alternatives, values in zip(artifacts, FACTORS, strict=True)
        for artifact, factor in zip(alternatives, values, strict=True)
    }
    for first in range(3):
        for second in range(3):
            stages = (artifacts[0][first].digest, artifacts[1][second].digest)
            switched = target.deployments.force("a", stages)
            wait_for_frames(target, "a", switched.frame + 20)
    record = whole_record(target, "a", outputs=True)
    by_frame = {each.frame: each.tensors for each in record.outputs}
    assert len(by_frame) == len(record.frames) > 180
    for frame in record.frames:
        product = np.prod([factors[each] for each in record.configurations[frame.configuration]])
        (tensor,) = by_frame[frame.number]
        assert np.frombuffer(tensor, np.float32).tolist() == [product] * 8
    assert len({frame.configuration for frame in record.frames}) == 9


def test_killed_worker_is_started_again_and_goes_on_with_the_next_sample(
    server: ServerProcess, target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    rows = np.repeat(np.arange(7, dtype=np.float32), 8).reshape(7, 8)
    frames = upload_frames(target, tmp_path, rows)
    deployment = Deployment(
        "a", offer_of(artifacts), StoredFrames(frames), rate_fps=100, keep_outputs_bytes=1 << 20
    )
    target.deployments.deploy(deployment)
    wait_for_frames(target, "a", 10)
    (worker,) = (
        each for each in workers_of(server) if "deployments.worker" in " ".join(each.cmdline())
    )
    worker.send_signal(signal.SIGKILL)
    restarted = wait_for_event(target, "a", "restarted")
    wait_for_frames(target, "a", restarted.frame + 20)
    record = whole_record(target, "a", outputs=True)
    assert [event.kind for event in record.events] == ["bounds", "began", "died", "restarted"]
    assert "SIGKILL" in record.events[2].text
    assert record.status.restarts == 1
    assert [frame.number for frame in record.frames] == list(range(len(record.frames)))
    for each in record.outputs:
        value = np.frombuffer(each.tensors[0], np.float32)[0]
        assert value == 14 * (each.frame % 7)


def test_replacement_takes_over_once_it_is_loaded_and_continues_the_record(
    server: ServerProcess, target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    offer = offer_of(artifacts)
    target.deployments.deploy(Deployment("a", offer, rate_fps=100))
    wait_for_frames(target, "a", 10)
    small = {"s0": "v2", "s1": "v2"}
    target.deployments.deploy(Deployment("a", offer, rate_fps=200, variants=small, adaptive=False))
    replaced = wait_for_event(target, "a", "replaced")
    wait_for_frames(target, "a", replaced.frame + 20)
    record = whole_record(target, "a")
    kinds = [event.kind for event in record.events]
    assert kinds == ["bounds", "began", "replaced", "bounds", "began"]
    assert [frame.number for frame in record.frames] == list(range(len(record.frames)))
    before, after = (artifacts[0][0].digest, artifacts[0][2].digest)
    first = [record.configurations[frame.configuration][0] for frame in record.frames]
    assert first == [before] * replaced.frame + [after] * (len(first) - replaced.frame)
    assert record.status.variants == small
    assert len(workers_of(server)) == 1


def test_failed_replacement_leaves_the_old_one_running(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=100))
    began = wait_for_frames(target, "a", 10)
    broken = upload_frames(target, tmp_path, np.zeros(10, np.float32))
    variant = OfferedVariant("v", broken, 0.0, 1.0, 40)
    with pytest.raises(RemoteError):
        target.deployments.deploy(Deployment("a", Offer((OfferedSegment("s", (variant,)),))))
    after = wait_for_frames(target, "a", began.frames + 20)
    assert (after.state, after.stages, after.restarts) == ("running", began.stages, 0)
    kinds = [event.kind for event in whole_record(target, "a").events]
    assert kinds == ["bounds", "began"]


def test_unload_ends_the_worker_and_leaves_nothing(
    server: ServerProcess, target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    process = psutil.Process(server.process.pid)
    deployment = Deployment("a", offer_of(artifacts), rate_fps=100)
    target.deployments.deploy(deployment)
    target.deployments.unload("a")
    files = process.num_fds()
    for _ in range(3):
        target.deployments.deploy(deployment)
        target.deployments.unload("a")
    assert target.deployments.list() == ()
    wait_for(lambda: not workers_of(server))
    assert process.num_fds() == files
    with pytest.raises(RemoteError, match="no deployment 'a'"):
        target.deployments.unload("a")


def test_source_that_ends_finishes_the_deployment_whose_record_stays(
    server: ServerProcess, target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    frames = upload_frames(target, tmp_path, np.ones((25, 8), np.float32))
    source = StoredFrames(frames, repeat=False)
    target.deployments.deploy(Deployment("a", offer_of(artifacts), source))
    status = wait_for(
        lambda: ((each := status_of(target, "a")).state == "finished" and each) or None
    )
    assert status.frames == 25
    assert len(whole_record(target, "a").frames) == 25
    wait_for(lambda: not workers_of(server))


def test_deployments_start_again_with_the_server(tmp_path: Path) -> None:
    made = scales(tmp_path, FACTORS)
    small = {"s0": "v2", "s1": "v2"}
    deployment = Deployment("a", offer_of(made), rate_fps=100, variants=small, adaptive=False)
    with running_server(tmp_path) as server, connect(server.address) as target:
        upload(target, made)
        target.deployments.deploy(deployment)
        target.deployments.deploy(replace(deployment, name="gone"))
        target.deployments.unload("gone")
        assert server.terminate() == 0
    with running_server(tmp_path) as server, connect(server.address) as target:
        status = wait_for_frames(target, "a", 10)
        assert status.variants == small
        assert [each.name for each in target.deployments.list()] == ["a"]
        server.kill()
    with running_server(tmp_path, "--no-deployments") as server:
        with connect(server.address) as target:
            assert target.deployments.list() == ()
        server.terminate()
    with running_server(tmp_path) as server, connect(server.address) as target:
        wait_for_frames(target, "a", 10)


def test_artifacts_of_deployments_are_not_evicted(tmp_path: Path) -> None:
    made = scales(tmp_path, [(2,)])

    def crowd_out(address: str, values: range) -> None:
        for value in values:
            with connect(address) as host:  # what one host uploads is in use until it leaves
                upload_frames(host, tmp_path, np.full(110_000, value, np.float32))

    with running_server(tmp_path, "--store-mb", "0.45") as server:
        with connect(server.address) as target:
            upload(target, made)
            target.deployments.deploy(Deployment("a", offer_of(made), rate_fps=10))
        crowd_out(server.address, range(2))
        assert (server.store / made[0][0].digest).exists()
        with connect(server.address) as target:
            target.deployments.unload("a")
        crowd_out(server.address, range(2, 4))
        assert not (server.store / made[0][0].digest).exists()


def test_what_cannot_be_deployed_is_refused_with_the_remedy(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    offer = offer_of(artifacts)
    missing = offer_of(scales(tmp_path, [(17,), (19,)]))
    odd = upload_frames(target, tmp_path, np.zeros(9, np.float32))
    deploy = target.deployments.deploy
    with pytest.raises(RemoteError, match=r"2 artifacts are not here.*upload them first"):
        deploy(Deployment("a", missing))
    with pytest.raises(RemoteError, match="serve --video NAME=PATH"):
        deploy(Deployment("a", offer, VideoFrames("door")))
    with pytest.raises(RemoteError, match=r"has the shape|kenning-lego\[camera\]"):
        deploy(Deployment("a", offer, CameraFrames(0)))
    with pytest.raises(RemoteError, match="abacus"):
        deploy(Deployment("a", replace(offer, runtime="abacus")))
    with pytest.raises(RemoteError, match="does not hold whole frames"):
        deploy(Deployment("a", offer, StoredFrames(odd)))
    with pytest.raises(UsageError, match="is not 1 to 64 letters"):
        deploy(Deployment("../a", offer))
    assert target.deployments.list() == ()


def test_random_frames_differ_and_are_the_same_for_one_seed(
    target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    seen = []
    for name in ("a", "b"):
        target.deployments.deploy(
            Deployment(name, offer_of(artifacts), RandomFrames(3), 200, keep_outputs_bytes=1 << 18)
        )
        wait_for_frames(target, name, 10)
        seen.append([each.tensors[0] for each in whole_record(target, name, outputs=True).outputs])
    assert seen[0][:10] == seen[1][:10]
    assert len(set(seen[0][:10])) == 10

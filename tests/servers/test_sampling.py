"""A real server and the in-process target sample this machine's sensors while they are used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Observation, Plan, PlanItem, Progress
from kenning_lego.core.target import Target
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.messages import AskTelemetry
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore
from tests.targets import Artifact, matmul_artifact, running_server

ENGINE = "onnxruntime"
OFTEN = ("--telemetry-interval", "0.05")
ALWAYS_THERE = {"load_1min", "memory_available_bytes", "memory_used_bytes"}


def plan_of(artifact: Artifact, seconds: float) -> Plan:
    return Plan(
        (PlanItem("slow", (artifact.digest,)),),
        max_rounds=10**6,
        relative_half_width=0.0,
        max_seconds=seconds,
    )


def measured(target: Target, directory: Path, seconds: float) -> Telemetry:
    artifact = matmul_artifact(directory, 128, 20)
    target.upload(artifact.path, artifact.digest)
    target.measure(plan_of(artifact, seconds))
    return target.telemetry()


def sampled(target: Target, directory: Path, count: int = 3) -> Telemetry:
    """Measure until there are some samples: readings that are dear are taken less often."""
    for _ in range(60):
        telemetry = measured(target, directory, 0.5)
        if len(telemetry) >= count:
            break
    return telemetry


def is_sound(telemetry: Telemetry) -> None:
    assert len(telemetry) >= 3
    assert list(telemetry.times_s) == sorted(telemetry.times_s)
    assert set(telemetry.columns) >= ALWAYS_THERE
    assert all(len(column) == len(telemetry) for column in telemetry.columns.values())
    assert all(telemetry.absent.values())
    assert telemetry.began_unix_s > 1.7e9


def children_of_server() -> set[int]:
    return {
        child.pid
        for child in psutil.Process().children(recursive=True)
        if "kenning_lego.servers.worker" in child.cmdline()
    }


def test_telemetry_of_a_plan(tmp_path: Path) -> None:
    with running_server(tmp_path, *OFTEN) as server, connect(server.address) as target:
        telemetry = sampled(target, tmp_path)
        is_sound(telemetry)
        peak = telemetry.columns["worker_peak_bytes"][-1]
        (worker,) = children_of_server()
        # Of the worker, not of the server: it holds an engine.
        held = psutil.Process(worker).memory_info().rss
        assert peak is not None
        assert peak >= 0.8 * held
        assert any(value for value in telemetry.columns["worker_cpu_percent"])
        assert target.telemetry().times_s[: len(telemetry)] == telemetry.times_s


def test_next_lease_does_not_see_what_was_sampled_before(tmp_path: Path) -> None:
    with running_server(tmp_path, *OFTEN) as server:
        with connect(server.address) as first:
            before = sampled(first, tmp_path)
        with connect(server.address) as second:
            after = second.telemetry()
    assert after.times_s[0] > before.times_s[-1]
    assert "worker_rss_bytes" not in after.columns


def test_who_has_no_lease_gets_no_telemetry_but_may_look_at_the_newest(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 128, 20)
    seen: list[Observation] = []
    with running_server(tmp_path, *OFTEN) as server, connect(server.address) as holder:
        with connect(server.address) as other:
            assert other.observe().latest == {}
            holder.upload(artifact.path, artifact.digest)
            holder.measure(plan_of(artifact, 1.5), lambda _: seen.append(other.observe()))
            assert set(seen[-1].latest) >= ALWAYS_THERE
            with pytest.raises(RemoteError, match="needs the lease"):
                other._ask(AskTelemetry())
        holder.close()
        with connect(server.address) as other:
            assert other.observe().latest == {}


def test_telemetry_is_answered_while_a_plan_runs(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 128, 20)
    during: list[int] = []
    with running_server(tmp_path, *OFTEN) as server, connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)

        def ask(progress: Progress) -> None:
            if progress.phase == "measure" and not during:
                during.append(len(target.telemetry()))
                target.cancel()

        target.measure(plan_of(artifact, 30.0), ask)
    assert during


def test_server_that_samples_nothing_says_so(tmp_path: Path) -> None:
    off = ("--telemetry-interval", "0")
    with running_server(tmp_path, *off) as server, connect(server.address) as target:
        telemetry = measured(target, tmp_path, 0.2)
        assert len(telemetry) == 0
        assert telemetry.columns == {}
        assert "switched off" in telemetry.absent["telemetry"]
        assert target.observe().latest == {}


def test_server_holds_no_sensor_open_without_a_lease(tmp_path: Path) -> None:
    with running_server(tmp_path, *OFTEN) as server:
        files = Path(f"/proc/{server.process.pid}/fd")

        def below_proc_and_sys() -> list[str]:
            links = [str(each.readlink()) for each in files.iterdir() if each.is_symlink()]
            return [each for each in links if each.startswith(("/proc/", "/sys/"))]

        assert below_proc_and_sys() == []
        with connect(server.address) as target:
            target.telemetry()
            assert below_proc_and_sys()
        settled(server.address)
        assert below_proc_and_sys() == []


def settled(address: str) -> None:
    """Everything that was sent before has been carried out."""
    with connect(address) as looking:
        looking.observe()


def test_worker_that_is_replaced_is_followed(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 128, 20)
    with running_server(tmp_path, *OFTEN) as server, connect(server.address) as target:
        measured(target, tmp_path, 0.5)
        (worker,) = children_of_server()
        psutil.Process(worker).kill()
        psutil.Process(worker).wait(10)
        compose_again(target, artifact)
        (replacement,) = children_of_server()
        telemetry = target.telemetry()
        assert replacement != worker
        assert telemetry.columns["worker_rss_bytes"][-1]


def compose_again(target: TargetClient, artifact: Artifact) -> None:
    for _ in range(2):
        try:
            target.compose([artifact.digest], runtime=ENGINE)
        except RemoteError as error:
            assert error.code == "worker_died"  # noqa: PT017 - asked before the death was noticed
        else:
            return


def test_in_process_target_samples_this_process(tmp_path: Path) -> None:
    with LocalTarget(ArtifactStore(tmp_path / "store"), telemetry_interval_s=0.05) as target:
        telemetry = sampled(target, tmp_path)
        is_sound(telemetry)
        assert telemetry.columns["worker_rss_bytes"][-1]
        target.close()
        assert target.telemetry().times_s[0] > telemetry.times_s[-1]


def test_in_process_target_samples_between_requests(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 128, 20)
    with LocalTarget(ArtifactStore(tmp_path / "store"), telemetry_interval_s=0.001) as target:
        target.upload(artifact.path, artifact.digest)
        target.compose([artifact.digest], runtime=ENGINE)
        row = np.ones(128, np.float32).tobytes()
        for _ in range(10_000):
            target.infer([row])
            if len(target.telemetry()) > 2:
                break
        assert len(target.telemetry()) > 2

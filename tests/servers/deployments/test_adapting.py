"""Deployments that change their configuration as budgets change, without any host."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kenning_lego.core.bounds import Bounds, Schedule, ScheduledBounds
from kenning_lego.core.deployment_records import DeploymentStatus
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import RemoteError
from kenning_lego.protocols.client import TargetClient, connect
from tests.servers.deployments.pipelines import (
    offer_of,
    scales,
    status_of,
    upload,
    wait_for,
    wait_for_event,
    wait_for_frames,
    whole_record,
)
from tests.targets import Artifact, ServerProcess, running_server, scale_artifact

pytestmark = pytest.mark.target

FACTORS = ((2, 3, 5), (7, 11, 13))
BEST, LEAST = {"s0": "v0", "s1": "v0"}, {"s0": "v2", "s1": "v2"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    budgets = ("--budgets", str(tmp_path / "budgets.json"))
    socket_ = ("--budget-socket", str(tmp_path / "budgets.sock"))
    with running_server(tmp_path, *budgets, *socket_) as running:
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


def budgets_in(directory: Path, content: object) -> None:
    temporary = directory / "budgets.new"
    temporary.write_text(content if isinstance(content, str) else json.dumps(content))
    temporary.replace(directory / "budgets.json")


def wait_for_variants(
    target: TargetClient, name: str, variants: dict[str, str]
) -> DeploymentStatus:
    def look() -> DeploymentStatus | None:
        status = status_of(target, name)
        return status if status.variants == variants else None

    return wait_for(look)


def test_budget_file_has_a_deployment_switch_and_its_record_says_why(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=200))
    assert wait_for_frames(target, "a", 5).variants == BEST
    budgets_in(tmp_path, {"deployments": {"a": {"memory_bytes": 2500}, "b": {"latency_ms": 1}}})
    status = wait_for_variants(target, "a", LEAST)
    assert status.bounds == Bounds(memory_bytes=2500)
    wait_for_frames(target, "a", status.frames + 20)
    record = whole_record(target, "a")
    by_kind = {event.kind: event for event in record.events}
    bounds, decided, switched = by_kind["bounds"], by_kind["decided"], by_kind["switched"]
    assert (bounds.origin, bounds.figures) == ("file", {"memory_bytes": 2500.0})
    assert decided.origin == "adaptation"
    assert "more memory than there may be" in decided.text
    assert decided.figures["memory_bytes"] == 2000
    assert decided.figures["accuracy_cost"] == pytest.approx(0.06)
    assert switched.text == "s0: v2, s1: v2"
    assert bounds.index < decided.index < switched.index
    held = [event.figures["held_bytes"] for event in record.events if event.index > decided.index]
    assert max(held) <= 8000
    assert held[-1] <= 2500
    assert {"held_bytes", "moved_bytes"} <= switched.figures.keys()
    small = (artifacts[0][2].digest, artifacts[1][2].digest)
    assert record.configurations[record.frames[-1].configuration] == small
    assert [frame.number for frame in record.frames] == list(range(len(record.frames)))
    (tmp_path / "budgets.json").unlink()
    wait_for_variants(target, "a", BEST)


def test_bad_budget_file_changes_nothing_and_is_an_event(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    budgets_in(tmp_path, {"deployments": {"a": {"memory_bytes": 2500}}})
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=100))
    wait_for_variants(target, "a", LEAST)
    budgets_in(tmp_path, '{"deployments": {"a": {"memory": 9999}}}')
    failed = wait_for_event(target, "a", "failed")
    assert failed.origin == "file"
    assert "unknown field 'memory'" in failed.text
    assert status_of(target, "a").bounds == Bounds(memory_bytes=2500)
    budgets_in(tmp_path, {})
    wait_for_variants(target, "a", BEST)


def test_budget_socket_is_answered_line_by_line(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=100))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(tmp_path / "budgets.sock"))
        answers = client.makefile("r")

        def say(content: object) -> dict[str, Any]:
            client.sendall(json.dumps(content).encode() + b"\n")
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        assert say({"deployments": {"a": {"memory_bytes": 2500}}}) == {"ok": True}
        wait_for_variants(target, "a", LEAST)
        assert wait_for_event(target, "a", "switched").origin == "worker"
        refused = say({"deployments": {"a": {"memory_bytes": -1}}})
        assert refused["ok"] is False
        assert "memory_bytes" in refused["problem"]
        assert say({"deployments": {"a": {}}}) == {"ok": True}
        wait_for_variants(target, "a", BEST)


def test_tightest_of_all_bounds_holds(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    target.deployments.deploy(
        Deployment("a", offer_of(artifacts), rate_fps=100, bounds=Bounds(memory_bytes=5000))
    )
    budgets_in(tmp_path, {"deployments": {"a": {"memory_bytes": 2500}}})
    wait_for_variants(target, "a", LEAST)
    target.deployments.set_bounds("a", Bounds(latency_ms=1000.0))
    wait_for(lambda: status_of(target, "a").bounds == Bounds(1000.0, 2500) or None)
    assert status_of(target, "a").variants == LEAST
    with pytest.raises(RemoteError, match="energy"):
        target.deployments.set_bounds("a", Bounds(energy_mj=1.0))


def test_schedule_of_a_deployment_is_followed(
    target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    schedule = Schedule(
        (
            ScheduledBounds(0.0, Bounds(memory_bytes=2500)),
            ScheduledBounds(0.5, Bounds(memory_bytes=9000)),
        )
    )
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=100, schedule=schedule))
    wait_for_variants(target, "a", BEST)
    record = whole_record(target, "a")
    assert record.configurations[record.frames[0].configuration][0] == artifacts[0][2].digest
    origins = [event.origin for event in record.events if event.kind == "bounds"]
    assert origins == ["server", "schedule"]


def test_shared_memory_is_divided_between_deployments(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    for name, weight in (("light", 1.0), ("heavy", 10.0)):
        target.deployments.deploy(
            Deployment(name, offer_of(artifacts), rate_fps=100, weight=weight)
        )
    target.deployments.set_shared_memory(10_000)

    def held() -> bool:
        shared = 0
        for status in target.deployments.list():
            sizes = {"v0": 4000, "v1": 2000, "v2": 1000}
            shared += sum(sizes[each] for each in status.variants.values())
        return shared <= 10_000

    wait_for(held)
    wait_for_variants(target, "heavy", BEST)
    assert wait_for_event(target, "light", "shared").figures == {"memory_bytes": 10_000.0}
    target.deployments.unload("heavy")
    wait_for_variants(target, "light", BEST)
    target.deployments.set_shared_memory(None)


def test_configuration_that_cannot_be_loaded_leaves_the_old_one_running(
    server: ServerProcess, target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=100))
    (server.store / artifacts[0][2].digest).unlink()
    (server.store / artifacts[1][2].digest).unlink()
    before = wait_for_frames(target, "a", 10)
    target.deployments.set_bounds("a", Bounds(memory_bytes=2500))
    failed = wait_for_event(target, "a", "failed")
    assert "is not in the store" in failed.text
    assert "s0: v2" in failed.text
    wait_for_frames(target, "a", before.frames + 30)
    assert status_of(target, "a").state == "running"


def test_host_may_force_a_configuration_and_its_fused_form(
    target: TargetClient, artifacts: list[list[Artifact]], tmp_path: Path
) -> None:
    target.deployments.deploy(Deployment("a", offer_of(artifacts), rate_fps=100))
    wait_for_frames(target, "a", 5)
    best = tuple(each[0].digest for each in artifacts)
    small = tuple(each[2].digest for each in artifacts)
    fused = scale_artifact(tmp_path, 14, "t0", "t2")
    target.upload(fused.path, fused.digest)
    with pytest.raises(RemoteError, match="does not run the configuration that was fused"):
        target.deployments.force("a", [fused.digest], fused_from=small)
    with pytest.raises(RemoteError, match="no configuration of a"):
        target.deployments.force("a", [fused.digest])
    switched = target.deployments.force("a", [fused.digest], fused_from=best)
    wait_for_frames(target, "a", switched.frame + 5)
    status = status_of(target, "a")
    assert (status.stages, status.variants) == ((fused.digest,), BEST)
    assert status.adaptive
    switched = target.deployments.force("a", small)
    status = wait_for_frames(target, "a", switched.frame + 20)
    assert (status.stages, status.variants, status.adaptive) == (small, LEAST, False)
    record = whole_record(target, "a")
    assert record.configurations[record.frames[-1].configuration] == small
    assert (fused.digest,) in record.configurations.values()


def test_quick_changes_of_budgets_lose_no_frame_and_end_no_worker(
    target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    for name in ("a", "b"):
        target.deployments.deploy(Deployment(name, offer_of(artifacts), rate_fps=200))
    for memory_bytes in (2000, 8000, 3000, 6000, 2500, 9000, 4000, 2000, 7000) * 3:
        target.deployments.set_bounds("a", Bounds(memory_bytes=memory_bytes))
        target.deployments.set_bounds("b", Bounds(memory_bytes=11_000 - memory_bytes))
        target.deployments.set_shared_memory(memory_bytes + 4000)
    target.deployments.set_shared_memory(None)
    for name in ("a", "b"):
        target.deployments.set_bounds(name, Bounds())
        status = wait_for_variants(target, name, BEST)
        wait_for_frames(target, name, status.frames + 20)
        record = whole_record(target, name)
        assert [frame.number for frame in record.frames] == list(range(len(record.frames)))
        assert not {"died", "failed"} & {event.kind for event in record.events}


def test_failing_bounds_are_said_and_the_nearest_configuration_runs(
    target: TargetClient, artifacts: list[list[Artifact]]
) -> None:
    target.deployments.deploy(
        Deployment("a", offer_of(artifacts), rate_fps=100, bounds=Bounds(memory_bytes=1000))
    )
    decided = wait_for_event(target, "a", "decided")
    assert "none keeps" in decided.text or "no configuration" in decided.text
    assert wait_for_frames(target, "a", 20).variants == LEAST
    assert replace(status_of(target, "a"), frames=0).state == "running"

"""Load tests on a real server: the worker sends the queries, the host only looks on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kenning_lego.core.errors import ModelError, ProtocolError, RemoteError
from kenning_lego.core.loads import LoadPlan, LoadResult, Scenario
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.load_results import pack_load_result, read_load_result
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore
from tests.targets import ServerProcess, matmul_artifact, running_server, scale_artifact


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    # No other request may take as long as the load tests here do.
    with running_server(tmp_path, "--limits.request-seconds", "1") as running:
        yield running


def make(digest: str, scenario: Scenario, **changes: object) -> LoadPlan:
    plan = LoadPlan((digest,), scenario, warmup_queries=2, min_queries=20, min_seconds=0.2)
    return replace(plan, **changes)  # type: ignore[arg-type]


def check(result: LoadResult, plan: LoadPlan) -> None:
    count = len(result.latencies_ns)
    assert result.stopped == "complete"
    assert count >= plan.min_queries
    assert len(result.service_ns) == len(result.lateness_ns) == count == result.offered
    assert all(each > 0 for each in result.service_ns)
    assert all(each >= 0 for each in result.lateness_ns)
    for latency, service in zip(result.latencies_ns, result.service_ns, strict=True):
        assert latency >= service


def plans(digest: str) -> list[LoadPlan]:
    return [
        make(digest, "single_stream"),
        make(digest, "multi_stream", samples_per_query=4),
        make(digest, "offline"),
        make(digest, "server", rate_per_s=200.0),
    ]


def test_every_scenario_runs_on_the_target(server: ServerProcess, tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 64, 4)
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        for plan in plans(artifact.digest):
            check(target.load(plan), plan)
        used = target.statistics().used
    assert used["engine"] == "onnxruntime"


def test_every_scenario_runs_in_process(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 64, 4)
    with LocalTarget(ArtifactStore(tmp_path / "store")) as target:
        target.upload(artifact.path, artifact.digest)
        for plan in plans(artifact.digest):
            check(target.load(plan), plan)


def test_chain_is_loaded_as_one(server: ServerProcess, tmp_path: Path) -> None:
    first = scale_artifact(tmp_path, 2.0, "x", "middle")
    second = scale_artifact(tmp_path, 5.0, "middle", "y")
    with connect(server.address) as target:
        for artifact in (first, second):
            target.upload(artifact.path, artifact.digest)
        plan = replace(make("", "single_stream"), stages=(first.digest, second.digest))
        check(target.load(plan), plan)


def test_load_test_may_take_longer_than_other_requests_and_tells_how_far_it_is(
    server: ServerProcess, tmp_path: Path
) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    seen: list[Progress] = []
    with connect(server.address) as target, connect(server.address) as looking:
        target.upload(artifact.path, artifact.digest)

        def look(progress: Progress) -> None:
            seen.append(progress)
            assert looking.observe().doing == "LOAD_TEST"

        plan = make(artifact.digest, "server", rate_per_s=100.0, min_seconds=2.5, max_seconds=30)
        check(target.load(plan, look), plan)
    assert len(seen) > 3
    assert {each.phase for each in seen} == {"load"}
    assert seen[-1].total >= seen[-1].done > 0


def test_cancelled_load_test_keeps_what_was_answered(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        plan = make(artifact.digest, "server", rate_per_s=200.0, min_seconds=500, max_seconds=500)
        result = target.load(plan, lambda _: target.cancel())
        assert result.stopped == "cancelled"
        assert 0 < len(result.latencies_ns) < 100_000
        target.compose([artifact.digest], runtime="onnxruntime")  # the dialogue goes on


def test_batch_that_the_model_does_not_take_is_refused(
    server: ServerProcess, tmp_path: Path
) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    plan = make(artifact.digest, "offline", batch=4, samples_per_query=4)
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        with pytest.raises(RemoteError, match="does not run in batches of 4") as refused:
            target.load(plan)
        assert refused.value.code == "bad_request"
    with LocalTarget(ArtifactStore(server.store)) as local, pytest.raises(ModelError):
        local.load(plan)


def test_plan_that_does_not_fit_together_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        with pytest.raises(RemoteError, match="a rate of 0 per second in the scenario server"):
            target.load(make(artifact.digest, "server"))
        with pytest.raises(RemoteError, match="not in the store"):
            target.load(make("0" * 64, "single_stream"))


def test_result_is_the_same_after_the_wire() -> None:
    result = LoadResult((5, 6), (3, 4), (0, 1), 99, 2, 7, 123, "cancelled", 10**15)
    fields, payload = pack_load_result(result)
    assert read_load_result(Fields(dict(fields), "OK"), payload) == result
    assert result.unanswered == 5
    assert result.end_ns == 10**15 + 99


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"count": 3}, "3 queries with samples of"),
        ({"offered": 1}, "'offered'"),
        ({"stopped": 1}, "'stopped'"),
        ({"begin_ns": -1}, "'begin_ns'"),
        ({"begin_ns": 1.5}, "'begin_ns'"),
        ({"begin_ns": None}, "'begin_ns'"),
        ({"surprise": 1}, "unknown field 'surprise'"),
    ],
)
def test_result_that_makes_no_sense_is_refused(change: dict[str, object], problem: str) -> None:
    fields, payload = pack_load_result(LoadResult((5, 6), (3, 4), (0, 1), 99, 2, 7, 123, "x", 40))
    with pytest.raises(ProtocolError, match=problem):
        read_load_result(Fields({**fields, **change}, "OK"), payload)
    with pytest.raises(ProtocolError, match="2 queries with samples"):
        read_load_result(Fields(dict(fields), "OK"), payload[:2])


def test_begin_is_on_the_clock_of_the_telemetry(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    plan = make(artifact.digest, "single_stream")
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        before = target.telemetry().times_s[-1]
        result = target.load(plan)
        time.sleep(0.3)  # asked sooner, the sensors would not be read again
        after = target.telemetry().times_s[-1]
    # What was asked first can have been read a little earlier, never later.
    assert before <= result.begin_ns / 1e9 <= result.end_ns / 1e9 <= after

"""Hosts and workers that are killed, crash, hang or take too much memory."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols.client import TargetClient
from kenning_lego.protocols.messages import CHUNK_BYTES
from kenning_lego.store.artifacts import digest_of
from tests.faults.board import (
    ENGINE,
    MARGIN,
    TARGET_HEARS_WITHIN_S,
    Board,
    blob,
    endless,
    floats,
    row,
    running_board,
)
from tests.proxy import Direction, Fault, Proxy
from tests.targets import Artifact, patient, scale_artifact

pytestmark = pytest.mark.target

HOST = """
import sys
from pathlib import Path
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import connect
address, path, digest = sys.argv[1:]
target = connect(address, timeout_s=20)
target.lease()
print("leased", flush=True)
sys.stdin.readline()
target.upload(Path(path), digest)
plan = Plan((PlanItem("x", (digest,)),), min_rounds=10**6, max_rounds=10**6, max_seconds=600)
target.measure(plan, lambda _: print("measuring", flush=True))
"""


@contextmanager
def host_process(address: str, artifact: Artifact) -> Iterator[subprocess.Popen[str]]:
    """A host that holds the lease, and uploads and measures when it is told to."""
    command = [sys.executable, "-c", HOST, address, str(artifact.path), artifact.digest]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "leased\n"
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def assert_serves(target: TargetClient, scale: Artifact) -> None:
    target.upload(scale.path, scale.digest)
    target.compose([scale.digest], runtime=ENGINE)
    assert floats(target.infer([row(1.0)])[0][0]) == [2.0] * 8


def test_host_that_is_killed_in_a_plan_leaves_nothing(tmp_path: Path) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    with running_board(tmp_path) as board:
        with host_process(board.server.address, scale) as host:
            go(host)
            assert host.stdout is not None
            assert host.stdout.readline() == "measuring\n"
            (worker,) = board.workers
            host.kill()
            assert board.wait_until_free() < MARGIN * TARGET_HEARS_WITHIN_S
        assert not psutil.wait_procs([worker], timeout=MARGIN)[1]
        with board.connect() as other:
            assert other.statistics().measurements == ()
            assert_serves(other, scale)


def test_host_that_is_killed_in_an_upload_leaves_a_beginning_to_go_on_from(tmp_path: Path) -> None:
    artifact = blob(tmp_path, 12 * CHUNK_BYTES)
    with running_board(tmp_path) as board, Proxy(board.server.address) as proxy:
        with host_process(proxy.address, artifact) as host:
            proxy.set(
                Fault(bytes_per_s=20e6, after=8 * CHUNK_BYTES, tripped=host.kill),
                Direction.TO_TARGET,
            )
            go(host)
            assert host.wait(MARGIN * 10) == -signal.SIGKILL
        board.wait_until_free()
        kept = (board.server.store / "incoming" / artifact.digest).stat().st_size
        assert kept >= CHUNK_BYTES
        assert not (board.server.store / artifact.digest).exists()
        proxy.set(Fault())
        before = proxy.forwarded(Direction.TO_TARGET)
        with board.connect(proxy.address) as other:
            assert other.upload(artifact.path, artifact.digest)
        resent = proxy.forwarded(Direction.TO_TARGET) - before
        assert resent < artifact.path.stat().st_size - kept + 20_000
        assert (board.server.store / artifact.digest).read_bytes() == artifact.path.read_bytes()


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGKILL, "killed by SIGKILL"),
        (signal.SIGSEGV, "killed by SIGSEGV"),
        (signal.SIGABRT, "killed by SIGABRT"),
        (signal.SIGTERM, "killed by SIGTERM"),
        (signal.SIGSTOP, "killed by the server: PLAN took longer than {grace:g} s without any"),
    ],
)
def test_worker_that_dies_or_hangs_in_a_plan_is_told_and_replaced(
    tmp_path: Path, number: signal.Signals, told: str
) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    grace = patient(4)  # longer than a busy machine takes to load an engine
    with (
        running_board(tmp_path, "--limits.plan-grace-seconds", f"{grace}") as board,
        board.connect() as target,
    ):
        first = fault_in_a_plan(board, target, scale, lambda worker: worker.send_signal(number))
        assert told.format(grace=grace) in first.value.problem
        assert_serves(target, scale)  # in the same session, by a fresh worker


def fault_in_a_plan(
    board: Board, target: TargetClient, scale: Artifact, fault: Callable[[psutil.Process], None]
) -> pytest.ExceptionInfo[RemoteError]:
    target.upload(scale.path, scale.digest)
    victims: list[psutil.Process] = []

    def strike(progress: Progress) -> None:
        if progress.phase == "measure" and not victims:
            victims.extend(board.workers)
            fault(victims[0])

    with pytest.raises(RemoteError, match="while it carried out PLAN") as refused:
        target.measure(endless(scale), strike)
    assert refused.value.code == "worker_died"
    assert "the server goes on" in refused.value.remedy
    assert len(victims) == 1
    assert not psutil.wait_procs(victims, timeout=MARGIN)[1]
    return refused


def test_rounds_that_a_killed_worker_finished_are_kept_with_earlier_plans(tmp_path: Path) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    with running_board(tmp_path) as board, board.connect() as target:
        target.upload(scale.path, scale.digest)
        target.measure(Plan((PlanItem("before", (scale.digest,)),), min_rounds=5, max_rounds=5))
        # Of so many calls a round, since large payloads keep descriptors of libzmq's own.
        item = PlanItem("long", (scale.digest,) * 200)
        long = replace(endless(scale), items=(item,))
        seen: list[Progress] = []

        def strike(progress: Progress) -> None:
            # By the fourth report of rounds the first must have been written down.
            seen.extend([progress] if progress.phase == "measure" else [])
            if len(seen) == 4:
                board.workers[0].kill()

        with pytest.raises(RemoteError, match="while it carried out PLAN"):
            target.measure(long, strike)
        told = target.statistics()
        before, killed = (each.samples_ns for each in told.measurements)
        assert [log.stopped for log in told.plans] == ["max_rounds", "worker_died"]
        assert [each.stopped for each in told.measurements] == ["max_rounds", "worker_died"]
        assert len(before) == len(told.plans[0].round_ends_ns) > 0
        assert len(killed) == len(told.plans[1].round_ends_ns)
        assert len(killed) >= seen[0].done > 0
        target.measure(Plan((PlanItem("after", (scale.digest,)),), min_rounds=5, max_rounds=5))
        assert [log.plan for log in target.statistics().plans] == [0, 1, 2]


def test_next_lease_after_a_crash_has_a_fresh_worker(tmp_path: Path) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    with running_board(tmp_path) as board:
        with board.connect() as target:
            fault_in_a_plan(board, target, scale, psutil.Process.kill)
        with board.connect() as other:
            assert other.statistics().measurements == ()
            (worker,) = board.workers
            assert worker.is_running()
            assert_serves(other, scale)


def greedy_artifact(directory: Path, megabytes: int) -> Artifact:
    """An ONNX file of a few hundred bytes that makes intermediate tensors of some hundred MB."""
    count = megabytes * 1_000_000 // (8 * 4)
    names = ["wide", *(f"h{index}" for index in range(60))]
    nodes = [helper.make_node("Expand", ["x", "shape"], ["wide"])]
    nodes += [helper.make_node("Softplus", [before], [after]) for before, after in pairwise(names)]
    nodes += [helper.make_node("ReduceMax", [names[-1], "axes"], ["y"], keepdims=1)]
    graph = helper.make_graph(
        nodes,
        "greedy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        [
            numpy_helper.from_array(np.array([count, 8], np.int64), "shape"),
            numpy_helper.from_array(np.array([0], np.int64), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content = model.SerializeToString()
    path = directory / "greedy.onnx"
    path.write_bytes(content)
    return Artifact(path, digest_of(content))


def infer(target: TargetClient, _greedy: Artifact) -> None:
    target.infer([row(1.0)])


def measure(target: TargetClient, greedy: Artifact) -> None:
    target.measure(endless(greedy))


@pytest.mark.parametrize(("name", "ask"), [("INFER", infer), ("PLAN", measure)])
def test_worker_that_takes_too_much_memory_is_ended_with_the_reason(
    tmp_path: Path, name: str, ask: Callable[[TargetClient, Artifact], None]
) -> None:
    greedy, scale = greedy_artifact(tmp_path, 400), scale_artifact(tmp_path, 2.0)
    with (
        running_board(tmp_path, "--limits.memory-mb", "250") as board,
        board.connect() as target,
    ):
        for artifact in (greedy, scale):
            target.upload(artifact.path, artifact.digest)
        target.compose([greedy.digest], runtime=ENGINE)
        with pytest.raises(RemoteError, match="exceeded its memory limit of 250 MB") as refused:
            ask(target, greedy)
        assert refused.value.code == "worker_died"
        assert f"while it carried out {name}" in refused.value.problem
        with pytest.raises(RemoteError, match="no pipeline"):
            target.infer([row(1.0)])
        assert_serves(target, scale)

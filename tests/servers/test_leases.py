"""Who may measure, who waits, and what others see, on a real server."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.codec import Frame
from kenning_lego.protocols.messages import Load
from tests.targets import ServerProcess, matmul_artifact, running_server, scale_artifact

pytestmark = pytest.mark.target

ENGINE = "onnxruntime"


class _EnoughError(Exception):
    """Raised to leave a plan."""


ROW = np.ones(8, np.float32).tobytes()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as running:
        yield running


def test_busy_refusal_says_by_whom_since_when_and_until_when(server: ServerProcess) -> None:
    with connect(server.address) as first, connect(server.address) as second:
        first.lease(expected_s=300)
        with pytest.raises(RemoteError, match=r"holds it since \d+ s ago, expected to be done in"):
            second.lease()


def test_host_that_waits_gets_the_lease_in_turn(server: ServerProcess) -> None:
    places: list[Progress] = []
    queued = threading.Event()

    def note(progress: Progress) -> None:
        places.append(progress)
        queued.set()

    def wait_in_line() -> None:
        with connect(server.address) as second:
            second.lease(wait=True, on_progress=note)

    with connect(server.address) as first:
        first.lease()
        thread = threading.Thread(target=wait_in_line)
        thread.start()
        assert queued.wait(20)
        assert first.observe().waiting == 1
    thread.join(20)
    assert not thread.is_alive()
    assert (places[0].phase, places[0].done, places[0].total) == ("waiting", 1, 1)


def test_host_that_dies_while_it_waits_is_not_waited_for(server: ServerProcess) -> None:
    script = (
        "import sys; from kenning_lego.protocols.client import connect\n"
        "connect(sys.argv[1]).lease(wait=True, on_progress=lambda _: print('queued', flush=True))"
    )
    with connect(server.address) as first, connect(server.address) as third:
        first.lease()
        with subprocess.Popen(
            [sys.executable, "-c", script, server.address], stdout=subprocess.PIPE
        ) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == b"queued\n"
            second.kill()
        first.close()
        third.lease(wait=True)


def test_anyone_may_look_without_a_lease(server: ServerProcess, tmp_path: Path) -> None:
    slow = matmul_artifact(tmp_path, 128, 20)
    plan = Plan((PlanItem("slow", (slow.digest,)),), min_rounds=10**6, max_rounds=10**6)
    seen = []
    with connect(server.address) as measuring, connect(server.address) as looking:
        assert looking.observe().holder == ""
        measuring.upload(slow.path, slow.digest)

        def look(progress: Progress) -> None:
            if progress.phase == "measure":
                seen.append(looking.observe())
                raise _EnoughError

        with pytest.raises(_EnoughError):
            measuring.measure(plan, look)
    assert seen[0].holder
    assert seen[0].doing == "PLAN"
    assert seen[0].total == 10**6
    assert seen[0].waiting == 0


def test_plan_that_is_cancelled_keeps_the_rounds_that_it_finished(
    server: ServerProcess, tmp_path: Path
) -> None:
    slow = matmul_artifact(tmp_path, 128, 20)
    plan = Plan((PlanItem("slow", (slow.digest,)),), min_rounds=10**6, max_rounds=10**6)
    with connect(server.address) as target:
        target.upload(slow.path, slow.digest)

        def enough(progress: Progress) -> None:
            if progress.phase == "measure":
                target.cancel()

        target.measure(plan, enough)
        (measurement,) = target.statistics().measurements
        assert measurement.stopped == "cancelled"
        assert 0 < len(measurement.samples_ns) < 10**6
        target.compose([slow.digest], runtime=ENGINE)  # the dialogue goes on


def compose(target: TargetClient, directory: Path) -> None:
    artifact = scale_artifact(directory, 3.0)
    target.model(artifact.path, artifact.digest, Load(ENGINE, 1, 1))


def test_process_is_acknowledged_at_its_start_and_end(
    server: ServerProcess, tmp_path: Path
) -> None:
    with connect(server.address) as target:
        compose(target, tmp_path)
        target.data([ROW])
        timing = target.process_acknowledged()
        assert timing.target_ns > 0
        assert timing.host_ns > 0
        assert np.frombuffer(target.output()[0], np.float32).tolist() == [3.0] * 8


def test_requests_may_be_sent_without_waiting_and_are_answered_in_order(
    server: ServerProcess, tmp_path: Path
) -> None:
    with connect(server.address) as target:
        compose(target, tmp_path)
        outputs, duration = target.pipelined([ROW])
        assert np.frombuffer(outputs[0], np.float32).tolist() == [3.0] * 8
        assert duration > 0
        with pytest.raises(RemoteError, match="3 bytes"):
            target.pipelined([b"abc"])
        outputs, _ = target.pipelined([ROW])
        assert np.frombuffer(outputs[0], np.float32).tolist() == [3.0] * 8


def test_upload_that_broke_off_is_continued(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = matmul_artifact(tmp_path, 1200, 1)
    content = artifact.path.read_bytes()
    part = server.store / "incoming" / artifact.digest
    part.parent.mkdir(parents=True)
    part.write_bytes(content[: len(content) // 3 * 2])
    sent = []
    with connect(server.address) as target:
        send = target._connection.send

        def count(frames: Sequence[Frame]) -> None:
            sent.append(sum(map(len, frames)))
            send(frames)

        monkeypatch.setattr(target._connection, "send", count)
        assert target.upload(artifact.path, artifact.digest)
    assert (server.store / artifact.digest).read_bytes() == content
    assert sum(sent) < len(content) // 2

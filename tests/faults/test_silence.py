"""A connection that goes silent without breaking is noticed by both ends in the stated time.

All ways of falling silent are tried at the same time, each on a target of its own: every one of
them takes until a heartbeat is missed.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from kenning_lego.core.errors import TargetLostError
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.messages import CHUNK_BYTES, UPLOAD_CREDITS
from tests.faults.board import (
    HOST_HEARS_WITHIN_S,
    MARGIN,
    TARGET_HEARS_WITHIN_S,
    Board,
    blob,
    endless,
    eventually,
    floats,
    row,
    running_board,
)
from tests.proxy import Direction, Fault, Mode, Proxy
from tests.targets import Artifact, scale_artifact

pytestmark = pytest.mark.target

SILENCES: dict[str, dict[Direction, Mode]] = {
    "stalled": dict.fromkeys(Direction, Mode.STALL),
    "blackhole": dict.fromkeys(Direction, Mode.DISCARD),
    "half-open, the target hears nothing": {Direction.TO_TARGET: Mode.DISCARD},
    "half-open, the host hears nothing": {Direction.TO_HOST: Mode.DISCARD},
}


def heard_within_s(silence: dict[Direction, Mode]) -> float:
    """A host that still hears the target learns of the silence from the target, which hangs up."""
    return HOST_HEARS_WITHIN_S if Direction.TO_HOST in silence else TARGET_HEARS_WITHIN_S


def fall_silent(proxy: Proxy, silence: dict[Direction, Mode]) -> None:
    for direction, mode in silence.items():
        proxy.set(Fault(mode), direction)


def assert_lost_in_time(begin: float, silence: dict[Direction, Mode]) -> None:
    assert time.monotonic() - begin < MARGIN * heard_within_s(silence)


def assert_serves_another(board: Board, begin: float, scale: Artifact) -> None:
    board.wait_until_free()
    assert time.monotonic() - begin < MARGIN * TARGET_HEARS_WITHIN_S
    eventually(lambda: not board.workers, 1, "the worker is gone")
    with board.connect() as other:
        other.upload(scale.path, scale.digest)
        other.compose([scale.digest], runtime="onnxruntime")
        assert floats(other.infer([row(1.0)])[0][0]) == [2.0] * 8


def silent_in_a_plan(directory: Path, silence: dict[Direction, Mode], *, encrypted: bool) -> None:
    with (
        running_board(directory, encrypted=encrypted) as board,
        Proxy(board.server.address) as proxy,
    ):
        scale = scale_artifact(directory, 2.0)
        target = board.connect(proxy.address)
        target.upload(scale.path, scale.digest)
        begins: list[float] = []

        def silence_once(progress: Progress) -> None:
            if progress.phase == "measure" and not begins:
                assert len(board.workers) == 1
                begins.append(time.monotonic())
                fall_silent(proxy, silence)

        with pytest.raises(TargetLostError, match="went away"):
            target.measure(endless(scale), silence_once)
        assert_lost_in_time(begins[0], silence)
        target.close()
        assert_serves_another(board, begins[0], scale)


def silent_in_an_upload(
    directory: Path, silence: dict[Direction, Mode], *, encrypted: bool
) -> None:
    with (
        running_board(directory, encrypted=encrypted) as board,
        Proxy(board.server.address) as proxy,
    ):
        artifact = blob(directory, (2 * UPLOAD_CREDITS + 4) * CHUNK_BYTES)
        target = board.connect(proxy.address)
        target.lease()
        begins: list[float] = []

        def silence_now() -> None:
            begins.append(time.monotonic())
            fall_silent(proxy, silence)

        proxy.set(Fault(after=5 * CHUNK_BYTES, tripped=silence_now), Direction.TO_TARGET)
        with pytest.raises(TargetLostError, match="went away"):
            target.upload(artifact.path, artifact.digest)
        assert_lost_in_time(begins[0], silence)
        target.close()
        assert_serves_another(board, begins[0], scale_artifact(directory, 2.0))
        assert not (board.server.store / artifact.digest).exists()
        proxy.set(Fault())
        with board.connect(proxy.address) as target:
            assert target.upload(artifact.path, artifact.digest)
        assert (board.server.store / artifact.digest).read_bytes() == artifact.path.read_bytes()


FROZEN_HOST = """
import sys
from pathlib import Path
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import connect
target = connect(sys.argv[1])
target.upload(Path(sys.argv[2]), sys.argv[3])
plan = Plan((PlanItem("x", (sys.argv[3],)),), min_rounds=10**6, max_rounds=10**6, max_seconds=600)
try:
    target.measure(plan, lambda _: print("measuring", flush=True))
except Exception as error:
    print(type(error).__name__)
"""


def frozen_host(directory: Path) -> None:
    """A laptop whose lid is closed in the middle of a plan, and opened again later."""
    with running_board(directory) as board:
        scale = scale_artifact(directory, 2.0)
        command = [sys.executable, "-c", FROZEN_HOST]
        command += [board.server.address, str(scale.path), scale.digest]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
            try:
                assert host.stdout is not None
                assert host.stdout.readline() == "measuring\n"
                host.send_signal(signal.SIGSTOP)
                begin = time.monotonic()
                assert_serves_another(board, begin, scale)
                host.send_signal(signal.SIGCONT)
                told = host.communicate(timeout=MARGIN * HOST_HEARS_WITHIN_S)[0]
                assert told.splitlines()[-1] == "TargetLostError"
            finally:
                host.kill()


def silent_while_leaving(directory: Path) -> None:
    with running_board(directory) as board, Proxy(board.server.address) as proxy:
        scale = scale_artifact(directory, 2.0)
        with board.connect(proxy.address) as target:
            assert target.upload(scale.path, scale.digest)
            fall_silent(proxy, SILENCES["blackhole"])
            begin = time.monotonic()
        # What was done is done, and nothing of the connection is left.
        assert_lost_in_time(begin, SILENCES["blackhole"])
        assert target._connection._socket.closed
        assert_serves_another(board, begin, scale)


def test_silence_in_a_plan_is_noticed_by_both_ends(tmp_path: Path) -> None:
    threads = psutil.Process().num_threads()
    with ThreadPoolExecutor() as pool:
        cases = {
            what: pool.submit(
                silent_in_a_plan, tmp_path / str(index), silence, encrypted=index % 2 == 1
            )
            for index, (what, silence) in enumerate(SILENCES.items())
        }
        cases["frozen host"] = pool.submit(frozen_host, tmp_path)
    assert {what: case.exception() for what, case in cases.items()} == dict.fromkeys(cases)
    eventually(lambda: psutil.Process().num_threads() <= threads, 1, "no thread is left here")


def test_silence_in_an_upload_is_noticed_by_both_ends(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        cases = {
            what: pool.submit(
                silent_in_an_upload, tmp_path / str(index), silence, encrypted=index % 2 == 0
            )
            for index, (what, silence) in enumerate(SILENCES.items())
        }
        cases["leaving"] = pool.submit(silent_while_leaving, tmp_path / "leaving")
    assert {what: case.exception() for what, case in cases.items()} == dict.fromkeys(cases)

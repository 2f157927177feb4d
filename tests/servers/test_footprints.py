"""What artifacts cost in memory: real files of known weights, and processes that misbehave."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import psutil
import pytest

from kenning_lego.core.errors import (
    ModelError,
    ProtocolError,
    RemoteError,
    StoreError,
    TargetLostError,
)
from kenning_lego.core.footprints import Footprint, FootprintPlan, FootprintSample
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.load_results import pack_footprint, read_footprint
from kenning_lego.servers.footprint import Memory, read_memory, reset_peak, sample_of
from kenning_lego.servers.footprints import measure_footprint
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore
from tests.targets import ServerProcess, matmul_artifact, running_server, scale_artifact

MB = 1_000_000
PATIENCE_S = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as running:
        yield running


# What is measured


def test_cost_of_loading_grows_with_the_weights(server: ServerProcess, tmp_path: Path) -> None:
    found: dict[int, Footprint] = {}
    with connect(server.address) as target:
        for megabytes in (1, 10, 50):
            size = int((megabytes * MB / 4) ** 0.5)
            artifact = matmul_artifact(tmp_path, size, 2)
            target.upload(artifact.path, artifact.digest)
            found[megabytes] = target.footprint(FootprintPlan((artifact.digest,), repeats=1))
            assert found[megabytes].file_bytes == artifact.path.stat().st_size
    small, medium, large = found.values()
    # At least the weights themselves; at most a few copies of them.
    for more, less, megabytes in ((medium, small, 9), (large, medium, 40)):
        growth = more.load.median - less.load.median
        assert 0.9 * megabytes * MB < growth < 4 * megabytes * MB
    for each in found.values():
        assert each.peak is not None
        assert each.peak.median >= each.load.median
        assert each.engine.median > 10 * MB
    # Python and the engine are no part of what loading costs.
    assert small.load.median < 15 * MB


def test_chain_that_is_only_loaded_has_no_peak(tmp_path: Path) -> None:
    artifact = matmul_artifact(tmp_path, 256, 3)
    with LocalTarget(ArtifactStore(tmp_path / "store")) as target:
        target.upload(artifact.path, artifact.digest)
        footprint = target.footprint(FootprintPlan((artifact.digest,), repeats=2))
        only_loaded = target.footprint(FootprintPlan((artifact.digest,), repeats=1, runs=0))
    assert len(footprint.samples) == 2
    assert only_loaded.peak is None
    assert only_loaded.load.median == pytest.approx(footprint.load.median, abs=5 * MB)


def test_footprint_may_take_longer_than_other_requests_and_tells_how_far_it_is(
    tmp_path: Path,
) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    seen: list[Progress] = []
    flags = ("--limits.request-seconds", "0.5")
    with running_server(tmp_path, *flags) as server, connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        time.sleep(0.1)
        footprint = target.footprint(FootprintPlan((artifact.digest,), repeats=4), seen.append)
    assert len(footprint.samples) == 4
    assert seen
    assert {(each.phase, each.total) for each in seen} == {("footprint", 4)}


def test_model_that_cannot_be_loaded_is_refused_and_the_worker_goes_on(
    server: ServerProcess, tmp_path: Path
) -> None:
    store = ArtifactStore(server.store)
    broken = store.add(b"no model")
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        target.compose([artifact.digest], runtime="onnxruntime")
        with pytest.raises(RemoteError, match="cannot load the artifact") as refused:
            target.footprint(FootprintPlan((broken,)))
        assert refused.value.code == "bad_request"
        with pytest.raises(RemoteError, match="not in the store"):
            target.footprint(FootprintPlan(("0" * 64,)))
        with pytest.raises(RemoteError, match="unknown runtime 'nonesuch'"):
            target.footprint(FootprintPlan((artifact.digest,), runtime="nonesuch"))
        target.infer([bytes(32)])  # what was loaded still is


def test_process_that_needs_more_memory_than_the_worker_may_have_is_an_error_alone(
    tmp_path: Path,
) -> None:
    large = matmul_artifact(tmp_path, 5000, 2)  # 100 MB of weights
    small = scale_artifact(tmp_path, 2.0)
    flags = ("--limits.memory-mb", "200")
    with running_server(tmp_path, *flags) as server, connect(server.address) as target:
        for artifact in (small, large):
            target.upload(artifact.path, artifact.digest)
        target.compose([small.digest], runtime="onnxruntime")
        with pytest.raises(RemoteError, match="exceeded its memory limit of") as refused:
            target.footprint(FootprintPlan((large.digest,)))
        assert refused.value.code == "engine_failed"
        target.infer([bytes(32)])  # the same worker, with what it had loaded


def test_cancelled_footprint_keeps_what_was_measured(server: ServerProcess, tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)

    def enough(progress: Progress) -> None:
        if progress.done:
            target.cancel()

    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        plan = FootprintPlan((artifact.digest,), repeats=1000, max_seconds=600)
        footprint = target.footprint(plan, enough)
        assert 1 <= len(footprint.samples) < 1000
        target.compose([artifact.digest], runtime="onnxruntime")


def test_fresh_process_dies_with_a_killed_server(server: ServerProcess, tmp_path: Path) -> None:
    slow = matmul_artifact(tmp_path, 512, 50)
    children: list[psutil.Process] = []

    def kill(_progress: Progress) -> None:
        if not children:
            children.extend(psutil.Process(server.process.pid).children(recursive=True))
            server.kill()

    plan = FootprintPlan((slow.digest,), runs=100_000, max_seconds=600)
    with contextlib.suppress(TargetLostError), connect(server.address) as target:
        target.upload(slow.path, slow.digest)
        target.footprint(plan, kill)
    assert len(children) == 2
    deadline = time.monotonic() + PATIENCE_S
    while any(alive(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


# Processes that misbehave


def run(
    directory: Path, script: str, memory_bytes: int | None = None, **changes: object
) -> Footprint:
    store = ArtifactStore(directory / "store")
    plan = FootprintPlan((store.add(b"x" * 100),), repeats=1)
    plan = replace(plan, **changes)  # type: ignore[arg-type]
    command = (sys.executable, "-c", script)
    before = set(psutil.Process().children())
    try:
        return measure_footprint(plan, store, lambda _: None, lambda: False, memory_bytes, command)
    finally:
        assert set(psutil.Process().children()) == before


ANSWER = 'print(\'{"engine_bytes": 5, "load_bytes": 3, "peak_is_exact": false}\')\n'
HANG = "import time\ntime.sleep(3600)\n"


def test_answer_of_a_process_is_read(tmp_path: Path) -> None:
    footprint = run(tmp_path, ANSWER, repeats=2)
    assert footprint == Footprint(100, (FootprintSample(5, 3),) * 2)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import os; os.abort()", "killed by SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
        (f"import os, sys; os.close(1); {HANG}", "took longer than 2 s"),
        (f"{ANSWER}import os; os.kill(os.getpid(), 9)", r"killed by SIGKILL \(out of memory"),
        ("raise SystemExit(7)", "exit code 7"),
        ("print('no json')", "answered nonsense"),
        ("", "answered nonsense"),
        ("print('x' * 10_000_000)", "nonsense without end"),
        ("print('[]')", "not a map"),
        ("print('{\"engine_bytes\": -1}')", "'engine_bytes' is not"),
    ],
)
def test_process_that_fails_is_an_error_with_the_reason(
    tmp_path: Path, script: str, reason: str
) -> None:
    with pytest.raises(ProtocolError, match=reason):
        run(tmp_path, script, max_seconds=2.0 if "close" in script else 60.0)


def test_process_that_hangs_is_ended_when_the_time_is_up(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"took longer than 0\.3 s") as error:
        run(tmp_path, HANG, max_seconds=0.3)
    assert error.value.code == "engine_failed"


def test_process_that_hoards_memory_is_ended(tmp_path: Path) -> None:
    used = psutil.Process().memory_info().rss
    with pytest.raises(ProtocolError, match="exceeded its memory limit") as error:
        run(tmp_path, f"hoard = b'x' * 300_000_000\n{HANG}", used + 200 * MB)
    assert error.value.code == "engine_failed"


def test_cancelled_before_anything_was_measured_is_an_error(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    plan = FootprintPlan((store.add(b"x"),))
    asked = count()
    with pytest.raises(ProtocolError, match="no footprint: cancelled"):
        measure_footprint(
            plan,
            store,
            lambda _: None,
            lambda: next(asked) >= 1,
            command=(sys.executable, "-c", HANG),
        )


def test_model_error_of_the_process_is_passed_on(tmp_path: Path) -> None:
    script = 'print(\'{"problem": "it is broken", "remedy": "mend it"}\')'
    with pytest.raises(ModelError, match=r"it is broken \(mend it\)"):
        run(tmp_path, script)


def test_missing_artifact_is_found_before_a_process_is_started(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not in the store"):
        run(tmp_path, "import os; os.abort()", stages=("0" * 64,))


def test_process_whose_parent_is_gone_does_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kenning_lego.servers.footprint", "--parent=1"]
    command += [f"--store={tmp_path}", "--load={}", "--runs=1"]
    pid = os.posix_spawn(sys.executable, [*command, "0" * 64], {**os.environ})
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 1


# What the looks say


def test_memory_is_read_from_the_kernels_tables(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(
        "Name:\tpython3\nVmHWM:\t   900 kB\nVmRSS:\t   800 kB\n"
        "RssAnon:\t   300 kB\nRssFile:\t   500 kB\nVmSwap:\t   7 kB\nThreads:\t1\n"
    )
    assert read_memory(tmp_path) == Memory(307 * 1024, 800 * 1024, 500 * 1024, 900 * 1024)
    (tmp_path / "smaps_rollup").write_text(
        "55a020fef000-7fff04f9e000 ---p 00000000 00:00 0    [rollup]\n"
        "Rss:                 810 kB\nAnonymous:           310 kB\nSwap:                9 kB\n"
    )
    assert read_memory(tmp_path).private == 319 * 1024
    (tmp_path / "status").write_text("VmRSS:\t   800 kB\n")  # before Linux 4.5
    (tmp_path / "smaps_rollup").unlink()
    assert read_memory(tmp_path) == Memory(800 * 1024, 800 * 1024, 0, 800 * 1024)


def test_peak_is_only_exact_where_it_can_be_reset(tmp_path: Path) -> None:
    assert not reset_peak(tmp_path / "nowhere")
    assert reset_peak(tmp_path)
    assert (tmp_path / "clear_refs").read_text() == "5"


EMPTY = Memory(private=100, resident=300, file=200, peak=300)
LOADED = Memory(private=150, resident=370, file=220, peak=500)
RAN = Memory(private=160, resident=390, file=230, peak=450)


def test_sample_says_what_was_added() -> None:
    assert sample_of(EMPTY, LOADED, None, exact=False) == FootprintSample(300, 50)
    # 80 more than once loaded, of which 10 are pages of files.
    assert sample_of(EMPTY, LOADED, RAN, exact=True) == FootprintSample(300, 50, 120, True)
    # A peak that may lie before the runs is not used.
    assert sample_of(EMPTY, LOADED, RAN, exact=False) == FootprintSample(300, 50, 60, False)


def test_memory_that_shrank_costs_nothing() -> None:
    assert sample_of(LOADED, EMPTY, None, exact=False).load_bytes == 0


def test_footprint_is_the_same_after_the_wire() -> None:
    samples = (FootprintSample(5, 3), FootprintSample(6, 4, 8, True), FootprintSample(9, 1, 7))
    footprint = Footprint(100, samples)
    assert read_footprint(Fields(dict(pack_footprint(footprint)), "OK")) == footprint
    assert footprint.load.median == 3
    assert (footprint.engine.minimum, footprint.engine.maximum) == (5, 9)
    assert footprint.peak is not None
    assert footprint.peak.maximum == 8
    with pytest.raises(ProtocolError, match="without samples"):
        read_footprint(Fields({"file_bytes": 1, "samples": []}, "OK"))

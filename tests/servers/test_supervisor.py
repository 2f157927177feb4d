"""Real processes that behave as no worker should, and what the supervisor makes of them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.messages import Cancel, Compose, Error, Load, Ok, Stats
from kenning_lego.servers import supervisor
from kenning_lego.servers.limits import WorkerLimits
from kenning_lego.servers.limits_config import WorkerLimitsConfig
from kenning_lego.servers.supervisor import STOPPED, WorkerProcess

PATIENCE_S = 30
LIMITS = WorkerLimits(
    memory_bytes=1_000_000_000, request_seconds=60, plan_grace_seconds=30, open_files=64
)
HANG = "import time\nwhile True: time.sleep(1)\n"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, ends are waited for."""
    monkeypatch.setattr(supervisor, "END_PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(supervisor, "KILL_PATIENCE_S", PATIENCE_S)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts workers that run a script, and stops those that the test did not."""
    started: list[WorkerProcess] = []

    def start(script: str | None = None, limits: WorkerLimits = LIMITS) -> WorkerProcess:
        if script is None:
            worker = WorkerProcess(tmp_path / "store", limits)
        else:
            worker = WorkerProcess(tmp_path, limits, command=(sys.executable, "-c", script))
        started.append(worker)
        return worker

    yield start
    for worker in started:
        if psutil.pid_exists(worker.pid):
            worker.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_ready(path: Path) -> str:
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    return path.read_text().strip()


def answer(worker: WorkerProcess, envelope: Envelope) -> Envelope:
    worker.send(envelope)
    received = worker.channel.receive()
    assert received is not None
    return received


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # of init, which reaps later
    return True


def test_worker_within_its_limits_is_left_alone(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    worker.began(1, "STATS", 1000.0)
    begun = worker.busy
    assert isinstance(answer(worker, Envelope(1, Stats())).message, Ok)
    assert worker.watch(1059.0) is None
    worker.ended(1)
    assert (begun, worker.busy) == (True, False)
    assert worker.watch(9999.0) is None
    assert worker.stop() in (STOPPED, "exit code 0")


def test_worker_that_needs_too_much_memory_is_killed(start: Callable[..., WorkerProcess]) -> None:
    limits = replace(LIMITS, memory_bytes=128_000_000)
    worker = start(f"hoard = b'x' * 400_000_000\n{HANG}", limits)
    worker.began(1, "COMPOSE", time.monotonic())
    reason: list[str] = []

    def found() -> bool:
        reason.extend(filter(None, [worker.watch(time.monotonic())]))
        return bool(reason)

    until(found)
    worker.kill(reason[0])
    assert worker.stop().endswith("exceeded its memory limit of 128 MB")
    assert gone(worker.pid)


def test_worker_that_hangs_is_killed(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    assert isinstance(answer(worker, Envelope(1, Stats())).message, Ok)
    os.kill(worker.pid, signal.SIGSTOP)
    worker.send(Envelope(2, Stats()))
    worker.began(1, "STATS", 1000.0)
    assert worker.watch(1060.0) is None
    reason = worker.watch(1060.5)
    assert reason == "STATS took longer than 60 s"
    worker.kill(reason)
    assert worker.stop() == "killed by the server: STATS took longer than 60 s"
    assert gone(worker.pid)


def test_worker_is_not_looked_at_all_the_time(start: Callable[..., WorkerProcess]) -> None:
    worker = start(HANG, replace(LIMITS, memory_bytes=1))
    worker.began(1, "PROCESS", 1000.0)
    until(lambda: psutil.Process(worker.pid).memory_info().rss > 1)
    first = worker.watch(1000.0)
    assert first == "exceeded its memory limit of 0 MB"
    assert worker.watch(1000.01) is None
    assert worker.watch(1000.11) == first


def test_plan_that_falls_silent_is_killed(start: Callable[..., WorkerProcess]) -> None:
    worker = start(HANG)
    worker.began(1, "PLAN", 1000.0, 500.0)
    worker.progressed(1, 1020.0)
    assert worker.watch(1050.0) is None
    reason = worker.watch(1050.5)
    assert reason == "PLAN took longer than 30 s without any progress"
    worker.kill(reason)
    assert "without any progress" in worker.stop()


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), 9)", "killed by SIGKILL (out of memory?)"),
        ("raise SystemExit(7)", "exit code 7"),
    ],
)
def test_worker_that_dies_says_of_what(
    start: Callable[..., WorkerProcess], script: str, end: str
) -> None:
    worker = start(script)
    assert worker.channel.receive() is None
    assert worker.stop() == end


def test_request_to_a_dead_worker_is_an_error(start: Callable[..., WorkerProcess]) -> None:
    worker = start("raise SystemExit(7)")
    until(lambda: worker.watch(time.monotonic()) is not None)
    with pytest.raises(BrokenPipeError):
        worker.send(Envelope(1, Cancel()))
    assert worker.stop() == "exit code 7"


def test_stopping_a_busy_worker_does_not_wait_for_it(start: Callable[..., WorkerProcess]) -> None:
    worker = start("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HANG)
    begin = time.monotonic()
    assert worker.stop() == STOPPED
    assert time.monotonic() - begin < PATIENCE_S
    assert gone(worker.pid)


def test_worker_that_takes_long_to_die_is_not_waited_for(
    start: Callable[..., WorkerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = threading.active_count()
    worker = start(HANG)
    worker.kill("hung")
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_ends_within", lambda _: False)
        assert worker.stop() == "killed by the server: hung; it is still dying"
    until(lambda: not psutil.pid_exists(worker.pid))  # no zombie either
    until(lambda: threading.active_count() == threads)


@pytest.mark.parametrize("end", [HANG, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"])
def test_what_a_worker_started_ends_with_it(
    start: Callable[..., WorkerProcess], tmp_path: Path, end: str
) -> None:
    ready = tmp_path / "ready"
    worker = start(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        f"print(child.pid, file=open({str(ready)!r}, 'w'), flush=True)\n" + end
    )
    child = int(wait_for_ready(ready))
    worker.stop()
    until(lambda: gone(child))


def test_child_that_holds_the_channel_does_not_hide_the_end(
    start: Callable[..., WorkerProcess], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    worker = start(
        "import os, time\n"
        "child = os.fork()\n"
        "if not child: time.sleep(3600)\n"
        f"print(child, file=open({str(ready)!r}, 'w'), flush=True)\n"
        "os.abort()\n"
    )
    child = int(wait_for_ready(ready))
    until(lambda: worker.watch(time.monotonic()) == "its process ended")
    assert worker.channel.poll() is None
    assert not worker.channel.closed_by_peer
    worker.kill("its process ended")
    assert worker.stop() == "killed by SIGABRT"
    until(lambda: gone(child))


def test_worker_cannot_open_more_files_than_allowed(
    start: Callable[..., WorkerProcess], tmp_path: Path
) -> None:
    limits = Path(f"/proc/{start(HANG).pid}/limits").read_text().splitlines()
    values = {line[:26].strip(): line[26:].split()[:2] for line in limits}
    assert values["Max open files"] == ["64", "64"]
    assert values["Max core file size"] == ["0", "0"]


def test_worker_is_isolated_from_where_the_server_was_started(
    start: Callable[..., WorkerProcess],
) -> None:
    worker = start()
    answer(worker, Envelope(1, Stats()))
    process = psutil.Process(worker.pid)
    assert process.cwd() == "/"
    assert os.getsid(worker.pid) == worker.pid
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    )
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Umask"].strip() == "0077"
    assert int(Path(f"/proc/{worker.pid}/oom_score_adj").read_text()) >= 500


def test_relative_store_is_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"no model"
    digest = "a" * 64
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / digest).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    worker = WorkerProcess(Path("store"), LIMITS)
    message = answer(worker, Envelope(1, Compose((digest,), Load("onnxruntime", 1, 1)))).message
    assert isinstance(message, Error)
    assert "damaged" in message.problem  # found, and not what its name says
    worker.stop()


def test_preloaded_worker_has_its_engine_and_answers(tmp_path: Path) -> None:
    worker = WorkerProcess(tmp_path, LIMITS, preload=("onnxruntime", "no-such-engine"))
    assert isinstance(answer(worker, Envelope(1, Stats())).message, Ok)
    assert "onnxruntime" in Path(f"/proc/{worker.pid}/maps").read_text()
    worker.stop()


def test_nothing_is_left_of_workers(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a descriptor for each

    WorkerProcess(tmp_path, LIMITS).stop()
    before = open_files(), threading.active_count()
    pids = []
    for script in (HANG, "raise SystemExit(1)", "import os; os.abort()"):
        worker = WorkerProcess(tmp_path, LIMITS, command=(sys.executable, "-c", script))
        pids.append(worker.pid)
        worker.kill("of a test")
        worker.stop()
    assert (open_files(), threading.active_count()) == before
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_worker_that_cannot_be_started_leaves_nothing(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    with pytest.raises(FileNotFoundError):
        WorkerProcess(tmp_path, LIMITS, command=(str(tmp_path / "absent"),))
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208


def test_worker_that_cannot_be_guarded_is_not_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def refuse(pid: int, limit_bytes: int) -> None:
        started.append(pid)
        raise OSError("too many open files")

    monkeypatch.setattr(supervisor, "guard_memory", refuse)
    with pytest.raises(OSError, match="too many"):
        WorkerProcess(tmp_path, LIMITS, command=(sys.executable, "-c", HANG))
    assert started
    assert not psutil.pid_exists(started[0])


def test_tensors_that_are_smaller_than_said_are_refused(tmp_path: Path) -> None:
    script = (
        "import os, socket, sys\n"
        "channel = socket.socket(fileno=int(sys.argv[2]))\n"
        "memory = os.memfd_create('small'); os.ftruncate(memory, 64)\n"
        "socket.send_fds(channel, [b'\\0'], [memory])\n" + HANG
    )
    worker = WorkerProcess(tmp_path, LIMITS, command=(sys.executable, "-c", script))
    select.select([worker.channel], [], [], PATIENCE_S)
    assert worker.channel.poll() is None
    large = IOSpec((TensorSpec("x", (1, 1000), "float32"),), ())
    with pytest.raises(ProtocolError, match="cannot map"):
        worker.adopt_tensors(large)
    assert worker.tensors is None
    worker.stop()


def test_limits_of_the_flags_are_those_of_the_process(tmp_path: Path) -> None:
    limits = WorkerLimitsConfig().limits()
    worker = WorkerProcess(tmp_path, limits, command=(sys.executable, "-c", HANG))
    soft = Path(f"/proc/{worker.pid}/limits").read_text().split("Max open files")[1].split()[0]
    assert int(soft) == WorkerLimitsConfig().open_files
    worker.stop()


def test_worker_dies_with_a_killed_server(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from kenning_lego.servers.supervisor import WorkerProcess\n"
        "from kenning_lego.protocols.codec import Envelope\n"
        "from kenning_lego.protocols.messages import Stats\n"
        "from kenning_lego.servers.limits import WorkerLimits\n"
        "limits = WorkerLimits(10**9, 60, 60, 256)\n"
        "worker = WorkerProcess(Path(sys.argv[1]), limits); worker.send(Envelope(1, Stats()))\n"
        "worker.channel.receive(); print(worker.pid, flush=True); time.sleep(3600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        os.kill(worker, signal.SIGSTOP)
        server.kill()
    until(lambda: gone(worker))

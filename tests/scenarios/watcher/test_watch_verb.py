"""The verb `watch` beside a real server: a plan, a pipeline, a restart, a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.entry import run
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols.client import connect
from tests.servers.deployments.pipelines import offer_of, scales, upload, wait_for_frames
from tests.targets import ServerProcess, patient, running_server, scale_artifact

pytestmark = pytest.mark.target

PATIENCE_S = 30.0
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as running:
        yield running


@contextmanager
def plan_under_way(server: ServerProcess, directory: Path) -> Iterator[None]:
    """A host that measures until it is left."""
    artifact = scale_artifact(directory, 2.0)
    plan = Plan(
        (PlanItem("scale", (artifact.digest,)),),
        warmup_rounds=0,
        max_rounds=10**6,
        relative_half_width=1e-9,
        max_seconds=120.0,
    )
    under_way, enough = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def measure() -> None:
        try:
            with connect(server.address) as host:

                def look(_: Progress) -> None:
                    under_way.set()
                    if enough.is_set():
                        host.cancel()

                host.upload(artifact.path, artifact.digest)
                host.measure(plan, look)
        except BaseException as error:  # noqa: BLE001 - for the test to raise
            failed.append(error)

    thread = threading.Thread(target=measure)
    thread.start()
    try:
        assert under_way.wait(patient(PATIENCE_S))
        yield
    finally:
        enough.set()
        thread.join(patient(PATIENCE_S))
    assert not thread.is_alive()
    assert not failed


def looked(capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert run(dispatch, ["watch", *arguments, "--once", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_plan_and_sensors_of_another_host_are_seen_without_a_lease(
    server: ServerProcess, tmp_path: Path, capsys: Capture
) -> None:
    with plan_under_way(server, tmp_path):
        seen = looked(capsys, server.address)
        observation = seen["observation"]
        assert (observation["doing"], observation["total"]) == ("PLAN", 10**6)
        assert observation["holder"]
        assert observation["done"] > 0
        assert observation["latest"]["memory_used_bytes"] > 0
        assert run(dispatch, ["watch", server.address, "--once"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert any("PLAN " in line and " of at most 1,000,000" in line for line in lines)
        assert any("memory: " in line for line in lines)


def test_sensors_are_read_for_one_who_looks_on_though_nobody_measures(
    server: ServerProcess, capsys: Capture
) -> None:
    seen = looked(capsys, server.address)
    assert seen["observation"]["holder"] == ""
    assert seen["observation"]["latest"]["memory_used_bytes"] > 0


def test_pipelines_are_seen_with_their_latencies(
    server: ServerProcess, tmp_path: Path, capsys: Capture
) -> None:
    made = scales(tmp_path, ((2, 3, 5), (7, 11, 13)))
    with connect(server.address) as host:
        upload(host, made)
        host.deployments.deploy(Deployment("camera", offer_of(made), rate_fps=200.0))
        wait_for_frames(host, "camera", 30)
        seen = looked(capsys, server.address)
        (pipeline,) = seen["pipelines"]
        assert pipeline["name"] == "camera"
        assert 0 < pipeline["median_ms"] <= pipeline["p95_ms"]
        assert 0 < pipeline["rate_per_s"] <= 220
        (status,) = seen["observation"]["deployments"]
        assert status["state"] == "running"
        host.deployments.unload("camera")


def watching(address: str, *flags: str) -> list[str]:
    return [sys.executable, "-m", "kenning_lego", "watch", address, *flags]


def test_a_server_that_restarts_is_found_again_and_both_are_told(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with running_server(tmp_path / "first") as first:
        address = first.address
        with subprocess.Popen(
            watching(address, "--json", "--interval", "0.1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                read_until(process.stdout.readline, lambda seen: seen["connected"])
                first.terminate()
                lost = read_until(process.stdout.readline, lambda seen: not seen["connected"])
                assert lost["trouble"]
                with running_server(tmp_path / "second", address=address):
                    again = read_until(process.stdout.readline, lambda seen: seen["connected"])
                    assert again["gone_s"] > 0
                    process.send_signal(signal.SIGINT)
                    _, errors = process.communicate(timeout=PATIENCE_S)
            finally:
                if process.poll() is None:
                    process.kill()
    assert (process.returncode, errors) == (0, "")


def read_until(
    readline: Callable[[], str], wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    deadline = time.monotonic() + patient(PATIENCE_S)
    while time.monotonic() < deadline:
        seen: dict[str, Any] = json.loads(readline())
        if wanted(seen):
            return seen
    raise AssertionError("it was not told in time")


def test_lines_have_no_control_characters_and_end_in_time(server: ServerProcess) -> None:
    done = subprocess.run(
        watching(server.address, "--interval", "0.2", "--seconds", "0.7"),
        capture_output=True,
        timeout=PATIENCE_S,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"lease: free") >= 2
    assert b"\x1b" not in done.stdout


def test_on_a_terminal_it_has_a_screen_of_its_own_until_q(server: ServerProcess) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="60", LINES="24")
        os.execv(sys.executable, watching(server.address, "--interval", "0.2"))
    shown = b""
    try:
        shown += read_terminal(terminal, b"lease")
        os.write(terminal, b"q")
        shown += read_terminal(terminal, b"\x1b[?1049l")
    finally:
        _, status = os.waitpid(process, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert shown.index(b"\x1b[?1049h") < shown.index(b"lease")


def read_terminal(terminal: int, mark: bytes) -> bytes:
    found, deadline = b"", time.monotonic() + patient(PATIENCE_S)
    while mark not in found:
        assert time.monotonic() < deadline, found
        if select.select([terminal], [], [], 0.1)[0]:
            found += os.read(terminal, 65_536)
    return found

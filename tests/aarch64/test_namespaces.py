"""What is done in namespaces of its own leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

WORK = """
import subprocess, sys
from tests.aarch64.namespaces import isolated
directory, held, how = sys.argv[1:]

def work():
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", directory], check=True)
    open(f"{directory}/inside", "w").close()
    # A daemon that nobody ends: as long as it lives it holds the pipe open.
    subprocess.Popen(["sleep", "600"], pass_fds=[int(held)], start_new_session=True)
    print("mounted", flush=True)
    if how == "fails":
        raise KeyError("no such thing")
    if how == "waits":
        sys.stdin.readline()
    return 3

sys.exit(isolated(work))
"""


def ends_with(
    directory: Path, how: str, then: Callable[[subprocess.Popen[str]], object] = lambda _: None
) -> int:
    """Do the work and end it; afterwards no process and no mount is left. Its exit code."""
    read, write = os.pipe()
    command = [sys.executable, "-c", WORK, str(directory), str(write), how]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[write],
        start_new_session=True,
    ) as process:
        os.close(write)
        assert process.stdout is not None
        if process.stdout.readline() != "mounted\n":
            pytest.skip(f"no namespaces here: {process.communicate()[1][-500:]}")
        then(process)
        process.communicate(timeout=30)
    with os.fdopen(read, "rb") as held:
        assert held.read() == b""  # comes to its end once nobody holds the other one
    assert str(directory) not in Path("/proc/self/mounts").read_text()
    assert not list(directory.iterdir())
    return process.returncode


def test_work_that_ends_leaves_nothing(tmp_path: Path) -> None:
    assert ends_with(tmp_path, "returns") == 3


def test_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    assert ends_with(tmp_path, "fails") == 1


def test_work_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(process: subprocess.Popen[str]) -> None:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does

    assert ends_with(tmp_path, "waits", interrupt) == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_work_whose_parent_is_killed_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    assert ends_with(tmp_path, "waits", lambda process: process.send_signal(number)) == -number

"""Build an emulated aarch64 board, install the target on it, run the host's tests against it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kenning_lego.core.entry import run
from kenning_lego.protocols.client import connect
from tests.aarch64.board import CPU, Board, install_target, make_board
from tests.aarch64.namespaces import isolated
from tests.aarch64.tools import check_machine, fetch_tools, find_debian
from tests.targets import TARGET_PYTHON, TARGET_SLOWNESS, running_server

BASE = Path("build/aarch64").absolute()
SLOWNESS = "10"
"""How many times slower an emulated program may be than one of this machine's own."""


def main(arguments: Sequence[str]) -> int:
    """Arguments are passed on to pytest."""
    check_machine()
    BASE.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(["tee", "-i", str(BASE / "log.txt")], stdin=subprocess.PIPE) as log:
        assert log.stdin is not None
        shown = os.dup(1), os.dup(2)
        for descriptor in (1, 2):
            os.dup2(log.stdin.fileno(), descriptor)
        log.stdin.close()
        try:
            return _build_and_test(arguments)
        finally:
            sys.stdout.flush()
            for before, descriptor in zip(shown, (1, 2), strict=True):
                os.dup2(before, descriptor)


def _build_and_test(arguments: Sequence[str]) -> int:
    began = time.monotonic()
    debian = find_debian()
    _say(f"aarch64 Debian {debian.release} below {BASE}")
    tools = fetch_tools(BASE / "tools")
    _say(f"{tools.qemu_version()}, emulating {CPU}; the kernel is this {platform.machine()} one's")

    def build() -> int:
        make_board(BASE, debian, tools)
        return 0

    code = isolated(build)
    if code == 0:
        _say(f"built in {time.monotonic() - began:.0f} s")
        code = isolated(lambda: _test(make_board(BASE, debian, tools), arguments))
    _say(f"{'passed' if code == 0 else f'failed with {code}'} in {time.monotonic() - began:.0f} s")
    return code


def _test(board: Board, arguments: Sequence[str]) -> int:
    directory = BASE / "tmp"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    board.enter(directory)
    bundle = install_target(board, BASE / "wheels")
    _say(f"installed {len(bundle.wheels)} wheels for {bundle.platform}:")
    for wheel in bundle.wheels:
        print(f"  {wheel.name}")
    python = _wrapper(board)
    os.environ |= {TARGET_PYTHON: str(python), TARGET_SLOWNESS: SLOWNESS}
    with running_server(directory) as server, connect(server.address) as target:
        description = target.describe()
    _say(f"the board says of itself: {description.facts}, engines {description.engines}")
    if description.facts["machine"] != "aarch64":
        _say("that is no aarch64")
        return 1
    # The summary lists every test, and why one was skipped.
    command = [sys.executable, "-m", "pytest", "-m", "target", "-n", "auto", "-q", "-rpsfE"]
    command += ["--durations=5", f"--basetemp={directory}/pytest", *arguments]
    return subprocess.run(command, check=False).returncode


def _wrapper(board: Board) -> Path:
    """An interpreter for hosts to start, which is the board's."""
    path = BASE / "python"
    command = " ".join(f"'{part}'" for part in board.command(board.python))
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
    return path


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(run(main))

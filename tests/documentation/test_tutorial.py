"""The tutorial's commands are run as they are printed, and print what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import kenning_lego
from kenning_lego.protocols.addresses import DEFAULT_ADDRESS
from tests.documentation.console import Command, Fence, fences, missing
from tests.documentation.loopback import own_loopback

ROOT = Path(kenning_lego.__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
PORT = int(DEFAULT_ADDRESS.rpartition(":")[2])
LIMIT_S = 900
BAD_VERDICT = 3


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's, with a home of their own and the command on the path."""
    command = tmp_path / "bin" / "kenning-lego"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kenning_lego "$@"\n')
    command.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "PYTEST_"))}
    return {
        **kept,
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
        "HOME": str(tmp_path),
        "COLUMNS": "120",
        "OMP_NUM_THREADS": "1",
        "PYTHONUTF8": "1",
    }


@pytest.fixture
def prefix() -> Iterator[list[str]]:
    with own_loopback(PORT) as commands:
        yield commands


@pytest.mark.long
def test_tutorial_runs_as_printed(
    prefix: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    page = fences(PAGE.read_text())
    for file in page:
        if file.language == "yaml" and file.title:
            (tmp_path / file.title).write_text(file.text)
    (server,) = in_terminal(page, "terminal 1")
    shell = [*prefix, "bash", "-c"]
    with (
        (tmp_path / "server.log").open("w") as log,
        subprocess.Popen(
            # `exec`: Ctrl-C reaches what runs in a terminal, not the shell alone
            [*shell, f"exec {server.text}"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=tmp_path,
            env=environment,
        ) as serving,
    ):
        try:
            assert serving.stdout is not None
            assert missing(server.output, serving.stdout.readline()) is None
            run_all(in_terminal(page, "terminal 2"), shell, environment, tmp_path)
            serving.send_signal(signal.SIGINT)
            assert serving.wait(30) in (0, 130)
        finally:
            serving.kill()


def in_terminal(page: Sequence[Fence], title: str) -> list[Command]:
    return [
        command
        for fence in page
        if fence.language == "console" and fence.title == title
        for command in fence.commands()
    ]


def run_all(
    commands: Sequence[Command], shell: list[str], environment: dict[str, str], where: Path
) -> None:
    code = 0
    for command, after in zip(commands, [*commands[1:], None], strict=True):
        done = subprocess.run(
            [*shell, f"(exit {code}); {command.text}"],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            cwd=where,
            env=environment,
        )
        code = done.returncode
        # Whether something became slower is up to the machine.
        admitted = (0, BAD_VERDICT) if after and after.tells_code else (0,)
        assert code in admitted, f"{command.text}: {done.stderr}"
        lacking = missing(command.output, done.stdout)
        assert lacking is None, f"{command.text} did not print {lacking!r} but\n{done.stdout}"

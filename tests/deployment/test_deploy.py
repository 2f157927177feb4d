"""Deployment to a real ssh server on loopback, as another user where the tests run as root.

What stands in: numpy (an empty wheel: the server needs none) and systemd (a script that runs the
unit's command). All else is real: ssh, the board's Python and venv, pip, keys, and the server.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path

import psutil
import pytest

import kenning_lego
from kenning_lego.core.entry import run
from kenning_lego.deployment.board import Board
from kenning_lego.deployment.bundle import Bundle
from kenning_lego.deployment.wheels import pack_installed
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.keys import load_own_key, load_public
from kenning_lego.scenarios import deploy
from tests.deployment.sshd import SshBoard, missing, running_sshd
from tests.deployment.test_bundle import tiny_wheel

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

_SYSTEM_PYTHON = "/usr/bin/python3"
Output = pytest.CaptureFixture[str]


def same_python() -> str:
    """Why the wheels that are installed here do not fit the board's Python; empty if they do."""
    script = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [_SYSTEM_PYTHON, "-c", script], capture_output=True, text=True, check=False
    )
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    there = done.stdout.strip()
    return "" if there == here else f"{_SYSTEM_PYTHON} is {there or 'not there'}, not {here}"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dependencies, packed from what is installed here; numpy is empty."""
    if same_python():
        pytest.skip(same_python())
    directory = tmp_path_factory.mktemp("wheels")
    tiny_wheel(directory, "numpy")
    pending, seen = ["kenning-lego"], {"kenning-lego", "numpy"}
    while pending:
        for text in requires(pending.pop()) or ():
            name = re.split(r"[^A-Za-z0-9_.-]", text)[0].lower()
            if name in seen or ";" in text:
                continue
            seen.add(name)
            pack_installed(name, directory)
            pending.append(name)
    return directory


@dataclass(frozen=True)
class Lab:
    """A host and a board."""

    board: SshBoard
    base: Path
    keys: Path
    wheels: Path

    def deploy(self, *flags: str) -> int:
        common = ["--directory", str(self.base), "--keys", str(self.keys), "--name", "board"]
        return run(deploy.main, [*self.board.flags, *common, *flags])

    def install(self, *flags: str) -> int:
        offline = ["--offline", "--wheels", str(self.wheels), "--engine", "none"]
        return self.deploy(*offline, "--python", _SYSTEM_PYTHON, *flags)

    @property
    def current(self) -> str:
        return (self.base / "current").readlink().name

    def software(self, port: int) -> str:
        """Which version answers at a port, asked with both keys."""
        own, server = load_own_key(self.keys), load_public("board", self.keys)
        with connect(f"tcp://127.0.0.1:{port}", key=own, server_key=server) as target:
            return target.greet().software


@pytest.fixture
def lab(tmp_path: Path, wheels: Path, worker_id: str) -> Iterator[Lab]:
    suffix = "" if worker_id == "master" else f"-{worker_id}"
    with running_sshd(tmp_path / "ssh", user_suffix=suffix) as board:
        # Below the home of the other user; ours is left alone.
        base = (board.home if os.geteuid() == 0 else tmp_path) / "deployed to"
        yield Lab(board, base, tmp_path / "keys", wheels)


def with_version(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(kenning_lego, "__version__", version)
    monkeypatch.setattr("kenning_lego.deployment.bundle.__version__", version)


def test_version_is_installed_once_upgraded_and_removed(
    lab: Lab, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lab.install("--no-service", "--dry-run") == 0
    assert not lab.base.exists()
    assert not lab.keys.exists()
    capsys.readouterr()

    assert lab.install("--no-service") == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "the new version serves" in said
    assert "--target.server-key board" in said
    first = lab.current
    assert (lab.keys / "board.pub").is_file()
    assert not list(lab.keys.glob("board.key"))  # it never left the board
    assert (lab.base / "keys" / "board.key").stat().st_mode & 0o077 == 0

    assert lab.install("--no-service") == 0
    assert f"nothing to do: {first} is installed and current" in capsys.readouterr().out

    with_version(monkeypatch, "99.1.0")
    assert lab.install("--no-service") == 0
    assert lab.current.startswith("99.1.0-")
    assert [each.name for each in (lab.base / "venvs").iterdir()] == [lab.current]

    assert lab.deploy("--remove") == 0
    assert sorted(each.name for each in lab.base.iterdir()) == ["keys"]
    capsys.readouterr()
    assert lab.deploy("--remove") == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert lab.deploy("--remove", "--purge") == 0
    assert not lab.base.exists()
    assert not (lab.keys / "board.pub").exists()


def test_connection_that_breaks_while_sending_is_continued(
    lab: Lab, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Board.install

    def broken(self: Board, bundle: Bundle, *rest: object, **named: object) -> None:
        server = int((lab.board.directory / "pid").read_text())
        for process in psutil.Process(server).children(recursive=True):
            process.kill()
        whole(self, bundle, *rest, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Board, "install", broken)
        assert lab.install("--no-service") == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "the connection to" in errors
    assert "run it again: it continues where it was" in errors
    assert lab.install("--no-service") == 0
    assert "sent 0.0 of" in capsys.readouterr().out

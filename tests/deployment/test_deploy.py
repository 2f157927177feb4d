"""Deployment to a real ssh server on loopback, as another user where the tests run as root.

What stands in: numpy (an empty wheel: the server needs none) and systemd (a script that runs the
unit's command). All else is real: ssh, the board's Python and venv, pip, keys, and the server.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path

import psutil
import pytest

import kenning_lego
from kenning_lego.core.entry import run
from kenning_lego.core.errors import TargetError, TargetUnreachableError
from kenning_lego.deployment import verify
from kenning_lego.deployment.board import Board
from kenning_lego.deployment.bundle import Bundle
from kenning_lego.deployment.ground import Ground
from kenning_lego.deployment.wheels import pack_installed
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.keys import load_own_key, load_public
from kenning_lego.scenarios import deploy
from tests.deployment.sshd import SshBoard, free_port, is_other_user, missing, running_sshd
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

    def answers(self, port: int) -> bool:
        """Whether a server answers at a port within its time, asked with both keys."""
        own, server = load_own_key(self.keys), load_public("board", self.keys)
        deadline = time.monotonic() + verify.START_S
        while time.monotonic() < deadline:
            try:
                with connect(f"tcp://127.0.0.1:{port}", key=own, server_key=server) as target:
                    return target.greet().software == kenning_lego.__version__
            except (TargetUnreachableError, TargetError):
                time.sleep(0.1)
        return False


@pytest.fixture
def lab(tmp_path: Path, wheels: Path) -> Iterator[Lab]:
    with running_sshd(tmp_path / "ssh") as board:
        # Below the home of the other user; ours is left alone.
        base = (board.home if is_other_user() else tmp_path) / "deployed to"
        yield Lab(board, base, tmp_path / "keys", wheels)


def changed_package(directory: Path, monkeypatch: pytest.MonkeyPatch, main: str) -> None:
    """Have another kenning-lego packed than the one that runs: with another server's main."""
    copy = directory / "changed" / "kenning_lego"
    shutil.copytree(Path(kenning_lego.__file__).parent, copy)
    (copy / "servers" / "__main__.py").write_text(main)
    monkeypatch.setattr(kenning_lego, "__file__", str(copy / "__init__.py"))


def cut_connections(board: SshBoard) -> None:
    server = psutil.Process(int((board.directory / "pid").read_text()))
    for process in server.children(recursive=True):
        process.kill()


def test_version_is_installed_once_after_a_broken_connection_and_removed(
    lab: Lab, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lab.install("--no-service", "--dry-run") == 0
    assert not lab.base.exists()
    assert not lab.keys.exists()
    assert "would send the wheels" in capsys.readouterr().out

    whole = Board.install

    def broken(self: Board, bundle: Bundle, ground: Ground, *, offline: bool) -> None:
        cut_connections(lab.board)
        whole(self, bundle, ground, offline=offline)

    with monkeypatch.context() as patched:
        patched.setattr(Board, "install", broken)
        assert lab.install("--no-service") == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "the connection to" in errors
    assert "run it again: it continues where it was" in errors

    assert lab.install("--no-service") == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "sent 0.0 of" in said
    assert "the new version serves" in said
    assert "--target.server-key board" in said
    first = lab.current
    assert (lab.keys / "board.pub").is_file()
    assert not (lab.keys / "board.key").exists()  # it never left the board
    assert (lab.base / "keys" / "board.key").stat().st_mode & 0o077 == 0

    assert lab.install("--no-service") == 0
    assert f"nothing to do: {first} is installed and current" in capsys.readouterr().out

    assert lab.deploy("--remove") == 0
    assert [each.name for each in lab.base.iterdir()] == ["keys"]
    capsys.readouterr()
    assert lab.deploy("--remove") == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert lab.deploy("--remove", "--purge") == 0
    assert not lab.base.exists()
    assert not (lab.keys / "board.pub").exists()


@pytest.mark.skipif(not is_other_user(), reason="takes root, to make a user whose systemd is ours")
def test_service_survives_upgrades_that_fail(
    lab: Lab, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.board.program("systemctl", Path(__file__).with_name("systemctl.sh").read_text())
    port = free_port()
    address = ("--address", f"tcp://127.0.0.1:{port}")
    assert lab.install(*address) == 0, capsys.readouterr().err
    assert f"kenning-lego {kenning_lego.__version__} answers" in capsys.readouterr().out
    first = lab.current
    unit = lab.board.home / ".config/systemd/user/kenning-lego.service"
    before = unit.read_text()
    assert lab.answers(port)

    # One that does not even start: nothing is touched.
    with monkeypatch.context() as patched:
        changed_package(tmp_path, patched, "raise SystemExit('error: broken on purpose')")
        assert lab.install(*address) == 1
    assert "does not serve on" in capsys.readouterr().err
    assert lab.current == first
    assert lab.answers(port)

    # One whose service does not come up: the former comes back.
    with monkeypatch.context() as patched:
        patched.setattr(verify, "START_S", 1.0)
        assert lab.install("--address", "tcp://192.0.2.1:5570") == 1
    assert f"{first} is current again" in capsys.readouterr().err
    assert unit.read_text() == before
    assert lab.answers(port)

    calls = (lab.board.home / ".systemd-stand-in" / "calls").read_text().split("\n")
    restarts = calls.count("restart kenning-lego.service")
    assert lab.install(*address) == 0
    assert f"nothing to do: {first}" in capsys.readouterr().out
    calls = (lab.board.home / ".systemd-stand-in" / "calls").read_text().split("\n")
    assert calls.count("restart kenning-lego.service") == restarts

    assert lab.deploy("--remove", "--purge") == 0
    assert not unit.exists()
    assert not lab.base.exists()

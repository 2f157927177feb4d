"""A real ssh server on the loopback interface, and a user to log in as: a stand-in for a board."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_USER = "kl-test-"
"""Then the id of the test's process: several may test at the same time on one machine."""
_START_S = 10.0


@dataclass(frozen=True)
class SshBoard:
    """A board under test.

    Args:
        user: to log in as.
        home: of that user; with root, one made for the test.
        port: of its ssh server.
        identity: file of the key that lets us in.
        known_hosts: file with the server's host key.
        directory: of the server's own files.
    """

    user: str
    home: Path
    port: int
    identity: Path
    known_hosts: Path
    directory: Path

    @property
    def destination(self) -> str:
        return f"{self.user}@127.0.0.1"

    @property
    def flags(self) -> list[str]:
        """For `kenning-lego deploy`: nothing of this machine's own ssh configuration counts."""
        return [
            self.destination,
            *("--port", str(self.port)),
            *("--identity", str(self.identity)),
            *("--ssh-option", *self.options),
        ]

    @property
    def options(self) -> tuple[str, ...]:
        return (
            f"UserKnownHostsFile={self.known_hosts}",
            "GlobalKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
        )

    def program(self, name: str, text: str) -> None:
        """Put a program before the system's; only where the user was made for the test."""
        path = self.home / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def is_other_user() -> bool:
    """Whether boards have a user of their own, which takes root."""
    return os.geteuid() == 0


def missing() -> str:
    """Why there can be no ssh server here; empty if there can."""
    if not Path(_sshd()).exists():
        return "no sshd (apt install openssh-server)"
    if shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        return "no ssh (apt install openssh-client)"
    return ""


@contextmanager
def running_sshd(directory: Path, *lines: str) -> Iterator[SshBoard]:
    """An ssh server with a configuration of its own; with root, for a user made for the while.

    Args:
        directory: for its files; made.
        lines: more of its configuration.
    """
    directory.mkdir(parents=True)
    with _user() as (user, home):
        host_key, identity = directory / "host_key", directory / "identity"
        for key in (host_key, identity):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True
            )
        # Where that user may read it: sshd opens it as that user.
        authorized = home / ".kl-authorized_keys"
        shutil.copy(f"{identity}.pub", authorized)
        authorized.chmod(0o644)
        port = free_port()
        config = directory / "sshd_config"
        config.write_text(
            "\n".join(
                [
                    *lines,
                    f"Port {port}",
                    "ListenAddress 127.0.0.1",
                    f"HostKey {host_key}",
                    f"PidFile {directory / 'pid'}",
                    f"AuthorizedKeysFile {authorized}",
                    "StrictModes no",
                    "UsePAM no",
                    "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no",
                    "PrintMotd no",
                    f'SetEnv "PATH={_path(home)}" PIP_NO_COMPILE=1',
                    "",
                ]
            )
        )
        public = Path(f"{host_key}.pub").read_text().split()
        known_hosts = directory / "known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
        with (directory / "log").open("w") as log:
            server = subprocess.Popen(
                [_sshd(), "-D", "-e", "-f", str(config)], stdout=log, stderr=log
            )
        try:
            _wait_for(port, server, directory / "log")
            yield SshBoard(user, home, port, identity, known_hosts, directory)
        finally:
            server.terminate()
            server.wait(10)
            authorized.unlink(missing_ok=True)


def _path(home: Path) -> str:
    usual = "/usr/local/bin:/usr/bin:/bin"
    return f"{home / 'bin'}:{usual}" if is_other_user() else usual


@contextmanager
def _user() -> Iterator[tuple[str, Path]]:
    """Another user with root, made and removed again; else ourselves."""
    if not is_other_user():
        yield pwd.getpwuid(os.getuid()).pw_name, Path.home()
        return
    Path("/run/sshd").mkdir(exist_ok=True)
    _remove_orphans()
    name = f"{_USER}{os.getpid()}"
    # No password, but not locked either, which sshd would refuse.
    _change_users("useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", name)
    try:
        yield name, Path(pwd.getpwnam(name).pw_dir)
    finally:
        _remove_user(name)


def _remove_user(name: str) -> None:
    """With all of its processes, by their ids, and its home."""
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        return
    for process in processes_of(uid):
        os.kill(process, 9)
    deadline = time.monotonic() + _START_S
    while processes_of(uid) and time.monotonic() < deadline:
        time.sleep(0.05)
    _change_users("userdel", "--remove", "--force", name)


def _remove_orphans() -> None:
    """Users whose tests were killed before they could remove them, and one of our own id."""
    for entry in pwd.getpwall():
        owner = re.fullmatch(f"{_USER}([0-9]+)", entry.pw_name)
        if owner and (int(owner[1]) == os.getpid() or not psutil.pid_exists(int(owner[1]))):
            _remove_user(entry.pw_name)


def _change_users(*command: str) -> None:
    """Run a program that changes the list of users, which another test may hold locked."""
    deadline = time.monotonic() + _START_S
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 or "does not exist" in done.stderr:
            return
        if "cannot lock" not in done.stderr or time.monotonic() > deadline:
            raise RuntimeError(f"{command[0]}: {done.stderr}")
        time.sleep(0.1)


def processes_of(uid: int) -> list[int]:
    """Ids of a user's processes that have not ended."""
    found: list[int] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.uids().real == uid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _sshd() -> str:
    return shutil.which("sshd") or "/usr/sbin/sshd"  # must be started by its whole path


def free_port() -> int:
    """A port of the loopback interface that nothing listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    server.kill()
    raise RuntimeError(f"sshd does not start: {log.read_text()}")

"""A board's shell over the system's ssh program: authenticated once, used for every step.

The remote command line is the same for every script, so that no value ever passes through the
user's login shell, whichever it is; scripts and their values arrive on standard input.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kenning_lego.core.errors import ConfigurationError, TargetLostError
from kenning_lego.deployment.errors import BoardUnreachableError, DeploymentError
from kenning_lego.deployment.ssh_errors import explain
from kenning_lego.deployment.ssh_options import SshOptions

# The script is read to its end before any of it runs: a broken connection runs nothing half.
_RUNNER = """exec /bin/sh -c 'script=$(cat) && eval "$script" </dev/null'"""
_STREAMING_RUNNER = (
    """exec /bin/sh -c 'read -r length && script=$(head -c "$length") && eval "$script"'"""
)
_BEGIN = "kenning-lego-begin"
"""Printed first; whatever a login script printed before it is dropped."""
_SSH_FAILED = 255
_STOP_SECONDS = 5.0

_VARIABLE = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Output:
    """What a script left behind.

    Args:
        code: its exit status.
        text: its standard output.
        errors: its standard error.
    """

    code: int
    text: str
    errors: str


def with_variables(script: str, variables: Mapping[str, str]) -> str:
    """The script with shell variables set before it, quoted.

    Raises:
        ConfigurationError: a value has a character that no shell variable can hold.
    """
    lines: list[str] = []
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a variable")
        if "\0" in value:
            raise ConfigurationError(f"{name} has a NUL character in it", "remove it")
        lines.append(f"{name}={shlex.quote(value)}")
    return "\n".join([*lines, script])


class Ssh:
    """An authenticated connection; every script and tunnel goes through it.

    Args:
        options: how to reach the board.
        control: socket of the ssh process that holds the connection.
    """

    def __init__(self, options: SshOptions, control: Path) -> None:
        self._options = options
        self._control = control

    @property
    def board(self) -> str:
        """As the user named it."""
        return self._options.destination

    def run(self, script: str, variables: Mapping[str, str] | None = None) -> Output:
        """Run a POSIX shell script there, with nothing on its standard input.

        Raises:
            TargetLostError: the connection broke meanwhile.
        """
        text = with_variables(f"echo {_BEGIN}\n{script}", variables or {})
        done = subprocess.run(
            self._command(_RUNNER), input=text, capture_output=True, text=True, check=False,
            errors="replace", env=_environment(),
        )  # fmt: skip
        _, begun, output = done.stdout.partition(f"{_BEGIN}\n")
        if done.returncode == _SSH_FAILED or not begun:
            raise self.lost(done.stderr)
        return Output(done.returncode, output, done.stderr)

    def send(self, source: Path, target: str) -> None:
        """Copy a file there; the target is whole or not there.

        Raises:
            TargetLostError: the connection broke meanwhile.
            DeploymentError: it could not be written.
        """
        # The only value on a remote command line: standard input carries the file.
        quoted = shlex.quote(target)
        written = f"cat > {quoted}.part && mv -f {quoted}.part {quoted}"
        script = f"{written} || {{ rm -f {quoted}.part; exit 1; }}"
        with source.open("rb") as file:
            done = subprocess.run(
                self._command(f"exec /bin/sh -c {shlex.quote(script)}"),
                stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                check=False, errors="replace", env=_environment(),
            )  # fmt: skip
        if done.returncode == _SSH_FAILED:
            raise self.lost(done.stderr)
        if done.returncode != 0:
            raise DeploymentError(
                f"cannot write {target} on {self.board}: {last_line(done.stderr)}",
                "check the free space and permissions there, and run it again",
            )

    @contextlib.contextmanager
    def background(self, script: str, variables: Mapping[str, str]) -> Iterator[IO[str]]:
        """Run a script meanwhile, whose standard output is given.

        The script's standard input ends when it is to stop, be it because the connection broke.
        """
        text = with_variables(script, variables)
        with subprocess.Popen(
            self._command(_STREAMING_RUNNER), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", env=_environment(),
        ) as process:  # fmt: skip
            try:
                if process.stdin is None or process.stdout is None:
                    raise TargetLostError("ssh has no pipes")
                process.stdin.write(f"{len(text.encode())}\n{text}")
                process.stdin.flush()
                yield process.stdout
            finally:
                _end(process)

    @contextlib.contextmanager
    def tunnel(self, port: int) -> Iterator[int]:
        """A port of this machine's loopback interface that leads to one of the board's.

        Raises:
            BoardUnreachableError: the board's ssh server forbids tunnels, for example.
        """
        local = _free_port()
        forward = ["-L", f"127.0.0.1:{local}:127.0.0.1:{port}"]
        self._control_command("forward", forward)
        try:
            yield local
        finally:
            with contextlib.suppress(BoardUnreachableError):  # it ends with the connection
                self._control_command("cancel", forward)

    def address(self) -> str:
        """The board's name or address as ssh's configuration resolves it."""
        done = subprocess.run(
            [_program(), "-G", *self._options.arguments(), "--", self.board],
            capture_output=True, text=True, check=False, env=_environment(),
        )  # fmt: skip
        for line in done.stdout.splitlines():
            key, _, value = line.partition(" ")
            if key == "hostname" and value:
                return value
        return self.board.rpartition("@")[2]

    def lost(self, errors: str) -> TargetLostError:
        """What to raise when the connection broke."""
        return TargetLostError(
            f"the connection to {self.board} broke: {last_line(errors)}",
            "run it again: it continues where it was",
        )

    def _command(self, remote: str) -> list[str]:
        # Never a connection of its own: without the master, ssh would have to authenticate again.
        socket_options = ["-o", f"ControlPath={self._control}", "-o", "ControlMaster=no"]
        socket_options += ["-o", "ProxyCommand=false"]
        return [_program(), *socket_options, *self._options.arguments(), "--", self.board, remote]

    def _control_command(self, verb: str, arguments: Sequence[str]) -> None:
        command = [_program(), "-S", str(self._control), "-O", verb, *arguments, "--", self.board]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment()
        )
        if done.returncode != 0:
            raise BoardUnreachableError(
                f"no tunnel to {self.board}: {last_line(done.stderr)}",
                "allow AllowTcpForwarding in its sshd_config",
            )


@contextlib.contextmanager
def connected(options: SshOptions) -> Iterator[Ssh]:
    """Authenticate at a board, once.

    Raises:
        BoardUnreachableError: no connection came about; says why.
        ConfigurationError: there is no ssh program.
    """
    with tempfile.TemporaryDirectory(prefix="kl-ssh-") as name:
        control = Path(name) / "c"
        errors = Path(name) / "errors"
        command = [_program(), "-o", "ControlMaster=yes", "-o", f"ControlPath={control}"]
        command += ["-o", "ControlPersist=no", *options.arguments(), "--", options.destination]
        # The connection ends with its standard input: it never outlives this process.
        command += [f"exec /bin/sh -c 'echo {_BEGIN}; exec cat'"]
        with (
            errors.open("w") as sink,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink, text=True,
                errors="replace", env=_environment(),
            ) as master,
        ):  # fmt: skip
            try:
                said = _until_begin(master)
                if said is not None:
                    master.wait()
                    said += errors.read_text(errors="replace")
                    raise explain(options.destination, said)
                yield Ssh(options, control)
            finally:
                _end(master)


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def _until_begin(process: subprocess.Popen[str]) -> str | None:
    """None once the shell is there; what was said instead, if it never comes."""
    said: list[str] = []
    for line in process.stdout or ():
        if line.rstrip("\r\n") == _BEGIN:
            return None
        said.append(line)
    return "".join(said)


def _end(process: subprocess.Popen[str]) -> None:
    """Close what it reads from, and see it gone."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _program() -> str:
    found = shutil.which("ssh")
    if found is None:
        raise ConfigurationError("there is no ssh program here", "apt install openssh-client")
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}  # its messages are read


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

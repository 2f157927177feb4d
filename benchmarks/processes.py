"""The server under test as a process of its own, and the memory that processes hold."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from kenning_lego.core.errors import RemoteError
from kenning_lego.protocols.authorised import FILE_NAME, AuthorisedHost, authorise
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.keys import KeyPair, PublicKey, make_key

MB = 1e6
_ABSENT = "0" * 64
_START_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Keys:
    """A host's key pair and the key of the server that admits it."""

    host: KeyPair
    server: PublicKey


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a process of its own.

    Args:
        process: its process.
        address: where it listens.
        ready_s: from its start until it said so.
        keys: by which it is reached; None without encryption.
        kenning: ``HOST:PORT`` where Kenning's hosts are served, if they are.
    """

    process: subprocess.Popen[str]
    address: str
    ready_s: float
    keys: Keys | None
    kenning: str = ""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def connect(self) -> TargetClient:
        """A client with a connection of its own."""
        if self.keys is None:
            return connect(self.address)
        return connect(self.address, key=self.keys.host, server_key=self.keys.server)

    def worker_pid(self) -> int:
        """The worker's process id.

        Raises:
            RuntimeError: there is no worker.
        """
        for child in psutil.Process(self.pid).children():
            if "kenning_lego.servers.worker" in child.cmdline():
                return int(child.pid)
        raise RuntimeError("the server has no worker")


@contextmanager
def running_server(
    directory: Path,
    *flags: str,
    curve: bool,
    python: Path | str = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Start a server that keeps its store and keys in `directory`; end it afterwards.

    Args:
        directory: of its own.
        flags: of the server.
        curve: whether it is encrypted.
        python: the interpreter that runs it.
        environment: its environment variables; None for this process's.
    """
    command = [str(python), "-m", "kenning_lego.scenarios.inference_server"]
    command += ["--address", "tcp://127.0.0.1:0", "--store", str(directory / "store")]
    command += ["--log-level", "warning", *flags]
    keys = None
    if curve:
        keys = _make_keys(directory / "keys")
        command += ["--key", "target", "--keys", str(directory / "keys")]
    with (directory / "server.log").open("a") as log:
        begin = time.perf_counter()
        variables = environment or _environment()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=variables
        )
        with process:
            try:
                yield _announced(process, begin, keys, kenning="--kenning-tcp" in flags)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def _make_keys(directory: Path) -> Keys:
    server = make_key("target", directory, replace=True).shareable
    host = make_key("host", directory, replace=True)
    (directory / FILE_NAME).unlink(missing_ok=True)
    authorise(directory, AuthorisedHost(host.shareable))
    return Keys(host, server)


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def _announced(
    process: subprocess.Popen[str], begin: float, keys: Keys | None, *, kenning: bool
) -> Server:
    if process.stdout is None:
        raise RuntimeError("the server has no output")
    while time.perf_counter() - begin < _START_LIMIT_S and (line := process.stdout.readline()):
        if "listening on" in line:
            address = next(word for word in line.split() if word.startswith("tcp://"))
            ready_s = time.perf_counter() - begin
            where = _kenning(process.stdout) if kenning else ""
            return Server(process, address, ready_s, keys, where)
    raise RuntimeError("the server did not start; see server.log")


def _kenning(announced: Iterable[str]) -> str:
    return next(line.split()[-1] for line in announced if line.startswith("Kenning"))


def load_engine(client: TargetClient) -> None:
    """Make the target's worker load ONNX Runtime and no model."""
    try:
        client.compose([_ABSENT], runtime="onnxruntime")
    except RemoteError:
        return
    raise RuntimeError("the target composed an artifact that does not exist")


def rss_mb(pid: int) -> float:
    """Memory that a process holds now, in MB."""
    return float(psutil.Process(pid).memory_info().rss) / MB


class PeakMemory:
    """How far a process's memory has grown at most since this was made.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        # Makes the kernel forget the peak so far.
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = rss_mb(pid)

    def extra_mb(self) -> float:
        """The peak since then over what was held then, in MB."""
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / MB - self._before
        raise RuntimeError(f"the kernel tells no peak of process {self._pid}")

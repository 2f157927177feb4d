"""A real server for the self-test, started as operators start it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.servers.child import child_environment

_PATIENCE_S = 30.0
_LOOK_INTERVAL_S = 0.01


class ServerFailedError(KenningLegoError):
    """The server did not start or did not end as it should."""


class ServerProcess:
    """A server on a free port of the loopback interface.

    Args:
        directory: for its store and its log.
        name: of this server among those in the directory.
        flags: of ``kenning-lego serve``, beside address and store.

    Raises:
        ServerFailedError: it does not listen in time.
    """

    def __init__(self, directory: Path, name: str, *flags: str) -> None:
        self.store = directory / f"{name}-store"
        self.log = directory / f"{name}.log"
        self._said = directory / f"{name}.out"
        command = [sys.executable, "-m", "kenning_lego.scenarios.inference_server"]
        command += ["--address", "tcp://127.0.0.1:0", "--store", str(self.store), *flags]
        begin = time.monotonic()
        with self._said.open("wb") as output, self.log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd="/",
                env=child_environment(),
                # Ctrl-C is ours to handle; we then end it.
                start_new_session=True,
            )
        try:
            self.address = self._await_address()
        except BaseException:
            self.kill()
            raise
        self.start_s = time.monotonic() - begin

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def memory_bytes(self) -> int:
        """What the server's process holds in memory."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def workers(self) -> list[psutil.Process]:
        """The processes that it has started and that have not ended."""
        found = psutil.Process(self._process.pid).children(recursive=True)
        return [each for each in found if each.status() != psutil.STATUS_ZOMBIE]

    def stop(self) -> int:
        """Tell it to end; its exit code.

        Raises:
            ServerFailedError: it does not end in time.
        """
        self._process.terminate()
        try:
            return self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise ServerFailedError(
                f"the server did not end within {_PATIENCE_S:g} s of SIGTERM"
            ) from error

    def kill(self) -> None:
        """End it and its workers, whatever they do."""
        if self.running:
            workers = self.workers()
            self._process.kill()
            self._process.wait()
            for worker in workers:
                if worker.is_running():
                    worker.kill()

    def _await_address(self) -> str:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            first, whole, _ = self._said.read_text(errors="replace").partition("\n")
            if whole and "listening on" in first:
                return first.split()[-1]
            if not self.running:
                said = self.log.read_text(errors="replace").strip().splitlines()
                raise ServerFailedError(
                    f"the server ended at once: {said[-1] if said else self._process.returncode}"
                )
            time.sleep(_LOOK_INTERVAL_S)
        raise ServerFailedError(f"the server did not listen within {_PATIENCE_S:g} s")


@contextmanager
def running_server(directory: Path, name: str, *flags: str) -> Iterator[ServerProcess]:
    """A server that has ended when the block ends."""
    server = ServerProcess(directory, name, *flags)
    try:
        yield server
    finally:
        server.kill()

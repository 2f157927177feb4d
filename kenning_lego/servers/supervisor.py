"""Starting, talking to and ending the worker process."""

from __future__ import annotations

import contextlib
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Envelope
from kenning_lego.servers.channel import Channel
from kenning_lego.servers.tensor_memory import TensorMemory

SEND_TIMEOUT_S = 5
"""A worker that takes no message for so long hangs."""
STOP_TIMEOUT_S = 2.0


class WorkerProcess:
    """A worker and the tensors shared with it.

    Args:
        store: directory of the artifacts.
    """

    def __init__(self, store: Path) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            command = [sys.executable, "-m", "kenning_lego.servers.worker"]
            command += ["--channel", str(theirs.fileno()), "--store", str(store)]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        # The kernel's time-out: Python's own would also make reads without waiting wait.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0))
        self.channel = Channel(ours)
        self._tensors: TensorMemory | None = None

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def tensors(self) -> TensorMemory | None:
        """The loaded pipeline's inputs and outputs."""
        return self._tensors

    def send(self, envelope: Envelope) -> None:
        """Pass a request on.

        Raises:
            OSError: the worker is gone or hangs.
        """
        self.channel.send(envelope)

    def adopt_tensors(self, spec: IOSpec) -> None:
        """Map the memory whose descriptor came with the answer to COMPOSE."""
        descriptor = self.channel.take_descriptor()
        if descriptor is None:
            return
        try:
            tensors = TensorMemory(descriptor, spec)
        finally:
            socket.close(descriptor)
        self._forget_tensors()
        self._tensors = tensors

    def stop(self) -> str:
        """End the worker, by force if need be; how it ended, for people."""
        self.channel.close()
        self._forget_tensors()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return _how_it_ended(self._process.returncode)

    def _forget_tensors(self) -> None:
        if self._tensors:
            self._tensors.close()
            self._tensors = None


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = str(-code)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code).name
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"killed by {name}{hint}"

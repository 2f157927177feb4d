"""Starting, talking to, watching and ending the worker process."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Envelope
from kenning_lego.servers.channel import Channel
from kenning_lego.servers.child import child_environment, how_it_ended
from kenning_lego.servers.limits import Underway, WorkerLimits, overdue
from kenning_lego.servers.memory_guard import guard_memory
from kenning_lego.servers.tensor_memory import TensorMemory

WATCH_INTERVAL_S = 0.05
"""A look at a worker takes a few microseconds, too many for each of thousands of requests a second.
"""
SEND_TIMEOUT_S = 5
"""A worker that takes no message for so long hangs."""
END_PATIENCE_S = 0.2
"""A worker whose channel broke is about to be dead, and shall say of what."""
STOP_PATIENCE_S = 0.005
"""A worker that is told to stop is killed after so long: it holds nothing worth waiting for."""
KILL_PATIENCE_S = 0.5
"""A killed process is gone within so long, unless the kernel is busy with it."""

STOPPED = "stopped by the server"
WORKER_COMMAND = (sys.executable, "-m", "kenning_lego.servers.worker")


class WorkerProcess:
    """A worker, its limits, and the tensors shared with it.

    Times given to its methods are in seconds on one monotonic clock.

    Args:
        store: directory of the artifacts.
        limits: what the worker may use.
        preload: engines that the worker imports before its first request.
        command: what to start; it is given the descriptors of its channel and the journal, and
            the store.
        journal: descriptor of the lease's journal (:mod:`kenning_lego.servers.journal`), which
            stays the caller's.

    Raises:
        OSError: this machine has no process, memory or descriptor to spare.
    """

    def __init__(
        self,
        store: Path,
        limits: WorkerLimits,
        *,
        preload: Sequence[str] = (),
        command: Sequence[str] = WORKER_COMMAND,
        journal: int | None = None,
    ) -> None:
        self._limits = limits
        self._tensors: TensorMemory | None = None
        self._requests: dict[int, Underway] = {}
        self._killed_for: str | None = None
        self._looked = -math.inf
        with contextlib.ExitStack() as undo:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            self.channel = Channel(ours)
            undo.callback(self.channel.close)
            # The kernel's time-out: Python's own would also make reads without waiting wait.
            timeout = struct.pack("ll", SEND_TIMEOUT_S, 0)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
            with theirs:
                self._process = _start(command, theirs, store, limits, preload, journal)
            undo.callback(self._process.wait)
            undo.callback(self._kill_all)
            _limit_resources(self._process.pid, self._limits)
            self._guard = guard_memory(self._process.pid, self._limits.memory_bytes)
            undo.pop_all()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def memory_limit(self) -> str:
        """How its memory is kept within the limit, for the log."""
        return self._guard.description

    @property
    def tensors(self) -> TensorMemory | None:
        """The loaded pipeline's inputs and outputs."""
        return self._tensors

    def send(self, envelope: Envelope) -> None:
        """Pass a request on.

        Raises:
            OSError: the worker is gone or hangs.
        """
        try:
            self.channel.send(envelope)
        except BlockingIOError:
            self.kill(f"took no message for {SEND_TIMEOUT_S} s")
            raise

    def adopt_tensors(self, spec: IOSpec) -> None:
        """Map the memory whose descriptor came with the answer to COMPOSE.

        Raises:
            ProtocolError: it is not what such tensors need.
        """
        descriptor = self.channel.take_descriptor()
        if descriptor is None:
            return
        try:
            tensors = TensorMemory(descriptor, spec)
        except (OSError, ValueError) as error:
            raise ProtocolError(f"cannot map the worker's tensors: {error}") from error
        finally:
            socket.close(descriptor)
        self._forget_tensors()
        self._tensors = tensors

    def began(self, request: int, name: str, now: float, plan_seconds: float | None = None) -> None:
        """The worker was given a request.

        Args:
            request: its id.
            name: its kind, such as ``PROCESS``.
            now: when.
            plan_seconds: `max_seconds` of what measures.
        """
        self._requests[request] = Underway(name, now, plan_seconds)

    def progressed(self, request: int, now: float) -> None:
        """The worker told how far a request is."""
        if request in self._requests:
            self._requests[request] = self._requests[request].progressed(now)

    def ended(self, request: int) -> None:
        """The worker answered a request."""
        self._requests.pop(request, None)

    @property
    def busy(self) -> bool:
        """Whether a request is under way, so that :meth:`watch` is to be called."""
        return bool(self._requests)

    def watch(self, now: float) -> str | None:
        """Why the worker has to be killed, or None.

        To be called while a request is under way, after the worker's messages have been read,
        as often as is convenient: it looks only once in :data:`WATCH_INTERVAL_S`.
        """
        if now - self._looked < WATCH_INTERVAL_S:
            return None
        self._looked = now
        if self._has_ended():
            # Seen here only if something that it started keeps the channel open.
            return "its process ended"
        late = (overdue(self._limits, each, now) for each in self._requests.values())
        return self._guard.exceeded() or next(filter(None, late), None)

    def kill(self, reason: str) -> None:
        """Kill the worker and what it started; :meth:`stop` then cleans up and says why."""
        if not self._has_ended():
            self._killed_for = self._killed_for or reason
        self._kill_all()

    def stop(self) -> str:
        """End the worker, by force if need be; how it ended, for people."""
        broken = self.channel.closed_by_peer
        self.channel.close()
        self._forget_tensors()
        ended = self._ends_within(END_PATIENCE_S if broken else STOP_PATIENCE_S)
        self._kill_all()
        ours = f"killed by the server: {self._killed_for}" if self._killed_for else ""
        if not self._ends_within(KILL_PATIENCE_S):
            # The server goes on without it: a driver's call may keep a killed process for long.
            threading.Thread(target=self._bury, name=f"bury-{self.pid}", daemon=True).start()
            return f"{ours or STOPPED}; it is still dying"
        exceeded = self._guard.why_killed()
        code = self._bury()
        if ours:
            return ours
        if exceeded:
            return f"killed by the kernel: {exceeded}"
        return how_it_ended(code) if ended else STOPPED

    def _kill_all(self) -> None:
        # The worker has not been waited for, so the group's id cannot be another's yet.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _has_ended(self) -> bool:
        """Whether it is dead; it stays a zombie."""
        try:
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, look) is not None
        except ChildProcessError:
            return True

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not (ended := self._has_ended()) and time.monotonic() < deadline:
            time.sleep(0.001)
        return ended

    def _bury(self) -> int:
        code = self._process.wait()
        self._guard.close()
        return code

    def _forget_tensors(self) -> None:
        if self._tensors:
            self._tensors.close()
            self._tensors = None


def _start(
    command: Sequence[str],
    channel: socket.socket,
    store: Path,
    limits: WorkerLimits,
    preload: Sequence[str],
    journal: int | None,
) -> subprocess.Popen[bytes]:
    arguments = ["--channel", str(channel.fileno()), "--store", str(store.absolute())]
    arguments += ["--memory-bytes", str(limits.memory_bytes)]
    for engine in preload:
        arguments += ["--preload", engine]
    descriptors = [channel.fileno()]
    if journal is not None:
        arguments += ["--journal", str(journal)]
        descriptors.append(journal)
    # A session of its own: it is killed with everything that it started.
    return subprocess.Popen(
        [*command, *arguments],
        cwd="/",
        env=child_environment(),
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _limit_resources(pid: int, limits: WorkerLimits) -> None:
    # From outside: code between fork and exec is not safe in a process with threads.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = limits.open_files if most == resource.RLIM_INFINITY else min(limits.open_files, most)
    with contextlib.suppress(ProcessLookupError):  # it ended at once; stop() will say how
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))

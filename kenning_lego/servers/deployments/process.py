"""The server's end of a deployment's worker process: requests, answers, reports, its death."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols.codec import Envelope, Frame
from kenning_lego.protocols.messages import Error, Message, Ok
from kenning_lego.protocols.worker_messages import Report
from kenning_lego.servers.limits import WorkerLimits
from kenning_lego.servers.readiness import Readiness
from kenning_lego.servers.supervisor import WorkerProcess

log = logging.getLogger("kenning_lego.deployments")

OnAnswer = Callable[[Ok | Error], None]


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How workers are started.

    Args:
        store: directory of the artifacts.
        limits: of each worker; one that tells nothing for `request_seconds` hangs.
        command: what to start.
    """

    store: Path
    limits: WorkerLimits
    command: Sequence[str]


class Listener(Protocol):
    """Who is told of a worker."""

    def reported(self, report: Report, payload: tuple[Frame, ...]) -> None:
        """The worker tells what it ran."""
        ...

    def died(self, reason: str) -> None:
        """The worker is gone without having been told to stop."""
        ...


class PipelineProcess:
    """One worker process of a deployment.

    Args:
        options: how it is started.
        readiness: of the server's loop, which hears the worker from now on.
        listener: told of it, within that loop.
        now: the time, in seconds on a monotonic clock.

    Raises:
        OSError: this machine has no process, memory or descriptor to spare.
    """

    def __init__(
        self, options: ProcessOptions, readiness: Readiness, listener: Listener, now: float
    ) -> None:
        self._limits = options.limits
        self._readiness = readiness
        self._listener = listener
        self._worker: WorkerProcess | None = WorkerProcess(
            options.store, options.limits, command=options.command
        )
        self.pid = self._worker.pid
        self._heard = now
        self._news = False
        self._last_id = 0
        self._asked: dict[int, OnAnswer] = {}
        readiness.watch(self._worker.channel.fileno(), self._hear)
        log.info("started the worker %d; %s", self.pid, self._worker.memory_limit)

    def ask(self, message: Message, on_answer: OnAnswer) -> None:
        """Send a request; its answer comes within the loop, or never if the worker dies."""
        worker = self._worker
        if worker is None:
            return
        self._last_id += 1
        self._asked[self._last_id] = on_answer
        try:
            worker.send(Envelope(self._last_id, message))
        except OSError:
            self._is_gone()

    def watch(self, now: float) -> None:
        """Look whether it lives and keeps its limits."""
        worker = self._worker
        if worker is None:
            return
        if self._news:
            self._news, self._heard = False, now
        silent = self._limits.request_seconds
        reason = worker.watch(now)
        if reason is None and now - self._heard > silent:
            reason = f"told nothing for {silent:g} s"
        if reason:
            worker.kill(reason)
            self._is_gone()

    def stop(self) -> str:
        """End it, which nobody is told of; how it ended."""
        worker, self._worker = self._worker, None
        self._asked.clear()
        if worker is None:
            return ""
        self._readiness.forget(worker.channel.fileno())
        reason = worker.stop()
        log.info("the worker %d ended: %s", self.pid, reason)
        return reason

    def _hear(self) -> None:
        worker = self._worker
        if worker is None:
            return
        self._news = True
        try:
            for envelope in worker.channel.drain():
                self._take(envelope)
                if self._worker is None:
                    return  # what it told made the server stop it
        except ProtocolError as error:
            worker.kill(f"talked nonsense: {error}")
            self._is_gone()
            return
        if worker.channel.closed_by_peer:
            self._is_gone()

    def _take(self, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, Report):
            self._listener.reported(message, envelope.payload)
        elif isinstance(message, Ok | Error):
            answered = self._asked.pop(envelope.id, None)
            if answered:
                answered(message)
        else:
            raise ProtocolError(f"{message.kind.name} is not for a server to receive")

    def _is_gone(self) -> None:
        if self._worker is not None:
            self._listener.died(self.stop())

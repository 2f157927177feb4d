"""The worker: a process of its own that loads engines, runs models and holds the clock.

Started by the server, which it talks to over an inherited socket. It may crash or be killed
without the server, its connections or its store being touched.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import mmap
import os
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.core.plans import Progress
from kenning_lego.core.specs import IOSpec
from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.live_messages import Changing, Preload, SwitchTo
from kenning_lego.protocols.live_results import pack_preloaded, pack_switched
from kenning_lego.protocols.load_results import pack_footprint, pack_load_result
from kenning_lego.protocols.messages import (
    Cancel,
    Compose,
    Error,
    Event,
    MeasureFootprint,
    Message,
    Ok,
    Process,
    RunLoadTest,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.results import pack_composed, pack_statistics
from kenning_lego.runtimes.base import Arrays
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.runtimes.offers import Offers
from kenning_lego.servers import tensor_memory
from kenning_lego.servers.channel import Channel
from kenning_lego.servers.footprints import measure_footprint
from kenning_lego.servers.isolation import isolate
from kenning_lego.servers.live.background import hand_on_quickly
from kenning_lego.servers.live.goals import SupersededError
from kenning_lego.servers.logs import set_up_logging
from kenning_lego.servers.workbench import Workbench
from kenning_lego.store.artifacts import ArtifactStore

_OUT_OF_MEMORY_SCORE = 500

log = logging.getLogger("kenning_lego.worker")


class Worker:
    """Answers the server's requests, one after the other.

    Args:
        channel: to the server.
        store: where the artifacts lie.
        memory_bytes: that this process and what it starts may use together; None for any amount.
        journal: see :class:`.Workbench`.
        offers: what hosts may choose by name.
    """

    def __init__(
        self,
        channel: Channel,
        store: ArtifactStore,
        memory_bytes: int | None = None,
        journal: int | None = None,
        offers: Offers | None = None,
    ) -> None:
        self._channel = channel
        self._store = store
        self._offers = offers or Offers()
        self._memory_bytes = memory_bytes
        self._workbench = Workbench(store, journal, self._offers)
        self._sending = threading.Lock()
        """Also what is loaded behind the frames has answers to send."""

    def run(self) -> None:
        """Serve until the server is gone."""
        while (request := self._channel.receive()) is not None:
            try:
                self._answer(request)
            except BrokenPipeError:
                raise  # nobody is left to be told anything
            except KenningLegoError as error:
                self._send(request.id, _refusal(error))
            except Exception as error:
                log.exception("%s failed", request.message.kind.name)
                answer = Error("engine_failed", f"{type(error).__name__}: {error}")
                self._send(request.id, answer)

    def _answer(self, request: Envelope) -> None:
        match request.message:
            case Process():
                duration = self._workbench.process()
                self._send(request.id, Ok({"duration_ns": duration}))
            case Compose() as compose:
                self._compose(request.id, compose)
            case RunPlan(plan):
                self._workbench.measure(
                    plan, lambda progress: self._tell(request.id, progress), self._cancelled
                )
                self._send(request.id, Ok({}))
            case RunLoadTest(plan):
                result = self._workbench.load(
                    plan, lambda progress: self._tell(request.id, progress), self._cancelled
                )
                figures, frames = pack_load_result(result)
                self._send(request.id, Ok(figures), frames)
            case MeasureFootprint(plan):
                footprint = measure_footprint(
                    plan,
                    self._store,
                    lambda progress: self._tell(request.id, progress),
                    self._cancelled,
                    self._memory_bytes,
                    offers=self._offers,
                )
                self._send(request.id, Ok(pack_footprint(footprint)))
            case Stats():
                statistics, columns = pack_statistics(self._workbench.statistics())
                self._send(request.id, Ok(statistics), columns)
            case Cancel():
                pass  # of what has just ended
            case SwitchTo() | Preload() as change:
                self._change(request.id, change)
            case other:
                raise ProtocolError(f"{other.kind.name} is not for a worker")

    def _compose(self, request: int, compose: Compose) -> None:
        descriptor = -1

        def place(spec: IOSpec) -> Arrays:
            nonlocal descriptor
            descriptor = tensor_memory.create(spec)
            return _arrays(descriptor, spec)

        try:
            composed = self._workbench.compose(
                compose.stages, compose.load, outputs=compose.outputs, place=place
            )
            self._send(request, Ok(pack_composed(composed)), descriptor=descriptor)
        finally:
            if descriptor >= 0:
                os.close(descriptor)  # the arrays keep the memory

    def _change(self, request: int, change: Changing) -> None:
        """Change the pipeline; answered once that is done, by whichever thread does it."""
        pipeline = self._workbench.pipeline
        if change.memory_bytes is not None:
            pipeline.set_memory(change.memory_bytes)
        match change:
            case SwitchTo(stages, may_pause):
                pipeline.request(
                    stages,
                    may_pause=may_pause,
                    on_end=lambda outcome: self._answer_change(request, outcome),
                )
            case Preload(stages):
                pipeline.preload(stages, lambda done: self._answer_change(request, done))

    def _answer_change(
        self, request: int, outcome: Switched | Preloaded | KenningLegoError
    ) -> None:
        match outcome:
            case Switched():
                answer: Ok | Error = Ok(pack_switched(outcome))
            case Preloaded():
                answer = Ok(pack_preloaded(outcome))
            case error:
                answer = _refusal(error)
        # The server is gone: the other thread finds that out by itself.
        with contextlib.suppress(OSError):
            self._send(request, answer)

    def _send(
        self,
        request: int,
        message: Message,
        frames: tuple[bytes, ...] = (),
        *,
        descriptor: int | None = None,
    ) -> None:
        with self._sending:
            self._channel.send(Envelope(request, message, frames), descriptor)

    def _tell(self, request: int, progress: Progress) -> None:
        self._send(request, Event(progress))

    def _cancelled(self) -> bool:
        message = self._channel.poll()
        cancelled = message is not None and isinstance(message.message, Cancel)
        return cancelled or self._channel.closed_by_peer


def _refusal(error: KenningLegoError) -> Error:
    code = error.code if isinstance(error, ProtocolError | SupersededError) else ""
    return Error(code or "bad_request", error.problem, error.remedy)


def _arrays(descriptor: int, spec: IOSpec) -> Arrays:
    offsets, size = tensor_memory.layout(spec)
    shared = mmap.mmap(descriptor, size)
    return {
        tensor.name: np.ndarray(tensor.sizes, tensor.dtype, shared, offset)
        for tensor, offset in zip(spec, offsets, strict=True)
    }


def _preload(engines: Sequence[str]) -> None:
    for engine in engines:
        try:
            make_runtime(engine, threads=1)
        except KenningLegoError as error:  # told to the host that asks for it
            log.warning("not preloaded: %s", error)


def main() -> None:
    """Serve the server at the other end of an inherited socket."""
    parser = argparse.ArgumentParser(description="Started by the server; not by hand.")
    parser.add_argument("--channel", type=int, required=True, help="descriptor of the socket")
    parser.add_argument("--store", type=Path, required=True, help="directory of the artifacts")
    parser.add_argument("--log-json", action="store_true", help="log one JSON object a line")
    parser.add_argument("--preload", action="append", default=[], help="engine to import at once")
    parser.add_argument("--memory-bytes", type=int, help="that this process may use")
    parser.add_argument("--journal", type=int, help="descriptor of the lease's journal")
    parser.add_argument("--offers", type=Offers.from_json, help="what hosts may choose by name")
    arguments = parser.parse_args()
    store = ArtifactStore(arguments.store.resolve())
    channel = Channel(socket.socket(fileno=arguments.channel))
    # Or what an engine starts would hold them open.
    os.set_inheritable(arguments.channel, False)
    if arguments.journal is not None:
        os.set_inheritable(arguments.journal, False)
    isolate(_OUT_OF_MEMORY_SCORE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to end
    set_up_logging("info", as_json=arguments.log_json)
    hand_on_quickly()
    _preload(arguments.preload)
    try:
        Worker(channel, store, arguments.memory_bytes, arguments.journal, arguments.offers).run()
    except BrokenPipeError:
        log.info("the server is gone")
    finally:
        channel.close()


if __name__ == "__main__":
    main()

"""The worker: a process of its own that loads engines, runs models and holds the clock.

Started by the server, which it talks to over an inherited socket. It may crash or be killed
without the server, its connections or its store being touched.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import logging
import mmap
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.core.plans import Progress
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.messages import (
    Cancel,
    Compose,
    Error,
    Event,
    Ok,
    Process,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.results import pack_composed, pack_statistics
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.servers import tensor_memory
from kenning_lego.servers.channel import Channel
from kenning_lego.servers.logs import set_up_logging
from kenning_lego.servers.pipeline import Arrays
from kenning_lego.servers.workbench import Workbench
from kenning_lego.store.artifacts import ArtifactStore

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OOM_SCORE_ADJUSTMENT = 500

log = logging.getLogger("kenning_lego.worker")


class Worker:
    """Answers the server's requests, one after the other.

    Args:
        channel: to the server.
        store: where the artifacts lie.
    """

    def __init__(self, channel: Channel, store: ArtifactStore) -> None:
        self._channel = channel
        self._workbench = Workbench(store)

    def run(self) -> None:
        """Serve until the server is gone."""
        while (request := self._channel.receive()) is not None:
            try:
                self._answer(request)
            except BrokenPipeError:
                raise  # nobody is left to be told anything
            except KenningLegoError as error:
                answer = Error("bad_request", error.problem, error.remedy)
                self._channel.send(Envelope(request.id, answer))
            except Exception as error:
                log.exception("%s failed", request.message.kind.name)
                answer = Error("engine_failed", f"{type(error).__name__}: {error}")
                self._channel.send(Envelope(request.id, answer))

    def _answer(self, request: Envelope) -> None:
        match request.message:
            case Process():
                duration = self._workbench.process()
                self._channel.send(Envelope(request.id, Ok({"duration_ns": duration})))
            case Compose() as compose:
                self._compose(request.id, compose)
            case RunPlan(plan):
                self._workbench.measure(
                    plan, lambda progress: self._tell(request.id, progress), self._cancelled
                )
                self._channel.send(Envelope(request.id, Ok({})))
            case Stats():
                result, columns = pack_statistics(self._workbench.statistics())
                self._channel.send(Envelope(request.id, Ok(result), columns))
            case Cancel():
                pass  # of a plan that has just ended
            case other:
                raise ProtocolError(f"{other.kind.name} is not for a worker")

    def _compose(self, request: int, compose: Compose) -> None:
        descriptor = -1

        def place(spec: IOSpec) -> Arrays:
            nonlocal descriptor
            descriptor = tensor_memory.create(spec)
            return _arrays(descriptor, spec)

        load = compose.load
        try:
            composed = self._workbench.compose(
                compose.stages,
                runtime=load.runtime,
                threads=load.threads,
                batch=load.batch,
                place=place,
            )
            self._channel.send(Envelope(request, Ok(pack_composed(composed))), descriptor)
        finally:
            if descriptor >= 0:
                os.close(descriptor)  # the arrays keep the memory

    def _tell(self, request: int, progress: Progress) -> None:
        self._channel.send(Envelope(request, Event(progress)))

    def _cancelled(self) -> bool:
        message = self._channel.poll()
        cancelled = message is not None and isinstance(message.message, Cancel)
        return cancelled or self._channel.closed_by_peer


def _arrays(descriptor: int, spec: IOSpec) -> Arrays:
    offsets, size = tensor_memory.layout(spec)
    shared = mmap.mmap(descriptor, size)
    return {
        tensor.name: np.ndarray(tensor.sizes, tensor.dtype, shared, offset)
        for tensor, offset in zip(spec, offsets, strict=True)
    }


def _isolate() -> None:
    """Make sure that foreign models in this process harm as little as can be."""
    libc = ctypes.CDLL(None, use_errno=True)
    # A model that hangs inside the engine would otherwise outlive a killed server.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # No way through sudo, which asks for no password on some boards.
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _volunteer_when_out_of_memory(Path("/proc/self/oom_score_adj"))
    os.umask(0o077)
    os.chdir("/")  # names in artifacts are not looked up where the server was started
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to end


def _volunteer_when_out_of_memory(score: Path) -> None:
    """Let the kernel end this process before the server when the machine is out of memory."""
    with contextlib.suppress(OSError):  # read-only in some containers; nothing depends on it
        if int(score.read_text()) < _OOM_SCORE_ADJUSTMENT:
            score.write_text(str(_OOM_SCORE_ADJUSTMENT))


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
    arguments = parser.parse_args()
    store = ArtifactStore(arguments.store.resolve())
    channel = Channel(socket.socket(fileno=arguments.channel))
    os.set_inheritable(arguments.channel, False)  # or what an engine starts would hold it open
    _isolate()
    set_up_logging("info", as_json=arguments.log_json)
    _preload(arguments.preload)
    try:
        Worker(channel, store).run()
    except BrokenPipeError:
        log.info("the server is gone")
    finally:
        channel.close()


if __name__ == "__main__":
    main()

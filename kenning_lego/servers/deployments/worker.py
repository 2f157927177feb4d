"""The worker process of a deployment: runs its frames whether or not anybody listens.

Started by the server, which it talks to over an inherited socket (:mod:`.process` is the other
end). It takes requests between two frames; what is answered later, such as a switch whose artifacts
are loaded meanwhile, wakes it from the wait for the next frame.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import select
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.core.switching import Switched
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.fields import pack_io_spec
from kenning_lego.protocols.live_results import pack_switched
from kenning_lego.protocols.messages import Error, Ok
from kenning_lego.protocols.worker_messages import Begin, RunPipeline, Steer
from kenning_lego.runtimes.offers import Offers
from kenning_lego.servers.channel import Channel
from kenning_lego.servers.deployments.frame_loop import FrameLoop
from kenning_lego.servers.engines import Engines, StageLoader
from kenning_lego.servers.isolation import isolate
from kenning_lego.servers.live.background import hand_on_quickly
from kenning_lego.servers.live.pipeline import LivePipeline
from kenning_lego.servers.logs import set_up_logging
from kenning_lego.servers.sources.base import Source
from kenning_lego.servers.sources.lookup import open_source
from kenning_lego.store.artifacts import ArtifactStore

_OUT_OF_MEMORY_SCORE = 300
"""Below that of a lease's worker, which goes first: a deployment serves somebody."""

log = logging.getLogger("kenning_lego.deployment")


@dataclass(frozen=True, slots=True)
class _Ready:
    run: RunPipeline
    pipeline: LivePipeline
    source: Source


class DeploymentWorker:
    """Runs one pipeline.

    Args:
        channel: to the server.
        store: where the artifacts lie.
        videos: paths by the names that the server was given.
        offers: what hosts may choose by name.
    """

    def __init__(
        self,
        channel: Channel,
        store: ArtifactStore,
        videos: Mapping[str, Path],
        offers: Offers | None = None,
    ) -> None:
        self._channel = channel
        self._store = store
        self._engines = Engines(store, offers)
        self._videos = videos
        self._ready: _Ready | None = None
        self._loop: FrameLoop | None = None
        # What other threads have to say goes through here: they do not write to the channel.
        self._outcomes: deque[tuple[int, Switched | KenningLegoError]] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def run(self) -> None:
        """Run frames until the server is gone."""
        while not self._channel.closed_by_peer:
            running = self._loop if self._loop and not self._loop.finished else None
            self._wait(running.wait_s() if running else None)
            self._hear()
            if running and running.wait_s() == 0:
                self._frame(running)
            self._tell()

    def close(self) -> None:
        """Let go of the source of frames, and end what is being loaded."""
        if self._ready:
            self._ready.source.close()
            self._ready.pipeline.close()
        os.close(self._wake)

    def _frame(self, loop: FrameLoop) -> None:
        try:
            loop.frame()
        except Exception as error:
            loop.failed(error)
            self._tell(at_once=True)  # the server shall hear why this process ends
            raise

    def _wait(self, seconds: float | None) -> None:
        if seconds == 0:
            return
        select.select([self._channel.fileno(), self._wake], [], [], seconds)

    def _hear(self) -> None:
        while (request := self._channel.poll()) is not None:
            self._answer(request.id, partial(self._carry_out, request))
        if self._outcomes:
            with contextlib.suppress(BlockingIOError):  # the outcome is there before its signal
                os.eventfd_read(self._wake)
        while self._outcomes:
            number, outcome = self._outcomes.popleft()
            self._tell(at_once=True)  # what it led to comes before the answer
            self._answer(number, partial(self._settled, outcome))

    def _answer(self, number: int, act: Callable[[], Ok | None]) -> None:
        """Send what comes of a request, unless it is to be answered later."""
        answer: Ok | Error | None
        try:
            answer = act()
        except KenningLegoError as error:
            code = error.code if isinstance(error, ProtocolError) else ""
            answer = Error(code or "bad_request", error.problem, error.remedy)
        except Exception as error:
            if isinstance(error, BrokenPipeError):
                raise
            log.exception("a request failed")
            answer = Error("engine_failed", f"{type(error).__name__}: {error}")
        if answer is not None:
            self._channel.send(Envelope(number, answer))

    def _carry_out(self, request: Envelope) -> Ok | None:
        match request.message:
            case RunPipeline() as run if self._ready is None:
                return self._load(run)
            case Begin() as begin if self._ready and self._loop is None:
                ready = self._ready
                self._loop = FrameLoop(ready.pipeline, ready.source, ready.run, begin)
                # What is loaded stays: a collection in the midst of frames would look in vain.
                gc.freeze()
                ready.pipeline.preload(ready.run.preload)
                return Ok({})
            case Steer() as steer if self._loop:
                self._loop.steer(steer, partial(self._note, request.id))
                return None
            case other:
                raise ProtocolError(f"{other.kind.name} is not for this worker now")

    def _load(self, run: RunPipeline) -> Ok:
        loader = StageLoader(self._engines, run.load)
        pipeline = LivePipeline(
            loader.load,
            loader.size,
            run.stages,
            outputs=run.outputs,
            memory_bytes=run.memory_bytes,
        )
        source = open_source(
            run.source, pipeline.spec.inputs, self._store, self._videos, run.frames_before
        )
        self._ready = _Ready(run, pipeline, source)
        return Ok(
            {
                "spec": pack_io_spec(pipeline.spec),
                "held_bytes": pipeline.loaded_bytes,
                "used": loader.used(),
            }
        )

    def _note(self, number: int, outcome: Switched | KenningLegoError) -> None:
        self._outcomes.append((number, outcome))
        os.eventfd_write(self._wake, 1)

    def _settled(self, outcome: Switched | KenningLegoError) -> Ok:
        if isinstance(outcome, KenningLegoError):
            raise outcome
        first = self._loop.first_frame if self._loop else 0
        return Ok(pack_switched(replace(outcome, frame=outcome.frame + first)))

    def _tell(self, *, at_once: bool = False) -> None:
        report = self._loop.report(at_once=at_once) if self._loop else None
        if report:
            self._channel.send(report)


def main() -> None:
    """Serve the server at the other end of an inherited socket."""
    parser = argparse.ArgumentParser(description="Started by the server; not by hand.")
    parser.add_argument("--channel", type=int, required=True, help="descriptor of the socket")
    parser.add_argument("--store", type=Path, required=True, help="directory of the artifacts")
    parser.add_argument("--memory-bytes", type=int, help="that this process may use")
    parser.add_argument("--log-json", action="store_true", help="log one JSON object a line")
    parser.add_argument("--video", action="append", default=[], help="NAME=PATH of a video")
    parser.add_argument("--offers", type=Offers.from_json, help="what hosts may choose by name")
    arguments = parser.parse_args()
    videos = dict(each.split("=", 1) for each in arguments.video)
    store = ArtifactStore(arguments.store.resolve())
    channel = Channel(socket.socket(fileno=arguments.channel))
    os.set_inheritable(arguments.channel, False)  # or what an engine starts would hold it open
    isolate(_OUT_OF_MEMORY_SCORE)
    hand_on_quickly()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to end
    set_up_logging("info", as_json=arguments.log_json)
    paths = {name: Path(path) for name, path in videos.items()}
    worker = DeploymentWorker(channel, store, paths, arguments.offers)
    try:
        worker.run()
    except BrokenPipeError:
        log.info("the server is gone")
    finally:
        channel.close()
        worker.close()


if __name__ == "__main__":
    main()

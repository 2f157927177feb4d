"""The trace of the other policies, run by a deployment on a real server.

The server is a process of its own; its worker is bound to the core that the other process wants,
the server and this host are not. The host only changes the bounds, starts and stops that process,
and reads the record.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.adaptation_driver import TURN, Neighbour
from benchmarks.adaptation_trace import Frame
from benchmarks.processes import running_server
from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployment_records import Frame as Ran
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.frame_sources import StoredFrames
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.core.records import SegmentRecord
from kenning_lego.protocols.client import TargetClient
from kenning_lego.selection.problem import Budget
from kenning_lego.store.artifacts import ArtifactStore

_Step = tuple[tuple[Budget, bool], int]
"""Conditions, and for how many frames they last."""

_NAME = "adaptation"
_POLL_S = 0.02
_LIMIT_S = 60.0
"""For a step; a few dozen frames of some tens of ms."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment's record says, frame by frame.

    Args:
        numbers: of the frames.
        kept: whether each kept its bound on latency.
        counted: whether it is looked at: not right after a change.
        answers: (frames, batch), the class that was found for each image.
        switches: events that say so.
    """

    numbers: NDArray[np.int64]
    kept: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    answers: NDArray[np.int64]
    switches: int


def offer_of(segments: Sequence[SegmentRecord], latencies_ms: Mapping[str, float]) -> Offer:
    """All variants with what is known of them."""
    return Offer(
        tuple(
            OfferedSegment(
                segment.name,
                tuple(
                    OfferedVariant(
                        each.name,
                        each.artifact.digest,
                        each.accuracy_cost or 0.0,
                        latencies_ms[each.name],
                        each.artifact.size_bytes,
                    )
                    for each in segment.variants
                ),
            )
            for segment in segments
        ),
        outputs=(segments[-1].outputs[0].name,),
    )


def deployed(
    directory: Path,
    offer: Offer,
    store: ArtifactStore,
    images: NDArray[np.float32],
    trace: Sequence[Frame],
    other: Neighbour,
    core: int,
    grace: int,
) -> Generator[None, None, Deployed]:
    """Deploy the network and take it through a trace; now and then its worker is made to rest.

    Args:
        directory: for the target's store and the frames.
        offer: the network.
        store: holds its artifacts.
        images: (frames, batch, 3, side, side), shown again and again.
        trace: the budgets and the load; a step of it lasts as many frames as there.
        other: the process that loads the core.
        core: that the worker is bound to.
        grace: frames after each change that are not counted.
    """
    steps = [
        (conditions, sum(1 for _ in frames))
        for conditions, frames in groupby(trace, lambda frame: (frame.budget, frame.busy))
    ]
    with ExitStack() as stack:
        with _elsewhere(core):
            server = stack.enter_context(running_server(directory, curve=False))
            client = stack.enter_context(server.connect())
            _deploy(client, directory, offer, store, images, steps[0][0][0], len(trace))
            conduct = _Conduct(client, psutil.Process(server.pid).children(recursive=True))
            conduct.bind(core)
            conduct.stop()
        for turn in _turns(steps):
            yield
            with _elsewhere(core):
                conduct.go_on()
                for (budget, busy), frames in turn:
                    other.set(busy=busy)
                    conduct.step(budget, frames)
                other.set(busy=False)
                conduct.stop()
        with _elsewhere(core):
            conduct.go_on()
            return _read(conduct, images.shape[1], grace)


def _deploy(
    client: TargetClient,
    directory: Path,
    offer: Offer,
    store: ArtifactStore,
    images: NDArray[np.float32],
    budget: Budget,
    frames: int,
) -> None:
    for digest in offer.digests():
        client.upload(store.path(digest), digest)
    shown = ArtifactStore(directory / "frames")
    source = shown.add(images.tobytes())
    client.upload(shown.path(source), source)
    output_bytes = images.shape[1] * 10 * 4
    client.deployments.deploy(
        Deployment(
            _NAME,
            offer,
            StoredFrames(source),
            bounds=_bounds(budget),
            preload=True,
            keep_frames=2 * frames,
            keep_outputs_bytes=2 * frames * output_bytes,
        )
    )


def _turns(steps: Sequence[_Step]) -> Iterator[list[_Step]]:
    """The steps between two rests."""
    turn: list[_Step] = []
    for step in steps:
        turn.append(step)
        if sum(frames for _, frames in turn) >= TURN:
            yield turn
            turn = []
    if turn:
        yield turn


@contextmanager
def _elsewhere(core: int) -> Iterator[None]:
    """This process, and what it starts, on all other cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {core} or {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class _Conduct:
    """The host's side of a deployment's run.

    Args:
        client: of the server.
        workers: its processes that run frames.
    """

    def __init__(self, client: TargetClient, workers: Sequence[psutil.Process]) -> None:
        self.client = client
        self._workers = workers
        self.changes_ns: list[int] = []
        self.latencies_ms: list[float] = []
        self.stops_ns: list[int] = []

    def bind(self, core: int) -> None:
        """Every thread of the server's workers, the ones of the lease included."""
        for worker in self._workers:
            for thread in worker.threads():
                os.sched_setaffinity(thread.id, {core})

    def step(self, budget: Budget, frames: int) -> None:
        """Change the bounds and wait until so many frames have been run since."""
        self.changes_ns.append(time.monotonic_ns())
        self.latencies_ms.append(budget.latency_ms or np.inf)
        self.client.deployments.set_bounds(_NAME, _bounds(budget))
        _wait(self.client, frames)

    def stop(self) -> None:
        """No frames are run from now on; the one that is under way takes that much longer."""
        self.stops_ns.append(time.monotonic_ns())
        for worker in self._workers:
            worker.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Frames are run again."""
        for worker in self._workers:
            worker.send_signal(signal.SIGCONT)


def _bounds(budget: Budget) -> Bounds:
    return Bounds(budget.latency_ms, budget.memory_bytes)


def _wait(client: TargetClient, frames: int) -> None:
    """Until so many more frames have been run."""
    deadline = time.monotonic() + _LIMIT_S
    until = _frames(client) + frames
    while _frames(client) < until:
        if time.monotonic() > deadline:
            raise RuntimeError(f"no {frames} frames in {_LIMIT_S:g} s")
        time.sleep(_POLL_S)


def _frames(client: TargetClient) -> int:
    return next(each.frames for each in client.deployments.list() if each.name == _NAME)


def _read(conduct: _Conduct, batch: int, grace: int) -> Deployed:
    """The record from the first change on, put together from as many answers as it takes."""
    frames: list[Ran] = []
    outputs: dict[int, bytes] = {}
    switches = 0
    since_frame = since_event = 0
    while True:
        part = conduct.client.deployments.record(_NAME, since_frame, since_event, outputs=True)
        if not part.frames:
            break
        frames += part.frames
        outputs |= {each.frame: each.tensors[0] for each in part.outputs}
        switches += sum(event.kind == "switched" for event in part.events)
        since_frame, since_event = part.next_frame, part.next_event
    changes, stops = np.array(conduct.changes_ns), np.array(conduct.stops_ns)
    frames = [each for each in frames if each.begin_ns >= changes[0] and each.number in outputs]
    begins = np.array([each.begin_ns for each in frames])
    durations = np.array([each.duration_ns for each in frames])
    stopped = np.searchsorted(stops, begins) < np.searchsorted(stops, begins + durations)
    steps = np.searchsorted(changes, begins, side="right") - 1
    since = np.arange(len(steps)) - np.searchsorted(steps, steps)
    scores = [np.frombuffer(outputs[each.number], np.float32) for each in frames]
    return Deployed(
        np.array([each.number for each in frames]),
        durations / 1e6 <= np.array(conduct.latencies_ms)[steps],
        (since >= grace) & ~stopped,
        np.array(scores).reshape(len(frames), batch, -1).argmax(axis=2),
        switches,
    )

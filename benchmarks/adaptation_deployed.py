"""The trace of the other policies, run by a deployment on a real server.

The server is a process of its own, its worker is bound to the core that the other process wants,
and this host only changes the bounds, starts and stops that process, and reads the record.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.adaptation_driver import Neighbour
from benchmarks.adaptation_trace import Frame
from benchmarks.processes import Server, running_server
from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployment_records import Frame as Ran
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.frame_sources import StoredFrames
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.core.records import SegmentRecord
from kenning_lego.protocols.client import TargetClient
from kenning_lego.selection.problem import Budget
from kenning_lego.store.artifacts import ArtifactStore

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


def run_deployed(
    directory: Path,
    offer: Offer,
    store: ArtifactStore,
    images: NDArray[np.float32],
    trace: Sequence[Frame],
    other: Neighbour,
    core: int,
    grace: int,
) -> Deployed:
    """Deploy the network and take it through a trace.

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
    with running_server(directory, curve=False) as server, server.connect() as client:
        for digest in offer.digests():
            client.upload(store.path(digest), digest)
        source = _upload(client, directory, images)
        (first, _), _ = steps[0]
        output_bytes = images.shape[1] * 10 * 4
        client.deployments.deploy(
            Deployment(
                _NAME,
                offer,
                StoredFrames(source),
                bounds=_bounds(first),
                preload=True,
                keep_frames=2 * len(trace),
                keep_outputs_bytes=2 * len(trace) * output_bytes,
            )
        )
        _bind(server, core)
        changes, latencies = [], []
        for (budget, busy), frames in steps:
            other.set(busy=busy)
            changes.append(time.monotonic_ns())
            latencies.append(budget.latency_ms or np.inf)
            client.deployments.set_bounds(_NAME, _bounds(budget))
            _wait(client, frames)
        other.set(busy=False)
        return _read(client, np.array(changes), np.array(latencies), images.shape[1], grace)


def _upload(client: TargetClient, directory: Path, images: NDArray[np.float32]) -> str:
    frames = ArtifactStore(directory / "frames")
    digest = frames.add(images.tobytes())
    client.upload(frames.path(digest), digest)
    return digest


def _bounds(budget: Budget) -> Bounds:
    return Bounds(budget.latency_ms, budget.memory_bytes)


def _bind(server: Server, core: int) -> None:
    """Every thread of the server's workers, the ones of the lease included."""
    for child in psutil.Process(server.pid).children(recursive=True):
        for thread in child.threads():
            os.sched_setaffinity(thread.id, {core})


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


def _read(
    client: TargetClient,
    changes_ns: NDArray[np.int64],
    latencies_ms: NDArray[np.float64],
    batch: int,
    grace: int,
) -> Deployed:
    """The record from the first change on, put together from as many answers as it takes."""
    frames: list[Ran] = []
    outputs: dict[int, bytes] = {}
    switches = 0
    since_frame = since_event = 0
    while True:
        part = client.deployments.record(_NAME, since_frame, since_event, outputs=True)
        if not part.frames:
            break
        frames += part.frames
        outputs |= {each.frame: each.tensors[0] for each in part.outputs}
        switches += sum(event.kind == "switched" for event in part.events)
        since_frame, since_event = part.next_frame, part.next_event
    frames = [each for each in frames if each.begin_ns >= changes_ns[0] and each.number in outputs]
    begins = np.array([each.begin_ns for each in frames])
    durations = np.array([each.duration_ns for each in frames]) / 1e6
    steps = np.searchsorted(changes_ns, begins, side="right") - 1
    since = np.arange(len(steps)) - np.searchsorted(steps, steps)
    scores = [np.frombuffer(outputs[each.number], np.float32) for each in frames]
    return Deployed(
        np.array([each.number for each in frames]),
        durations <= latencies_ms[steps],
        since >= grace,
        np.array(scores).reshape(len(frames), batch, -1).argmax(axis=2),
        switches,
    )

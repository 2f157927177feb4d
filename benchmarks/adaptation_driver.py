"""A pipeline that a policy drives through a trace, on a core that a real process contends for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.adaptation_policies import Policy
from benchmarks.adaptation_trace import Frame
from kenning_lego.runtimes.base import Program
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.servers.live.pipeline import LivePipeline
from kenning_lego.store.artifacts import ArtifactStore

_Result = TypeVar("_Result")

ON_THE_WAY = -1
"""Instead of a point: some blocks are changed already, others are not yet."""

_BUSY = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"


class Neighbour:
    """A process that wants one core whole, or waits."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.busy = False
        self.set(busy=False)

    def set(self, *, busy: bool) -> None:
        """Let it run, or stop it."""
        self._process.send_signal(signal.SIGCONT if busy else signal.SIGSTOP)
        self.busy = busy


@contextmanager
def neighbour(core: int) -> Iterator[Neighbour]:
    """One on a core, which this process is bound to meanwhile, too."""
    before = os.sched_getaffinity(0)
    process = subprocess.Popen([sys.executable, "-c", _BUSY, str(core)])
    try:
        os.sched_setaffinity(0, {core})
        yield Neighbour(process)
    finally:
        process.kill()
        process.wait()
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Network:
    """What a driver needs of a network.

    Args:
        store: holds its artifacts.
        stages: the artifacts of each point of a front, in order.
        output: the tensor of the scores.
        images: (frames, batch, 3, side, side).
    """

    store: ArtifactStore
    stages: Callable[[int], Sequence[str]]
    output: str
    images: NDArray[np.float32]

    def load(self) -> Callable[[str], Program]:
        """How an artifact is loaded."""
        runtime = make_runtime("onnxruntime", 1)
        return lambda digest: runtime.load(self.store.read(digest), 1)


@dataclass(frozen=True, slots=True)
class Drive:
    """What became of the frames.

    Args:
        durations_ms: of each frame, its waiting for artifacts included.
        points: that ran each, or :data:`ON_THE_WAY`.
        answers: (frames, batch), the class that was found for each image.
        switches: how often the configuration changed.
        loaded_bytes: of all artifacts that were loaded on the way.
        held_bytes: of all that was loaded when each frame had run.
    """

    durations_ms: NDArray[np.float64]
    points: NDArray[np.int64]
    answers: NDArray[np.int64]
    switches: int
    loaded_bytes: int
    held_bytes: NDArray[np.int64]


TURN = 200
"""Frames that one runs before it is another one's turn."""


def drive(
    network: Network, policy: Policy, trace: Sequence[Frame], other: Neighbour, *, prompt: bool
) -> Drive:
    """Run a trace with one policy; see :func:`driving`."""
    (run,) = in_turn({"": driving(network, policy, trace, other, prompt=prompt)}).values()
    return run


def in_turn(runs: Mapping[str, Generator[None, None, _Result]]) -> dict[str, _Result]:
    """Take runs that rest now and then to their ends, a stretch of each at a time.

    So what else happens to the machine hits all alike.
    """
    done: dict[str, _Result] = {}
    while len(done) < len(runs):
        for name, run in runs.items():
            if name in done:
                continue
            try:
                next(run)
            except StopIteration as end:
                done[name] = end.value
    return {name: done[name] for name in runs}


def driving(
    network: Network, policy: Policy, trace: Sequence[Frame], other: Neighbour, *, prompt: bool
) -> Generator[None, None, Drive]:
    """Run a trace with a policy, for which no time goes by while this rests, every few frames.

    Args:
        network: that runs.
        policy: decides on it.
        trace: the frames' conditions.
        other: the process that loads the core.
        prompt: whether a switch is done before the frame and the memory does not matter, as of a
            policy that knows the trace.
    """
    rested = 0.0

    def now() -> float:
        return time.monotonic() - rested

    running = policy.start(trace[0], now())
    pipeline = _pipeline(network, running, None if prompt else trace[0].budget.memory_bytes)
    by_stages = {tuple(network.stages(running)): running}
    durations, points, answers, held = [], [], [], []
    (source,) = (pipeline.arrays[spec.name] for spec in pipeline.spec.inputs)
    scores = pipeline.arrays[network.output]
    memory, switches, loaded = trace[0].budget.memory_bytes, 0, 0
    for number, frame in enumerate(trace):
        if number % TURN == 0:
            pipeline.settle()
            rests = time.monotonic()
            yield
            rested += time.monotonic() - rests
        if frame.busy != other.busy:
            other.set(busy=frame.busy)
        if frame.budget.memory_bytes != memory and not prompt:
            memory = frame.budget.memory_bytes
            pipeline.set_memory(memory)
        wanted = policy.next(frame, now())
        if wanted is not None:
            stages = tuple(network.stages(wanted))
            by_stages[stages] = wanted
            if prompt:
                pipeline.switch(stages)
            else:
                pipeline.request(stages, may_pause=True)
        source[...] = network.images[number % len(network.images)]
        began = time.perf_counter()
        pipeline.frame()
        duration = (time.perf_counter() - began) * 1e3
        for event in pipeline.events():
            loaded += event.bytes if event.kind == "loaded" else 0
            switches += event.kind == "switched"
        point = by_stages.get(pipeline.stages, ON_THE_WAY)
        if point not in (running, ON_THE_WAY):
            running = point
            policy.switched(point, now())
        if point != ON_THE_WAY:
            policy.ran(duration, point, now())
        durations.append(duration)
        points.append(point)
        answers.append(scores.argmax(axis=1))
        held.append(pipeline.loaded_bytes)
    pipeline.close()
    other.set(busy=False)
    return Drive(
        np.array(durations),
        np.array(points),
        np.array(answers),
        switches,
        loaded,
        np.array(held),
    )


def _pipeline(network: Network, point: int, memory: int | None) -> LivePipeline:
    store = network.store
    return LivePipeline(
        network.load(),
        store.size,
        network.stages(point),
        outputs=[network.output],
        memory_bytes=memory,
    )

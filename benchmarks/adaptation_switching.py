"""Switching a pipeline while it runs: how long it takes, and that no frame suffers for it.

Latencies are those of ResNet-18 for CIFAR in ten segments on a real server over loopback. What is
lost, repeated or mixed is counted on a network whose outputs tell a frame's number and the variants
that ran it, while half of the variants are loaded behind the frames and memory forces the other
switches through mixes of blocks.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench_record import Metric
from benchmarks.numbered import BLOCKS, VARIANTS, NumberedNetwork, frame, told
from benchmarks.processes import running_server
from benchmarks.resnet import Network, make_network
from benchmarks.samples import median, percentile
from kenning_lego.blocks.latency import stages_of
from kenning_lego.protocols.client import TargetClient
from kenning_lego.runtimes.base import Program
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.scenarios.tester.adding_up import random_configurations
from kenning_lego.servers.live.pipeline import LivePipeline

_ENGINE = "onnxruntime"
_MS_PER_S, _MS_PER_NS = 1e3, 1e-6
_IMAGE = bytes(3 * 32 * 32 * 4)
_FRAMES_BETWEEN = 20
"""Frames that a configuration runs at least."""

Stages = tuple[str, ...]


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Time switches, and count frames that a switch spoils.

    Args:
        directory: for artifacts (some 30 s to make) and the target's store.
        quick: whether less of everything will do.
    """
    switches = 50 if quick else 300
    with running_server(directory, curve=False) as server, server.connect() as client:
        network = make_network(directory)
        network.upload(client)
        configurations = _configurations(network)
        metrics = _prepared(client, network, configurations, switches)
        metrics += _in_process(network, configurations, switches)
        metrics += _behind_frames(client, configurations, switches // 5)
    with running_server(directory, curve=False) as server, server.connect() as client:
        metrics += _spoiled_frames(client, directory, 1_000 if quick else 10_000)
    return metrics


def _configurations(network: Network) -> list[Stages]:
    names = random_configurations(network.segments, 10, seed=0).values()
    return [stages_of(network.segments, each) for each in names]


def _prepared(
    client: TargetClient, network: Network, configurations: Sequence[Stages], switches: int
) -> list[Metric]:
    """From a SWITCH to the answer to the next frame, less the frame after it."""
    client.compose(configurations[0], runtime=_ENGINE)
    client.preload(network.digests)
    extra_ms = []
    for number in range(1, switches + 1):
        stages = configurations[number % len(configurations)]
        begin = time.perf_counter_ns()
        client.switch(stages)
        client.infer([_IMAGE])
        middle = time.perf_counter_ns()
        client.infer([_IMAGE])
        end = time.perf_counter_ns()
        extra_ms.append(((middle - begin) - (end - middle)) * _MS_PER_NS)
    composed_ms = [_recomposed_ms(client, each) for each in configurations]
    return [
        Metric("switch_ms", median(extra_ms), "ms", at_most=1.0, peer=median(composed_ms)),
        Metric("switch_ms_p95", percentile(extra_ms, 0.95), "ms"),
    ]


def _recomposed_ms(client: TargetClient, stages: Stages) -> float:
    """The same by composing anew, which is the way without SWITCH."""
    begin = time.perf_counter_ns()
    client.compose(stages, runtime=_ENGINE)
    client.infer([_IMAGE])
    middle = time.perf_counter_ns()
    client.infer([_IMAGE])
    end = time.perf_counter_ns()
    return ((middle - begin) - (end - middle)) * _MS_PER_NS


def _in_process(network: Network, configurations: Sequence[Stages], switches: int) -> list[Metric]:
    store = network.workspace.artifacts
    engine = make_runtime(_ENGINE, 1)

    def load(digest: str) -> Program:
        with store.reading(digest) as content:
            return engine.load(content, 1)

    live = LivePipeline(load, store.size, configurations[0])
    live.preloaded(network.digests)
    extra_ms = []
    for number in range(1, switches + 1):
        begin = time.perf_counter_ns()
        live.request(configurations[number % len(configurations)])
        asked = time.perf_counter_ns()
        first, second = live.frame(), live.frame()
        extra_ms.append((asked - begin + first - second) * _MS_PER_NS)
    live.close()
    return [Metric("switch_in_process_ms", median(extra_ms), "ms")]


def _behind_frames(
    client: TargetClient, configurations: Sequence[Stages], switches: int
) -> list[Metric]:
    """Frames while nothing, and while other variants are loaded; as the host sees them."""
    client.compose(configurations[0], runtime=_ENGINE)
    alone_ms: list[float] = []
    during_ms: list[float] = []
    outcomes = []
    for number in range(1, switches + 1):
        alone_ms += [_frame_ms(client) for _ in range(_FRAMES_BETWEEN)]
        pending = client.begin_switch(configurations[number % len(configurations)])
        while not pending.done():
            during_ms.append(_frame_ms(client))
        outcomes.append(pending.result())
    moved = sum(each.loaded_bytes for each in outcomes) / len(outcomes)
    return [
        Metric("switch_behind_ms", median([e.seconds for e in outcomes]) * _MS_PER_S, "ms"),
        Metric("switch_behind_mb", moved / 1e6, "MB"),
        Metric("frame_alone_ms", median(alone_ms), "ms"),
        Metric("frame_behind_ms", median(during_ms), "ms", peer=median(alone_ms)),
        Metric(
            "frame_behind_p95_ms",
            percentile(during_ms, 0.95),
            "ms",
            peer=percentile(alone_ms, 0.95),
        ),
        Metric("frame_behind_worst_ms", max(during_ms), "ms", peer=max(alone_ms)),
    ]


def _frame_ms(client: TargetClient) -> float:
    begin = time.perf_counter_ns()
    client.infer([_IMAGE])
    return (time.perf_counter_ns() - begin) * _MS_PER_NS


class _Witness:
    """Looks at every frame's output: what it should be, and which variants may have run it."""

    def __init__(self, first: Sequence[int]) -> None:
        self.frames = self.lost = self.mixed = 0
        self._now = tuple(first)
        self._wanted = self._now

    def wants(self, digits: Sequence[int]) -> None:
        """From now on each block may take its new variant over, and never the old one again."""
        self._wanted = tuple(digits)

    def arrived(self) -> None:
        """From now on nothing but what was wanted may run."""
        self._now = self._wanted

    def saw(self, number: int, output: bytes) -> None:
        """The answer to a frame."""
        self.frames += 1
        found, digits = told(output)
        self.lost += found != number
        choices = zip(digits, self._now, self._wanted, strict=True)
        self.mixed += any(digit not in allowed for digit, *allowed in choices)
        self._now = digits


def _spoiled_frames(client: TargetClient, directory: Path, frames: int) -> list[Metric]:
    network = NumberedNetwork(directory)
    for artifact in network.artifacts:
        client.upload(artifact.path, artifact.digest)
    rng = random.Random(0)
    switches = frames // _FRAMES_BETWEEN
    digits = (0,) * BLOCKS
    client.compose(network.stages(digits), runtime=_ENGINE)
    witness, waits, ahead = _Witness(digits), 0, 0
    for number in range(switches):
        digits = tuple(rng.randrange(VARIANTS) for _ in range(BLOCKS))
        _set_room(client, network, number)
        pending = client.begin_switch(network.stages(digits), may_pause=True)
        witness.wants(digits)
        done = 0
        while done < _FRAMES_BETWEEN or not pending.done():
            (output,), _ = client.infer([frame(witness.frames)])
            witness.saw(witness.frames, output)
            done += 1
        switched = pending.result()
        waits += switched.paused_s > 0
        ahead += switched.prepared
        witness.arrived()
    (process,) = client.statistics().measurements
    repeated = len(process.samples_ns) - witness.frames
    return [
        Metric("frames_lost", witness.lost, "frames", at_most=0),
        Metric("frames_repeated", abs(repeated), "frames", at_most=0),
        Metric("frames_mixed", witness.mixed, "frames", at_most=0),
        Metric("frames_watched", witness.frames, "frames", at_least=frames),
        Metric("frames_switches", switches, "switches", at_least=switches),
        Metric("frames_switches_prepared", ahead, "switches"),
        Metric("frames_switches_paused", waits, "switches"),
        *_spoiled_in_process(network, frames),
    ]


def _set_room(client: TargetClient, network: NumberedNetwork, number: int) -> None:
    """In turn: all loaded; as little as one configuration needs; one block more than that."""
    if number % 30 == 0:
        everything = [artifact.digest for artifact in network.artifacts]
        client.preload(everything, memory_bytes=network.bytes * VARIANTS)
    elif number % 30 == 10:
        client.preload([], memory_bytes=network.bytes)
    elif number % 30 == 20:
        client.preload([], memory_bytes=network.bytes + network.bytes // BLOCKS)


def _spoiled_in_process(network: NumberedNetwork, frames: int) -> list[Metric]:
    """Frames as fast as they go, on a thread of their own; events tell what runs each of them."""
    contents = {each.digest: each.path.read_bytes() for each in network.artifacts}
    engine = make_runtime(_ENGINE, 1)
    digits = (0,) * BLOCKS
    live = LivePipeline(
        lambda digest: engine.load(contents[digest], 1),
        lambda digest: len(contents[digest]),
        network.stages(digits),
        memory_bytes=network.bytes + network.bytes // BLOCKS,
    )
    seen: list[tuple[int, tuple[int, ...]]] = []
    stop = threading.Event()
    running = threading.Thread(target=_run_frames, args=(live, seen, frames, stop))
    running.start()
    rng = random.Random(1)
    events = []
    try:
        for _ in range(frames // _FRAMES_BETWEEN):
            digits = tuple(rng.randrange(VARIANTS) for _ in range(BLOCKS))
            live.switch(network.stages(digits), may_pause=True)
            events += live.events()
    finally:
        stop.set()
        running.join()
        live.close()
    switches = [(each.frame, each.stages) for each in events if each.kind == "switched"]
    lost = mixed = 0
    digits = (0,) * BLOCKS
    for number, (found, ran) in enumerate(seen):
        while switches and switches[0][0] <= number:
            digits = network.digits(switches.pop(0)[1])
        lost += found != number
        mixed += ran != digits
    return [
        Metric("frames_lost_in_process", lost, "frames", at_most=0),
        Metric("frames_mixed_in_process", mixed, "frames", at_most=0),
        Metric("frames_watched_in_process", len(seen), "frames", at_least=frames),
    ]


def _run_frames(
    live: LivePipeline,
    seen: list[tuple[int, tuple[int, ...]]],
    at_least: int,
    stop: threading.Event,
) -> None:
    source, result = (live.arrays[tensor.name] for tensor in live.spec)
    while len(seen) < at_least or not stop.is_set():
        source[:] = (len(seen), 0)
        live.frame()
        seen.append(told(result.tobytes()))

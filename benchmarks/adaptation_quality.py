"""Whether frames keep budgets that change, and at which accuracy, on a core that is shared.

The trained ResNet-56 runs frames of eight images, the half of CIFAR-10's test images that its
profile has not seen, one frame after the other on one core. Budgets on latency and memory change
a hundred times; meanwhile a real process comes and goes that wants the same core. The same trace is
run by the controller, by the same one in a deployment on a real server, by the full network, by the
smallest one, by the controller with whole networks of one ratio instead of blocks, and by a policy
that knows the trace and switches for nothing; all in turn, a stretch of frames at a time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.adaptation_clairvoyant import (
    RESERVES,
    Clairvoyant,
    Experience,
    in_hindsight,
)
from benchmarks.adaptation_deployed import Deployed, deployed, offer_of
from benchmarks.adaptation_driver import (
    Drive,
    Neighbour,
    Network,
    drive,
    driving,
    in_turn,
    neighbour,
)
from benchmarks.adaptation_network import (
    BATCH,
    PROFILED_ON,
    TrainedNetwork,
    time_network,
    trained_network,
)
from benchmarks.adaptation_policies import Adaptive, Policy
from benchmarks.adaptation_trace import Frame, Range, TraceShape, make_trace
from benchmarks.bench_record import Metric
from benchmarks.trained import load_cifar10
from kenning_lego.blocks.latency import stages_of
from kenning_lego.core.offers import Offer
from kenning_lego.datasets.base import Part
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Budget

_SHAPE = TraceShape()
_QUICK = TraceShape(changes=20, frames=30, turns=2)
_SEEN, _SEEN_FRAMES = 8, 160
_LATE = 0.03
"""Share of the frames that may be late."""
_POINTS = 100.0
_RESAMPLED = 2000

OURS, FULL, SMALLEST, WHOLES = "ours", "full", "smallest", "wholes"
DEPLOYED, CLAIRVOYANT = "deployed", "clairvoyant"


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all policies share."""

    blocks: Front
    wholes: Front
    network: Network
    whole_network: Network
    original: Network
    offer: Offer
    labels: NDArray[np.int64]


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Run the trace with each policy; nothing where the trained network is not at hand.

    Args:
        directory: for the target's store.
        quick: a shorter trace.
    """
    found, data = trained_network(), load_cifar10()
    if found is None or data is None:
        return []
    setting = _prepare(found, data.test.take(range(PROFILED_ON, len(data.test))), quick=quick)
    core = max(os.sched_getaffinity(0))
    with neighbour(core) as other:
        free, shared = (_experience(setting, other, busy=busy) for busy in (False, True))
        trace = _trace(setting.blocks, free, shared, _QUICK if quick else _SHAPE)
        clairvoyants = {
            reserve: Clairvoyant(setting.blocks, free, shared, reserve) for reserve in RESERVES
        }
        runs = _run_all(directory, setting, trace, other, core, clairvoyants)
    return _metrics(setting, trace, runs)


def _prepare(found: TrainedNetwork, images: Part, *, quick: bool) -> _Setting:
    latencies, wholes_ms = time_network(
        found.segments,
        {digest: digest for digest, _ in found.wholes},
        found.workspace,
        seconds=20.0 if quick else 90.0,
    )
    blocks = pareto_front(replace(found, latencies_ms=latencies).problem)
    wholes = pareto_front(found.whole_problem([wholes_ms[digest] for digest, _ in found.wholes]))
    count = len(images) // BATCH
    frames = images.images[: count * BATCH].reshape(count, BATCH, *images.images.shape[1:])
    output = found.segments[-1].outputs[0].name

    def network(stages: Callable[[int], Sequence[str]]) -> Network:
        return Network(found.workspace.artifacts, stages, output, frames)

    return _Setting(
        blocks,
        wholes,
        network(lambda point: stages_of(found.segments, blocks[point].variants)),
        network(lambda point: tuple(wholes[point].variants.values())),
        network(lambda _: stages_of(found.segments, {})),
        offer_of(found.segments, latencies),
        images.labels[: count * BATCH].reshape(count, BATCH),
    )


def _experience(setting: _Setting, other: Neighbour, *, busy: bool) -> Experience:
    """How frames of configurations of all latencies do; for the ranges and the clairvoyant."""
    front = setting.blocks
    by_latency = np.argsort(front.latencies)
    places = np.linspace(0, len(front) - 1, _SEEN).round().astype(int)
    frames = [Frame(Budget(), busy, counted=False)] * _SEEN_FRAMES
    seen = {}
    for point in map(int, by_latency[places]):
        run = drive(setting.network, Policy(point), frames, other, prompt=True)
        seen[front[point].latency_ms] = run.durations_ms[_SEEN_FRAMES // 8 :]
    return Experience.of(seen, _LATE)


def _trace(front: Front, free: Experience, shared: Experience, shape: TraceShape) -> list[Frame]:
    memory = Range(float(front.memories.min()), float(front.memories.max()))
    alone, beside = (
        Range(float(each.quantile_ms[0]), float(each.quantile_ms[-1])) for each in (free, shared)
    )
    print(f"latency budgets in ms: {alone} on a free core, {beside} on a shared", file=sys.stderr)
    return make_trace(shape, memory, alone, beside, seed=0)


@dataclass(frozen=True, slots=True)
class _Runs:
    """What became of the frames.

    Args:
        drives: by policy.
        clairvoyants: by reserve.
        deployed: by the controller of a real server.
    """

    drives: Mapping[str, Drive]
    clairvoyants: Mapping[float, Drive]
    deployed: Deployed


def _run_all(
    directory: Path,
    setting: _Setting,
    trace: Sequence[Frame],
    other: Neighbour,
    core: int,
    clairvoyants: Mapping[float, Policy],
) -> _Runs:
    settings, blocks = AdaptationSettings(), setting.blocks
    policies: dict[str, tuple[Network, Policy, bool]] = {
        OURS: (setting.network, Adaptive(blocks, settings), False),
        WHOLES: (setting.whole_network, Adaptive(setting.wholes, settings), False),
        FULL: (setting.original, Policy(), True),
        SMALLEST: (setting.network, Policy(int(blocks.latencies.argmin())), False),
        **{
            f"{CLAIRVOYANT} {each}": (setting.network, clairvoyants[each], True)
            for each in clairvoyants
        },
    }
    runs: dict[str, Generator[None, None, Drive | Deployed]] = {
        name: driving(network, policy, trace, other, prompt=prompt)
        for name, (network, policy, prompt) in policies.items()
    }
    runs[DEPLOYED] = deployed(
        directory,
        setting.offer,
        setting.network.store,
        setting.network.images,
        trace,
        other,
        core,
        _SHAPE.grace,
    )
    done = in_turn(runs)
    drives = {name: each for name, each in done.items() if isinstance(each, Drive)}
    (served,) = (each for each in done.values() if isinstance(each, Deployed))
    return _Runs(
        drives,
        {each: drives.pop(f"{CLAIRVOYANT} {each}") for each in clairvoyants},
        served,
    )


def _metrics(setting: _Setting, trace: Sequence[Frame], runs: _Runs) -> list[Metric]:
    drives = runs.drives
    best = in_hindsight(
        trace,
        runs.clairvoyants,
        {reserve: _right(setting.labels, run) for reserve, run in runs.clairvoyants.items()},
        1.0 - _LATE,
    )
    kept = {name: _within(trace, run) for name, run in drives.items()}
    right = {name: _right(setting.labels, run) for name, run in drives.items()}
    accuracy = {name: float(each.mean()) * _POINTS for name, each in right.items()}
    accuracy[CLAIRVOYANT] = float(best.right.mean()) * _POINTS
    kept[CLAIRVOYANT] = float(best.kept[_counted(trace)].mean()) * 100
    print(f"the clairvoyant's reserves, core free and shared: {best.reserves}", file=sys.stderr)
    ours = drives[OURS]
    held = np.array([frame.budget.memory_bytes or 0 for frame in trace])
    metrics = [
        Metric("adaptation_within_budget", kept[OURS], "%", at_least=97.0, peer=kept[FULL]),
        Metric("adaptation_accuracy", accuracy[OURS], "%", peer=accuracy[CLAIRVOYANT]),
        Metric(
            "adaptation_below_clairvoyant",
            accuracy[CLAIRVOYANT] - accuracy[OURS],
            "points",
            at_most=0.3,
        ),
        Metric("adaptation_memory_exceeded", float((ours.held_bytes > held).sum()), "frames"),
        Metric("adaptation_switches", float(ours.switches), "switches"),
        Metric("adaptation_loaded", ours.loaded_bytes / 1e6, "MB"),
        Metric("adaptation_loaded_wholes", drives[WHOLES].loaded_bytes / 1e6, "MB"),
    ]
    for peer in (SMALLEST, WHOLES):
        low, middle, high = _gap(right[OURS], right[peer])
        metrics += [
            Metric(f"adaptation_above_{peer}", middle, "points", at_least=0.0),
            Metric(f"adaptation_above_{peer}_low", low, "points", at_least=0.0),
            Metric(f"adaptation_above_{peer}_high", high, "points"),
        ]
    for peer in (FULL, SMALLEST, WHOLES, CLAIRVOYANT):
        metrics += [
            Metric(f"adaptation_within_budget_{peer}", kept[peer], "%"),
            Metric(f"adaptation_accuracy_{peer}", accuracy[peer], "%"),
        ]
    return [*metrics, *_deployed_metrics(setting, runs.deployed, accuracy[CLAIRVOYANT])]


def _deployed_metrics(setting: _Setting, served: Deployed, best: float) -> list[Metric]:
    """The same of the deployment on a real server, against the clairvoyant in this process."""
    wanted = setting.labels[served.numbers % len(setting.labels)]
    accuracy = float((served.answers == wanted).mean()) * _POINTS
    kept = float(served.kept[served.counted].mean()) * 100
    return [
        Metric("adaptation_deployed_within_budget", kept, "%", at_least=97.0),
        Metric("adaptation_deployed_accuracy", accuracy, "%", peer=best),
        Metric("adaptation_deployed_below_clairvoyant", best - accuracy, "points", at_most=0.3),
        Metric("adaptation_deployed_switches", float(served.switches), "switches"),
    ]


def _counted(trace: Sequence[Frame]) -> NDArray[np.bool_]:
    return np.array([frame.counted for frame in trace])


def _within(trace: Sequence[Frame], run: Drive) -> float:
    """Per cent of the frames that are looked at which keep their budget on latency."""
    bounds = np.array([frame.budget.latency_ms or np.inf for frame in trace])
    return float((run.durations_ms <= bounds)[_counted(trace)].mean()) * 100


def _right(labels: NDArray[np.int64], run: Drive) -> NDArray[np.float64]:
    """By frame, the share of its images that were classified rightly."""
    wanted = labels[np.arange(len(run.answers)) % len(labels)]
    return np.asarray((run.answers == wanted).mean(axis=1))


def _gap(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean difference in points with its 95 % interval, frame by frame.

    Whole stretches between two changes are resampled: within one, frames run the same network.
    """
    difference = ours - theirs
    length = _SHAPE.frames
    stretches = difference[: len(difference) // length * length].reshape(-1, length).mean(axis=1)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(stretches), (_RESAMPLED, len(stretches)))
    low, high = np.quantile(stretches[drawn].mean(axis=1), [0.025, 0.975])
    return float(low) * _POINTS, float(difference.mean()) * _POINTS, float(high) * _POINTS

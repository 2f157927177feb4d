"""How often a pipeline switches though its bounds stay as they are, under loads that are noise.

The front is the trained ResNet-56's, with frames of 8 to 14 ms; the machine is simulated, for ten
minutes of each kind of load, so that every run sees the same. The bound is in the middle of what
the front can keep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.adaptation_network import trained_network
from benchmarks.adaptation_policies import Adaptive
from benchmarks.adaptation_simulation import Machine, simulate
from benchmarks.adaptation_trace import Frame
from benchmarks.bench_record import Metric
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Budget
from kenning_lego.selection.units import UNITS_PER_ONE

_SECONDS, _SEEDS = 600.0, 5
_LARGEST_MS = 14.0
_BURST_FRAMES = 40
"""For which the other process runs or waits, on average."""


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Switches a minute, the median over some seeds, of the worst kind of load and of each.

    Args:
        directory: not used; nothing is kept.
        quick: one seed, and a fifth of the time.
    """
    del directory
    found = trained_network()
    if found is None:
        return []
    scale = _LARGEST_MS / float(pareto_front(found.problem).latencies.max() / UNITS_PER_ONE)
    latencies = {name: each * scale for name, each in found.latencies_ms.items()}
    front = pareto_front(replace(found, latencies_ms=latencies).problem)
    seeds, seconds = (1, _SECONDS / 5) if quick else (_SEEDS, _SECONDS)
    medians = {
        kind: float(np.median([run(front, seed, seconds) for seed in range(seeds)]))
        for kind, run in _KINDS.items()
    }
    return [
        Metric("oscillation", max(medians.values()), "switches/min", at_most=2.0),
        *(Metric(f"oscillation_{kind}", each, "switches/min") for kind, each in medians.items()),
    ]


def _noise(front: Front, seed: int, seconds: float) -> float:
    machine = Machine(np.random.default_rng(seed), noise=0.1)
    return _switches(front, machine, seconds, 1.0, _constant(busy=False))


def _drift(front: Front, seed: int, seconds: float) -> float:
    """A load that wanders by a tenth and forgets it in ten seconds (Ornstein-Uhlenbeck)."""
    rng = np.random.default_rng(seed)
    kept = math.exp(-0.01)
    pushes = rng.normal(0.0, 0.1 * math.sqrt(1 - kept**2), int(seconds * 20))
    levels = [0.0]
    for push in pushes:
        levels.append(levels[-1] * kept + push)
    machine = Machine(rng, drift=lambda now: math.exp(levels[int(now * 10)]))
    return _switches(front, machine, seconds, 1.0, _constant(busy=False))


def _shared(front: Front, seed: int, seconds: float) -> float:
    machine = Machine(np.random.default_rng(seed))
    return _switches(front, machine, seconds, 2.1, _constant(busy=True))


def _bursts(front: Front, seed: int, seconds: float) -> float:
    """Another process that comes and goes, for half a second or so."""
    rng = np.random.default_rng(seed)
    return _switches(front, Machine(rng), seconds, 2.1, _coming_and_going(rng))


_KINDS: dict[str, Callable[[Front, int, float], float]] = {
    "noise": _noise,
    "drift": _drift,
    "shared": _shared,
    "bursts": _bursts,
}


def _constant(*, busy: bool) -> Iterator[bool]:
    while True:
        yield busy


def _coming_and_going(rng: np.random.Generator) -> Iterator[bool]:
    busy = False
    while True:
        yield from [busy] * int(rng.geometric(1 / _BURST_FRAMES))
        busy = not busy


def _switches(
    front: Front, machine: Machine, seconds: float, level: float, busy: Iterator[bool]
) -> float:
    """Switches a minute under a bound of the middle latency at a level of load."""
    latencies = front.latencies / UNITS_PER_ONE
    bound = Budget(float(latencies.min() + latencies.max()) / 2 * level)
    frames = int(seconds * 1e3 / (bound.latency_ms or 1.0))
    trace = [Frame(bound, each, counted=True) for each, _ in zip(busy, range(frames), strict=False)]
    run = simulate(front, Adaptive(front, AdaptationSettings()), trace, machine)
    return run.switches / (run.seconds / 60)

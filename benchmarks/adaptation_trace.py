"""Budgets that change while frames are run, and a core that is shared now and then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kenning_lego.selection.problem import Budget

STEP = 0.2
"""By which share of itself a budget changes at most."""


@dataclass(frozen=True, slots=True)
class Range:
    """What a budget is drawn from.

    Args:
        least: the least that something can keep.
        most: what keeps everything.
    """

    least: float
    most: float

    def walk(self, rng: np.random.Generator, steps: int) -> Iterator[float]:
        """Values, each uniform over what is in the range and at most a step from the last one."""
        value = rng.uniform(self.least, self.most)
        for _ in range(steps):
            yield value
            low, high = value * (1 - STEP), value * (1 + STEP)
            value = rng.uniform(max(self.least, low), min(self.most, high))


@dataclass(frozen=True, slots=True)
class Frame:
    """Under which conditions a frame is run.

    Args:
        budget: that it should keep.
        busy: whether another process wants the core.
        counted: whether it is looked at: not right after a change.
    """

    budget: Budget
    busy: bool
    counted: bool


@dataclass(frozen=True, slots=True)
class TraceShape:
    """How long a trace is.

    Args:
        changes: of the budgets; the first half while the core is free.
        frames: between two changes.
        turns: changes after which the load comes or goes, in the second half; it does so in the
            middle between two changes.
        grace: frames after each change that are not counted.
    """

    changes: int = 100
    frames: int = 40
    turns: int = 5
    grace: int = 10


def make_trace(
    shape: TraceShape, memory: Range, free_ms: Range, shared_ms: Range, seed: int
) -> list[Frame]:
    """A trace that the smallest configuration can keep throughout.

    While the core is free, the budgets on latency are those that can be kept there. Later on, the
    load comes and goes without notice; so the budgets are such as can be kept under load.
    """
    rng = np.random.default_rng(seed)
    half = shape.changes // 2
    memories = [int(each) for each in memory.walk(rng, shape.changes)]
    latencies = [
        *free_ms.walk(rng, half),
        *shared_ms.walk(rng, shape.changes - half),
    ]
    trace: list[Frame] = []
    busy, since = False, 0
    for step, (latency, size) in enumerate(zip(latencies, memories, strict=True)):
        since = 0
        for frame in range(shape.frames):
            late = step - half
            if late >= 0 and late % shape.turns == 0 and frame == shape.frames // 2:
                busy, since = not busy, 0
            trace.append(Frame(Budget(latency, size), busy, since >= shape.grace))
            since += 1
    return trace

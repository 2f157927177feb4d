"""A pipeline on a simulated machine: frames, other work on the core, bounds that change.

Other work shares the core in slices, as Linux does it: a frame that needs the processor for 10 ms
is interrupted by a slice of the others' whenever its own is used up. So frames take twice as long
beside one busy process, give or take a slice, and what one frame has waited the next one need not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.adaptation_policies import Policy
from benchmarks.adaptation_trace import Frame
from kenning_lego.selection.front import Front
from kenning_lego.selection.units import UNITS_PER_ONE

_SLICE_MS = 4.0
_LOADING_S = 0.012
"""For an artifact of a block of ResNet-56, 1.5 ms of work at an eighth of a core."""


@dataclass(slots=True)
class Machine:
    """Service times of frames.

    Args:
        rng: of the noise.
        noise: standard deviation of the logarithm of a frame's own time.
        outliers: share of frames that take 2 to 6 times as long.
        drift: factor on a frame's own time, by time in s.
    """

    rng: np.random.Generator
    noise: float = 0.01
    outliers: float = 0.002
    drift: Callable[[float], float] = lambda _: 1.0
    _left_ms: float = field(default=_SLICE_MS, init=False)

    def serve(self, idle_ms: float, now: float, *, busy: bool) -> float:
        """How long a frame takes, in ms.

        Args:
            idle_ms: that it takes on an idle core.
            now: in s.
            busy: whether another process wants the core.
        """
        own = idle_ms * math.exp(self.rng.normal(0.0, self.noise)) * self.drift(now)
        if self.rng.random() < self.outliers:
            own *= self.rng.uniform(2.0, 6.0)
        return own + self._wait(own) if busy else own

    def _wait(self, own: float) -> float:
        """For the other's slices, while it uses up its own."""
        waited = 0.0
        while own > self._left_ms:
            own -= self._left_ms
            waited += self._slice()
            self._left_ms = self._slice()
        self._left_ms -= own
        return waited

    def _slice(self) -> float:
        return _SLICE_MS * float(self.rng.uniform(0.9, 1.1))


@dataclass(frozen=True, slots=True)
class Simulated:
    """What became of the frames.

    Args:
        durations_ms: of each frame.
        points: that ran each.
        switches: how often another point was asked for.
        seconds: that all of it took.
    """

    durations_ms: NDArray[np.float64]
    points: NDArray[np.int64]
    switches: int
    seconds: float


def simulate(front: Front, policy: Policy, trace: Sequence[Frame], machine: Machine) -> Simulated:
    """Run a trace; what a switch loads is loaded beside the frames, as fast as it is here."""
    latencies = front.latencies / UNITS_PER_ONE
    now, switches = 0.0, 0
    running = policy.start(trace[0], now)
    pending: tuple[float, int] | None = None
    durations, points = [], []
    for frame in trace:
        wanted = policy.next(frame, now)
        if wanted is not None:
            switches += 1
            changed = int((front.options[wanted] != front.options[running]).sum())
            pending = (now + changed * _LOADING_S, wanted)
        if pending is not None and pending[0] <= now:
            running, pending = pending[1], None
            policy.switched(running, now)
        duration = machine.serve(float(latencies[running]), now, busy=frame.busy)
        durations.append(duration)
        points.append(running)
        now += duration / 1e3
        policy.ran(duration, running, now)
    return Simulated(np.array(durations), np.array(points), switches, now)

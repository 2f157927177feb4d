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

from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.decisions import Decision
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Budget

_SLICE_MS = 4.0
_NAME = "pipeline"


@dataclass
class Machine:
    """Service times of frames.

    Args:
        rng: of the noise.
        noise: standard deviation of the logarithm of a frame's own time.
        outliers: share of frames that take 2 to 6 times as long.
        busy: other processes that want the core, by time in s.
        drift: factor on a frame's own time, by time in s.
    """

    rng: np.random.Generator
    noise: float = 0.01
    outliers: float = 0.003
    busy: Callable[[float], int] = lambda _: 0
    drift: Callable[[float], float] = lambda _: 1.0
    _left_ms: float = field(default=_SLICE_MS, init=False)

    def serve(self, idle_ms: float, now: float) -> float:
        """How long a frame takes that needs `idle_ms` of an idle core."""
        own = idle_ms * math.exp(self.rng.normal(0.0, self.noise)) * self.drift(now)
        if self.rng.random() < self.outliers:
            own *= self.rng.uniform(2.0, 6.0)
        others = self.busy(now)
        if not others:
            return own
        waited = 0.0
        todo = own
        while todo > self._left_ms:
            todo -= self._left_ms
            waited += others * _SLICE_MS * self.rng.uniform(0.9, 1.1)
            self._left_ms = _SLICE_MS * self.rng.uniform(0.9, 1.1)
        self._left_ms -= todo
        return own + waited


@dataclass(frozen=True)
class Log:
    """What became of the frames.

    Args:
        times: when each began, in s.
        durations: of each, in ms.
        points: that ran each.
        decisions: by when they were made.
    """

    times: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    decisions: list[tuple[float, Decision]] = field(default_factory=list)

    @property
    def switches(self) -> int:
        """Decisions that changed something."""
        return sum(each.reason != "bounds" for _, each in self.decisions)


def run(
    front: Front,
    machine: Machine,
    bounds: Callable[[float], Budget],
    settings: AdaptationSettings,
    seconds: float,
    *,
    start: int | None = None,
    loading_ms_per_mb: float = 8.0,
) -> Log:
    """Run a pipeline under the controller; every frame is told as it ends."""
    latencies = front.latencies / 1e9
    now, budget = 0.0, bounds(0.0)
    running = start if start is not None else front.best(budget) or 0
    controller = Controller({_NAME: AdaptiveMember(front, budget, running)}, settings, now)
    log = Log()
    pending: tuple[float, int] | None = None
    while now < seconds:
        wanted = bounds(now)
        if wanted != budget:
            budget = wanted
            controller.set_bounds(_NAME, budget, now)
        for decision in controller.decide(now):
            log.decisions.append((now, decision))
            if decision.reason != "bounds":
                loading = decision.moved_bytes / 1e6 * loading_ms_per_mb
                pending = (now + loading / 1e3, decision.point)
        if pending is not None and pending[0] <= now:
            running = pending[1]
            controller.switched(_NAME, running, now)
            pending = None
        duration = machine.serve(float(latencies[running]), now)
        log.times.append(now)
        log.durations.append(duration)
        log.points.append(running)
        now += duration / 1e3
        controller.observe(_NAME, [duration], now)
    return log


def within(
    log: Log, bounds: Callable[[float], Budget], changes: Sequence[float], grace: int
) -> float:
    """Share of frames within the bound on latency, but for some after each change."""
    times = np.asarray(log.times)
    counted = np.ones(len(times), bool)
    for change in changes:
        first = int(np.searchsorted(times, change))
        counted[first : first + grace] = False
    kept = np.array(
        [
            duration <= (bounds(time).latency_ms or math.inf)
            for time, duration in zip(log.times, log.durations, strict=True)
        ]
    )
    return float(kept[counted].mean())

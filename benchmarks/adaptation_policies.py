"""Who decides which configuration runs: the controller, nobody, or someone who knows the trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.adaptation_trace import Frame
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Budget
from kenning_lego.selection.units import UNITS_PER_ONE

_NAME = "network"


class Policy:
    """Decides on points of a front, frame by frame; this one is content with the first.

    Args:
        point: to begin with.
    """

    def __init__(self, point: int = 0) -> None:
        self._point = point

    def start(self, frame: Frame, now: float) -> int:
        """The point to begin with."""
        del frame, now
        return self._point

    def next(self, frame: Frame, now: float) -> int | None:
        """Another point to change to before this frame is run, if any."""
        del frame, now
        return None

    def switched(self, point: int, now: float) -> None:
        """It has taken over."""

    def ran(self, duration_ms: float, point: int, now: float) -> None:
        """A frame took so long."""


class Adaptive(Policy):
    """The controller; the first budget is known to it, no other thing of the trace."""

    def __init__(self, front: Front, settings: AdaptationSettings) -> None:
        super().__init__()
        self._front = front
        self._budget = Budget()
        self._controller = Controller({}, settings, 0.0)

    def start(self, frame: Frame, now: float) -> int:
        """The best within the first budget."""
        self._budget = frame.budget
        self._controller.add(_NAME, AdaptiveMember(self._front, frame.budget))
        (decision,) = self._controller.decide(now)
        self._controller.switched(_NAME, decision.point, now)
        return decision.point

    def next(self, frame: Frame, now: float) -> int | None:
        """What the controller decides."""
        if frame.budget != self._budget:
            self._budget = frame.budget
            self._controller.set_bounds(_NAME, frame.budget, now)
        decisions = [each for each in self._controller.decide(now) if each.reason != "bounds"]
        return decisions[0].point if decisions else None

    def switched(self, point: int, now: float) -> None:
        """Tell the controller."""
        self._controller.switched(_NAME, point, now)

    def ran(self, duration_ms: float, point: int, now: float) -> None:
        """Tell the controller."""
        self._controller.observe(_NAME, [duration_ms], now, point)


@dataclass(frozen=True, slots=True)
class Experience:
    """What frames were seen to take under a load.

    Args:
        predicted_ms: of some configurations, ascending.
        quantile_ms: time that all but the late share of their frames kept.
    """

    predicted_ms: NDArray[np.float64]
    quantile_ms: NDArray[np.float64]

    @classmethod
    def of(cls, durations_ms: Mapping[float, NDArray[np.float64]], late: float) -> Experience:
        """From frames' times by the predicted latency; a slower network never takes less."""
        predicted = sorted(durations_ms)
        quantiles = [float(np.quantile(durations_ms[each], 1.0 - late)) for each in predicted]
        return cls(np.array(predicted), np.maximum.accumulate(quantiles))

    def of_points(self, front: Front) -> NDArray[np.float64]:
        """The same for all points of a front, in between what was seen."""
        return np.interp(front.latencies / UNITS_PER_ONE, self.predicted_ms, self.quantile_ms)


class Clairvoyant(Policy):
    """Knows the budget and the load of every frame, how frames do, and switches for nothing.

    Args:
        front: what it chooses from.
        free: how frames do on a free core.
        shared: how they do on a shared one.
    """

    def __init__(self, front: Front, free: Experience, shared: Experience) -> None:
        super().__init__()
        self._front = front
        self._takes_ms = {False: free.of_points(front), True: shared.of_points(front)}

    def start(self, frame: Frame, now: float) -> int:
        """The best that keeps the budget under the load of this frame."""
        del now
        self._point = self._choose(frame)
        return self._point

    def next(self, frame: Frame, now: float) -> int | None:
        """The same again, if it is another."""
        before = self._point
        return None if self.start(frame, now) == before else self._point

    def _choose(self, frame: Frame) -> int:
        budget, takes = frame.budget, self._takes_ms[frame.busy]
        fits = np.ones(len(takes), bool)
        if budget.latency_ms is not None:
            fits &= takes <= budget.latency_ms
        if budget.memory_bytes is not None:
            fits &= self._front.memories <= budget.memory_bytes
        return int(np.argmax(fits)) if fits.any() else int(self._front.latencies.argmin())

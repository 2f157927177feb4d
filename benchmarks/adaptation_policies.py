"""Who decides which configuration runs: the controller, nobody, or someone who knows the trace."""

from __future__ import annotations

from benchmarks.adaptation_trace import Frame
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.load import Load
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Budget

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


class Clairvoyant(Policy):
    """Knows the budget and the load of every frame, and switches for nothing.

    Args:
        front: what it chooses from.
        free: how frames do on a free core.
        shared: how they do on a shared one.
    """

    def __init__(self, front: Front, free: Load, shared: Load) -> None:
        super().__init__()
        self._front, self._loads = front, {False: free, True: shared}

    def start(self, frame: Frame, now: float) -> int:
        """The best within the budget under the load of this frame."""
        del now
        self._point = self._choose(frame)
        return self._point

    def next(self, frame: Frame, now: float) -> int | None:
        """The same again, if it is another."""
        before = self._point
        return None if self.start(frame, now) == before else self._point

    def _choose(self, frame: Frame) -> int:
        bound = frame.budget.latency_ms
        latency = None if bound is None else self._loads[frame.busy].affordable_ms(bound)
        best = self._front.best(Budget(latency, frame.budget.memory_bytes))
        return int(self._front.latencies.argmin()) if best is None else best
